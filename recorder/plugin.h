/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins: shared objects that add attributes to events before they are
 * stored. pidtree_plugin.h is what they are built against.
 */
#ifndef PIDTREE_PLUGIN_HOST_H
#define PIDTREE_PLUGIN_HOST_H

#include "config.h"
#include "image.h"
#include "model.h"

/* The plugins of all probes. */
struct plugins;

/*
 * directory is where the plugins that come with the recorder are, NULL for
 * where they are installed or, before that, built; extra_directory, NULL for
 * none, is where others are looked for, which load only if nobody but root may
 * write there. The paths stay the caller's. NULL when out of memory.
 */
struct plugins *plugins_new(const char *directory, const char *extra_directory);

/* Ends all plugins. Takes NULL. */
void plugins_free(struct plugins *plugins);

/*
 * Load and begin what a probe's section wants, in its order; nothing of it is
 * needed later. A plugin that may be unloaded on an error costs only a
 * warning. 0, or -errno and *ret_message a line for the caller to free (NULL:
 * out of memory); then the plugins before it stay.
 */
int plugins_add(struct plugins *plugins, const struct probe_config *probe, char **ret_message);

/* Whether there is any plugin for a probe. */
bool plugins_wanted(const struct plugins *plugins, const char *probe);

/*
 * Show an event to the plugins of its probe. *ret_attributes is its attributes
 * together with what they added, valid until the next call; NULL for nothing.
 * 0 or -ENOMEM: that a plugin fails is logged, and the event goes on without
 * what it had to add.
 */
int plugins_run(struct plugins *plugins, const char *probe, const struct event *event,
		const struct image *image, const char **ret_attributes);

#endif
