// SPDX-License-Identifier: Apache-2.0
#include "tests/fixture_plugin.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "recorder/plugin_api.h"

/* What a plugin of the tests says. */
#define SECTION(name, arguments) "tcp_connect:\n  plugins:\n    " name ":\n" arguments

static char *own_plugins(void)
{
	static char path[PATH_MAX];

	return strcpy(path, plugin_directory("plugins"));
}

static void assert_refused(const char *text, int r, const char *expected)
{
	assert_int_equal(begin(own_plugins(), NULL, text), r);
	if (!message || !strstr(message, expected) || strchr(message, '\n'))
		fail_msg("'%s' is not all there is in: %s", expected,
			 message ? message : "(nothing)");
}

/* What stderr gets from stderr_begin to stderr_end, which returns it, goes nowhere else. */
static int real_stderr, captured;

static void stderr_begin(void)
{
	unsetenv("JOURNAL_STREAM");
	real_stderr = dup(STDERR_FILENO);
	captured = memfd_create("stderr", 0);
	dup2(captured, STDERR_FILENO);
}

static const char *stderr_end(void)
{
	static char text[4096];
	ssize_t size = pread(captured, text, sizeof(text) - 1, 0);

	assert_true(size >= 0);
	text[size] = '\0';
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(captured);
	return text;
}

static void a_plugin_sees_the_event(void **state)
{
	cJSON *json;

	(void)state;
	assert_int_equal(begin(own_plugins(), NULL, SECTION("mirror", "")), 0);
	json = run("tcp_connect", "::ffff:10.0.0.5");
	assert_string_equal(text_of(json, "event"),
			    "tcp_connect 1573568697532744000 6 10.0.0.5 40000 2001:db8::1 443");
	cJSON_Delete(json);
}

static void a_plugin_sees_the_process_tree(void **state)
{
	cJSON *json, *tree;

	(void)state;
	assert_int_equal(begin(own_plugins(), NULL, SECTION("mirror", "")), 0);
	json = run("tcp_connect", "10.0.0.5");
	tree = cJSON_GetObjectItem(json, "proctree");
	assert_int_equal(cJSON_GetArraySize(tree), 2);
	assert_string_equal(text_of(cJSON_GetObjectItem(tree, "1573568697000000002"), "process"),
			    "20 21 1000 'alice' '1000' 'curl' '/bin/x' 'curl -s'");
	assert_string_equal(text_of(cJSON_GetObjectItem(tree, "1573568697000000001"), "process"),
			    "10 11 -1 '11' '' 'sh' '/bin/x' 'sh'");
	assert_string_equal(tree->child->string, "1573568697000000002"); /* leaf first */
	/* Beyond the root there is nothing. */
	assert_string_equal(text_of(json, "process"), "0 0 -1 '' '' '' '' ''");
	cJSON_Delete(json);
}

static void arguments_reach_the_plugin(void **state)
{
	cJSON *json;

	(void)state;
	assert_int_equal(begin(own_plugins(), NULL,
			       SECTION("mirror", "      text: hello\n"
						 "      flag: yes\n"
						 "      integer: -42\n"
						 "      list: [a, 2]\n")),
			 0);
	json = run("tcp_connect", "10.0.0.5");
	assert_string_equal(text_of(json, "text"), "hello");
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(json, "flag")));
	assert_true(cJSON_GetObjectItem(json, "integer")->valuedouble == -42);
	assert_string_equal(text_of(json, "list0"), "a");
	assert_string_equal(text_of(json, "list1"), "2");
	assert_null(cJSON_GetObjectItem(json, "list2"));
	cJSON_Delete(json);
}

static void arguments_that_are_not_there_leave_the_defaults(void **state)
{
	cJSON *json;

	(void)state;
	assert_int_equal(begin(own_plugins(), NULL, SECTION("mirror", "      text: ~\n")), 0);
	json = run("tcp_connect", "10.0.0.5");
	assert_string_equal(text_of(json, "text"), "default");
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(json, "flag")));
	assert_true(cJSON_GetObjectItem(json, "integer")->valuedouble == -1);
	cJSON_Delete(json);
}

static void one_text_is_a_list_of_one(void **state)
{
	cJSON *json;

	(void)state;
	assert_int_equal(begin(own_plugins(), NULL, SECTION("mirror", "      list: alone\n")), 0);
	json = run("tcp_connect", "10.0.0.5");
	assert_string_equal(text_of(json, "list0"), "alone");
	cJSON_Delete(json);
}

