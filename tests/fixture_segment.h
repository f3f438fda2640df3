/* SPDX-License-Identifier: Apache-2.0 */
/* A database directory with segments for tests, filled by SQL. */
#ifndef PIDTREE_FIXTURE_SEGMENT_H
#define PIDTREE_FIXTURE_SEGMENT_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "schema/segment.h"
#include "sql.h"

struct fixture {
	char directory[64];
};

static inline void fixture_open(struct fixture *fixture)
{
	strcpy(fixture->directory, "/tmp/pidtree-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
}

/* Remove the directory and the files in it. */
static inline void fixture_close(struct fixture *fixture)
{
	DIR *dir = opendir(fixture->directory);
	const struct dirent *entry;
	char path[512];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", fixture->directory, entry->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
	rmdir(fixture->directory);
}

static inline void fixture_path(const struct fixture *fixture, int64_t created_ns, char path[512])
{
	char name[SEGMENT_NAME_SIZE];

	snprintf(path, 512, "%s/%s", fixture->directory, segment_name_format(created_ns, name));
}

static inline void fixture_exec(sqlite3 *database, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
}

/* A new segment with the given rows; the caller closes it. */
static inline sqlite3 *fixture_segment(const struct fixture *fixture, int64_t created_ns,
				       const char *rows)
{
	sqlite3 *database;
	char path[512];

	fixture_path(fixture, created_ns, path);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	fixture_exec(database, "PRAGMA journal_mode = WAL");
	fixture_exec(database, SQL_SEGMENT);
	fixture_exec(database, SQL_VIEWS);
	fixture_exec(database, "INSERT INTO meta VALUES ('schema_version', 1)");
	fixture_exec(database, rows);
	return database;
}

#endif
