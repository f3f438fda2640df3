/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder: puts the parts together and runs them. One thread reads the
 * ring, decodes, enriches, stores and commits; only then is the ring's space
 * given back.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "collector.h"
#include "config.h"
#include "decode.h"
#include "drops.h"
#include "enrich.h"
#include "flow.h"
#include "gap.h"
#include "host.h"
#include "log.h"
#include "options.h"
#include "output.h"
#include "process_table.h"
#include "ring.h"
#include "seed.h"
#include "store.h"
#include "timestamp.h"
#include "user.h"

#define EXIT_USAGE 2 /* of the command line or the configuration */

#define POLL_MS 50			    /* between looks at the ring */
#define TICK_NS NSEC_PER_SEC		    /* between housekeeping, which commits in any case */
#define BATCH_NS (NSEC_PER_SEC / 5)	    /* a batch that takes longer is committed */
#define BATCH_RECORDS (64 * 1024)	    /* and so is one with this many records */
#define SWEEP_NS (5 * NSEC_PER_SEC)	    /* between looks for idle UDP sessions */
#define SESSION_MAX_NS (120 * NSEC_PER_SEC) /* UDP sessions idle for longer are ended */

struct recorder {
	struct options options;
	struct config *config;
	struct host host;
	struct clock clock;
	struct users *users;
	struct store *store;
	struct output *output; /* NULL without --output_file */
	struct collector *collector;
	struct ring *ring;
	struct process_table *processes;
	struct flows *flows;
	struct enrich *enrich;
	struct drops drops;
	const struct probe *probes[WIRE_PROBES + 2]; /* those that are on, ended by NULL */
	struct process_sink process_sink;
	struct enrich_sink enrich_sink;
	struct enrich_source enrich_source;
	struct record record; /* the one being taken in */
	int64_t next_tick_ns; /* boot times */
	int64_t next_sweep_ns;
	/* Destinations whose counts are in the open transaction. */
	struct wire_udp_key *forget;
	size_t forget_count;
	size_t forget_capacity;
};

/* What the parts ask of each other, by way of the recorder. */

static const char *on_user_name(void *context, uint32_t uid)
{
	struct recorder *recorder = context;

	return users_name(recorder->users, uid);
}

static int on_image(void *context, const struct process *process)
{
	struct recorder *recorder = context;

	return store_process(recorder->store, process);
}

static int on_exit_of(void *context, int64_t id, int64_t exit_ns, uint32_t status)
{
	struct recorder *recorder = context;

	return store_process_exit(recorder->store, id, exit_ns, status);
}

static int on_event(void *context, const struct event *event)
{
	struct recorder *recorder = context;

	return store_event(recorder->store, event);
}

static int on_outcome(void *context, const struct event *event)
{
	struct recorder *recorder = context;

	return store_outcome(recorder->store, event);
}

static int on_end(void *context, const struct event *event)
{
	struct recorder *recorder = context;

	return store_end(recorder->store, event);
}

static void on_show(void *context, const struct event *events, size_t count,
		    const struct image *image)
{
	struct recorder *recorder = context;

	if (recorder->output)
		output_events(recorder->output, events, count, image);
}

static uint16_t on_listen_port(void *context, uint64_t cookie, uint32_t pid)
{
	struct recorder *recorder = context;

	(void)pid;
	return collector_listen_port(recorder->collector, cookie);
}

static int on_udp_socket(void *context, uint64_t cookie, struct wire_udp_socket *ret)
{
	struct recorder *recorder = context;

	return collector_udp_socket(recorder->collector, cookie, ret);
}

static int on_udp_destination(void *context, const struct wire_udp_key *key,
			      struct wire_udp_count *ret)
{
	struct recorder *recorder = context;

	return collector_udp_destination(recorder->collector, key, ret);
}

static void on_udp_forget(void *context, const struct wire_udp_key *key)
{
	struct recorder *recorder = context;

	if (recorder->forget_count == recorder->forget_capacity) {
		size_t capacity = recorder->forget_capacity ? 2 * recorder->forget_capacity : 64;
		struct wire_udp_key *grown =
			reallocarray(recorder->forget, capacity, sizeof(*grown));

		if (!grown)
			return; /* costs an entry of the kernel's map */
		recorder->forget = grown;
		recorder->forget_capacity = capacity;
	}
	recorder->forget[recorder->forget_count++] = *key;
}

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

/* r, after a message if r is an error of the store. */
static int store_checked(struct recorder *recorder, int r)
{
	if (r)
		log_error("cannot write %s: %s; the kernel keeps recording until the ring is full",
			  store_path(recorder->store), store_error(recorder->store));
	return r;
}

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
		r = store_loss(recorder, &gap, counted.count);
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
		if (r || !drops_account_misses(&recorder->drops, i, counted, now_ns, &gap))
			continue;
		gap.kind = name;
		r = store_loss(recorder, &gap, counted);
	}
	return r == -ENOENT ? 0 : r;
}

