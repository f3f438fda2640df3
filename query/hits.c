// SPDX-License-Identifier: Apache-2.0
#include "hits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "column.h"
#include "sql.h"

/* The statements of the temporary database. */
#define SCRATCH_STATEMENTS(X)                                                                      \
	X(HIT_ADD)                                                                                 \
	X(SESSION_ADD)                                                                             \
	X(SESSION_SPAN)                                                                            \
	X(MEMBER_ADD)                                                                              \
	X(LATE_ADD)                                                                                \
	X(HITS_BY_KEY)                                                                             \
	X(LATE_GET)

enum scratch {
#define X(name) SCRATCH_##name,
	SCRATCH_STATEMENTS(X)
#undef X
		SCRATCH_COUNT
};

static const char *const scratch_sql[SCRATCH_COUNT] = {
#define X(name) [SCRATCH_##name] = SQL_##name,
	SCRATCH_STATEMENTS(X)
#undef X
};

struct hits {
	sqlite3 *scratch;
	sqlite3_stmt *statements[SCRATCH_COUNT];
};

/* The only things that a temporary database runs out of are memory and disk. */
static int scratch_error(const struct hits *hits)
{
	return sqlite3_errcode(hits->scratch) == SQLITE_FULL ? -ENOSPC : -ENOMEM;
}

static int scratch_open(struct hits *hits)
{
	/* An empty name is a private file in TMPDIR that only exists once it is large. */
	if (sqlite3_open("", &hits->scratch) != SQLITE_OK ||
	    sqlite3_exec(hits->scratch, SQL_HITS_CREATE, NULL, NULL, NULL) != SQLITE_OK)
		return scratch_error(hits);
	for (size_t i = 0; i < SCRATCH_COUNT; i++)
		if (sqlite3_prepare_v2(hits->scratch, scratch_sql[i], -1, &hits->statements[i],
				       NULL) != SQLITE_OK)
			return scratch_error(hits);
	return 0;
}

void hits_free(struct hits *hits)
{
	if (!hits)
		return;
	for (size_t i = 0; i < SCRATCH_COUNT; i++)
		sqlite3_finalize(hits->statements[i]);
	sqlite3_close(hits->scratch);
	free(hits);
}

void hits_cleanup(struct hits **hits)
{
	hits_free(*hits);
}

/* Run a statement of up to three numbers that returns no row. */
static int scratch_add(struct hits *hits, enum scratch which, int64_t first, int64_t second,
		       int64_t third)
{
	sqlite3_stmt *statement = hits->statements[which];
	int64_t values[] = {first, second, third};
	int r;

	for (int i = 0; i < sqlite3_bind_parameter_count(statement); i++)
		sqlite3_bind_int64(statement, i + 1, values[i]);
	r = sqlite3_step(statement) == SQLITE_DONE ? 0 : scratch_error(hits);
	sqlite3_reset(statement);
	return r;
}

/* The first term with an address lets SQLite use the index of addresses. */
static const struct term *term_with_address(const struct question *question)
{
	for (size_t i = 0; i < question->term_count; i++)
		if (question->terms[i].network.address.size)
			return &question->terms[i];
	return NULL;
}

static uint16_t any_port(const struct question *question)
{
	for (size_t i = 0; i < question->term_count; i++)
		if (question->terms[i].port)
			return question->terms[i].port;
	return 0;
}

static int candidates(struct record *record, size_t segment, const struct question *question,
		      sqlite3_stmt **ret)
{
	const struct term *term = term_with_address(question);
	struct address first, last;
	sqlite3_stmt *statement;
	int at = 0, r;

	r = record_statement(record, segment,
			     term ? STATEMENT_CANDIDATES_BY_ADDRESS : STATEMENT_CANDIDATES_BY_TIME,
			     &statement);
	if (r < 0)
		return r;
	if (term) {
		network_range(&term->network, &first, &last);
		sqlite3_bind_blob(statement, ++at, first.bytes, first.size, SQLITE_TRANSIENT);
		sqlite3_bind_blob(statement, ++at, last.bytes, last.size, SQLITE_TRANSIENT);
		sqlite3_bind_int(statement, ++at, first.size);
	}
	sqlite3_bind_int64(statement, ++at, question->since_ns);
	sqlite3_bind_int64(statement, ++at, question->until_ns);
	sqlite3_bind_int(statement, ++at, any_port(question));
	*ret = statement;
	return 0;
}

