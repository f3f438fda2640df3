// SPDX-License-Identifier: Apache-2.0
/* TCP connects and what becomes of them. */
#include "trigger.h"

#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trigger_connect.h"
#include "trigger_report.h"

/* A connection whose both ends are in this process. */
struct connection {
	struct endpoint to;
	int client;
	int server;
};

static cJSON *connect_report(const struct endpoint *to, const char *outcome)
{
	cJSON *report = report_new("tcp_connect");

	report_endpoint(report_event(report), "daddr", "port", to);
	cJSON_AddStringToObject(report_event(report), "outcome", outcome);
	return report;
}

static void report_source(cJSON *report, int fd)
{
	struct endpoint from = endpoint_of_socket(fd);

	report_endpoint(report_event(report), "saddr", "sport", &from);
}

static void report_bytes(cJSON *report, size_t sent, size_t received)
{
	cJSON_AddNumberToObject(report_event(report), "bytes_sent", (double)sent);
	cJSON_AddNumberToObject(report_event(report), "bytes_received", (double)received);
}

static void *payload_new(size_t size)
{
	void *data = malloc(size + 1);

	if (!data)
		err(EXIT_FAILURE, "malloc");
	memset(data, 'x', size);
	return data;
}

/* Send bytes from one end, of which some have left already, and receive them all at the other. */
static void transfer(int from, int to, size_t size, size_t left_already)
{
	char data[16384];
	size_t sent = left_already, received = 0;

	memset(data, 'x', sizeof(data));
	while (received < size) {
		size_t chunk = size - sent < sizeof(data) ? size - sent : sizeof(data);
		ssize_t n = chunk ? send(from, data, chunk, 0) : 0;

		if (n < 0)
			err(EXIT_FAILURE, "send");
		sent += (size_t)n;
		n = recv(to, data, sizeof(data), 0);
		if (n <= 0)
			err(EXIT_FAILURE, "recv");
		received += (size_t)n;
	}
}

static void expect_end(int fd)
{
	char byte;

	if (recv(fd, &byte, 1, 0) != 0)
		errx(EXIT_FAILURE, "no orderly end of the connection");
}

/* Connect to a listener of our own, pass bytes both ways, and report all of it but the end. */
static cJSON *establish(struct connection *connection, const char *family, const char *how,
			size_t sent, size_t received)
{
	void *data = payload_new(sent);
	int listener, error;
	cJSON *report;
	size_t early;

	connection->to = endpoint_of_family(family, 0);
	listener = endpoint_listen(&connection->to, 1);
	/* Where fast open is not switched on, the socket option does nothing. */
	setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN, &(int){1}, sizeof(int));
	report = connect_report(&connection->to, "established");
	error = connect_by(how, &connection->to, data, sent, &connection->client, &early);
	if (error)
		errx(EXIT_FAILURE, "connect: %s", strerror(error));
	report_time(report, "connected_us");
	connection->server = accept(listener, NULL, NULL);
	if (connection->server < 0)
		err(EXIT_FAILURE, "accept");
	report_source(report, connection->client);
	transfer(connection->client, connection->server, sent, early);
	transfer(connection->server, connection->client, received, 0);
	report_bytes(report, sent, received);
	cJSON_AddStringToObject(report_event(report), "error", "");
	report_time(report, "closing_us");
	close(listener);
	free(data);
	return report;
}

int trigger_connect(char **args)
{
	struct connection connection;
	cJSON *report = establish(&connection, args[0], args[1], number_parse(args[2]),
				  number_parse(args[3]));

	shutdown(connection.client, SHUT_WR);
	expect_end(connection.server);
	close(connection.server);
	expect_end(connection.client);
	close(connection.client);
	report_print(report);
	return EXIT_SUCCESS;
}

int trigger_connect_closed_by_peer(char **args)
{
	struct connection connection;
	cJSON *report = establish(&connection, args[0], args[1], number_parse(args[2]),
				  number_parse(args[3]));

	close(connection.server);
	expect_end(connection.client);
	close(connection.client);
	report_print(report);
	return EXIT_SUCCESS;
}

