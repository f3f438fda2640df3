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

int64_t clock_sample(struct clock *clock)
{
	int64_t before = clock_read_ns(CLOCK_BOOTTIME);
	int64_t unix_ns = clock_read_ns(CLOCK_REALTIME);
	int64_t after = clock_read_ns(CLOCK_BOOTTIME);
	int64_t offset = unix_ns - (before + (after - before) / 2);
	int64_t step = clock->unix_minus_boot_ns ? offset - clock->unix_minus_boot_ns : 0;

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
