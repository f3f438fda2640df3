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
#include "collector_objects.h"
#include "config.h"
#include "container_gate.h"
#include "container_scan.h"
#include "decode.h"
#include "drops.h"
#include "enrich.h"
#include "filter.h"
#include "flow.h"
#include "gap.h"
#include "host.h"
#include "log.h"
#include "options.h"
#include "output.h"
#include "plugin.h"
#include "probe_extra.h"
#include "process_table.h"
#include "remote.h"
#include "ring.h"
#include "seed.h"
#include "store.h"
#include "telemetry.h"
#include "timestamp.h"
#include "user.h"
#include "watch.h"

#define EXIT_USAGE 2 /* of the command line or the configuration */

#define POLL_MS 50		    /* between looks at the ring */
#define TICK_NS NSEC_PER_SEC	    /* between housekeeping, which commits in any case */
#define BATCH_NS (NSEC_PER_SEC / 5) /* a batch that takes longer is committed */
#define BATCH_RECORDS (64 * 1024)   /* and so is one with this many records */
#define SWEEP_NS (5 * NSEC_PER_SEC) /* between looks for idle UDP sessions */

struct recorder {
	struct options options;
	int signal_fd;
	int epoll_fd;
	struct config *config;
	struct remote *remote;		   /* what the configuration includes from URLs */
	struct extra_probes *extra_probes; /* NULL without --extra-probe-path */
	struct plugins *plugins;
	struct host host;
	struct clock clock;
	struct users *users;
	struct store *store;
	struct output *output; /* NULL without --output_file */
	struct collector *collector;
	struct container_gate *containers;
	struct filter *filters[WIRE_PROBES]; /* by probe id; NULL where a probe has none */
	struct ring *ring;
	struct process_table *processes;
	struct flows *flows;
	struct enrich *enrich;
	struct drops drops;
	struct telemetry telemetry[WIRE_PROBES];     /* by probe id */
	struct watch *watch;			     /* NULL without --watch-config */
	const struct probe *probes[WIRE_PROBES + 3]; /* those that are on, ended by NULL */
	struct container_gate_sink container_sink;
	struct process_sink process_sink;
	struct enrich_sink enrich_sink;
	struct enrich_source enrich_source;
	struct record record; /* the one being taken in */
	int64_t next_tick_ns; /* boot times */
	int64_t next_sweep_ns;
	int64_t next_snapshot_ns; /* INT64_MAX: never */
	int64_t next_health_ns;
	int64_t commit_ns;   /* the last one */
	uint64_t unreadable; /* records since the last tick that made no sense */
	bool is_to_restart;
	bool containers_have_news;
	/* Destinations whose counts are in the open transaction. */
	struct wire_udp_key *forget;
	size_t forget_count;
	size_t forget_capacity;
};

/* r, after printing *message, which is freed, or the errno when there is none. */
static int complain(int r, char *message)
{
	if (r)
		log_error("%s", message ? message : strerror(-r));
	free(message);
	return r;
}

static const char *probe_name_of(const struct recorder *recorder, uint32_t id)
{
	const struct probe *const *probe = recorder->probes;

	while (*probe && (*probe)->id != id)
		probe++;
	return *probe ? (*probe)->name : "unknown";
}

/* What the parts ask of each other, by way of the recorder. */

static const char *on_user_name(void *context, uint32_t uid)
{
	struct recorder *recorder = context;

	return users_name(recorder->users, uid);
}

static const struct container *on_container(void *context, const struct wire_task *task)
{
	struct recorder *recorder = context;

	return container_ref(
		containers_find(container_gate_containers(recorder->containers), task));
}

static const struct container *on_stored_container(void *context, const struct process *process)
{
	struct recorder *recorder = context;

	return containers_restore(container_gate_containers(recorder->containers), process);
}

static int on_cgroup(void *context, const struct wire_cgroup *cgroup)
{
	struct recorder *recorder = context;

	return containers_cgroup(container_gate_containers(recorder->containers), cgroup);
}

static int on_container_told(void *context, const struct container *container)
{
	struct recorder *recorder = context;

	return store_container(recorder->store, container);
}

