/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of ports, of which equal ones are kept once. */
#ifndef PIDTREE_PORT_SETS_H
#define PIDTREE_PORT_SETS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "wire.h"

#define PORT_MAX 65535

struct port_sets;

/* NULL when out of memory. port_sets_free() takes NULL too, and frees the sets. */
struct port_sets *port_sets_new(void);
void port_sets_free(struct port_sets *sets);

/* The set that equals *set; it belongs to sets. NULL when out of memory. */
const struct wire_port_set *port_sets_keep(struct port_sets *sets, const struct wire_port_set *set);

/* Enter first to last, both included. */
void port_set_add(struct wire_port_set *set, uint16_t first, uint16_t last);

bool port_set_contains(const struct wire_port_set *set, uint16_t port);

/* Print as a YAML list: [22, 8000-8099]. */
void port_set_print(const struct wire_port_set *set, FILE *out);

#endif
