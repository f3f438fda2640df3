/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins that a configuration wants, and an event of sh -> curl for them to see. */
#ifndef PIDTREE_FIXTURE_PLUGIN_H
#define PIDTREE_FIXTURE_PLUGIN_H

#include "tests/fixture_config.h"

#include <limits.h>

#include <cjson/cJSON.h>

#include "recorder/plugin.h"

#define EVENT_ID 1573568697532744000LL
#define CURL_ID 1573568697000000002LL
#define SHELL_ID 1573568697000000001LL

static struct image *image; /* curl, forked by sh */
static struct plugins *plugins;
static char *message; /* of plugins_add, if it failed */

static inline struct image *make_image(int64_t id, uint32_t pid, uint32_t loginuid,
				       const char *argv, size_t argv_size, struct image *parent)
{
	struct wire_task task = {.pid = pid, .uid = pid + 1, .loginuid = loginuid};
	struct text *text = text_new(argv, argv_size);
	struct text *exe = text_new("/bin/x", sizeof("/bin/x"));
	struct image *made;

	memcpy(task.comm, argv, strlen(argv));
	made = image_new(&task);
	assert_non_null(made);
	image_set_texts(made, text, exe, NULL);
	text_unref(text);
	text_unref(exe);
	made->process.id = id;
	made->parent = parent;
	return made;
}

/* Where this build's plugins are, from where the tests are: "plugins" or "../plugins". */
static inline const char *plugin_directory(const char *relative)
{
	static char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 32);

	assert_true(length > 0);
	path[length] = '\0';
	strcpy(strrchr(path, '/') + 1, relative);
	return path;
}

/* Begin what a section of tcp_connect wants. What plugins_add returns. */
static inline int begin(const char *own, const char *extra, const char *text)
{
	struct config *config = load(text);
	int r;

	plugins = plugins_new(own, extra);
	assert_non_null(plugins);
	r = plugins_add(plugins, config_probe(config, PROBE_TCP_CONNECT), &message);
	config_free(config); /* nothing of it is needed later */
	return r;
}

static inline struct event connect_event(const char *saddr)
{
	struct event event = {
		.id = EVENT_ID,
		.process_id = CURL_ID,
		.probe = PROBE_TCP_CONNECT,
		.protocol = IPPROTO_TCP,
		.sport = 40000,
		.dport = 443,
	};

	assert_int_equal(address_parse(saddr, &event.saddr), 0);
	assert_int_equal(address_parse("2001:db8::1", &event.daddr), 0);
	return event;
}

/* The attributes of an event, which the caller deletes; NULL for none. */
static inline cJSON *run(const char *probe, const char *saddr)
{
	struct event event = connect_event(saddr);
	const char *attributes = NULL;
	cJSON *json;

	assert_int_equal(plugins_run(plugins, probe, &event, image, &attributes), 0);
	if (!attributes)
		return NULL;
	json = cJSON_Parse(attributes);
	assert_non_null(json);
	return json;
}

static inline const char *text_of(const cJSON *json, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(json, key));

	return text ? text : "(no text)";
}

static inline int set_up_plugins(void **state)
{
	(void)state;
	image = make_image(CURL_ID, 20, 1000, "curl\0-s", 8, NULL);
	image->parent = make_image(SHELL_ID, 10, NO_ID, "sh", 3, NULL);
	image->process.username = "alice";
	return 0;
}

static inline int tear_down_plugins(void **state)
{
	(void)state;
	plugins_free(plugins);
	plugins = NULL;
	free(message);
	message = NULL;
	image_unref(image);
	return 0;
}

#define PLUGIN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_plugins, tear_down_plugins)

#endif
