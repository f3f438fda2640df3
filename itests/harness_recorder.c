// SPDX-License-Identifier: Apache-2.0
#include "harness_recorder.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness_deadline.h"
#include "procfs.h"

#define QUERY_NO_MATCH 1
#define REMOVE_FILES 16 /* that nftw may keep open */
#define BPFFS "/sys/fs/bpf"
#define OURS "pidtree-itest-" /* begins a name, then come the test's pid and a hyphen */

static const char all_probes[] =
	"tcp_connect:\nnet_listen: {protocols: [tcp, udp]}\nudp_session:\n";

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file || fputs(text, file) < 0 || fclose(file))
		harness_fail("cannot write %s", path);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	remove(path);
	return 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_entry, REMOVE_FILES, FTW_DEPTH | FTW_PHYS);
}

/* A test that was killed could not clean up, and what it pinned would record for ever. */
static void remove_leftovers(const char *directory)
{
	char pattern[PATH_MAX];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/" OURS "*", directory);
	if (glob(pattern, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		pid_t pid = atoi(path + strlen(directory) + sizeof("/" OURS) - 1);

		if (pid && kill(pid, 0))
			remove_tree(path);
	}
	globfree(&found);
}

void recorder_prepare(struct recorder *recorder)
{
	static int count;
	const char *directory = recorder->directory;

	remove_leftovers("/tmp");
	remove_leftovers(BPFFS);
	*recorder = (struct recorder){0};
	snprintf(recorder->directory, sizeof(recorder->directory), "/tmp/" OURS "%d-XXXXXX",
		 (int)getpid());
	if (!mkdtemp(recorder->directory))
		harness_fail("cannot make a directory in /tmp");
	snprintf(recorder->config, PATH_MAX, "%s/config.yml", directory);
	snprintf(recorder->database, PATH_MAX, "%s/database", directory);
	snprintf(recorder->output, PATH_MAX, "%s/events.jsonl", directory);
	snprintf(recorder->pins, PATH_MAX, BPFFS "/" OURS "%d-%d", (int)getpid(), ++count);
	write_file(recorder->config, all_probes);
}

void recorder_arguments(const struct recorder *recorder, const char *const *more,
			const char *argv[RECORDER_ARGUMENTS_MAX])
{
	static char *program;
	const char *first[] = {
		"", "-c", recorder->config, "-d", recorder->database, "--pin-path", recorder->pins};
	size_t count = sizeof(first) / sizeof(first[0]);

	if (!program)
		program = program_path("PIDTREE_RECORDER", "../pidtree-recorder");
	memcpy(argv, first, sizeof(first));
	argv[0] = program;
	while (more && *more)
		argv[count++] = *more++;
	argv[count] = NULL;
}

/* A line that says nothing else than "recording" behind the program's name. */
static bool says_recording(const struct recorder *recorder)
{
	return recorder_has_logged(recorder, "recording\n");
}

static void show_log(const struct recorder *recorder)
{
	char *text = child_output(recorder->child.err);

	fprintf(stderr, "the recorder logged:\n%s", text ? text : "");
	free(text);
}

void recorder_await(struct recorder *recorder)
{
	bool up = WAIT_UNTIL(says_recording(recorder) || child_has_exited(&recorder->child));

	if (up && !child_has_exited(&recorder->child))
		return;
	show_log(recorder);
	harness_fail("the recorder does not record");
}

static void start(struct recorder *recorder, const char *more, child_prepare *prepare,
		  const void *argument)
{
	const char *arguments[] = {"-f", recorder->output, more, NULL};
	const char *argv[RECORDER_ARGUMENTS_MAX];

	recorder_arguments(recorder, arguments, argv);
	child_close(&recorder->child);
	child_start(&recorder->child, argv, prepare, argument);
	recorder_await(recorder);
}

void recorder_start(struct recorder *recorder, child_prepare *prepare, const void *argument)
{
	start(recorder, NULL, prepare, argument);
}

void recorder_start_with(struct recorder *recorder, const char *more)
{
	start(recorder, more, NULL, NULL);
}

void recorder_configure(const struct recorder *recorder, const char *format, ...)
{
	char path[PATH_MAX + 4];
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		harness_fail("no memory for a configuration");
	va_end(arguments);
	snprintf(path, sizeof(path), "%s.new", recorder->config);
	write_file(path, text);
	if (rename(path, recorder->config))
		harness_fail("cannot replace %s", recorder->config);
	free(text);
}

bool recorder_has_logged(const struct recorder *recorder, const char *text)
{
	char *log = child_output(recorder->child.err);
	bool found = log && strstr(log, text);

	free(log);
	return found;
}

void recorder_stop(struct recorder *recorder, int signal)
{
	int status;

	if (child_has_exited(&recorder->child)) {
		show_log(recorder);
		harness_fail("the recorder has ended by itself");
	}
	kill(recorder->child.pid, signal);
	child_wait(&recorder->child);
	status = recorder->child.status;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		show_log(recorder);
		harness_fail("the recorder ended with status %#x", (unsigned)status);
	}
}

