/* SPDX-License-Identifier: Apache-2.0 */
/* Going on where an earlier recorder stopped, and learning what runs now. */
#include "main.h"

static int on_restored_process(void *context, const struct process *process)
{
	struct recorder *recorder = context;

	return process_table_restore(recorder->processes, process);
}

static int on_restored_event(void *context, const struct event *event)
{
	struct recorder *recorder = context;

	return enrich_restore(recorder->enrich, event);
}

static int on_no_event(void *context, const struct event *event)
{
	(void)context;
	(void)event;
	return 0;
}

static int on_probe_id(void *context, const char *name, uint32_t least_id, uint32_t *ret_id)
{
	struct recorder *recorder = context;

	return store_checked(recorder, store_probe_id(recorder->store, name, least_id, ret_id));
}

int recorder_number_probes(struct recorder *recorder)
{
	char *message = NULL;

	if (!recorder->extra_probes)
		return 0;
	return complain(
		extra_probes_number(recorder->extra_probes, on_probe_id, recorder, &message),
		message);
}

static bool ring_is_known(const struct recorder *recorder)
{
	return store_position(recorder->store)->ring_id == collector_ring_id(recorder->collector);
}

/* The time in which nobody recorded, between the last recorder's end and now. */
static int store_absence(struct recorder *recorder)
{
	struct gap gap = {
		.from_ns = store_position(recorder->store)->last_ns,
		.to_ns = clock_unix_ns(&recorder->clock, clock_boot_ns()),
		.reason = GAP_NOT_RUNNING,
		.kind = "",
	};

	if (!gap.from_ns || collector_was_recording(recorder->collector))
		return 0;
	return store_gap(recorder->store, &gap);
}

int recorder_resume_ring(struct recorder *recorder)
{
	const struct store_position *position = store_position(recorder->store);
	int r;

	if (!ring_is_known(recorder))
		return 0;
	recorder_restore_losses(recorder);
	recorder->drops.checked_ns = position->last_ns;
	r = ring_seek(recorder->ring, position->ring_position);
	if (r)
		log_error("the ring below %s does not hold position %llu of %s; remove that "
			  "directory and start again",
			  recorder->options.pin_path, (unsigned long long)position->ring_position,
			  store_path(recorder->store));
	return r;
}

/* Everything that an earlier recorder left in the segment. */
static int restore(struct recorder *recorder)
{
	bool is_known = ring_is_known(recorder);
	int r = store_restore(recorder->store, on_restored_process,
			      is_known ? on_restored_event : on_no_event, recorder);

	return store_checked(recorder, r);
}

/* Take in all that the ring holds now. */
static int catch_up(struct recorder *recorder)
{
	uint64_t until = ring_position(recorder->ring) + ring_used_bytes(recorder->ring);
	int r = 0;

	while (r >= 0 && ring_position(recorder->ring) < until)
		r = recorder_run_batch(recorder);
	return r < 0 ? r : 0;
}

/* Enter what runs now but is not known, and what there is to say of this start. */
static int seed(struct recorder *recorder)
{
	int r = store_begin(recorder->store);

	for (const struct probe **probe = recorder->probes; *probe && !r; probe++)
		if ((*probe)->id)
			r = store_probe(recorder->store, (*probe)->id, (*probe)->name);
	if (!r)
		r = store_absence(recorder);
	if (!r)
		r = seed_processes(recorder->collector, recorder->processes);
	process_table_restore_end(recorder->processes, !ring_is_known(recorder));
	if (!r)
		r = recorder_commit(recorder);
	return store_checked(recorder, r);
}

int recorder_load_processes(struct recorder *recorder)
{
	int r = restore(recorder);

	if (!r && ring_is_known(recorder))
		r = catch_up(recorder);
	return r ? r : seed(recorder);
}
