// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP connects, their outcome and their end.
 *
 * The connect hook notes the attempt, SYN_SENT makes an event of it in the
 * connecting task; later transitions run wherever the packet or the timer came
 * in and are tied to the event by the socket cookie. A connect that never
 * reaches SYN_SENT had no route: it becomes an event when its socket is closed
 * or tries again.
 */
#include "filter.bpf.h"
#include "record.bpf.h"
#include "socket.bpf.h"
#include "task.bpf.h"

#include <bpf/bpf_tracing.h>

struct connection {
	__u64 open_boot_ns;  /* boot_ns of the OPEN; 0: nothing sent yet */
	__u64 start_boot_ns; /* of the process that called connect */
	__u8 daddr[16];
	__u32 pid;
	__u16 dport;
	__u8 established;
	__u8 padding;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256 * 1024);
	__type(key, __u64);
	__type(value, struct connection);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} tcp_connections SEC(".maps");

FILTER_MAPS(tcp_connect);

static __always_inline void emit_outcome(__u64 cookie, __u64 open_boot_ns, const struct sock *sk,
					 __u32 error, __u8 flags)
{
	struct wire_outcome *record =
		record_reserve(WIRE_PROBE_TCP_CONNECT, WIRE_OUTCOME, sizeof(*record));
	__u8 daddr[16];

	if (!record)
		return;
	record->cookie = cookie;
	record->open_boot_ns = open_boot_ns;
	record->error = error;
	record->flags = flags;
	record->padding = 0;
	record->sport = 0;
	__builtin_memset(record->saddr, 0, sizeof(record->saddr));
	if (sk) {
		record->sport = socket_sport_closed(sk);
		socket_addresses(sk, record->saddr, daddr);
	}
	record_submit(record, sizeof(*record));
}

/* An attempt that ended in the connect call itself: the event and its outcome. */
static __noinline int emit_no_route(__u64 cookie, struct connection *attempt)
{
	struct wire_open *record;
	__u64 open_boot_ns;

	if (!attempt)
		return 0;
	record = record_reserve(WIRE_PROBE_TCP_CONNECT, WIRE_OPEN, sizeof(*record));
	if (!record)
		return 0;
	__builtin_memset((void *)record + sizeof(record->header), 0,
			 sizeof(*record) - sizeof(record->header));
	record->task.flags = WIRE_TASK_BRIEF;
	record->task.pid = attempt->pid;
	record->task.start_boot_ns = attempt->start_boot_ns;
	record->cookie = cookie;
	__builtin_memcpy(record->daddr, attempt->daddr, sizeof(record->daddr));
	record->dport = attempt->dport;
	record->protocol = IPPROTO_TCP;
	open_boot_ns = record->header.boot_ns;
	record_submit(record, sizeof(*record));
	emit_outcome(cookie, open_boot_ns, NULL, 0, WIRE_OUTCOME_NO_ROUTE);
	return 0;
}

static __always_inline void attempt_note(__u64 cookie, struct connection *attempt, __u16 dport)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct connection *previous = bpf_map_lookup_elem(&tcp_connections, &cookie);

	if (previous && !previous->open_boot_ns)
		emit_no_route(cookie, previous);
	if (FILTER_DROPS(tcp_connect, attempt->daddr, dport)) {
		if (previous)
			bpf_map_delete_elem(&tcp_connections, &cookie);
		return;
	}
	attempt->start_boot_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	attempt->pid = BPF_CORE_READ(task, tgid);
	attempt->dport = dport;
	if (bpf_map_update_elem(&tcp_connections, &cookie, attempt, BPF_ANY))
		record_drop(WIRE_PROBE_TCP_CONNECT, WIRE_OPEN);
}

SEC("cgroup/connect4")
int tcp_connect4(struct bpf_sock_addr *context)
{
	struct connection attempt = {};

	if (context->protocol != IPPROTO_TCP)
		return 1;
	address_from_ipv4(attempt.daddr, context->user_ip4);
	attempt_note(bpf_get_socket_cookie(context), &attempt, bpf_ntohs(context->user_port));
	return 1;
}

SEC("cgroup/connect6")
int tcp_connect6(struct bpf_sock_addr *context)
{
	struct connection attempt = {};
	__u32 *words = (__u32 *)attempt.daddr;

	if (context->protocol != IPPROTO_TCP)
		return 1;
	words[0] = context->user_ip6[0];
	words[1] = context->user_ip6[1];
	words[2] = context->user_ip6[2];
	words[3] = context->user_ip6[3];
	attempt_note(bpf_get_socket_cookie(context), &attempt, bpf_ntohs(context->user_port));
	return 1;
}

