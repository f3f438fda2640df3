/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a probe leaves out, decided before a record is reserved.
 *
 * There are two banks of each map, and filter_bank says which one counts. The
 * recorder fills the other and then moves filter_bank, so that there is no
 * moment at which neither the old nor the new filters apply.
 */
#ifndef PIDTREE_FILTER_BPF_H
#define PIDTREE_FILTER_BPF_H

#include "kernel.h"
#include "open_cgroups.bpf.h"
#include "wire.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Sizes and not types: clang leaves types that only a pointer names out of the BTF. */
struct filter_networks {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct wire_network));
	__uint(value_size, sizeof(struct wire_port_rule));
};

struct filter_ports {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct wire_port_set));
};

struct filter_containers {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WIRE_CONTAINERS);
	__uint(key_size, sizeof(__u32)); /* inode number of a mount namespace */
	__uint(value_size, sizeof(__u8));
};

/* All pinned under names that begin with the probe's. */
#define FILTER_MAPS(probe)                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(max_entries, 1);                                                            \
		__type(key, __u32);                                                                \
		__type(value, struct wire_filter);                                                 \
		__uint(pinning, LIBBPF_PIN_BY_NAME);                                               \
	} probe##_filter SEC(".maps");                                                             \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                          \
		__uint(max_entries, WIRE_BANKS);                                                   \
		__type(key, __u32);                                                                \
		__uint(pinning, LIBBPF_PIN_BY_NAME);                                               \
		__array(values, struct filter_networks);                                           \
	} probe##_networks SEC(".maps");                                                           \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                          \
		__uint(max_entries, WIRE_BANKS);                                                   \
		__type(key, __u32);                                                                \
		__uint(pinning, LIBBPF_PIN_BY_NAME);                                               \
		__array(values, struct filter_ports);                                              \
	} probe##_ports SEC(".maps");                                                              \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                          \
		__uint(max_entries, WIRE_BANKS);                                                   \
		__type(key, __u32);                                                                \
		__uint(pinning, LIBBPF_PIN_BY_NAME);                                               \
		__array(values, struct filter_containers);                                         \
	} probe##_containers SEC(".maps")

static __always_inline bool port_set_has(void *port_sets, __u32 set, __u16 port)
{
	struct wire_port_set *ports = bpf_map_lookup_elem(port_sets, &set);

	return ports && ports->bits[port / 64 % 1024] >> port % 64 & 1;
}

static __always_inline bool rule_drops(const struct wire_port_rule *rule, void *port_sets,
				       __u16 port)
{
	switch (rule->mode) {
	case WIRE_PORTS_ALL:
		return true;
	case WIRE_PORTS_ONLY:
		return port_set_has(port_sets, rule->set, port);
	case WIRE_PORTS_EXCEPT:
		return !port_set_has(port_sets, rule->set, port);
	default:
		return false;
	}
}

/* The most specific network decides alone. */
static __always_inline bool network_is_filtered(void *networks, void *port_sets,
						const __u8 address[16], __u16 port)
{
	struct wire_network key = {.prefix_bits = 128};
	struct wire_port_rule *rule;

	__builtin_memcpy(key.address, address, sizeof(key.address));
	rule = bpf_map_lookup_elem(networks, &key);
	return rule && rule_drops(rule, port_sets, port);
}

static __always_inline bool container_is_filtered(void *containers, struct task_struct *task)
{
	__u32 mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);

	return !bpf_map_lookup_elem(containers, &mnt_ns) && !task_is_in_open_cgroup(task);
}

/* The index of the bank that counts. */
static __always_inline struct wire_filter_bank *filter_bank(void *filter_map, __u32 *index)
{
	__u32 zero = 0;
	struct wire_filter *filter = bpf_map_lookup_elem(filter_map, &zero);

	if (!filter)
		return NULL;
	*index = filter->bank & (WIRE_BANKS - 1);
	return &filter->banks[*index];
}

/* True when the task's traffic with this address and port is to be left out. */
static __always_inline bool filter_drops(void *filter_map, void *networks_banks, void *ports_banks,
					 void *containers_banks, struct task_struct *task,
					 const __u8 address[16], __u16 port)
{
	__u32 index = 0;
	struct wire_filter_bank *bank = filter_bank(filter_map, &index);
	void *networks, *port_sets, *containers;

	if (!bank || !bank->flags)
		return false;
	port_sets = bpf_map_lookup_elem(ports_banks, &index);
	if (!port_sets)
		return false;
	if (bank->flags & WIRE_FILTER_PORTS && rule_drops(&bank->ports, port_sets, port))
		return true;
	if (bank->flags & WIRE_FILTER_NETWORKS) {
		networks = bpf_map_lookup_elem(networks_banks, &index);
		if (networks && network_is_filtered(networks, port_sets, address, port))
			return true;
	}
	if (bank->flags & WIRE_FILTER_CONTAINERS) {
		containers = bpf_map_lookup_elem(containers_banks, &index);
		return containers && container_is_filtered(containers, task);
	}
	return false;
}

#define FILTER_DROPS_OF(probe, task, address, port)                                                \
	filter_drops(&probe##_filter, &probe##_networks, &probe##_ports, &probe##_containers,      \
		     task, address, port)

#define FILTER_DROPS(probe, address, port)                                                         \
	FILTER_DROPS_OF(probe, (struct task_struct *)bpf_get_current_task(), address, port)

#endif
