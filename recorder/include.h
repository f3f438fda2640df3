/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file as values, with everything that it includes put in its place
 * (!include FILE, relative to the file that says so, and !include URL), and
 * merge keys (<<) resolved as PyYAML does.
 */
#ifndef PIDTREE_INCLUDE_H
#define PIDTREE_INCLUDE_H

#include "value.h"

#define INCLUDE_DEPTH 32 /* files that include each other */

struct remote;

/* How to include; see struct config_source. */
struct include_source {
	const char *path;
	struct remote *remote;
	void (*warn)(void *context, const struct place *place, const char *message);
	void *context;
};

/*
 * Read the file at source->path into tree. 0 with *ret_root, NULL if the file
 * is empty, and *ret_files: the paths of the file and what it includes, ended
 * by NULL, in one allocation for the caller to free; their texts belong to the
 * tree. Or -errno with *ret_error as document_load() sets it.
 */
int include_load(const struct include_source *source, struct tree *tree,
		 const struct value **ret_root, const char ***ret_files, char **ret_error);

#endif
