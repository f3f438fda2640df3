/* SPDX-License-Identifier: Apache-2.0 */
#include "process_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "containers.h"
#include "timestamp.h"

/* Images before an exec that are kept to learn of their process' exit; others just stay open. */
#define REPLACED_KEPT 16

/*
 * Processes that have exited, kept for what the kernel does for them after
 * their exit record: it is then that it closes their sockets.
 */
#define EXITED_KEPT 1024

struct process_table {
	struct clock *clock;
	const struct process_sink *sink;
	struct image *by_pid; /* the newest image of every process that runs; each a reference */
	struct image *by_id;  /* restored images; each a reference, until restore_end */
	struct image *exited[EXITED_KEPT]; /* the newest image of each; references */
	size_t exited_count; /* in all; the newest is at this, less one, modulo its size */
	int64_t last_seed_id;
};

struct process_table *process_table_new(struct clock *clock, const struct process_sink *sink)
{
	struct process_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->clock = clock;
	table->sink = sink;
	return table;
}

/* Takes the table's reference to image away and gives it to the caller. */
static void table_remove(struct process_table *table, struct image *image)
{
	HASH_DELETE(by_pid, table->by_pid, image);
}

/* Gives the caller's reference to the table. */
static void table_add(struct process_table *table, struct image *image)
{
	HASH_ADD(by_pid, table->by_pid, process.pid, sizeof(image->process.pid), image);
}

void process_table_free(struct process_table *table)
{
	struct image *image, *next;

	if (!table)
		return;
	process_table_restore_end(table, false);
	HASH_ITER (by_pid, table->by_pid, image, next) {
		table_remove(table, image);
		image_unref(image);
	}
	for (size_t i = 0; i < EXITED_KEPT; i++)
		image_unref(table->exited[i]);
	free(table);
}

size_t process_table_count(const struct process_table *table)
{
	return HASH_CNT(by_pid, table->by_pid);
}

static struct image *table_find_pid(struct process_table *table, uint32_t pid)
{
	struct image *image;

	HASH_FIND(by_pid, table->by_pid, &pid, sizeof(pid), image);
	return image;
}

struct image *process_table_lookup(struct process_table *table, uint32_t pid,
				   uint64_t start_boot_ns)
{
	struct image *image = table_find_pid(table, pid);

	return image && image->process.start_boot_ns == (int64_t)start_boot_ns ? image : NULL;
}

/* Takes the caller's reference to the image of a process that does not run any more. */
static void table_keep_exited(struct process_table *table, struct image *image)
{
	struct image **slot = &table->exited[table->exited_count++ % EXITED_KEPT];

	image_unref(*slot);
	*slot = image;
}

static struct image *table_find_exited(struct process_table *table, uint32_t pid,
				       uint64_t start_boot_ns)
{
	for (size_t back = 1; back <= EXITED_KEPT && back <= table->exited_count; back++) {
		struct image *image = table->exited[(table->exited_count - back) % EXITED_KEPT];

		if (image->process.pid == pid &&
		    image->process.start_boot_ns == (int64_t)start_boot_ns)
			return image;
	}
	return NULL;
}

/* Exit of a process, and so of every image that it had. */
static int table_exit(struct process_table *table, struct image *image, int64_t exit_ns,
		      uint32_t status)
{
	int r = 0;

	table_remove(table, image);
	for (struct image *each = image; each && !r; each = each->replaced) {
		each->process.exit_ns = exit_ns;
		each->process.exit_status = status;
		r = table->sink->exit(table->sink->context, each->process.id, exit_ns, status);
	}
	table_keep_exited(table, image);
	return r;
}

/* An image of a task in its container; lineage and id are not yet set. NULL when out of memory. */
static struct image *table_image(struct process_table *table, const struct wire_task *task)
{
	struct image *image = image_new(task);

	if (image)
		image_set_container(image, table->sink->container(table->sink->context, task));
	return image;
}

static void table_name_users(struct process_table *table, struct image *image)
{
	const struct process_sink *sink = table->sink;
	struct process *process = &image->process;

	process->username = sink->user_name(sink->context, process->uid);
	if (process->loginuid != NO_ID)
		process->loginname = sink->user_name(sink->context, process->loginuid);
}

/*
 * Enter a new image, whose reference goes to the table also on failure. Of two
 * processes of the same pid the older one has lost its exit record.
 */
