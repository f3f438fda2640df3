// SPDX-License-Identifier: Apache-2.0
#include "tests/fixture_config.h"

#include "recorder/include.h"

static void assert_prints(const struct config *config, const char *expected)
{
	char *text = printed(config);

	if (!strstr(text, expected))
		fail_msg("'%s' is not in '%s'", expected, text);
	free(text);
}

static void assert_effect(const char *text, const char *expected)
{
	struct config *config = load(text);

	assert_prints(config, expected);
	config_free(config);
}

static void an_include_is_replaced_by_the_file(void **state)
{
	(void)state;
	write_file("ports.yml", "[80, 443]\n");
	assert_effect("tcp_connect: {includeports: !include ports.yml}\n",
		      "includeports: [80, 443]\n");
}

static void a_whole_section_can_be_included(void **state)
{
	(void)state;
	write_file("section.yml", "excludeports: [1]\n");
	assert_effect("tcp_connect: !include section.yml\n", "excludeports: [1]\n");
	assert_effect("tcp_connect: !include \"section.yml\"\n", "excludeports: [1]\n");
}

static void an_include_is_relative_to_its_file(void **state)
{
	struct config *config;

	(void)state;
	mkdir("sub", 0700);
	write_file("sub/section.yml", "includeports: !include ports.yml\n");
	write_file("sub/ports.yml", "[7]\n");
	config = load("tcp_connect: !include sub/section.yml\n");
	assert_prints(config, "includeports: [7]\n");
	assert_string_equal(config_files(config)[0], PATH);
	assert_string_equal(config_files(config)[1], "sub/section.yml");
	assert_string_equal(config_files(config)[2], "sub/ports.yml");
	assert_null(config_files(config)[3]);
	config_free(config);
}

static void an_include_may_be_absolute(void **state)
{
	char text[128];

	(void)state;
	write_file("ports.yml", "[8]\n");
	snprintf(text, sizeof(text), "tcp_connect: {includeports: !include %s/ports.yml}\n",
		 directory);
	assert_effect(text, "includeports: [8]\n");
}

static void a_file_may_be_included_twice(void **state)
{
	struct config *config;

	(void)state;
	write_file("ports.yml", "[9]\n");
	config = load("tcp_connect: {includeports: !include ports.yml}\n"
		      "udp_session: {excludeports: !include ./ports.yml}\n");
	assert_prints(config, "  excludeports: [9]\n");
	assert_null(config_files(config)[2]);
	config_free(config);
}

static void an_included_file_may_be_empty(void **state)
{
	(void)state;
	write_file("empty.yml", "# nothing\n");
	assert_effect("tcp_connect: !include empty.yml\n", "tcp_connect:\n");
}

static void an_include_in_a_list_is_one_item(void **state)
{
	(void)state;
	write_file("filter.yml", "{subnet_name: x, network: 10.0.0.0/8}\n");
	assert_effect("tcp_connect: {filters: [!include filter.yml]}\n", "subnet_name: \"x\"");
}

static void a_loop_is_an_error_that_names_the_chain(void **state)
{
	(void)state;
	assert_error("tcp_connect: !include " PATH "\n",
		     PATH ":1:14: a loop of !include, expected none: " PATH " -> " PATH);
	write_file("a.yml", "plugins: !include b.yml\n");
	write_file("b.yml", "p:\n  x: !include a.yml\n");
	assert_error("tcp_connect: !include a.yml\n",
		     "b.yml:2:6: a loop of !include, expected none: a.yml -> b.yml -> a.yml");
}

static void a_loop_by_way_of_a_symbolic_link_is_found(void **state)
{
	(void)state;
	assert_int_equal(symlink(PATH, "link.yml"), 0);
	assert_error("tcp_connect: !include link.yml\n",
		     PATH ":1:14: a loop of !include, expected none: " PATH " -> " PATH);
	unlink("link.yml");
}

static void a_long_chain_is_an_error(void **state)
{
	char name[32], text[64];

	(void)state;
	for (int i = 0; i < INCLUDE_DEPTH; i++) {
		snprintf(name, sizeof(name), "n%d.yml", i);
		snprintf(text, sizeof(text), "!include n%d.yml\n", i + 1);
		write_file(name, text);
	}
	snprintf(name, sizeof(name), "n%d.yml", INCLUDE_DEPTH);
	write_file(name, "{}\n");
	assert_error("tcp_connect: !include n0.yml\n",
		     "n30.yml:1:1: files include each other more than 32 deep");
}

static void a_missing_file_is_named_where_it_is_included(void **state)
{
	(void)state;
	assert_error("tcp_connect:\n  filters: !include missing.yml\n",
		     PATH ":2:12: cannot include missing.yml: No such file or directory");
	assert_error("tcp_connect: !include ''\n",
		     PATH ":1:14: !include of nothing, expected the name of a file or a URL");
}

static void errors_name_the_included_file(void **state)
{
	(void)state;
	write_file("ports.yml", "# ports\n- 80\n- 70000\n");
	assert_error("tcp_connect: {includeports: !include ports.yml}\n",
		     "ports.yml:3:3: the port '70000', expected 0 to 65535");
	write_file("ports.yml", "- 80\n- [\n");
	assert_error_begins("tcp_connect: {includeports: !include ports.yml}\n",
			    "ports.yml:3:1: malformed YAML: ");
	write_file("ports.yml", "{a: 1, a: 2}\n");
	assert_error("tcp_connect: {includeports: !include ports.yml}\n",
		     "ports.yml:1:8: duplicate key 'a', expected it once: the first is in line 1");
}

