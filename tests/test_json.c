// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "schema/json.h"
#include "schema/outcome.h"

#define AT 1573568697532744000LL /* 2019-11-12T14:24:57.532744Z */

static const struct process shell = {
	.id = AT - 100,
	.pid = 23231,
	.uid = 1000,
	.loginuid = NO_ID,
	.start_ns = AT - 100000000,
	.argv = "-zsh",
	.argv_size = 5,
	.comm = "zsh",
	.exe = "/usr/bin/zsh",
	.cwd = "/",
};

static const struct process client = {
	.id = AT - 50,
	.parent_id = AT - 100,
	.pid = 1775,
	.uid = 1000,
	.loginuid = 1000,
	.start_ns = AT - 1000000,
	.exit_ns = AT + 2000000000,
	.argv = "weechat\0-r\0/connect",
	.argv_size = 20,
	.comm = "weechat",
	.exe = "/usr/bin/weechat",
	.cwd = "/",
	.username = "oholiab",
};

static struct event connect_event(void)
{
	struct event event = {
		.id = AT,
		.probe = PROBE_TCP_CONNECT,
		.protocol = IPPROTO_TCP,
		.dport = 6697,
	};

	address_parse("10.0.0.5", &event.saddr);
	address_parse("185.30.166.37", &event.daddr);
	return event;
}

static cJSON *render(const struct event *events, size_t count, const char *probe,
		     const struct process *leaf, const struct process *root)
{
	const struct process *tree[] = {leaf, root};
	size_t depth = leaf ? (root ? 2 : 1) : 0;
	char *text = json_event(events, count, probe, tree, depth);
	cJSON *json;

	assert_non_null(text);
	assert_null(strchr(text, '\n'));
	json = cJSON_Parse(text);
	assert_non_null(json);
	free(text);
	return json;
}

static cJSON *at(const cJSON *json, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(json, key);
}

static const char *text_at(const cJSON *json, const char *key)
{
	const char *text = cJSON_GetStringValue(at(json, key));

	return text ? text : "(no text)";
}

static void check_number(const cJSON *json, const char *key, double expected)
{
	assert_true(cJSON_IsNumber(at(json, key)));
	assert_float_equal(at(json, key)->valuedouble, expected, 1e-9);
}

static void a_connect_has_the_keys_of_pidtree_bcc(void **state)
{
	struct event event = connect_event();
	cJSON *json = render(&event, 1, "tcp_connect", &client, &shell);
	cJSON *entry = cJSON_GetArrayItem(at(json, "proctree"), 0);

	(void)state;
	assert_string_equal(text_at(json, "timestamp"), "2019-11-12T14:24:57.532744Z");
	assert_string_equal(text_at(json, "probe"), "tcp_connect");
	assert_string_equal(text_at(json, "id"), "1573568697532744000");
	assert_string_equal(text_at(json, "saddr"), "10.0.0.5");
	assert_string_equal(text_at(json, "daddr"), "185.30.166.37");
	assert_string_equal(text_at(json, "error"), "");
	check_number(json, "port", 6697);
	check_number(json, "pid", 1775);
	check_number(json, "loginuid", 1000);
	assert_int_equal(cJSON_GetArraySize(at(json, "proctree")), 2);
	assert_string_equal(text_at(entry, "cmdline"), "weechat -r /connect");
	assert_string_equal(text_at(entry, "username"), "oholiab");
	assert_string_equal(text_at(entry, "exited"), "2019-11-12T14:24:59.532744Z");
	cJSON_Delete(json);
}

static void what_is_not_known_is_absent(void **state)
{
	static const char *const keys[] = {"sport",	 "outcome",	   "latency", "duration",
					   "bytes_sent", "bytes_received", "loginuid"};
	struct event event = connect_event();
	cJSON *json = render(&event, 1, "tcp_connect", &shell, NULL);
	cJSON *entry = cJSON_GetArrayItem(at(json, "proctree"), 0);

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_null(at(json, keys[i]));
	assert_null(at(entry, "exited"));
	assert_string_equal(text_at(entry, "username"), "1000");
	cJSON_Delete(json);
}

