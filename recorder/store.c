/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store_segment.h"

int store_errno(const struct store *store)
{
	switch (sqlite3_errcode(store->db) & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_ERROR: /* no such table */
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

/* Run a bound statement that returns no row, and make it ready for its next use. */
int store_run(struct store *store, sqlite3_stmt *statement)
{
	int r = sqlite3_step(statement) == SQLITE_DONE ? 0 : store_errno(store);

	sqlite3_reset(statement);
	return r;
}

static void bind_id(sqlite3_stmt *statement, int index, int64_t id)
{
	if (id)
		sqlite3_bind_int64(statement, index, id);
	else
		sqlite3_bind_null(statement, index);
}

static void bind_unless(sqlite3_stmt *statement, int index, uint32_t value, uint32_t none)
{
	if (value == none)
		sqlite3_bind_null(statement, index);
	else
		sqlite3_bind_int64(statement, index, value);
}

static int store_text(struct store *store, const char *bytes, size_t size, int64_t *ret)
{
	sqlite3_stmt *insert = store->statements.insert_text;
	int r;

	*ret = 0;
	if (!size)
		return 0;
	*ret = intern_find(store->texts, bytes, size);
	if (*ret)
		return 0;
	sqlite3_bind_blob64(insert, 1, bytes, size, SQLITE_STATIC);
	r = store_run(store, insert);
	if (r)
		return r;
	*ret = sqlite3_last_insert_rowid(store->db);
	intern_put(store->texts, bytes, size, *ret);
	return 0;
}

/* The id of an address that is in the segment, though we do not remember it; 0 if it is not. */
static int64_t store_known_address(struct store *store, const struct address *address)
{
	sqlite3_stmt *select = store->statements.select_address;
	int64_t id = 0;

	sqlite3_bind_blob(select, 1, address->bytes, address->size, SQLITE_STATIC);
	if (sqlite3_step(select) == SQLITE_ROW)
		id = sqlite3_column_int64(select, 0);
	sqlite3_reset(select);
	return id;
}

static int store_address(struct store *store, const struct address *address, int64_t *ret)
{
	sqlite3_stmt *insert = store->statements.insert_address;
	char name[ADDRESS_TEXT_SIZE];
	int r;

	*ret = 0;
	if (!address->size)
		return 0;
	*ret = intern_find(store->addresses, address->bytes, address->size);
	if (*ret)
		return 0;
	*ret = store_known_address(store, address);
	if (!*ret) {
		sqlite3_bind_blob(insert, 1, address->bytes, address->size, SQLITE_STATIC);
		sqlite3_bind_text(insert, 2, address_format(address, name), -1, SQLITE_STATIC);
		r = store_run(store, insert);
		if (r)
			return r;
		*ret = sqlite3_last_insert_rowid(store->db);
	}
	intern_put(store->addresses, address->bytes, address->size, *ret);
	return 0;
}

static int store_user(struct store *store, uint32_t uid, const char *name)
{
	sqlite3_stmt *replace = store->statements.replace_user;
	int r;

	if (!name || intern_find(store->users, &uid, sizeof(uid)))
		return 0;
	sqlite3_bind_int64(replace, 1, uid);
	sqlite3_bind_text(replace, 2, name, -1, SQLITE_STATIC);
	r = store_run(store, replace);
	if (!r)
		intern_put(store->users, &uid, sizeof(uid), 1);
	return r;
}

static int store_process_users(struct store *store, const struct process *process)
{
	int r = store_user(store, process->uid, process->username);

	return r ? r : store_user(store, process->loginuid, process->loginname);
}

/* Add a container to the segment, or to what the segment says of it. */
static int store_container_row(struct store *store, const struct container *container, int64_t *ret)
{
	sqlite3_stmt *upsert = store->statements.upsert_container;
	sqlite3_stmt *select = store->statements.select_container;
	int r;

	/* A text that is NULL is bound as NULL. */
	sqlite3_bind_text(upsert, 1, container->runtime_id, -1, SQLITE_STATIC);
	sqlite3_bind_text(upsert, 2, container->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(upsert, 3, container->image, -1, SQLITE_STATIC);
	sqlite3_bind_text(upsert, 4, container->labels, -1, SQLITE_STATIC);
	r = store_run(store, upsert);
	if (r)
		return r;
	sqlite3_bind_text(select, 1, container->runtime_id, -1, SQLITE_STATIC);
	if (sqlite3_step(select) == SQLITE_ROW)
		*ret = sqlite3_column_int64(select, 0);
	else
		r = store_errno(store);
	sqlite3_reset(select);
	return r;
}

int store_container(struct store *store, const struct container *container)
{
	int64_t id = 0;

	return store_container_row(store, container, &id);
}

/* The id of the container that a process is in; 0: in none. */
static int store_process_container(struct store *store, const struct container *container,
				   int64_t *ret)
{
	size_t size = container ? strlen(container->runtime_id) : 0;
	int r;

	*ret = 0;
	if (!container)
		return 0;
	*ret = intern_find(store->containers, container->runtime_id, size);
	if (*ret)
		return 0;
	r = store_container_row(store, container, ret);
	if (!r)
		intern_put(store->containers, container->runtime_id, size, *ret);
	return r;
}

int store_process(struct store *store, const struct process *process)
{
	sqlite3_stmt *insert = store->statements.insert_process;
	int64_t exe, argv, cwd, container;
	int r;

	if ((r = store_process_users(store, process)) ||
	    (r = store_process_container(store, process->container, &container)) ||
	    (r = store_text(store, process->exe, strlen(process->exe), &exe)) ||
	    (r = store_text(store, process->argv, process->argv_size, &argv)) ||
	    (r = store_text(store, process->cwd, strlen(process->cwd), &cwd)))
		return r;
	sqlite3_bind_int64(insert, 1, process->id);
	bind_id(insert, 2, process->parent_id);
	bind_id(insert, 3, process->replaced_id);
	sqlite3_bind_int64(insert, 4, process->pid);
	sqlite3_bind_int64(insert, 5, process->start_ns);
	sqlite3_bind_int64(insert, 6, process->start_boot_ns);
	bind_id(insert, 7, process->exit_ns);
	bind_unless(insert, 8, process->exit_status, process->exit_ns ? NO_ID : 0);
	sqlite3_bind_int64(insert, 9, process->uid);
	sqlite3_bind_int64(insert, 10, process->gid);
	bind_unless(insert, 11, process->loginuid, NO_ID);
	bind_unless(insert, 12, process->session, NO_ID);
	sqlite3_bind_text(insert, 13, process->comm, -1, SQLITE_STATIC);
	bind_id(insert, 14, exe);
	bind_id(insert, 15, argv);
	bind_id(insert, 16, cwd);
	sqlite3_bind_int64(insert, 17, (int64_t)process->cgroup_id);
	sqlite3_bind_int64(insert, 18, process->mnt_ns);
	sqlite3_bind_int64(insert, 19, process->net_ns);
	sqlite3_bind_int64(insert, 20, process->flags);
	bind_id(insert, 21, container);
	return store_run(store, insert);
}

int store_process_exit(struct store *store, int64_t id, int64_t exit_ns, uint32_t status)
{
	sqlite3_stmt *update = store->statements.update_process_exit;

	sqlite3_bind_int64(update, 1, id);
	sqlite3_bind_int64(update, 2, exit_ns);
	sqlite3_bind_int64(update, 3, status);
	return store_run(store, update);
}

int store_event(struct store *store, const struct event *event)
{
	sqlite3_stmt *insert = store->statements.insert_event;
	int64_t saddr, daddr;
	int r;

	if ((r = store_address(store, &event->saddr, &saddr)) ||
	    (r = store_address(store, &event->daddr, &daddr)))
		return r;
	sqlite3_bind_int64(insert, 1, event->id);
	sqlite3_bind_int64(insert, 2, event->probe);
	sqlite3_bind_int64(insert, 3, event->process_id);
	sqlite3_bind_int64(insert, 4, (int64_t)event->cookie);
	sqlite3_bind_int64(insert, 5, event->protocol);
	bind_id(insert, 6, saddr);
	sqlite3_bind_int64(insert, 7, event->sport);
	bind_id(insert, 8, daddr);
	sqlite3_bind_int64(insert, 9, event->dport);
	bind_id(insert, 10, event->session_id);
	sqlite3_bind_text(insert, 11, event->attributes, -1, SQLITE_STATIC);
	return store_run(store, insert);
}

int store_outcome(struct store *store, const struct event *event)
{
	sqlite3_stmt *insert = store->statements.insert_outcome;
	int64_t saddr;
	int r = store_address(store, &event->saddr, &saddr);

	if (r)
		return r;
	sqlite3_bind_int64(insert, 1, event->id);
	sqlite3_bind_int64(insert, 2, event->outcome_ns);
	sqlite3_bind_int64(insert, 3, event->outcome);
	sqlite3_bind_int64(insert, 4, event->outcome_error);
	bind_id(insert, 5, saddr);
	sqlite3_bind_int64(insert, 6, event->sport);
	return store_run(store, insert);
}

int store_end(struct store *store, const struct event *event)
{
	sqlite3_stmt *insert = store->statements.insert_end;

	sqlite3_bind_int64(insert, 1, event->id);
	sqlite3_bind_int64(insert, 2, event->end_ns);
	sqlite3_bind_int64(insert, 3, event->end_reason);
	sqlite3_bind_int64(insert, 4, event->end_error);
	sqlite3_bind_int64(insert, 5, (int64_t)event->bytes_sent);
	sqlite3_bind_int64(insert, 6, (int64_t)event->bytes_received);
	sqlite3_bind_int64(insert, 7, (int64_t)event->messages);
	return store_run(store, insert);
}

int store_gap(struct store *store, const struct gap *gap)
{
	sqlite3_stmt *insert = store->statements.insert_gap;

	sqlite3_bind_int64(insert, 1, gap->from_ns);
	sqlite3_bind_int64(insert, 2, gap->to_ns);
	sqlite3_bind_int64(insert, 3, gap->reason);
	sqlite3_bind_text(insert, 4, gap->kind, -1, SQLITE_STATIC);
	sqlite3_bind_int64(insert, 5, (int64_t)gap->count);
	return store_run(store, insert);
}

int store_probe(struct store *store, uint32_t id, const char *name)
{
	sqlite3_stmt *replace = store->statements.replace_probe;

	sqlite3_bind_int64(replace, 1, id);
	sqlite3_bind_text(replace, 2, name, -1, SQLITE_STATIC);
	return store_run(store, replace);
}

int store_probe_id(struct store *store, const char *name, uint32_t least_id, uint32_t *ret_id)
{
	sqlite3_stmt *select = store->statements.select_probe_id;
	int r = 0;

	sqlite3_bind_text(select, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(select, 2, least_id);
	if (sqlite3_step(select) == SQLITE_ROW)
		*ret_id = (uint32_t)sqlite3_column_int64(select, 0);
	else
		r = store_errno(store);
	sqlite3_reset(select);
	return r;
}

int store_meta_int(struct store *store, const char *key, int64_t value)
{
	sqlite3_stmt *replace = store->statements.replace_meta;

	sqlite3_bind_text(replace, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(replace, 2, value);
	return store_run(store, replace);
}

int store_meta_text(struct store *store, const char *key, const char *value)
{
	sqlite3_stmt *replace = store->statements.replace_meta;

	sqlite3_bind_text(replace, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(replace, 2, value, -1, SQLITE_STATIC);
	return store_run(store, replace);
}

int64_t store_get_meta(struct store *store, const char *key, char *text, size_t size)
{
	sqlite3_stmt *select = store->statements.select_meta;
	int64_t value = 0;

	sqlite3_bind_text(select, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(select) == SQLITE_ROW) {
		value = sqlite3_column_int64(select, 0);
		if (text)
			snprintf(text, size, "%s", (const char *)sqlite3_column_text(select, 0));
	}
	sqlite3_reset(select);
	return value;
}

#define DROPS_KEY_SIZE 96

static const char *drops_key(uint32_t ring_id, const char *kind, char key[DROPS_KEY_SIZE])
{
	snprintf(key, DROPS_KEY_SIZE, "drops %u %s", ring_id, kind);
	return key;
}

int store_set_drops(struct store *store, uint32_t ring_id, const char *kind, uint64_t count)
{
	char key[DROPS_KEY_SIZE];

	return store_meta_int(store, drops_key(ring_id, kind, key), (int64_t)count);
}

uint64_t store_get_drops(struct store *store, uint32_t ring_id, const char *kind)
{
	char key[DROPS_KEY_SIZE];

	return (uint64_t)store_get_meta(store, drops_key(ring_id, kind, key), NULL, 0);
}

int store_begin(struct store *store)
{
	if (!sqlite3_get_autocommit(store->db)) /* one is open */
		return 0;
	return store_run(store, store->statements.begin);
}

int store_commit(struct store *store, uint32_t ring_id, uint64_t ring_position, int64_t now_ns)
{
	int r;

	if ((r = store_meta_int(store, "ring_id", ring_id)) ||
	    (r = store_meta_int(store, "ring_position", (int64_t)ring_position)) ||
	    (r = store_meta_int(store, "last_ns", now_ns)))
		return r;
	return store_run(store, store->statements.commit);
}

const char *store_path(const struct store *store)
{
	return store->path;
}

const char *store_error(const struct store *store)
{
	return sqlite3_errmsg(store->db);
}

const struct store_position *store_position(const struct store *store)
{
	return &store->position;
}
