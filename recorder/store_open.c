/* SPDX-License-Identifier: Apache-2.0 */
/* Finding, making, locking and opening the segment. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "segment.h"
#include "store_segment.h"

/* Strings and addresses remembered; a busy host has a few thousand of each. */
#define TEXTS_KEPT (16 * 1024)
#define ADDRESSES_KEPT (64 * 1024)
#define USERS_KEPT (16 * 1024)
#define CONTAINERS_KEPT (16 * 1024)

static int store_exec(struct store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) ? store_errno(store) : 0;
}

static int store_prepare(struct store *store)
{
#define X(name, sql)                                                                               \
	if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,                      \
			       &store->statements.name, NULL))                                     \
		return store_errno(store);
	STATEMENTS(X)
#undef X
	return 0;
}

static void store_finalize(struct store *store)
{
#define X(name, sql) sqlite3_finalize(store->statements.name);
	STATEMENTS(X)
#undef X
}

static void store_close(struct store *store)
{
	store_finalize(store);
	memset(&store->statements, 0, sizeof(store->statements));
	sqlite3_close(store->db);
	store->db = NULL;
}

static void store_read_position(struct store *store)
{
	struct store_position *position = &store->position;
	sqlite3_stmt *last_id = store->statements.select_last_id;

	store_get_meta(store, "boot_id", position->boot_id, sizeof(position->boot_id));
	position->ring_id = (uint32_t)store_get_meta(store, "ring_id", NULL, 0);
	position->ring_position = (uint64_t)store_get_meta(store, "ring_position", NULL, 0);
	position->last_ns = store_get_meta(store, "last_ns", NULL, 0);
	if (sqlite3_step(last_id) == SQLITE_ROW)
		position->last_id = sqlite3_column_int64(last_id, 0);
	sqlite3_reset(last_id);
}

/* A segment that has just been made gets its tables, views and facts in one transaction. */
static int store_create(struct store *store, const struct store_host *host, int64_t now_ns)
{
	int r;

	if ((r = store_exec(store, "BEGIN IMMEDIATE")) || (r = store_exec(store, SQL_SEGMENT)) ||
	    (r = store_exec(store, SQL_VIEWS)) || (r = store_prepare(store)) ||
	    (r = store_meta_int(store, "schema_version", SEGMENT_SCHEMA_VERSION)) ||
	    (r = store_meta_int(store, "sealed", 0)) ||
	    (r = store_meta_int(store, "first_ns", now_ns)) ||
	    (r = store_meta_text(store, "host_name", host->name)) ||
	    (r = store_meta_text(store, "machine_id", host->machine_id)) ||
	    (r = store_meta_text(store, "boot_id", host->boot_id)) ||
	    (r = store_meta_text(store, "kernel", host->kernel)) ||
	    (r = store_meta_text(store, "recorder_version", PIDTREE_VERSION)))
		return r;
	snprintf(store->position.boot_id, sizeof(store->position.boot_id), "%s", host->boot_id);
	return store_exec(store, "COMMIT");
}

/* Nothing but a database has tables; a file that is empty is one that was about to be made. */
static int store_is_new(struct store *store, bool *ret)
{
	sqlite3_stmt *select = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(store->db, "SELECT count(*) FROM sqlite_schema", -1, &select,
			       NULL) ||
	    sqlite3_step(select) != SQLITE_ROW)
		r = store_errno(store);
	else
		*ret = sqlite3_column_int64(select, 0) == 0;
	sqlite3_finalize(select);
	return r;
}

static int store_open_segment(struct store *store, const struct store_host *host, int64_t now_ns)
{
	bool is_new = false;
	int r;

	if (sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
			    NULL))
		return store_errno(store);
	sqlite3_busy_timeout(store->db, 5000);
	if ((r = store_is_new(store, &is_new)) ||
	    (r = store_exec(store, "PRAGMA journal_mode = WAL")) ||
	    (r = store_exec(store, "PRAGMA synchronous = NORMAL")) ||
	    (r = store_exec(store, "PRAGMA wal_autocheckpoint = 0"))) /* the keeper's work */
		return r;
	r = is_new ? store_create(store, host, now_ns) : store_prepare(store);
	if (!r && !is_new)
		store_read_position(store);
	return r;
}

/* r, and a message for people. */
static __attribute__((format(printf, 3, 4))) int store_fail(char **ret_message, int r,
							    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(ret_message, format, arguments) < 0)
		*ret_message = NULL;
	va_end(arguments);
	return r;
}

