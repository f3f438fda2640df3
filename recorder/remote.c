// SPDX-License-Identifier: Apache-2.0
#include "remote.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "fetch.h"
#include "log.h"
#include "remote_cache.h"

struct entry {
	struct entry *next;
	char *url;
	struct remote_copy copy;
	bool is_kept; /* the copy on disk is this one */
	bool is_old;  /* the source was down: the copy is the one on disk */
};

struct remote {
	char *cache_dir; /* NULL: none */
	long timeout_ms;
	pthread_mutex_t lock; /* of the entries, which only ever become more */
	struct entry *entries;
	bool is_ended;
	/* The thread, if there is one. */
	pthread_t thread;
	bool has_thread;
	long period_ms;
	pthread_cond_t ended;
	int event_fd;
};

static void init_sync(struct remote *remote)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&remote->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&remote->ended, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct remote *remote_new(const char *cache_dir, long timeout_ms)
{
	struct remote *remote = calloc(1, sizeof(*remote));

	if (!remote)
		return NULL;
	remote->event_fd = -1;
	remote->timeout_ms = timeout_ms;
	init_sync(remote);
	remote->cache_dir = cache_dir ? strdup(cache_dir) : NULL;
	if ((cache_dir && !remote->cache_dir) || curl_global_init(CURL_GLOBAL_DEFAULT)) {
		remote_free(remote);
		return NULL;
	}
	return remote;
}

static void end_thread(struct remote *remote)
{
	pthread_mutex_lock(&remote->lock);
	__atomic_store_n(&remote->is_ended, true, __ATOMIC_RELAXED);
	pthread_cond_signal(&remote->ended);
	pthread_mutex_unlock(&remote->lock);
	if (remote->has_thread)
		pthread_join(remote->thread, NULL);
}

void remote_free(struct remote *remote)
{
	if (!remote)
		return;
	end_thread(remote);
	while (remote->entries) {
		struct entry *entry = remote->entries;

		remote->entries = entry->next;
		remote_copy_clear(&entry->copy);
		free(entry->url);
		free(entry);
	}
	if (remote->event_fd >= 0)
		close(remote->event_fd);
	pthread_cond_destroy(&remote->ended);
	pthread_mutex_destroy(&remote->lock);
	free(remote->cache_dir);
	free(remote);
}

bool remote_is_url(const char *text)
{
	const char *c = text;

	while (isalnum((unsigned char)*c) || *c == '+' || *c == '-' || *c == '.')
		c++;
	return c > text && strncmp(c, "://", 3) == 0;
}

static int fetch_url(const struct remote *remote, const char *url, const char *etag,
		     struct fetch_response *ret, char **ret_error)
{
	struct fetch_request request = {
		.url = url,
		.etag = etag,
		.timeout_ms = remote->timeout_ms,
		.is_ended = &remote->is_ended,
	};

	return fetch(&request, ret, ret_error);
}

/* Fetch for the first time, or take the copy on disk if it still holds or nothing else can be had.
 */
static int fetch_first(const struct remote *remote, struct entry *entry, char **ret_cause)
{
	struct fetch_response response = {0};
	struct remote_copy old = {0};
	int err;

	if (remote->cache_dir)
		remote_cache_read(remote->cache_dir, entry->url, &old);
	err = fetch_url(remote, entry->url, old.etag, &response, ret_cause);
	if (err ? !old.text || err == -EPERM || err == -EINVAL : !!response.text) {
		remote_copy_clear(&old);
		entry->copy = (struct remote_copy){response.text, response.size, response.etag,
						   time(NULL)};
		return err;
	}
	free(response.etag);
	entry->copy = old;
	entry->is_kept = true;
	entry->is_old = err != 0;
	return 0;
}

