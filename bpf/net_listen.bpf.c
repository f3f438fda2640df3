// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP listens and UDP binds, and their end.
 *
 * A TCP socket that listens without having been bound gets its port only after
 * the transition to LISTEN: its event has port 0, which the recorder resolves.
 */
#include "record.bpf.h"
#include "socket.bpf.h"
#include "task.bpf.h"

#include <bpf/bpf_tracing.h>

/* By socket cookie: boot_ns of the OPEN. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64 * 1024);
	__type(key, __u64);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} listeners SEC(".maps");

/* A reserved OPEN with all but the address, the port and the flags. */
static __always_inline struct wire_open *listen_reserve(__u64 cookie, __u8 protocol)
{
	struct wire_open *record =
		record_reserve(WIRE_PROBE_NET_LISTEN, WIRE_OPEN, sizeof(*record));

	if (!record)
		return NULL;
	task_fill_current(&record->task);
	record->cookie = cookie;
	record->session_boot_ns = 0;
	record->previous_messages = 0;
	record->previous_bytes = 0;
	__builtin_memset(record->daddr, 0, sizeof(record->daddr));
	record->dport = 0;
	record->protocol = protocol;
	record->flags = 0;
	record->padding = 0;
	return record;
}

static __always_inline void listen_submit(struct wire_open *record)
{
	__u64 cookie = record->cookie;
	__u64 open_boot_ns = record->header.boot_ns;

	record_submit(record, sizeof(*record));
	if (bpf_map_update_elem(&listeners, &cookie, &open_boot_ns, BPF_ANY))
		record_drop(WIRE_PROBE_NET_LISTEN, WIRE_END);
}

/* End the listener of this cookie, if there is one. sport: 0 when it is known from the OPEN. */
static __always_inline void listen_end(__u64 cookie, __u16 sport)
{
	__u64 *open_boot_ns = bpf_map_lookup_elem(&listeners, &cookie);
	struct wire_end *record;

	if (!open_boot_ns)
		return;
	record = record_reserve(WIRE_PROBE_NET_LISTEN, WIRE_END, sizeof(*record));
	if (record) {
		record->cookie = cookie;
		record->open_boot_ns = *open_boot_ns;
		record->bytes_sent = 0;
		record->bytes_received = 0;
		record->messages = 0;
		record->error = 0;
		record->sport = sport;
		record->padding = 0;
		record_submit(record, sizeof(*record));
	}
	bpf_map_delete_elem(&listeners, &cookie);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(listen_set_state, struct sock *sk, int old_state, int new_state)
{
	struct wire_open *record;

	if (new_state != TCP_LISTEN && old_state != TCP_LISTEN)
		return 0;
	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (old_state == TCP_LISTEN) {
		listen_end(bpf_get_socket_cookie(sk), socket_sport_closed(sk));
		return 0;
	}
	record = listen_reserve(bpf_get_socket_cookie(sk), IPPROTO_TCP);
	if (!record)
		return 0;
	socket_saddr(sk, record->saddr);
	record->sport = socket_sport(sk);
	if (!record->sport)
		record->flags = WIRE_OPEN_RANDOM_PORT;
	listen_submit(record);
	return 0;
}

SEC("cgroup/post_bind4")
int listen_bind4(struct bpf_sock *context)
{
	struct wire_open *record;

	if (context->protocol != IPPROTO_UDP)
		return 1;
	record = listen_reserve(bpf_get_socket_cookie(context), IPPROTO_UDP);
	if (!record)
		return 1;
	address_from_ipv4(record->saddr, context->src_ip4);
	record->sport = context->src_port;
	listen_submit(record);
	return 1;
}

SEC("cgroup/post_bind6")
int listen_bind6(struct bpf_sock *context)
{
	struct wire_open *record;
	__u32 *words;

	if (context->protocol != IPPROTO_UDP)
		return 1;
	record = listen_reserve(bpf_get_socket_cookie(context), IPPROTO_UDP);
	if (!record)
		return 1;
	words = (__u32 *)record->saddr;
	words[0] = context->src_ip6[0];
	words[1] = context->src_ip6[1];
	words[2] = context->src_ip6[2];
	words[3] = context->src_ip6[3];
	record->sport = context->src_port;
	listen_submit(record);
	return 1;
}

SEC("cgroup/sock_release")
int listen_release(struct bpf_sock *context)
{
	if (context->protocol == IPPROTO_UDP)
		listen_end(bpf_get_socket_cookie(context), 0);
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
