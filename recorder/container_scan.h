/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroups that were there before anybody told of them. */
#ifndef PIDTREE_CONTAINER_SCAN_H
#define PIDTREE_CONTAINER_SCAN_H

#include "containers.h"

/*
 * Enter the cgroups below a directory, where a hierarchy is mounted. 0, -ENOMEM,
 * or -errno when the directory cannot be read; cgroups that go meanwhile are
 * left out.
 */
int container_scan(struct containers *containers, enum wire_hierarchy hierarchy,
		   const char *directory);

/* The same for all hierarchies of this host that are followed. */
int container_scan_all(struct containers *containers);

#endif