SEC("cgroup/sock_release")
int tcp_release(struct bpf_sock *context)
{
	struct connection *connection;
	__u64 cookie;

	if (context->protocol != IPPROTO_TCP)
		return 1;
	cookie = bpf_get_socket_cookie(context);
	connection = bpf_map_lookup_elem(&tcp_connections, &cookie);
	if (connection && !connection->open_boot_ns) {
		emit_no_route(cookie, connection);
		bpf_map_delete_elem(&tcp_connections, &cookie);
	}
	return 1;
}

/* Everything that connects has passed the connect hook: what is not known was filtered there. */
static __always_inline void connection_open(struct sock *sk, __u64 cookie,
					    struct connection *connection)
{
	struct wire_open *record;

	if (connection->open_boot_ns)
		return;
	record = record_reserve(WIRE_PROBE_TCP_CONNECT, WIRE_OPEN, sizeof(*record));
	if (!record) {
		/* Without the event, its outcome and end would belong to nothing. */
		bpf_map_delete_elem(&tcp_connections, &cookie);
		return;
	}
	task_fill_current(&record->task);
	record->cookie = cookie;
	record->session_boot_ns = 0;
	record->previous_messages = 0;
	record->previous_bytes = 0;
	socket_addresses(sk, record->saddr, record->daddr);
	record->sport = socket_sport(sk);
	record->dport = socket_dport(sk);
	record->protocol = IPPROTO_TCP;
	record->flags = 0;
	record->padding = 0;
	connection->open_boot_ns = record->header.boot_ns;
	record_submit(record, sizeof(*record));
}

static __always_inline void connection_established(struct sock *sk, __u64 cookie,
						   struct connection *connection)
{
	if (connection->established)
		return;
	connection->established = 1;
	emit_outcome(cookie, connection->open_boot_ns, sk, 0, WIRE_OUTCOME_ESTABLISHED);
}

static __always_inline void connection_end(struct sock *sk, __u64 cookie,
					   struct connection *connection)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	struct wire_end *record;
	__u64 fin;

	record = record_reserve(WIRE_PROBE_TCP_CONNECT, WIRE_END, sizeof(*record));
	if (!record)
		return;
	record->cookie = cookie;
	record->open_boot_ns = connection->open_boot_ns;
	/* bytes_received counts the peer's FIN, which sets SOCK_DONE; tcp_fin(). */
	fin = BPF_CORE_READ(sk, __sk_common.skc_flags) >>
		      bpf_core_enum_value(enum sock_flags, SOCK_DONE) &
	      1;
	record->bytes_sent = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
	record->bytes_received = BPF_CORE_READ(tcp, bytes_received) - fin;
	record->messages = 0;
	record->error = BPF_CORE_READ(sk, sk_err);
	record->sport = 0;
	record->padding = 0;
	record_submit(record, sizeof(*record));
}

static __always_inline int connection_state(struct sock *sk, int new_state)
{
	struct connection *connection;
	__u64 cookie;

	if (new_state != TCP_SYN_SENT && new_state != TCP_ESTABLISHED && new_state != TCP_CLOSE)
		return 0;
	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	cookie = bpf_get_socket_cookie(sk);
	connection = bpf_map_lookup_elem(&tcp_connections, &cookie);
	if (!connection)
		return 0;
	if (new_state == TCP_SYN_SENT) {
		connection_open(sk, cookie, connection);
		return 0;
	}
	if (!connection->open_boot_ns)
		return 0;
	if (new_state == TCP_ESTABLISHED) {
		connection_established(sk, cookie, connection);
		return 0;
	}
	if (connection->established)
		connection_end(sk, cookie, connection);
	else
		emit_outcome(cookie, connection->open_boot_ns, sk, BPF_CORE_READ(sk, sk_err), 0);
	bpf_map_delete_elem(&tcp_connections, &cookie);
	return 0;
}

/*
 * The kernel does not run a tracing program on a CPU that is inside it, which a
 * softirq that comes in meanwhile would need. So there are two: while one is
 * interrupted the other is not. Whichever comes first does the work; for the
 * second, the connection's entry shows that it is done.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_set_state, struct sock *sk, int old_state, int new_state)
{
	return connection_state(sk, new_state);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_set_state_too, struct sock *sk, int old_state, int new_state)
{
	return connection_state(sk, new_state);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
