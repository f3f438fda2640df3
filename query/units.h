/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people read them. */
#ifndef PIDTREE_UNITS_H
#define PIDTREE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#define UNITS_TEXT_SIZE 40

/* "512 B", "1.3 kB", "20.0 MB", "512 MB": decimal. Returns text. */
const char *units_bytes(uint64_t bytes, char text[UNITS_TEXT_SIZE]);

/*
 * "312 µs", "12.3 ms", "4.2 s", "3 min 12 s", "2 h 5 min", "3 d 4 h"; negative
 * is "0 s". utf8: µs may be written so, else "us". Returns text.
 */
const char *units_span(int64_t span_ns, bool utf8, char text[UNITS_TEXT_SIZE]);

/* "4,112". Returns text. */
const char *units_count(uint64_t count, char text[UNITS_TEXT_SIZE]);

#endif
