/* SPDX-License-Identifier: Apache-2.0 */
/* Immutable bytes with a reference count: what process images share with those they fork. */
#ifndef PIDTREE_TEXT_H
#define PIDTREE_TEXT_H

#include <stddef.h>

struct text {
	unsigned references;
	size_t size;
	char bytes[]; /* size of them, and a NUL */
};

/* A copy of size bytes with one reference. NULL when out of memory. */
struct text *text_new(const char *bytes, size_t size);

/* One more reference. Takes NULL and gives it back. */
struct text *text_ref(struct text *text);

/* One reference less. Takes NULL. */
void text_unref(struct text *text);

#endif
