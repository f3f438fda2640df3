// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "config_table.h"

static int read_plugin(struct config_reader *reader, const struct value *key,
		       const struct value *arguments, struct plugin_config *plugin)
{
	static const struct config_keys table = {
		.sections = CONFIG_PLUGIN,
		.where = "a plugin",
		.may_have_others = true,
	};

	plugin->name = value_text(key);
	plugin->arguments = arguments;
	if (!value_is_null(arguments) && value_type(arguments) != VALUE_MAPPING)
		return config_wrong_value(reader, plugin->name, arguments,
					  "a mapping of the plugin's arguments, or nothing");
	return config_read_keys(reader, &table, arguments, plugin);
}

int config_read_plugins(struct config_reader *reader, const struct config_option *option,
			const struct value *value, void *section)
{
	struct probe_config *probe = section;
	size_t count = value_count(value);

	if (value_type(value) != VALUE_MAPPING)
		return config_wrong_value(reader, option->name, value,
					  "a mapping from a plugin's name to its arguments");
	if (count == 0)
		return 0;
	probe->plugins = calloc(count, sizeof(*probe->plugins));
	if (!probe->plugins)
		return config_out_of_memory(reader);
	for (size_t i = 0; i < count; i++) {
		int err = read_plugin(reader, value_key_value(value, i), value_item(value, i),
				      &probe->plugins[i]);

		if (err)
			return err;
		probe->plugin_count++;
	}
	return 0;
}

static void print_plugin(const struct plugin_config *plugin, FILE *out)
{
	const struct value *arguments = plugin->arguments;
	const char *separator = "{";

	for (size_t i = 0; i < config_option_count; i++) {
		if (config_options[i].section != CONFIG_PLUGIN)
			continue;
		fprintf(out, "%s%s: ", separator, config_options[i].name);
		config_print_value(&config_options[i], plugin, out);
		separator = ", ";
	}
	for (size_t i = 0; i < value_count(arguments); i++) {
		if (config_option_find(CONFIG_PLUGIN, value_key(arguments, i)))
			continue;
		fputs(separator, out);
		value_print(value_key_value(arguments, i), out);
		fputs(": ", out);
		value_print(value_item(arguments, i), out);
	}
	fputc('}', out);
}

void config_print_plugins(const struct config_option *option, const void *section, FILE *out)
{
	const struct probe_config *probe = section;

	(void)option;
	for (size_t i = 0; i < probe->plugin_count; i++) {
		fputs("\n    ", out);
		value_print_text(probe->plugins[i].name, out);
		fputs(": ", out);
		print_plugin(&probe->plugins[i], out);
	}
}
