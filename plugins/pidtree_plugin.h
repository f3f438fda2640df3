/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What pidtree-recorder and a plugin know of each other.
 *
 * A plugin sees every event of the probes that it is configured for,
 * before the event is stored, and may add attributes to it. It is a shared
 * object, NAME.so, that defines one symbol:
 *
 *	const struct pidtree_plugin pidtree_plugin = {
 *		PIDTREE_PLUGIN,
 *		.name = "NAME",
 *		.probes = (const char *const[]){"tcp_connect", NULL},
 *		.process = name_process,
 *	};
 *
 * It knows neither the layout of an event nor any function of the recorder:
 * what there is to know and to do goes through struct pidtree_api. That table
 * and struct pidtree_plugin only ever grow at their ends, so a plugin keeps
 * working with later recorders as long as PIDTREE_PLUGIN_ABI is the same.
 *
 * All calls come from the thread that reads the kernel's ring buffer: a plugin
 * that waits for anything makes the recorder lose events.
 */
#ifndef PIDTREE_PLUGIN_H
#define PIDTREE_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PIDTREE_PLUGIN_ABI 1

#define PIDTREE_TOP_LEVEL SIZE_MAX  /* instead of a tree entry: the event itself */
#define PIDTREE_NO_LOGIN UINT32_MAX /* a loginuid that is not set */

struct pidtree_event;	  /* valid during one call of process */
struct pidtree_arguments; /* valid during one call of init */

enum pidtree_log_level {
	PIDTREE_LOG_ERROR,
	PIDTREE_LOG_WARNING,
	PIDTREE_LOG_INFO,
};

struct pidtree_api {
	/* Bytes of this table in the running recorder; see PIDTREE_API_HAS. */
	size_t size;

	/* Log one line as printf does; the plugin's name is put in front of it. */
	void (*log)(enum pidtree_log_level level, const char *format, ...)
		__attribute__((format(printf, 2, 3)));

	/*
	 * The plugin's arguments in the configuration, for init. Each function
	 * returns 0, with *ret untouched when the argument is not there or null;
	 * or a negative errno, which init should return: the recorder then says
	 * what was wrong and where. Init must ask for every argument it knows,
	 * for one that is never asked for is an error. Texts and lists live until
	 * fini has returned.
	 */
	int (*argument_text)(struct pidtree_arguments *arguments, const char *key,
			     const char **ret);
	int (*argument_bool)(struct pidtree_arguments *arguments, const char *key, bool *ret);
	int (*argument_integer)(struct pidtree_arguments *arguments, const char *key, int64_t *ret);
	/* A list of texts; one text alone is a list of one. */
	int (*argument_list)(struct pidtree_arguments *arguments, const char *key,
			     const char *const **ret, size_t *ret_count);

	/*
	 * Say, as printf does, why init fails, because of the argument key or, if
	 * that is NULL, of all of them. Returns -EINVAL, for init to return.
	 */
	int (*argument_error)(struct pidtree_arguments *arguments, const char *key,
			      const char *format, ...) __attribute__((format(printf, 3, 4)));

	/*
	 * The event, for process. Texts are never NULL and live until process
	 * returns. Addresses are in their usual text form (RFC 5952, IPv4 never
	 * as v4-mapped), "" for none; ports are 0 for none or not yet known.
	 */
	const char *(*event_probe)(const struct pidtree_event *event);
	int64_t (*event_unix_ns)(const struct pidtree_event *event);
	uint8_t (*event_protocol)(const struct pidtree_event *event);  /* IPPROTO_TCP, … */
	const char *(*event_saddr)(const struct pidtree_event *event); /* local */
	const char *(*event_daddr)(const struct pidtree_event *event); /* remote */
	uint16_t (*event_sport)(const struct pidtree_event *event);
	uint16_t (*event_dport)(const struct pidtree_event *event);

	/*
	 * Its process tree: entry 0 is the process that acted, entry 1 the one
	 * that forked it, and so on; there is always entry 0. Of an entry that is
	 * not there, numbers are 0, the loginuid is PIDTREE_NO_LOGIN, texts "".
	 */
	size_t (*tree_depth)(const struct pidtree_event *event);
	uint32_t (*tree_pid)(const struct pidtree_event *event, size_t entry);
	uint32_t (*tree_uid)(const struct pidtree_event *event, size_t entry);
	uint32_t (*tree_loginuid)(const struct pidtree_event *event, size_t entry);
	const char *(*tree_username)(const struct pidtree_event *event, size_t entry);
	/* The loginuid's name, like the username in digits if it has none; "" without a login. */
	const char *(*tree_loginname)(const struct pidtree_event *event, size_t entry);
	/* These three are bytes that the process chose, not always UTF-8. */
	const char *(*tree_comm)(const struct pidtree_event *event, size_t entry);
	const char *(*tree_exe)(const struct pidtree_event *event, size_t entry);
	const char *(*tree_cmdline)(const struct pidtree_event *event, size_t entry);

	/*
	 * Add an attribute to a tree entry, or to the event with
	 * PIDTREE_TOP_LEVEL, in place of one with the same key. It appears in the
	 * event's JSON, unless the event has that key of its own. Key and value
	 * are copied; bytes in them that are not UTF-8 are written as \xHH.
	 *
	 * 0, or a negative errno: -EINVAL for an entry that is not there, an empty
	 * key, or "proctree" at the top level; -ERANGE for an integer beyond ±2^53,
	 * which JSON readers would round; -ENOMEM.
	 */
	int (*add_text)(struct pidtree_event *event, size_t entry, const char *key,
			const char *value);
	int (*add_integer)(struct pidtree_event *event, size_t entry, const char *key,
			   int64_t value);
	int (*add_bool)(struct pidtree_event *event, size_t entry, const char *key, bool value);
};

/* Whether the running recorder has a function that came later than the plugin requires. */
#define PIDTREE_API_HAS(api, function)                                                             \
	((api)->size >= offsetof(struct pidtree_api, function) + sizeof((api)->function))

struct pidtree_plugin {
	uint32_t abi; /* both set by PIDTREE_PLUGIN */
	uint32_t size;

	const char *name; /* as in the configuration, and of the file without .so */

	/* The probes that it can work with, ended by NULL; "*" is any. */
	const char *const *probes;

	/*
	 * Begin to work for one probe. *ret_state is handed to the other functions;
	 * each probe that the plugin is configured for has its own. 0 or a negative
	 * errno, upon which fini is not called. May be NULL.
	 */
	int (*init)(const struct pidtree_api *api, struct pidtree_arguments *arguments,
		    void **ret_state);

	/*
	 * See an event, before it is stored: a connect or listen when it happens,
	 * a UDP session at its first message to each destination. 0 or a negative
	 * errno, which is logged; the event is recorded in any case.
	 */
	int (*process)(const struct pidtree_api *api, void *state, struct pidtree_event *event);

	/* Give back what init has taken. May be NULL. */
	void (*fini)(const struct pidtree_api *api, void *state);
};

#define PIDTREE_PLUGIN .abi = PIDTREE_PLUGIN_ABI, .size = sizeof(struct pidtree_plugin)

/* The plugin's only visible symbol. */
extern const struct pidtree_plugin pidtree_plugin __attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif

#endif
