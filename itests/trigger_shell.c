// SPDX-License-Identifier: Apache-2.0
/* A program that is no trigger, such as a shell, connects to a trigger and says who it is. */
#include "trigger.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trigger_report.h"

#define ARGUMENTS_MAX 16

static const char reply[] = "thanks\n";

/* Start a program whose last argument is a port. */
static pid_t start(char **args, uint16_t port)
{
	char *argv[ARGUMENTS_MAX + 2] = {NULL}, text[8];
	pid_t pid = fork();
	int count = 0;

	if (pid < 0)
		err(EXIT_FAILURE, "fork");
	if (pid > 0)
		return pid;
	while (args[count + 1] && count < ARGUMENTS_MAX) {
		argv[count] = args[count + 1];
		count++;
	}
	snprintf(text, sizeof(text), "%u", port);
	argv[count] = text;
	execv(args[0], argv);
	err(EXIT_FAILURE, "%s", args[0]);
}

/* Read the line with which the program says its pid, and report all but its times. */
static void meet_client(cJSON *report, int fd, const struct endpoint *at)
{
	struct endpoint from = {.size = sizeof(from.v6)};
	cJSON *event = report_event(report);
	char line[16];
	ssize_t size = read(fd, line, sizeof(line) - 1);

	if (size <= 0 || getpeername(fd, &from.any, &from.size))
		errx(EXIT_FAILURE, "the program does not say its pid");
	line[size] = '\0';
	report_descendant(report, (pid_t)strtol(line, NULL, 10));
	report_endpoint(event, "daddr", "port", at);
	report_endpoint(event, "saddr", "sport", &from);
	cJSON_AddStringToObject(event, "outcome", "established");
	cJSON_AddNumberToObject(event, "bytes_sent", (double)size);
	cJSON_AddNumberToObject(event, "bytes_received", sizeof(reply) - 1);
	cJSON_AddStringToObject(event, "error", "");
}

/*
 * Run a program with a port of ours as its last argument. It connects to it,
 * writes its pid and a newline, reads a line, and exits.
 */
int trigger_serve(char **args)
{
	struct endpoint at = endpoint_of_family("4", 0);
	int listener = endpoint_listen(&at, 1), fd, status;
	cJSON *report = report_new("tcp_connect");
	pid_t child = start(args, endpoint_port(&at));
	char rest;

	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		err(EXIT_FAILURE, "accept");
	report_time(report, "connected_us");
	meet_client(report, fd, &at);
	report_time(report, "closing_us");
	if (write(fd, reply, sizeof(reply) - 1) < 0 || read(fd, &rest, 1) != 0)
		errx(EXIT_FAILURE, "the program does not close its connection");
	close(fd);
	if (waitpid(child, &status, 0) != child || status)
		errx(EXIT_FAILURE, "the program failed");
	report_print(report);
	return EXIT_SUCCESS;
}