static void an_ended_connection_has_its_numbers(void **state)
{
	struct event event = connect_event();
	cJSON *json;

	(void)state;
	event.sport = 43122;
	event.outcome = OUTCOME_ESTABLISHED;
	event.outcome_ns = AT + 12300000;
	event.end_ns = AT + 4200000000;
	event.bytes_sent = 9007199254740991;
	event.bytes_received = 1300;
	json = render(&event, 1, "tcp_connect", &client, &shell);
	assert_string_equal(text_at(json, "outcome"), "established");
	check_number(json, "sport", 43122);
	check_number(json, "latency", 0.0123);
	check_number(json, "duration", 4.2);
	check_number(json, "bytes_sent", 9007199254740991.0);
	check_number(json, "bytes_received", 1300);
	cJSON_Delete(json);
}

static void a_broken_connection_is_reset_and_keeps_its_latency(void **state)
{
	struct event event = connect_event();
	cJSON *json;

	(void)state;
	event.outcome = OUTCOME_ESTABLISHED;
	event.outcome_ns = AT + 1000000;
	event.end_ns = AT + 2000000;
	event.end_error = ECONNRESET;
	json = render(&event, 1, "tcp_connect", &client, &shell);
	assert_string_equal(text_at(json, "outcome"), "reset");
	assert_string_equal(text_at(json, "error"), "ECONNRESET");
	check_number(json, "latency", 0.001);
	cJSON_Delete(json);
}

static void the_end_of_a_connection_decides_its_outcome(void **state)
{
	struct event event = {.outcome = OUTCOME_ESTABLISHED, .outcome_ns = 1, .end_ns = 2};

	(void)state;
	assert_int_equal(event_final_outcome(&event), OUTCOME_ESTABLISHED);
	event.end_error = ETIMEDOUT;
	assert_int_equal(event_final_outcome(&event), OUTCOME_TIMED_OUT);
	event.end_error = EPIPE;
	assert_int_equal(event_final_outcome(&event), OUTCOME_RESET);
	event.end_error = EHOSTUNREACH;
	assert_int_equal(event_final_outcome(&event), OUTCOME_UNREACHABLE);
	event.outcome = OUTCOME_REFUSED;
	assert_int_equal(event_final_outcome(&event), OUTCOME_REFUSED);
}

static void a_refused_connect_names_its_errno_and_how_long_it_took(void **state)
{
	struct event event = connect_event();
	cJSON *json;

	(void)state;
	event.outcome = OUTCOME_REFUSED;
	event.outcome_ns = AT + 1000000;
	event.outcome_error = ECONNREFUSED;
	json = render(&event, 1, "tcp_connect", &client, &shell);
	assert_string_equal(text_at(json, "outcome"), "refused");
	assert_string_equal(text_at(json, "error"), "ECONNREFUSED");
	check_number(json, "latency", 0.001);
	cJSON_Delete(json);
}

static void a_listener_has_only_a_local_side(void **state)
{
	struct event event = {
		.id = AT, .probe = PROBE_NET_LISTEN, .protocol = IPPROTO_UDP, .sport = 53};
	cJSON *json;

	(void)state;
	address_parse("::", &event.saddr);
	json = render(&event, 1, "net_listen", &client, &shell);
	assert_string_equal(text_at(json, "laddr"), "::");
	assert_string_equal(text_at(json, "protocol"), "udp");
	check_number(json, "port", 53);
	assert_null(at(json, "daddr"));
	assert_null(at(json, "duration"));
	cJSON_Delete(json);
}

