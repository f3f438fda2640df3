// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "recorder/container_runtime.h"
#include "recorder/procfs.h"
#include "tests/fixture_api.h"

#define DEADLINE_MS 20000

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DESCRIPTION(id, name)                                                                      \
	"{\"Id\":\"" id "\",\"Name\":\"/" name "\",\"Config\":{\"Image\":\"image:1\","             \
	"\"Labels\":{\"team\":\"payments\"}}}"
#define EVENT(action, id)                                                                          \
	"{\"Type\":\"container\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"" id "\"}}\n"

static struct api api;
static struct container_queue *queue;
static struct container_runtime *runtime;
static struct container_message *message; /* the last one */

static int set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (!api_open(&api))
		return -1;
	queue = container_queue_new();
	return !queue;
}

static int tear_down(void **state)
{
	(void)state;
	container_runtime_stop(runtime);
	runtime = NULL;
	container_message_free(message);
	message = NULL;
	container_queue_free(queue);
	api_close(&api);
	return 0;
}

static struct container_runtime_config find_socket(const char *context)
{
	return (struct container_runtime_config){.socket = context};
}

static struct container_runtime_config find_nothing(const char *context)
{
	(void)context;
	return (struct container_runtime_config){0};
}

static struct container_runtime_config find_nerdctl(const char *context)
{
	return (struct container_runtime_config){.containerd_namespace = context};
}

static void start(void)
{
	runtime = container_runtime_start(queue, find_socket, api.path);
	assert_non_null(runtime);
}

/* Wait for the next message. */
static const struct container_message *next(void)
{
	struct pollfd fd = {.fd = container_queue_fd(queue), .events = POLLIN};

	assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
	container_message_free(message);
	message = container_queue_take(queue);
	assert_non_null(message);
	return message;
}

static void assert_next(enum container_message_type type, const char *runtime_id)
{
	next();
	assert_int_equal(message->type, type);
	assert_string_equal(message->runtime_id, runtime_id);
}

static void assert_listing_of_nothing(void)
{
	assert_next(CONTAINER_LISTING, "");
	assert_next(CONTAINER_LISTED, "");
}

static void what_runs_is_listed(void **state)
{
	bool has_a = false, has_b = false;

	(void)state;
	api_set_list(&api, "[{\"Id\":\"" A "\"},{\"Id\":\"" B "\"}]");
	api_describe(&api, A, DESCRIPTION(A, "web"));
	api_describe(&api, B, DESCRIPTION(B, "db"));
	start();
	assert_next(CONTAINER_LISTING, "");
	for (int i = 0; i < 2; i++) {
		next();
		assert_int_equal(message->type, CONTAINER_UP);
		has_a |= !strcmp(message->runtime_id, A) && !strcmp(message->name, "web");
		has_b |= !strcmp(message->runtime_id, B) && !strcmp(message->name, "db");
		assert_string_equal(message->image, "image:1");
		assert_string_equal(cJSON_GetObjectItem(message->labels, "team")->valuestring,
				    "payments");
	}
	assert_true(has_a && has_b);
	assert_next(CONTAINER_LISTED, "");
}

static void more_than_are_asked_about_at_a_time_are_listed(void **state)
{
	char list[8192] = "[", id[80];

	(void)state;
	for (int i = 0; i < 50; i++) {
		snprintf(id, sizeof(id), "%s{\"Id\":\"%064d\"}", i ? "," : "", i);
		strcat(list, id);
	}
	strcat(list, "]");
	api_set_list(&api, list);
	start();
	assert_next(CONTAINER_LISTING, "");
	for (int i = 0; i < 50; i++)
		assert_int_equal(next()->type, CONTAINER_UNKNOWN);
	assert_next(CONTAINER_LISTED, "");
}

static void events_tell_of_containers_that_come_and_go(void **state)
{
	(void)state;
	api_describe(&api, A, DESCRIPTION(A, "web"));
	start();
	assert_listing_of_nothing();
	api_send_event(&api, EVENT("create", A));
	assert_next(CONTAINER_UP, A);
	assert_string_equal(message->name, "web");
	api_describe(&api, A, DESCRIPTION(A, "renamed"));
	api_send_event(&api, EVENT("rename", A));
	assert_next(CONTAINER_UP, A);
	assert_string_equal(message->name, "renamed");
	api_send_event(&api, EVENT("die", A));
	assert_next(CONTAINER_DOWN, A);
}

static void events_may_come_in_pieces_or_together(void **state)
{
	(void)state;
	start();
	assert_listing_of_nothing();
	api_send_event(&api, "{\"Type\":\"container\",\"Act");
	api_send_event(&api, "ion\":\"die\",\"Actor\":{\"ID\":\"" A "\"}}");
	api_send_event(&api, "\n" EVENT("die", B) "nonsense\n\n" EVENT("die", A));
	assert_next(CONTAINER_DOWN, A);
	assert_next(CONTAINER_DOWN, B);
	assert_next(CONTAINER_DOWN, A);
}

