// SPDX-License-Identifier: Apache-2.0
/* Adds what it sees through every function, and what it was told, for the tests to compare. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "pidtree_plugin.h"

struct mirror {
	const char *text;
	bool flag;
	int64_t integer;
	const char *const *list;
	size_t list_count;
};

static int init(const struct pidtree_api *api, struct pidtree_arguments *arguments,
		void **ret_state)
{
	struct mirror *mirror = calloc(1, sizeof(*mirror));
	int r;

	if (!mirror)
		return -ENOMEM;
	mirror->text = "default";
	mirror->integer = -1;
	if ((r = api->argument_text(arguments, "text", &mirror->text)) ||
	    (r = api->argument_bool(arguments, "flag", &mirror->flag)) ||
	    (r = api->argument_integer(arguments, "integer", &mirror->integer)) ||
	    (r = api->argument_list(arguments, "list", &mirror->list, &mirror->list_count))) {
		free(mirror);
		return r;
	}
	*ret_state = mirror;
	return 0;
}

static int add_arguments(const struct pidtree_api *api, const struct mirror *mirror,
			 struct pidtree_event *event)
{
	char key[32];
	int r;

	if ((r = api->add_text(event, PIDTREE_TOP_LEVEL, "text", mirror->text)) ||
	    (r = api->add_bool(event, PIDTREE_TOP_LEVEL, "flag", mirror->flag)) ||
	    (r = api->add_integer(event, PIDTREE_TOP_LEVEL, "integer", mirror->integer)))
		return r;
	for (size_t i = 0; i < mirror->list_count && !r; i++) {
		snprintf(key, sizeof(key), "list%zu", i);
		r = api->add_text(event, PIDTREE_TOP_LEVEL, key, mirror->list[i]);
	}
	return r;
}

static int add_event(const struct pidtree_api *api, struct pidtree_event *event)
{
	char text[256];

	snprintf(text, sizeof(text), "%s %lld %u %s %u %s %u", api->event_probe(event),
		 (long long)api->event_unix_ns(event), api->event_protocol(event),
		 api->event_saddr(event), api->event_sport(event), api->event_daddr(event),
		 api->event_dport(event));
	return api->add_text(event, PIDTREE_TOP_LEVEL, "event", text);
}

/* Also one entry more than there is. */
static int add_tree(const struct pidtree_api *api, struct pidtree_event *event)
{
	size_t depth = api->tree_depth(event);
	int r = 0;

	for (size_t i = 0; i <= depth && !r; i++) {
		char text[256];

		snprintf(text, sizeof(text), "%u %u %d '%s' '%s' '%s' '%s' '%s'",
			 api->tree_pid(event, i), api->tree_uid(event, i),
			 (int)api->tree_loginuid(event, i), api->tree_username(event, i),
			 api->tree_loginname(event, i), api->tree_comm(event, i),
			 api->tree_exe(event, i), api->tree_cmdline(event, i));
		r = api->add_text(event, i < depth ? i : PIDTREE_TOP_LEVEL, "process", text);
	}
	return r;
}

/* What cannot be added says so by how it was refused. */
static int add_refusals(const struct pidtree_api *api, struct pidtree_event *event)
{
	char text[128];

	snprintf(text, sizeof(text), "%d %d %d %d",
		 api->add_text(event, api->tree_depth(event), "key", ""),
		 api->add_text(event, PIDTREE_TOP_LEVEL, "", "no key"),
		 api->add_text(event, PIDTREE_TOP_LEVEL, "proctree", "reserved"),
		 api->add_integer(event, PIDTREE_TOP_LEVEL, "key", (INT64_C(1) << 53) + 1));
	return api->add_text(event, PIDTREE_TOP_LEVEL, "refusals", text);
}

static int process(const struct pidtree_api *api, void *state, struct pidtree_event *event)
{
	int r;

	if ((r = add_arguments(api, state, event)) || (r = add_event(api, event)) ||
	    (r = add_tree(api, event)))
		return r;
	return add_refusals(api, event);
}

static void fini(const struct pidtree_api *api, void *state)
{
	const struct mirror *mirror = state;

	/* Texts live until here. */
	api->log(PIDTREE_LOG_INFO, "ends with %s", mirror->text);
	free(state);
}

const struct pidtree_plugin pidtree_plugin = {
	PIDTREE_PLUGIN, .name = "mirror",   .probes = (const char *const[]){"*", NULL},
	.init = init,	.process = process, .fini = fini,
};
