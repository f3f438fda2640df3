// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "recorder/output.h"
#include "schema/probe.h"

#define AT 1573568697532744000LL /* 2019-11-12T14:24:57.532744Z */

static char path[] = "/tmp/test_output.XXXXXX";
static struct output *output;
static struct image *image; /* curl, forked by sh */

static struct image *make_image(uint32_t pid, const char *argv, struct image *parent)
{
	struct wire_task task = {.pid = pid, .loginuid = UINT32_MAX};
	struct text *text = text_new(argv, strlen(argv) + 1);
	struct image *made = image_new(&task);

	assert_non_null(made);
	image_set_texts(made, text, NULL, NULL);
	text_unref(text);
	made->process.id = AT - 1000 + pid;
	made->process.start_ns = AT - 1000000;
	made->parent = parent;
	return made;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	close(mkstemp(path));
	image = make_image(20, "curl", make_image(10, "sh", NULL));
	return output_open(path, &output);
}

static int tear_down(void **state)
{
	(void)state;
	output_free(output);
	output = NULL;
	image_unref(image);
	unlink(path);
	return 0;
}

static void show(struct output *to, const struct event *events, size_t count,
		 const struct image *of)
{
	const char *probe = probe_name(events->probe);

	output_events(to, events, count, probe ? probe : "unknown", of);
}

/* All that was written, after the output was closed; the caller frees it. */
static char *written(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file;

	output_free(output);
	output = NULL;
	file = fopen(path, "r");

	assert_non_null(file);
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(file);
	return text;
}

/* The one line that was written, parsed; the caller deletes it. */
static cJSON *written_line(void)
{
	char *text = written();
	char *end = strchr(text, '\n');
	cJSON *line = cJSON_Parse(text);

	assert_non_null(end);
	assert_int_equal(end[1], '\0');
	assert_non_null(line);
	free(text);
	return line;
}

static const char *string_of(const cJSON *object, const char *key)
{
	const char *string = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));

	assert_non_null(string);
	return string;
}

static double number_of(const cJSON *object, const char *key)
{
	const cJSON *number = cJSON_GetObjectItem(object, key);

	assert_true(cJSON_IsNumber(number));
	return number->valuedouble;
}

static struct event event_of(uint32_t probe)
{
	struct event event = {
		.id = AT,
		.probe = probe,
		.protocol = probe == PROBE_UDP_SESSION ? IPPROTO_UDP : IPPROTO_TCP,
		.dport = 443,
	};

	address_parse("10.0.0.5", &event.saddr);
	if (probe != PROBE_NET_LISTEN)
		address_parse("185.30.166.37", &event.daddr);
	return event;
}

static void a_connect_is_a_json_line_with_its_tree(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT);
	const cJSON *tree;
	size_t lost;
	cJSON *line;

	(void)state;
	show(output, &event, 1, image);
	assert_int_equal(output_flush(output, &lost), 0);
	assert_int_equal(lost, 0);
	line = written_line();
	assert_string_equal(string_of(line, "probe"), "tcp_connect");
	assert_string_equal(string_of(line, "timestamp"), "2019-11-12T14:24:57.532744Z");
	assert_string_equal(string_of(line, "daddr"), "185.30.166.37");
	assert_int_equal(number_of(line, "pid"), 20);
	assert_int_equal(number_of(line, "port"), 443);
	tree = cJSON_GetObjectItem(line, "proctree");
	assert_int_equal(cJSON_GetArraySize(tree), 2);
	assert_string_equal(string_of(cJSON_GetArrayItem(tree, 0), "cmdline"), "curl");
	assert_string_equal(string_of(cJSON_GetArrayItem(tree, 1), "cmdline"), "sh");
	cJSON_Delete(line);
}

