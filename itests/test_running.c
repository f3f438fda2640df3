// SPDX-License-Identifier: Apache-2.0
/* How the recorder behaves while it runs: snapshots, idle sessions, its output, its health. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
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
#include "harness_recorder.h"
#include "socket_action.h"

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

static bool is_ours(const cJSON *event, const char *probe, int pid)
{
	const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(event, "probe"));

	return name && !strcmp(name, probe) &&
	       cJSON_GetNumberValue(cJSON_GetObjectItem(event, "pid")) == pid;
}

/* How many events a process has with this port, and of these how many are of snapshots. */
static int count_listens(int pid, uint16_t port, int *ret_snapshots)
{
	cJSON *events = recorder_output(&recorder);
	const cJSON *event;
	int count = 0;

	*ret_snapshots = 0;
	cJSON_ArrayForEach (event, events) {
		if (!is_ours(event, "net_listen", pid) ||
		    cJSON_GetNumberValue(cJSON_GetObjectItem(event, "port")) != port)
			continue;
		count++;
		*ret_snapshots += cJSON_IsTrue(cJSON_GetObjectItem(event, "snapshot"));
	}
	cJSON_Delete(events);
	return count;
}

/* A socket that listens on a port of the kernel's choice. */
static int open_listener(uint16_t *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 1) ||
	    getsockname(fd, (struct sockaddr *)&address, &size))
		harness_fail("cannot listen: %m");
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static bool has_snapshots(int pid, uint16_t port, int at_least)
{
	int snapshots;

	count_listens(pid, port, &snapshots);
	return snapshots >= at_least;
}

static void listeners_from_before_are_in_the_first_and_in_later_snapshots(void **state)
{
	int snapshots;
	uint16_t port;
	int fd = open_listener(&port);

	(void)state;
	recorder_configure(&recorder, "net_listen: {snapshot_periodicity: 1}\n");
	recorder_start(&recorder, NULL, NULL);
	assert_true(WAIT_UNTIL(has_snapshots(getpid(), port, 3)));
	assert_int_equal(count_listens(getpid(), port, &snapshots), snapshots);
	close(fd);
}

/* Its end is recorded though its beginning was not. */
static void listener_from_before_has_its_end(void **state)
{
	uint16_t port;
	int fd = open_listener(&port);
	char term[16];
	const char *const terms[] = {term, NULL};
	cJSON *events;

	(void)state;
	snprintf(term, sizeof(term), ":%u", port);
	recorder_configure(&recorder, "net_listen: {snapshot_periodicity: 3600}\n");
	recorder_start(&recorder, NULL, NULL);
	assert_true(WAIT_UNTIL(has_snapshots(getpid(), port, 1)));
	close(fd);
	recorder_stop(&recorder, SIGTERM);
	events = recorder_query(&recorder, terms);
	assert_int_equal(cJSON_GetArraySize(events), 1);
	assert_true(cJSON_HasObjectItem(events->child, "duration"));
	cJSON_Delete(events);
}

/* A process in a network namespace of its own that listens until its stdin ends. */
static pid_t listen_elsewhere(uint16_t port, int *ret_stop_fd)
{
	int ready[2], stop[2];
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) || pipe2(stop, O_CLOEXEC))
		harness_fail("no pipe: %m");
	pid = fork();
	if (!pid) {
		struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
		int fd;

		close(stop[1]);
		if (unshare(CLONE_NEWNET))
			_exit(1);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1) ||
		    write(ready[1], "r", 1) != 1)
			_exit(1);
		_exit(read(stop[0], &byte, 1) != 0);
	}
	close(ready[1]);
	close(stop[0]);
	if (read(ready[0], &byte, 1) != 1)
		harness_fail("nobody listens in another namespace");
	close(ready[0]);
	*ret_stop_fd = stop[1];
	return pid;
}

static void assert_elsewhere(const char *config, bool is_recorded)
{
	int stop_fd, snapshots;
	uint16_t port;
	int fd = open_listener(&port);
	pid_t before = listen_elsewhere(4444, &stop_fd);
	int later_stop_fd;
	pid_t later;

	recorder_configure(&recorder, "%s", config);
	recorder_start(&recorder, NULL, NULL);
	later = listen_elsewhere(4445, &later_stop_fd);
	action_listen("127.0.0.1", 4446);
	assert_true(WAIT_UNTIL(has_snapshots(getpid(), port, 2) &&
			       count_listens(getpid(), 4446, &snapshots)));
	assert_int_equal(has_snapshots(before, 4444, 1), is_recorded);
	assert_int_equal(count_listens(later, 4445, &snapshots) > 0, is_recorded);
	close(stop_fd);
	close(later_stop_fd);
	waitpid(before, NULL, 0);
	waitpid(later, NULL, 0);
	close(fd);
}

