/* SPDX-License-Identifier: Apache-2.0 */
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROC_PATH_SIZE 64

static const char *proc_path(uint32_t pid, const char *name, char path[PROC_PATH_SIZE])
{
	snprintf(path, PROC_PATH_SIZE, "/proc/%u/%s", pid, name);
	return path;
}

struct text *procfs_link(uint32_t pid, const char *name)
{
	char path[PROC_PATH_SIZE], target[PATH_MAX];
	ssize_t length = readlink(proc_path(pid, name, path), target, sizeof(target));

	return length < 0 ? NULL : text_new(target, (size_t)length);
}

/* Read a small file whole, with a NUL behind it. Returns its bytes or -errno. */
static ssize_t proc_read(uint32_t pid, const char *name, char *buffer, size_t size)
{
	char path[PROC_PATH_SIZE];
	int fd = open(proc_path(pid, name, path), O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t length;

	if (fd < 0)
		return -errno;
	while ((length = read(fd, buffer + used, size - 1 - used)) > 0)
		used += (size_t)length;
	close(fd);
	buffer[used] = '\0';
	return length < 0 ? -EIO : (ssize_t)used;
}

struct text *procfs_argv(uint32_t pid)
{
	char argv[WIRE_ARGV_SIZE + 1];
	ssize_t size = proc_read(pid, "cmdline", argv, sizeof(argv));

	return size < 0 ? NULL : text_new(argv, (size_t)size);
}

bool procfs_is_same(uint32_t pid, uint64_t start_boot_ns)
{
	uint64_t tick_ns = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);
	unsigned long long ticks = 0;
	const char *behind_comm;
	char line[1024];

	if (proc_read(pid, "stat", line, sizeof(line)) < 0)
		return false;
	/* comm may hold anything: fields count from its last parenthesis, start is field 22. */
	behind_comm = strrchr(line, ')');
	if (!behind_comm || sscanf(behind_comm + 1,
				   " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				   "%*s %*s %*s %*s %llu",
				   &ticks) != 1)
		return false;
	return ticks == start_boot_ns / tick_ns;
}

static uint32_t proc_number(uint32_t pid, const char *name, uint32_t otherwise)
{
	char line[32];
	unsigned value;

	if (proc_read(pid, name, line, sizeof(line)) < 0 || sscanf(line, "%u", &value) != 1)
		return otherwise;
	return value;
}

uint32_t procfs_namespace(uint32_t pid, const char *name)
{
	char path[PROC_PATH_SIZE];
	struct stat status;

	return stat(proc_path(pid, name, path), &status) ? 0 : (uint32_t)status.st_ino;
}

int procfs_task(struct wire_task *task)
{
	char status[4096], comm[32];
	const char *uid, *gid;
	ssize_t r = proc_read(task->pid, "status", status, sizeof(status));

	if (r < 0)
		return (int)r;
	uid = strstr(status, "\nUid:");
	gid = strstr(status, "\nGid:");
	if (!uid || !gid || sscanf(uid, "\nUid: %u", &task->uid) != 1 ||
	    sscanf(gid, "\nGid: %u", &task->gid) != 1)
		return -EBADMSG;
	task->loginuid = proc_number(task->pid, "loginuid", (uint32_t)-1);
	task->session = proc_number(task->pid, "sessionid", (uint32_t)-1);
	task->mnt_ns = procfs_namespace(task->pid, "ns/mnt");
	task->net_ns = procfs_namespace(task->pid, "ns/net");
	if (proc_read(task->pid, "comm", comm, sizeof(comm)) > 0) {
		comm[strcspn(comm, "\n")] = '\0';
		memcpy(task->comm, comm, sizeof(task->comm) - 1);
	}
	return 0;
}