static void a_listener_says_the_port_that_came_late(void **state)
{
	struct event event = event_of(PROBE_NET_LISTEN);
	cJSON *line;

	(void)state;
	event.sport = 40001;
	event.outcome_ns = AT + 5; /* how it came to be known */
	show(output, &event, 1, image);
	line = written_line();
	assert_string_equal(string_of(line, "probe"), "net_listen");
	assert_string_equal(string_of(line, "laddr"), "10.0.0.5");
	assert_int_equal(number_of(line, "port"), 40001);
	assert_null(cJSON_GetObjectItem(line, "outcome"));
	assert_null(cJSON_GetObjectItem(line, "latency"));
	cJSON_Delete(line);
}

static void a_session_is_one_line_with_all_its_destinations(void **state)
{
	struct event events[2] = {event_of(PROBE_UDP_SESSION), event_of(PROBE_UDP_SESSION)};
	const cJSON *destinations;
	cJSON *line;

	(void)state;
	for (int i = 0; i < 2; i++) {
		events[i].id = AT + i;
		events[i].session_id = AT;
		events[i].end_ns = AT + 2000000000;
		events[i].dport = (uint16_t)(53 + i);
		events[i].messages = 3 + (uint64_t)i;
		events[i].bytes_sent = 100;
	}
	show(output, events, 2, image);
	line = written_line();
	assert_string_equal(string_of(line, "probe"), "udp_session");
	assert_int_equal(number_of(line, "bytes_sent"), 200);
	destinations = cJSON_GetObjectItem(line, "destinations");
	assert_int_equal(cJSON_GetArraySize(destinations), 2);
	assert_int_equal(number_of(cJSON_GetArrayItem(destinations, 0), "port"), 53);
	assert_int_equal(number_of(cJSON_GetArrayItem(destinations, 0), "msg_count"), 3);
	assert_int_equal(number_of(cJSON_GetArrayItem(destinations, 1), "port"), 54);
	assert_int_equal(number_of(cJSON_GetArrayItem(destinations, 1), "msg_count"), 4);
	cJSON_Delete(line);
}

static void an_event_without_a_process_says_so(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT);
	cJSON *line;

	(void)state;
	show(output, &event, 1, NULL);
	line = written_line();
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(line, "pid")));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(line, "proctree")), 0);
	cJSON_Delete(line);
}

static void a_probe_from_elsewhere_is_unknown_by_name(void **state)
{
	struct event event = event_of(99);
	cJSON *line;

	(void)state;
	show(output, &event, 1, image);
	line = written_line();
	assert_string_equal(string_of(line, "probe"), "unknown");
	cJSON_Delete(line);
}

static void what_a_process_chose_stays_on_its_line(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT);
	struct image *evil = make_image(30, "a\nb\x1b[2J\xff", NULL);
	cJSON *line;

	(void)state;
	show(output, &event, 1, evil);
	line = written_line();
	cJSON_Delete(line);
	image_unref(evil);
}

static void every_event_has_a_line(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT);
	size_t lines = 0, lost;
	char *text;

	(void)state;
	for (int i = 0; i < 1000; i++)
		show(output, &event, 1, image);
	assert_int_equal(output_flush(output, &lost), 0);
	text = written();
	for (const char *each = text; (each = strchr(each, '\n')); each++)
		lines++;
	assert_int_equal(lines, 1000);
	free(text);
}

static void a_file_that_is_there_is_appended_to(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT);
	FILE *file = fopen(path, "w");
	char *text;

	(void)state;
	fputs("before\n", file);
	fclose(file);
	show(output, &event, 1, image);
	text = written();
	assert_memory_equal(text, "before\n{", 8);
	free(text);
}

static void a_tree_as_deep_as_pids_last_is_cut(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT);
	struct image *deep = NULL;
	cJSON *line;

	(void)state;
	for (uint32_t pid = 1; pid <= 10000; pid++)
		deep = make_image(pid, "nest", deep);
	show(output, &event, 1, deep);
	line = written_line();
	assert_int_equal(number_of(line, "pid"), 10000);
	assert_in_range(cJSON_GetArraySize(cJSON_GetObjectItem(line, "proctree")), 1000, 9999);
	cJSON_Delete(line);
	image_unref(deep);
}

