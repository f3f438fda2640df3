/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, on one line: the head of a block of the tree format. */
#ifndef PIDTREE_HEADLINE_H
#define PIDTREE_HEADLINE_H

#include <stdbool.h>
#include <stdio.h>

#include "result.h"

/*
 * Write when and what, as "2026-11-24 11:15:00.123 CET  tcp_connect  10.0.0.5:43122
 * → 185.30.166.37:6697  established in 12.3 ms, closed after 4.2 s, 512 B sent,
 * 1.3 kB received", and a line more for each destination of a UDP session with
 * several. utf8 as in tree_draw().
 */
void headline_write(FILE *out, const struct result *result, bool utf8);

#endif
