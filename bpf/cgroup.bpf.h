/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where tasks are in the hierarchies of cgroups.
 *
 * Container runtimes make a cgroup for each container, on hosts with cgroup v1
 * surely in the hierarchy of each controller, so the v1 hierarchy that has the
 * pids controller is followed beside v2.
 */
#ifndef PIDTREE_CGROUP_BPF_H
#define PIDTREE_CGROUP_BPF_H

#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

static __always_inline __u64 task_cgroup_id(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

/* 0 when the pids controller is not in a v1 hierarchy. */
static __always_inline __u64 task_cgroup_v1_id(struct task_struct *task)
{
	struct css_set *css_set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css = NULL;
	struct cgroup *cgroup;
	const void *slot;

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		return 0;
	slot = (const void *)css_set +
	       __builtin_preserve_field_info(((struct css_set *)0)->subsys, BPF_FIELD_BYTE_OFFSET) +
	       sizeof(css) * bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
	bpf_probe_read_kernel(&css, sizeof(css), slot);
	cgroup = BPF_CORE_READ(css, cgroup);
	if (!BPF_CORE_READ(cgroup, root, hierarchy_id))
		return 0;
	return BPF_CORE_READ(cgroup, kn, id);
}

#endif
