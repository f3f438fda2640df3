/* SPDX-License-Identifier: Apache-2.0 */
/* Probes by name. */
#ifndef PIDTREE_PROBE_H
#define PIDTREE_PROBE_H

#include <stdint.h>

/* The name of a probe that is built in, NULL for another. */
const char *probe_name(uint32_t probe);

#endif
