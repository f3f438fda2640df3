/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich.h"

#include <errno.h>
#include <stdlib.h>

#include "enrich_udp.h"

struct enrich *enrich_new(struct clock *clock, struct process_table *processes, struct flows *flows,
			  const struct enrich_sink *sink, const struct enrich_source *source,
			  uint64_t session_max_ns)
{
	struct enrich *enrich = malloc(sizeof(*enrich));

	if (!enrich)
		return NULL;
	*enrich = (struct enrich){
		.clock = clock,
		.processes = processes,
		.flows = flows,
		.sink = sink,
		.source = source,
		.session_max_ns = session_max_ns,
	};
	return enrich;
}

void enrich_free(struct enrich *enrich)
{
	free(enrich);
}

/* The outcome of a connect that was not established, from the socket's error. */
static enum outcome outcome_of(const struct wire_outcome *outcome)
{
	if (outcome->flags & WIRE_OUTCOME_NO_ROUTE)
		return OUTCOME_UNREACHABLE;
	switch (outcome->error) {
	case 0:
		/* Nobody gave up: the kernel found no free port. */
		return outcome->sport ? OUTCOME_ABORTED : OUTCOME_FAILED;
	case ECONNABORTED:
		return OUTCOME_ABORTED;
	case ECONNREFUSED:
		return OUTCOME_REFUSED;
	case ECONNRESET:
	case EPIPE:
		return OUTCOME_RESET;
	case ETIMEDOUT:
		return OUTCOME_TIMED_OUT;
	case ENETUNREACH: /* what ICMP says, net/ipv4/icmp.c, icmp_err_convert */
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case ENONET:
	case ENOPROTOOPT:
	case EACCES:
		return OUTCOME_UNREACHABLE;
	default:
		return OUTCOME_FAILED;
	}
}

static void event_from_open(struct event *event, const struct wire_open *open, int64_t id,
			    const struct image *image)
{
	*event = (struct event){
		.id = id,
		.process_id = image->process.id,
		.cookie = open->cookie,
		.probe = open->header.probe,
		.protocol = open->protocol,
		.saddr = address_from_mapped(open->saddr),
		.sport = open->sport,
		.dport = open->dport,
	};
	if (open->header.probe != WIRE_PROBE_NET_LISTEN)
		event->daddr = address_from_mapped(open->daddr);
}

int enrich_attributes(struct enrich *enrich, struct event *event, const struct image *image)
{
	const struct enrich_sink *sink = enrich->sink;

	return sink->attributes ? sink->attributes(sink->context, event, image) : 0;
}

static int enrich_open(struct enrich *enrich, const struct wire_open *open)
{
	struct event event;
	struct image *image;
	struct flow *flow = NULL;
	int64_t id;
	int r = process_table_find(enrich->processes, &open->task, open->header.boot_ns, &image);

	if (r)
		return r;
	id = clock_next_id(enrich->clock, open->header.boot_ns);
	event_from_open(&event, open, id, image);
	if (open->header.probe == WIRE_PROBE_UDP_SESSION)
		return enrich_udp_open(enrich, open, &event, image);

	if (open->flags & WIRE_OPEN_RANDOM_PORT)
		event.sport = enrich->source->listen_port(enrich->source->context, event.cookie,
							  open->task.pid);
	r = enrich_attributes(enrich, &event, image);
	if (r)
		return r;
	if (event.cookie) {
		flow = flow_open(enrich->flows, event.cookie, event.probe, open->header.boot_ns,
				 id);
		if (!flow)
			return -ENOMEM;
	}
	r = enrich->sink->event(enrich->sink->context, &event);
	if (r)
		return r;
	/* A listener that was closed too soon tells its port at its end. */
	if (event.probe == PROBE_NET_LISTEN && !event.sport && flow)
		return flow_keep(flow, &event, image);
	enrich->sink->show(enrich->sink->context, &event, 1, image);
	return 0;
}

/* The flow that a record of this probe, socket and time belongs to, or NULL. */
static struct flow *enrich_flow(struct enrich *enrich, uint64_t cookie, uint16_t probe,
				uint64_t open_boot_ns)
{
	struct flow *flow = flow_find(enrich->flows, cookie, probe);

	if (!flow || (flow->open_boot_ns && flow->open_boot_ns != open_boot_ns))
		return NULL;
	return flow;
}

