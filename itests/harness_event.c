// SPDX-License-Identifier: Apache-2.0
#include "harness_event.h"

#include <math.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLACK_US 20000 /* between the clocks of the kernel's hooks and ours */
#define TICK_US 10000  /* resolution of a start time in /proc */
#define ROUNDING_US 1000

#define CHECK(difference)                                                                          \
	do {                                                                                       \
		char *check_text = (difference);                                                   \
                                                                                                   \
		if (check_text)                                                                    \
			return check_text;                                                         \
	} while (0)

__attribute__((format(printf, 1, 2))) static char *text_of(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	return text;
}

static double number_of(const cJSON *object, const char *key)
{
	return cJSON_GetNumberValue(cJSON_GetObjectItem(object, key)); /* NaN if there is none */
}

static const char *string_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));

	return text ? text : "";
}

static bool is_tcp_connect(const cJSON *report)
{
	return !strcmp(string_of(cJSON_GetObjectItem(report, "event"), "probe"), "tcp_connect");
}

static char *compare_value(const cJSON *expected, const cJSON *actual, const char *where)
{
	char *want, *have, *text;

	if (cJSON_Compare(expected, actual, true))
		return NULL;
	want = cJSON_PrintUnformatted(expected);
	have = actual ? cJSON_PrintUnformatted(actual) : NULL;
	text = text_of("%s%s is %s instead of %s", where, expected->string, have ? have : "absent",
		       want);
	free(want);
	free(have);
	return text;
}

/* Whether -f may not know this yet when it prints a connect. */
static bool known_later(const char *key)
{
	static const char *const keys[] = {"outcome", "error", "sport", "bytes_sent",
					   "bytes_received"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(key, keys[i]))
			return true;
	}
	return false;
}

static char *compare_destination(const cJSON *expected, const cJSON *actual)
{
	const cJSON *value;

	cJSON_ArrayForEach (value, expected) {
		CHECK(compare_value(value, cJSON_GetObjectItem(actual, value->string),
				    "a destination's "));
	}
	if (!(number_of(actual, "duration") >= 0))
		return text_of("a destination has no duration");
	return NULL;
}

static bool same_destination(const cJSON *a, const cJSON *b)
{
	return number_of(a, "port") == number_of(b, "port") &&
	       !strcmp(string_of(a, "daddr"), string_of(b, "daddr"));
}

static char *compare_destinations(const cJSON *expected, const cJSON *actual, bool in_any_order)
{
	int count = cJSON_GetArraySize(expected);

	if (cJSON_GetArraySize(actual) != count)
		return text_of("%d destinations instead of %d", cJSON_GetArraySize(actual), count);
	for (int i = 0; i < count; i++) {
		const cJSON *want = cJSON_GetArrayItem(expected, i);
		const cJSON *have = cJSON_GetArrayItem(actual, i), *other;

		cJSON_ArrayForEach (other, actual) {
			if (in_any_order && same_destination(want, other))
				have = other;
		}
		CHECK(compare_destination(want, have));
	}
	return NULL;
}

static char *compare_values(const cJSON *report, const cJSON *event, enum event_source source)
{
	const cJSON *value;

	cJSON_ArrayForEach (value, cJSON_GetObjectItem(report, "event")) {
		const cJSON *actual = cJSON_GetObjectItem(event, value->string);

		if (!strcmp(value->string, "destinations"))
			CHECK(compare_destinations(value, actual,
						   cJSON_HasObjectItem(report, "in_any_order")));
		else if (source != EVENT_PRINTED || !is_tcp_connect(report) ||
			 !known_later(value->string))
			CHECK(compare_value(value, actual, ""));
	}
	return NULL;
}

/* The process that acted, as the event itself describes it. */
static char *compare_leaf(const cJSON *report, const cJSON *event)
{
	static const char *const keys[] = {"pid", "comm", "exe", "uid"};
	const cJSON *leaf = cJSON_GetArrayItem(cJSON_GetObjectItem(report, "tree"), 0);
	const cJSON *loginuid = cJSON_GetObjectItem(leaf, "loginuid");

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		CHECK(compare_value(cJSON_GetObjectItem(leaf, keys[i]),
				    cJSON_GetObjectItem(event, keys[i]), "the process's "));
	if (loginuid)
		return compare_value(loginuid, cJSON_GetObjectItem(event, "loginuid"), "");
	return cJSON_HasObjectItem(event, "loginuid") ? text_of("a loginuid without a login")
						      : NULL;
}