static int table_enter(struct process_table *table, struct image *image)
{
	struct image *stale = table_find_pid(table, image->process.pid);
	int r = 0;

	table_name_users(table, image);
	if (stale && stale->process.start_boot_ns > image->process.start_boot_ns) {
		table_keep_exited(table, image);
	} else {
		if (stale)
			r = table_exit(table, stale, image->process.start_ns, 0);
		table_add(table, image);
	}
	return r ? r : table->sink->image(table->sink->context, &image->process);
}

static void image_set_parent(struct image *image, struct image *parent)
{
	image->parent = image_ref(parent);
	image->process.parent_id = parent ? parent->process.id : 0;
}

/* The top of the lineage, or a process whose fork and start-up both escaped us. */
static int table_stub(struct process_table *table, const struct wire_task *task, uint32_t flags,
		      struct image **ret)
{
	struct image *image = table_image(table, task);

	if (!image)
		return -ENOMEM;
	if (task->flags & WIRE_TASK_BRIEF) {
		image->process.uid = image->process.gid = NO_ID;
		image->process.loginuid = image->process.session = NO_ID;
	}
	image->process.id = clock_unix_ns(table->clock, task->start_boot_ns);
	image->process.start_ns = image->process.id;
	image->process.flags |= flags;
	*ret = image;
	return table_enter(table, image);
}

/*
 * The image of the process with this pid and start, a stub that takes what
 * else is in task when there is none.
 */
static int table_get(struct process_table *table, const struct wire_task *task, struct image **ret)
{
	struct image *image = process_table_lookup(table, task->pid, task->start_boot_ns);

	if (!image)
		return table_stub(table, task, PROCESS_STUB, ret);
	*ret = image;
	return 0;
}

/* Let image, which takes old's place, know of its exit. Takes the caller's reference to old. */
static void image_keep_replaced(struct image *image, struct image *old)
{
	if (old->replaced_depth < REPLACED_KEPT) {
		image->replaced = old;
		image->replaced_depth = old->replaced_depth + 1;
	} else {
		image_unref(old);
	}
}

/* Enter an image that takes the place of old in the same process; lineage and start stay. */
static int table_replace(struct process_table *table, struct image *old, struct image *image,
			 int64_t id)
{
	image->process.id = id;
	image->process.start_ns = old->process.start_ns;
	image->process.replaced_id = old->process.id;
	image_set_parent(image, old->parent);
	table_name_users(table, image);
	table_remove(table, old);
	image_keep_replaced(image, old);
	table_add(table, image);
	return table->sink->image(table->sink->context, &image->process);
}

static bool credentials_differ(const struct process *process, const struct wire_task *task)
{
	return process->uid != task->uid || process->gid != task->gid ||
	       process->loginuid != task->loginuid || process->session != task->session;
}

/*
 * A change of credentials, or a move into a container, makes no record of its
 * own. Whatever shows it first makes an image of it, since who somebody was and
 * where is what people will ask.
 */
static int table_observe(struct process_table *table, struct image *image,
			 const struct wire_task *task, const struct container *container,
			 uint64_t boot_ns, struct image **ret)
{
	struct image *changed;
	uint32_t flags = 0;

	*ret = image;
	if (task->flags & WIRE_TASK_BRIEF)
		return 0;
	if (credentials_differ(&image->process, task))
		flags |= PROCESS_CREDENTIALS;
	if (container != image->process.container)
		flags |= PROCESS_MOVED;
	if (!flags)
		return 0;
	changed = image_new(task);
	if (!changed)
		return -ENOMEM;
	/* What shows it may be a child at its fork. */
	changed->process.pid = image->process.pid;
	changed->process.start_boot_ns = image->process.start_boot_ns;
	changed->process.flags = image->process.flags & ~(uint32_t)PROCESS_EXEC;
	changed->process.flags |= flags;
	image_set_texts(changed, image->argv, image->exe, image->cwd);
	image_set_container(changed, container_ref(container));
	*ret = changed;
	return table_replace(table, image, changed, clock_next_id(table->clock, boot_ns));
}

int process_table_find(struct process_table *table, const struct wire_task *task, uint64_t boot_ns,
		       struct image **ret)
{
	const struct container *container;
	struct image *image;
	int r;

