// SPDX-License-Identifier: Apache-2.0
#include "trigger_report.h"

#include <err.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "procfs.h"

#define ANCESTORS_VARIABLE "TRIGGER_ANCESTORS"

static cJSON *ancestors; /* nearest first, each as procfs_describe made it when it forked */
static bool hold;

void lineage_begin(void)
{
	const char *text = getenv(ANCESTORS_VARIABLE);

	ancestors = text ? cJSON_Parse(text) : cJSON_CreateArray();
	if (!ancestors)
		errx(EXIT_FAILURE, "cannot parse %s", ANCESTORS_VARIABLE);
	unsetenv(ANCESTORS_VARIABLE);
}

void lineage_add(pid_t pid)
{
	cJSON *process = cJSON_CreateObject();

	cJSON_AddNumberToObject(process, "pid", pid);
	cJSON_AddItemToArray(ancestors, process);
}

pid_t lineage_fork(pid_t wanted)
{
	cJSON *self = procfs_describe("self");
	struct clone_args how = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&wanted,
		.set_tid_size = wanted ? 1 : 0,
	};
	pid_t pid = wanted ? (pid_t)syscall(SYS_clone3, &how, sizeof(how)) : fork();

	if (pid == 0)
		cJSON_InsertItemInArray(ancestors, 0, self);
	else
		cJSON_Delete(self);
	return pid;
}

static void export_ancestors(void)
{
	char *text = cJSON_PrintUnformatted(ancestors);

	if (!text || setenv(ANCESTORS_VARIABLE, text, 1))
		err(EXIT_FAILURE, "setenv");
	free(text);
}

void lineage_exec(const char *path, char *const argv[])
{
	export_ancestors();
	execv(path, argv);
}

void lineage_exec_fd(int fd, char *const argv[])
{
	export_ancestors();
	fexecve(fd, argv, environ);
}

cJSON *report_new(const char *probe)
{
	cJSON *report = cJSON_CreateObject();
	cJSON *event = cJSON_AddObjectToObject(report, "event");
	cJSON *tree = cJSON_Duplicate(ancestors, true);

	cJSON_AddStringToObject(event, "probe", probe);
	cJSON_InsertItemInArray(tree, 0, procfs_describe("self"));
	cJSON_AddItemToObject(report, "tree", tree);
	report_time(report, "began_us");
	return report;
}

void report_descendant(cJSON *report, pid_t pid)
{
	char name[16];

	if (!pid || pid == getpid())
		return;
	report_descendant(report, procfs_parent(pid));
	snprintf(name, sizeof(name), "%d", (int)pid);
	cJSON_InsertItemInArray(cJSON_GetObjectItem(report, "tree"), 0, procfs_describe(name));
}

cJSON *report_event(cJSON *report)
{
	return cJSON_GetObjectItem(report, "event");
}

void report_time(cJSON *report, const char *key)
{
	cJSON_AddNumberToObject(report, key, (double)clock_us(CLOCK_REALTIME));
}

void report_endpoint(cJSON *object, const char *address_key, const char *port_key,
		     const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_SIZE];

	cJSON_AddStringToObject(object, address_key, endpoint_format(endpoint, text));
	cJSON_AddNumberToObject(object, port_key, endpoint_port(endpoint));
}

void report_destination(cJSON *report, const struct endpoint *to, size_t messages, size_t bytes)
{
	cJSON *event = report_event(report);
	cJSON *destinations = cJSON_GetObjectItem(event, "destinations");
	cJSON *destination = cJSON_CreateObject();

	if (!destinations)
		destinations = cJSON_AddArrayToObject(event, "destinations");
	report_endpoint(destination, "daddr", "port", to);
	cJSON_AddNumberToObject(destination, "msg_count", (double)messages);
	cJSON_AddNumberToObject(destination, "bytes_sent", (double)bytes);
	cJSON_AddItemToArray(destinations, destination);
}

void report_print(cJSON *report)
{
	char *text, ignored;

	report_time(report, "ended_us");
	text = cJSON_PrintUnformatted(report);
	if (!text || printf("%s\n", text) < 0 || fflush(stdout))
		err(EXIT_FAILURE, "cannot print the report");
	free(text);
	cJSON_Delete(report);
	while (hold && read(STDIN_FILENO, &ignored, 1) > 0)
		;
}

void report_hold(void)
{
	hold = true;
}
