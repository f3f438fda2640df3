// SPDX-License-Identifier: Apache-2.0
#include "escape.h"

#include <stdint.h>
#include <string.h>

#include "utf8.h"

void escape_write(FILE *out, const char *text, bool utf8)
{
	size_t size = strlen(text);

	while (size) {
		uint32_t point;
		size_t length = utf8_decode(text, size, &point);

		if (!length || (length == 1 && utf8_is_unsafe(point))) {
			length = 1;
			fprintf(out, "\\x%02x", (uint8_t)*text);
		} else if (utf8_is_unsafe(point) || (length > 1 && !utf8)) {
			fprintf(out, "\\u{%x}", point);
		} else {
			fwrite(text, 1, length, out);
		}
		text += length;
		size -= length;
	}
}