static int add_if_match(struct hits *hits, const struct question *question, size_t segment,
			sqlite3_stmt *row)
{
	struct event event = {
		.id = sqlite3_column_int64(row, 0),
		.probe = (uint32_t)sqlite3_column_int(row, 1),
		.session_id = sqlite3_column_int64(row, 2),
		.saddr = column_address(row, 3),
		.sport = (uint16_t)sqlite3_column_int(row, 4),
		.daddr = column_address(row, 5),
		.dport = (uint16_t)sqlite3_column_int(row, 6),
	};

	if (!terms_match(question->terms, question->term_count, &event))
		return 0;
	if (event.session_id)
		return scratch_add(hits, SCRATCH_SESSION_ADD, event.session_id, 0, 0);
	return scratch_add(hits, SCRATCH_HIT_ADD, event.id, event.id, (int64_t)segment);
}

static int collect_matches(struct hits *hits, struct record *record, size_t segment,
			   const struct question *question)
{
	sqlite3_stmt *row;
	int r;

	r = candidates(record, segment, question, &row);
	if (r < 0)
		return r;
	while ((r = record_step(record, segment, row)) > 0) {
		r = add_if_match(hits, question, segment, row);
		if (r < 0)
			break;
	}
	sqlite3_reset(row);
	return r;
}

static int collect_members(struct hits *hits, struct record *record, size_t segment, int64_t first,
			   int64_t last)
{
	sqlite3_stmt *row;
	int r;

	r = record_statement(record, segment, STATEMENT_SESSION_MEMBERS, &row);
	if (r < 0)
		return r;
	sqlite3_bind_int64(row, 1, first);
	sqlite3_bind_int64(row, 2, last);
	while ((r = record_step(record, segment, row)) > 0) {
		r = scratch_add(hits, SCRATCH_MEMBER_ADD, sqlite3_column_int64(row, 1),
				sqlite3_column_int64(row, 0), (int64_t)segment);
		if (r < 0)
			break;
	}
	sqlite3_reset(row);
	return r;
}

static int collect_late_facts(struct hits *hits, struct record *record, size_t segment)
{
	sqlite3_stmt *row;
	int r;

	r = record_statement(record, segment, STATEMENT_LATE_FACTS, &row);
	if (r < 0)
		return r;
	while ((r = record_step(record, segment, row)) > 0) {
		r = scratch_add(hits, SCRATCH_LATE_ADD, sqlite3_column_int64(row, 0),
				sqlite3_column_int(row, 1), (int64_t)segment);
		if (r < 0)
			break;
	}
	sqlite3_reset(row);
	return r;
}

/* The ids of the first and last session hit; 1, or 0 if there is none. */
static int session_span(struct hits *hits, int64_t *ret_first, int64_t *ret_last)
{
	sqlite3_stmt *row = hits->statements[SCRATCH_SESSION_SPAN];
	bool found;

	if (sqlite3_step(row) != SQLITE_ROW)
		return scratch_error(hits);
	found = sqlite3_column_type(row, 0) != SQLITE_NULL;
	*ret_first = sqlite3_column_int64(row, 0);
	*ret_last = sqlite3_column_int64(row, 1);
	sqlite3_reset(row);
	return found;
}

int hits_collect(struct record *record, const struct question *question, struct hits **ret)
{
	struct hits *hits = calloc(1, sizeof(*hits));
	size_t count = record_segment_count(record);
	int64_t first, last;
	int r, has_sessions;

	*ret = hits;
	if (!hits)
		return -ENOMEM;
	r = scratch_open(hits);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = collect_matches(hits, record, i, question);
	if (r < 0)
		return r;
	has_sessions = r = session_span(hits, &first, &last);
	for (size_t i = 0; r >= 0 && has_sessions > 0 && i < count; i++)
		r = collect_members(hits, record, i, first, last);
	for (size_t i = 1; r >= 0 && i < count; i++)
		r = collect_late_facts(hits, record, i);
	return r < 0 ? r : 0;
}

int hits_next(struct hits *hits, struct hit *ret)
{
	sqlite3_stmt *row = hits->statements[SCRATCH_HITS_BY_KEY];

	switch (sqlite3_step(row)) {
	case SQLITE_ROW:
		ret->key = sqlite3_column_int64(row, 0);
		ret->id = sqlite3_column_int64(row, 1);
		ret->segment = (size_t)sqlite3_column_int64(row, 2);
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return scratch_error(hits);
	}
}

int hits_late_segment(struct hits *hits, int64_t id, enum late_fact fact, size_t *ret)
{
	sqlite3_stmt *row = hits->statements[SCRATCH_LATE_GET];
	int r;

	sqlite3_bind_int64(row, 1, id);
	sqlite3_bind_int(row, 2, fact);
	switch (sqlite3_step(row)) {
	case SQLITE_ROW:
		*ret = (size_t)sqlite3_column_int64(row, 0);
		r = 1;
		break;
	case SQLITE_DONE:
		r = 0;
		break;
	default:
		r = scratch_error(hits);
	}
	sqlite3_reset(row);
	return r;
}
