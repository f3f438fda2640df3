/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Cgroups whose tasks a filter by containers lets pass: those of containers
 * that are wanted, and every new one until the recorder knows what it is. So a
 * container's first connect is not lost while its runtime is asked about it;
 * the recorder drops what turns out not to be wanted.
 */
#ifndef PIDTREE_OPEN_CGROUPS_BPF_H
#define PIDTREE_OPEN_CGROUPS_BPF_H

#include "cgroup.bpf.h"
#include "kernel.h"
#include "wire.h"

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, WIRE_OPEN_CGROUPS);
	__type(key, struct wire_cgroup_key);
	__type(value, __u8);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} open_cgroups SEC(".maps");

static __always_inline bool task_is_in_open_cgroup(struct task_struct *task)
{
	struct wire_cgroup_key key = {
		.id = task_cgroup_v1_id(task),
		.hierarchy = WIRE_HIERARCHY_V1,
	};

	if (key.id && bpf_map_lookup_elem(&open_cgroups, &key))
		return true;
	key.id = task_cgroup_id(task);
	key.hierarchy = WIRE_HIERARCHY_V2;
	return bpf_map_lookup_elem(&open_cgroups, &key);
}

#endif
