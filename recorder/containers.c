/* SPDX-License-Identifier: Apache-2.0 */
#include "containers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "container_id.h"

#define ALL_PROBES UINT32_MAX
#define CGROUP_ROOT 1 /* the id of a hierarchy's root, cgroup_setup_root() */

struct known {
	struct container container; /* first: a pointer to it is one to this */
	struct containers *containers;
	unsigned references;
	char runtime_id[CONTAINER_RUNTIME_ID_SIZE];
	char *name;
	char *image;
	char *labels_text;
	cJSON *labels;
	uint32_t mnt_ns;     /* 0: not known */
	uint32_t wanted_by;  /* probes */
	uint32_t generation; /* of the listing after which it was last told of */
	bool is_running;     /* the runtime says so, which holds a reference */
	bool is_asked;	     /* the runtime will answer about it alone */
	bool is_decided;     /* the runtime has answered, or will not */
	UT_hash_handle hh;   /* by runtime_id */
};

/* A cgroup that is in a container. */
struct place {
	struct wire_cgroup_key key;
	struct known *known; /* a reference */
	UT_hash_handle hh;
};

struct containers {
	const struct containers_sink *sink;
	struct known *known;
	struct place *places;
	uint32_t generation; /* how many listings have begun */
};

struct containers *containers_new(const struct containers_sink *sink)
{
	struct containers *containers = calloc(1, sizeof(*containers));

	if (containers)
		containers->sink = sink;
	return containers;
}

static struct known *known_of(const struct container *container)
{
	return (struct known *)container;
}

static struct known *known_find(const struct containers *containers, const char *runtime_id)
{
	struct known *known;

	HASH_FIND_STR(containers->known, runtime_id, known);
	return known;
}

/* The container with this id and one reference more; NULL when out of memory. */
static struct known *known_get(struct containers *containers, const char *runtime_id)
{
	struct known *known = known_find(containers, runtime_id);

	if (known) {
		known->references++;
		return known;
	}
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	known->containers = containers;
	known->references = 1;
	snprintf(known->runtime_id, sizeof(known->runtime_id), "%s", runtime_id);
	known->container.runtime_id = known->runtime_id;
	HASH_ADD_STR(containers->known, runtime_id, known);
	if (known->hh.tbl)
		return known;
	free(known);
	return NULL;
}

const struct container *container_ref(const struct container *container)
{
	if (container)
		known_of(container)->references++;
	return container;
}

void container_unref(const struct container *container)
{
	struct known *known = known_of(container);

	if (!known || --known->references)
		return;
	HASH_DEL(known->containers->known, known);
	free(known->name);
	free(known->image);
	free(known->labels_text);
	cJSON_Delete(known->labels);
	free(known);
}

static struct place *place_find(const struct containers *containers,
				const struct wire_cgroup_key *key)
{
	struct place *place;

	HASH_FIND(hh, containers->places, key, sizeof(*key), place);
	return place;
}

static void place_remove(struct containers *containers, struct place *place)
{
	HASH_DEL(containers->places, place);
	container_unref(&place->known->container);
	free(place);
}

/* Enter a cgroup of a container, with the caller's reference to that, also on failure. */
static int place_add(struct containers *containers, const struct wire_cgroup_key *key,
		     struct known *known)
{
	struct place *place = place_find(containers, key);

	if (place)
		place_remove(containers, place);
	place = calloc(1, sizeof(*place));
	if (place) {
		place->key = *key;
		place->known = known;
		HASH_ADD(hh, containers->places, key, sizeof(place->key), place);
	}
	if (!place || !place->hh.tbl) {
		free(place);
		container_unref(&known->container);
		return -ENOMEM;
	}
	return 0;
}

void containers_free(struct containers *containers)
{
	struct place *place, *next_place;
	struct known *known, *next;

	if (!containers)
		return;
	HASH_ITER (hh, containers->places, place, next_place)
		place_remove(containers, place);
	HASH_ITER (hh, containers->known, known, next) {
		if (known->is_running)
			container_unref(&known->container);
	}
	free(containers);
}

