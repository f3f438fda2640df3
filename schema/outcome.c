// SPDX-License-Identifier: Apache-2.0
#include "outcome.h"

#include <errno.h>
#include <string.h>

const char *outcome_name(enum outcome outcome)
{
	switch (outcome) {
#define X(upper, value, name)                                                                      \
	case OUTCOME_##upper:                                                                      \
		return name;
		OUTCOMES(X)
#undef X
	}
	return "";
}

/* What an errno at the end of an established connection says of it. */
static enum outcome outcome_of_end(uint32_t error)
{
	switch (error) {
	case ECONNRESET:
	case EPIPE:
		return OUTCOME_RESET;
	case ETIMEDOUT:
		return OUTCOME_TIMED_OUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
		return OUTCOME_UNREACHABLE;
	case ECONNABORTED:
		return OUTCOME_ABORTED;
	default:
		return OUTCOME_FAILED;
	}
}

enum outcome event_final_outcome(const struct event *event)
{
	if (event->outcome == OUTCOME_ESTABLISHED && event->end_ns && event->end_error)
		return outcome_of_end(event->end_error);
	return event->outcome;
}

static const char *errno_name(uint32_t error)
{
	const char *name = strerrorname_np((int)error);

	return name ? name : "unknown_errno";
}

const char *event_error(const struct event *event)
{
	if (event->probe == PROBE_UDP_SESSION && event->end_ns && event->end_reason == END_IDLE)
		return "session_max_duration_exceeded";
	if (event->outcome_ns && event->outcome_error)
		return errno_name(event->outcome_error);
	if (event->end_ns && event->end_error)
		return errno_name(event->end_error);
	return "";
}
