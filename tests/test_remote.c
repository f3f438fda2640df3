// SPDX-License-Identifier: Apache-2.0
#include "tests/fixture_config.h"

#include <poll.h>

#include "recorder/remote.h"
#include "tests/fixture_http.h"

#define CACHE "below/cache"
#define LONG_MS 20000 /* for what must not be cut short on a slow machine */
#define SHORT_MS 100

static struct http_server server;
static char url[64], text[256];

static int start_server(void **state)
{
	(void)state;
	http_start(&server);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/ports.yml", server.port);
	snprintf(text, sizeof(text), "tcp_connect:\n  includeports: !include %s\n", url);
	write_file(PATH, text);
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	http_stop(&server);
	nftw("below", remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

/* Have a server that does not serve any more, as when its host is down. */
static void take_down(void)
{
	http_stop(&server);
}

static struct remote *new_remote(const char *cache_dir, long timeout_ms)
{
	struct remote *remote = remote_new(cache_dir, timeout_ms);

	assert_non_null(remote);
	return remote;
}

/* Load the configuration that includes url; its ports are to be as expected. */
static void assert_includes(struct remote *remote, const char *expected)
{
	struct config *config = NULL;
	char *error = NULL, *shown;
	char line[256];

	if (load_path(PATH, remote, &config, &error))
		fail_msg("unexpected error: %s", error);
	shown = printed(config);
	snprintf(line, sizeof(line), "tcp_connect:\n  includeports: %s", expected);
	assert_string_equal(shown, line);
	free(shown);
	config_free(config);
}

/* "%s" in expected is url. */
static void assert_refused(struct remote *remote, const char *expected)
{
	struct config *config = NULL;
	char *error = NULL, message[512];
	const char *mark = strstr(expected, "%s");

	snprintf(message, sizeof(message), "%.*s%s%s", (int)(mark - expected), expected, url,
		 mark + 2);
	assert_int_equal(load_path(PATH, remote, &config, &error), -EINVAL);
	if (strncmp(error, message, strlen(message)) != 0)
		fail_msg("'%s' does not begin with '%s'", error, message);
	free(error);
}

static void a_url_is_fetched(void **state)
{
	struct remote *remote = new_remote(NULL, LONG_MS);

	(void)state;
	http_say(&server, 200, "", "[80]\n");
	assert_includes(remote, "[80]\n");
	assert_string_equal(warnings, "");
	remote_free(remote);
}

static void a_url_is_no_file_to_watch(void **state)
{
	struct remote *remote = new_remote(NULL, LONG_MS);
	struct config *config = NULL;
	char *error = NULL;

	(void)state;
	http_say(&server, 200, "", "[80]\n");
	assert_int_equal(load_path(PATH, remote, &config, &error), 0);
	assert_string_equal(config_files(config)[0], PATH);
	assert_null(config_files(config)[1]);
	config_free(config);
	remote_free(remote);
}

static void a_second_load_does_not_fetch_again(void **state)
{
	struct remote *remote = new_remote(NULL, LONG_MS);

	(void)state;
	http_say(&server, 200, "", "[80]\n");
	assert_includes(remote, "[80]\n");
	assert_includes(remote, "[80]\n");
	assert_int_equal(server.script->requests, 1);
	remote_free(remote);
}

static void errors_in_what_was_fetched_name_the_url(void **state)
{
	struct remote *remote = new_remote(NULL, LONG_MS);

	(void)state;
	http_say(&server, 200, "", "[80,\n 70000]\n");
	assert_refused(remote, "%s:2:2: the port '70000', expected 0 to 65535");
	remote_free(remote);
}

static void what_was_fetched_has_no_say_over_files(void **state)
{
	struct remote *remote = new_remote(NULL, LONG_MS);

	(void)state;
	http_say(&server, 200, "", "!include /etc/hostname\n");
	assert_refused(remote, "%s:1:1: the file '/etc/hostname', expected a URL: ");
	remote_free(remote);
}

static void a_source_that_is_down_is_an_error_without_a_copy(void **state)
{
	struct remote *remote = new_remote(CACHE, LONG_MS);

	(void)state;
	take_down();
	assert_refused(remote, PATH ":2:17: cannot include %s: ");
	remote_free(remote);
}

static void a_status_other_than_200_is_an_error(void **state)
{
	struct remote *remote = new_remote(CACHE, LONG_MS);

	(void)state;
	http_say(&server, 404, "", "[80]\n");
	assert_refused(remote, PATH ":2:17: cannot include %s: the server answers with HTTP "
				    "status 404");
	remote_free(remote);
}

static void a_source_that_is_slow_is_an_error_after_the_limit(void **state)
{
	struct remote *remote = new_remote(CACHE, SHORT_MS);

	(void)state;
	http_say(&server, 0, "", "");
	assert_refused(remote, PATH ":2:17: cannot include %s: ");
	remote_free(remote);
}

/* Fetch with a cache, by a recorder that then ends. */
static void run_once(const char *etag, const char *body, const char *expected)
{
	struct remote *remote = new_remote(CACHE, LONG_MS);

	http_say(&server, 200, etag, body);
	assert_includes(remote, expected);
	remote_free(remote);
}

static void the_copy_is_used_with_a_warning_when_the_source_is_down(void **state)
{
	struct remote *remote;
	char expected[256];

	(void)state;
	run_once("", "[80]\n", "[80]\n");
	take_down();
	remote = new_remote(CACHE, LONG_MS);
	assert_includes(remote, "[80]\n");
	snprintf(expected, sizeof(expected), PATH ":2:17: cannot fetch %s: ", url);
	assert_memory_equal(warnings, expected, strlen(expected));
	assert_non_null(strstr(warnings, "; the copy of 2"));
	remote_free(remote);
}

static void the_copy_is_used_when_the_source_is_slow(void **state)
{
	struct remote *remote;

	(void)state;
	run_once("", "[81]\n", "[81]\n");
	http_say(&server, 0, "", "");
	remote = new_remote(CACHE, SHORT_MS);
	assert_includes(remote, "[81]\n");
	assert_non_null(strstr(warnings, "; the copy of 2"));
	remote_free(remote);
}

static void what_does_not_make_a_configuration_does_not_replace_the_copy(void **state)
{
	struct remote *remote = new_remote(CACHE, LONG_MS);

	(void)state;
	run_once("", "[80]\n", "[80]\n");
	http_say(&server, 200, "", "[eighty]\n");
	assert_refused(remote, "%s:1:2: ");
	remote_free(remote);
	take_down();
	remote = new_remote(CACHE, LONG_MS);
	assert_includes(remote, "[80]\n");
	remote_free(remote);
}

static void an_etag_that_holds_spares_the_transfer(void **state)
{
	(void)state;
	run_once("\"one\"", "[80]\n", "[80]\n");
	assert_int_equal(server.script->conditional, 0);
	/* The body of a 304 is not looked at: that of the copy counts. */
	run_once("\"one\"", "[81]\n", "[80]\n");
	assert_int_equal(server.script->conditional, 1);
	assert_string_equal(warnings, "");
}

static void an_etag_that_does_not_hold_brings_the_new_text(void **state)
{
	(void)state;
	run_once("\"one\"", "[80]\n", "[80]\n");
	run_once("\"two\"", "[81]\n", "[81]\n");
	assert_int_equal(server.script->conditional, 1);
	run_once("", "[82]\n", "[82]\n");
	run_once("", "[83]\n", "[83]\n");
	assert_int_equal(server.script->conditional, 0);
}

static void a_refresh_says_whether_something_changed(void **state)
{
	struct remote *remote = new_remote(CACHE, LONG_MS);

	(void)state;
	http_say(&server, 200, "\"one\"", "[80]\n");
	assert_includes(remote, "[80]\n");
	assert_false(remote_refresh(remote));
	assert_int_equal(server.script->conditional, 1);
	http_say(&server, 200, "\"two\"", "[81]\n");
	assert_true(remote_refresh(remote));
	assert_includes(remote, "[81]\n");
	http_say(&server, 200, "", "[81]\n");
	assert_false(remote_refresh(remote));
	http_say(&server, 500, "", "[82]\n");
	assert_false(remote_refresh(remote));
	assert_includes(remote, "[81]\n");
	remote_free(remote);
}

static void a_source_that_comes_back_is_taken_up(void **state)
{
	struct remote *remote;

	(void)state;
	run_once("\"one\"", "[80]\n", "[80]\n");
	take_down();
	remote = new_remote(CACHE, LONG_MS);
	assert_includes(remote, "[80]\n");
	http_start(&server);
	http_say(&server, 200, "\"two\"", "[90]\n");
	assert_true(remote_refresh(remote));
	assert_includes(remote, "[90]\n");
	remote_free(remote);
}

static void the_thread_tells_of_a_change(void **state)
{
	struct remote *remote = new_remote(CACHE, LONG_MS);
	struct pollfd poll_fd = {.events = POLLIN};

	(void)state;
	http_say(&server, 200, "\"one\"", "[80]\n");
	assert_includes(remote, "[80]\n");
	http_say(&server, 200, "\"two\"", "[81]\n");
	assert_int_equal(remote_start(remote, 10), 0);
	poll_fd.fd = remote_fd(remote);
	assert_int_equal(poll(&poll_fd, 1, LONG_MS), 1);
	remote_acknowledge(remote);
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	assert_includes(remote, "[81]\n");
	remote_free(remote);
}

static void the_thread_ends_while_it_waits(void **state)
{
	struct remote *remote = new_remote(NULL, LONG_MS);

	(void)state;
	assert_int_equal(remote_start(remote, REMOTE_PERIOD_MS), 0);
	remote_free(remote);
}

static void assert_url_refused(const char *wrong, const char *expected)
{
	struct remote *remote = new_remote(NULL, LONG_MS);
	char *got = NULL, *warning = NULL, *error = NULL;
	size_t size;

	assert_true(remote_get(remote, wrong, &got, &size, &warning, &error) < 0);
	if (!strstr(error, expected))
		fail_msg("'%s' is not in '%s'", expected, error);
	free(error);
	remote_free(remote);
}

static void only_the_loopback_may_be_asked_in_the_clear(void **state)
{
	static const char why[] = "expected https:// (http:// from the loopback only)";

	(void)state;
	assert_url_refused("http://192.0.2.1/x.yml", why);
	assert_url_refused("http://localhost.example/x.yml", why);
	assert_url_refused("http://[2001:db8::1]/x.yml", why);
	assert_url_refused("ftp://127.0.0.1/x.yml", why);
	assert_url_refused("file:///etc/passwd", why);
	assert_url_refused("https://", "not a URL");
}

static void a_redirect_into_the_clear_is_not_followed(void **state)
{
	struct remote *remote = new_remote(NULL, LONG_MS);

	(void)state;
	http_say(&server, 302, "", "");
	snprintf((char *)server.script->redirect, sizeof(server.script->redirect), "%s2", url);
	assert_refused(remote, PATH ":2:17: cannot include %s: ");
	assert_int_equal(server.script->requests, 1);
	remote_free(remote);
}

static void urls_are_told_from_files(void **state)
{
	(void)state;
	assert_true(remote_is_url("https://example.org/x.yml"));
	assert_true(remote_is_url("http://127.0.0.1/"));
	assert_false(remote_is_url("x.yml"));
	assert_false(remote_is_url("/etc/x.yml"));
	assert_false(remote_is_url("://x"));
	assert_false(remote_is_url("a/b://c"));
}

static void free_takes_null(void **state)
{
	(void)state;
	remote_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_server, stop_server)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_url_is_fetched),
		TEST(a_url_is_no_file_to_watch),
		TEST(a_second_load_does_not_fetch_again),
		TEST(errors_in_what_was_fetched_name_the_url),
		TEST(what_was_fetched_has_no_say_over_files),
		TEST(a_source_that_is_down_is_an_error_without_a_copy),
		TEST(a_status_other_than_200_is_an_error),
		TEST(a_source_that_is_slow_is_an_error_after_the_limit),
		TEST(the_copy_is_used_with_a_warning_when_the_source_is_down),
		TEST(the_copy_is_used_when_the_source_is_slow),
		TEST(what_does_not_make_a_configuration_does_not_replace_the_copy),
		TEST(an_etag_that_holds_spares_the_transfer),
		TEST(an_etag_that_does_not_hold_brings_the_new_text),
		TEST(a_refresh_says_whether_something_changed),
		TEST(a_source_that_comes_back_is_taken_up),
		TEST(the_thread_tells_of_a_change),
		TEST(the_thread_ends_while_it_waits),
		TEST(only_the_loopback_may_be_asked_in_the_clear),
		TEST(a_redirect_into_the_clear_is_not_followed),
		TEST(urls_are_told_from_files),
		TEST(free_takes_null),
	};

	return cmocka_run_group_tests_name("remote", tests, enter_directory, leave_directory);
}
