// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/intern.h"

static int set_up(void **state)
{
	*state = intern_new(4);
	return !*state;
}

static int tear_down(void **state)
{
	intern_free(*state);
	return 0;
}

static void what_was_put_is_found(void **state)
{
	intern_put(*state, "bash", 4, 17);
	intern_put(*state, "zsh", 3, 18);
	assert_int_equal(intern_find(*state, "bash", 4), 17);
	assert_int_equal(intern_find(*state, "zsh", 3), 18);
}

static void what_was_not_put_is_not_found(void **state)
{
	assert_int_equal(intern_find(*state, "bash", 4), 0);
	intern_put(*state, "bash", 4, 17);
	assert_int_equal(intern_find(*state, "bas", 3), 0);
	assert_int_equal(intern_find(*state, "basi", 4), 0);
}

static void bytes_behind_a_nul_count(void **state)
{
	intern_put(*state, "a\0b", 3, 1);
	intern_put(*state, "a\0c", 3, 2);
	assert_int_equal(intern_find(*state, "a\0b", 3), 1);
	assert_int_equal(intern_find(*state, "a\0c", 3), 2);
	assert_int_equal(intern_find(*state, "a", 1), 0);
}

static void no_bytes_are_a_key_too(void **state)
{
	intern_put(*state, "", 0, 9);
	assert_int_equal(intern_find(*state, "", 0), 9);
}

static void the_bytes_are_copied(void **state)
{
	char key[] = "bash";

	intern_put(*state, key, 4, 17);
	memset(key, 'x', 4);
	assert_int_equal(intern_find(*state, "bash", 4), 17);
	assert_int_equal(intern_find(*state, "xxxx", 4), 0);
}

static void one_more_than_the_limit_empties_it(void **state)
{
	for (int i = 1; i <= 4; i++)
		intern_put(*state, &i, sizeof(i), i);
	for (int i = 1; i <= 4; i++)
		assert_int_equal(intern_find(*state, &i, sizeof(i)), i);
	intern_put(*state, "fifth", 5, 5);
	for (int i = 1; i <= 4; i++)
		assert_int_equal(intern_find(*state, &i, sizeof(i)), 0);
	assert_int_equal(intern_find(*state, "fifth", 5), 5);
}

static void clear_forgets_everything(void **state)
{
	intern_put(*state, "bash", 4, 17);
	intern_clear(*state);
	assert_int_equal(intern_find(*state, "bash", 4), 0);
	intern_put(*state, "bash", 4, 18);
	assert_int_equal(intern_find(*state, "bash", 4), 18);
}

static void many_are_told_apart(void **state)
{
	struct intern *intern = intern_new(20000);

	(void)state;
	assert_non_null(intern);
	for (int64_t i = 1; i <= 20000; i++)
		intern_put(intern, &i, sizeof(i), i);
	for (int64_t i = 1; i <= 20000; i++)
		assert_int_equal(intern_find(intern, &i, sizeof(i)), i);
	intern_free(intern);
}

static void free_takes_null(void **state)
{
	(void)state;
	intern_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_put_is_found),	TEST(what_was_not_put_is_not_found),
		TEST(bytes_behind_a_nul_count), TEST(no_bytes_are_a_key_too),
		TEST(the_bytes_are_copied),	TEST(one_more_than_the_limit_empties_it),
		TEST(clear_forgets_everything), TEST(many_are_told_apart),
		TEST(free_takes_null),
	};

	return cmocka_run_group_tests_name("intern", tests, NULL, NULL);
}
