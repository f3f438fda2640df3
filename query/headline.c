// SPDX-License-Identifier: Apache-2.0
#include "headline.h"

#include "escape.h"
#include "outcome.h"
#include "timestamp.h"
#include "units.h"

static const char *arrow(bool utf8)
{
	return utf8 ? "→" : "->";
}

/* "10.0.0.5:80", "[::1]:80", or the address alone while its port is not known. */
static void write_endpoint(FILE *out, const struct address *address, uint16_t port)
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(address, text);
	if (!port)
		fputs(address->size ? text : "?", out);
	else if (address->size == 16)
		fprintf(out, "[%s]:%u", text, port);
	else
		fprintf(out, "%s:%u", address->size ? text : "?", port);
}

static void write_way(FILE *out, const struct event *event, bool utf8)
{
	write_endpoint(out, &event->saddr, event->sport);
	fprintf(out, " %s ", arrow(utf8));
	write_endpoint(out, &event->daddr, event->dport);
}

static void write_span(FILE *out, const char *before, int64_t span_ns, bool utf8)
{
	char text[UNITS_TEXT_SIZE];

	fprintf(out, "%s%s", before, units_span(span_ns, utf8, text));
}

static void write_bytes(FILE *out, uint64_t bytes, const char *after)
{
	char text[UNITS_TEXT_SIZE];

	fprintf(out, ", %s %s", units_bytes(bytes, text), after);
}

static void write_messages(FILE *out, uint64_t messages)
{
	char text[UNITS_TEXT_SIZE];

	fprintf(out, "%s message%s", units_count(messages, text), messages == 1 ? "" : "s");
}

static void write_outcome(FILE *out, const struct event *event, bool utf8)
{
	const char *name = outcome_name(event->outcome);
	bool established = event->outcome == OUTCOME_ESTABLISHED;

	if (!event->outcome_ns) {
		fputs("outcome not recorded", out);
		return;
	}
	fprintf(out, "%s", *name ? name : "ended");
	write_span(out, established ? " in " : " after ", event->outcome_ns - event->id, utf8);
}

static void write_connection(FILE *out, const struct event *event, bool utf8)
{
	enum outcome final = event_final_outcome(event);
	const char *error = event_error(event);

	write_way(out, event, utf8);
	fputs("  ", out);
	write_outcome(out, event, utf8);
	if (event->outcome == OUTCOME_ESTABLISHED) {
		if (!event->end_ns) {
			fputs(", no end recorded", out);
		} else {
			fprintf(out, ", %s",
				final == OUTCOME_ESTABLISHED ? "closed" : outcome_name(final));
			write_span(out, " after ", event->end_ns - event->id, utf8);
		}
	}
	if (*error)
		fprintf(out, " (%s)", error);
	if (event->end_ns && event->outcome != OUTCOME_REFUSED) {
		write_bytes(out, event->bytes_sent, "sent");
		write_bytes(out, event->bytes_received, "received");
	}
}

static void write_listener(FILE *out, const struct event *event, bool utf8)
{
	fprintf(out, "%s ", event->protocol == IPPROTO_UDP ? "udp" : "tcp");
	write_endpoint(out, &event->saddr, event->sport);
	if (event->end_ns)
		write_span(out, "  closed after ", event->end_ns - event->id, utf8);
	else
		fputs("  no end recorded", out);
}

/* What went to one destination. */
static void write_traffic(FILE *out, const struct event *event, bool utf8)
{
	if (!event->end_ns) {
		fputs("no end recorded", out);
		return;
	}
	write_messages(out, event->messages);
	write_bytes(out, event->bytes_sent, "sent");
	write_span(out, event->end_reason == END_IDLE ? ", idle after " : ", ended after ",
		   event->end_ns - event->id, utf8);
}

static void write_totals(FILE *out, const struct result *result)
{
	uint64_t messages = 0, bytes = 0;

	for (size_t i = 0; i < result->count; i++) {
		if (!result->events[i].end_ns) {
			fputs("no end recorded", out);
			return;
		}
		messages += result->events[i].messages;
		bytes += result->events[i].bytes_sent;
	}
	write_messages(out, messages);
	write_bytes(out, bytes, "sent");
}

static void write_session(FILE *out, const struct result *result, bool utf8)
{
	const struct event *first = &result->events[0];

	if (result->count == 1) {
		write_way(out, first, utf8);
		fputs("  ", out);
		write_traffic(out, first, utf8);
		return;
	}
	write_endpoint(out, &first->saddr, first->sport);
	fprintf(out, " %s %zu destinations  ", arrow(utf8), result->count);
	write_totals(out, result);
	for (size_t i = 0; i < result->count; i++) {
		fprintf(out, "\n    %s ", arrow(utf8));
		write_endpoint(out, &result->events[i].daddr, result->events[i].dport);
		fputs("  ", out);
		write_traffic(out, &result->events[i], utf8);
	}
}

/* As runtimes do: the name and the first 12 digits of the id. */
static void write_container(FILE *out, const struct container *container, bool utf8)
{
	fputs("  container ", out);
	if (container->name) {
		escape_write(out, container->name, utf8);
		fprintf(out, " (%.12s)", container->runtime_id);
	} else {
		fprintf(out, "%.12s", container->runtime_id);
	}
}

void headline_write(FILE *out, const struct result *result, bool utf8)
{
	const struct event *event = &result->events[0];
	const struct container *container =
		result->lineage.depth ? result->lineage.processes[0]->container : NULL;
	char time[TIMESTAMP_TEXT_SIZE];

	fprintf(out, "%s  ", timestamp_format_local(event->id, time));
	escape_write(out, result->probe, utf8);
	if (container)
		write_container(out, container, utf8);
	fputs("  ", out);
	switch (event->probe) {
	case PROBE_TCP_CONNECT:
		write_connection(out, event, utf8);
		break;
	case PROBE_NET_LISTEN:
		write_listener(out, event, utf8);
		break;
	case PROBE_UDP_SESSION:
		write_session(out, result, utf8);
		break;
	default:
		write_way(out, event, utf8);
	}
	fputc('\n', out);
}
