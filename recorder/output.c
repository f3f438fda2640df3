/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "probe.h"

/* The deepest tree that is written; an attacker may make them as deep as pids last. */
#define TREE_DEPTH 4096

struct output {
	FILE *file;
	int error;
	const struct process *tree[TREE_DEPTH];
};

int output_open(const char *path, struct output **ret)
{
	struct output *output = calloc(1, sizeof(*output));

	if (!output)
		return -ENOMEM;
	output->file = strcmp(path, "-") ? fopen(path, "ae") : stdout;
	if (!output->file) {
		free(output);
		return -errno;
	}
	*ret = output;
	return 0;
}

void output_free(struct output *output)
{
	if (!output)
		return;
	fflush(output->file);
	if (output->file != stdout)
		fclose(output->file);
	free(output);
}

void output_events(struct output *output, const struct event *events, size_t count,
		   const struct image *image)
{
	size_t depth = image_tree(image, output->tree, TREE_DEPTH);
	const char *probe = probe_name(events->probe);
	_cleanup_free_ char *line =
		json_event(events, count, probe ? probe : "unknown", output->tree, depth);

	if (!line)
		output->error = -ENOMEM;
	else if (fprintf(output->file, "%s\n", line) < 0)
		output->error = -errno;
}

int output_flush(struct output *output)
{
	int r = output->error;

	if (fflush(output->file) && !r)
		r = -errno;
	clearerr(output->file);
	output->error = 0;
	return r;
}
