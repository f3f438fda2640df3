/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <time.h>

#include "timestamp.h"

static int64_t clock_read_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

int64_t clock_boot_ns(void)
{
	return clock_read_ns(CLOCK_BOOTTIME);
}

/* Another process may run between two readings: the closest of a few tries is taken. */
#define SAMPLE_TRIES 8
#define SAMPLE_GOOD_NS 10000

int64_t clock_sample(struct clock *clock)
{
	int64_t best_ns = INT64_MAX, offset = 0, step;

	for (int i = 0; i < SAMPLE_TRIES && best_ns > SAMPLE_GOOD_NS; i++) {
		int64_t before = clock_read_ns(CLOCK_BOOTTIME);
		int64_t unix_ns = clock_read_ns(CLOCK_REALTIME);
		int64_t window_ns = clock_read_ns(CLOCK_BOOTTIME) - before;

		if (window_ns >= best_ns)
			continue;
		best_ns = window_ns;
		offset = unix_ns - (before + window_ns / 2);
	}
	step = clock->unix_minus_boot_ns ? offset - clock->unix_minus_boot_ns : 0;
	clock->unix_minus_boot_ns = offset;
	return step;
}

int64_t clock_unix_ns(const struct clock *clock, uint64_t boot_ns)
{
	return (int64_t)boot_ns + clock->unix_minus_boot_ns;
}

int64_t clock_next_id(struct clock *clock, uint64_t boot_ns)
{
	int64_t id = clock_unix_ns(clock, boot_ns);

	if (id <= clock->last_id)
		id = clock->last_id + 1;
	clock->last_id = id;
	return id;
}
