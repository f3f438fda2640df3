// SPDX-License-Identifier: Apache-2.0
#include "when.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "timestamp.h"

/* The parse_ functions move *text past what they have read, and only then return true. */

static const struct {
	const char *name;
	int64_t seconds;
} units[] = {
	{"s", 1},	  {"sec", 1},	     {"second", 1},   {"seconds", 1},  {"m", 60},
	{"min", 60},	  {"minute", 60},    {"minutes", 60}, {"h", 3600},     {"hour", 3600},
	{"hours", 3600},  {"d", 86400},	     {"day", 86400},  {"days", 86400}, {"w", 604800},
	{"week", 604800}, {"weeks", 604800},
};

/* A day as written: its fields, in local time until a zone says otherwise. */
struct moment {
	struct tm tm;
	int64_t fraction_ns;
	bool has_time;
	bool has_zone;
	long zone_seconds; /* east of UTC */
};

static const char *skip_spaces(const char *text)
{
	while (*text == ' ')
		text++;
	return text;
}

static bool parse_digits(const char **text, size_t count, int *ret)
{
	int value = 0;

	for (size_t i = 0; i < count; i++) {
		if (!isdigit((unsigned char)(*text)[i]))
			return false;
		value = 10 * value + ((*text)[i] - '0');
	}
	*text += count;
	*ret = value;
	return true;
}

static bool parse_char(const char **text, char wanted)
{
	if (**text != wanted)
		return false;
	(*text)++;
	return true;
}

static bool parse_word(const char **text, const char *word)
{
	size_t length = strlen(word);

	if (strncasecmp(*text, word, length) != 0 || isalnum((unsigned char)(*text)[length]))
		return false;
	*text += length;
	return true;
}

/* ".5": nanoseconds; digits beyond the ninth do not count. Nothing there is 0. */
static bool parse_fraction(const char **text, int64_t *ret_ns)
{
	int64_t scale = NSEC_PER_SEC / 10;
	const char *at = *text;

	*ret_ns = 0;
	if (*at != '.')
		return true;
	if (!isdigit((unsigned char)*++at))
		return false;
	for (; isdigit((unsigned char)*at); at++, scale /= 10)
		*ret_ns += scale * (*at - '0');
	*text = at;
	return true;
}

static bool parse_unsigned(const char **text, int64_t limit, int64_t *ret)
{
	const char *at = *text;
	int64_t value = 0;

	if (!isdigit((unsigned char)*at))
		return false;
	for (; isdigit((unsigned char)*at); at++) {
		value = 10 * value + (*at - '0');
		if (value > limit)
			return false;
	}
	*text = at;
	*ret = value;
	return true;
}

static bool parse_time_of_day(const char **text, struct moment *moment)
{
	const char *at = *text;
	struct tm *tm = &moment->tm;

	if (!parse_digits(&at, 2, &tm->tm_hour) || !parse_char(&at, ':') ||
	    !parse_digits(&at, 2, &tm->tm_min))
		return false;
	if (parse_char(&at, ':') &&
	    (!parse_digits(&at, 2, &tm->tm_sec) || !parse_fraction(&at, &moment->fraction_ns)))
		return false;
	if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 59)
		return false;
	moment->has_time = true;
	*text = at;
	return true;
}

/* Z, +hh, +hhmm or +hh:mm. */
static bool parse_zone(const char **text, struct moment *moment)
{
	const char *at = skip_spaces(*text);
	int hours, minutes = 0, sign = *at == '-' ? -1 : 1;

	if (parse_word(&at, "z") || parse_word(&at, "utc")) {
		hours = 0;
	} else {
		if (!parse_char(&at, '+') && !parse_char(&at, '-'))
			return false;
		if (!parse_digits(&at, 2, &hours))
			return false;
		if ((parse_char(&at, ':') || *at) && !parse_digits(&at, 2, &minutes))
			return false;
	}
	if (hours > 14 || minutes > 59)
		return false;
	moment->has_zone = true;
	moment->zone_seconds = sign * (hours * 3600L + minutes * 60L);
	*text = at;
	return true;
}

static bool is_real_day(const struct tm *day)
{
	struct tm copy = {.tm_year = day->tm_year, .tm_mon = day->tm_mon, .tm_mday = day->tm_mday};

	timegm(&copy); /* normalises: 31 April becomes 1 May */
	return copy.tm_mday == day->tm_mday && copy.tm_mon == day->tm_mon;
}

