// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The life of every process: fork, exec, exit. Threads are folded into their process. */
#include "record.bpf.h"
#include "task.bpf.h"

#include <bpf/bpf_tracing.h>

#define PATH_STEPS 128	   /* components and mounts walked for one path */
#define COMPONENT_SIZE 256 /* NAME_MAX and the NUL */

struct exec_scratch {
	struct wire_exec record;
	char data[WIRE_EXEC_DATA_SIZE];
	/*
	 * Bytes of data in use. Here and not in a register, so that the verifier
	 * knows nothing of it and every step of a walk looks the same to it.
	 */
	volatile __u32 used;
	__u32 padding;
};

/*
 * One for each CPU, set by the recorder. A per-CPU map cannot hold values of
 * this size; tracing programs do not nest in themselves on one CPU.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec_scratch);
} exec_scratch SEC(".maps");

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt -
	       __builtin_preserve_field_info(((struct mount *)0)->mnt, BPF_FIELD_BYTE_OFFSET);
}

static __always_inline struct vfsmount *vfsmount_of(struct mount *mount)
{
	return (void *)mount +
	       __builtin_preserve_field_info(((struct mount *)0)->mnt, BPF_FIELD_BYTE_OFFSET);
}

/*
 * Append the components of a path to exec->data, leaf first, each with its
 * NUL, up to the root of its mount namespace. False when data in use would
 * pass limit, or the path has too many components.
 */
static __noinline int path_walk(struct exec_scratch *exec, struct vfsmount *mnt,
				struct dentry *dentry, __u32 limit)
{
	for (int i = 0; i < PATH_STEPS; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		__u32 used;
		long length;

		if (dentry == BPF_CORE_READ(mnt, mnt_root)) {
			struct mount *mount = mount_of(mnt);
			struct mount *mount_parent = BPF_CORE_READ(mount, mnt_parent);

			if (mount_parent == mount)
				return true;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mnt = vfsmount_of(mount_parent);
			continue;
		}
		used = exec->used;
		if (used > limit - COMPONENT_SIZE || used > 2 * WIRE_PATH_SIZE - COMPONENT_SIZE)
			return false;
		length = bpf_probe_read_kernel_str(exec->data + used, COMPONENT_SIZE,
						   BPF_CORE_READ(dentry, d_name.name));
		if (length <= 0)
			return false;
		exec->used = used + length;
		if (dentry == parent) /* never had a place: memfd */
			return true;
		dentry = parent;
	}
	return false;
}

static __always_inline bool dentry_is_unhashed(struct dentry *dentry)
{
	return !BPF_CORE_READ(dentry, d_hash.pprev);
}

static __always_inline void exec_fill_paths(struct exec_scratch *exec, struct task_struct *task)
{
	struct file *exe = BPF_CORE_READ(task, mm, exe_file);
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct dentry *dentry = BPF_CORE_READ(exe, f_path.dentry);

	exec->used = 0;
	if (!path_walk(exec, BPF_CORE_READ(exe, f_path.mnt), dentry, WIRE_PATH_SIZE))
		exec->record.flags |= WIRE_EXEC_EXE_CUT;
	if (dentry_is_unhashed(dentry))
		exec->record.flags |= WIRE_EXEC_EXE_DELETED;
	exec->record.exe_size = exec->used;
	if (!path_walk(exec, BPF_CORE_READ(fs, pwd.mnt), BPF_CORE_READ(fs, pwd.dentry),
		       exec->record.exe_size + WIRE_PATH_SIZE))
		exec->record.flags |= WIRE_EXEC_CWD_CUT;
	exec->record.cwd_size = exec->used - exec->record.exe_size;
}

static __always_inline void exec_fill_argv(struct exec_scratch *exec, struct task_struct *task)
{
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	__u64 size = BPF_CORE_READ(task, mm, arg_end) - start;
	__u32 used = exec->used;

	if (size > WIRE_ARGV_SIZE) {
		exec->record.flags |= WIRE_EXEC_ARGV_CUT;
		size = WIRE_ARGV_SIZE;
	}
	if (used > 2 * WIRE_PATH_SIZE)
		return;
	if (bpf_probe_read_user(exec->data + used, size, (void *)start)) {
		exec->record.flags |= WIRE_EXEC_ARGV_UNREADABLE;
		return;
	}
	exec->record.argv_size = size;
	exec->used = used + size;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct task_struct *leader;
	struct wire_fork *record;

	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return 0;
	record = record_reserve(WIRE_PROBE_NONE, WIRE_FORK, sizeof(*record));
	if (!record)
		return 0;
	task_fill(&record->task, child);
	leader = BPF_CORE_READ(parent, group_leader);
	record->parent_start_boot_ns = BPF_CORE_READ(leader, start_boottime);
	record->parent_pid = BPF_CORE_READ(parent, tgid);
	record->padding = 0;
	record_submit(record, sizeof(*record));
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct exec_scratch *exec = bpf_map_lookup_elem(&exec_scratch, &cpu);
	__u32 size;

	if (!exec)
		return 0;
	exec->record.flags = 0;
	exec->record.argv_size = 0;
	task_fill(&exec->record.task, task);
	exec_fill_paths(exec, task);
	exec_fill_argv(exec, task);

	size = sizeof(exec->record) + exec->used;
	if (size > sizeof(exec->record) + sizeof(exec->data))
		return 0;
	header_fill(&exec->record.header, WIRE_PROBE_NONE, WIRE_EXEC, size);
	if (!ring_has_room_for(WIRE_EXEC) ||
	    bpf_ringbuf_output(&ring, exec, size, record_wakeup(size)))
		record_drop(WIRE_PROBE_NONE, WIRE_EXEC);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct task_struct *leader;
	struct wire_exit *record;

	/*
	 * The last thread to go takes the process with it. Two that go at the
	 * same time may both see none left; the recorder keeps the first.
	 */
	if (BPF_CORE_READ(signal, live.counter) > 0)
		return 0;
	record = record_reserve(WIRE_PROBE_NONE, WIRE_EXIT, sizeof(*record));
	if (!record)
		return 0;
	leader = BPF_CORE_READ(task, group_leader);
	record->start_boot_ns = BPF_CORE_READ(leader, start_boottime);
	record->pid = BPF_CORE_READ(task, tgid);
	/* What wait(2) will say, kernel/exit.c, wait_task_zombie(). */
	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		record->status = BPF_CORE_READ(signal, group_exit_code);
	else
		record->status = BPF_CORE_READ(leader, exit_code);
	record_submit(record, sizeof(*record));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
