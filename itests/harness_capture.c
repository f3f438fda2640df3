// SPDX-License-Identifier: Apache-2.0
#include "harness_capture.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness_deadline.h"
#include "harness_event.h"
#include "harness_recorder.h"
#include "harness_trigger.h"

#define TERM_SIZE (INET6_ADDRSTRLEN + 16)

static struct recorder recorder;
static cJSON *reports; /* of all cases so far */

int capture_setup(void **state)
{
	(void)state;
	reports = cJSON_CreateArray();
	recorder_prepare(&recorder);
	recorder_start(&recorder, NULL, NULL);
	return 0;
}

int capture_teardown(void **state)
{
	(void)state;
	cJSON_Delete(reports);
	recorder_cleanup(&recorder);
	return 0;
}

const char *capture_directory(void)
{
	return recorder.directory;
}

char *capture_segment(void)
{
	char *path = recorder_segment(&recorder);

	if (!path)
		harness_fail("there is no segment");
	return path;
}

/* What is wrong with these events, as seen by a report, or NULL; the caller frees it. */
static char *judge(const cJSON *report, const cJSON *events, enum event_source source)
{
	int count;
	cJSON *event = event_find(report, events, &count);
	char *text;

	if (count == 1)
		return event_difference(report, event, source);
	return asprintf(&text, "%d events instead of one", count) < 0 ? NULL : text;
}

static void show(const char *what, const cJSON *json)
{
	char *text = json ? cJSON_PrintUnformatted(json) : NULL;

	if (text)
		fprintf(stderr, "%s: %s\n", what, text);
	free(text);
}

static void show_log(void)
{
	char *log = recorder.child.err > 0 ? child_output(recorder.child.err) : NULL;

	fprintf(stderr, "log: %s\n", log ? log : "");
	free(log);
}

static void fail_on(char *wrong, const char *where, const cJSON *report, const cJSON *events)
{
	int count;

	show("trigger", report);
	show("event", event_find(report, events, &count));
	show_log();
	harness_fail("%s: %s", where, wrong);
}

/* The query's term for an event: what it is about, address and port. */
static void term_of(const cJSON *report, char term[TERM_SIZE])
{
	const cJSON *facts = cJSON_GetObjectItem(report, "event");
	const cJSON *destinations = cJSON_GetObjectItem(facts, "destinations");
	const cJSON *peer = destinations ? destinations->child : facts;
	const char *address = cJSON_GetStringValue(cJSON_GetObjectItem(peer, "daddr"));
	int port = cJSON_GetObjectItem(peer, "port")->valueint;

	if (!address)
		snprintf(term, TERM_SIZE, ":%d", port);
	else
		snprintf(term, TERM_SIZE, strchr(address, ':') ? "[%s]:%d" : "%s:%d", address,
			 port);
}

typedef cJSON *read_events(const cJSON *report);

static cJSON *read_printed(const cJSON *report)
{
	(void)report;
	return recorder_output(&recorder);
}

static cJSON *read_queried(const cJSON *report)
{
	char term[TERM_SIZE];
	const char *terms[] = {term, NULL};

	term_of(report, term);
	return recorder_query(&recorder, terms);
}

struct watch {
	read_events *read;
	const cJSON *report;
	enum event_source source;
	cJSON *events;	  /* of the last look */
	char *wrong;	  /* with them, NULL if nothing */
	int64_t deadline; /* for the event to be right, 0 while there is none */
};

/* Look whether there is nothing wrong, or no hope left: an event that is there is right soon. */
static bool look(struct watch *watch)
{
	int count;

	cJSON_Delete(watch->events);
	free(watch->wrong);
	watch->events = watch->read(watch->report);
	watch->wrong = judge(watch->report, watch->events, watch->source);
	if (!watch->deadline && event_find(watch->report, watch->events, &count))
		watch->deadline = deadline_new_short();
	return !watch->wrong || (watch->deadline && deadline_passed(watch->deadline));
}

/* Wait until an event is there and as the report says. Returns a copy of it. */
static cJSON *await(read_events *read, const cJSON *report, enum event_source source,
		    const char *where)
{
	struct watch watch = {.read = read, .report = report, .source = source};
	cJSON *event;
	int count;

	if (!WAIT_UNTIL(look(&watch)) || watch.wrong)
		fail_on(watch.wrong, where, report, watch.events);
	event = cJSON_Duplicate(event_find(report, watch.events, &count), true);
	cJSON_Delete(watch.events);
	return event;
}

void capture_report(cJSON *report)
{
	cJSON *printed;

	cJSON_AddItemToArray(reports, report);
	printed = await(read_printed, report, EVENT_PRINTED, "-f");
	cJSON_AddItemToObject(report, "id", cJSON_DetachItemFromObject(printed, "id"));
	cJSON_Delete(printed);
	cJSON_Delete(await(read_queried, report, EVENT_QUERIED, "query"));
}

void capture_reports(cJSON *several)
{
	cJSON *report;

	while ((report = cJSON_DetachItemFromArray(several, 0)))
		capture_report(report);
	cJSON_Delete(several);
}

void capture_trigger(const char *const *args)
{
	capture_reports(trigger_reports(args));
}

int capture_count(const cJSON *report, const char *probe)
{
	cJSON *events = recorder_query(&recorder, NULL), *event;
	const cJSON *pid = cJSON_GetObjectItem(report_process(report, 0), "pid");
	int count = 0;

	cJSON_ArrayForEach (event, events) {
		const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(event, "probe"));

		if (name && !strcmp(name, probe) &&
		    cJSON_Compare(pid, cJSON_GetObjectItem(event, "pid"), true))
			count++;
	}
	cJSON_Delete(events);
	return count;
}

static void check_order(const cJSON *events)
{
	long long last = 0;
	const cJSON *event;

	cJSON_ArrayForEach (event, events) {
		const cJSON *id = cJSON_GetObjectItem(event, "id");

		if (cJSON_HasObjectItem(event, "gap")) {
			show("gap", event);
			harness_fail("there is a gap in the record");
		}
		assert_non_null(id);
		assert_true(strtoll(id->valuestring, NULL, 10) > last);
		last = strtoll(id->valuestring, NULL, 10);
	}
}

void stored_record_is_complete_and_exact(void **state)
{
	cJSON *events, *report;
	int wrong_count = 0;

	(void)state;
	recorder_stop(&recorder, SIGTERM);
	events = recorder_query(&recorder, NULL);
	check_order(events);
	cJSON_ArrayForEach (report, reports) {
		char *wrong = judge(report, events, EVENT_STORED);
		int count;

		if (!wrong)
			continue;
		show("trigger", report);
		show("event", event_find(report, events, &count));
		fprintf(stderr, "%s\n", wrong);
		free(wrong);
		wrong_count++;
	}
	assert_int_equal(wrong_count, 0);
	cJSON_Delete(events);
}
