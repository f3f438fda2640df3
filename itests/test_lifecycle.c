// SPDX-License-Identifier: Apache-2.0
/* From start to end of the recorder, clean and otherwise. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness_deadline.h"
#include "harness_event.h"
#include "harness_recorder.h"
#include "harness_trigger.h"

#define RUNS 10

static const char *const connect_args[] = {"orphan", "connect", "4", "blocking", "10", "20", NULL};

static struct recorder recorder;

static int setup(void **state)
{
	(void)state;
	recorder_prepare(&recorder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	recorder_cleanup(&recorder);
	return 0;
}

/* Each report must have exactly one event among these, which is as the report says. */
static void assert_recorded(const cJSON *reports, const cJSON *events, enum event_source source)
{
	const cJSON *report;

	cJSON_ArrayForEach (report, reports) {
		char *text = cJSON_PrintUnformatted(report), *wrong;
		int count;
		const cJSON *event = event_find(report, events, &count);

		if (count != 1)
			harness_fail("%d events of %s", count, text);
		wrong = event_difference(report, event, source);
		if (wrong)
			harness_fail("%s: %s", wrong, text);
		free(text);
	}
}

static void assert_stored(const cJSON *reports)
{
	cJSON *events = recorder_query(&recorder, NULL);

	assert_recorded(reports, events, EVENT_STORED);
	cJSON_Delete(events);
}

static bool is_stored(const cJSON *report)
{
	cJSON *events = recorder_query(&recorder, NULL);
	int count;

	event_find(report, events, &count);
	cJSON_Delete(events);
	return count > 0;
}

static void move_all(cJSON *to, cJSON *from)
{
	cJSON *item;

	while ((item = cJSON_DetachItemFromArray(from, 0)))
		cJSON_AddItemToArray(to, item);
	cJSON_Delete(from);
}

/* Again and again, for the moment between event and signal is short. */
static void assert_drains_on(int signal)
{
	cJSON *reports = cJSON_CreateArray();

	for (int run = 0; run < RUNS; run++) {
		recorder_start(&recorder, NULL, NULL);
		move_all(reports, trigger_reports(connect_args));
		recorder_stop(&recorder, signal);
	}
	assert_stored(reports);
	cJSON_Delete(reports);
}

static void event_just_before_sigterm_is_stored(void **state)
{
	(void)state;
	assert_drains_on(SIGTERM);
}

static void event_just_before_sigint_is_stored(void **state)
{
	(void)state;
	assert_drains_on(SIGINT);
}

static void pins_are_there_while_it_records_and_gone_after_a_clean_stop(void **state)
{
	(void)state;
	recorder_start(&recorder, NULL, NULL);
	assert_int_equal(access(recorder.pins, F_OK), 0);
	recorder_stop(&recorder, SIGTERM);
	assert_int_not_equal(access(recorder.pins, F_OK), 0);
}

static void set_notify_socket(const void *path)
{
	if (setenv("NOTIFY_SOCKET", path, 1))
		_exit(EXIT_FAILURE);
}

/* Whether a message came that has this line in it. */
static bool was_notified(int fd, const char *line)
{
	char message[4096];
	ssize_t size = recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT);

	if (size <= 0)
		return false;
	message[size] = '\0';
	return strstr(message, line);
}

static void ready_is_notified_once_events_are_captured(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const char *argv[RECORDER_ARGUMENTS_MAX];
	cJSON *reports;

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", recorder.directory);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	recorder_arguments(&recorder, NULL, argv);
	child_start(&recorder.child, argv, set_notify_socket, address.sun_path);
	assert_true(WAIT_UNTIL(was_notified(fd, "READY=1")));
	reports = trigger_reports(connect_args);
	recorder_stop(&recorder, SIGTERM);
	assert_stored(reports);
	cJSON_Delete(reports);
	close(fd);
}

static bool is_printed(const cJSON *report)
{
	char *text = child_output(recorder.child.out);
	cJSON *events = json_lines(text);
	int count;

	event_find(report, events, &count);
	cJSON_Delete(events);
	free(text);
	return count > 0;
}

static void output_file_dash_is_stdout(void **state)
{
	const char *const more[] = {"-f", "-", NULL};
	const char *argv[RECORDER_ARGUMENTS_MAX];
	cJSON *reports, *events;
	char *text;

	(void)state;
	recorder_arguments(&recorder, more, argv);
	child_start(&recorder.child, argv, NULL, NULL);
	recorder_await(&recorder);
	reports = trigger_reports(connect_args);
	assert_true(WAIT_UNTIL(is_printed(reports->child)));
	text = child_output(recorder.child.out);
	events = json_lines(text);
	assert_recorded(reports, events, EVENT_PRINTED);
	recorder_stop(&recorder, SIGTERM);
	cJSON_Delete(events);
	cJSON_Delete(reports);
	free(text);
}

