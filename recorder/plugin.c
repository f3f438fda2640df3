// SPDX-License-Identifier: Apache-2.0
#include "plugin.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "library.h"
#include "log.h"
#include "message.h"
#include "pidtree_plugin.h"
#include "plugin_api.h"
#include "plugin_arguments.h"
#include "plugin_event.h"

/* A plugin at work for one probe. */
struct plugin {
	struct plugin *next;
	char *probe;
	void *library;
	struct pidtree_plugin descriptor; /* what it points to is the library's */
	struct pidtree_arguments arguments;
	void *state;
	bool is_ready; /* for process and fini */
	uint64_t failures;
};

struct plugins {
	char *directory;
	char *extra_directory;
	struct plugin *first;
	struct plugin **end; /* where the next one goes */
	struct pidtree_event *event;
	char *attributes; /* of the last event */
};

static const struct library_kind kind = {
	.symbol = "pidtree_plugin",
	.abi = PIDTREE_PLUGIN_ABI,
	.size = sizeof(struct pidtree_plugin),
	.least_size = offsetof(struct pidtree_plugin, fini) + sizeof(void *),
};

_Static_assert(offsetof(struct pidtree_plugin, abi) == offsetof(struct library_descriptor, abi) &&
		       offsetof(struct pidtree_plugin, size) ==
			       offsetof(struct library_descriptor, size) &&
		       offsetof(struct pidtree_plugin, name) ==
			       offsetof(struct library_descriptor, name),
	       "library.c reads the beginning of the descriptor");

/* The directory of plugins beside a recorder that was not installed, else the installed one's. */
static char *default_directory(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof("/plugins"));
	char *slash;

	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		strcpy(slash, "/plugins");
		if (!access(path, F_OK))
			return strdup(path);
	}
	return strdup(PIDTREE_PLUGIN_DIRECTORY);
}

struct plugins *plugins_new(const char *directory, const char *extra_directory)
{
	struct plugins *plugins = calloc(1, sizeof(*plugins));

	if (!plugins)
		return NULL;
	plugins->end = &plugins->first;
	plugins->directory = directory ? strdup(directory) : default_directory();
	plugins->event = plugin_event_new();
	if (extra_directory)
		plugins->extra_directory = strdup(extra_directory);
	if (!plugins->directory || !plugins->event ||
	    (extra_directory && !plugins->extra_directory)) {
		plugins_free(plugins);
		return NULL;
	}
	return plugins;
}

/* End a plugin, however far it has come. Takes NULL. */
static void plugin_free(struct plugin *plugin)
{
	if (!plugin)
		return;
	if (plugin->is_ready && plugin->descriptor.fini) {
		plugin_api_speaker(plugin->descriptor.name);
		plugin->descriptor.fini(&plugin_api, plugin->state);
		plugin_api_speaker(NULL);
	}
	arguments_clear(&plugin->arguments);
	library_unload(plugin->library);
	free(plugin->probe);
	free(plugin);
}

void plugins_free(struct plugins *plugins)
{
	struct plugin *plugin, *next;

	if (!plugins)
		return;
	for (plugin = plugins->first; plugin; plugin = next) {
		next = plugin->next;
		plugin_free(plugin);
	}
	plugin_event_free(plugins->event);
	free(plugins->directory);
	free(plugins->extra_directory);
	free(plugins->attributes);
	free(plugins);
}

/* Find and load the plugin's file. */
static int plugin_load(const struct plugins *plugins, const char *name, struct plugin *plugin,
		       char **ret_message)
{
	int r = library_load(plugins->directory, name, false, &kind, &plugin->descriptor,
			     &plugin->library, ret_message);

	if (r != -ENOENT)
		return r;
	if (!plugins->extra_directory)
		return message_fail(ret_message, r,
				    "there is no plugin '%s' in %s; name the directory of others "
				    "with --extra-plugin-path",
				    name, plugins->directory);
	r = library_load(plugins->extra_directory, name, true, &kind, &plugin->descriptor,
			 &plugin->library, ret_message);
	if (r != -ENOENT)
		return r;
	return message_fail(ret_message, r, "there is no plugin '%s', neither in %s nor in %s",
			    name, plugins->directory, plugins->extra_directory);
}

