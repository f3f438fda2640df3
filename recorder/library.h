/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared objects that extend the recorder. Each, NAME.so, has one symbol: a
 * descriptor that begins with the version of its ABI, its own size and its
 * name. Within a version descriptors only grow at the end.
 */
#ifndef PIDTREE_LIBRARY_H
#define PIDTREE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What every descriptor begins with. */
struct library_descriptor {
	uint32_t abi;
	uint32_t size;
	const char *name;
};

/* A kind of descriptor, as this recorder knows it. */
struct library_kind {
	const char *symbol;
	uint32_t abi;
	size_t size;
	size_t least_size; /* of the first descriptors with this ABI version */
};

/*
 * Load NAME.so from directory and copy its descriptor to ret_descriptor, which
 * has kind->size bytes: what an older one lacks is zero, what a newer one has
 * besides is left out. *ret_handle is for library_unload.
 *
 * With must_be_roots, only if nobody but root can change what is loaded: the
 * file and the directory belong to root and neither group nor others may write
 * to them, and nobody else can put another directory in its place.
 *
 * 0, or -errno and *ret_message a line for the caller to free. -ENOENT, without
 * a message: there is no such file.
 */
int library_load(const char *directory, const char *name, bool must_be_roots,
		 const struct library_kind *kind, void *ret_descriptor, void **ret_handle,
		 char **ret_message);

/* Takes NULL. */
void library_unload(void *handle);

#endif
