/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From records to facts: finds the process behind each record, ties outcomes
 * and ends to their events, and hands the results on.
 */
#ifndef PIDTREE_ENRICH_H
#define PIDTREE_ENRICH_H

#include "clock.h"
#include "decode.h"
#include "flow.h"
#include "process_table.h"

/* Where facts go. Each returns 0 or -errno, which enrich_record passes on. */
struct enrich_sink {
	void *context;
	/* A cgroup was made or removed. */
	int (*cgroup)(void *context, const struct wire_cgroup *cgroup);
	/* Add to event->attributes, which stay the sink's until the next call. May be NULL. */
	int (*attributes)(void *context, struct event *event, const struct image *image);
	/* To be stored, in this order for each event; the process' image went before it. */
	int (*event)(void *context, const struct event *event);
	int (*outcome)(void *context, const struct event *event);
	int (*end)(void *context, const struct event *event);
	/* To be shown: a connect or listen when it is complete enough, a UDP session at its end. */
	void (*show)(void *context, const struct event *events, size_t count,
		     const struct image *image);
};

/* What must be asked of the kernel besides its records. */
struct enrich_source {
	void *context;
	/* The local port of the listening socket, 0 if it is gone. */
	uint16_t (*listen_port)(void *context, uint64_t cookie, uint32_t pid);
	/* Have the end of a listener recorded that was open before. */
	void (*follow_listener)(void *context, uint64_t cookie, uint64_t open_boot_ns);
	/* What is counted for a UDP socket, and for another destination than its first. */
	int (*udp_socket)(void *context, uint64_t cookie, struct wire_udp_socket *ret);
	int (*udp_destination)(void *context, const struct wire_udp_key *key,
			       struct wire_udp_count *ret);
	/* The count was handed on; to be removed once that is committed. */
	void (*udp_forget)(void *context, const struct wire_udp_key *key);
};

struct enrich;

/* All arguments stay the caller's and must outlive the result. NULL when out of memory. */
struct enrich *enrich_new(struct clock *clock, struct process_table *processes, struct flows *flows,
			  const struct enrich_sink *sink, const struct enrich_source *source,
			  uint64_t session_max_ns);
void enrich_free(struct enrich *enrich);

/* Take one record in. 0 or the first error of the sink. */
int enrich_record(struct enrich *enrich, const struct record *record);

/*
 * A socket was seen to listen at boot_ns, whoever made it and when: an event
 * with the attribute "snapshot". Its end is followed if it was not known.
 */
int enrich_listener(struct enrich *enrich, const struct wire_socket *socket, uint64_t boot_ns);

/*
 * Take up an event that an earlier recorder left open, after process_table_restore
 * and before any record.
 */
int enrich_restore(struct enrich *enrich, const struct event *event);

/* End the UDP sessions and destinations that have been idle too long at now_boot_ns. */
int enrich_sweep(struct enrich *enrich, uint64_t now_boot_ns);

/* End all UDP sessions because the recorder stops; nothing is recorded any more. */
int enrich_stop(struct enrich *enrich, uint64_t now_boot_ns);

#endif
