// SPDX-License-Identifier: Apache-2.0
#include "segment.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "sql.h"
#include "timestamp.h"

#define BUSY_TIMEOUT_MS 5000

const char *segment_name_format(int64_t unix_ns, char name[SEGMENT_NAME_SIZE])
{
	time_t seconds = (time_t)(unix_ns / NSEC_PER_SEC);
	size_t length;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	length = strftime(name, SEGMENT_NAME_SIZE, "pidtree-%Y%m%dT%H%M%S", &tm);
	snprintf(name + length, SEGMENT_NAME_SIZE - length, ".%09dZ.db",
		 (int)(unix_ns % NSEC_PER_SEC));
	return name;
}

int segment_name_parse(const char *name, int64_t *ret_unix_ns)
{
	struct tm tm = {0};
	const char *fraction = strptime(name, "pidtree-%Y%m%dT%H%M%S", &tm);
	char again[SEGMENT_NAME_SIZE];
	int64_t unix_ns;

	if (!fraction || *fraction != '.')
		return -EINVAL;
	unix_ns = timegm(&tm) * NSEC_PER_SEC + atoi(fraction + 1);
	/* strptime() is lenient; a name is only what segment_name_format() writes. */
	if (unix_ns < 0 || strcmp(segment_name_format(unix_ns, again), name) != 0)
		return -EINVAL;
	*ret_unix_ns = unix_ns;
	return 0;
}

static void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int catalog_add(struct catalog *catalog, const char *directory, const char *name)
{
	size_t size = (catalog->count + 1) * sizeof(*catalog->paths);
	char **paths = realloc(catalog->paths, size);

	if (!paths)
		return -ENOMEM;
	catalog->paths = paths;
	if (asprintf(&paths[catalog->count], "%s/%s", directory, name) < 0)
		return -ENOMEM;
	catalog->count++;
	return 0;
}

/* All paths share their directory, and names sort as times do. */
static int compare_paths(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

int catalog_load(const char *directory, struct catalog *ret)
{
	_cleanup_(cleanup_dir) DIR *dir = opendir(directory);
	_cleanup_(catalog_clear) struct catalog catalog = {0};
	const struct dirent *entry;
	int64_t unix_ns;
	int r;

	if (!dir)
		return -errno;
	while (errno = 0, (entry = readdir(dir))) {
		if (segment_name_parse(entry->d_name, &unix_ns) < 0)
			continue;
		r = catalog_add(&catalog, directory, entry->d_name);
		if (r < 0)
			return r;
	}
	if (errno)
		return -errno;
	if (catalog.count)
		qsort(catalog.paths, catalog.count, sizeof(*catalog.paths), compare_paths);
	*ret = catalog;
	catalog = (struct catalog){0};
	return 0;
}

void catalog_clear(struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->count; i++)
		free(catalog->paths[i]);
	free(catalog->paths);
	*catalog = (struct catalog){0};
}

static void cleanup_sqlite(sqlite3 **database)
{
	sqlite3_close(*database);
}

static void cleanup_statement(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

static void cleanup_sqlite_text(char **text)
{
	sqlite3_free(*text);
}

__attribute__((format(printf, 3, 4))) static int refuse(char **ret_message, int error,
							const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(ret_message, format, arguments) < 0)
		*ret_message = NULL;
	va_end(arguments);
	return error;
}

static int refuse_unreadable(char **ret_message, const char *path, int error)
{
	const char *remedy = "";

	if (error == EACCES || error == EPERM)
		remedy = "; run as root or as a member of the directory's group";
	return refuse(ret_message, -error, "%s: %s%s", path, strerror(error), remedy);
}

/* The error of the connection, at its first use of the file. */
static int refuse_sqlite(char **ret_message, const char *path, sqlite3 *database)
{
	switch (sqlite3_errcode(database)) {
	case SQLITE_NOTADB:
		return refuse(ret_message, -EBADMSG,
			      "%s: is not a SQLite database; move it out of the directory", path);
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return refuse(ret_message, -EROFS,
			      "%s: its write-ahead log needs a writable directory; "
			      "copy the directory to one, with the -wal file",
			      path);
	case SQLITE_BUSY:
		return refuse(ret_message, -EBUSY, "%s: is locked by another program; try again",
			      path);
	case SQLITE_CORRUPT:
		return refuse(ret_message, -EBADMSG,
			      "%s: is damaged (%s); move it out of the directory or restore it",
			      path, sqlite3_errmsg(database));
	default:
		return refuse(ret_message, -EIO, "%s: %s", path, sqlite3_errmsg(database));
	}
}

