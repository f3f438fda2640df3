/* SPDX-License-Identifier: Apache-2.0 */
#include "flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct flows {
	struct flow *by_key;
};

struct flows *flows_new(void)
{
	return calloc(1, sizeof(struct flows));
}

void flows_free(struct flows *flows)
{
	struct flow *flow, *next;

	if (!flows)
		return;
	HASH_ITER (hh, flows->by_key, flow, next)
		flow_close(flows, flow);
	free(flows);
}

size_t flows_count(const struct flows *flows)
{
	return HASH_COUNT(flows->by_key);
}

struct flow *flow_find(struct flows *flows, uint64_t cookie, uint32_t probe)
{
	struct flow_key key = {.cookie = cookie, .probe = probe};
	struct flow *flow;

	HASH_FIND(hh, flows->by_key, &key, sizeof(key), flow);
	return flow;
}

struct flow *flow_open(struct flows *flows, uint64_t cookie, uint32_t probe, uint64_t open_boot_ns,
		       int64_t event_id)
{
	struct flow *flow = flow_find(flows, cookie, probe);

	if (flow)
		flow_close(flows, flow);
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return NULL;
	flow->key = (struct flow_key){.cookie = cookie, .probe = probe};
	flow->open_boot_ns = open_boot_ns;
	flow->event_id = event_id;
	HASH_ADD(hh, flows->by_key, key, sizeof(flow->key), flow);
	return flow;
}

int flow_keep(struct flow *flow, const struct event *event, struct image *image)
{
	struct event *kept;

	if (flow->event_count == flow->event_capacity) {
		size_t capacity = flow->event_capacity ? 2 * flow->event_capacity : 1;
		struct event *events = reallocarray(flow->events, capacity, sizeof(*events));

		if (!events)
			return -ENOMEM;
		flow->events = events;
		flow->event_capacity = capacity;
	}
	kept = &flow->events[flow->event_count];
	*kept = *event;
	if (event->attributes) {
		kept->attributes = strdup(event->attributes);
		if (!kept->attributes)
			return -ENOMEM;
	}
	flow->event_count++;
	if (!flow->image)
		flow->image = image_ref(image);
	return 0;
}

void flow_clear_event(struct event *event)
{
	free((char *)event->attributes);
	event->attributes = NULL;
}

void flow_close(struct flows *flows, struct flow *flow)
{
	HASH_DEL(flows->by_key, flow);
	image_unref(flow->image);
	for (size_t i = 0; i < flow->event_count; i++)
		flow_clear_event(&flow->events[i]);
	free(flow->events);
	free(flow);
}

void flows_visit(struct flows *flows, uint32_t probe,
		 void (*visit)(void *context, struct flow *flow), void *context)
{
	struct flow *flow, *next;

	HASH_ITER (hh, flows->by_key, flow, next)
		if (flow->key.probe == probe)
			visit(context, flow);
}