static int enrich_outcome(struct enrich *enrich, const struct wire_outcome *outcome)
{
	struct flow *flow =
		enrich_flow(enrich, outcome->cookie, outcome->header.probe, outcome->open_boot_ns);
	bool is_established = outcome->flags & WIRE_OUTCOME_ESTABLISHED;
	struct event event;

	if (!flow)
		return 0;
	event = (struct event){
		.id = flow->event_id,
		.probe = outcome->header.probe,
		.outcome_ns = clock_unix_ns(enrich->clock, outcome->header.boot_ns),
		.outcome = is_established ? OUTCOME_ESTABLISHED : outcome_of(outcome),
		.outcome_error = outcome->error,
		.saddr = address_from_mapped(outcome->saddr),
		.sport = outcome->sport,
	};
	if (!is_established)
		flow_close(enrich->flows, flow);
	return enrich->sink->outcome(enrich->sink->context, &event);
}

/* A listener whose port comes to light only now. */
static int enrich_late_port(struct enrich *enrich, struct flow *flow, const struct wire_end *end)
{
	struct event *event = &flow->events[0];

	event->sport = end->sport;
	event->outcome_ns = clock_unix_ns(enrich->clock, end->header.boot_ns);
	enrich->sink->show(enrich->sink->context, event, 1, flow->image);
	return enrich->sink->outcome(enrich->sink->context, event);
}

static int enrich_end(struct enrich *enrich, const struct wire_end *end)
{
	struct flow *flow = enrich_flow(enrich, end->cookie, end->header.probe, end->open_boot_ns);
	struct event event;
	int r = 0;

	if (!flow)
		return 0;
	if (end->header.probe == WIRE_PROBE_UDP_SESSION)
		return enrich_udp_end(enrich, flow, end);
	event = (struct event){
		.id = flow->event_id,
		.probe = end->header.probe,
		.end_ns = clock_unix_ns(enrich->clock, end->header.boot_ns),
		.end_error = end->error,
		.end_reason = END_CLOSED,
		.bytes_sent = end->bytes_sent,
		.bytes_received = end->bytes_received,
		.messages = end->messages,
	};
	if (flow->event_count)
		r = enrich_late_port(enrich, flow, end);
	flow_close(enrich->flows, flow);
	return r ? r : enrich->sink->end(enrich->sink->context, &event);
}

int enrich_listener(struct enrich *enrich, const struct wire_socket *socket, uint64_t boot_ns)
{
	struct image *image;
	struct event event;
	int r = process_table_find(enrich->processes, &socket->task, boot_ns, &image);

	if (r)
		return r;
	event = (struct event){
		.id = clock_next_id(enrich->clock, boot_ns),
		.process_id = image->process.id,
		.cookie = socket->cookie,
		.probe = PROBE_NET_LISTEN,
		.protocol = socket->protocol,
		.saddr = address_from_mapped(socket->saddr),
		.sport = socket->sport,
		.attributes = "{\"snapshot\":true}",
	};
	if (!flow_find(enrich->flows, event.cookie, event.probe)) {
		if (!flow_open(enrich->flows, event.cookie, event.probe, boot_ns, event.id))
			return -ENOMEM;
		enrich->source->follow_listener(enrich->source->context, event.cookie, boot_ns);
	}
	r = enrich_attributes(enrich, &event, image);
	if (!r)
		r = enrich->sink->event(enrich->sink->context, &event);
	if (!r)
		enrich->sink->show(enrich->sink->context, &event, 1, image);
	return r;
}

int enrich_restore(struct enrich *enrich, const struct event *event)
{
	struct image *image = process_table_restored(enrich->processes, event->process_id);
	struct flow *flow = NULL;

	if (!event->cookie) /* nothing follows */
		return 0;
	/* Of a UDP session every destination is kept, of others the newest event of a socket. */
	if (event->session_id && event->session_id != event->id)
		flow = flow_find(enrich->flows, event->cookie, event->probe);
	if (!flow || flow->event_id != event->session_id)
		flow = flow_open(enrich->flows, event->cookie, event->probe, 0,
				 event->session_id ? event->session_id : event->id);
	if (!flow)
		return -ENOMEM;
	if (event->probe == PROBE_UDP_SESSION ||
	    (event->probe == PROBE_NET_LISTEN && !event->sport))
		return flow_keep(flow, event, image);
	return 0;
}

int enrich_record(struct enrich *enrich, const struct record *record)
{
	switch ((enum wire_type)record->header.type) {
	case WIRE_FORK:
		return process_table_fork(enrich->processes, &record->fork);
	case WIRE_EXEC:
		return process_table_exec(enrich->processes, record);
	case WIRE_EXIT:
		return process_table_exit(enrich->processes, &record->exit);
	case WIRE_OPEN:
		return enrich_open(enrich, &record->open);
	case WIRE_OUTCOME:
		return enrich_outcome(enrich, &record->outcome);
	case WIRE_END:
		return enrich_end(enrich, &record->end);
	case WIRE_CGROUP:
		return enrich->sink->cgroup(enrich->sink->context, &record->cgroup);
	case WIRE_TYPES:
		break;
	}
	return -EBADMSG;
}
