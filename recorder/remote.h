/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What configurations include from URLs: fetched once, then again at intervals
 * by a thread, with ETags honoured. What a configuration was accepted with is
 * kept on disk, for when the source is down.
 *
 * https:// anywhere, http:// from the loopback only: whoever can change what is
 * fetched can blind the recorder.
 */
#ifndef PIDTREE_REMOTE_H
#define PIDTREE_REMOTE_H

#include <stdbool.h>
#include <stddef.h>

#define REMOTE_TIMEOUT_MS 10000 /* for a whole transfer */
#define REMOTE_PERIOD_MS (3600 * 1000)

struct remote;

/*
 * cache_dir: where copies are kept, made when the first is; NULL: none are kept
 * or used. NULL when out of memory. remote_free() takes NULL too and ends the
 * thread, within a second if a transfer is under way.
 */
struct remote *remote_new(const char *cache_dir, long timeout_ms);
void remote_free(struct remote *remote);

/* Whether text is a URL, of any scheme, and not the name of a file. */
bool remote_is_url(const char *text);

/*
 * What a URL has. The first time it is fetched, later it is what was fetched
 * last. 0 with *ret_text (to be freed, ended by a NUL that size does not count)
 * and *ret_warning (to be freed; NULL, or why it is an old copy); or -errno with
 * *ret_error (to be freed, NULL when out of memory) and nothing else set.
 */
int remote_get(struct remote *remote, const char *url, char **ret_text, size_t *ret_size,
	       char **ret_warning, char **ret_error);

/* Keep on disk what was fetched: a configuration with it has been accepted. 0 or -errno. */
int remote_keep(struct remote *remote);

/*
 * Fetch everything again that remote_get() was asked for; what cannot be
 * fetched stays as it is, with a warning in the log. True if something changed.
 * Not while the thread of remote_start() runs, which does the same.
 */
bool remote_refresh(struct remote *remote);

/*
 * Have a thread call remote_refresh() every period_ms. 0 or -errno. When
 * something changed, the descriptor of remote_fd() becomes readable; it stays
 * so until remote_acknowledge().
 */
int remote_start(struct remote *remote, long period_ms);
int remote_fd(const struct remote *remote);
void remote_acknowledge(struct remote *remote);

#endif
