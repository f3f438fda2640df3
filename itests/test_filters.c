// SPDX-License-Identifier: Apache-2.0
/*
 * What the configuration leaves out is not recorded, and all else is. Each
 * case ends with something that is never filtered: once that was recorded,
 * what was to be recorded before it has been.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "harness_deadline.h"
#include "harness_recorder.h"
#include "socket_action.h"

#define P1 31337
#define P2 41337
#define MARKER "127.255.0.1" /* in no network of the configurations below */

static struct recorder recorder;

static int set_up(void **state)
{
	(void)state;
	recorder_prepare(&recorder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	recorder_cleanup(&recorder);
	return 0;
}

static bool number_is(const cJSON *object, const char *key, double value)
{
	const cJSON *number = cJSON_GetObjectItem(object, key);

	return cJSON_IsNumber(number) && number->valuedouble == value;
}

static bool string_is(const cJSON *object, const char *key, const char *value)
{
	const char *string = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));

	return string && !strcmp(string, value);
}

static bool endpoint_is(const cJSON *object, const char *address, uint16_t port)
{
	return number_is(object, "port", port) &&
	       (string_is(object, "daddr", address) || string_is(object, "laddr", address));
}

static bool event_is(const cJSON *event, const char *probe, const char *address, uint16_t port)
{
	const cJSON *destination;

	if (!number_is(event, "pid", getpid()) || !string_is(event, "probe", probe))
		return false;
	cJSON_ArrayForEach (destination, cJSON_GetObjectItem(event, "destinations")) {
		if (endpoint_is(destination, address, port))
			return true;
	}
	return endpoint_is(event, address, port);
}

/* How many events of ours there are so far with this address and port. */
static int count_events(const char *probe, const char *address, uint16_t port)
{
	cJSON *events = recorder_output(&recorder);
	const cJSON *event;
	int count = 0;

	cJSON_ArrayForEach (event, events) {
		count += event_is(event, probe, address, port);
	}
	cJSON_Delete(events);
	return count;
}

/* All that was done so far has been recorded, or never will be. */
static void await_marker(void)
{
	static uint16_t port = 1;

	port++;
	action_connect(MARKER, port);
	if (!WAIT_UNTIL(count_events("tcp_connect", MARKER, port) == 1))
		harness_fail("%d markers for port %u; the recorder logged:\n%s",
			     count_events("tcp_connect", MARKER, port), port,
			     child_output(recorder.child.err));
}

static void assert_count(const char *probe, const char *address, uint16_t port, int count)
{
	await_marker();
	assert_int_equal(count_events(probe, address, port), count);
}

/* seed-cases: the nine cases of pidtree-bcc's own integration test, with its configuration. */

static const char seed_config[] =
	"_filters: &filters\n"
	"  - {subnet_name: 0_0, network: 0.0.0.0, network_mask: 192.0.0.0}\n"
	"  - {subnet_name: 64_0, network: 64.0.0.0, network_mask: 224.0.0.0}\n"
	"  - {subnet_name: 96_0, network: 96.0.0.0, network_mask: 240.0.0.0}\n"
	"  - {subnet_name: 112_0, network: 112.0.0.0, network_mask: 248.0.0.0}\n"
	"  - {subnet_name: 120_0, network: 120.0.0.0, network_mask: 252.0.0.0}\n"
	"  - {subnet_name: 124_0, network: 124.0.0.0, network_mask: 254.0.0.0}\n"
	"  - {subnet_name: 126_0, network: 126.0.0.0, network_mask: 255.0.0.0}\n"
	"  - {subnet_name: 128_0, network: 128.0.0.0, network_mask: 128.0.0.0}\n"
	"  - {subnet_name: 127_0, network: 127.0.0.0, network_mask: 255.255.0.0}\n"
	"  - {subnet_name: 127_100, network: 127.100.0.0, network_mask: 255.255.0.0,\n"
	"     except_ports: [31337]}\n"
	"  - {subnet_name: 127_101, network: 127.101.0.0, network_mask: 255.255.0.0,\n"
	"     include_ports: [31337]}\n"
	"tcp_connect: {filters: *filters, excludeports: [41337]}\n"
	"net_listen: {filters: *filters, excludeports: [31337], exclude_random_bind: true}\n"
	"udp_session: {filters: *filters, includeports: [31337]}\n";

struct seed_case {
	const char *probe;
	void (*act)(const char *address, uint16_t port);
	const char *address;
	uint16_t port;
	int count;
};

