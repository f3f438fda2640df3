/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that does what may be slow on a disk, with a connection of its
 * own, so that the thread that reads the ring never waits for it: it folds the
 * write-ahead log into the database.
 */
#ifndef PIDTREE_STORE_KEEPER_H
#define PIDTREE_STORE_KEEPER_H

struct store_keeper;

/* Start keeping the segment at path. 0 or -errno. */
int store_keeper_start(const char *path, struct store_keeper **ret);

/* Wait for what it is doing, and end it. Takes NULL. */
void store_keeper_stop(struct store_keeper *keeper);

#endif
