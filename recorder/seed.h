/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that ran before the programs were attached: from an iterator, /proc for the rest.
 */
#ifndef PIDTREE_SEED_H
#define PIDTREE_SEED_H

#include "collector.h"
#include "process_table.h"

/*
 * Enter every process that runs now into the table. The programs must be
 * attached, so that what happens meanwhile is in the ring. 0 or -errno.
 */
int seed_processes(struct collector *collector, struct process_table *table);

#endif
