/* SPDX-License-Identifier: Apache-2.0 */
/* Unix times in nanoseconds as text. */
#ifndef PIDTREE_TIMESTAMP_H
#define PIDTREE_TIMESTAMP_H

#include <stdint.h>

#define NSEC_PER_SEC 1000000000LL
#define TIMESTAMP_TEXT_SIZE 40

/*
 * Write unix_ns as ISO 8601 in UTC with microseconds and a Z, as
 * "2026-11-24T10:15:00.123456Z". Returns text.
 */
const char *timestamp_format_utc(int64_t unix_ns, char text[TIMESTAMP_TEXT_SIZE]);

/* The same in local time for people: "2026-11-24 11:15:00.123 CET". Returns text. */
const char *timestamp_format_local(int64_t unix_ns, char text[TIMESTAMP_TEXT_SIZE]);

#endif
