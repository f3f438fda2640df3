/* SPDX-License-Identifier: Apache-2.0 */
#include "seed.h"

#include <errno.h>
#include <stdlib.h>

#include "procfs.h"

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

static int seed_process(struct process_table *table, const struct wire_seed *seed)
{
	const struct wire_task *task = &seed->task;
	struct process_texts texts = {0};
	bool is_same;
	int r;

	if (!process_table_lookup(table, task->pid, task->start_boot_ns) &&
	    !(task->flags & WIRE_TASK_KTHREAD)) {
		texts.exe = procfs_link(task->pid, "exe");
		texts.cwd = procfs_link(task->pid, "cwd");
		texts.argv = procfs_argv(task->pid);
	}
	is_same = procfs_is_same(task->pid, task->start_boot_ns);
	r = process_table_seed(table, seed, is_same ? &texts : NULL);
	text_unref(texts.exe);
	text_unref(texts.cwd);
	text_unref(texts.argv);
	return r;
}

static bool seeds_has(const struct seeds *seeds, const struct wire_seed *seed)
{
	return bsearch(seed, seeds->seed, seeds->count, sizeof(*seed), compare_start);
}

/*
 * Add parents that the iterator did not list: a kernel may keep a process out
 * of its sight, though /proc shows it.
 */
static int seeds_add_parents(struct seeds *seeds)
{
	struct seeds missing = {0};
	int r = 0;

	for (size_t i = 0; i < seeds->count && !r; i++) {
		struct wire_seed parent = {
			.task = {.pid = seeds->seed[i].parent_pid,
				 .start_boot_ns = seeds->seed[i].parent_start_boot_ns},
			.boot_ns = seeds->seed[i].boot_ns,
		};

		if (parent.task.pid && !seeds_has(seeds, &parent) && !procfs_task(&parent.task))
			r = seeds_add(&missing, &parent);
	}
	for (size_t i = 0; i < missing.count && !r; i++)
		r = seeds_add(seeds, &missing.seed[i]);
	free(missing.seed);
	qsort(seeds->seed, seeds->count, sizeof(*seeds->seed), compare_start);
	return r;
}

int seed_processes(struct collector *collector, struct process_table *table)
{
	struct seeds seeds = {0};
	int r = collector_visit_tasks(collector, seeds_add, &seeds);

	qsort(seeds.seed, seeds.count, sizeof(*seeds.seed), compare_start);
	if (!r)
		r = seeds_add_parents(&seeds);
	/* A parent that was missed by two children is there twice; the table takes it once. */
	for (size_t i = 0; !r && i < seeds.count; i++)
		r = seed_process(table, &seeds.seed[i]);
	free(seeds.seed);
	return r;
}