static int store_fail_segment(struct store *store, int r, char **ret_message)
{
	if (r == -EBADMSG)
		return store_fail(ret_message, r, "%s is not a segment (%s); move it away",
				  store->path, sqlite3_errmsg(store->db));
	return store_fail(ret_message, r, "cannot open %s: %s; check the directory's permissions",
			  store->path, sqlite3_errmsg(store->db));
}

/* Only one recorder may write to a directory. */
static int store_lock(struct store *store, const char *directory, char **ret_message)
{
	char path[PATH_MAX];
	char owner[32] = "";
	ssize_t length;

	snprintf(path, sizeof(path), "%s/recorder.lock", directory);
	store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (store->lock_fd < 0)
		return store_fail(ret_message, -errno,
				  "cannot write to %s: %m; run as root, or choose another "
				  "directory with --database",
				  directory);
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB)) {
		length = pread(store->lock_fd, owner, sizeof(owner) - 1, 0);
		owner[length > 0 ? length : 0] = '\0';
		owner[strcspn(owner, "\n")] = '\0';
		return store_fail(ret_message, -EBUSY,
				  "%s is in use by the recorder with pid %s; stop that one, or "
				  "choose another directory with --database",
				  directory, owner);
	}
	length = snprintf(owner, sizeof(owner), "%d\n", getpid());
	if (ftruncate(store->lock_fd, 0) || pwrite(store->lock_fd, owner, length, 0) != length)
		return store_fail(ret_message, -errno, "cannot write to %s: %m", path);
	return 0;
}

/* The segment to go on with: the newest one, if it is of this boot and not sealed. */
static int store_continue(struct store *store, const struct catalog *catalog,
			  const struct store_host *host, int64_t now_ns, char **ret_message)
{
	int r;

	if (!catalog->count)
		return 0;
	snprintf(store->path, sizeof(store->path), "%s", catalog->paths[catalog->count - 1]);
	r = store_open_segment(store, host, now_ns);
	if (r)
		return store_fail_segment(store, r, ret_message);
	if (store_get_meta(store, "schema_version", NULL, 0) == SEGMENT_SCHEMA_VERSION &&
	    !store_get_meta(store, "sealed", NULL, 0) &&
	    !strcmp(store->position.boot_id, host->boot_id))
		return 1;
	store_close(store);
	store->position.ring_id = 0; /* its position is another segment's */
	return 0;
}

static int store_find(struct store *store, const char *directory, const struct store_host *host,
		      int64_t now_ns, char **ret_message)
{
	char name[SEGMENT_NAME_SIZE];
	struct catalog catalog;
	int r = catalog_load(directory, &catalog);

	if (r)
		return store_fail(ret_message, r, "cannot read %s: %s", directory, strerror(-r));
	r = store_continue(store, &catalog, host, now_ns, ret_message);
	catalog_clear(&catalog);
	if (r)
		return r < 0 ? r : 0;
	snprintf(store->path, sizeof(store->path), "%s/%s", directory,
		 segment_name_format(now_ns, name));
	r = store_open_segment(store, host, now_ns);
	return r ? store_fail_segment(store, r, ret_message) : 0;
}

int store_open(const char *directory, const struct store_host *host, int64_t now_ns,
	       struct store **ret, char **ret_message)
{
	struct store *store;
	int r;

	*ret_message = NULL;
	if (mkdir(directory, 0750) && errno != EEXIST)
		return store_fail(ret_message, -errno,
				  "cannot create %s: %m; choose another directory with --database",
				  directory);
	store = calloc(1, sizeof(*store));
	if (!store)
		return -ENOMEM;
	store->lock_fd = -1;
	store->texts = intern_new(TEXTS_KEPT);
	store->addresses = intern_new(ADDRESSES_KEPT);
	store->users = intern_new(USERS_KEPT);
	store->containers = intern_new(CONTAINERS_KEPT);
	r = store->texts && store->addresses && store->users && store->containers ? 0 : -ENOMEM;
	if (!r)
		r = store_lock(store, directory, ret_message);
	if (!r)
		r = store_find(store, directory, host, now_ns, ret_message);
	if (!r)
		r = store_keeper_start(store->path, &store->keeper);
	if (r) {
		store_free(store);
		return r;
	}
	*ret = store;
	return 0;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	store_keeper_stop(store->keeper);
	store_close(store);
	intern_free(store->texts);
	intern_free(store->addresses);
	intern_free(store->users);
	intern_free(store->containers);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	free(store);
}
