// SPDX-License-Identifier: Apache-2.0
/* What the programs say and do when they cannot work: one line, the right exit status, no traces.
 */
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness_recorder.h"
#include "procfs.h"

#define NOBODY 65534
#define EXIT_NOT_PREPARED 126

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct recorder recorder;

static int setup(void **state)
{
	(void)state;
	recorder_prepare(&recorder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	recorder_cleanup(&recorder);
	return 0;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/*
 * Run a program to its end. It must exit with this status, print nothing, and
 * write exactly one line to stderr, which has all of these words in it.
 */
static void assert_refuses(const char *const *argv, child_prepare *prepare, const void *argument,
			   int status, const char *const *words)
{
	struct child child;
	char *out, *err, *end;

	child_start(&child, argv, prepare, argument);
	child_wait(&child);
	out = child_output(child.out);
	err = child_output(child.err);
	child_close(&child);
	if (!WIFEXITED(child.status) || WEXITSTATUS(child.status) != status)
		harness_fail("status %#x instead of exit %d: %s", (unsigned)child.status, status,
			     err);
	assert_string_equal(out, "");
	end = strchr(err, '\n');
	if (!end || end == err || end[1])
		harness_fail("not exactly one line on stderr:\n%s", err);
	for (; *words; words++) {
		if (!strcasestr(err, *words))
			harness_fail("'%s' is not in: %s", *words, err);
	}
	free(out);
	free(err);
}

/* The same for the recorder; neither pins nor a database must be left. */
static void assert_recorder_refuses(const char *const *more, child_prepare *prepare,
				    const void *argument, int status, const char *const *words)
{
	const char *argv[RECORDER_ARGUMENTS_MAX];

	recorder_arguments(&recorder, more, argv);
	assert_refuses(argv, prepare, argument, status, words);
	assert_int_not_equal(access(recorder.pins, F_OK), 0);
}

static void assert_no_database(void)
{
	rmdir(recorder.database); /* may exist, but only empty */
	assert_int_not_equal(access(recorder.database, F_OK), 0);
}

/* There is none, or the query finds a whole and empty one. */
static void assert_no_half_database(void)
{
	char *path = recorder_segment(&recorder);
	cJSON *events;

	if (!path)
		return;
	free(path);
	events = recorder_query(&recorder, NULL);
	assert_int_equal(cJSON_GetArraySize(events), 0);
	cJSON_Delete(events);
}

static void assert_config_refused(const char *text, const char *const *words)
{
	write_file(recorder.config, text);
	assert_recorder_refuses(NULL, NULL, NULL, 2, words);
	assert_no_database();
}

static void missing_config_is_named(void **state)
{
	(void)state;
	assert_int_equal(unlink(recorder.config), 0);
	assert_recorder_refuses(NULL, NULL, NULL, 2, ARGS(recorder.config, "no such file"));
	assert_no_database();
}

static void config_that_is_a_directory_is_refused(void **state)
{
	(void)state;
	assert_recorder_refuses(ARGS("-c", "/tmp"), NULL, NULL, 2, ARGS("/tmp", "directory"));
}

static void empty_config_is_refused(void **state)
{
	(void)state;
	assert_config_refused("", ARGS(recorder.config, "empty"));
	assert_config_refused("# nothing but a comment\n", ARGS(recorder.config, "empty"));
	assert_config_refused("\n---\n", ARGS(recorder.config));
}

static void malformed_config_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_config_refused("tcp_connect:\nnet_listen: [\n", ARGS(recorder.config, ":3:1"));
	assert_config_refused("tcp_connect:\n\tnet_listen:\n", ARGS(recorder.config, ":2:1"));
	assert_config_refused("\xff\xfe\x01", ARGS(recorder.config));
	assert_config_refused("- tcp_connect\n", ARGS(recorder.config, ":1:1"));
}

static void unknown_key_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_config_refused("net_listen:\ntcp_conect:\n",
			      ARGS(recorder.config, ":2:1", "'tcp_conect'"));
	assert_config_refused("net_listen:\n  protocol: udp\n",
			      ARGS(recorder.config, ":2:3", "'protocol'"));
}

static void keys_with_an_underscore_are_ignored(void **state)
{
	(void)state;
	write_file(recorder.config, "_anchors: &anything {a: [1, 2]}\ntcp_connect:\n");
	recorder_start(&recorder, NULL, NULL);
	recorder_stop(&recorder, SIGTERM);
}

