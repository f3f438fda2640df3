// SPDX-License-Identifier: Apache-2.0
/* Processes in real containers: who they are, and which of them are recorded. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness_deadline.h"
#include "harness_podman.h"
#include "harness_recorder.h"
#include "procfs.h"

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define COMMAND OPTIONS

/* Nothing listens on these; a refused connect is an event like any other. */
#define WANTED_PORT "11"
#define OTHER_PORT "13"
#define HOST_PORT "15"
#define MARK_PORT "17"
#define CONNECT(port) "/bin/nc", "-w", "1", "127.0.0.1", port

#define LABELS_CONFIG                                                                              \
	"tcp_connect:\n"                                                                           \
	"  container_labels: ['team=pay*,stage=prod']\n"

static struct podman podman;
static struct recorder recorder;

static int open_podman(void **state)
{
	(void)state;
	podman_open(&podman);
	return 0;
}

static int close_podman(void **state)
{
	(void)state;
	podman_close(&podman);
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	recorder_cleanup(&recorder);
	return 0;
}

/* The socket is podman's, whether it runs here or not. */
static void configure(const char *probes)
{
	FILE *file = fopen(recorder.config, "we");

	if (!file || fprintf(file, "containers:\n  socket: %s\n%s", podman.socket, probes) < 0 ||
	    fclose(file))
		harness_fail("cannot write %s", recorder.config);
}

/* A recorder with this configuration, if containers run here. */
static void start(const char *probes)
{
	podman_require(&podman);
	recorder_prepare(&recorder);
	configure(probes);
	recorder_start(&recorder, NULL, NULL);
}

static int port_of(const cJSON *event)
{
	const cJSON *port = cJSON_GetObjectItem(event, "port");

	return port ? port->valueint : 0;
}

static int count_port(const cJSON *events, const char *port)
{
	const cJSON *event;
	int count = 0;

	cJSON_ArrayForEach (event, events) {
		if (port_of(event) == atoi(port))
			count++;
	}
	return count;
}

/* How many events with a port -f has printed so far. */
static int printed(const char *port)
{
	cJSON *events = recorder_output(&recorder);
	int count = count_port(events, port);

	cJSON_Delete(events);
	return count;
}

/* The first event with a port, as the query tells it; NULL: none. The caller deletes it. */
static cJSON *queried(const char *port)
{
	cJSON *events = recorder_query(&recorder, NULL), *event, *found = NULL;

	cJSON_ArrayForEach (event, events) {
		if (port_of(event) == atoi(port)) {
			found = cJSON_Duplicate(event, true);
			break;
		}
	}
	cJSON_Delete(events);
	return found;
}

static bool has_text(const cJSON *event, const char *key, const char *text)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItem(event, key));

	return value ? text && strcmp(value, text) == 0 : !text;
}

/* The query tells these of the first event with a port; NULL: the key is absent. */
static bool is_told(const char *port, const char *id, const char *name, const char *image)
{
	cJSON *event = queried(port);
	bool is = event && has_text(event, "container_id", id) &&
		  has_text(event, "container_name", name) &&
		  has_text(event, "container_image", image);

	cJSON_Delete(event);
	return is;
}

static void connect_from_host(const char *port)
{
	struct child child;

	child_start(&child, COMMAND("busybox", "nc", "-w", "1", "127.0.0.1", port), NULL, NULL);
	child_wait(&child);
	child_close(&child);
}

static char *inspect(const char *name, const char *format)
{
	return podman_output(&podman, OPTIONS("inspect", "--format", format, name));
}

static void an_event_tells_of_its_container(void **state)
{
	char *id;

	(void)state;
	start("tcp_connect:\n");
	podman_run(&podman, OPTIONS("--name", "event", "--label", "a=b"),
		   COMMAND(CONNECT(WANTED_PORT)));
	id = inspect("event", "{{.Id}}");
	assert_true(WAIT_UNTIL(is_told(WANTED_PORT, id, "event", PODMAN_IMAGE)));
	recorder_stop(&recorder, SIGTERM);
	assert_true(is_told(WANTED_PORT, id, "event", PODMAN_IMAGE));
	free(id);
}

static void an_event_of_the_host_tells_of_none(void **state)
{
	(void)state;
	start("tcp_connect:\n");
	connect_from_host(HOST_PORT);
	assert_true(WAIT_UNTIL(is_told(HOST_PORT, NULL, NULL, NULL)));
}

/* Where a hierarchy is mounted whose line in mountinfo has these words; false: nowhere. */
static bool find_hierarchy(const char *words, const char *more_words, char path[256])
{
	size_t size;
	char *mounts = procfs_read("/proc/self/mountinfo", &size), *rest = NULL, *line;
	bool found = false;

	for (line = strtok_r(mounts, "\n", &rest); line && !found;
	     line = strtok_r(NULL, "\n", &rest))
		found = strstr(line, words) && strstr(line, more_words) &&
			sscanf(line, "%*d %*d %*s %*s %255s", path) == 1;
	free(mounts);
	return found;
}

