/* SPDX-License-Identifier: Apache-2.0 */
/* Lineages: process images and their ancestors, from whichever segments they lie in. */
#ifndef PIDTREE_LINEAGE_H
#define PIDTREE_LINEAGE_H

#include "record.h"
#include "model.h"

/* A cache of process images. */
struct lineages;

/* An empty cache over a record, which must outlive it; NULL when out of memory. */
struct lineages *lineages_new(struct record *record);
void lineages_free(struct lineages *lineages);

/* The cleanup function of a variable. */
void lineages_cleanup(struct lineages **lineages);

/* The process images from leaf to root. */
struct lineage {
	const struct process **processes;
	size_t depth;
};

/*
 * Fetch the lineage of a process image that an event of the segment refers to.
 * An image that no segment has ends it: depth 0 when it is the leaf. Whether
 * an image has exited is looked up in later segments too.
 *
 * 0 and a lineage that belongs to the cache and holds until the next call; or
 * -errno with record_message() set.
 */
int lineage_fetch(struct lineages *lineages, size_t segment, int64_t process_id,
		  struct lineage *ret);

#endif
