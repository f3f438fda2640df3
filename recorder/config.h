/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: which probes are on, from a YAML file with a section for
 * each. A section is on by being there; a key that begins with "_" is left to
 * the file's author, for anchors.
 */
#ifndef PIDTREE_CONFIG_H
#define PIDTREE_CONFIG_H

#include <stdbool.h>

#include "model.h"

/* A probe's section. */
struct probe_config {
	bool is_on;
};

struct config;

/*
 * Read the configuration from the file at path. 0, or -errno (-EINVAL: what is
 * in it) with *ret untouched and *ret_error one line for a person, in the form
 * "FILE:LINE:COLUMN: what was wrong, what was expected", for the caller to
 * free; NULL when out of memory. config_free() takes NULL too.
 */
int config_load(const char *path, struct config **ret, char **ret_error);
void config_free(struct config *config);

/* The section of a probe, NULL if the probe is off. It belongs to config. */
const struct probe_config *config_probe(const struct config *config, enum probe_id id);

#endif
