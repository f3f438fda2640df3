// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/container_answer.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

/* An answer in memory of exactly its size, so that a read behind it is found. */
static char *answer(const char *text, size_t *size)
{
	char *copy;

	*size = strlen(text);
	copy = malloc(*size ? *size : 1);
	assert_non_null(copy);
	memcpy(copy, text, *size);
	return copy;
}

static int visit(void *context, const char *runtime_id)
{
	char *ids = context;

	strcat(ids, runtime_id);
	strcat(ids, ",");
	return 0;
}

static int list(const char *text, char ids[512])
{
	size_t size;
	char *copy = answer(text, &size);
	int r;

	ids[0] = '\0';
	r = container_answer_list(copy, size, visit, ids);
	free(copy);
	return r;
}

static int inspect(const char *text, struct container_message **ret)
{
	size_t size;
	char *copy = answer(text, &size);
	int r = container_answer_inspect(copy, size, ret);

	free(copy);
	return r;
}

static enum container_event event(const char *text, char id[CONTAINER_RUNTIME_ID_SIZE])
{
	size_t size;
	char *copy = answer(text, &size);
	enum container_event what = container_answer_event(copy, size, id);

	free(copy);
	return what;
}

static void a_list_is_json_or_lines(void **state)
{
	char ids[512];

	(void)state;
	assert_int_equal(list("[{\"Id\":\"" A "\",\"Names\":[\"/x\"]},{\"Id\":\"" B "\"}]", ids),
			 0);
	assert_string_equal(ids, A "," B ",");
	assert_int_equal(list(A "\n" B "\n", ids), 0);
	assert_string_equal(ids, A "," B ",");
	assert_int_equal(list(A, ids), 0);
	assert_string_equal(ids, A ",");
	assert_int_equal(list("[]\n", ids), 0);
	assert_string_equal(ids, "");
	assert_int_equal(list("", ids), 0);
}

static void what_is_no_list_is_refused(void **state)
{
	char ids[512];

	(void)state;
	assert_int_equal(list("{\"message\":\"no\"}", ids), -EBADMSG);
	assert_int_equal(list("[{\"Id\":\"" A "\"", ids), -EBADMSG);
	assert_int_equal(list("\"x\"", ids), -EBADMSG);
	assert_int_equal(list("null", ids), -EBADMSG);
	assert_int_equal(list(A "\nno id\n", ids), -EBADMSG);
}

static void ids_that_could_be_something_else_are_left_out(void **state)
{
	char ids[512];

	(void)state;
	assert_int_equal(
		list("[{\"Id\":\"../../x\"},{\"Id\":\"-rm\"},{\"Id\":\"a b\"},{\"Id\":7},7,"
		     "{\"Id\":\"\"},{\"Id\":null},{\"Id\":\"a?b\"},{\"Id\":\"ok\"}]",
		     ids),
		0);
	assert_string_equal(ids, "ok,");
}

static void dockers_description_is_read(void **state)
{
	struct container_message *message;

	(void)state;
	assert_int_equal(
		inspect("{\"Id\":\"" A "\",\"Name\":\"/web\",\"Image\":\"sha256:12\","
			"\"State\":{\"Pid\":4711,\"Status\":\"running\"},\"Config\":{\"Image\":"
			"\"nginx:1\",\"Labels\":{\"team\":\"payments\",\"stage\":\"prod\"}}}",
			&message),
		0);
	assert_int_equal(message->type, CONTAINER_UP);
	assert_string_equal(message->runtime_id, A);
	assert_string_equal(message->name, "web");
	assert_string_equal(message->image, "nginx:1");
	assert_int_equal(message->pid, 4711);
	assert_int_equal(cJSON_GetArraySize(message->labels), 2);
	assert_string_equal(cJSON_GetObjectItem(message->labels, "team")->valuestring, "payments");
	container_message_free(message);
}

static void nerdctls_description_is_read_with_the_pods_name(void **state)
{
	struct container_message *message;

	(void)state;
	assert_int_equal(inspect("[{\"Id\":\"" A "\",\"Name\":\"k8s://default/web-1/nginx\","
				 "\"Image\":\"nginx:1\",\"State\":{\"Pid\":4711},\"Config\":"
				 "{\"Labels\":{\"io.kubernetes.pod.name\":\"web-1\"}}}]",
				 &message),
			 0);
	assert_string_equal(message->name, "web-1");
	assert_string_equal(message->image, "nginx:1");
	container_message_free(message);
}

