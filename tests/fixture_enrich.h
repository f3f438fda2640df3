/* SPDX-License-Identifier: Apache-2.0 */
/* An enrich over a fake kernel that counts UDP, and a sink that keeps what it is told. */
#ifndef PIDTREE_FIXTURE_ENRICH_H
#define PIDTREE_FIXTURE_ENRICH_H

#include "tests/fixture_process.h"

#include <netinet/in.h>

#include "recorder/enrich.h"
#include "schema/timestamp.h"

#define SESSION_MAX_NS (120 * NSEC_PER_SEC)
#define SHOWN_MAX 64
#define KERNEL_MAX 16

struct facts {
	struct event event[STORED_MAX];
	struct event outcome[STORED_MAX];
	struct event end[STORED_MAX];
	size_t events;
	size_t outcomes;
	size_t ends;
	/* Of each line shown: its first events, how many there were, whose. */
	struct event shown[SHOWN_MAX][8];
	size_t shown_count[SHOWN_MAX];
	uint32_t shown_pid[SHOWN_MAX]; /* 0: no process */
	size_t shows;
	uint64_t cgroup_id; /* the last one told of */
	int r;		    /* what the sink answers */
};

/* What the kernel has in its maps. */
struct fake_kernel {
	uint16_t listen_port;
	struct {
		uint64_t cookie;
		struct wire_udp_socket socket;
	} sockets[KERNEL_MAX];
	struct {
		struct wire_udp_key key;
		struct wire_udp_count count;
	} destinations[KERNEL_MAX];
	struct wire_udp_key forgotten[STORED_MAX];
	size_t forgotten_count;
};

struct enriched {
	struct processes processes;
	struct flows *flows;
	struct enrich_sink sink;
	struct enrich_source source;
	struct enrich *enrich;
	struct facts facts;
	struct fake_kernel kernel;
	struct record record;
};

static inline int facts_add(struct facts *facts, struct event *list, size_t *count,
			    const struct event *event)
{
	if (*count < STORED_MAX)
		list[*count] = *event;
	++*count;
	return facts->r;
}

static inline int facts_event(void *context, const struct event *event)
{
	struct facts *facts = context;

	return facts_add(facts, facts->event, &facts->events, event);
}

static inline int facts_outcome(void *context, const struct event *event)
{
	struct facts *facts = context;

	return facts_add(facts, facts->outcome, &facts->outcomes, event);
}

static inline int facts_end(void *context, const struct event *event)
{
	struct facts *facts = context;

	return facts_add(facts, facts->end, &facts->ends, event);
}

static inline void facts_show(void *context, const struct event *events, size_t count,
			      const struct image *image)
{
	struct facts *facts = context;
	size_t line = facts->shows++ % SHOWN_MAX;

	assert_true(count > 0);
	memcpy(facts->shown[line], events, (count < 8 ? count : 8) * sizeof(*events));
	facts->shown_count[line] = count;
	facts->shown_pid[line] = image ? image->process.pid : 0;
}

static inline uint16_t kernel_listen_port(void *context, uint64_t cookie, uint32_t pid)
{
	struct fake_kernel *kernel = context;

	(void)cookie;
	(void)pid;
	return kernel->listen_port;
}

static inline int kernel_udp_socket(void *context, uint64_t cookie, struct wire_udp_socket *ret)
{
	struct fake_kernel *kernel = context;

	for (size_t i = 0; i < KERNEL_MAX; i++)
		if (kernel->sockets[i].cookie == cookie) {
			*ret = kernel->sockets[i].socket;
			return 0;
		}
	return -ENOENT;
}

static inline int kernel_udp_destination(void *context, const struct wire_udp_key *key,
					 struct wire_udp_count *ret)
{
	struct fake_kernel *kernel = context;

	for (size_t i = 0; i < KERNEL_MAX; i++)
		if (!memcmp(&kernel->destinations[i].key, key, sizeof(*key))) {
			*ret = kernel->destinations[i].count;
			return 0;
		}
	return -ENOENT;
}

static inline void kernel_udp_forget(void *context, const struct wire_udp_key *key)
{
	struct fake_kernel *kernel = context;

	kernel->forgotten[kernel->forgotten_count++ % STORED_MAX] = *key;
}

static inline int facts_cgroup(void *context, const struct wire_cgroup *cgroup)
{
	struct facts *facts = context;

	facts->cgroup_id = cgroup->key.id;
	return facts->r;
}

static inline void enriched_open(struct enriched *enriched)
{
	memset(enriched, 0, sizeof(*enriched));
	processes_open(&enriched->processes);
	enriched->sink = (struct enrich_sink){
		.context = &enriched->facts,
		.cgroup = facts_cgroup,
		.event = facts_event,
		.outcome = facts_outcome,
		.end = facts_end,
		.show = facts_show,
	};
	enriched->source = (struct enrich_source){
		.context = &enriched->kernel,
		.listen_port = kernel_listen_port,
		.udp_socket = kernel_udp_socket,
		.udp_destination = kernel_udp_destination,
		.udp_forget = kernel_udp_forget,
	};
	enriched->flows = flows_new();
	enriched->enrich =
		enrich_new(&enriched->processes.clock, enriched->processes.table, enriched->flows,
			   &enriched->sink, &enriched->source, SESSION_MAX_NS);
	assert_non_null(enriched->flows);
	assert_non_null(enriched->enrich);
}

static inline void enriched_close(struct enriched *enriched)
{
	enrich_free(enriched->enrich);
	flows_free(enriched->flows);
	processes_close(&enriched->processes);
}

/* The 16 bytes of an address on the wire. */
static inline void set_address(uint8_t mapped[16], const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	address_to_mapped(&address, mapped);
}

#endif