static void what_is_asked_is_answered(void **state)
{
	(void)state;
	api_describe(&api, A, DESCRIPTION(A, "web"));
	start();
	assert_listing_of_nothing();
	container_runtime_ask(runtime, A);
	assert_next(CONTAINER_UP, A);
	container_runtime_ask(runtime, B);
	assert_next(CONTAINER_UNKNOWN, B);
}

static void an_answer_that_makes_no_sense_is_none(void **state)
{
	(void)state;
	api_describe(&api, A, "{\"Id\":");
	api_describe(&api, B, DESCRIPTION(A, "another"));
	start();
	assert_listing_of_nothing();
	container_runtime_ask(runtime, A);
	assert_next(CONTAINER_UNKNOWN, A);
	/* It is about what was asked, whatever it calls itself. */
	container_runtime_ask(runtime, B);
	assert_next(CONTAINER_UP, B);
}

static void a_runtime_that_goes_away_is_waited_for(void **state)
{
	(void)state;
	start();
	assert_listing_of_nothing();
	api_stop(&api);
	api_set_list(&api, "[{\"Id\":\"" A "\"}]");
	api_describe(&api, A, DESCRIPTION(A, "web"));
	assert_true(api_start(&api));
	/* One may have begun while it went. */
	do
		next();
	while (message->type != CONTAINER_UP);
	assert_string_equal(message->runtime_id, A);
	assert_next(CONTAINER_LISTED, "");
	api_send_event(&api, EVENT("die", A));
	assert_next(CONTAINER_DOWN, A);
}

static void what_was_asked_meanwhile_is_answered_when_it_is_back(void **state)
{
	(void)state;
	api_describe(&api, A, DESCRIPTION(A, "web"));
	api_stop(&api);
	start();
	container_runtime_ask(runtime, A);
	assert_true(api_start(&api));
	do
		next();
	while (message->type != CONTAINER_UP);
	assert_string_equal(message->runtime_id, A);
}

static void a_list_that_makes_no_sense_is_asked_for_again(void **state)
{
	(void)state;
	api_set_list(&api, "[[[[");
	start();
	assert_next(CONTAINER_LISTING, "");
	assert_next(CONTAINER_LISTING, "");
	api_set_list(&api, "[]");
	do
		next();
	while (message->type == CONTAINER_LISTING);
	assert_int_equal(message->type, CONTAINER_LISTED);
}

