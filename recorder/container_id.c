/* SPDX-License-Identifier: Apache-2.0 */
#include "container_id.h"

#include <string.h>

#define DIGITS "0123456789abcdef"

static bool ends_with(const char *text, size_t length, const char *end)
{
	size_t end_length = strlen(end);

	return length >= end_length && !memcmp(text + length - end_length, end, end_length);
}

/* Where the id is in a component of a path, NULL if there is none. */
static const char *find_id(const char *component, size_t length)
{
	const char *id;

	if (ends_with(component, length, ".scope"))
		length -= strlen(".scope");
	if (length < CONTAINER_ID_LENGTH)
		return NULL;
	length -= CONTAINER_ID_LENGTH;
	id = component + length;
	if (strspn(id, DIGITS) != CONTAINER_ID_LENGTH)
		return NULL;
	/* Runtimes name themselves before it. */
	if (length && !strchr("-:", id[-1]))
		return NULL;
	return ends_with(component, length, "conmon-") ? NULL : id;
}

bool container_id_parse(const char *path, char ret[CONTAINER_ID_SIZE])
{
	const char *found = NULL;

	while (*path) {
		size_t length = strcspn(path, "/");
		const char *id = find_id(path, length);

		if (id)
			found = id;
		path += length;
		path += strspn(path, "/");
	}
	if (!found)
		return false;
	memcpy(ret, found, CONTAINER_ID_LENGTH);
	ret[CONTAINER_ID_LENGTH] = '\0';
	return true;
}
