/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every process that runs, by pid, and the lineage behind it: built from fork,
 * exec and exit records, so that ancestors that are gone keep their place.
 */
#ifndef PIDTREE_PROCESS_TABLE_H
#define PIDTREE_PROCESS_TABLE_H

#include "clock.h"
#include "decode.h"
#include "image.h"

struct process_table;

/*
 * Where images go as they come to be known; image and exit return 0 or -errno.
 * user_name gives the name of a uid, NULL if it has none; the string must
 * outlive the table. container gives the container that a process is in,
 * stored_container the one that an earlier recorder stored with it, both with a
 * reference (containers.h); NULL: none.
 */
struct process_sink {
	void *context;
	const char *(*user_name)(void *context, uint32_t uid);
	const struct container *(*container)(void *context, const struct wire_task *task);
	const struct container *(*stored_container)(void *context, const struct process *process);
	int (*image)(void *context, const struct process *process);
	int (*exit)(void *context, int64_t id, int64_t exit_ns, uint32_t status);
};

/* What is known of a process beyond the kernel's own record of it. */
struct process_texts {
	struct text *argv;
	struct text *exe;
	struct text *cwd;
};

/*
 * clock gives the ids; clock and sink stay the caller's and must outlive the
 * table. NULL when out of memory.
 */
struct process_table *process_table_new(struct clock *clock, const struct process_sink *sink);
void process_table_free(struct process_table *table);

/*
 * A process that ran before its fork could be seen. Those that started earlier
 * must come first, so parents before their children. texts may be NULL;
 * references are taken. Nothing happens when the process is known.
 */
int process_table_seed(struct process_table *table, const struct wire_seed *seed,
		       const struct process_texts *texts);

/*
 * An image that an earlier recorder stored, with its id; its strings are
 * copied, and the sink does not hear of it. Parents must come before their
 * children, images before those that replaced them.
 */
int process_table_restore(struct process_table *table, const struct process *process);

/* The restored image with this id, NULL if there is none. */
struct image *process_table_restored(struct process_table *table, int64_t id);

/*
 * No more images will be restored. Those of processes that had not exited when
 * they were stored, but do not run now, exited unseen if the kernel did not
 * record meanwhile: forget_absent drops them from among the running ones.
 */
void process_table_restore_end(struct process_table *table, bool forget_absent);

int process_table_fork(struct process_table *table, const struct wire_fork *fork);
int process_table_exec(struct process_table *table, const struct record *exec);
int process_table_exit(struct process_table *table, const struct wire_exit *exit);

/*
 * The image of the process that did something at boot_ns, also for a while
 * after it exited. A process that is not known becomes a stub; one whose
 * credentials or container have changed gets an image that says so. The table keeps the
 * reference. 0 or -errno.
 */
int process_table_find(struct process_table *table, const struct wire_task *task, uint64_t boot_ns,
		       struct image **ret);

/* The running process of this pid and start, NULL if it is not known. */
struct image *process_table_lookup(struct process_table *table, uint32_t pid,
				   uint64_t start_boot_ns);

/* Processes that run. */
size_t process_table_count(const struct process_table *table);

#endif
