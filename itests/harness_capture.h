/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One recorder that serves all cases of a group. A case lets something happen;
 * what was captured of it is compared three times: as -f prints it, as the
 * query tells it meanwhile, and, at the end of the group, as it is stored.
 */
#ifndef ITESTS_HARNESS_CAPTURE_H
#define ITESTS_HARNESS_CAPTURE_H

#include <cjson/cJSON.h>

/* Group setup and teardown. */
int capture_setup(void **state);
int capture_teardown(void **state);

/* Run a trigger with these arguments (a command and its own) and compare what was captured. */
#define CAPTURE(...) capture_trigger((const char *const[]){__VA_ARGS__, NULL})
void capture_trigger(const char *const *args);

/* Compare what was captured of one report, which is taken over. */
void capture_report(cJSON *report);

/* The same for several, each of which is taken over. */
void capture_reports(cJSON *several);

/* How many events of a probe there are so far of the process that acted in a report. */
int capture_count(const cJSON *report, const char *probe);

/* The database's only segment, whose path the caller frees. */
char *capture_segment(void);

/* A directory for a case's files, removed at the end. */
const char *capture_directory(void);

/*
 * The last test of each group: after the recorder was stopped, there is for
 * each report one event, the same as before, ids rise, and there is no gap.
 */
void stored_record_is_complete_and_exact(void **state);

/* A test that captures one trigger, for X-macro tables of cases. */
#define CAPTURE_TEST(name, ...)                                                                    \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		CAPTURE(__VA_ARGS__);                                                              \
	}

#define CAPTURE_ENTRY(name, ...) cmocka_unit_test(name),

#endif
