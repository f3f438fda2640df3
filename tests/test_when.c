// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "query/when.h"
#include "schema/timestamp.h"

/* 2026-11-24 11:15:00 CET, a Tuesday. */
#define NOW (1795515300 * NSEC_PER_SEC)

static void check(const char *text, enum when_edge edge, const char *expected)
{
	char formatted[TIMESTAMP_TEXT_SIZE];
	int64_t ns;

	if (when_parse(text, NOW, edge, &ns) < 0)
		fail_msg("'%s' is refused", text);
	assert_string_equal(timestamp_format_utc(ns, formatted), expected);
}

static int use_central_europe(void **state)
{
	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return 0;
}

static void a_bare_day_is_its_first_or_its_last_instant(void **state)
{
	(void)state;
	check("2026-11-20", WHEN_FIRST, "2026-11-19T23:00:00.000000Z");
	check("2026-11-20", WHEN_LAST, "2026-11-20T22:59:59.999999Z");
	check("today", WHEN_FIRST, "2026-11-23T23:00:00.000000Z");
	check("yesterday", WHEN_FIRST, "2026-11-22T23:00:00.000000Z");
	check("yesterday", WHEN_LAST, "2026-11-23T22:59:59.999999Z");
}

static void a_day_with_a_time_is_that_instant(void **state)
{
	(void)state;
	check("2026-11-20T03:10", WHEN_LAST, "2026-11-20T02:10:00.000000Z");
	check("2026-11-20 03:10:05.25", WHEN_FIRST, "2026-11-20T02:10:05.250000Z");
	check("yesterday 02:10", WHEN_FIRST, "2026-11-23T01:10:00.000000Z");
	check("today 14:00", WHEN_FIRST, "2026-11-24T13:00:00.000000Z");
	check("03:10", WHEN_FIRST, "2026-11-24T02:10:00.000000Z");
}

static void a_zone_replaces_local_time(void **state)
{
	(void)state;
	check("2026-11-20T03:10:00Z", WHEN_FIRST, "2026-11-20T03:10:00.000000Z");
	check("2026-11-20T03:10:00.123456Z", WHEN_FIRST, "2026-11-20T03:10:00.123456Z");
	check("2026-11-20T03:10+05:30", WHEN_FIRST, "2026-11-19T21:40:00.000000Z");
	check("2026-11-20 03:10 -0800", WHEN_FIRST, "2026-11-20T11:10:00.000000Z");
	check("2026-11-20T03:10+02", WHEN_FIRST, "2026-11-20T01:10:00.000000Z");
}

static void summer_time_is_observed(void **state)
{
	(void)state;
	check("2026-07-01 12:00", WHEN_FIRST, "2026-07-01T10:00:00.000000Z");
	/* A day of 25 hours. */
	check("2026-10-25", WHEN_FIRST, "2026-10-24T22:00:00.000000Z");
	check("2026-10-25", WHEN_LAST, "2026-10-25T22:59:59.999999Z");
}

static void spans_count_back_from_now(void **state)
{
	(void)state;
	check("now", WHEN_FIRST, "2026-11-24T10:15:00.000000Z");
	check("-2h", WHEN_FIRST, "2026-11-24T08:15:00.000000Z");
	check("-30min", WHEN_FIRST, "2026-11-24T09:45:00.000000Z");
	check("2h ago", WHEN_FIRST, "2026-11-24T08:15:00.000000Z");
	check("3 days ago", WHEN_FIRST, "2026-11-21T10:15:00.000000Z");
	check("-1h30min", WHEN_FIRST, "2026-11-24T08:45:00.000000Z");
	check("1 week ago", WHEN_FIRST, "2026-11-17T10:15:00.000000Z");
}

static void unix_time_is_taken_after_an_at(void **state)
{
	(void)state;
	check("@1573568697.532744", WHEN_FIRST, "2019-11-12T14:24:57.532744Z");
	check("@0", WHEN_FIRST, "1970-01-01T00:00:00.000000Z");
}

static void what_is_no_time_is_refused_and_touches_nothing(void **state)
{
	static const char *const bad[] = {
		"",
		"tomorrow",
		"2026-02-30",
		"2026-13-01",
		"2026-1-1",
		"2026-11-24T25:00",
		"2026-11-24T10:60",
		"2026-11-24T",
		"2h",
		"-2",
		"-2y",
		"-",
		"@",
		"@x",
		"2026-11-24T10:00+25",
		"2026-11-24x",
		"0001-01-01",
		"2026-11-2403:10",
		"todayish",
		"10:00 tomorrow",
		"ago",
		"-99999999999999999w",
		"@99999999999999999999",
		"2026-11-24T10:00:00.",
	};
	int64_t ns = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (when_parse(bad[i], NOW, WHEN_FIRST, &ns) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
	assert_int_equal(ns, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bare_day_is_its_first_or_its_last_instant),
		cmocka_unit_test(a_day_with_a_time_is_that_instant),
		cmocka_unit_test(a_zone_replaces_local_time),
		cmocka_unit_test(summer_time_is_observed),
		cmocka_unit_test(spans_count_back_from_now),
		cmocka_unit_test(unix_time_is_taken_after_an_at),
		cmocka_unit_test(what_is_no_time_is_refused_and_touches_nothing),
	};

	return cmocka_run_group_tests(tests, use_central_europe, NULL);
}
