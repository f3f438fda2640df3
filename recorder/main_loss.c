/* SPDX-License-Identifier: Apache-2.0 */
/* What was lost, as gaps. */
#include "main.h"

#include <errno.h>

/* Store a gap, and up to which count its kind is accounted for. */
static int store_loss(struct recorder *recorder, const struct gap *gap, uint64_t counted)
{
	int r = store_gap(recorder->store, gap);

	log_warning("%llu %s records lost (%s)", (unsigned long long)gap->count, gap->kind,
		    gap_reason_text(gap->reason));
	return r ? r
		 : store_set_drops(recorder->store, collector_ring_id(recorder->collector),
				   gap->kind, counted);
}

static const char *drop_kind_of(const struct probe *probe, uint16_t type, char kind[DROP_KIND_SIZE])
{
	return drop_kind(wire_drop_index(probe->id, type), probe->id ? probe->name : "", kind);
}

static int account_drops_of(struct recorder *recorder, const struct probe *probe)
{
	char kind[DROP_KIND_SIZE];
	struct wire_drop counted;
	struct gap gap;
	int r = 0;

	for (uint16_t type = 0; type < WIRE_TYPES && !r; type++) {
		uint32_t index = wire_drop_index(probe->id, type);

		r = collector_drops(recorder->collector, index, &counted);
		if (r || !drops_account(&recorder->drops, &recorder->clock, index, &counted, &gap))
			continue;
		gap.kind = drop_kind_of(probe, type, kind);
		recorder->telemetry[probe->id].lost += gap.count;
		r = store_loss(recorder, &gap, counted.count);
		if (!r && type == WIRE_CGROUP)
			r = container_scan_all(container_gate_containers(recorder->containers));
	}
	return r;
}

static int account_misses(struct recorder *recorder, int64_t now_ns)
{
	const char *name;
	uint64_t counted;
	struct gap gap;
	int r = 0;

	for (size_t i = 0; i < DROP_PROGRAMS && !r; i++) {
		r = collector_misses(recorder->collector, i, &name, &counted);
		if (r || !drops_account_misses(&recorder->drops, i, counted, now_ns, &gap) ||
		    probes_may_skip(recorder->probes, name))
			continue;
		gap.kind = name;
		r = store_loss(recorder, &gap, counted);
	}
	return r == -ENOENT ? 0 : r;
}

/* The kernel's side and ours are built as one: such a record means that they are not. */
static int account_unreadable(struct recorder *recorder, int64_t now_ns)
{
	struct gap gap = {
		.from_ns = recorder->drops.checked_ns ? recorder->drops.checked_ns : now_ns,
		.to_ns = now_ns,
		.reason = GAP_UNREADABLE,
		.kind = "",
		.count = recorder->unreadable,
	};

	if (!gap.count)
		return 0;
	recorder->unreadable = 0;
	log_warning("%llu records lost (%s)", (unsigned long long)gap.count,
		    gap_reason_text(gap.reason));
	return store_gap(recorder->store, &gap);
}

int recorder_account_losses(struct recorder *recorder)
{
	int64_t now_ns = clock_unix_ns(&recorder->clock, clock_boot_ns());
	int r = account_unreadable(recorder, now_ns);

	if (!r)
		r = account_misses(recorder, now_ns);
	for (const struct probe **probe = recorder->probes; *probe && !r; probe++)
		r = account_drops_of(recorder, *probe);
	recorder->drops.checked_ns = now_ns;
	return r;
}

void recorder_restore_losses(struct recorder *recorder)
{
	uint32_t ring_id = collector_ring_id(recorder->collector);
	struct drops *drops = &recorder->drops;
	char kind[DROP_KIND_SIZE];
	const char *name;
	uint64_t counted;

	for (const struct probe **probe = recorder->probes; *probe; probe++)
		for (uint16_t type = 0; type < WIRE_TYPES; type++)
			drops->accounted[wire_drop_index((*probe)->id, type)] = store_get_drops(
				recorder->store, ring_id, drop_kind_of(*probe, type, kind));
	for (size_t i = 0; i < DROP_PROGRAMS; i++) {
		if (collector_misses(recorder->collector, i, &name, &counted))
			break;
		drops->missed[i] = store_get_drops(recorder->store, ring_id, name);
	}
}
