// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "config_table.h"

/* A copy of what is between start and end, without the spaces around it. */
static char *trimmed(const char *start, const char *end)
{
	while (start < end && *start == ' ')
		start++;
	while (end > start && end[-1] == ' ')
		end--;
	return strndup(start, (size_t)(end - start));
}

/* Read one LABEL=GLOB that ends at end. */
static int read_label(struct config_reader *reader, const struct value *value, const char *start,
		      const char *end, struct label_config *label)
{
	const char *equals = memchr(start, '=', (size_t)(end - start));

	start += strspn(start, " ");
	if (!equals || equals <= start)
		return config_wrong_value(reader, "container_labels", value,
					  "LABEL=GLOB, or several with commas");
	label->label = trimmed(start, equals);
	label->glob = trimmed(equals + 1, end);
	return label->label && label->glob ? 0 : config_out_of_memory(reader);
}

static int read_labels(struct config_reader *reader, const struct value *value,
		       struct labels_config *labels)
{
	const char *text = value_text(value);
	size_t capacity = 1;

	if (!text)
		return config_wrong_value(reader, "container_labels", value,
					  "LABEL=GLOB, or several with commas");
	for (const char *c = text; *c; c++)
		capacity += *c == ',';
	labels->labels = calloc(capacity, sizeof(*labels->labels));
	if (!labels->labels)
		return config_out_of_memory(reader);
	for (const char *end; labels->count < capacity; text = end + 1) {
		int err;

		end = strchrnul(text, ',');
		err = read_label(reader, value, text, end, &labels->labels[labels->count++]);
		if (err)
			return err;
	}
	return 0;
}

int config_read_labels(struct config_reader *reader, const struct config_option *option,
		       const struct value *value, void *section)
{
	struct probe_config *probe = section;
	size_t count = value_count(value);

	(void)option;
	if (count == 0)
		return 0;
	probe->container_labels = calloc(count, sizeof(*probe->container_labels));
	if (!probe->container_labels)
		return config_out_of_memory(reader);
	for (size_t i = 0; i < count; i++) {
		int err = read_labels(reader, value_item(value, i),
				      &probe->container_labels[probe->container_label_count++]);

		if (err)
			return err;
	}
	return 0;
}

static void print_labels(const struct labels_config *labels, FILE *out)
{
	char *text = NULL;
	size_t size;
	FILE *line = open_memstream(&text, &size);

	if (!line)
		return;
	for (size_t i = 0; i < labels->count; i++)
		fprintf(line, "%s%s=%s", i ? "," : "", labels->labels[i].label,
			labels->labels[i].glob);
	if (fclose(line) == 0)
		value_print_text(text, out);
	free(text);
}

void config_print_labels(const struct config_option *option, const void *section, FILE *out)
{
	const struct probe_config *probe = section;

	(void)option;
	for (size_t i = 0; i < probe->container_label_count; i++) {
		fputs("\n    - ", out);
		print_labels(&probe->container_labels[i], out);
	}
}

void config_free_labels(struct probe_config *probe)
{
	for (size_t i = 0; i < probe->container_label_count; i++) {
		struct labels_config *labels = &probe->container_labels[i];

		for (size_t j = 0; j < labels->count; j++) {
			free(labels->labels[j].label);
			free(labels->labels[j].glob);
		}
		free(labels->labels);
	}
	free(probe->container_labels);
}
