// SPDX-License-Identifier: Apache-2.0
/* Its descriptor and the table it expects have more in them than this version's. */
#include <stdint.h>

#define pidtree_plugin pidtree_plugin_of_this_version
#include "pidtree_plugin.h"
#undef pidtree_plugin

struct future_api {
	struct pidtree_api api;
	void (*add_everything)(void);
};

struct future_plugin {
	struct pidtree_plugin_of_this_version plugin;
	uint64_t more[4];
};

static int process(const struct pidtree_api *api, void *state, struct pidtree_event *event)
{
	bool has = api->size >= sizeof(struct future_api);

	(void)state;
	return api->add_bool(event, PIDTREE_TOP_LEVEL, "has_everything", has);
}

extern const struct future_plugin pidtree_plugin __attribute__((visibility("default")));

const struct future_plugin pidtree_plugin = {
	.plugin =
		{
			.abi = PIDTREE_PLUGIN_ABI,
			.size = sizeof(struct future_plugin),
			.name = "future",
			.probes = (const char *const[]){"*", NULL},
			.process = process,
		},
	.more = {1, 2, 3, 4},
};
