/* SPDX-License-Identifier: Apache-2.0 */
/* Processes as /proc shows them. All of it is a moment late: check the start before trusting it. */
#ifndef PIDTREE_PROCFS_H
#define PIDTREE_PROCFS_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"
#include "wire.h"

/* The target of a link below /proc/PID, as "exe" or "cwd"; NULL if it cannot be read. */
struct text *procfs_link(uint32_t pid, const char *name);

/* The arguments, each with its NUL, at most WIRE_ARGV_SIZE bytes; NULL if they cannot be read. */
struct text *procfs_argv(uint32_t pid);

/* True when pid is still the process that started at start_boot_ns. */
bool procfs_is_same(uint32_t pid, uint64_t start_boot_ns);

/* The inode number of a namespace, as "ns/mnt"; 0 if it cannot be read. */
uint32_t procfs_namespace(uint32_t pid, const char *name);

/*
 * Credentials, name and namespaces of task->pid; pid and start are left alone.
 * 0 or -errno.
 */
int procfs_task(struct wire_task *task);

#endif
