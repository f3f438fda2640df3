/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration, taken in at the start and while running. */
#include "main.h"

#include <errno.h>
#include <string.h>

int recorder_load_config(struct recorder *recorder, struct config **ret, char **ret_message)
{
	struct config_source source = {
		.path = recorder->options.config,
		.remote = recorder->remote,
		.extra_probes = extra_probes_names(recorder->extra_probes),
	};

	return config_load(&source, ret, ret_message);
}

static int add_plugins(struct plugins *plugins, const struct config *config, const char *probe,
		       char **ret_message)
{
	const struct probe_config *section = config_probe_named(config, probe);

	return section ? plugins_add(plugins, section, ret_message) : 0;
}

int recorder_load_extensions(struct recorder *recorder, const struct config *config,
			     struct plugins **ret, char **ret_message)
{
	struct plugins *plugins = plugins_new(NULL, recorder->options.extra_plugin_path);
	const char *const *name = extra_probes_names(recorder->extra_probes);
	const struct probe *extra;
	int r = plugins ? 0 : -ENOMEM;

	for (const struct probe *const *probe = probes_builtin; *probe && !r; probe++)
		r = add_plugins(plugins, config, (*probe)->name, ret_message);
	for (; *name && !r; name++) {
		if (!config_probe_named(config, *name))
			continue;
		r = extra_probes_load(recorder->extra_probes, *name, &extra, ret_message);
		if (!r)
			r = add_plugins(plugins, config, *name, ret_message);
	}
	if (r) {
		plugins_free(plugins);
		return r;
	}
	*ret = plugins;
	return 0;
}

/* Whether a recorder with this configuration would start. */
static int try_extensions(struct recorder *recorder, const struct config *config)
{
	struct plugins *plugins = NULL;
	char *message = NULL;
	int r = recorder_load_extensions(recorder, config, &plugins, &message);

	plugins_free(plugins);
	return complain(r, message);
}

int recorder_reload(struct recorder *recorder)
{
	struct config *config;
	char *message = NULL;
	int r = recorder_load_config(recorder, &config, &message);

	if (complain(r, message)) {
		log_warning("the configuration stays as it was");
		return 0;
	}
	if (!config_equal_except_hot(recorder->config, config)) {
		r = try_extensions(recorder, config);
		config_free(config);
		if (r) {
			log_warning("the configuration stays as it was");
			return 0;
		}
		log_info("the configuration changed in more than its filters: starting anew");
		recorder->is_to_restart = true;
		return 0;
	}
	container_gate_configure(recorder->containers, recorder->probes, config);
	config_free(recorder->config);
	recorder->config = config;
	r = recorder_apply_filters(recorder);
	container_gate_close(recorder->containers);
	if (r)
		log_error("cannot apply the new filters: %s", strerror(-r));
	else
		log_info("reloaded %s", recorder->options.config);
	return r;
}

/* Say so if a section has what its probe cannot do. 0. */
static int warn_of_filters(const struct probe_config *config)
{
	if (config->filter_count || config->includeports || config->excludeports ||
	    config->container_label_count)
		log_warning("the probe %s does not filter: filters, includeports, excludeports and "
			    "container_labels of its section do nothing",
			    config->name);
	return 0;
}

int recorder_apply_filters(void *context)
{
	struct recorder *recorder = context;
	int r = 0;

	for (const struct probe **probe = recorder->probes; *probe && !r; probe++) {
		const struct probe_config *config =
			config_probe_named(recorder->config, (*probe)->name);
		struct filter **filter = &recorder->filters[(*probe)->id];

		if (!config)
			continue;
		if (!*filter)
			r = filter_open(recorder->options.pin_path, (*probe)->name, filter);
		if (r == -ENOENT) /* a probe from elsewhere may have no filters */
			r = warn_of_filters(config);
		else if (!r)
			r = filter_apply(*filter, config);
	}
	return r;
}
