/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder's command line. Its options are the rows of options.def. */
#ifndef PIDTREE_OPTIONS_H
#define PIDTREE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum options_action {
	OPTIONS_RECORD,
#define OPTION(field, long_name, short_name, argument, default_value, help)
#define NUMBER(field, long_name, short_name, argument, default_value, minimum, maximum, help)
#define FLAG(field, long_name, short_name, help)
#define CONFIG_ACTION(name, long_name, short_name, help) OPTIONS_##name,
#define ACTION(name, long_name, short_name, help) OPTIONS_##name,
#include "options.def"
#undef OPTION
#undef NUMBER
#undef FLAG
#undef CONFIG_ACTION
#undef ACTION
};

/* The strings are argv's, or constants. */
struct options {
	enum options_action action;
#define OPTION(field, long_name, short_name, argument, default_value, help) const char *field;
#define NUMBER(field, long_name, short_name, argument, default_value, minimum, maximum, help)      \
	uint64_t field;
#define FLAG(field, long_name, short_name, help) bool field;
#define CONFIG_ACTION(name, long_name, short_name, help)
#define ACTION(name, long_name, short_name, help)
#include "options.def"
#undef OPTION
#undef NUMBER
#undef FLAG
#undef CONFIG_ACTION
#undef ACTION
};

/*
 * Parse the command line. 0, or a usage error: -EINVAL, *ret untouched and
 * *ret_error one line that names the fault and the remedy, for the caller to
 * free (NULL when out of memory, then -ENOMEM). Not thread-safe: getopt_long(3).
 */
int options_parse(int argc, char **argv, struct options *ret, char **ret_error);

/* Print what --help and --version print. */
void options_print_help(FILE *out);
void options_print_version(FILE *out);

#endif
