// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "query/escape.h"
#include "schema/utf8.h"

static void check(const char *text, bool utf8, const char *expected)
{
	char *written = NULL;
	size_t size;
	FILE *out = open_memstream(&written, &size);

	escape_write(out, text, utf8);
	fclose(out);
	assert_string_equal(written, expected);
	free(written);
}

static void plain_text_stays(void **state)
{
	(void)state;
	check("curl -s 'http://x/?a=1' \\ \"q\"", true, "curl -s 'http://x/?a=1' \\ \"q\"");
	check("grün 日本 🦀", true, "grün 日本 🦀");
}

static void ascii_controls_become_hex(void **state)
{
	(void)state;
	check("\x1b[31m\n\r\t\x07\x7f", true, "\\x1b[31m\\x0a\\x0d\\x09\\x07\\x7f");
}

static void c1_controls_are_escaped_raw_and_encoded(void **state)
{
	(void)state;
	check("\x9b"
	      "31m",
	      true, "\\x9b31m");
	check("\xc2\x9b"
	      "31m",
	      true, "\\u{9b}31m");
}

static void text_cannot_be_reordered_or_hidden(void **state)
{
	(void)state;
	check("a\u202eb\u2066c\u200bd\u2028e\ufeff", true,
	      "a\\u{202e}b\\u{2066}c\\u{200b}d\\u{2028}e\\u{feff}");
}

static void bytes_that_are_not_utf8_become_hex(void **state)
{
	(void)state;
	check("\xff\xc3(\xe2\x82", true, "\\xff\\xc3(\\xe2\\x82");
	check("\xc0\xaf", true, "\\xc0\\xaf");		/* overlong '/' */
	check("\xed\xa0\x80", true, "\\xed\\xa0\\x80"); /* surrogate */
	check("\xf4\x90\x80\x80", true, "\\xf4\\x90\\x80\\x80");
}

static void without_utf8_everything_is_ascii(void **state)
{
	(void)state;
	check("grün 🦀", false, "gr\\u{fc}n \\u{1f980}");
}

static void clean_text_keeps_characters_and_spells_bytes(void **state)
{
	const char bytes[] = "ü\xff\n";
	char *clean = utf8_clean(bytes, strlen(bytes));

	(void)state;
	assert_string_equal(clean, "ü\\xff\n");
	free(clean);
}

static void decoding_tells_length_and_point(void **state)
{
	uint32_t point = 7;

	(void)state;
	assert_int_equal(utf8_decode("", 0, &point), 0);
	assert_int_equal(utf8_decode("\xe2\x82", 2, &point), 0);
	assert_int_equal(point, 7);
	assert_int_equal(utf8_decode("€x", 4, &point), 3);
	assert_int_equal(point, 0x20ac);
	assert_int_equal(utf8_decode("\xf0\x9f\xa6\x80", 4, &point), 4);
	assert_int_equal(point, 0x1f980);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_stays),
		cmocka_unit_test(ascii_controls_become_hex),
		cmocka_unit_test(c1_controls_are_escaped_raw_and_encoded),
		cmocka_unit_test(text_cannot_be_reordered_or_hidden),
		cmocka_unit_test(bytes_that_are_not_utf8_become_hex),
		cmocka_unit_test(without_utf8_everything_is_ascii),
		cmocka_unit_test(clean_text_keeps_characters_and_spells_bytes),
		cmocka_unit_test(decoding_tells_length_and_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
