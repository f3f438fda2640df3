/* SPDX-License-Identifier: Apache-2.0 */
/* What became of an event, from its outcome and its end taken together. */
#ifndef PIDTREE_OUTCOME_H
#define PIDTREE_OUTCOME_H

#include "model.h"

/* Its name as in OUTCOMES, "" for none or an unknown value. */
const char *outcome_name(enum outcome outcome);

/*
 * How the event went in the end: a connection that was established and then
 * ended with an error is "reset" or "timed_out", not "established".
 */
enum outcome event_final_outcome(const struct event *event);

/*
 * The reason of a failure as a word: "session_max_duration_exceeded" for a UDP
 * session that ended idle, the errno's name ("ECONNREFUSED") for a connect
 * that failed or a connection that broke, else "".
 */
const char *event_error(const struct event *event);

#endif
