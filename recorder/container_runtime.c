/* SPDX-License-Identifier: Apache-2.0 */
#include "container_runtime.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "container_answer.h"
#include "container_client.h"
#include "log.h"
#include "procfs.h"

#define RELIST_MS (30 * 60 * 1000)
#define FIRST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 30000
#define STEADY_MS 10000 /* a connection that lasted this long was a good one */
#define INSPECTS_MAX 8	/* on their way at a time */
#define TRIES_MAX 3	/* of one question, over as many connections */

/* A container to be asked about. */
struct wanted {
	char runtime_id[CONTAINER_RUNTIME_ID_SIZE];
	bool is_listed; /* the listing waits for it */
	unsigned tries;
	struct wanted *next;
};

struct container_runtime {
	struct container_queue *queue;
	struct container_runtime_config (*find)(const char *context);
	const char *context;
	pthread_t thread;
	uint32_t host_mnt_ns, own_mnt_ns;

	/* Shared with other threads. */
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	struct wanted *asked;		 /* newest first */
	struct container_client *client; /* NULL: none; only the thread sets it */
	bool is_stopping;

	/* The thread's own. */
	struct container_asker asker;
	struct wanted *first, **end; /* what is to be asked next */
	size_t inspects;	     /* on their way */
	size_t listed_left;	     /* of a listing, not answered yet */
	bool is_listing;
	bool is_broken; /* the client is of no use any more */
	bool has_listed;
	int64_t next_listing_ms;
	int pause_ms;
	bool is_complained; /* the log knows that it cannot be reached */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_there(const char *path)
{
	return !access(path, F_OK);
}

struct container_runtime_config container_runtime_find(const char *configured_socket)
{
	static const char *const sockets[] = {"/run/docker.sock", "/var/run/docker.sock",
					      "/run/podman/podman.sock"};
	const char *set = getenv("CONTAINERD_NAMESPACE");
	const char *namespace = set && *set ? set : "k8s.io";
	char path[256];

	if (configured_socket)
		return (struct container_runtime_config){.socket = configured_socket};
	snprintf(path, sizeof(path), "/run/containerd/io.containerd.runtime.v2.task/%s", namespace);
	if (is_there(path))
		return (struct container_runtime_config){.containerd_namespace = namespace};
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++)
		if (is_there(sockets[i]))
			return (struct container_runtime_config){.socket = sockets[i]};
	return (struct container_runtime_config){0};
}

static void say(struct container_runtime *runtime, enum container_message_type type,
		const char *runtime_id)
{
	container_queue_put(runtime->queue, container_message_new(type, runtime_id));
}

static struct wanted *wanted_find(const struct container_runtime *runtime, const char *runtime_id)
{
	struct wanted *wanted = runtime->first;

	while (wanted && strcmp(wanted->runtime_id, runtime_id) != 0)
		wanted = wanted->next;
	return wanted;
}

/* Want to know about a container, unless that is wanted already. */
static struct wanted *want(struct container_runtime *runtime, const char *runtime_id)
{
	struct wanted *wanted = wanted_find(runtime, runtime_id);

	if (wanted)
		return wanted;
	wanted = calloc(1, sizeof(*wanted));
	if (!wanted)
		return NULL;
	snprintf(wanted->runtime_id, sizeof(wanted->runtime_id), "%s", runtime_id);
	*runtime->end = wanted;
	runtime->end = &wanted->next;
	return wanted;
}

static struct wanted *wanted_take(struct container_runtime *runtime)
{
	struct wanted *wanted = runtime->first;

	if (!wanted)
		return NULL;
	runtime->first = wanted->next;
	if (!runtime->first)
		runtime->end = &runtime->first;
	return wanted;
}

/* Take over what other threads asked for. True while there is no need to stop. */
static bool take_asked(struct container_runtime *runtime)
{
	struct wanted *asked;
	bool is_stopping;

	pthread_mutex_lock(&runtime->mutex);
	asked = runtime->asked;
	runtime->asked = NULL;
	is_stopping = runtime->is_stopping;
	pthread_mutex_unlock(&runtime->mutex);
	while (asked) {
		struct wanted *next = asked->next;

		want(runtime, asked->runtime_id);
		free(asked);
		asked = next;
	}
	return !is_stopping;
}

static struct container_call *call_new(enum container_question question)
{
	struct container_call *call = calloc(1, sizeof(*call));

	if (call)
		call->question = question;
	return call;
}

static void call_free(struct container_call *call)
{
	free(call->answer);
	free(call);
}

/* Begin a call, which is freed if that fails. */
static int begin(struct container_runtime *runtime, struct container_call *call)
{
	struct container_client *client = runtime->client;
	int r = call ? client->type->begin(client, call) : -ENOMEM;

	if (r && call)
		call_free(call);
	return r;
}

static void begin_listing(struct container_runtime *runtime)
{
	runtime->next_listing_ms = now_ms() + RELIST_MS;
	say(runtime, CONTAINER_LISTING, NULL);
	runtime->is_listing = true;
	runtime->listed_left = 0;
	for (struct wanted *wanted = runtime->first; wanted; wanted = wanted->next)
		wanted->is_listed = false; /* by a listing that was broken off */
	if (begin(runtime, call_new(CONTAINER_LIST)))
		runtime->is_broken = true;
}

