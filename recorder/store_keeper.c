/* SPDX-License-Identifier: Apache-2.0 */
#include "store_keeper.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define CHECKPOINT_SECONDS 1

struct store_keeper {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	bool is_stopping;
	sqlite3 *db;
};

/* False when it is time to stop. */
static bool keeper_wait(struct store_keeper *keeper)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += CHECKPOINT_SECONDS;
	pthread_mutex_lock(&keeper->mutex);
	while (!keeper->is_stopping && r != ETIMEDOUT)
		r = pthread_cond_clockwait(&keeper->condition, &keeper->mutex, CLOCK_MONOTONIC,
					   &until);
	r = !keeper->is_stopping;
	pthread_mutex_unlock(&keeper->mutex);
	return r;
}

static void *keeper_run(void *context)
{
	struct store_keeper *keeper = context;

	/* PASSIVE takes no lock that the recorder or a query would wait for. */
	while (keeper_wait(keeper))
		sqlite3_wal_checkpoint_v2(keeper->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return NULL;
}

int store_keeper_start(const char *path, struct store_keeper **ret)
{
	struct store_keeper *keeper = calloc(1, sizeof(*keeper));
	int r;

	if (!keeper)
		return -ENOMEM;
	if (sqlite3_open_v2(path, &keeper->db, SQLITE_OPEN_READWRITE, NULL)) {
		r = -EIO;
		goto fail;
	}
	pthread_mutex_init(&keeper->mutex, NULL);
	pthread_cond_init(&keeper->condition, NULL);
	r = -pthread_create(&keeper->thread, NULL, keeper_run, keeper);
	if (r)
		goto fail;
	*ret = keeper;
	return 0;

fail:
	sqlite3_close(keeper->db);
	free(keeper);
	return r;
}

void store_keeper_stop(struct store_keeper *keeper)
{
	if (!keeper)
		return;
	pthread_mutex_lock(&keeper->mutex);
	keeper->is_stopping = true;
	pthread_cond_signal(&keeper->condition);
	pthread_mutex_unlock(&keeper->mutex);
	pthread_join(keeper->thread, NULL);
	sqlite3_close(keeper->db);
	free(keeper);
}
