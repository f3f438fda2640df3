/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file in memory, every node with its position in the file.
 *
 * What is returned is safe to walk: aliases are resolved, nothing refers to
 * itself, nesting is at most DOCUMENT_DEPTH, and a file which aliases would
 * blow up to more than DOCUMENT_NODES nodes has been refused. All nodes have
 * standard tags.
 */
#ifndef PIDTREE_DOCUMENT_H
#define PIDTREE_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#define DOCUMENT_BYTES (16 * 1024 * 1024)
#define DOCUMENT_DEPTH 32
#define DOCUMENT_NODES 1000000

struct document;

/*
 * Read and parse the file at path. 0, or -errno (-EINVAL: what is in it) with
 * *ret untouched and *ret_error one line for the caller to free, NULL when out
 * of memory. document_free() takes NULL too.
 */
int document_load(const char *path, struct document **ret, char **ret_error);
void document_free(struct document *document);

/* The root node, NULL if the file is empty. Nodes belong to the document. */
const yaml_node_t *document_root(const struct document *document);

/* The node that a mapping's pair or a sequence's item refers to. */
const yaml_node_t *document_node(const struct document *document, int index);

/* Whether the node is an unquoted null: nothing, ~, null. */
bool document_is_null(const yaml_node_t *node);

/* The text of a scalar, NULL if the node is none or has a NUL byte in it. */
const char *document_text(const yaml_node_t *node);

/*
 * Set *ret_error to "FILE:LINE:COLUMN: …", at the node (NULL: at the file's
 * beginning). Returns -EINVAL, or -ENOMEM with *ret_error NULL.
 */
int document_error(const struct document *document, const yaml_node_t *node, char **ret_error,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
