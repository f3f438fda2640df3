/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of pidtree-query. */
#ifndef PIDTREE_ARGUMENTS_H
#define PIDTREE_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"

#define DATABASE_DIRECTORY "/var/lib/pidtree"

enum format {
	FORMAT_TREE,
	FORMAT_JSONL,
};

struct options {
	const struct command *command;
	const char *directory;
	int64_t since_ns; /* both included; all of time without the options */
	int64_t until_ns;
	enum format format;
	bool help;
	bool version;
	char **arguments; /* of the command */
	int argument_count;
};

/*
 * Parse a command line; argv is reordered and *ret points into it. Times are
 * relative to now_ns. The first argument is the command if commands has it,
 * else the command is the first of them. 0, or -EINVAL with a message for
 * people written to err.
 */
int arguments_parse(int argc, char **argv, const struct command *const *commands, int64_t now_ns,
		    FILE *err, struct options *ret);

/* Write the help text, made from the tables of commands and options. */
void arguments_help(FILE *out, const struct command *const *commands);

#endif
