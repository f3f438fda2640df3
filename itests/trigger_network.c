// SPDX-License-Identifier: Apache-2.0
/*
 * Commands that run another in a network namespace of its own, in which the
 * client is 10.99.0.1 and fd99::1. It vanishes with the last process in it.
 */
#include "trigger.h"

#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define IP_ARGUMENTS_MAX 24
#define IP_COMMAND_MAX 256

static void enter_namespace(void)
{
	struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	if (unshare(CLONE_NEWNET))
		err(EXIT_FAILURE, "unshare");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &loopback))
		err(EXIT_FAILURE, "cannot bring lo up");
	close(fd);
}

static void set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		err(EXIT_FAILURE, "%s", path);
	close(fd);
}

/* Run "ip" with these arguments, which are separated by single spaces. Returns its exit status. */
static int ip_status(const char *command)
{
	char text[IP_COMMAND_MAX], *argv[IP_ARGUMENTS_MAX + 1] = {NULL}, *rest = NULL;
	char name[] = "ip";
	int count = 0, status;
	pid_t pid;

	snprintf(text, sizeof(text), "%s", command);
	argv[count++] = name;
	for (char *word = strtok_r(text, " ", &rest); word && count < IP_ARGUMENTS_MAX;
	     word = strtok_r(NULL, " ", &rest))
		argv[count++] = word;
	if (posix_spawnp(&pid, "ip", NULL, NULL, argv, environ) || waitpid(pid, &status, 0) != pid)
		errx(EXIT_FAILURE, "cannot run ip");
	return status;
}

static void ip(const char *command)
{
	if (ip_status(command))
		errx(EXIT_FAILURE, "failed: ip %s", command);
}

/* The client's link, whose other end is "far" for now. */
static void add_link(void)
{
	if (ip_status("link add near type veth peer name far"))
		unsupported("no veth devices");
	ip("addr add 10.99.0.1/24 dev near");
	ip("addr add fd99::1/64 dev near nodad");
	ip("link set near up");
}

int trigger_netns(char **args)
{
	enter_namespace();
	return trigger_run(args);
}

/* 7: client, server, without a cookie; 0x200: the server accepts without one (tcp_fastopen). */
int trigger_fastopen_net(char **args)
{
	enter_namespace();
	set_sysctl("/proc/sys/net/ipv4/tcp_fastopen", "519");
	return trigger_run(args);
}

/* A SYN is tried twice before a connect has timed out. */
static void lose_patience(void)
{
	set_sysctl("/proc/sys/net/ipv4/tcp_syn_retries", "1");
}

int trigger_impatient_net(char **args)
{
	enter_namespace();
	lose_patience();
	return trigger_run(args);
}

/* 10.99.0.2 and fd99::2 have a link address that nobody listens to. */
int trigger_blackhole_net(char **args)
{
	enter_namespace();
	add_link();
	ip("link set far up");
	ip("neigh add 10.99.0.2 lladdr 02:00:00:00:99:99 dev near nud permanent");
	ip("neigh add fd99::2 lladdr 02:00:00:00:99:99 dev near nud permanent");
	lose_patience();
	return trigger_run(args);
}

/* 10.99.1.0/24 and fd99:1::/64 are unreachable by this host's own routes. */
int trigger_reject_net(char **args)
{
	enter_namespace();
	ip("route add unreachable 10.99.1.0/24");
	ip("-6 route add unreachable fd99:1::/64");
	return trigger_run(args);
}

/* A byte each way between the client's process and the router's. */
static void meet(int fd)
{
	char byte = 0;

	if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
		errx(EXIT_FAILURE, "the router or its client is gone");
}

static void route(int client)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	enter_namespace();
	meet(client); /* now it gets its end of the link */
	meet(client);
	ip("addr add 10.99.0.2/24 dev far");
	ip("addr add fd99::2/64 dev far nodad");
	ip("link set far up");
	set_sysctl("/proc/sys/net/ipv4/ip_forward", "1");
	set_sysctl("/proc/sys/net/ipv6/conf/all/forwarding", "1");
	ip("route add unreachable 10.99.1.0/24");
	ip("-6 route add unreachable fd99:1::/64");
	meet(client);
	pause();
}

/* 10.99.1.0/24 and fd99:1::/64 lie behind a router, which says by ICMP that they are unreachable.
 */
int trigger_router_net(char **args)
{
	char command[IP_COMMAND_MAX];
	int ends[2], status;
	pid_t router;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		err(EXIT_FAILURE, "socketpair");
	enter_namespace();
	add_link();
	router = fork();
	if (router < 0)
		err(EXIT_FAILURE, "fork");
	if (router == 0) {
		close(ends[0]);
		route(ends[1]);
	}
	close(ends[1]);
	meet(ends[0]);
	snprintf(command, sizeof(command), "link set far netns %d", (int)router);
	ip(command);
	meet(ends[0]);
	meet(ends[0]);
	ip("route add 10.99.1.0/24 via 10.99.0.2");
	ip("-6 route add fd99:1::/64 via fd99::2");
	status = trigger_run(args);
	kill(router, SIGKILL);
	waitpid(router, NULL, 0);
	return status;
}
