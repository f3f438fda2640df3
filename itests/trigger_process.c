// SPDX-License-Identifier: Apache-2.0
/* Commands that run another in a process with a particular past. */
#include "trigger.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procfs.h"
#include "trigger_report.h"

#define SELF "/proc/self/exe"

static int exit_status_of(pid_t child)
{
	int status;

	if (child < 0)
		err(EXIT_FAILURE, "fork");
	if (waitpid(child, &status, 0) != child)
		err(EXIT_FAILURE, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/* The end of a pipe on which nothing is written: wait until all others have closed theirs. */
static void wait_for_close(int fd)
{
	char ignored;
	ssize_t n;

	do
		n = read(fd, &ignored, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	close(fd);
}

static void open_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC))
		err(EXIT_FAILURE, "pipe");
}

int trigger_fork(char **args)
{
	pid_t child = lineage_fork(0);

	if (child == 0)
		exit(trigger_run(args));
	return exit_status_of(child);
}

/*
 * Run a command in a grandchild whose parent is dead. Its exit status comes
 * back through a pipe, for whoever reaps it need not be this process.
 */
static int run_as_orphan(char **args)
{
	int go[2], done[2], status = EXIT_FAILURE;
	pid_t parent;

	open_pipe(go);
	open_pipe(done);
	parent = lineage_fork(0);
	if (parent == 0) {
		pid_t dying = getpid();

		if (lineage_fork(0))
			_exit(EXIT_SUCCESS);
		close(go[1]);
		wait_for_close(go[0]);
		if (getppid() == dying)
			errx(EXIT_FAILURE, "not an orphan");
		status = trigger_run(args);
		exit(write(done[1], &status, sizeof(status)) != sizeof(status));
	}
	if (exit_status_of(parent))
		errx(EXIT_FAILURE, "no orphan");
	close(go[1]);
	close(done[1]);
	if (read(done[0], &status, sizeof(status)) != sizeof(status))
		errx(EXIT_FAILURE, "the orphan did not finish");
	wait_for_close(done[0]); /* the kernel closes its end after it has traced the exit */
	return status;
}

int trigger_orphan(char **args)
{
	return run_as_orphan(args);
}

/* The orphan is adopted by this process instead of by init: its parent's parent, by chance. */
int trigger_adopted(char **args)
{
	int status;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		err(EXIT_FAILURE, "PR_SET_CHILD_SUBREAPER");
	status = run_as_orphan(args);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return status;
}

/* The path of this program, as the kernel knows it. */
static char *own_path(void)
{
	char *path = procfs_readlink(SELF);

	if (!path)
		err(EXIT_FAILURE, SELF);
	return path;
}

/* argv to run this program with another command. The strings are not copied. */
static char **own_argv(char *path, char **args)
{
	size_t count = 0;
	char **argv;

	while (args[count])
		count++;
	argv = calloc(count + 2, sizeof(*argv));
	if (!argv)
		err(EXIT_FAILURE, "calloc");
	argv[0] = path;
	memcpy(argv + 1, args, count * sizeof(*args));
	return argv;
}

/* The parent is another program by the time its child acts: its pipe end closes on the exec. */
int trigger_outlive_image(char **args)
{
	char reap[] = "reap", *reap_args[] = {reap, NULL};
	char *path = own_path();
	int replaced[2];
	pid_t child;

	open_pipe(replaced);
	child = lineage_fork(0);
	if (child < 0)
		err(EXIT_FAILURE, "fork");
	if (child == 0) {
		close(replaced[1]);
		wait_for_close(replaced[0]);
		exit(trigger_run(args));
	}
	lineage_exec(path, own_argv(path, reap_args));
	err(EXIT_FAILURE, "exec");
}

int trigger_reap(char **args)
{
	int status, worst = EXIT_SUCCESS;

	(void)args;
	while (wait(&status) > 0) {
		if (status)
			worst = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
	}
	return worst;
}

int trigger_exec(char **args)
{
	lineage_exec(args[0], args + 1);
	err(EXIT_FAILURE, "%s", args[0]);
}

static void *executing_thread(void *args)
{
	trigger_exec(args);
	return NULL;
}

/* The thread that execs becomes the leader: same pid, though another task. */
int trigger_thread_exec(char **args)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, executing_thread, args))
		errx(EXIT_FAILURE, "no thread");
	pthread_join(thread, NULL);
	return EXIT_FAILURE;
}

/* Write this program to a file that was just opened, or failed to be. */
static void copy_self(int to)
{
	int from = open(SELF, O_RDONLY | O_CLOEXEC);
	struct stat status;

	if (to < 0 || from < 0 || fstat(from, &status))
		err(EXIT_FAILURE, "cannot copy the program");
	for (off_t left = status.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		if (n <= 0)
			err(EXIT_FAILURE, "cannot copy the program");
		left -= n;
	}
	close(from);
}

