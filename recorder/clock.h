/* SPDX-License-Identifier: Apache-2.0 */
/* From the kernel's boot times to Unix times, and to ids made of them. */
#ifndef PIDTREE_CLOCK_H
#define PIDTREE_CLOCK_H

#include <stdint.h>

struct clock {
	int64_t unix_minus_boot_ns;
	int64_t last_id;
};

/* Read both clocks of the system anew. Returns by how many ns the Unix one had stepped. */
int64_t clock_sample(struct clock *clock);

int64_t clock_boot_ns(void);

int64_t clock_unix_ns(const struct clock *clock, uint64_t boot_ns);

/* An id for what happened at boot_ns: its Unix time, or one more than the id before. */
int64_t clock_next_id(struct clock *clock, uint64_t boot_ns);

#endif
