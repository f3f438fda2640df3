// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "recorder/clock.h"
#include "schema/timestamp.h"

#define OFFSET 1700000000000000000LL

static void a_boot_time_becomes_a_unix_time(void **state)
{
	struct clock clock = {.unix_minus_boot_ns = OFFSET};

	(void)state;
	assert_int_equal(clock_unix_ns(&clock, 0), OFFSET);
	assert_int_equal(clock_unix_ns(&clock, 123), OFFSET + 123);
}

static void an_id_is_a_unix_time(void **state)
{
	struct clock clock = {.unix_minus_boot_ns = OFFSET};

	(void)state;
	assert_int_equal(clock_next_id(&clock, 1000), OFFSET + 1000);
	assert_int_equal(clock_next_id(&clock, 2000), OFFSET + 2000);
}

static void ids_of_one_moment_differ(void **state)
{
	struct clock clock = {.unix_minus_boot_ns = OFFSET};

	(void)state;
	assert_int_equal(clock_next_id(&clock, 1000), OFFSET + 1000);
	assert_int_equal(clock_next_id(&clock, 1000), OFFSET + 1001);
	assert_int_equal(clock_next_id(&clock, 1000), OFFSET + 1002);
}

static void ids_grow_though_times_go_back(void **state)
{
	struct clock clock = {.unix_minus_boot_ns = OFFSET};

	(void)state;
	assert_int_equal(clock_next_id(&clock, 5000), OFFSET + 5000);
	assert_int_equal(clock_next_id(&clock, 10), OFFSET + 5001);
	assert_int_equal(clock_next_id(&clock, 6000), OFFSET + 6000);
}

static void ids_grow_beyond_those_of_an_earlier_recorder(void **state)
{
	struct clock clock = {.unix_minus_boot_ns = OFFSET, .last_id = OFFSET + 9999};

	(void)state;
	assert_int_equal(clock_next_id(&clock, 1), OFFSET + 10000);
}

static void ids_grow_though_the_clock_steps_back(void **state)
{
	struct clock clock = {.unix_minus_boot_ns = OFFSET};
	int64_t id = clock_next_id(&clock, 1000);

	(void)state;
	clock.unix_minus_boot_ns -= 3600 * NSEC_PER_SEC;
	assert_int_equal(clock_next_id(&clock, 2000), id + 1);
}

static void the_first_sample_is_no_step(void **state)
{
	struct clock clock = {0};

	(void)state;
	assert_int_equal(clock_sample(&clock), 0);
	assert_true(clock.unix_minus_boot_ns != 0);
}

static void a_sample_tells_now(void **state)
{
	struct clock clock = {0};
	int64_t before, now;

	(void)state;
	clock_sample(&clock);
	before = (int64_t)time(NULL);
	now = clock_unix_ns(&clock, (uint64_t)clock_boot_ns());
	/* time(2) reads a clock that may be a tick behind. */
	assert_in_range(now / NSEC_PER_SEC, before, time(NULL) + 1);
}

static void a_sample_tells_by_how_much_the_clock_stepped(void **state)
{
	struct clock clock = {0};
	int64_t step;

	(void)state;
	clock_sample(&clock);
	clock.unix_minus_boot_ns += 3600 * NSEC_PER_SEC;
	step = clock_sample(&clock);
	assert_true(step < -3599 * NSEC_PER_SEC && step > -3601 * NSEC_PER_SEC);
	assert_true(llabs(clock_sample(&clock)) < NSEC_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_boot_time_becomes_a_unix_time),
		cmocka_unit_test(an_id_is_a_unix_time),
		cmocka_unit_test(ids_of_one_moment_differ),
		cmocka_unit_test(ids_grow_though_times_go_back),
		cmocka_unit_test(ids_grow_beyond_those_of_an_earlier_recorder),
		cmocka_unit_test(ids_grow_though_the_clock_steps_back),
		cmocka_unit_test(the_first_sample_is_no_step),
		cmocka_unit_test(a_sample_tells_now),
		cmocka_unit_test(a_sample_tells_by_how_much_the_clock_stepped),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
