// SPDX-License-Identifier: Apache-2.0
#include "tests/fixture_enrich.h"

#define COOKIE 77
#define SECOND ((uint64_t)NSEC_PER_SEC)
#define OPENED (1000 * SECOND)

static struct enriched fixture;
static struct facts *const facts = &fixture.facts;
static struct fake_kernel *const kernel = &fixture.kernel;
static struct wire_task curl;

static int set_up(void **state)
{
	(void)state;
	enriched_open(&fixture);
	curl = task_of_alice(10, 100);
	seed_at(&fixture.processes, 150, &curl, NULL, "curl");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	enriched_close(&fixture);
	return 0;
}

static struct wire_open *new_open(uint16_t probe, uint64_t boot_ns)
{
	struct wire_open *open = &fixture.record.open;

	*open = (struct wire_open){
		.header = {.type = WIRE_OPEN, .probe = probe, .boot_ns = boot_ns},
		.task = curl,
		.cookie = COOKIE,
		.protocol = probe == WIRE_PROBE_UDP_SESSION ? IPPROTO_UDP : IPPROTO_TCP,
	};
	set_address(open->saddr, "10.0.0.5");
	set_address(open->daddr, "185.30.166.37");
	open->dport = 443;
	return open;
}

static int take_record(void)
{
	return enrich_record(fixture.enrich, &fixture.record);
}

static void connect_at(uint64_t boot_ns)
{
	new_open(WIRE_PROBE_TCP_CONNECT, boot_ns);
	assert_int_equal(take_record(), 0);
}

static int outcome_at(uint64_t boot_ns, uint64_t open_boot_ns, uint8_t flags, uint32_t error,
		      uint16_t sport)
{
	struct wire_outcome *outcome = &fixture.record.outcome;

	*outcome = (struct wire_outcome){
		.header = {.type = WIRE_OUTCOME,
			   .probe = WIRE_PROBE_TCP_CONNECT,
			   .boot_ns = boot_ns},
		.cookie = COOKIE,
		.open_boot_ns = open_boot_ns,
		.flags = flags,
		.error = error,
		.sport = sport,
	};
	set_address(outcome->saddr, "10.0.0.6");
	return take_record();
}

static int end_at(uint16_t probe, uint64_t boot_ns, uint64_t open_boot_ns, uint16_t sport)
{
	fixture.record.end = (struct wire_end){
		.header = {.type = WIRE_END, .probe = probe, .boot_ns = boot_ns},
		.cookie = COOKIE,
		.open_boot_ns = open_boot_ns,
		.bytes_sent = 100,
		.bytes_received = 200,
		.messages = 3,
		.sport = sport,
	};
	return take_record();
}

/* Connects. */

static void a_connect_is_an_event_of_its_process(void **state)
{
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	connect_at(OPENED);
	assert_int_equal(facts->events, 1);
	assert_int_equal(facts->event[0].id, BOOT + (int64_t)OPENED);
	assert_int_equal(facts->event[0].process_id, BOOT + 100);
	assert_int_equal(facts->event[0].probe, PROBE_TCP_CONNECT);
	assert_int_equal(facts->event[0].protocol, IPPROTO_TCP);
	assert_int_equal(facts->event[0].cookie, COOKIE);
	assert_int_equal(facts->event[0].session_id, 0);
	assert_int_equal(facts->event[0].dport, 443);
	assert_string_equal(address_format(&facts->event[0].daddr, text), "185.30.166.37");
	assert_string_equal(address_format(&facts->event[0].saddr, text), "10.0.0.5");
}

static void a_connect_is_shown_when_it_happens(void **state)
{
	(void)state;
	connect_at(OPENED);
	assert_int_equal(facts->shows, 1);
	assert_int_equal(facts->shown_pid[0], 10);
	assert_int_equal(facts->shown[0][0].outcome_ns, 0);
}

static void an_event_of_an_unknown_process_has_a_stub(void **state)
{
	(void)state;
	curl = task_of_alice(99, 500);
	connect_at(OPENED);
	assert_int_equal(facts->event[0].process_id, BOOT + 500);
	assert_int_equal(facts->shown_pid[0], 99);
}

static void a_connect_after_its_process_exited_still_has_its_tree(void **state)
{
	struct wire_open *open = new_open(WIRE_PROBE_TCP_CONNECT, OPENED);

	(void)state;
	exit_at(&fixture.processes, OPENED - 1, &curl, 0);
	open->task = (struct wire_task){.pid = 10, .start_boot_ns = 100, .flags = WIRE_TASK_BRIEF};
	assert_int_equal(take_record(), 0);
	assert_int_equal(facts->event[0].process_id, BOOT + 100);
}

