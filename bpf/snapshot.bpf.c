// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Iterators: which processes run now, and which inet sockets they hold, in every namespace. */
#include "kernel.h"
#include "socket.bpf.h"
#include "task.bpf.h"
#include "wire.h"

#include <bpf/bpf_tracing.h>

SEC("iter/task")
int snapshot_task(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct wire_seed seed = {};
	struct task_struct *parent;

	if (!task || BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	/* A zombie is not a process that runs. */
	if (BPF_CORE_READ(task, signal, live.counter) == 0)
		return 0;
	task_fill(&seed.task, task);
	parent = BPF_CORE_READ(task, real_parent, group_leader);
	seed.boot_ns = bpf_ktime_get_boot_ns();
	seed.parent_pid = BPF_CORE_READ(parent, tgid);
	seed.parent_start_boot_ns = BPF_CORE_READ(parent, start_boottime);
	bpf_seq_write(context->meta->seq, &seed, sizeof(seed));
	return 0;
}

SEC("iter/task_file")
int snapshot_socket(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct wire_socket record = {};
	struct sock *sk;

	if (!task || !file)
		return 0;
	sk = file_socket(file);
	if (!sk)
		return 0;
	socket_fill(&record, sk);
	task_fill(&record.task, task);
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