static void arguments_of_a_wrong_type_are_refused_where_they_stand(void **state)
{
	static const struct {
		const char *arguments, *expected;
	} cases[] = {
		{"      text: [a]\n", PATH ":4:13: list as 'text', expected a text"},
		{"      flag: maybe\n", PATH ":4:13: 'flag' is not a truth value"},
		{"      integer: 1.5\n", PATH ":4:16: 'integer' is not a number"},
		{"      integer: 010\n", PATH ":4:16: 'integer' is not a number"},
		{"      integer: 9223372036854775808\n", PATH ":4:16: 'integer' is not a number"},
		{"      list: {a: b}\n", PATH ":4:13: mapping as 'list', expected a list"},
		{"      list: [a, [b]]\n", PATH ":4:17: list in 'list', expected texts only"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), SECTION("mirror", "%s"), cases[i].arguments);
		assert_refused(text, -EINVAL, cases[i].expected);
		plugins_free(plugins);
		plugins = NULL;
		free(message);
	}
	message = NULL;
}

static void an_unknown_argument_is_refused_with_the_nearest(void **state)
{
	(void)state;
	assert_refused(SECTION("mirror", "      enabled: true\n      lists: [a]\n"), -EINVAL,
		       PATH ":5:7: unknown argument 'lists', the nearest is 'list' "
			    "(plugin 'mirror' of tcp_connect)");
}

static void what_cannot_be_added_is_refused(void **state)
{
	char expected[64];
	cJSON *json;

	(void)state;
	snprintf(expected, sizeof(expected), "%d %d %d %d", -EINVAL, -EINVAL, -EINVAL, -ERANGE);
	assert_int_equal(begin(own_plugins(), NULL, SECTION("mirror", "")), 0);
	json = run("tcp_connect", "10.0.0.5");
	assert_string_equal(text_of(json, "refusals"), expected);
	cJSON_Delete(json);
}

static void only_the_probe_that_wants_it_has_the_plugin(void **state)
{
	(void)state;
	assert_int_equal(begin(own_plugins(), NULL, SECTION("picky", "")), 0);
	assert_null(run("udp_session", "10.0.0.5"));
	assert_true(plugins_wanted(plugins, "tcp_connect"));
	assert_false(plugins_wanted(plugins, "udp_session"));
}

static void plugins_add_to_what_others_have_added(void **state)
{
	cJSON *json;

	(void)state;
	assert_int_equal(
		begin(own_plugins(), NULL, SECTION("picky", "    mirror:\n      text: second\n")),
		0);
	json = run("tcp_connect", "10.0.0.5");
	assert_string_equal(text_of(json, "picky"), "was here");
	assert_string_equal(text_of(json, "text"), "second");
	cJSON_Delete(json);
}

static void a_plugin_that_is_not_enabled_is_not_even_looked_for(void **state)
{
	(void)state;
	assert_int_equal(
		begin(own_plugins(), NULL, SECTION("nosuchplugin", "      enabled: false\n")), 0);
	assert_false(plugins_wanted(plugins, "tcp_connect"));
}

static void a_probe_that_the_plugin_does_not_support_is_refused(void **state)
{
	struct config *config = load("net_listen:\n  plugins:\n    picky:\n");

	(void)state;
	plugins = plugins_new(own_plugins(), NULL);
	assert_int_equal(plugins_add(plugins, config_probe(config, PROBE_NET_LISTEN), &message),
			 -EINVAL);
	assert_string_equal(message, "plugin 'picky' does not work with net_listen events");
	config_free(config);
}

static void an_init_that_fails_is_refused(void **state)
{
	(void)state;
	assert_refused(SECTION("picky", "      fail_init: true\n"), -EACCES,
		       "plugin 'picky' of tcp_connect cannot begin: Permission denied");
}

static void an_init_may_say_why_it_fails(void **state)
{
	(void)state;
	assert_refused(SECTION("picky", "      reason: so\n"), -EINVAL,
		       PATH ":4:15: it says so (plugin 'picky' of tcp_connect)");
}

