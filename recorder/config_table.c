// SPDX-License-Identifier: Apache-2.0
#include "config_table.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HELP_INDENT 6
#define HELP_COLUMNS 80

/* The struct that a section's options fill in. */
typedef struct probe_config struct_PROBE;
typedef struct probe_config struct_NET_LISTEN;
typedef struct probe_config struct_UDP_SESSION;
typedef struct filter_keys struct_FILTER;
typedef struct plugin_config struct_PLUGIN;
typedef struct containers_config struct_CONTAINERS;

#define HOT true
#define COLD false

const struct config_option config_options[] = {
#define OPTION(section, name, type, field, default_text, minimum, maximum, hot, argument, help)    \
	{CONFIG_##section, name,    CONFIG_##type, offsetof(struct_##section, field),              \
	 default_text,	   minimum, maximum,	   hot,                                            \
	 argument,	   help},
#include "config.def"
#undef OPTION
};

const size_t config_option_count = COUNT(config_options);

const struct config_option *config_option_find(unsigned int sections, const char *name)
{
	for (size_t i = 0; i < config_option_count; i++)
		if (config_options[i].section & sections &&
		    strcmp(config_options[i].name, name) == 0)
			return &config_options[i];
	return NULL;
}

/* Sections in the order of the documentation. */
static const struct {
	enum config_section section;
	const char *title;
} sections[] = {
	{CONFIG_PROBE, "Of every probe"},
	{CONFIG_FILTER, "Of an item of filters"},
	{CONFIG_PLUGIN, "Of a plugin, besides its own"},
	{CONFIG_NET_LISTEN, "Of net_listen"},
	{CONFIG_UDP_SESSION, "Of udp_session"},
	{CONFIG_CONTAINERS, "Of the top-level key containers"},
};

/* Print words, broken at spaces, each line indented; returns the column after them. */
static size_t print_filled(const char *text, size_t column, FILE *out)
{
	while (*text) {
		size_t size = strcspn(text, " ");

		if (column + 1 + size > HELP_COLUMNS) {
			fprintf(out, "\n%*s", HELP_INDENT, "");
			column = HELP_INDENT;
		} else {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)size, text);
		column += size;
		text += size + strspn(text + size, " ");
	}
	return column;
}

static void print_help_of(const struct config_option *option, FILE *out)
{
	size_t column;

	fprintf(out, "    %s: %s", option->name, option->argument);
	column = print_filled(option->help, HELP_COLUMNS, out); /* in a line of its own */
	if (option->default_text) {
		column = print_filled("(default", column, out);
		print_filled(option->default_text, column, out);
		fputc(')', out);
	}
	fputc('\n', out);
}

void config_print_help(FILE *out)
{
	fputs("Options of the configuration (pidtree.yml(5) has more):\n", out);
	for (size_t i = 0; i < COUNT(sections); i++) {
		fprintf(out, "  %s:\n", sections[i].title);
		for (size_t j = 0; j < config_option_count; j++)
			if (config_options[j].section == sections[i].section)
				print_help_of(&config_options[j], out);
	}
}

/* A backslash and a leading dot or quote mean something to mdoc(7). */
static void print_manual_text(const char *text, FILE *out)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++)
		fputs(*text == '\\' ? "\\e" : (char[]){*text, '\0'}, out);
}

static void print_manual_of(const struct config_option *option, FILE *out)
{
	fprintf(out, ".It Cm %s : Ar %s\n", option->name, option->argument);
	print_manual_text(option->help, out);
	fputs(".\n", out);
	if (option->maximum)
		fprintf(out, "From %llu to %llu.\n", (unsigned long long)option->minimum,
			(unsigned long long)option->maximum);
	if (option->default_text)
		fprintf(out, "The default is\n.Cm %s .\n", option->default_text);
	if (!option->is_hot)
		fputs("A change restarts the probes.\n", out);
}

void config_print_manual(FILE *out)
{
	for (size_t i = 0; i < COUNT(sections); i++) {
		fprintf(out, ".Ss %s\n.Bl -tag -width Ds\n", sections[i].title);
		for (size_t j = 0; j < config_option_count; j++)
			if (config_options[j].section == sections[i].section)
				print_manual_of(&config_options[j], out);
		fputs(".El\n", out);
	}
}