static void wrong_usage_is_refused(void **state)
{
	const char *argv[RECORDER_ARGUMENTS_MAX];

	(void)state;
	assert_recorder_refuses(ARGS("--no-such-option"), NULL, NULL, 2, ARGS("--no-such-option"));
	assert_recorder_refuses(ARGS("-Z"), NULL, NULL, 2, ARGS("-Z"));
	assert_recorder_refuses(ARGS("-d"), NULL, NULL, 2, ARGS("database"));
	assert_recorder_refuses(ARGS("extra"), NULL, NULL, 2, ARGS("'extra'"));
	recorder_arguments(&recorder, NULL, argv);
	argv[1] = NULL; /* no configuration */
	assert_refuses(argv, NULL, NULL, 2, ARGS("--config"));
	assert_no_database();
}

static void enter_mount_namespace(void)
{
	if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_PRIVATE | MS_REC, NULL))
		_exit(EXIT_NOT_PREPARED);
}

static void mount_empty(const char *path, unsigned long flags)
{
	enter_mount_namespace();
	if (mount("tmpfs", path, "tmpfs", flags, NULL))
		_exit(EXIT_NOT_PREPARED);
}

static void make_read_only(const void *path)
{
	mount_empty(path, MS_RDONLY);
}

static void database_that_cannot_be_written_is_named(void **state)
{
	(void)state;
	assert_int_equal(mkdir(recorder.database, 0755), 0);
	assert_recorder_refuses(NULL, make_read_only, recorder.database, 1,
				ARGS(recorder.database, "read-only"));
	assert_no_database();
}

static void database_that_is_no_directory_is_named(void **state)
{
	(void)state;
	assert_recorder_refuses(ARGS("-d", recorder.config), NULL, NULL, 1,
				ARGS(recorder.config, "not a directory"));
	assert_recorder_refuses(ARGS("-d", "/dev/null/below"), NULL, NULL, 1,
				ARGS("/dev/null/below", "not a directory"));
}

static void file_that_is_no_database_is_named_and_kept(void **state)
{
	static const char nonsense[] = "This is no database, and somebody may still want it.\n";
	const char *query[] = {NULL, "-d", recorder.database, "events", NULL};
	char *program = program_path("PIDTREE_QUERY", "../pidtree-query"), *path, *text;
	size_t size;

	(void)state;
	recorder_start(&recorder, NULL, NULL);
	recorder_stop(&recorder, SIGTERM);
	path = recorder_segment(&recorder);
	assert_non_null(path);
	write_file(path, nonsense);
	assert_recorder_refuses(NULL, NULL, NULL, 1, ARGS(path, "database"));
	query[0] = program;
	assert_refuses(query, NULL, NULL, 2, ARGS(path, "database"));
	text = procfs_read(path, &size);
	assert_string_equal(text, nonsense);
	free(text);
	free(path);
	free(program);
}

static void output_file_that_cannot_be_written_is_named(void **state)
{
	(void)state;
	assert_recorder_refuses(ARGS("-f", "/dev/null/below"), NULL, NULL, 1,
				ARGS("/dev/null/below"));
}

/* With all else that root may do. CAP_SYS_ADMIN stands for CAP_BPF in the kernel; capabilities(7).
 */
static void drop_bpf_capabilities(const void *ignored)
{
	static const int capabilities[] = {CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, CAP_NET_ADMIN};

	(void)ignored;
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		if (prctl(PR_CAPBSET_DROP, capabilities[i]))
			_exit(EXIT_NOT_PREPARED);
	}
}

static void missing_cap_bpf_is_named(void **state)
{
	(void)state;
	assert_recorder_refuses(NULL, drop_bpf_capabilities, NULL, 1, ARGS("CAP_BPF"));
	assert_no_half_database();
}

static void become_nobody(const void *ignored)
{
	(void)ignored;
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		_exit(EXIT_NOT_PREPARED);
}

static void ordinary_user_is_told_what_is_missing(void **state)
{
	(void)state;
	assert_int_equal(chown(recorder.directory, NOBODY, NOBODY), 0);
	assert_recorder_refuses(NULL, become_nobody, NULL, 1, ARGS("root"));
	assert_no_half_database();
}

