// SPDX-License-Identifier: Apache-2.0
#include "tests/fixture_config.h"

#include "recorder/document.h"

/* probes: a letter for each that is to be on, in the order of enum probe_id. */
static void assert_on(const char *text, const char *probes)
{
	struct config *config = load(text);

	assert_int_equal(!!config_probe(config, PROBE_TCP_CONNECT), !!strchr(probes, 't'));
	assert_int_equal(!!config_probe(config, PROBE_NET_LISTEN), !!strchr(probes, 'n'));
	assert_int_equal(!!config_probe(config, PROBE_UDP_SESSION), !!strchr(probes, 'u'));
	config_free(config);
}

static void a_section_switches_its_probe_on(void **state)
{
	(void)state;
	assert_on("tcp_connect:\n", "t");
	assert_on("net_listen:\n", "n");
	assert_on("udp_session:\n", "u");
	assert_on("udp_session:\nnet_listen:\ntcp_connect:\n", "tnu");
}

static void an_empty_section_may_be_null_or_an_empty_mapping(void **state)
{
	(void)state;
	assert_on("tcp_connect: ~\nnet_listen: null\nudp_session: {}\n", "tnu");
}

static void json_is_yaml(void **state)
{
	(void)state;
	assert_on("{\"tcp_connect\": {}, \"net_listen\": null}", "tn");
}

static void keys_that_begin_with_an_underscore_are_ignored(void **state)
{
	(void)state;
	assert_on("_filters: &f [a, {b: c}]\n_: 1\ntcp_connect:\n", "t");
}

static void aliases_resolve(void **state)
{
	(void)state;
	assert_on("_empty: &empty {}\ntcp_connect: *empty\nnet_listen: *empty\n", "tn");
}

static void an_alias_of_something_wrong_is_reported_where_it_is_written(void **state)
{
	(void)state;
	assert_error("_x: &x {filter: []}\nnet_listen: *x\n",
		     PATH ":1:9: unknown key 'filter', expected one of those of net_listen, "
			  "the nearest is 'filters'");
}

static void a_section_that_is_no_mapping_is_an_error(void **state)
{
	(void)state;
	assert_error("tcp_connect: yes\n", PATH ":1:14: a scalar as the section tcp_connect, "
						"expected a mapping or nothing");
	assert_error("tcp_connect: ''\n", PATH ":1:14: a scalar as the section tcp_connect, "
					       "expected a mapping or nothing");
	assert_error("net_listen:\n  - a\n", PATH ":2:3: a list as the section net_listen, "
						  "expected a mapping or nothing");
}

static void an_unknown_section_names_the_nearest(void **state)
{
	(void)state;
	assert_error("net_listen:\ntcp_conect:\n",
		     PATH ":2:1: unknown key 'tcp_conect', expected one of those of the file, "
			  "the nearest is 'tcp_connect'");
	assert_error("udp_sessions:\n",
		     PATH ":1:1: unknown key 'udp_sessions', expected one of those of the file, "
			  "the nearest is 'udp_session'");
}

static void an_unknown_option_names_the_nearest(void **state)
{
	(void)state;
	assert_error("tcp_connect:\n  include_ports: []\n",
		     PATH ":2:3: unknown key 'include_ports', expected one of those of "
			  "tcp_connect, the nearest is 'includeports'");
	assert_error("udp_session:\n  session_max_durations: 1\n",
		     PATH ":2:3: unknown key 'session_max_durations', expected one of those of "
			  "udp_session, the nearest is 'session_max_duration'");
	assert_error("tcp_connect:\n  _filters: 1\n",
		     PATH ":2:3: unknown key '_filters', expected one of those of tcp_connect, "
			  "the nearest is 'filters'");
}

static void an_option_of_another_probe_is_an_error_that_names_it(void **state)
{
	(void)state;
	assert_error("tcp_connect:\n  protocols: [tcp]\n",
		     PATH ":2:3: the key 'protocols', expected it in net_listen: tcp_connect has "
			  "none");
	assert_error("net_listen: {session_max_duration: 3}\n",
		     PATH ":1:14: the key 'session_max_duration', expected it in udp_session: "
			  "net_listen has none");
}

