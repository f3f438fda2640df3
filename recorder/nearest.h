/* SPDX-License-Identifier: Apache-2.0 */
/* Which known word a mistyped one may have meant. */
#ifndef PIDTREE_NEAREST_H
#define PIDTREE_NEAREST_H

#include <stddef.h>

/*
 * The known word that the fewest insertions, deletions, replacements and swaps
 * of neighbours turn word into; of several the first. NULL if count is 0.
 */
const char *nearest(const char *word, const char *const *known, size_t count);

#endif
