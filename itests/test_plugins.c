// SPDX-License-Identifier: Apache-2.0
/* Plugins that come with the recorder, and one that is built outside its tree. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "harness_deadline.h"
#include "harness_event.h"
#include "harness_recorder.h"
#include "harness_trigger.h"

static struct recorder recorder;

static int set_up(void **state)
{
	(void)state;
	recorder_prepare(&recorder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	recorder_cleanup(&recorder);
	return 0;
}

/* A file beside the configuration. */
static void write_file(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", recorder.directory, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

typedef cJSON *read_events(void);

static cJSON *read_printed(void)
{
	return recorder_output(&recorder);
}

static cJSON *read_queried(void)
{
	return recorder_query(&recorder, NULL);
}

static bool has_event(read_events *read, const cJSON *report)
{
	cJSON *events = read();
	int count;
	bool has = event_find(report, events, &count);

	cJSON_Delete(events);
	return has;
}

/* The event of a report, once it is there; the caller deletes it. */
static cJSON *await_event(read_events *read, const cJSON *report)
{
	cJSON *events, *event;
	int count;

	if (!WAIT_UNTIL(has_event(read, report)))
		harness_fail("the event does not come");
	events = read();
	event = cJSON_Duplicate(event_find(report, events, &count), true);
	cJSON_Delete(events);
	return event;
}

static void assert_text(const cJSON *object, const char *key, const char *expected)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));

	if (!text || strcmp(text, expected))
		harness_fail("%s is '%s', not '%s'", key, text ? text : "(no text)", expected);
}

/* Whether -f and the query say the same of what plugins add at the top level. */
static void assert_attribute(const cJSON *report, const char *key, const char *expected)
{
	static read_events *const sources[] = {read_printed, read_queried};

	for (size_t i = 0; i < 2; i++) {
		cJSON *event = await_event(sources[i], report);

		assert_text(event, key, expected);
		cJSON_Delete(event);
	}
}

static void assert_triggered(const char *const *args, const char *key, const char *expected)
{
	cJSON *reports = trigger_reports(args), *report;

	cJSON_ArrayForEach (report, reports) {
		assert_attribute(report, key, expected);
	}
	cJSON_Delete(reports);
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void sourceipmap_names_the_source_of_every_kind_of_event(void **state)
{
	(void)state;
	write_file("hosts", "127.0.0.1 loop4\n::1 loop6\n");
	recorder_configure(&recorder,
			   "_plugins: &plugins\n"
			   "  plugins:\n"
			   "    sourceipmap: {hostfiles: [%s/hosts], attribute_key: from}\n"
			   "tcp_connect: *plugins\nnet_listen: *plugins\nudp_session: *plugins\n",
			   recorder.directory);
	recorder_start(&recorder, NULL, NULL);
	assert_triggered(ARGS("connect", "4", "blocking", "10", "20"), "from", "loop4");
	assert_triggered(ARGS("connect", "6", "blocking", "10", "20"), "from", "loop6");
	assert_triggered(ARGS("connect", "mapped", "blocking", "10", "20"), "from", "loop4");
	assert_triggered(ARGS("listen", "6", "0"), "from", "loop6");
	assert_triggered(ARGS("listen_closed", "any4"), "from", "");
	recorder_stop(&recorder, SIGTERM);
}

/* The loginuid of a tree entry, or -1; its name in *ret_name. */
static int login_of(const cJSON *entry, const char **ret_name)
{
	const cJSON *loginuid = cJSON_GetObjectItem(entry, "loginuid");

	*ret_name = cJSON_GetStringValue(cJSON_GetObjectItem(entry, "loginname"));
	return loginuid ? loginuid->valueint : -1;
}

/* The two that were forked after the login have it, all others not that one. */
static void assert_logins(read_events *read, const cJSON *report)
{
	cJSON *event = await_event(read, report);
	const cJSON *tree = cJSON_GetObjectItem(event, "proctree"), *entry;
	const char *name;
	int depth = 0;

	cJSON_ArrayForEach (entry, tree) {
		int loginuid = login_of(entry, &name);

		if (depth++ < 2) {
			assert_int_equal(loginuid, 1234);
			assert_string_equal(name, "1234");
		} else if (depth > 3) { /* of the third it depends on when it was looked at */
			assert_int_not_equal(loginuid, 1234);
			assert_int_equal(loginuid == -1, name == NULL);
		}
	}
	assert_true(depth > 3);
	assert_false(cJSON_HasObjectItem(event, "loginname"));
	cJSON_Delete(event);
}

static void loginuidmap_names_the_logins_of_the_tree(void **state)
{
	cJSON *reports;

	(void)state;
	recorder_configure(&recorder, "tcp_connect:\n  plugins:\n    loginuidmap: {}\n");
	recorder_start(&recorder, NULL, NULL);
	reports = trigger_reports(ARGS("fork", "login", "1234", "fork", "fork", "connect", "4",
				       "blocking", "10", "20"));
	assert_logins(read_printed, reports->child);
	assert_logins(read_queried, reports->child);
	cJSON_Delete(reports);
	recorder_stop(&recorder, SIGTERM);
}

static void loginuidmap_may_name_the_events_login_only(void **state)
{
	(void)state;
	recorder_configure(&recorder, "tcp_connect:\n"
				      "  plugins:\n"
				      "    loginuidmap: {top_level: True}\n"
				      "    identityplugin:\n");
	recorder_start(&recorder, NULL, NULL);
	assert_triggered(ARGS("login", "1234", "fork", "connect", "4", "blocking", "10", "20"),
			 "loginname", "1234");
	recorder_stop(&recorder, SIGTERM);
}

/* A UDP socket of ours that has sent one message to a port on loopback. */
static int open_session(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = to.sin_addr};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
	    sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) != 1)
		harness_fail("cannot send: %m");
	return fd;
}

