// SPDX-License-Identifier: Apache-2.0
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "timestamp.h"

#define NSEC_PER_MSEC 1000000LL

/* One decimal up to three digits. */
static void format_scaled(double value, const char *unit, char text[UNITS_TEXT_SIZE])
{
	int decimals = value < 99.95 ? 1 : 0;

	snprintf(text, UNITS_TEXT_SIZE, "%.*f %s", decimals, value, unit);
}

const char *units_bytes(uint64_t bytes, char text[UNITS_TEXT_SIZE])
{
	static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)bytes;
	size_t i = 0;

	if (bytes < 1000) {
		snprintf(text, UNITS_TEXT_SIZE, "%" PRIu64 " B", bytes);
		return text;
	}
	for (; value >= 999.5; i++)
		value /= 1000;
	format_scaled(value, names[i], text);
	return text;
}

const char *units_span(int64_t span_ns, bool utf8, char text[UNITS_TEXT_SIZE])
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	int64_t seconds = span_ns / NSEC_PER_SEC;

	if (span_ns <= 0)
		return strcpy(text, "0 s");
	if (span_ns < NSEC_PER_MSEC)
		snprintf(text, UNITS_TEXT_SIZE, "%lld %s", (long long)(span_ns / 1000),
			 utf8 ? "µs" : "us");
	else if (span_ns < NSEC_PER_SEC - NSEC_PER_MSEC / 2) /* 999.6 ms reads 1.0 s */
		format_scaled((double)span_ns / NSEC_PER_MSEC, "ms", text);
	else if (seconds < 60)
		format_scaled((double)span_ns / NSEC_PER_SEC, "s", text);
	for (size_t i = 0; seconds >= 60 && i < 3; i++) {
		if (seconds < units[i].seconds)
			continue;
		snprintf(text, UNITS_TEXT_SIZE, "%lld %s %lld %s",
			 (long long)(seconds / units[i].seconds), units[i].name,
			 (long long)(seconds % units[i].seconds / units[i + 1].seconds),
			 units[i + 1].name);
		break;
	}
	return text;
}

const char *units_count(uint64_t count, char text[UNITS_TEXT_SIZE])
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *at = text;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return text;
}