static void without_a_runtime_nothing_is_known(void **state)
{
	(void)state;
	runtime = container_runtime_start(queue, find_nothing, NULL);
	assert_listing_of_nothing();
	container_runtime_ask(runtime, A);
	assert_next(CONTAINER_UNKNOWN, A);
	container_runtime_ask(runtime, B);
	assert_next(CONTAINER_UNKNOWN, B);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void a_runtime_that_hangs_does_not_hold_up_the_end(void **state)
{
	int64_t start_ms;

	(void)state;
	api.is_hung = true;
	start();
	container_runtime_ask(runtime, A);
	assert_next(CONTAINER_LISTING, "");
	start_ms = now_ms();
	container_runtime_stop(runtime);
	runtime = NULL;
	assert_in_range(now_ms() - start_ms, 0, 5000);
}

/* A process in a mount namespace of its own, stopped; 0 if that cannot be. */
static pid_t other_namespace(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (!unshare(CLONE_NEWNS))
			raise(SIGSTOP);
		_exit(EXIT_FAILURE);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	return WIFSTOPPED(status) ? pid : 0;
}

static void a_mount_namespace_is_that_of_the_first_process(void **state)
{
	pid_t pid = other_namespace();
	char description[256];

	(void)state;
	if (!pid) {
		printf("# skip: only root has mount namespaces of its own\n");
		skip();
	}
	start();
	assert_listing_of_nothing();
	snprintf(description, sizeof(description), "{\"Id\":\"" A "\",\"State\":{\"Pid\":%d}}",
		 (int)pid);
	api_describe(&api, A, description);
	container_runtime_ask(runtime, A);
	assert_next(CONTAINER_UP, A);
	assert_int_equal(message->mnt_ns, procfs_namespace((uint32_t)pid, "ns/mnt"));
	assert_true(message->mnt_ns != 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);

	/* The host's own would let everybody in. */
	snprintf(description, sizeof(description), "{\"Id\":\"" A "\",\"State\":{\"Pid\":%d}}",
		 (int)getpid());
	api_describe(&api, A, description);
	container_runtime_ask(runtime, A);
	assert_next(CONTAINER_UP, A);
	assert_int_equal(message->mnt_ns, 0);
}

static char search_before[3900]; /* PATH */

/* Put a program "nerdctl" first in PATH; $d is where it keeps what it does. */
static void install_nerdctl(const char *script)
{
	char path[128], search[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/nerdctl", api.directory);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\nd=%s\n%s", api.directory, script);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
	snprintf(search_before, sizeof(search_before), "%s", getenv("PATH"));
	snprintf(search, sizeof(search), "%s:%s", api.directory, search_before);
	setenv("PATH", search, 1);
}

static void remove_nerdctl(void)
{
	static const char *const names[] = {"nerdctl", "fifo", "pid"};
	char path[128];

	setenv("PATH", search_before, 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", api.directory, names[i]);
		unlink(path);
	}
}

static const char nerdctl[] =
	"[ \"$1 $2\" = '--namespace k8s.io' ] || exit 1\n"
	"shift 2\n"
	"case \"$*\" in\n"
	"'ps --quiet --no-trunc') echo " A ";;\n"
	"'inspect --mode dockercompat " A "') echo '[" DESCRIPTION(
		A, "web") "]';;\n"
			  "'events --format {{json .}}') echo $$ > $d/pid; exec cat $d/fifo;;\n"
			  "*) echo 'no such object' >&2; exit 1;;\n"
			  "esac\n";

static void nerdctl_is_asked_like_an_api(void **state)
{
	char path[128];
	FILE *events;
	int pid = 0;

	(void)state;
	install_nerdctl(nerdctl);
	snprintf(path, sizeof(path), "%s/fifo", api.directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	runtime = container_runtime_start(queue, find_nerdctl, "k8s.io");
	assert_next(CONTAINER_LISTING, "");
	assert_next(CONTAINER_UP, A);
	assert_string_equal(message->name, "web");
	assert_next(CONTAINER_LISTED, "");

	events = fopen(path, "w");
	assert_non_null(events);
	fprintf(events, "{\"Topic\":\"/tasks/delete\",\"Event\":"
			"\"{\\\"container_id\\\":\\\"" A "\\\"}\"}\n");
	fflush(events);
	assert_next(CONTAINER_DOWN, A);
	container_runtime_ask(runtime, B);
	assert_next(CONTAINER_UNKNOWN, B);

	snprintf(path, sizeof(path), "%s/pid", api.directory);
	container_runtime_stop(runtime);
	runtime = NULL;
	fclose(events);
	events = fopen(path, "r");
	assert_non_null(events);
	assert_int_equal(fscanf(events, "%d", &pid), 1);
	fclose(events);
	/* It was ended, and reaped. */
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	remove_nerdctl();
}

static void a_configured_socket_is_taken(void **state)
{
	struct container_runtime_config config = container_runtime_find("/x/y.sock");

	(void)state;
	assert_string_equal(config.socket, "/x/y.sock");
}

static void only_names_that_cannot_mean_anything_else_are_ids(void **state)
{
	char longest[CONTAINER_RUNTIME_ID_SIZE + 1];

	(void)state;
	assert_true(container_runtime_id_is_valid(A));
	assert_true(container_runtime_id_is_valid("my_container.1-x"));
	assert_false(container_runtime_id_is_valid(""));
	assert_false(container_runtime_id_is_valid("-x"));
	assert_false(container_runtime_id_is_valid("."));
	assert_false(container_runtime_id_is_valid("../x"));
	assert_false(container_runtime_id_is_valid("a/b"));
	assert_false(container_runtime_id_is_valid("a b"));
	assert_false(container_runtime_id_is_valid("a\n"));
	memset(longest, 'x', sizeof(longest));
	longest[CONTAINER_RUNTIME_ID_SIZE] = '\0';
	assert_false(container_runtime_id_is_valid(longest));
	longest[CONTAINER_RUNTIME_ID_SIZE - 1] = '\0';
	assert_true(container_runtime_id_is_valid(longest));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_runs_is_listed),
		TEST(more_than_are_asked_about_at_a_time_are_listed),
		TEST(events_tell_of_containers_that_come_and_go),
		TEST(events_may_come_in_pieces_or_together),
		TEST(what_is_asked_is_answered),
		TEST(an_answer_that_makes_no_sense_is_none),
		TEST(a_runtime_that_goes_away_is_waited_for),
		TEST(what_was_asked_meanwhile_is_answered_when_it_is_back),
		TEST(a_list_that_makes_no_sense_is_asked_for_again),
		TEST(without_a_runtime_nothing_is_known),
		TEST(a_runtime_that_hangs_does_not_hold_up_the_end),
		TEST(a_mount_namespace_is_that_of_the_first_process),
		TEST(nerdctl_is_asked_like_an_api),
		TEST(a_configured_socket_is_taken),
		TEST(only_names_that_cannot_mean_anything_else_are_ids),
	};

	return cmocka_run_group_tests_name("container runtime", tests, NULL, NULL);
}
