// SPDX-License-Identifier: Apache-2.0
/* Processes: lineage, identity, arguments, executables, credentials. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness_capture.h"
#include "harness_trigger.h"
#include "procfs.h"

#define CONNECT "connect", "4", "blocking", "10", "20"
#define ARGV_SIZE (32 * 1024) /* bytes of argv that are kept, NULs included */

/* X(name, trigger's arguments) */
#define CASES(X)                                                                                   \
	X(fork_without_exec_has_the_argv_of_its_parent, "fork", CONNECT)                           \
	X(forks_of_forks_are_all_in_the_tree, "fork", "fork", "fork", "fork", "fork", CONNECT)     \
	X(orphan_keeps_its_dead_parent, "orphan", CONNECT)                                         \
	X(orphan_of_an_orphan_keeps_its_dead_parents, "orphan", "orphan", CONNECT)                 \
	X(orphan_adopted_by_its_grandparent_keeps_its_dead_parent, "adopted", CONNECT)             \
	X(parent_that_execs_later_is_told_as_it_was, "outlive_image", CONNECT)                     \
	X(reused_pid_is_another_process, "reused_pid")                                             \
	X(memfd_executable_is_told_as_deleted, "memfd", CONNECT)                                   \
	X(user_after_setuid_without_exec_is_told, "setuid", "65534", CONNECT)                      \
	X(parent_of_a_process_with_another_user_keeps_its_own, "fork", "setuid", "65534", CONNECT) \
	X(setuid_before_fork_is_told_for_the_parent_too, "setuid", "65534", "fork", CONNECT)       \
	X(loginuid_is_told, "fork", "login", "1234", "fork", CONNECT)                              \
	X(loginuid_that_was_set_just_now_is_told, "fork", "login", "1234", CONNECT)                \
	X(process_in_a_network_namespace_is_recorded, "netns", CONNECT)                            \
	X(process_in_a_pid_namespace_has_its_outer_pid, "pidns", CONNECT)                          \
	X(orphan_in_a_pid_namespace_keeps_its_dead_parent, "pidns", "orphan", CONNECT)             \
	X(listener_of_an_orphan_has_its_whole_tree, "orphan", "listen", "4", "0")

CASES(CAPTURE_TEST)

static char *path_in_directory(const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", capture_directory(), name) < 0)
		fail();
	return path;
}

static void exec_replaces_argv(void **state)
{
	(void)state;
	CAPTURE("exec", trigger_path(), "another name", CONNECT);
	CAPTURE("fork", "exec", trigger_path(), "another name", CONNECT);
}

static void exec_by_a_second_thread_keeps_the_pid(void **state)
{
	(void)state;
	CAPTURE("thread_exec", trigger_path(), "another name", CONNECT);
	CAPTURE("fork", "thread_exec", trigger_path(), "another name", CONNECT);
}

static void second_exec_keeps_the_parent(void **state)
{
	(void)state;
	CAPTURE("fork", "exec", trigger_path(), "first", "exec", trigger_path(), "second", CONNECT);
}

static void newlines_and_control_bytes_in_argv_are_kept(void **state)
{
	(void)state;
	CAPTURE("exec", trigger_path(), "two\nlines", "ballast", "\033[31m\001\x7f\t\r\"\\",
		CONNECT);
}

static void empty_arguments_are_kept(void **state)
{
	(void)state;
	CAPTURE("exec", trigger_path(), "", "ballast", "", "ballast", "", CONNECT);
}

static void utf8_in_argv_is_kept(void **state)
{
	(void)state;
	CAPTURE("exec", trigger_path(), "grüße", "ballast", "日本語 🐧", CONNECT);
}

/* A byte that is no UTF-8 stands as \xHH in JSON, which can hold no other. */
static void invalid_utf8_in_argv_is_shown_as_hexadecimal(void **state)
{
	const char *const args[] = {
		"exec", trigger_path(), "name", "ballast", "a\xff\xc3(\xed\xa0\x80z", CONNECT,
		NULL};
	cJSON *reports = trigger_reports(args);
	cJSON *leaf = report_process(reports->child, 0);

	(void)state;
	cJSON_AddStringToObject(
		leaf, "cmdline",
		"name ballast a\\xff\\xc3(\\xed\\xa0\\x80z connect 4 blocking 10 20");
	capture_reports(reports);
}

/* Run a connect by a process whose argv takes so many bytes, and compare the whole of it. */
static void capture_with_argv_size(size_t size)
{
	const char *const args[] = {"exec", trigger_path(), "name", "ballast", NULL, CONNECT, NULL};
	static const char frame[] = "name\0ballast\0\0connect\0"
				    "4\0blocking\0"
				    "10\0"
				    "20";
	const char *filled[sizeof(args) / sizeof(args[0])];
	char *ballast = malloc(size), *cmdline, *tail;
	cJSON *reports, *leaf;

	memset(ballast, 'b', size - sizeof(frame));
	ballast[size - sizeof(frame)] = '\0';
	memcpy(filled, args, sizeof(args));
	filled[4] = ballast;
	reports = trigger_reports(filled);
	if (asprintf(&cmdline, "name ballast %s connect 4 blocking 10 20", ballast) < 0)
		fail();
	if (size > ARGV_SIZE)
		cmdline[ARGV_SIZE] = '\0';
	tail = cmdline + strlen(cmdline);
	while (tail[-1] == ' ') /* a NUL that ends nothing any more */
		*--tail = '\0';
	leaf = report_process(reports->child, 0);
	cJSON_AddStringToObject(leaf, "cmdline", cmdline);
	capture_reports(reports);
	free(cmdline);
	free(ballast);
}

