// SPDX-License-Identifier: Apache-2.0
#include "document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct document {
	char *path;
	char *text;
	size_t text_size;
	yaml_document_t yaml;
	bool has_yaml;
};

/* What lies below a node, aliases expanded: known once the node was measured. */
struct extent {
	uint32_t depth; /* 0: not measured yet */
	uint32_t nodes;
};

static struct place place_of_mark(const struct document *document, yaml_mark_t mark)
{
	return (struct place){document->path, mark.line + 1, mark.column + 1};
}

struct place document_place(const struct document *document, const yaml_node_t *node)
{
	return place_of_mark(document, node ? node->start_mark : (yaml_mark_t){0});
}

int document_error(const struct document *document, const yaml_node_t *node, char **ret_error,
		   const char *format, ...)
{
	struct place place = document_place(document, node);
	va_list arguments;
	int err;

	va_start(arguments, format);
	err = place_error_v(&place, ret_error, format, arguments);
	va_end(arguments);
	return err;
}

/* The file cannot be read: err, with a message. */
static int read_error(const char *path, int err, char **ret_error)
{
	if (asprintf(ret_error, "%s: cannot read it: %s", path, strerror(-err)) < 0) {
		*ret_error = NULL;
		return -ENOMEM;
	}
	return err;
}

