// SPDX-License-Identifier: Apache-2.0
#include "record.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "segment.h"
#include "sql.h"

/* Each open segment takes up to three file descriptors; 1024 is the usual limit. */
#define OPEN_SEGMENTS_MAX 64

static const char *const statement_sql[STATEMENT_COUNT] = {
#define X(name) [STATEMENT_##name] = SQL_##name,
	STATEMENTS(X)
#undef X
};

struct segment {
	sqlite3 *database; /* NULL: not open */
	sqlite3_stmt *statements[STATEMENT_COUNT];
	uint64_t used; /* the record's clock when it was last used */
};

struct record {
	struct catalog catalog;
	struct segment *segments;
	size_t open_count;
	uint64_t clock;
	char *message;
};

__attribute__((format(printf, 3, 4))) static int fail(struct record *record, int error,
						      const char *format, ...)
{
	va_list arguments;

	free(record->message);
	va_start(arguments, format);
	if (vasprintf(&record->message, format, arguments) < 0)
		record->message = NULL;
	va_end(arguments);
	return error;
}

const char *record_message(const struct record *record, int error)
{
	return record && record->message ? record->message : strerror(-error);
}

static int fail_directory(struct record *record, const char *directory, int error)
{
	switch (error) {
	case -ENOENT:
		return fail(record, error, "%s: no such directory; name the recorder's with -d DIR",
			    directory);
	case -EACCES:
		return fail(record, error, "%s: %s; run as root or as a member of its group",
			    directory, strerror(-error));
	case -ENOTDIR:
		return fail(record, error, "%s: is not a directory; name the one it is in with -d",
			    directory);
	default:
		return fail(record, error, "%s: %s", directory, strerror(-error));
	}
}

int record_open(const char *directory, struct record **ret)
{
	struct record *record = calloc(1, sizeof(*record));
	int r;

	*ret = record;
	if (!record)
		return -ENOMEM;
	r = catalog_load(directory, &record->catalog);
	if (r < 0)
		return fail_directory(record, directory, r);
	if (!record->catalog.count)
		return fail(record, -ENOENT,
			    "%s: holds no segment (pidtree-*.db); is it the directory that "
			    "pidtree-recorder was started with?",
			    directory);
	record->segments = calloc(record->catalog.count, sizeof(*record->segments));
	return record->segments ? 0 : -ENOMEM;
}

static void close_segment(struct record *record, struct segment *segment)
{
	if (!segment->database)
		return;
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(segment->statements[i]);
	sqlite3_close(segment->database);
	*segment = (struct segment){0};
	record->open_count--;
}

void record_free(struct record *record)
{
	if (!record)
		return;
	if (record->segments)
		for (size_t i = 0; i < record->catalog.count; i++)
			close_segment(record, &record->segments[i]);
	catalog_clear(&record->catalog);
	free(record->segments);
	free(record->message);
	free(record);
}

void record_cleanup(struct record **record)
{
	record_free(*record);
}

size_t record_segment_count(const struct record *record)
{
	return record->catalog.count;
}

const char *record_segment_path(const struct record *record, size_t segment)
{
	return record->catalog.paths[segment];
}

static void close_least_recently_used(struct record *record)
{
	struct segment *oldest = NULL;

	for (size_t i = 0; i < record->catalog.count; i++) {
		struct segment *segment = &record->segments[i];

		if (segment->database && (!oldest || segment->used < oldest->used))
			oldest = segment;
	}
	if (oldest)
		close_segment(record, oldest);
}

static int open_segment(struct record *record, size_t index)
{
	char *message = NULL;
	int r;

	if (record->open_count >= OPEN_SEGMENTS_MAX)
		close_least_recently_used(record);
	r = segment_open(record->catalog.paths[index], &record->segments[index].database, &message);
	if (r < 0) {
		free(record->message);
		record->message = message;
		return r;
	}
	record->open_count++;
	return 0;
}

static int fail_sqlite(struct record *record, size_t index)
{
	sqlite3 *database = record->segments[index].database;

	return fail(record, sqlite3_errcode(database) == SQLITE_NOMEM ? -ENOMEM : -EIO, "%s: %s",
		    record->catalog.paths[index], sqlite3_errmsg(database));
}

int record_statement(struct record *record, size_t index, enum statement which, sqlite3_stmt **ret)
{
	struct segment *segment = &record->segments[index];
	sqlite3_stmt **statement = &segment->statements[which];
	int r;

	if (!segment->database) {
		r = open_segment(record, index);
		if (r < 0)
			return r;
	}
	segment->used = ++record->clock;
	if (!*statement &&
	    sqlite3_prepare_v3(segment->database, statement_sql[which], -1,
			       SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK)
		return fail_sqlite(record, index);
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
	*ret = *statement;
	return 0;
}

int record_step(struct record *record, size_t index, sqlite3_stmt *statement)
{
	int r;

	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		sqlite3_reset(statement);
		return 0;
	default:
		r = fail_sqlite(record, index);
		sqlite3_reset(statement);
		return r;
	}
}
