// SPDX-License-Identifier: Apache-2.0
/* The plugins that come with the recorder. */
#include "tests/fixture_plugin.h"

#include <sys/syscall.h>
#include <time.h>

#define SOURCEIPMAP "tcp_connect:\n  plugins:\n    sourceipmap:\n      hostfiles: "

/* Seconds that the plugin's clock is ahead: it takes this function for libc's. */
static time_t ahead;

int clock_gettime(clockid_t clock_id, struct timespec *tp)
{
	int r = (int)syscall(SYS_clock_gettime, clock_id, tp);

	tp->tv_sec += ahead;
	return r;
}

static void begin_plugin(const char *text)
{
	int r = begin(plugin_directory("../plugins"), NULL, text);

	if (r)
		fail_msg("cannot begin: %s", message);
}

static void assert_source(const char *saddr, const char *key, const char *expected)
{
	cJSON *json = run("tcp_connect", saddr);

	assert_string_equal(text_of(json, key), expected);
	cJSON_Delete(json);
}

/* Write a file in place of another, as its maintainer should. */
static void replace_file(const char *path, const char *text)
{
	write_file("new", text);
	assert_int_equal(rename("new", path), 0);
}

static void the_source_address_has_its_name(void **state)
{
	(void)state;
	write_file("hosts", "# a comment\n"
			    "10.0.0.5\tweb www # more\n"
			    "fd00::0:1  v6host\n"
			    "not-an-address name\n"
			    "10.0.0.6\n"
			    "\n"
			    "::ffff:10.0.0.7 mapped");
	begin_plugin(SOURCEIPMAP "[hosts]\n");
	assert_source("10.0.0.5", "source_host", "web");
	assert_source("fd00::1", "source_host", "v6host");
	assert_source("10.0.0.7", "source_host", "mapped");
}

static void an_unknown_address_has_the_empty_name(void **state)
{
	(void)state;
	write_file("hosts", "10.0.0.6\n10.0.0.5 web\n");
	begin_plugin(SOURCEIPMAP "[hosts]\n");
	assert_source("10.0.0.6", "source_host", "");
	assert_source("10.0.0.7", "source_host", "");
	assert_source("fd00::1", "source_host", "");
}

static void the_key_may_be_another(void **state)
{
	(void)state;
	write_file("hosts", "10.0.0.5 web\n");
	begin_plugin(SOURCEIPMAP "[hosts]\n      attribute_key: source_container\n");
	assert_source("10.0.0.5", "source_container", "web");
}

static void the_later_file_and_line_win(void **state)
{
	(void)state;
	write_file("first", "10.0.0.5 first\n10.0.0.6 first\n");
	write_file("second", "10.0.0.5 second\n10.0.0.7 second\n10.0.0.7 later\n");
	begin_plugin(SOURCEIPMAP "[first, second]\n");
	assert_source("10.0.0.5", "source_host", "second");
	assert_source("10.0.0.6", "source_host", "first");
	assert_source("10.0.0.7", "source_host", "later");
}

static void a_changed_file_is_read_again_but_not_at_once(void **state)
{
	(void)state;
	write_file("hosts", "10.0.0.5 old\n");
	begin_plugin(SOURCEIPMAP "[hosts]\n");
	replace_file("hosts", "10.0.0.5 new\n");
	assert_source("10.0.0.5", "source_host", "old");
	ahead += 2;
	assert_source("10.0.0.5", "source_host", "new");
	replace_file("hosts", "10.0.0.5 newer\n");
	assert_source("10.0.0.5", "source_host", "new");
	ahead += 2;
	assert_source("10.0.0.5", "source_host", "newer");
}

static void a_file_that_is_written_in_place_is_read_again(void **state)
{
	(void)state;
	write_file("hosts", "10.0.0.5 old\n");
	begin_plugin(SOURCEIPMAP "[hosts]\n");
	write_file("hosts", "10.0.0.5 grown\n");
	ahead += 2;
	assert_source("10.0.0.5", "source_host", "grown");
}

static void a_file_may_come_later_and_go(void **state)
{
	(void)state;
	unlink("later");
	begin_plugin(SOURCEIPMAP "[later]\n");
	assert_source("10.0.0.5", "source_host", "");
	write_file("later", "10.0.0.5 here\n");
	ahead += 2;
	assert_source("10.0.0.5", "source_host", "here");
	assert_int_equal(unlink("later"), 0);
	ahead += 2;
	assert_source("10.0.0.5", "source_host", "");
}

