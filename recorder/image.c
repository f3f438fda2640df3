/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "containers.h"

struct image *image_new(const struct wire_task *task)
{
	struct image *image = calloc(1, sizeof(*image));

	if (!image)
		return NULL;
	image->references = 1;
	memcpy(image->comm, task->comm, WIRE_COMM_SIZE);
	image->process = (struct process){
		.start_boot_ns = task->start_boot_ns,
		.pid = task->pid,
		.uid = task->uid,
		.gid = task->gid,
		.loginuid = task->loginuid,
		.session = task->session,
		.mnt_ns = task->mnt_ns,
		.net_ns = task->net_ns,
		.cgroup_id = task->cgroup_id,
		.flags = task->flags & WIRE_TASK_KTHREAD ? PROCESS_KTHREAD : 0,
		.comm = image->comm,
	};
	image_set_texts(image, NULL, NULL, NULL);
	return image;
}

struct image *image_ref(struct image *image)
{
	if (image)
		image->references++;
	return image;
}

void image_unref(struct image *image)
{
	/* A loop and not a recursion: a lineage may be as deep as an attacker likes. */
	while (image && --image->references == 0) {
		struct image *parent = image->parent;
		struct image *replaced = image->replaced;

		text_unref(image->argv);
		text_unref(image->exe);
		text_unref(image->cwd);
		container_unref(image->process.container);
		free(image);
		image_unref(replaced);
		image = parent;
	}
}

static const char *text_bytes(const struct text *text)
{
	return text ? text->bytes : "";
}

void image_set_texts(struct image *image, struct text *argv, struct text *exe, struct text *cwd)
{
	text_ref(argv);
	text_ref(exe);
	text_ref(cwd);
	text_unref(image->argv);
	text_unref(image->exe);
	text_unref(image->cwd);
	image->argv = argv;
	image->exe = exe;
	image->cwd = cwd;
	image->process.argv = text_bytes(argv);
	image->process.argv_size = argv ? argv->size : 0;
	image->process.exe = text_bytes(exe);
	image->process.cwd = text_bytes(cwd);
}

void image_set_container(struct image *image, const struct container *container)
{
	container_unref(image->process.container);
	image->process.container = container;
}

size_t image_tree(const struct image *image, const struct process **tree, size_t size)
{
	size_t depth = 0;

	for (; image && depth < size; image = image->parent)
		tree[depth++] = &image->process;
	return depth;
}