static void a_duplicate_section_is_an_error(void **state)
{
	(void)state;
	assert_error("tcp_connect:\nnet_listen:\ntcp_connect:\n",
		     PATH ":3:1: duplicate key 'tcp_connect', expected it once: "
			  "the first is in line 1");
}

static void a_key_that_is_no_text_is_an_error(void **state)
{
	(void)state;
	assert_error("tcp_connect:\n_x: {[a]: b}\n",
		     PATH ":2:6: a key that is no text, expected a name");
	assert_error("!include x: b\n", PATH ":1:1: a key that is no text, expected a name");
	assert_error("[a]: b\n", PATH ":1:1: a key that is no text, expected a name");
	assert_error("\"tcp_connect\\0x\":\n", PATH ":1:1: a key that is no text, expected a name");
}

static void an_empty_file_is_an_error(void **state)
{
	(void)state;
	assert_error("", PATH ":1:1: the file is empty, expected a section for a probe");
	assert_error("# nothing\n", PATH ":1:1: the file is empty, expected a section for a probe");
}

static void a_file_without_a_probe_is_an_error(void **state)
{
	(void)state;
	assert_error("{}\n",
		     PATH ":1:1: no probe is on, expected a section such as 'tcp_connect:'");
	assert_error("\n_x: 1\n",
		     PATH ":2:1: no probe is on, expected a section such as 'tcp_connect:'");
}

static void a_file_that_is_no_mapping_is_an_error(void **state)
{
	(void)state;
	assert_error("- tcp_connect\n", PATH ":1:1: no mapping, expected a section for each probe, "
					     "such as 'tcp_connect:'");
	assert_error("tcp_connect\n", PATH ":1:1: no mapping, expected a section for each probe, "
					   "such as 'tcp_connect:'");
}

static void malformed_yaml_is_an_error_with_its_place(void **state)
{
	(void)state;
	assert_error_begins("tcp_connect:\nnet_listen: [a\n", PATH ":3:1: malformed YAML: ");
	assert_error_begins("tcp_connect: {\n  @: 1}\n", PATH ":2:3: malformed YAML: ");
	assert_error_begins("tcp_connect:\n\tx: 1\n", PATH ":2:1: malformed YAML: ");
	assert_error_begins("tcp_connect: *nothing\n", PATH ":1:14: malformed YAML: ");
}

static void bytes_that_are_not_utf8_are_an_error_with_their_place(void **state)
{
	(void)state;
	assert_error_begins("tcp_connect:\n# \xff\n", PATH ":2:3: malformed YAML: ");
	assert_error_begins("tcp_connect:\n\x01\n", PATH ":2:1: malformed YAML: ");
}

static void a_second_document_is_an_error(void **state)
{
	(void)state;
	assert_error("tcp_connect:\n---\nnet_listen:\n",
		     PATH ":3:1: a second YAML document, expected one in a file");
	assert_on("---\ntcp_connect:\n...\n", "t");
}

static void a_tag_is_an_error(void **state)
{
	(void)state;
	assert_error("tcp_connect: !ruby/object {}\n", PATH
		     ":1:14: unknown tag '!ruby/object', expected none, or !include before the "
		     "name of a file");
	assert_on("tcp_connect: !!map {}\n", "t");
}

static void an_alias_of_what_it_lies_in_is_an_error(void **state)
{
	(void)state;
	assert_error_begins("_x: &x [*x]\ntcp_connect:\n", PATH ":1:5: nested more than 32 deep");
	assert_error_begins("&x\ntcp_connect: *x\n", PATH ":2:1: nested more than 32 deep");
}

static void deep_nesting_is_an_error(void **state)
{
	char text[256] = "tcp_connect:\n_x: ";

	(void)state;
	memset(text + strlen(text), '[', 40);
	memset(text + strlen(text), ']', 40);
	assert_error_begins(text, PATH ":2:36: nested more than 32 deep");
}

