/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is open on a socket: the events whose outcome or end is still to come.
 * A connect and a listen have one event, a UDP session one for each
 * destination.
 */
#ifndef PIDTREE_FLOW_H
#define PIDTREE_FLOW_H

#include <uthash.h>

#include "image.h"
#include "model.h"

struct flow_key {
	uint64_t cookie;
	uint64_t probe;
};

struct flow {
	struct flow_key key;
	uint64_t open_boot_ns; /* of the OPEN, UDP: of the session's first; 0: not known any more */
	int64_t event_id;      /* of the event, UDP: of the session's first */

	/* What must be known until the end, for UDP and for listeners without a port yet. */
	struct image *image; /* a reference */
	struct event *events;
	size_t event_count;
	size_t event_capacity;
	uint64_t next_check_boot_ns; /* UDP: not idle before */
	UT_hash_handle hh;
};

struct flows;

struct flows *flows_new(void);
void flows_free(struct flows *flows);

/* The flow of this probe on this socket, or NULL. */
struct flow *flow_find(struct flows *flows, uint64_t cookie, uint32_t probe);

/* A flow without events. One that was open for the same key is forgotten. NULL: out of memory. */
struct flow *flow_open(struct flows *flows, uint64_t cookie, uint32_t probe, uint64_t open_boot_ns,
		       int64_t event_id);

/*
 * Keep a copy of event, with its attributes, with the flow, and a reference to
 * the process that began it. 0 or -ENOMEM.
 */
int flow_keep(struct flow *flow, const struct event *event, struct image *image);

/* Free what was copied for an event that is taken out of a flow. */
void flow_clear_event(struct event *event);

void flow_close(struct flows *flows, struct flow *flow);

size_t flows_count(const struct flows *flows);

/* Call visit for every flow of the probe; it may close the flow it is given. */
void flows_visit(struct flows *flows, uint32_t probe,
		 void (*visit)(void *context, struct flow *flow), void *context);

#endif
