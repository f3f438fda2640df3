// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "schema/timestamp.h"

static void utc_has_microseconds_and_a_z(void **state)
{
	char text[TIMESTAMP_TEXT_SIZE];

	(void)state;
	assert_string_equal(timestamp_format_utc(1573568697532744999LL, text),
			    "2019-11-12T14:24:57.532744Z");
	assert_string_equal(timestamp_format_utc(0, text), "1970-01-01T00:00:00.000000Z");
}

static void a_time_before_1970_is_rounded_down(void **state)
{
	char text[TIMESTAMP_TEXT_SIZE];

	(void)state;
	assert_string_equal(timestamp_format_utc(-1, text), "1969-12-31T23:59:59.999999Z");
}

static void local_time_follows_tz(void **state)
{
	char text[TIMESTAMP_TEXT_SIZE];

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_string_equal(timestamp_format_local(1573568697532744999LL, text),
			    "2019-11-12 15:24:57.532 CET");
	assert_string_equal(timestamp_format_local(1562000000000000000LL, text),
			    "2019-07-01 18:53:20.000 CEST");
}

static void every_time_fits(void **state)
{
	char text[TIMESTAMP_TEXT_SIZE];

	(void)state;
	assert_string_equal(timestamp_format_utc(INT64_MAX, text), "2262-04-11T23:47:16.854775Z");
	assert_string_equal(timestamp_format_utc(INT64_MIN, text), "1677-09-21T00:12:43.145224Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utc_has_microseconds_and_a_z),
		cmocka_unit_test(a_time_before_1970_is_rounded_down),
		cmocka_unit_test(local_time_follows_tz),
		cmocka_unit_test(every_time_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
