// SPDX-License-Identifier: Apache-2.0
#include "value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

struct value {
	enum value_type type;
	bool is_plain; /* a scalar without quotes */
	struct place place;
	uint32_t nodes;
	uint32_t depth;
	size_t count; /* items, pairs, or bytes of text */
	union {
		const char *text; /* ended by a NUL that size does not count */
		const struct value **items;
		struct value_pair *pairs;
	};
	struct value *next; /* made before it in the same tree */
};

struct text {
	struct text *next;
	char bytes[];
};

struct tree {
	struct value *values;
	struct text *texts;
};

struct tree *tree_new(void)
{
	return calloc(1, sizeof(struct tree));
}

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	while (tree->values) {
		struct value *value = tree->values;

		tree->values = value->next;
		free(value);
	}
	while (tree->texts) {
		struct text *text = tree->texts;

		tree->texts = text->next;
		free(text);
	}
	free(tree);
}

const char *tree_text(struct tree *tree, const char *text, size_t size)
{
	struct text *copy = malloc(sizeof(*copy) + size + 1);

	if (!copy)
		return NULL;
	memcpy(copy->bytes, text, size);
	copy->bytes[size] = '\0';
	copy->next = tree->texts;
	tree->texts = copy;
	return copy->bytes;
}

/* A value with room for size bytes behind it. */
static struct value *value_new(struct tree *tree, enum value_type type, const struct place *place,
			       size_t count, size_t size)
{
	struct value *value = malloc(sizeof(*value) + size);

	if (!value)
		return NULL;
	*value = (struct value){
		.type = type,
		.place = *place,
		.nodes = 1,
		.depth = 1,
		.count = count,
		.next = tree->values,
	};
	tree->values = value;
	return value;
}

static void add_extent(struct value *value, const struct value *child)
{
	if (__builtin_add_overflow(value->nodes, child->nodes, &value->nodes))
		value->nodes = UINT32_MAX;
	if (child->depth >= value->depth)
		value->depth = child->depth + 1;
}

const struct value *tree_scalar(struct tree *tree, const struct place *place, const char *text,
				size_t size, bool is_plain)
{
	struct value *value = value_new(tree, VALUE_SCALAR, place, size, size + 1);
	char *bytes;

	if (!value)
		return NULL;
	bytes = (char *)(value + 1);
	memcpy(bytes, text, size);
	bytes[size] = '\0';
	value->text = bytes;
	value->is_plain = is_plain;
	return value;
}

const struct value *tree_list(struct tree *tree, const struct place *place,
			      const struct value *const *items, size_t count)
{
	struct value *value = value_new(tree, VALUE_LIST, place, count, count * sizeof(*items));

	if (!value)
		return NULL;
	value->items = (const struct value **)(value + 1);
	for (size_t i = 0; i < count; i++) {
		value->items[i] = items[i];
		add_extent(value, items[i]);
	}
	return value;
}

const struct value *tree_mapping(struct tree *tree, const struct place *place,
				 const struct value_pair *pairs, size_t count)
{
	struct value *value = value_new(tree, VALUE_MAPPING, place, count, count * sizeof(*pairs));

	if (!value)
		return NULL;
	value->pairs = (struct value_pair *)(value + 1);
	for (size_t i = 0; i < count; i++) {
		value->pairs[i] = pairs[i];
		add_extent(value, pairs[i].key);
		add_extent(value, pairs[i].value);
	}
	return value;
}

enum value_type value_type(const struct value *value)
{
	return value->type;
}

const struct place *value_place(const struct value *value)
{
	return &value->place;
}

const char *value_type_name(const struct value *value)
{
	static const char *const names[] = {
		[VALUE_SCALAR] = "scalar",
		[VALUE_LIST] = "list",
		[VALUE_MAPPING] = "mapping",
	};

	return names[value->type];
}

uint32_t value_nodes(const struct value *value)
{
	return value->nodes;
}

