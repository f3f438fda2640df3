// SPDX-License-Identifier: Apache-2.0
/*
 * A probe from elsewhere: the sample of docs/probes.md, TCP connections that
 * come in, built with nothing but the installed headers.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "harness_deadline.h"
#include "harness_event.h"
#include "harness_recorder.h"
#include "harness_trigger.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A copy of the sample under a name that is loaded before it. */
#define MAKE_OTHER                                                                                 \
	"for f in tcp_accept*.c Makefile; do "                                                     \
	"sed s/tcp_accept/an_accept/g \"$f\" > ../an_accept/${f/tcp_accept/an_accept}; done"

static char samples[] = "/tmp/pidtree-itest-probe-XXXXXX"; /* where they are built, once */
static char option[sizeof(samples) + 32];		   /* that has the recorder look there */
static struct recorder recorder;

static void run_program(const char *const *argv)
{
	struct child child;
	char *err;

	child_start(&child, argv, NULL, NULL);
	child_wait(&child);
	err = child_output(child.err);
	if (child.status)
		harness_fail("%s ended with status %#x: %s", argv[0], (unsigned)child.status, err);
	child_close(&child);
	free(err);
}

/* Build the sample and, with other names for everything, a second one. */
static void build_samples(void)
{
	char *source = program_path("PIDTREE_SAMPLE_PROBE", "probes/tcp_accept");
	char *include = program_path("PIDTREE_INCLUDE", "../include");
	char *script;

	if (asprintf(&script,
		     "set -e; cd %s; cp -r %s tcp_accept; mkdir an_accept; cd "
		     "tcp_accept; " MAKE_OTHER "; "
		     "for d in tcp_accept an_accept; do "
		     "env -u MAKEFLAGS make -s -C ../$d INCLUDE=%s; "
		     "install -m 644 ../$d/$d.so ..; done",
		     samples, source, include) < 0)
		fail();
	run_program(ARGS("bash", "-c", script));
	free(script);
	free(source);
	free(include);
}

static int make_samples(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(samples));
	assert_int_equal(chmod(samples, 0755), 0);
	snprintf(option, sizeof(option), "--extra-probe-path=%s", samples);
	if (!system("command -v clang make > /dev/null"))
		build_samples();
	return 0;
}

static int remove_samples(void **state)
{
	(void)state;
	run_program(ARGS("rm", "-rf", samples));
	return 0;
}

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

static void skip_test(const char *reason)
{
	printf("# skip: %s\n", reason);
	fflush(stdout);
	skip();
}

/* Skip the running test where the sample can be neither built nor loaded. */
static void need_samples(void)
{
	char path[sizeof(samples) + 32];
	struct utsname name;
	int major = 0, minor = 0;

	snprintf(path, sizeof(path), "%s/tcp_accept.so", samples);
	if (access(path, F_OK))
		skip_test("clang or make is missing");
	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	if (major < 5 || (major == 5 && minor < 12))
		skip_test("before Linux 5.12 tracing programs have no socket cookies");
}

static void start_recorder(const char *config)
{
	need_samples();
	recorder_configure(&recorder, "%s", config);
	recorder_start_with(&recorder, option);
}

static void copy_item(cJSON *to, const char *to_key, const cJSON *from, const char *from_key)
{
	cJSON_AddItemToObject(to, to_key,
			      cJSON_Duplicate(cJSON_GetObjectItem(from, from_key), true));
}

/* What the accepting side of a connection must be told of, from the report of the connecting one.
 */
static cJSON *accept_report(const cJSON *connect, const char *probe)
{
	const cJSON *event = cJSON_GetObjectItem(connect, "event");
	cJSON *report = cJSON_Duplicate(connect, true), *accept = cJSON_CreateObject();

	cJSON_AddStringToObject(accept, "probe", probe);
	cJSON_AddStringToObject(accept, "protocol", "tcp");
	cJSON_AddStringToObject(accept, "error", "");
	copy_item(accept, "saddr", event, "daddr");
	copy_item(accept, "sport", event, "port");
	copy_item(accept, "daddr", event, "saddr");
	copy_item(accept, "port", event, "sport");
	cJSON_ReplaceItemInObject(report, "event", accept);
	return report;
}

