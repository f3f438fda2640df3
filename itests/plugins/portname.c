// SPDX-License-Identifier: Apache-2.0
/*
 * Adds what a port stands for. Arguments: ports, a list of "PORT=NAME", and
 * attribute_key ("service").
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pidtree_plugin.h>

struct portname {
	const char *attribute_key;
	const char *names[65536]; /* by port, NULL for none */
};

/* Note one item of ports. */
static int add_port(const struct pidtree_api *api, struct pidtree_arguments *arguments,
		    struct portname *portname, const char *item)
{
	char *end;
	unsigned long port = strtoul(item, &end, 10);

	if (end == item || *end != '=' || !end[1] || port == 0 || port > 65535)
		return api->argument_error(arguments, "ports", "'%s', expected PORT=NAME", item);
	portname->names[port] = end + 1;
	return 0;
}

static int read_arguments(const struct pidtree_api *api, struct pidtree_arguments *arguments,
			  struct portname *portname)
{
	const char *const *ports = NULL;
	size_t count = 0;
	int r = api->argument_text(arguments, "attribute_key", &portname->attribute_key);

	if (!r)
		r = api->argument_list(arguments, "ports", &ports, &count);
	for (size_t i = 0; i < count && !r; i++)
		r = add_port(api, arguments, portname, ports[i]);
	return r;
}

static int init(const struct pidtree_api *api, struct pidtree_arguments *arguments,
		void **ret_state)
{
	struct portname *portname = calloc(1, sizeof(*portname));
	int r;

	if (!portname)
		return -ENOMEM;
	portname->attribute_key = "service";
	r = read_arguments(api, arguments, portname);
	if (r) {
		free(portname);
		return r;
	}
	*ret_state = portname;
	return 0;
}

static int process(const struct pidtree_api *api, void *state, struct pidtree_event *event)
{
	const struct portname *portname = state;
	bool is_listener = !strcmp(api->event_probe(event), "net_listen");
	uint16_t port = is_listener ? api->event_sport(event) : api->event_dport(event);
	const char *name = portname->names[port];

	if (!name)
		return 0;
	return api->add_text(event, PIDTREE_TOP_LEVEL, portname->attribute_key, name);
}

static void fini(const struct pidtree_api *api, void *state)
{
	(void)api;
	free(state);
}

const struct pidtree_plugin pidtree_plugin = {
	PIDTREE_PLUGIN,
	.name = "portname",
	.probes = (const char *const[]){"tcp_connect", "net_listen", "udp_session", NULL},
	.init = init,
	.process = process,
	.fini = fini,
};
