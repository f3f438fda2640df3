// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config_table.h"
#include "include.h"
#include "log.h"
#include "nearest.h"
#include "remote.h"

#define CONTAINERS "containers"

/* One more than the last of enum probe_id. */
#define X(upper, value, name) +1
enum { PROBE_IDS = 1 PROBES(X) };
#undef X

/* What each built-in probe has of config.def, by enum probe_id. */
static const struct {
	const char *name;
	unsigned int sections;
} builtin[PROBE_IDS] = {
#define X(upper, value, name) [PROBE_##upper] = {name, CONFIG_##upper},
#define CONFIG_TCP_CONNECT 0 /* no options of its own */
	PROBES(X)
#undef CONFIG_TCP_CONNECT
#undef X
};

struct config {
	struct tree *tree;
	struct port_sets *sets;
	const char **files;
	struct probe_config *probes; /* those that are on, in the order of the file */
	size_t probe_count;
	const struct value *containers_section; /* NULL: not written */
	struct containers_config containers;
};

/* Which options a probe has: 0 if there is no such probe. */
static unsigned int sections_of(const struct config_source *source, const char *name)
{
	for (size_t id = 1; id < PROBE_IDS; id++)
		if (strcmp(builtin[id].name, name) == 0)
			return CONFIG_PROBE | builtin[id].sections;
	for (const char *const *extra = source->extra_probes; extra && *extra; extra++)
		if (strcmp(*extra, name) == 0)
			return CONFIG_PROBE;
	return 0;
}

static bool is_builtin(const char *name)
{
	for (size_t id = 1; id < PROBE_IDS; id++)
		if (strcmp(builtin[id].name, name) == 0)
			return true;
	return false;
}

static int unknown_section(struct config_reader *reader, const struct value *key)
{
	const char *names[PROBE_IDS + 64];
	const char *const *extra = reader->source->extra_probes;
	size_t count = 0;

	for (size_t id = 1; id < PROBE_IDS; id++)
		names[count++] = builtin[id].name;
	names[count++] = CONTAINERS;
	for (; extra && *extra && count < sizeof(names) / sizeof(names[0]); extra++)
		names[count++] = *extra;
	return config_error(reader, key,
			    "unknown key '%.64s', expected one of those of the file, "
			    "the nearest is '%s'",
			    value_text(key), nearest(value_text(key), names, count));
}

static int check_section(struct config_reader *reader, const char *name, const struct value *value)
{
	if (value_type(value) == VALUE_MAPPING || value_is_null(value))
		return 0;
	return config_error(reader, value, "a %s as the section %s, expected a mapping or nothing",
			    value_type_name(value), name);
}

static struct port_rule rule_of(const struct probe_config *probe)
{
	if (probe->includeports)
		return (struct port_rule){WIRE_PORTS_EXCEPT, probe->includeports};
	if (probe->excludeports)
		return (struct port_rule){WIRE_PORTS_ONLY, probe->excludeports};
	return (struct port_rule){WIRE_PORTS_NONE, NULL};
}

static int read_probe(struct config_reader *reader, const char *name, const struct value *section,
		      struct probe_config *probe)
{
	struct config_keys keys = {
		.sections = sections_of(reader->source, name),
		.where = name,
		.may_have_others = !is_builtin(name),
	};
	int err;

	probe->name = name;
	probe->section = section;
	err = config_read_keys(reader, &keys, section, probe);
	if (err)
		return err;
	if (probe->includeports && probe->excludeports)
		config_warn(reader, value_place(value_find(section, "excludeports")),
			    "excludeports besides includeports, which wins");
	probe->ports = rule_of(probe);
	return 0;
}

static int read_containers(struct config_reader *reader, const struct value *section,
			   struct config *config)
{
	static const struct config_keys keys = {
		.sections = CONFIG_CONTAINERS,
		.where = CONTAINERS,
	};

	config->containers_section = section;
	return config_read_keys(reader, &keys, section, &config->containers);
}

static int read_section(struct config_reader *reader, const struct value *key,
			const struct value *section, struct config *config)
{
	const char *name = value_text(key);
	bool is_containers = strcmp(name, CONTAINERS) == 0;
	int err;

	if (name[0] == '_')
		return 0;
	if (!is_containers && !sections_of(reader->source, name))
		return unknown_section(reader, key);
	err = check_section(reader, name, section);
	if (err)
		return err;
	if (is_containers)
		return read_containers(reader, section, config);
	return read_probe(reader, name, section, &config->probes[config->probe_count++]);
}

static int read_file(struct config_reader *reader, const struct value *root, struct config *config)
{
	struct place start = {.file = reader->source->path, .line = 1, .column = 1};
	int err = 0;

	if (!root)
		return place_error(&start, reader->ret_error,
				   "the file is empty, expected a section for a probe");
	if (value_type(root) != VALUE_MAPPING)
		return config_error(reader, root,
				    "no mapping, expected a section for each probe, "
				    "such as 'tcp_connect:'");
	config->probes = calloc(value_count(root) + 1, sizeof(*config->probes));
	if (!config->probes)
		return config_out_of_memory(reader);
	for (size_t i = 0; i < value_count(root) && !err; i++)
		err = read_section(reader, value_key_value(root, i), value_item(root, i), config);
	if (!err && !config->probe_count)
		return config_error(reader, root,
				    "no probe is on, expected a section such as 'tcp_connect:'");
	return err;
}