/* Make gaps of what was lost since the last time. */
static int account_losses(struct recorder *recorder)
{
	int64_t now_ns = clock_unix_ns(&recorder->clock, clock_boot_ns());
	int r = account_misses(recorder, now_ns);

	for (const struct probe **probe = recorder->probes; *probe && !r; probe++)
		r = account_drops_of(recorder, *probe);
	recorder->drops.checked_ns = now_ns;
	return r;
}

/* Read what an earlier recorder accounted for of this ring. */
static void restore_losses(struct recorder *recorder)
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
		r = enrich_record(recorder->enrich, &recorder->record);
		if (r)
			return r;
		if (count % 1024 == 0 && clock_boot_ns() > deadline_ns)
			break;
	}
	return r < 0 ? r : count;
}

static int housekeeping(struct recorder *recorder, int64_t now_ns)
{
	int r;

	clock_sample(&recorder->clock);
	recorder->next_tick_ns = now_ns + TICK_NS;
	r = account_losses(recorder);
	if (r || now_ns < recorder->next_sweep_ns)
		return r;
	recorder->next_sweep_ns = now_ns + SWEEP_NS;
	return enrich_sweep(recorder->enrich, (uint64_t)now_ns);
}

/* Store what was taken in, then give the ring's space and the counted destinations back. */
static int commit(struct recorder *recorder)
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
	if (recorder->output) {
		r = output_flush(recorder->output);
		if (r)
			log_warning("cannot write to %s: %s; events go on to the database",
				    recorder->options.output_file, strerror(-r));
	}
	return 0;
}

/* One transaction. Returns the number of records in it, or -errno. */
static int run_batch(struct recorder *recorder)
{
	int64_t now_ns = clock_boot_ns();
	bool is_tick = now_ns >= recorder->next_tick_ns;
	int count, r;

	if (!is_tick && !ring_used_bytes(recorder->ring))
		return 0;
	r = store_checked(recorder, store_begin(recorder->store));
	if (r)
		return r;
	count = take_records(recorder);
	r = count < 0 ? count : 0;
	if (!r && is_tick)
		r = housekeeping(recorder, now_ns);
	if (!r)
		r = commit(recorder);
	return r ? store_checked(recorder, r) : count;
}

static int run(struct recorder *recorder, int signal_fd)
{
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	/* Edges only: the ring has data nearly always, and the timer is what paces us. */
	struct epoll_event ring_event = {.events = EPOLLIN | EPOLLET, .data.fd = -1};
	struct epoll_event signal_event = {.events = EPOLLIN, .data.fd = signal_fd};
	struct epoll_event event;
	int r = 0;

	if (epoll_fd < 0 ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, collector_ring_fd(recorder->collector),
		      &ring_event) ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, signal_fd, &signal_event)) {
		log_error("cannot wait for records: %m");
		return -errno;
	}
	for (;;) {
		bool is_busy =
			ring_used_bytes(recorder->ring) > ring_size_bytes(recorder->ring) / 8;
		int count = epoll_wait(epoll_fd, &event, 1, is_busy ? 0 : POLL_MS);

		if (count < 0 && errno != EINTR) {
			r = -errno;
			break;
		}
		if (count > 0 && event.data.fd == signal_fd)
			break;
		r = run_batch(recorder);
		if (r < 0)
			break;
	}
	close(epoll_fd);
	return r < 0 ? r : 0;
}

