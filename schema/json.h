/* SPDX-License-Identifier: Apache-2.0 */
/* Events as JSON, in the keys of pidtree-bcc and some more; the recorder and the query share it. */
#ifndef PIDTREE_JSON_H
#define PIDTREE_JSON_H

#include <stddef.h>

#include "model.h"

/*
 * One JSON object, on one line without a newline, for one tcp_connect or
 * net_listen event, or for the events of one udp_session.
 *
 * events: count of them, at least one; of a UDP session every destination,
 * first message first. probe: the probe's name. tree: the process images from
 * leaf to root, depth of them; depth may be 0 when the process is unknown:
 * pid is then null, proctree empty and error "process_unknown".
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
