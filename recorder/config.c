// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "nearest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One more than the last of enum probe_id. */
#define X(upper, value, name) +1
enum { PROBE_IDS = 1 PROBES(X) };
#undef X

struct config {
	struct probe_config probes[PROBE_IDS]; /* by enum probe_id */
};

/* A key that a mapping may have: how to read its value, and where to put it. */
struct key {
	const char *name;
	int (*parse)(const struct document *document, const struct key *key,
		     const yaml_node_t *node, void *into, char **ret_error);
	size_t offset; /* in the struct that the mapping fills in */
};

static int parse_probe(const struct document *document, const struct key *key,
		       const yaml_node_t *node, void *into, char **ret_error);

/* The file's top level, filling in struct config; NULL ends the table. */
static const struct key file_keys[] = {
#define X(upper, value, name) {name, parse_probe, offsetof(struct config, probes[value])},
	PROBES(X)
#undef X
		{0},
};

/* The options of a probe's section, filling in struct probe_config; NULL ends the table. */
static const struct key probe_keys[] = {
	{0},
};

static const struct key *find_key(const struct key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

static int unknown_key(const struct document *document, const yaml_node_t *node,
		       const struct key *keys, const char *where, char **ret_error)
{
	const char *names[16];
	size_t count = 0;

	while (count < COUNT(names) && keys[count].name) {
		names[count] = keys[count].name;
		count++;
	}
	if (count == 0)
		return document_error(document, node, ret_error,
				      "unknown key '%.64s', expected nothing: %s has no options",
				      document_text(node), where);
	return document_error(document, node, ret_error,
			      "unknown key '%.64s', expected one of those of %s, "
			      "the nearest is '%s'",
			      document_text(node), where,
			      nearest(document_text(node), names, count));
}

/* Refuse a key that an earlier pair of the mapping had: one of the two would be ignored. */
static int check_duplicate(const struct document *document, const yaml_node_t *mapping,
			   const yaml_node_pair_t *pair, char **ret_error)
{
	const yaml_node_t *node = document_node(document, pair->key);

	for (const yaml_node_pair_t *before = mapping->data.mapping.pairs.start; before < pair;
	     before++) {
		const yaml_node_t *other = document_node(document, before->key);

		if (strcmp(document_text(other), document_text(node)) == 0)
			return document_error(document, node, ret_error,
					      "duplicate key '%.64s', expected it once: "
					      "the first is in line %zu",
					      document_text(node), other->start_mark.line + 1);
	}
	return 0;
}

/* Read a mapping by the table of its keys. where: what it is, for messages. */
static int parse_mapping(const struct document *document, const yaml_node_t *mapping,
			 const struct key *keys, const char *where, void *into, char **ret_error)
{
	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
	     pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *node = document_node(document, pair->key);
		const char *name = document_text(node);
		const struct key *key;
		int err;

		if (!name)
			return document_error(document, node, ret_error,
					      "a key that is no text, expected a name");
		err = check_duplicate(document, mapping, pair, ret_error);
		if (err)
			return err;
		if (keys == file_keys && name[0] == '_')
			continue;
		key = find_key(keys, name);
		if (!key)
			return unknown_key(document, node, keys, where, ret_error);
		err = key->parse(document, key, document_node(document, pair->value), into,
				 ret_error);
		if (err)
			return err;
	}
	return 0;
}

static int parse_probe(const struct document *document, const struct key *key,
		       const yaml_node_t *node, void *into, char **ret_error)
{
	struct probe_config *probe = (struct probe_config *)((char *)into + key->offset);

	probe->is_on = true;
	if (document_is_null(node))
		return 0;
	if (node->type != YAML_MAPPING_NODE)
		return document_error(document, node, ret_error,
				      "a %s as the section %s, expected a mapping or nothing",
				      node->type == YAML_SCALAR_NODE ? "scalar" : "sequence",
				      key->name);
	return parse_mapping(document, node, probe_keys, key->name, probe, ret_error);
}

static bool any_probe_is_on(const struct config *config)
{
	for (size_t id = 0; id < PROBE_IDS; id++)
		if (config->probes[id].is_on)
			return true;
	return false;
}

static int parse_file(const struct document *document, struct config *config, char **ret_error)
{
	const yaml_node_t *root = document_root(document);
	int err;

	if (!root)
		return document_error(document, NULL, ret_error,
				      "the file is empty, expected a section for a probe");
	if (root->type != YAML_MAPPING_NODE)
		return document_error(document, root, ret_error,
				      "no mapping, expected a section for each probe, "
				      "such as 'tcp_connect:'");
	err = parse_mapping(document, root, file_keys, "the file", config, ret_error);
	if (err)
		return err;
	if (!any_probe_is_on(config))
		return document_error(document, root, ret_error,
				      "no probe is on, expected a section such as 'tcp_connect:'");
	return 0;
}

int config_load(const char *path, struct config **ret, char **ret_error)
{
	struct document *document;
	struct config *config;
	int err;

	err = document_load(path, &document, ret_error);
	if (err)
		return err;
	config = calloc(1, sizeof(*config));
	err = config ? parse_file(document, config, ret_error) : -ENOMEM;
	document_free(document);
	if (err) {
		config_free(config);
		return err;
	}
	*ret = config;
	return 0;
}

void config_free(struct config *config)
{
	free(config);
}

const struct probe_config *config_probe(const struct config *config, enum probe_id id)
{
	const struct probe_config *probe = &config->probes[id];

	return probe->is_on ? probe : NULL;
}
