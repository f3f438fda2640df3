/* SPDX-License-Identifier: Apache-2.0 */
/* A probe as the recorder knows it: a number, a name and a BPF object. */
#ifndef PIDTREE_PROBES_H
#define PIDTREE_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_object;

struct probe {
	uint16_t id; /* enum wire_probe; WIRE_PROBE_NONE: not a section of the configuration */
	const char *name;
	const void *(*object)(size_t *ret_size);  /* the ELF file, linked in */
	int (*choose)(struct bpf_object *object); /* programs for this kernel; NULL: all of them */
	/* Programs that may be skipped without a loss, ended by NULL; NULL: none. */
	const char *const *skippable;
};

/* Whether one of probes (ended by NULL) says that this program may be skipped without a loss. */
bool probes_may_skip(const struct probe *const *probes, const char *program);

/* Follows every process; always on. */
extern const struct probe probe_process;

/* Follows every cgroup; always on. */
extern const struct probe probe_cgroup;

/* The probes built in, in the order of their ids, ended by NULL. */
extern const struct probe *const probes_builtin[];

#endif