/* The arguments joined by single spaces, without empty ones at the end; [comm] if there is none. */
static char *cmdline_of(const cJSON *process)
{
	const cJSON *argv = cJSON_GetObjectItem(process, "argv"), *argument;
	char *line = NULL;
	size_t size, kept = 0;
	FILE *out;

	if (cJSON_HasObjectItem(process, "cmdline"))
		return strdup(string_of(process, "cmdline"));
	out = open_memstream(&line, &size);
	cJSON_ArrayForEach (argument, argv) {
		fprintf(out, argument == argv->child ? "%s" : " %s", argument->valuestring);
		fflush(out);
		if (*argument->valuestring)
			kept = size;
	}
	fclose(out);
	line[kept] = '\0';
	if (kept)
		return line;
	free(line);
	return text_of("[%s]", string_of(process, "comm"));
}

static char *username_of(const cJSON *process)
{
	uid_t uid = (uid_t)number_of(process, "uid");
	struct passwd entry, *user;
	char buffer[1024];

	return !getpwuid_r(uid, &entry, buffer, sizeof(buffer), &user) && user
		       ? strdup(user->pw_name)
		       : text_of("%u", uid);
}

static char *compare_text(const cJSON *entry, const char *key, char *expected)
{
	char *difference = NULL;

	if (strcmp(string_of(entry, key), expected))
		difference =
			text_of("%s '%s' instead of '%s'", key, string_of(entry, key), expected);
	free(expected);
	return difference;
}

/* Microseconds of an ISO 8601 time in UTC with a fraction of six digits, -1 for anything else. */
static int64_t parse_time(const char *text)
{
	struct tm time = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S.", &time);
	char *end;
	long fraction = rest ? strtol(rest, &end, 10) : 0;

	if (!rest || end != rest + 6 || strcmp(end, "Z"))
		return -1;
	return timegm(&time) * 1000000LL + fraction;
}

static char *compare_life(const cJSON *process, const cJSON *entry, enum event_source source)
{
	int64_t start_us = parse_time(string_of(entry, "start"));
	int64_t early_us = (int64_t)number_of(process, "start_us") - SLACK_US;
	int64_t late_us = early_us + TICK_US + 2 * SLACK_US;
	bool gone = cJSON_HasObjectItem(process, "gone");

	if (start_us < early_us || start_us > late_us)
		return text_of("start '%s' instead of %lld us", string_of(entry, "start"),
			       (long long)number_of(process, "start_us"));
	if (source == EVENT_STORED && gone != cJSON_HasObjectItem(entry, "exited"))
		return text_of("%s though it had%s exited", gone ? "no exit" : "an exit",
			       gone ? "" : " not");
	if (gone && cJSON_HasObjectItem(entry, "exited") &&
	    parse_time(string_of(entry, "exited")) < start_us)
		return text_of("exited '%s' before its start", string_of(entry, "exited"));
	return NULL;
}

/* What is not known of a process (one that was no trigger, or may not be looked at) is not held. */
static char *compare_process(const cJSON *process, const cJSON *entry, enum event_source source)
{
	if (number_of(process, "pid") != number_of(entry, "pid"))
		return text_of("pid %.0f instead of %.0f", number_of(entry, "pid"),
			       number_of(process, "pid"));
	if (cJSON_HasObjectItem(process, "argv") || cJSON_HasObjectItem(process, "cmdline"))
		CHECK(compare_text(entry, "cmdline", cmdline_of(process)));
	if (cJSON_HasObjectItem(process, "uid"))
		CHECK(compare_text(entry, "username", username_of(process)));
	if (cJSON_HasObjectItem(process, "exe"))
		CHECK(compare_text(entry, "exe", strdup(string_of(process, "exe"))));
	if (cJSON_HasObjectItem(process, "start_us"))
		CHECK(compare_life(process, entry, source));
	return NULL;
}

static char *compare_tree(const cJSON *report, const cJSON *event, enum event_source source)
{
	const cJSON *expected = cJSON_GetObjectItem(report, "tree");
	const cJSON *actual = cJSON_GetObjectItem(event, "proctree");
	int count = cJSON_GetArraySize(expected);

	for (int i = 0; i < count && i < cJSON_GetArraySize(actual); i++) {
		char *difference = compare_process(cJSON_GetArrayItem(expected, i),
						   cJSON_GetArrayItem(actual, i), source);
		char *text;

		if (!difference)
			continue;
		text = text_of("process %d of the tree: %s", i, difference);
		free(difference);
		return text;
	}
	if (cJSON_GetArraySize(actual) != count)
		return text_of("%d processes in the tree instead of %d", cJSON_GetArraySize(actual),
			       count);
	return NULL;
}

