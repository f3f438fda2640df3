/* SPDX-License-Identifier: Apache-2.0 */
/* Holding an event of the recorder against the report of the trigger that caused it. */
#ifndef ITESTS_HARNESS_EVENT_H
#define ITESTS_HARNESS_EVENT_H

#include <cjson/cJSON.h>

/* Where an event was read decides what it must tell. */
enum event_source {
	EVENT_PRINTED, /* from -f: a connect as it happens, a UDP session at its end */
	EVENT_QUERIED, /* by the query while the recorder runs: outcomes and ends too */
	EVENT_STORED,  /* by the query after the recorder has stopped: exits too */
};

/*
 * The event of a report among others: same probe, process and port. NULL if
 * there is none; *ret_count says how many there are, for there must be one.
 */
cJSON *event_find(const cJSON *report, const cJSON *events, int *ret_count);

/*
 * Compare everything: the whole tree, all values that the trigger reported,
 * times and durations. Returns NULL when all is as it must be, else what is
 * not, a text that the caller frees.
 *
 * A report's process may have "cmdline" where it is not simply its argv joined.
 */
char *event_difference(const cJSON *report, const cJSON *event, enum event_source source);

#endif
