/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder under test, with a database, an output file and pins of its
 * own, so that neither another test nor a recorder of this host is disturbed.
 * Functions fail the running test when they cannot do what they say.
 */
#ifndef ITESTS_HARNESS_RECORDER_H
#define ITESTS_HARNESS_RECORDER_H

#include <limits.h>
#include <stdbool.h>

#include <cjson/cJSON.h>

#include "harness_child.h"

#define RECORDER_ARGUMENTS_MAX 16

struct recorder {
	struct child child;
	char directory[64]; /* temporary; all files below are in it */
	char config[PATH_MAX];
	char database[PATH_MAX];
	char output[PATH_MAX]; /* -f */
	char pins[PATH_MAX];   /* below /sys/fs/bpf */
};

/* Make the directory, with a configuration for all probes. Nothing runs yet. */
void recorder_prepare(struct recorder *recorder);

/*
 * Fill in argv: recorder -c CONFIG -d DATABASE --pin-path PINS, then more
 * (NULL-terminated). Holds pointers into *recorder.
 */
void recorder_arguments(const struct recorder *recorder, const char *const *more,
			const char *argv[RECORDER_ARGUMENTS_MAX]);

/* Start it with -f and wait until it logs "recording". prepare as of child_start, or NULL. */
void recorder_start(struct recorder *recorder, child_prepare *prepare, const void *argument);

/* The same with one more argument. */
void recorder_start_with(struct recorder *recorder, const char *more);

/* Replace the configuration file by this text, in one step as an editor does. */
void recorder_configure(const struct recorder *recorder, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Whether its stderr has this text so far. */
bool recorder_has_logged(const struct recorder *recorder, const char *text);

/* Wait until it, started by other means, logs "recording". */
void recorder_await(struct recorder *recorder);

/* Send SIGTERM or SIGINT; it must end with exit status 0. */
void recorder_stop(struct recorder *recorder, int signal);

/*
 * Run it with one more argument, or NULL: it must end with exit status 2 and
 * one line on stderr that has this text, and leave no pins.
 */
void recorder_assert_refused(const struct recorder *recorder, const char *more,
			     const char *expected);

/* Kill it with SIGKILL. What it pinned stays. */
void recorder_crash(struct recorder *recorder);

/* End it if it runs, and remove everything. Never fails. */
void recorder_cleanup(struct recorder *recorder);

/* Every line of the output file so far, as an array that the caller deletes. */
cJSON *recorder_output(const struct recorder *recorder);

/* The path of the database's first segment, which the caller frees, or NULL. */
char *recorder_segment(const struct recorder *recorder);

/* Every complete line of a text, parsed, as an array that the caller deletes. */
cJSON *json_lines(const char *text);

/*
 * What "pidtree-query events" finds for these terms (NULL-terminated, or NULL
 * for none), events as well as gaps, as an array that the caller deletes.
 */
cJSON *recorder_query(const struct recorder *recorder, const char *const *terms);

#endif
