/* SPDX-License-Identifier: Apache-2.0 */
/* Events as JSON lines to a file, a pipe or stdout. */
#ifndef PIDTREE_OUTPUT_H
#define PIDTREE_OUTPUT_H

#include "image.h"
#include "model.h"

struct output;

/* Append to the file at path, "-" for stdout. 0 or -errno. */
int output_open(const char *path, struct output **ret);
void output_free(struct output *output);

/* Write the line of one event, or of all events of a UDP session. It is out after output_flush. */
void output_events(struct output *output, const struct event *events, size_t count,
		   const struct image *image);

/* 0, or -errno of what could not be written, which is lost to the output. */
int output_flush(struct output *output);

#endif
