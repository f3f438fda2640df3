/* SPDX-License-Identifier: Apache-2.0 */
/* Things done with sockets in the test's own process, for tests of what is recorded and what not.
 */
#ifndef PIDTREE_ITESTS_SOCKET_ACTION_H
#define PIDTREE_ITESTS_SOCKET_ACTION_H

#include <stdint.h>

/*
 * Connect to an address that nobody listens on, listen and close, or send one
 * datagram and close. Fail the running test when the kernel refuses it.
 */
void action_connect(const char *address, uint16_t port);
void action_listen(const char *address, uint16_t port);
void action_send(const char *address, uint16_t port);

/* Bind a UDP socket, and close it. Port 0 lets the kernel choose; returns the port. */
uint16_t action_bind(const char *address, uint16_t port);

#endif
