// SPDX-License-Identifier: Apache-2.0
#include "port_sets.h"

#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 1 /* says so in the entry: see port_sets_keep() */
#include <uthash.h>

struct entry {
	UT_hash_handle hh;
	struct wire_port_set set;
};

struct port_sets {
	struct entry *entries;
};

struct port_sets *port_sets_new(void)
{
	return calloc(1, sizeof(struct port_sets));
}

void port_sets_free(struct port_sets *sets)
{
	struct entry *entry, *next;

	if (!sets)
		return;
	HASH_ITER (hh, sets->entries, entry, next) {
		HASH_DEL(sets->entries, entry);
		free(entry);
	}
	free(sets);
}

const struct wire_port_set *port_sets_keep(struct port_sets *sets, const struct wire_port_set *set)
{
	struct entry *entry;

	HASH_FIND(hh, sets->entries, set, sizeof(*set), entry);
	if (entry)
		return &entry->set;
	entry = malloc(sizeof(*entry));
	if (!entry)
		return NULL;
	entry->set = *set;
	HASH_ADD(hh, sets->entries, set, sizeof(*set), entry);
	if (entry->hh.tbl)
		return &entry->set;
	free(entry);
	return NULL;
}

void port_set_add(struct wire_port_set *set, uint16_t first, uint16_t last)
{
	for (uint32_t port = first; port <= last; port++)
		set->bits[port / 64] |= 1ull << (port % 64);
}

bool port_set_contains(const struct wire_port_set *set, uint16_t port)
{
	return set->bits[port / 64] >> (port % 64) & 1;
}

void port_set_print(const struct wire_port_set *set, FILE *out)
{
	const char *separator = "[";

	for (uint32_t first = 0; first <= PORT_MAX; first++) {
		uint32_t last = first;

		if (!port_set_contains(set, (uint16_t)first))
			continue;
		while (last < PORT_MAX && port_set_contains(set, (uint16_t)(last + 1)))
			last++;
		fprintf(out, "%s%u", separator, first);
		if (last > first)
			fprintf(out, "-%u", last);
		separator = ", ";
		first = last;
	}
	fputs(*separator == '[' ? "[]" : "]", out);
}
