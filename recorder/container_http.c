/* SPDX-License-Identifier: Apache-2.0 */
/* The client of Docker's API, which podman speaks too, over its socket. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container_client.h"

#define CONNECT_TIMEOUT_MS 2000L
#define ANSWER_TIMEOUT_MS 10000L /* a busy Docker takes seconds */

struct http {
	struct container_client client; /* first */
	CURLM *multi;
	struct container_call *calls; /* on their way */
	char *socket;
};

/* What curl wants to have called; fewer bytes than it gave break the transfer off. */
static size_t http_write(char *bytes, size_t unit, size_t count, void *context)
{
	struct container_call *call = context;
	size_t size = unit * count;
	struct http *http;
	const struct container_asker *asker;

	if (!container_call_add(call, bytes, size))
		return 0;
	if (call->question != CONTAINER_EVENTS)
		return size;
	curl_easy_getinfo(call->transport, CURLINFO_PRIVATE, &http);
	asker = http->client.asker;
	return asker->more(asker->context, call) ? size : 0;
}

static const char *http_path(const struct container_call *call, char *path, size_t size)
{
	switch (call->question) {
	case CONTAINER_LIST:
		return "/containers/json";
	case CONTAINER_INSPECT:
		snprintf(path, size, "/containers/%s/json", call->runtime_id);
		return path;
	case CONTAINER_EVENTS:
		return "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D";
	}
	return "/";
}

static int http_begin(struct container_client *client, struct container_call *call)
{
	struct http *http = (struct http *)client;
	char path[CONTAINER_RUNTIME_ID_SIZE + 32], url[sizeof(path) + 32];
	CURL *easy = curl_easy_init();
	CURLcode r = CURLE_OK;

	if (!easy)
		return -ENOMEM;
	snprintf(url, sizeof(url), "http://localhost%s", http_path(call, path, sizeof(path)));
#define SET(option, value) (r = r ? r : curl_easy_setopt(easy, option, value))
	SET(CURLOPT_URL, url);
	SET(CURLOPT_UNIX_SOCKET_PATH, http->socket);
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_FAILONERROR, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	if (call->question != CONTAINER_EVENTS)
		SET(CURLOPT_TIMEOUT_MS, ANSWER_TIMEOUT_MS);
	SET(CURLOPT_WRITEFUNCTION, http_write);
	SET(CURLOPT_WRITEDATA, call);
	SET(CURLOPT_PRIVATE, http);
#undef SET
	if (r || curl_multi_add_handle(http->multi, easy)) {
		curl_easy_cleanup(easy);
		return -ENOMEM;
	}
	call->transport = easy;
	call->next = http->calls;
	http->calls = call;
	return 0;
}

static struct container_call *http_take(struct http *http, const CURL *easy)
{
	struct container_call **link = &http->calls, *call;

	while (*link && (*link)->transport != easy)
		link = &(*link)->next;
	call = *link;
	if (call)
		*link = call->next;
	return call;
}

static void http_end(struct http *http, CURL *easy, int r)
{
	const struct container_asker *asker = http->client.asker;
	struct container_call *call = http_take(http, easy);

	curl_multi_remove_handle(http->multi, easy);
	curl_easy_cleanup(easy);
	if (call)
		asker->done(asker->context, call, r);
}

static int http_result(CURL *easy, CURLcode result)
{
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	switch (result) {
	case CURLE_OK:
		return status == 200 ? 0 : -EPROTO;
	case CURLE_HTTP_RETURNED_ERROR:
		return status == 404 ? -ENOENT : -EPROTO;
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

static void http_wait(struct container_client *client, int timeout_ms)
{
	struct http *http = (struct http *)client;
	int running, left;
	CURLMsg *message;

	curl_multi_perform(http->multi, &running);
	while ((message = curl_multi_info_read(http->multi, &left)))
		if (message->msg == CURLMSG_DONE) {
			CURL *easy = message->easy_handle;

			http_end(http, easy, http_result(easy, message->data.result));
			timeout_ms = 0;
		}
	curl_multi_poll(http->multi, NULL, 0, timeout_ms, NULL);
}

static void http_wake(struct container_client *client)
{
	curl_multi_wakeup(((struct http *)client)->multi);
}

static void http_close(struct container_client *client)
{
	struct http *http = (struct http *)client;

	while (http->calls)
		http_end(http, http->calls->transport, -ECANCELED);
	curl_multi_cleanup(http->multi);
	free(http->socket);
	free(http);
}

static const struct container_client_type http_type = {
	.begin = http_begin,
	.wait = http_wait,
	.wake = http_wake,
	.close = http_close,
};

struct container_client *container_http_open(const char *socket,
					     const struct container_asker *asker)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->client = (struct container_client){.type = &http_type, .asker = asker};
	http->socket = strdup(socket);
	http->multi = curl_multi_init();
	if (http->socket && http->multi)
		return &http->client;
	if (http->multi)
		curl_multi_cleanup(http->multi);
	free(http->socket);
	free(http);
	return NULL;
}
