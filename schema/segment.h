/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments: the SQLite files of a database directory, in time order.
 *
 * A segment is named after the moment of its creation in UTC,
 * "pidtree-20261124T101500.000000123Z.db", so that names sort as times do.
 */
#ifndef PIDTREE_SEGMENT_H
#define PIDTREE_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#define SEGMENT_SCHEMA_VERSION 1
#define SEGMENT_NAME_SIZE sizeof("pidtree-YYYYMMDDTHHMMSS.NNNNNNNNNZ.db")

/* Write the file name, without a directory, of a segment created at unix_ns. Returns name. */
const char *segment_name_format(int64_t unix_ns, char name[SEGMENT_NAME_SIZE]);

/* The creation time that a file name tells. 0, or -EINVAL when it is not a segment's name. */
int segment_name_parse(const char *name, int64_t *ret_unix_ns);

/* The paths of a directory's segments, oldest first. */
struct catalog {
	char **paths;
	size_t count;
};

/*
 * List a directory; other files in it are passed over. 0 (also for no segment
 * at all), or -errno as of opendir(3) with *ret untouched. The caller releases
 * *ret with catalog_clear().
 */
int catalog_load(const char *directory, struct catalog *ret);
void catalog_clear(struct catalog *catalog);

/*
 * Open a segment for reading; never writes to it, also works while the
 * recorder writes, and on a copy. A file whose creation has not been committed
 * yet opens as a segment without rows.
 *
 * 0 and a connection that the caller closes with sqlite3_close(); or -errno
 * and in *ret_message, for people, the file, the cause and the remedy, which
 * the caller frees (NULL when out of memory).
 */
int segment_open(const char *path, sqlite3 **ret, char **ret_message);

#endif