static void an_established_connect_has_an_outcome_and_an_end(void **state)
{
	(void)state;
	connect_at(OPENED);
	assert_int_equal(outcome_at(OPENED + 5, OPENED, WIRE_OUTCOME_ESTABLISHED, 0, 50000), 0);
	assert_int_equal(facts->outcomes, 1);
	assert_int_equal(facts->outcome[0].id, facts->event[0].id);
	assert_int_equal(facts->outcome[0].outcome, OUTCOME_ESTABLISHED);
	assert_int_equal(facts->outcome[0].outcome_ns, facts->event[0].id + 5);
	assert_int_equal(facts->outcome[0].sport, 50000);
	assert_int_equal(facts->outcome[0].saddr.bytes[3], 6);
	assert_int_equal(end_at(WIRE_PROBE_TCP_CONNECT, OPENED + 9, OPENED, 0), 0);
	assert_int_equal(facts->ends, 1);
	assert_int_equal(facts->end[0].id, facts->event[0].id);
	assert_int_equal(facts->end[0].end_ns, facts->event[0].id + 9);
	assert_int_equal(facts->end[0].end_reason, END_CLOSED);
	assert_int_equal(facts->end[0].bytes_sent, 100);
	assert_int_equal(facts->end[0].bytes_received, 200);
	assert_int_equal(flows_count(fixture.flows), 0);
}

static void a_connect_that_failed_is_over_with_its_outcome(void **state)
{
	(void)state;
	connect_at(OPENED);
	outcome_at(OPENED + 5, OPENED, 0, ECONNREFUSED, 50000);
	assert_int_equal(flows_count(fixture.flows), 0);
	assert_int_equal(end_at(WIRE_PROBE_TCP_CONNECT, OPENED + 9, OPENED, 0), 0);
	assert_int_equal(facts->ends, 0);
}

