// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every cgroup as it is made and removed, so that its path is known before a process is in it. */
#include "open_cgroups.bpf.h"
#include "record.bpf.h"

#include <bpf/bpf_tracing.h>

/* False when the cgroup is in a hierarchy that is not followed. */
static __always_inline bool cgroup_key(struct cgroup *cgroup, struct wire_cgroup_key *key)
{
	struct cgroup_root *root = BPF_CORE_READ(cgroup, root);

	key->id = BPF_CORE_READ(cgroup, kn, id);
	key->hierarchy = WIRE_HIERARCHY_V2;
	if (!BPF_CORE_READ(root, hierarchy_id))
		return true;
	key->hierarchy = WIRE_HIERARCHY_V1;
	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		return false;
	return BPF_CORE_READ(root, subsys_mask) >>
		       bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id) &
	       1;
}

static __always_inline void cgroup_emit(const struct wire_cgroup_key *key, const char *path,
					__u32 flags)
{
	struct wire_cgroup *record =
		record_reserve(WIRE_PROBE_NONE, WIRE_CGROUP, sizeof(struct wire_cgroup));

	if (!record)
		return;
	record->key = *key;
	record->flags = flags;
	record->padding = 0;
	if (bpf_probe_read_kernel_str(record->path, sizeof(record->path), path) < 0)
		record->path[0] = '\0';
	record_submit(record, sizeof(*record));
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_made, struct cgroup *cgroup, const char *path)
{
	struct wire_cgroup_key key = {};
	__u8 one = 1;

	if (!cgroup_key(cgroup, &key))
		return 0;
	bpf_map_update_elem(&open_cgroups, &key, &one, BPF_ANY);
	cgroup_emit(&key, path, 0);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_gone, struct cgroup *cgroup, const char *path)
{
	struct wire_cgroup_key key = {};

	if (!cgroup_key(cgroup, &key))
		return 0;
	bpf_map_delete_elem(&open_cgroups, &key);
	cgroup_emit(&key, path, WIRE_CGROUP_GONE);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