/* Read up to one byte more than a document may have: pipes have no size to ask for. */
static int read_all(int fd, struct document *document)
{
	size_t capacity = 0;

	while (document->text_size <= DOCUMENT_BYTES) {
		ssize_t got;

		if (document->text_size == capacity) {
			char *text;

			capacity = capacity ? 2 * capacity : 64 * 1024;
			text = realloc(document->text, capacity);
			if (!text)
				return -ENOMEM;
			document->text = text;
		}
		got = read(fd, document->text + document->text_size,
			   capacity - document->text_size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		document->text_size += (size_t)got;
	}
	return -EFBIG;
}

static int read_file(struct document *document, char **ret_error)
{
	int fd = open(document->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int err;

	if (fd < 0)
		return read_error(document->path, -errno, ret_error);
	err = read_all(fd, document);
	close(fd);
	return err ? read_error(document->path, err, ret_error) : 0;
}

/* libyaml's reader gives an offset in bytes, and no mark. */
static yaml_mark_t mark_of_offset(const struct document *document, size_t offset)
{
	yaml_mark_t mark = {0};

	for (size_t i = 0; i < offset && i < document->text_size; i++) {
		mark.column++;
		if (document->text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	return mark;
}

static int malformed(const struct document *document, const yaml_parser_t *parser, char **ret_error)
{
	const char *problem = parser->problem ? parser->problem : "unknown";
	struct place place = place_of_mark(document, parser->problem_mark);

	if (parser->error == YAML_MEMORY_ERROR) {
		*ret_error = NULL;
		return -ENOMEM;
	}
	if (parser->error == YAML_READER_ERROR) {
		place = place_of_mark(document, mark_of_offset(document, parser->problem_offset));
		return place_error(&place, ret_error, "malformed YAML: %s, expected UTF-8 text",
				   problem);
	}
	return place_error(&place, ret_error, "malformed YAML: %s%s%s", problem,
			   parser->context ? ", " : "", parser->context ? parser->context : "");
}

/* After the document nothing may come: a second one would be ignored silently. */
static int expect_end(const struct document *document, yaml_parser_t *parser, char **ret_error)
{
	yaml_document_t second;
	const yaml_node_t *root;
	int err = 0;

	if (!yaml_parser_load(parser, &second))
		return malformed(document, parser, ret_error);
	root = yaml_document_get_root_node(&second);
	if (root)
		err = document_error(document, root, ret_error,
				     "a second YAML document, expected one in a file");
	yaml_document_delete(&second);
	return err;
}

static int parse(struct document *document, char **ret_error)
{
	yaml_parser_t parser;
	int err;

	if (!yaml_parser_initialize(&parser)) {
		*ret_error = NULL;
		return -ENOMEM;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)document->text,
				     document->text_size);
	if (!yaml_parser_load(&parser, &document->yaml)) {
		err = malformed(document, &parser, ret_error);
	} else {
		document->has_yaml = true;
		err = document_root(document) ? expect_end(document, &parser, ret_error) : 0;
	}
	yaml_parser_delete(&parser);
	return err;
}

static int measure(const struct document *document, int index, uint32_t level,
		   struct extent *extents, char **ret_error);

/* Measure a child and add it to its parent's extent. */
static int measure_child(const struct document *document, int child, uint32_t level,
			 struct extent *extents, struct extent *parent, char **ret_error)
{
	const struct extent *extent = &extents[child - 1];
	int err = measure(document, child, level + 1, extents, ret_error);

	if (err)
		return err;
	if (extent->depth >= parent->depth)
		parent->depth = extent->depth + 1;
	parent->nodes += extent->nodes;
	if (parent->nodes > DOCUMENT_NODES)
		return document_error(document, document_node(document, child), ret_error,
				      "aliases multiply the file to more than %d nodes, "
				      "expected fewer aliases of aliases",
				      DOCUMENT_NODES);
	return 0;
}

/*
 * Find the extent of a node that lies level deep, the root at 1. An alias is libyaml's node
 * itself, so the file's graph may have cycles, and exponentially many paths:
 * the limit on depth ends the former, keeping extents ends the latter.
 */
static int measure(const struct document *document, int index, uint32_t level,
		   struct extent *extents, char **ret_error)
{
	const yaml_node_t *node = document_node(document, index);
	struct extent extent = {.depth = 1, .nodes = 1};
	int err = 0;

	if (level > DOCUMENT_DEPTH || level - 1 + extents[index - 1].depth > DOCUMENT_DEPTH)
		return document_error(document, node, ret_error,
				      "nested more than %d deep, or an alias of what it lies in",
				      DOCUMENT_DEPTH);
	if (extents[index - 1].depth)
		return 0;
	if (!document_is_include(node) && node->tag &&
	    strncmp((const char *)node->tag, "tag:yaml.org,2002:", 18) != 0)
		return document_error(document, node, ret_error,
				      "unknown tag '%.64s', expected none, or !include before the "
				      "name of a file",
				      node->tag);
	if (node->type == YAML_SEQUENCE_NODE)
		for (const yaml_node_item_t *item = node->data.sequence.items.start;
		     !err && item < node->data.sequence.items.top; item++)
			err = measure_child(document, *item, level, extents, &extent, ret_error);
	if (node->type == YAML_MAPPING_NODE)
		for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		     !err && pair < node->data.mapping.pairs.top; pair++) {
			err = measure_child(document, pair->key, level, extents, &extent,
					    ret_error);
			if (!err)
				err = measure_child(document, pair->value, level, extents, &extent,
						    ret_error);
		}
	extents[index - 1] = extent;
	return err;
}

/* Refuse what is not safe to walk. */
static int check_extent(const struct document *document, char **ret_error)
{
	size_t count = document_node_count(document);
	struct extent *extents;
	int err;

	if (count == 0)
		return 0;
	extents = calloc(count, sizeof(*extents));
	if (!extents) {
		*ret_error = NULL;
		return -ENOMEM;
	}
	err = measure(document, 1, 1, extents, ret_error); /* the root is node 1 */
	free(extents);
	return err;
}

/* Parse and check the text that document has, and hand it over or free it. */
static int finish(struct document *document, struct document **ret, char **ret_error)
{
	int err = parse(document, ret_error);

	if (!err)
		err = check_extent(document, ret_error);
	if (err) {
		document_free(document);
		return err;
	}
	*ret = document;
	return 0;
}

static struct document *document_new(const char *path)
{
	struct document *document = calloc(1, sizeof(*document));

	if (!document)
		return NULL;
	document->path = strdup(path);
	if (document->path)
		return document;
	free(document);
	return NULL;
}

int document_load(const char *path, struct document **ret, char **ret_error)
{
	struct document *document = document_new(path);
	int err;

	*ret_error = NULL;
	if (!document)
		return -ENOMEM;
	err = read_file(document, ret_error);
	if (err) {
		document_free(document);
		return err;
	}
	return finish(document, ret, ret_error);
}

int document_parse(const char *name, const char *text, size_t size, struct document **ret,
		   char **ret_error)
{
	struct document *document = document_new(name);

	*ret_error = NULL;
	if (!document)
		return -ENOMEM;
	document->text = malloc(size + 1); /* not of nothing */
	if (!document->text) {
		document_free(document);
		return -ENOMEM;
	}
	memcpy(document->text, text, size);
	document->text_size = size;
	return finish(document, ret, ret_error);
}

void document_free(struct document *document)
{
	if (!document)
		return;
	if (document->has_yaml)
		yaml_document_delete(&document->yaml);
	free(document->text);
	free(document->path);
	free(document);
}

/* libyaml's accessors do not change the document, though they do not say const. */
const yaml_node_t *document_root(const struct document *document)
{
	return yaml_document_get_root_node((yaml_document_t *)&document->yaml);
}

const yaml_node_t *document_node(const struct document *document, int index)
{
	return yaml_document_get_node((yaml_document_t *)&document->yaml, index);
}

size_t document_node_count(const struct document *document)
{
	return (size_t)(document->yaml.nodes.top - document->yaml.nodes.start);
}

bool document_is_include(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && node->tag &&
	       strcmp((const char *)node->tag, "!include") == 0;
}

const char *document_text(const yaml_node_t *node)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)node->data.scalar.value;
	return strlen(text) == node->data.scalar.length ? text : NULL;
}
