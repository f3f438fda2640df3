/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdlib.h>
#include <string.h>

struct text *text_new(const char *bytes, size_t size)
{
	struct text *text = malloc(sizeof(*text) + size + 1);

	if (!text)
		return NULL;
	text->references = 1;
	text->size = size;
	memcpy(text->bytes, bytes, size);
	text->bytes[size] = '\0';
	return text;
}

struct text *text_ref(struct text *text)
{
	if (text)
		text->references++;
	return text;
}

void text_unref(struct text *text)
{
	if (text && --text->references == 0)
		free(text);
}