static void assert_seed_case(const struct seed_case *seed_case)
{
	seed_case->act(seed_case->address, seed_case->port);
	assert_count(seed_case->probe, seed_case->address, seed_case->port, seed_case->count);
}

#define SEED_CASES(X)                                                                              \
	X(tcp_connect_is_recorded, "tcp_connect", action_connect, "127.1.33.7", P1, 1)             \
	X(net_listen_is_recorded, "net_listen", action_listen, "127.1.33.7", P2, 1)                \
	X(udp_session_is_recorded, "udp_session", action_send, "127.1.33.7", P1, 1)                \
	X(tcp_connect_exclude_is_not_recorded, "tcp_connect", action_connect, "127.1.33.7", P2, 0) \
	X(udp_session_exclude_is_not_recorded, "udp_session", action_send, "127.1.33.7", P2, 0)    \
	X(net_listen_filter_is_not_recorded, "net_listen", action_listen, "127.0.0.1", P2, 0)      \
	X(tcp_connect_exclude_for_net_is_recorded, "tcp_connect", action_connect, "127.100.33.7",  \
	  P1, 1)                                                                                   \
	X(tcp_connect_exclude_for_net_filtered_is_not_recorded, "tcp_connect", action_connect,     \
	  "127.100.33.7", P2, 0)                                                                   \
	X(tcp_connect_include_for_net_is_not_recorded, "tcp_connect", action_connect,              \
	  "127.101.33.7", P1, 0)

#define X(name, ...)                                                                               \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		assert_seed_case(&(struct seed_case){__VA_ARGS__});                                \
	}
SEED_CASES(X)
#undef X

static int seed_set_up(void **state)
{
	set_up(state);
	recorder_configure(&recorder, "%s", seed_config);
	recorder_start(&recorder, NULL, NULL);
	return 0;
}

/* Beyond the seed. */

static void start_with(const char *config)
{
	recorder_configure(&recorder, "%s", config);
	recorder_start(&recorder, NULL, NULL);
}

static void ipv6_networks_are_filtered(void **state)
{
	(void)state;
	start_with("tcp_connect: {filters: [{subnet_name: lo, network: '::1/128',\n"
		   "                         except_ports: [9000-9010]}]}\n");
	action_connect("::1", 9005);
	action_connect("::1", 9011);
	assert_count("tcp_connect", "::1", 9011, 0);
	assert_int_equal(count_events("tcp_connect", "::1", 9005), 1);
}

static void all_of_ipv6_does_not_mean_ipv4(void **state)
{
	(void)state;
	start_with("tcp_connect: {filters: [{subnet_name: v6, network: '::/0'}]}\n");
	action_connect("::1", P1);
	action_connect("127.0.0.1", P1);
	assert_count("tcp_connect", "127.0.0.1", P1, 1);
	assert_int_equal(count_events("tcp_connect", "::1", P1), 0);
}

static void v4_mapped_addresses_are_filtered_as_ipv4(void **state)
{
	(void)state;
	start_with("tcp_connect: {filters: [{subnet_name: a, network: 127.5.0.0/16}]}\n"
		   "udp_session: {filters: [{subnet_name: a, network: 127.5.0.0/16}]}\n");
	action_connect("::ffff:127.5.1.1", P1);
	action_connect("::ffff:127.6.1.1", P1);
	action_send("::ffff:127.5.1.1", P1);
	action_send("::ffff:127.6.1.1", P1);
	assert_count("tcp_connect", "127.5.1.1", P1, 0);
	assert_int_equal(count_events("tcp_connect", "127.6.1.1", P1), 1);
	assert_int_equal(count_events("udp_session", "127.5.1.1", P1), 0);
	assert_int_equal(count_events("udp_session", "127.6.1.1", P1), 1);
}

static void most_specific_network_decides_alone(void **state)
{
	(void)state;
	start_with("tcp_connect:\n"
		   "  filters:\n"
		   "    - {subnet_name: wide, network: 127.20.0.0/14}\n"
		   "    - {subnet_name: narrow, network: 127.20.7.0/24, include_ports: [7]}\n");
	action_connect("127.20.8.1", 8);
	action_connect("127.20.7.1", 8);
	action_connect("127.20.7.1", 7);
	assert_count("tcp_connect", "127.20.8.1", 8, 0);
	assert_int_equal(count_events("tcp_connect", "127.20.7.1", 8), 1);
	assert_int_equal(count_events("tcp_connect", "127.20.7.1", 7), 0);
}

