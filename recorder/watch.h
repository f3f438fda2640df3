/* SPDX-License-Identifier: Apache-2.0 */
/* Files that tell when they were changed, also by being replaced. */
#ifndef PIDTREE_WATCH_H
#define PIDTREE_WATCH_H

#include <stdbool.h>

struct watch;

/* Watch these files (ended by NULL), which need not be there. 0 or -errno. */
int watch_open(const char *const *files, struct watch **ret);
void watch_free(struct watch *watch);

/* A descriptor that is readable when something happened beside the files. It belongs to watch. */
int watch_fd(const struct watch *watch);

/* Read what happened. True when one of the files was written or replaced. */
bool watch_read(struct watch *watch);

#endif
