// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"

#define REMEDY ", try --help"
#define HELP_COLUMN 28 /* where an option's help begins */

struct row {
	const char *name;
	int letter;
	const char *argument; /* its name, NULL: takes none */
	const char *default_value;
	const char *help;
	size_t field_offset;	    /* in struct options, if it takes an argument */
	enum options_action action; /* if it takes none */
};

static const struct row rows[] = {
#define OPTION(field, long_name, short_name, argument, default_value, help)                        \
	{long_name, short_name, argument, default_value, help, offsetof(struct options, field), 0},
#define ACTION(name, long_name, short_name, help)                                                  \
	{long_name, short_name, NULL, NULL, help, 0, OPTIONS_##name},
#include "options.def"
#undef OPTION
#undef ACTION
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* What getopt_long() returns for row i; above any letter. */
#define ROW_VALUE(i) (256 + (int)(i))

__attribute__((format(printf, 2, 3))) static int usage_error(char **ret_error, const char *format,
							     ...)
{
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vasprintf(ret_error, format, arguments);
	va_end(arguments);
	if (size < 0) {
		*ret_error = NULL;
		return -ENOMEM;
	}
	return -EINVAL;
}

static const struct row *row_of(int value)
{
	for (size_t i = 0; i < ROWS; i++)
		if (value == ROW_VALUE(i) || (value && value == rows[i].letter))
			return &rows[i];
	return NULL;
}

static int unknown_option(const char *word, char **ret_error)
{
	const char *names[ROWS];

	if (optopt) /* a letter, perhaps amid others in one word */
		return usage_error(ret_error, "unknown option -%c" REMEDY, optopt);
	for (size_t i = 0; i < ROWS; i++)
		names[i] = rows[i].name;
	word += 2;
	return usage_error(ret_error, "unknown option --%s, the nearest is --%s" REMEDY, word,
			   nearest(word, names, ROWS));
}

static int set(struct options *options, const struct row *row, char **ret_error)
{
	if (!row->argument) {
		options->action = row->action;
		return 0;
	}
	if (!*optarg)
		return usage_error(ret_error, "--%s needs a %s, not an empty string" REMEDY,
				   row->name, row->argument);
	memcpy((char *)options + row->field_offset, &optarg, sizeof(optarg));
	return 0;
}

/* Fill in what getopt_long() wants: struct option's, and the letters, ":" first. */
static void derive(struct option longs[ROWS + 1], char letters[2 * ROWS + 2])
{
	*letters++ = ':';
	for (size_t i = 0; i < ROWS; i++) {
		longs[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = ROW_VALUE(i),
		};
		if (!rows[i].letter)
			continue;
		*letters++ = (char)rows[i].letter;
		if (rows[i].argument)
			*letters++ = ':';
	}
	longs[ROWS] = (struct option){0};
	*letters = '\0';
}

static struct options defaults(void)
{
	struct options options = {.action = OPTIONS_RECORD};

	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].argument)
			memcpy((char *)&options + rows[i].field_offset, &rows[i].default_value,
			       sizeof(rows[i].default_value));
	return options;
}

int options_parse(int argc, char **argv, struct options *ret, char **ret_error)
{
	struct options options = defaults();
	struct option longs[ROWS + 1];
	char letters[2 * ROWS + 2];
	int value, err;

	derive(longs, letters);
	opterr = 0;
	optind = 0; /* glibc: forget an earlier call */
	while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct row *row = row_of(value == ':' || value == '?' ? optopt : value);

		if (value == ':' && row)
			return usage_error(ret_error, "--%s needs a %s" REMEDY, row->name,
					   row->argument);
		if (value == '?' && row)
			return usage_error(ret_error, "--%s takes no argument" REMEDY, row->name);
		if (!row)
			return unknown_option(argv[optind - 1], ret_error);
		err = set(&options, row, ret_error);
		if (err)
			return err;
		if (options.action != OPTIONS_RECORD) /* --help helps whatever comes after it */
			break;
	}
	if (options.action == OPTIONS_RECORD && optind < argc)
		return usage_error(ret_error, "unexpected argument '%s'" REMEDY, argv[optind]);
	if (options.action == OPTIONS_RECORD && !options.config)
		return usage_error(ret_error,
				   "no configuration, name one with --config FILE" REMEDY);
	*ret = options;
	return 0;
}

static void print_row(FILE *out, const struct row *row)
{
	int width;

	width = row->letter ? fprintf(out, "  -%c, ", row->letter) : fprintf(out, "      ");
	width += fprintf(out, "--%s", row->name);
	if (row->argument)
		width += fprintf(out, " %s", row->argument);
	fprintf(out, "%*s%s", width < HELP_COLUMN ? HELP_COLUMN - width : 1, "", row->help);
	if (row->default_value)
		fprintf(out, " (default %s)", row->default_value);
	fputc('\n', out);
}

void options_print_help(FILE *out)
{
	fputs("Usage: pidtree-recorder -c FILE [OPTION]...\n"
	      "Record every TCP connect, listen and UDP session with its process tree.\n\n",
	      out);
	for (size_t i = 0; i < ROWS; i++)
		print_row(out, &rows[i]);
	fputs("\nSIGTERM and SIGINT end the recording: what was captured is stored first.\n", out);
}

void options_print_version(FILE *out)
{
	fputs("pidtree-recorder " PIDTREE_VERSION "\n", out);
}
