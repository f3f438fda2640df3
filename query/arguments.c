// SPDX-License-Identifier: Apache-2.0
#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "terms.h"
#include "when.h"

/* OPTION(long name, short name or 0, argument or NULL, narrows an answer, help) */
#define OPTIONS(X)                                                                                 \
	X("database", 'd', "DIR", false, "the recorder's directory (" DATABASE_DIRECTORY ")")      \
	X("since", 's', "TIME", true, "only events from then on")                                  \
	X("until", 'u', "TIME", true, "only events up to then; a bare day counts to its end")      \
	X("format", 'f', "FORMAT", true, "tree (default) or jsonl, a JSON object a line")          \
	X("help", 'h', NULL, false, "show this help")                                              \
	X("version", 'v', NULL, false, "show the version (also -V)")

static const struct row {
	const char *name;
	int letter;
	const char *argument;
	bool narrows;
	const char *help;
} rows[] = {
#define X(name, letter, argument, narrows, help) {name, letter, argument, narrows, help},
	OPTIONS(X)
#undef X
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const char *const formats[] = {
	[FORMAT_TREE] = "tree",
	[FORMAT_JSONL] = "jsonl",
};

static const struct row *row_of(int letter)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

/* The short options as getopt(3) wants them: ":d:s:…hvV". */
static void make_short_options(char text[2 * ROWS + 4])
{
	char *at = text;

	*at++ = ':';
	for (size_t i = 0; i < ROWS; i++) {
		*at++ = (char)rows[i].letter;
		if (rows[i].argument)
			*at++ = ':';
	}
	*at++ = 'V';
	*at = '\0';
}

static void make_long_options(struct option options[ROWS + 1])
{
	memset(options, 0, (ROWS + 1) * sizeof(*options));
	for (size_t i = 0; i < ROWS; i++) {
		options[i].name = rows[i].name;
		options[i].has_arg = rows[i].argument ? required_argument : no_argument;
		options[i].val = rows[i].letter;
	}
}

static int parse_time(const char *name, const char *text, int64_t now_ns, enum when_edge edge,
		      FILE *err, int64_t *ret)
{
	if (when_parse(text, now_ns, edge, ret) == 0)
		return 0;
	fprintf(err, "pidtree-query: --%s: '%s' is not a time; write it as %s\n", name, text,
		WHEN_SYNTAX);
	return -EINVAL;
}

static int parse_format(const char *text, FILE *err, enum format *ret)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(text, formats[i]) != 0)
			continue;
		*ret = (enum format)i;
		return 0;
	}
	fprintf(err, "pidtree-query: --format: '%s' is not a format; it is tree or jsonl\n", text);
	return -EINVAL;
}

static int take(int letter, const char *argument, int64_t now_ns, FILE *err,
		struct options *options)
{
	switch (letter) {
	case 'd':
		options->directory = argument;
		return 0;
	case 's':
		return parse_time("since", argument, now_ns, WHEN_FIRST, err, &options->since_ns);
	case 'u':
		return parse_time("until", argument, now_ns, WHEN_LAST, err, &options->until_ns);
	case 'f':
		return parse_format(argument, err, &options->format);
	case 'h':
		options->help = true;
		return 0;
	default:
		options->version = true;
		return 0;
	}
}

/* Of a cluster of short options getopt(3) tells no more than the letter. */
static int refuse(FILE *err, int letter, const char *argument)
{
	const char letter_text[] = {'-', (char)optopt, '\0'};
	const char *word = optopt && strncmp(argument, "--", 2) ? letter_text : argument;

	if (letter == ':')
		fprintf(err, "pidtree-query: option %s needs an argument; see --help\n", word);
	else
		fprintf(err, "pidtree-query: unknown option %s; see --help\n", word);
	return -EINVAL;
}

static const struct command *find_command(const struct command *const *commands, const char *name)
{
	for (; *commands; commands++)
		if (strcmp((*commands)->name, name) == 0)
			return *commands;
	return NULL;
}

/* What is left when the options are gone. */
static int take_arguments(int argc, char **argv, const struct command *const *commands, FILE *err,
			  const struct row *narrowing, struct options *options)
{
	const struct command *named = argc ? find_command(commands, argv[0]) : NULL;

	options->command = named ? named : commands[0];
	options->arguments = argv + !!named;
	options->argument_count = argc - !!named;
	if (options->command->takes_questions)
		return 0;
	if (options->argument_count) {
		fprintf(err, "pidtree-query: %s takes no argument, but there is '%s'\n",
			options->command->name, options->arguments[0]);
		return -EINVAL;
	}
	if (narrowing) {
		fprintf(err, "pidtree-query: %s takes no --%s\n", options->command->name,
			narrowing->name);
		return -EINVAL;
	}
	return 0;
}

static int check_range(const struct options *options, FILE *err)
{
	if (options->since_ns <= options->until_ns)
		return 0;
	fputs("pidtree-query: --since is later than --until; exchange them\n", err);
	return -EINVAL;
}

int arguments_parse(int argc, char **argv, const struct command *const *commands, int64_t now_ns,
		    FILE *err, struct options *ret)
{
	struct options options = {.directory = DATABASE_DIRECTORY, .until_ns = INT64_MAX};
	char short_options[2 * ROWS + 4];
	struct option long_options[ROWS + 1];
	const struct row *narrowing = NULL;
	int letter, r;

	make_short_options(short_options);
	make_long_options(long_options);
	optind = 0; /* makes getopt forget an earlier command line */
	opterr = 0;
	while ((letter = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		const struct row *row = row_of(letter);

		if (letter == '?' || letter == ':')
			return refuse(err, letter, argv[optind - 1]);
		r = take(letter, optarg, now_ns, err, &options);
		if (r < 0)
			return r;
		if (row && row->narrows)
			narrowing = row;
	}
	r = take_arguments(argc - optind, argv + optind, commands, err, narrowing, &options);
	if (r == 0)
		r = check_range(&options, err);
	if (r == 0)
		*ret = options;
	return r;
}

void arguments_help(FILE *out, const struct command *const *commands)
{
	fputs("pidtree-query asks what pidtree-recorder has recorded.\n\n", out);
	for (const struct command *const *command = commands; *command; command++)
		fprintf(out, "%s pidtree-query [OPTION]... %s%s%s\n      %s%s\n",
			command == commands ? "Usage:" : "      ", (*command)->name,
			*(*command)->arguments ? " " : "", (*command)->arguments, (*command)->help,
			command == commands ? "; the default command" : "");
	fputs("\nOptions:\n", out);
	for (size_t i = 0; i < ROWS; i++)
		fprintf(out, "  -%c, --%-8s %-7s %s\n", rows[i].letter, rows[i].name,
			rows[i].argument ? rows[i].argument : "", rows[i].help);
	fprintf(out,
		"\nA TERM is %s; of several all must match.\n"
		"A TIME is %s.\n"
		"\nExit status: 0 something matched, 1 nothing matched, 2 an error.\n",
		TERM_SYNTAX, WHEN_SYNTAX);
}
