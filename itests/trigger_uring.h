/* SPDX-License-Identifier: Apache-2.0 */
/* One operation by io_uring. Each returns what the system call would: a count, 0, or -errno. */
#ifndef ITESTS_TRIGGER_URING_H
#define ITESTS_TRIGGER_URING_H

#include <stdbool.h>

#include "trigger_endpoint.h"

/* async: hand it to a kernel worker thread at once. */
int uring_connect(int fd, const struct endpoint *to, bool async);

int uring_send(int fd, const void *data, size_t size);

int uring_sendmsg(int fd, const struct msghdr *message);

#endif
