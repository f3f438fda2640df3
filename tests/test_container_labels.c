// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/container_labels.h"

static char team_name[] = "team", team_glob[] = "pay*";
static char stage_name[] = "stage", stage_glob[] = "prod";
static char any_name[] = "any", any_glob[] = "*";

static struct label_config team = {team_name, team_glob};
static struct label_config stage = {stage_name, stage_glob};
static struct label_config both[] = {{team_name, team_glob}, {stage_name, stage_glob}};
static struct label_config any = {any_name, any_glob};

static bool matches(const struct labels_config *sets, size_t count, const char *json)
{
	cJSON *labels = cJSON_Parse(json);
	bool is_match = container_labels_match(sets, count, labels);

	cJSON_Delete(labels);
	return is_match;
}

static void a_value_is_matched_by_a_pattern(void **state)
{
	const struct labels_config set = {.labels = &team, .count = 1};

	(void)state;
	assert_true(matches(&set, 1, "{\"team\": \"payments\"}"));
	assert_true(matches(&set, 1, "{\"x\": \"y\", \"team\": \"pay\"}"));
	assert_false(matches(&set, 1, "{\"team\": \"repay\"}"));
	assert_false(matches(&set, 1, "{\"Team\": \"payments\"}"));
	assert_false(matches(&set, 1, "{\"teams\": \"payments\"}"));
}

static void all_labels_of_a_set_must_match(void **state)
{
	const struct labels_config set = {.labels = both, .count = 2};

	(void)state;
	assert_true(matches(&set, 1, "{\"team\": \"payroll\", \"stage\": \"prod\"}"));
	assert_false(matches(&set, 1, "{\"team\": \"payroll\", \"stage\": \"test\"}"));
	assert_false(matches(&set, 1, "{\"team\": \"payroll\"}"));
}

static void one_set_is_enough(void **state)
{
	const struct labels_config sets[] = {
		{.labels = &stage, .count = 1},
		{.labels = &team, .count = 1},
	};

	(void)state;
	assert_true(matches(sets, 2, "{\"team\": \"payments\"}"));
	assert_true(matches(sets, 2, "{\"stage\": \"prod\"}"));
	assert_false(matches(sets, 2, "{\"stage\": \"test\"}"));
}

static void a_star_wants_the_label_to_be_there(void **state)
{
	const struct labels_config set = {.labels = &any, .count = 1};

	(void)state;
	assert_true(matches(&set, 1, "{\"any\": \"\"}"));
	assert_true(matches(&set, 1, "{\"any\": \".a/b\"}"));
	assert_false(matches(&set, 1, "{}"));
}

static void nothing_matches_without_sets_or_labels(void **state)
{
	const struct labels_config set = {.labels = &team, .count = 1};

	(void)state;
	assert_false(matches(NULL, 0, "{\"team\": \"payments\"}"));
	assert_false(container_labels_match(&set, 1, NULL));
	assert_false(matches(&set, 1, "{\"team\": 1}"));
	assert_false(matches(&set, 1, "{\"team\": null}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_matched_by_a_pattern),
		cmocka_unit_test(all_labels_of_a_set_must_match),
		cmocka_unit_test(one_set_is_enough),
		cmocka_unit_test(a_star_wants_the_label_to_be_there),
		cmocka_unit_test(nothing_matches_without_sets_or_labels),
	};

	return cmocka_run_group_tests_name("container labels", tests, NULL, NULL);
}