/* Stop recording and store all that was recorded. */
static int finish(struct recorder *recorder)
{
	int r;

	collector_detach(recorder->collector);
	/* A program that still runs on another CPU may yet submit its record. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	do
		r = run_batch(recorder);
	while (r > 0);
	if (r < 0)
		return r;
	if ((r = store_begin(recorder->store)) || (r = account_losses(recorder)) ||
	    (r = enrich_stop(recorder->enrich, (uint64_t)clock_boot_ns())) ||
	    (r = commit(recorder)))
		return store_checked(recorder, r);
	collector_unpin(recorder->collector);
	return 0;
}

/* r, after printing *message, which is freed, or the errno when there is none. */
static int complain(int r, char *message)
{
	if (r)
		log_error("%s", message ? message : strerror(-r));
	free(message);
	return r;
}

static int open_store(struct recorder *recorder)
{
	struct store_host host = {
		.name = recorder->host.name,
		.machine_id = recorder->host.machine_id,
		.boot_id = recorder->host.boot_id,
		.kernel = recorder->host.kernel,
	};
	char *message = NULL;
	int r = store_open(recorder->options.database, &host,
			   clock_unix_ns(&recorder->clock, clock_boot_ns()), &recorder->store,
			   &message);

	if (!r)
		recorder->clock.last_id = store_position(recorder->store)->last_id;
	return complain(r, message);
}

static int open_output(struct recorder *recorder)
{
	const char *path = recorder->options.output_file;
	int r = path ? output_open(path, &recorder->output) : 0;

	if (r)
		log_error("cannot open %s: %s; choose another file with --output_file", path,
			  strerror(-r));
	return r;
}

static int open_collector(struct recorder *recorder)
{
	char *message = NULL;
	int r = collector_open(recorder->options.pin_path, recorder->probes, &recorder->collector,
			       &message);

	if (!r)
		r = ring_open(collector_ring_fd(recorder->collector), &recorder->ring);
	return complain(r, message);
}

static void choose_probes(struct recorder *recorder)
{
	size_t count = 0;

	recorder->probes[count++] = &probe_process;
	for (const struct probe *const *probe = probes_builtin; *probe; probe++)
		if (config_probe(recorder->config, (*probe)->id))
			recorder->probes[count++] = *probe;
}

static void wire_up(struct recorder *recorder)
{
	recorder->process_sink = (struct process_sink){
		.context = recorder,
		.user_name = on_user_name,
		.image = on_image,
		.exit = on_exit_of,
	};
	recorder->enrich_sink = (struct enrich_sink){
		.context = recorder,
		.event = on_event,
		.outcome = on_outcome,
		.end = on_end,
		.show = on_show,
	};
	recorder->enrich_source = (struct enrich_source){
		.context = recorder,
		.listen_port = on_listen_port,
		.udp_socket = on_udp_socket,
		.udp_destination = on_udp_destination,
		.udp_forget = on_udp_forget,
	};
}

static int make_tables(struct recorder *recorder)
{
	wire_up(recorder);
	recorder->users = users_new();
	recorder->flows = flows_new();
	recorder->processes = process_table_new(&recorder->clock, &recorder->process_sink);
	if (recorder->users && recorder->flows && recorder->processes)
		recorder->enrich = enrich_new(&recorder->clock, recorder->processes,
					      recorder->flows, &recorder->enrich_sink,
					      &recorder->enrich_source, SESSION_MAX_NS);
	return complain(recorder->enrich ? 0 : -ENOMEM, NULL);
}

static bool ring_is_known(const struct recorder *recorder)
{
	return collector_was_recording(recorder->collector) &&
	       store_position(recorder->store)->ring_id == collector_ring_id(recorder->collector);
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

/* Go on where the recorder before this one was killed, if the kernel kept recording. */
static int resume_ring(struct recorder *recorder)
{
	const struct store_position *position = store_position(recorder->store);
	int r;

	if (!ring_is_known(recorder))
		return 0;
	restore_losses(recorder);
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
		r = run_batch(recorder);
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
		r = commit(recorder);
	return store_checked(recorder, r);
}

/*
 * Bring the tables to where the ring goes on. If the kernel kept recording, the
 * ring knows better than /proc who forked whom.
 */
static int load_processes(struct recorder *recorder)
{
	int r = restore(recorder);

	if (!r && ring_is_known(recorder))
		r = catch_up(recorder);
	return r ? r : seed(recorder);
}

static int record(struct recorder *recorder, int signal_fd)
{
	int r;

	umask(0027); /* the record is for root and its group */
	choose_probes(recorder);
	host_read(&recorder->host);
	clock_sample(&recorder->clock);
	if ((r = open_store(recorder)) || (r = open_output(recorder)) ||
	    (r = make_tables(recorder)) || (r = open_collector(recorder)) ||
	    (r = resume_ring(recorder)) || (r = load_processes(recorder)))
		return r;
	recorder->next_tick_ns = clock_boot_ns() + TICK_NS;
	recorder->next_sweep_ns = clock_boot_ns() + SWEEP_NS;
	log_info("recording");
	sd_notify(0, "READY=1");
	r = run(recorder, signal_fd);
	sd_notify(0, "STOPPING=1");
	return r ? r : finish(recorder);
}

static void recorder_close(struct recorder *recorder)
{
	enrich_free(recorder->enrich);
	flows_free(recorder->flows);
	process_table_free(recorder->processes);
	ring_free(recorder->ring);
	collector_free(recorder->collector);
	output_free(recorder->output);
	store_free(recorder->store);
	users_free(recorder->users);
	config_free(recorder->config);
	free(recorder->forget);
	free(recorder);
}

/* Signals that end the recorder come through a descriptor; nothing runs in a handler. */
static int open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int start(struct recorder *recorder)
{
	int signal_fd = open_signals();
	char *message = NULL;
	int r;

	if (signal_fd < 0)
		return complain(-errno, NULL) ? EXIT_FAILURE : 0;
	r = config_load(recorder->options.config, &recorder->config, &message);
	if (complain(r, message))
		return EXIT_USAGE;
	return record(recorder, signal_fd) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	char *message = NULL;
	int status = EXIT_SUCCESS;
	int r;

	if (!recorder)
		return EXIT_FAILURE;
	r = options_parse(argc, argv, &recorder->options, &message);
	if (complain(r, message)) {
		status = EXIT_USAGE;
	} else {
		switch (recorder->options.action) {
		case OPTIONS_HELP:
			options_print_help(stdout);
			break;
		case OPTIONS_VERSION:
			options_print_version(stdout);
			break;
		case OPTIONS_RECORD:
			status = start(recorder);
			break;
		}
	}
	recorder_close(recorder);
	return status;
}
