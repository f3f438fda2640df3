/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to connect a TCP socket. */
#ifndef ITESTS_TRIGGER_CONNECT_H
#define ITESTS_TRIGGER_CONNECT_H

#include <stddef.h>

#include "trigger_endpoint.h"

/*
 * Connect a new socket by the way called how: blocking, nonblocking, bound,
 * thread, uring, uring_async, fastopen or fastopen_connect. The last two send
 * size bytes of data on the way, and set *ret_sent to how many went.
 *
 * Returns 0 or the errno of the failure, and sets *ret_fd to the blocking
 * socket in any case.
 */
int connect_by(const char *how, const struct endpoint *to, const void *data, size_t size,
	       int *ret_fd, size_t *ret_sent);

/* Begin to connect a new non-blocking socket. Exits unless that is then in progress. */
int connect_begin(const struct endpoint *to);

#endif
