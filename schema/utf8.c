// SPDX-License-Identifier: Apache-2.0
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INVALID_TEXT_SIZE 4 /* \xHH */

/* By first byte: the length, and what the second byte may be; it alone rules out overlong forms. */
static const struct form {
	uint8_t first, last;
	uint8_t length;
	uint8_t second_first, second_last;
} forms[] = {
	{0x00, 0x7f, 1, 0, 0},	     {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
	{0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
	{0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const struct {
	uint32_t first, last;
} unsafe[] = {
	{0x00, 0x1f},	  {0x7f, 0x9f},	    {0x61c, 0x61c},   {0x200b, 0x200f},
	{0x2028, 0x202e}, {0x2060, 0x2069}, {0xfeff, 0xfeff},
};

static const struct form *form_of(uint8_t byte)
{
	/* The first row is ASCII, so that usual text ends the search at once. */
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (byte >= forms[i].first && byte <= forms[i].last)
			return &forms[i];
	return NULL;
}

size_t utf8_decode(const char *bytes, size_t size, uint32_t *ret_point)
{
	const uint8_t *byte = (const uint8_t *)bytes;
	const struct form *form = size ? form_of(byte[0]) : NULL;
	uint32_t point;

	if (!form || form->length > size)
		return 0;
	if (form->length == 1) {
		*ret_point = byte[0];
		return 1;
	}
	if (byte[1] < form->second_first || byte[1] > form->second_last)
		return 0;
	point = byte[0] & (0x7f >> form->length);
	for (size_t i = 1; i < form->length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (byte[i] & 0x3f);
	}
	*ret_point = point;
	return form->length;
}

bool utf8_is_unsafe(uint32_t point)
{
	if (point >= 0x20 && point < 0x7f) /* nearly all there is */
		return false;
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		if (point >= unsafe[i].first && point <= unsafe[i].last)
			return true;
	return false;
}

char *utf8_clean(const char *bytes, size_t size)
{
	char *clean, *at;

	if (size > (SIZE_MAX - 1) / INVALID_TEXT_SIZE)
		return NULL;
	at = clean = malloc(size * INVALID_TEXT_SIZE + 1);
	if (!clean)
		return NULL;
	while (size) {
		uint32_t point;
		size_t length = utf8_decode(bytes, size, &point);

		if (length) {
			memcpy(at, bytes, length);
			at += length;
		} else {
			length = 1;
			at += sprintf(at, "\\x%02x", (uint8_t)*bytes);
		}
		bytes += length;
		size -= length;
	}
	*at = '\0';
	return clean;
}
