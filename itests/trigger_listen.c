// SPDX-License-Identifier: Apache-2.0
/* TCP and UDP sockets that wait for peers. */
#include "trigger.h"

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include "trigger_report.h"

static cJSON *listen_report(const char *protocol)
{
	cJSON *report = report_new("net_listen");

	cJSON_AddStringToObject(report_event(report), "protocol", protocol);
	return report;
}

static void report_local(cJSON *report, int fd)
{
	struct endpoint local = endpoint_of_socket(fd);

	report_endpoint(report_event(report), "laddr", "port", &local);
}

int trigger_listen(char **args)
{
	struct endpoint local = endpoint_of_family(args[0], (uint16_t)number_parse(args[1]));
	cJSON *report = listen_report("tcp");
	int fd = endpoint_listen(&local, 1);

	report_local(report, fd);
	report_print(report);
	close(fd);
	return EXIT_SUCCESS;
}

int trigger_listen_closed(char **args)
{
	struct endpoint local = endpoint_of_family(args[0], 0);
	cJSON *report = listen_report("tcp");

	close(endpoint_listen(&local, 1));
	report_endpoint(report_event(report), "laddr", "port", &local);
	report_print(report);
	return EXIT_SUCCESS;
}

/* The kernel binds the socket to a port of its choice in listen(2). */
int trigger_listen_unbound(char **args)
{
	struct endpoint local = endpoint_of_family(args[0], 0);
	cJSON *report = listen_report("tcp");
	int fd = endpoint_socket(&local, SOCK_STREAM);

	if (listen(fd, 1))
		err(EXIT_FAILURE, "listen");
	report_local(report, fd);
	report_print(report);
	close(fd);
	return EXIT_SUCCESS;
}

int trigger_udp_bind(char **args)
{
	struct endpoint local = endpoint_of_family(args[0], (uint16_t)number_parse(args[1]));
	cJSON *report = listen_report("udp");
	int fd = endpoint_bind(&local, SOCK_DGRAM);

	report_local(report, fd);
	report_print(report);
	close(fd);
	return EXIT_SUCCESS;
}