/* True if the file has a write-ahead log with something in it. */
static bool has_log(const char *path)
{
	_cleanup_free_ char *log = NULL;
	struct stat st;

	if (asprintf(&log, "%s-wal", path) < 0) {
		log = NULL;
		return true;
	}
	return stat(log, &st) == 0 && st.st_size > 0;
}

/*
 * SQLite needs a shared-memory file beside a WAL database and makes it if
 * need be. Where it may not (read-only media, another user's copy), a file
 * without a log cannot change under us and is opened as immutable.
 */
static int open_file(const char *path, sqlite3 **ret)
{
	_cleanup_free_ char *directory = strdup(path);
	_cleanup_(cleanup_sqlite_text) char *uri = NULL;
	char *slash = directory ? strrchr(directory, '/') : NULL;
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
	bool immutable;

	if (slash)
		*slash = '\0';
	immutable = access(slash ? directory : ".", W_OK) < 0 && !has_log(path);
	uri = sqlite3_mprintf("file:%s?immutable=%d", path, immutable);
	if (!directory || !uri)
		return SQLITE_NOMEM;
	if (strpbrk(path, "?#%")) /* would need escaping in a URI, and is rare */
		return sqlite3_open_v2(path, ret, flags & ~SQLITE_OPEN_URI, NULL);
	return sqlite3_open_v2(uri, ret, flags, NULL);
}

/* 1 when the file has tables, 0 when not, or a negative SQLite code. */
static int has_tables(sqlite3 *database)
{
	_cleanup_(cleanup_statement) sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(database, SQL_TABLE_ANY, -1, &statement, NULL) != SQLITE_OK)
		return -1;
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return -1;
	}
}

static int check_version(sqlite3 *database, const char *path, char **ret_message)
{
	_cleanup_(cleanup_statement) sqlite3_stmt *statement = NULL;
	int version;

	if (sqlite3_prepare_v2(database, SQL_META_GET, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_bind_text(statement, 1, "schema_version", -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		return refuse(ret_message, -EBADMSG,
			      "%s: was not written by pidtree-recorder; move it out of the "
			      "directory",
			      path);
	version = sqlite3_column_int(statement, 0);
	if (version != SEGMENT_SCHEMA_VERSION)
		return refuse(ret_message, -EPROTONOSUPPORT,
			      "%s: has schema version %d, this program reads %d; use the "
			      "pidtree-query of the recorder that wrote it",
			      path, version, SEGMENT_SCHEMA_VERSION);
	return 0;
}

/* A segment without rows, to stand for a file that has no tables yet. */
static int open_empty(sqlite3 **ret)
{
	_cleanup_(cleanup_sqlite) sqlite3 *database = NULL;

	if (sqlite3_open(":memory:", &database) != SQLITE_OK ||
	    sqlite3_exec(database, SQL_SEGMENT, NULL, NULL, NULL) != SQLITE_OK)
		return -ENOMEM;
	*ret = database;
	database = NULL;
	return 0;
}

int segment_open(const char *path, sqlite3 **ret, char **ret_message)
{
	_cleanup_(cleanup_sqlite) sqlite3 *database = NULL;
	int r;

	*ret_message = NULL;
	/* SQLite says only that it cannot open. */
	if (access(path, R_OK) < 0)
		return refuse_unreadable(ret_message, path, errno);
	if (open_file(path, &database) != SQLITE_OK)
		return refuse_sqlite(ret_message, path, database);
	sqlite3_busy_timeout(database, BUSY_TIMEOUT_MS);
	sqlite3_exec(database, SQL_READ_ONLY, NULL, NULL, NULL);
	r = has_tables(database);
	if (r < 0)
		return refuse_sqlite(ret_message, path, database);
	if (r == 0)
		return open_empty(ret);
	r = check_version(database, path, ret_message);
	if (r < 0)
		return r;
	*ret = database;
	database = NULL;
	return 0;
}
