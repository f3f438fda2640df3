/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 in bytes that a process chose and that may be anything. */
#ifndef PIDTREE_UTF8_H
#define PIDTREE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The length of the well-formed character (Unicode 15, table 3-7) that begins
 * at bytes, of which size are there; its code point goes to *ret_point.
 * 0 when the bytes are not well-formed or size is 0; *ret_point is untouched.
 */
size_t utf8_decode(const char *bytes, size_t size, uint32_t *ret_point);

/*
 * True for a code point that a terminal may obey or that hides or reorders
 * text: C0, DEL and C1 controls, bidirectional controls, zero-width
 * characters, line and paragraph separators.
 */
bool utf8_is_unsafe(uint32_t point);

/*
 * The bytes as valid UTF-8: a byte that belongs to no well-formed character
 * becomes the four characters \xHH (hexadecimal digits in lower case), all
 * else stays as it is. A backslash is not doubled, so that the result is for
 * reading, not for going back. The caller frees the string; NULL when out of
 * memory.
 */
char *utf8_clean(const char *bytes, size_t size);

#endif