static void a_fifo_is_not_waited_for(void **state)
{
	(void)state;
	unlink("fifo");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	begin_plugin(SOURCEIPMAP "[fifo]\n");
	assert_source("10.0.0.5", "source_host", "");
}

static void sourceipmap_without_hostfiles_is_refused(void **state)
{
	const char *own = plugin_directory("../plugins");

	(void)state;
	assert_int_equal(begin(own, NULL, SOURCEIPMAP "[]\n"), -EINVAL);
	assert_non_null(strstr(message, PATH ":4:18: no hostfiles, expected a list of files"));
	plugins_free(plugins);
	free(message);
	assert_int_equal(begin(own, NULL, "tcp_connect: {plugins: {sourceipmap: {}}}"), -EINVAL);
	assert_non_null(strstr(message, "no hostfiles"));
	plugins_free(plugins);
	free(message);
	assert_int_equal(begin(own, NULL, SOURCEIPMAP "[a]\n      attribute_key: ''\n"), -EINVAL);
	assert_non_null(strstr(message, "an empty attribute_key"));
}

static void loginuidmap_names_every_login_of_the_tree(void **state)
{
	cJSON *json, *tree, *entry;

	(void)state;
	image->process.loginname = "alice";
	begin_plugin("tcp_connect:\n  plugins:\n    loginuidmap:\n");
	json = run("tcp_connect", "10.0.0.5");
	tree = cJSON_GetObjectItem(json, "proctree");
	entry = cJSON_GetObjectItem(tree, "1573568697000000002");
	assert_string_equal(text_of(entry, "loginname"), "alice");
	assert_int_equal(cJSON_GetObjectItem(entry, "loginuid")->valueint, 1000);
	/* sh has no login; the top level is left alone. */
	assert_int_equal(cJSON_GetArraySize(tree), 1);
	assert_int_equal(cJSON_GetArraySize(json), 1);
	cJSON_Delete(json);
}

static void loginuidmap_may_name_the_events_login_only(void **state)
{
	cJSON *json;

	(void)state;
	begin_plugin("tcp_connect:\n  plugins:\n    loginuidmap:\n      top_level: true\n");
	json = run("tcp_connect", "10.0.0.5");
	assert_string_equal(text_of(json, "loginname"), "1000");
	assert_int_equal(cJSON_GetObjectItem(json, "loginuid")->valueint, 1000);
	assert_null(cJSON_GetObjectItem(json, "proctree"));
	cJSON_Delete(json);
}

static void loginuidmap_adds_nothing_without_a_login(void **state)
{
	(void)state;
	image->process.loginuid = NO_ID;
	begin_plugin("tcp_connect:\n  plugins:\n    loginuidmap:\n");
	assert_null(run("tcp_connect", "10.0.0.5"));
	plugins_free(plugins);
	begin_plugin("tcp_connect:\n  plugins:\n    loginuidmap:\n      top_level: true\n");
	assert_null(run("tcp_connect", "10.0.0.5"));
}

static void identityplugin_changes_nothing(void **state)
{
	(void)state;
	begin_plugin("tcp_connect:\n  plugins:\n    identityplugin:\n");
	assert_true(plugins_wanted(plugins, "tcp_connect"));
	assert_null(run("tcp_connect", "10.0.0.5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLUGIN_TEST(the_source_address_has_its_name),
		PLUGIN_TEST(an_unknown_address_has_the_empty_name),
		PLUGIN_TEST(the_key_may_be_another),
		PLUGIN_TEST(the_later_file_and_line_win),
		PLUGIN_TEST(a_changed_file_is_read_again_but_not_at_once),
		PLUGIN_TEST(a_file_that_is_written_in_place_is_read_again),
		PLUGIN_TEST(a_file_may_come_later_and_go),
		PLUGIN_TEST(a_fifo_is_not_waited_for),
		PLUGIN_TEST(sourceipmap_without_hostfiles_is_refused),
		PLUGIN_TEST(loginuidmap_names_every_login_of_the_tree),
		PLUGIN_TEST(loginuidmap_may_name_the_events_login_only),
		PLUGIN_TEST(loginuidmap_adds_nothing_without_a_login),
		PLUGIN_TEST(identityplugin_changes_nothing),
	};

	return cmocka_run_group_tests_name("plugins built in", tests, enter_directory,
					   leave_directory);
}