static void end_listing(struct container_runtime *runtime)
{
	if (!runtime->is_listing || runtime->listed_left)
		return;
	runtime->is_listing = false;
	runtime->has_listed = true;
	say(runtime, CONTAINER_LISTED, NULL);
}

static void begin_inspects(struct container_runtime *runtime)
{
	while (runtime->first && runtime->inspects < INSPECTS_MAX && !runtime->is_broken) {
		struct wanted *wanted = wanted_take(runtime);
		struct container_call *call = call_new(CONTAINER_INSPECT);

		if (call) {
			strcpy(call->runtime_id, wanted->runtime_id);
			call->is_listed = wanted->is_listed;
			call->tries = wanted->tries + 1;
		}
		if (begin(runtime, call)) {
			say(runtime, CONTAINER_UNKNOWN, wanted->runtime_id);
			runtime->is_broken = true;
		} else {
			runtime->inspects++;
		}
		free(wanted);
	}
}

/* The namespace in which a container's processes see their files. */
static uint32_t container_mnt_ns(const struct container_runtime *runtime, uint32_t pid)
{
	uint32_t mnt_ns = pid ? procfs_namespace(pid, "ns/mnt") : 0;

	return mnt_ns == runtime->host_mnt_ns || mnt_ns == runtime->own_mnt_ns ? 0 : mnt_ns;
}

static int visit_listed(void *context, const char *runtime_id)
{
	struct container_runtime *runtime = context;
	struct wanted *wanted = want(runtime, runtime_id);

	if (!wanted)
		return -ENOMEM;
	if (!wanted->is_listed)
		runtime->listed_left++;
	wanted->is_listed = true;
	return 0;
}

static void listed(struct container_runtime *runtime, const struct container_call *call, int r)
{
	if (!r)
		r = container_answer_list(call->answer, call->size, visit_listed, runtime);
	if (r)
		runtime->is_broken = true;
	else
		end_listing(runtime);
}

static void inspected(struct container_runtime *runtime, const struct container_call *call, int r)
{
	struct container_message *message = NULL;

	runtime->inspects--;
	if (!r)
		r = container_answer_inspect(call->answer, call->size, &message);
	if (!r) {
		message->mnt_ns = container_mnt_ns(runtime, message->pid);
		/* The answer to what was asked, whatever it may call itself. */
		strcpy(message->runtime_id, call->runtime_id);
		container_queue_put(runtime->queue, message);
	} else if (r == -ENOENT || r == -EPROTO || r == -EBADMSG || call->tries >= TRIES_MAX) {
		say(runtime, CONTAINER_UNKNOWN, call->runtime_id);
	} else {
		struct wanted *again = want(runtime, call->runtime_id);

		if (again)
			again->tries = call->tries;
		runtime->is_broken = true;
	}
	if (call->is_listed) {
		runtime->listed_left--;
		end_listing(runtime);
	}
}

static bool on_more(void *context, struct container_call *call)
{
	struct container_runtime *runtime = context;
	char id[CONTAINER_RUNTIME_ID_SIZE];
	const char *line = call->answer, *end;

	while ((end = memchr(line, '\n', call->size - (size_t)(line - call->answer)))) {
		switch (container_answer_event(line, (size_t)(end - line), id)) {
		case CONTAINER_EVENT_CHANGED:
			want(runtime, id);
			break;
		case CONTAINER_EVENT_GONE:
			say(runtime, CONTAINER_DOWN, id);
			break;
		case CONTAINER_EVENT_OTHER:
			break;
		}
		line = end + 1;
	}
	call->size -= (size_t)(line - call->answer);
	memmove(call->answer, line, call->size);
	return true;
}

static void on_done(void *context, struct container_call *call, int r)
{
	struct container_runtime *runtime = context;

	switch (call->question) {
	case CONTAINER_LIST:
		listed(runtime, call, r);
		break;
	case CONTAINER_INSPECT:
		inspected(runtime, call, r);
		break;
	case CONTAINER_EVENTS:
		runtime->is_broken = true;
		break;
	}
	call_free(call);
}

static void set_client(struct container_runtime *runtime, struct container_client *client)
{
	pthread_mutex_lock(&runtime->mutex);
	runtime->client = client;
	pthread_mutex_unlock(&runtime->mutex);
}

/* Ask until the client is of no use any more, or it is time to stop. */
static void serve(struct container_runtime *runtime)
{
	struct container_client *client = runtime->client;

	runtime->is_broken = false;
	if (begin(runtime, call_new(CONTAINER_EVENTS)))
		return;
	begin_listing(runtime);
	while (take_asked(runtime) && !runtime->is_broken) {
		int64_t left_ms = runtime->next_listing_ms - now_ms();

		if (left_ms <= 0 && !runtime->is_listing)
			begin_listing(runtime);
		begin_inspects(runtime);
		client->type->wait(client, left_ms > 0 ? (int)left_ms : RELIST_MS);
	}
}

