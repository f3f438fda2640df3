// SPDX-License-Identifier: Apache-2.0
#include "gaps.h"

static int walk_segment(struct record *record, size_t segment, sqlite3_stmt *row,
			gap_function *function, void *context)
{
	int r;

	while ((r = record_step(record, segment, row)) > 0) {
		const char *kind = (const char *)sqlite3_column_text(row, 3);
		struct gap gap = {
			.from_ns = sqlite3_column_int64(row, 0),
			.to_ns = sqlite3_column_int64(row, 1),
			.reason = (enum gap_reason)sqlite3_column_int(row, 2),
			.kind = kind ? kind : "",
			.count = (uint64_t)sqlite3_column_int64(row, 4),
		};

		r = function(&gap, context);
		if (r < 0)
			break;
	}
	sqlite3_reset(row);
	return r;
}

int gaps_walk(struct record *record, int64_t since_ns, int64_t until_ns, gap_function *function,
	      void *context)
{
	for (size_t i = 0; i < record_segment_count(record); i++) {
		sqlite3_stmt *row;
		int r;

		r = record_statement(record, i, STATEMENT_GAPS_BY_TIME, &row);
		if (r < 0)
			return r;
		sqlite3_bind_int64(row, 1, since_ns);
		sqlite3_bind_int64(row, 2, until_ns);
		r = walk_segment(record, i, row, function, context);
		if (r < 0)
			return r;
	}
	return 0;
}
