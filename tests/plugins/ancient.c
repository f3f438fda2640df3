// SPDX-License-Identifier: Apache-2.0
/* Built for a version of the interface that never was. */
#include "pidtree_plugin.h"

const struct pidtree_plugin pidtree_plugin = {
	.abi = PIDTREE_PLUGIN_ABI - 1,
	.size = sizeof(struct pidtree_plugin),
	.name = "ancient",
};
