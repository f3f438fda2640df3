// SPDX-License-Identifier: Apache-2.0
/* Many short-lived processes at once, all of whose parents are dead. */
#include <arpa/inet.h>
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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness_deadline.h"
#include "harness_event.h"
#include "harness_recorder.h"
#include "harness_trigger.h"

#define PROCESSES 500
#define PROCESSES_TEXT "500"
#define READY_FD 8 /* of one digit, for the shell */
#define GO_FD 9

/*
 * A shell starts, one after the other, shells that each start a shell that
 * starts a trigger in the background. All shells are gone when the first has
 * ended; the triggers wait for each other and then connect.
 */
static const char inner_script[] =
	"\"$0\" barrier 8 9 child_of $$ child_of $1 child_of $2 attempt 127.0.0.1 $3 blocking "
	"established &";
static const char outer_script[] = "sh -c \"$0\" \"$1\" $$ $PPID $2; :";
static const char first_script[] = "i=0; while [ $i -lt " PROCESSES_TEXT
				   " ]; do sh -c \"$1\" \"$0\" \"$2\" $3; i=$((i+1)); done";

static struct recorder recorder;

static int setup(void **state)
{
	(void)state;
	recorder_prepare(&recorder);
	recorder_start(&recorder, NULL, NULL);
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static int teardown(void **state)
{
	(void)state;
	recorder_cleanup(&recorder);
	return 0;
}

struct storm {
	int listener;
	char port[8];
	int ready[2];
	int go[2];
	struct child first_shell;
};

static void open_listener(struct storm *storm)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);

	storm->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(storm->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(storm->listener, 2 * PROCESSES), 0);
	assert_int_equal(getsockname(storm->listener, (struct sockaddr *)&address, &size), 0);
	snprintf(storm->port, sizeof(storm->port), "%u", ntohs(address.sin_port));
}

static void pass_pipes(const void *argument)
{
	const struct storm *storm = argument;
	/* First out of the way: either may be open under the other's number, or its own. */
	int ready = fcntl(storm->ready[1], F_DUPFD_CLOEXEC, GO_FD + 1);
	int go = fcntl(storm->go[0], F_DUPFD_CLOEXEC, GO_FD + 1);

	if (dup2(ready, READY_FD) < 0 || dup2(go, GO_FD) < 0)
		_exit(EXIT_FAILURE);
}

/* Wait for all triggers, as long as now and then one more is ready. */
static void await_ready(const struct storm *storm)
{
	struct pollfd ready = {.fd = storm->ready[0], .events = POLLIN};
	char bytes[PROCESSES];
	int count = 0;

	for (int64_t deadline = deadline_new(); count < PROCESSES; deadline = deadline_new()) {
		while (poll(&ready, 1, 100) == 0 && !deadline_passed(deadline))
			;
		assert_true(ready.revents & POLLIN);
		count += (int)read(storm->ready[0], bytes, sizeof(bytes));
	}
	assert_int_equal(count, PROCESSES);
}

