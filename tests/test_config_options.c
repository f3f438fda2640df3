// SPDX-License-Identifier: Apache-2.0
#include "tests/fixture_config.h"

#include "recorder/config_table.h"
#include "recorder/port_sets.h"

/* The section of a probe that is the file's only one. */
static const struct probe_config *only_probe(const struct config *config)
{
	static const enum probe_id ids[] = {PROBE_TCP_CONNECT, PROBE_NET_LISTEN, PROBE_UDP_SESSION};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (config_probe(config, ids[i]))
			return config_probe(config, ids[i]);
	return config_probe_named(config, "tcp_accept");
}

/* The list of ports of a rule, as it is printed. */
static void assert_ports(const struct port_rule *rule, enum wire_port_mode mode,
			 const char *expected)
{
	char text[256] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_int_equal(rule->mode, mode);
	if (rule->ports)
		port_set_print(rule->ports, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
}

/* text: a configuration with one probe that has one filter. */
static void assert_network(const char *text, const char *expected)
{
	char line[256], address[ADDRESS_TEXT_SIZE];
	const struct filter_config *filter;
	struct config *config;

	snprintf(line, sizeof(line), "tcp_connect: {filters: [{subnet_name: a, %s}]}\n", text);
	config = load(line);
	filter = &only_probe(config)->filters[0];
	snprintf(line, sizeof(line), "%s/%u", address_format(&filter->network.address, address),
		 filter->network.prefix_bits);
	assert_string_equal(line, expected);
	config_free(config);
}

static void defaults_are_those_of_the_seed(void **state)
{
	struct config *config = load("net_listen:\nudp_session:\n");
	const struct probe_config *listen = config_probe(config, PROBE_NET_LISTEN);

	(void)state;
	assert_int_equal(listen->filter_count, 0);
	assert_int_equal(listen->ports.mode, WIRE_PORTS_NONE);
	assert_int_equal(listen->container_label_count, 0);
	assert_int_equal(listen->plugin_count, 0);
	assert_int_equal(listen->protocols, CONFIG_PROTOCOL_TCP);
	assert_int_equal(listen->snapshot_period_ns, 0);
	assert_false(listen->same_namespace_only);
	assert_false(listen->exclude_random_bind);
	assert_int_equal(config_probe(config, PROBE_UDP_SESSION)->session_max_ns, 120000000000);
	assert_null(config_containers(config)->socket);
	config_free(config);
}

static void an_option_without_a_value_is_at_its_default(void **state)
{
	struct config *config = load("net_listen:\n  filters:\n  protocols: ~\n  plugins:\n");

	(void)state;
	assert_int_equal(only_probe(config)->protocols, CONFIG_PROTOCOL_TCP);
	assert_int_equal(only_probe(config)->filter_count, 0);
	config_free(config);
}

static void the_options_of_net_listen_are_taken(void **state)
{
	struct config *config = load("net_listen:\n  protocols: [udp, TCP]\n"
				     "  snapshot_periodicity: 300\n  same_namespace_only: True\n"
				     "  exclude_random_bind: on\n");
	const struct probe_config *probe = only_probe(config);

	(void)state;
	assert_int_equal(probe->protocols, CONFIG_PROTOCOL_TCP | CONFIG_PROTOCOL_UDP);
	assert_int_equal(probe->snapshot_period_ns, 300000000000);
	assert_true(probe->same_namespace_only);
	assert_true(probe->exclude_random_bind);
	config_free(config);
}

static void a_number_may_be_quoted(void **state)
{
	struct config *config = load("udp_session: {session_max_duration: '7', "
				     "includeports: ['80', \"443\"]}\n");

	(void)state;
	assert_int_equal(only_probe(config)->session_max_ns, 7000000000);
	assert_ports(&only_probe(config)->ports, WIRE_PORTS_EXCEPT, "[80, 443]");
	config_free(config);
}

static void snapshots_can_be_off(void **state)
{
	static const char *const offs[] = {"0", "off", "False", "~"};

	(void)state;
	for (size_t i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		struct config *config;
		char text[64];

		snprintf(text, sizeof(text), "net_listen: {snapshot_periodicity: %s}\n", offs[i]);
		config = load(text);
		assert_int_equal(only_probe(config)->snapshot_period_ns, 0);
		config_free(config);
	}
}

static void a_number_out_of_range_is_an_error(void **state)
{
	(void)state;
	assert_error("udp_session:\n  session_max_duration: 0\n",
		     PATH ":2:25: '0' as session_max_duration, expected 1 to 31536000");
	assert_error("net_listen: {snapshot_periodicity: 99999999999999999999}\n",
		     PATH ":1:36: '99999999999999999999' as snapshot_periodicity, "
			  "expected 1 to 31536000");
}

static void what_is_no_number_is_an_error(void **state)
{
	(void)state;
	assert_error("udp_session:\n  session_max_duration: 2m\n",
		     PATH ":2:25: '2m' as session_max_duration, expected a whole number of "
			  "seconds");
	assert_error("udp_session:\n  session_max_duration: -1\n",
		     PATH ":2:25: '-1' as session_max_duration, expected a whole number of "
			  "seconds");
	assert_error("udp_session:\n  session_max_duration: 010\n",
		     PATH ":2:25: '010' as session_max_duration, expected a whole number of "
			  "seconds");
	assert_error("udp_session:\n  session_max_duration: [1]\n",
		     PATH ":2:25: a list as session_max_duration, expected a whole number of "
			  "seconds");
	assert_error("net_listen:\n  snapshot_periodicity: yes\n",
		     PATH ":2:25: 'yes' as snapshot_periodicity, expected a whole number of "
			  "seconds, or off");
}

static void booleans_are_those_of_pyyaml(void **state)
{
	static const char *const words[] = {"true", "yes",  "on",  "True", "Yes",
					    "On",   "TRUE", "YES", "ON"};
	static const char *const others[] = {"false", "no",    "off", "False", "No",
					     "Off",   "FALSE", "NO",  "OFF"};
	char text[64];

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		struct config *config;

		snprintf(text, sizeof(text), "net_listen: {same_namespace_only: %s}\n", words[i]);
		config = load(text);
		assert_true(only_probe(config)->same_namespace_only);
		config_free(config);
		snprintf(text, sizeof(text), "net_listen: {same_namespace_only: %s}\n", others[i]);
		config = load(text);
		assert_false(only_probe(config)->same_namespace_only);
		config_free(config);
	}
}

