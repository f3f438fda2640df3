// SPDX-License-Identifier: Apache-2.0
#include "lineage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "column.h"

/* About 30 MB at 400 bytes of strings each; then the cache starts anew. */
#define CACHED_IMAGES_MAX 65536

/* As the query's recursion: a guard against parents that go round in a circle. */
#define DEPTH_MAX 4096

/* An image with the strings it points to. */
struct image {
	struct process process;
	struct container container;
	char *argv, *comm, *exe, *cwd, *username, *loginname;
	char *container_id, *container_name, *container_image, *container_labels;
	size_t segment; /* where it was found */
	bool is_exit_looked_up;
	UT_hash_handle hh;
};

struct lineages {
	struct record *record;
	struct image *images; /* by process.id */
	const struct process **processes;
	size_t capacity;
};

struct lineages *lineages_new(struct record *record)
{
	struct lineages *lineages = calloc(1, sizeof(*lineages));

	if (lineages)
		lineages->record = record;
	return lineages;
}

static void image_free(struct image *image)
{
	if (!image)
		return;
	free(image->argv);
	free(image->comm);
	free(image->exe);
	free(image->cwd);
	free(image->username);
	free(image->loginname);
	free(image->container_id);
	free(image->container_name);
	free(image->container_image);
	free(image->container_labels);
	free(image);
}

static void forget_all(struct lineages *lineages)
{
	struct image *image, *next;

	HASH_ITER (hh, lineages->images, image, next) {
		HASH_DEL(lineages->images, image);
		image_free(image);
	}
}

void lineages_free(struct lineages *lineages)
{
	if (!lineages)
		return;
	forget_all(lineages);
	free(lineages->processes);
	free(lineages);
}

void lineages_cleanup(struct lineages **lineages)
{
	lineages_free(*lineages);
}

/* A copy of a name, with *ret NULL if the column is. False when out of memory. */
static bool copy_name(sqlite3_stmt *row, int column, char **ret)
{
	if (sqlite3_column_type(row, column) == SQLITE_NULL)
		return true;
	*ret = column_copy(row, column, NULL);
	return *ret;
}

static bool copy_strings(struct image *image, sqlite3_stmt *row)
{
	struct process *process = &image->process;

	image->argv = column_copy(row, 16, &process->argv_size);
	image->comm = column_copy(row, 17, NULL);
	image->exe = column_copy(row, 18, NULL);
	image->cwd = column_copy(row, 19, NULL);
	if (!image->argv || !image->comm || !image->exe || !image->cwd ||
	    !copy_name(row, 20, &image->username) || !copy_name(row, 21, &image->loginname))
		return false;
	process->argv = image->argv;
	process->comm = image->comm;
	process->exe = image->exe;
	process->cwd = image->cwd;
	process->username = image->username;
	process->loginname = image->loginname;
	return true;
}

static bool copy_container(struct image *image, sqlite3_stmt *row)
{
	if (!copy_name(row, 22, &image->container_id) ||
	    !copy_name(row, 23, &image->container_name) ||
	    !copy_name(row, 24, &image->container_image) ||
	    !copy_name(row, 25, &image->container_labels))
		return false;
	image->container = (struct container){
		.runtime_id = image->container_id,
		.name = image->container_name,
		.image = image->container_image,
		.labels = image->container_labels,
	};
	if (image->container_id)
		image->process.container = &image->container;
	return true;
}

/* From a row of lineage_get; NULL when out of memory. */
static struct image *image_new(sqlite3_stmt *row)
{
	struct image *image = calloc(1, sizeof(*image));

	if (!image)
		return NULL;
	image->process = (struct process){
		.id = sqlite3_column_int64(row, 0),
		.parent_id = sqlite3_column_int64(row, 1),
		.replaced_id = sqlite3_column_int64(row, 2),
		.start_ns = sqlite3_column_int64(row, 3),
		.start_boot_ns = sqlite3_column_int64(row, 4),
		.exit_ns = sqlite3_column_int64(row, 5),
		.exit_status = (uint32_t)sqlite3_column_int64(row, 6),
		.pid = (uint32_t)sqlite3_column_int64(row, 7),
		.uid = (uint32_t)sqlite3_column_int64(row, 8),
		.gid = (uint32_t)sqlite3_column_int64(row, 9),
		.loginuid = column_id(row, 10),
		.session = column_id(row, 11),
		.mnt_ns = (uint32_t)sqlite3_column_int64(row, 12),
		.net_ns = (uint32_t)sqlite3_column_int64(row, 13),
		.cgroup_id = (uint64_t)sqlite3_column_int64(row, 14),
		.flags = (uint32_t)sqlite3_column_int64(row, 15),
	};
	if (copy_strings(image, row) && copy_container(image, row))
		return image;
	image_free(image);
	return NULL;
}

