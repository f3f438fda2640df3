// SPDX-License-Identifier: Apache-2.0
/* Changes nothing: what a plugin has at least, and a test of the way through one. */
#include "pidtree_plugin.h"

static int process(const struct pidtree_api *api, void *state, struct pidtree_event *event)
{
	(void)api;
	(void)state;
	(void)event;
	return 0;
}

const struct pidtree_plugin pidtree_plugin = {
	PIDTREE_PLUGIN,
	.name = "identityplugin",
	.probes = (const char *const[]){"*", NULL},
	.process = process,
};
