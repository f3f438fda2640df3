/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running triggers. A report is what a trigger printed, with the ancestors of
 * the trigger added to its "tree", so that it goes from the process that acted
 * to the root. Functions fail the running test when the trigger did, and skip
 * it when the kernel cannot do what the trigger does.
 */
#ifndef ITESTS_HARNESS_TRIGGER_H
#define ITESTS_HARNESS_TRIGGER_H

#include <cjson/cJSON.h>

#include "harness_child.h"

#define TRIGGER_ARGUMENTS_MAX 32

/* The path of the trigger, which is not freed. */
const char *trigger_path(void);

/* Start a trigger; args, NULL-terminated, are a command and its arguments. */
void trigger_start(struct child *trigger, const char *const *args);

/* Wait until it has printed so many reports, and return the last one, which the caller deletes. */
cJSON *trigger_await_report(struct child *trigger, int count);

/* What it and its descendants have reported so far, an array that the caller deletes. */
cJSON *trigger_reports_so_far(const struct child *trigger);

/* Wait until it has ended, and return all its reports, an array that the caller deletes. */
cJSON *trigger_finish(struct child *trigger);

/* trigger_start and trigger_finish. */
cJSON *trigger_reports(const char *const *args);

/* The process in a report that is so many steps above the one that acted. */
cJSON *report_process(const cJSON *report, int steps);

#endif
