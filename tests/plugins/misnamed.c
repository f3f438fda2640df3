// SPDX-License-Identifier: Apache-2.0
/* Is not called as its file is. */
#include "pidtree_plugin.h"

const struct pidtree_plugin pidtree_plugin = {
	PIDTREE_PLUGIN,
	.name = "othername",
};
