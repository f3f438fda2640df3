/* SPDX-License-Identifier: Apache-2.0 */
/* The part of enrich that knows UDP sessions. */
#ifndef PIDTREE_ENRICH_UDP_H
#define PIDTREE_ENRICH_UDP_H

#include "enrich.h"

struct enrich {
	struct clock *clock;
	struct process_table *processes;
	struct flows *flows;
	const struct enrich_sink *sink;
	const struct enrich_source *source;
	uint64_t session_max_ns;
};

/* Let the sink add to the attributes of an event that is about to be stored. */
int enrich_attributes(struct enrich *enrich, struct event *event, const struct image *image);

/* The first message to a destination: event joins the session of its socket, or begins one. */
int enrich_udp_open(struct enrich *enrich, const struct wire_open *open, struct event *event,
		    struct image *image);

/* The socket was closed. */
int enrich_udp_end(struct enrich *enrich, struct flow *flow, const struct wire_end *end);

#endif
