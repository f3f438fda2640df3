/* SPDX-License-Identifier: Apache-2.0 */
#include "drops.h"

#include <stdio.h>

const char *drop_kind(uint32_t index, const char *probe, char kind[DROP_KIND_SIZE])
{
	static const char *const types[] = {
#define X(upper, lower) [WIRE_##upper] = #lower,
		WIRE_RECORDS(X)
#undef X
	};
	uint32_t type = index % 8;

	if (type >= WIRE_TYPES)
		snprintf(kind, DROP_KIND_SIZE, "%s", "");
	else if (*probe)
		snprintf(kind, DROP_KIND_SIZE, "%s %s", probe, types[type]);
	else
		snprintf(kind, DROP_KIND_SIZE, "%s", types[type]);
	return kind;
}

bool drops_account(struct drops *drops, const struct clock *clock, uint32_t index,
		   const struct wire_drop *counted, struct gap *ret)
{
	uint64_t lost = counted->count - drops->accounted[index];
	int64_t to_ns = clock_unix_ns(clock, counted->last_boot_ns);

	if (!lost)
		return false;
	drops->accounted[index] = counted->count;
	*ret = (struct gap){
		.from_ns =
			drops->checked_ns && drops->checked_ns < to_ns ? drops->checked_ns : to_ns,
		.to_ns = to_ns,
		.reason = GAP_RING_FULL,
		.count = lost,
	};
	return true;
}

bool drops_account_misses(struct drops *drops, size_t program, uint64_t counted, int64_t now_ns,
			  struct gap *ret)
{
	uint64_t lost = counted - drops->missed[program];

	if (!lost)
		return false;
	drops->missed[program] = counted;
	*ret = (struct gap){
		.from_ns = drops->checked_ns ? drops->checked_ns : now_ns,
		.to_ns = now_ns,
		.reason = GAP_MISSED,
		.count = lost,
	};
	return true;
}