static void open_mount(struct known *known, uint32_t probes)
{
	const struct containers_sink *sink = known->containers->sink;

	if (known->mnt_ns)
		sink->open_mount(sink->context, known->mnt_ns, probes);
}

static void open_cgroups(struct known *known, bool is_open)
{
	const struct containers_sink *sink = known->containers->sink;
	struct place *place, *next;

	HASH_ITER (hh, known->containers->places, place, next) {
		if (place->known == known)
			sink->open_cgroup(sink->context, &place->key, is_open);
	}
}

/* Whether filters in the kernel are to let it pass: the recorder sorts out the rest. */
static bool is_open(const struct known *known)
{
	return !known->is_decided || known->wanted_by;
}

static void decide(struct known *known, uint32_t wanted_by)
{
	known->is_asked = false;
	known->is_decided = true;
	known->wanted_by = wanted_by;
	open_mount(known, wanted_by);
	open_cgroups(known, is_open(known));
}

static void stop_running(struct known *known)
{
	if (!known->is_running)
		return;
	open_mount(known, 0);
	known->mnt_ns = 0;
	known->is_running = false;
	container_unref(&known->container);
}

static int enter(struct containers *containers, const struct wire_cgroup_key *key, const char *path,
		 bool is_new)
{
	const struct containers_sink *sink = containers->sink;
	char id[CONTAINER_ID_SIZE];
	struct known *known;
	int r;

	if (!container_id_parse(path, id)) {
		if (is_new)
			sink->open_cgroup(sink->context, key, false);
		return 0;
	}
	known = known_get(containers, id);
	if (!known)
		return -ENOMEM;
	r = place_add(containers, key, known);
	if (r)
		return r;
	if (!known->is_decided && !known->is_asked)
		known->is_asked = sink->ask(sink->context, known->runtime_id);
	if (known->is_decided || !is_new)
		sink->open_cgroup(sink->context, key, is_open(known));
	return 0;
}

int containers_cgroup(struct containers *containers, const struct wire_cgroup *cgroup)
{
	struct place *place;

	if (!(cgroup->flags & WIRE_CGROUP_GONE))
		return enter(containers, &cgroup->key, cgroup->path, true);
	place = place_find(containers, &cgroup->key);
	if (place)
		place_remove(containers, place);
	return 0;
}

int containers_seed(struct containers *containers, const struct wire_cgroup_key *key,
		    const char *path)
{
	return place_find(containers, key) ? 0 : enter(containers, key, path, false);
}

const struct container *containers_find(struct containers *containers, const struct wire_task *task)
{
	struct wire_cgroup_key v1 = {.id = task->cgroup_v1_id, .hierarchy = WIRE_HIERARCHY_V1};
	struct wire_cgroup_key v2 = {.id = task->cgroup_id, .hierarchy = WIRE_HIERARCHY_V2};
	const struct place *place = place_find(containers, &v1);

	if (!place)
		place = place_find(containers, &v2);
	return place ? &place->known->container : NULL;
}

static bool set_text(char **text, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return false;
	free(*text);
	*text = copy;
	return true;
}

const struct container *containers_restore(struct containers *containers,
					   const struct process *process)
{
	struct wire_cgroup_key key = {.id = process->cgroup_id, .hierarchy = WIRE_HIERARCHY_V2};
	const struct container *stored = process->container;
	struct known *known;

	if (!stored || !container_runtime_id_is_valid(stored->runtime_id))
		return NULL;
	known = known_get(containers, stored->runtime_id);
	if (!known)
		return NULL;
	if (!known->name && set_text(&known->name, stored->name))
		known->container.name = known->name;
	if (!known->image && set_text(&known->image, stored->image))
		known->container.image = known->image;
	if (!known->labels_text && set_text(&known->labels_text, stored->labels))
		known->container.labels = known->labels_text;
	/* Its cgroup may be gone by now, with records of its processes still in the ring. */
	if (key.id > CGROUP_ROOT && !place_find(containers, &key)) {
		known->references++;
		place_add(containers, &key, known);
	}
	return &known->container;
}