static void warn_of_include(void *context, const struct place *place, const char *message)
{
	config_warn(context, place, "%s", message);
}

static int read_all(struct config_reader *reader, struct config *config)
{
	const struct include_source source = {
		.path = reader->source->path,
		.remote = reader->source->remote,
		.warn = warn_of_include,
		.context = reader,
	};
	const struct value *root;
	int err = include_load(&source, config->tree, &root, &config->files, reader->ret_error);

	return err ? err : read_file(reader, root, config);
}

/* What was fetched has made a valid configuration: a copy of it is worth having. */
static void keep_remote(const struct config_source *source)
{
	int err = source->remote ? remote_keep(source->remote) : 0;

	if (err)
		log_warning("cannot keep copies of what %s includes: %s", source->path,
			    strerror(-err));
}

int config_load(const struct config_source *source, struct config **ret, char **ret_error)
{
	struct config *config = calloc(1, sizeof(*config));
	struct config_reader reader = {.source = source, .ret_error = ret_error};
	int err = -ENOMEM;

	*ret_error = NULL;
	if (!config)
		return -ENOMEM;
	config->tree = reader.tree = tree_new();
	config->sets = reader.sets = port_sets_new();
	if (config->tree && config->sets)
		err = read_all(&reader, config);
	if (err) {
		config_free(config);
		return err;
	}
	keep_remote(source);
	*ret = config;
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->probe_count; i++) {
		config_free_labels(&config->probes[i]);
		free(config->probes[i].filters);
		free(config->probes[i].plugins);
	}
	free(config->probes);
	free(config->files);
	port_sets_free(config->sets);
	tree_free(config->tree);
	free(config);
}

const struct probe_config *config_probe(const struct config *config, enum probe_id id)
{
	return config_probe_named(config, builtin[id].name);
}

const struct probe_config *config_probe_named(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->probe_count; i++)
		if (strcmp(config->probes[i].name, name) == 0)
			return &config->probes[i];
	return NULL;
}

const struct containers_config *config_containers(const struct config *config)
{
	return &config->containers;
}

const char *const *config_files(const struct config *config)
{
	return config->files;
}

/* Print the options of a section, those that are hot or not. */
static void print_options(unsigned int sections, const void *section, bool with_hot, FILE *out)
{
	for (size_t i = 0; i < config_option_count; i++) {
		const struct config_option *option = &config_options[i];

		if (!(option->section & sections) || (option->is_hot && !with_hot) ||
		    !config_has_value(option, section))
			continue;
		/* A list that has lines of its own begins with a new one. */
		fprintf(out, option->type < CONFIG_FILTERS ? "  %s: " : "  %s:", option->name);
		config_print_value(option, section, out);
		fputc('\n', out);
	}
}

/* What a probe from elsewhere has beyond the options that every probe has. */
static void print_others(const struct value *section, FILE *out)
{
	for (size_t i = 0; i < value_count(section); i++) {
		if (config_option_find(CONFIG_PROBE, value_key(section, i)))
			continue;
		fputs("  ", out);
		value_print(value_key_value(section, i), out);
		fputs(": ", out);
		value_print(value_item(section, i), out);
		fputc('\n', out);
	}
}

static void print_probe(const struct probe_config *probe, bool with_hot, FILE *out)
{
	unsigned int sections = CONFIG_PROBE;

	for (size_t id = 1; id < PROBE_IDS; id++)
		if (strcmp(builtin[id].name, probe->name) == 0)
			sections |= builtin[id].sections;
	fprintf(out, "%s:\n", probe->name);
	print_options(sections, probe, with_hot, out);
	if (!is_builtin(probe->name))
		print_others(probe->section, out);
}

static void print(const struct config *config, bool with_hot, FILE *out)
{
	for (size_t i = 0; i < config->probe_count; i++)
		print_probe(&config->probes[i], with_hot, out);
	if (config->containers_section) {
		fputs(CONTAINERS ":\n", out);
		print_options(CONFIG_CONTAINERS, &config->containers, with_hot, out);
	}
}

void config_print(const struct config *config, FILE *out)
{
	print(config, true, out);
}

/* The printed form of what is not hot; NULL when out of memory. */
static char *print_cold(const struct config *config)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	print(config, false, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* What prints the same is the same. Out of memory they differ: that costs a restart, not a change.
 */
bool config_equal_except_hot(const struct config *a, const struct config *b)
{
	_cleanup_free_ char *a_text = print_cold(a);
	_cleanup_free_ char *b_text = print_cold(b);

	return a_text && b_text && strcmp(a_text, b_text) == 0;
}
