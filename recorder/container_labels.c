/* SPDX-License-Identifier: Apache-2.0 */
#include "container_labels.h"

#include <fnmatch.h>

static bool set_matches(const struct labels_config *set, const cJSON *labels)
{
	for (size_t i = 0; i < set->count; i++) {
		const char *value = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(labels, set->labels[i].label));

		if (!value || fnmatch(set->labels[i].glob, value, 0))
			return false;
	}
	return true;
}

bool container_labels_match(const struct labels_config *sets, size_t count, const cJSON *labels)
{
	for (size_t i = 0; i < count; i++)
		if (set_matches(&sets[i], labels))
			return true;
	return false;
}