static void what_a_description_lacks_is_absent(void **state)
{
	struct container_message *message;

	(void)state;
	assert_int_equal(inspect("{\"Id\":\"" A "\",\"Name\":\"\",\"State\":null,"
				 "\"Config\":{\"Labels\":null}}",
				 &message),
			 0);
	assert_null(message->name);
	assert_null(message->image);
	assert_int_equal(message->pid, 0);
	assert_true(cJSON_IsObject(message->labels));
	assert_int_equal(cJSON_GetArraySize(message->labels), 0);
	container_message_free(message);
}

static void values_of_the_wrong_kind_are_absent(void **state)
{
	struct container_message *message;

	(void)state;
	assert_int_equal(inspect("{\"Id\":\"" A "\",\"Name\":7,\"Image\":[],\"State\":{\"Pid\":-1},"
				 "\"Config\":{\"Image\":{},\"Labels\":{\"a\":1,\"b\":\"x\"}}}",
				 &message),
			 0);
	assert_null(message->name);
	assert_null(message->image);
	assert_int_equal(message->pid, 0);
	assert_int_equal(cJSON_GetArraySize(message->labels), 1);
	container_message_free(message);
	assert_int_equal(
		inspect("{\"Id\":\"" A "\",\"State\":{\"Pid\":1e300},\"Config\":[]}", &message), 0);
	assert_int_equal(message->pid, 0);
	container_message_free(message);
}

static void what_is_no_description_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"null",
		"[]",
		"[7]",
		"{}",
		"{\"Id\":7}",
		"{\"Id\":\"a/b\"}",
		"{\"Id\":\"" A,
		"{\"Id\":\"" A "\"",
		"\xff\xfe",
		"no such container",
	};
	struct container_message *message = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(inspect(texts[i], &message), -EBADMSG);
	assert_null(message);
}

static void a_depth_that_would_exhaust_the_stack_is_refused(void **state)
{
	struct container_message *message;
	char *deep = malloc(1000001);

	(void)state;
	assert_non_null(deep);
	memset(deep, '[', 1000000);
	deep[1000000] = '\0';
	assert_int_equal(inspect(deep, &message), -EBADMSG);
	free(deep);
}

static void no_more_labels_are_kept_than_there_is_room_for(void **state)
{
	struct container_message *message;
	char *text = malloc(4 << 20), *end = text;

	(void)state;
	assert_non_null(text);
	end += sprintf(end, "{\"Id\":\"" A "\",\"Config\":{\"Labels\":{");
	for (int i = 0; i < 5000; i++)
		end += sprintf(end, "%s\"label%d\":\"%0300d\"", i ? "," : "", i, i);
	sprintf(end, "}}}");
	assert_int_equal(inspect(text, &message), 0);
	assert_in_range(cJSON_GetArraySize(message->labels), 100, 1024);
	container_message_free(message);
	free(text);
}

static void a_long_name_is_cut(void **state)
{
	struct container_message *message;
	char *text = malloc(100000), *end = text;

	(void)state;
	assert_non_null(text);
	end += sprintf(end, "{\"Id\":\"" A "\",\"Name\":\"");
	memset(end, 'n', 90000);
	strcpy(end + 90000, "\"}");
	assert_int_equal(inspect(text, &message), 0);
	assert_int_equal(strlen(message->name), 1024);
	container_message_free(message);
	free(text);
}

#define DOCKER(action)                                                                             \
	"{\"Type\":\"container\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"" A "\"}}"

static void dockers_events_are_understood(void **state)
{
	char id[CONTAINER_RUNTIME_ID_SIZE] = "";

	(void)state;
	assert_int_equal(event(DOCKER("create"), id), CONTAINER_EVENT_CHANGED);
	assert_string_equal(id, A);
	assert_int_equal(event(DOCKER("init"), id), CONTAINER_EVENT_CHANGED);
	assert_int_equal(event(DOCKER("start"), id), CONTAINER_EVENT_CHANGED);
	assert_int_equal(event(DOCKER("rename"), id), CONTAINER_EVENT_CHANGED);
	assert_int_equal(event(DOCKER("die"), id), CONTAINER_EVENT_GONE);
	assert_int_equal(event(DOCKER("destroy"), id), CONTAINER_EVENT_GONE);
	assert_int_equal(event(DOCKER("remove"), id), CONTAINER_EVENT_GONE);
	assert_int_equal(event(DOCKER("exec_create: sh"), id), CONTAINER_EVENT_OTHER);
	assert_int_equal(event("{\"Type\":\"network\",\"Action\":\"create\","
			       "\"Actor\":{\"ID\":\"" A "\"}}",
			       id),
			 CONTAINER_EVENT_OTHER);
}

