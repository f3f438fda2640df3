// SPDX-License-Identifier: Apache-2.0
/* What plugins have added, in an event's JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "schema/json.h"

#define AT 1573568697532744000LL
#define LEAF "1573568697532744001"
#define MIDDLE "1573568697532744002"
#define ROOT "1573568697532744003"

static struct process process_of(int64_t id)
{
	return (struct process){
		.id = id,
		.pid = (uint32_t)(id - AT),
		.loginuid = NO_ID,
		.start_ns = AT,
		.argv = "",
		.comm = "x",
		.exe = "/bin/x",
		.cwd = "/",
	};
}

static cJSON *render(const struct event *events, size_t count)
{
	struct process processes[] = {process_of(AT + 1), process_of(AT + 2), process_of(AT + 3)};
	const struct process *tree[] = {&processes[0], &processes[1], &processes[2]};
	char *text = json_event(events, count, "probe", tree, 3);
	cJSON *json;

	assert_non_null(text);
	json = cJSON_Parse(text);
	assert_non_null(json);
	free(text);
	return json;
}

static cJSON *render_connect(const char *attributes)
{
	struct event event = {.id = AT, .probe = PROBE_TCP_CONNECT, .attributes = attributes};

	return render(&event, 1);
}

static const char *text_at(const cJSON *json, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));

	return text ? text : "(no text)";
}

static const cJSON *entry_of(const cJSON *json, int index)
{
	return cJSON_GetArrayItem(cJSON_GetObjectItem(json, "proctree"), index);
}

static void attributes_are_keys_of_the_event(void **state)
{
	cJSON *json = render_connect("{\"source_host\": \"web\", \"n\": 1}");

	(void)state;
	assert_string_equal(text_at(json, "source_host"), "web");
	assert_int_equal(cJSON_GetObjectItem(json, "n")->valueint, 1);
	cJSON_Delete(json);
}

static void keys_of_the_event_itself_win(void **state)
{
	cJSON *json = render_connect("{\"probe\": \"other\", \"Probe\": \"capital\"}");

	(void)state;
	assert_string_equal(text_at(json, "probe"), "probe");
	assert_string_equal(text_at(json, "Probe"), "capital");
	cJSON_Delete(json);
}

static void tree_entries_have_the_attributes_of_their_image(void **state)
{
	cJSON *json = render_connect("{\"proctree\": {\"" LEAF "\": {\"loginname\": \"alice\"}, "
				     "\"" ROOT "\": {\"loginname\": \"root\", \"pid\": 7}}}");

	(void)state;
	assert_string_equal(text_at(entry_of(json, 0), "loginname"), "alice");
	assert_null(cJSON_GetObjectItem(entry_of(json, 1), "loginname"));
	assert_string_equal(text_at(entry_of(json, 2), "loginname"), "root");
	assert_int_equal(cJSON_GetObjectItem(entry_of(json, 2), "pid")->valueint, 3);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "proctree")), 3);
	cJSON_Delete(json);
}

static void attributes_of_images_that_are_not_in_the_tree_are_left_out(void **state)
{
	cJSON *json = render_connect("{\"proctree\": {\"1\": {\"a\": 1}}, \"b\": 2}");

	(void)state;
	assert_null(cJSON_GetObjectItem(entry_of(json, 0), "a"));
	assert_int_equal(cJSON_GetObjectItem(json, "b")->valueint, 2);
	cJSON_Delete(json);
}

static void attributes_that_are_damaged_say_nothing(void **state)
{
	static const char *const damaged[] = {
		"",	"nonsense", "[1]",
		"null", "{\"a\":",  "{\"proctree\": 1}",
		"{}",	"1",	    "{\"proctree\": {\"" LEAF "\": 1, \"" MIDDLE "\": [2]}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		cJSON *json = render_connect(damaged[i]);

		assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "proctree")), 3);
		assert_int_equal(cJSON_GetArraySize(entry_of(json, 0)),
				 cJSON_GetArraySize(entry_of(json, 2)));
		cJSON_Delete(json);
	}
}

static void destinations_have_what_differs_from_the_first_ones(void **state)
{
	struct event events[] = {
		{.id = AT, .probe = PROBE_UDP_SESSION, .attributes = "{\"a\": 1, \"b\": 1}"},
		{.id = AT + 1, .probe = PROBE_UDP_SESSION, .attributes = "{\"a\": 1, \"b\": 2}"},
		{.id = AT + 2, .probe = PROBE_UDP_SESSION},
		{.id = AT + 3,
		 .probe = PROBE_UDP_SESSION,
		 .attributes = "{\"c\": 3, \"port\": 9, \"proctree\": {}}"},
	};
	cJSON *json = render(events, 4);
	cJSON *list = cJSON_GetObjectItem(json, "destinations");

	(void)state;
	assert_int_equal(cJSON_GetObjectItem(json, "a")->valueint, 1);
	assert_int_equal(cJSON_GetObjectItem(json, "b")->valueint, 1);
	assert_null(cJSON_GetObjectItem(json, "c"));
	assert_null(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), "a"));
	assert_null(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 1), "a"));
	assert_int_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 1), "b")->valueint, 2);
	assert_int_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 3), "c")->valueint, 3);
	assert_int_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 3), "port")->valueint, 0);
	assert_null(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 3), "proctree"));
	cJSON_Delete(json);
}

static void an_unknown_process_has_an_empty_tree_all_the_same(void **state)
{
	struct event event = {
		.id = AT,
		.probe = PROBE_TCP_CONNECT,
		.attributes = "{\"proctree\": {\"" LEAF "\": {\"a\": 1}}, \"b\": 2}",
	};
	char *text = json_event(&event, 1, "probe", NULL, 0);
	cJSON *json = cJSON_Parse(text);

	(void)state;
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "proctree")), 0);
	assert_int_equal(cJSON_GetObjectItem(json, "b")->valueint, 2);
	cJSON_Delete(json);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes_are_keys_of_the_event),
		cmocka_unit_test(keys_of_the_event_itself_win),
		cmocka_unit_test(tree_entries_have_the_attributes_of_their_image),
		cmocka_unit_test(attributes_of_images_that_are_not_in_the_tree_are_left_out),
		cmocka_unit_test(attributes_that_are_damaged_say_nothing),
		cmocka_unit_test(destinations_have_what_differs_from_the_first_ones),
		cmocka_unit_test(an_unknown_process_has_an_empty_tree_all_the_same),
	};

	return cmocka_run_group_tests_name("json attributes", tests, NULL, NULL);
}