/* A connection of a process with itself; the caller deletes what the accepting side must see. */
static cJSON *connect_once(const char *family)
{
	cJSON *reports = trigger_reports(ARGS("connect", family, "blocking", "10", "20"));
	cJSON *report = accept_report(reports->child, "tcp_accept");
	cJSON *event = cJSON_GetObjectItem(reports->child, "event");

	copy_item(report, "bytes_sent", event, "bytes_received");
	copy_item(report, "bytes_received", event, "bytes_sent");
	cJSON_Delete(reports);
	return report;
}

/* What is wrong with the events of a report, NULL if nothing; the caller frees it. */
static char *judge(const cJSON *report, const cJSON *events, enum event_source source)
{
	int count;
	const cJSON *event = event_find(report, events, &count);
	char *text;

	if (count == 1)
		return event_difference(report, event, source);
	return asprintf(&text, "%d events instead of one", count) < 0 ? NULL : text;
}

static bool is_printed(const cJSON *report)
{
	cJSON *events = recorder_output(&recorder);
	char *wrong = judge(report, events, EVENT_PRINTED);

	free(wrong);
	cJSON_Delete(events);
	return !wrong;
}

/* The event as the query tells it after the end; the caller deletes it. */
static cJSON *stored_event(const cJSON *report)
{
	cJSON *events = recorder_query(&recorder, NULL), *event;
	char *wrong = judge(report, events, EVENT_STORED);
	int count;

	if (wrong)
		harness_fail("the query: %s", wrong);
	event = cJSON_Duplicate(event_find(report, events, &count), true);
	cJSON_Delete(events);
	return event;
}

static void assert_stored(const cJSON *report)
{
	cJSON_Delete(stored_event(report));
}

static void connections_are_recorded_with_their_end(void **state)
{
	static const char *const families[] = {"4", "6", "mapped"};
	cJSON *reports[3];

	(void)state;
	start_recorder("tcp_accept:\n");
	for (size_t i = 0; i < 3; i++) {
		reports[i] = connect_once(families[i]);
		assert_true(WAIT_UNTIL(is_printed(reports[i])));
	}
	recorder_stop(&recorder, SIGTERM);
	for (size_t i = 0; i < 3; i++) {
		cJSON *event = stored_event(reports[i]);

		assert_true(cJSON_Compare(cJSON_GetObjectItem(event, "bytes_sent"),
					  cJSON_GetObjectItem(reports[i], "bytes_sent"), true));
		assert_true(cJSON_Compare(cJSON_GetObjectItem(event, "bytes_received"),
					  cJSON_GetObjectItem(reports[i], "bytes_received"), true));
		assert_true(cJSON_HasObjectItem(event, "duration"));
		cJSON_Delete(event);
		cJSON_Delete(reports[i]);
	}
}

static void it_records_beside_the_others_and_has_plugins(void **state)
{
	cJSON *connect, *report, *event;

	(void)state;
	start_recorder("tcp_connect:\n"
		       "tcp_accept:\n"
		       "  plugins:\n"
		       "    loginuidmap: {top_level: true}\n");
	connect = trigger_reports(
		ARGS("login", "1234", "fork", "connect", "4", "blocking", "10", "20"));
	report = accept_report(connect->child, "tcp_accept");
	assert_true(WAIT_UNTIL(is_printed(report) && is_printed(connect->child)));
	recorder_stop(&recorder, SIGTERM);
	event = stored_event(report);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(event, "loginname")), "1234");
	cJSON_Delete(event);
	assert_stored(connect->child);
	cJSON_Delete(report);
	cJSON_Delete(connect);
}

static void it_goes_on_while_the_recorder_is_dead(void **state)
{
	cJSON *before, *between, *after;

	(void)state;
	start_recorder("tcp_accept:\n");
	before = connect_once("4");
	recorder_crash(&recorder);
	between = connect_once("6");
	recorder_start_with(&recorder, option);
	after = connect_once("4");
	recorder_stop(&recorder, SIGTERM);
	assert_stored(before);
	assert_stored(between);
	assert_stored(after);
	cJSON_Delete(before);
	cJSON_Delete(between);
	cJSON_Delete(after);
}