static void what_is_no_boolean_is_an_error(void **state)
{
	(void)state;
	assert_error("net_listen:\n  same_namespace_only: \"True\"\n",
		     PATH ":2:24: 'True' as same_namespace_only, expected true or false, "
			  "without quotes");
	assert_error("net_listen:\n  same_namespace_only: tRue\n",
		     PATH ":2:24: 'tRue' as same_namespace_only, expected true or false, "
			  "without quotes");
	assert_error("net_listen:\n  same_namespace_only: 1\n",
		     PATH ":2:24: '1' as same_namespace_only, expected true or false, "
			  "without quotes");
	assert_error("net_listen:\n  same_namespace_only: {}\n",
		     PATH ":2:24: a mapping as same_namespace_only, expected true or false, "
			  "without quotes");
}

static void protocols_other_than_tcp_and_udp_are_an_error(void **state)
{
	(void)state;
	assert_error("net_listen: {protocols: [tcp, sctp]}\n",
		     PATH ":1:31: 'sctp' as protocols, expected a list of tcp and udp");
	assert_error("net_listen: {protocols: []}\n",
		     PATH ":1:25: an empty list as protocols, expected a list of tcp and udp");
	assert_error("net_listen: {protocols: tcp}\n",
		     PATH ":1:25: 'tcp' as protocols, expected a list of tcp and udp");
}

static void ports_are_numbers_and_ranges(void **state)
{
	struct config *config =
		load("tcp_connect: {excludeports: [22, 8000-8002, \"0-1\", '65535', 10 - 11]}\n");

	(void)state;
	assert_ports(&only_probe(config)->ports, WIRE_PORTS_ONLY,
		     "[0-1, 10-11, 22, 8000-8002, 65535]");
	config_free(config);
}

static void every_port_is_one_range(void **state)
{
	struct config *config = load("tcp_connect: {excludeports: [0-65535]}\n");

	(void)state;
	assert_ports(&only_probe(config)->ports, WIRE_PORTS_ONLY, "[0-65535]");
	config_free(config);
}

