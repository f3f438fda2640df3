// SPDX-License-Identifier: Apache-2.0
/* Every allocation of the tables fails in turn: each call says so, nothing is leaked or lost. */
#include "tests/fixture_enrich.h"

static int allocations_left = -1; /* until one fails; negative: none does */
static bool has_failed;

static bool allocation_fails(void)
{
	if (allocations_left < 0)
		return false;
	if (allocations_left-- > 0)
		return false;
	has_failed = true;
	return true;
}

static void *failing_malloc(size_t size)
{
	return allocation_fails() ? NULL : malloc(size);
}

static void *failing_calloc(size_t count, size_t size)
{
	return allocation_fails() ? NULL : calloc(count, size);
}

static void *failing_reallocarray(void *memory, size_t count, size_t size)
{
	return allocation_fails() ? NULL : reallocarray(memory, count, size);
}

/* Those of the hash tables, which end the program, do not fail here. */
static void *hash_malloc(size_t size)
{
	return malloc(size);
}

#undef uthash_malloc
#define uthash_malloc(size) hash_malloc(size)
#define malloc failing_malloc
#define calloc failing_calloc
#define reallocarray failing_reallocarray
/* NOLINTBEGIN(bugprone-suspicious-include): their allocations are what fails. */
#include "recorder/text.c"
#include "recorder/image.c"
#include "recorder/flow.c"
#include "recorder/process_table.c"
#include "recorder/enrich.c"
#include "recorder/enrich_udp.c"
/* NOLINTEND(bugprone-suspicious-include) */
#undef malloc
#undef calloc
#undef reallocarray

static struct enriched fixture;
static struct wire_task shell;

static int set_up(void **state)
{
	(void)state;
	enriched_open(&fixture);
	shell = task_of_alice(10, 100);
	return seed_at(&fixture.processes, 150, &shell, NULL, "-sh");
}

static int tear_down(void **state)
{
	(void)state;
	enriched_close(&fixture);
	return 0;
}

/* Call step with each allocation failing in turn, until none is left to fail. */
static void fail_each(int (*step)(void))
{
	int failures = 0;

	for (;;) {
		int r;

		has_failed = false;
		allocations_left = failures;
		r = step();
		allocations_left = -1;
		if (!has_failed) {
			assert_int_equal(r, 0);
			break;
		}
		assert_int_equal(r, -ENOMEM);
		failures++;
	}
	assert_true(failures > 0);
}

static int step_fork(void)
{
	return fork_at(&fixture.processes, 200, &shell, 11);
}

static int step_fork_of_a_stub(void)
{
	struct wire_task unknown = task_of_alice(50, 50);

	return fork_at(&fixture.processes, 200, &unknown, 11);
}

static int step_exec(void)
{
	return exec_at(&fixture.processes, 300, &shell, "curl");
}

static int step_find(void)
{
	struct wire_task root = shell;
	struct image *image;

	root.uid = 0;
	return process_table_find(fixture.processes.table, &root, 300, &image);
}

static int step_restore(void)
{
	struct process process = {
		.id = BOOT + 400,
		.start_boot_ns = 400,
		.pid = 40,
		.comm = "c",
		.argv = "a",
		.argv_size = 2,
		.exe = "e",
		.cwd = "/",
	};

	return process_table_restore(fixture.processes.table, &process);
}

static int step_open(uint16_t probe, uint64_t boot_ns)
{
	fixture.record.open = (struct wire_open){
		.header = {.type = WIRE_OPEN, .probe = probe, .boot_ns = boot_ns},
		.task = shell,
		.cookie = 7,
		.session_boot_ns = 1000,
	};
	return enrich_record(fixture.enrich, &fixture.record);
}

static int step_connect(void)
{
	return step_open(WIRE_PROBE_TCP_CONNECT, 1000);
}

static int step_listen(void)
{
	return step_open(WIRE_PROBE_NET_LISTEN, 1000);
}

static int step_session(void)
{
	return step_open(WIRE_PROBE_UDP_SESSION, 1000);
}

