// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "recorder/flow.h"

static struct flows *flows;

static int set_up(void **state)
{
	(void)state;
	flows = flows_new();
	return !flows;
}

static int tear_down(void **state)
{
	(void)state;
	flows_free(flows);
	return 0;
}

static void a_flow_is_found_by_its_cookie_and_probe(void **state)
{
	struct flow *flow = flow_open(flows, 7, PROBE_TCP_CONNECT, 100, 1000);

	(void)state;
	assert_ptr_equal(flow_find(flows, 7, PROBE_TCP_CONNECT), flow);
	assert_null(flow_find(flows, 7, PROBE_NET_LISTEN));
	assert_null(flow_find(flows, 8, PROBE_TCP_CONNECT));
	assert_int_equal(flow->open_boot_ns, 100);
	assert_int_equal(flow->event_id, 1000);
	assert_int_equal(flow->event_count, 0);
}

static void probes_share_a_socket(void **state)
{
	struct flow *session = flow_open(flows, 7, PROBE_UDP_SESSION, 100, 1000);
	struct flow *listener = flow_open(flows, 7, PROBE_NET_LISTEN, 90, 990);

	(void)state;
	assert_ptr_equal(flow_find(flows, 7, PROBE_UDP_SESSION), session);
	assert_ptr_equal(flow_find(flows, 7, PROBE_NET_LISTEN), listener);
	assert_int_equal(flows_count(flows), 2);
}

static void a_flow_that_is_closed_is_gone(void **state)
{
	(void)state;
	flow_close(flows, flow_open(flows, 7, PROBE_TCP_CONNECT, 100, 1000));
	assert_null(flow_find(flows, 7, PROBE_TCP_CONNECT));
	assert_int_equal(flows_count(flows), 0);
}

static void a_socket_that_is_used_again_has_a_new_flow(void **state)
{
	(void)state;
	flow_open(flows, 7, PROBE_TCP_CONNECT, 100, 1000);
	flow_open(flows, 7, PROBE_TCP_CONNECT, 200, 2000);
	assert_int_equal(flows_count(flows), 1);
	assert_int_equal(flow_find(flows, 7, PROBE_TCP_CONNECT)->event_id, 2000);
}

static void a_flow_keeps_events_in_their_order(void **state)
{
	struct flow *flow = flow_open(flows, 7, PROBE_UDP_SESSION, 100, 1000);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct event event = {.id = i + 1};

		assert_int_equal(flow_keep(flow, &event, NULL), 0);
	}
	assert_int_equal(flow->event_count, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(flow->events[i].id, i + 1);
}

static void a_flow_keeps_the_process_that_began_it(void **state)
{
	struct wire_task task = {.pid = 10};
	struct image *first = image_new(&task);
	struct image *second = image_new(&task);
	struct flow *flow = flow_open(flows, 7, PROBE_UDP_SESSION, 100, 1000);
	struct event event = {.id = 1};

	(void)state;
	flow_keep(flow, &event, first);
	flow_keep(flow, &event, second);
	image_unref(first);
	image_unref(second);
	assert_ptr_equal(flow->image, first);
	assert_int_equal(flow->image->process.pid, 10);
}

struct visits {
	size_t count;
	uint64_t cookies;
};

static void visit_and_close(void *context, struct flow *flow)
{
	struct visits *visits = context;

	visits->count++;
	visits->cookies += flow->key.cookie;
	flow_close(flows, flow);
}

static void a_visit_sees_the_flows_of_its_probe_and_may_close_them(void **state)
{
	struct visits visits = {0};

	(void)state;
	for (uint64_t cookie = 1; cookie <= 100; cookie++) {
		flow_open(flows, cookie, PROBE_UDP_SESSION, 1, 1);
		flow_open(flows, cookie, PROBE_TCP_CONNECT, 1, 1);
	}
	flows_visit(flows, PROBE_UDP_SESSION, visit_and_close, &visits);
	assert_int_equal(visits.count, 100);
	assert_int_equal(visits.cookies, 5050);
	assert_int_equal(flows_count(flows), 100);
}

static void free_takes_null(void **state)
{
	(void)state;
	flows_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_flow_is_found_by_its_cookie_and_probe),
		TEST(probes_share_a_socket),
		TEST(a_flow_that_is_closed_is_gone),
		TEST(a_socket_that_is_used_again_has_a_new_flow),
		TEST(a_flow_keeps_events_in_their_order),
		TEST(a_flow_keeps_the_process_that_began_it),
		TEST(a_visit_sees_the_flows_of_its_probe_and_may_close_them),
		TEST(free_takes_null),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
