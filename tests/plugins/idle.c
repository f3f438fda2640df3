// SPDX-License-Identifier: Apache-2.0
/* Has a name and nothing to do. */
#include "pidtree_plugin.h"

const struct pidtree_plugin pidtree_plugin = {
	PIDTREE_PLUGIN,
	.name = "idle",
	.probes = (const char *const[]){"*", NULL},
};
