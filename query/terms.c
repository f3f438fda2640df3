// SPDX-License-Identifier: Apache-2.0
#include "terms.h"

#include <errno.h>
#include <string.h>

#define NETWORK_TEXT_SIZE (ADDRESS_TEXT_SIZE + sizeof("/128"))

static int port_parse(const char *text, uint16_t *ret)
{
	unsigned int port = 0;

	if (!*text || strlen(text) > 5)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		port = 10 * port + (unsigned int)(*text - '0');
	}
	if (port == 0 || port > UINT16_MAX)
		return -EINVAL;
	*ret = (uint16_t)port;
	return 0;
}

/* Find the network's text and what follows it: "" or ":PORT". */
static int split(const char *text, const char **ret_network, size_t *ret_length,
		 const char **ret_rest)
{
	const char *colon = strchr(text, ':');

	if (*text == '[') {
		const char *close = strchr(text, ']');

		if (!close)
			return -EINVAL;
		*ret_network = text + 1;
		*ret_length = (size_t)(close - text - 1);
		*ret_rest = close + 1;
		return 0;
	}
	*ret_network = text;
	/* More than one colon: an IPv6 address, whose port needs brackets. */
	if (colon && strchr(colon + 1, ':'))
		colon = NULL;
	*ret_rest = colon ? colon : text + strlen(text);
	*ret_length = (size_t)(*ret_rest - text);
	return 0;
}

int term_parse(const char *text, struct term *ret)
{
	struct term term = {0};
	char network_text[NETWORK_TEXT_SIZE];
	const char *network, *rest;
	size_t length;

	if (split(text, &network, &length, &rest) < 0 || length >= sizeof(network_text))
		return -EINVAL;
	if (*rest == ':') {
		if (port_parse(rest + 1, &term.port) < 0)
			return -EINVAL;
	} else if (*rest) {
		return -EINVAL;
	}
	if (length || *text == '[' || !term.port) {
		memcpy(network_text, network, length);
		network_text[length] = '\0';
		if (network_parse(network_text, &term.network) < 0)
			return -EINVAL;
	}
	*ret = term;
	return 0;
}

static bool side_matches(const struct term *term, const struct address *address, uint16_t port)
{
	return (!term->network.address.size || network_contains(&term->network, address)) &&
	       (!term->port || term->port == port);
}

bool term_matches(const struct term *term, const struct event *event)
{
	bool remote = side_matches(term, &event->daddr, event->dport);
	bool local = side_matches(term, &event->saddr, event->sport);

	switch (event->probe) {
	case PROBE_NET_LISTEN:
		return local;
	case PROBE_TCP_CONNECT:
	case PROBE_UDP_SESSION:
		return remote || (local && !term->port);
	default:
		return remote || local;
	}
}

bool terms_match(const struct term *terms, size_t count, const struct event *event)
{
	for (size_t i = 0; i < count; i++)
		if (!term_matches(&terms[i], event))
			return false;
	return true;
}
