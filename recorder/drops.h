/* SPDX-License-Identifier: Apache-2.0 */
/* Records that found no room in the ring, as holes in the record. */
#ifndef PIDTREE_DROPS_H
#define PIDTREE_DROPS_H

#include "clock.h"
#include "model.h"
#include "wire.h"

#define DROP_KIND_SIZE 48

#define DROP_PROGRAMS 64 /* more than all probes have together */

/* What has been stored as gaps: of each kind of record, and of each program's misses. */
struct drops {
	uint64_t accounted[WIRE_DROPS];
	uint64_t missed[DROP_PROGRAMS];
	int64_t checked_ns; /* Unix: when the counters were last read */
};

/* The name of what is counted at index, as "exec" or "tcp_connect end"; "" for nothing. */
const char *drop_kind(uint32_t index, const char *probe, char kind[DROP_KIND_SIZE]);

/*
 * What was lost at index since it was last accounted, as a gap whose kind is
 * left to the caller. True when there is one.
 */
bool drops_account(struct drops *drops, const struct clock *clock, uint32_t index,
		   const struct wire_drop *counted, struct gap *ret);

/*
 * How often a program was not run since that was last accounted, as a gap until
 * now_ns whose kind is left to the caller. True when there is one.
 */
bool drops_account_misses(struct drops *drops, size_t program, uint64_t counted, int64_t now_ns,
			  struct gap *ret);

#endif
