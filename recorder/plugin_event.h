/* SPDX-License-Identifier: Apache-2.0 */
/* An event as plugins see it, and the attributes that they add to it. */
#ifndef PIDTREE_PLUGIN_EVENT_H
#define PIDTREE_PLUGIN_EVENT_H

#include "image.h"
#include "model.h"
#include "pidtree_plugin.h"

/* One that is used for event after event. NULL when out of memory; free takes NULL. */
struct pidtree_event *plugin_event_new(void);
void plugin_event_free(struct pidtree_event *event);

/* Begin to show an event and the tree of its process. All arguments must last until the end. */
void plugin_event_begin(struct pidtree_event *event, const struct event *shown, const char *probe,
			const struct image *image);

/*
 * Be done with it. *ret_attributes is what it had and what was added, as struct
 * event has it, for the caller to free; NULL for nothing. 0 or -ENOMEM.
 */
int plugin_event_end(struct pidtree_event *event, char **ret_attributes);

/* For struct pidtree_api, which see. */
const char *plugin_event_probe(const struct pidtree_event *event);
int64_t plugin_event_unix_ns(const struct pidtree_event *event);
uint8_t plugin_event_protocol(const struct pidtree_event *event);
const char *plugin_event_saddr(const struct pidtree_event *event);
const char *plugin_event_daddr(const struct pidtree_event *event);
uint16_t plugin_event_sport(const struct pidtree_event *event);
uint16_t plugin_event_dport(const struct pidtree_event *event);
size_t plugin_tree_depth(const struct pidtree_event *event);
uint32_t plugin_tree_pid(const struct pidtree_event *event, size_t entry);
uint32_t plugin_tree_uid(const struct pidtree_event *event, size_t entry);
uint32_t plugin_tree_loginuid(const struct pidtree_event *event, size_t entry);
const char *plugin_tree_username(const struct pidtree_event *event, size_t entry);
const char *plugin_tree_loginname(const struct pidtree_event *event, size_t entry);
const char *plugin_tree_comm(const struct pidtree_event *event, size_t entry);
const char *plugin_tree_exe(const struct pidtree_event *event, size_t entry);
const char *plugin_tree_cmdline(const struct pidtree_event *event, size_t entry);
int plugin_add_text(struct pidtree_event *event, size_t entry, const char *key, const char *value);
int plugin_add_integer(struct pidtree_event *event, size_t entry, const char *key, int64_t value);
int plugin_add_bool(struct pidtree_event *event, size_t entry, const char *key, bool value);

#endif
