/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"

#define WAITING_MAX (8 * 1024 * 1024)  /* bytes kept for a reader that is slow, or one batch */
#define PIECE_SIZE ((size_t)64 * 1024) /* bytes written at once */
#define STALL_MS 200		       /* without taking anything: the reader has stalled */
#define CLOSE_MS 2000		       /* the same, at the end */

struct lines {
	char *bytes;
	size_t size;
	size_t capacity;
	size_t count;
};

struct output {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int fd;
	bool is_closing;
	bool is_idle; /* the thread has nothing left to write */
	int error;    /* of writes since it was last told */
	size_t lost;  /* lines since then */
	bool is_writable;
	bool is_stalled;
	uint64_t progress;    /* pieces written */
	struct lines batch;   /* since the last flush; the recorder's */
	struct lines waiting; /* for the thread */
	const struct process *tree[TREE_DEPTH];
};

static bool lines_append(struct lines *lines, const char *bytes, size_t size, size_t count)
{
	if (lines->capacity - lines->size < size) {
		size_t capacity = 2 * (lines->size + size);
		char *grown = realloc(lines->bytes, capacity);

		if (!grown)
			return false;
		lines->bytes = grown;
		lines->capacity = capacity;
	}
	memcpy(lines->bytes + lines->size, bytes, size);
	lines->size += size;
	lines->count += count;
	return true;
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

static void free_lines(void *lines)
{
	free(((struct lines *)lines)->bytes);
}

/* Take what waits; false when there is nothing and will be nothing. */
static bool take_waiting(struct output *output, struct lines *taken)
{
	pthread_mutex_lock(&output->mutex);
	output->is_idle = !output->waiting.size;
	pthread_cond_broadcast(&output->changed);
	while (!output->waiting.size && !output->is_closing)
		pthread_cond_wait(&output->changed, &output->mutex);
	*taken = output->waiting;
	output->waiting = (struct lines){0};
	output->is_idle = !taken->size;
	pthread_mutex_unlock(&output->mutex);
	return taken->size > 0;
}

/* The reader took something: whoever waits for room may go on. */
static void note_progress(struct output *output)
{
	pthread_mutex_lock(&output->mutex);
	output->progress++;
	output->is_stalled = false;
	pthread_cond_broadcast(&output->changed);
	pthread_mutex_unlock(&output->mutex);
}

/* Write piece by piece, so that a slow reader is told from one that has stalled. */
static int write_lines(struct output *output, const struct lines *lines)
{
	int state, r = 0;

	for (size_t at = 0; at < lines->size && !r; at += PIECE_SIZE) {
		size_t left = lines->size - at;

		pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
		r = write_all(output->fd, lines->bytes + at, left < PIECE_SIZE ? left : PIECE_SIZE);
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
		if (!r)
			note_progress(output);
	}
	return r;
}

static void *output_run(void *context)
{
	struct output *output = context;
	struct lines taken;
	int state, r;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	while (take_waiting(output, &taken)) {
		pthread_cleanup_push(free_lines, &taken);
		r = write_lines(output, &taken);
		pthread_mutex_lock(&output->mutex);
		output->is_writable = !r;
		if (r) {
			output->error = r;
			output->lost += taken.count;
		}
		pthread_mutex_unlock(&output->mutex);
		pthread_cleanup_pop(1);
	}
	return NULL;
}

static int open_fd(const char *path)
{
	struct stat status;

	if (!strcmp(path, "-"))
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	/* Opened for reading too, a FIFO waits for no reader. */
	if (!stat(path, &status) && S_ISFIFO(status.st_mode))
		return open(path, O_RDWR | O_CLOEXEC);
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

int output_open(const char *path, struct output **ret)
{
	struct output *output = calloc(1, sizeof(*output));
	pthread_condattr_t monotonic;
	int r;

	if (!output)
		return -ENOMEM;
	output->fd = open_fd(path);
	if (output->fd < 0) {
		r = -errno;
		free(output);
		return r;
	}
	output->is_writable = output->is_idle = true;
	pthread_mutex_init(&output->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&output->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	r = -pthread_create(&output->thread, NULL, output_run, output);
	if (r) {
		close(output->fd);
		free(output);
		return r;
	}
	*ret = output;
	return 0;
}

/* A time on the clock of output->changed, milliseconds from now. */
static struct timespec later(long milliseconds)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_nsec += milliseconds * 1000000;
	time.tv_sec += time.tv_nsec / 1000000000;
	time.tv_nsec %= 1000000000;
	return time;
}

/* Wait until all is written, as long as the reader takes something. */
static void await_written(struct output *output)
{
	bool is_moving = true;

	while ((output->waiting.size || !output->is_idle) && is_moving) {
		struct timespec until = later(CLOSE_MS);
		uint64_t progress = output->progress;

		is_moving = !pthread_cond_timedwait(&output->changed, &output->mutex, &until) ||
			    output->progress != progress;
	}
}

void output_free(struct output *output)
{
	if (!output)
		return;
	output_flush(output, &(size_t){0});
	pthread_mutex_lock(&output->mutex);
	await_written(output);
	output->is_closing = true;
	free(output->waiting.bytes);
	output->waiting = (struct lines){0};
	pthread_cond_broadcast(&output->changed);
	if (!output->is_idle)
		pthread_cancel(output->thread);
	pthread_mutex_unlock(&output->mutex);
	pthread_join(output->thread, NULL);
	close(output->fd);
	pthread_cond_destroy(&output->changed);
	pthread_mutex_destroy(&output->mutex);
	free(output->batch.bytes);
	free(output);
}

void output_line(struct output *output, const char *line)
{
	if (!lines_append(&output->batch, line, strlen(line), 0) ||
	    !lines_append(&output->batch, "\n", 1, 1))
		output->batch.size = output->batch.count = 0;
}

void output_events(struct output *output, const struct event *events, size_t count,
		   const char *probe, const struct image *image)
{
	size_t depth = image_tree(image, output->tree, TREE_DEPTH);
	_cleanup_free_ char *line = json_event(events, count, probe, output->tree, depth);

	if (line)
		output_line(output, line);
}

static bool has_room(const struct output *output)
{
	return !output->waiting.size || output->waiting.size + output->batch.size <= WAITING_MAX;
}

/*
 * Wait for room as long as the reader takes something now and then. One that
 * has stalled is not waited for again until it does.
 */
static void await_room(struct output *output)
{
	while (!has_room(output) && !output->is_stalled) {
		struct timespec until = later(STALL_MS);
		uint64_t progress = output->progress;

		if (pthread_cond_timedwait(&output->changed, &output->mutex, &until) &&
		    output->progress == progress)
			output->is_stalled = true;
	}
}

int output_flush(struct output *output, size_t *ret_lost)
{
	struct lines *batch = &output->batch;
	int r;

	pthread_mutex_lock(&output->mutex);
	await_room(output);
	if (!has_room(output)) {
		output->error = -EAGAIN;
		output->lost += batch->count;
	} else if (batch->size &&
		   !lines_append(&output->waiting, batch->bytes, batch->size, batch->count)) {
		output->error = -ENOMEM;
		output->lost += batch->count;
	}
	batch->size = batch->count = 0;
	r = output->error;
	*ret_lost = output->lost;
	output->error = 0;
	output->lost = 0;
	pthread_cond_broadcast(&output->changed);
	pthread_mutex_unlock(&output->mutex);
	return r;
}

bool output_is_writable(struct output *output)
{
	bool is_writable;

	pthread_mutex_lock(&output->mutex);
	is_writable = output->is_writable;
	pthread_mutex_unlock(&output->mutex);
	return is_writable;
}
