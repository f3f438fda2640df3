// SPDX-License-Identifier: Apache-2.0
#include "include.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "document.h"
#include "remote.h"

/* A file or URL that is being read, or was. */
struct source {
	const char *name;	  /* as messages have it, and open(2) takes it */
	const char *target;	  /* the file itself, whatever leads to it, or the URL */
	const struct value *root; /* NULL: empty, or being read */
	bool is_done;
	bool is_url;
};

/* Everything that one include_load() reads. */
struct loader {
	const struct include_source *how;
	struct tree *tree;
	struct source *sources;
	size_t count;
	size_t chain[INCLUDE_DEPTH]; /* those being read, each included by the one before */
	size_t depth;
	char **ret_error;
};

/* A document that becomes values. */
struct builder {
	struct loader *loader;
	const struct document *document;
	const char *name;
	const struct value **built; /* by index of the node, those that are */
};

static int build(struct builder *builder, int index, const struct value **ret);

static int out_of_memory(struct loader *loader)
{
	*loader->ret_error = NULL;
	return -ENOMEM;
}

static struct place place_of(const struct builder *builder, const yaml_node_t *node)
{
	struct place place = document_place(builder->document, node);

	place.file = builder->name; /* that of the document ends with it */
	return place;
}

/* The limits hold for the whole, not only for each document. */
static int check_size(struct builder *builder, const struct value *value)
{
	if (!value)
		return out_of_memory(builder->loader);
	if (value_depth(value) > VALUE_DEPTH)
		return place_error(value_place(value), builder->loader->ret_error,
				   "nested more than %d deep, with what is included", VALUE_DEPTH);
	if (value_nodes(value) > VALUE_NODES)
		return place_error(value_place(value), builder->loader->ret_error,
				   "aliases and includes multiply the file to more than %d nodes, "
				   "expected fewer of them",
				   VALUE_NODES);
	return 0;
}

static int build_list(struct builder *builder, const yaml_node_t *node, const struct value **ret)
{
	size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	_cleanup_free_ const struct value **items = calloc(count + 1, sizeof(*items));
	struct place place = place_of(builder, node);

	if (!items)
		return out_of_memory(builder->loader);
	for (size_t i = 0; i < count; i++) {
		int err = build(builder, node->data.sequence.items.start[i], &items[i]);

		if (err)
			return err;
	}
	*ret = tree_list(builder->loader->tree, &place, items, count);
	return 0;
}

/* The pairs of a mapping while it is built: the merged ones first. */
struct pairs {
	struct value_pair *pairs;
	size_t count;
	size_t merged;
	size_t capacity;
};

static struct value_pair *find_pair(struct pairs *pairs, const struct value *key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (strcmp(value_text(pairs->pairs[i].key), value_text(key)) == 0)
			return &pairs->pairs[i];
	return NULL;
}

static int append_pair(struct loader *loader, struct pairs *pairs, const struct value_pair *pair)
{
	if (pairs->count == pairs->capacity) {
		size_t capacity = pairs->capacity ? 2 * pairs->capacity : 16;
		struct value_pair *grown =
			reallocarray(pairs->pairs, capacity, sizeof(*pairs->pairs));

		if (!grown)
			return out_of_memory(loader);
		pairs->pairs = grown;
		pairs->capacity = capacity;
	}
	pairs->pairs[pairs->count++] = *pair;
	return 0;
}

/* Of two mappings that are merged the later has the say: see merge(). */
static int merge_mapping(struct loader *loader, struct pairs *pairs, const struct value *mapping)
{
	int err = 0;

	if (value_type(mapping) != VALUE_MAPPING)
		return place_error(value_place(mapping), loader->ret_error,
				   "a %s to merge, expected a mapping or a list of mappings",
				   value_type_name(mapping));
	for (size_t i = 0; i < value_count(mapping) && !err; i++) {
		struct value_pair pair = {value_key_value(mapping, i), value_item(mapping, i)};
		struct value_pair *before = find_pair(pairs, pair.key);

		if (before)
			*before = pair;
		else
			err = append_pair(loader, pairs, &pair);
	}
	pairs->merged = pairs->count;
	return err;
}

/* What "<<" has: of a list the first mapping has the say, so it comes last. */
static int merge(struct builder *builder, struct pairs *pairs, int index)
{
	const struct value *merged;
	int err = build(builder, index, &merged);

	if (err)
		return err;
	if (value_type(merged) != VALUE_LIST)
		return merge_mapping(builder->loader, pairs, merged);
	for (size_t i = value_count(merged); i > 0 && !err; i--)
		err = merge_mapping(builder->loader, pairs, value_item(merged, i - 1));
	return err;
}

