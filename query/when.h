/* SPDX-License-Identifier: Apache-2.0 */
/* Times as people write them. */
#ifndef PIDTREE_WHEN_H
#define PIDTREE_WHEN_H

#include <stdint.h>

/* Which end of a bare day is meant: "--until yesterday" includes all of yesterday. */
enum when_edge {
	WHEN_FIRST, /* its first nanosecond */
	WHEN_LAST,  /* its last */
};

/* What a time may look like, for messages and help. */
#define WHEN_SYNTAX                                                                                \
	"2026-11-24, 2026-11-24T03:10[:05.5][Z|+01:00], 03:10, now, today, yesterday, "            \
	"'yesterday 03:10', -2h, '30min ago' or @UNIX"

/*
 * Parse a time relative to now_ns:
 *
 *   DATE, today, yesterday         a whole day: its first or last nanosecond
 *   any of them and a time of day  separated by T or spaces; then maybe a zone
 *   a time of day                  today's
 *   now, @SECONDS                  with a fraction if need be
 *   -SPAN, SPAN ago                numbers with units: s, min (or m), h, d, w
 *                                  and their English names; 1h30min adds up
 *
 * A time of day is hours and minutes, maybe seconds and a fraction; it means
 * its first nanosecond. Without a zone it is local time (TZ). A day in a span
 * is 24 hours. 0, or -EINVAL with *ret_ns untouched.
 */
int when_parse(const char *text, int64_t now_ns, enum when_edge edge, int64_t *ret_ns);

#endif