static void a_fork_fails_whole(void **state)
{
	struct wire_task child = task_of_alice(11, 200);

	(void)state;
	fail_each(step_fork);
	assert_int_equal(fixture.processes.stored.images, 2);
	assert_string_equal(running(&fixture.processes, &child)->process.argv, "-sh");
}

static void a_fork_of_an_unknown_parent_fails_whole(void **state)
{
	(void)state;
	fail_each(step_fork_of_a_stub);
	assert_int_equal(fixture.processes.stored.images, 3);
}

static void an_exec_fails_whole(void **state)
{
	(void)state;
	fail_each(step_exec);
	assert_int_equal(fixture.processes.stored.images, 2);
	assert_string_equal(running(&fixture.processes, &shell)->process.argv, "curl");
}

static void a_change_of_credentials_fails_whole(void **state)
{
	(void)state;
	fail_each(step_find);
	assert_int_equal(fixture.processes.stored.images, 2);
	assert_int_equal(running(&fixture.processes, &shell)->process.uid, 0);
}

static void a_restore_fails_whole(void **state)
{
	(void)state;
	fail_each(step_restore);
	assert_int_equal(process_table_count(fixture.processes.table), 2);
}

static void a_connect_fails_whole(void **state)
{
	(void)state;
	fail_each(step_connect);
	assert_int_equal(fixture.facts.events, 1);
	assert_int_equal(flows_count(fixture.flows), 1);
}

static void a_listen_without_a_port_fails_and_is_told(void **state)
{
	(void)state;
	fail_each(step_listen);
	assert_int_equal(flows_count(fixture.flows), 1);
}

static void a_session_fails_whole(void **state)
{
	(void)state;
	fail_each(step_session);
	assert_int_equal(fixture.facts.events, 1);
	assert_int_equal(flows_count(fixture.flows), 1);
}

static void a_batch_of_ended_destinations_is_kept_when_it_cannot_be_shown(void **state)
{
	struct flow *flow;

	(void)state;
	for (uint64_t i = 0; i < 2000; i++)
		assert_int_equal(step_open(WIRE_PROBE_UDP_SESSION, 1000 + i), 0);
	flow = flow_find(fixture.flows, 7, PROBE_UDP_SESSION);
	for (size_t i = 0; i < flow->event_count; i++)
		flow->events[i].end_ns = 1;
	fixture.kernel.sockets[0].cookie = 7;
	fixture.kernel.sockets[0].socket.last_boot_ns = 200 * (uint64_t)NSEC_PER_SEC;
	allocations_left = 0;
	assert_int_equal(enrich_sweep(fixture.enrich, 200 * (uint64_t)NSEC_PER_SEC), -ENOMEM);
	allocations_left = -1;
	assert_int_equal(flow->event_count, 2000);
	assert_int_equal(fixture.facts.shows, 0);
}

static void a_table_that_cannot_be_made_is_null(void **state)
{
	(void)state;
	allocations_left = 0;
	assert_null(process_table_new(&fixture.processes.clock, &fixture.processes.sink));
	allocations_left = 0;
	assert_null(flows_new());
	allocations_left = 0;
	assert_null(enrich_new(NULL, NULL, NULL, NULL, NULL, 0));
	allocations_left = 0;
	assert_null(text_new("a", 1));
	allocations_left = -1;
	process_table_free(NULL);
	enrich_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_fork_fails_whole),
		TEST(a_fork_of_an_unknown_parent_fails_whole),
		TEST(an_exec_fails_whole),
		TEST(a_change_of_credentials_fails_whole),
		TEST(a_restore_fails_whole),
		TEST(a_connect_fails_whole),
		TEST(a_listen_without_a_port_fails_and_is_told),
		TEST(a_session_fails_whole),
		TEST(a_batch_of_ended_destinations_is_kept_when_it_cannot_be_shown),
		TEST(a_table_that_cannot_be_made_is_null),
	};

	return cmocka_run_group_tests_name("out_of_memory", tests, NULL, NULL);
}
