/* SPDX-License-Identifier: Apache-2.0 */
/* What an earlier recorder left in the segment. */
#include <string.h>

#include "store_segment.h"

static const char *column_text(sqlite3_stmt *select, int column)
{
	const char *text = (const char *)sqlite3_column_text(select, column);

	return text ? text : "";
}

static uint32_t column_id(sqlite3_stmt *select, int column)
{
	if (sqlite3_column_type(select, column) == SQLITE_NULL)
		return NO_ID;
	return (uint32_t)sqlite3_column_int64(select, column);
}

/* NULL: the process was not in a container. */
static const struct container *column_container(sqlite3_stmt *select, struct container *container)
{
	*container = (struct container){
		.runtime_id = (const char *)sqlite3_column_text(select, 20),
		.name = (const char *)sqlite3_column_text(select, 21),
		.image = (const char *)sqlite3_column_text(select, 22),
		.labels = (const char *)sqlite3_column_text(select, 23),
	};
	return container->runtime_id ? container : NULL;
}

static void column_process(sqlite3_stmt *select, struct process *process)
{
	const char *argv = sqlite3_column_blob(select, 14);

	*process = (struct process){
		.id = sqlite3_column_int64(select, 0),
		.parent_id = sqlite3_column_int64(select, 1),
		.replaced_id = sqlite3_column_int64(select, 2),
		.pid = (uint32_t)sqlite3_column_int64(select, 3),
		.start_ns = sqlite3_column_int64(select, 4),
		.start_boot_ns = sqlite3_column_int64(select, 5),
		.exit_ns = sqlite3_column_int64(select, 6),
		.exit_status = (uint32_t)sqlite3_column_int64(select, 7),
		.uid = (uint32_t)sqlite3_column_int64(select, 8),
		.gid = (uint32_t)sqlite3_column_int64(select, 9),
		.loginuid = column_id(select, 10),
		.session = column_id(select, 11),
		.comm = column_text(select, 12),
		.exe = column_text(select, 13),
		.argv = argv ? argv : "",
		.argv_size = (size_t)sqlite3_column_bytes(select, 14),
		.cwd = column_text(select, 15),
		.cgroup_id = (uint64_t)sqlite3_column_int64(select, 16),
		.mnt_ns = (uint32_t)sqlite3_column_int64(select, 17),
		.net_ns = (uint32_t)sqlite3_column_int64(select, 18),
		.flags = (uint32_t)sqlite3_column_int64(select, 19),
	};
}

static struct address column_address(sqlite3_stmt *select, int column)
{
	struct address address = {0};
	const void *bytes = sqlite3_column_blob(select, column);
	int size = sqlite3_column_bytes(select, column);

	if (size == 4 || size == 16) {
		address.size = (uint8_t)size;
		memcpy(address.bytes, bytes, (size_t)size);
	}
	return address;
}

static void column_event(sqlite3_stmt *select, struct event *event)
{
	*event = (struct event){
		.id = sqlite3_column_int64(select, 0),
		.probe = (uint32_t)sqlite3_column_int64(select, 1),
		.process_id = sqlite3_column_int64(select, 2),
		.cookie = (uint64_t)sqlite3_column_int64(select, 3),
		.protocol = (uint8_t)sqlite3_column_int64(select, 4),
		.saddr = column_address(select, 5),
		.sport = (uint16_t)sqlite3_column_int64(select, 6),
		.daddr = column_address(select, 7),
		.dport = (uint16_t)sqlite3_column_int64(select, 8),
		.session_id = sqlite3_column_int64(select, 9),
		.attributes = (const char *)sqlite3_column_text(select, 10),
	};
}

int store_restore(struct store *store, int (*process)(void *context, const struct process *process),
		  int (*event)(void *context, const struct event *event), void *context)
{
	sqlite3_stmt *living = store->statements.select_living;
	sqlite3_stmt *open = store->statements.select_open;
	struct process each_process;
	struct container container;
	struct event each_event;
	int r = 0;

	while (!r && sqlite3_step(living) == SQLITE_ROW) {
		column_process(living, &each_process);
		each_process.container = column_container(living, &container);
		r = process(context, &each_process);
	}
	if (!r)
		r = store_errno(store);
	sqlite3_reset(living);

	while (!r && sqlite3_step(open) == SQLITE_ROW) {
		column_event(open, &each_event);
		r = event(context, &each_event);
	}
	if (!r)
		r = store_errno(store);
	sqlite3_reset(open);
	return r;
}
