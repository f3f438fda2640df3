/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder: its command line, its parts, its beginning and its end. */
#include "main.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define EXIT_USAGE 2		    /* of the command line or the configuration */
#define TICK_NS NSEC_PER_SEC	    /* between housekeeping, which commits in any case */
#define SWEEP_NS (5 * NSEC_PER_SEC) /* between looks for idle UDP sessions */

int complain(int r, char *message)
{
	if (r)
		log_error("%s", message ? message : strerror(-r));
	free(message);
	return r;
}

static int open_store(struct recorder *recorder)
{
	struct store_host host = {
		.name = recorder->host.name,
		.machine_id = recorder->host.machine_id,
		.boot_id = recorder->host.boot_id,
		.kernel = recorder->host.kernel,
	};
	char *message = NULL;
	int r = store_open(recorder->options.database, &host,
			   clock_unix_ns(&recorder->clock, clock_boot_ns()), &recorder->store,
			   &message);

	if (!r)
		recorder->clock.last_id = store_position(recorder->store)->last_id;
	return complain(r, message);
}

static int open_output(struct recorder *recorder)
{
	const char *path = recorder->options.output_file;
	int r = path ? output_open(path, &recorder->output) : 0;

	if (r)
		log_error("cannot open %s: %s; choose another file with --output_file", path,
			  strerror(-r));
	return r;
}

static int open_collector(struct recorder *recorder)
{
	char *message = NULL;
	int r = collector_open(recorder->options.pin_path, recorder->probes, recorder_apply_filters,
			       recorder, &recorder->collector, &message);

	if (!r)
		r = ring_open(collector_ring_fd(recorder->collector), &recorder->ring);
	return complain(r, message);
}

/* Those from elsewhere that are on, which have been loaded, behind count others. */
static void choose_extra_probes(struct recorder *recorder, size_t count)
{
	const char *const *name = extra_probes_names(recorder->extra_probes);
	char *message = NULL;

	for (; *name && count < WIRE_PROBES + 2; name++)
		if (config_probe_named(recorder->config, *name) &&
		    !extra_probes_load(recorder->extra_probes, *name, &recorder->probes[count],
				       &message))
			count++;
	free(message);
}

static void choose_probes(struct recorder *recorder)
{
	size_t count = 0;

	recorder->probes[count++] = &probe_process;
	recorder->probes[count++] = &probe_cgroup;
	for (const struct probe *const *probe = probes_builtin; *probe; probe++)
		if (config_probe(recorder->config, (*probe)->id))
			recorder->probes[count++] = *probe;
	choose_extra_probes(recorder, count);
}

static uint64_t session_max_ns(const struct recorder *recorder)
{
	const struct probe_config *config = config_probe(recorder->config, PROBE_UDP_SESSION);

	return config ? config->session_max_ns : 0;
}

static int make_tables(struct recorder *recorder)
{
	recorder_wire_up(recorder);
	recorder->users = users_new();
	recorder->flows = flows_new();
	recorder->containers = container_gate_new(&recorder->container_sink);
	recorder->processes = process_table_new(&recorder->clock, &recorder->process_sink);
	if (recorder->users && recorder->flows && recorder->containers && recorder->processes)
		recorder->enrich = enrich_new(&recorder->clock, recorder->processes,
					      recorder->flows, &recorder->enrich_sink,
					      &recorder->enrich_source, session_max_ns(recorder));
	return complain(recorder->enrich ? 0 : -ENOMEM, NULL);
}

/* Know the containers before any record of a process of theirs is taken in. */
static int start_containers(struct recorder *recorder)
{
	container_gate_configure(recorder->containers, recorder->probes, recorder->config);
	return complain(container_gate_start(recorder->containers), NULL);
}

/* Snapshots begin as soon as the recorder runs. */
static int64_t first_snapshot_ns(const struct recorder *recorder)
{
	const struct probe_config *config = config_probe(recorder->config, PROBE_NET_LISTEN);

	return config && config->snapshot_period_ns ? 0 : INT64_MAX;
}

static int open_watch(struct recorder *recorder)
{
	int r;

	if (!recorder->options.watch_config)
		return 0;
	r = watch_open(config_files(recorder->config), &recorder->watch);
	if (r)
		log_error("cannot watch %s: %s", recorder->options.config, strerror(-r));
	return r;
}

static int record(struct recorder *recorder)
{
	int r;

	umask(0027); /* the record is for root and its group */
	choose_probes(recorder);
	recorder->next_snapshot_ns = INT64_MAX; /* none before all processes are known */
	host_read(&recorder->host);
	clock_sample(&recorder->clock);
	if ((r = open_store(recorder)) || (r = recorder_number_probes(recorder)) ||
	    (r = open_output(recorder)) || (r = make_tables(recorder)) ||
	    (r = open_collector(recorder)) || (r = recorder_resume_ring(recorder)) ||
	    (r = start_containers(recorder)) || (r = recorder_load_processes(recorder)) ||
	    (r = open_watch(recorder)))
		return r;
	recorder->next_tick_ns = clock_boot_ns() + TICK_NS;
	recorder->next_sweep_ns = clock_boot_ns() + SWEEP_NS;
	recorder->next_snapshot_ns = first_snapshot_ns(recorder);
	log_info("recording");
	sd_notify(0, "READY=1");
	r = recorder_run(recorder);
	if (r || recorder->is_to_restart) /* the kernel keeps recording for whoever comes next */
		return r;
	sd_notify(0, "STOPPING=1");
	return recorder_finish(recorder);
}

