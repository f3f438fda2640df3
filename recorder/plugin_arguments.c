// SPDX-License-Identifier: Apache-2.0
#include "plugin_arguments.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "place.h"

/* What a plugin's section has besides its arguments. */
static const char *const own_keys[] = {"enabled", "unload_on_init_exception"};

#define OWN_KEYS (sizeof(own_keys) / sizeof(own_keys[0]))

/* Pass memory into the care of the arguments. NULL when out of memory, then it is freed. */
static void *keep(struct pidtree_arguments *arguments, void *memory)
{
	size_t count = arguments->kept_count;
	void **kept = memory ? reallocarray(arguments->kept, count + 1, sizeof(*kept)) : NULL;

	if (!kept) {
		free(memory);
		return NULL;
	}
	arguments->kept = kept;
	kept[arguments->kept_count++] = memory;
	return memory;
}

static const char *keep_text(struct pidtree_arguments *arguments, const char *text)
{
	return keep(arguments, strdup(text));
}

/* Remember that a key was asked for. */
static int note_asked(struct pidtree_arguments *arguments, const char *key)
{
	size_t count = arguments->asked_count;
	const char **asked = reallocarray(arguments->asked, count + 1, sizeof(*asked));

	if (!asked)
		return -ENOMEM;
	arguments->asked = asked;
	asked[count] = keep_text(arguments, key);
	if (!asked[count])
		return -ENOMEM;
	arguments->asked_count++;
	return 0;
}

/* The value of an argument, NULL if it is not there. 0 or -ENOMEM. */
static int find(struct pidtree_arguments *arguments, const char *key, const struct value **ret)
{
	const struct value *value = value_find(arguments->value, key);

	*ret = value && !value_is_null(value) ? value : NULL;
	return note_asked(arguments, key);
}

static __attribute__((format(printf, 3, 0))) int refuse(struct pidtree_arguments *arguments,
							const struct value *value,
							const char *format, va_list list)
{
	static const struct place nowhere = {.file = "the configuration", .line = 1, .column = 1};

	free(arguments->message);
	return place_error_v(value ? value_place(value) : &nowhere, &arguments->message, format,
			     list);
}

static __attribute__((format(printf, 3, 4))) int refuse_value(struct pidtree_arguments *arguments,
							      const struct value *value,
							      const char *format, ...)
{
	va_list list;
	int r;

	va_start(list, format);
	r = refuse(arguments, value, format, list);
	va_end(list);
	return r;
}

int arguments_error(struct pidtree_arguments *arguments, const char *key, const char *format, ...)
{
	const struct value *value = key ? value_find(arguments->value, key) : NULL;
	va_list list;
	int r;

	va_start(list, format);
	r = refuse(arguments, value ? value : arguments->value, format, list);
	va_end(list);
	return r;
}

int arguments_text(struct pidtree_arguments *arguments, const char *key, const char **ret)
{
	const struct value *value;
	const char *text;
	int r = find(arguments, key, &value);

	if (r || !value)
		return r;
	if (!value_text(value))
		return refuse_value(arguments, value, "%s as '%s', expected a text",
				    value_type_name(value), key);
	text = keep_text(arguments, value_text(value));
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}

int arguments_bool(struct pidtree_arguments *arguments, const char *key, bool *ret)
{
	const struct value *value;
	int r = find(arguments, key, &value);

	if (r || !value)
		return r;
	if (value_bool(value, ret))
		return refuse_value(arguments, value,
				    "'%s' is not a truth value, expected true or false", key);
	return 0;
}

int arguments_integer(struct pidtree_arguments *arguments, const char *key, int64_t *ret)
{
	const struct value *value;
	const char *text, *digits;
	int r = find(arguments, key, &value);
	char *end;
	int64_t number;

	if (r || !value)
		return r;
	text = value_text(value) ? value_text(value) : "";
	digits = text + (*text == '-');
	errno = 0;
	number = strtoll(text, &end, 10);
	/* A leading zero would be octal in YAML 1.1. */
	if (*digits < '0' || *digits > '9' || (*digits == '0' && digits[1]) || *end || errno)
		return refuse_value(arguments, value,
				    "'%s' is not a number, expected a whole one of at most 64 bits",
				    key);
	*ret = number;
	return 0;
}

static int list_item(struct pidtree_arguments *arguments, const char *key,
		     const struct value *value, const char **ret)
{
	const char *text = value_text(value);

	if (!text)
		return refuse_value(arguments, value, "%s in '%s', expected texts only",
				    value_type_name(value), key);
	*ret = keep_text(arguments, text);
	return *ret ? 0 : -ENOMEM;
}

int arguments_list(struct pidtree_arguments *arguments, const char *key, const char *const **ret,
		   size_t *ret_count)
{
	const struct value *value;
	const char **items;
	size_t count;
	int r = find(arguments, key, &value);

	if (r || !value)
		return r;
	if (value_type(value) == VALUE_MAPPING)
		return refuse_value(arguments, value, "mapping as '%s', expected a list of texts",
				    key);
	count = value_type(value) == VALUE_LIST ? value_count(value) : 1;
	items = keep(arguments, calloc(count + 1, sizeof(*items)));
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < count && !r; i++)
		r = list_item(arguments, key,
			      value_type(value) == VALUE_LIST ? value_item(value, i) : value,
			      &items[i]);
	if (r)
		return r;
	*ret = items;
	*ret_count = count;
	return 0;
}

static bool is_known(const char *key, const char *const *known, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(key, known[i]))
			return true;
	return false;
}

int arguments_check_unknown(struct pidtree_arguments *arguments)
{
	size_t asked = arguments->asked_count;
	const char **known = reallocarray(NULL, asked + OWN_KEYS, sizeof(*known));
	const struct value *value = arguments->value;
	int r = 0;

	if (!known)
		return -ENOMEM;
	for (size_t i = 0; i < asked + OWN_KEYS; i++)
		known[i] = i < asked ? arguments->asked[i] : own_keys[i - asked];
	if (value && value_type(value) != VALUE_MAPPING)
		value = NULL;
	for (size_t i = 0; value && i < value_count(value) && !r; i++) {
		const char *key = value_key(value, i);

		if (!is_known(key, known, asked + OWN_KEYS))
			r = refuse_value(arguments, value_key_value(value, i),
					 "unknown argument '%.64s', the nearest is '%s'", key,
					 nearest(key, known, asked + OWN_KEYS));
	}
	free(known);
	return r;
}

void arguments_clear(struct pidtree_arguments *arguments)
{
	for (size_t i = 0; i < arguments->kept_count; i++)
		free(arguments->kept[i]);
	free(arguments->kept);
	free(arguments->asked);
	free(arguments->message);
	*arguments = (struct pidtree_arguments){0};
}
