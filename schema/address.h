/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses: one type for both families. */
#ifndef PIDTREE_ADDRESS_H
#define PIDTREE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_TEXT_SIZE INET6_ADDRSTRLEN

/* size is 4 or 16, 0 for no address; bytes are in network order. */
struct address {
	uint8_t size;
	uint8_t bytes[16];
};

/* An address range: every address of the same family whose first prefix_bits agree. */
struct network {
	struct address address; /* host bits are zero */
	uint8_t prefix_bits;
};

/* The address of 16 wire bytes; a v4-mapped one (RFC 4291, 2.5.5.2) becomes IPv4. */
struct address address_from_mapped(const uint8_t mapped[16]);

/* The 16 bytes of an address, IPv4 as v4-mapped; zeroes for no address. */
void address_to_mapped(const struct address *address, uint8_t ret_mapped[16]);

/*
 * Write the usual text form (RFC 5952) to text, "" for no address. Returns text.
 */
const char *address_format(const struct address *address, char text[ADDRESS_TEXT_SIZE]);

/* Parse an IPv4 or IPv6 address; v4-mapped becomes IPv4. 0, or -EINVAL with *ret untouched. */
int address_parse(const char *text, struct address *ret);

/*
 * Parse ADDRESS/PREFIX or a bare ADDRESS (all bits). Host bits are cleared.
 * 0, or -EINVAL with *ret untouched.
 */
int network_parse(const char *text, struct network *ret);

/* The first and the last address of the range. */
void network_range(const struct network *network, struct address *ret_first,
		   struct address *ret_last);

bool network_contains(const struct network *network, const struct address *address);

/* True for an address of no size or all zeroes. */
bool address_is_any(const struct address *address);

#endif
