/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for something to do, and the end. */
#include "main.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define POLL_MS 50 /* between looks at the ring */

/* What a supervisor should restart us for. */
static int check_health(struct recorder *recorder, int64_t now_ns)
{
	int64_t period_ns = (int64_t)recorder->options.health_check_period * NSEC_PER_SEC;
	const char *ailment = NULL;

	if (!period_ns || now_ns < recorder->next_health_ns)
		return 0;
	recorder->next_health_ns = now_ns + period_ns;
	if (!collector_is_attached(recorder->collector))
		ailment = "programs are not attached any more";
	else if (recorder->output && !output_is_writable(recorder->output))
		ailment = "the output file cannot be written";
	else if (now_ns - recorder->commit_ns > period_ns)
		ailment = "nothing was committed since the last check";
	if (!ailment)
		return 0;
	log_error("health check failed: %s", ailment);
	return -EIO;
}

/* True when the signal asks to stop. */
static bool take_signal(struct recorder *recorder, int *ret)
{
	struct signalfd_siginfo signal;

	if (read(recorder->signal_fd, &signal, sizeof(signal)) != sizeof(signal))
		return false;
	if (signal.ssi_signo != SIGHUP)
		return true;
	*ret = recorder_reload(recorder);
	return false;
}

static int poll_add(struct recorder *recorder, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(recorder->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int open_poll(struct recorder *recorder)
{
	int r;

	recorder->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (recorder->epoll_fd < 0)
		return -errno;
	/* Edges only: the ring has data nearly always, and the timer is what paces us. */
	r = poll_add(recorder, collector_ring_fd(recorder->collector), EPOLLIN | EPOLLET);
	if (!r)
		r = poll_add(recorder, container_gate_fd(recorder->containers), EPOLLIN);
	if (!r)
		r = poll_add(recorder, recorder->signal_fd, EPOLLIN);
	if (!r && recorder->watch)
		r = poll_add(recorder, watch_fd(recorder->watch), EPOLLIN);
	if (!r)
		r = remote_start(recorder->remote, REMOTE_PERIOD_MS);
	if (!r)
		r = poll_add(recorder, remote_fd(recorder->remote), EPOLLIN);
	return r;
}

/* True when what is to be read from fd says that the configuration changed. */
static bool config_has_changed(struct recorder *recorder, int fd)
{
	if (recorder->watch && fd == watch_fd(recorder->watch))
		return watch_read(recorder->watch);
	if (fd != remote_fd(recorder->remote))
		return false;
	remote_acknowledge(recorder->remote);
	return true;
}

/* Wait for something to do. 1 to go on, 0 to stop, or -errno. */
static int wait_for_work(struct recorder *recorder)
{
	bool is_busy = ring_used_bytes(recorder->ring) > ring_size_bytes(recorder->ring) / 8;
	struct epoll_event event;
	int count = epoll_wait(recorder->epoll_fd, &event, 1, is_busy ? 0 : POLL_MS);
	int r = 0;

	if (count < 0 && errno != EINTR)
		return -errno;
	if (count <= 0)
		return 1;
	if (event.data.fd == container_gate_fd(recorder->containers))
		recorder->containers_have_news = true;
	if (event.data.fd == recorder->signal_fd && take_signal(recorder, &r))
		return 0;
	if (config_has_changed(recorder, event.data.fd))
		r = recorder_reload(recorder);
	return r ? r : !recorder->is_to_restart;
}

int recorder_run(struct recorder *recorder)
{
	int r = open_poll(recorder);

	if (r) {
		log_error("cannot wait for records: %s", strerror(-r));
		return r;
	}
	while ((r = wait_for_work(recorder)) > 0) {
		r = recorder_run_batch(recorder);
		if (r >= 0)
			r = check_health(recorder, clock_boot_ns());
		if (r < 0)
			break;
	}
	return r;
}

int recorder_finish(struct recorder *recorder)
{
	int r;

	collector_detach(recorder->collector);
	/* A program that still runs on another CPU may yet submit its record. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	do
		r = recorder_run_batch(recorder);
	while (r > 0);
	if (r < 0)
		return r;
	if ((r = store_begin(recorder->store)) || (r = recorder_account_losses(recorder)) ||
	    (r = enrich_stop(recorder->enrich, (uint64_t)clock_boot_ns())) ||
	    (r = recorder_commit(recorder)))
		return store_checked(recorder, r);
	collector_unpin(recorder->collector);
	return 0;
}
