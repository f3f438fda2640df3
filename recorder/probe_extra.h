/* SPDX-License-Identifier: Apache-2.0 */
/* Probes from elsewhere: shared objects that carry a BPF object. pidtree_probe.h is their side. */
#ifndef PIDTREE_PROBE_EXTRA_H
#define PIDTREE_PROBE_EXTRA_H

#include "probes.h"

struct extra_probes;

/*
 * Note which probes there are in a directory, by the names of its files
 * NAME.so; none is loaded yet. directory stays the caller's. 0, or -errno and
 * *ret_message a line for the caller to free (NULL: out of memory).
 */
int extra_probes_find(const char *directory, struct extra_probes **ret, char **ret_message);

/* Unloads them all. Takes NULL. */
void extra_probes_free(struct extra_probes *probes);

/* Their names, sorted, ended by NULL; for NULL an empty list. They belong to probes. */
const char *const *extra_probes_names(const struct extra_probes *probes);

/*
 * Load the probe of this name, which only root may have written. *ret belongs
 * to probes; its id is set by extra_probes_number. 0, or -errno and *ret_message as above.
 */
int extra_probes_load(struct extra_probes *probes, const char *name, const struct probe **ret,
		      char **ret_message);

/*
 * Give each probe that was loaded the number that id_of says, asked for the
 * next from least_id up. 0, what id_of fails with, or -E2BIG, and *ret_message
 * as above.
 */
int extra_probes_number(struct extra_probes *probes,
			int (*id_of)(void *context, const char *name, uint32_t least_id,
				     uint32_t *ret_id),
			void *context, char **ret_message);

/*
 * Tell an object that was opened and not yet loaded the number to put in its
 * records: its "const volatile __u16 probe_id". 0, -ENOENT when it has
 * none, or another -errno.
 */
int probe_object_set_id(struct bpf_object *object, uint16_t id);

#endif
