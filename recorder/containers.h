/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers: which cgroups are theirs, as the kernel tells; their names,
 * images and labels, as the runtime tells; and which probes want them.
 *
 * A container is there as long as it has a cgroup, runs, or somebody holds a
 * reference.
 */
#ifndef PIDTREE_CONTAINERS_H
#define PIDTREE_CONTAINERS_H

#include <cjson/cJSON.h>

#include "container_message.h"
#include "model.h"
#include "wire.h"

/* What containers ask of the rest of the recorder. Probes are bits: 1 << id. */
struct containers_sink {
	void *context;
	/* The runtime has told something of a container, to be stored. 0 or -errno. */
	int (*told)(void *context, const struct container *container);
	/* Ask the runtime about a container. True when its answer will come, by containers_tell. */
	bool (*ask)(void *context, const char *runtime_id);
	/* Which probes want a container with these labels (NULL: not known). */
	uint32_t (*wanted_by)(void *context, const cJSON *labels);
	/* Filters by containers are to let the processes of a cgroup pass, or not any more. */
	void (*open_cgroup)(void *context, const struct wire_cgroup_key *key, bool is_open);
	/* These probes, and no others, want what has this mount namespace. */
	void (*open_mount)(void *context, uint32_t mnt_ns, uint32_t probes);
};

struct containers;

/* sink stays the caller's and must outlive the result. NULL when out of memory. */
struct containers *containers_new(const struct containers_sink *sink);

/* Nobody may hold a reference any more. Takes NULL. */
void containers_free(struct containers *containers);

/* A reference more, or less. Both take NULL; the first one gives it back. */
const struct container *container_ref(const struct container *container);
void container_unref(const struct container *container);

/* A cgroup was made or removed. 0 or -ENOMEM. */
int containers_cgroup(struct containers *containers, const struct wire_cgroup *cgroup);

/* A cgroup that was there before; path as in wire_cgroup. 0 or -ENOMEM. */
int containers_seed(struct containers *containers, const struct wire_cgroup_key *key,
		    const char *path);

/* The container that a process is in, NULL when it is in none. No reference is taken. */
const struct container *containers_find(struct containers *containers,
					const struct wire_task *task);

/*
 * The container that an earlier recorder stored with a process, with a reference
 * for the caller; NULL: none, or out of memory.
 */
const struct container *containers_restore(struct containers *containers,
					   const struct process *process);

/* Take in what the runtime says. 0, -ENOMEM, or what the sink answered. */
int containers_tell(struct containers *containers, const struct container_message *message);

enum containers_verdict {
	CONTAINERS_WANTED,
	CONTAINERS_UNWANTED,
	CONTAINERS_UNDECIDED, /* the runtime has not answered yet */
};

/* Whether a probe wants a process of this container (or NULL) and mount namespace. */
enum containers_verdict containers_judge(const struct containers *containers, uint16_t probe,
					 const struct container *container, uint32_t mnt_ns);

/* The runtime does not answer: take the container for one that every probe wants. */
void containers_give_up(struct containers *containers, const struct container *container);

/*
 * What probes want has changed: ask the sink again about every container. What
 * is wanted now is opened; what is not wanted any more stays open to the kernel
 * until containers_close, so that new filters can take the place of old ones
 * in between.
 */
void containers_reconsider(struct containers *containers);
void containers_close(struct containers *containers);

/* Containers, and cgroups of containers, that are known. */
size_t containers_count(const struct containers *containers);
size_t containers_cgroup_count(const struct containers *containers);

#endif
