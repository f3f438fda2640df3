/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a YAML file says, once its aliases, merge keys and !includes are
 * resolved: scalars, lists and mappings that know where they were written.
 *
 * Values belong to the tree that they were made in; nothing changes one later.
 * Two places may share a value (an alias), none contains itself. A whole tree,
 * written out, has at most VALUE_NODES values, at most VALUE_DEPTH deep.
 */
#ifndef PIDTREE_VALUE_H
#define PIDTREE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "place.h"

#define VALUE_DEPTH 32
#define VALUE_NODES 1000000

enum value_type {
	VALUE_SCALAR,
	VALUE_LIST,
	VALUE_MAPPING,
};

struct value;

enum value_type value_type(const struct value *value);
const struct place *value_place(const struct value *value);

/* What a type is called in messages: "scalar", "list", "mapping". */
const char *value_type_name(const struct value *value);

/* Whether it is an unquoted null: nothing, ~, null. */
bool value_is_null(const struct value *value);

/* The text of a scalar, NULL if it is none or has a NUL byte in it. */
const char *value_text(const struct value *value);

/*
 * A truth value as YAML 1.1 (and PyYAML) has them: true, yes, on and false, no,
 * off in small letters, capitals or with a capital, unquoted. 0, or -EINVAL
 * with *ret untouched.
 */
int value_bool(const struct value *value, bool *ret);

/*
 * A decimal number without sign, quoted or not. 0, or -EINVAL (no number; a
 * leading zero, which YAML 1.1 reads as octal) or -ERANGE, with *ret untouched.
 */
int value_number(const struct value *value, uint64_t *ret);

/* Items of a list, pairs of a mapping; 0 for a scalar. */
size_t value_count(const struct value *value);

/* A list's item, or the value of a mapping's pair, in the order of the file. */
const struct value *value_item(const struct value *value, size_t index);

/* A mapping's key: its text, and the scalar it was written as. */
const char *value_key(const struct value *value, size_t index);
const struct value *value_key_value(const struct value *value, size_t index);

/* What a mapping has under a key, NULL if nothing or value is no mapping (or NULL). */
const struct value *value_find(const struct value *value, const char *key);

/* Print as YAML flow style (which is JSON but for unquoted scalars), in one line. */
void value_print(const struct value *value, FILE *out);

/* Print text as a YAML scalar, in quotes. */
void value_print_text(const char *text, FILE *out);

/* Making them. */

struct tree;

/* A key with its value, for tree_mapping(). */
struct value_pair {
	const struct value *key;
	const struct value *value;
};

/* NULL when out of memory. tree_free() takes NULL too, and frees every value made in it. */
struct tree *tree_new(void);
void tree_free(struct tree *tree);

/* A copy of text that lives as long as the tree; NULL when out of memory. */
const char *tree_text(struct tree *tree, const char *text, size_t size);

/*
 * Make a value; texts, items and pairs are copied. place->file has to live as
 * long as the tree. NULL when out of memory.
 */
const struct value *tree_scalar(struct tree *tree, const struct place *place, const char *text,
				size_t size, bool is_plain);
const struct value *tree_list(struct tree *tree, const struct place *place,
			      const struct value *const *items, size_t count);
const struct value *tree_mapping(struct tree *tree, const struct place *place,
				 const struct value_pair *pairs, size_t count);

/* How many values it is when written out, shared ones each time; saturates. */
uint32_t value_nodes(const struct value *value);

/* How deep it is: 1 for a scalar. */
uint32_t value_depth(const struct value *value);

#endif