static void includeports_keep_what_they_name(void **state)
{
	struct config *config = load("tcp_connect: {includeports: [80, 100-200]}\n");

	(void)state;
	assert_ports(&only_probe(config)->ports, WIRE_PORTS_EXCEPT, "[80, 100-200]");
	config_free(config);
}

static void includeports_win_over_excludeports_with_a_warning(void **state)
{
	struct config *config = load("tcp_connect:\n  includeports: [80]\n  excludeports: [81]\n");

	(void)state;
	assert_ports(&only_probe(config)->ports, WIRE_PORTS_EXCEPT, "[80]");
	assert_string_equal(warnings,
			    PATH ":3:17: excludeports besides includeports, which wins\n");
	config_free(config);
}

static void an_empty_list_of_ports_is_as_good_as_none(void **state)
{
	struct config *config = load("tcp_connect: {includeports: [], excludeports: [81]}\n");

	(void)state;
	assert_ports(&only_probe(config)->ports, WIRE_PORTS_ONLY, "[81]");
	assert_string_equal(warnings, "");
	config_free(config);
}

static void equal_sets_of_ports_are_one(void **state)
{
	struct config *config = load("_p: &p [1, 2]\ntcp_connect: {includeports: *p}\n"
				     "udp_session: {excludeports: [1-2]}\n");

	(void)state;
	assert_ptr_equal(config_probe(config, PROBE_TCP_CONNECT)->ports.ports,
			 config_probe(config, PROBE_UDP_SESSION)->ports.ports);
	config_free(config);
}

static void wrong_ports_are_an_error(void **state)
{
	(void)state;
	assert_error("tcp_connect:\n  includeports: [1, 70000]\n",
		     PATH ":2:21: the port '70000', expected 0 to 65535");
	assert_error("tcp_connect:\n  includeports: [1-99999999999999999999999]\n",
		     PATH ":2:18: the port '1-99999999999999999999999', expected 0 to 65535");
	assert_error("tcp_connect:\n  excludeports: [90-80]\n",
		     PATH ":2:18: the range 90-80 is backwards, expected 80-90");
	assert_error("tcp_connect:\n  excludeports: [http]\n",
		     PATH ":2:18: 'http' as excludeports, expected a port or a range such as "
			  "8000-8099");
	assert_error("tcp_connect:\n  excludeports: [1-]\n",
		     PATH ":2:18: '1-' as excludeports, expected a port or a range such as "
			  "8000-8099");
	assert_error("tcp_connect:\n  excludeports: [1-2-3]\n",
		     PATH ":2:18: '1-2-3' as excludeports, expected a port or a range such as "
			  "8000-8099");
	assert_error("tcp_connect:\n  excludeports: [{}]\n",
		     PATH ":2:18: a mapping as excludeports, expected a port or a range such as "
			  "8000-8099");
	assert_error("tcp_connect:\n  excludeports: [080]\n",
		     PATH ":2:18: '080' as excludeports, expected a port or a range such as "
			  "8000-8099");
	assert_error("tcp_connect:\n  excludeports: 80\n",
		     PATH ":2:17: '80' as excludeports, expected a list of ports and ranges, "
			  "such as [22, 8000-8099]");
}

static void networks_have_a_mask_or_a_prefix(void **state)
{
	(void)state;
	assert_network("network: 10.0.0.0, network_mask: 255.0.0.0", "10.0.0.0/8");
	assert_network("network: 0.0.0.0, network_mask: 0.0.0.0", "0.0.0.0/0");
	assert_network("network: 10.1.2.3, network_mask: 255.255.255.255", "10.1.2.3/32");
	assert_network("network: 10.1.2.3/12", "10.0.0.0/12");
	assert_network("network: '2001:db8::/32'", "2001:db8::/32");
	assert_network("network: '::/0'", "::/0");
	assert_network("network: '2001:db8::1', network_mask: 'ffff:fff0::'", "2001:db0::/28");
	assert_network("network: '::ffff:10.0.0.0/104'", "10.0.0.0/8");
	assert_network("network: '::ffff:10.1.0.0', network_mask: 255.0.0.0", "10.0.0.0/8");
}

