/* SPDX-License-Identifier: Apache-2.0 */
/* What the person asks for: addresses, networks and ports. */
#ifndef PIDTREE_TERMS_H
#define PIDTREE_TERMS_H

#include <stddef.h>

#include "model.h"

/* One term: a network, a port, or both. */
struct term {
	struct network network; /* address.size 0: any address */
	uint16_t port;		/* 0: any port */
};

/* What a term may look like, for messages and help. */
#define TERM_SYNTAX "ADDRESS, ADDRESS/BITS, :PORT, ADDRESS:PORT or [V6ADDRESS]:PORT"

/*
 * Parse one term of TERM_SYNTAX; brackets may also enclose a network or stand
 * without a port. 0, or -EINVAL with *ret untouched.
 */
int term_parse(const char *text, struct term *ret);

/*
 * True if the event's remote side (the local one of a listener, either one of
 * an event from a probe that is not built in) has the term's address and port.
 * A term without a port also matches by the address of the local side.
 */
bool term_matches(const struct term *term, const struct event *event);

/* True if all of count terms match; also for none. */
bool terms_match(const struct term *terms, size_t count, const struct event *event);

#endif
