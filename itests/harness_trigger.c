// SPDX-License-Identifier: Apache-2.0
#include "harness_trigger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness_deadline.h"
#include "harness_recorder.h"
#include "procfs.h"

#define EXIT_UNSUPPORTED 77 /* trigger.h */

const char *trigger_path(void)
{
	static char *path;

	if (!path)
		path = program_path("PIDTREE_TRIGGER", "trigger");
	return path;
}

void trigger_start(struct child *trigger, const char *const *args)
{
	const char *argv[TRIGGER_ARGUMENTS_MAX] = {trigger_path()};

	for (size_t i = 0; args[i]; i++) {
		if (i + 2 >= TRIGGER_ARGUMENTS_MAX)
			harness_fail("too many arguments for a trigger");
		argv[i + 1] = args[i];
	}
	child_start(trigger, argv, NULL, NULL);
}

/* Processes of the trigger's own line are marked as gone: by the end of the trigger they are. */
static void complete_tree(cJSON *report)
{
	cJSON *tree = cJSON_GetObjectItem(report, "tree");
	cJSON *process;

	cJSON_ArrayForEach (process, tree) {
		cJSON_AddTrueToObject(process, "gone");
	}
	for (pid_t pid = getpid(); pid; pid = procfs_parent(pid)) {
		char name[16];

		snprintf(name, sizeof(name), "%d", (int)pid);
		process = procfs_describe(name);
		if (!process)
			harness_fail("an ancestor of this test is gone");
		cJSON_AddItemToArray(tree, process);
	}
}

cJSON *trigger_reports_so_far(const struct child *trigger)
{
	char *text = child_output(trigger->out);
	cJSON *reports = json_lines(text), *report;

	free(text);
	cJSON_ArrayForEach (report, reports) {
		complete_tree(report);
	}
	return reports;
}

static bool has_printed(const struct child *trigger, int count)
{
	char *text = child_output(trigger->out);
	cJSON *reports = json_lines(text);
	bool printed = cJSON_GetArraySize(reports) >= count;

	cJSON_Delete(reports);
	free(text);
	return printed;
}

/* Judge the exit status of a trigger that has ended. */
static void check_exit(struct child *trigger)
{
	char *text = child_output(trigger->err);
	int status = trigger->status;

	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_UNSUPPORTED) {
		printf("# skip: %s", text);
		fflush(stdout);
		free(text);
		child_close(trigger);
		skip();
	}
	if (status)
		harness_fail("the trigger ended with status %#x: %s", (unsigned)status, text);
	free(text);
}

cJSON *trigger_await_report(struct child *trigger, int count)
{
	cJSON *reports, *report;

	if (!WAIT_UNTIL(has_printed(trigger, count) || child_has_exited(trigger)))
		harness_fail("the trigger does not report");
	if (child_has_exited(trigger))
		check_exit(trigger);
	reports = trigger_reports_so_far(trigger);
	report = cJSON_DetachItemFromArray(reports, count - 1);
	cJSON_Delete(reports);
	if (!report)
		harness_fail("the trigger has not reported");
	return report;
}

cJSON *trigger_finish(struct child *trigger)
{
	cJSON *reports;

	child_wait(trigger);
	check_exit(trigger);
	reports = trigger_reports_so_far(trigger);
	child_close(trigger);
	if (!cJSON_GetArraySize(reports))
		harness_fail("the trigger has not reported");
	return reports;
}

cJSON *trigger_reports(const char *const *args)
{
	struct child trigger;

	trigger_start(&trigger, args);
	return trigger_finish(&trigger);
}

cJSON *report_process(const cJSON *report, int steps)
{
	cJSON *process = cJSON_GetArrayItem(cJSON_GetObjectItem(report, "tree"), steps);

	if (!process)
		harness_fail("no process %d in the report", steps);
	return process;
}
