/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"

#define BPFFS "/sys/fs/bpf"

static void read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");

	line[0] = '\0';
	if (!file)
		return;
	if (!fgets(line, (int)size, file))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
}

void host_read(struct host *ret)
{
	struct utsname names;

	memset(ret, 0, sizeof(*ret));
	gethostname(ret->name, sizeof(ret->name) - 1);
	read_line("/etc/machine-id", ret->machine_id, sizeof(ret->machine_id));
	read_line("/proc/sys/kernel/random/boot_id", ret->boot_id, sizeof(ret->boot_id));
	if (!uname(&names))
		snprintf(ret->kernel, sizeof(ret->kernel), "%s %s", names.release, names.machine);
}

/* mountinfo writes blanks and backslashes in octal, proc(5). */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; out++) {
		unsigned value;

		if (*in == '\\' && sscanf(in + 1, "%3o", &value) == 1) {
			*out = (char)value;
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

/* TYPE and what stands behind it in a line of mountinfo: TYPE SOURCE SUPER-OPTIONS. */
static bool is_cgroup_v2(const char *type)
{
	return !strncmp(type, "cgroup2 ", strlen("cgroup2 "));
}

static bool is_cgroup_of_pids(const char *type)
{
	char options[256] = "", *rest = options, *option;

	if (sscanf(type, "cgroup %*s %255s", options) != 1)
		return false;
	while ((option = strsep(&rest, ",")))
		if (!strcmp(option, "pids"))
			return true;
	return false;
}

/* Where the root of a file system is mounted whose type is as wanted. */
static int find_mount(bool (*is_wanted)(const char *type), char *ret_path, size_t size)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	size_t line_size = 0;
	int r = -ENOENT;

	if (!file)
		return -errno;
	while (r && getline(&line, &line_size, file) > 0) {
		char root[4096], path[4096];
		const char *type = strstr(line, " - ");

		/* ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [TAGS…] - TYPE … */
		if (!type || !is_wanted(type + strlen(" - ")) ||
		    sscanf(line, "%*s %*s %*s %4095s %4095s", root, path) != 2 ||
		    strcmp(root, "/") != 0)
			continue;
		unescape(path);
		if (strlen(path) < size) {
			strcpy(ret_path, path);
			r = 0;
		}
	}
	fclose(file);
	return r;
}

int host_cgroup_root(char *ret_path, size_t size)
{
	return find_mount(is_cgroup_v2, ret_path, size);
}

int host_cgroup_v1_root(char *ret_path, size_t size)
{
	return find_mount(is_cgroup_of_pids, ret_path, size);
}

int host_mount_bpffs(void)
{
	struct statfs fs;

	if (!statfs(BPFFS, &fs) && fs.f_type == BPF_FS_MAGIC)
		return 0;
	if (mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return -errno;
	return 0;
}
