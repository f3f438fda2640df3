// SPDX-License-Identifier: Apache-2.0
#include "plugin_event.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cmdline.h"
#include "json.h"
#include "utf8.h"

#define DIGITS_SIZE 12

/* Beyond it a double, which is what JSON readers make of a number, has gaps. */
#define INTEGER_MAX (INT64_C(1) << 53)

/* A process of the tree; all but process is made when it is asked for. */
struct entry {
	const struct process *process;
	cJSON *attributes;
	char *cmdline;
	char uid_digits[DIGITS_SIZE];
	char loginuid_digits[DIGITS_SIZE];
};

struct pidtree_event {
	const struct event *shown;
	const char *probe;
	char saddr[ADDRESS_TEXT_SIZE];
	char daddr[ADDRESS_TEXT_SIZE];
	cJSON *attributes; /* of the top level */
	size_t depth;
	struct entry *entries; /* depth of them in use */
	const struct process **tree;
};

struct pidtree_event *plugin_event_new(void)
{
	struct pidtree_event *event = calloc(1, sizeof(*event));

	if (!event)
		return NULL;
	event->entries = calloc(TREE_DEPTH, sizeof(*event->entries));
	event->tree = calloc(TREE_DEPTH, sizeof(*event->tree));
	if (!event->entries || !event->tree) {
		plugin_event_free(event);
		return NULL;
	}
	return event;
}

static void release(struct pidtree_event *event)
{
	cJSON_Delete(event->attributes);
	event->attributes = NULL;
	for (size_t i = 0; i < event->depth; i++) {
		cJSON_Delete(event->entries[i].attributes);
		free(event->entries[i].cmdline);
	}
	event->depth = 0;
}

void plugin_event_free(struct pidtree_event *event)
{
	if (!event)
		return;
	release(event);
	free(event->entries);
	free(event->tree);
	free(event);
}

void plugin_event_begin(struct pidtree_event *event, const struct event *shown, const char *probe,
			const struct image *image)
{
	event->shown = shown;
	event->probe = probe;
	event->attributes = shown->attributes ? cJSON_Parse(shown->attributes) : NULL;
	address_format(&shown->saddr, event->saddr);
	address_format(&shown->daddr, event->daddr);
	event->depth = image_tree(image, event->tree, TREE_DEPTH);
	for (size_t i = 0; i < event->depth; i++)
		event->entries[i] = (struct entry){.process = event->tree[i]};
}

/* Move the attributes of the tree's entries to where json_event looks for them. */
static int gather_tree(struct pidtree_event *event)
{
	cJSON *tree = NULL;
	char id[JSON_ID_SIZE];

	for (size_t i = 0; i < event->depth; i++) {
		struct entry *entry = &event->entries[i];

		if (!entry->attributes)
			continue;
		if (!event->attributes)
			event->attributes = cJSON_CreateObject();
		if (!tree && event->attributes)
			tree = cJSON_AddObjectToObject(event->attributes, JSON_TREE);
		if (!tree || !cJSON_AddItemToObject(tree, json_id(entry->process->id, id),
						    entry->attributes))
			return -ENOMEM;
		entry->attributes = NULL;
	}
	return 0;
}

int plugin_event_end(struct pidtree_event *event, char **ret_attributes)
{
	char *text = NULL;
	int r = gather_tree(event);

	if (!r && event->attributes) {
		text = cJSON_PrintUnformatted(event->attributes);
		r = text ? 0 : -ENOMEM;
	}
	release(event);
	if (!r)
		*ret_attributes = text;
	return r;
}

const char *plugin_event_probe(const struct pidtree_event *event)
{
	return event->probe;
}

int64_t plugin_event_unix_ns(const struct pidtree_event *event)
{
	return event->shown->id;
}

uint8_t plugin_event_protocol(const struct pidtree_event *event)
{
	return event->shown->protocol;
}

const char *plugin_event_saddr(const struct pidtree_event *event)
{
	return event->saddr;
}

const char *plugin_event_daddr(const struct pidtree_event *event)
{
	return event->daddr;
}

uint16_t plugin_event_sport(const struct pidtree_event *event)
{
	return event->shown->sport;
}

