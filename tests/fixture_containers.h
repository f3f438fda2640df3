/* SPDX-License-Identifier: Apache-2.0 */
/* Containers over a sink that keeps what it is told, and the cgroups that feed them. */
#ifndef PIDTREE_FIXTURE_CONTAINERS_H
#define PIDTREE_FIXTURE_CONTAINERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/containers.h"

#define OPENED_MAX 64

/* Ids of containers, and a cgroup of each. */
#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define PATH_A "/system.slice/docker-" ID_A ".scope"
#define PATH_B "/libpod_parent/libpod-" ID_B

struct opened {
	struct wire_cgroup_key key;
	bool is_open;
};

struct container_fixture {
	struct containers_sink sink;
	struct containers *containers;
	char asked[CONTAINER_RUNTIME_ID_SIZE]; /* the last one */
	size_t asks;
	bool is_mute; /* no question will be answered */
	size_t tells;
	struct opened opened[OPENED_MAX]; /* in order */
	size_t opens;
	uint32_t mount; /* the last one, and for which probes */
	uint32_t mount_probes;
	size_t mounts;
	int r; /* what the sink answers */
};

static inline int fixture_told(void *context, const struct container *container)
{
	struct container_fixture *fixture = context;

	assert_non_null(container->runtime_id);
	fixture->tells++;
	return fixture->r;
}

static inline bool fixture_ask(void *context, const char *runtime_id)
{
	struct container_fixture *fixture = context;

	strcpy(fixture->asked, runtime_id);
	fixture->asks++;
	return !fixture->is_mute;
}

/* The label "wanted" holds the bits of the probes. */
static inline uint32_t fixture_wanted_by(void *context, const cJSON *labels)
{
	const char *wanted =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(labels, "wanted"));

	(void)context;
	return wanted ? (uint32_t)strtoul(wanted, NULL, 0) : 0;
}

static inline void fixture_open_cgroup(void *context, const struct wire_cgroup_key *key,
				       bool is_open)
{
	struct container_fixture *fixture = context;

	assert_true(fixture->opens < OPENED_MAX);
	fixture->opened[fixture->opens++] = (struct opened){.key = *key, .is_open = is_open};
}

static inline void fixture_open_mount(void *context, uint32_t mnt_ns, uint32_t probes)
{
	struct container_fixture *fixture = context;

	fixture->mount = mnt_ns;
	fixture->mount_probes = probes;
	fixture->mounts++;
}

static inline void containers_open(struct container_fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	fixture->sink = (struct containers_sink){
		.context = fixture,
		.told = fixture_told,
		.ask = fixture_ask,
		.wanted_by = fixture_wanted_by,
		.open_cgroup = fixture_open_cgroup,
		.open_mount = fixture_open_mount,
	};
	fixture->containers = containers_new(&fixture->sink);
	assert_non_null(fixture->containers);
}

/* A record of a cgroup in the v2 hierarchy. */
static inline struct wire_cgroup cgroup_record(uint64_t id, const char *path, uint32_t flags)
{
	struct wire_cgroup cgroup = {
		.header = {.type = WIRE_CGROUP, .size = sizeof(cgroup)},
		.key = {.id = id, .hierarchy = WIRE_HIERARCHY_V2},
		.flags = flags,
	};

	snprintf(cgroup.path, sizeof(cgroup.path), "%s", path);
	return cgroup;
}

static inline void make_cgroup(struct container_fixture *fixture, uint64_t id, const char *path)
{
	struct wire_cgroup cgroup = cgroup_record(id, path, 0);

	assert_int_equal(containers_cgroup(fixture->containers, &cgroup), 0);
}

static inline void remove_cgroup(struct container_fixture *fixture, uint64_t id, const char *path)
{
	struct wire_cgroup cgroup = cgroup_record(id, path, WIRE_CGROUP_GONE);

	assert_int_equal(containers_cgroup(fixture->containers, &cgroup), 0);
}

/* The container of a process in this cgroup of the v2 hierarchy. */
static inline const struct container *container_in(struct container_fixture *fixture, uint64_t id)
{
	struct wire_task task = {.cgroup_id = id};

	return containers_find(fixture->containers, &task);
}

#endif
