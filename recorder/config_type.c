// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config_table.h"
#include "timestamp.h"

/* How the values of a type are read and printed; section is the struct that has the field. */
struct config_type_row {
	const char *expected; /* in messages */
	bool is_list;	      /* what is no list is refused before read is called */
	int (*read)(struct config_reader *reader, const struct config_option *option,
		    const struct value *value, void *section);
	void (*print)(const struct config_option *option, const void *section, FILE *out);
	bool (*has_value)(const struct config_option *option, const void *section);
};

static const struct config_type_row config_types[];

static void *field_of(const struct config_option *option, void *section)
{
	return (char *)section + option->offset;
}

static const void *const_field_of(const struct config_option *option, const void *section)
{
	return (const char *)section + option->offset;
}

int config_wrong_value(struct config_reader *reader, const char *name, const struct value *value,
		       const char *expected)
{
	const char *text = value_text(value);

	return config_error(reader, value,
			    text ? "'%.64s' as %s, expected %s" : "a %s as %s, expected %s",
			    text ? text : value_type_name(value), name, expected);
}

static int wrong_value(struct config_reader *reader, const struct config_option *option,
		       const struct value *value)
{
	return config_wrong_value(reader, option->name, value, config_types[option->type].expected);
}

static bool always_has_value(const struct config_option *option, const void *section)
{
	(void)option;
	(void)section;
	return true;
}

/* Of a field that is a pointer, and NULL without a value. */
static bool pointer_has_value(const struct config_option *option, const void *section)
{
	return *(const void *const *)const_field_of(option, section) != NULL;
}

static int read_text(struct config_reader *reader, const struct config_option *option,
		     const struct value *value, void *section)
{
	const char *text = value_text(value);

	if (!text)
		return wrong_value(reader, option, value);
	*(const char **)field_of(option, section) = *text ? text : NULL;
	return 0;
}

static void print_text(const struct config_option *option, const void *section, FILE *out)
{
	value_print_text(*(const char *const *)const_field_of(option, section), out);
}

static int read_bool(struct config_reader *reader, const struct config_option *option,
		     const struct value *value, void *section)
{
	if (value_bool(value, field_of(option, section)))
		return wrong_value(reader, option, value);
	return 0;
}

static void print_bool(const struct config_option *option, const void *section, FILE *out)
{
	fputs(*(const bool *)const_field_of(option, section) ? "true" : "false", out);
}

static int read_seconds(struct config_reader *reader, const struct config_option *option,
			const struct value *value, void *section)
{
	uint64_t seconds;
	int err = value_number(value, &seconds);

	if (err == -EINVAL)
		return wrong_value(reader, option, value);
	if (err || seconds < option->minimum || seconds > option->maximum)
		return config_error(reader, value, "'%.64s' as %s, expected %llu to %llu",
				    value_text(value), option->name,
				    (unsigned long long)option->minimum,
				    (unsigned long long)option->maximum);
	*(uint64_t *)field_of(option, section) = seconds * NSEC_PER_SEC;
	return 0;
}

static int read_seconds_or_off(struct config_reader *reader, const struct config_option *option,
			       const struct value *value, void *section)
{
	const char *text = value_text(value);
	bool is_on = true;

	if ((value_bool(value, &is_on) == 0 && !is_on) || (text && strcmp(text, "0") == 0)) {
		*(uint64_t *)field_of(option, section) = 0;
		return 0;
	}
	return read_seconds(reader, option, value, section);
}

static void print_seconds(const struct config_option *option, const void *section, FILE *out)
{
	uint64_t ns = *(const uint64_t *)const_field_of(option, section);

	if (ns)
		fprintf(out, "%llu", (unsigned long long)(ns / NSEC_PER_SEC));
	else
		fputs("off", out);
}

static int read_protocols(struct config_reader *reader, const struct config_option *option,
			  const struct value *value, void *section)
{
	uint32_t protocols = 0;

	for (size_t i = 0; i < value_count(value); i++) {
		const char *text = value_text(value_item(value, i));

		if (text && strcasecmp(text, "tcp") == 0)
			protocols |= CONFIG_PROTOCOL_TCP;
		else if (text && strcasecmp(text, "udp") == 0)
			protocols |= CONFIG_PROTOCOL_UDP;
		else
			return wrong_value(reader, option, value_item(value, i));
	}
	if (!protocols)
		return config_error(reader, value, "an empty list as %s, expected %s", option->name,
				    config_types[option->type].expected);
	*(uint32_t *)field_of(option, section) = protocols;
	return 0;
}

