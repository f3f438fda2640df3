// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/options.h"

/* getopt_long() permutes argv, though it leaves the strings alone. */
#define ARGUMENTS(...) ((char **)(const char *[]){"pidtree-recorder", ##__VA_ARGS__, NULL})

static int count(char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return argc;
}

static struct options parse(char **argv)
{
	struct options options;
	char *error = NULL;

	if (options_parse(count(argv), argv, &options, &error) != 0)
		fail_msg("unexpected error: %s", error);
	assert_null(error);
	return options;
}

static void assert_error(char **argv, const char *expected)
{
	struct options options = {.database = "untouched"};
	char *error = NULL;

	assert_int_equal(options_parse(count(argv), argv, &options, &error), -EINVAL);
	assert_string_equal(error, expected);
	assert_string_equal(options.database, "untouched");
	free(error);
}

static char *help(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	options_print_help(out);
	fclose(out);
	return text;
}

static void defaults_are_those_of_the_table(void **state)
{
	struct options options = parse(ARGUMENTS("-c", "x.yml"));

	(void)state;
	assert_int_equal(options.action, OPTIONS_RECORD);
	assert_string_equal(options.config, "x.yml");
	assert_string_equal(options.database, "/var/lib/pidtree");
	assert_string_equal(options.pin_path, "/sys/fs/bpf/pidtree");
	assert_null(options.output_file);
}

static void short_options_are_taken(void **state)
{
	struct options options = parse(ARGUMENTS("-c", "x.yml", "-d", "/db", "-f", "-"));

	(void)state;
	assert_string_equal(options.config, "x.yml");
	assert_string_equal(options.database, "/db");
	assert_string_equal(options.output_file, "-");
}

static void long_options_are_taken(void **state)
{
	struct options options = parse(ARGUMENTS("--config", "x.yml", "--database=/db",
						 "--output_file", "out", "--pin-path", "/pins"));

	(void)state;
	assert_string_equal(options.config, "x.yml");
	assert_string_equal(options.database, "/db");
	assert_string_equal(options.output_file, "out");
	assert_string_equal(options.pin_path, "/pins");
}

static void numbers_are_taken(void **state)
{
	struct options options = parse(ARGUMENTS("-c", "x.yml", "--health-check-period", "5",
						 "--lost-event-telemetry=100"));

	(void)state;
	assert_int_equal(options.health_check_period, 5);
	assert_int_equal(options.lost_event_telemetry, 100);
}

static void numbers_have_defaults(void **state)
{
	struct options options = parse(ARGUMENTS("-c", "x.yml"));

	(void)state;
	assert_int_equal(options.health_check_period, 60);
	assert_int_equal(options.lost_event_telemetry, 0);
	assert_false(options.watch_config);
	assert_null(options.extra_probe_path);
	assert_null(options.extra_plugin_path);
}

static void a_wrong_number_is_an_error(void **state)
{
	static const char *const wrong[] = {
		"0", "86401", "1m", "-1", " 1", "1.5", "99999999999999999999999"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char expected[128];

		snprintf(expected, sizeof(expected),
			 "--health-check-period %s, expected 1 to 86400, try --help", wrong[i]);
		assert_error(ARGUMENTS("-c", "x", "--health-check-period", wrong[i]), expected);
	}
}

static void what_the_seed_has_is_taken(void **state)
{
	struct options options = parse(ARGUMENTS("-w", "-c", "x.yml", "--extra-probe-path",
						 "/probes", "--extra-plugin-path", "/plugins"));

	(void)state;
	assert_int_equal(options.action, OPTIONS_RECORD);
	assert_true(options.watch_config);
	assert_string_equal(options.extra_probe_path, "/probes");
	assert_string_equal(options.extra_plugin_path, "/plugins");
}

static void what_is_done_with_a_configuration_needs_one(void **state)
{
	(void)state;
	assert_int_equal(parse(ARGUMENTS("-p", "-c", "x")).action, OPTIONS_PRINT);
	assert_int_equal(parse(ARGUMENTS("--print-and-quit", "-c", "x")).action, OPTIONS_PRINT);
	assert_int_equal(parse(ARGUMENTS("--check-config", "-c", "x")).action,
			 OPTIONS_CHECK_CONFIG);
	assert_error(ARGUMENTS("--check-config"),
		     "no configuration, name one with --config FILE, try --help");
	assert_error(ARGUMENTS("-p", "x"), "unexpected argument 'x', try --help");
}

static void what_builds_the_manual_is_not_in_the_help(void **state)
{
	char *text = help();

	(void)state;
	assert_int_equal(parse(ARGUMENTS("--print-manual-options")).action, OPTIONS_PRINT_MANUAL);
	assert_null(strstr(text, "print-manual-options"));
	free(text);
}

