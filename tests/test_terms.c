// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "query/terms.h"

static struct event event_of(uint32_t probe, const char *saddr, uint16_t sport, const char *daddr,
			     uint16_t dport)
{
	struct event event = {.probe = probe, .sport = sport, .dport = dport};

	assert_int_equal(address_parse(saddr, &event.saddr), 0);
	if (daddr)
		assert_int_equal(address_parse(daddr, &event.daddr), 0);
	return event;
}

static bool matches(const char *text, const struct event *event)
{
	struct term term;

	if (term_parse(text, &term) < 0)
		fail_msg("'%s' is refused", text);
	return term_matches(&term, event);
}

static void a_connect_matches_by_its_remote_side(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT, "10.0.0.5", 43122, "185.30.166.37", 6697);

	(void)state;
	assert_true(matches("185.30.166.37", &event));
	assert_true(matches("185.30.166.37:6697", &event));
	assert_true(matches("185.30.0.0/16", &event));
	assert_true(matches("185.30.0.0/16:6697", &event));
	assert_true(matches(":6697", &event));
	assert_false(matches("185.30.166.37:6698", &event));
	assert_false(matches(":43122", &event));
	assert_false(matches("185.31.0.0/16", &event));
}

static void an_address_alone_also_matches_the_local_side(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT, "10.0.0.5", 43122, "185.30.166.37", 6697);

	(void)state;
	assert_true(matches("10.0.0.5", &event));
	assert_true(matches("10.0.0.0/8", &event));
	assert_false(matches("10.0.0.5:43122", &event));
}

static void a_listener_matches_by_its_local_side(void **state)
{
	struct event event = event_of(PROBE_NET_LISTEN, "127.0.0.1", 22, NULL, 0);

	(void)state;
	assert_true(matches(":22", &event));
	assert_true(matches("127.0.0.1:22", &event));
	assert_true(matches("127.0.0.1", &event));
	assert_false(matches(":23", &event));
}

static void ipv6_takes_a_port_in_brackets(void **state)
{
	struct event event = event_of(PROBE_UDP_SESSION, "::1", 9, "2001:db8::7", 53);

	(void)state;
	assert_true(matches("2001:db8::7", &event));
	assert_true(matches("[2001:db8::7]", &event));
	assert_true(matches("[2001:db8::7]:53", &event));
	assert_true(matches("[2001:db8::/32]:53", &event));
	assert_true(matches("2001:db8::/32", &event));
	assert_false(matches("[2001:db8::7]:54", &event));
}

static void a_mapped_address_matches_ipv4(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT, "10.0.0.5", 1, "10.0.0.6", 2);

	(void)state;
	assert_true(matches("[::ffff:10.0.0.6]:2", &event));
}

static void any_network_of_a_family_matches_only_that_family(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT, "10.0.0.5", 1, "10.0.0.6", 2);

	(void)state;
	assert_true(matches("0.0.0.0/0", &event));
	assert_false(matches("::/0", &event));
}

static void several_terms_must_all_match(void **state)
{
	struct event event = event_of(PROBE_TCP_CONNECT, "10.0.0.5", 1, "10.0.0.6", 2);
	struct term terms[2];

	(void)state;
	term_parse("10.0.0.6", &terms[0]);
	term_parse(":2", &terms[1]);
	assert_true(terms_match(terms, 2, &event));
	term_parse(":3", &terms[1]);
	assert_false(terms_match(terms, 2, &event));
	assert_true(terms_match(NULL, 0, &event));
}

static void what_is_no_term_is_refused_and_touches_nothing(void **state)
{
	static const char *const bad[] = {"",	    ":",	   ":0",    ":65536",
					  ":x",	    "host",	   "1.2.3", "[::1",
					  "[::1]x", "[::1]:",	   "[]:80", "1.2.3.4:",
					  "evnets", "1.2.3.4:5:6", "[]",    "1.2.3.4/33"};
	struct term term = {.port = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (term_parse(bad[i], &term) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
	assert_int_equal(term.port, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connect_matches_by_its_remote_side),
		cmocka_unit_test(an_address_alone_also_matches_the_local_side),
		cmocka_unit_test(a_listener_matches_by_its_local_side),
		cmocka_unit_test(ipv6_takes_a_port_in_brackets),
		cmocka_unit_test(a_mapped_address_matches_ipv4),
		cmocka_unit_test(any_network_of_a_family_matches_only_that_family),
		cmocka_unit_test(several_terms_must_all_match),
		cmocka_unit_test(what_is_no_term_is_refused_and_touches_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
