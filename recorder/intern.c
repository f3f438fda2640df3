/* SPDX-License-Identifier: Apache-2.0 */
#include "intern.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct entry {
	int64_t id;
	UT_hash_handle hh;
	char bytes[];
};

struct intern {
	struct entry *entries;
	size_t limit;
};

struct intern *intern_new(size_t limit)
{
	struct intern *intern = calloc(1, sizeof(*intern));

	if (intern)
		intern->limit = limit;
	return intern;
}

void intern_clear(struct intern *intern)
{
	struct entry *entry, *next;

	HASH_ITER (hh, intern->entries, entry, next) {
		HASH_DEL(intern->entries, entry);
		free(entry);
	}
}

void intern_free(struct intern *intern)
{
	if (!intern)
		return;
	intern_clear(intern);
	free(intern);
}

int64_t intern_find(const struct intern *intern, const void *bytes, size_t size)
{
	struct entry *entry;

	HASH_FIND(hh, intern->entries, bytes, size, entry);
	return entry ? entry->id : 0;
}

void intern_put(struct intern *intern, const void *bytes, size_t size, int64_t id)
{
	struct entry *entry = malloc(sizeof(*entry) + size);

	if (!entry)
		return;
	if (HASH_COUNT(intern->entries) >= intern->limit)
		intern_clear(intern);
	entry->id = id;
	memcpy(entry->bytes, bytes, size);
	HASH_ADD_KEYPTR(hh, intern->entries, entry->bytes, size, entry);
}
