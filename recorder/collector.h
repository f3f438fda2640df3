/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF programs in the kernel: loaded, attached and pinned, or taken over
 * from a recorder that was killed. Pinned, they go on recording into the ring
 * without any recorder; only collector_detach ends that.
 */
#ifndef PIDTREE_COLLECTOR_H
#define PIDTREE_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes.h"
#include "wire.h"

struct collector;

/*
 * Take over the programs pinned at pin_path if they are exactly those of
 * probes (ended by NULL), else load and attach these anew. prepare is called
 * when the maps are pinned, before anything is attached, and returns 0 or
 * -errno. 0, or -errno and in *ret_message a line for people, which the caller
 * frees.
 */
int collector_open(const char *pin_path, const struct probe *const *probes,
		   int (*prepare)(void *context), void *context, struct collector **ret,
		   char **ret_message);

/* Let go of everything; what is pinned stays. Takes NULL. */
void collector_free(struct collector *collector);

/* Stop recording: take the programs off their hooks and unpin them. The maps stay readable. */
void collector_detach(struct collector *collector);

/* Unpin the maps, too, after collector_detach. */
void collector_unpin(struct collector *collector);

/* True when the programs were recording before collector_open. */
bool collector_was_recording(const struct collector *collector);

int collector_ring_fd(const struct collector *collector);
uint32_t collector_ring_id(const struct collector *collector);

/* Call visit for every process that runs, in the kernel's order. 0 or -errno. */
int collector_visit_tasks(struct collector *collector,
			  int (*visit)(void *context, const struct wire_seed *seed), void *context);

/* The local port of the listening socket with this cookie, 0 if no process holds it. */
uint16_t collector_listen_port(struct collector *collector, uint64_t cookie);

/*
 * Call visit for every socket that listens now and that net_listen's filters
 * let through, in all network namespaces, once for each process that holds it.
 * 0 or -errno; -ENOENT when net_listen is off.
 */
int collector_visit_listeners(struct collector *collector,
			      int (*visit)(void *context, const struct wire_socket *socket),
			      void *context);

/* Have the kernel record the end of a listener that was there before its programs. */
void collector_follow_listener(struct collector *collector, uint64_t cookie, uint64_t open_boot_ns);

/* True while every program is attached as it was. */
bool collector_is_attached(const struct collector *collector);

/* What is counted for a UDP socket or destination. 0, or -ENOENT. */
int collector_udp_socket(struct collector *collector, uint64_t cookie, struct wire_udp_socket *ret);
int collector_udp_destination(struct collector *collector, const struct wire_udp_key *key,
			      struct wire_udp_count *ret);
void collector_udp_forget(struct collector *collector, const struct wire_udp_key *key);

/* Let the processes of a cgroup pass filters by containers, or not any more. */
void collector_open_cgroup(struct collector *collector, const struct wire_cgroup_key *key,
			   bool is_open);

/*
 * How often the kernel did not run a program because that CPU was running it
 * already, and the program's name. 0, -ENOENT behind the last one, or -errno.
 */
int collector_misses(struct collector *collector, size_t program, const char **ret_name,
		     uint64_t *ret_count);

/* Sum over all CPUs of the records lost at wire_drop_index() index. 0 or -errno. */
int collector_drops(struct collector *collector, uint32_t index, struct wire_drop *ret);

#endif
