/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as JSON lines to a file, a pipe or stdout. A thread of its own does
 * the writing: a reader that is slow or gone costs lines, never the recording.
 */
#ifndef PIDTREE_OUTPUT_H
#define PIDTREE_OUTPUT_H

#include "image.h"
#include "model.h"

struct output;

/* Append to the file at path, "-" for stdout. 0 or -errno. */
int output_open(const char *path, struct output **ret);

/* Give the lines that wait a moment to be written, then close. Takes NULL. */
void output_free(struct output *output);

/*
 * The line of one event, or of all events of a UDP session; probe is its
 * probe's name. It is written after output_flush.
 */
void output_events(struct output *output, const struct event *events, size_t count,
		   const char *probe, const struct image *image);

/* A line that is JSON already, without its newline. */
void output_line(struct output *output, const char *line);

/*
 * Let all lines so far be written. 0, or -errno of what could not be written
 * since the last time, with the number of lines lost.
 */
int output_flush(struct output *output, size_t *ret_lost);

/* The last write succeeded, or none was needed. */
bool output_is_writable(struct output *output);

#endif