static void the_error_tells_what_became_of_a_connect(void **state)
{
	static const struct {
		uint32_t error;
		enum outcome outcome;
	} cases[] = {
		{ECONNREFUSED, OUTCOME_REFUSED},
		{ETIMEDOUT, OUTCOME_TIMED_OUT},
		{ENETUNREACH, OUTCOME_UNREACHABLE},
		{EHOSTUNREACH, OUTCOME_UNREACHABLE},
		{EHOSTDOWN, OUTCOME_UNREACHABLE},
		{ENETDOWN, OUTCOME_UNREACHABLE},
		{ENONET, OUTCOME_UNREACHABLE},
		{ENOPROTOOPT, OUTCOME_UNREACHABLE},
		{EACCES, OUTCOME_UNREACHABLE},
		{ECONNRESET, OUTCOME_RESET},
		{EPIPE, OUTCOME_RESET},
		{ECONNABORTED, OUTCOME_ABORTED},
		{0, OUTCOME_ABORTED},
		{EIO, OUTCOME_FAILED},
		{4000, OUTCOME_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		connect_at(OPENED + 10 * i);
		outcome_at(OPENED + 10 * i + 5, OPENED + 10 * i, 0, cases[i].error, 50000);
		assert_int_equal(facts->outcome[i].outcome, cases[i].outcome);
		assert_int_equal(facts->outcome[i].outcome_error, cases[i].error);
	}
}

static void a_connect_without_a_port_of_its_own_failed(void **state)
{
	(void)state;
	connect_at(OPENED);
	outcome_at(OPENED + 5, OPENED, 0, 0, 0);
	assert_int_equal(facts->outcome[0].outcome, OUTCOME_FAILED);
}

static void a_connect_without_a_route_is_unreachable(void **state)
{
	(void)state;
	connect_at(OPENED);
	outcome_at(OPENED + 5, OPENED, WIRE_OUTCOME_NO_ROUTE, 0, 0);
	assert_int_equal(facts->outcome[0].outcome, OUTCOME_UNREACHABLE);
}

static void an_outcome_of_another_attempt_is_passed_over(void **state)
{
	(void)state;
	connect_at(OPENED);
	assert_int_equal(outcome_at(OPENED + 5, OPENED - 1, 0, ECONNREFUSED, 1), 0);
	assert_int_equal(end_at(WIRE_PROBE_TCP_CONNECT, OPENED + 9, OPENED - 1, 0), 0);
	assert_int_equal(facts->outcomes, 0);
	assert_int_equal(facts->ends, 0);
	assert_int_equal(flows_count(fixture.flows), 1);
}

static void an_outcome_of_an_unknown_event_is_passed_over(void **state)
{
	(void)state;
	assert_int_equal(outcome_at(OPENED, OPENED, 0, ECONNREFUSED, 1), 0);
	assert_int_equal(end_at(WIRE_PROBE_UDP_SESSION, OPENED, OPENED, 0), 0);
	assert_int_equal(facts->outcomes + facts->ends, 0);
}

static void a_socket_that_connects_again_has_another_event(void **state)
{
	(void)state;
	connect_at(OPENED);
	connect_at(OPENED + 50);
	outcome_at(OPENED + 60, OPENED + 50, WIRE_OUTCOME_ESTABLISHED, 0, 1);
	assert_int_equal(facts->events, 2);
	assert_int_equal(facts->outcome[0].id, facts->event[1].id);
}

static void ipv6_keeps_its_size(void **state)
{
	(void)state;
	set_address(new_open(WIRE_PROBE_TCP_CONNECT, OPENED)->daddr, "2001:db8::1");
	take_record();
	assert_int_equal(facts->event[0].daddr.size, 16);
	assert_int_equal(facts->event[0].saddr.size, 4);
}

static void records_of_processes_go_to_the_table(void **state)
{
	struct wire_task child = task_of_alice(11, 200);

	(void)state;
	fixture.record.fork = (struct wire_fork){
		.header = {.type = WIRE_FORK, .boot_ns = 200},
		.task = child,
		.parent_pid = 10,
		.parent_start_boot_ns = 100,
	};
	assert_int_equal(take_record(), 0);
	assert_string_equal(running(&fixture.processes, &child)->process.argv, "curl");
	fixture.record.exec =
		(struct wire_exec){.header = {.type = WIRE_EXEC, .boot_ns = 300}, .task = child};
	assert_int_equal(take_record(), 0);
	assert_int_equal(running(&fixture.processes, &child)->process.id, BOOT + 300);
	fixture.record.exit = (struct wire_exit){
		.header = {.type = WIRE_EXIT, .boot_ns = 400}, .pid = 11, .start_boot_ns = 200};
	assert_int_equal(take_record(), 0);
	assert_null(process_table_lookup(fixture.processes.table, 11, 200));
}

static void a_cgroup_is_passed_on(void **state)
{
	(void)state;
	fixture.record.cgroup = cgroup_record(77, "/docker/x", 0);
	assert_int_equal(enrich_record(fixture.enrich, &fixture.record), 0);
	assert_int_equal(fixture.facts.cgroup_id, 77);
	fixture.facts.r = -ENOMEM;
	assert_int_equal(enrich_record(fixture.enrich, &fixture.record), -ENOMEM);
}

static void a_type_that_does_not_exist_is_refused(void **state)
{
	(void)state;
	fixture.record.header.type = WIRE_TYPES;
	assert_int_equal(take_record(), -EBADMSG);
	fixture.record.header.type = 9999;
	assert_int_equal(take_record(), -EBADMSG);
}

static void what_the_sink_refuses_is_told(void **state)
{
	(void)state;
	facts->r = -ENOSPC;
	new_open(WIRE_PROBE_TCP_CONNECT, OPENED);
	assert_int_equal(take_record(), -ENOSPC);
	assert_int_equal(outcome_at(OPENED + 1, OPENED, WIRE_OUTCOME_ESTABLISHED, 0, 1), -ENOSPC);
	assert_int_equal(end_at(WIRE_PROBE_TCP_CONNECT, OPENED + 9, OPENED, 0), -ENOSPC);
}

/* Listens. */

static struct wire_open *new_listen(uint16_t port)
{
	struct wire_open *open = new_open(WIRE_PROBE_NET_LISTEN, OPENED);

	memset(open->daddr, 0, sizeof(open->daddr));
	open->sport = port;
	open->dport = 0;
	open->flags = port ? 0 : WIRE_OPEN_RANDOM_PORT;
	return open;
}

static void a_listen_has_a_local_side_only(void **state)
{
	(void)state;
	new_listen(8080);
	assert_int_equal(take_record(), 0);
	assert_int_equal(facts->event[0].sport, 8080);
	assert_int_equal(facts->event[0].daddr.size, 0);
	assert_int_equal(facts->event[0].saddr.size, 4);
	assert_int_equal(facts->shows, 1);
	end_at(WIRE_PROBE_NET_LISTEN, OPENED + 9, OPENED, 8080);
	assert_int_equal(facts->ends, 1);
	assert_int_equal(facts->outcomes, 0);
	assert_int_equal(facts->shows, 1);
}

static void a_port_that_the_kernel_chose_is_asked_for(void **state)
{
	(void)state;
	kernel->listen_port = 40000;
	new_listen(0);
	assert_int_equal(take_record(), 0);
	assert_int_equal(facts->event[0].sport, 40000);
	assert_int_equal(facts->shown[0][0].sport, 40000);
}

static void a_port_that_was_bound_is_not_asked_for(void **state)
{
	(void)state;
	kernel->listen_port = 40000;
	new_listen(8080);
	take_record();
	assert_int_equal(facts->event[0].sport, 8080);
}

static void a_late_port_comes_with_the_end(void **state)
{
	(void)state;
	new_listen(0);
	assert_int_equal(take_record(), 0);
	assert_int_equal(facts->events, 1);
	assert_int_equal(facts->event[0].sport, 0);
	assert_int_equal(facts->shows, 0);
	assert_int_equal(end_at(WIRE_PROBE_NET_LISTEN, OPENED + 9, OPENED, 40001), 0);
	assert_int_equal(facts->outcomes, 1);
	assert_int_equal(facts->outcome[0].id, facts->event[0].id);
	assert_int_equal(facts->outcome[0].sport, 40001);
	assert_int_equal(facts->outcome[0].outcome, OUTCOME_NONE);
	assert_int_equal(facts->outcome[0].outcome_ns, facts->event[0].id + 9);
	assert_int_equal(facts->shows, 1);
	assert_int_equal(facts->shown[0][0].sport, 40001);
	assert_int_equal(facts->shown_pid[0], 10);
	assert_int_equal(facts->ends, 1);
	assert_int_equal(facts->end[0].id, facts->event[0].id);
	assert_int_equal(flows_count(fixture.flows), 0);
}

static void a_listener_with_a_late_port_outlives_its_process(void **state)
{
	(void)state;
	new_listen(0);
	take_record();
	exit_at(&fixture.processes, OPENED + 1, &curl, 0);
	end_at(WIRE_PROBE_NET_LISTEN, OPENED + 9, OPENED, 40001);
	assert_int_equal(facts->shown_pid[0], 10);
}

/* UDP sessions. */

static struct wire_udp_destination destination(const char *addr, uint16_t port)
{
	struct wire_udp_destination destination = {.port = port};

	set_address(destination.addr, addr);
	return destination;
}

/* The first message of a session to a destination. */
static void send_at(uint64_t boot_ns, uint64_t session_boot_ns, const char *addr, uint16_t port)
{
	struct wire_open *open = new_open(WIRE_PROBE_UDP_SESSION, boot_ns);

	open->session_boot_ns = session_boot_ns;
	set_address(open->daddr, addr);
	open->dport = port;
	assert_int_equal(take_record(), 0);
}

static struct wire_udp_count count_of(uint64_t session_boot_ns, uint64_t last_boot_ns,
				      uint64_t messages, uint64_t bytes)
{
	return (struct wire_udp_count){
		.session_boot_ns = session_boot_ns,
		.last_boot_ns = last_boot_ns,
		.messages = messages,
		.bytes = bytes,
	};
}

static void kernel_set_socket(uint64_t last_boot_ns, struct wire_udp_count first)
{
	kernel->sockets[0].cookie = COOKIE;
	kernel->sockets[0].socket = (struct wire_udp_socket){
		.session_boot_ns = first.session_boot_ns,
		.last_boot_ns = last_boot_ns,
		.first = destination("9.9.9.9", 53),
		.count = first,
	};
}

static void kernel_set_destination(int slot, const char *addr, uint16_t port,
				   struct wire_udp_count count)
{
	kernel->destinations[slot].key =
		(struct wire_udp_key){.cookie = COOKIE, .destination = destination(addr, port)};
	kernel->destinations[slot].count = count;
}

static void a_session_has_an_event_for_each_destination(void **state)
{
	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	send_at(OPENED + 5, OPENED, "8.8.8.8", 53);
	send_at(OPENED + 6, OPENED, "8.8.8.8", 54);
	assert_int_equal(facts->events, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(facts->event[i].session_id, facts->event[0].id);
		assert_int_equal(facts->event[i].protocol, IPPROTO_UDP);
	}
	assert_true(facts->event[1].id > facts->event[0].id);
	assert_int_equal(flows_count(fixture.flows), 1);
	assert_int_equal(facts->shows, 0);
}

static void a_session_is_shown_and_counted_when_its_socket_is_closed(void **state)
{
	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	send_at(OPENED + 5, OPENED, "8.8.8.8", 53);
	kernel_set_destination(0, "8.8.8.8", 53, count_of(OPENED, OPENED + 5, 7, 700));
	assert_int_equal(end_at(WIRE_PROBE_UDP_SESSION, OPENED + 100, OPENED, 0), 0);
	assert_int_equal(facts->ends, 2);
	assert_int_equal(facts->end[0].id, facts->event[0].id);
	assert_int_equal(facts->end[0].messages, 3);
	assert_int_equal(facts->end[0].bytes_sent, 100);
	assert_int_equal(facts->end[0].end_ns, BOOT + (int64_t)OPENED + 100);
	assert_int_equal(facts->end[0].end_reason, END_CLOSED);
	assert_int_equal(facts->end[1].messages, 7);
	assert_int_equal(facts->end[1].bytes_sent, 700);
	assert_int_equal(facts->shows, 1);
	assert_int_equal(facts->shown_count[0], 2);
	assert_int_equal(facts->shown[0][1].messages, 7);
	assert_int_equal(flows_count(fixture.flows), 0);
}

static void a_count_that_was_stored_is_forgotten_by_the_kernel(void **state)
{
	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	send_at(OPENED + 5, OPENED, "8.8.8.8", 53);
	kernel_set_destination(0, "8.8.8.8", 53, count_of(OPENED, OPENED + 5, 7, 700));
	end_at(WIRE_PROBE_UDP_SESSION, OPENED + 100, OPENED, 0);
	assert_int_equal(kernel->forgotten_count, 1);
	assert_memory_equal(&kernel->forgotten[0], &kernel->destinations[0].key,
			    sizeof(kernel->forgotten[0]));
}

static void a_session_is_shown_as_of_the_process_that_began_it(void **state)
{
	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	exit_at(&fixture.processes, OPENED + 1, &curl, 0);
	curl = task_of_alice(20, 2000);
	send_at(OPENED + 5, OPENED, "8.8.8.8", 53);
	end_at(WIRE_PROBE_UDP_SESSION, OPENED + 100, OPENED, 0);
	assert_int_equal(facts->shown_pid[0], 10);
	assert_int_equal(facts->event[1].process_id, BOOT + 2000);
}

static void a_message_after_a_long_silence_begins_another_session(void **state)
{
	uint64_t again = OPENED + 121 * SECOND;

	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	kernel_set_socket(again, count_of(again, again, 1, 10));
	new_open(WIRE_PROBE_UDP_SESSION, again)->session_boot_ns = again;
	set_address(fixture.record.open.daddr, "9.9.9.9");
	fixture.record.open.dport = 53;
	fixture.record.open.previous_messages = 5;
	fixture.record.open.previous_bytes = 500;
	assert_int_equal(take_record(), 0);
	assert_int_equal(facts->ends, 1);
	assert_int_equal(facts->end[0].id, facts->event[0].id);
	assert_int_equal(facts->end[0].end_reason, END_IDLE);
	assert_int_equal(facts->end[0].messages, 5);
	assert_int_equal(facts->end[0].bytes_sent, 500);
	assert_int_equal(facts->shows, 1);
	assert_int_equal(facts->events, 2);
	assert_int_equal(facts->event[1].session_id, facts->event[1].id);
	assert_int_equal(flows_count(fixture.flows), 1);
}

static void
the_other_destinations_of_a_session_keep_their_counts_when_one_begins_another(void **state)
{
	uint64_t again = OPENED + 121 * SECOND;

	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	send_at(OPENED + 1, OPENED, "8.8.8.8", 53);
	send_at(OPENED + 2, OPENED, "7.7.7.7", 53);
	kernel_set_socket(again, count_of(OPENED, OPENED + 3, 2, 20));
	kernel_set_destination(0, "8.8.8.8", 53, count_of(again, again, 1, 10));
	kernel_set_destination(1, "7.7.7.7", 53, count_of(OPENED, OPENED + 2, 4, 40));
	new_open(WIRE_PROBE_UDP_SESSION, again)->session_boot_ns = again;
	set_address(fixture.record.open.daddr, "8.8.8.8");
	fixture.record.open.dport = 53;
	fixture.record.open.previous_messages = 6;
	fixture.record.open.previous_bytes = 60;
	assert_int_equal(take_record(), 0);
	assert_int_equal(facts->ends, 3);
	assert_int_equal(facts->end[0].messages, 2);
	assert_int_equal(facts->end[0].bytes_sent, 20);
	assert_int_equal(facts->end[1].messages, 6);
	assert_int_equal(facts->end[1].bytes_sent, 60);
	assert_int_equal(facts->end[2].messages, 4);
	assert_int_equal(facts->end[2].bytes_sent, 40);
}

static void a_count_that_goes_on_in_the_next_session_is_not_forgotten(void **state)
{
	uint64_t again = OPENED + 121 * SECOND;

	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	send_at(OPENED + 1, OPENED, "8.8.8.8", 53);
	send_at(OPENED + 2, OPENED, "7.7.7.7", 53);
	kernel_set_socket(again, count_of(OPENED, OPENED + 3, 2, 20));
	kernel_set_destination(0, "8.8.8.8", 53, count_of(again, again, 1, 10));
	kernel_set_destination(1, "7.7.7.7", 53, count_of(OPENED, OPENED + 2, 4, 40));
	send_at(again, again, "8.8.8.8", 53);
	assert_int_equal(kernel->forgotten_count, 1);
	assert_memory_equal(&kernel->forgotten[0], &kernel->destinations[1].key,
			    sizeof(kernel->forgotten[0]));
}

/* Sweeps. */

static void a_session_that_is_idle_ends_at_its_last_message(void **state)
{
	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	kernel_set_socket(OPENED + 7, count_of(OPENED, OPENED + 7, 2, 20));
	assert_int_equal(enrich_sweep(fixture.enrich, OPENED + 130 * SECOND), 0);
	assert_int_equal(facts->ends, 1);
	assert_int_equal(facts->end[0].end_reason, END_IDLE);
	assert_int_equal(facts->end[0].end_ns, BOOT + (int64_t)OPENED + 7);
	assert_int_equal(facts->end[0].messages, 2);
	assert_int_equal(facts->shows, 1);
	assert_int_equal(flows_count(fixture.flows), 0);
}

static void a_session_that_may_go_on_is_not_ended(void **state)
{
	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	kernel_set_socket(OPENED, count_of(OPENED, OPENED, 1, 10));
	enrich_sweep(fixture.enrich, OPENED);
	enrich_sweep(fixture.enrich, OPENED + 119 * SECOND);
	enrich_sweep(fixture.enrich, OPENED + SESSION_MAX_NS);
	assert_int_equal(facts->ends, 0);
	enrich_sweep(fixture.enrich, OPENED + 122 * SECOND);
	assert_int_equal(facts->ends, 1);
}

static void a_destination_that_is_idle_ends_while_its_socket_is_busy(void **state)
{
	uint64_t now = OPENED + 200 * SECOND;

	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	send_at(OPENED + 1, OPENED, "8.8.8.8", 53);
	kernel_set_socket(now - 1, count_of(OPENED, now - 1, 50, 500));
	kernel_set_destination(0, "8.8.8.8", 53, count_of(OPENED, OPENED + 9, 4, 40));
	assert_int_equal(enrich_sweep(fixture.enrich, now), 0);
	assert_int_equal(facts->ends, 1);
	assert_int_equal(facts->end[0].id, facts->event[1].id);
	assert_int_equal(facts->end[0].end_reason, END_IDLE);
	assert_int_equal(facts->end[0].end_ns, BOOT + (int64_t)OPENED + 9);
	assert_int_equal(facts->end[0].messages, 4);
	assert_int_equal(kernel->forgotten_count, 1);
	assert_int_equal(facts->shows, 0);
}

static void a_destination_that_ended_is_shown_with_its_session(void **state)
{
	uint64_t now = OPENED + 200 * SECOND;

	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	send_at(OPENED + 1, OPENED, "8.8.8.8", 53);
	kernel_set_socket(now - 1, count_of(OPENED, now - 1, 50, 500));
	kernel_set_destination(0, "8.8.8.8", 53, count_of(OPENED, OPENED + 9, 4, 40));
	enrich_sweep(fixture.enrich, now);
	end_at(WIRE_PROBE_UDP_SESSION, now + 1, OPENED, 0);
	assert_int_equal(facts->ends, 2);
	assert_int_equal(facts->shown_count[0], 2);
	assert_int_equal(facts->shown[0][1].messages, 4);
	assert_int_equal(facts->shown[0][1].end_reason, END_IDLE);
}

static void a_destination_that_is_busy_goes_on(void **state)
{
	uint64_t now = OPENED + 200 * SECOND;

	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	send_at(OPENED + 1, OPENED, "8.8.8.8", 53);
	kernel_set_socket(now - 1, count_of(OPENED, OPENED, 1, 10));
	kernel_set_destination(0, "8.8.8.8", 53, count_of(OPENED, now - 1, 4, 40));
	enrich_sweep(fixture.enrich, now);
	assert_int_equal(facts->ends, 0);
}

static void a_socket_whose_end_was_lost_is_closed_in_the_end(void **state)
{
	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	enrich_sweep(fixture.enrich, OPENED + 130 * SECOND);
	assert_int_equal(facts->ends, 0);
	enrich_sweep(fixture.enrich, OPENED + 250 * SECOND);
	assert_int_equal(facts->ends, 1);
	assert_int_equal(facts->end[0].end_reason, END_CLOSED);
	assert_int_equal(flows_count(fixture.flows), 0);
}

static void destinations_that_ended_are_shown_in_batches(void **state)
{
	enum { DESTINATIONS = 3000 };
	uint64_t now = OPENED + 200 * SECOND;
	struct flow *flow;

	(void)state;
	for (uint16_t i = 0; i < DESTINATIONS; i++)
		send_at(OPENED + i, OPENED, "8.8.8.8", (uint16_t)(i + 1));
	flow = flow_find(fixture.flows, COOKIE, PROBE_UDP_SESSION);
	for (size_t i = 0; i < flow->event_count; i++)
		if (i % 2)
			flow->events[i].end_ns = 1;
	kernel_set_socket(now - 1, count_of(OPENED, now - 1, 50, 500));
	assert_int_equal(enrich_sweep(fixture.enrich, now), 0);
	assert_int_equal(facts->shows, 1);
	assert_int_equal(facts->shown_count[0], DESTINATIONS / 2);
	for (int i = 0; i < 8; i++)
		assert_int_equal(facts->shown[0][i].dport, 2 * i + 2);
	assert_int_equal(flow->event_count, DESTINATIONS / 2);
	for (size_t i = 0; i < flow->event_count; i++)
		assert_int_equal(flow->events[i].dport, 2 * i + 1);
}

static void a_session_whose_destinations_all_ended_is_not_shown_again(void **state)
{
	struct flow *flow;

	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	flow = flow_find(fixture.flows, COOKIE, PROBE_UDP_SESSION);
	flow->event_count = 0;
	assert_int_equal(end_at(WIRE_PROBE_UDP_SESSION, OPENED + 100, OPENED, 0), 0);
	assert_int_equal(facts->shows, 0);
	assert_int_equal(flows_count(fixture.flows), 0);
}

static void a_sweep_leaves_connects_alone(void **state)
{
	(void)state;
	connect_at(OPENED);
	enrich_sweep(fixture.enrich, OPENED + 100000 * SECOND);
	assert_int_equal(facts->ends, 0);
	assert_int_equal(flows_count(fixture.flows), 1);
}

static void a_sweep_tells_what_the_sink_refused(void **state)
{
	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	kernel_set_socket(OPENED, count_of(OPENED, OPENED, 1, 10));
	facts->r = -EIO;
	assert_int_equal(enrich_sweep(fixture.enrich, OPENED + 130 * SECOND), -EIO);
}

/* The recorder stops, and another takes up. */

static void a_stop_ends_every_session_with_its_counts(void **state)
{
	(void)state;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	send_at(OPENED + 1, OPENED, "8.8.8.8", 53);
	kernel_set_socket(OPENED + 5, count_of(OPENED, OPENED + 5, 2, 20));
	kernel_set_destination(0, "8.8.8.8", 53, count_of(OPENED, OPENED + 1, 4, 40));
	connect_at(OPENED + 2);
	assert_int_equal(enrich_stop(fixture.enrich, OPENED + 10), 0);
	assert_int_equal(facts->ends, 2);
	assert_int_equal(facts->end[0].messages, 2);
	assert_int_equal(facts->end[1].messages, 4);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(facts->end[i].end_reason, END_STOPPED);
		assert_int_equal(facts->end[i].end_ns, BOOT + (int64_t)OPENED + 10);
	}
	assert_int_equal(facts->shows, 2); /* the connect and the session */
	assert_int_equal(flows_count(fixture.flows), 1);
}

