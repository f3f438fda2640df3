/* SPDX-License-Identifier: Apache-2.0 */
#include "container_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

#define DEPTH_MAX 256 /* each takes a descriptor */

struct scan {
	struct containers *containers;
	enum wire_hierarchy hierarchy;
	unsigned depth;
	char path[PATH_MAX]; /* from the hierarchy's root */
};

static int scan_directory(struct scan *scan, int parent_fd, const char *name);

static int scan_entry(struct scan *scan, int fd, const struct dirent *entry)
{
	struct wire_cgroup_key key = {.id = entry->d_ino, .hierarchy = scan->hierarchy};
	size_t length = strlen(scan->path), room = sizeof(scan->path) - length;
	int r;

	if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
	    !strcmp(entry->d_name, "..") || strlen(entry->d_name) + 1 >= room)
		return 0;
	snprintf(scan->path + length, room, "/%s", entry->d_name);
	r = containers_seed(scan->containers, &key, scan->path);
	if (!r && scan->depth < DEPTH_MAX)
		r = scan_directory(scan, fd, entry->d_name);
	scan->path[length] = '\0';
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static int scan_directory(struct scan *scan, int parent_fd, const char *name)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!directory) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	scan->depth++;
	while (!r && (entry = readdir(directory)))
		r = scan_entry(scan, fd, entry);
	scan->depth--;
	closedir(directory);
	return r;
}

int container_scan(struct containers *containers, enum wire_hierarchy hierarchy,
		   const char *directory)
{
	struct scan scan = {.containers = containers, .hierarchy = hierarchy};

	return scan_directory(&scan, AT_FDCWD, directory);
}

int container_scan_all(struct containers *containers)
{
	char root[PATH_MAX];
	int r = host_cgroup_root(root, sizeof(root));

	if (!r)
		r = container_scan(containers, WIRE_HIERARCHY_V2, root);
	if (r || host_cgroup_v1_root(root, sizeof(root)))
		return r;
	return container_scan(containers, WIRE_HIERARCHY_V1, root);
}
