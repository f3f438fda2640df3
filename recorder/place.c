// SPDX-License-Identifier: Apache-2.0
#include "place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int place_error_v(const struct place *place, char **ret_error, const char *format,
		  va_list arguments)
{
	char *what;
	int size;

	*ret_error = NULL;
	if (vasprintf(&what, format, arguments) < 0)
		return -ENOMEM;
	size = asprintf(ret_error, "%s:%zu:%zu: %s", place->file, place->line, place->column, what);
	free(what);
	if (size < 0) {
		*ret_error = NULL;
		return -ENOMEM;
	}
	return -EINVAL;
}

int place_error(const struct place *place, char **ret_error, const char *format, ...)
{
	va_list arguments;
	int err;

	va_start(arguments, format);
	err = place_error_v(place, ret_error, format, arguments);
	va_end(arguments);
	return err;
}