static void an_end_is_never_before_its_event(void **state)
{
	(void)state;
	fixture.processes.clock.last_id = BOOT + 2 * (int64_t)OPENED;
	send_at(OPENED, OPENED, "9.9.9.9", 53);
	enrich_stop(fixture.enrich, OPENED + 10);
	assert_int_equal(facts->end[0].end_ns, facts->event[0].id);
}

static struct event restored_event(int64_t boot_ns, uint32_t probe, int64_t session_boot_ns)
{
	struct event event = {
		.id = BOOT + boot_ns,
		.process_id = BOOT + 50,
		.session_id = session_boot_ns ? BOOT + session_boot_ns : 0,
		.cookie = COOKIE,
		.probe = probe,
	};

	address_parse("9.9.9.9", &event.daddr);
	event.dport = 53;
	return event;
}

static void restore(int64_t boot_ns, uint32_t probe, int64_t session_boot_ns)
{
	struct event event = restored_event(boot_ns, probe, session_boot_ns);
	struct process process = {
		.id = BOOT + 50,
		.start_ns = BOOT + 50,
		.start_boot_ns = 50,
		.pid = 5,
		.comm = "old",
		.argv = "",
		.exe = "",
		.cwd = "",
	};

	if (!process_table_restored(fixture.processes.table, process.id))
		assert_int_equal(process_table_restore(fixture.processes.table, &process), 0);
	assert_int_equal(enrich_restore(fixture.enrich, &event), 0);
}

