/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hits: the ids of the events that match a question, over all segments.
 *
 * They are collected before anything is shown, in a temporary file when they
 * are many, so that memory stays bounded, UDP sessions can be shown whole,
 * and no segment is held up while somebody reads the first page.
 */
#ifndef PIDTREE_HITS_H
#define PIDTREE_HITS_H

#include "record.h"
#include "terms.h"

struct question {
	const struct term *terms; /* all must match */
	size_t term_count;
	int64_t since_ns; /* both included */
	int64_t until_ns;
};

struct hit {
	int64_t key; /* of the result: a UDP session's id, any other event's own */
	int64_t id;
	size_t segment;
};

struct hits;

/*
 * Collect the hits of a question. A UDP session is hit as a whole if one of
 * its destinations is. 0, or -errno with record_message() set where the record
 * is the cause. The caller releases *ret with hits_free(), in both cases.
 */
int hits_collect(struct record *record, const struct question *question, struct hits **ret);
void hits_free(struct hits *hits);

/* The cleanup function of a variable. */
void hits_cleanup(struct hits **hits);

/* The next hit by key and id; a result's hits follow each other. 1, 0 at the end, or -errno. */
int hits_next(struct hits *hits, struct hit *ret);

/* What of an event may lie in a later segment than the event. */
enum late_fact {
	LATE_OUTCOME = 0,
	LATE_END = 1,
};

/* The segment where that lies. 1, 0 if no later one has it, or -errno. */
int hits_late_segment(struct hits *hits, int64_t id, enum late_fact fact, size_t *ret);

#endif
