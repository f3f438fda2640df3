/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of a result row as the types of the record model. */
#ifndef PIDTREE_COLUMN_H
#define PIDTREE_COLUMN_H

#include <sqlite3.h>

#include "model.h"

/* An address of 4 or 16 bytes; no address for anything else. */
struct address column_address(sqlite3_stmt *row, int column);

/*
 * The bytes of a text or blob with a NUL behind them, "" for NULL, in new
 * memory that the caller frees; their number goes to *ret_size unless it is
 * NULL. NULL when out of memory.
 */
char *column_copy(sqlite3_stmt *row, int column, size_t *ret_size);

/* An id of 32 bits, NO_ID for NULL. */
uint32_t column_id(sqlite3_stmt *row, int column);

#endif
