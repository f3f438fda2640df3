/* SPDX-License-Identifier: Apache-2.0 */
/* What a trigger did, as JSON, and the line of processes that it descends from. */
#ifndef ITESTS_TRIGGER_REPORT_H
#define ITESTS_TRIGGER_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cjson/cJSON.h>

#include "trigger_endpoint.h"

/* Take over the ancestors that a trigger before the exec left in the environment. */
void lineage_begin(void);

/* fork(2) that keeps the lineage; the child gets the pid that is wanted, 0 for any. */
pid_t lineage_fork(pid_t wanted);

/* execv(2) that keeps the lineage; comes back only when it failed. */
void lineage_exec(const char *path, char *const argv[]);

/* The same for an open file. */
void lineage_exec_fd(int fd, char *const argv[]);

/* Add a process of which only the pid is known behind the known ancestors. */
void lineage_add(pid_t pid);

/*
 * Begin a report: {"event": {"probe": …}, "tree": [this process, its parent,
 * …], "began_us": …}. event holds keys of the recorder's JSON with the values
 * that they must have. report_print deletes it.
 */
cJSON *report_new(const char *probe);

/* Put a process, and those between it and this one, in front of this one in a report's tree. */
void report_descendant(cJSON *report, pid_t pid);

/* The object "event" of a report. */
cJSON *report_event(cJSON *report);

/* Note the time now, in Unix microseconds, under a key. */
void report_time(cJSON *report, const char *key);

/* Add an endpoint's address and port under these keys; a v4-mapped address as IPv4. */
void report_endpoint(cJSON *object, const char *address_key, const char *port_key,
		     const struct endpoint *endpoint);

/* Add a destination of a udp_session. */
void report_destination(cJSON *report, const struct endpoint *to, size_t messages, size_t bytes);

/* Note that it is over, print the report as one line, wait if told to (report_hold), delete it. */
void report_print(cJSON *report);

/* From now on wait after each report until stdin is closed. */
void report_hold(void);

#endif
