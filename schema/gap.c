// SPDX-License-Identifier: Apache-2.0
#include "gap.h"

const char *gap_reason_text(enum gap_reason reason)
{
	switch (reason) {
#define X(upper, value, text)                                                                      \
	case GAP_##upper:                                                                          \
		return text;
		GAP_REASONS(X)
#undef X
	}
	return "unknown reason";
}
