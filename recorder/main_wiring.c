/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts ask of each other, by way of the recorder. */
#include "main.h"

#include <stdlib.h>

static const char *probe_name_of(const struct recorder *recorder, uint32_t id)
{
	const struct probe *const *probe = recorder->probes;

	while (*probe && (*probe)->id != id)
		probe++;
	return *probe ? (*probe)->name : "unknown";
}

/* What the parts ask of each other, by way of the recorder. */

static const char *on_user_name(void *context, uint32_t uid)
{
	struct recorder *recorder = context;

	return users_name(recorder->users, uid);
}

static const struct container *on_container(void *context, const struct wire_task *task)
{
	struct recorder *recorder = context;

	return container_ref(
		containers_find(container_gate_containers(recorder->containers), task));
}

static const struct container *on_stored_container(void *context, const struct process *process)
{
	struct recorder *recorder = context;

	return containers_restore(container_gate_containers(recorder->containers), process);
}

static int on_cgroup(void *context, const struct wire_cgroup *cgroup)
{
	struct recorder *recorder = context;

	return containers_cgroup(container_gate_containers(recorder->containers), cgroup);
}

static int on_container_told(void *context, const struct container *container)
{
	struct recorder *recorder = context;

	return store_container(recorder->store, container);
}

static void on_open_cgroup(void *context, const struct wire_cgroup_key *key, bool is_open)
{
	struct recorder *recorder = context;

	if (recorder->collector)
		collector_open_cgroup(recorder->collector, key, is_open);
}

static void on_open_mount(void *context, uint32_t mnt_ns, uint32_t probes)
{
	struct recorder *recorder = context;

	for (uint32_t id = 0; id < WIRE_PROBES; id++)
		if (recorder->filters[id] &&
		    filter_set_container(recorder->filters[id], mnt_ns, probes >> id & 1))
			log_warning("cannot enter a container in the filter of %s",
				    probe_name_of(recorder, id));
}

static int on_image(void *context, const struct process *process)
{
	struct recorder *recorder = context;

	return store_process(recorder->store, process);
}

static int on_exit_of(void *context, int64_t id, int64_t exit_ns, uint32_t status)
{
	struct recorder *recorder = context;

	return store_process_exit(recorder->store, id, exit_ns, status);
}

static int on_event(void *context, const struct event *event)
{
	struct recorder *recorder = context;

	return store_event(recorder->store, event);
}

static int on_attributes(void *context, struct event *event, const struct image *image)
{
	struct recorder *recorder = context;

	return plugins_run(recorder->plugins, probe_name_of(recorder, event->probe), event, image,
			   &event->attributes);
}

static int on_outcome(void *context, const struct event *event)
{
	struct recorder *recorder = context;

	return store_outcome(recorder->store, event);
}

static int on_end(void *context, const struct event *event)
{
	struct recorder *recorder = context;

	return store_end(recorder->store, event);
}

static void count_for_telemetry(struct recorder *recorder, uint32_t probe)
{
	char buffer[TELEMETRY_LINE_SIZE];
	const char *line = telemetry_count(
		&recorder->telemetry[probe % WIRE_PROBES], recorder->options.lost_event_telemetry,
		probe_name_of(recorder, probe), clock_unix_ns(&recorder->clock, clock_boot_ns()),
		buffer);

	if (line)
		output_line(recorder->output, line);
}

static void on_show(void *context, const struct event *events, size_t count,
		    const struct image *image)
{
	struct recorder *recorder = context;

	if (!recorder->output)
		return;
	output_events(recorder->output, events, count, probe_name_of(recorder, events->probe),
		      image);
	count_for_telemetry(recorder, events->probe);
}

static uint16_t on_listen_port(void *context, uint64_t cookie, uint32_t pid)
{
	struct recorder *recorder = context;

	(void)pid;
	return collector_listen_port(recorder->collector, cookie);
}

static void on_follow_listener(void *context, uint64_t cookie, uint64_t open_boot_ns)
{
	struct recorder *recorder = context;

	collector_follow_listener(recorder->collector, cookie, open_boot_ns);
}

static int on_udp_socket(void *context, uint64_t cookie, struct wire_udp_socket *ret)
{
	struct recorder *recorder = context;

	return collector_udp_socket(recorder->collector, cookie, ret);
}

static int on_udp_destination(void *context, const struct wire_udp_key *key,
			      struct wire_udp_count *ret)
{
	struct recorder *recorder = context;

	return collector_udp_destination(recorder->collector, key, ret);
}

static void on_udp_forget(void *context, const struct wire_udp_key *key)
{
	struct recorder *recorder = context;

	if (recorder->forget_count == recorder->forget_capacity) {
		size_t capacity = recorder->forget_capacity ? 2 * recorder->forget_capacity : 64;
		struct wire_udp_key *grown =
			reallocarray(recorder->forget, capacity, sizeof(*grown));

		if (!grown)
			return; /* costs an entry of the kernel's map */
		recorder->forget = grown;
		recorder->forget_capacity = capacity;
	}
	recorder->forget[recorder->forget_count++] = *key;
}

void recorder_wire_up(struct recorder *recorder)
{
	recorder->container_sink = (struct container_gate_sink){
		.context = recorder,
		.told = on_container_told,
		.open_cgroup = on_open_cgroup,
		.open_mount = on_open_mount,
	};
	recorder->process_sink = (struct process_sink){
		.context = recorder,
		.user_name = on_user_name,
		.container = on_container,
		.stored_container = on_stored_container,
		.image = on_image,
		.exit = on_exit_of,
	};
	recorder->enrich_sink = (struct enrich_sink){
		.context = recorder,
		.cgroup = on_cgroup,
		.attributes = on_attributes,
		.event = on_event,
		.outcome = on_outcome,
		.end = on_end,
		.show = on_show,
	};
	recorder->enrich_source = (struct enrich_source){
		.context = recorder,
		.listen_port = on_listen_port,
		.follow_listener = on_follow_listener,
		.udp_socket = on_udp_socket,
		.udp_destination = on_udp_destination,
		.udp_forget = on_udp_forget,
	};
}
