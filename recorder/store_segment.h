/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a store, for the files that make it up. */
#ifndef PIDTREE_STORE_SEGMENT_H
#define PIDTREE_STORE_SEGMENT_H

#include <limits.h>
#include <sqlite3.h>

#include "intern.h"
#include "sql.h"
#include "store.h"
#include "store_keeper.h"

/* The statements of record.sql, prepared once. */
#define STATEMENTS(X)                                                                              \
	X(insert_process, SQL_INSERT_PROCESS)                                                      \
	X(update_process_exit, SQL_UPDATE_PROCESS_EXIT)                                            \
	X(insert_event, SQL_INSERT_EVENT)                                                          \
	X(insert_outcome, SQL_INSERT_OUTCOME)                                                      \
	X(insert_end, SQL_INSERT_END)                                                              \
	X(insert_gap, SQL_INSERT_GAP)                                                              \
	X(insert_text, SQL_INSERT_TEXT)                                                            \
	X(insert_address, SQL_INSERT_ADDRESS)                                                      \
	X(select_address, SQL_SELECT_ADDRESS)                                                      \
	X(replace_user, SQL_REPLACE_USER)                                                          \
	X(upsert_container, SQL_UPSERT_CONTAINER)                                                  \
	X(select_container, SQL_SELECT_CONTAINER)                                                  \
	X(replace_probe, SQL_REPLACE_PROBE)                                                        \
	X(select_probe_id, SQL_SELECT_PROBE_ID)                                                    \
	X(replace_meta, SQL_REPLACE_META)                                                          \
	X(select_meta, SQL_SELECT_META)                                                            \
	X(select_last_id, SQL_SELECT_LAST_ID)                                                      \
	X(select_living, SQL_SELECT_LIVING)                                                        \
	X(select_open, SQL_SELECT_OPEN)                                                            \
	X(begin, "BEGIN IMMEDIATE")                                                                \
	X(commit, "COMMIT")

struct statements {
#define X(name, sql) sqlite3_stmt *name;
	STATEMENTS(X)
#undef X
};

struct store {
	sqlite3 *db;
	struct store_keeper *keeper;
	struct statements statements;
	struct intern *texts;
	struct intern *addresses;
	struct intern *users;
	struct intern *containers;
	struct store_position position;
	int lock_fd;
	char path[PATH_MAX];
};

/* What the connection's last error means as -errno. */
int store_errno(const struct store *store);

/* Run a bound statement that returns no row, and make it ready for its next use. */
int store_run(struct store *store, sqlite3_stmt *statement);

/* Set a fact about the segment. */
int store_meta_int(struct store *store, const char *key, int64_t value);
int store_meta_text(struct store *store, const char *key, const char *value);

/* A fact about the segment, 0 if it is not there; also its text if text is not NULL. */
int64_t store_get_meta(struct store *store, const char *key, char *text, size_t size);

#endif
