/* SPDX-License-Identifier: Apache-2.0 */
#include "container_answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define LABELS_MAX 1024
#define LABELS_BYTES_MAX (64 * 1024)
#define NAME_BYTES_MAX 1024

/* Kubernetes' name of the pod that a container belongs to. */
#define POD_NAME "io.kubernetes.pod.name"

static void cleanup_json(cJSON **json)
{
	cJSON_Delete(*json);
}

#define _cleanup_json_ _cleanup_(cleanup_json)

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(member(object, name));
}

/* A valid id under one of two names, NULL if there is none. */
static const char *id_of(const cJSON *object, const char *name, const char *other_name)
{
	const char *id = text_of(object, name);

	if (!id)
		id = text_of(object, other_name);
	return id && container_runtime_id_is_valid(id) ? id : NULL;
}

static int visit_lines(const char *text, size_t size,
		       int (*visit)(void *context, const char *runtime_id), void *context)
{
	_cleanup_free_ char *lines = strndup(text, size);
	char *rest = lines, *line;
	int r = lines ? 0 : -ENOMEM;

	while (!r && (line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		r = container_runtime_id_is_valid(line) ? visit(context, line) : -EBADMSG;
	}
	return r;
}

int container_answer_list(const char *text, size_t size,
			  int (*visit)(void *context, const char *runtime_id), void *context)
{
	_cleanup_json_ cJSON *list = NULL;
	const cJSON *item;
	int r = 0;

	if (!size || strchr("0123456789abcdef", *text))
		return visit_lines(text, size, visit, context);
	list = cJSON_ParseWithLength(text, size);
	if (!cJSON_IsArray(list))
		return -EBADMSG;
	cJSON_ArrayForEach (item, list) {
		const char *id = id_of(item, "Id", "ID");

		if (id && !r)
			r = visit(context, id);
	}
	return r;
}

/* A copy without what is no string, and no more than is kept. NULL when out of memory. */
static cJSON *copy_labels(const cJSON *labels)
{
	cJSON *copy = cJSON_CreateObject();
	size_t count = 0, bytes = 0;
	const cJSON *label;

	if (!copy || !cJSON_IsObject(labels))
		return copy;
	cJSON_ArrayForEach (label, labels) {
		const char *value = cJSON_GetStringValue(label);

		if (!value)
			continue;
		bytes += strlen(label->string) + strlen(value);
		if (++count > LABELS_MAX || bytes > LABELS_BYTES_MAX)
			break;
		if (!cJSON_AddStringToObject(copy, label->string, value)) {
			cJSON_Delete(copy);
			return NULL;
		}
	}
	return copy;
}

/* The pod's name in Kubernetes, else the container's own, which Docker begins with a slash. */
static const char *name_of(const cJSON *container)
{
	const char *pod = text_of(member(member(container, "Config"), "Labels"), POD_NAME);
	const char *name = pod && *pod ? pod : text_of(container, "Name");

	return name && *name == '/' ? name + 1 : name;
}

static const char *image_of(const cJSON *container)
{
	const char *image = text_of(member(container, "Config"), "Image");

	return image && *image ? image : text_of(container, "Image");
}

static bool copy_name(const char *text, char **ret)
{
	if (!text || !*text)
		return true;
	*ret = strndup(text, NAME_BYTES_MAX);
	return *ret;
}

static uint32_t pid_of(const cJSON *container)
{
	const cJSON *pid = member(member(container, "State"), "Pid");

	return cJSON_IsNumber(pid) && pid->valuedouble > 0 && pid->valuedouble < INT32_MAX
		       ? (uint32_t)pid->valuedouble
		       : 0;
}

int container_answer_inspect(const char *text, size_t size, struct container_message **ret)
{
	_cleanup_json_ cJSON *answer = cJSON_ParseWithLength(text, size);
	const cJSON *container = cJSON_IsArray(answer) ? answer->child : answer;
	const char *id = cJSON_IsObject(container) ? id_of(container, "Id", "ID") : NULL;
	struct container_message *message;

	if (!id)
		return -EBADMSG;
	message = container_message_new(CONTAINER_UP, id);
	if (!message)
		return -ENOMEM;
	message->pid = pid_of(container);
	message->labels = copy_labels(member(member(container, "Config"), "Labels"));
	if (!message->labels || !copy_name(name_of(container), &message->name) ||
	    !copy_name(image_of(container), &message->image)) {
		container_message_free(message);
		return -ENOMEM;
	}
	*ret = message;
	return 0;
}

struct event_name {
	const char *name;
	enum container_event event;
};

static enum container_event find_event(const struct event_name *names, const char *name)
{
	for (; names->name; names++)
		if (!strcmp(names->name, name))
			break;
	return names->event;
}

/* containerd's, by way of nerdctl: what happened is JSON in a string, or an object. */
static enum container_event parse_topic(const cJSON *object, const char *topic, char *ret_id)
{
	static const struct event_name topics[] = {
		{"/containers/create", CONTAINER_EVENT_CHANGED},
		{"/containers/update", CONTAINER_EVENT_CHANGED},
		{"/containers/delete", CONTAINER_EVENT_GONE},
		{"/tasks/create", CONTAINER_EVENT_CHANGED},
		{"/tasks/start", CONTAINER_EVENT_CHANGED},
		{"/tasks/exit", CONTAINER_EVENT_GONE},
		{"/tasks/delete", CONTAINER_EVENT_GONE},
		{NULL, CONTAINER_EVENT_OTHER},
	};
	_cleanup_json_ cJSON *parsed = cJSON_Parse(text_of(object, "Event"));
	const cJSON *event = parsed ? parsed : member(object, "Event");
	const char *process = text_of(event, "id");
	const char *id = id_of(event, "container_id", "id");

	if (!id)
		return CONTAINER_EVENT_OTHER;
	/* The end of a process that was brought into it later is not its own. */
	if (process && *process && strcmp(process, id) != 0)
		return CONTAINER_EVENT_OTHER;
	strcpy(ret_id, id);
	return find_event(topics, topic);
}

static enum container_event parse_action(const cJSON *object, char *ret_id)
{
	static const struct event_name actions[] = {
		{"create", CONTAINER_EVENT_CHANGED},
		{"init", CONTAINER_EVENT_CHANGED}, /* podman: before start */
		{"start", CONTAINER_EVENT_CHANGED},
		{"restart", CONTAINER_EVENT_CHANGED},
		{"rename", CONTAINER_EVENT_CHANGED},
		{"update", CONTAINER_EVENT_CHANGED},
		{"die", CONTAINER_EVENT_GONE},
		{"died", CONTAINER_EVENT_GONE},
		{"remove", CONTAINER_EVENT_GONE},
		{"destroy", CONTAINER_EVENT_GONE},
		{NULL, CONTAINER_EVENT_OTHER},
	};
	const char *type = text_of(object, "Type"), *action = text_of(object, "Action");
	const char *id = id_of(member(object, "Actor"), "ID", "Id");

	if (!type || strcmp(type, "container") != 0 || !action || !id)
		return CONTAINER_EVENT_OTHER;
	strcpy(ret_id, id);
	return find_event(actions, action);
}

enum container_event container_answer_event(const char *text, size_t size,
					    char ret_runtime_id[CONTAINER_RUNTIME_ID_SIZE])
{
	_cleanup_json_ cJSON *object = cJSON_ParseWithLength(text, size);
	const char *topic = text_of(object, "Topic");

	return topic ? parse_topic(object, topic, ret_runtime_id)
		     : parse_action(object, ret_runtime_id);
}