/* Wait, at most ten seconds, until the output has or has not been able to write. */
static void await_writable(struct output *of, bool is_writable)
{
	for (int i = 0; i < 1000 && output_is_writable(of) != is_writable; i++)
		poll(NULL, 0, 10);
	assert_int_equal(output_is_writable(of), is_writable);
}

static void a_full_disk_is_told_with_the_lines_it_cost(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT);
	struct output *full;
	size_t lost;

	(void)state;
	assert_int_equal(output_open("/dev/full", &full), 0);
	for (int i = 0; i < 100; i++)
		show(full, &event, 1, image);
	assert_int_equal(output_flush(full, &lost), 0);
	await_writable(full, false);
	assert_int_equal(output_flush(full, &lost), -ENOSPC);
	assert_int_equal(lost, 100);
	assert_int_equal(output_flush(full, &lost), 0);
	output_free(full);
}

/* Much more than is kept for a slow reader, in one batch and in many. */
static void a_burst_to_a_file_loses_nothing(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT);
	size_t lines = 0, lost, sum = 0;
	char *text;

	(void)state;
	for (int i = 0; i < 120000; i++) {
		show(output, &event, 1, image);
		if (i > 60000 && i % 1000 == 0) {
			output_flush(output, &lost);
			sum += lost;
		}
	}
	text = written();
	for (const char *each = text; (each = strchr(each, '\n')); each++)
		lines++;
	assert_int_equal(sum, 0);
	assert_int_equal(lines, 120000);
	free(text);
}

/* A FIFO that is not read from is full after 64 KiB. */
static void a_reader_that_stalls_costs_lines_and_holds_nobody_up(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT);
	struct output *stalled;
	size_t lost, sum = 0;

	(void)state;
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(output_open(path, &stalled), 0);
	for (int i = 0; i < 40000; i++) {
		show(stalled, &event, 1, image);
		if (output_flush(stalled, &lost))
			sum += lost;
	}
	assert_true(sum > 0);
	output_free(stalled);
}

static void a_reader_that_is_gone_is_told(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT);
	int saved = dup(STDOUT_FILENO);
	struct output *broken;
	size_t lost;
	int ends[2];
	int r;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	fflush(stdout);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDOUT_FILENO);
	r = output_open("-", &broken);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(r, 0);
	show(broken, &event, 1, image);
	assert_int_equal(output_flush(broken, &lost), 0);
	await_writable(broken, false);
	assert_int_equal(output_flush(broken, &lost), -EPIPE);
	assert_int_equal(lost, 1);
	output_free(broken);
}

static void a_path_that_cannot_be_opened_is_refused(void **state)
{
	struct output *none = NULL;

	(void)state;
	assert_int_equal(output_open("/nowhere/file", &none), -ENOENT);
	assert_int_equal(output_open("/tmp", &none), -EISDIR);
	assert_null(none);
}

static void free_takes_null(void **state)
{
	(void)state;
	output_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connect_is_a_json_line_with_its_tree),
		TEST(a_listener_says_the_port_that_came_late),
		TEST(a_session_is_one_line_with_all_its_destinations),
		TEST(an_event_without_a_process_says_so),
		TEST(a_probe_from_elsewhere_is_unknown_by_name),
		TEST(what_a_process_chose_stays_on_its_line),
		TEST(every_event_has_a_line),
		TEST(a_file_that_is_there_is_appended_to),
		TEST(a_tree_as_deep_as_pids_last_is_cut),
		TEST(a_full_disk_is_told_with_the_lines_it_cost),
		TEST(a_burst_to_a_file_loses_nothing),
		TEST(a_reader_that_stalls_costs_lines_and_holds_nobody_up),
		TEST(a_reader_that_is_gone_is_told),
		TEST(a_path_that_cannot_be_opened_is_refused),
		TEST(free_takes_null),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
