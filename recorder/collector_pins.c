/* SPDX-License-Identifier: Apache-2.0 */
#include "collector_pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_PREFIX "links-"

/* FNV-1a, 64 bits: to tell builds apart, not to keep anybody out. */
static uint64_t hash(uint64_t value, const void *bytes, size_t size)
{
	const unsigned char *each = bytes;

	while (size--)
		value = (value ^ *each++) * 0x100000001b3ULL;
	return value;
}

void pins_links_path(const char *pin_path, const struct probe *const *probes, char *ret_path,
		     size_t size)
{
	uint64_t value = 0xcbf29ce484222325ULL;

	for (; *probes; probes++) {
		size_t object_size;
		const void *object = (*probes)->object(&object_size);

		value = hash(value, object, object_size);
		value = hash(value, &(*probes)->id, sizeof((*probes)->id));
	}
	snprintf(ret_path, size, "%s/" LINKS_PREFIX "%016llx", pin_path, (unsigned long long)value);
}

/* The program behind a pinned link, as a descriptor or -errno. */
static int open_program(const char *directory, const char *name)
{
	struct bpf_link_info info = {0};
	uint32_t length = sizeof(info);
	char path[PATH_MAX + 256];
	int link_fd, fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	link_fd = bpf_obj_get(path);
	if (link_fd < 0)
		return -errno;
	fd = bpf_obj_get_info_by_fd(link_fd, &info, &length);
	if (!fd)
		fd = bpf_prog_get_fd_by_id(info.prog_id);
	close(link_fd);
	return fd;
}

int pins_open_programs(const char *links_path, int **ret_fds, size_t *ret_count)
{
	DIR *directory = opendir(links_path);
	struct dirent *entry;
	size_t count = 0;
	int *fds = NULL;
	int r = 0;

	if (!directory)
		return -errno;
	while (!r && (entry = readdir(directory))) {
		int *grown;

		if (entry->d_name[0] == '.')
			continue;
		grown = reallocarray(fds, count + 1, sizeof(*fds));
		if (!grown) {
			r = -ENOMEM;
			break;
		}
		fds = grown;
		r = open_program(links_path, entry->d_name);
		if (r >= 0) {
			fds[count++] = r;
			r = 0;
		}
	}
	closedir(directory);
	if (r) {
		while (count)
			close(fds[--count]);
		free(fds);
		return r;
	}
	*ret_fds = fds;
	*ret_count = count;
	return 0;
}

int pins_count_programs(const char *links_path, size_t *ret_count)
{
	DIR *directory = opendir(links_path);
	struct dirent *entry;

	if (!directory)
		return -errno;
	*ret_count = 0;
	while ((entry = readdir(directory)))
		*ret_count += entry->d_name[0] != '.';
	closedir(directory);
	return 0;
}

static int remove_directory(int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!directory)
		return -errno;
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			unlinkat(fd, entry->d_name, 0);
	closedir(directory);
	return unlinkat(parent_fd, name, AT_REMOVEDIR) ? -errno : 0;
}

int pins_remove_links(const char *pin_path)
{
	DIR *directory = opendir(pin_path);
	struct dirent *entry;
	int r = 0;

	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	while (!r && (entry = readdir(directory)))
		if (!strncmp(entry->d_name, LINKS_PREFIX, strlen(LINKS_PREFIX)))
			r = remove_directory(dirfd(directory), entry->d_name);
	closedir(directory);
	return r;
}

void pins_remove_maps(const char *pin_path)
{
	DIR *directory = opendir(pin_path);
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
}
