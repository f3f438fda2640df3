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

enum kind {
	TEXT,	/* the field is const char * */
	NUMBER, /* uint64_t */
	FLAG,	/* bool */
	CONFIG_ACTION,
	ACTION,
};

struct row {
	enum kind kind;
	const char *name;
	int letter;
	const char *argument; /* its name, NULL: takes none */
	const char *default_text;
	uint64_t default_number, minimum, maximum;
	const char *help;
	size_t offset;		    /* of its field in struct options */
	enum options_action action; /* if it is one */
};

#define FIELD(field) .offset = offsetof(struct options, field)
#define NAMES(long_name, short_name, help_text)                                                    \
	.name = (long_name), .letter = (short_name), .help = (help_text)

static const struct row rows[] = {
#define OPTION(field, long_name, short_name, argument_name, default_value, help_text)              \
	{.kind = TEXT,                                                                             \
	 NAMES(long_name, short_name, help_text),                                                  \
	 FIELD(field),                                                                             \
	 .argument = (argument_name),                                                              \
	 .default_text = (default_value)},
#define NUMBER(field, long_name, short_name, argument_name, default_value, least, most, help_text) \
	{.kind = NUMBER,                                                                           \
	 NAMES(long_name, short_name, help_text),                                                  \
	 FIELD(field),                                                                             \
	 .argument = (argument_name),                                                              \
	 .default_number = (default_value),                                                        \
	 .minimum = (least),                                                                       \
	 .maximum = (most)},
#define FLAG(field, long_name, short_name, help_text)                                              \
	{.kind = FLAG, NAMES(long_name, short_name, help_text), FIELD(field)},
#define CONFIG_ACTION(action_name, long_name, short_name, help_text)                               \
	{.kind = CONFIG_ACTION,                                                                    \
	 NAMES(long_name, short_name, help_text),                                                  \
	 .action = OPTIONS_##action_name},
#define ACTION(action_name, long_name, short_name, help_text)                                      \
	{.kind = ACTION, NAMES(long_name, short_name, help_text), .action = OPTIONS_##action_name},
#include "options.def"
#undef OPTION
#undef NUMBER
#undef FLAG
#undef CONFIG_ACTION
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

static int set_number(struct options *options, const struct row *row, char **ret_error)
{
	const char *c = optarg;
	uint64_t number = 0;

	for (; *c >= '0' && *c <= '9' && number <= row->maximum; c++)
		number = 10 * number + (uint64_t)(*c - '0');
	if (*c || number < row->minimum || number > row->maximum)
		return usage_error(ret_error, "--%s %s, expected %llu to %llu" REMEDY, row->name,
				   optarg, (unsigned long long)row->minimum,
				   (unsigned long long)row->maximum);
	memcpy((char *)options + row->offset, &number, sizeof(number));
	return 0;
}

static int set(struct options *options, const struct row *row, char **ret_error)
{
	static const bool on = true;

	if (row->argument && !*optarg)
		return usage_error(ret_error, "--%s needs a %s, not an empty string" REMEDY,
				   row->name, row->argument);
	switch (row->kind) {
	case TEXT:
		memcpy((char *)options + row->offset, &optarg, sizeof(optarg));
		break;
	case NUMBER:
		return set_number(options, row, ret_error);
	case FLAG:
		memcpy((char *)options + row->offset, &on, sizeof(on));
		break;
	case CONFIG_ACTION:
	case ACTION:
		options->action = row->action;
		break;
	}
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

	for (size_t i = 0; i < ROWS; i++) {
		char *field = (char *)&options + rows[i].offset;

		if (rows[i].kind == TEXT)
			memcpy(field, &rows[i].default_text, sizeof(rows[i].default_text));
		else if (rows[i].kind == NUMBER)
			memcpy(field, &rows[i].default_number, sizeof(rows[i].default_number));
	}
	return options;
}

static int check(const struct options *options, int argc, char **argv, char **ret_error)
{
	if (optind < argc)
		return usage_error(ret_error, "unexpected argument '%s'" REMEDY, argv[optind]);
	if (!options->config)
		return usage_error(ret_error,
				   "no configuration, name one with --config FILE" REMEDY);
	return 0;
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
		if (row->kind == ACTION) { /* --help helps whatever comes after it */
			*ret = options;
			return 0;
		}
	}
	err = check(&options, argc, argv, ret_error);
	if (err)
		return err;
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
	if (width >= HELP_COLUMN) {
		fputc('\n', out);
		width = 0;
	}
	fprintf(out, "%*s%s", HELP_COLUMN - width, "", row->help);
	if (row->default_text)
		fprintf(out, " (default %s)", row->default_text);
	else if (row->kind == NUMBER && row->default_number)
		fprintf(out, " (default %llu)", (unsigned long long)row->default_number);
	else if (row->kind == NUMBER)
		fputs(" (default off)", out);
	fputc('\n', out);
}

void options_print_help(FILE *out)
{
	fputs("Usage: pidtree-recorder -c FILE [OPTION]...\n"
	      "Record every TCP connect, listen and UDP session with its process tree.\n\n",
	      out);
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].help)
			print_row(out, &rows[i]);
	fputs("\nSIGTERM and SIGINT end the recording: what was captured is stored first.\n", out);
}

void options_print_version(FILE *out)
{
	fputs("pidtree-recorder " PIDTREE_VERSION "\n", out);
}
