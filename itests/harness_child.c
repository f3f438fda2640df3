// SPDX-License-Identifier: Apache-2.0
#include "harness_child.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness_deadline.h"
#include "procfs.h"

#define EXIT_NOT_STARTED 127

void harness_fail(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	fprintf(stderr, "%s\n", text ? text : format); /* print_error cuts after 1024 bytes */
	free(text);
	fail();
	abort(); /* fail() has left already, but is not declared so */
}

char *program_path(const char *variable, const char *relative)
{
	const char *set = getenv(variable);
	char *self, *path;

	if (set)
		return strdup(set);
	self = procfs_readlink("/proc/self/exe");
	if (!self)
		harness_fail("no /proc/self/exe");
	*strrchr(self, '/') = '\0';
	if (asprintf(&path, "%s/%s", self, relative) < 0)
		path = NULL;
	free(self);
	return path;
}

static int new_file(void)
{
	int fd = memfd_create("output", MFD_CLOEXEC);

	if (fd < 0)
		harness_fail("cannot create a file for a program's output");
	return fd;
}

/* O_APPEND, so that processes that share the file do not write over each other. */
static void redirect(int fd, int to)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, O_WRONLY | O_APPEND);
	if (fd < 0 || dup2(fd, to) != to)
		_exit(EXIT_NOT_STARTED);
	close(fd);
}

static void become(const struct child *child, int in, const char *const *argv,
		   child_prepare *prepare, const void *argument)
{
	if (dup2(in, STDIN_FILENO) < 0)
		_exit(EXIT_NOT_STARTED);
	redirect(child->out, STDOUT_FILENO);
	redirect(child->err, STDERR_FILENO);
	if (prepare)
		prepare(argument);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(STDERR_FILENO, "cannot run %s\n", argv[0]);
	_exit(EXIT_NOT_STARTED);
}

void child_start(struct child *child, const char *const *argv, child_prepare *prepare,
		 const void *argument)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		harness_fail("no pipe");
	*child = (struct child){.in = ends[1], .out = new_file(), .err = new_file()};
	fflush(NULL);
	child->pid = fork();
	if (child->pid < 0)
		harness_fail("cannot fork");
	if (child->pid == 0)
		become(child, ends[0], argv, prepare, argument);
	close(ends[0]);
}

bool child_has_exited(struct child *child)
{
	if (child->pid && waitpid(child->pid, &child->status, WNOHANG) == child->pid)
		child->pid = 0;
	return !child->pid;
}

static void close_stdin(struct child *child)
{
	if (child->in > 0)
		close(child->in);
	child->in = 0;
}

void child_wait(struct child *child)
{
	close_stdin(child);
	if (!WAIT_UNTIL(child_has_exited(child))) {
		child_close(child);
		harness_fail("a program did not end in time");
	}
}

char *child_output(int fd)
{
	struct stat status;
	char *text;

	if (fstat(fd, &status) || !(text = malloc((size_t)status.st_size + 1)))
		return NULL;
	status.st_size = pread(fd, text, (size_t)status.st_size, 0);
	text[status.st_size < 0 ? 0 : status.st_size] = '\0';
	return text;
}

void child_close(struct child *child)
{
	close_stdin(child);
	if (child->pid) {
		kill(child->pid, SIGKILL);
		waitpid(child->pid, &child->status, 0);
		child->pid = 0;
	}
	if (child->out > 0)
		close(child->out);
	if (child->err > 0)
		close(child->err);
	child->out = child->err = 0;
}