/* A pair that is written there: it replaces a merged one, but not another written one. */
static int add_pair(struct builder *builder, struct pairs *pairs, const yaml_node_pair_t *written)
{
	const yaml_node_t *node = document_node(builder->document, written->key);
	struct value_pair pair;
	struct value_pair *before;
	int err;

	if (!document_text(node) || document_is_include(node))
		return document_error(builder->document, node, builder->loader->ret_error,
				      "a key that is no text, expected a name");
	err = build(builder, written->key, &pair.key);
	if (err)
		return err;
	before = find_pair(pairs, pair.key);
	if (before && before >= pairs->pairs + pairs->merged)
		return document_error(builder->document, node, builder->loader->ret_error,
				      "duplicate key '%.64s', expected it once: "
				      "the first is in line %zu",
				      document_text(node), value_place(before->key)->line);
	err = build(builder, written->value, &pair.value);
	if (err)
		return err;
	if (!before)
		return append_pair(builder->loader, pairs, &pair);
	/* A second one is a duplicate now: move it out of the merged. */
	*before = pairs->pairs[pairs->merged - 1];
	pairs->pairs[--pairs->merged] = pair;
	return 0;
}

static bool is_merge_key(const struct builder *builder, int index)
{
	const yaml_node_t *node = document_node(builder->document, index);
	const char *text = document_text(node);

	return text && strcmp(text, "<<") == 0 &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static int build_pairs(struct builder *builder, const yaml_node_t *node, struct pairs *pairs)
{
	const yaml_node_pair_t *start = node->data.mapping.pairs.start;
	const yaml_node_pair_t *end = node->data.mapping.pairs.top;
	int err = 0;

	for (const yaml_node_pair_t *pair = start; pair < end && !err; pair++)
		if (is_merge_key(builder, pair->key))
			err = merge(builder, pairs, pair->value);
	for (const yaml_node_pair_t *pair = start; pair < end && !err; pair++)
		if (!is_merge_key(builder, pair->key))
			err = add_pair(builder, pairs, pair);
	return err;
}

static int build_mapping(struct builder *builder, const yaml_node_t *node, const struct value **ret)
{
	struct place place = place_of(builder, node);
	struct pairs pairs = {0};
	int err = build_pairs(builder, node, &pairs);

	if (!err)
		*ret = tree_mapping(builder->loader->tree, &place, pairs.pairs, pairs.count);
	free(pairs.pairs);
	return err;
}

static int build_scalar(struct builder *builder, const yaml_node_t *node, const struct value **ret)
{
	struct place place = place_of(builder, node);

	*ret = tree_scalar(builder->loader->tree, &place, (const char *)node->data.scalar.value,
			   node->data.scalar.length,
			   node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
	return 0;
}

static int include(struct builder *builder, const yaml_node_t *node, const struct value **ret);

static int build(struct builder *builder, int index, const struct value **ret)
{
	const yaml_node_t *node = document_node(builder->document, index);
	const struct value *value = builder->built[index];
	int err;

	if (value) {
		*ret = value;
		return 0;
	}
	if (document_is_include(node))
		err = include(builder, node, &value);
	else if (node->type == YAML_SEQUENCE_NODE)
		err = build_list(builder, node, &value);
	else if (node->type == YAML_MAPPING_NODE)
		err = build_mapping(builder, node, &value);
	else
		err = build_scalar(builder, node, &value);
	if (!err)
		err = check_size(builder, value);
	if (err)
		return err;
	builder->built[index] = value;
	*ret = value;
	return 0;
}

/* Turn a document into values. *ret is NULL if it is empty. */
static int build_document(struct loader *loader, const struct document *document, const char *name,
			  const struct value **ret)
{
	struct builder builder = {.loader = loader, .document = document, .name = name};
	int err;

	*ret = NULL;
	if (!document_root(document))
		return 0;
	builder.built = calloc(document_node_count(document) + 1, sizeof(*builder.built));
	if (!builder.built)
		return out_of_memory(loader);
	err = build(&builder, 1, ret);
	free(builder.built);
	return err;
}

/* The text of a URL, parsed. place: of the !include. */
static int parse_url(struct loader *loader, const char *url, const struct place *place,
		     struct document **ret)
{
	_cleanup_free_ char *text = NULL, *warning = NULL, *cause = NULL;
	size_t size;
	int err;

	if (!loader->how->remote)
		return place_error(place, loader->ret_error,
				   "a URL, expected a file: nothing is fetched here");
	err = remote_get(loader->how->remote, url, &text, &size, &warning, &cause);
	if (err && !cause)
		return out_of_memory(loader);
	if (err)
		return place_error(place, loader->ret_error, "cannot include %s: %s", url, cause);
	if (warning)
		loader->how->warn(loader->how->context, place, warning);
	return document_parse(url, text, size, ret, loader->ret_error);
}

/* Read what sources[index] names. place: of the !include, unused for the main file. */
static int read_source(struct loader *loader, size_t index, const struct place *place)
{
	const struct source *source = &loader->sources[index];
	const char *name = source->name; /* the array may move */
	struct document *document;
	const struct value *root;
	int err;

	err = source->is_url ? parse_url(loader, name, place, &document)
			     : document_load(name, &document, loader->ret_error);
	if (err)
		return err;
	loader->chain[loader->depth++] = index;
	err = build_document(loader, document, name, &root);
	loader->depth--;
	document_free(document);
	if (err)
		return err;
	loader->sources[index].root = root;
	loader->sources[index].is_done = true;
	return 0;
}

static int add_source(struct loader *loader, const char *name, const char *target, bool is_url)
{
	struct source *grown =
		reallocarray(loader->sources, loader->count + 1, sizeof(*loader->sources));
	struct source source = {.is_url = is_url};

	if (!grown)
		return out_of_memory(loader);
	loader->sources = grown;
	source.name = tree_text(loader->tree, name, strlen(name));
	source.target = tree_text(loader->tree, target, strlen(target));
	if (!source.name || !source.target)
		return out_of_memory(loader);
	loader->sources[loader->count++] = source;
	return 0;
}

/* "a.yml -> b.yml -> a.yml", from where the loop begins; NULL when out of memory. */
static char *describe_loop(const struct loader *loader, size_t index)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	size_t i = 0;

	if (!out)
		return NULL;
	while (loader->chain[i] != index)
		i++;
	for (; i < loader->depth; i++)
		fprintf(out, "%s -> ", loader->sources[loader->chain[i]].name);
	fputs(loader->sources[index].name, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static int loop_error(struct loader *loader, size_t index, const struct place *place)
{
	_cleanup_free_ char *loop = describe_loop(loader, index);

	if (!loop)
		return out_of_memory(loader);
	return place_error(place, loader->ret_error, "a loop of !include, expected none: %s", loop);
}

/* The value that a file or URL has, read now unless it was before. */
static int value_of(struct loader *loader, const char *name, const char *target, bool is_url,
		    const struct place *place, const struct value **ret)
{
	size_t index = 0;
	int err = 0;

	while (index < loader->count && strcmp(loader->sources[index].target, target) != 0)
		index++;
	if (index < loader->count && !loader->sources[index].is_done)
		return loop_error(loader, index, place);
	if (loader->depth == INCLUDE_DEPTH)
		return place_error(place, loader->ret_error,
				   "files include each other more than %d deep", INCLUDE_DEPTH);
	if (index == loader->count) {
		err = add_source(loader, name, target, is_url);
		if (!err)
			err = read_source(loader, index, place);
	}
	if (!err)
		*ret = loader->sources[index].root;
	return err;
}

/* file, seen from the directory that the including file is in. NULL when out of memory. */
static char *resolve(const char *including, const char *file)
{
	const char *slash = strrchr(including, '/');
	char *path;

	if (file[0] == '/' || !slash)
		return strdup(file);
	return asprintf(&path, "%.*s/%s", (int)(slash - including), including, file) < 0 ? NULL
											 : path;
}

static int include_file(struct builder *builder, const char *file, const struct place *place,
			const struct value **ret)
{
	_cleanup_free_ char *path = resolve(builder->name, file);
	_cleanup_free_ char *target = NULL;

	if (remote_is_url(builder->name))
		return place_error(place, builder->loader->ret_error,
				   "the file '%.256s', expected a URL: what comes from a URL "
				   "has no say over files here",
				   file);
	if (!path)
		return out_of_memory(builder->loader);
	target = realpath(path, NULL);
	if (!target)
		return place_error(place, builder->loader->ret_error, "cannot include %s: %s", path,
				   strerror(errno));
	return value_of(builder->loader, path, target, false, place, ret);
}

/* Put in what an !include names. An empty file is a null. */
static int include(struct builder *builder, const yaml_node_t *node, const struct value **ret)
{
	const char *name = document_text(node);
	struct place place = place_of(builder, node);
	struct place there = {.line = 1, .column = 1};
	int err;

	if (!name || !*name)
		return place_error(&place, builder->loader->ret_error,
				   "!include of nothing, expected the name of a file or a URL");
	if (remote_is_url(name))
		err = value_of(builder->loader, name, name, true, &place, ret);
	else
		err = include_file(builder, name, &place, ret);
	if (err || *ret)
		return err;
	there.file = tree_text(builder->loader->tree, name, strlen(name));
	if (!there.file)
		return out_of_memory(builder->loader);
	*ret = tree_scalar(builder->loader->tree, &there, "", 0, true);
	return 0;
}

static const char **list_files(const struct loader *loader)
{
	const char **files = calloc(loader->count + 1, sizeof(*files));
	size_t count = 0;

	for (size_t i = 0; files && i < loader->count; i++)
		if (!loader->sources[i].is_url)
			files[count++] = loader->sources[i].name;
	return files;
}

int include_load(const struct include_source *source, struct tree *tree,
		 const struct value **ret_root, const char ***ret_files, char **ret_error)
{
	struct loader loader = {.how = source, .tree = tree, .ret_error = ret_error};
	_cleanup_free_ char *target = realpath(source->path, NULL);
	const char **files = NULL;
	const struct value *root;
	int err;

	*ret_error = NULL;
	/* What cannot be resolved cannot be opened either, which says why. */
	err = add_source(&loader, source->path, target ? target : source->path, false);
	if (!err)
		err = read_source(&loader, 0, NULL);
	root = err ? NULL : loader.sources[0].root;
	if (!err) {
		files = list_files(&loader);
		err = files ? 0 : out_of_memory(&loader);
	}
	free(loader.sources);
	if (err)
		return err;
	*ret_root = root;
	*ret_files = files;
	return 0;
}
