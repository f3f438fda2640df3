/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich_udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "timestamp.h"

/* Destinations that ended before their session, kept to be shown with it. */
#define ENDED_KEPT 1024

/* The kernel takes times before it stores them; an idle session is over only after this much more.
 */
#define IDLE_SLACK_NS NSEC_PER_SEC

static struct wire_udp_key udp_key(const struct event *event)
{
	struct wire_udp_key key = {.cookie = event->cookie};

	address_to_mapped(&event->daddr, key.destination.addr);
	key.destination.port = event->dport;
	return key;
}

/* What the kernel knows of a session: of its socket, or from the socket's END. */
struct udp_state {
	struct wire_udp_count first;  /* counts of the socket's first destination */
	const struct wire_open *next; /* what began the session after this one, NULL for none */
};

/*
 * The count of one destination in its session. True when the kernel's entry is
 * done with then: not that of a socket's first destination, nor one that
 * counts for the next session by now.
 */
static bool udp_count(struct enrich *enrich, const struct event *event,
		      const struct udp_state *state, struct wire_udp_count *ret)
{
	struct wire_udp_key key = udp_key(event);
	const struct wire_open *next = state->next;
	bool is_first = enrich->source->udp_destination(enrich->source->context, &key, ret) != 0;

	if (is_first)
		*ret = state->first;
	if (!next || ret->session_boot_ns != next->session_boot_ns)
		return !is_first;
	*ret = (struct wire_udp_count){0};
	/* Of the others that are in it, their own OPEN will tell, too late for us. */
	if (key.destination.port == next->dport &&
	    !memcmp(key.destination.addr, next->daddr, sizeof(next->daddr)))
		*ret = (struct wire_udp_count){.messages = next->previous_messages,
					       .bytes = next->previous_bytes};
	return false;
}

/* End one event of a session: fill its end in, and hand it on. */
static int udp_end_event(struct enrich *enrich, struct event *event, const struct udp_state *state,
			 int64_t end_ns, enum end_reason reason)
{
	struct wire_udp_count count;
	struct wire_udp_key key;

	if (event->end_ns) /* before its session */
		return 0;
	if (udp_count(enrich, event, state, &count)) {
		key = udp_key(event);
		enrich->source->udp_forget(enrich->source->context, &key);
	}
	event->end_ns = end_ns > event->id ? end_ns : event->id;
	event->end_reason = reason;
	event->messages = count.messages;
	event->bytes_sent = count.bytes;
	return enrich->sink->end(enrich->sink->context, event);
}

/* End a session and all that is open in it, show it, and forget it. */
static int udp_end_session(struct enrich *enrich, struct flow *flow, const struct udp_state *state,
			   uint64_t end_boot_ns, enum end_reason reason)
{
	int64_t end_ns = clock_unix_ns(enrich->clock, end_boot_ns);
	int r = 0;

	for (size_t i = 0; i < flow->event_count && !r; i++)
		r = udp_end_event(enrich, &flow->events[i], state, end_ns, reason);
	if (flow->event_count)
		enrich->sink->show(enrich->sink->context, flow->events, flow->event_count,
				   flow->image);
	flow_close(enrich->flows, flow);
	return r;
}

/*
 * The session before the one that open begins was idle for too long. What its
 * destination had in it is in open, what the others had still in the maps.
 */
static int udp_end_previous(struct enrich *enrich, struct flow *flow, const struct wire_open *open)
{
	struct wire_udp_socket udp = {0};
	struct udp_state state;

	enrich->source->udp_socket(enrich->source->context, open->cookie, &udp);
	state = (struct udp_state){.first = udp.count, .next = open};
	return udp_end_session(enrich, flow, &state, open->header.boot_ns, END_IDLE);
}

/* A session that was restored knows its beginning only as its first event's id. */
static bool is_same_session(struct enrich *enrich, const struct flow *flow,
			    const struct wire_open *open)
{
	int64_t begin_ns = clock_unix_ns(enrich->clock, open->session_boot_ns);

	if (flow->open_boot_ns)
		return flow->open_boot_ns == open->session_boot_ns;
	return begin_ns < flow->event_id + (int64_t)enrich->session_max_ns;
}

int enrich_udp_open(struct enrich *enrich, const struct wire_open *open, struct event *event,
		    struct image *image)
{
	struct flow *flow = flow_find(enrich->flows, event->cookie, event->probe);
	int r;

	if (flow && !is_same_session(enrich, flow, open)) {
		r = udp_end_previous(enrich, flow, open);
		if (r)
			return r;
		flow = NULL;
	}
	if (!flow)
		flow = flow_open(enrich->flows, event->cookie, event->probe, open->session_boot_ns,
				 event->id);
	if (!flow)
		return -ENOMEM;
	event->session_id = flow->event_id;
	flow->next_check_boot_ns = open->header.boot_ns + enrich->session_max_ns + IDLE_SLACK_NS;
	r = enrich_attributes(enrich, event, image);
	if (!r)
		r = flow_keep(flow, event, image);
	return r ? r : enrich->sink->event(enrich->sink->context, event);
}

