/* SPDX-License-Identifier: Apache-2.0 */
/* Holes in the record that an answer touches. */
#ifndef PIDTREE_GAPS_H
#define PIDTREE_GAPS_H

#include "model.h"
#include "record.h"

/* What is done with each gap, which holds only during the call; negative ends the walk. */
typedef int gap_function(const struct gap *gap, void *context);

/*
 * Call a function for every gap that overlaps a time range (both ends
 * included), oldest first in each segment. 0, or -errno with record_message()
 * set, or what the function returned to end the walk.
 */
int gaps_walk(struct record *record, int64_t since_ns, int64_t until_ns, gap_function *function,
	      void *context);

#endif
