// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config_table.h"
#include "log.h"
#include "nearest.h"

int config_out_of_memory(struct config_reader *reader)
{
	*reader->ret_error = NULL;
	return -ENOMEM;
}

void config_warn(const struct config_reader *reader, const struct place *place, const char *format,
		 ...)
{
	_cleanup_free_ char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	place_error_v(place, &message, format, arguments);
	va_end(arguments);
	if (!message)
		return;
	if (reader->source->warn)
		reader->source->warn(reader->source->context, message);
	else
		log_warning("%s", message);
}

/* An option of another probe, or a key that nobody has. */
static int unknown_key(struct config_reader *reader, const struct config_keys *keys,
		       const struct value *key)
{
	const struct config_option *other = config_option_find(CONFIG_ANY_PROBE, value_text(key));
	const char *names[64];
	size_t count = 0;

	if (other && keys->sections & CONFIG_PROBE)
		return config_error(
			reader, key, "the key '%s', expected it in %s: %s has none", other->name,
			other->section == CONFIG_NET_LISTEN ? "net_listen" : "udp_session",
			keys->where);
	for (size_t i = 0; i < config_option_count && count < sizeof(names) / sizeof(names[0]); i++)
		if (config_options[i].section & keys->sections)
			names[count++] = config_options[i].name;
	return config_error(reader, key,
			    "unknown key '%.64s', expected one of those of %s, the nearest is '%s'",
			    value_text(key), keys->where, nearest(value_text(key), names, count));
}

/* The value of a default: a scalar, or a list of one in brackets. NULL when out of memory. */
static const struct value *default_value(struct config_reader *reader, const char *text)
{
	static const struct place place = {.file = "default", .line = 1, .column = 1};
	bool is_list = text[0] == '[';
	const struct value *scalar =
		tree_scalar(reader->tree, &place, text + is_list, strlen(text) - 2 * is_list, true);

	if (!is_list || !scalar)
		return scalar;
	return tree_list(reader->tree, &place, &scalar, 1);
}

static int set_defaults(struct config_reader *reader, unsigned int sections, void *into)
{
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *option = &config_options[i];
		const struct value *value;
		int err;

		if (!(option->section & sections) || !option->default_text)
			continue;
		value = default_value(reader, option->default_text);
		if (!value)
			return config_out_of_memory(reader);
		err = config_read_value(reader, option, value, into);
		if (err)
			return err;
	}
	return 0;
}

int config_read_keys(struct config_reader *reader, const struct config_keys *keys,
		     const struct value *mapping, void *into)
{
	/* A probe's struct has the options of all of them. */
	unsigned int sections = keys->sections & CONFIG_PROBE ? CONFIG_ANY_PROBE : keys->sections;
	int err = set_defaults(reader, sections, into);

	if (err || value_is_null(mapping))
		return err;
	for (size_t i = 0; i < value_count(mapping); i++) {
		const struct config_option *option =
			config_option_find(keys->sections, value_key(mapping, i));

		if (!option && keys->may_have_others)
			continue;
		if (!option)
			return unknown_key(reader, keys, value_key_value(mapping, i));
		if (value_is_null(value_item(mapping, i)))
			continue;
		err = config_read_value(reader, option, value_item(mapping, i), into);
		if (err)
			return err;
	}
	return 0;
}
