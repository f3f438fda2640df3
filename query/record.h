/* SPDX-License-Identifier: Apache-2.0 */
/* The record: all segments of a database directory, opened as they are needed. */
#ifndef PIDTREE_RECORD_H
#define PIDTREE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

/* The statements of schema/query.sql that one segment answers. */
#define STATEMENTS(X)                                                                              \
	X(META_GET)                                                                                \
	X(CANDIDATES_BY_TIME)                                                                      \
	X(CANDIDATES_BY_ADDRESS)                                                                   \
	X(SESSION_MEMBERS)                                                                         \
	X(LATE_FACTS)                                                                              \
	X(EVENT_GET)                                                                               \
	X(OUTCOME_GET)                                                                             \
	X(END_GET)                                                                                 \
	X(LINEAGE_GET)                                                                             \
	X(PROCESS_EXIT_GET)                                                                        \
	X(GAPS_BY_TIME)                                                                            \
	X(EVENT_SPAN)                                                                              \
	X(EVENTS_BY_PROBE)                                                                         \
	X(PROCESS_COUNT)                                                                           \
	X(GAPS_BY_REASON)

enum statement {
#define X(name) STATEMENT_##name,
	STATEMENTS(X)
#undef X
		STATEMENT_COUNT
};

struct record;

/*
 * Find the segments of a directory; there is at least one. 0, or -errno with a
 * message as of record_message(). In both cases the caller releases *ret with
 * record_free(); it is NULL when out of memory.
 */
int record_open(const char *directory, struct record **ret);
void record_free(struct record *record);

/* The cleanup function of a variable. */
void record_cleanup(struct record **record);

/* The number of segments; they are numbered from 0, oldest first. */
size_t record_segment_count(const struct record *record);

/* The path of a segment, owned by the record. */
const char *record_segment_path(const struct record *record, size_t segment);

/*
 * A statement of a segment, reset and without bindings. It belongs to the
 * record and holds until the same one is asked for again, or until many other
 * segments have been used since. 0, or -errno with a message.
 */
int record_statement(struct record *record, size_t index, enum statement which, sqlite3_stmt **ret);

/*
 * Step a statement of record_statement(). 1 for a row, 0 at the end (the
 * statement has been reset, so that it holds up no checkpoint), or -errno with
 * a message.
 */
int record_step(struct record *record, size_t index, sqlite3_stmt *statement);

/*
 * What went wrong when a function of this module returned the error, with cause
 * and remedy, for people; for any other -errno its usual text. Owned by the
 * record, which may be NULL.
 */
const char *record_message(const struct record *record, int error);

#endif
