// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP listens and UDP binds, and their end.
 *
 * A TCP socket that listens without having been bound gets its port only after
 * the transition to LISTEN: its event has port 0, which the recorder resolves.
 */
#include "filter.bpf.h"
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

/* By socket cookie, between the two bind hooks: binds to port 0. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u8);
} random_binds SEC(".maps");

FILTER_MAPS(net_listen);

/* True when listening with this protocol, address and port is to be left out. */
static __always_inline bool listen_is_filtered(struct task_struct *task, __u32 protocol_flag,
					       const __u8 address[16], __u16 port, bool is_random)
{
	__u32 index = 0;
	struct wire_filter_bank *bank = filter_bank(&net_listen_filter, &index);

	if (!bank || !bank->flags)
		return false;
	if (bank->flags & protocol_flag)
		return true;
	if (bank->flags & WIRE_FILTER_RANDOM_BIND && is_random)
		return true;
	if (bank->flags & WIRE_FILTER_NET_NS &&
	    BPF_CORE_READ(task, nsproxy, net_ns, ns.inum) != bank->net_ns)
		return true;
	return FILTER_DROPS_OF(net_listen, task, address, port);
}

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
	__u8 saddr[16];

	if (new_state != TCP_LISTEN && old_state != TCP_LISTEN)
		return 0;
	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (old_state == TCP_LISTEN) {
		listen_end(bpf_get_socket_cookie(sk), socket_sport_closed(sk));
		return 0;
	}
	socket_saddr(sk, saddr);
	if (listen_is_filtered((struct task_struct *)bpf_get_current_task(), WIRE_FILTER_TCP, saddr,
			       socket_sport(sk), false))
		return 0;
	record = listen_reserve(bpf_get_socket_cookie(sk), IPPROTO_TCP);
	if (!record)
		return 0;
	__builtin_memcpy(record->saddr, saddr, sizeof(saddr));
	record->sport = socket_sport(sk);
	if (!record->sport)
		record->flags = WIRE_OPEN_RANDOM_PORT;
	listen_submit(record);
	return 0;
}

static __always_inline void bind_note(__u64 cookie, __u16 port)
{
	__u8 one = 1;

	if (!port)
		bpf_map_update_elem(&random_binds, &cookie, &one, BPF_ANY);
}

SEC("cgroup/bind4")
int listen_before_bind4(struct bpf_sock_addr *context)
{
	if (context->protocol == IPPROTO_UDP)
		bind_note(bpf_get_socket_cookie(context), context->user_port);
	return 1;
}

SEC("cgroup/bind6")
int listen_before_bind6(struct bpf_sock_addr *context)
{
	if (context->protocol == IPPROTO_UDP)
		bind_note(bpf_get_socket_cookie(context), context->user_port);
	return 1;
}

static __always_inline void udp_bound(__u64 cookie, const __u8 address[16], __u16 port)
{
	bool is_random = !bpf_map_delete_elem(&random_binds, &cookie);
	struct wire_open *record;

	if (listen_is_filtered((struct task_struct *)bpf_get_current_task(), WIRE_FILTER_UDP,
			       address, port, is_random))
		return;
	record = listen_reserve(cookie, IPPROTO_UDP);
	if (!record)
		return;
	__builtin_memcpy(record->saddr, address, sizeof(record->saddr));
	record->sport = port;
	listen_submit(record);
}

SEC("cgroup/post_bind4")
int listen_bind4(struct bpf_sock *context)
{
	__u8 address[16];

	if (context->protocol != IPPROTO_UDP)
		return 1;
	address_from_ipv4(address, context->src_ip4);
	udp_bound(bpf_get_socket_cookie(context), address, context->src_port);
	return 1;
}

SEC("cgroup/post_bind6")
int listen_bind6(struct bpf_sock *context)
{
	__u32 words[4];

	if (context->protocol != IPPROTO_UDP)
		return 1;
	words[0] = context->src_ip6[0];
	words[1] = context->src_ip6[1];
	words[2] = context->src_ip6[2];
	words[3] = context->src_ip6[3];
	udp_bound(bpf_get_socket_cookie(context), (__u8 *)words, context->src_port);
	return 1;
}

SEC("cgroup/sock_release")
int listen_release(struct bpf_sock *context)
{
	if (context->protocol == IPPROTO_UDP)
		listen_end(bpf_get_socket_cookie(context), 0);
	return 1;
}

/*
 * Every socket that listens now, in every network namespace, once for each
 * process that holds it. A UDP socket listens when its process chose the port.
 */
SEC("iter/task_file")
int listen_snapshot(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct wire_socket record = {};
	struct sock *sk;
	__u32 flag;

	if (!task || !file)
		return 0;
	sk = file_socket(file);
	if (!sk)
		return 0;
	socket_fill(&record, sk);
	if (record.protocol == IPPROTO_TCP && record.state == TCP_LISTEN)
		flag = WIRE_FILTER_TCP;
	else if (record.protocol == IPPROTO_UDP && record.sport &&
		 BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & SOCK_BINDPORT_LOCK)
		flag = WIRE_FILTER_UDP;
	else
		return 0;
	if (listen_is_filtered(task, flag, record.saddr, record.sport, false))
		return 0;
	task_fill(&record.task, task);
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
