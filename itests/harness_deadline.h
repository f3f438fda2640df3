/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for conditions: never for a time, and never for ever. */
#ifndef ITESTS_HARNESS_DEADLINE_H
#define ITESTS_HARNESS_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A deadline for something that ought to happen soon: 20 s from now, or the
 * seconds in PIDTREE_DEADLINE for machines slower than any real one.
 */
int64_t deadline_new(void);

/* A fifth of it, for what must follow at once from something that has happened. */
int64_t deadline_new_short(void);

bool deadline_passed(int64_t deadline);

/* Let a moment go by before a condition is looked at again: the longer, the more often it was. */
void deadline_pause(int times);

/* Look at a condition until it holds, or the deadline has passed; its value says which. */
#define WAIT_UNTIL(condition)                                                                      \
	({                                                                                         \
		int64_t wait_deadline = deadline_new();                                            \
		bool wait_holds;                                                                   \
		int wait_times = 0;                                                                \
                                                                                                   \
		while (!(wait_holds = (condition)) && !deadline_passed(wait_deadline))             \
			deadline_pause(wait_times++);                                              \
		wait_holds;                                                                        \
	})

#endif