void recorder_assert_refused(const struct recorder *recorder, const char *more,
			     const char *expected)
{
	const char *arguments[] = {more, NULL};
	const char *argv[RECORDER_ARGUMENTS_MAX];
	struct child child;
	char *err;

	recorder_arguments(recorder, arguments, argv);
	child_start(&child, argv, NULL, NULL);
	child_wait(&child);
	err = child_output(child.err);
	if (!WIFEXITED(child.status) || WEXITSTATUS(child.status) != 2)
		harness_fail("status %#x instead of exit 2: %s", (unsigned)child.status, err);
	if (!strstr(err, expected) || strchr(err, '\n') != err + strlen(err) - 1)
		harness_fail("'%s' is not all there is in: %s", expected, err);
	child_close(&child);
	free(err);
	assert_int_not_equal(access(recorder->pins, F_OK), 0);
}

void recorder_crash(struct recorder *recorder)
{
	if (child_has_exited(&recorder->child))
		harness_fail("the recorder has ended by itself");
	child_close(&recorder->child);
}

void recorder_cleanup(struct recorder *recorder)
{
	child_close(&recorder->child);
	if (*recorder->pins)
		remove_tree(recorder->pins);
	if (*recorder->directory)
		remove_tree(recorder->directory);
	*recorder->pins = *recorder->directory = '\0';
}

char *recorder_segment(const struct recorder *recorder)
{
	char pattern[PATH_MAX], *path;
	glob_t found;

	if (snprintf(pattern, sizeof(pattern), "%s/*.db", recorder->database) >= PATH_MAX ||
	    glob(pattern, 0, NULL, &found))
		return NULL;
	path = strdup(found.gl_pathv[0]);
	globfree(&found);
	return path;
}

cJSON *json_lines(const char *text)
{
	cJSON *lines = cJSON_CreateArray();
	const char *end;

	for (; (end = strchr(text, '\n')); text = end + 1) {
		cJSON *line = cJSON_ParseWithLength(text, (size_t)(end - text));

		if (!line) {
			cJSON_Delete(lines);
			harness_fail("not JSON: %.*s", (int)(end - text), text);
		}
		cJSON_AddItemToArray(lines, line);
	}
	return lines;
}

cJSON *recorder_output(const struct recorder *recorder)
{
	size_t size;
	char *text = procfs_read(recorder->output, &size);
	cJSON *lines = text ? json_lines(text) : cJSON_CreateArray();

	free(text);
	return lines;
}

cJSON *recorder_query(const struct recorder *recorder, const char *const *terms)
{
	const char *argv[RECORDER_ARGUMENTS_MAX] = {NULL,     "-d",	  recorder->database,
						    "events", "--format", "jsonl"};
	size_t count = 6;
	struct child query;
	char *program = program_path("PIDTREE_QUERY", "../pidtree-query"), *out, *err;
	cJSON *lines;

	argv[0] = program;
	while (terms && *terms)
		argv[count++] = *terms++;
	child_start(&query, argv, NULL, NULL);
	free(program);
	child_wait(&query);
	out = child_output(query.out);
	err = child_output(query.err);
	child_close(&query);
	if (!WIFEXITED(query.status) || WEXITSTATUS(query.status) > QUERY_NO_MATCH)
		harness_fail("the query ended with status %#x: %s", (unsigned)query.status, err);
	lines = json_lines(out);
	free(out);
	free(err);
	return lines;
}
