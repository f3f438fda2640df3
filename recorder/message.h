/* SPDX-License-Identifier: Apache-2.0 */
/* Failures with a line for people. */
#ifndef PIDTREE_MESSAGE_H
#define PIDTREE_MESSAGE_H

/*
 * Set *ret_message to what printf would print, for the caller to free; NULL
 * when out of memory. Returns r.
 */
int message_fail(char **ret_message, int r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