static void wrong_networks_are_an_error(void **state)
{
	(void)state;
	assert_error("tcp_connect:\n  filters:\n    - network: 10.0.0.0\n"
		     "      network_mask: 255.0.255.0\n",
		     PATH ":4:21: the mask '255.0.255.0', expected ones, then zeroes, such as "
			  "255.255.0.0");
	assert_error("tcp_connect:\n  filters:\n    - network: '2001:db8::'\n"
		     "      network_mask: 255.0.0.0\n",
		     PATH ":4:21: the mask '255.0.0.0', expected ones, then zeroes, such as "
			  "ffff:ffff::");
	assert_error("tcp_connect:\n  filters:\n    - network: 10.0.0.0/33\n",
		     PATH ":3:16: '10.0.0.0/33' as network, expected ADDRESS/PREFIX such as "
			  "10.0.0.0/8 or 2001:db8::/32");
	assert_error("tcp_connect:\n  filters:\n    - network: 10.0.0.0\n",
		     PATH ":3:16: '10.0.0.0' as network, expected network_mask with it, or its "
			  "prefix, such as /24");
	assert_error("tcp_connect:\n  filters:\n    - network: here\n"
		     "      network_mask: 255.0.0.0\n",
		     PATH ":3:16: 'here' as network, expected an IPv4 or IPv6 address");
	assert_error("tcp_connect:\n  filters:\n    - network: 10.0.0.0/8\n"
		     "      network_mask: 255.0.0.0\n",
		     PATH
		     ":4:21: network_mask where network has a prefix, expected one of the two");
	assert_error("tcp_connect:\n  filters:\n    - subnet_name: a\n",
		     PATH ":3:7: a filter without network, expected one such as 10.0.0.0/8");
}

static void wrong_filters_are_an_error(void **state)
{
	(void)state;
	assert_error("tcp_connect: {filters: {}}\n",
		     PATH ":1:24: a mapping as filters, expected a list of networks, "
			  "each a mapping");
	assert_error("tcp_connect: {filters: [10.0.0.0/8]}\n",
		     PATH ":1:25: '10.0.0.0/8' as a filter, expected a mapping with subnet_name, "
			  "network and network_mask");
	assert_error("tcp_connect: {filters: [{netmask: 1}]}\n",
		     PATH ":1:26: unknown key 'netmask', expected one of those of a filter, "
			  "the nearest is 'network'");
	assert_error("tcp_connect: {filters: [{subnet_name: [a]}]}\n",
		     PATH ":1:39: a list as subnet_name, expected a text");
	assert_error("tcp_connect: {filters: [{network: 1.0.0.0/8, except_ports: [65536]}]}\n",
		     PATH ":1:61: the port '65536', expected 0 to 65535");
}

static void a_duplicate_filter_name_is_an_error(void **state)
{
	(void)state;
	assert_error("tcp_connect:\n  filters:\n"
		     "    - {subnet_name: a, network: 10.0.0.0/8}\n"
		     "    - {subnet_name: b, network: 11.0.0.0/8}\n"
		     "    - {subnet_name: a, network: 12.0.0.0/8}\n",
		     PATH ":5:21: duplicate filter 'a', expected a name of its own: "
			  "the first is in line 3");
}

static void two_probes_may_have_filters_of_one_name(void **state)
{
	(void)state;
	config_free(load("_f: &f [{subnet_name: a, network: 10.0.0.0/8}]\n"
			 "tcp_connect: {filters: *f}\nudp_session: {filters: *f}\n"));
}

static void a_network_given_twice_is_a_warning(void **state)
{
	(void)state;
	config_free(load("tcp_connect:\n  filters:\n"
			 "    - {subnet_name: a, network: 10.0.0.0/8}\n"
			 "    - {subnet_name: b, network: 10.1.0.0, network_mask: 255.0.0.0}\n"));
	assert_string_equal(warnings,
			    PATH ":4:7: filter 'b' has the network of 'a', and replaces it\n");
}