static void a_plugin_that_may_be_unloaded_costs_a_warning(void **state)
{
	const char *logged;

	(void)state;
	stderr_begin();
	assert_int_equal(begin(own_plugins(), NULL,
			       SECTION("picky", "      fail_init: true\n"
						"      unload_on_init_exception: true\n")),
			 0);
	logged = stderr_end();
	assert_non_null(strstr(logged, "cannot begin: Permission denied; events go on without it"));
	assert_false(plugins_wanted(plugins, "tcp_connect"));
}

static void failures_are_logged_ever_more_rarely_and_cost_nothing_else(void **state)
{
	const char *logged;
	int lines = 0;

	(void)state;
	assert_int_equal(begin(own_plugins(), NULL, SECTION("picky", "      fail_process: true\n")),
			 0);
	stderr_begin();
	for (int i = 0; i < 1000; i++) {
		cJSON *json = run("tcp_connect", "10.0.0.5");

		assert_string_equal(text_of(json, "picky"), "was here");
		cJSON_Delete(json);
	}
	for (logged = stderr_end(); (logged = strstr(logged, "failed on a tcp_connect event"));
	     lines++)
		logged++;
	assert_int_equal(lines, 10); /* 1, 2, 4, … 512 */
}

static void fini_is_called_and_speaks_with_the_plugins_name(void **state)
{
	(void)state;
	assert_int_equal(begin(own_plugins(), NULL, SECTION("mirror", "      text: all\n")), 0);
	stderr_begin();
	plugins_free(plugins);
	plugins = NULL;
	assert_non_null(strstr(stderr_end(), "plugin mirror: ends with all\n"));
}

static void a_plugin_for_another_version_is_refused(void **state)
{
	(void)state;
	assert_refused(SECTION("ancient", ""), -ENOEXEC,
		       "ancient.so: it was built for version 0 of the interface, this recorder "
		       "has version 1");
}

static void a_plugin_that_knows_more_than_the_recorder_works(void **state)
{
	cJSON *json;

	(void)state;
	assert_int_equal(begin(own_plugins(), NULL, SECTION("future", "")), 0);
	json = run("tcp_connect", "10.0.0.5");
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(json, "has_everything")));
	cJSON_Delete(json);
}

static void files_that_are_no_plugin_of_that_name_are_refused(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{SECTION("misnamed", ""), "misnamed.so: it calls itself 'othername'"},
		{SECTION("unrelated", ""),
		 "unrelated.so: it does not define the symbol pidtree_plugin"},
		{SECTION("idle", ""), "plugin 'idle' has no function process"},
		{SECTION("../plugins/mirror", ""), "cannot be the name of a file"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_not_equal(begin(own_plugins(), NULL, cases[i].text), 0);
		assert_non_null(strstr(message, cases[i].expected));
		plugins_free(plugins);
		plugins = NULL;
		free(message);
	}
	message = NULL;
}

static void a_plugin_that_is_nowhere_is_refused_with_where_it_was_looked_for(void **state)
{
	(void)state;
	assert_refused(SECTION("nosuch", ""), -ENOENT, "there is no plugin 'nosuch' in /");
	assert_non_null(strstr(message, "--extra-plugin-path"));
	plugins_free(plugins);
	free(message);
	assert_int_equal(begin(own_plugins(), "/nonexistent", SECTION("nosuch", "")), -ENOENT);
	assert_non_null(strstr(message, "nor in /nonexistent"));
}

/* Copy the picky plugin to an own directory; skip unless root, whose it has to be. */
static void make_extra(void)
{
	char command[2 * PATH_MAX];

	if (geteuid()) {
		print_message("skip: only root can own what is loaded from elsewhere\n");
		skip();
	}
	snprintf(command, sizeof(command),
		 "rm -rf extra && install -d -m 755 extra && "
		 "install -m 644 %s/picky.so extra/",
		 own_plugins());
	assert_int_equal(system(command), 0);
}

static void a_plugin_from_elsewhere_loads_if_it_is_roots(void **state)
{
	cJSON *json;

	(void)state;
	make_extra();
	assert_int_equal(begin("/nonexistent", "extra", SECTION("picky", "")), 0);
	json = run("tcp_connect", "10.0.0.5");
	assert_string_equal(text_of(json, "picky"), "was here");
	cJSON_Delete(json);
}

static void assert_untrusted(const char *expected)
{
	assert_int_equal(begin("/nonexistent", "extra", SECTION("picky", "")), -EPERM);
	if (!strstr(message, expected))
		fail_msg("'%s' is not in: %s", expected, message);
	plugins_free(plugins);
	plugins = NULL;
	free(message);
	message = NULL;
}