static void includeports_takes_ranges_and_wins_over_excludeports(void **state)
{
	(void)state;
	recorder_configure(&recorder, "tcp_connect:\n"
				      "  includeports: [2-999, 5000-6000]\n"
				      "  excludeports: [5001]\n");
	recorder_start(&recorder, NULL, NULL);
	action_connect("127.0.0.1", 4999);
	action_connect("127.0.0.1", 5001);
	action_connect("127.0.0.1", 6001);
	assert_count("tcp_connect", "127.0.0.1", 4999, 0);
	assert_int_equal(count_events("tcp_connect", "127.0.0.1", 5001), 1);
	assert_int_equal(count_events("tcp_connect", "127.0.0.1", 6001), 0);
	assert_true(recorder_has_logged(&recorder, "excludeports"));
}

/* A configuration of 4,096 networks, each with ports of its own. */
static char *many_networks(void)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	fprintf(file, "tcp_connect:\n  filters:\n");
	for (int i = 0; i < 4096; i++)
		fprintf(file,
			"    - {subnet_name: n%d, network: 127.%d.%d.0/24, except_ports: [%d]}\n",
			i, 128 + i / 256, i % 256, 10000 + i);
	fclose(file);
	return text;
}

static void four_thousand_networks_have_each_their_ports(void **state)
{
	char *config = many_networks();

	(void)state;
	start_with(config);
	free(config);
	action_connect("127.128.0.9", 10000);
	action_connect("127.128.0.9", 10001);
	action_connect("127.143.255.9", 14095);
	action_connect("127.143.255.9", 14094);
	assert_count("tcp_connect", "127.128.0.9", 10000, 1);
	assert_int_equal(count_events("tcp_connect", "127.128.0.9", 10001), 0);
	assert_int_equal(count_events("tcp_connect", "127.143.255.9", 14095), 1);
	assert_int_equal(count_events("tcp_connect", "127.143.255.9", 14094), 0);
}

static void only_tcp_listens_are_recorded_by_default(void **state)
{
	(void)state;
	start_with("net_listen:\ntcp_connect:\n");
	action_bind("127.0.0.1", P1);
	action_listen("127.0.0.1", P2);
	assert_count("net_listen", "127.0.0.1", P1, 0);
	assert_int_equal(count_events("net_listen", "127.0.0.1", P2), 1);
}

static void protocols_choose_udp_alone(void **state)
{
	(void)state;
	start_with("net_listen: {protocols: [udp]}\ntcp_connect:\n");
	action_bind("::1", P1);
	action_listen("::1", P2);
	assert_count("net_listen", "::1", P1, 1);
	assert_int_equal(count_events("net_listen", "::1", P2), 0);
}

static void random_binds_are_excluded_on_demand(void **state)
{
	uint16_t random;

	(void)state;
	start_with("net_listen: {protocols: [udp], exclude_random_bind: true}\ntcp_connect:\n");
	random = action_bind("127.0.0.1", 0);
	action_bind("127.0.0.1", P1);
	assert_count("net_listen", "127.0.0.1", random, 0);
	assert_int_equal(count_events("net_listen", "127.0.0.1", P1), 1);
}

static void filtered_destinations_of_a_socket_leave_the_others_alone(void **state)
{
	(void)state;
	start_with("udp_session: {excludeports: [5353]}\ntcp_connect:\n");
	action_send("127.0.0.1", 5353);
	action_send("127.0.0.1", 5354);
	assert_count("udp_session", "127.0.0.1", 5353, 0);
	assert_int_equal(count_events("udp_session", "127.0.0.1", 5354), 1);
}

/* Hot reload. */

static void start_watching(const char *config)
{
	recorder_configure(&recorder, "%s", config);
	recorder_start_with(&recorder, "-w");
}

static void replaced_filter_counts_while_running(void **state)
{
	(void)state;
	start_watching("tcp_connect: {filters: [{subnet_name: a, network: 127.9.0.0/16}]}\n");
	action_connect("127.9.0.1", P1);
	assert_count("tcp_connect", "127.9.0.1", P1, 0);
	recorder_configure(&recorder, "tcp_connect: {filters: [{subnet_name: a, "
				      "network: 127.10.0.0/16}]}\n");
	assert_true(WAIT_UNTIL(recorder_has_logged(&recorder, "reloaded")));
	action_connect("127.9.0.1", P1);
	action_connect("127.10.0.1", P1);
	assert_count("tcp_connect", "127.9.0.1", P1, 1);
	assert_int_equal(count_events("tcp_connect", "127.10.0.1", P1), 0);
}

