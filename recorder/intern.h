/* SPDX-License-Identifier: Apache-2.0 */
/* Row ids by content: which string or address already stands in the segment. */
#ifndef PIDTREE_INTERN_H
#define PIDTREE_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern;

/* Holds up to limit entries; the one after that empties it. NULL when out of memory. */
struct intern *intern_new(size_t limit);
void intern_free(struct intern *intern);

/* The id that was put for these bytes, 0 if there is none any more. */
int64_t intern_find(const struct intern *intern, const void *bytes, size_t size);

/* Remember id for these bytes. Without memory it is forgotten, which costs a row, not its sense. */
void intern_put(struct intern *intern, const void *bytes, size_t size, int64_t id);

/* Forget everything. */
void intern_clear(struct intern *intern);

#endif
