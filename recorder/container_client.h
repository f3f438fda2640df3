/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways to ask a container runtime: over its API socket, or by running nerdctl.
 * All calls of a client are made and answered in one thread, several at a time.
 */
#ifndef PIDTREE_CONTAINER_CLIENT_H
#define PIDTREE_CONTAINER_CLIENT_H

#include "container_message.h"

#define CONTAINER_ANSWER_MAX (16 * 1024 * 1024) /* bytes of an answer, or of one event */

enum container_question {
	CONTAINER_LIST,	   /* which containers run */
	CONTAINER_INSPECT, /* what one of them is like */
	CONTAINER_EVENTS,  /* what happens from now on, a line each; ends only when it breaks */
};

/* A question on its way. */
struct container_call {
	enum container_question question;
	char runtime_id[CONTAINER_RUNTIME_ID_SIZE]; /* of an INSPECT */
	/* What was answered so far; of EVENTS, what was not yet taken. */
	char *answer;
	size_t size;
	unsigned tries; /* the asker's, as is the next */
	bool is_listed;
	void *transport; /* the client's */
	int fd;		 /* the client's */
	struct container_call *next;
};

/* Where a client puts what comes. */
struct container_asker {
	void *context;
	/* More of EVENTS has come. False breaks the call off. */
	bool (*more)(void *context, struct container_call *call);
	/* The call has ended: 0, -ENOENT (no such container), or -errno. It is the asker's again.
	 */
	void (*done)(void *context, struct container_call *call, int r);
};

struct container_client;

/* How a kind of client does it. */
struct container_client_type {
	/* Begin a call. 0, or -errno without done being called. */
	int (*begin)(struct container_client *client, struct container_call *call);
	/* Wait until something comes, at most timeout_ms, and hand it to the asker. */
	void (*wait)(struct container_client *client, int timeout_ms);
	/* End the waiting; the only function that other threads may call. */
	void (*wake)(struct container_client *client);
	/* Break off all calls, as done() with -ECANCELED, and end. */
	void (*close)(struct container_client *client);
};

struct container_client {
	const struct container_client_type *type;
	const struct container_asker *asker;
};

/* Add what has come to a call's answer. False when it is too long, or out of memory. */
bool container_call_add(struct container_call *call, const void *bytes, size_t size);

/* A client of the API at a socket; asker must outlive it. NULL when out of memory. */
struct container_client *container_http_open(const char *socket,
					     const struct container_asker *asker);

/* A client that runs nerdctl, found in PATH, for a namespace of containerd. */
struct container_client *container_nerdctl_open(const char *containerd_namespace,
						const struct container_asker *asker);

#endif
