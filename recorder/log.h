/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for people, to stderr: one line each, written at once, so that
 * threads do not mix theirs. Control characters and bytes that are not UTF-8
 * are escaped (\n, \x1b), and so is what reorders or hides text. Under journald
 * a line begins with its priority (sd-daemon(3)), elsewhere with
 * "pidtree-recorder: ".
 *
 * Safe from any thread, not from a signal handler. errno is kept.
 */
#ifndef PIDTREE_LOG_H
#define PIDTREE_LOG_H

/* LOG_LEVEL(name, priority): log_<name>(); the priorities are those of syslog(3). */
#define LOG_LEVELS(X)                                                                              \
	X(error, 3)                                                                                \
	X(warning, 4)                                                                              \
	X(info, 6)

#define X(name, priority)                                                                          \
	void log_##name(const char *format, ...) __attribute__((format(printf, 1, 2)));
LOG_LEVELS(X)
#undef X

#endif
