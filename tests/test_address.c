// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "schema/address.h"

static const char *again(const char *text)
{
	static char result[ADDRESS_TEXT_SIZE];
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address_format(&address, result);
}

static void addresses_of_both_families_come_back_as_text(void **state)
{
	(void)state;
	assert_string_equal(again("185.30.166.37"), "185.30.166.37");
	assert_string_equal(again("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
	assert_string_equal(again("::"), "::");
}

static void a_mapped_address_is_ipv4(void **state)
{
	(void)state;
	assert_string_equal(again("::ffff:10.0.0.5"), "10.0.0.5");
}

static void wire_bytes_become_an_address(void **state)
{
	const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 5};
	const uint8_t six[16] = {0x20, 0x01, [15] = 1};
	char text[ADDRESS_TEXT_SIZE];
	struct address address;

	(void)state;
	address = address_from_mapped(mapped);
	assert_int_equal(address.size, 4);
	assert_string_equal(address_format(&address, text), "10.0.0.5");
	address = address_from_mapped(six);
	assert_int_equal(address.size, 16);
	assert_string_equal(address_format(&address, text), "2001::1");
}

static void no_address_is_empty_text(void **state)
{
	const struct address none = {0};
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	assert_string_equal(address_format(&none, text), "");
	assert_true(address_is_any(&none));
}

static void what_is_no_address_is_refused_and_touches_nothing(void **state)
{
	static const char *const bad[] = {"",	 "10.0.0", "10.0.0.256", "1.2.3.4.5",
					  ":::", "host",   "10.0.0.1 ",	 "fe80::1%eth0"};
	struct address address = {.size = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(address_parse(bad[i], &address), -EINVAL);
	assert_int_equal(address.size, 77);
}

static void check_range(const char *text, const char *first_text, const char *last_text)
{
	char buffer[ADDRESS_TEXT_SIZE];
	struct address first, last;
	struct network network;

	assert_int_equal(network_parse(text, &network), 0);
	network_range(&network, &first, &last);
	assert_string_equal(address_format(&first, buffer), first_text);
	assert_string_equal(address_format(&last, buffer), last_text);
}

static void a_network_is_a_range(void **state)
{
	(void)state;
	check_range("10.1.2.3/8", "10.0.0.0", "10.255.255.255");
	check_range("10.1.2.3/31", "10.1.2.2", "10.1.2.3");
	check_range("10.1.2.3/20", "10.1.0.0", "10.1.15.255");
	check_range("10.1.2.3", "10.1.2.3", "10.1.2.3");
	check_range("0.0.0.0/0", "0.0.0.0", "255.255.255.255");
	check_range("2001:db8::1/33", "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff");
}

static void a_mapped_network_counts_from_bit_96(void **state)
{
	struct network network;

	(void)state;
	check_range("::ffff:10.0.0.0/104", "10.0.0.0", "10.255.255.255");
	assert_int_equal(network_parse("::ffff:10.0.0.0/95", &network), -EINVAL);
}

static void a_bad_prefix_is_refused(void **state)
{
	static const char *const bad[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129",
					  "10.0.0.0/8x", "/8",	      "10.0.0.0//8", ""};
	struct network network;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(network_parse(bad[i], &network), -EINVAL);
}

static void a_network_contains_only_its_own_family(void **state)
{
	struct address inside, outside, six;
	struct network network;

	(void)state;
	network_parse("10.0.0.0/9", &network);
	address_parse("10.127.0.1", &inside);
	address_parse("10.128.0.1", &outside);
	address_parse("::", &six);
	assert_true(network_contains(&network, &inside));
	assert_false(network_contains(&network, &outside));
	network_parse("0.0.0.0/0", &network);
	assert_true(network_contains(&network, &outside));
	assert_false(network_contains(&network, &six));
}

static void any_is_all_zeroes(void **state)
{
	struct address address;

	(void)state;
	address_parse("::", &address);
	assert_true(address_is_any(&address));
	address_parse("::1", &address);
	assert_false(address_is_any(&address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_both_families_come_back_as_text),
		cmocka_unit_test(a_mapped_address_is_ipv4),
		cmocka_unit_test(wire_bytes_become_an_address),
		cmocka_unit_test(no_address_is_empty_text),
		cmocka_unit_test(what_is_no_address_is_refused_and_touches_nothing),
		cmocka_unit_test(a_network_is_a_range),
		cmocka_unit_test(a_mapped_network_counts_from_bit_96),
		cmocka_unit_test(a_bad_prefix_is_refused),
		cmocka_unit_test(a_network_contains_only_its_own_family),
		cmocka_unit_test(any_is_all_zeroes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
