/* SPDX-License-Identifier: Apache-2.0 */
/* The option container_labels: which containers a probe wants. */
#ifndef PIDTREE_CONTAINER_LABELS_H
#define PIDTREE_CONTAINER_LABELS_H

#include <cjson/cJSON.h>

#include "config.h"

/*
 * Whether one of count sets matches: each of its labels is there, and its value
 * matches the pattern. labels is an object of strings, or NULL for none.
 */
bool container_labels_match(const struct labels_config *sets, size_t count, const cJSON *labels);

#endif