/* The peer throws the connection away (SO_LINGER 0 sends a RST) while this end waits for data. */
int trigger_reset(char **args)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	struct connection connection;
	cJSON *report = establish(&connection, args[0], "blocking", number_parse(args[1]),
				  number_parse(args[2]));
	char byte;

	cJSON_ReplaceItemInObject(report_event(report), "outcome", cJSON_CreateString("reset"));
	cJSON_ReplaceItemInObject(report_event(report), "error", cJSON_CreateString("ECONNRESET"));
	if (setsockopt(connection.server, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)))
		err(EXIT_FAILURE, "SO_LINGER");
	close(connection.server);
	if (recv(connection.client, &byte, 1, 0) != -1 || errno != ECONNRESET)
		errx(EXIT_FAILURE, "the connection was not reset");
	close(connection.client);
	report_print(report);
	return EXIT_SUCCESS;
}

static bool outcome_is(const char *outcome, int error)
{
	static const struct {
		const char *outcome;
		int error;
	} outcomes[] = {
		{"established", 0},
		{"refused", ECONNREFUSED},
		{"timed_out", ETIMEDOUT},
		{"unreachable", ENETUNREACH},
		{"unreachable", EHOSTUNREACH},
	};

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (error == outcomes[i].error && !strcmp(outcome, outcomes[i].outcome))
			return true;
	}
	return false;
}

/* One connect that becomes what is foreseen; without bytes, of which a failure has none. */
static void attempt(const char *how, const struct endpoint *to, const char *outcome)
{
	cJSON *report = connect_report(to, outcome);
	size_t early;
	int fd, error;

	error = connect_by(how, to, NULL, 0, &fd, &early);
	report_time(report, "connected_us");
	if (!outcome_is(outcome, error))
		errx(EXIT_FAILURE, "not %s, but: %s", outcome, strerror(error));
	if (!error || !strcmp(how, "bound"))
		report_source(report, fd);
	/* When nothing could be sent, connect(2) alone learns the errno. */
	if (strcmp(outcome, "unreachable"))
		cJSON_AddStringToObject(report_event(report), "error",
					error ? strerrorname_np(error) : "");
	close(fd);
	report_print(report);
}

int trigger_attempt(char **args)
{
	struct endpoint to = endpoint_parse(args[0], (uint16_t)number_parse(args[1]));

	attempt(args[2], &to, args[3]);
	return EXIT_SUCCESS;
}

/* A port that is bound and does not listen refuses, and nobody else can take it meanwhile. */
int trigger_refused(char **args)
{
	struct endpoint to = endpoint_of_family(args[0], 0);
	int bound = endpoint_bind(&to, SOCK_STREAM);

	attempt(args[1], &to, "refused");
	close(bound);
	return EXIT_SUCCESS;
}

/*
 * A listener whose queue is full drops every SYN. Another process fills it, so
 * that the connect that matters is this one's only one.
 */
static int listen_deaf(struct endpoint *endpoint)
{
	int listener = endpoint_listen(endpoint, 0);
	size_t early;
	int fd, status;
	pid_t filler = fork();

	if (filler == 0)
		_exit(connect_by("blocking", endpoint, NULL, 0, &fd, &early));
	if (filler < 0 || waitpid(filler, &status, 0) != filler || status)
		errx(EXIT_FAILURE, "cannot fill the queue of the listener");
	return listener;
}

int trigger_timed_out(char **args)
{
	struct endpoint to = endpoint_of_family(args[0], 0);
	int listener = listen_deaf(&to);

	attempt(args[1], &to, "timed_out");
	close(listener);
	return EXIT_SUCCESS;
}

/* Begin to connect to a listener that does not answer, and report that it will come to nothing. */
static cJSON *begin_in_vain(const struct endpoint *to, int *ret_fd)
{
	cJSON *report = connect_report(to, "aborted");

	*ret_fd = connect_begin(to);
	report_source(report, *ret_fd);
	return report;
}

int trigger_aborted(char **args)
{
	struct endpoint to = endpoint_of_family(args[0], 0);
	int listener = listen_deaf(&to);
	int fd;
	cJSON *report = begin_in_vain(&to, &fd);

	close(fd);
	report_time(report, "connected_us");
	report_print(report);
	close(listener);
	return EXIT_SUCCESS;
}

/* A child begins to connect, and is killed. */
int trigger_killed_connecting(char **args)
{
	struct endpoint to = endpoint_of_family(args[0], 0);
	int listener = listen_deaf(&to);
	pid_t child = lineage_fork(0);
	int fd, status;

	if (child == 0) {
		report_print(begin_in_vain(&to, &fd));
		raise(SIGKILL);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
		errx(EXIT_FAILURE, "the child was not killed");
	close(listener);
	return EXIT_SUCCESS;
}
