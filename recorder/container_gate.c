/* SPDX-License-Identifier: Apache-2.0 */
#include "container_gate.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "container_labels.h"
#include "container_runtime.h"
#include "container_scan.h"
#include "log.h"
#include "timestamp.h"

#define PATIENCE_NS NSEC_PER_SEC /* with a runtime that does not answer */

struct container_gate {
	const struct container_gate_sink *sink;
	struct containers_sink containers_sink;
	struct containers *containers;
	struct container_queue *queue;
	struct container_runtime *runtime;
	char *socket; /* as configured, or NULL; the thread's as well */
	const struct probe *const *probes;
	const struct config *config;
	uint32_t limited; /* probes, as bits, that container_labels are set for */
	bool is_mute;	  /* the runtime has let us wait in vain, and has said nothing since */
};

static const struct probe_config *section(const struct container_gate *gate,
					  const struct probe *probe)
{
	return config_probe_named(gate->config, probe->name);
}

static uint32_t bit(uint16_t probe)
{
	return 1u << probe % WIRE_PROBES;
}

static uint32_t on_wanted_by(void *context, const cJSON *labels)
{
	struct container_gate *gate = context;
	uint32_t wanted_by = 0;

	for (const struct probe *const *probe = gate->probes; probe && *probe; probe++) {
		const struct probe_config *config = section(gate, *probe);

		if (config && container_labels_match(config->container_labels,
						     config->container_label_count, labels))
			wanted_by |= bit((*probe)->id);
	}
	return wanted_by;
}

/* What is there before the runtime is talked to comes with its listing. */
static bool on_ask(void *context, const char *runtime_id)
{
	struct container_gate *gate = context;

	if (gate->runtime)
		container_runtime_ask(gate->runtime, runtime_id);
	return gate->runtime;
}

static int on_told(void *context, const struct container *container)
{
	struct container_gate *gate = context;

	return gate->sink->told(gate->sink->context, container);
}

static void on_open_cgroup(void *context, const struct wire_cgroup_key *key, bool is_open)
{
	struct container_gate *gate = context;

	gate->sink->open_cgroup(gate->sink->context, key, is_open);
}

static void on_open_mount(void *context, uint32_t mnt_ns, uint32_t probes)
{
	struct container_gate *gate = context;

	gate->sink->open_mount(gate->sink->context, mnt_ns, probes);
}

struct container_gate *container_gate_new(const struct container_gate_sink *sink)
{
	struct container_gate *gate = calloc(1, sizeof(*gate));

	if (!gate)
		return NULL;
	gate->sink = sink;
	gate->containers_sink = (struct containers_sink){
		.context = gate,
		.told = on_told,
		.ask = on_ask,
		.wanted_by = on_wanted_by,
		.open_cgroup = on_open_cgroup,
		.open_mount = on_open_mount,
	};
	gate->containers = containers_new(&gate->containers_sink);
	gate->queue = container_queue_new();
	if (gate->containers && gate->queue)
		return gate;
	container_gate_free(gate);
	return NULL;
}

void container_gate_free(struct container_gate *gate)
{
	if (!gate)
		return;
	container_runtime_stop(gate->runtime);
	container_queue_free(gate->queue);
	containers_free(gate->containers);
	free(gate->socket);
	free(gate);
}

struct containers *container_gate_containers(struct container_gate *gate)
{
	return gate->containers;
}

void container_gate_configure(struct container_gate *gate, const struct probe *const *probes,
			      const struct config *config)
{
	gate->probes = probes;
	gate->config = config;
	gate->limited = 0;
	for (; *probes; probes++) {
		const struct probe_config *each = section(gate, *probes);

		if (each && each->container_label_count)
			gate->limited |= bit((*probes)->id);
	}
	containers_reconsider(gate->containers);
}

void container_gate_close(struct container_gate *gate)
{
	containers_close(gate->containers);
}

int container_gate_start(struct container_gate *gate)
{
	const char *socket = config_containers(gate->config)->socket;
	int r = container_scan_all(gate->containers);

	if (r)
		return r;
	/* A copy: configurations come and go. */
	gate->socket = socket ? strdup(socket) : NULL;
	if (socket && !gate->socket)
		return -ENOMEM;
	gate->runtime = container_runtime_start(gate->queue, container_runtime_find, gate->socket);
	return gate->runtime ? 0 : -ENOMEM;
}

int container_gate_fd(const struct container_gate *gate)
{
	return container_queue_fd(gate->queue);
}

int container_gate_listen(struct container_gate *gate)
{
	struct container_message *message;
	int r = 0;

	while (!r && (message = container_queue_take(gate->queue))) {
		gate->is_mute = false;
		r = containers_tell(gate->containers, message);
		container_message_free(message);
	}
	return r;
}

bool container_gate_is_limited(const struct container_gate *gate, uint16_t probe)
{
	return gate->limited & bit(probe);
}

/* Wait until the runtime says something. */
static int wait_for_word(struct container_gate *gate, int64_t left_ns)
{
	struct pollfd fd = {.fd = container_queue_fd(gate->queue), .events = POLLIN};

	poll(&fd, 1, (int)(left_ns / (NSEC_PER_SEC / 1000)) + 1);
	return container_gate_listen(gate);
}

int container_gate_admits(struct container_gate *gate, uint16_t probe,
			  const struct container *container, uint32_t mnt_ns)
{
	int64_t deadline_ns = clock_boot_ns() + PATIENCE_NS;
	enum containers_verdict verdict;
	int r;

	while ((verdict = containers_judge(gate->containers, probe, container, mnt_ns)) ==
	       CONTAINERS_UNDECIDED) {
		int64_t left_ns = deadline_ns - clock_boot_ns();

		if (left_ns <= 0 || gate->is_mute) {
			if (!gate->is_mute)
				log_warning("the container runtime does not say what %s is; it is "
					    "recorded",
					    container->runtime_id);
			gate->is_mute = true;
			containers_give_up(gate->containers, container);
			continue;
		}
		r = wait_for_word(gate, left_ns);
		if (r)
			return r;
	}
	return verdict == CONTAINERS_WANTED;
}