static void a_filter_drops_all_or_some_ports(void **state)
{
	struct config *config = load("tcp_connect:\n  filters:\n"
				     "    - {network: 10.0.0.0/8, description: \"all 10/8\"}\n"
				     "    - {network: 11.0.0.0/8, except_ports: [80]}\n"
				     "    - {network: 12.0.0.0/8, include_ports: [81, 90-99]}\n"
				     "    - {network: 13.0.0.0/8, include_ports: []}\n");
	const struct probe_config *probe = only_probe(config);

	(void)state;
	assert_int_equal(probe->filter_count, 4);
	assert_ports(&probe->filters[0].ports, WIRE_PORTS_ALL, "");
	assert_string_equal(probe->filters[0].description, "all 10/8");
	assert_string_equal(probe->filters[0].name, "10.0.0.0/8");
	assert_ports(&probe->filters[1].ports, WIRE_PORTS_EXCEPT, "[80]");
	assert_null(probe->filters[1].description);
	assert_ports(&probe->filters[2].ports, WIRE_PORTS_ONLY, "[81, 90-99]");
	assert_ports(&probe->filters[3].ports, WIRE_PORTS_ALL, "");
	config_free(config);
}

static void except_ports_win_over_include_ports_with_a_warning(void **state)
{
	struct config *config = load("tcp_connect:\n  filters:\n    - network: 10.0.0.0/8\n"
				     "      except_ports: [80]\n      include_ports: [81]\n");

	(void)state;
	assert_ports(&only_probe(config)->filters[0].ports, WIRE_PORTS_EXCEPT, "[80]");
	assert_string_equal(warnings,
			    PATH ":5:22: include_ports besides except_ports, which wins\n");
	config_free(config);
}

static void container_labels_are_globs_of_and_in_or(void **state)
{
	struct config *config = load("tcp_connect:\n  container_labels:\n"
				     "    - app=web-*\n    - \"a=b=c , d=\"\n");
	const struct probe_config *probe = only_probe(config);
	const struct labels_config *labels = probe->container_labels;

	(void)state;
	assert_int_equal(probe->container_label_count, 2);
	assert_int_equal(labels[0].count, 1);
	assert_string_equal(labels[0].labels[0].label, "app");
	assert_string_equal(labels[0].labels[0].glob, "web-*");
	assert_int_equal(labels[1].count, 2);
	assert_string_equal(labels[1].labels[0].label, "a");
	assert_string_equal(labels[1].labels[0].glob, "b=c");
	assert_string_equal(labels[1].labels[1].label, "d");
	assert_string_equal(labels[1].labels[1].glob, "");
	config_free(config);
}

static void wrong_container_labels_are_an_error(void **state)
{
	(void)state;
	assert_error("tcp_connect: {container_labels: [app]}\n",
		     PATH ":1:34: 'app' as container_labels, expected LABEL=GLOB, or several "
			  "with commas");
	assert_error("tcp_connect: {container_labels: ['a=b,']}\n",
		     PATH ":1:34: 'a=b,' as container_labels, expected LABEL=GLOB, or several "
			  "with commas");
	assert_error("tcp_connect: {container_labels: [' =b']}\n",
		     PATH ":1:34: ' =b' as container_labels, expected LABEL=GLOB, or several "
			  "with commas");
	assert_error("tcp_connect: {container_labels: [{a: b}]}\n",
		     PATH ":1:34: a mapping as container_labels, expected LABEL=GLOB, or several "
			  "with commas");
	assert_error("tcp_connect: {container_labels: a=b}\n",
		     PATH ":1:33: 'a=b' as container_labels, expected a list of LABEL=GLOB");
}

static void plugins_keep_their_arguments(void **state)
{
	struct config *config = load("tcp_connect:\n  plugins:\n    sourceipmap:\n"
				     "      enabled: False\n      hostfiles: [/etc/a, /etc/b]\n"
				     "      attribute_key: source_host\n    identityplugin:\n");
	const struct plugin_config *plugins = only_probe(config)->plugins;
	const struct value *hostfiles = value_find(plugins[0].arguments, "hostfiles");

	(void)state;
	assert_int_equal(only_probe(config)->plugin_count, 2);
	assert_string_equal(plugins[0].name, "sourceipmap");
	assert_false(plugins[0].enabled);
	assert_false(plugins[0].unload_on_init_exception);
	assert_int_equal(value_count(hostfiles), 2);
	assert_string_equal(value_text(value_item(hostfiles, 1)), "/etc/b");
	assert_string_equal(plugins[1].name, "identityplugin");
	assert_true(plugins[1].enabled);
	assert_true(value_is_null(plugins[1].arguments));
	config_free(config);
}

