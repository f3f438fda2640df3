/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses with ports, and sockets for them. Every function exits when the kernel refuses. */
#ifndef ITESTS_TRIGGER_ENDPOINT_H
#define ITESTS_TRIGGER_ENDPOINT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#define ENDPOINT_TEXT_SIZE INET6_ADDRSTRLEN

struct endpoint {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t size;
};

/* The address that a FAMILY argument stands for: 4, 6, mapped (loopback), any4, any6. */
struct endpoint endpoint_of_family(const char *family, uint16_t port);

/* An address as text; a v4-mapped one is for a v6 socket. */
struct endpoint endpoint_parse(const char *address, uint16_t port);

/* The address that a socket is bound to. */
struct endpoint endpoint_of_socket(int fd);

/* The address from which this host would send to another. */
struct endpoint endpoint_source(const struct endpoint *to);

/* The address without its port, v4-mapped as IPv4. Returns text. */
const char *endpoint_format(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE]);

uint16_t endpoint_port(const struct endpoint *endpoint);

/* A new close-on-exec socket of the endpoint's family. */
int endpoint_socket(const struct endpoint *endpoint, int type);

/* A new socket bound to the endpoint, to whose port *endpoint is then set. */
int endpoint_bind(struct endpoint *endpoint, int type);

/* endpoint_bind of a TCP socket that listens. */
int endpoint_listen(struct endpoint *endpoint, int backlog);

#endif
