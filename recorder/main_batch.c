/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction: records taken in, housekeeping, commit; then space given back. */
#include "main.h"

#include <errno.h>
#include <string.h>

#define TICK_NS NSEC_PER_SEC	    /* between housekeeping, which commits in any case */
#define BATCH_NS (NSEC_PER_SEC / 5) /* a batch that takes longer is committed */
#define BATCH_RECORDS (64 * 1024)   /* and so is one with this many records */
#define SWEEP_NS (5 * NSEC_PER_SEC) /* between looks for idle UDP sessions */

int store_checked(struct recorder *recorder, int r)
{
	if (r)
		log_error("cannot write %s: %s; the kernel keeps recording until the ring is full",
			  store_path(recorder->store), store_error(recorder->store));
	return r;
}

/* Whether a probe that may be limited to containers records a process: 1, 0, or -errno. */
static int is_admitted(struct recorder *recorder, uint16_t probe, const struct wire_task *task,
		       uint64_t boot_ns)
{
	struct container_gate *gate = recorder->containers;
	const struct container *container = NULL;
	uint32_t mnt_ns = task->mnt_ns;
	struct image *image;
	int r;

	if (!container_gate_is_limited(gate, probe))
		return 1;
	if (task->flags & WIRE_TASK_BRIEF) {
		r = process_table_find(recorder->processes, task, boot_ns, &image);
		if (r)
			return r;
		container = image->process.container;
		mnt_ns = image->process.mnt_ns;
	} else {
		container = containers_find(container_gate_containers(gate), task);
	}
	return container_gate_admits(gate, probe, container, mnt_ns);
}

static int take_record(struct recorder *recorder)
{
	const struct record *record = &recorder->record;
	int r = 1;

	if (record->header.type == WIRE_OPEN)
		r = is_admitted(recorder, record->header.probe, &record->open.task,
				record->header.boot_ns);
	return r > 0 ? enrich_record(recorder->enrich, record) : r;
}

/* Take records in until there is none, or the batch is large enough. Returns their number. */
static int take_records(struct recorder *recorder)
{
	int64_t deadline_ns = clock_boot_ns() + BATCH_NS;
	const void *data;
	uint32_t size;
	int count = 0;
	int r;

	while (count < BATCH_RECORDS && (r = ring_next(recorder->ring, &data, &size)) > 0) {
		count++;
		r = decode(data, size, &recorder->record);
		if (r) {
			log_warning("a record of %u bytes in the ring makes no sense; skipped",
				    size);
			continue;
		}
		r = take_record(recorder);
		if (r)
			return r;
		if (count % 1024 == 0 && clock_boot_ns() > deadline_ns)
			break;
	}
	return r < 0 ? r : count;
}

/* A snapshot lists a socket once for each process that holds it; the first one stands for all. */
struct snapshot {
	struct recorder *recorder;
	struct flows *seen;
	uint64_t boot_ns;
};

static int on_listener(void *context, const struct wire_socket *socket)
{
	struct snapshot *snapshot = context;
	int r;

	if (flow_find(snapshot->seen, socket->cookie, PROBE_NET_LISTEN))
		return 0;
	r = is_admitted(snapshot->recorder, PROBE_NET_LISTEN, &socket->task, snapshot->boot_ns);
	if (r <= 0)
		return r;
	if (!flow_open(snapshot->seen, socket->cookie, PROBE_NET_LISTEN, 0, 0))
		return -ENOMEM;
	return enrich_listener(snapshot->recorder->enrich, socket, snapshot->boot_ns);
}

static int take_snapshot(struct recorder *recorder, int64_t now_ns)
{
	struct snapshot snapshot = {.recorder = recorder, .boot_ns = (uint64_t)now_ns};
	int r;

	snapshot.seen = flows_new();
	if (!snapshot.seen)
		return -ENOMEM;
	r = collector_visit_listeners(recorder->collector, on_listener, &snapshot);
	flows_free(snapshot.seen);
	recorder->next_snapshot_ns =
		now_ns +
		(int64_t)config_probe(recorder->config, PROBE_NET_LISTEN)->snapshot_period_ns;
	return r;
}

static int housekeeping(struct recorder *recorder, int64_t now_ns)
{
	int r;

	clock_sample(&recorder->clock);
	recorder->next_tick_ns = now_ns + TICK_NS;
	r = recorder_account_losses(recorder);
	if (!r && now_ns >= recorder->next_snapshot_ns)
		r = take_snapshot(recorder, now_ns);
	if (r || now_ns < recorder->next_sweep_ns)
		return r;
	recorder->next_sweep_ns = now_ns + SWEEP_NS;
	return enrich_sweep(recorder->enrich, (uint64_t)now_ns);
}

static void flush_output(struct recorder *recorder)
{
	size_t lost;
	int r = output_flush(recorder->output, &lost);

	if (r)
		log_warning("cannot write to %s: %s; %zu lines lost to it, the database has them",
			    recorder->options.output_file, strerror(-r), lost);
}

int recorder_commit(struct recorder *recorder)
{
	int r = store_commit(recorder->store, collector_ring_id(recorder->collector),
			     ring_position(recorder->ring),
			     clock_unix_ns(&recorder->clock, clock_boot_ns()));

	if (r)
		return r;
	ring_release(recorder->ring);
	for (size_t i = 0; i < recorder->forget_count; i++)
		collector_udp_forget(recorder->collector, &recorder->forget[i]);
	recorder->forget_count = 0;
	if (recorder->output)
		flush_output(recorder);
	recorder->commit_ns = clock_boot_ns();
	return 0;
}

int recorder_run_batch(struct recorder *recorder)
{
	int64_t now_ns = clock_boot_ns();
	bool is_tick = now_ns >= recorder->next_tick_ns;
	int count, r;

	if (!is_tick && !ring_used_bytes(recorder->ring) && !recorder->containers_have_news)
		return 0;
	r = store_checked(recorder, store_begin(recorder->store));
	if (r)
		return r;
	recorder->containers_have_news = false;
	r = container_gate_listen(recorder->containers);
	count = r ? r : take_records(recorder);
	r = count < 0 ? count : 0;
	if (!r && is_tick)
		r = housekeeping(recorder, now_ns);
	if (!r)
		r = recorder_commit(recorder);
	return r ? store_checked(recorder, r) : count;
}