static void wrong_plugins_are_an_error(void **state)
{
	(void)state;
	assert_error("tcp_connect: {plugins: [a]}\n",
		     PATH ":1:24: a list as plugins, expected a mapping from a plugin's name to "
			  "its arguments");
	assert_error("tcp_connect: {plugins: {a: b}}\n",
		     PATH ":1:28: 'b' as a, expected a mapping of the plugin's arguments, or "
			  "nothing");
	assert_error("tcp_connect: {plugins: {a: {enabled: maybe}}}\n",
		     PATH ":1:38: 'maybe' as enabled, expected true or false, without quotes");
}

static void the_socket_of_containers_can_be_named(void **state)
{
	struct config *config = load("tcp_connect:\ncontainers:\n  socket: /run/docker.sock\n");

	(void)state;
	assert_string_equal(config_containers(config)->socket, "/run/docker.sock");
	config_free(config);
	assert_error("tcp_connect:\ncontainers: {sock: x}\n",
		     PATH ":2:14: unknown key 'sock', expected one of those of containers, "
			  "the nearest is 'socket'");
	assert_error("tcp_connect:\ncontainers: x\n",
		     PATH ":2:13: a scalar as the section containers, expected a mapping or "
			  "nothing");
	assert_error("containers:\n",
		     PATH ":1:1: no probe is on, expected a section such as 'tcp_connect:'");
}

static void a_probe_from_elsewhere_has_options_of_its_own(void **state)
{
	struct config *config = load("tcp_accept:\n  excludeports: [1]\n  backlog: {min: 3}\n");
	const struct probe_config *probe = config_probe_named(config, "tcp_accept");

	(void)state;
	assert_ports(&probe->ports, WIRE_PORTS_ONLY, "[1]");
	assert_string_equal(value_text(value_find(value_find(probe->section, "backlog"), "min")),
			    "3");
	assert_null(config_probe(config, PROBE_TCP_CONNECT));
	config_free(config);
}

/* The nine cases of the seed's own test are run with this. */
#define SEED_FILTERS                                                                               \
	"_net_filters: &net_filters\n"                                                             \
	"  - subnet_name: 0_0_0_0_2\n    network: 0.0.0.0\n    network_mask: 192.0.0.0\n"          \
	"    description: \"Non-loopback: 0/2\"\n"                                                 \
	"  - subnet_name: 64_0_0_0_3\n    network: 64.0.0.0\n    network_mask: 224.0.0.0\n"        \
	"    description: \"Non-loopback: 64/3\"\n"                                                \
	"  - subnet_name: 127_0_0_0_16\n    network: 127.0.0.0\n    network_mask: 255.255.0.0\n"   \
	"  - subnet_name: 127_100\n    network: 127.100.0.0\n    network_mask: 255.255.0.0\n"      \
	"    except_ports: [31337]\n"                                                              \
	"  - subnet_name: 127_101\n    network: 127.101.0.0\n    network_mask: 255.255.0.0\n"      \
	"    include_ports: [31337]\n"

static void the_seeds_own_configuration_parses_unchanged(void **state)
{
	struct config *config =
		load("---\n" SEED_FILTERS "tcp_connect:\n  filters: *net_filters\n"
		     "  excludeports:\n    - 41337\n  plugins:\n    identityplugin: {}\n"
		     "net_listen:\n  filters: *net_filters\n  exclude_random_bind: True\n"
		     "  excludeports: [31337]\n  snapshot_periodicity: False\n"
		     "udp_session:\n  filters: *net_filters\n  includeports: [31337]\n");
	const struct probe_config *udp = config_probe(config, PROBE_UDP_SESSION);

	(void)state;
	assert_string_equal(warnings, "");
	assert_int_equal(udp->filter_count, 5);
	assert_ports(&udp->filters[3].ports, WIRE_PORTS_EXCEPT, "[31337]");
	assert_ports(&udp->filters[4].ports, WIRE_PORTS_ONLY, "[31337]");
	assert_ports(&udp->ports, WIRE_PORTS_EXCEPT, "[31337]");
	assert_ports(&config_probe(config, PROBE_TCP_CONNECT)->ports, WIRE_PORTS_ONLY, "[41337]");
	assert_true(config_probe(config, PROBE_NET_LISTEN)->exclude_random_bind);
	config_free(config);
}

