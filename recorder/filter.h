/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs in the kernel leave out, as the configuration says it. A
 * change goes into the bank of maps that is not in use and then counts at
 * once, so that there is no moment without filters.
 */
#ifndef PIDTREE_FILTER_H
#define PIDTREE_FILTER_H

#include "config.h"

struct filter;

/*
 * Open the filter maps of the probe of this name, pinned at pin_path. 0 and a
 * filter that the caller frees; -ENOENT when the probe has none.
 */
int filter_open(const char *pin_path, const char *probe, struct filter **ret);
void filter_free(struct filter *filter);

/* Let config count from now on, with the containers that are allowed already. 0 or -errno. */
int filter_apply(struct filter *filter, const struct probe_config *config);

/*
 * Under container_labels: record the processes of this mount namespace (its
 * inode number), or do so no more. 0 or -errno.
 */
int filter_set_container(struct filter *filter, uint32_t mnt_ns, bool is_on);

#endif
