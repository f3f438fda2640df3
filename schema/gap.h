/* SPDX-License-Identifier: Apache-2.0 */
/* Holes in the record, in words. */
#ifndef PIDTREE_GAP_H
#define PIDTREE_GAP_H

#include "model.h"

/* The text of GAP_REASONS; "unknown reason" for one that a later version knows. */
const char *gap_reason_text(enum gap_reason reason);

#endif
