/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations as files in a directory of their own, which is the current one. */
#ifndef PIDTREE_FIXTURE_CONFIG_H
#define PIDTREE_FIXTURE_CONFIG_H

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/config.h"

/* The file that a test writes; its name is what messages begin with. */
#define PATH "config.yml"

static char *example;
static char directory[] = "/tmp/test_config.XXXXXX";
static char warnings[4096]; /* of the last load, each with a newline */

static inline int enter_directory(void **state)
{
	(void)state;
	example = realpath("example_config.yml", NULL); /* tests start at the top of the tree */
	return !example || !mkdtemp(directory) || chdir(directory);
}

static inline int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int leave_directory(void **state)
{
	(void)state;
	free(example);
	return chdir("/") || nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

static inline void keep_warning(void *context, const char *message)
{
	size_t used = strlen(warnings);

	(void)context;
	snprintf(warnings + used, sizeof(warnings) - used, "%s\n", message);
}

static inline int load_path(const char *path, struct remote *remote, struct config **ret,
			    char **ret_error)
{
	static const char *const extra_probes[] = {"tcp_accept", NULL};
	struct config_source source = {
		.path = path,
		.remote = remote,
		.extra_probes = extra_probes,
		.warn = keep_warning,
	};

	warnings[0] = '\0';
	return config_load(&source, ret, ret_error);
}

static inline void assert_load_fails(const char *path, int err, const char *expected)
{
	struct config *config = NULL;
	char *error = NULL;

	assert_int_equal(load_path(path, NULL, &config, &error), err);
	assert_null(config);
	assert_string_equal(error, expected);
	free(error);
}

static inline void assert_error(const char *text, const char *expected)
{
	write_file(PATH, text);
	assert_load_fails(PATH, -EINVAL, expected);
}

static inline void assert_error_begins(const char *text, const char *expected)
{
	struct config *config = NULL;
	char *error = NULL;

	write_file(PATH, text);
	assert_int_equal(load_path(PATH, NULL, &config, &error), -EINVAL);
	if (strncmp(error, expected, strlen(expected)) != 0)
		fail_msg("'%s' does not begin with '%s'", error, expected);
	assert_null(strchr(error, '\n'));
	free(error);
}

static inline struct config *load_file(const char *path)
{
	struct config *config = NULL;
	char *error = NULL;

	if (load_path(path, NULL, &config, &error) != 0)
		fail_msg("unexpected error: %s", error);
	return config;
}

static inline struct config *load(const char *text)
{
	write_file(PATH, text);
	return load_file(PATH);
}

/* What config_print() prints, to be freed. */
static inline char *printed(const struct config *config)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	config_print(config, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

#endif
