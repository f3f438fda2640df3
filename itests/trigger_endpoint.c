// SPDX-License-Identifier: Apache-2.0
#include "trigger_endpoint.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *family;
	const char *address;
} families[] = {
	{"4", "127.0.0.1"},  {"6", "::1"},   {"mapped", "::ffff:127.0.0.1"},
	{"any4", "0.0.0.0"}, {"any6", "::"},
};

struct endpoint endpoint_parse(const char *address, uint16_t port)
{
	struct endpoint endpoint;

	memset(&endpoint, 0, sizeof(endpoint));
	if (inet_pton(AF_INET, address, &endpoint.v4.sin_addr) == 1) {
		endpoint.v4.sin_family = AF_INET;
		endpoint.v4.sin_port = htons(port);
		endpoint.size = sizeof(endpoint.v4);
	} else if (inet_pton(AF_INET6, address, &endpoint.v6.sin6_addr) == 1) {
		endpoint.v6.sin6_family = AF_INET6;
		endpoint.v6.sin6_port = htons(port);
		endpoint.size = sizeof(endpoint.v6);
	} else {
		errx(EXIT_FAILURE, "not an address: '%s'", address);
	}
	return endpoint;
}

struct endpoint endpoint_of_family(const char *family, uint16_t port)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (!strcmp(family, families[i].family))
			return endpoint_parse(families[i].address, port);
	}
	errx(EXIT_FAILURE, "not a family: '%s'", family);
}

struct endpoint endpoint_of_socket(int fd)
{
	struct endpoint endpoint;

	memset(&endpoint, 0, sizeof(endpoint));
	endpoint.size = sizeof(endpoint.v6);
	if (getsockname(fd, &endpoint.any, &endpoint.size))
		err(EXIT_FAILURE, "getsockname");
	return endpoint;
}

struct endpoint endpoint_source(const struct endpoint *to)
{
	int fd = endpoint_socket(to, SOCK_DGRAM);
	struct endpoint from;

	if (connect(fd, &to->any, to->size))
		err(EXIT_FAILURE, "no route to the destination");
	from = endpoint_of_socket(fd);
	close(fd);
	return from;
}

const char *endpoint_format(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE])
{
	const struct in6_addr *v6 = &endpoint->v6.sin6_addr;

	if (endpoint->any.sa_family == AF_INET)
		return inet_ntop(AF_INET, &endpoint->v4.sin_addr, text, ENDPOINT_TEXT_SIZE);
	if (IN6_IS_ADDR_V4MAPPED(v6))
		return inet_ntop(AF_INET, &v6->s6_addr[12], text, ENDPOINT_TEXT_SIZE);
	return inet_ntop(AF_INET6, v6, text, ENDPOINT_TEXT_SIZE);
}

uint16_t endpoint_port(const struct endpoint *endpoint)
{
	return ntohs(endpoint->any.sa_family == AF_INET ? endpoint->v4.sin_port
							: endpoint->v6.sin6_port);
}

int endpoint_socket(const struct endpoint *endpoint, int type)
{
	int fd = socket(endpoint->any.sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(EXIT_FAILURE, "socket");
	return fd;
}

int endpoint_bind(struct endpoint *endpoint, int type)
{
	int fd = endpoint_socket(endpoint, type);

	if (bind(fd, &endpoint->any, endpoint->size))
		err(EXIT_FAILURE, "bind");
	*endpoint = endpoint_of_socket(fd);
	return fd;
}

int endpoint_listen(struct endpoint *endpoint, int backlog)
{
	int fd = endpoint_bind(endpoint, SOCK_STREAM);

	if (listen(fd, backlog))
		err(EXIT_FAILURE, "listen");
	return fd;
}
