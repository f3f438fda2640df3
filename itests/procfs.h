/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of a process: the truth that the recorder is held against. */
#ifndef ITESTS_PROCFS_H
#define ITESTS_PROCFS_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <cjson/cJSON.h>

/* The time of a clock in microseconds: whole numbers that a JSON number holds without loss. */
int64_t clock_us(clockid_t clock);

/*
 * Describe a process by its name in /proc, a number or "self", as an object:
 * pid (in the PID namespace of /proc), comm, exe (absent where it may not be
 * read), uid, loginuid (absent when there was no login), argv, start_us (Unix).
 * NULL when there is no such process. The caller deletes it.
 */
cJSON *procfs_describe(const char *name);

/* The pid of the parent of a process, 0 when it has none or is gone. */
pid_t procfs_parent(pid_t pid);

/*
 * Read a whole file of no known size. Returns it with a NUL behind it and sets
 * *ret_size, or NULL with errno set. The caller frees it.
 */
char *procfs_read(const char *path, size_t *ret_size);

/* The target of a symbolic link, or NULL with errno set. The caller frees it. */
char *procfs_readlink(const char *path);

#endif
