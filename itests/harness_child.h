/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs run by the tests, with their output kept. A child dies with the
 * test. Functions fail the running test when they cannot do what they say.
 */
#ifndef ITESTS_HARNESS_CHILD_H
#define ITESTS_HARNESS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;  /* 0: none */
	int in;	    /* write end of its stdin */
	int out;    /* file that its stdout goes to */
	int err;    /* file that its stderr goes to */
	int status; /* as wait(2) reports it, once child_wait or child_has_exited has said so */
};

/* Settle something in the new process before its exec; exits with 127 if it cannot. */
typedef void child_prepare(const void *argument);

/*
 * Start a program, found in PATH unless argv[0] is a path. prepare may be NULL.
 * child_close gives everything back.
 */
void child_start(struct child *child, const char *const *argv, child_prepare *prepare,
		 const void *argument);

bool child_has_exited(struct child *child);

/* Close its stdin and wait for its end, at the latest until a deadline, which fails the test. */
void child_wait(struct child *child);

/* All of its output so far (child->out or child->err), which the caller frees. */
char *child_output(int fd);

/* Kill it if it still runs, reap it, close the files. May be called again, and on zeroes. */
void child_close(struct child *child);

/* Fail the running test with a message. */
void harness_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/*
 * The path of one of our programs, which the caller frees: the value of the
 * environment variable if it is set, else relative to the test's own directory.
 */
char *program_path(const char *variable, const char *relative);

#endif
