// SPDX-License-Identifier: Apache-2.0
#include "trigger_uring.h"

#include <err.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

static struct io_uring_sqe *begin(struct io_uring *ring)
{
	int error = -io_uring_queue_init(1, ring, 0);

	if (error)
		unsupported("io_uring: %s", strerror(error));
	return io_uring_get_sqe(ring);
}

static int finish(struct io_uring *ring)
{
	struct io_uring_cqe *completion;
	int result;

	if (io_uring_submit(ring) != 1 || io_uring_wait_cqe(ring, &completion))
		errx(EXIT_FAILURE, "io_uring did not complete");
	result = completion->res;
	io_uring_queue_exit(ring);
	return result;
}

int uring_connect(int fd, const struct endpoint *to, bool async)
{
	struct io_uring ring;
	struct io_uring_sqe *entry = begin(&ring);

	io_uring_prep_connect(entry, fd, &to->any, to->size);
	if (async)
		io_uring_sqe_set_flags(entry, IOSQE_ASYNC);
	return finish(&ring);
}

int uring_send(int fd, const void *data, size_t size)
{
	struct io_uring ring;

	io_uring_prep_send(begin(&ring), fd, data, size, 0);
	return finish(&ring);
}

int uring_sendmsg(int fd, const struct msghdr *message)
{
	struct io_uring ring;

	io_uring_prep_sendmsg(begin(&ring), fd, message, 0);
	return finish(&ring);
}
