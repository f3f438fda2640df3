/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process image in memory: the record that is stored of it, and its place in
 * the lineage. It lives as long as its process, a descendant or a session
 * refers to it.
 */
#ifndef PIDTREE_IMAGE_H
#define PIDTREE_IMAGE_H

#include <uthash.h>

#include "model.h"
#include "text.h"
#include "wire.h"

/* The deepest tree that is written; an attacker may make them as deep as pids last. */
#define TREE_DEPTH 4096

struct image {
	struct process process; /* its strings point to those below; a reference to its container */
	struct image *parent;	/* a reference; NULL at the top */
	struct image *replaced; /* a reference; NULL when the process had no image before */
	struct text *argv;
	struct text *exe;
	struct text *cwd;
	unsigned references;
	unsigned replaced_depth; /* images of this process before this one that are kept */
	int64_t seen_boot_ns;	 /* seeded: when the kernel was asked about it */
	char comm[WIRE_COMM_SIZE + 1];
	UT_hash_handle by_pid; /* process_table's */
	UT_hash_handle by_id;  /* process_table's, while it is restored */
};

/* An image with one reference, id and lineage not yet set. NULL when out of memory. */
struct image *image_new(const struct wire_task *task);

struct image *image_ref(struct image *image);

/* One reference less; the last one frees the image and lets go of its ancestors. Takes NULL. */
void image_unref(struct image *image);

/* Set the texts; each may be shared, a reference is taken. */
void image_set_texts(struct image *image, struct text *argv, struct text *exe, struct text *cwd);

/* Set the container, or NULL, with a reference that the image takes over. */
void image_set_container(struct image *image, const struct container *container);

/*
 * Write image and its ancestors, leaf first, to tree. Returns how many there
 * are, at most size.
 */
size_t image_tree(const struct image *image, const struct process **tree, size_t size);

#endif