static void print_protocols(const struct config_option *option, const void *section, FILE *out)
{
	uint32_t protocols = *(const uint32_t *)const_field_of(option, section);
	bool has_tcp = protocols & CONFIG_PROTOCOL_TCP, has_udp = protocols & CONFIG_PROTOCOL_UDP;

	fprintf(out, "[%s%s%s]", has_tcp ? "tcp" : "", has_tcp && has_udp ? ", " : "",
		has_udp ? "udp" : "");
}

/* Take a port off the front of *text. -EINVAL: none is there, -ERANGE: too large. */
static int take_port(const char **text, const struct config_option *option, uint16_t *ret)
{
	const char *c = *text;
	uint64_t port = 0;

	while (*c == ' ')
		c++;
	if (!isdigit((unsigned char)*c) || (*c == '0' && isdigit((unsigned char)c[1])))
		return -EINVAL;
	for (; isdigit((unsigned char)*c); c++)
		if (port <= option->maximum)
			port = 10 * port + (uint64_t)(*c - '0');
	while (*c == ' ')
		c++;
	*text = c;
	if (port < option->minimum || port > option->maximum)
		return -ERANGE;
	*ret = (uint16_t)port;
	return 0;
}

/* A port, or two with a dash between. */
static int read_port_range(struct config_reader *reader, const struct config_option *option,
			   const struct value *value, struct wire_port_set *set)
{
	const char *text = value_text(value);
	uint16_t first = 0, last;
	int err = text ? take_port(&text, option, &first) : -EINVAL;

	last = first;
	if (!err && *text == '-') {
		text++;
		err = take_port(&text, option, &last);
	}
	if (err == -ERANGE)
		return config_error(reader, value, "the port '%.64s', expected %llu to %llu",
				    value_text(value), (unsigned long long)option->minimum,
				    (unsigned long long)option->maximum);
	if (err || *text)
		return config_wrong_value(reader, option->name, value,
					  "a port or a range such as 8000-8099");
	if (last < first)
		return config_error(reader, value, "the range %u-%u is backwards, expected %u-%u",
				    first, last, last, first);
	port_set_add(set, first, last);
	return 0;
}

/* An empty list is as good as none: so it is in the seed. */
static int read_ports(struct config_reader *reader, const struct config_option *option,
		      const struct value *value, void *section)
{
	_cleanup_free_ struct wire_port_set *set = calloc(1, sizeof(*set));
	const struct wire_port_set **field = field_of(option, section);

	if (!set)
		return config_out_of_memory(reader);
	for (size_t i = 0; i < value_count(value); i++) {
		int err = read_port_range(reader, option, value_item(value, i), set);

		if (err)
			return err;
	}
	if (value_count(value) == 0)
		return 0;
	*field = port_sets_keep(reader->sets, set);
	return *field ? 0 : config_out_of_memory(reader);
}

static void print_ports(const struct config_option *option, const void *section, FILE *out)
{
	port_set_print(*(const struct wire_port_set *const *)const_field_of(option, section), out);
}

static const struct config_type_row config_types[] = {
	[CONFIG_TEXT] = {"a text", false, read_text, print_text, pointer_has_value},
	[CONFIG_BOOL] = {"true or false, without quotes", false, read_bool, print_bool,
			 always_has_value},
	[CONFIG_SECONDS] = {"a whole number of seconds", false, read_seconds, print_seconds,
			    always_has_value},
	[CONFIG_SECONDS_OR_OFF] = {"a whole number of seconds, or off", false, read_seconds_or_off,
				   print_seconds, always_has_value},
	[CONFIG_PORTS] = {"a list of ports and ranges, such as [22, 8000-8099]", true, read_ports,
			  print_ports, pointer_has_value},
	[CONFIG_PROTOCOLS] = {"a list of tcp and udp", true, read_protocols, print_protocols,
			      always_has_value},
	[CONFIG_FILTERS] = {"a list of networks, each a mapping", true, config_read_filters,
			    config_print_filters, pointer_has_value},
	[CONFIG_LABELS] = {"a list of LABEL=GLOB", true, config_read_labels, config_print_labels,
			   pointer_has_value},
	[CONFIG_PLUGINS] = {"a mapping from a plugin's name to its arguments", false,
			    config_read_plugins, config_print_plugins, pointer_has_value},
};

int config_read_value(struct config_reader *reader, const struct config_option *option,
		      const struct value *value, void *into)
{
	const struct config_type_row *type = &config_types[option->type];

	if (type->is_list && value_type(value) != VALUE_LIST)
		return wrong_value(reader, option, value);
	return type->read(reader, option, value, into);
}

bool config_has_value(const struct config_option *option, const void *section)
{
	return config_types[option->type].has_value(option, section);
}

void config_print_value(const struct config_option *option, const void *section, FILE *out)
{
	config_types[option->type].print(option, section, out);
}
