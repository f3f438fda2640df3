/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What container runtimes answer: JSON as Docker's API and podman's speak it,
 * and nerdctl in its stead. Nothing in it is trusted to be as documented.
 */
#ifndef PIDTREE_CONTAINER_ANSWER_H
#define PIDTREE_CONTAINER_ANSWER_H

#include <stddef.h>

#include "container_message.h"

/*
 * Call visit for each container's id in a list: a JSON array of objects with
 * "Id", or lines with an id each. 0, -EBADMSG when it is neither, or the first
 * that visit returned.
 */
int container_answer_list(const char *text, size_t size,
			  int (*visit)(void *context, const char *runtime_id), void *context);

/*
 * The description of one container (or an array with it) as a message UP, whose
 * mount namespace is not yet known. 0, -EBADMSG, or -ENOMEM.
 */
int container_answer_inspect(const char *text, size_t size, struct container_message **ret);

enum container_event {
	CONTAINER_EVENT_OTHER,
	CONTAINER_EVENT_CHANGED, /* ask what it is like now */
	CONTAINER_EVENT_GONE,
};

/* What an event, a JSON object, says of which container. */
enum container_event container_answer_event(const char *text, size_t size,
					    char ret_runtime_id[CONTAINER_RUNTIME_ID_SIZE]);

#endif