/* A connect of a process that is in a container's cgroup in one hierarchy only tells its id. */
static void assert_cgroup_tells(const char *words, const char *more_words)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static const char script[] = "mkdir \"$1/docker-$2.scope\" && "
				     "echo $$ > \"$1/docker-$2.scope/cgroup.procs\" && "
				     "busybox nc -w 1 127.0.0.1 " WANTED_PORT "; "
				     "echo $$ > \"$1/cgroup.procs\"; rmdir \"$1/docker-$2.scope\"";
	struct child child;
	char path[256];

	if (!find_hierarchy(words, more_words, path)) {
		printf("# skip: this host has no such hierarchy\n");
		fflush(stdout);
		skip();
	}
	recorder_prepare(&recorder);
	configure("tcp_connect:\n");
	recorder_start(&recorder, NULL, NULL);
	child_start(&child, COMMAND("sh", "-c", script, "sh", path, id), NULL, NULL);
	child_wait(&child);
	child_close(&child);
	assert_true(WAIT_UNTIL(is_told(WANTED_PORT, id, NULL, NULL)));
	recorder_stop(&recorder, SIGTERM);
	assert_true(is_told(WANTED_PORT, id, NULL, NULL));
}

static void a_cgroup_in_v2_alone_tells(void **state)
{
	(void)state;
	assert_cgroup_tells(" - cgroup2 ", "");
}

static void a_cgroup_in_v1_alone_tells(void **state)
{
	(void)state;
	assert_cgroup_tells(" - cgroup ", "pids");
}

static void what_runs_already_is_known_by_its_container(void **state)
{
	struct child child;
	char *id;

	(void)state;
	podman_require(&podman);
	podman_run(&podman, OPTIONS("--detach", "--name", "before"), COMMAND("/bin/sleep", "1000"));
	id = inspect("before", "{{.Id}}");
	start("tcp_connect:\n");
	child_start(&child, COMMAND(podman.command, "exec", "before", CONNECT(WANTED_PORT)), NULL,
		    NULL);
	child_wait(&child);
	child_close(&child);
	assert_true(WAIT_UNTIL(is_told(WANTED_PORT, id, "before", PODMAN_IMAGE)));
	free(id);
	free(podman_output(&podman, OPTIONS("rm", "--force", "--time", "0", "before")));
}

static void a_container_outlives_a_recorder_that_was_killed(void **state)
{
	struct child child;
	char *id;

	(void)state;
	start("tcp_connect:\n");
	podman_start(&podman, &child, OPTIONS("--interactive", "--name", "survivor"),
		     COMMAND("/bin/sh", "-c", "read x; nc -w 1 127.0.0.1 " WANTED_PORT));
	assert_true(
		WAIT_UNTIL(strcmp(id = podman_output(&podman, OPTIONS("ps", "--quiet", "--no-trunc",
								      "--filter", "name=survivor")),
				  "") != 0 ||
			   (free(id), false)));
	recorder_crash(&recorder);
	dprintf(child.in, "go\n");
	child_wait(&child);
	child_close(&child);
	recorder_start(&recorder, NULL, NULL);
	assert_true(WAIT_UNTIL(is_told(WANTED_PORT, id, "survivor", PODMAN_IMAGE)));
	free(id);
}

/* A connect from the wanted container that is recorded shows that those before it were looked at.
 */
static void run_mark(const char *name)
{
	podman_run(
		&podman,
		OPTIONS("--rm", "--name", name, "--label", "team=payroll", "--label", "stage=prod"),
		COMMAND(CONNECT(MARK_PORT)));
	assert_true(WAIT_UNTIL(printed(MARK_PORT) > 0));
}

/* Each connects as the first thing that it does, and has ended long before a second is over. */
static void only_containers_with_the_labels_are_recorded_from_their_first_moment(void **state)
{
	cJSON *events, *event;

	(void)state;
	start(LABELS_CONFIG);
	for (int i = 0; i < 3; i++) {
		podman_run(&podman,
			   OPTIONS("--rm", "--name", "wanted", "--label", "team=payments",
				   "--label", "stage=prod"),
			   COMMAND(CONNECT(WANTED_PORT)));
		podman_run(&podman, OPTIONS("--rm", "--label", "team=payments"),
			   COMMAND(CONNECT(OTHER_PORT)));
		podman_run(&podman,
			   OPTIONS("--rm", "--label", "team=ship", "--label", "stage=prod"),
			   COMMAND(CONNECT(OTHER_PORT)));
		podman_run(&podman, OPTIONS("--rm"), COMMAND(CONNECT(OTHER_PORT)));
		connect_from_host(HOST_PORT);
	}
	run_mark("mark");
	assert_int_equal(printed(WANTED_PORT), 3);
	assert_int_equal(printed(OTHER_PORT), 0);
	assert_int_equal(printed(HOST_PORT), 0);
	events = recorder_output(&recorder);
	cJSON_ArrayForEach (event, events) {
		/* The runtime has answered before it is printed. */
		assert_true(has_text(event, "container_name",
				     port_of(event) == atoi(MARK_PORT) ? "mark" : "wanted"));
		assert_true(has_text(event, "container_image", PODMAN_IMAGE));
	}
	cJSON_Delete(events);
}