static void a_restored_connect_gets_its_outcome_and_end(void **state)
{
	(void)state;
	restore(OPENED, PROBE_TCP_CONNECT, 0);
	outcome_at(OPENED + 5, OPENED, WIRE_OUTCOME_ESTABLISHED, 0, 1);
	end_at(WIRE_PROBE_TCP_CONNECT, OPENED + 9, OPENED, 0);
	assert_int_equal(facts->outcome[0].id, BOOT + (int64_t)OPENED);
	assert_int_equal(facts->end[0].id, BOOT + (int64_t)OPENED);
	assert_int_equal(facts->shows, 0);
}

static void a_restored_listener_without_a_port_still_learns_it(void **state)
{
	(void)state;
	restore(OPENED, PROBE_NET_LISTEN, 0);
	end_at(WIRE_PROBE_NET_LISTEN, OPENED + 9, OPENED, 40001);
	assert_int_equal(facts->outcome[0].sport, 40001);
	assert_int_equal(facts->shown_pid[0], 5);
}

static void a_restored_session_goes_on(void **state)
{
	(void)state;
	restore(OPENED, PROBE_UDP_SESSION, OPENED);
	restore(OPENED + 5, PROBE_UDP_SESSION, OPENED);
	assert_int_equal(flows_count(fixture.flows), 1);
	send_at(OPENED + 50 * SECOND, OPENED, "8.8.8.8", 53);
	assert_int_equal(facts->event[0].session_id, BOOT + (int64_t)OPENED);
	end_at(WIRE_PROBE_UDP_SESSION, OPENED + 100 * SECOND, OPENED, 0);
	assert_int_equal(facts->ends, 3);
	assert_int_equal(facts->shown_count[0], 3);
	assert_int_equal(facts->shown_pid[0], 5);
}

