/* SPDX-License-Identifier: Apache-2.0 */
/* The client that runs nerdctl, containerd's counterpart of the docker command. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container_client.h"

#define CALLS_MAX 32 /* on their way at a time */
#define ARGUMENTS_MAX 12
#define READ_SIZE (64 * 1024)

struct nerdctl {
	struct container_client client; /* first */
	struct container_call *calls[CALLS_MAX];
	pid_t pids[CALLS_MAX];
	size_t count;
	int wake_fd;
	char *namespace;
};

static void fill_arguments(const struct nerdctl *nerdctl, const struct container_call *call,
			   const char *argv[ARGUMENTS_MAX])
{
	size_t count = 0;

	argv[count++] = "nerdctl";
	argv[count++] = "--namespace";
	argv[count++] = nerdctl->namespace;
	switch (call->question) {
	case CONTAINER_LIST:
		argv[count++] = "ps";
		argv[count++] = "--quiet";
		argv[count++] = "--no-trunc";
		break;
	case CONTAINER_INSPECT:
		argv[count++] = "inspect";
		argv[count++] = "--mode";
		argv[count++] = "dockercompat";
		argv[count++] = call->runtime_id;
		break;
	case CONTAINER_EVENTS:
		argv[count++] = "events";
		argv[count++] = "--format";
		argv[count++] = "{{json .}}";
		break;
	}
	argv[count] = NULL;
}

/* Run a program with its output to a pipe, the rest of its descriptors to nowhere. */
static int spawn(const char *const *argv, int out_fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	int r;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(ret_pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -r;
}

static int nerdctl_begin(struct container_client *client, struct container_call *call)
{
	struct nerdctl *nerdctl = (struct nerdctl *)client;
	const char *argv[ARGUMENTS_MAX];
	int pipe_fds[2], r;

	if (nerdctl->count == CALLS_MAX)
		return -EAGAIN;
	if (pipe2(pipe_fds, O_CLOEXEC))
		return -errno;
	fill_arguments(nerdctl, call, argv);
	r = spawn(argv, pipe_fds[1], &nerdctl->pids[nerdctl->count]);
	close(pipe_fds[1]);
	if (r) {
		close(pipe_fds[0]);
		return r;
	}
	call->fd = pipe_fds[0];
	nerdctl->calls[nerdctl->count++] = call;
	return 0;
}

/* End a call, whose process is killed if it still runs; r is 0 when its output has ended. */
static void nerdctl_end(struct nerdctl *nerdctl, size_t index, int r)
{
	const struct container_asker *asker = nerdctl->client.asker;
	struct container_call *call = nerdctl->calls[index];
	pid_t pid = nerdctl->pids[index];
	int status = -1;

	close(call->fd);
	if (r)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!r && status) /* it tells by its messages alone what is wrong */
		r = call->question == CONTAINER_INSPECT ? -ENOENT : -EPROTO;
	nerdctl->count--;
	nerdctl->calls[index] = nerdctl->calls[nerdctl->count];
	nerdctl->pids[index] = nerdctl->pids[nerdctl->count];
	asker->done(asker->context, call, r);
}

static void nerdctl_read(struct nerdctl *nerdctl, size_t index)
{
	const struct container_asker *asker = nerdctl->client.asker;
	struct container_call *call = nerdctl->calls[index];
	char bytes[READ_SIZE];
	ssize_t size = read(call->fd, bytes, sizeof(bytes));

	if (size < 0 && errno == EINTR)
		return;
	if (size <= 0) {
		nerdctl_end(nerdctl, index, size ? -EIO : 0);
		return;
	}
	if (!container_call_add(call, bytes, (size_t)size) ||
	    (call->question == CONTAINER_EVENTS && !asker->more(asker->context, call)))
		nerdctl_end(nerdctl, index, -EMSGSIZE);
}

static void nerdctl_wait(struct container_client *client, int timeout_ms)
{
	struct nerdctl *nerdctl = (struct nerdctl *)client;
	struct pollfd fds[CALLS_MAX + 1];
	size_t count = nerdctl->count;
	eventfd_t woken;

	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = nerdctl->calls[i]->fd, .events = POLLIN};
	fds[count] = (struct pollfd){.fd = nerdctl->wake_fd, .events = POLLIN};
	if (poll(fds, count + 1, timeout_ms) <= 0)
		return;
	if (fds[count].revents)
		eventfd_read(nerdctl->wake_fd, &woken);
	/* From the end, since a call that ends gives its place to the last one. */
	for (size_t i = count; i-- > 0;)
		if (fds[i].revents)
			nerdctl_read(nerdctl, i);
}

static void nerdctl_wake(struct container_client *client)
{
	eventfd_write(((struct nerdctl *)client)->wake_fd, 1);
}

static void nerdctl_close(struct container_client *client)
{
	struct nerdctl *nerdctl = (struct nerdctl *)client;

	while (nerdctl->count)
		nerdctl_end(nerdctl, nerdctl->count - 1, -ECANCELED);
	close(nerdctl->wake_fd);
	free(nerdctl->namespace);
	free(nerdctl);
}

static const struct container_client_type nerdctl_type = {
	.begin = nerdctl_begin,
	.wait = nerdctl_wait,
	.wake = nerdctl_wake,
	.close = nerdctl_close,
};

struct container_client *container_nerdctl_open(const char *containerd_namespace,
						const struct container_asker *asker)
{
	struct nerdctl *nerdctl = calloc(1, sizeof(*nerdctl));

	if (!nerdctl)
		return NULL;
	nerdctl->client = (struct container_client){.type = &nerdctl_type, .asker = asker};
	nerdctl->namespace = strdup(containerd_namespace);
	nerdctl->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (nerdctl->namespace && nerdctl->wake_fd >= 0)
		return &nerdctl->client;
	if (nerdctl->wake_fd >= 0)
		close(nerdctl->wake_fd);
	free(nerdctl->namespace);
	free(nerdctl);
	return NULL;
}