static void clean_restart_adds_to_the_record(void **state)
{
	cJSON *reports;

	(void)state;
	recorder_start(&recorder, NULL, NULL);
	reports = trigger_reports(connect_args);
	recorder_stop(&recorder, SIGTERM);
	recorder_start(&recorder, NULL, NULL);
	move_all(reports, trigger_reports(connect_args));
	recorder_stop(&recorder, SIGTERM);
	assert_stored(reports);
	cJSON_Delete(reports);
}

static void assert_no_gap(void)
{
	cJSON *events = recorder_query(&recorder, NULL), *event;

	cJSON_ArrayForEach (event, events) {
		if (cJSON_HasObjectItem(event, "gap"))
			harness_fail("a gap: %s", cJSON_PrintUnformatted(event));
	}
	cJSON_Delete(events);
}

/* The kernel goes on into the pinned ring; the next recorder takes it up where the last committed.
 */
static void events_while_it_was_killed_are_stored_exactly_once(void **state)
{
	cJSON *reports;

	(void)state;
	recorder_start(&recorder, NULL, NULL);
	reports = trigger_reports(connect_args);
	assert_true(WAIT_UNTIL(is_stored(reports->child)));
	recorder_crash(&recorder);
	for (int i = 0; i < RUNS; i++)
		move_all(reports, trigger_reports(connect_args));
	recorder_start(&recorder, NULL, NULL);
	move_all(reports, trigger_reports(connect_args));
	recorder_stop(&recorder, SIGTERM);
	assert_stored(reports);
	assert_no_gap();
	cJSON_Delete(reports);
}

/* It is killed at once, so that what was captured may be stored or not, and even half read. */
static void events_just_before_it_was_killed_are_stored_exactly_once(void **state)
{
	cJSON *reports = cJSON_CreateArray();

	(void)state;
	for (int run = 0; run < RUNS; run++) {
		recorder_start(&recorder, NULL, NULL);
		move_all(reports, trigger_reports(connect_args));
		recorder_crash(&recorder);
		move_all(reports, trigger_reports(connect_args));
	}
	recorder_start(&recorder, NULL, NULL);
	recorder_stop(&recorder, SIGTERM);
	assert_stored(reports);
	assert_no_gap();
	cJSON_Delete(reports);
}

/* The listener opens under one recorder, closes under none, and is told by the next. */
static void listener_that_outlives_the_recorder_keeps_its_process(void **state)
{
	const char *const args[] = {"orphan", "hold", "listen", "4", "0", NULL};
	struct child trigger;
	cJSON *reports;

	(void)state;
	recorder_start(&recorder, NULL, NULL);
	trigger_start(&trigger, args);
	cJSON_Delete(trigger_await_report(&trigger, 1));
	recorder_crash(&recorder);
	reports = trigger_finish(&trigger);
	recorder_start(&recorder, NULL, NULL);
	recorder_stop(&recorder, SIGTERM);
	assert_stored(reports);
	cJSON_Delete(reports);
}

static void assert_answers(const char *program, const char *option, const char *word)
{
	const char *const argv[] = {program, option, NULL};
	struct child child;
	char *out, *err;

	child_start(&child, argv, NULL, NULL);
	child_wait(&child);
	assert_int_equal(child.status, 0);
	out = child_output(child.out);
	err = child_output(child.err);
	assert_non_null(strstr(out, word));
	assert_string_equal(err, "");
	free(out);
	free(err);
	child_close(&child);
}

static void version_and_help_are_printed_with_exit_status_0(void **state)
{
	char *recorder_program = program_path("PIDTREE_RECORDER", "../pidtree-recorder");
	char *query_program = program_path("PIDTREE_QUERY", "../pidtree-query");

	(void)state;
	assert_answers(recorder_program, "--version", "pidtree-recorder");
	assert_answers(recorder_program, "-v", "pidtree-recorder");
	assert_answers(recorder_program, "--help", "--output_file");
	assert_answers(recorder_program, "-h", "--config");
	assert_answers(query_program, "--help", "events");
	assert_answers(query_program, "--version", "pidtree-query");
	free(recorder_program);
	free(query_program);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(event_just_before_sigterm_is_stored),
		TEST(event_just_before_sigint_is_stored),
		TEST(pins_are_there_while_it_records_and_gone_after_a_clean_stop),
		TEST(ready_is_notified_once_events_are_captured),
		TEST(output_file_dash_is_stdout),
		TEST(clean_restart_adds_to_the_record),
		TEST(events_while_it_was_killed_are_stored_exactly_once),
		TEST(events_just_before_it_was_killed_are_stored_exactly_once),
		TEST(listener_that_outlives_the_recorder_keeps_its_process),
		TEST(version_and_help_are_printed_with_exit_status_0),
	};

	return cmocka_run_group_tests_name("lifecycle", tests, NULL, NULL);
}
