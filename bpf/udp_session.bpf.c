// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * UDP sessions: who sent to whom, how many messages and bytes.
 *
 * sendmsg4/6 see the destination of a message that names one, sock_send_length
 * (before Linux 6.3 the return of udp_sendmsg) sees how much of it was sent, in
 * the same task right after. The destination waits in between under the
 * thread's id. Messages are counted in maps; a
 * record goes out only for the first one to each destination and at the end.
 *
 * When a socket was idle for session_max_duration, its next message begins another
 * session: an OPEN that says how the one before it ended.
 */
#include "filter.bpf.h"
#include "record.bpf.h"
#include "socket.bpf.h"
#include "task.bpf.h"

#include <bpf/bpf_tracing.h>

FILTER_MAPS(udp_session);

/* Destinations of messages on their way, by thread id. */
struct pending {
	__u64 cookie;
	__u64 is_counted; /* udp_sendmsg returned, udpv6_sendmsg that called it is about to */
	struct wire_udp_destination destination;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16 * 1024);
	__type(key, __u32);
	__type(value, struct pending);
} pending_messages SEC(".maps");

/* By socket cookie. The first destination of a socket, for most the only one, is counted here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64 * 1024);
	__type(key, __u64);
	__type(value, struct wire_udp_socket);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} udp_sockets SEC(".maps");

/* All other destinations. The recorder removes them when it has stored their session's end. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256 * 1024);
	__type(key, struct wire_udp_key);
	__type(value, struct wire_udp_count);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} udp_destinations SEC(".maps");

static __always_inline void pending_note(__u64 cookie, struct pending *message, __u16 port)
{
	__u32 thread = bpf_get_current_pid_tgid();

	message->cookie = cookie;
	message->destination.port = port;
	bpf_map_update_elem(&pending_messages, &thread, message, BPF_ANY);
}

SEC("cgroup/sendmsg4")
int udp_sendmsg4(struct bpf_sock_addr *context)
{
	struct pending message = {};

	address_from_ipv4(message.destination.addr, context->user_ip4);
	pending_note(bpf_get_socket_cookie(context), &message, bpf_ntohs(context->user_port));
	return 1;
}

SEC("cgroup/sendmsg6")
int udp_sendmsg6(struct bpf_sock_addr *context)
{
	struct pending message = {};
	__u32 *words = (__u32 *)message.destination.addr;

	words[0] = context->user_ip6[0];
	words[1] = context->user_ip6[1];
	words[2] = context->user_ip6[2];
	words[3] = context->user_ip6[3];
	pending_note(bpf_get_socket_cookie(context), &message, bpf_ntohs(context->user_port));
	return 1;
}

/* Where the message went that this thread just sent: the address it named, or the socket's peer. */
static __always_inline void message_destination(const struct sock *sk, __u64 cookie,
						struct wire_udp_destination *destination)
{
	__u32 thread = bpf_get_current_pid_tgid();
	struct pending *named = bpf_map_lookup_elem(&pending_messages, &thread);
	__u8 saddr[16];

	if (named && named->cookie == cookie) {
		__builtin_memcpy(destination, &named->destination, sizeof(*destination));
		bpf_map_delete_elem(&pending_messages, &thread);
		return;
	}
	socket_addresses(sk, saddr, destination->addr);
	destination->port = socket_dport(sk);
}

static __always_inline bool destination_equal(const struct wire_udp_destination *a,
					      const struct wire_udp_destination *b)
{
	const __u64 *left = (const __u64 *)a->addr;
	const __u64 *right = (const __u64 *)b->addr;

	return a->port == b->port && left[0] == right[0] && left[1] == right[1];
}

static __always_inline struct wire_udp_socket *
udp_socket_make(__u64 cookie, const struct wire_udp_destination *destination)
{
	struct wire_udp_socket fresh = {};

	fresh.first = *destination;
	bpf_map_update_elem(&udp_sockets, &cookie, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&udp_sockets, &cookie);
}

/* The counters of this destination, of udp itself where it is its first one; NULL if unknown. */
static __always_inline struct wire_udp_count *udp_count_find(struct wire_udp_socket *udp,
							     const struct wire_udp_key *key)
{
	if (destination_equal(&udp->first, &key->destination))
		return &udp->count;
	return bpf_map_lookup_elem(&udp_destinations, key);
}

static __always_inline struct wire_udp_count *udp_count_make(struct wire_udp_socket *udp,
							     const struct wire_udp_key *key)
{
	struct wire_udp_count fresh = {};

	if (!destination_equal(&udp->first, &key->destination))
		bpf_map_update_elem(&udp_destinations, key, &fresh, BPF_NOEXIST);
	return udp_count_find(udp, key);
}

/* The session that a message at now_ns belongs to; begins one when there is none or it was idle. */
static __always_inline __u64 udp_session(struct wire_udp_socket *udp, __u64 now_ns)
{
	__u32 index = 0;
	struct wire_filter_bank *bank = filter_bank(&udp_session_filter, &index);
	__u64 session = udp->session_boot_ns;
	__u64 last = udp->last_boot_ns;

	if (session && bank && (last >= now_ns || now_ns - last <= bank->session_max_ns))
		return session;
	/* Two threads may get here at once: one begins the session, both are in it. */
	__sync_val_compare_and_swap(&udp->session_boot_ns, session, now_ns);
	return udp->session_boot_ns;
}