static void argv_of_32_kib_is_kept_whole(void **state)
{
	(void)state;
	capture_with_argv_size(4096);
	capture_with_argv_size(ARGV_SIZE - 1);
	capture_with_argv_size(ARGV_SIZE);
}

static void longer_argv_is_cut_at_32_kib(void **state)
{
	(void)state;
	capture_with_argv_size(ARGV_SIZE + 1);
	capture_with_argv_size(ARGV_SIZE + 10);
	capture_with_argv_size(100000);
}

/* Hold the process so that its executable can be looked up from outside, as a person would. */
static void capture_held(const char *const *args)
{
	struct child trigger;
	char path[64], *exe;
	cJSON *report, *leaf;

	trigger_start(&trigger, args);
	report = trigger_await_report(&trigger, 1);
	leaf = report_process(report, 0);
	snprintf(path, sizeof(path), "/proc/%d/exe", cJSON_GetObjectItem(leaf, "pid")->valueint);
	exe = procfs_readlink(path);
	assert_non_null(exe);
	cJSON_ReplaceItemInObject(leaf, "exe", cJSON_CreateString(exe));
	free(exe);
	capture_report(report);
	cJSON_Delete(trigger_finish(&trigger));
}

static void executable_run_by_a_relative_path_is_told_by_its_whole_path(void **state)
{
	char *directory = strdup(trigger_path()), *name = strrchr(directory, '/'), *relative;
	char *before = getcwd(NULL, 0);

	(void)state;
	*name++ = '\0';
	assert_int_equal(chdir(directory), 0);
	if (asprintf(&relative, "./%s", name) < 0)
		fail();
	CAPTURE("exec", relative, relative, CONNECT);
	assert_int_equal(chdir(before), 0);
	free(relative);
	free(before);
	free(directory);
}

static void executable_run_by_a_symbolic_link_is_told_by_its_target(void **state)
{
	char *path = path_in_directory("link");

	(void)state;
	assert_int_equal(symlink(trigger_path(), path), 0);
	CAPTURE("exec", path, path, CONNECT);
	free(path);
}

static void executable_on_a_bind_mount_is_told_by_its_path_there(void **state)
{
	char *directory = path_in_directory("mounted");
	const char *const args[] = {"bind_mount", directory, "hold", CONNECT, NULL};

	(void)state;
	assert_int_equal(mkdir(directory, 0755), 0);
	capture_held(args);
	free(directory);
}

static void deleted_executable_is_told_as_deleted(void **state)
{
	char *path = path_in_directory("deleted");
	const char *const args[] = {"deleted", path, "hold", CONNECT, NULL};

	(void)state;
	capture_held(args);
	free(path);
}

static void executable_in_a_deep_directory_is_told_whole(void **state)
{
	char *path = path_in_directory("deep");

	(void)state;
	for (int depth = 0; depth < 24; depth++) {
		char *deeper;

		assert_int_equal(mkdir(path, 0755), 0);
		if (asprintf(&deeper, "%s/directory number %d", path, depth) < 0)
			fail();
		free(path);
		path = deeper;
	}
	CAPTURE("deleted", path, CONNECT);
	free(path);
}

/* The shell's own connect, in the way that the issue names. */
static void bash_subshell_that_connects_without_exec_is_recorded(void **state)
{
	static const char script[] = "(exec 3<> /dev/tcp/127.0.0.1/$1; echo $BASHPID >&3; "
				     "read -r line <&3); :";

	(void)state;
	if (access("/bin/bash", X_OK)) {
		printf("# skip: no bash\n");
		fflush(stdout);
		skip();
	}
	CAPTURE("serve", "/bin/bash", "bash", "-c", script, "bash");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(CAPTURE_ENTRY) cmocka_unit_test(exec_replaces_argv),
		cmocka_unit_test(exec_by_a_second_thread_keeps_the_pid),
		cmocka_unit_test(second_exec_keeps_the_parent),
		cmocka_unit_test(newlines_and_control_bytes_in_argv_are_kept),
		cmocka_unit_test(empty_arguments_are_kept),
		cmocka_unit_test(utf8_in_argv_is_kept),
		cmocka_unit_test(invalid_utf8_in_argv_is_shown_as_hexadecimal),
		cmocka_unit_test(argv_of_32_kib_is_kept_whole),
		cmocka_unit_test(longer_argv_is_cut_at_32_kib),
		cmocka_unit_test(executable_run_by_a_relative_path_is_told_by_its_whole_path),
		cmocka_unit_test(executable_run_by_a_symbolic_link_is_told_by_its_target),
		cmocka_unit_test(executable_on_a_bind_mount_is_told_by_its_path_there),
		cmocka_unit_test(deleted_executable_is_told_as_deleted),
		cmocka_unit_test(executable_in_a_deep_directory_is_told_whole),
		cmocka_unit_test(bash_subshell_that_connects_without_exec_is_recorded),
		cmocka_unit_test(stored_record_is_complete_and_exact),
	};

	return cmocka_run_group_tests_name("capture process", tests, capture_setup,
					   capture_teardown);
}