static bool differ_at_most_hot(const char *a, const char *b)
{
	struct config *one = load(a), *other = load(b);
	bool is_equal = config_equal_except_hot(one, other);

	config_free(one);
	config_free(other);
	return is_equal;
}

static void a_change_of_filters_ports_and_labels_is_hot(void **state)
{
	(void)state;
	assert_true(differ_at_most_hot("tcp_connect:\n", "tcp_connect: {}\n_x: 1\n"));
	assert_true(differ_at_most_hot("tcp_connect:\n",
				       "tcp_connect: {filters: [{network: 1.0.0.0/8}]}\n"));
	assert_true(differ_at_most_hot("tcp_connect: {includeports: [1]}\n",
				       "tcp_connect: {excludeports: [1]}\n"));
	assert_true(
		differ_at_most_hot("tcp_connect: {container_labels: [a=b]}\n", "tcp_connect:\n"));
}

static void any_other_change_is_not(void **state)
{
	(void)state;
	assert_false(differ_at_most_hot("tcp_connect:\n", "net_listen:\n"));
	assert_false(differ_at_most_hot("tcp_connect:\n", "tcp_connect:\nnet_listen:\n"));
	assert_false(differ_at_most_hot("net_listen:\n", "net_listen: {protocols: [udp]}\n"));
	assert_false(
		differ_at_most_hot("udp_session:\n", "udp_session: {session_max_duration: 1}\n"));
	assert_false(differ_at_most_hot("tcp_connect: {plugins: {a: {x: 1}}}\n",
					"tcp_connect: {plugins: {a: {x: 2}}}\n"));
	assert_false(
		differ_at_most_hot("tcp_connect:\n", "tcp_connect:\ncontainers: {socket: /x}\n"));
	assert_false(differ_at_most_hot("tcp_accept: {a: 1}\n", "tcp_accept: {a: 2}\n"));
}

static void what_is_printed_is_the_configuration_in_effect(void **state)
{
	struct config *config =
		load("_l: &l [1, 2-3]\nnet_listen:\n  filters:\n    - network: '::1/128'\n"
		     "      description: \"a \\\"b\\\"\\n\"\n      except_ports: *l\n"
		     "  container_labels: ['a=b,c=*']\n"
		     "  plugins: {p: {x: [1, 'yes', ~, \"*\"]}}\ncontainers: {socket: /s}\n");
	char *text = printed(config);

	(void)state;
	assert_string_equal(
		text, "net_listen:\n"
		      "  filters:\n"
		      "    - {subnet_name: \"::1/128\", network: \"::1/128\", "
		      "description: \"a \\\"b\\\"\\U0000000a\", except_ports: [1-3]}\n"
		      "  container_labels:\n    - \"a=b,c=*\"\n"
		      "  plugins:\n    \"p\": {enabled: true, unload_on_init_exception: false, "
		      "x: [1, \"yes\", null, \"*\"]}\n"
		      "  protocols: [tcp]\n  snapshot_periodicity: off\n"
		      "  same_namespace_only: false\n  exclude_random_bind: false\n"
		      "containers:\n  socket: \"/s\"\n");
	free(text);
	config_free(config);
}

static void what_is_printed_loads_as_the_same(void **state)
{
	struct config *config = load_file(example);
	char *text = printed(config);
	struct config *again = load(text);
	char *text_again = printed(again);

	(void)state;
	assert_string_equal(text, text_again);
	free(text);
	free(text_again);
	config_free(config);
	config_free(again);
}

/* The comments of a YAML file as words with one space between, "#" left out. */
static char *comments_of(const char *path)
{
	char *comments = NULL, *line = NULL;
	size_t size, capacity = 0;
	FILE *out = open_memstream(&comments, &size);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_non_null(out);
	while (getline(&line, &capacity, file) > 0) {
		char *comment = strchr(line, '#');
		char *word = comment ? strtok(comment + 1, " \n") : NULL;

		for (; word; word = strtok(NULL, " \n"))
			fprintf(out, "%s ", word);
	}
	free(line);
	fclose(file);
	fclose(out);
	return comments;
}