/* Take every cgroup v2 mount away. */
static void hide_cgroup2(const void *ignored)
{
	size_t size;
	char *mounts, *rest = NULL;

	(void)ignored;
	enter_mount_namespace();
	mounts = procfs_read("/proc/self/mountinfo", &size);
	for (char *line = strtok_r(mounts, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char path[256];

		if (strstr(line, " - cgroup2 ") &&
		    (sscanf(line, "%*d %*d %*s %*s %255s", path) != 1 || umount2(path, MNT_DETACH)))
			_exit(EXIT_NOT_PREPARED);
	}
	free(mounts);
}

static void missing_cgroup_v2_is_named(void **state)
{
	(void)state;
	assert_recorder_refuses(NULL, hide_cgroup2, NULL, 1, ARGS("cgroup"));
	assert_no_half_database();
}

static void hide_btf(const void *ignored)
{
	(void)ignored;
	mount_empty("/sys/kernel/btf", 0);
}

static void missing_btf_is_named(void **state)
{
	(void)state;
	assert_recorder_refuses(NULL, hide_btf, NULL, 1, ARGS("BTF"));
	assert_no_half_database();
}

static void pins_outside_of_bpffs_are_refused(void **state)
{
	char *path;

	(void)state;
	assert_int_not_equal(asprintf(&path, "%s/pins", recorder.directory), -1);
	assert_recorder_refuses(ARGS("--pin-path", path), NULL, NULL, 1, ARGS(path));
	assert_int_not_equal(access(path, F_OK), 0);
	free(path);
}

static void assert_query_refuses(const char *const *args, const char *const *words)
{
	const char *argv[RECORDER_ARGUMENTS_MAX] = {NULL};
	char *program = program_path("PIDTREE_QUERY", "../pidtree-query");

	argv[0] = program;
	for (size_t i = 0; args[i]; i++)
		argv[i + 1] = args[i];
	assert_refuses(argv, NULL, NULL, 2, words);
	free(program);
}

static void query_refuses_wrong_usage(void **state)
{
	(void)state;
	recorder_start(&recorder, NULL, NULL);
	recorder_stop(&recorder, SIGTERM);
	assert_query_refuses(ARGS("-d", recorder.database, "evnts"), ARGS("'evnts'"));
	assert_query_refuses(ARGS("-d", recorder.database, "events", "--no-such"),
			     ARGS("--no-such"));
	assert_query_refuses(ARGS("-d", recorder.database, "events", "--format", "xml"),
			     ARGS("xml"));
	assert_query_refuses(ARGS("-d", recorder.database, "events", "--since"), ARGS("argument"));
}

static void query_refuses_what_it_cannot_read(void **state)
{
	static const char *const terms[] = {"10.0.0.256", "10.0.0.1/33", "[::1",	":65536",
					    ":0x",	  "1.2.3.4:",	 "fd99::1/129", "host"};
	static const char *const times[] = {"tomorrowish", "2026-13-01", "-2x", ""};

	(void)state;
	recorder_start(&recorder, NULL, NULL);
	recorder_stop(&recorder, SIGTERM);
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
		assert_query_refuses(ARGS("-d", recorder.database, "events", terms[i]),
				     ARGS(terms[i]));
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		assert_query_refuses(ARGS("-d", recorder.database, "events", "--since", times[i]),
				     ARGS(times[i]));
}

static void query_names_a_database_that_is_missing(void **state)
{
	(void)state;
	assert_query_refuses(ARGS("-d", recorder.database, "events"),
			     ARGS(recorder.database, "no such"));
	assert_query_refuses(ARGS("-d", recorder.database, "status"),
			     ARGS(recorder.database, "no such"));
	assert_int_equal(mkdir(recorder.database, 0755), 0);
	assert_query_refuses(ARGS("-d", recorder.database, "events"), ARGS(recorder.database));
}

static void query_without_a_match_exits_with_1_and_prints_nothing(void **state)
{
	char *program = program_path("PIDTREE_QUERY", "../pidtree-query"), *out;
	const char *argv[] = {program,	   "-d",       recorder.database, "events",
			      "192.0.2.1", "--format", "jsonl",		  NULL};
	struct child query;

	(void)state;
	recorder_start(&recorder, NULL, NULL);
	recorder_stop(&recorder, SIGTERM);
	child_start(&query, argv, NULL, NULL);
	child_wait(&query);
	assert_true(WIFEXITED(query.status));
	assert_int_equal(WEXITSTATUS(query.status), 1);
	out = child_output(query.out);
	assert_string_equal(out, "");
	free(out);
	child_close(&query);
	free(program);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(missing_config_is_named),
		TEST(config_that_is_a_directory_is_refused),
		TEST(empty_config_is_refused),
		TEST(malformed_config_is_refused_with_its_place),
		TEST(unknown_key_is_refused_with_its_place),
		TEST(keys_with_an_underscore_are_ignored),
		TEST(wrong_usage_is_refused),
		TEST(database_that_cannot_be_written_is_named),
		TEST(database_that_is_no_directory_is_named),
		TEST(file_that_is_no_database_is_named_and_kept),
		TEST(output_file_that_cannot_be_written_is_named),
		TEST(missing_cap_bpf_is_named),
		TEST(ordinary_user_is_told_what_is_missing),
		TEST(missing_cgroup_v2_is_named),
		TEST(missing_btf_is_named),
		TEST(pins_outside_of_bpffs_are_refused),
		TEST(query_refuses_wrong_usage),
		TEST(query_refuses_what_it_cannot_read),
		TEST(query_names_a_database_that_is_missing),
		TEST(query_without_a_match_exits_with_1_and_prints_nothing),
	};

	return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
