/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real containers: podman with storage of its own, an image of one static
 * busybox, and its API on a socket. Functions fail the running test when they
 * cannot do what they say.
 */
#ifndef ITESTS_HARNESS_PODMAN_H
#define ITESTS_HARNESS_PODMAN_H

#include <limits.h>
#include <stdbool.h>

#include "harness_child.h"

#define PODMAN_IMAGE "localhost/pidtree-test:1"

struct podman {
	char directory[64]; /* temporary; everything is below it */
	char command[128];  /* a script that runs podman with our storage */
	char socket[128];   /* of the API */
	struct child service;
	char reason[256]; /* why it cannot run here; empty: it can */
};

/* Make all that, and see whether a container runs: see podman->reason. */
void podman_open(struct podman *podman);

/* Remove every container, and everything. Never fails. */
void podman_close(struct podman *podman);

/* Skip the running test, saying why, if containers do not run here. */
void podman_require(const struct podman *podman);

/*
 * Start "podman run" with these arguments (options, then a command to be run in
 * the image, between them NULL; NULL-terminated), in the host's network unless
 * the options say otherwise.
 */
void podman_start(const struct podman *podman, struct child *child, const char *const *options,
		  const char *const *command);

/* podman_start, and wait for its end. */
void podman_run(const struct podman *podman, const char *const *options,
		const char *const *command);

/* What "podman ARGUMENTS" prints, without the newline at its end; the caller frees it. */
char *podman_output(const struct podman *podman, const char *const *arguments);

#endif
