// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cleanup.h"
#include "cmdline.h"
#include "gap.h"
#include "outcome.h"
#include "timestamp.h"
#include "utf8.h"

static void cleanup_json(cJSON **json)
{
	cJSON_Delete(*json);
}

#define _cleanup_json_ _cleanup_(cleanup_json)

/* The add_ functions return false when out of memory. */

static bool add_text(cJSON *object, const char *key, const char *text)
{
	_cleanup_free_ char *clean = utf8_clean(text, strlen(text));

	return clean && cJSON_AddStringToObject(object, key, clean);
}

static bool add_number(cJSON *object, const char *key, double number)
{
	return cJSON_AddNumberToObject(object, key, number);
}

static bool add_time(cJSON *object, const char *key, int64_t unix_ns)
{
	char text[TIMESTAMP_TEXT_SIZE];

	return cJSON_AddStringToObject(object, key, timestamp_format_utc(unix_ns, text));
}

/* The clock may have been set back in between; a span is never negative. */
static bool add_seconds(cJSON *object, const char *key, int64_t from_ns, int64_t to_ns)
{
	int64_t span_ns = to_ns > from_ns ? to_ns - from_ns : 0;

	return add_number(object, key, (double)span_ns / (double)NSEC_PER_SEC);
}

static bool add_address(cJSON *object, const char *key, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	return cJSON_AddStringToObject(object, key, address_format(address, text));
}

static bool add_port_if_known(cJSON *object, const char *key, uint16_t port)
{
	return !port || add_number(object, key, port);
}

const char *json_id(int64_t id, char text[JSON_ID_SIZE])
{
	snprintf(text, JSON_ID_SIZE, "%lld", (long long)id);
	return text;
}

static bool add_id(cJSON *object, int64_t id)
{
	char text[JSON_ID_SIZE];

	return cJSON_AddStringToObject(object, "id", json_id(id, text));
}

static bool add_cmdline(cJSON *object, const struct process *process)
{
	_cleanup_free_ char *line = process_cmdline(process);

	return line && add_text(object, "cmdline", line);
}

static bool add_username(cJSON *object, const struct process *process)
{
	char uid[16];

	snprintf(uid, sizeof(uid), "%u", process->uid);
	return add_text(object, "username", process->username ? process->username : uid);
}

static bool fill_tree_entry(cJSON *entry, const struct process *process)
{
	return add_number(entry, "pid", process->pid) && add_cmdline(entry, process) &&
	       add_username(entry, process) && add_text(entry, "exe", process->exe) &&
	       add_time(entry, "start", process->start_ns) &&
	       (!process->exit_ns || add_time(entry, "exited", process->exit_ns));
}

/* A new object at the end of the array, which owns it; NULL when out of memory. */
static cJSON *append_object(cJSON *array)
{
	cJSON *object = cJSON_CreateObject();

	if (object && !cJSON_AddItemToArray(array, object)) {
		cJSON_Delete(object);
		return NULL;
	}
	return object;
}

static bool add_tree(cJSON *object, const struct process *const *tree, size_t depth)
{
	cJSON *array = cJSON_AddArrayToObject(object, JSON_TREE);

	if (!array)
		return false;
	for (size_t i = 0; i < depth; i++) {
		cJSON *entry = append_object(array);

		if (!entry || !fill_tree_entry(entry, tree[i]))
			return false;
	}
	return true;
}

static bool add_text_if_known(cJSON *object, const char *key, const char *text)
{
	return !text || add_text(object, key, text);
}

static bool add_container(cJSON *object, const struct container *container)
{
	return !container || (add_text(object, "container_id", container->runtime_id) &&
			      add_text_if_known(object, "container_name", container->name) &&
			      add_text_if_known(object, "container_image", container->image));
}

static bool add_leaf(cJSON *object, const struct process *leaf)
{
	return add_number(object, "pid", leaf->pid) && add_text(object, "comm", leaf->comm) &&
	       add_text(object, "exe", leaf->exe) && add_number(object, "uid", leaf->uid) &&
	       (leaf->loginuid == NO_ID || add_number(object, "loginuid", leaf->loginuid)) &&
	       add_container(object, leaf->container);
}

static bool add_protocol(cJSON *object, uint8_t protocol)
{
	char number[8];

	switch (protocol) {
	case IPPROTO_TCP:
		return cJSON_AddStringToObject(object, "protocol", "tcp");
	case IPPROTO_UDP:
		return cJSON_AddStringToObject(object, "protocol", "udp");
	default:
		snprintf(number, sizeof(number), "%u", protocol);
		return cJSON_AddStringToObject(object, "protocol", number);
	}
}

static bool add_duration_if_ended(cJSON *object, const struct event *event)
{
	return !event->end_ns || add_seconds(object, "duration", event->id, event->end_ns);
}