	if (!process_table_lookup(table, task->pid, task->start_boot_ns)) {
		*ret = table_find_exited(table, task->pid, task->start_boot_ns);
		if (*ret)
			return 0;
	}
	r = table_get(table, task, &image);
	if (r)
		return r;
	container = table->sink->container(table->sink->context, task);
	r = table_observe(table, image, task, container, boot_ns, ret);
	container_unref(container);
	return r;
}

/* Find or make the parent of a process, as the child's record describes it. */
static int table_parent(struct process_table *table, const struct wire_task *child,
			uint32_t parent_pid, uint64_t parent_start_boot_ns, struct image **ret)
{
	struct wire_task parent = *child;

	*ret = NULL;
	if (!parent_pid) /* forked by the idle task: init and kthreadd */
		return 0;
	/* A child begins as a copy of its parent, names and credentials included. */
	parent.pid = parent_pid;
	parent.start_boot_ns = parent_start_boot_ns;
	return table_get(table, &parent, ret);
}

int process_table_fork(struct process_table *table, const struct wire_fork *fork)
{
	struct image *image, *parent;
	int r;

	if (process_table_lookup(table, fork->task.pid, fork->task.start_boot_ns))
		return 0; /* seeded while its fork was on the way */
	r = table_parent(table, &fork->task, fork->parent_pid, fork->parent_start_boot_ns, &parent);
	if (!r && parent)
		r = table_observe(table, parent, &fork->task, parent->process.container,
				  fork->header.boot_ns, &parent);
	if (r)
		return r;
	image = table_image(table, &fork->task);
	if (!image)
		return -ENOMEM;
	image->process.id = clock_next_id(table->clock, fork->header.boot_ns);
	image->process.start_ns = clock_unix_ns(table->clock, fork->task.start_boot_ns);
	image_set_parent(image, parent);
	if (parent) {
		image_set_texts(image, parent->argv, parent->exe, parent->cwd);
		image->process.flags |=
			parent->process.flags &
			(PROCESS_ARGV_CUT | PROCESS_ARGV_LOST | PROCESS_EXE_CUT | PROCESS_CWD_CUT);
	}
	return table_enter(table, image);
}

static uint32_t exec_flags(uint32_t wire_flags)
{
	uint32_t flags = PROCESS_EXEC;

	if (wire_flags & WIRE_EXEC_EXE_CUT)
		flags |= PROCESS_EXE_CUT;
	if (wire_flags & WIRE_EXEC_CWD_CUT)
		flags |= PROCESS_CWD_CUT;
	if (wire_flags & WIRE_EXEC_ARGV_CUT)
		flags |= PROCESS_ARGV_CUT;
	if (wire_flags & WIRE_EXEC_ARGV_UNREADABLE)
		flags |= PROCESS_ARGV_LOST;
	return flags;
}

static int image_set_exec(struct image *image, const struct record *exec)
{
	const struct exec_text *text = &exec->text;
	struct text *argv = text_new(text->argv, text->argv_size);
	struct text *exe = text_new(text->exe, strlen(text->exe));
	struct text *cwd = text_new(text->cwd, strlen(text->cwd));
	int r = argv && exe && cwd ? 0 : -ENOMEM;

	if (!r) {
		image_set_texts(image, argv, exe, cwd);
		image->process.flags |= exec_flags(exec->exec.flags);
	}
	text_unref(argv);
	text_unref(exe);
	text_unref(cwd);
	return r;
}

int process_table_exec(struct process_table *table, const struct record *exec)
{
	struct image *image, *old;
	int r = table_get(table, &exec->exec.task, &old);

	if (r)
		return r;
	/*
	 * Seen by the iterator after this exec: the image is this one already,
	 * unless the process was gone before /proc could tell what it is.
	 */
	if (old->seen_boot_ns >= (int64_t)exec->header.boot_ns && old->exe)
		return 0;
	image = table_image(table, &exec->exec.task);
	if (!image)
		return -ENOMEM;
	r = image_set_exec(image, exec);
	if (r) {
		image_unref(image);
		return r;
	}
	return table_replace(table, old, image, clock_next_id(table->clock, exec->header.boot_ns));
}

int process_table_exit(struct process_table *table, const struct wire_exit *exit)
{
	struct image *image = process_table_lookup(table, exit->pid, exit->start_boot_ns);

	/* Its second exit record, or it was gone before the iterator came by. */
	if (!image)
		return 0;
	return table_exit(table, image, clock_unix_ns(table->clock, exit->header.boot_ns),
			  exit->status);
}

