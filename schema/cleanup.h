/* SPDX-License-Identifier: Apache-2.0 */
/* Variables that release what they hold when they go out of scope. */
#ifndef PIDTREE_CLEANUP_H
#define PIDTREE_CLEANUP_H

#include <stdlib.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

#define _cleanup_free_ _cleanup_(cleanup_free)

#endif