static struct image *find(struct lineages *lineages, int64_t id)
{
	struct image *image;

	HASH_FIND(hh, lineages->images, &id, sizeof(id), image);
	return image;
}

/*
 * An image that lives on is in every later segment until the one in which it
 * exits; the first segment without it ends the search.
 */
static int look_up_exit(struct lineages *lineages, struct image *image)
{
	struct record *record = lineages->record;
	struct process *process = &image->process;
	size_t segment = image->segment;
	sqlite3_stmt *row;
	int r = 1;

	while (!process->exit_ns && r > 0 && ++segment < record_segment_count(record)) {
		r = record_statement(record, segment, STATEMENT_PROCESS_EXIT_GET, &row);
		if (r < 0)
			return r;
		sqlite3_bind_int64(row, 1, process->id);
		r = record_step(record, segment, row);
		if (r > 0) {
			process->exit_ns = sqlite3_column_int64(row, 0);
			process->exit_status = (uint32_t)sqlite3_column_int64(row, 1);
		}
		sqlite3_reset(row);
	}
	image->is_exit_looked_up = r >= 0;
	return r < 0 ? r : 0;
}

static bool remember(struct lineages *lineages, struct image *image)
{
	HASH_ADD(hh, lineages->images, process.id, sizeof(image->process.id), image);
	return image->hh.tbl;
}

/* Bring an image and the ancestors that the segment has into the cache. */
static int load_from(struct lineages *lineages, size_t segment, int64_t id)
{
	sqlite3_stmt *row;
	int r;

	r = record_statement(lineages->record, segment, STATEMENT_LINEAGE_GET, &row);
	if (r < 0)
		return r;
	sqlite3_bind_int64(row, 1, id);
	while ((r = record_step(lineages->record, segment, row)) > 0) {
		struct image *image;

		if (find(lineages, sqlite3_column_int64(row, 0)))
			break;
		image = image_new(row);
		if (!image || !remember(lineages, image)) {
			image_free(image);
			r = -ENOMEM;
			break;
		}
		image->segment = segment;
	}
	sqlite3_reset(row);
	return r < 0 ? r : 0;
}

/* The image from the cache or from any segment, the event's first; *ret is NULL if none has it. */
static int fetch(struct lineages *lineages, size_t segment, int64_t id, struct image **ret)
{
	size_t count = record_segment_count(lineages->record);
	int r = 0;

	*ret = find(lineages, id);
	for (size_t i = 0; !*ret && i < count; i++) {
		r = load_from(lineages, (segment + i) % count, id);
		if (r < 0)
			return r;
		*ret = find(lineages, id);
	}
	if (*ret && !(*ret)->is_exit_looked_up)
		return look_up_exit(lineages, *ret);
	return 0;
}

static int append(struct lineages *lineages, size_t depth, const struct process *process)
{
	if (depth == lineages->capacity) {
		size_t capacity = lineages->capacity ? 2 * lineages->capacity : 16;
		const struct process **grown =
			reallocarray(lineages->processes, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		lineages->processes = grown;
		lineages->capacity = capacity;
	}
	lineages->processes[depth] = process;
	return 0;
}

int lineage_fetch(struct lineages *lineages, size_t segment, int64_t process_id,
		  struct lineage *ret)
{
	size_t depth = 0;

	if (HASH_COUNT(lineages->images) > CACHED_IMAGES_MAX)
		forget_all(lineages);
	for (int64_t id = process_id; id && depth < DEPTH_MAX; depth++) {
		struct image *image;
		int r;

		r = fetch(lineages, segment, id, &image);
		if (r < 0)
			return r;
		if (!image)
			break;
		r = append(lineages, depth, &image->process);
		if (r < 0)
			return r;
		id = image->process.parent_id;
	}
	*ret = (struct lineage){lineages->processes, depth};
	return 0;
}