/* Which number a probe has in a segment must not depend on which others there are. */
static void events_keep_their_probe_when_another_one_comes(void **state)
{
	cJSON *first, *second, *other;

	(void)state;
	start_recorder("tcp_accept:\n");
	first = connect_once("4");
	recorder_crash(&recorder);
	start_recorder("tcp_accept:\nan_accept:\n");
	second = connect_once("4");
	recorder_stop(&recorder, SIGTERM);
	assert_stored(first);
	assert_stored(second);
	other = cJSON_Duplicate(second, true);
	cJSON_ReplaceItemInObject(cJSON_GetObjectItem(other, "event"), "probe",
				  cJSON_CreateString("an_accept"));
	assert_stored(other);
	cJSON_Delete(first);
	cJSON_Delete(second);
	cJSON_Delete(other);
}

/* A directory with the sample and nothing else, and the option for it. */
static void make_directory(char path[PATH_MAX], char argument[PATH_MAX + 32])
{
	char sample[sizeof(samples) + 32];

	need_samples();
	snprintf(path, PATH_MAX, "%s/probes", recorder.directory);
	snprintf(sample, sizeof(sample), "%s/tcp_accept.so", samples);
	snprintf(argument, PATH_MAX + 32, "--extra-probe-path=%s", path);
	run_program(ARGS("install", "-d", "-m", "755", path));
	run_program(ARGS("install", "-m", "644", sample, path));
}

static void a_probe_that_others_may_write_is_refused(void **state)
{
	char path[PATH_MAX], argument[PATH_MAX + 32];

	(void)state;
	make_directory(path, argument);
	recorder_configure(&recorder, "tcp_accept:\n");
	assert_int_equal(chmod(path, 0775), 0);
	recorder_assert_refused(&recorder, argument,
				"probes: others than root may write to it (mode 0775)");
	assert_int_equal(chmod(path, 0755), 0);
	strcat(path, "/tcp_accept.so");
	assert_int_equal(chown(path, 65534, 0), 0);
	recorder_assert_refused(&recorder, argument,
				"tcp_accept.so: it belongs to uid 65534, not to root");
	/* One that is not wanted is not looked at. */
	recorder_configure(&recorder, "net_listen:\n");
	recorder_start_with(&recorder, argument);
	recorder_stop(&recorder, SIGTERM);
}

static void a_probe_that_is_called_like_ours_is_refused(void **state)
{
	char path[PATH_MAX], argument[PATH_MAX + 32], file[PATH_MAX + 32], other[PATH_MAX + 32];

	(void)state;
	make_directory(path, argument);
	snprintf(file, sizeof(file), "%s/tcp_accept.so", path);
	snprintf(other, sizeof(other), "%s/net_listen.so", path);
	assert_int_equal(rename(file, other), 0);
	recorder_configure(&recorder, "net_listen:\n");
	recorder_assert_refused(&recorder, argument,
				"the recorder has a probe 'net_listen' of its own");
}

static void a_file_that_is_no_probe_is_refused(void **state)
{
	char path[PATH_MAX], argument[PATH_MAX + 32], file[PATH_MAX + 32];
	FILE *text;

	(void)state;
	make_directory(path, argument);
	snprintf(file, sizeof(file), "%s/other.so", path);
	text = fopen(file, "we");
	assert_non_null(text);
	fputs("no library", text);
	assert_int_equal(fclose(text), 0);
	recorder_configure(&recorder, "other:\n");
	recorder_assert_refused(&recorder, argument, "cannot load");
}

static void without_the_option_its_section_is_unknown(void **state)
{
	(void)state;
	recorder_configure(&recorder, "tcp_accept:\n");
	recorder_assert_refused(&recorder, NULL, "unknown key 'tcp_accept'");
	recorder_assert_refused(&recorder, "--extra-probe-path=/nonexistent",
				"there is no probe (NAME.so) in");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(connections_are_recorded_with_their_end),
		TEST(it_records_beside_the_others_and_has_plugins),
		TEST(it_goes_on_while_the_recorder_is_dead),
		TEST(events_keep_their_probe_when_another_one_comes),
		TEST(a_probe_that_others_may_write_is_refused),
		TEST(a_probe_that_is_called_like_ours_is_refused),
		TEST(a_file_that_is_no_probe_is_refused),
		TEST(without_the_option_its_section_is_unknown),
	};

	return cmocka_run_group_tests_name("extra probe", tests, make_samples, remove_samples);
}
