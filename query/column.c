// SPDX-License-Identifier: Apache-2.0
#include "column.h"

#include <stdlib.h>
#include <string.h>

struct address column_address(sqlite3_stmt *row, int column)
{
	struct address address = {0};
	const void *bytes = sqlite3_column_blob(row, column);
	int size = sqlite3_column_bytes(row, column);

	if (bytes && (size == 4 || size == 16)) {
		address.size = (uint8_t)size;
		memcpy(address.bytes, bytes, (size_t)size);
	}
	return address;
}

char *column_copy(sqlite3_stmt *row, int column, size_t *ret_size)
{
	const void *bytes = sqlite3_column_blob(row, column);
	size_t size = bytes ? (size_t)sqlite3_column_bytes(row, column) : 0;
	char *copy = malloc(size + 1);

	if (!copy)
		return NULL;
	if (size)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	if (ret_size)
		*ret_size = size;
	return copy;
}

uint32_t column_id(sqlite3_stmt *row, int column)
{
	if (sqlite3_column_type(row, column) == SQLITE_NULL)
		return NO_ID;
	return (uint32_t)sqlite3_column_int64(row, column);
}
