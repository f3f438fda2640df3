// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/drops.h"

#define BOOT 1700000000000000000LL

static const struct clock at_boot = {.unix_minus_boot_ns = BOOT};

static void assert_kind(uint16_t probe, uint16_t type, const char *name, const char *expected)
{
	char kind[DROP_KIND_SIZE];

	assert_string_equal(drop_kind(wire_drop_index(probe, type), name, kind), expected);
}

static void records_of_processes_are_named_by_their_type(void **state)
{
	(void)state;
	assert_kind(WIRE_PROBE_NONE, WIRE_FORK, "", "fork");
	assert_kind(WIRE_PROBE_NONE, WIRE_EXEC, "", "exec");
	assert_kind(WIRE_PROBE_NONE, WIRE_EXIT, "", "exit");
}

static void records_of_a_probe_are_named_by_both(void **state)
{
	(void)state;
	assert_kind(WIRE_PROBE_TCP_CONNECT, WIRE_OPEN, "tcp_connect", "tcp_connect open");
	assert_kind(WIRE_PROBE_UDP_SESSION, WIRE_END, "udp_session", "udp_session end");
}

static void a_type_that_does_not_exist_has_no_name(void **state)
{
	(void)state;
	assert_kind(WIRE_PROBE_TCP_CONNECT, WIRE_TYPES, "tcp_connect", "");
	assert_kind(WIRE_PROBE_NONE, 7, "", "");
}

static void a_long_name_is_cut(void **state)
{
	char name[100];
	char kind[DROP_KIND_SIZE];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(strlen(drop_kind(0, name, kind)), DROP_KIND_SIZE - 1);
}

static void every_probe_and_type_has_an_index_of_its_own(void **state)
{
	char seen[WIRE_DROPS] = {0};

	(void)state;
	for (uint16_t probe = 0; probe < WIRE_PROBES; probe++)
		for (uint16_t type = 0; type < WIRE_TYPES; type++) {
			uint32_t index = wire_drop_index(probe, type);

			assert_in_range(index, 0, WIRE_DROPS - 1);
			assert_int_equal(seen[index], 0);
			seen[index] = 1;
		}
	assert_in_range(wire_drop_index(UINT16_MAX, UINT16_MAX), 0, WIRE_DROPS - 1);
}

static void nothing_lost_is_no_gap(void **state)
{
	struct wire_drop counted = {0};
	struct drops drops = {0};
	struct gap gap;

	(void)state;
	assert_false(drops_account(&drops, &at_boot, 1, &counted, &gap));
}

static void a_loss_lies_between_the_last_look_and_the_last_drop(void **state)
{
	struct wire_drop counted = {.count = 5, .last_boot_ns = 900};
	struct drops drops = {.checked_ns = BOOT + 400};
	struct gap gap;

	(void)state;
	assert_true(drops_account(&drops, &at_boot, 1, &counted, &gap));
	assert_int_equal(gap.from_ns, BOOT + 400);
	assert_int_equal(gap.to_ns, BOOT + 900);
	assert_int_equal(gap.reason, GAP_RING_FULL);
	assert_int_equal(gap.count, 5);
}

static void a_loss_before_the_first_look_is_at_its_last_drop(void **state)
{
	struct wire_drop counted = {.count = 1, .last_boot_ns = 900};
	struct drops drops = {0};
	struct gap gap;

	(void)state;
	assert_true(drops_account(&drops, &at_boot, 1, &counted, &gap));
	assert_int_equal(gap.from_ns, BOOT + 900);
	assert_int_equal(gap.to_ns, BOOT + 900);
}

static void a_gap_never_ends_before_it_begins(void **state)
{
	struct wire_drop counted = {.count = 1, .last_boot_ns = 900};
	struct drops drops = {.checked_ns = BOOT + 901};
	struct gap gap;

	(void)state;
	assert_true(drops_account(&drops, &at_boot, 1, &counted, &gap));
	assert_int_equal(gap.from_ns, BOOT + 900);
	assert_int_equal(gap.to_ns, BOOT + 900);
}

static void a_loss_is_accounted_once(void **state)
{
	struct wire_drop counted = {.count = 5, .last_boot_ns = 900};
	struct drops drops = {0};
	struct gap gap;

	(void)state;
	assert_true(drops_account(&drops, &at_boot, 1, &counted, &gap));
	assert_false(drops_account(&drops, &at_boot, 1, &counted, &gap));
	counted.count = 7;
	assert_true(drops_account(&drops, &at_boot, 1, &counted, &gap));
	assert_int_equal(gap.count, 2);
}

static void kinds_are_accounted_apart(void **state)
{
	struct wire_drop counted = {.count = 5, .last_boot_ns = 900};
	struct drops drops = {0};
	struct gap gap;

	(void)state;
	assert_true(drops_account(&drops, &at_boot, 1, &counted, &gap));
	assert_true(drops_account(&drops, &at_boot, 2, &counted, &gap));
	assert_int_equal(gap.count, 5);
}

static void what_an_earlier_recorder_accounted_is_not_lost_again(void **state)
{
	struct wire_drop counted = {.count = 12, .last_boot_ns = 900};
	struct drops drops = {0};
	struct gap gap;

	(void)state;
	drops.accounted[3] = 10;
	assert_true(drops_account(&drops, &at_boot, 3, &counted, &gap));
	assert_int_equal(gap.count, 2);
}

static void runs_that_the_kernel_missed_lie_between_two_looks(void **state)
{
	struct drops drops = {.checked_ns = BOOT + 400};
	struct gap gap;

	(void)state;
	assert_false(drops_account_misses(&drops, 2, 0, BOOT + 500, &gap));
	assert_true(drops_account_misses(&drops, 2, 3, BOOT + 500, &gap));
	assert_int_equal(gap.from_ns, BOOT + 400);
	assert_int_equal(gap.to_ns, BOOT + 500);
	assert_int_equal(gap.reason, GAP_MISSED);
	assert_int_equal(gap.count, 3);
}

static void runs_that_the_kernel_missed_are_accounted_once(void **state)
{
	struct drops drops = {0};
	struct gap gap;

	(void)state;
	assert_true(drops_account_misses(&drops, 2, 3, BOOT + 500, &gap));
	assert_false(drops_account_misses(&drops, 2, 3, BOOT + 600, &gap));
	assert_true(drops_account_misses(&drops, 3, 3, BOOT + 600, &gap));
	assert_true(drops_account_misses(&drops, 2, 5, BOOT + 700, &gap));
	assert_int_equal(gap.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_processes_are_named_by_their_type),
		cmocka_unit_test(records_of_a_probe_are_named_by_both),
		cmocka_unit_test(a_type_that_does_not_exist_has_no_name),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(every_probe_and_type_has_an_index_of_its_own),
		cmocka_unit_test(nothing_lost_is_no_gap),
		cmocka_unit_test(a_loss_lies_between_the_last_look_and_the_last_drop),
		cmocka_unit_test(a_loss_before_the_first_look_is_at_its_last_drop),
		cmocka_unit_test(a_gap_never_ends_before_it_begins),
		cmocka_unit_test(a_loss_is_accounted_once),
		cmocka_unit_test(kinds_are_accounted_apart),
		cmocka_unit_test(what_an_earlier_recorder_accounted_is_not_lost_again),
		cmocka_unit_test(runs_that_the_kernel_missed_lie_between_two_looks),
		cmocka_unit_test(runs_that_the_kernel_missed_are_accounted_once),
	};

	return cmocka_run_group_tests_name("drops", tests, NULL, NULL);
}
