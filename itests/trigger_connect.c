// SPDX-License-Identifier: Apache-2.0
#include "trigger_connect.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "trigger_uring.h"

struct attempt {
	int fd;
	const struct endpoint *to;
	const void *data; /* what a fast open sends */
	size_t size;
	size_t sent;
	int error;
};

static void connect_blocking(struct attempt *attempt)
{
	if (connect(attempt->fd, &attempt->to->any, attempt->to->size))
		attempt->error = errno;
}

static void set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);

	if (fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK))
		err(EXIT_FAILURE, "fcntl");
}

static void connect_nonblocking(struct attempt *attempt)
{
	struct pollfd ready = {.fd = attempt->fd, .events = POLLOUT};
	socklen_t size = sizeof(attempt->error);

	set_blocking(attempt->fd, false);
	connect_blocking(attempt);
	if (attempt->error == EINPROGRESS) {
		if (poll(&ready, 1, -1) != 1)
			err(EXIT_FAILURE, "poll");
		if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &attempt->error, &size))
			err(EXIT_FAILURE, "SO_ERROR");
	}
	set_blocking(attempt->fd, true);
}

/* The source port is known before the connect, and stays known after a failure. */
static void connect_bound(struct attempt *attempt)
{
	struct endpoint source = endpoint_source(attempt->to);

	if (source.any.sa_family == AF_INET)
		source.v4.sin_port = 0;
	else
		source.v6.sin6_port = 0;
	if (bind(attempt->fd, &source.any, source.size))
		err(EXIT_FAILURE, "bind");
	connect_blocking(attempt);
}

static void *connecting_thread(void *attempt)
{
	connect_blocking(attempt);
	return NULL;
}

static void connect_in_thread(struct attempt *attempt)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, connecting_thread, attempt) || pthread_join(thread, NULL))
		errx(EXIT_FAILURE, "no thread");
}

static void connect_uring(struct attempt *attempt)
{
	attempt->error = -uring_connect(attempt->fd, attempt->to, false);
}

static void connect_uring_async(struct attempt *attempt)
{
	attempt->error = -uring_connect(attempt->fd, attempt->to, true);
}

static void connect_fastopen(struct attempt *attempt)
{
	ssize_t sent = sendto(attempt->fd, attempt->data, attempt->size, MSG_FASTOPEN,
			      &attempt->to->any, attempt->to->size);

	if (sent < 0)
		attempt->error = errno;
	else
		attempt->sent = (size_t)sent;
}

/* The SYN leaves with the first data if the cookie of the peer is known, else at once. */
static void connect_fastopen_connect(struct attempt *attempt)
{
	int on = 1;
	ssize_t sent;

	if (setsockopt(attempt->fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on)))
		err(EXIT_FAILURE, "TCP_FASTOPEN_CONNECT");
	connect_blocking(attempt);
	if (attempt->error)
		return;
	sent = send(attempt->fd, attempt->data, attempt->size, 0);
	if (sent < 0)
		attempt->error = errno;
	else
		attempt->sent = (size_t)sent;
}

typedef void connect_way(struct attempt *attempt);

static const struct {
	const char *name;
	connect_way *run;
} ways[] = {
	{"blocking", connect_blocking}, {"nonblocking", connect_nonblocking},
	{"bound", connect_bound},	{"thread", connect_in_thread},
	{"uring", connect_uring},	{"uring_async", connect_uring_async},
	{"fastopen", connect_fastopen}, {"fastopen_connect", connect_fastopen_connect},
};

static connect_way *way_of(const char *how)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!strcmp(how, ways[i].name))
			return ways[i].run;
	}
	errx(EXIT_FAILURE, "no way to connect: '%s'", how);
}

int connect_by(const char *how, const struct endpoint *to, const void *data, size_t size,
	       int *ret_fd, size_t *ret_sent)
{
	struct attempt attempt = {.to = to, .data = data, .size = size};
	connect_way *run = way_of(how);

	attempt.fd = endpoint_socket(to, SOCK_STREAM);
	run(&attempt);
	*ret_fd = attempt.fd;
	*ret_sent = attempt.sent;
	return attempt.error;
}

int connect_begin(const struct endpoint *to)
{
	int fd = endpoint_socket(to, SOCK_STREAM | SOCK_NONBLOCK);

	if (connect(fd, &to->any, to->size) == 0)
		errx(EXIT_FAILURE, "connected at once");
	if (errno != EINPROGRESS)
		err(EXIT_FAILURE, "connect");
	return fd;
}