/* Start all, and wait until all triggers stand ready and the shells are gone. */
static void gather(struct storm *storm)
{
	const char *const argv[] = {"sh",	  "-c",		  first_script, inner_script,
				    outer_script, trigger_path(), storm->port,	NULL};

	open_listener(storm);
	assert_int_equal(pipe2(storm->ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(storm->go, O_CLOEXEC), 0);
	child_start(&storm->first_shell, argv, pass_pipes, storm);
	close(storm->ready[1]);
	close(storm->go[0]);
	await_ready(storm);
	child_wait(&storm->first_shell);
	assert_int_equal(storm->first_shell.status, 0);
}

/* Orphans come to this process, and so does the recorder if it should end. */
static int reap(void)
{
	int status, count = 0;
	pid_t pid;

	for (; (pid = waitpid(-1, &status, WNOHANG)) > 0; count++) {
		if (pid == recorder.child.pid)
			harness_fail("the recorder has ended by itself");
		assert_int_equal(status, 0);
	}
	return count;
}

/* Let all go at once, and wait for their end. */
static cJSON *let_go(struct storm *storm)
{
	int reaped = 0;
	cJSON *reports;

	close(storm->go[1]);
	assert_true(WAIT_UNTIL((reaped += reap()) >= PROCESSES));
	assert_int_equal(reaped, PROCESSES);
	reports = trigger_reports_so_far(&storm->first_shell);
	assert_int_equal(cJSON_GetArraySize(reports), PROCESSES);
	return reports;
}

static void describe_shell(cJSON *process, const char *exe, const char *cmdline)
{
	cJSON_AddStringToObject(process, "exe", exe);
	cJSON_AddStringToObject(process, "cmdline", cmdline);
	cJSON_AddNumberToObject(process, "uid", getuid());
}

static int pid_of(const cJSON *report, int steps)
{
	return cJSON_GetObjectItem(report_process(report, steps), "pid")->valueint;
}

/* What each shell of the tree must look like follows from the scripts. */
static void describe_shells(const struct storm *storm, cJSON *report)
{
	char *exe = realpath("/bin/sh", NULL), *line;

	assert_int_not_equal(asprintf(&line, "sh -c %s %s %d %d %s", inner_script, trigger_path(),
				      pid_of(report, 2), pid_of(report, 3), storm->port),
			     -1);
	describe_shell(report_process(report, 1), exe, line);
	free(line);
	assert_int_not_equal(asprintf(&line, "sh -c %s %s %s %s", outer_script, inner_script,
				      trigger_path(), storm->port),
			     -1);
	describe_shell(report_process(report, 2), exe, line);
	free(line);
	assert_int_not_equal(asprintf(&line, "sh -c %s %s %s %s %s", first_script, inner_script,
				      outer_script, trigger_path(), storm->port),
			     -1);
	describe_shell(report_process(report, 3), exe, line);
	free(line);
	free(exe);
}

static bool is_of_storm(const struct storm *storm, const cJSON *event)
{
	const char *probe = cJSON_GetStringValue(cJSON_GetObjectItem(event, "probe"));
	const cJSON *port = cJSON_GetObjectItem(event, "port");

	return probe && !strcmp(probe, "tcp_connect") && port &&
	       port->valueint == atoi(storm->port);
}

static int storm_count(const struct storm *storm, const cJSON *events)
{
	const cJSON *event;
	int count = 0;

	cJSON_ArrayForEach (event, events) {
		count += is_of_storm(storm, event);
	}
	return count;
}

/* Every report must have exactly one event, which is as the report says, and nothing was missed. */
static void compare(const struct storm *storm, const cJSON *reports, const cJSON *events,
		    enum event_source source)
{
	const cJSON *report, *event;
	int wrong_count = 0;

	assert_int_equal(storm_count(storm, events), PROCESSES);
	cJSON_ArrayForEach (report, reports) {
		int count;
		const cJSON *found = event_find(report, events, &count);
		char *wrong = count == 1 ? event_difference(report, found, source)
					 : strdup("not one event");

		if (wrong && !wrong_count++) {
			char *want = cJSON_PrintUnformatted(report);
			char *have = found ? cJSON_PrintUnformatted(found) : NULL;

			fprintf(stderr, "%s\ntrigger: %s\nevent: %s\n", wrong, want,
				have ? have : "");
			free(want);
			free(have);
		}
		free(wrong);
	}
	assert_int_equal(wrong_count, 0);
	cJSON_ArrayForEach (event, events) {
		char *gap = cJSON_HasObjectItem(event, "gap") ? cJSON_Print(event) : NULL;

		if (gap)
			harness_fail("a gap: %s", gap);
	}
}

static bool all_printed(const struct storm *storm, cJSON **events)
{
	cJSON_Delete(*events);
	*events = recorder_output(&recorder);
	return storm_count(storm, *events) >= PROCESSES;
}

static void five_hundred_orphans_at_once_are_five_hundred_events_with_whole_trees(void **state)
{
	struct storm storm;
	cJSON *reports, *report, *events = NULL;

	(void)state;
	gather(&storm);
	reports = let_go(&storm);
	cJSON_ArrayForEach (report, reports) {
		describe_shells(&storm, report);
	}
	if (!WAIT_UNTIL(all_printed(&storm, &events)))
		harness_fail("only %d events were printed", storm_count(&storm, events));
	compare(&storm, reports, events, EVENT_PRINTED);
	cJSON_Delete(events);
	recorder_stop(&recorder, SIGTERM);
	events = recorder_query(&recorder, NULL);
	compare(&storm, reports, events, EVENT_STORED);
	cJSON_Delete(events);
	cJSON_Delete(reports);
	child_close(&storm.first_shell);
	close(storm.listener);
	close(storm.ready[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			five_hundred_orphans_at_once_are_five_hundred_events_with_whole_trees,
			setup, teardown),
	};

	return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}
