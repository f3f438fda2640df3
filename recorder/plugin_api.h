/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that plugins are handed. */
#ifndef PIDTREE_PLUGIN_API_H
#define PIDTREE_PLUGIN_API_H

#include "pidtree_plugin.h"

extern const struct pidtree_api plugin_api;

/* Whom this thread's plugin_api.log speaks for from now on; NULL: nobody known. */
void plugin_api_speaker(const char *name);

#endif