static void every_network_namespace_is_seen(void **state)
{
	(void)state;
	assert_elsewhere("net_listen: {snapshot_periodicity: 1}\n", true);
}

static void same_namespace_only_leaves_others_out(void **state)
{
	(void)state;
	assert_elsewhere("net_listen: {snapshot_periodicity: 1, same_namespace_only: true}\n",
			 false);
}

static int count_sessions(const char *error)
{
	cJSON *events = recorder_output(&recorder);
	const cJSON *event;
	int count = 0;

	cJSON_ArrayForEach (event, events) {
		const char *value = cJSON_GetStringValue(cJSON_GetObjectItem(event, "error"));

		count += is_ours(event, "udp_session", getpid()) && value && !strcmp(value, error);
	}
	cJSON_Delete(events);
	return count;
}

static void idle_session_ends_and_the_socket_begins_another(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	recorder_configure(&recorder, "udp_session: {session_max_duration: 1}\n");
	recorder_start(&recorder, NULL, NULL);
	assert_int_equal(sendto(fd, "one", 3, 0, (struct sockaddr *)&to, sizeof(to)), 3);
	assert_true(WAIT_UNTIL(count_sessions("session_max_duration_exceeded") == 1));
	assert_int_equal(sendto(fd, "two", 3, 0, (struct sockaddr *)&to, sizeof(to)), 3);
	close(fd);
	assert_true(WAIT_UNTIL(count_sessions("") == 1));
	assert_int_equal(count_sessions("session_max_duration_exceeded"), 1);
}

static int count_telemetry(void)
{
	cJSON *lines = recorder_output(&recorder);
	const cJSON *line;
	int count = 0;

	cJSON_ArrayForEach (line, lines) {
		const char *type = cJSON_GetStringValue(cJSON_GetObjectItem(line, "type"));

		if (!type || strcmp(type, "lost_event_telemetry"))
			continue;
		assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(line, "count")), 0);
		assert_non_null(cJSON_GetObjectItem(line, "timestamp"));
		count++;
	}
	cJSON_Delete(lines);
	return count;
}

static void telemetry_comes_after_every_so_many_events(void **state)
{
	(void)state;
	recorder_configure(&recorder, "tcp_connect: {includeports: [2-50]}\n");
	recorder_start_with(&recorder, "--lost-event-telemetry=10");
	for (uint16_t port = 2; port < 32; port++)
		action_connect("127.0.0.1", port);
	assert_true(WAIT_UNTIL(count_telemetry() == 3));
}

static void detached_programs_fail_the_health_check(void **state)
{
	char path[PATH_MAX + 32];

	(void)state;
	recorder_start_with(&recorder, "--health-check-period=1");
	snprintf(path, sizeof(path), "rm -r %s/links-*", recorder.pins);
	assert_int_equal(system(path), 0);
	assert_true(WAIT_UNTIL(child_has_exited(&recorder.child)));
	assert_true(WIFEXITED(recorder.child.status));
	assert_int_equal(WEXITSTATUS(recorder.child.status), 1);
	assert_true(recorder_has_logged(&recorder, "not attached"));
}

/* How many connects of ours to a port range the database has. */
static int count_stored(void)
{
	cJSON *events = recorder_query(&recorder, NULL);
	const cJSON *event;
	int count = 0;

	cJSON_ArrayForEach (event, events) {
		count += is_ours(event, "tcp_connect", getpid());
	}
	cJSON_Delete(events);
	return count;
}

/* Nobody reads the FIFO, which is full after a few hundred events. */
static void stalled_reader_does_not_stop_the_recording(void **state)
{
	(void)state;
	recorder_configure(&recorder, "tcp_connect: {includeports: [2-3999]}\n");
	assert_int_equal(mkfifo(recorder.output, 0600), 0);
	recorder_start(&recorder, NULL, NULL);
	for (uint16_t port = 3000; port < 4000; port++)
		action_connect("127.0.0.2", port);
	assert_true(WAIT_UNTIL(count_stored() == 1000));
	recorder_stop(&recorder, SIGTERM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(listeners_from_before_are_in_the_first_and_in_later_snapshots),
		TEST(listener_from_before_has_its_end),
		TEST(every_network_namespace_is_seen),
		TEST(same_namespace_only_leaves_others_out),
		TEST(idle_session_ends_and_the_socket_begins_another),
		TEST(telemetry_comes_after_every_so_many_events),
		TEST(detached_programs_fail_the_health_check),
		TEST(stalled_reader_does_not_stop_the_recording),
	};

	return cmocka_run_group_tests_name("running", tests, NULL, NULL);
}
