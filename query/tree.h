/* SPDX-License-Identifier: Apache-2.0 */
/* A result drawn for a terminal. */
#ifndef PIDTREE_TREE_H
#define PIDTREE_TREE_H

#include <stdbool.h>
#include <stdio.h>

#include "model.h"
#include "result.h"

/*
 * Draw a result as a block of lines: when and what, a line for each
 * destination of a UDP session with several, then the process tree from leaf
 * to root. Text that a process chose is escaped. utf8: lines and arrows may be
 * drawn in UTF-8, else everything is ASCII.
 */
void tree_draw(FILE *out, const struct result *result, bool utf8);

/* One line that tells of a hole in the record. */
void tree_draw_gap(FILE *out, const struct gap *gap, bool utf8);

#endif
