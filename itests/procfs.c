// SPDX-License-Identifier: Apache-2.0
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 64
#define FIELD_PPID 4 /* of /proc/PID/stat, proc(5), counted from 1 */
#define FIELD_STARTTIME 22
#define UNINTERRUPTED_US 1000 /* to read three clocks */

int64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

char *procfs_read(const char *path, size_t *ret_size)
{
	size_t size = 0, room = 4096;
	char *data = malloc(room + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	while (fd >= 0 && data && (n = read(fd, data + size, room - size)) > 0) {
		size += (size_t)n;
		if (size == room) {
			char *larger = realloc(data, 2 * room + 1);

			if (!larger)
				break;
			data = larger;
			room *= 2;
		}
	}
	if (fd >= 0) {
		int error = errno;

		close(fd);
		errno = error;
	}
	if (n != 0) {
		free(data);
		return NULL;
	}
	data[size] = '\0';
	*ret_size = size;
	return data;
}

char *procfs_readlink(const char *path)
{
	char target[PATH_MAX];
	ssize_t size = readlink(path, target, sizeof(target) - 1);

	if (size < 0)
		return NULL;
	target[size] = '\0';
	return strdup(target);
}

static char *read_entry(const char *name, const char *entry, size_t *ret_size)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/proc/%s/%s", name, entry);
	return procfs_read(path, ret_size);
}

/* A numeric field of /proc/PID/stat behind the comm, which may hold anything. */
static unsigned long long stat_field(const char *name, int field)
{
	unsigned long long value = 0;
	size_t size;
	char *stat = read_entry(name, "stat", &size);
	char *at = stat ? strrchr(stat, ')') : NULL;

	for (int i = 2; at && i < field; i++)
		at = strchr(at + 1, ' ');
	if (at)
		value = strtoull(at, NULL, 10);
	free(stat);
	return value;
}

pid_t procfs_parent(pid_t pid)
{
	char name[PATH_SIZE];

	snprintf(name, sizeof(name), "%d", (int)pid);
	return (pid_t)stat_field(name, FIELD_PPID);
}

/* The Unix time of the boot: clocks that were read without being interrupted in between. */
static int64_t boot_us(void)
{
	int64_t before_us, real_us, after_us;

	do {
		before_us = clock_us(CLOCK_BOOTTIME);
		real_us = clock_us(CLOCK_REALTIME);
		after_us = clock_us(CLOCK_BOOTTIME);
	} while (after_us - before_us > UNINTERRUPTED_US);
	return real_us - before_us;
}

static double start_us(const char *name)
{
	unsigned long long ticks = stat_field(name, FIELD_STARTTIME);

	return (double)(boot_us() +
			(int64_t)(ticks * 1000000ULL / (unsigned long long)sysconf(_SC_CLK_TCK)));
}

static void add_link(cJSON *process, const char *name, const char *entry)
{
	char path[PATH_SIZE];
	char *target;

	snprintf(path, sizeof(path), "/proc/%s/%s", name, entry);
	target = procfs_readlink(path);
	if (target)
		cJSON_AddStringToObject(process, entry, target);
	free(target);
}

static void add_argv(cJSON *process, const char *name)
{
	cJSON *argv = cJSON_AddArrayToObject(process, "argv");
	size_t size = 0;
	char *data = read_entry(name, "cmdline", &size);

	for (size_t at = 0; at < size; at += strlen(data + at) + 1)
		cJSON_AddItemToArray(argv, cJSON_CreateString(data + at));
	free(data);
}

static void add_uid(cJSON *process, const char *name)
{
	size_t size;
	char *status = read_entry(name, "status", &size);
	char *line = status ? strstr(status, "\nUid:") : NULL;

	if (line)
		cJSON_AddNumberToObject(process, "uid", (double)strtoul(line + 5, NULL, 10));
	free(status);
}

static void add_loginuid(cJSON *process, const char *name)
{
	size_t size;
	char *text = read_entry(name, "loginuid", &size);
	unsigned long loginuid = text ? strtoul(text, NULL, 10) : UINT32_MAX;

	if (loginuid != UINT32_MAX)
		cJSON_AddNumberToObject(process, "loginuid", (double)loginuid);
	free(text);
}

static bool add_comm(cJSON *process, const char *name)
{
	size_t size;
	char *comm = read_entry(name, "comm", &size);

	if (!comm)
		return false;
	comm[strcspn(comm, "\n")] = '\0';
	cJSON_AddStringToObject(process, "comm", comm);
	free(comm);
	return true;
}

cJSON *procfs_describe(const char *name)
{
	cJSON *process = cJSON_CreateObject();
	char path[PATH_SIZE];
	char *self;

	snprintf(path, sizeof(path), "/proc/%s", name);
	self = procfs_readlink(path); /* only "self" is a link */
	cJSON_AddNumberToObject(process, "pid", (double)strtol(self ? self : name, NULL, 10));
	free(self);
	if (!add_comm(process, name)) {
		cJSON_Delete(process);
		return NULL;
	}
	add_link(process, name, "exe");
	add_uid(process, name);
	add_loginuid(process, name);
	add_argv(process, name);
	cJSON_AddNumberToObject(process, "start_us", start_us(name));
	return process;
}
