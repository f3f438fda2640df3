/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open segment: rows go in between store_begin and store_commit, together
 * with the ring position up to which they came, so that a restart knows where
 * to go on. Nothing else in the recorder knows SQLite.
 *
 * All functions return 0 or -errno, and store_error tells the cause. A failure
 * may have rolled the transaction back, and what the store remembers of its
 * strings with it: free the store then, and take the records in again from the
 * position of the last commit.
 */
#ifndef PIDTREE_STORE_H
#define PIDTREE_STORE_H

#include "model.h"

struct store;

/* What the segment says of the host; the strings are copied. */
struct store_host {
	const char *name;
	const char *machine_id;
	const char *boot_id;
	const char *kernel;
};

/* How far a segment had come when its recorder went. */
struct store_position {
	int64_t last_id;
	char boot_id[40];
	uint32_t ring_id;	/* of the BPF map; means nothing after a reboot */
	uint64_t ring_position; /* bytes */
	int64_t last_ns;	/* Unix: last commit; 0: a new segment */
};

/*
 * Open the newest segment of directory that is not sealed, or make one. The
 * directory is made if it is missing, and locked against other recorders.
 * *ret_message is a line for people on failure, which the caller frees.
 */
int store_open(const char *directory, const struct store_host *host, int64_t now_ns,
	       struct store **ret, char **ret_message);
void store_free(struct store *store);

/* The segment's path. It belongs to store. */
const char *store_path(const struct store *store);

/* What the last failure was about, for people; belongs to store. */
const char *store_error(const struct store *store);

/* Where the recorder before this one stopped. */
const struct store_position *store_position(const struct store *store);

int store_begin(struct store *store);

/* A container, or what has come to be known of one; what it does not say stays. */
int store_container(struct store *store, const struct container *container);

int store_process(struct store *store, const struct process *process);
int store_process_exit(struct store *store, int64_t id, int64_t exit_ns, uint32_t status);
int store_event(struct store *store, const struct event *event);
int store_outcome(struct store *store, const struct event *event);
int store_end(struct store *store, const struct event *event);
int store_gap(struct store *store, const struct gap *gap);
int store_probe(struct store *store, uint32_t id, const char *name);

/*
 * The number that the segment knows a probe by; for one that it does not know,
 * the next that is free, at least least_id.
 */
int store_probe_id(struct store *store, const char *name, uint32_t least_id, uint32_t *ret_id);

/*
 * How many lost records of a kind the segment's gaps account for, of those that
 * this ring's counters count; to be stored with the gap. 0 when it never was.
 */
int store_set_drops(struct store *store, uint32_t ring_id, const char *kind, uint64_t count);
uint64_t store_get_drops(struct store *store, uint32_t ring_id, const char *kind);

int store_commit(struct store *store, uint32_t ring_id, uint64_t ring_position, int64_t now_ns);

/*
 * What an earlier recorder left open in this segment: processes that had not
 * exited and their ancestors, parents first; then events without an end. The
 * structs are valid during the call only.
 */
int store_restore(struct store *store, int (*process)(void *context, const struct process *process),
		  int (*event)(void *context, const struct event *event), void *context);

#endif
