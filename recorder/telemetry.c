/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry.h"

#include <stddef.h>
#include <stdio.h>

#include "timestamp.h"

const char *telemetry_count(struct telemetry *telemetry, uint64_t period, const char *probe,
			    int64_t now_ns, char line[TELEMETRY_LINE_SIZE])
{
	char timestamp[TIMESTAMP_TEXT_SIZE];

	if (!period || ++telemetry->events < period)
		return NULL;
	telemetry->events = 0;
	snprintf(line, TELEMETRY_LINE_SIZE,
		 "{\"type\":\"lost_event_telemetry\",\"count\":%llu,\"timestamp\":\"%s\","
		 "\"probe\":\"%s\"}",
		 (unsigned long long)telemetry->lost, timestamp_format_utc(now_ns, timestamp),
		 probe);
	return line;
}
