/* SPDX-License-Identifier: Apache-2.0 */
/* A process table over a sink that keeps what it is told, and the records that feed it. */
#ifndef PIDTREE_FIXTURE_PROCESS_H
#define PIDTREE_FIXTURE_PROCESS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/process_table.h"
#include "tests/fixture_containers.h"

/* Unix time of the boot in tests, so that ids are easy to name. */
#define BOOT 1700000000000000000LL

#define STORED_MAX 256

struct stored_image {
	struct process process; /* without its strings */
	char comm[32];
	char argv[64];
};

struct stored_exit {
	int64_t id;
	int64_t exit_ns;
	uint32_t status;
};

/* The first STORED_MAX images and exits, and how many there were. */
struct stored {
	struct stored_image image[STORED_MAX];
	struct stored_exit exit[STORED_MAX];
	size_t images;
	size_t exits;
	struct container_fixture *containers;
	int r; /* what the sink answers */
};

struct processes {
	struct clock clock;
	struct process_sink sink;
	struct process_table *table;
	struct stored stored;
	struct container_fixture containers;
	struct record exec; /* too large for a stack */
};

static inline const char *stored_user_name(void *context, uint32_t uid)
{
	(void)context;
	return uid == 0 ? "root" : uid == 1000 ? "alice" : NULL;
}

static inline int stored_add_image(void *context, const struct process *process)
{
	struct stored *stored = context;
	struct stored_image *image = &stored->image[stored->images % STORED_MAX];

	if (stored->images++ < STORED_MAX) {
		image->process = *process;
		memcpy(image->comm, process->comm, strlen(process->comm) + 1);
		memcpy(image->argv, process->argv,
		       process->argv_size < 64 ? process->argv_size : 64);
		image->process.argv = image->process.comm = NULL;
		image->process.exe = image->process.cwd = NULL;
	}
	return stored->r;
}

static inline int stored_add_exit(void *context, int64_t id, int64_t exit_ns, uint32_t status)
{
	struct stored *stored = context;

	if (stored->exits < STORED_MAX)
		stored->exit[stored->exits] =
			(struct stored_exit){.id = id, .exit_ns = exit_ns, .status = status};
	stored->exits++;
	return stored->r;
}

static inline const struct container *stored_container(void *context, const struct wire_task *task)
{
	struct stored *stored = context;

	return container_ref(containers_find(stored->containers->containers, task));
}

static inline const struct container *stored_restored_container(void *context,
								const struct process *process)
{
	struct stored *stored = context;

	return containers_restore(stored->containers->containers, process);
}

static inline void processes_open(struct processes *processes)
{
	memset(processes, 0, sizeof(*processes));
	processes->clock.unix_minus_boot_ns = BOOT;
	processes->sink = (struct process_sink){
		.context = &processes->stored,
		.user_name = stored_user_name,
		.container = stored_container,
		.stored_container = stored_restored_container,
		.image = stored_add_image,
		.exit = stored_add_exit,
	};
	containers_open(&processes->containers);
	processes->stored.containers = &processes->containers;
	processes->table = process_table_new(&processes->clock, &processes->sink);
	assert_non_null(processes->table);
}

static inline void processes_close(struct processes *processes)
{
	process_table_free(processes->table);
	containers_free(processes->containers.containers);
}

/* A process of alice. */
static inline struct wire_task task_of_alice(uint32_t pid, uint64_t start_boot_ns)
{
	return (struct wire_task){
		.start_boot_ns = start_boot_ns,
		.cgroup_id = 77,
		.pid = pid,
		.uid = 1000,
		.gid = 1000,
		.loginuid = 1000,
		.session = 3,
		.mnt_ns = 11,
		.net_ns = 12,
		.comm = "sh",
	};
}

/* Child begins at boot_ns with the parent's credentials. */
static inline int fork_at(struct processes *processes, uint64_t boot_ns,
			  const struct wire_task *parent, uint32_t pid)
{
	struct wire_fork fork = {
		.header = {.type = WIRE_FORK, .size = sizeof(fork), .boot_ns = boot_ns},
		.task = *parent,
		.parent_pid = parent->pid,
		.parent_start_boot_ns = parent->start_boot_ns,
	};

	fork.task.pid = pid;
	fork.task.start_boot_ns = boot_ns;
	return process_table_fork(processes->table, &fork);
}

/* argv is one argument. */
static inline int exec_at(struct processes *processes, uint64_t boot_ns,
			  const struct wire_task *task, const char *argv)
{
	struct record *exec = &processes->exec;

	exec->exec = (struct wire_exec){
		.header = {.type = WIRE_EXEC, .size = sizeof(exec->exec), .boot_ns = boot_ns},
		.task = *task,
	};
	strcpy(exec->text.exe, "/usr/bin/program");
	strcpy(exec->text.cwd, "/home/alice");
	strcpy(exec->text.argv, argv);
	exec->text.argv_size = strlen(argv) + 1;
	return process_table_exec(processes->table, exec);
}

static inline int exit_at(struct processes *processes, uint64_t boot_ns,
			  const struct wire_task *task, uint32_t status)
{
	struct wire_exit exit = {
		.header = {.type = WIRE_EXIT, .size = sizeof(exit), .boot_ns = boot_ns},
		.pid = task->pid,
		.start_boot_ns = task->start_boot_ns,
		.status = status,
	};

	return process_table_exit(processes->table, &exit);
}

/* Seen by the iterator at boot_ns. parent may be NULL. */
static inline int seed_at(struct processes *processes, uint64_t boot_ns,
			  const struct wire_task *task, const struct wire_task *parent,
			  const char *argv)
{
	struct process_texts texts = {0};
	struct wire_seed seed = {
		.task = *task,
		.boot_ns = boot_ns,
		.parent_pid = parent ? parent->pid : 0,
		.parent_start_boot_ns = parent ? parent->start_boot_ns : 0,
	};
	int r;

	if (argv) {
		texts.argv = text_new(argv, strlen(argv) + 1);
		texts.exe = text_new("/bin/seeded", strlen("/bin/seeded"));
		texts.cwd = text_new("/", 1);
	}
	r = process_table_seed(processes->table, &seed, argv ? &texts : NULL);
	text_unref(texts.argv);
	text_unref(texts.exe);
	text_unref(texts.cwd);
	return r;
}

/* The running image of a task; there must be one. */
static inline struct image *running(struct processes *processes, const struct wire_task *task)
{
	struct image *image =
		process_table_lookup(processes->table, task->pid, task->start_boot_ns);

	assert_non_null(image);
	return image;
}

#endif
