// SPDX-License-Identifier: Apache-2.0
/* What a process's row in the segment says beyond the JSON, read with plain sqlite3(1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "harness_capture.h"
#include "harness_trigger.h"
#include "model.h"
#include "procfs.h"

#define CONNECT "connect", "4", "blocking", "10", "20"

/* The answer of sqlite3 to a question about the image that acted in a report. */
static void assert_row(const cJSON *report, const char *columns, const char *expected)
{
	int pid = cJSON_GetObjectItem(report_process(report, 0), "pid")->valueint;
	char *path = capture_segment(), *question, *answer;
	struct child sqlite;

	if (asprintf(&question,
		     "SELECT %s FROM process LEFT JOIN text argv ON argv.id = argv_id "
		     "WHERE pid = %d AND process.id IN (SELECT process_id FROM event)",
		     columns, pid) < 0)
		fail();
	child_start(&sqlite, (const char *const[]){"sqlite3", "-readonly", path, question, NULL},
		    NULL, NULL);
	child_wait(&sqlite);
	answer = child_output(sqlite.out);
	assert_string_equal(answer, expected);
	child_close(&sqlite);
	free(answer);
	free(question);
	free(path);
}

/* The number in a link such as "mnt:[4026531832]". */
static unsigned long namespace_of(int pid, const char *name)
{
	char path[64], *target;
	unsigned long number;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	target = procfs_readlink(path);
	assert_non_null(target);
	number = strtoul(strchr(target, '[') + 1, NULL, 10);
	free(target);
	return number;
}

/* Where cgroup v2 is mounted; the caller frees it. */
static char *cgroup_root(void)
{
	size_t size;
	char *mounts = procfs_read("/proc/self/mountinfo", &size), *rest = NULL, path[256];

	for (char *line = strtok_r(mounts, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strstr(line, " - cgroup2 ") &&
		    sscanf(line, "%*d %*d %*s %*s %255s", path) == 1) {
			free(mounts);
			return strdup(path);
		}
	}
	fail();
	return NULL;
}

/* The id of a process's cgroup is the inode number of its directory. */
static unsigned long long cgroup_id_of(int pid)
{
	char path[64], *text, *at, *root = cgroup_root(), *directory;
	struct stat status;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	text = procfs_read(path, &size);
	assert_non_null(text);
	at = strstr(text, "0::");
	assert_non_null(at);
	at[strcspn(at, "\n")] = '\0';
	if (asprintf(&directory, "%s%s", root, at + 3) < 0)
		fail();
	assert_int_equal(stat(directory, &status), 0);
	free(directory);
	free(root);
	free(text);
	return status.st_ino;
}

static void row_has_gid_namespaces_and_cgroup(void **state)
{
	const char *const args[] = {"netns", "setuid", "65534", "hold", CONNECT, NULL};
	struct child trigger;
	char expected[128];
	cJSON *report;
	int pid;

	(void)state;
	trigger_start(&trigger, args);
	report = trigger_await_report(&trigger, 1);
	pid = cJSON_GetObjectItem(report_process(report, 0), "pid")->valueint;
	snprintf(expected, sizeof(expected), "65534|65534|%lu|%lu|%llu\n", namespace_of(pid, "mnt"),
		 namespace_of(pid, "net"), cgroup_id_of(pid));
	capture_report(report);
	assert_row(report, "uid, gid, mnt_ns, net_ns, cgroup_id", expected);
	cJSON_Delete(trigger_finish(&trigger));
}

static void row_has_loginuid_and_session(void **state)
{
	const char *const args[] = {"fork", "login", "1234", "fork", "hold", CONNECT, NULL};
	struct child trigger;
	char expected[64], path[64], *session;
	cJSON *report;
	size_t size;

	(void)state;
	trigger_start(&trigger, args);
	report = trigger_await_report(&trigger, 1);
	snprintf(path, sizeof(path), "/proc/%d/sessionid",
		 cJSON_GetObjectItem(report_process(report, 0), "pid")->valueint);
	session = procfs_read(path, &size);
	assert_non_null(session);
	snprintf(expected, sizeof(expected), "1234|%s\n", session);
	capture_report(report);
	assert_row(report, "loginuid, session", expected);
	cJSON_Delete(trigger_finish(&trigger));
	free(session);
}

static void row_has_no_loginuid_without_a_login(void **state)
{
	const char *const args[] = {CONNECT, NULL};
	cJSON *reports = trigger_reports(args), *report = cJSON_Duplicate(reports->child, true);

	(void)state;
	capture_reports(reports);
	if (cJSON_HasObjectItem(report_process(report, 0), "loginuid")) {
		printf("# skip: these tests run in a login session\n");
		fflush(stdout);
		skip();
	}
	assert_row(report, "loginuid IS NULL", "1\n");
	cJSON_Delete(report);
}

static void row_has_argv_without_loss(void **state)
{
	const char *const args[] = {"exec", trigger_path(), "a\xff\n", "ballast",
				    "",	    CONNECT,	    "",	       NULL};
	cJSON *reports = trigger_reports(args), *report;

	(void)state;
	cJSON_AddStringToObject(report_process(reports->child, 0), "cmdline",
				"a\\xff\n ballast  connect 4 blocking 10 20");
	report = cJSON_Duplicate(reports->child, true);
	capture_reports(reports);
	assert_row(report, "hex(argv.value)",
		   "61FF0A00"	      /* a\xff\n */
		   "62616C6C61737400" /* ballast */
		   "00"
		   "636F6E6E65637400" /* connect */
		   "3400"
		   "626C6F636B696E6700" /* blocking */
		   "313000"
		   "323000"
		   "00\n");
	cJSON_Delete(report);
}

static void row_says_that_argv_was_cut(void **state)
{
	static char ballast[40000];
	const char *const args[] = {"exec",  trigger_path(), "name", "ballast",
				    ballast, CONNECT,	     NULL};
	cJSON *reports, *report;
	char expected[32], columns[128], *cmdline;

	(void)state;
	memset(ballast, 'b', sizeof(ballast) - 1);
	reports = trigger_reports(args);
	if (asprintf(&cmdline, "name ballast %.*s", 32 * 1024 - 13, ballast) < 0)
		fail();
	cJSON_AddStringToObject(report_process(reports->child, 0), "cmdline", cmdline);
	report = cJSON_Duplicate(reports->child, true);
	capture_reports(reports);
	/* The last argument, cut as it is, has its NUL too. */
	snprintf(columns, sizeof(columns),
		 "length(argv.value) - (substr(argv.value, -1) = X'00'), flags & %u",
		 PROCESS_ARGV_CUT);
	snprintf(expected, sizeof(expected), "%d|%u\n", 32 * 1024, PROCESS_ARGV_CUT);
	assert_row(report, columns, expected);
	cJSON_Delete(report);
	free(cmdline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_has_gid_namespaces_and_cgroup),
		cmocka_unit_test(row_has_loginuid_and_session),
		cmocka_unit_test(row_has_no_loginuid_without_a_login),
		cmocka_unit_test(row_has_argv_without_loss),
		cmocka_unit_test(row_says_that_argv_was_cut),
		cmocka_unit_test(stored_record_is_complete_and_exact),
	};

	return cmocka_run_group_tests_name("capture row", tests, capture_setup, capture_teardown);
}