uint16_t plugin_event_dport(const struct pidtree_event *event)
{
	return event->shown->dport;
}

size_t plugin_tree_depth(const struct pidtree_event *event)
{
	return event->depth;
}

static struct entry *find(const struct pidtree_event *event, size_t entry)
{
	return entry < event->depth ? &event->entries[entry] : NULL;
}

uint32_t plugin_tree_pid(const struct pidtree_event *event, size_t entry)
{
	return entry < event->depth ? event->entries[entry].process->pid : 0;
}

uint32_t plugin_tree_uid(const struct pidtree_event *event, size_t entry)
{
	return entry < event->depth ? event->entries[entry].process->uid : 0;
}

uint32_t plugin_tree_loginuid(const struct pidtree_event *event, size_t entry)
{
	return entry < event->depth ? event->entries[entry].process->loginuid : NO_ID;
}

static const char *digits_of(uint32_t uid, char digits[DIGITS_SIZE])
{
	snprintf(digits, DIGITS_SIZE, "%u", uid);
	return digits;
}

const char *plugin_tree_username(const struct pidtree_event *event, size_t entry)
{
	struct entry *found = find(event, entry);

	if (!found)
		return "";
	return found->process->username ? found->process->username
					: digits_of(found->process->uid, found->uid_digits);
}

const char *plugin_tree_loginname(const struct pidtree_event *event, size_t entry)
{
	struct entry *found = find(event, entry);

	if (!found || found->process->loginuid == NO_ID)
		return "";
	return found->process->loginname
		       ? found->process->loginname
		       : digits_of(found->process->loginuid, found->loginuid_digits);
}

const char *plugin_tree_comm(const struct pidtree_event *event, size_t entry)
{
	return entry < event->depth ? event->entries[entry].process->comm : "";
}

const char *plugin_tree_exe(const struct pidtree_event *event, size_t entry)
{
	return entry < event->depth ? event->entries[entry].process->exe : "";
}

const char *plugin_tree_cmdline(const struct pidtree_event *event, size_t entry)
{
	struct entry *found = find(event, entry);

	if (found && !found->cmdline)
		found->cmdline = process_cmdline(found->process);
	return found && found->cmdline ? found->cmdline : "";
}

/* The object that attributes of an entry, or of the top level, go to. 0 or -errno. */
static int object_of(struct pidtree_event *event, size_t entry, cJSON **ret)
{
	cJSON **object = &event->attributes;

	if (entry != PIDTREE_TOP_LEVEL) {
		if (entry >= event->depth)
			return -EINVAL;
		object = &event->entries[entry].attributes;
	}
	if (!*object)
		*object = cJSON_CreateObject();
	*ret = *object;
	return *object ? 0 : -ENOMEM;
}

/* Takes the value over, which is NULL when out of memory. */
static int add(struct pidtree_event *event, size_t entry, const char *key, cJSON *value)
{
	_cleanup_free_ char *clean = utf8_clean(key, strlen(key));
	cJSON *object;
	int r;

	if (!clean || !value)
		r = -ENOMEM;
	else if (!*key || (entry == PIDTREE_TOP_LEVEL && !strcmp(key, JSON_TREE)))
		r = -EINVAL;
	else
		r = object_of(event, entry, &object);
	if (!r) {
		cJSON_DeleteItemFromObjectCaseSensitive(object, clean);
		r = cJSON_AddItemToObject(object, clean, value) ? 0 : -ENOMEM;
	}
	if (r)
		cJSON_Delete(value);
	return r;
}

int plugin_add_text(struct pidtree_event *event, size_t entry, const char *key, const char *value)
{
	_cleanup_free_ char *clean = utf8_clean(value, strlen(value));

	return add(event, entry, key, clean ? cJSON_CreateString(clean) : NULL);
}

int plugin_add_integer(struct pidtree_event *event, size_t entry, const char *key, int64_t value)
{
	if (value > INTEGER_MAX || value < -INTEGER_MAX)
		return -ERANGE;
	return add(event, entry, key, cJSON_CreateNumber((double)value));
}

int plugin_add_bool(struct pidtree_event *event, size_t entry, const char *key, bool value)
{
	return add(event, entry, key, cJSON_CreateBool(value));
}
