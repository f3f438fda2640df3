// SPDX-License-Identifier: Apache-2.0
#include "timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Seconds rounded down, so that the fraction is never negative. */
static time_t split(int64_t unix_ns, long *ret_fraction_ns)
{
	int64_t seconds = unix_ns / NSEC_PER_SEC;
	int64_t fraction = unix_ns % NSEC_PER_SEC;

	if (fraction < 0) {
		fraction += NSEC_PER_SEC;
		seconds--;
	}
	*ret_fraction_ns = (long)fraction;
	return (time_t)seconds;
}

const char *timestamp_format_utc(int64_t unix_ns, char text[TIMESTAMP_TEXT_SIZE])
{
	long fraction_ns;
	time_t seconds = split(unix_ns, &fraction_ns);
	size_t length;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	length = strftime(text, TIMESTAMP_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + length, TIMESTAMP_TEXT_SIZE - length, ".%06ldZ", fraction_ns / 1000);
	return text;
}

const char *timestamp_format_local(int64_t unix_ns, char text[TIMESTAMP_TEXT_SIZE])
{
	long fraction_ns;
	time_t seconds = split(unix_ns, &fraction_ns);
	size_t length;
	struct tm tm;

	localtime_r(&seconds, &tm);
	length = strftime(text, TIMESTAMP_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &tm);
	/* tm_zone may come from TZ and be long; what does not fit is cut. */
	snprintf(text + length, TIMESTAMP_TEXT_SIZE - length, ".%03ld %.10s", fraction_ns / 1000000,
		 tm.tm_zone);
	return text;
}
