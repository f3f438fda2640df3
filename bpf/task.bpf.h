/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a record says of a process. */
#ifndef PIDTREE_TASK_BPF_H
#define PIDTREE_TASK_BPF_H

#include "cgroup.bpf.h"
#include "kernel.h"
#include "wire.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define NO_LOGIN ((__u32)-1) /* AUDIT_UID_UNSET and AUDIT_SID_UNSET, include/uapi/linux/audit.h */

/* The process that task, one of its threads, belongs to. */
static __always_inline void task_fill(struct wire_task *record, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct nsproxy *nsproxy = BPF_CORE_READ(task, nsproxy);
	const struct cred *cred = BPF_CORE_READ(task, real_cred);

	record->start_boot_ns = BPF_CORE_READ(leader, start_boottime);
	record->cgroup_id = task_cgroup_id(task);
	record->cgroup_v1_id = task_cgroup_v1_id(task);
	record->pid = BPF_CORE_READ(task, tgid);
	record->uid = BPF_CORE_READ(cred, uid.val);
	record->gid = BPF_CORE_READ(cred, gid.val);
	record->loginuid = NO_LOGIN;
	record->session = NO_LOGIN;
	if (bpf_core_field_exists(task->loginuid))
		record->loginuid = BPF_CORE_READ(task, loginuid.val);
	if (bpf_core_field_exists(task->sessionid))
		record->session = BPF_CORE_READ(task, sessionid);
	record->mnt_ns = BPF_CORE_READ(nsproxy, mnt_ns, ns.inum);
	record->net_ns = BPF_CORE_READ(nsproxy, net_ns, ns.inum);
	record->flags = BPF_CORE_READ(task, flags) & PF_KTHREAD ? WIRE_TASK_KTHREAD : 0;
	BPF_CORE_READ_INTO(&record->comm, leader, comm);
}

static __always_inline void task_fill_current(struct wire_task *record)
{
	task_fill(record, (struct task_struct *)bpf_get_current_task());
}

#endif