/* What the harness would be told of such a session. */
static cJSON *session_report(uint16_t port)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "{\"event\": {\"probe\": \"udp_session\", "
		 "\"destinations\": [{\"daddr\": \"127.0.0.1\", \"port\": %u}]}, "
		 "\"tree\": [{\"pid\": %d}]}",
		 port, (int)getpid());
	return cJSON_Parse(text);
}

static void session_keeps_its_attributes_through_a_crash(void **state)
{
	const uint16_t port = 47111;
	cJSON *report = session_report(port);
	int fd;

	(void)state;
	write_file("hosts", "127.0.0.1 loop4\n");
	recorder_configure(&recorder,
			   "udp_session:\n  plugins:\n    sourceipmap: {hostfiles: [%s/hosts]}\n",
			   recorder.directory);
	recorder_start(&recorder, NULL, NULL);
	fd = open_session(port);
	cJSON_Delete(await_event(read_queried, report));
	recorder_crash(&recorder);
	/* What it is called now is not what it was called then. */
	write_file("hosts", "127.0.0.1 renamed\n");
	recorder_start(&recorder, NULL, NULL);
	close(fd);
	assert_attribute(report, "source_host", "loop4");
	cJSON_Delete(report);
	recorder_stop(&recorder, SIGTERM);
}

/* Build the sample of docs/plugins.md with nothing but the installed header. */
static void build_sample(char directory[PATH_MAX])
{
	char *include = program_path("PIDTREE_INCLUDE", "../include");
	char *source = program_path("PIDTREE_SAMPLE_PLUGIN", "plugins/portname.c");
	char library[PATH_MAX + 16];
	struct child compiler;
	char *err;

	if (system("command -v gcc > /dev/null")) {
		printf("# skip: there is no gcc\n");
		fflush(stdout);
		skip();
	}
	snprintf(directory, PATH_MAX, "%s/plugins", recorder.directory);
	assert_int_equal(mkdir(directory, 0755), 0);
	snprintf(library, sizeof(library), "%s/portname.so", directory);
	child_start(&compiler,
		    ARGS("gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-I", include, "-fPIC",
			 "-fvisibility=hidden", "-shared", source, "-o", library),
		    NULL, NULL);
	child_wait(&compiler);
	err = child_output(compiler.err);
	if (compiler.status)
		harness_fail("the sample does not build: %s", err);
	child_close(&compiler);
	free(err);
	free(include);
	free(source);
	assert_int_equal(chmod(library, 0755), 0);
}

