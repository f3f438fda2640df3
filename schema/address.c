// SPDX-License-Identifier: Apache-2.0
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

struct address address_from_mapped(const uint8_t mapped[16])
{
	struct address address = {0};

	if (memcmp(mapped, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		address.size = 4;
		memcpy(address.bytes, mapped + sizeof(mapped_prefix), 4);
	} else {
		address.size = 16;
		memcpy(address.bytes, mapped, 16);
	}
	return address;
}

void address_to_mapped(const struct address *address, uint8_t ret_mapped[16])
{
	memset(ret_mapped, 0, 16);
	if (address->size == 4) {
		memcpy(ret_mapped, mapped_prefix, sizeof(mapped_prefix));
		memcpy(ret_mapped + sizeof(mapped_prefix), address->bytes, 4);
	} else if (address->size == 16) {
		memcpy(ret_mapped, address->bytes, 16);
	}
}

const char *address_format(const struct address *address, char text[ADDRESS_TEXT_SIZE])
{
	int family = address->size == 4 ? AF_INET : AF_INET6;

	text[0] = '\0';
	if (address->size)
		inet_ntop(family, address->bytes, text, ADDRESS_TEXT_SIZE);
	return text;
}

int address_parse(const char *text, struct address *ret)
{
	struct address address = {.size = 4};
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, address.bytes) != 1) {
		if (inet_pton(AF_INET6, text, bytes) != 1)
			return -EINVAL;
		address = address_from_mapped(bytes);
	}
	*ret = address;
	return 0;
}

/* The bits of byte number index that belong to the prefix. */
static uint8_t prefix_mask(unsigned int prefix_bits, unsigned int index)
{
	if (prefix_bits >= 8 * (index + 1))
		return 0xff;
	if (prefix_bits <= 8 * index)
		return 0;
	return (uint8_t)(0xff << (8 * (index + 1) - prefix_bits));
}

static int prefix_parse(const char *text, unsigned int bits_max, uint8_t *ret)
{
	unsigned int value = 0;

	if (!*text || strlen(text) > 3)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = 10 * value + (unsigned int)(*text - '0');
	}
	if (value > bits_max)
		return -EINVAL;
	*ret = (uint8_t)value;
	return 0;
}

int network_parse(const char *text, struct network *ret)
{
	const char *slash = strchrnul(text, '/');
	char address_text[ADDRESS_TEXT_SIZE];
	struct network network;
	size_t length = (size_t)(slash - text);

	if (length >= sizeof(address_text))
		return -EINVAL;
	memcpy(address_text, text, length);
	address_text[length] = '\0';
	if (address_parse(address_text, &network.address) < 0)
		return -EINVAL;
	network.prefix_bits = (uint8_t)(8 * network.address.size);
	if (*slash) {
		/* The prefix of a v4-mapped network counts the 96 bits of the mapping. */
		unsigned int mapped_bits =
			network.address.size == 4 && strchr(address_text, ':') ? 96 : 0;
		uint8_t bits;

		if (prefix_parse(slash + 1, network.prefix_bits + mapped_bits, &bits) < 0 ||
		    bits < mapped_bits)
			return -EINVAL;
		network.prefix_bits = (uint8_t)(bits - mapped_bits);
	}
	for (unsigned int i = 0; i < network.address.size; i++)
		network.address.bytes[i] &= prefix_mask(network.prefix_bits, i);
	*ret = network;
	return 0;
}

void network_range(const struct network *network, struct address *ret_first,
		   struct address *ret_last)
{
	*ret_first = network->address;
	*ret_last = network->address;
	for (unsigned int i = 0; i < network->address.size; i++)
		ret_last->bytes[i] |= (uint8_t)~prefix_mask(network->prefix_bits, i);
}

bool network_contains(const struct network *network, const struct address *address)
{
	if (address->size != network->address.size)
		return false;
	for (unsigned int i = 0; i < address->size; i++) {
		uint8_t mask = prefix_mask(network->prefix_bits, i);

		if ((address->bytes[i] ^ network->address.bytes[i]) & mask)
			return false;
	}
	return true;
}

bool address_is_any(const struct address *address)
{
	for (unsigned int i = 0; i < address->size; i++)
		if (address->bytes[i])
			return false;
	return true;
}
