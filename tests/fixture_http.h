/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP server on the loopback, in a process of its own, that a test tells what to answer. */
#ifndef PIDTREE_FIXTURE_HTTP_H
#define PIDTREE_FIXTURE_HTTP_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What both processes see: the test writes before it asks, the server counts. */
struct http_script {
	int status;    /* 0: take the request and never answer */
	char etag[64]; /* "": none */
	char body[512];
	char redirect[128]; /* Location, "": none */
	int requests;
	int conditional; /* of those, with If-None-Match */
};

struct http_server {
	volatile struct http_script *script;
	pid_t pid;
	unsigned int port;
};

static inline void http_answer(int fd, struct http_script *script)
{
	char request[4096] = "", answer[2048], condition[128];
	size_t used = 0;
	int size;

	while (!strstr(request, "\r\n\r\n") && used < sizeof(request) - 1) {
		ssize_t got = read(fd, request + used, sizeof(request) - 1 - used);

		if (got <= 0)
			return;
		used += (size_t)got;
		request[used] = '\0';
	}
	script->requests++;
	script->conditional += !!strcasestr(request, "\r\nIf-None-Match:");
	if (!script->status)
		pause(); /* until the test ends this server */
	snprintf(condition, sizeof(condition), "\r\nIf-None-Match: %s\r\n", script->etag);
	if (script->etag[0] && strcasestr(request, condition))
		size = snprintf(answer, sizeof(answer),
				"HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n", script->etag);
	else
		size = snprintf(answer, sizeof(answer),
				"HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n"
				"%s%s%s%s%s%s\r\n%s",
				script->status, strlen(script->body),
				script->etag[0] ? "ETag: " : "", script->etag,
				script->etag[0] ? "\r\n" : "",
				script->redirect[0] ? "Location: " : "", script->redirect,
				script->redirect[0] ? "\r\n" : "", script->body);
	if (write(fd, answer, (size_t)size) != size)
		return;
}

static inline void http_serve(int listen_fd, struct http_script *script)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept(listen_fd, NULL, NULL);

		http_answer(fd, script);
		close(fd);
	}
}

/* Serve on a port of the kernel's choice, or again on the one that it had. */
static inline void http_start(struct http_server *server)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((in_port_t)server->port),
	};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (!server->script)
		server->script = mmap(NULL, sizeof(*server->script), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(server->script != MAP_FAILED);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid == 0)
		http_serve(fd, (struct http_script *)server->script);
	close(fd);
}

/* What it is to answer from now on. */
static inline void http_say(struct http_server *server, int status, const char *etag,
			    const char *body)
{
	struct http_script *script = (struct http_script *)server->script;

	script->redirect[0] = '\0';
	script->status = status;
	snprintf(script->etag, sizeof(script->etag), "%s", etag);
	snprintf(script->body, sizeof(script->body), "%s", body);
	script->requests = 0;
	script->conditional = 0;
}

static inline void http_stop(struct http_server *server)
{
	if (server->pid <= 0)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

#endif