#define TOPIC(topic, more)                                                                         \
	"{\"Namespace\":\"k8s.io\",\"Topic\":\"" topic "\",\"Event\":"                             \
	"\"{\\\"container_id\\\":\\\"" A "\\\"" more "}\"}"

static void containerds_events_are_understood(void **state)
{
	char id[CONTAINER_RUNTIME_ID_SIZE] = "";

	(void)state;
	assert_int_equal(event(TOPIC("/tasks/create", ",\\\"pid\\\":7"), id),
			 CONTAINER_EVENT_CHANGED);
	assert_string_equal(id, A);
	assert_int_equal(event(TOPIC("/tasks/start", ""), id), CONTAINER_EVENT_CHANGED);
	assert_int_equal(event(TOPIC("/tasks/exit", ",\\\"id\\\":\\\"" A "\\\""), id),
			 CONTAINER_EVENT_GONE);
	assert_int_equal(event(TOPIC("/tasks/exit", ",\\\"id\\\":\\\"an-exec\\\""), id),
			 CONTAINER_EVENT_OTHER);
	assert_int_equal(event(TOPIC("/snapshot/prepare", ""), id), CONTAINER_EVENT_OTHER);
	assert_int_equal(
		event("{\"Topic\":\"/containers/create\",\"Event\":{\"id\":\"" B "\"}}", id),
		CONTAINER_EVENT_CHANGED);
	assert_string_equal(id, B);
}

static void an_event_that_makes_no_sense_is_passed_over(void **state)
{
	static const char *const texts[] = {
		"",
		"null",
		"7",
		"[]",
		"{}",
		"{\"Topic\":7}",
		"{\"Topic\":\"/tasks/start\"}",
		"{\"Topic\":\"/tasks/start\",\"Event\":\"{\"}",
		"{\"Type\":\"container\"}",
		"{\"Type\":\"container\",\"Action\":\"start\"}",
		"{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"../x\"}}",
		"{\"Type\":\"container\",\"Action\":7,\"Actor\":{\"ID\":\"" A "\"}}",
	};
	char id[CONTAINER_RUNTIME_ID_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(event(texts[i], id), CONTAINER_EVENT_OTHER);
}

/* Bytes changed and cut at random: refused or read, never more than that. */
static void a_damaged_answer_does_no_harm(void **state)
{
	static const char whole[] = "[{\"Id\":\"" A "\",\"Name\":\"/web\",\"State\":{\"Pid\":4711},"
				    "\"Config\":{\"Image\":\"i\",\"Labels\":{\"a\":\"b\"}}}]";
	struct container_message *message;
	unsigned seed = 1;
	char text[sizeof(whole)], ids[512], id[CONTAINER_RUNTIME_ID_SIZE];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		memcpy(text, whole, sizeof(whole));
		for (int i = 0; i < 3; i++)
			text[(size_t)rand_r(&seed) % sizeof(text)] = (char)rand_r(&seed);
		text[(size_t)rand_r(&seed) % sizeof(text)] = '\0';
		text[sizeof(text) - 1] = '\0';
		list(text, ids);
		event(text, id);
		if (!inspect(text, &message))
			container_message_free(message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_json_or_lines),
		cmocka_unit_test(what_is_no_list_is_refused),
		cmocka_unit_test(ids_that_could_be_something_else_are_left_out),
		cmocka_unit_test(dockers_description_is_read),
		cmocka_unit_test(nerdctls_description_is_read_with_the_pods_name),
		cmocka_unit_test(what_a_description_lacks_is_absent),
		cmocka_unit_test(values_of_the_wrong_kind_are_absent),
		cmocka_unit_test(what_is_no_description_is_refused),
		cmocka_unit_test(a_depth_that_would_exhaust_the_stack_is_refused),
		cmocka_unit_test(no_more_labels_are_kept_than_there_is_room_for),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(dockers_events_are_understood),
		cmocka_unit_test(containerds_events_are_understood),
		cmocka_unit_test(an_event_that_makes_no_sense_is_passed_over),
		cmocka_unit_test(a_damaged_answer_does_no_harm),
	};

	return cmocka_run_group_tests_name("container answer", tests, NULL, NULL);
}
