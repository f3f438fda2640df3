/* SPDX-License-Identifier: Apache-2.0 */
/* A command of pidtree-query: each is a descriptor in a file of its own. */
#ifndef PIDTREE_COMMAND_H
#define PIDTREE_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

struct options;

/* Exit status of the program. */
enum {
	QUERY_MATCHED = 0,
	QUERY_NO_MATCH = 1,
	QUERY_ERROR = 2,
};

/* Where a command writes, and how it may. */
struct output {
	FILE *out;
	FILE *err;
	bool utf8; /* out is read by somebody whose locale is UTF-8 */
};

struct command {
	const char *name;
	const char *arguments; /* for the help, "" for none */
	const char *help;
	bool takes_questions; /* arguments, and the options that narrow or shape an answer */
	/* Answer; returns the exit status, after a message on err unless it is QUERY_MATCHED. */
	int (*run)(const struct options *options, const struct output *output);
};

extern const struct command events_command;
extern const struct command status_command;

#endif
