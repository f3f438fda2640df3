// SPDX-License-Identifier: Apache-2.0
#include "harness_deadline.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "procfs.h"

#define DEFAULT_SECONDS 20
#define SHORTEST_PAUSE_NS 2000000L
#define LONGEST_PAUSE_TIMES 25

static int64_t limit_us(void)
{
	const char *seconds = getenv("PIDTREE_DEADLINE");

	return (seconds ? atoi(seconds) : DEFAULT_SECONDS) * 1000000LL;
}

int64_t deadline_new(void)
{
	return clock_us(CLOCK_MONOTONIC) + limit_us();
}

int64_t deadline_new_short(void)
{
	return clock_us(CLOCK_MONOTONIC) + limit_us() / 5;
}

bool deadline_passed(int64_t deadline)
{
	return clock_us(CLOCK_MONOTONIC) > deadline;
}

void deadline_pause(int times)
{
	if (times >= LONGEST_PAUSE_TIMES)
		times = LONGEST_PAUSE_TIMES - 1;
	struct timespec pause = {.tv_nsec = SHORTEST_PAUSE_NS * (times + 1)};

	ppoll(NULL, 0, &pause, NULL);
}
