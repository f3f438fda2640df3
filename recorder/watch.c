/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* An editor writes another file and renames it: it is the directory that tells. */
struct watched {
	int descriptor; /* of the file's directory */
	char *name;
};

struct watch {
	int fd;
	struct watched *files;
	size_t count;
};

static int watch_add(struct watch *watch, const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX] = ".";
	struct watched *grown;
	int descriptor;

	if (slash) {
		size_t length = slash == path ? 1 : (size_t)(slash - path);

		if (length >= sizeof(directory))
			return -ENAMETOOLONG;
		memcpy(directory, path, length);
		directory[length] = '\0';
	}
	descriptor = inotify_add_watch(watch->fd, directory, IN_CLOSE_WRITE | IN_MOVED_TO);
	if (descriptor < 0)
		return -errno;
	grown = reallocarray(watch->files, watch->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	watch->files = grown;
	grown[watch->count].descriptor = descriptor;
	grown[watch->count].name = strdup(slash ? slash + 1 : path);
	if (!grown[watch->count].name)
		return -ENOMEM;
	watch->count++;
	return 0;
}

int watch_open(const char *const *files, struct watch **ret)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int r = 0;

	if (!watch)
		return -ENOMEM;
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		r = -errno;
	for (; !r && *files; files++)
		r = watch_add(watch, *files);
	if (r) {
		watch_free(watch);
		return r;
	}
	*ret = watch;
	return 0;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->fd >= 0)
		close(watch->fd);
	for (size_t i = 0; i < watch->count; i++)
		free(watch->files[i].name);
	free(watch->files);
	free(watch);
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

static bool watch_concerns(const struct watch *watch, const struct inotify_event *event)
{
	/* The kernel dropped events: anything may have happened. */
	if (event->mask & IN_Q_OVERFLOW)
		return true;
	for (size_t i = 0; i < watch->count; i++)
		if (watch->files[i].descriptor == event->wd && event->len &&
		    !strcmp(watch->files[i].name, event->name))
			return true;
	return false;
}

bool watch_read(struct watch *watch)
{
	char buffer[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	bool is_changed = false;
	ssize_t length;

	while ((length = read(watch->fd, buffer, sizeof(buffer))) > 0) {
		const struct inotify_event *event;

		for (char *at = buffer; at < buffer + length; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)at;
			is_changed |= watch_concerns(watch, event);
		}
	}
	return is_changed;
}
