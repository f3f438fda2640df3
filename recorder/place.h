/* SPDX-License-Identifier: Apache-2.0 */
/* A place in a text that a person wrote, and errors that begin with it. */
#ifndef PIDTREE_PLACE_H
#define PIDTREE_PLACE_H

#include <stdarg.h>
#include <stddef.h>

/* line and column count from 1. */
struct place {
	const char *file; /* or URL */
	size_t line;
	size_t column;
};

/*
 * Set *ret_error to "FILE:LINE:COLUMN: …", for the caller to free. Returns
 * -EINVAL, or -ENOMEM with *ret_error NULL.
 */
int place_error(const struct place *place, char **ret_error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int place_error_v(const struct place *place, char **ret_error, const char *format,
		  va_list arguments) __attribute__((format(printf, 3, 0)));

#endif
