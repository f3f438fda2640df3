/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says for one plugin of one probe, as the plugin reads it. */
#ifndef PIDTREE_PLUGIN_ARGUMENTS_H
#define PIDTREE_PLUGIN_ARGUMENTS_H

#include <stdbool.h>

#include "pidtree_plugin.h"
#include "value.h"

struct pidtree_arguments {
	const struct value *value; /* a mapping, or null */
	char *message;		   /* what was wrong, "FILE:LINE:COLUMN: …", or NULL */
	/* The keys that were asked for, and what was handed out for them. */
	void **kept;
	size_t kept_count;
	const char **asked;
	size_t asked_count;
};

/* For struct pidtree_api, which see. */
int arguments_text(struct pidtree_arguments *arguments, const char *key, const char **ret);
int arguments_bool(struct pidtree_arguments *arguments, const char *key, bool *ret);
int arguments_integer(struct pidtree_arguments *arguments, const char *key, int64_t *ret);
int arguments_list(struct pidtree_arguments *arguments, const char *key, const char *const **ret,
		   size_t *ret_count);
int arguments_error(struct pidtree_arguments *arguments, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Refuse an argument that the plugin did not ask for: it would be ignored. 0,
 * -ENOMEM, or -EINVAL with a message.
 */
int arguments_check_unknown(struct pidtree_arguments *arguments);

/* Free all that was handed out, but not the struct. */
void arguments_clear(struct pidtree_arguments *arguments);

#endif
