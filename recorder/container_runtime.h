/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that talks to the container runtime: it lists what runs, at the
 * start and every half an hour, follows the runtime's events, asks about what
 * others name, and puts what it learns into a queue. A runtime that goes away
 * is waited for.
 */
#ifndef PIDTREE_CONTAINER_RUNTIME_H
#define PIDTREE_CONTAINER_RUNTIME_H

#include "container_message.h"

/* What to talk to. */
struct container_runtime_config {
	const char *socket; /* of Docker's API; NULL: nerdctl, if the next is not NULL either */
	const char *containerd_namespace; /* NULL: there is no runtime */
};

/*
 * What this host has: the socket that was configured (or NULL), else nerdctl
 * where containerd runs Kubernetes' containers (or those of the namespace in
 * the environment's CONTAINERD_NAMESPACE), else Docker's socket, else podman's.
 */
struct container_runtime_config container_runtime_find(const char *configured_socket);

struct container_runtime;

/*
 * Start the thread; what it says goes to queue, which has to outlive it. find
 * is called in that thread before each attempt; context is for it. NULL when
 * out of memory or threads.
 */
struct container_runtime *
container_runtime_start(struct container_queue *queue,
			struct container_runtime_config (*find)(const char *context),
			const char *context);

/* Break off what it is doing and end it. Takes NULL. */
void container_runtime_stop(struct container_runtime *runtime);

/* Ask about a container: UP or UNKNOWN will be said of it, soon if the runtime answers. */
void container_runtime_ask(struct container_runtime *runtime, const char *runtime_id);

#endif
