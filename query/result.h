/* SPDX-License-Identifier: Apache-2.0 */
/* A result: what one answer shows, an event or a whole UDP session, with its tree. */
#ifndef PIDTREE_RESULT_H
#define PIDTREE_RESULT_H

#include "hits.h"
#include "lineage.h"
#include "model.h"

struct result {
	struct event *events; /* a UDP session's destinations, first message first */
	size_t count;
	const char *probe; /* its name */
	struct lineage lineage;
};

/* Reads results one after the other. */
struct results;

/*
 * Over hits collected from the record; both must outlive it. Returns NULL when
 * out of memory.
 */
struct results *results_new(struct record *record, struct hits *hits);
void results_free(struct results *results);

/* The cleanup function of a variable. */
void results_cleanup(struct results **results);

/*
 * The next result, with outcomes, ends and exits from whichever segment they
 * lie in. What *ret points to holds until the next call. 1, 0 at the end, or
 * -errno with record_message() set where the record is the cause.
 */
int results_next(struct results *results, struct result *ret);

#endif