static bool add_outcome_if_known(cJSON *object, const struct event *event)
{
	const char *name = outcome_name(event_final_outcome(event));

	return (!*name || cJSON_AddStringToObject(object, "outcome", name)) &&
	       (event->outcome == OUTCOME_NONE ||
		add_seconds(object, "latency", event->id, event->outcome_ns));
}

static bool add_bytes_if_ended(cJSON *object, const struct event *event)
{
	return !event->end_ns ||
	       (add_number(object, "bytes_sent", (double)event->bytes_sent) &&
		add_number(object, "bytes_received", (double)event->bytes_received));
}

static bool add_tcp_connect(cJSON *object, const struct event *event)
{
	return add_address(object, "saddr", &event->saddr) &&
	       add_port_if_known(object, "sport", event->sport) &&
	       add_address(object, "daddr", &event->daddr) &&
	       add_number(object, "port", event->dport) && add_outcome_if_known(object, event) &&
	       add_duration_if_ended(object, event) && add_bytes_if_ended(object, event);
}

static bool add_net_listen(cJSON *object, const struct event *event)
{
	return add_address(object, "laddr", &event->saddr) &&
	       add_number(object, "port", event->sport) && add_protocol(object, event->protocol) &&
	       add_duration_if_ended(object, event);
}

static bool fill_destination(cJSON *object, const struct event *event)
{
	if (!add_address(object, "daddr", &event->daddr) ||
	    !add_number(object, "port", event->dport))
		return false;
	return !event->end_ns || (add_seconds(object, "duration", event->id, event->end_ns) &&
				  add_number(object, "msg_count", (double)event->messages) &&
				  add_number(object, "bytes_sent", (double)event->bytes_sent));
}

/* What is known of the session only when all of its destinations have ended. */
static bool add_session_totals(cJSON *object, const struct event *events, size_t count)
{
	int64_t end_ns = 0;
	double bytes = 0;

	for (size_t i = 0; i < count; i++) {
		if (!events[i].end_ns)
			return true;
		if (events[i].end_ns > end_ns)
			end_ns = events[i].end_ns;
		bytes += (double)events[i].bytes_sent;
	}
	return add_seconds(object, "duration", events[0].id, end_ns) &&
	       add_number(object, "bytes_sent", bytes);
}

static bool add_udp_session(cJSON *object, const struct event *events, size_t count)
{
	cJSON *array;

	if (!add_address(object, "saddr", &events[0].saddr) ||
	    !add_port_if_known(object, "sport", events[0].sport))
		return false;
	array = cJSON_AddArrayToObject(object, "destinations");
	if (!array)
		return false;
	for (size_t i = 0; i < count; i++) {
		cJSON *destination = append_object(array);

		if (!destination || !fill_destination(destination, &events[i]))
			return false;
	}
	return add_session_totals(object, events, count);
}

static bool add_foreign(cJSON *object, const struct event *event)
{
	return add_address(object, "saddr", &event->saddr) &&
	       add_number(object, "sport", event->sport) &&
	       add_address(object, "daddr", &event->daddr) &&
	       add_number(object, "port", event->dport) && add_protocol(object, event->protocol) &&
	       add_outcome_if_known(object, event) && add_duration_if_ended(object, event) &&
	       add_bytes_if_ended(object, event);
}

static bool add_probe_keys(cJSON *object, const struct event *events, size_t count)
{
	switch (events[0].probe) {
	case PROBE_TCP_CONNECT:
		return add_tcp_connect(object, events);
	case PROBE_NET_LISTEN:
		return add_net_listen(object, events);
	case PROBE_UDP_SESSION:
		return add_udp_session(object, events, count);
	default:
		return add_foreign(object, events);
	}
}

/* Move to object what it has no key for, but not the key except (NULL: all). */
static bool merge(cJSON *object, cJSON *from, const char *except)
{
	cJSON *item, *next;

	for (item = from->child; item; item = next) {
		_cleanup_free_ char *key = strdup(item->string);

		next = item->next;
		if (!key)
			return false;
		if (cJSON_GetObjectItemCaseSensitive(object, key) ||
		    (except && !strcmp(key, except)))
			continue;
		cJSON_DetachItemViaPointer(from, item);
		if (!cJSON_AddItemToObject(object, key, item)) {
			cJSON_Delete(item);
			return false;
		}
	}
	return true;
}

