// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config_table.h"

/* The prefix that a mask stands for; -EINVAL if a one comes after a zero. */
static int prefix_of_mask(const struct address *mask, unsigned int *ret)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; i < 8u * mask->size; i++) {
		bool is_one = mask->bytes[i / 8] >> (7 - i % 8) & 1;

		if (is_one && i > bits)
			return -EINVAL;
		bits += is_one;
	}
	*ret = bits;
	return 0;
}

static int parse_mask(struct config_reader *reader, const struct value *value, const char *text,
		      const struct address *address, unsigned int *ret)
{
	struct address mask;
	bool is_ipv4 = address->size == 4;

	if (address_parse(text, &mask) || mask.size != address->size || prefix_of_mask(&mask, ret))
		return config_error(reader, value,
				    "the mask '%.64s', expected ones, then zeroes, "
				    "such as %s",
				    text, is_ipv4 ? "255.255.0.0" : "ffff:ffff::");
	return 0;
}

/* network and network_mask. */
static int parse_masked(struct config_reader *reader, const struct value *mapping,
			const struct filter_keys *keys, struct network *ret)
{
	char address_text[ADDRESS_TEXT_SIZE], text[ADDRESS_TEXT_SIZE + 8];
	struct address address;
	unsigned int bits = 0;
	int err;

	if (address_parse(keys->network, &address))
		return config_wrong_value(reader, "network", value_find(mapping, "network"),
					  "an IPv4 or IPv6 address");
	err = parse_mask(reader, value_find(mapping, "network_mask"), keys->network_mask, &address,
			 &bits);
	if (err)
		return err;
	snprintf(text, sizeof(text), "%s/%u", address_format(&address, address_text), bits);
	return network_parse(text, ret);
}

static int parse_network(struct config_reader *reader, const struct value *mapping,
			 const struct filter_keys *keys, struct network *ret)
{
	const struct value *network = value_find(mapping, "network");
	const struct value *mask = value_find(mapping, "network_mask");

	if (!keys->network)
		return config_error(reader, mapping,
				    "a filter without network, expected one such as 10.0.0.0/8");
	if (!strchr(keys->network, '/')) {
		if (keys->network_mask)
			return parse_masked(reader, mapping, keys, ret);
		return config_error(reader, network,
				    "'%.64s' as network, expected network_mask with it, or its "
				    "prefix, such as /24",
				    keys->network);
	}
	if (keys->network_mask)
		return config_error(reader, mask,
				    "network_mask where network has a prefix, "
				    "expected one of the two");
	if (network_parse(keys->network, ret))
		return config_wrong_value(reader, "network", network,
					  "ADDRESS/PREFIX such as 10.0.0.0/8 or 2001:db8::/32");
	return 0;
}

static struct port_rule rule_of(const struct filter_keys *keys)
{
	if (keys->except_ports)
		return (struct port_rule){WIRE_PORTS_EXCEPT, keys->except_ports};
	if (keys->include_ports)
		return (struct port_rule){WIRE_PORTS_ONLY, keys->include_ports};
	return (struct port_rule){WIRE_PORTS_ALL, NULL};
}

static int read_filter(struct config_reader *reader, const struct value *mapping,
		       struct filter_config *filter)
{
	static const struct config_keys table = {.sections = CONFIG_FILTER, .where = "a filter"};
	struct filter_keys keys = {0};
	int err;

	if (value_type(mapping) != VALUE_MAPPING)
		return config_wrong_value(reader, "a filter", mapping,
					  "a mapping with subnet_name, network and network_mask");
	err = config_read_keys(reader, &table, mapping, &keys);
	if (!err)
		err = parse_network(reader, mapping, &keys, &filter->network);
	if (err)
		return err;
	if (keys.except_ports && keys.include_ports)
		config_warn(reader, value_place(value_find(mapping, "include_ports")),
			    "include_ports besides except_ports, which wins");
	filter->name = keys.name ? keys.name : keys.network;
	filter->description = keys.description;
	filter->ports = rule_of(&keys);
	return 0;
}

/* A filter with the value that it came from. */
struct sorted {
	const struct filter_config *filter;
	const struct value *mapping;
};

