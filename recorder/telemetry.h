/* SPDX-License-Identifier: Apache-2.0 */
/* After every so many events of a probe, a line that says how many of its records were lost. */
#ifndef PIDTREE_TELEMETRY_H
#define PIDTREE_TELEMETRY_H

#include <stdint.h>

#define TELEMETRY_LINE_SIZE 256

/* Of one probe. */
struct telemetry {
	uint64_t events; /* since the last line */
	uint64_t lost;	 /* in all */
};

/*
 * Count an event. Every period events, NULL otherwise, the line for the probe
 * of this name, in pidtree-bcc's keys, written to line.
 */
const char *telemetry_count(struct telemetry *telemetry, uint64_t period, const char *probe,
			    int64_t now_ns, char line[TELEMETRY_LINE_SIZE]);

#endif