static void a_session_lists_its_destinations(void **state)
{
	struct event events[2] = {
		{.id = AT,
		 .probe = PROBE_UDP_SESSION,
		 .session_id = AT,
		 .dport = 53,
		 .end_ns = AT + 2000000000,
		 .messages = 3,
		 .bytes_sent = 90},
		{.id = AT + 500000000,
		 .probe = PROBE_UDP_SESSION,
		 .session_id = AT,
		 .dport = 54,
		 .end_ns = AT + 2000000000,
		 .messages = 1,
		 .bytes_sent = 10},
	};
	cJSON *json, *second;

	(void)state;
	address_parse("8.8.8.8", &events[0].daddr);
	address_parse("8.8.4.4", &events[1].daddr);
	events[0].end_reason = events[1].end_reason = END_IDLE;
	json = render(events, 2, "udp_session", &client, &shell);
	second = cJSON_GetArrayItem(at(json, "destinations"), 1);
	assert_string_equal(text_at(second, "daddr"), "8.8.4.4");
	check_number(second, "port", 54);
	check_number(second, "duration", 1.5);
	check_number(second, "msg_count", 1);
	check_number(second, "bytes_sent", 10);
	check_number(json, "duration", 2);
	check_number(json, "bytes_sent", 100);
	assert_string_equal(text_at(json, "error"), "session_max_duration_exceeded");
	cJSON_Delete(json);
}

static void a_session_that_goes_on_has_no_totals(void **state)
{
	struct event event = {.id = AT, .probe = PROBE_UDP_SESSION, .session_id = AT};
	cJSON *json = render(&event, 1, "udp_session", &client, &shell);
	cJSON *first = cJSON_GetArrayItem(at(json, "destinations"), 0);

	(void)state;
	assert_null(at(json, "duration"));
	assert_null(at(first, "msg_count"));
	cJSON_Delete(json);
}

static void a_foreign_probe_shows_both_sides(void **state)
{
	struct event event = connect_event();
	cJSON *json;

	(void)state;
	event.probe = 16;
	event.sport = 9;
	json = render(&event, 1, "sctp_connect", &client, &shell);
	assert_string_equal(text_at(json, "probe"), "sctp_connect");
	assert_string_equal(text_at(json, "protocol"), "tcp");
	check_number(json, "sport", 9);
	check_number(json, "port", 6697);
	cJSON_Delete(json);
}

static void attributes_are_merged_and_override_nothing(void **state)
{
	struct event event = connect_event();
	cJSON *json;

	(void)state;
	event.attributes = "{\"source_host\":\"web\\u00e9\",\"pid\":1,\"n\":{\"a\":[1]}}";
	json = render(&event, 1, "tcp_connect", &client, &shell);
	assert_string_equal(text_at(json, "source_host"), "webé");
	check_number(json, "pid", 1775);
	assert_true(cJSON_IsObject(at(json, "n")));
	cJSON_Delete(json);
	event.attributes = "[1,2]";
	cJSON_Delete(render(&event, 1, "tcp_connect", &client, &shell));
	event.attributes = "{broken";
	cJSON_Delete(render(&event, 1, "tcp_connect", &client, &shell));
}

static void an_event_carries_what_is_known_of_its_container(void **state)
{
	const char *const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct container container = {.runtime_id = id, .name = "web\x1b", .image = "nginx:1"};
	struct event event = connect_event();
	struct process inside = client;
	cJSON *json;

	(void)state;
	inside.container = &container;
	json = render(&event, 1, "tcp_connect", &inside, &shell);
	assert_string_equal(text_at(json, "container_id"), id);
	assert_string_equal(text_at(json, "container_name"), "web\x1b");
	assert_string_equal(text_at(json, "container_image"), "nginx:1");
	cJSON_Delete(json);
	container.name = container.image = NULL;
	json = render(&event, 1, "tcp_connect", &inside, &shell);
	assert_string_equal(text_at(json, "container_id"), id);
	assert_false(cJSON_HasObjectItem(json, "container_name"));
	assert_false(cJSON_HasObjectItem(json, "container_image"));
	cJSON_Delete(json);
	json = render(&event, 1, "tcp_connect", &client, &shell);
	assert_false(cJSON_HasObjectItem(json, "container_id"));
	cJSON_Delete(json);
}

static void an_unknown_process_is_said_to_be_unknown(void **state)
{
	struct event event = connect_event();
	cJSON *json = render(&event, 1, "tcp_connect", NULL, NULL);

	(void)state;
	assert_true(cJSON_IsNull(at(json, "pid")));
	assert_int_equal(cJSON_GetArraySize(at(json, "proctree")), 0);
	assert_string_equal(text_at(json, "error"), "process_unknown");
	cJSON_Delete(json);
}