static void an_alias_bomb_is_refused(void **state)
{
	char text[4096] = "tcp_connect:\n_a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";

	(void)state;
	for (int i = 1; i < 20; i++) {
		char line[128];
		int from = i - 1;

		snprintf(line, sizeof(line), "_a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i,
			 from, from, from, from, from, from);
		strcat(text, line);
	}
	assert_error_begins(text, PATH ":8:6: aliases multiply the file to more than 1000000");
}

static void aliases_in_moderation_are_taken(void **state)
{
	(void)state;
	assert_on("_a: &a [x,x]\n_b: &b [*a,*a,*a]\n_c: [*b,*b,*b]\ntcp_connect:\n", "t");
}

static void a_missing_file_is_named(void **state)
{
	(void)state;
	assert_load_fails("missing.yml", -ENOENT,
			  "missing.yml: cannot read it: No such file or directory");
}

static void a_directory_is_no_file(void **state)
{
	(void)state;
	assert_load_fails("/", -EISDIR, "/: cannot read it: Is a directory");
}

static void a_huge_file_is_refused(void **state)
{
	(void)state;
	write_file(PATH, "tcp_connect:\n");
	assert_int_equal(truncate(PATH, DOCUMENT_BYTES + 1), 0);
	assert_load_fails(PATH, -EFBIG, PATH ": cannot read it: File too large");
}

static void a_long_unknown_key_is_cut_in_the_message(void **state)
{
	char text[600] = "";

	(void)state;
	memset(text, 'x', 500);
	strcat(text, ":\n");
	assert_error(text,
		     PATH ":1:1: unknown key "
			  "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', "
			  "expected one of those of the file, the nearest is 'tcp_connect'");
}

static void the_example_parses_and_has_every_probe_on(void **state)
{
	struct config *config = load_file(example);

	(void)state;
	assert_non_null(config_probe(config, PROBE_TCP_CONNECT));
	assert_non_null(config_probe(config, PROBE_NET_LISTEN));
	assert_non_null(config_probe(config, PROBE_UDP_SESSION));
	config_free(config);
}

static void free_takes_null(void **state)
{
	(void)state;
	config_free(NULL);
	document_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_section_switches_its_probe_on),
		cmocka_unit_test(an_empty_section_may_be_null_or_an_empty_mapping),
		cmocka_unit_test(json_is_yaml),
		cmocka_unit_test(keys_that_begin_with_an_underscore_are_ignored),
		cmocka_unit_test(aliases_resolve),
		cmocka_unit_test(an_alias_of_something_wrong_is_reported_where_it_is_written),
		cmocka_unit_test(a_section_that_is_no_mapping_is_an_error),
		cmocka_unit_test(an_unknown_section_names_the_nearest),
		cmocka_unit_test(an_unknown_option_names_the_nearest),
		cmocka_unit_test(an_option_of_another_probe_is_an_error_that_names_it),
		cmocka_unit_test(a_duplicate_section_is_an_error),
		cmocka_unit_test(a_key_that_is_no_text_is_an_error),
		cmocka_unit_test(an_empty_file_is_an_error),
		cmocka_unit_test(a_file_without_a_probe_is_an_error),
		cmocka_unit_test(a_file_that_is_no_mapping_is_an_error),
		cmocka_unit_test(malformed_yaml_is_an_error_with_its_place),
		cmocka_unit_test(bytes_that_are_not_utf8_are_an_error_with_their_place),
		cmocka_unit_test(a_second_document_is_an_error),
		cmocka_unit_test(a_tag_is_an_error),
		cmocka_unit_test(an_alias_of_what_it_lies_in_is_an_error),
		cmocka_unit_test(deep_nesting_is_an_error),
		cmocka_unit_test(an_alias_bomb_is_refused),
		cmocka_unit_test(aliases_in_moderation_are_taken),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(a_directory_is_no_file),
		cmocka_unit_test(a_huge_file_is_refused),
		cmocka_unit_test(a_long_unknown_key_is_cut_in_the_message),
		cmocka_unit_test(the_example_parses_and_has_every_probe_on),
		cmocka_unit_test(free_takes_null),
	};

	return cmocka_run_group_tests_name("config", tests, enter_directory, leave_directory);
}
