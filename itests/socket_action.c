// SPDX-License-Identifier: Apache-2.0
#include "socket_action.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness_child.h"

struct endpoint {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t size;
};

static struct endpoint endpoint_of(const char *address, uint16_t port)
{
	struct endpoint endpoint = {.size = sizeof(endpoint.in)};

	if (inet_pton(AF_INET, address, &endpoint.in.sin_addr) == 1) {
		endpoint.in.sin_family = AF_INET;
		endpoint.in.sin_port = htons(port);
		return endpoint;
	}
	endpoint.size = sizeof(endpoint.in6);
	if (inet_pton(AF_INET6, address, &endpoint.in6.sin6_addr) != 1)
		harness_fail("%s is no address", address);
	endpoint.in6.sin6_family = AF_INET6;
	endpoint.in6.sin6_port = htons(port);
	return endpoint;
}

static int socket_of(const struct endpoint *endpoint, int type)
{
	int fd = socket(endpoint->any.sa_family, type | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		harness_fail("cannot make a socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return fd;
}

void action_connect(const char *address, uint16_t port)
{
	struct endpoint to = endpoint_of(address, port);
	int fd = socket_of(&to, SOCK_STREAM);

	if (!connect(fd, &to.any, to.size) || errno != ECONNREFUSED)
		harness_fail("%s port %u did not refuse", address, port);
	close(fd);
}

static void bind_to(int fd, const struct endpoint *to, const char *address, uint16_t port)
{
	if (bind(fd, &to->any, to->size))
		harness_fail("cannot bind to %s port %u: %s", address, port, strerror(errno));
}

void action_listen(const char *address, uint16_t port)
{
	struct endpoint to = endpoint_of(address, port);
	int fd = socket_of(&to, SOCK_STREAM);

	bind_to(fd, &to, address, port);
	if (listen(fd, 1))
		harness_fail("cannot listen on %s port %u: %s", address, port, strerror(errno));
	close(fd);
}

void action_send(const char *address, uint16_t port)
{
	struct endpoint to = endpoint_of(address, port);
	int fd = socket_of(&to, SOCK_DGRAM);

	if (sendto(fd, "x", 1, 0, &to.any, to.size) != 1)
		harness_fail("cannot send to %s port %u: %s", address, port, strerror(errno));
	close(fd);
}

uint16_t action_bind(const char *address, uint16_t port)
{
	struct endpoint to = endpoint_of(address, port);
	int fd = socket_of(&to, SOCK_DGRAM);
	struct endpoint bound = {.size = sizeof(bound.in6)};

	bind_to(fd, &to, address, port);
	if (getsockname(fd, &bound.any, &bound.size))
		harness_fail("a socket does not know its name: %s", strerror(errno));
	close(fd);
	return ntohs(to.any.sa_family == AF_INET ? bound.in.sin_port : bound.in6.sin6_port);
}
