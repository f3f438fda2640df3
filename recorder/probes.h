/* SPDX-License-Identifier: Apache-2.0 */
/* A probe as the recorder knows it: a number, a name and a BPF object. */
#ifndef PIDTREE_PROBES_H
#define PIDTREE_PROBES_H

#include <stddef.h>
#include <stdint.h>

struct bpf_object;

struct probe {
	uint16_t id; /* enum wire_probe; WIRE_PROBE_NONE: not a section of the configuration */
	const char *name;
	const void *(*object)(size_t *ret_size); /* the ELF file, linked in */
	int (*choose)(struct bpf_object *object); /* programs for this kernel; NULL: all of them */
};

/* Follows every process; always on. */
extern const struct probe probe_process;

/* Follows every cgroup; always on. */
extern const struct probe probe_cgroup;

/* The probes built in, in the order of their ids, ended by NULL. */
extern const struct probe *const probes_builtin[];

#endif