static void recorder_close(struct recorder *recorder)
{
	for (size_t i = 0; i < WIRE_PROBES; i++)
		filter_free(recorder->filters[i]);
	enrich_free(recorder->enrich);
	flows_free(recorder->flows);
	process_table_free(recorder->processes);
	container_gate_free(recorder->containers);
	ring_free(recorder->ring);
	collector_free(recorder->collector);
	output_free(recorder->output);
	store_free(recorder->store);
	users_free(recorder->users);
	plugins_free(recorder->plugins);
	extra_probes_free(recorder->extra_probes);
	config_free(recorder->config);
	remote_free(recorder->remote);
	watch_free(recorder->watch);
	if (recorder->epoll_fd >= 0)
		close(recorder->epoll_fd);
	if (recorder->signal_fd >= 0)
		close(recorder->signal_fd);
	free(recorder->forget);
	free(recorder);
}

/* Signals that end the recorder come through a descriptor; nothing runs in a handler. */
static int open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int find_extra_probes(struct recorder *recorder, char **ret_message)
{
	const char *directory = recorder->options.extra_probe_path;

	return directory ? extra_probes_find(directory, &recorder->extra_probes, ret_message) : 0;
}

/* cache_dir: where copies of what comes from URLs are kept, NULL: nowhere. */
static int open_config(struct recorder *recorder, const char *cache_dir)
{
	char *message = NULL;
	int r = -ENOMEM;

	recorder->remote = remote_new(cache_dir, REMOTE_TIMEOUT_MS);
	if (recorder->remote)
		r = find_extra_probes(recorder, &message);
	if (!r)
		r = recorder_load_config(recorder, &recorder->config, &message);
	if (!r)
		r = recorder_load_extensions(recorder, recorder->config, &recorder->plugins,
					     &message);
	return complain(r, message);
}

static int open_config_with_copies(struct recorder *recorder)
{
	char *cache_dir;
	int r;

	if (asprintf(&cache_dir, "%s/includes", recorder->options.database) < 0)
		return complain(-ENOMEM, NULL);
	r = open_config(recorder, cache_dir);
	free(cache_dir);
	return r;
}

static int check_config(struct recorder *recorder)
{
	if (open_config(recorder, NULL))
		return EXIT_USAGE;
	printf("%s: ok\n", recorder->options.config);
	return EXIT_SUCCESS;
}

/* --print-and-quit: what would be in effect. */
static int print_config(struct recorder *recorder)
{
	if (open_config(recorder, NULL))
		return EXIT_USAGE;
	choose_probes(recorder);
	config_print(recorder->config, stdout);
	objects_set_log();
	return complain(objects_print_hooks(recorder->probes, stdout), NULL) ? EXIT_FAILURE
									     : EXIT_SUCCESS;
}

static int start(struct recorder *recorder)
{
	recorder->signal_fd = open_signals();
	if (recorder->signal_fd < 0)
		return complain(-errno, NULL) ? EXIT_FAILURE : 0;
	if (open_config_with_copies(recorder))
		return EXIT_USAGE;
	return record(recorder) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The recorder anew, with the configuration as it is now. Returns only if that fails. */
static int start_anew(char **argv)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", argv);
	log_error("cannot start anew: %m");
	return EXIT_FAILURE;
}

static int act(struct recorder *recorder)
{
	switch (recorder->options.action) {
	case OPTIONS_HELP:
		options_print_help(stdout);
		config_print_help(stdout);
		return EXIT_SUCCESS;
	case OPTIONS_PRINT_MANUAL:
		config_print_manual(stdout);
		return EXIT_SUCCESS;
	case OPTIONS_CHECK_CONFIG:
		return check_config(recorder);
	case OPTIONS_PRINT:
		return print_config(recorder);
	case OPTIONS_VERSION:
		options_print_version(stdout);
		return EXIT_SUCCESS;
	case OPTIONS_RECORD:
		return start(recorder);
	}
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	char *message = NULL;
	bool is_to_restart;
	int status;
	int r;

	if (!recorder)
		return EXIT_FAILURE;
	recorder->epoll_fd = recorder->signal_fd = -1;
	r = options_parse(argc, argv, &recorder->options, &message);
	status = complain(r, message) ? EXIT_USAGE : act(recorder);
	is_to_restart = recorder->is_to_restart;
	recorder_close(recorder);
	return is_to_restart && status == EXIT_SUCCESS ? start_anew(argv) : status;
}