/* Processes of early boot share their start: the clock only ticks then. */
static int64_t table_seed_id(struct process_table *table, uint64_t start_boot_ns)
{
	int64_t id = clock_unix_ns(table->clock, start_boot_ns);

	if (id <= table->last_seed_id && id > table->last_seed_id - NSEC_PER_SEC / 1000)
		id = table->last_seed_id + 1;
	table->last_seed_id = id;
	return id;
}

int process_table_seed(struct process_table *table, const struct wire_seed *seed,
		       const struct process_texts *texts)
{
	struct image *image, *parent;

	image = process_table_lookup(table, seed->task.pid, seed->task.start_boot_ns);
	if (image) {
		image->seen_boot_ns = seed->boot_ns;
		return 0;
	}
	parent = process_table_lookup(table, seed->parent_pid, seed->parent_start_boot_ns);
	image = table_image(table, &seed->task);
	if (!image)
		return -ENOMEM;
	image->process.id = table_seed_id(table, seed->task.start_boot_ns);
	image->process.start_ns = clock_unix_ns(table->clock, seed->task.start_boot_ns);
	image->process.flags |= PROCESS_SEEDED;
	image->seen_boot_ns = seed->boot_ns;
	image_set_parent(image, parent);
	if (texts)
		image_set_texts(image, texts->argv, texts->exe, texts->cwd);
	return table_enter(table, image);
}

struct image *process_table_restored(struct process_table *table, int64_t id)
{
	struct image *image;

	HASH_FIND(by_id, table->by_id, &id, sizeof(id), image);
	return image;
}

static struct wire_task task_of(const struct process *process)
{
	struct wire_task task = {
		.start_boot_ns = (uint64_t)process->start_boot_ns,
		.cgroup_id = process->cgroup_id,
		.pid = process->pid,
		.uid = process->uid,
		.gid = process->gid,
		.loginuid = process->loginuid,
		.session = process->session,
		.mnt_ns = process->mnt_ns,
		.net_ns = process->net_ns,
	};

	strncpy(task.comm, process->comm, sizeof(task.comm) - 1);
	return task;
}

static int image_set_restored(struct image *image, const struct process *process)
{
	struct text *argv = text_new(process->argv, process->argv_size);
	struct text *exe = text_new(process->exe, strlen(process->exe));
	struct text *cwd = text_new(process->cwd, strlen(process->cwd));
	int r = argv && exe && cwd ? 0 : -ENOMEM;

	if (!r)
		image_set_texts(image, argv, exe, cwd);
	text_unref(argv);
	text_unref(exe);
	text_unref(cwd);
	image->process.id = process->id;
	image->process.start_ns = process->start_ns;
	image->process.exit_ns = process->exit_ns;
	image->process.exit_status = process->exit_status;
	image->process.replaced_id = process->replaced_id;
	image->process.flags = process->flags;
	return r;
}

/* Put a restored image where its process has its newest one. */
static void table_add_restored(struct process_table *table, struct image *image)
{
	struct image *older = table_find_pid(table, image->process.pid);

	if (older) {
		table_remove(table, older);
		if (older->process.id == image->process.replaced_id)
			image_keep_replaced(image, older);
		else
			image_unref(older);
	}
	table_add(table, image_ref(image));
}

int process_table_restore(struct process_table *table, const struct process *process)
{
	struct wire_task task = task_of(process);
	struct image *image = image_new(&task);
	int r;

	if (!image)
		return -ENOMEM;
	r = image_set_restored(image, process);
	if (r) {
		image_unref(image);
		return r;
	}
	image_set_container(image, table->sink->stored_container(table->sink->context, process));
	image_set_parent(image, process_table_restored(table, process->parent_id));
	image->process.parent_id = process->parent_id;
	table_name_users(table, image);
	HASH_ADD(by_id, table->by_id, process.id, sizeof(image->process.id), image);
	if (!process->exit_ns)
		table_add_restored(table, image);
	return 0;
}

void process_table_restore_end(struct process_table *table, bool forget_absent)
{
	struct image *image, *next;

	HASH_ITER (by_id, table->by_id, image, next) {
		HASH_DELETE(by_id, table->by_id, image);
		image_unref(image);
	}
	if (!forget_absent)
		return;
	HASH_ITER (by_pid, table->by_pid, image, next) {
		if (image->seen_boot_ns)
			continue;
		table_remove(table, image);
		image_unref(image);
	}
}
