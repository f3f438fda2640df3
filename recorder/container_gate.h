/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is let in under container_labels: containers, the thread that asks their
 * runtime about them, and the configuration, put together. Everything but that
 * thread happens in the caller's.
 */
#ifndef PIDTREE_CONTAINER_GATE_H
#define PIDTREE_CONTAINER_GATE_H

#include "config.h"
#include "containers.h"
#include "probes.h"

/* As of struct containers_sink. */
struct container_gate_sink {
	void *context;
	int (*told)(void *context, const struct container *container);
	void (*open_cgroup)(void *context, const struct wire_cgroup_key *key, bool is_open);
	void (*open_mount)(void *context, uint32_t mnt_ns, uint32_t probes);
};

struct container_gate;

/* sink must outlive the result. NULL when out of memory. */
struct container_gate *container_gate_new(const struct container_gate_sink *sink);

/* End the thread and forget all containers; nobody may hold one any more. Takes NULL. */
void container_gate_free(struct container_gate *gate);

/* The containers, which belong to the gate. */
struct containers *container_gate_containers(struct container_gate *gate);

/*
 * Let this configuration decide from now on; it and probes (ended by NULL) have
 * to outlive that. When the kernel's filters are the new ones, too,
 * container_gate_close takes away what it was shown for the old ones.
 */
void container_gate_configure(struct container_gate *gate, const struct probe *const *probes,
			      const struct config *config);
void container_gate_close(struct container_gate *gate);

/* Find the containers that there are, and start to talk to their runtime. 0 or -errno. */
int container_gate_start(struct container_gate *gate);

/* Readable when the runtime has said something; it is the gate's. */
int container_gate_fd(const struct container_gate *gate);

/* Take in what the runtime has said. 0, or what the sink answered. */
int container_gate_listen(struct container_gate *gate);

/* Whether a probe is limited to containers. */
bool container_gate_is_limited(const struct container_gate *gate, uint16_t probe);

/*
 * Whether a probe records a process of this container (or NULL) and mount
 * namespace: 1, 0, or what the sink answered. Waits a moment for the runtime
 * where it has not said yet what that container is; one of a runtime that does
 * not answer is let in.
 */
int container_gate_admits(struct container_gate *gate, uint16_t probe,
			  const struct container *container, uint32_t mnt_ns);

#endif