static void on_open_cgroup(void *context, const struct wire_cgroup_key *key, bool is_open)
{
	struct recorder *recorder = context;

	if (recorder->collector)
		collector_open_cgroup(recorder->collector, key, is_open);
}

static void on_open_mount(void *context, uint32_t mnt_ns, uint32_t probes)
{
	struct recorder *recorder = context;

	for (uint32_t id = 0; id < WIRE_PROBES; id++)
		if (recorder->filters[id] &&
		    filter_set_container(recorder->filters[id], mnt_ns, probes >> id & 1))
			log_warning("cannot enter a container in the filter of %s",
				    probe_name_of(recorder, id));
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

static int on_attributes(void *context, struct event *event, const struct image *image)
{
	struct recorder *recorder = context;

	return plugins_run(recorder->plugins, probe_name_of(recorder, event->probe), event, image,
			   &event->attributes);
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

static void count_for_telemetry(struct recorder *recorder, uint32_t probe)
{
	char buffer[TELEMETRY_LINE_SIZE];
	const char *line = telemetry_count(
		&recorder->telemetry[probe % WIRE_PROBES], recorder->options.lost_event_telemetry,
		probe_name_of(recorder, probe), clock_unix_ns(&recorder->clock, clock_boot_ns()),
		buffer);

	if (line)
		output_line(recorder->output, line);
}

static void on_show(void *context, const struct event *events, size_t count,
		    const struct image *image)
{
	struct recorder *recorder = context;

	if (!recorder->output)
		return;
	output_events(recorder->output, events, count, probe_name_of(recorder, events->probe),
		      image);
	count_for_telemetry(recorder, events->probe);
}

static uint16_t on_listen_port(void *context, uint64_t cookie, uint32_t pid)
{
	struct recorder *recorder = context;

	(void)pid;
	return collector_listen_port(recorder->collector, cookie);
}

static void on_follow_listener(void *context, uint64_t cookie, uint64_t open_boot_ns)
{
	struct recorder *recorder = context;

	collector_follow_listener(recorder->collector, cookie, open_boot_ns);
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

/* Make gaps of what was lost since the last time. */
static int account_losses(struct recorder *recorder)
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

/* What a supervisor should restart us for. */
static int check_health(struct recorder *recorder, int64_t now_ns)
{
	int64_t period_ns = (int64_t)recorder->options.health_check_period * NSEC_PER_SEC;
	const char *ailment = NULL;

	if (!period_ns || now_ns < recorder->next_health_ns)
		return 0;
	recorder->next_health_ns = now_ns + period_ns;
	if (!collector_is_attached(recorder->collector))
		ailment = "programs are not attached any more";
	else if (recorder->output && !output_is_writable(recorder->output))
		ailment = "the output file cannot be written";
	else if (now_ns - recorder->commit_ns > period_ns)
		ailment = "nothing was committed since the last check";
	if (!ailment)
		return 0;
	log_error("health check failed: %s", ailment);
	return -EIO;
}

static int housekeeping(struct recorder *recorder, int64_t now_ns)
{
	int r;

	clock_sample(&recorder->clock);
	recorder->next_tick_ns = now_ns + TICK_NS;
	r = account_losses(recorder);
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
	if (recorder->output)
		flush_output(recorder);
	recorder->commit_ns = clock_boot_ns();
	return 0;
}

/* One transaction. Returns the number of records in it, or -errno. */
static int run_batch(struct recorder *recorder)
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
		r = commit(recorder);
	return r ? store_checked(recorder, r) : count;
}

static int load_config(struct recorder *recorder, struct config **ret, char **ret_message)
{
	struct config_source source = {
		.path = recorder->options.config,
		.remote = recorder->remote,
		.extra_probes = extra_probes_names(recorder->extra_probes),
	};

	return config_load(&source, ret, ret_message);
}

static int add_plugins(struct plugins *plugins, const struct config *config, const char *probe,
		       char **ret_message)
{
	const struct probe_config *section = config_probe_named(config, probe);

	return section ? plugins_add(plugins, section, ret_message) : 0;
}

/* Load what a configuration wants of other probes and of plugins. */
static int load_extensions(struct recorder *recorder, const struct config *config,
			   struct plugins **ret, char **ret_message)
{
	struct plugins *plugins = plugins_new(NULL, recorder->options.extra_plugin_path);
	const char *const *name = extra_probes_names(recorder->extra_probes);
	const struct probe *extra;
	int r = plugins ? 0 : -ENOMEM;

	for (const struct probe *const *probe = probes_builtin; *probe && !r; probe++)
		r = add_plugins(plugins, config, (*probe)->name, ret_message);
	for (; *name && !r; name++) {
		if (!config_probe_named(config, *name))
			continue;
		r = extra_probes_load(recorder->extra_probes, *name, &extra, ret_message);
		if (!r)
			r = add_plugins(plugins, config, *name, ret_message);
	}
	if (r) {
		plugins_free(plugins);
		return r;
	}
	*ret = plugins;
	return 0;
}

/* Whether a recorder with this configuration would start. */
static int try_extensions(struct recorder *recorder, const struct config *config)
{
	struct plugins *plugins = NULL;
	char *message = NULL;
	int r = load_extensions(recorder, config, &plugins, &message);

	plugins_free(plugins);
	return complain(r, message);
}

static int apply_filters(void *context);

/* Let the configuration file's new content count, if it makes sense; otherwise the old one stays.
 */
static int reload(struct recorder *recorder)
{
	struct config *config;
	char *message = NULL;
	int r = load_config(recorder, &config, &message);

	if (complain(r, message)) {
		log_warning("the configuration stays as it was");
		return 0;
	}
	if (!config_equal_except_hot(recorder->config, config)) {
		r = try_extensions(recorder, config);
		config_free(config);
		if (r) {
			log_warning("the configuration stays as it was");
			return 0;
		}
		log_info("the configuration changed in more than its filters: starting anew");
		recorder->is_to_restart = true;
		return 0;
	}
	container_gate_configure(recorder->containers, recorder->probes, config);
	config_free(recorder->config);
	recorder->config = config;
	r = apply_filters(recorder);
	container_gate_close(recorder->containers);
	if (r)
		log_error("cannot apply the new filters: %s", strerror(-r));
	else
		log_info("reloaded %s", recorder->options.config);
	return r;
}

/* True when the signal asks to stop. */
static bool take_signal(struct recorder *recorder, int *ret)
{
	struct signalfd_siginfo signal;

	if (read(recorder->signal_fd, &signal, sizeof(signal)) != sizeof(signal))
		return false;
	if (signal.ssi_signo != SIGHUP)
		return true;
	*ret = reload(recorder);
	return false;
}

static int poll_add(struct recorder *recorder, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(recorder->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int open_poll(struct recorder *recorder)
{
	int r;

	recorder->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (recorder->epoll_fd < 0)
		return -errno;
	/* Edges only: the ring has data nearly always, and the timer is what paces us. */
	r = poll_add(recorder, collector_ring_fd(recorder->collector), EPOLLIN | EPOLLET);
	if (!r)
		r = poll_add(recorder, container_gate_fd(recorder->containers), EPOLLIN);
	if (!r)
		r = poll_add(recorder, recorder->signal_fd, EPOLLIN);
	if (!r && recorder->watch)
		r = poll_add(recorder, watch_fd(recorder->watch), EPOLLIN);
	if (!r)
		r = remote_start(recorder->remote, REMOTE_PERIOD_MS);
	if (!r)
		r = poll_add(recorder, remote_fd(recorder->remote), EPOLLIN);
	return r;
}

/* True when what is to be read from fd says that the configuration changed. */
static bool config_has_changed(struct recorder *recorder, int fd)
{
	if (recorder->watch && fd == watch_fd(recorder->watch))
		return watch_read(recorder->watch);
	if (fd != remote_fd(recorder->remote))
		return false;
	remote_acknowledge(recorder->remote);
	return true;
}

/* Wait for something to do. 1 to go on, 0 to stop, or -errno. */
static int wait_for_work(struct recorder *recorder)
{
	bool is_busy = ring_used_bytes(recorder->ring) > ring_size_bytes(recorder->ring) / 8;
	struct epoll_event event;
	int count = epoll_wait(recorder->epoll_fd, &event, 1, is_busy ? 0 : POLL_MS);
	int r = 0;

	if (count < 0 && errno != EINTR)
		return -errno;
	if (count <= 0)
		return 1;
	if (event.data.fd == container_gate_fd(recorder->containers))
		recorder->containers_have_news = true;
	if (event.data.fd == recorder->signal_fd && take_signal(recorder, &r))
		return 0;
	if (config_has_changed(recorder, event.data.fd))
		r = reload(recorder);
	return r ? r : !recorder->is_to_restart;
}

static int run(struct recorder *recorder)
{
	int r = open_poll(recorder);

	if (r) {
		log_error("cannot wait for records: %s", strerror(-r));
		return r;
	}
	while ((r = wait_for_work(recorder)) > 0) {
		r = run_batch(recorder);
		if (r >= 0)
			r = check_health(recorder, clock_boot_ns());
		if (r < 0)
			break;
	}
	return r;
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

/* Say so if a section has what its probe cannot do. 0. */
static int warn_of_filters(const struct probe_config *config)
{
	if (config->filter_count || config->includeports || config->excludeports ||
	    config->container_label_count)
		log_warning("the probe %s does not filter: filters, includeports, excludeports and "
			    "container_labels of its section do nothing",
			    config->name);
	return 0;
}

/* Let the configuration's filters count, of which none does so far or an older one does. */
static int apply_filters(void *context)
{
	struct recorder *recorder = context;
	int r = 0;

	for (const struct probe **probe = recorder->probes; *probe && !r; probe++) {
		const struct probe_config *config =
			config_probe_named(recorder->config, (*probe)->name);
		struct filter **filter = &recorder->filters[(*probe)->id];

		if (!config)
			continue;
		if (!*filter)
			r = filter_open(recorder->options.pin_path, (*probe)->name, filter);
		if (r == -ENOENT) /* a probe from elsewhere may have no filters */
			r = warn_of_filters(config);
		else if (!r)
			r = filter_apply(*filter, config);
	}
	return r;
}

static int open_collector(struct recorder *recorder)
{
	char *message = NULL;
	int r = collector_open(recorder->options.pin_path, recorder->probes, apply_filters,
			       recorder, &recorder->collector, &message);

	if (!r)
		r = ring_open(collector_ring_fd(recorder->collector), &recorder->ring);
	return complain(r, message);
}

/* Those from elsewhere that are on, which have been loaded, behind count others. */
static void choose_extra_probes(struct recorder *recorder, size_t count)
{
	const char *const *name = extra_probes_names(recorder->extra_probes);
	char *message = NULL;

	for (; *name && count < WIRE_PROBES + 2; name++)
		if (config_probe_named(recorder->config, *name) &&
		    !extra_probes_load(recorder->extra_probes, *name, &recorder->probes[count],
				       &message))
			count++;
	free(message);
}

static void choose_probes(struct recorder *recorder)
{
	size_t count = 0;

	recorder->probes[count++] = &probe_process;
	recorder->probes[count++] = &probe_cgroup;
	for (const struct probe *const *probe = probes_builtin; *probe; probe++)
		if (config_probe(recorder->config, (*probe)->id))
			recorder->probes[count++] = *probe;
	choose_extra_probes(recorder, count);
}

static int on_probe_id(void *context, const char *name, uint32_t least_id, uint32_t *ret_id)
{
	struct recorder *recorder = context;

	return store_checked(recorder, store_probe_id(recorder->store, name, least_id, ret_id));
}

/* Probes from elsewhere have the numbers by which the segment knows them. */
static int number_probes(struct recorder *recorder)
{
	char *message = NULL;

	if (!recorder->extra_probes)
		return 0;
	return complain(
		extra_probes_number(recorder->extra_probes, on_probe_id, recorder, &message),
		message);
}

static void wire_up(struct recorder *recorder)
{
	recorder->container_sink = (struct container_gate_sink){
		.context = recorder,
		.told = on_container_told,
		.open_cgroup = on_open_cgroup,
		.open_mount = on_open_mount,
	};
	recorder->process_sink = (struct process_sink){
		.context = recorder,
		.user_name = on_user_name,
		.container = on_container,
		.stored_container = on_stored_container,
		.image = on_image,
		.exit = on_exit_of,
	};
	recorder->enrich_sink = (struct enrich_sink){
		.context = recorder,
		.cgroup = on_cgroup,
		.attributes = on_attributes,
		.event = on_event,
		.outcome = on_outcome,
		.end = on_end,
		.show = on_show,
	};
	recorder->enrich_source = (struct enrich_source){
		.context = recorder,
		.listen_port = on_listen_port,
		.follow_listener = on_follow_listener,
		.udp_socket = on_udp_socket,
		.udp_destination = on_udp_destination,
		.udp_forget = on_udp_forget,
	};
}

static uint64_t session_max_ns(const struct recorder *recorder)
{
	const struct probe_config *config = config_probe(recorder->config, PROBE_UDP_SESSION);

	return config ? config->session_max_ns : 0;
}

static int make_tables(struct recorder *recorder)
{
	wire_up(recorder);
	recorder->users = users_new();
	recorder->flows = flows_new();
	recorder->containers = container_gate_new(&recorder->container_sink);
	recorder->processes = process_table_new(&recorder->clock, &recorder->process_sink);
	if (recorder->users && recorder->flows && recorder->containers && recorder->processes)
		recorder->enrich = enrich_new(&recorder->clock, recorder->processes,
					      recorder->flows, &recorder->enrich_sink,
					      &recorder->enrich_source, session_max_ns(recorder));
	return complain(recorder->enrich ? 0 : -ENOMEM, NULL);
}

/* Know the containers before any record of a process of theirs is taken in. */
static int start_containers(struct recorder *recorder)
{
	container_gate_configure(recorder->containers, recorder->probes, recorder->config);
	return complain(container_gate_start(recorder->containers), NULL);
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

/* Snapshots begin as soon as the recorder runs. */
static int64_t first_snapshot_ns(const struct recorder *recorder)
{
	const struct probe_config *config = config_probe(recorder->config, PROBE_NET_LISTEN);

	return config && config->snapshot_period_ns ? 0 : INT64_MAX;
}

static int open_watch(struct recorder *recorder)
{
	int r;

	if (!recorder->options.watch_config)
		return 0;
	r = watch_open(config_files(recorder->config), &recorder->watch);
	if (r)
		log_error("cannot watch %s: %s", recorder->options.config, strerror(-r));
	return r;
}

static int record(struct recorder *recorder)
{
	int r;

	umask(0027); /* the record is for root and its group */
	choose_probes(recorder);
	recorder->next_snapshot_ns = INT64_MAX; /* none before all processes are known */
	host_read(&recorder->host);
	clock_sample(&recorder->clock);
	if ((r = open_store(recorder)) || (r = number_probes(recorder)) ||
	    (r = open_output(recorder)) || (r = make_tables(recorder)) ||
	    (r = open_collector(recorder)) || (r = resume_ring(recorder)) ||
	    (r = start_containers(recorder)) || (r = load_processes(recorder)) ||
	    (r = open_watch(recorder)))
		return r;
	recorder->next_tick_ns = clock_boot_ns() + TICK_NS;
	recorder->next_sweep_ns = clock_boot_ns() + SWEEP_NS;
	recorder->next_snapshot_ns = first_snapshot_ns(recorder);
	log_info("recording");
	sd_notify(0, "READY=1");
	r = run(recorder);
	if (r || recorder->is_to_restart) /* the kernel keeps recording for whoever comes next */
		return r;
	sd_notify(0, "STOPPING=1");
	return finish(recorder);
}

static void recorder_close(struct recorder *recorder)
{
	for (size_t i = 0; i < WIRE_PROBES; i++)
		filter_free(recorder->filters[i]);
	enrich_free(recorder->enrich);
	flows_free(recorder->flows);
	process_table_free(recorder->processes);
	container_gate_free(recorder->containers);
	ring_free(recorder->ring);
	collector_free(recorder->collector);
	output_free(recorder->output);
	store_free(recorder->store);
	users_free(recorder->users);
	plugins_free(recorder->plugins);
	extra_probes_free(recorder->extra_probes);
	config_free(recorder->config);
	remote_free(recorder->remote);
	watch_free(recorder->watch);
	if (recorder->epoll_fd >= 0)
		close(recorder->epoll_fd);
	if (recorder->signal_fd >= 0)
		close(recorder->signal_fd);
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
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int find_extra_probes(struct recorder *recorder, char **ret_message)
{
	const char *directory = recorder->options.extra_probe_path;

	return directory ? extra_probes_find(directory, &recorder->extra_probes, ret_message) : 0;
}

/* cache_dir: where copies of what comes from URLs are kept, NULL: nowhere. */
static int open_config(struct recorder *recorder, const char *cache_dir)
{
	char *message = NULL;
	int r = -ENOMEM;

	recorder->remote = remote_new(cache_dir, REMOTE_TIMEOUT_MS);
	if (recorder->remote)
		r = find_extra_probes(recorder, &message);
	if (!r)
		r = load_config(recorder, &recorder->config, &message);
	if (!r)
		r = load_extensions(recorder, recorder->config, &recorder->plugins, &message);
	return complain(r, message);
}

static int open_config_with_copies(struct recorder *recorder)
{
	char *cache_dir;
	int r;

	if (asprintf(&cache_dir, "%s/includes", recorder->options.database) < 0)
		return complain(-ENOMEM, NULL);
	r = open_config(recorder, cache_dir);
	free(cache_dir);
	return r;
}

static int check_config(struct recorder *recorder)
{
	if (open_config(recorder, NULL))
		return EXIT_USAGE;
	printf("%s: ok\n", recorder->options.config);
	return EXIT_SUCCESS;
}

/* --print-and-quit: what would be in effect. */
static int print_config(struct recorder *recorder)
{
	if (open_config(recorder, NULL))
		return EXIT_USAGE;
	choose_probes(recorder);
	config_print(recorder->config, stdout);
	objects_set_log();
	return complain(objects_print_hooks(recorder->probes, stdout), NULL) ? EXIT_FAILURE
									     : EXIT_SUCCESS;
}

static int start(struct recorder *recorder)
{
	recorder->signal_fd = open_signals();
	if (recorder->signal_fd < 0)
		return complain(-errno, NULL) ? EXIT_FAILURE : 0;
	if (open_config_with_copies(recorder))
		return EXIT_USAGE;
	return record(recorder) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The recorder anew, with the configuration as it is now. Returns only if that fails. */
static int start_anew(char **argv)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", argv);
	log_error("cannot start anew: %m");
	return EXIT_FAILURE;
}

static int act(struct recorder *recorder)
{
	switch (recorder->options.action) {
	case OPTIONS_HELP:
		options_print_help(stdout);
		config_print_help(stdout);
		return EXIT_SUCCESS;
	case OPTIONS_PRINT_MANUAL:
		config_print_manual(stdout);
		return EXIT_SUCCESS;
	case OPTIONS_CHECK_CONFIG:
		return check_config(recorder);
	case OPTIONS_PRINT:
		return print_config(recorder);
	case OPTIONS_VERSION:
		options_print_version(stdout);
		return EXIT_SUCCESS;
	case OPTIONS_RECORD:
		return start(recorder);
	}
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	char *message = NULL;
	bool is_to_restart;
	int status;
	int r;

	if (!recorder)
		return EXIT_FAILURE;
	recorder->epoll_fd = recorder->signal_fd = -1;
	r = options_parse(argc, argv, &recorder->options, &message);
	status = complain(r, message) ? EXIT_USAGE : act(recorder);
	is_to_restart = recorder->is_to_restart;
	recorder_close(recorder);
	return is_to_restart && status == EXIT_SUCCESS ? start_anew(argv) : status;
}