/* The event's time must lie within the trigger's act, and be its id. */
static char *compare_time(const cJSON *report, const cJSON *event)
{
	const char *latest =
		cJSON_HasObjectItem(report, "connected_us") ? "connected_us" : "ended_us";
	const char *text = string_of(event, "timestamp");
	int64_t time_us = parse_time(text);

	if (time_us < (int64_t)number_of(report, "began_us") - SLACK_US ||
	    time_us > (int64_t)number_of(report, latest) + SLACK_US)
		return text_of("timestamp '%s' is not between %.0f and %.0f us", text,
			       number_of(report, "began_us"), number_of(report, latest));
	if (strtoll(string_of(event, "id"), NULL, 10) / 1000 != time_us)
		return text_of("id '%s' is not the time %s", string_of(event, "id"), text);
	return NULL;
}

/* A span between two times of the report, in seconds. */
static double span(const cJSON *report, const char *from, const char *to)
{
	return (number_of(report, to) - number_of(report, from)) / 1e6;
}

static char *compare_span(const char *key, const cJSON *event, double least, double most)
{
	double actual = number_of(event, key);

	if (actual >= least - ROUNDING_US / 1e6 && actual <= most + ROUNDING_US / 1e6)
		return NULL;
	return text_of("%s is %f s, not between %f and %f", key, actual, least, most);
}

/* A connection tells latency and duration, a failed connect at least one of them: how long it took.
 */
static char *compare_spans(const cJSON *report, const cJSON *event)
{
	double whole = span(report, "began_us", "ended_us");

	if (is_tcp_connect(report) && cJSON_HasObjectItem(report, "closing_us")) {
		if (!(number_of(event, "latency") > 0))
			return text_of("latency is not above 0");
		CHECK(compare_span("latency", event, 0, span(report, "began_us", "connected_us")));
		return compare_span("duration", event, span(report, "connected_us", "closing_us"),
				    whole);
	}
	/* Who was killed while it connected reported before that. */
	if (is_tcp_connect(report))
		return compare_span(cJSON_HasObjectItem(event, "latency") ? "latency" : "duration",
				    event, 0,
				    cJSON_HasObjectItem(report, "connected_us") ? whole : INFINITY);
	if (cJSON_HasObjectItem(report, "closing_us"))
		return compare_span("duration", event, 0, whole);
	return NULL;
}

static char *compare_id(const cJSON *report, const cJSON *event)
{
	const cJSON *id = cJSON_GetObjectItem(report, "id");

	return id ? compare_value(id, cJSON_GetObjectItem(event, "id"), "") : NULL;
}

static bool has_port(const cJSON *event, double port)
{
	const cJSON *destination;

	cJSON_ArrayForEach (destination, cJSON_GetObjectItem(event, "destinations")) {
		if (number_of(destination, "port") == port)
			return true;
	}
	return number_of(event, "port") == port;
}

static bool belongs(const cJSON *report, const cJSON *event)
{
	const cJSON *facts = cJSON_GetObjectItem(report, "event");
	const cJSON *leaf = cJSON_GetArrayItem(cJSON_GetObjectItem(report, "tree"), 0);
	const cJSON *destinations = cJSON_GetObjectItem(facts, "destinations");

	return !strcmp(string_of(facts, "probe"), string_of(event, "probe")) &&
	       number_of(leaf, "pid") == number_of(event, "pid") &&
	       has_port(event, number_of(destinations ? destinations->child : facts, "port"));
}

cJSON *event_find(const cJSON *report, const cJSON *events, int *ret_count)
{
	cJSON *event, *found = NULL;

	*ret_count = 0;
	cJSON_ArrayForEach (event, events) {
		if (!belongs(report, event))
			continue;
		found = event;
		++*ret_count;
	}
	return found;
}

char *event_difference(const cJSON *report, const cJSON *event, enum event_source source)
{
	CHECK(compare_leaf(report, event));
	CHECK(compare_values(report, event, source));
	CHECK(compare_tree(report, event, source));
	CHECK(compare_time(report, event));
	CHECK(compare_id(report, event));
	if (source != EVENT_PRINTED)
		CHECK(compare_spans(report, event));
	if (!cJSON_HasObjectItem(event, "error"))
		return text_of("error is absent");
	return NULL;
}