/* Both sides are in the order of the tree, which may be deep. */
static bool merge_tree(cJSON *object, const cJSON *by_id, const struct process *const *tree,
		       size_t depth)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, JSON_TREE);
	cJSON *from = cJSON_IsObject(by_id) ? by_id->child : NULL;
	cJSON *entry = array->child;
	char id[JSON_ID_SIZE];

	for (size_t i = 0; i < depth && from; i++, entry = entry->next) {
		if (strcmp(from->string, json_id(tree[i]->id, id)))
			continue;
		if (cJSON_IsObject(from) && !merge(entry, from, NULL))
			return false;
		from = from->next;
	}
	return true;
}

/*
 * What an event's attributes say, NULL if nothing. False when out of memory.
 * Attributes that are no JSON object say nothing that could be shown.
 */
static bool parse_attributes(const char *attributes, cJSON **ret)
{
	_cleanup_free_ char *clean = NULL;

	*ret = NULL;
	if (!attributes)
		return true;
	clean = utf8_clean(attributes, strlen(attributes));
	if (!clean)
		return false;
	*ret = cJSON_Parse(clean);
	if (*ret && !cJSON_IsObject(*ret)) {
		cJSON_Delete(*ret);
		*ret = NULL;
	}
	return true;
}

static bool merge_destination(cJSON *object, const struct event *event, const cJSON *first)
{
	_cleanup_json_ cJSON *attributes = NULL;
	cJSON *item, *next;

	if (!parse_attributes(event->attributes, &attributes))
		return false;
	for (item = attributes ? attributes->child : NULL; item; item = next) {
		next = item->next;
		if (cJSON_Compare(cJSON_GetObjectItemCaseSensitive(first, item->string), item,
				  true))
			cJSON_Delete(cJSON_DetachItemViaPointer(attributes, item));
	}
	return !attributes || merge(object, attributes, JSON_TREE);
}

static bool merge_destinations(cJSON *object, const struct event *events, size_t count,
			       const cJSON *first)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, "destinations");
	cJSON *destination = array ? array->child : NULL;

	for (size_t i = 0; i < count && destination; i++, destination = destination->next)
		if (i && !merge_destination(destination, &events[i], first))
			return false;
	return true;
}

static bool merge_attributes(cJSON *object, const struct event *events, size_t count,
			     const struct process *const *tree, size_t depth)
{
	_cleanup_json_ cJSON *attributes = NULL;

	if (!parse_attributes(events[0].attributes, &attributes) ||
	    !merge_destinations(object, events, count, attributes))
		return false;
	if (!attributes)
		return true;
	return merge_tree(object, cJSON_GetObjectItemCaseSensitive(attributes, JSON_TREE), tree,
			  depth) &&
	       merge(object, attributes, JSON_TREE);
}

/* cJSON escapes C0 controls only; the others stand in strings, where \uXXXX means the same. */
static char *escape_unsafe(const char *json)
{
	size_t size = strlen(json);
	char *escaped = malloc(6 * size + 1); /* DEL is one byte and becomes \u007f */
	char *at = escaped;
	size_t length;

	if (!escaped)
		return NULL;
	for (; size; json += length, size -= length) {
		uint32_t point = 0;

		length = utf8_decode(json, size, &point);
		if (length && utf8_is_unsafe(point)) {
			at += sprintf(at, "\\u%04x", point);
		} else {
			length = length ? length : 1;
			memcpy(at, json, length);
			at += length;
		}
	}
	*at = '\0';
	return escaped;
}

static char *print(const cJSON *object)
{
	_cleanup_free_ char *text = cJSON_PrintUnformatted(object);

	return text ? escape_unsafe(text) : NULL;
}

char *json_event(const struct event *events, size_t count, const char *probe,
		 const struct process *const *tree, size_t depth)
{
	_cleanup_json_ cJSON *object = cJSON_CreateObject();
	bool complete;

	complete = object && add_time(object, "timestamp", events[0].id) &&
		   add_text(object, "probe", probe) && add_id(object, events[0].id) &&
		   (depth ? add_leaf(object, tree[0]) : !!cJSON_AddNullToObject(object, "pid")) &&
		   add_probe_keys(object, events, count) &&
		   add_text(object, "error", depth ? event_error(&events[0]) : "process_unknown") &&
		   add_tree(object, tree, depth) &&
		   merge_attributes(object, events, count, tree, depth);
	return complete ? print(object) : NULL;
}

char *json_gap(const struct gap *gap)
{
	_cleanup_json_ cJSON *object = cJSON_CreateObject();
	cJSON *inner = object ? cJSON_AddObjectToObject(object, "gap") : NULL;
	bool complete;

	complete = inner && add_time(inner, "from", gap->from_ns) &&
		   add_time(inner, "to", gap->to_ns) &&
		   add_text(inner, "reason", gap_reason_text(gap->reason)) &&
		   add_text(inner, "kind", gap->kind) &&
		   (!gap->count || add_number(inner, "count", (double)gap->count));
	return complete ? print(object) : NULL;
}
