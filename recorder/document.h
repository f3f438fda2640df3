/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file in memory, every node with its position in the file.
 *
 * What is returned is safe to walk: aliases are resolved, nothing refers to
 * itself, nesting is at most DOCUMENT_DEPTH, and a file which aliases would
 * blow up to more than DOCUMENT_NODES nodes has been refused. All nodes have
 * standard tags, but for scalars with the tag !include.
 */
#ifndef PIDTREE_DOCUMENT_H
#define PIDTREE_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "place.h"

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

/* The same for size bytes of text that came from elsewhere; name is what errors begin with. */
int document_parse(const char *name, const char *text, size_t size, struct document **ret,
		   char **ret_error);

/* The root node, NULL if the file is empty. Nodes belong to the document. */
const yaml_node_t *document_root(const struct document *document);

/* The node that a mapping's pair or a sequence's item refers to. */
const yaml_node_t *document_node(const struct document *document, int index);

/* How many nodes there are; their indices count from 1, and the root is 1. */
size_t document_node_count(const struct document *document);

/* Whether the node is a scalar with the tag !include. */
bool document_is_include(const yaml_node_t *node);

/* The text of a scalar, NULL if the node is none or has a NUL byte in it. */
const char *document_text(const yaml_node_t *node);

/* Where the node is (NULL: the file's beginning). place.file belongs to the document. */
struct place document_place(const struct document *document, const yaml_node_t *node);

/*
 * Set *ret_error to "FILE:LINE:COLUMN: …", at the node (NULL: at the file's
 * beginning). Returns -EINVAL, or -ENOMEM with *ret_error NULL.
 */
int document_error(const struct document *document, const yaml_node_t *node, char **ret_error,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