static bool parse_date(const char **text, struct tm *tm)
{
	const char *at = *text;
	int year, month;

	if (!parse_digits(&at, 4, &year) || !parse_char(&at, '-') ||
	    !parse_digits(&at, 2, &month) || !parse_char(&at, '-') ||
	    !parse_digits(&at, 2, &tm->tm_mday))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	/* Nanoseconds in 64 bits reach from 1970 to 2262. */
	if (year < 1970 || year > 2261 || !is_real_day(tm))
		return false;
	*text = at;
	return true;
}

static bool parse_day(const char **text, int64_t now_ns, struct tm *tm)
{
	time_t now = (time_t)(now_ns / NSEC_PER_SEC);
	struct tm today;

	if (parse_date(text, tm))
		return true;
	localtime_r(&now, &today);
	tm->tm_year = today.tm_year;
	tm->tm_mon = today.tm_mon;
	tm->tm_mday = today.tm_mday;
	if (parse_word(text, "today"))
		return true;
	if (parse_word(text, "yesterday")) {
		tm->tm_mday--; /* mktime() normalises */
		return true;
	}
	return false;
}

static int64_t moment_ns(const struct moment *moment, int days_later)
{
	struct tm tm = moment->tm;
	int64_t seconds;

	tm.tm_mday += days_later;
	tm.tm_isdst = -1;
	if (moment->has_zone)
		seconds = timegm(&tm) - moment->zone_seconds;
	else
		seconds = mktime(&tm);
	return seconds * NSEC_PER_SEC + moment->fraction_ns;
}

/* A day, a day with a time of day, or a time of day of today. */
static bool parse_calendar(const char *text, int64_t now_ns, enum when_edge edge, int64_t *ret_ns)
{
	struct moment moment = {0};
	bool has_day = parse_day(&text, now_ns, &moment.tm);

	if (has_day && (*text == 'T' || *text == 't')) {
		text++;
		if (!parse_time_of_day(&text, &moment))
			return false;
	} else if (has_day && *text && *text != ' ') {
		return false;
	} else {
		text = skip_spaces(text);
		if (!parse_time_of_day(&text, &moment) && !has_day)
			return false;
	}
	if (moment.has_time)
		parse_zone(&text, &moment);
	if (*skip_spaces(text))
		return false;
	if (!moment.has_time && edge == WHEN_LAST)
		*ret_ns = moment_ns(&moment, 1) - 1;
	else
		*ret_ns = moment_ns(&moment, 0);
	return true;
}

static bool parse_unit(const char **text, int64_t *ret_seconds)
{
	size_t length = 0;

	while (isalpha((unsigned char)(*text)[length]))
		length++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) != length ||
		    strncasecmp(units[i].name, *text, length) != 0)
			continue;
		*text += length;
		*ret_seconds = units[i].seconds;
		return true;
	}
	return false;
}

/* "1h 30min": its sum in seconds. */
static bool parse_span(const char **text, int64_t *ret_seconds)
{
	const int64_t limit = INT64_MAX / NSEC_PER_SEC / 2;
	int64_t total = 0, number, unit;
	const char *at = *text;

	do {
		if (!parse_unsigned(&at, limit, &number))
			return false;
		at = skip_spaces(at);
		if (!parse_unit(&at, &unit) || number > (limit - total) / unit)
			return false;
		total += number * unit;
		at = skip_spaces(at);
	} while (isdigit((unsigned char)*at));
	*text = at;
	*ret_seconds = total;
	return true;
}

static bool parse_relative(const char *text, int64_t now_ns, int64_t *ret_ns)
{
	bool minus = parse_char(&text, '-');
	int64_t seconds;

	if (!parse_span(&text, &seconds))
		return false;
	if (!parse_word(&text, "ago") && !minus)
		return false;
	if (*skip_spaces(text))
		return false;
	*ret_ns = now_ns - seconds * NSEC_PER_SEC;
	return true;
}

static bool parse_unix(const char *text, int64_t *ret_ns)
{
	int64_t seconds, fraction_ns;

	if (!parse_char(&text, '@') ||
	    !parse_unsigned(&text, INT64_MAX / NSEC_PER_SEC - 1, &seconds) ||
	    !parse_fraction(&text, &fraction_ns) || *skip_spaces(text))
		return false;
	*ret_ns = seconds * NSEC_PER_SEC + fraction_ns;
	return true;
}

int when_parse(const char *text, int64_t now_ns, enum when_edge edge, int64_t *ret_ns)
{
	text = skip_spaces(text);
	if (strcasecmp(text, "now") == 0) {
		*ret_ns = now_ns;
		return 0;
	}
	if (parse_unix(text, ret_ns) || parse_relative(text, now_ns, ret_ns) ||
	    parse_calendar(text, now_ns, edge, ret_ns))
		return 0;
	return -EINVAL;
}