static void a_container_with_the_labels_that_runs_already_is_recorded(void **state)
{
	static const char loop[] =
		"while :; do nc -w 1 127.0.0.1 " WANTED_PORT " 2> /dev/null; sleep 0.1; done";

	(void)state;
	podman_require(&podman);
	podman_run(&podman,
		   OPTIONS("--detach", "--name", "running", "--label", "team=pay", "--label",
			   "stage=prod"),
		   COMMAND("/bin/sh", "-c", loop));
	podman_run(&podman, OPTIONS("--detach", "--name", "unwanted"),
		   COMMAND("/bin/sh", "-c",
			   "while :; do nc -w 1 127.0.0.1 " OTHER_PORT
			   " 2> /dev/null; sleep 0.1; done"));
	start(LABELS_CONFIG);
	assert_true(WAIT_UNTIL(printed(WANTED_PORT) > 3));
	assert_int_equal(printed(OTHER_PORT), 0);
	free(podman_output(&podman,
			   OPTIONS("rm", "--force", "--time", "0", "running", "unwanted")));
}

static bool has_logged(const char *words)
{
	char *text = child_output(recorder.child.err);
	bool has = text && strstr(text, words);

	free(text);
	return has;
}

static void other_labels_count_after_a_reload(void **state)
{
	(void)state;
	start(LABELS_CONFIG);
	run_mark("first");
	configure("tcp_connect:\n  container_labels: ['team=ship']\n");
	kill(recorder.child.pid, SIGHUP);
	assert_true(WAIT_UNTIL(has_logged("reloaded")));
	podman_run(&podman, OPTIONS("--rm", "--label", "team=payments", "--label", "stage=prod"),
		   COMMAND(CONNECT(OTHER_PORT)));
	podman_run(&podman, OPTIONS("--rm", "--label", "team=ship"), COMMAND(CONNECT(WANTED_PORT)));
	assert_true(WAIT_UNTIL(printed(WANTED_PORT) == 1));
	assert_int_equal(printed(OTHER_PORT), 0);
	assert_int_equal(printed(MARK_PORT), 1);
}

static bool file_is(const char *path, const char *expected)
{
	size_t size;
	char *text = procfs_read(path, &size);
	bool is = text && strcmp(text, expected) == 0;

	free(text);
	return is;
}

/* Put the podman with our storage before the host's. */
static void prefer_our_podman(const void *argument)
{
	char path[4096];

	(void)argument;
	snprintf(path, sizeof(path), "%s:%s", podman.directory, getenv("PATH"));
	setenv("PATH", path, 1);
}

static void gen_ip_mapping_names_the_addresses_of_containers(void **state)
{
	char *script, path[128], expected[128], *address;
	struct child child, mapping;

	(void)state;
	podman_require(&podman);
	podman_start(&podman, &child,
		     OPTIONS("--detach", "--name", "mapped", "--network", "bridge"),
		     COMMAND("/bin/sleep", "1000"));
	child_wait(&child);
	if (child.status) {
		char *words = child_output(child.err);

		printf("# skip: podman has no networks here: %.*s\n", (int)strcspn(words, "\n"),
		       words);
		fflush(stdout);
		free(words);
		child_close(&child);
		skip();
	}
	child_close(&child);
	address = inspect("mapped", "{{.NetworkSettings.IPAddress}}");
	snprintf(expected, sizeof(expected), "%s mapped\n", address);
	snprintf(path, sizeof(path), "%s/mapping.txt", podman.directory);
	script = program_path("GEN_IP_MAPPING", "gen-ip-mapping.sh");
	child_start(&mapping, COMMAND(script, path, "0.1"), prefer_our_podman, NULL);
	assert_true(WAIT_UNTIL(file_is(path, expected)));
	/* It goes with the container. */
	free(podman_output(&podman, OPTIONS("rm", "--force", "--time", "0", "mapped")));
	assert_true(WAIT_UNTIL(file_is(path, "")));
	kill(mapping.pid, SIGTERM);
	child_wait(&mapping);
	child_close(&mapping);
	free(script);
	free(address);
}

#define TEST(name) cmocka_unit_test_teardown(name, clean_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_tells_of_its_container),
		TEST(an_event_of_the_host_tells_of_none),
		TEST(a_cgroup_in_v2_alone_tells),
		TEST(a_cgroup_in_v1_alone_tells),
		TEST(what_runs_already_is_known_by_its_container),
		TEST(a_container_outlives_a_recorder_that_was_killed),
		TEST(only_containers_with_the_labels_are_recorded_from_their_first_moment),
		TEST(a_container_with_the_labels_that_runs_already_is_recorded),
		TEST(other_labels_count_after_a_reload),
		TEST(gen_ip_mapping_names_the_addresses_of_containers),
	};

	return cmocka_run_group_tests_name("containers", tests, open_podman, close_podman);
}
