/* SPDX-License-Identifier: Apache-2.0 */
/* One transfer over HTTP, by libcurl. */
#ifndef PIDTREE_FETCH_H
#define PIDTREE_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#define FETCH_BYTES (16 * 1024 * 1024) /* of a body */

/* etag: what the caller has the text of, or NULL. */
struct fetch_request {
	const char *url;
	const char *etag;
	long timeout_ms;
	const bool *is_ended; /* set by another thread: give up within a second; or NULL */
};

/* Both to be freed. text is NULL if the ETag still holds, else ended by a NUL beyond size. */
struct fetch_response {
	char *text;
	size_t size;
	char *etag; /* or NULL */
};

/*
 * Fetch a URL: https:// or, from the loopback only, http://. 0, or -errno with
 * *ret_error why, for the caller to free; NULL when out of memory.
 */
int fetch(const struct fetch_request *request, struct fetch_response *ret, char **ret_error);

#endif
