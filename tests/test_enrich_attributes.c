// SPDX-License-Identifier: Apache-2.0
/* Attributes on the way through enrich, which come to it in a buffer that is used again. */
#include "tests/fixture_enrich.h"

#define COOKIE 77
#define SECOND ((uint64_t)NSEC_PER_SEC)

static struct enriched fixture;
static struct facts *const facts = &fixture.facts;

/* What was asked for. */
static int asked;
static char attributes[32];
static int answer;
/* Of what was stored and shown last. */
static char stored[32];
static char shown[4][32];

static int number_event(void *context, struct event *event, const struct image *image)
{
	(void)context;
	assert_null(event->attributes);
	assert_non_null(image);
	snprintf(attributes, sizeof(attributes), "{\"n\":%d}", ++asked);
	event->attributes = attributes;
	return answer;
}

static int keep_stored(void *context, const struct event *event)
{
	snprintf(stored, sizeof(stored), "%s", event->attributes);
	return facts_event(context, event);
}

static void keep_shown(void *context, const struct event *events, size_t count,
		       const struct image *image)
{
	for (size_t i = 0; i < count && i < 4; i++)
		snprintf(shown[i], sizeof(shown[i]), "%s", events[i].attributes);
	facts_show(context, events, count, image);
}

static int set_up(void **state)
{
	struct wire_task curl = task_of_alice(10, 100);

	(void)state;
	enriched_open(&fixture);
	seed_at(&fixture.processes, 150, &curl, NULL, "curl");
	fixture.sink.attributes = number_event;
	fixture.sink.event = keep_stored;
	fixture.sink.show = keep_shown;
	asked = answer = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	enriched_close(&fixture);
	return 0;
}

static int open_at(uint16_t probe, uint64_t boot_ns, uint64_t cookie, uint16_t port)
{
	struct wire_open *open = &fixture.record.open;

	*open = (struct wire_open){
		.header = {.type = WIRE_OPEN, .probe = probe, .boot_ns = boot_ns},
		.task = task_of_alice(10, 100),
		.cookie = cookie,
		.session_boot_ns = probe == WIRE_PROBE_UDP_SESSION ? 1000 * SECOND : 0,
		.protocol = IPPROTO_TCP,
	};
	set_address(open->saddr, "10.0.0.5");
	if (probe == WIRE_PROBE_NET_LISTEN) {
		open->flags = WIRE_OPEN_RANDOM_PORT;
	} else {
		set_address(open->daddr, "185.30.166.37");
		open->dport = port;
	}
	return enrich_record(fixture.enrich, &fixture.record);
}

static int end_of(uint16_t probe, uint64_t open_boot_ns)
{
	fixture.record.end = (struct wire_end){
		.header = {.type = WIRE_END, .probe = probe, .boot_ns = 2000 * SECOND},
		.cookie = COOKIE,
		.open_boot_ns = open_boot_ns,
		.sport = 40000,
	};
	return enrich_record(fixture.enrich, &fixture.record);
}

static void a_connect_is_stored_and_shown_with_them(void **state)
{
	(void)state;
	assert_int_equal(open_at(WIRE_PROBE_TCP_CONNECT, 1000 * SECOND, COOKIE, 443), 0);
	assert_string_equal(stored, "{\"n\":1}");
	assert_string_equal(shown[0], "{\"n\":1}");
	assert_int_equal(asked, 1);
}

static void a_listener_that_is_shown_later_has_kept_them(void **state)
{
	(void)state;
	assert_int_equal(open_at(WIRE_PROBE_NET_LISTEN, 1000 * SECOND, COOKIE, 0), 0);
	assert_string_equal(stored, "{\"n\":1}");
	assert_int_equal(facts->shows, 0);
	assert_int_equal(open_at(WIRE_PROBE_TCP_CONNECT, 1001 * SECOND, COOKIE + 1, 443), 0);
	assert_int_equal(end_of(WIRE_PROBE_NET_LISTEN, 1000 * SECOND), 0);
	assert_int_equal(facts->shows, 2);
	assert_string_equal(shown[0], "{\"n\":1}");
	assert_int_equal(asked, 2);
}

static void each_destination_of_a_session_has_kept_its_own(void **state)
{
	(void)state;
	assert_int_equal(open_at(WIRE_PROBE_UDP_SESSION, 1000 * SECOND, COOKIE, 53), 0);
	assert_int_equal(open_at(WIRE_PROBE_UDP_SESSION, 1001 * SECOND, COOKIE, 54), 0);
	assert_string_equal(stored, "{\"n\":2}");
	assert_int_equal(end_of(WIRE_PROBE_UDP_SESSION, 1000 * SECOND), 0);
	assert_int_equal(facts->shown_count[0], 2);
	assert_string_equal(shown[0], "{\"n\":1}");
	assert_string_equal(shown[1], "{\"n\":2}");
	assert_int_equal(asked, 2);
}

static void a_session_that_is_restored_keeps_them(void **state)
{
	char text[] = "{\"n\":99}";
	struct event event = {
		.id = BOOT + 1000 * NSEC_PER_SEC,
		.session_id = BOOT + 1000 * NSEC_PER_SEC,
		.process_id = BOOT + 100,
		.cookie = COOKIE,
		.probe = PROBE_UDP_SESSION,
		.attributes = text,
	};

	(void)state;
	assert_int_equal(enrich_restore(fixture.enrich, &event), 0);
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(end_of(WIRE_PROBE_UDP_SESSION, 1000 * SECOND), 0);
	assert_string_equal(shown[0], "{\"n\":99}");
	assert_int_equal(asked, 0);
}

static void an_error_of_the_sink_ends_it(void **state)
{
	(void)state;
	answer = -ENOMEM;
	assert_int_equal(open_at(WIRE_PROBE_TCP_CONNECT, 1000 * SECOND, COOKIE, 443), -ENOMEM);
	assert_int_equal(open_at(WIRE_PROBE_UDP_SESSION, 1000 * SECOND, COOKIE, 53), -ENOMEM);
	assert_int_equal(facts->events, 0);
}

static void of_an_event_without_a_cookie_nothing_is_kept(void **state)
{
	(void)state;
	assert_int_equal(open_at(WIRE_PROBE_EXTRA, 1000 * SECOND, 0, 443), 0);
	assert_int_equal(open_at(WIRE_PROBE_EXTRA, 1001 * SECOND, 0, 443), 0);
	assert_int_equal(facts->events, 2);
	assert_int_equal(facts->shows, 2);
	assert_int_equal(flows_count(fixture.flows), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connect_is_stored_and_shown_with_them),
		TEST(a_listener_that_is_shown_later_has_kept_them),
		TEST(each_destination_of_a_session_has_kept_its_own),
		TEST(a_session_that_is_restored_keeps_them),
		TEST(an_error_of_the_sink_ends_it),
		TEST(of_an_event_without_a_cookie_nothing_is_kept),
	};

	return cmocka_run_group_tests_name("enrich attributes", tests, NULL, NULL);
}