static int check_probe(const struct plugin *plugin, char **ret_message)
{
	const struct pidtree_plugin *descriptor = &plugin->descriptor;

	if (!descriptor->process)
		return message_fail(ret_message, -ENOEXEC, "plugin '%s' has no function process",
				    descriptor->name);
	for (const char *const *probe = descriptor->probes; probe && *probe; probe++)
		if (!strcmp(*probe, "*") || !strcmp(*probe, plugin->probe))
			return 0;
	return message_fail(ret_message, -EINVAL, "plugin '%s' does not work with %s events",
			    descriptor->name, plugin->probe);
}

/* Let the plugin read its arguments. */
static int plugin_init(struct plugin *plugin, const struct value *arguments, char **ret_message)
{
	const struct pidtree_plugin *descriptor = &plugin->descriptor;
	int r = 0;

	plugin->arguments.value = arguments;
	plugin_api_speaker(descriptor->name);
	if (descriptor->init)
		r = descriptor->init(&plugin_api, &plugin->arguments, &plugin->state);
	plugin_api_speaker(NULL);
	plugin->is_ready = !r;
	if (!r)
		r = arguments_check_unknown(&plugin->arguments);
	plugin->arguments.value = NULL;
	if (!r)
		return 0;
	if (r > 0)
		r = -EINVAL;
	if (plugin->arguments.message)
		return message_fail(ret_message, r, "%s (plugin '%s' of %s)",
				    plugin->arguments.message, descriptor->name, plugin->probe);
	return message_fail(ret_message, r, "plugin '%s' of %s cannot begin: %s", descriptor->name,
			    plugin->probe, strerror(-r));
}

static int plugin_new(const struct plugins *plugins, const char *probe,
		      const struct plugin_config *config, struct plugin **ret, char **ret_message)
{
	struct plugin *plugin = calloc(1, sizeof(*plugin));
	int r = -ENOMEM;

	if (plugin)
		plugin->probe = strdup(probe);
	if (plugin && plugin->probe)
		r = plugin_load(plugins, config->name, plugin, ret_message);
	if (!r)
		r = check_probe(plugin, ret_message);
	if (!r)
		r = plugin_init(plugin, config->arguments, ret_message);
	if (r) {
		plugin_free(plugin);
		return r;
	}
	*ret = plugin;
	return 0;
}

int plugins_add(struct plugins *plugins, const struct probe_config *probe, char **ret_message)
{
	*ret_message = NULL;
	for (size_t i = 0; i < probe->plugin_count; i++) {
		const struct plugin_config *config = &probe->plugins[i];
		struct plugin *plugin = NULL;
		int r;

		if (!config->enabled)
			continue;
		r = plugin_new(plugins, probe->name, config, &plugin, ret_message);
		if (r && (r == -ENOMEM || !config->unload_on_init_exception))
			return r;
		if (r) {
			log_warning("%s; events go on without it", *ret_message);
			free(*ret_message);
			*ret_message = NULL;
			continue;
		}
		*plugins->end = plugin;
		plugins->end = &plugin->next;
	}
	return 0;
}

bool plugins_wanted(const struct plugins *plugins, const char *probe)
{
	for (const struct plugin *plugin = plugins->first; plugin; plugin = plugin->next)
		if (!strcmp(plugin->probe, probe))
			return true;
	return false;
}

/* The first failure is told, then ever fewer, so that the log survives a plugin that always fails.
 */
static void count_failure(struct plugin *plugin, int r)
{
	plugin->failures++;
	if (plugin->failures & (plugin->failures - 1))
		return;
	log_warning("plugin '%s' failed on a %s event: %s (%llu times so far)",
		    plugin->descriptor.name, plugin->probe, strerror(r < 0 ? -r : EINVAL),
		    (unsigned long long)plugin->failures);
}

int plugins_run(struct plugins *plugins, const char *probe, const struct event *event,
		const struct image *image, const char **ret_attributes)
{
	char *attributes = NULL;
	int r;

	if (!plugins_wanted(plugins, probe)) {
		*ret_attributes = event->attributes;
		return 0;
	}
	plugin_event_begin(plugins->event, event, probe, image);
	for (struct plugin *plugin = plugins->first; plugin; plugin = plugin->next) {
		if (strcmp(plugin->probe, probe))
			continue;
		plugin_api_speaker(plugin->descriptor.name);
		r = plugin->descriptor.process(&plugin_api, plugin->state, plugins->event);
		if (r)
			count_failure(plugin, r);
	}
	plugin_api_speaker(NULL);
	r = plugin_event_end(plugins->event, &attributes);
	if (r)
		return r;
	free(plugins->attributes);
	plugins->attributes = attributes;
	*ret_attributes = attributes;
	return 0;
}
