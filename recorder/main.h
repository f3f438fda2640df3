/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder as a whole, for the files main*.c alone: they put the parts
 * together and run them. One thread reads the ring, decodes, enriches, stores
 * and commits; only then is the ring's space given back.
 */
#ifndef PIDTREE_MAIN_H
#define PIDTREE_MAIN_H

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

/* main.c */

/* r, after printing *message, which is freed, or the errno when there is none. */
int complain(int r, char *message);

/* main_wiring.c */

/* Fill in the sinks and sources by which the parts reach each other. */
void recorder_wire_up(struct recorder *recorder);

/* main_config.c */

/* Read the configuration file as it is now. 0, or -errno and a message to be freed. */
int recorder_load_config(struct recorder *recorder, struct config **ret, char **ret_message);

/* Load what a configuration wants of other probes and of plugins. */
int recorder_load_extensions(struct recorder *recorder, const struct config *config,
			     struct plugins **ret, char **ret_message);

/* Let the file's new content count if it makes sense; otherwise the old one stays. 0 or -errno. */
int recorder_reload(struct recorder *recorder);

/* Let the configuration's filters count, of which none does so far or an older one does. */
int recorder_apply_filters(void *context);

/* main_start.c */

/* Probes from elsewhere have the numbers by which the segment knows them. */
int recorder_number_probes(struct recorder *recorder);

/* Go on where the recorder before this one was killed, if the kernel kept recording. */
int recorder_resume_ring(struct recorder *recorder);

/*
 * Bring the tables to where the ring goes on. If the kernel kept recording, the
 * ring knows better than /proc who forked whom.
 */
int recorder_load_processes(struct recorder *recorder);

/* main_loss.c */

/* Make gaps of what was lost since the last time. */
int recorder_account_losses(struct recorder *recorder);

/* Read what an earlier recorder accounted for of this ring. */
void recorder_restore_losses(struct recorder *recorder);

/* main_batch.c */

/* r, after a message if r is an error of the store. */
int store_checked(struct recorder *recorder, int r);

/* Store what was taken in, then give the ring's space and the counted destinations back. */
int recorder_commit(struct recorder *recorder);

/* One transaction. Returns the number of records in it, or -errno. */
int recorder_run_batch(struct recorder *recorder);

/* main_loop.c */

/* Record until a signal says stop, or the configuration wants a new start. 0 or -errno. */
int recorder_run(struct recorder *recorder);

/* Stop recording and store all that was recorded. */
int recorder_finish(struct recorder *recorder);

#endif