/* Nobody is there who could answer. */
static void answer_unknown(struct container_runtime *runtime)
{
	struct wanted *wanted;

	while ((wanted = wanted_take(runtime))) {
		say(runtime, CONTAINER_UNKNOWN, wanted->runtime_id);
		free(wanted);
	}
	if (runtime->has_listed)
		return;
	runtime->has_listed = true;
	say(runtime, CONTAINER_LISTING, NULL);
	say(runtime, CONTAINER_LISTED, NULL);
}

static void attempt(struct container_runtime *runtime)
{
	struct container_runtime_config config = runtime->find(runtime->context);
	struct container_client *client;
	int64_t start_ms = now_ms();

	if (!config.socket && !config.containerd_namespace) {
		answer_unknown(runtime);
		return;
	}
	client = config.socket
			 ? container_http_open(config.socket, &runtime->asker)
			 : container_nerdctl_open(config.containerd_namespace, &runtime->asker);
	if (!client)
		return;
	runtime->has_listed = false;
	set_client(runtime, client);
	serve(runtime);
	set_client(runtime, NULL);
	runtime->is_listing = false;
	client->type->close(client);
	if (now_ms() - start_ms > STEADY_MS)
		runtime->pause_ms = 0;
	if (!runtime->has_listed && !runtime->is_complained && take_asked(runtime)) {
		log_warning("%s does not answer; names and labels of containers come when it does",
			    config.socket ? config.socket : "nerdctl");
		runtime->is_complained = true;
	} else if (runtime->has_listed) {
		runtime->is_complained = false;
	}
}

/* Wait before the next attempt, unless somebody asks. False when it is time to stop. */
static bool pause_or_stop(struct container_runtime *runtime)
{
	struct timespec until;
	int r = 0;

	runtime->pause_ms = runtime->pause_ms ? 2 * runtime->pause_ms : FIRST_PAUSE_MS;
	if (runtime->pause_ms > LONGEST_PAUSE_MS)
		runtime->pause_ms = LONGEST_PAUSE_MS;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += runtime->pause_ms / 1000;
	until.tv_nsec += runtime->pause_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	pthread_mutex_lock(&runtime->mutex);
	while (!runtime->is_stopping && !runtime->asked && r != ETIMEDOUT)
		r = pthread_cond_clockwait(&runtime->condition, &runtime->mutex, CLOCK_MONOTONIC,
					   &until);
	pthread_mutex_unlock(&runtime->mutex);
	return take_asked(runtime);
}

static void *run(void *context)
{
	struct container_runtime *runtime = context;

	do
		attempt(runtime);
	while (pause_or_stop(runtime));
	return NULL;
}

struct container_runtime *
container_runtime_start(struct container_queue *queue,
			struct container_runtime_config (*find)(const char *context),
			const char *context)
{
	struct container_runtime *runtime = calloc(1, sizeof(*runtime));

	if (!runtime)
		return NULL;
	runtime->queue = queue;
	runtime->find = find;
	runtime->context = context;
	runtime->end = &runtime->first;
	runtime->host_mnt_ns = procfs_namespace(1, "ns/mnt");
	runtime->own_mnt_ns = procfs_namespace((uint32_t)getpid(), "ns/mnt");
	runtime->asker = (struct container_asker){
		.context = runtime,
		.more = on_more,
		.done = on_done,
	};
	pthread_mutex_init(&runtime->mutex, NULL);
	pthread_cond_init(&runtime->condition, NULL);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (!pthread_create(&runtime->thread, NULL, run, runtime))
		return runtime;
	curl_global_cleanup();
	pthread_cond_destroy(&runtime->condition);
	pthread_mutex_destroy(&runtime->mutex);
	free(runtime);
	return NULL;
}

static void wake(struct container_runtime *runtime)
{
	pthread_cond_signal(&runtime->condition);
	if (runtime->client)
		runtime->client->type->wake(runtime->client);
}

void container_runtime_stop(struct container_runtime *runtime)
{
	struct wanted *wanted;

	if (!runtime)
		return;
	pthread_mutex_lock(&runtime->mutex);
	runtime->is_stopping = true;
	wake(runtime);
	pthread_mutex_unlock(&runtime->mutex);
	pthread_join(runtime->thread, NULL);
	take_asked(runtime);
	while ((wanted = wanted_take(runtime)))
		free(wanted);
	pthread_cond_destroy(&runtime->condition);
	pthread_mutex_destroy(&runtime->mutex);
	curl_global_cleanup();
	free(runtime);
}

void container_runtime_ask(struct container_runtime *runtime, const char *runtime_id)
{
	struct wanted *wanted = calloc(1, sizeof(*wanted));

	if (!wanted)
		return;
	snprintf(wanted->runtime_id, sizeof(wanted->runtime_id), "%s", runtime_id);
	pthread_mutex_lock(&runtime->mutex);
	wanted->next = runtime->asked;
	runtime->asked = wanted;
	wake(runtime);
	pthread_mutex_unlock(&runtime->mutex);
}
