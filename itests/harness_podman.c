// SPDX-License-Identifier: Apache-2.0
#include "harness_podman.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness_deadline.h"

#define ARGUMENTS_MAX 32

/* What the machine needs that has no systemd, and a small limit on what root may have. */
#define RUN "run", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"

/* In this order: PATH, which does not find this script, and the directory thrice. */
static const char script[] =
	"#!/bin/sh\n"
	"PATH='%s'\n"
	"exec podman --root %s/storage --runroot %s/run --tmpdir %s/tmp --storage-driver vfs "
	"--cgroup-manager cgroupfs --runtime runc --events-backend file --network-backend netavark "
	"\"$@\"\n";

/* The image: a busybox under all of its names. */
static const char make_image[] =
	"mkdir -p \"$1/image/bin\" && cd \"$1/image\" && "
	"cp \"$(command -v busybox)\" bin/ && "
	"for name in sh nc sleep true; do ln -s busybox bin/$name; done && "
	"tar -c . | \"$1/podman\" import - " PODMAN_IMAGE;

static bool has_succeeded(const struct child *child)
{
	return WIFEXITED(child->status) && WEXITSTATUS(child->status) == 0;
}

/* Run a program to its end; on failure its last words are why containers do not run here. */
static bool try(struct podman *podman, const char *const *argv)
{
	struct child child;
	char *words;
	bool ok;

	child_start(&child, argv, NULL, NULL);
	child_wait(&child);
	ok = has_succeeded(&child);
	words = child_output(child.err);
	if (!ok && words) {
		words[strcspn(words, "\n")] = '\0';
		snprintf(podman->reason, sizeof(podman->reason), "podman cannot run here: %s",
			 *words ? words : "it does not say why");
	}
	free(words);
	child_close(&child);
	return ok;
}

static bool socket_is_there(const struct podman *podman)
{
	struct stat status;

	return !stat(podman->socket, &status) && S_ISSOCK(status.st_mode);
}

static void start_service(struct podman *podman)
{
	char url[160];
	const char *argv[] = {podman->command, "system", "service", "-t", "0", url, NULL};

	snprintf(url, sizeof(url), "unix://%s", podman->socket);
	child_start(&podman->service, argv, NULL, NULL);
	if (!WAIT_UNTIL(socket_is_there(podman) || child_has_exited(&podman->service)) ||
	    !socket_is_there(podman))
		strcpy(podman->reason, "podman's API does not start here");
}

static void write_script(const struct podman *podman)
{
	FILE *file = fopen(podman->command, "we");

	if (!file ||
	    fprintf(file, script, getenv("PATH"), podman->directory, podman->directory,
		    podman->directory) < 0 ||
	    fchmod(fileno(file), 0755) || fclose(file))
		harness_fail("cannot write %s", podman->command);
}

void podman_open(struct podman *podman)
{
	const char *found[] = {"sh", "-c", "command -v podman runc busybox > /dev/null", NULL};
	const char *image[] = {"sh", "-c", make_image, "sh", podman->directory, NULL};
	const char *run[] = {podman->command, RUN,	    "--rm",	 "--network",
			     "host",	      PODMAN_IMAGE, "/bin/true", NULL};

	*podman = (struct podman){0};
	strcpy(podman->directory, "/tmp/pidtree-podman-XXXXXX");
	if (!mkdtemp(podman->directory))
		harness_fail("cannot make a directory in /tmp");
	snprintf(podman->command, sizeof(podman->command), "%s/podman", podman->directory);
	snprintf(podman->socket, sizeof(podman->socket), "%s/api.sock", podman->directory);
	write_script(podman);
	if (!try(podman, found))
		strcpy(podman->reason, "podman, runc or busybox is not installed");
	else if (try(podman, image) && try(podman, run))
		start_service(podman);
}

void podman_close(struct podman *podman)
{
	const char *remove[] = {podman->command, "rm", "--all", "--force", "--time", "0", NULL};
	const char *clean[] = {"rm", "-rf", podman->directory, NULL};
	char reason[sizeof(podman->reason)];

	if (!*podman->directory)
		return;
	memcpy(reason, podman->reason, sizeof(reason));
	if (!*podman->reason)
		try(podman, remove);
	child_close(&podman->service);
	try(podman, clean);
	memcpy(podman->reason, reason, sizeof(reason));
	*podman->directory = '\0';
}

void podman_require(const struct podman *podman)
{
	if (!*podman->reason)
		return;
	printf("# skip: %s\n", podman->reason);
	fflush(stdout);
	skip();
}

static bool sets_network(const char *const *options)
{
	for (; options && *options; options++)
		if (strcmp(*options, "--network") == 0)
			return true;
	return false;
}

void podman_start(const struct podman *podman, struct child *child, const char *const *options,
		  const char *const *command)
{
	const char *argv[ARGUMENTS_MAX] = {podman->command, RUN};
	size_t count = 6;

	if (!sets_network(options)) {
		argv[count++] = "--network";
		argv[count++] = "host";
	}
	while (options && *options)
		argv[count++] = *options++;
	argv[count++] = PODMAN_IMAGE;
	while (*command)
		argv[count++] = *command++;
	argv[count] = NULL;
	child_start(child, argv, NULL, NULL);
}

void podman_run(const struct podman *podman, const char *const *options, const char *const *command)
{
	struct child child;

	podman_start(podman, &child, options, command);
	child_wait(&child);
	child_close(&child);
}

char *podman_output(const struct podman *podman, const char *const *arguments)
{
	const char *argv[ARGUMENTS_MAX] = {podman->command};
	struct child child;
	char *text;

	for (size_t i = 0; arguments[i] && i < ARGUMENTS_MAX - 2; i++)
		argv[i + 1] = arguments[i];
	child_start(&child, argv, NULL, NULL);
	child_wait(&child);
	if (!has_succeeded(&child)) {
		text = child_output(child.err);
		harness_fail("podman %s: %s", arguments[0], text);
	}
	text = child_output(child.out);
	child_close(&child);
	text[strcspn(text, "\n")] = '\0';
	return text;
}
