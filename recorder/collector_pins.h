/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is pinned below the pin path: maps by their names, and the links of all
 * programs in one directory "links-HASH", where HASH is of the BPF objects
 * that they come from and their numbers. Its being there says that exactly these are recording.
 */
#ifndef PIDTREE_COLLECTOR_PINS_H
#define PIDTREE_COLLECTOR_PINS_H

#include <stddef.h>

#include "probes.h"

/* The directory of the links of these probes (ended by NULL). */
void pins_links_path(const char *pin_path, const struct probe *const *probes, char *ret_path,
		     size_t size);

/*
 * Open the programs whose links are in links_path. 0 and their descriptors,
 * count of them, in *ret_fds, which the caller closes and frees; or -errno.
 */
int pins_open_programs(const char *links_path, int **ret_fds, size_t *ret_count);

/* How many programs have their links in links_path. 0 or -errno. */
int pins_count_programs(const char *links_path, size_t *ret_count);

/* Unpin, and so detach, all links, whoever pinned them. 0 or -errno. */
int pins_remove_links(const char *pin_path);

/* Unpin all maps. */
void pins_remove_maps(const char *pin_path);

#endif