static void includes_do_not_get_around_the_limit_on_depth(void **state)
{
	char text[128] = "_x: ";

	(void)state;
	write_file("deep.yml", "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]\n");
	strcat(text, "[[[[[[[[[[[[[[[[[[[[!include deep.yml]]]]]]]]]]]]]]]]]]]]\ntcp_connect:\n");
	assert_error_begins(text, PATH ":1:13: nested more than 32 deep, with what is included");
}

static void includes_do_not_get_around_the_limit_on_size(void **state)
{
	char name[32], text[256];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "bomb%d.yml", i);
		snprintf(text, sizeof(text),
			 "[!include bomb%d.yml, !include bomb%d.yml, "
			 "!include bomb%d.yml]\n",
			 i + 1, i + 1, i + 1);
		write_file(name, text);
	}
	write_file("bomb20.yml", "[1, 2]\n");
	assert_error_begins("tcp_connect:\n_x: !include bomb0.yml\n",
			    "bomb8.yml:1:1: aliases and includes multiply the file to more than "
			    "1000000 nodes");
}

static void a_url_is_an_error_where_nothing_is_fetched(void **state)
{
	(void)state;
	assert_error("tcp_connect: !include https://127.0.0.1/x.yml\n",
		     PATH ":1:14: a URL, expected a file: nothing is fetched here");
}

static void a_merge_key_adds_what_is_not_written(void **state)
{
	(void)state;
	assert_effect("_base: &b {includeports: [1], session_max_duration: 5}\n"
		      "udp_session:\n  <<: *b\n  session_max_duration: 6\n",
		      "udp_session:\n  includeports: [1]\n  session_max_duration: 6\n");
	assert_effect("_base: &b {session_max_duration: 5}\n"
		      "udp_session:\n  session_max_duration: 6\n  <<: *b\n",
		      "  session_max_duration: 6\n");
}

static void of_merged_mappings_the_first_has_the_say(void **state)
{
	(void)state;
	assert_effect("_a: &a {session_max_duration: 5}\n"
		      "_b: &b {session_max_duration: 6, excludeports: [2]}\n"
		      "udp_session: {<<: [*a, *b]}\n",
		      "udp_session:\n  excludeports: [2]\n  session_max_duration: 5\n");
}

static void merges_nest(void **state)
{
	(void)state;
	assert_effect("_a: &a {session_max_duration: 5, includeports: [3]}\n"
		      "_b: &b {<<: *a, session_max_duration: 7}\nudp_session: {<<: *b}\n",
		      "udp_session:\n  includeports: [3]\n  session_max_duration: 7\n");
}

static void a_file_can_be_merged(void **state)
{
	(void)state;
	write_file("base.yml", "session_max_duration: 9\n");
	assert_effect("udp_session: {<<: !include base.yml}\n", "session_max_duration: 9\n");
}

static void what_cannot_be_merged_is_an_error(void **state)
{
	(void)state;
	assert_error("tcp_connect:\n  <<: 1\n",
		     PATH ":2:7: a scalar to merge, expected a mapping or a list of mappings");
	assert_error("tcp_connect:\n  <<: [{}, [1]]\n",
		     PATH ":2:12: a list to merge, expected a mapping or a list of mappings");
}

static void a_merged_key_that_is_written_twice_is_a_duplicate(void **state)
{
	(void)state;
	assert_error("_a: &a {excludeports: [1], includeports: [1]}\ntcp_connect:\n  <<: *a\n"
		     "  excludeports: [2]\n  excludeports: [3]\n",
		     PATH ":5:3: duplicate key 'excludeports', expected it once: "
			  "the first is in line 4");
}

static void a_quoted_merge_key_is_an_unknown_key(void **state)
{
	(void)state;
	assert_error_begins("tcp_connect: {\"<<\": {}}\n", PATH ":1:15: unknown key '<<'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_include_is_replaced_by_the_file),
		cmocka_unit_test(a_whole_section_can_be_included),
		cmocka_unit_test(an_include_is_relative_to_its_file),
		cmocka_unit_test(an_include_may_be_absolute),
		cmocka_unit_test(a_file_may_be_included_twice),
		cmocka_unit_test(an_included_file_may_be_empty),
		cmocka_unit_test(an_include_in_a_list_is_one_item),
		cmocka_unit_test(a_loop_is_an_error_that_names_the_chain),
		cmocka_unit_test(a_loop_by_way_of_a_symbolic_link_is_found),
		cmocka_unit_test(a_long_chain_is_an_error),
		cmocka_unit_test(a_missing_file_is_named_where_it_is_included),
		cmocka_unit_test(errors_name_the_included_file),
		cmocka_unit_test(includes_do_not_get_around_the_limit_on_depth),
		cmocka_unit_test(includes_do_not_get_around_the_limit_on_size),
		cmocka_unit_test(a_url_is_an_error_where_nothing_is_fetched),
		cmocka_unit_test(a_merge_key_adds_what_is_not_written),
		cmocka_unit_test(of_merged_mappings_the_first_has_the_say),
		cmocka_unit_test(merges_nest),
		cmocka_unit_test(a_file_can_be_merged),
		cmocka_unit_test(what_cannot_be_merged_is_an_error),
		cmocka_unit_test(a_merged_key_that_is_written_twice_is_a_duplicate),
		cmocka_unit_test(a_quoted_merge_key_is_an_unknown_key),
	};

	return cmocka_run_group_tests_name("include", tests, enter_directory, leave_directory);
}
