/* SPDX-License-Identifier: Apache-2.0 */
/* Text that a process chose, made safe for a terminal. */
#ifndef PIDTREE_ESCAPE_H
#define PIDTREE_ESCAPE_H

#include <stdbool.h>
#include <stdio.h>

/*
 * Write text so that no terminal obeys any of it and nothing in it is
 * invisible: ASCII controls (a newline too) and bytes that are not UTF-8 as
 * \xHH, other characters of utf8_is_unsafe() as \u{H…}; if utf8 is false, every
 * character beyond ASCII as \u{H…}.
 */
void escape_write(FILE *out, const char *text, bool utf8);

#endif