/* What has come from the runtime is taken over; what it does not say stays as it was. */
static bool take_over(struct known *known, const struct container_message *message)
{
	cJSON *labels = cJSON_Duplicate(message->labels, true);
	char *text = labels ? cJSON_PrintUnformatted(labels) : NULL;

	if (!text || (message->name && !set_text(&known->name, message->name)) ||
	    (message->image && !set_text(&known->image, message->image))) {
		cJSON_Delete(labels);
		free(text);
		return false;
	}
	cJSON_Delete(known->labels);
	free(known->labels_text);
	known->labels = labels;
	known->labels_text = text;
	known->container.name = known->name;
	known->container.image = known->image;
	known->container.labels = known->labels_text;
	return true;
}

static int tell_up(struct containers *containers, const struct container_message *message)
{
	const struct containers_sink *sink = containers->sink;
	struct known *known = known_get(containers, message->runtime_id);

	if (!known)
		return -ENOMEM;
	if (known->is_running)
		known->references--; /* it has the runtime's reference already */
	known->is_running = true;
	known->generation = containers->generation;
	if (!take_over(known, message))
		return -ENOMEM;
	if (message->mnt_ns && message->mnt_ns != known->mnt_ns) {
		open_mount(known, 0);
		known->mnt_ns = message->mnt_ns;
	}
	decide(known, sink->wanted_by(sink->context, known->labels));
	return sink->told(sink->context, &known->container);
}

/* After a listing: whoever was not in it does not run, and will not be told of. */
static void settle(struct containers *containers)
{
	struct known *known, *next;

	HASH_ITER (hh, containers->known, known, next) {
		if (!known->is_asked && !known->is_decided)
			decide(known, containers->sink->wanted_by(containers->sink->context, NULL));
		if (known->generation != containers->generation)
			stop_running(known);
	}
}

int containers_tell(struct containers *containers, const struct container_message *message)
{
	const struct containers_sink *sink = containers->sink;
	struct known *known;

	switch (message->type) {
	case CONTAINER_UP:
		return tell_up(containers, message);
	case CONTAINER_DOWN:
		known = known_find(containers, message->runtime_id);
		if (known)
			stop_running(known);
		break;
	case CONTAINER_UNKNOWN:
		known = known_find(containers, message->runtime_id);
		if (known && !known->labels)
			decide(known, sink->wanted_by(sink->context, NULL));
		break;
	case CONTAINER_LISTING:
		containers->generation++;
		break;
	case CONTAINER_LISTED:
		settle(containers);
		break;
	}
	return 0;
}

enum containers_verdict containers_judge(const struct containers *containers, uint16_t probe,
					 const struct container *container, uint32_t mnt_ns)
{
	uint32_t bit = 1u << probe % 32;
	const struct known *known = known_of(container);
	const struct known *each;

	if (known && !known->is_decided)
		return CONTAINERS_UNDECIDED;
	if (known)
		return known->wanted_by & bit ? CONTAINERS_WANTED : CONTAINERS_UNWANTED;
	/* Its cgroup does not tell. */
	for (each = containers->known; each && mnt_ns; each = each->hh.next)
		if (each->mnt_ns == mnt_ns && each->wanted_by & bit)
			return CONTAINERS_WANTED;
	return CONTAINERS_UNWANTED;
}

void containers_give_up(struct containers *containers, const struct container *container)
{
	(void)containers;
	decide(known_of(container), ALL_PROBES);
}

void containers_reconsider(struct containers *containers)
{
	const struct containers_sink *sink = containers->sink;
	struct known *known, *next;

	HASH_ITER (hh, containers->known, known, next) {
		if (!known->is_decided)
			continue;
		known->wanted_by = sink->wanted_by(sink->context, known->labels);
		open_mount(known, known->wanted_by);
		if (known->wanted_by)
			open_cgroups(known, true);
	}
}

void containers_close(struct containers *containers)
{
	struct known *known, *next;

	HASH_ITER (hh, containers->known, known, next) {
		if (!is_open(known))
			open_cgroups(known, false);
	}
}

size_t containers_count(const struct containers *containers)
{
	return HASH_COUNT(containers->known);
}

size_t containers_cgroup_count(const struct containers *containers)
{
	return HASH_COUNT(containers->places);
}
