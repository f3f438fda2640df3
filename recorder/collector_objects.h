/* SPDX-License-Identifier: Apache-2.0 */
/* BPF objects while they are loaded and attached; what is pinned outlives them. */
#ifndef PIDTREE_COLLECTOR_OBJECTS_H
#define PIDTREE_COLLECTOR_OBJECTS_H

#include <stdio.h>

#include "probes.h"

struct objects;

/*
 * Load the objects of probes (ended by NULL). Maps that they share are pinned
 * below pin_path by name, or taken from there. 0 or -errno.
 */
int objects_load(const struct probe *const *probes, const char *pin_path, struct objects **ret);

/*
 * Attach every program, cgroup programs at cgroup_root, and pin the links in
 * the directory links_path, which appears only when all of them are in it.
 */
int objects_attach(struct objects *objects, const char *cgroup_root, const char *links_path);

/* Print the hooks that the programs of probes would be attached to, as YAML comments. 0 or -errno.
 */
int objects_print_hooks(const struct probe *const *probes, FILE *out);

void objects_free(struct objects *objects);

/* libbpf's own messages go to stderr when LIBBPF_LOG is set in the environment, else nowhere. */
void objects_set_log(void);

#endif