int trigger_memfd(char **args)
{
	int fd = memfd_create("trigger", MFD_CLOEXEC);

	copy_self(fd);
	lineage_exec_fd(fd, own_argv(own_path(), args));
	err(EXIT_FAILURE, "exec of a memfd");
}

/* Run a copy of this program at PATH, which is removed before it runs. */
int trigger_deleted(char **args)
{
	int fd = open(args[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	copy_self(fd);
	close(fd); /* a file open for writing cannot be executed */
	fd = open(args[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || unlink(args[0]))
		err(EXIT_FAILURE, "%s", args[0]);
	lineage_exec_fd(fd, own_argv(args[0], args + 1));
	err(EXIT_FAILURE, "exec of a deleted file");
}

/* In a mount namespace of its own, where DIRECTORY is this program's directory. */
int trigger_bind_mount(char **args)
{
	char *directory = own_path(), *name = strrchr(directory, '/');
	char *path;

	*name = '\0';
	if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_PRIVATE | MS_REC, NULL) ||
	    mount(directory, args[0], NULL, MS_BIND, NULL))
		err(EXIT_FAILURE, "cannot mount %s on %s", directory, args[0]);
	if (asprintf(&path, "%s/%s", args[0], name + 1) < 0)
		err(EXIT_FAILURE, "asprintf");
	lineage_exec(path, own_argv(path, args + 1));
	err(EXIT_FAILURE, "%s", path);
}

int trigger_setuid(char **args)
{
	uid_t uid = (uid_t)number_parse(args[0]);

	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		err(EXIT_FAILURE, "setuid");
	return trigger_run(args + 1);
}

/* As pam_loginuid(8) marks the session of a user. */
int trigger_login(char **args)
{
	int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		unsupported("no loginuid: %s", strerror(errno));
	if (write(fd, args[0], strlen(args[0])) < 0)
		err(EXIT_FAILURE, "cannot set the loginuid");
	close(fd);
	return trigger_run(args + 1);
}

/* In a child that is pid 1 of its own namespace. */
int trigger_pidns(char **args)
{
	pid_t child;

	if (unshare(CLONE_NEWPID))
		err(EXIT_FAILURE, "unshare");
	child = lineage_fork(0);
	if (child == 0) {
		if (getpid() != 1)
			errx(EXIT_FAILURE, "not the first process of its namespace");
		exit(trigger_run(args));
	}
	return exit_status_of(child);
}

static void connect_once(void)
{
	char connect[] = "connect", family[] = "4", how[] = "blocking", size[] = "1";
	char *args[] = {connect, family, how, size, size, NULL};

	if (trigger_run(args))
		errx(EXIT_FAILURE, "cannot connect");
}

/*
 * A process connects, has a child, and dies; another process, forked by another
 * parent, gets its pid and connects; then the child that the first one left
 * behind connects. Three reports.
 */
int trigger_reused_pid(char **args)
{
	int go[2], done[2];
	pid_t first, between, second;

	(void)args;
	open_pipe(go);
	open_pipe(done);
	first = lineage_fork(0);
	if (first == 0) {
		connect_once();
		if (lineage_fork(0))
			_exit(EXIT_SUCCESS);
		close(go[1]);
		wait_for_close(go[0]);
		connect_once();
		_exit(EXIT_SUCCESS);
	}
	if (exit_status_of(first))
		errx(EXIT_FAILURE, "the first process failed");
	between = lineage_fork(0);
	if (between == 0) {
		second = lineage_fork(first);
		if (second < 0)
			err(EXIT_FAILURE, "cannot fork with pid %d", (int)first);
		if (second == 0) {
			connect_once();
			_exit(EXIT_SUCCESS);
		}
		_exit(exit_status_of(second));
	}
	if (exit_status_of(between))
		errx(EXIT_FAILURE, "the second process failed");
	close(go[1]);
	close(done[1]);
	wait_for_close(done[0]); /* the child that was left behind has exited */
	return EXIT_SUCCESS;
}

/* An argument that is only there to make argv what the test wants. */
int trigger_ballast(char **args)
{
	return trigger_run(args + 1);
}

int trigger_hold(char **args)
{
	report_hold();
	return trigger_run(args);
}

/* For the nearest ancestor that was no trigger; the next one is named by another child_of. */
int trigger_child_of(char **args)
{
	lineage_add((pid_t)number_parse(args[0]));
	return trigger_run(args + 1);
}

/* Say that it is ready by one byte on a file descriptor, then wait for the end of another. */
int trigger_barrier(char **args)
{
	int ready = (int)number_parse(args[0]), go = (int)number_parse(args[1]);

	if (write(ready, "", 1) != 1)
		err(EXIT_FAILURE, "write");
	close(ready);
	wait_for_close(go);
	return trigger_run(args + 2);
}
