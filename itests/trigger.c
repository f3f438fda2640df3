// SPDX-License-Identifier: Apache-2.0
#include "trigger.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trigger_report.h"

struct command {
	const char *name;
	int (*run)(char **args);
	int arguments; /* at least so many */
	const char *usage;
};

static const struct command commands[] = {
#define X(name, function, count, arguments) {name, function, count, arguments},
	TRIGGER_COMMANDS(X)
#undef X
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

void unsupported(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vwarnx(format, arguments);
	va_end(arguments);
	exit(EXIT_UNSUPPORTED);
}

unsigned long number_parse(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (end == text || *end)
		errx(EXIT_FAILURE, "not a number: '%s'", text);
	return number;
}

static void usage(void)
{
	fprintf(stderr, "usage: trigger COMMAND [ARGUMENT...]\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(stderr, "  %s %s\n", commands[i].name, commands[i].usage);
	exit(EXIT_FAILURE);
}

int trigger_run(char **args)
{
	for (size_t i = 0; args[0] && i < COMMAND_COUNT; i++) {
		const struct command *command = &commands[i];
		int count = 0;

		if (strcmp(args[0], command->name))
			continue;
		while (args[count + 1])
			count++;
		if (count < command->arguments)
			usage();
		return command->run(args + 1);
	}
	usage();
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	lineage_begin();
	return argc > 1 ? trigger_run(argv + 1) : (usage(), EXIT_FAILURE);
}
