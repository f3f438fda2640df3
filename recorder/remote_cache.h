/* SPDX-License-Identifier: Apache-2.0 */
/* Copies on disk of what URLs had, each with its ETag. */
#ifndef PIDTREE_REMOTE_CACHE_H
#define PIDTREE_REMOTE_CACHE_H

#include <stddef.h>
#include <time.h>

/* What a URL had. text ends with a NUL that size does not count; etag is NULL where none came. */
struct remote_copy {
	char *text;
	size_t size;
	char *etag;
	time_t unix_s; /* when it was fetched */
};

/* Free what a copy holds; it may be zeroes. */
void remote_copy_clear(struct remote_copy *copy);

/* The copy of a URL below directory. 0, -ENOENT if there is none, or -errno. */
int remote_cache_read(const char *directory, const char *url, struct remote_copy *ret);

/* Replace the copy of a URL, as a whole or not at all; makes the directory. 0 or -errno. */
int remote_cache_write(const char *directory, const char *url, const struct remote_copy *copy);

#endif
