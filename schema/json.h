/* SPDX-License-Identifier: Apache-2.0 */
/* Events as JSON, in the keys of pidtree-bcc and some more; the recorder and the query share it. */
#ifndef PIDTREE_JSON_H
#define PIDTREE_JSON_H

#include <stddef.h>

#include "model.h"

/* The key of the process tree, in an event's JSON and in its attributes. */
#define JSON_TREE "proctree"

/* An id as JSON has it: decimal digits, for numbers there are too short for it. Returns text. */
#define JSON_ID_SIZE 24
const char *json_id(int64_t id, char text[JSON_ID_SIZE]);

/*
 * One JSON object, on one line without a newline, for one tcp_connect or
 * net_listen event, or for the events of one udp_session.
 *
 * events: count of them, at least one; of a UDP session every destination,
 * first message first. probe: the probe's name. tree: the process images from
 * leaf to root, depth of them; depth may be 0 when the process is unknown:
 * pid is then null, proctree empty and error "process_unknown".
 *
 * The keys of the attributes are added to the event's, but for those that it
 * has already. Under JSON_TREE they may have an object that has, under the id
 * of a process image (json_id), an object of keys to be added to the tree entry
 * of this image in the same way; in the order of the tree, leaf first. Of a UDP
 * session the first event's attributes go to the object, those of the others
 * to their destinations as far as they differ.
 *
 * Keys whose value is not known (yet) are absent. All text is valid UTF-8: a
 * byte that is not becomes the four characters \xHH. Characters that a
 * terminal could obey are written as JSON escapes, so that the line can be
 * printed anywhere.
 *
 * Returns a string that the caller frees with free(3), NULL when out of memory.
 */
char *json_event(const struct event *events, size_t count, const char *probe,
		 const struct process *const *tree, size_t depth);

/*
 * {"gap": {from, to, reason, kind, count}}, on one line; count is absent when
 * it is not known. Returned as json_event does.
 */
char *json_gap(const struct gap *gap);

#endif