static void the_example_documents_every_option(void **state)
{
	char *comments = comments_of(example);

	(void)state;
	for (size_t i = 0; i < config_option_count; i++) {
		if (!strstr(comments, config_options[i].name))
			fail_msg("%s is not in the comments of the example",
				 config_options[i].name);
		if (!strstr(comments, config_options[i].help))
			fail_msg("the help of %s is not in the comments of the example: %s",
				 config_options[i].name, config_options[i].help);
	}
	free(comments);
}

static char *documentation(void (*print)(FILE *))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	print(out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void help_and_manual_have_every_option(void **state)
{
	char *help = documentation(config_print_help);
	char *manual = documentation(config_print_manual);

	(void)state;
	for (size_t i = 0; i < config_option_count; i++) {
		assert_non_null(strstr(help, config_options[i].name));
		assert_non_null(strstr(manual, config_options[i].name));
		assert_non_null(strstr(manual, config_options[i].help));
	}
	for (char *line = strtok(help, "\n"); line; line = strtok(NULL, "\n"))
		assert_in_range(strlen(line), 1, 80);
	free(help);
	free(manual);
}

static void many_filters_are_read(void **state)
{
	FILE *file = fopen(PATH, "w");
	struct config *config;

	(void)state;
	assert_non_null(file);
	fputs("tcp_connect:\n  filters:\n", file);
	for (int i = 0; i < 5000; i++)
		fprintf(file, "    - {subnet_name: n%d, network: 10.%d.%d.0/24}\n", i, i / 256,
			i % 256);
	fclose(file);
	config = load_file(PATH);
	assert_int_equal(only_probe(config)->filter_count, 5000);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_seed),
		cmocka_unit_test(an_option_without_a_value_is_at_its_default),
		cmocka_unit_test(the_options_of_net_listen_are_taken),
		cmocka_unit_test(a_number_may_be_quoted),
		cmocka_unit_test(snapshots_can_be_off),
		cmocka_unit_test(a_number_out_of_range_is_an_error),
		cmocka_unit_test(what_is_no_number_is_an_error),
		cmocka_unit_test(booleans_are_those_of_pyyaml),
		cmocka_unit_test(what_is_no_boolean_is_an_error),
		cmocka_unit_test(protocols_other_than_tcp_and_udp_are_an_error),
		cmocka_unit_test(ports_are_numbers_and_ranges),
		cmocka_unit_test(every_port_is_one_range),
		cmocka_unit_test(includeports_keep_what_they_name),
		cmocka_unit_test(includeports_win_over_excludeports_with_a_warning),
		cmocka_unit_test(an_empty_list_of_ports_is_as_good_as_none),
		cmocka_unit_test(equal_sets_of_ports_are_one),
		cmocka_unit_test(wrong_ports_are_an_error),
		cmocka_unit_test(networks_have_a_mask_or_a_prefix),
		cmocka_unit_test(wrong_networks_are_an_error),
		cmocka_unit_test(wrong_filters_are_an_error),
		cmocka_unit_test(a_duplicate_filter_name_is_an_error),
		cmocka_unit_test(two_probes_may_have_filters_of_one_name),
		cmocka_unit_test(a_network_given_twice_is_a_warning),
		cmocka_unit_test(a_filter_drops_all_or_some_ports),
		cmocka_unit_test(except_ports_win_over_include_ports_with_a_warning),
		cmocka_unit_test(container_labels_are_globs_of_and_in_or),
		cmocka_unit_test(wrong_container_labels_are_an_error),
		cmocka_unit_test(plugins_keep_their_arguments),
		cmocka_unit_test(wrong_plugins_are_an_error),
		cmocka_unit_test(the_socket_of_containers_can_be_named),
		cmocka_unit_test(a_probe_from_elsewhere_has_options_of_its_own),
		cmocka_unit_test(the_seeds_own_configuration_parses_unchanged),
		cmocka_unit_test(a_change_of_filters_ports_and_labels_is_hot),
		cmocka_unit_test(any_other_change_is_not),
		cmocka_unit_test(what_is_printed_is_the_configuration_in_effect),
		cmocka_unit_test(what_is_printed_loads_as_the_same),
		cmocka_unit_test(the_example_documents_every_option),
		cmocka_unit_test(help_and_manual_have_every_option),
		cmocka_unit_test(many_filters_are_read),
	};

	return cmocka_run_group_tests_name("config_options", tests, enter_directory,
					   leave_directory);
}
