// SPDX-License-Identifier: Apache-2.0
/* Works with one probe only, and fails where it is told to. */
#include <errno.h>

#include "pidtree_plugin.h"

static int init(const struct pidtree_api *api, struct pidtree_arguments *arguments,
		void **ret_state)
{
	static char good;
	bool fail_init = false, fail_process = false;
	const char *reason = NULL;
	int r;

	if ((r = api->argument_bool(arguments, "fail_init", &fail_init)) ||
	    (r = api->argument_bool(arguments, "fail_process", &fail_process)) ||
	    (r = api->argument_text(arguments, "reason", &reason)))
		return r;
	if (reason)
		return api->argument_error(arguments, "reason", "it says %s", reason);
	*ret_state = fail_process ? NULL : &good;
	return fail_init ? -EACCES : 0;
}

static int process(const struct pidtree_api *api, void *state, struct pidtree_event *event)
{
	int r = api->add_text(event, PIDTREE_TOP_LEVEL, "picky", "was here");

	return state ? r : -EIO;
}

const struct pidtree_plugin pidtree_plugin = {
	PIDTREE_PLUGIN,
	.name = "picky",
	.probes = (const char *const[]){"udp_session", "tcp_connect", NULL},
	.init = init,
	.process = process,
};
