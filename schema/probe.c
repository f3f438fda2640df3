// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include <stddef.h>

#include "model.h"

const char *probe_name(uint32_t probe)
{
	switch (probe) {
#define X(upper, value, name)                                                                      \
	case PROBE_##upper:                                                                        \
		return name;
		PROBES(X)
#undef X
	}
	return NULL;
}