static void the_last_of_two_wins(void **state)
{
	(void)state;
	assert_string_equal(parse(ARGUMENTS("-c", "x", "-c", "y")).config, "y");
}

static void help_needs_no_configuration(void **state)
{
	(void)state;
	assert_int_equal(parse(ARGUMENTS("--help")).action, OPTIONS_HELP);
	assert_int_equal(parse(ARGUMENTS("-h")).action, OPTIONS_HELP);
}

static void version_needs_no_configuration(void **state)
{
	(void)state;
	assert_int_equal(parse(ARGUMENTS("--version")).action, OPTIONS_VERSION);
	assert_int_equal(parse(ARGUMENTS("-v")).action, OPTIONS_VERSION);
}

static void help_wins_over_what_comes_after_it(void **state)
{
	(void)state;
	assert_int_equal(parse(ARGUMENTS("-h", "--nonsense")).action, OPTIONS_HELP);
}

static void a_missing_configuration_is_an_error(void **state)
{
	(void)state;
	assert_error(ARGUMENTS(), "no configuration, name one with --config FILE, try --help");
}

static void an_unknown_long_option_names_the_nearest(void **state)
{
	(void)state;
	assert_error(ARGUMENTS("-c", "x", "--databse", "/db"),
		     "unknown option --databse, the nearest is --database, try --help");
	assert_error(ARGUMENTS("--outputfile=x"),
		     "unknown option --outputfile=x, the nearest is --output_file, try --help");
}

static void an_unknown_letter_is_an_error(void **state)
{
	(void)state;
	assert_error(ARGUMENTS("-c", "x", "-z"), "unknown option -z, try --help");
	assert_error(ARGUMENTS("-zc", "x"), "unknown option -z, try --help");
}

static void a_missing_argument_is_an_error(void **state)
{
	(void)state;
	assert_error(ARGUMENTS("-c"), "--config needs a FILE, try --help");
	assert_error(ARGUMENTS("--pin-path"), "--pin-path needs a DIR, try --help");
}

static void an_empty_argument_is_an_error(void **state)
{
	(void)state;
	assert_error(ARGUMENTS("-d", ""), "--database needs a DIR, not an empty string, "
					  "try --help");
}

static void an_argument_to_a_flag_is_an_error(void **state)
{
	(void)state;
	assert_error(ARGUMENTS("--help=me"), "--help takes no argument, try --help");
}

static void a_word_that_is_no_option_is_an_error(void **state)
{
	(void)state;
	assert_error(ARGUMENTS("-c", "x", "y"), "unexpected argument 'y', try --help");
	assert_error(ARGUMENTS("-c", "x", "--", "-y"), "unexpected argument '-y', try --help");
}

static void help_has_a_line_for_each_option(void **state)
{
	static const char *const lines[] = {
		"\n  -c, --config FILE ",	"\n  -d, --database DIR ",
		"\n  -f, --output_file FILE ",	"\n      --pin-path DIR ",
		"\n  -v, --version ",		"\n  -h, --help ",
		"(default /var/lib/pidtree)\n",
	};
	char *text = help();

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_non_null(strstr(text, lines[i]));
	free(text);
}

static void help_fits_a_terminal_of_80_columns(void **state)
{
	char *text = help();

	(void)state;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_in_range(strlen(line), 1, 80);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_table),
		cmocka_unit_test(short_options_are_taken),
		cmocka_unit_test(long_options_are_taken),
		cmocka_unit_test(numbers_are_taken),
		cmocka_unit_test(numbers_have_defaults),
		cmocka_unit_test(a_wrong_number_is_an_error),
		cmocka_unit_test(what_the_seed_has_is_taken),
		cmocka_unit_test(what_is_done_with_a_configuration_needs_one),
		cmocka_unit_test(what_builds_the_manual_is_not_in_the_help),
		cmocka_unit_test(the_last_of_two_wins),
		cmocka_unit_test(help_needs_no_configuration),
		cmocka_unit_test(version_needs_no_configuration),
		cmocka_unit_test(help_wins_over_what_comes_after_it),
		cmocka_unit_test(a_missing_configuration_is_an_error),
		cmocka_unit_test(an_unknown_long_option_names_the_nearest),
		cmocka_unit_test(an_unknown_letter_is_an_error),
		cmocka_unit_test(a_missing_argument_is_an_error),
		cmocka_unit_test(an_empty_argument_is_an_error),
		cmocka_unit_test(an_argument_to_a_flag_is_an_error),
		cmocka_unit_test(a_word_that_is_no_option_is_an_error),
		cmocka_unit_test(help_has_a_line_for_each_option),
		cmocka_unit_test(help_fits_a_terminal_of_80_columns),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