int enrich_udp_end(struct enrich *enrich, struct flow *flow, const struct wire_end *end)
{
	struct udp_state state = {
		.first = {.messages = end->messages, .bytes = end->bytes_sent},
	};

	return udp_end_session(enrich, flow, &state, end->header.boot_ns, END_CLOSED);
}

/* Show the destinations that have ended and keep only the others, so that memory stays bounded. */
static int udp_show_ended(struct enrich *enrich, struct flow *flow)
{
	size_t ended = 0, shown = 0, rest = 0;
	_cleanup_free_ struct event *show = NULL;

	for (size_t i = 0; i < flow->event_count; i++)
		ended += flow->events[i].end_ns != 0;
	if (ended <= ENDED_KEPT)
		return 0;
	show = reallocarray(NULL, ended, sizeof(*show));
	if (!show)
		return -ENOMEM;
	for (size_t i = 0; i < flow->event_count; i++)
		if (flow->events[i].end_ns)
			show[shown++] = flow->events[i];
		else
			flow->events[rest++] = flow->events[i];
	flow->event_count = rest;
	enrich->sink->show(enrich->sink->context, show, shown, flow->image);
	for (size_t i = 0; i < shown; i++)
		flow_clear_event(&show[i]);
	return 0;
}

/* End the destinations of a busy socket that it sends to no more. */
static int udp_sweep_destinations(struct enrich *enrich, struct flow *flow,
				  const struct udp_state *state, uint64_t now_boot_ns)
{
	uint64_t idle_ns = enrich->session_max_ns + IDLE_SLACK_NS;
	int r = 0;

	for (size_t i = 0; i < flow->event_count && !r; i++) {
		struct event *event = &flow->events[i];
		struct wire_udp_count count;

		if (event->end_ns || !udp_count(enrich, event, state, &count) ||
		    count.last_boot_ns + idle_ns > now_boot_ns)
			continue;
		r = udp_end_event(enrich, event, state,
				  clock_unix_ns(enrich->clock, count.last_boot_ns), END_IDLE);
	}
	return r ? r : udp_show_ended(enrich, flow);
}

struct sweep {
	struct enrich *enrich;
	uint64_t now_boot_ns;
	int r;
};

static void sweep_flow(void *context, struct flow *flow)
{
	struct sweep *sweep = context;
	struct enrich *enrich = sweep->enrich;
	uint64_t idle_ns = enrich->session_max_ns + IDLE_SLACK_NS;
	struct wire_udp_socket udp;
	struct udp_state state;

	if (sweep->r || flow->next_check_boot_ns > sweep->now_boot_ns)
		return;
	if (!flow->next_check_boot_ns) /* restored: its END may be in the ring */
		flow->next_check_boot_ns = sweep->now_boot_ns;
	if (enrich->source->udp_socket(enrich->source->context, flow->key.cookie, &udp)) {
		/* Closed; its END is in the ring, or was lost and will not come. */
		if (flow->next_check_boot_ns + idle_ns < sweep->now_boot_ns)
			sweep->r = udp_end_session(enrich, flow, &(struct udp_state){0},
						   sweep->now_boot_ns, END_CLOSED);
		return;
	}
	state = (struct udp_state){.first = udp.count};
	if (udp.last_boot_ns + idle_ns < sweep->now_boot_ns) {
		sweep->r = udp_end_session(enrich, flow, &state, udp.last_boot_ns, END_IDLE);
		return;
	}
	sweep->r = udp_sweep_destinations(enrich, flow, &state, sweep->now_boot_ns);
	flow->next_check_boot_ns = sweep->now_boot_ns + idle_ns / 2;
}

int enrich_sweep(struct enrich *enrich, uint64_t now_boot_ns)
{
	struct sweep sweep = {.enrich = enrich, .now_boot_ns = now_boot_ns};

	flows_visit(enrich->flows, PROBE_UDP_SESSION, sweep_flow, &sweep);
	return sweep.r;
}

static void stop_flow(void *context, struct flow *flow)
{
	struct sweep *sweep = context;
	struct enrich *enrich = sweep->enrich;
	struct wire_udp_socket udp = {0};
	struct udp_state state;

	enrich->source->udp_socket(enrich->source->context, flow->key.cookie, &udp);
	state = (struct udp_state){.first = udp.count};
	if (!sweep->r)
		sweep->r = udp_end_session(enrich, flow, &state, sweep->now_boot_ns, END_STOPPED);
}

int enrich_stop(struct enrich *enrich, uint64_t now_boot_ns)
{
	struct sweep sweep = {.enrich = enrich, .now_boot_ns = now_boot_ns};

	flows_visit(enrich->flows, PROBE_UDP_SESSION, stop_flow, &sweep);
	return sweep.r;
}
