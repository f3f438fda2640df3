// SPDX-License-Identifier: Apache-2.0
#include "remote_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define COPY_BYTES (32 * 1024 * 1024) /* larger ones are not ours */

void remote_copy_clear(struct remote_copy *copy)
{
	free(copy->text);
	free(copy->etag);
	*copy = (struct remote_copy){0};
}

/* DIRECTORY/HASH.SUFFIX; FNV-1a tells the few URLs of a configuration apart. NULL: no memory. */
static char *path_of(const char *directory, const char *url, const char *suffix)
{
	uint64_t hash = 0xcbf29ce484222325;
	char *path;

	for (; *url; url++)
		hash = (hash ^ (unsigned char)*url) * 0x100000001b3;
	return asprintf(&path, "%s/%016llx.%s", directory, (unsigned long long)hash, suffix) < 0
		       ? NULL
		       : path;
}

static int read_all(FILE *file, char **ret_text, size_t *ret_size, time_t *ret_unix_s)
{
	struct stat status;
	char *text;

	if (fstat(fileno(file), &status))
		return -errno;
	if (!S_ISREG(status.st_mode) || status.st_size > COPY_BYTES)
		return -EFBIG;
	text = malloc((size_t)status.st_size + 1);
	if (!text)
		return -ENOMEM;
	*ret_size = fread(text, 1, (size_t)status.st_size, file);
	if (ferror(file)) {
		free(text);
		return -EIO;
	}
	text[*ret_size] = '\0';
	*ret_text = text;
	*ret_unix_s = status.st_mtime;
	return 0;
}

static int read_file(const char *path, char **ret_text, size_t *ret_size, time_t *ret_unix_s)
{
	FILE *file = fopen(path, "re");
	int err;

	if (!file)
		return -errno;
	err = read_all(file, ret_text, ret_size, ret_unix_s);
	fclose(file);
	return err;
}

int remote_cache_read(const char *directory, const char *url, struct remote_copy *ret)
{
	_cleanup_free_ char *path = path_of(directory, url, "yml");
	_cleanup_free_ char *etag_path = path_of(directory, url, "etag");
	struct remote_copy copy = {0};
	size_t etag_size;
	time_t unix_s;
	int err;

	if (!path || !etag_path)
		return -ENOMEM;
	err = read_file(path, &copy.text, &copy.size, &copy.unix_s);
	if (err)
		return err;
	/* Without its ETag a copy is as good. */
	read_file(etag_path, &copy.etag, &etag_size, &unix_s);
	*ret = copy;
	return 0;
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		size -= (size_t)written;
	}
	return fsync(fd) ? -errno : 0;
}

/* Put a file in the place of another, complete or not at all. */
static int replace_file(const char *path, const char *bytes, size_t size)
{
	_cleanup_free_ char *temporary = NULL;
	int fd, err;

	if (asprintf(&temporary, "%s.new", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, bytes, size);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
	return err;
}

/* Make a directory and those above it that are missing. */
static int make_directories(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0750) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(copy, 0700) && errno != EEXIST ? -errno : 0;
}

int remote_cache_write(const char *directory, const char *url, const struct remote_copy *copy)
{
	_cleanup_free_ char *path = path_of(directory, url, "yml");
	_cleanup_free_ char *etag_path = path_of(directory, url, "etag");
	int err;

	if (!path || !etag_path)
		return -ENOMEM;
	err = make_directories(directory);
	if (err)
		return err;
	/* In this order an ETag never stands beside a text that it is not of. */
	if (unlink(etag_path) && errno != ENOENT)
		return -errno;
	err = replace_file(path, copy->text, copy->size);
	if (!err && copy->etag)
		err = replace_file(etag_path, copy->etag, strlen(copy->etag));
	return err;
}
