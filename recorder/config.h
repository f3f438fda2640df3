/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: which probes are on and how, from a YAML file with a
 * section for each. A section is on by being there; a top-level key that begins
 * with "_" is left to the file's author, for anchors. Its options are the rows
 * of config.def.
 *
 * Everything here belongs to the struct config that it was read from and does
 * not change; config_free() ends it.
 */
#ifndef PIDTREE_CONFIG_H
#define PIDTREE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "address.h"
#include "model.h"
#include "value.h"
#include "wire.h"

/* Which ports are dropped. */
struct port_rule {
	enum wire_port_mode mode;
	/* For WIRE_PORTS_ONLY and _EXCEPT, else NULL; equal sets of a configuration are one. */
	const struct wire_port_set *ports;
};

/* A network, of which the rule's ports are dropped. */
struct filter_config {
	const char *name;	 /* subnet_name, or the network as written; unique */
	const char *description; /* or NULL */
	struct network network;
	struct port_rule ports; /* never WIRE_PORTS_NONE */
};

/* A container's label has to match a pattern of fnmatch(3). */
struct label_config {
	char *label;
	char *glob;
};

/* All of these have to match. */
struct labels_config {
	struct label_config *labels;
	size_t count; /* at least one */
};

struct plugin_config {
	const char *name;
	bool enabled;
	bool unload_on_init_exception;
	const struct value *arguments; /* the whole mapping, those two included; may be null */
};

/* Bits of probe_config.protocols. */
#define CONFIG_PROTOCOL_TCP (1u << 0)
#define CONFIG_PROTOCOL_UDP (1u << 1)

/* A probe's section. Options that a probe does not have are at their defaults. */
struct probe_config {
	const char *name;
	const struct value *section;   /* all that is written there; may be null */
	struct filter_config *filters; /* in the order of the file */
	size_t filter_count;
	const struct wire_port_set *includeports; /* as written, NULL: not given */
	const struct wire_port_set *excludeports;
	struct port_rule ports; /* what of those two comes out; of the probe as a whole */
	struct labels_config *container_labels; /* one of them has to match; none: all processes */
	size_t container_label_count;
	struct plugin_config *plugins; /* in the order of the file */
	size_t plugin_count;
	/* net_listen */
	uint32_t protocols;	     /* CONFIG_PROTOCOL_… */
	uint64_t snapshot_period_ns; /* 0: no snapshots */
	bool same_namespace_only;
	bool exclude_random_bind;
	/* udp_session */
	uint64_t session_max_ns; /* a session idle this long is ended */
};

struct containers_config {
	const char *socket; /* path of the Docker or podman API socket, NULL: find it */
};

struct config;
struct remote;

/* Where a configuration comes from. */
struct config_source {
	const char *path;
	struct remote *remote; /* fetches URLs (remote.h); NULL: a URL is an error */
	const char *const
		*extra_probes; /* names of probes from elsewhere, ended by NULL; or NULL */
	/* Takes each warning, "FILE:LINE:COLUMN: …"; NULL: they are logged. */
	void (*warn)(void *context, const char *message);
	void *context;
};

/*
 * Read the configuration. 0, or -errno (-EINVAL: what is in it) with *ret
 * untouched and *ret_error one line for a person, in the form
 * "FILE:LINE:COLUMN: what was wrong, what was expected", for the caller to
 * free; NULL when out of memory. config_free() takes NULL too.
 */
int config_load(const struct config_source *source, struct config **ret, char **ret_error);
void config_free(struct config *config);

/* The section of a built-in probe, or of any by its name; NULL if the probe is off. */
const struct probe_config *config_probe(const struct config *config, enum probe_id id);
const struct probe_config *config_probe_named(const struct config *config, const char *name);

const struct containers_config *config_containers(const struct config *config);

/*
 * The files that it was read from, URLs not among them, as paths that open(2)
 * takes: the main one first, ended by NULL. For config_load() that failed there
 * is only source->path to watch.
 */
const char *const *config_files(const struct config *config);

/*
 * Whether two configurations differ at most in what can be changed without
 * restarting the probes: the options that config.def says are hot.
 */
bool config_equal_except_hot(const struct config *a, const struct config *b);

/* Print the configuration in effect, defaults included, as YAML that config_load() takes. */
void config_print(const struct config *config, FILE *out);

/* Print the options as a section of --help, and as sections of pidtree.yml(5) in mdoc(7). */
void config_print_help(FILE *out);
void config_print_manual(FILE *out);

#endif
