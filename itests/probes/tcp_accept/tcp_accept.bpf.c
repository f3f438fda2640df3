// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TCP connections that come in, under the process that listens for them: an
 * OPEN when the handshake is done, an END when the connection is.
 *
 * The handshake ends in whatever task the packet interrupts. So the process is
 * noted with the listening socket when it begins to listen, and the kernel
 * copies the note to each socket that it clones from the listening one.
 */
#include <pidtree/record.bpf.h>
#include <pidtree/socket.bpf.h>

#include <bpf/bpf_tracing.h>

const volatile __u16 probe_id; /* set by the recorder */

/* What is noted with a socket; open_boot_ns only with one that was cloned. */
struct note {
	__u64 start_boot_ns; /* of the process that listens */
	__u64 open_boot_ns;  /* of the OPEN */
	__u32 pid;
	__u32 padding;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct note);
} tcp_accept_notes SEC(".maps");

static __always_inline void note_listener(struct sock *sk)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct note *note =
		bpf_sk_storage_get(&tcp_accept_notes, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (!note)
		return;
	note->start_boot_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	note->pid = BPF_CORE_READ(task, tgid);
}

static __always_inline void emit_open(struct sock *sk, struct note *note)
{
	struct wire_open *record = record_reserve(probe_id, WIRE_OPEN, sizeof(*record));

	if (!record)
		return;
	__builtin_memset((void *)record + sizeof(record->header), 0,
			 sizeof(*record) - sizeof(record->header));
	/* The recorder knows the process; pid and start say which it is. */
	record->task.flags = WIRE_TASK_BRIEF;
	record->task.pid = note->pid;
	record->task.start_boot_ns = note->start_boot_ns;
	record->cookie = bpf_get_socket_cookie(sk);
	socket_addresses(sk, record->saddr, record->daddr);
	record->sport = socket_sport(sk);
	record->dport = socket_dport(sk);
	record->protocol = IPPROTO_TCP;
	note->open_boot_ns = record->header.boot_ns;
	record_submit(record, sizeof(*record));
}

static __always_inline void emit_end(struct sock *sk, const struct note *note)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	struct wire_end *record = record_reserve(probe_id, WIRE_END, sizeof(*record));
	__u64 fin;

	if (!record)
		return;
	record->cookie = bpf_get_socket_cookie(sk);
	record->open_boot_ns = note->open_boot_ns;
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

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_accept_set_state, struct sock *sk, int old_state, int new_state)
{
	struct note *note;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (new_state == TCP_LISTEN) {
		note_listener(sk);
		return 0;
	}
	if (new_state != TCP_ESTABLISHED && new_state != TCP_CLOSE)
		return 0;
	note = bpf_sk_storage_get(&tcp_accept_notes, sk, NULL, 0);
	if (!note)
		return 0;
	if (new_state == TCP_ESTABLISHED)
		emit_open(sk, note);
	else if (note->open_boot_ns)
		emit_end(sk, note);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
