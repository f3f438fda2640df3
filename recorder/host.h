/* SPDX-License-Identifier: Apache-2.0 */
/* This host: what it is, and where it keeps what BPF programs need. */
#ifndef PIDTREE_HOST_H
#define PIDTREE_HOST_H

#include <stddef.h>

struct host {
	char name[256];
	char machine_id[40];
	char boot_id[40];
	char kernel[160];
};

/* What cannot be read is left empty. */
void host_read(struct host *ret);

/*
 * Where the cgroup v2 hierarchy is mounted, from /proc/self/mountinfo. 0, or
 * -ENOENT when there is none.
 */
int host_cgroup_root(char *ret_path, size_t size);

/* The same for the v1 hierarchy that has the pids controller. */
int host_cgroup_v1_root(char *ret_path, size_t size);

/* Make sure that a BPF file system is mounted at /sys/fs/bpf. 0 or -errno. */
int host_mount_bpffs(void);

#endif
