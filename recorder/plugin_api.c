// SPDX-License-Identifier: Apache-2.0
#include "plugin_api.h"

#include <stdarg.h>
#include <stdio.h>

#include "cleanup.h"
#include "log.h"
#include "plugin_arguments.h"
#include "plugin_event.h"

static _Thread_local const char *speaker;

void plugin_api_speaker(const char *name)
{
	speaker = name;
}

static __attribute__((format(printf, 2, 3))) void plugin_log(enum pidtree_log_level level,
							     const char *format, ...)
{
	const char *name = speaker ? speaker : "(in a thread of its own)";
	_cleanup_free_ char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (!text)
		return;
	switch (level) {
	case PIDTREE_LOG_ERROR:
		log_error("plugin %s: %s", name, text);
		break;
	case PIDTREE_LOG_WARNING:
		log_warning("plugin %s: %s", name, text);
		break;
	case PIDTREE_LOG_INFO:
		log_info("plugin %s: %s", name, text);
		break;
	}
}

const struct pidtree_api plugin_api = {
	.size = sizeof(plugin_api),
	.log = plugin_log,
	.argument_text = arguments_text,
	.argument_bool = arguments_bool,
	.argument_integer = arguments_integer,
	.argument_list = arguments_list,
	.argument_error = arguments_error,
	.event_probe = plugin_event_probe,
	.event_unix_ns = plugin_event_unix_ns,
	.event_protocol = plugin_event_protocol,
	.event_saddr = plugin_event_saddr,
	.event_daddr = plugin_event_daddr,
	.event_sport = plugin_event_sport,
	.event_dport = plugin_event_dport,
	.tree_depth = plugin_tree_depth,
	.tree_pid = plugin_tree_pid,
	.tree_uid = plugin_tree_uid,
	.tree_loginuid = plugin_tree_loginuid,
	.tree_username = plugin_tree_username,
	.tree_loginname = plugin_tree_loginname,
	.tree_comm = plugin_tree_comm,
	.tree_exe = plugin_tree_exe,
	.tree_cmdline = plugin_tree_cmdline,
	.add_text = plugin_add_text,
	.add_integer = plugin_add_integer,
	.add_bool = plugin_add_bool,
};