static void a_restored_session_is_split_by_silence_too(void **state)
{
	uint64_t again = OPENED + 130 * SECOND;

	(void)state;
	restore(OPENED, PROBE_UDP_SESSION, OPENED);
	send_at(again, again, "9.9.9.9", 53);
	assert_int_equal(facts->ends, 1);
	assert_int_equal(facts->end[0].id, BOOT + (int64_t)OPENED);
	assert_int_equal(facts->event[0].session_id, facts->event[0].id);
}

static void a_restored_session_does_not_take_another_ones_destinations(void **state)
{
	struct flow *flow;

	(void)state;
	restore(OPENED, PROBE_UDP_SESSION, OPENED);
	/* The first event of this session has ended, and was not restored. */
	restore(OPENED + 500, PROBE_UDP_SESSION, OPENED + 400);
	flow = flow_find(fixture.flows, COOKIE, PROBE_UDP_SESSION);
	assert_int_equal(flow->event_id, BOOT + (int64_t)OPENED + 400);
	assert_int_equal(flow->event_count, 1);
}

static void a_restored_session_is_not_closed_before_its_end_can_come(void **state)
{
	(void)state;
	restore(OPENED, PROBE_UDP_SESSION, OPENED);
	enrich_sweep(fixture.enrich, OPENED + 300 * SECOND);
	assert_int_equal(facts->ends, 0);
	end_at(WIRE_PROBE_UDP_SESSION, OPENED + 301 * SECOND, OPENED, 0);
	assert_int_equal(facts->end[0].messages, 3);
}