static __always_inline void emit_open(const struct sock *sk, __u64 cookie, __u64 session,
				      const struct wire_udp_destination *destination,
				      __u64 previous_messages, __u64 previous_bytes)
{
	struct wire_open *record =
		record_reserve(WIRE_PROBE_UDP_SESSION, WIRE_OPEN, sizeof(*record));

	if (!record)
		return;
	task_fill_current(&record->task);
	record->cookie = cookie;
	record->session_boot_ns = session;
	record->previous_messages = previous_messages;
	record->previous_bytes = previous_bytes;
	socket_addresses(sk, record->saddr, record->daddr);
	__builtin_memcpy(record->daddr, destination->addr, sizeof(record->daddr));
	record->sport = socket_sport(sk);
	record->dport = destination->port;
	record->protocol = IPPROTO_UDP;
	record->flags = 0;
	record->padding = 0;
	record_submit(record, sizeof(*record));
}

/*
 * Move the destination into this session. What it counted before is taken off
 * by subtraction, so that another thread's message is not lost with it.
 */
static __always_inline void udp_count_join(const struct sock *sk, __u64 cookie, __u64 session,
					   const struct wire_udp_destination *destination,
					   struct wire_udp_count *count)
{
	__u64 before = count->session_boot_ns;
	__u64 messages = count->messages;
	__u64 bytes = count->bytes;

	if (before == session ||
	    __sync_val_compare_and_swap(&count->session_boot_ns, before, session) != before)
		return;
	__sync_fetch_and_add(&count->messages, -messages);
	__sync_fetch_and_add(&count->bytes, -bytes);
	emit_open(sk, cookie, session, destination, messages, bytes);
}

/* A message was sent, or failed if result is negative. Filters are asked once a session. */
static __always_inline void udp_message(struct sock *sk, __u64 cookie, int result)
{
	struct wire_udp_key key = {.cookie = cookie};
	struct wire_udp_count *count = NULL;
	struct wire_udp_socket *udp;
	__u64 session = 0, now_ns;

	message_destination(sk, cookie, &key.destination);
	if (result < 0)
		return;
	now_ns = bpf_ktime_get_boot_ns();
	udp = bpf_map_lookup_elem(&udp_sockets, &cookie);
	if (udp) {
		session = udp_session(udp, now_ns);
		count = udp_count_find(udp, &key);
	}
	if ((!count || count->session_boot_ns != session) &&
	    FILTER_DROPS(udp_session, key.destination.addr, key.destination.port))
		return;
	if (!udp) {
		udp = udp_socket_make(cookie, &key.destination);
		if (udp)
			session = udp_session(udp, now_ns);
	}
	if (udp && !count)
		count = udp_count_make(udp, &key);
	if (!udp || !count) {
		record_drop(WIRE_PROBE_UDP_SESSION, WIRE_OPEN);
		return;
	}
	udp_count_join(sk, cookie, session, &key.destination, count);
	udp->last_boot_ns = now_ns;
	count->last_boot_ns = now_ns;
	__sync_fetch_and_add(&count->messages, 1);
	__sync_fetch_and_add(&count->bytes, result);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(udp_sent, struct sock *sk, int result, int flags)
{
	if (BPF_CORE_READ(sk, sk_protocol) == IPPROTO_UDP)
		udp_message(sk, bpf_get_socket_cookie(sk), result);
	return 0;
}

/* For kernels without sock_send_length; the recorder chooses. */
SEC("?fexit/udp_sendmsg")
int BPF_PROG(udp_sent_v4, struct sock *sk, void *message, __u64 size, int result)
{
	__u64 cookie = bpf_get_socket_cookie(sk);
	struct pending counted = {.cookie = cookie, .is_counted = 1};
	__u32 thread = bpf_get_current_pid_tgid();

	udp_message(sk, cookie, result);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6)
		bpf_map_update_elem(&pending_messages, &thread, &counted, BPF_ANY);
	return 0;
}

SEC("?fexit/udpv6_sendmsg")
int BPF_PROG(udp_sent_v6, struct sock *sk, void *message, __u64 size, int result)
{
	__u64 cookie = bpf_get_socket_cookie(sk);
	__u32 thread = bpf_get_current_pid_tgid();
	struct pending *named = bpf_map_lookup_elem(&pending_messages, &thread);

	if (named && named->cookie == cookie && named->is_counted)
		bpf_map_delete_elem(&pending_messages, &thread);
	else
		udp_message(sk, cookie, result);
	return 0;
}

SEC("cgroup/sock_release")
int udp_release(struct bpf_sock *context)
{
	struct wire_udp_socket *udp;
	struct wire_end *record;
	__u64 cookie;

	if (context->protocol != IPPROTO_UDP)
		return 1;
	cookie = bpf_get_socket_cookie(context);
	udp = bpf_map_lookup_elem(&udp_sockets, &cookie);
	if (!udp)
		return 1;
	record = record_reserve(WIRE_PROBE_UDP_SESSION, WIRE_END, sizeof(*record));
	if (record) {
		record->cookie = cookie;
		record->open_boot_ns = udp->session_boot_ns;
		record->bytes_sent = 0;
		record->bytes_received = 0;
		record->messages = 0;
		if (udp->count.session_boot_ns == udp->session_boot_ns) {
			record->bytes_sent = udp->count.bytes;
			record->messages = udp->count.messages;
		}
		record->error = 0;
		record->sport = 0;
		record->padding = 0;
		record_submit(record, sizeof(*record));
	}
	bpf_map_delete_elem(&udp_sockets, &cookie);
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