static void a_plugin_that_others_may_write_is_refused(void **state)
{
	(void)state;
	make_extra();
	assert_int_equal(chmod("extra/picky.so", 0664), 0);
	assert_untrusted("extra/picky.so: others than root may write to it (mode 0664)");
	assert_int_equal(chmod("extra/picky.so", 0646), 0);
	assert_untrusted("extra/picky.so: others than root may write to it (mode 0646)");
	assert_int_equal(chmod("extra/picky.so", 0644), 0);
	assert_int_equal(chown("extra/picky.so", 65534, 0), 0);
	assert_untrusted("extra/picky.so: it belongs to uid 65534, not to root");
}

static void a_directory_that_others_may_write_is_refused(void **state)
{
	(void)state;
	make_extra();
	assert_int_equal(chmod("extra", 0775), 0);
	assert_untrusted("extra: others than root may write to it (mode 0775)");
	assert_int_equal(chmod("extra", 0757), 0);
	assert_untrusted("extra: others than root may write to it (mode 0757)");
	assert_int_equal(chmod("extra", 0755), 0);
	assert_int_equal(chown("extra", 65534, 0), 0);
	assert_untrusted("extra: it belongs to uid 65534, not to root");
}

static void a_directory_that_others_may_replace_is_refused(void **state)
{
	(void)state;
	make_extra();
	assert_int_equal(chmod(".", 0777), 0);
	assert_untrusted("others than root may replace what is there");
	assert_int_equal(chmod(".", 0700), 0);
	assert_int_equal(chown(".", 65534, 0), 0);
	assert_untrusted("others than root may replace what is there");
	assert_int_equal(chown(".", 0, 0), 0);
}

static void a_link_is_judged_by_what_it_leads_to(void **state)
{
	(void)state;
	make_extra();
	assert_int_equal(rename("extra/picky.so", "picky.so"), 0);
	assert_int_equal(symlink("../picky.so", "extra/picky.so"), 0);
	assert_int_equal(chmod("picky.so", 0666), 0);
	assert_untrusted("picky.so: others than root may write to it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLUGIN_TEST(a_plugin_sees_the_event),
		PLUGIN_TEST(a_plugin_sees_the_process_tree),
		PLUGIN_TEST(arguments_reach_the_plugin),
		PLUGIN_TEST(arguments_that_are_not_there_leave_the_defaults),
		PLUGIN_TEST(one_text_is_a_list_of_one),
		PLUGIN_TEST(arguments_of_a_wrong_type_are_refused_where_they_stand),
		PLUGIN_TEST(an_unknown_argument_is_refused_with_the_nearest),
		PLUGIN_TEST(what_cannot_be_added_is_refused),
		PLUGIN_TEST(only_the_probe_that_wants_it_has_the_plugin),
		PLUGIN_TEST(plugins_add_to_what_others_have_added),
		PLUGIN_TEST(a_plugin_that_is_not_enabled_is_not_even_looked_for),
		PLUGIN_TEST(a_probe_that_the_plugin_does_not_support_is_refused),
		PLUGIN_TEST(an_init_that_fails_is_refused),
		PLUGIN_TEST(an_init_may_say_why_it_fails),
		PLUGIN_TEST(a_plugin_that_may_be_unloaded_costs_a_warning),
		PLUGIN_TEST(failures_are_logged_ever_more_rarely_and_cost_nothing_else),
		PLUGIN_TEST(fini_is_called_and_speaks_with_the_plugins_name),
		PLUGIN_TEST(a_plugin_for_another_version_is_refused),
		PLUGIN_TEST(a_plugin_that_knows_more_than_the_recorder_works),
		PLUGIN_TEST(files_that_are_no_plugin_of_that_name_are_refused),
		PLUGIN_TEST(a_plugin_that_is_nowhere_is_refused_with_where_it_was_looked_for),
		PLUGIN_TEST(a_plugin_from_elsewhere_loads_if_it_is_roots),
		PLUGIN_TEST(a_plugin_that_others_may_write_is_refused),
		PLUGIN_TEST(a_directory_that_others_may_write_is_refused),
		PLUGIN_TEST(a_directory_that_others_may_replace_is_refused),
		PLUGIN_TEST(a_link_is_judged_by_what_it_leads_to),
	};

	return cmocka_run_group_tests_name("plugin", tests, enter_directory, leave_directory);
}