/* "cannot be fetched (CAUSE), the copy of DATE is used"; NULL when out of memory. */
static char *describe_old(const struct entry *entry, const char *cause)
{
	char date[32] = "?";
	struct tm tm;
	char *text;

	if (gmtime_r(&entry->copy.unix_s, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return asprintf(&text, "cannot fetch %s: %s; the copy of %s is used", entry->url,
			cause ? cause : "out of memory", date) < 0
		       ? NULL
		       : text;
}

static struct entry *find_entry(struct remote *remote, const char *url)
{
	struct entry *entry;

	pthread_mutex_lock(&remote->lock);
	for (entry = remote->entries; entry; entry = entry->next)
		if (strcmp(entry->url, url) == 0)
			break;
	pthread_mutex_unlock(&remote->lock);
	return entry;
}

/* Make the entry of a URL that has none. On failure *ret_cause says why. */
static int add_entry(struct remote *remote, const char *url, char **ret_warning, char **ret_cause)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	char *cause = NULL;
	int err = -ENOMEM;

	if (entry && (entry->url = strdup(url)))
		err = fetch_first(remote, entry, &cause);
	if (err) {
		if (entry)
			free(entry->url);
		free(entry);
		*ret_cause = cause;
		return err;
	}
	if (entry->is_old)
		*ret_warning = describe_old(entry, cause);
	free(cause);
	pthread_mutex_lock(&remote->lock);
	entry->next = remote->entries;
	remote->entries = entry;
	pthread_mutex_unlock(&remote->lock);
	return 0;
}

int remote_get(struct remote *remote, const char *url, char **ret_text, size_t *ret_size,
	       char **ret_warning, char **ret_error)
{
	char *warning = NULL, *text;
	struct entry *entry = find_entry(remote, url);
	int err;

	*ret_error = NULL;
	if (!entry) {
		err = add_entry(remote, url, &warning, ret_error);
		if (err)
			return err;
		entry = find_entry(remote, url);
	}
	pthread_mutex_lock(&remote->lock);
	text = malloc(entry->copy.size + 1);
	if (text) {
		memcpy(text, entry->copy.text, entry->copy.size + 1);
		*ret_size = entry->copy.size;
	}
	pthread_mutex_unlock(&remote->lock);
	if (!text) {
		free(warning);
		return -ENOMEM;
	}
	*ret_text = text;
	*ret_warning = warning;
	return 0;
}

int remote_keep(struct remote *remote)
{
	int err = 0;

	if (!remote->cache_dir)
		return 0;
	pthread_mutex_lock(&remote->lock);
	for (struct entry *entry = remote->entries; entry; entry = entry->next) {
		int this_err = 0;

		if (!entry->is_kept)
			this_err = remote_cache_write(remote->cache_dir, entry->url, &entry->copy);
		entry->is_kept = !this_err;
		if (!err)
			err = this_err;
	}
	pthread_mutex_unlock(&remote->lock);
	return err;
}

/* Take what was fetched again. True if it differs. */
static bool update_entry(struct remote *remote, struct entry *entry,
			 struct fetch_response *response)
{
	bool is_same;

	pthread_mutex_lock(&remote->lock);
	is_same = response->size == entry->copy.size &&
		  memcmp(response->text, entry->copy.text, response->size) == 0;
	remote_copy_clear(&entry->copy);
	entry->copy =
		(struct remote_copy){response->text, response->size, response->etag, time(NULL)};
	entry->is_kept = false;
	pthread_mutex_unlock(&remote->lock);
	return !is_same;
}

/* Fetch one again. True if it changed. Only the thread that refreshes changes an entry's ETag. */
static bool refresh_entry(struct remote *remote, struct entry *entry)
{
	struct fetch_response response = {0};
	_cleanup_free_ char *cause = NULL;
	int err = fetch_url(remote, entry->url, entry->copy.etag, &response, &cause);

	if (err && __atomic_load_n(&remote->is_ended, __ATOMIC_RELAXED))
		return false;
	if (err) {
		log_warning("cannot fetch %s: %s; what was fetched before stays in effect",
			    entry->url, cause ? cause : strerror(-err));
		return false;
	}
	if (response.text)
		return update_entry(remote, entry, &response);
	free(response.etag);
	return false;
}

bool remote_refresh(struct remote *remote)
{
	struct entry *entry;
	bool has_changed = false;

	pthread_mutex_lock(&remote->lock);
	entry = remote->entries;
	pthread_mutex_unlock(&remote->lock);
	for (; entry; entry = entry->next)
		if (refresh_entry(remote, entry))
			has_changed = true;
	return has_changed;
}

/* Wait for a period, with the lock held. False if the thread is to end. */
static bool wait_period(struct remote *remote)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += remote->period_ms / 1000;
	until.tv_nsec += remote->period_ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (!remote->is_ended && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&remote->ended, &remote->lock, &until);
	return !remote->is_ended;
}

static void *run_thread(void *context)
{
	struct remote *remote = context;

	pthread_mutex_lock(&remote->lock);
	while (wait_period(remote)) {
		pthread_mutex_unlock(&remote->lock);
		if (remote_refresh(remote))
			eventfd_write(remote->event_fd, 1);
		pthread_mutex_lock(&remote->lock);
	}
	pthread_mutex_unlock(&remote->lock);
	return NULL;
}

/* Signals are for the threads that were there before. */
static int create_thread(struct remote *remote)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&remote->thread, NULL, run_thread, remote);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	remote->has_thread = !err;
	return -err;
}

int remote_start(struct remote *remote, long period_ms)
{

	remote->period_ms = period_ms;
	if (remote->event_fd < 0)
		remote->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (remote->event_fd < 0)
		return -errno;
	return create_thread(remote);
}

int remote_fd(const struct remote *remote)
{
	return remote->event_fd;
}

void remote_acknowledge(struct remote *remote)
{
	eventfd_t value;

	eventfd_read(remote->event_fd, &value);
}