static void sighup_reloads_without_watching(void **state)
{
	(void)state;
	start_with("tcp_connect: {excludeports: [77]}\n");
	recorder_configure(&recorder, "tcp_connect: {excludeports: [78]}\n");
	kill(recorder.child.pid, SIGHUP);
	assert_true(WAIT_UNTIL(recorder_has_logged(&recorder, "reloaded")));
	action_connect("127.0.0.1", 77);
	action_connect("127.0.0.1", 78);
	assert_count("tcp_connect", "127.0.0.1", 77, 1);
	assert_int_equal(count_events("tcp_connect", "127.0.0.1", 78), 0);
}

static void invalid_file_is_reported_and_changes_nothing(void **state)
{
	(void)state;
	start_watching("tcp_connect: {excludeports: [77]}\n");
	recorder_configure(&recorder, "tcp_connect: {excludeports: [99999]}\n");
	assert_true(WAIT_UNTIL(recorder_has_logged(&recorder, "stays as it was")));
	assert_true(recorder_has_logged(&recorder, "config.yml:1:"));
	action_connect("127.0.0.1", 77);
	assert_count("tcp_connect", "127.0.0.1", 77, 0);
}

static bool started_twice(void)
{
	char *log = child_output(recorder.child.err);
	char *first = strstr(log, "recording\n");
	bool twice = first && strstr(first + 1, "recording\n");

	free(log);
	return twice;
}

static void other_changes_start_the_probes_anew(void **state)
{
	(void)state;
	start_watching("tcp_connect:\n");
	action_listen("127.0.0.1", P1);
	recorder_configure(&recorder, "tcp_connect:\nnet_listen:\n");
	assert_true(WAIT_UNTIL(started_twice()));
	action_listen("127.0.0.1", P2);
	assert_count("net_listen", "127.0.0.1", P2, 1);
	assert_int_equal(count_events("net_listen", "127.0.0.1", P1), 0);
}

/* How many connects of ours there are to each port of an address. */
static void count_ports(const char *address, int counts[65536])
{
	cJSON *events = recorder_output(&recorder);
	const cJSON *event;

	cJSON_ArrayForEach (event, events) {
		int port = (int)cJSON_GetNumberValue(cJSON_GetObjectItem(event, "port"));

		counts[port] += event_is(event, "tcp_connect", address, (uint16_t)port);
	}
	cJSON_Delete(events);
}

/* Connects go on while the filters are swapped to and fro; none may be missing. */
static void no_event_is_lost_while_filters_are_swapped(void **state)
{
	static int counts[65536];

	(void)state;
	start_watching("tcp_connect: {excludeports: [77]}\n");
	for (uint16_t i = 0; i < 20; i++) {
		recorder_configure(&recorder, "tcp_connect: {excludeports: [%u, 77]}\n", 200 + i);
		for (uint16_t port = 20000; port < 20100; port++)
			action_connect("127.0.0.1", (uint16_t)(port + 100 * i));
		action_connect("127.0.0.1", 77);
	}
	await_marker();
	count_ports("127.0.0.1", counts);
	for (uint16_t port = 20000; port < 22000; port++)
		assert_int_equal(counts[port], 1);
	assert_int_equal(counts[77], 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
#define X(name, ...) cmocka_unit_test(name),
	const struct CMUnitTest seed_tests[] = {SEED_CASES(X)};
#undef X
	const struct CMUnitTest tests[] = {
		TEST(ipv6_networks_are_filtered),
		TEST(all_of_ipv6_does_not_mean_ipv4),
		TEST(v4_mapped_addresses_are_filtered_as_ipv4),
		TEST(most_specific_network_decides_alone),
		TEST(includeports_takes_ranges_and_wins_over_excludeports),
		TEST(four_thousand_networks_have_each_their_ports),
		TEST(only_tcp_listens_are_recorded_by_default),
		TEST(protocols_choose_udp_alone),
		TEST(random_binds_are_excluded_on_demand),
		TEST(filtered_destinations_of_a_socket_leave_the_others_alone),
		TEST(replaced_filter_counts_while_running),
		TEST(sighup_reloads_without_watching),
		TEST(invalid_file_is_reported_and_changes_nothing),
		TEST(other_changes_start_the_probes_anew),
		TEST(no_event_is_lost_while_filters_are_swapped),
	};
	int failed = cmocka_run_group_tests_name("seed cases", seed_tests, seed_set_up, tear_down);

	return failed + cmocka_run_group_tests_name("filters", tests, NULL, NULL);
}
