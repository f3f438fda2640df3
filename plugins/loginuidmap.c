// SPDX-License-Identifier: Apache-2.0
/*
 * Adds loginuid and loginname: to the event with top_level, else to every tree
 * entry. Nothing where no login is set.
 */
#include <errno.h>
#include <stdlib.h>

#include "pidtree_plugin.h"

struct loginuidmap {
	bool top_level;
};

static int init(const struct pidtree_api *api, struct pidtree_arguments *arguments,
		void **ret_state)
{
	struct loginuidmap *map = calloc(1, sizeof(*map));
	int r;

	if (!map)
		return -ENOMEM;
	r = api->argument_bool(arguments, "top_level", &map->top_level);
	if (r) {
		free(map);
		return r;
	}
	*ret_state = map;
	return 0;
}

/* Add the login of one process to a tree entry or the top level. */
static int add_login(const struct pidtree_api *api, struct pidtree_event *event, size_t process,
		     size_t entry)
{
	uint32_t loginuid = api->tree_loginuid(event, process);
	int r;

	if (loginuid == PIDTREE_NO_LOGIN)
		return 0;
	r = api->add_integer(event, entry, "loginuid", loginuid);
	return r ? r
		 : api->add_text(event, entry, "loginname", api->tree_loginname(event, process));
}

static int process(const struct pidtree_api *api, void *state, struct pidtree_event *event)
{
	const struct loginuidmap *map = state;
	size_t depth = api->tree_depth(event);
	int r = 0;

	if (map->top_level)
		return add_login(api, event, 0, PIDTREE_TOP_LEVEL);
	for (size_t i = 0; i < depth && !r; i++)
		r = add_login(api, event, i, i);
	return r;
}

static void fini(const struct pidtree_api *api, void *state)
{
	(void)api;
	free(state);
}

const struct pidtree_plugin pidtree_plugin = {
	PIDTREE_PLUGIN, .name = "loginuidmap", .probes = (const char *const[]){"*", NULL},
	.init = init,	.process = process,    .fini = fini,
};
