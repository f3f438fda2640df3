/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of config.def as the parts of the configuration's reader share them. */
#ifndef PIDTREE_CONFIG_TABLE_H
#define PIDTREE_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config.h"
#include "port_sets.h"
#include "value.h"

/* Whose key an option is, as bits; the struct that it fills in is beside each. */
enum config_section {
	CONFIG_PROBE = 1, /* struct probe_config, like the next two */
	CONFIG_NET_LISTEN = 2,
	CONFIG_UDP_SESSION = 4,
	CONFIG_FILTER = 8,	/* struct filter_keys */
	CONFIG_PLUGIN = 16,	/* struct plugin_config */
	CONFIG_CONTAINERS = 32, /* struct containers_config */
};

#define CONFIG_ANY_PROBE (CONFIG_PROBE | CONFIG_NET_LISTEN | CONFIG_UDP_SESSION)

enum config_type {
	CONFIG_TEXT,	       /* const char * */
	CONFIG_BOOL,	       /* bool */
	CONFIG_SECONDS,	       /* uint64_t, nanoseconds */
	CONFIG_SECONDS_OR_OFF, /* the same, 0: off */
	CONFIG_PORTS,	       /* const struct wire_port_set *, NULL: none given */
	CONFIG_PROTOCOLS,      /* uint32_t, CONFIG_PROTOCOL_… */
	CONFIG_FILTERS,	       /* this and the next two in struct probe_config */
	CONFIG_LABELS,
	CONFIG_PLUGINS,
};

struct config_option {
	enum config_section section;
	const char *name;
	enum config_type type;
	size_t offset; /* of its field in the struct of the section */
	const char *default_text;
	uint64_t minimum, maximum; /* of a number */
	bool is_hot;
	const char *argument;
	const char *help;
};

extern const struct config_option config_options[];
extern const size_t config_option_count;

/* The option of that name of one of sections, NULL if there is none. */
const struct config_option *config_option_find(unsigned int sections, const char *name);

/* What the keys of a filter say, before they make a struct filter_config. */
struct filter_keys {
	const char *name;
	const char *network;
	const char *network_mask;
	const char *description;
	const struct wire_port_set *except_ports;
	const struct wire_port_set *include_ports;
};

/* What reads a configuration: shared by all that is read of one. */
struct config_reader {
	const struct config_source *source;
	struct tree *tree;
	struct port_sets *sets;
	char **ret_error;
};

/* -ENOMEM, with no message. */
int config_out_of_memory(struct config_reader *reader);

/* Say that value is wrong: *ret_error, and -EINVAL. */
#define config_error(reader, value, ...)                                                           \
	place_error(value_place(value), (reader)->ret_error, __VA_ARGS__)

void config_warn(const struct config_reader *reader, const struct place *place, const char *format,
		 ...) __attribute__((format(printf, 3, 4)));

/* A section to read: the options of which sections, its name for messages. */
struct config_keys {
	unsigned int sections;
	const char *where;
	bool may_have_others; /* keys that are no options are somebody else's */
};

/*
 * Read a section's mapping into its struct, which is zeroes: defaults first,
 * then what is written. A null is an empty mapping.
 */
int config_read_keys(struct config_reader *reader, const struct config_keys *keys,
		     const struct value *mapping, void *into);

/* Read one value by the type of its option. */
int config_read_value(struct config_reader *reader, const struct config_option *option,
		      const struct value *value, void *into);

/* Whether there is anything to print of an option, and that, as YAML in flow style. */
bool config_has_value(const struct config_option *option, const void *section);
void config_print_value(const struct config_option *option, const void *section, FILE *out);

/* Say that value is of the wrong type or makes no sense as what name is. */
int config_wrong_value(struct config_reader *reader, const char *name, const struct value *value,
		       const char *expected);

/* The types of whole lists, in config_filter.c, config_label.c, config_plugin.c. */
int config_read_filters(struct config_reader *reader, const struct config_option *option,
			const struct value *value, void *section);
int config_read_labels(struct config_reader *reader, const struct config_option *option,
		       const struct value *value, void *section);
int config_read_plugins(struct config_reader *reader, const struct config_option *option,
			const struct value *value, void *section);
void config_print_filters(const struct config_option *option, const void *section, FILE *out);
void config_print_labels(const struct config_option *option, const void *section, FILE *out);
void config_print_plugins(const struct config_option *option, const void *section, FILE *out);
void config_free_labels(struct probe_config *probe);

#endif
