/* SPDX-License-Identifier: Apache-2.0 */
#include "seed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"

struct seeds {
	struct wire_seed *seed;
	size_t count;
	size_t capacity;
};

static int seeds_add(void *context, const struct wire_seed *seed)
{
	struct seeds *seeds = context;

	if (seeds->count == seeds->capacity) {
		size_t capacity = seeds->capacity ? 2 * seeds->capacity : 1024;
		struct wire_seed *grown = reallocarray(seeds->seed, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		seeds->seed = grown;
		seeds->capacity = capacity;
	}
	seeds->seed[seeds->count++] = *seed;
	return 0;
}

/* Parents before children: nobody is older than who forked them. */
static int compare_start(const void *left, const void *right)
{
	const struct wire_task *a = &((const struct wire_seed *)left)->task;
	const struct wire_task *b = &((const struct wire_seed *)right)->task;

	if (a->start_boot_ns != b->start_boot_ns)
		return a->start_boot_ns < b->start_boot_ns ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static struct text *read_link(uint32_t pid, const char *name)
{
	char path[64], target[PATH_MAX];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	length = readlink(path, target, sizeof(target));
	return length < 0 ? NULL : text_new(target, (size_t)length);
}

static struct text *read_argv(uint32_t pid)
{
	char path[64], argv[WIRE_ARGV_SIZE];
	size_t used = 0;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	while ((length = read(fd, argv + used, sizeof(argv) - used)) > 0)
		used += (size_t)length;
	close(fd);
	return length < 0 ? NULL : text_new(argv, used);
}

/* True when pid is still the process of this start, which /proc tells in clock ticks. */
static bool is_same_process(const struct wire_task *task)
{
	uint64_t tick_ns = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);
	unsigned long long ticks = 0;
	char path[64], line[1024];
	char *behind_comm = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/stat", task->pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	/* comm may hold anything: fields count from its last parenthesis, start is field 22. */
	if (fgets(line, sizeof(line), file))
		behind_comm = strrchr(line, ')');
	fclose(file);
	if (!behind_comm ||
	    sscanf(behind_comm + 1,
		   " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
		   &ticks) != 1)
		return false;
	return ticks == task->start_boot_ns / tick_ns;
}

static int seed_process(struct process_table *table, const struct wire_seed *seed)
{
	struct process_texts texts = { 0 };
	int r;

	if (!process_table_lookup(table, seed->task.pid, seed->task.start_boot_ns) &&
	    !(seed->task.flags & WIRE_TASK_KTHREAD)) {
		texts.exe = read_link(seed->task.pid, "exe");
		texts.cwd = read_link(seed->task.pid, "cwd");
		texts.argv = read_argv(seed->task.pid);
	}
	r = process_table_seed(table, seed, is_same_process(&seed->task) ? &texts : NULL);
	text_unref(texts.exe);
	text_unref(texts.cwd);
	text_unref(texts.argv);
	return r;
}

int seed_processes(struct collector *collector, struct process_table *table)
{
	struct seeds seeds = { 0 };
	int r = collector_visit_tasks(collector, seeds_add, &seeds);

	qsort(seeds.seed, seeds.count, sizeof(*seeds.seed), compare_start);
	for (size_t i = 0; !r && i < seeds.count; i++)
		r = seed_process(table, &seeds.seed[i]);
	free(seeds.seed);
	return r;
}