static void plugin_built_outside_the_tree_works(void **state)
{
	char directory[PATH_MAX], option[PATH_MAX + 32];

	(void)state;
	build_sample(directory);
	snprintf(option, sizeof(option), "--extra-plugin-path=%s", directory);
	recorder_configure(&recorder, "net_listen:\n"
				      "  plugins:\n"
				      "    portname: {ports: ['47112=backdoor', '80=http']}\n");
	recorder_start_with(&recorder, option);
	assert_triggered(ARGS("listen", "4", "47112"), "service", "backdoor");
	recorder_stop(&recorder, SIGTERM);
}

static void plugin_in_a_directory_that_others_may_write_is_refused(void **state)
{
	char directory[PATH_MAX], option[PATH_MAX + 32];

	(void)state;
	build_sample(directory);
	snprintf(option, sizeof(option), "--extra-plugin-path=%s", directory);
	recorder_configure(&recorder, "tcp_connect:\n  plugins:\n    portname:\n");
	assert_int_equal(chmod(directory, 0777), 0);
	recorder_assert_refused(&recorder, option,
				"others than root may write to it (mode 0777); chmod go-w it");
	assert_int_equal(chmod(directory, 0755), 0);
	assert_int_equal(chown(directory, 65534, 65534), 0);
	recorder_assert_refused(&recorder, option, "it belongs to uid 65534, not to root");
}

static void plugin_that_cannot_begin_ends_the_start(void **state)
{
	(void)state;
	recorder_configure(&recorder, "tcp_connect:\n  plugins:\n    sourceipmap: {}\n");
	recorder_assert_refused(&recorder, NULL,
				"config.yml:3:18: no hostfiles, expected a list of files");
	recorder_configure(&recorder, "tcp_connect:\n  plugins:\n    nosuch: {}\n");
	recorder_assert_refused(&recorder, NULL, "there is no plugin 'nosuch' in ");
}

static void plugin_that_cannot_begin_may_be_done_without(void **state)
{
	cJSON *reports, *event;

	(void)state;
	recorder_configure(&recorder, "tcp_connect:\n"
				      "  plugins:\n"
				      "    sourceipmap: {unload_on_init_exception: True}\n"
				      "    nosuch: {enabled: False}\n"
				      "    loginuidmap: {top_level: True}\n");
	recorder_start(&recorder, NULL, NULL);
	assert_true(recorder_has_logged(&recorder, "no hostfiles"));
	reports = trigger_reports(
		ARGS("login", "1234", "fork", "connect", "4", "blocking", "10", "20"));
	event = await_event(read_printed, reports->child);
	assert_text(event, "loginname", "1234");
	assert_false(cJSON_HasObjectItem(event, "source_host"));
	cJSON_Delete(event);
	cJSON_Delete(reports);
	recorder_stop(&recorder, SIGTERM);
}

static void reload_with_a_plugin_that_cannot_begin_changes_nothing(void **state)
{
	(void)state;
	recorder_configure(&recorder, "net_listen:\n");
	recorder_start(&recorder, NULL, NULL);
	recorder_configure(&recorder, "net_listen:\n  plugins:\n    nosuch: {}\n");
	kill(recorder.child.pid, SIGHUP);
	assert_true(WAIT_UNTIL(recorder_has_logged(&recorder, "stays as it was")));
	assert_true(recorder_has_logged(&recorder, "there is no plugin 'nosuch'"));
	assert_triggered(ARGS("listen", "4", "0"), "laddr", "127.0.0.1");
	recorder_stop(&recorder, SIGTERM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sourceipmap_names_the_source_of_every_kind_of_event),
		TEST(loginuidmap_names_the_logins_of_the_tree),
		TEST(loginuidmap_may_name_the_events_login_only),
		TEST(session_keeps_its_attributes_through_a_crash),
		TEST(plugin_built_outside_the_tree_works),
		TEST(plugin_in_a_directory_that_others_may_write_is_refused),
		TEST(plugin_that_cannot_begin_ends_the_start),
		TEST(plugin_that_cannot_begin_may_be_done_without),
		TEST(reload_with_a_plugin_that_cannot_begin_changes_nothing),
	};

	return cmocka_run_group_tests_name("plugins", tests, NULL, NULL);
}