static void a_restored_session_just_after_boot_is_not_idle(void **state)
{
	(void)state;
	restore(10 * SECOND, PROBE_UDP_SESSION, 10 * SECOND);
	kernel_set_socket(20 * SECOND, count_of(10 * SECOND, 20 * SECOND, 1, 10));
	kernel_set_destination(0, "9.9.9.9", 53, count_of(10 * SECOND, 20 * SECOND, 1, 10));
	assert_int_equal(enrich_sweep(fixture.enrich, 30 * SECOND), 0);
	assert_int_equal(facts->ends, 0);
}

static void a_restored_event_without_its_process_does_no_harm(void **state)
{
	struct event event = restored_event(OPENED, PROBE_UDP_SESSION, OPENED);

	(void)state;
	assert_int_equal(enrich_restore(fixture.enrich, &event), 0);
	end_at(WIRE_PROBE_UDP_SESSION, OPENED + 9, OPENED, 0);
	assert_int_equal(facts->shows, 1);
	assert_int_equal(facts->shown_pid[0], 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connect_is_an_event_of_its_process),
		TEST(a_connect_is_shown_when_it_happens),
		TEST(an_event_of_an_unknown_process_has_a_stub),
		TEST(a_connect_after_its_process_exited_still_has_its_tree),
		TEST(an_established_connect_has_an_outcome_and_an_end),
		TEST(a_connect_that_failed_is_over_with_its_outcome),
		TEST(the_error_tells_what_became_of_a_connect),
		TEST(a_connect_without_a_port_of_its_own_failed),
		TEST(a_connect_without_a_route_is_unreachable),
		TEST(an_outcome_of_another_attempt_is_passed_over),
		TEST(an_outcome_of_an_unknown_event_is_passed_over),
		TEST(a_socket_that_connects_again_has_another_event),
		TEST(ipv6_keeps_its_size),
		TEST(records_of_processes_go_to_the_table),
		TEST(a_cgroup_is_passed_on),
		TEST(a_type_that_does_not_exist_is_refused),
		TEST(what_the_sink_refuses_is_told),
		TEST(a_listen_has_a_local_side_only),
		TEST(a_port_that_the_kernel_chose_is_asked_for),
		TEST(a_port_that_was_bound_is_not_asked_for),
		TEST(a_late_port_comes_with_the_end),
		TEST(a_listener_with_a_late_port_outlives_its_process),
		TEST(a_session_has_an_event_for_each_destination),
		TEST(a_session_is_shown_and_counted_when_its_socket_is_closed),
		TEST(a_count_that_was_stored_is_forgotten_by_the_kernel),
		TEST(a_session_is_shown_as_of_the_process_that_began_it),
		TEST(a_message_after_a_long_silence_begins_another_session),
		TEST(the_other_destinations_of_a_session_keep_their_counts_when_one_begins_another),
		TEST(a_count_that_goes_on_in_the_next_session_is_not_forgotten),
		TEST(a_session_that_is_idle_ends_at_its_last_message),
		TEST(a_session_that_may_go_on_is_not_ended),
		TEST(a_destination_that_is_idle_ends_while_its_socket_is_busy),
		TEST(a_destination_that_ended_is_shown_with_its_session),
		TEST(a_destination_that_is_busy_goes_on),
		TEST(a_socket_whose_end_was_lost_is_closed_in_the_end),
		TEST(destinations_that_ended_are_shown_in_batches),
		TEST(a_session_whose_destinations_all_ended_is_not_shown_again),
		TEST(a_sweep_leaves_connects_alone),
		TEST(a_sweep_tells_what_the_sink_refused),
		TEST(a_stop_ends_every_session_with_its_counts),
		TEST(an_end_is_never_before_its_event),
		TEST(a_restored_connect_gets_its_outcome_and_end),
		TEST(a_restored_listener_without_a_port_still_learns_it),
		TEST(a_restored_session_goes_on),
		TEST(a_restored_session_is_split_by_silence_too),
		TEST(a_restored_session_does_not_take_another_ones_destinations),
		TEST(a_restored_session_is_not_closed_before_its_end_can_come),
		TEST(a_restored_session_just_after_boot_is_not_idle),
		TEST(a_restored_event_without_its_process_does_no_harm),
	};

	return cmocka_run_group_tests_name("enrich", tests, NULL, NULL);
}
