/* SPDX-License-Identifier: Apache-2.0 */
#include "collector_pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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
	}
	snprintf(ret_path, size, "%s/" LINKS_PREFIX "%016llx", pin_path, (unsigned long long)value);
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