uint32_t value_depth(const struct value *value)
{
	return value->depth;
}

const char *value_text(const struct value *value)
{
	if (value->type != VALUE_SCALAR || strlen(value->text) != value->count)
		return NULL;
	return value->text;
}

/* Whether it is an unquoted scalar that is one of words, a list ended by NULL. */
static bool is_plain_word(const struct value *value, const char *const *words)
{
	const char *text = value_text(value);

	if (!text || !value->is_plain)
		return false;
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

bool value_is_null(const struct value *value)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};

	return is_plain_word(value, nulls);
}

int value_bool(const struct value *value, bool *ret)
{
	static const char *const trues[] = {"true", "True", "TRUE", "yes", "Yes",
					    "YES",  "on",   "On",   "ON",  NULL};
	static const char *const falses[] = {"false", "False", "FALSE", "no",  "No",
					     "NO",    "off",   "Off",	"OFF", NULL};
	bool is_true = is_plain_word(value, trues);

	if (!is_true && !is_plain_word(value, falses))
		return -EINVAL;
	*ret = is_true;
	return 0;
}

int value_number(const struct value *value, uint64_t *ret)
{
	const char *text = value_text(value);
	uint64_t number = 0;

	if (!text || !*text || (text[0] == '0' && text[1]) ||
	    text[strspn(text, "0123456789")] != '\0')
		return -EINVAL;
	for (; *text; text++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*text - '0'), &number))
			return -ERANGE;
	*ret = number;
	return 0;
}

size_t value_count(const struct value *value)
{
	return value->type == VALUE_SCALAR ? 0 : value->count;
}

const struct value *value_item(const struct value *value, size_t index)
{
	return value->type == VALUE_LIST ? value->items[index] : value->pairs[index].value;
}

const struct value *value_key_value(const struct value *value, size_t index)
{
	return value->pairs[index].key;
}

const char *value_key(const struct value *value, size_t index)
{
	return value->pairs[index].key->text;
}

const struct value *value_find(const struct value *value, const char *key)
{
	if (!value || value->type != VALUE_MAPPING)
		return NULL;
	for (size_t i = 0; i < value->count; i++)
		if (strcmp(value_key(value, i), key) == 0)
			return value_item(value, i);
	return NULL;
}

/* What may stand without quotes and still be what it is, whatever surrounds it. */
static bool is_safe_plain(const struct value *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_./~+";
	const char *text = value_text(value);

	return text && value->is_plain && *text && text[strspn(text, letters)] == '\0';
}

void value_print_text(const char *text, FILE *out)
{
	const char *end = text + strlen(text);

	fputc('"', out);
	while (text < end) {
		uint32_t point;
		size_t size = utf8_decode(text, (size_t)(end - text), &point);

		if (size == 0) /* libyaml passes none */
			fprintf(out, "\\x%02x", (unsigned char)*text++);
		else if (utf8_is_unsafe(point))
			fprintf(out, "\\U%08x", point);
		else
			fprintf(out, "%s%.*s", point == '"' || point == '\\' ? "\\" : "", (int)size,
				text);
		text += size;
	}
	fputc('"', out);
}

static void print_scalar(const struct value *value, FILE *out)
{
	if (value_is_null(value))
		fputs("null", out);
	else if (is_safe_plain(value))
		fputs(value->text, out);
	else
		value_print_text(value->text, out);
}

void value_print(const struct value *value, FILE *out)
{
	bool is_list = value->type == VALUE_LIST;

	if (value->type == VALUE_SCALAR) {
		print_scalar(value, out);
		return;
	}
	fputc(is_list ? '[' : '{', out);
	for (size_t i = 0; i < value->count; i++) {
		if (i)
			fputs(", ", out);
		if (!is_list) {
			print_scalar(value_key_value(value, i), out);
			fputs(": ", out);
		}
		value_print(value_item(value, i), out);
	}
	fputc(is_list ? ']' : '}', out);
}
