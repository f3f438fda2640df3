/* SPDX-License-Identifier: Apache-2.0 */
/* A container runtime's API on a Unix socket, in a thread, that a test tells what to answer. */
#ifndef PIDTREE_FIXTURE_API_H
#define PIDTREE_FIXTURE_API_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define API_CONTAINERS 8
#define API_STREAMS 64

struct api {
	char directory[64];
	char path[96]; /* of the socket */
	pthread_mutex_t mutex;
	pthread_cond_t condition; /* something has been asked */
	pthread_t thread;
	int fd;
	int stop_pipe[2];
	bool is_hung; /* takes requests and never answers */
	int lists;    /* asked so far */
	int inspects;
	char *list; /* the answer, whatever it is */
	char *descriptions[API_CONTAINERS];
	char *ids[API_CONTAINERS];
	int held[API_STREAMS]; /* connections that stay open */
	size_t held_count;
	int stream; /* the last one of events, -1: none */
};

static inline void api_send(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return;
}

static inline void api_answer_text(int fd, int status, const char *text)
{
	char head[128];

	snprintf(head, sizeof(head),
		 "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status,
		 strlen(text));
	api_send(fd, head);
	api_send(fd, text);
}

static inline void api_answer_inspect(struct api *api, int fd, const char *request)
{
	char prefix[160];

	api->inspects++;
	for (size_t i = 0; i < API_CONTAINERS; i++) {
		if (!api->ids[i])
			continue;
		snprintf(prefix, sizeof(prefix), "GET /containers/%s/json ", api->ids[i]);
		if (strncmp(request, prefix, strlen(prefix)) == 0) {
			api_answer_text(fd, 200, api->descriptions[i]);
			return;
		}
	}
	api_answer_text(fd, 404, "{\"message\":\"no such container\"}");
}

/* Answer a request. True when the connection stays open. */
static inline bool api_answer(struct api *api, int fd, const char *request)
{
	if (api->is_hung)
		return true;
	if (strncmp(request, "GET /events?", 12) == 0) {
		api_send(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
		api->stream = fd;
		return true;
	}
	if (strncmp(request, "GET /containers/json ", 21) == 0) {
		api->lists++;
		api_answer_text(fd, 200, api->list);
	} else {
		api_answer_inspect(api, fd, request);
	}
	return false;
}

static inline void api_serve(struct api *api, int fd)
{
	char request[2048] = "";
	size_t used = 0;
	bool stays;

	while (!strstr(request, "\r\n\r\n") && used < sizeof(request) - 1) {
		ssize_t size = read(fd, request + used, sizeof(request) - 1 - used);

		if (size <= 0)
			break;
		used += (size_t)size;
		request[used] = '\0';
	}
	pthread_mutex_lock(&api->mutex);
	stays = api_answer(api, fd, request) && api->held_count < API_STREAMS;
	if (stays)
		api->held[api->held_count++] = fd;
	pthread_cond_broadcast(&api->condition);
	pthread_mutex_unlock(&api->mutex);
	if (!stays)
		close(fd);
}

static inline void *api_run(void *context)
{
	struct api *api = context;
	struct pollfd fds[] = {
		{.fd = api->fd, .events = POLLIN},
		{.fd = api->stop_pipe[0], .events = POLLIN},
	};

	while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
		int fd = accept4(api->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			api_serve(api, fd);
	}
	return NULL;
}

/* Listen at the path; nothing runs and nothing is known. */
static inline bool api_start(struct api *api)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(address.sun_path, api->path);
	unlink(api->path);
	api->stream = -1;
	api->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return api->fd >= 0 && !bind(api->fd, (struct sockaddr *)&address, sizeof(address)) &&
	       !listen(api->fd, 16) && !pipe(api->stop_pipe) &&
	       !pthread_create(&api->thread, NULL, api_run, api);
}

/* Go away: every connection breaks. */
static inline void api_stop(struct api *api)
{
	close(api->stop_pipe[1]);
	pthread_join(api->thread, NULL);
	close(api->stop_pipe[0]);
	close(api->fd);
	while (api->held_count)
		close(api->held[--api->held_count]);
	unlink(api->path);
}

static inline bool api_open(struct api *api)
{
	*api = (struct api){.list = strdup("[]")};
	pthread_mutex_init(&api->mutex, NULL);
	pthread_cond_init(&api->condition, NULL);
	strcpy(api->directory, "/tmp/pidtree-test-XXXXXX");
	if (!mkdtemp(api->directory))
		return false;
	snprintf(api->path, sizeof(api->path), "%s/api.sock", api->directory);
	return api_start(api);
}

static inline void api_close(struct api *api)
{
	api_stop(api);
	rmdir(api->directory);
	for (size_t i = 0; i < API_CONTAINERS; i++) {
		free(api->ids[i]);
		free(api->descriptions[i]);
	}
	free(api->list);
}

static inline void api_set_list(struct api *api, const char *list)
{
	pthread_mutex_lock(&api->mutex);
	free(api->list);
	api->list = strdup(list);
	pthread_mutex_unlock(&api->mutex);
}

/* Let there be a container with this description. */
static inline void api_describe(struct api *api, const char *id, const char *description)
{
	size_t i = 0;

	pthread_mutex_lock(&api->mutex);
	while (api->ids[i] && strcmp(api->ids[i], id) != 0)
		i++;
	if (!api->ids[i])
		api->ids[i] = strdup(id);
	free(api->descriptions[i]);
	api->descriptions[i] = strdup(description);
	pthread_mutex_unlock(&api->mutex);
}

/* Send to whoever follows the events, when somebody does. */
static inline void api_send_event(struct api *api, const char *text)
{
	pthread_mutex_lock(&api->mutex);
	while (api->stream < 0)
		pthread_cond_wait(&api->condition, &api->mutex);
	api_send(api->stream, text);
	pthread_mutex_unlock(&api->mutex);
}

#endif
