// SPDX-License-Identifier: Apache-2.0
/*
 * What the recorder adds to a TCP connect to a closed port and its close:
 * with the event filtered in the kernel, and recorded, against no recorder at
 * all. Rounds alternate between the three, so that drift of the machine falls
 * on all alike; medians of rounds are printed, with their spread.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness_recorder.h"

#define ROUNDS 9
#define CONNECTS 20000

static struct recorder recorder;

static double connect_ns(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(1),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timespec start, end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (int i = 0; i < CONNECTS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
			harness_fail("somebody listens on port 1");
		close(fd);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	return ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) /
	       CONNECTS;
}

static double recorded_ns(const char *config)
{
	double ns;

	recorder_configure(&recorder, "%s", config);
	recorder_start(&recorder, NULL, NULL);
	ns = connect_ns();
	recorder_stop(&recorder, SIGTERM);
	return ns;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return a < b ? -1 : a > b;
}

static void print_row(const char *name, double *ns, double base)
{
	double median;

	qsort(ns, ROUNDS, sizeof(*ns), compare);
	median = ns[ROUNDS / 2];
	printf("%-12s %8.0f ns  (%.0f to %.0f)  %+6.0f ns  %+5.1f %%\n", name, median, ns[0],
	       ns[ROUNDS - 1], median - base, 100 * (median - base) / base);
}

static void connect_costs(void **state)
{
	double none[ROUNDS], filtered[ROUNDS], recorded[ROUNDS];
	struct utsname host;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		none[i] = connect_ns();
		filtered[i] = recorded_ns("tcp_connect: {filters: [{subnet_name: lo, "
					  "network: 127.0.0.0/8}]}\nnet_listen:\nudp_session:\n");
		recorded[i] = recorded_ns("tcp_connect:\nnet_listen:\nudp_session:\n");
	}
	uname(&host);
	qsort(none, ROUNDS, sizeof(*none), compare);
	printf("CPU time of a TCP connect to a closed port and its close, Linux %s,\n"
	       "%d rounds of %d, median (least to most)\n",
	       host.release, ROUNDS, CONNECTS);
	print_row("no recorder", none, none[ROUNDS / 2]);
	print_row("filtered", filtered, none[ROUNDS / 2]);
	print_row("recorded", recorded, none[ROUNDS / 2]);
}

static int set_up(void **state)
{
	(void)state;
	recorder_prepare(&recorder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	recorder_cleanup(&recorder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest benchmarks[] = {cmocka_unit_test(connect_costs)};

	return cmocka_run_group_tests_name("connect", benchmarks, set_up, tear_down);
}