static int compare_places(const struct sorted *a, const struct sorted *b)
{
	return a->filter < b->filter ? -1 : a->filter > b->filter;
}

static int compare_names(const void *a, const void *b)
{
	const struct sorted *one = a, *other = b;
	int order = strcmp(one->filter->name, other->filter->name);

	return order ? order : compare_places(one, other);
}

/* Both are made by network_parse(): what is not address is zero. */
static int order_networks(const struct network *a, const struct network *b)
{
	int order = memcmp(a->address.bytes, b->address.bytes, sizeof(a->address.bytes));

	if (!order)
		order = a->address.size - b->address.size;
	return order ? order : a->prefix_bits - b->prefix_bits;
}

static int compare_networks(const void *a, const void *b)
{
	const struct sorted *one = a, *other = b;
	int order = order_networks(&one->filter->network, &other->filter->network);

	return order ? order : compare_places(one, other);
}

static int check_names(struct config_reader *reader, struct sorted *sorted, size_t count)
{
	qsort(sorted, count, sizeof(*sorted), compare_names);
	for (size_t i = 1; i < count; i++) {
		const struct value *name = value_find(sorted[i].mapping, "subnet_name");

		if (strcmp(sorted[i - 1].filter->name, sorted[i].filter->name) == 0)
			return config_error(reader, name ? name : sorted[i].mapping,
					    "duplicate filter '%.64s', expected a name of its own: "
					    "the first is in line %zu",
					    sorted[i].filter->name,
					    value_place(sorted[i - 1].mapping)->line);
	}
	return 0;
}

static void warn_of_networks(struct config_reader *reader, struct sorted *sorted, size_t count)
{
	qsort(sorted, count, sizeof(*sorted), compare_networks);
	for (size_t i = 1; i < count; i++)
		if (order_networks(&sorted[i - 1].filter->network, &sorted[i].filter->network) == 0)
			config_warn(reader, value_place(sorted[i].mapping),
				    "filter '%.64s' has the network of '%.64s', and replaces it",
				    sorted[i].filter->name, sorted[i - 1].filter->name);
}

static int check_filters(struct config_reader *reader, const struct value *list,
			 const struct probe_config *probe)
{
	size_t count = probe->filter_count;
	_cleanup_free_ struct sorted *sorted = calloc(count, sizeof(*sorted));
	int err;

	if (!sorted)
		return config_out_of_memory(reader);
	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct sorted){&probe->filters[i], value_item(list, i)};
	err = check_names(reader, sorted, count);
	if (!err)
		warn_of_networks(reader, sorted, count);
	return err;
}

int config_read_filters(struct config_reader *reader, const struct config_option *option,
			const struct value *value, void *section)
{
	struct probe_config *probe = section;
	size_t count = value_count(value);

	(void)option;
	if (count == 0)
		return 0;
	probe->filters = calloc(count, sizeof(*probe->filters));
	if (!probe->filters)
		return config_out_of_memory(reader);
	for (size_t i = 0; i < count; i++) {
		int err = read_filter(reader, value_item(value, i), &probe->filters[i]);

		if (err)
			return err;
		probe->filter_count++;
	}
	return check_filters(reader, value, probe);
}

static void print_filter(const struct filter_config *filter, FILE *out)
{
	char address[ADDRESS_TEXT_SIZE];

	fputs("{subnet_name: ", out);
	value_print_text(filter->name, out);
	fprintf(out, ", network: \"%s/%u\"", address_format(&filter->network.address, address),
		filter->network.prefix_bits);
	if (filter->description) {
		fputs(", description: ", out);
		value_print_text(filter->description, out);
	}
	if (filter->ports.ports) {
		fputs(filter->ports.mode == WIRE_PORTS_EXCEPT ? ", except_ports: "
							      : ", include_ports: ",
		      out);
		port_set_print(filter->ports.ports, out);
	}
	fputc('}', out);
}

void config_print_filters(const struct config_option *option, const void *section, FILE *out)
{
	const struct probe_config *probe = section;

	(void)option;
	for (size_t i = 0; i < probe->filter_count; i++) {
		fputs("\n    - ", out);
		print_filter(&probe->filters[i], out);
	}
}