static void hostile_text_is_valid_json_that_no_terminal_obeys(void **state)
{
	struct process process = shell;
	struct event event = connect_event();
	const struct process *tree[] = {&process};
	const char argv[] = "a\xff\x1b[2J\0\xc2\x9b\0\x7f\xe2\x80\xae";
	char *text;
	cJSON *json;

	(void)state;
	process.argv = argv;
	process.argv_size = sizeof(argv);
	text = json_event(&event, 1, "tcp_connect", tree, 1);
	for (const char *byte = text; *byte; byte++)
		assert_true(*byte >= 0x20 && *byte < 0x7f);
	json = cJSON_Parse(text);
	assert_string_equal(text_at(cJSON_GetArrayItem(at(json, "proctree"), 0), "cmdline"),
			    "a\\xff\x1b[2J \xc2\x9b \x7f\xe2\x80\xae");
	cJSON_Delete(json);
	free(text);
}

static void a_process_without_argv_shows_its_comm(void **state)
{
	struct process process = shell;
	struct event event = connect_event();
	cJSON *json;

	(void)state;
	process.argv = "";
	process.argv_size = 0;
	process.comm = "kworker/0:1";
	json = render(&event, 1, "tcp_connect", &process, NULL);
	assert_string_equal(text_at(cJSON_GetArrayItem(at(json, "proctree"), 0), "cmdline"),
			    "[kworker/0:1]");
	cJSON_Delete(json);
}

static void a_gap_is_an_object_of_its_own(void **state)
{
	struct gap gap = {.from_ns = AT,
			  .to_ns = AT + 1000000,
			  .reason = GAP_RING_FULL,
			  .kind = "exec",
			  .count = 4112};
	char *text = json_gap(&gap);

	(void)state;
	assert_string_equal(text, "{\"gap\":{\"from\":\"2019-11-12T14:24:57.532744Z\","
				  "\"to\":\"2019-11-12T14:24:57.533744Z\","
				  "\"reason\":\"ring full\",\"kind\":\"exec\",\"count\":4112}}");
	free(text);
}

static long allocations_left;

static void *failing_malloc(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void running_out_of_memory_gives_null_and_no_leak(void **state)
{
	cJSON_Hooks hooks = {.malloc_fn = failing_malloc, .free_fn = free};
	const struct process *tree[] = {&client, &shell};
	struct event event = connect_event();
	char *text = NULL;
	long allowed;

	(void)state;
	event.attributes = "{\"source_host\":\"web\"}";
	cJSON_InitHooks(&hooks);
	for (allowed = 0; !text || !strstr(text, "source_host"); allowed++) {
		free(text);
		allocations_left = allowed;
		text = json_event(&event, 1, "tcp_connect", tree, 2);
		assert_true(allowed < 1000);
	}
	cJSON_InitHooks(NULL);
	assert_true(allowed > 20);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connect_has_the_keys_of_pidtree_bcc),
		cmocka_unit_test(what_is_not_known_is_absent),
		cmocka_unit_test(an_ended_connection_has_its_numbers),
		cmocka_unit_test(a_broken_connection_is_reset_and_keeps_its_latency),
		cmocka_unit_test(the_end_of_a_connection_decides_its_outcome),
		cmocka_unit_test(a_refused_connect_names_its_errno_and_how_long_it_took),
		cmocka_unit_test(a_listener_has_only_a_local_side),
		cmocka_unit_test(a_session_lists_its_destinations),
		cmocka_unit_test(a_session_that_goes_on_has_no_totals),
		cmocka_unit_test(a_foreign_probe_shows_both_sides),
		cmocka_unit_test(attributes_are_merged_and_override_nothing),
		cmocka_unit_test(an_event_carries_what_is_known_of_its_container),
		cmocka_unit_test(an_unknown_process_is_said_to_be_unknown),
		cmocka_unit_test(hostile_text_is_valid_json_that_no_terminal_obeys),
		cmocka_unit_test(a_process_without_argv_shows_its_comm),
		cmocka_unit_test(a_gap_is_an_object_of_its_own),
		cmocka_unit_test(running_out_of_memory_gives_null_and_no_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
