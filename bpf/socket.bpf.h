/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses, ports and cookies of kernel sockets. */
#ifndef PIDTREE_SOCKET_BPF_H
#define PIDTREE_SOCKET_BPF_H

#include "kernel.h"
#include "wire.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

static __always_inline void address_from_ipv4(__u8 mapped[16], __be32 address_be)
{
	__u32 *words = (__u32 *)mapped;

	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = address_be;
}

static __always_inline bool address_is_mapped(const __u8 address[16])
{
	const __u32 *words = (const __u32 *)address;

	return words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff);
}

static __always_inline void socket_saddr(const struct sock *sk, __u8 saddr[16])
{
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET)
		address_from_ipv4(saddr, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
	else
		BPF_CORE_READ_INTO((struct in6_addr *)saddr, sk, __sk_common.skc_v6_rcv_saddr);
}

/*
 * Both addresses. An IPv6 socket that talks to a v4-mapped address keeps the
 * local one only in the IPv4 field until it is connected.
 */
static __always_inline void socket_addresses(const struct sock *sk, __u8 saddr[16], __u8 daddr[16])
{
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET) {
		address_from_ipv4(daddr, BPF_CORE_READ(sk, __sk_common.skc_daddr));
		address_from_ipv4(saddr, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		return;
	}
	BPF_CORE_READ_INTO((struct in6_addr *)daddr, sk, __sk_common.skc_v6_daddr);
	if (address_is_mapped(daddr))
		address_from_ipv4(saddr, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
	else
		BPF_CORE_READ_INTO((struct in6_addr *)saddr, sk, __sk_common.skc_v6_rcv_saddr);
}

static __always_inline __u16 socket_sport(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_num);
}

/* The same, also when the port was given back already; __inet_put_port() clears only skc_num. */
static __always_inline __u16 socket_sport_closed(const struct sock *sk)
{
	return bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
}

static __always_inline __u16 socket_dport(const struct sock *sk)
{
	return bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
}

/* The IPv4 or IPv6 socket behind an open file, NULL if it is none. For iterators. */
static __always_inline struct sock *file_socket(struct file *file)
{
	struct socket *socket = bpf_sock_from_file(file);
	struct sock *sk;
	__u16 family;

	if (!socket)
		return NULL;
	sk = socket->sk; /* not by BPF_CORE_READ: bpf_get_socket_cookie() wants to know its type */
	if (!sk)
		return NULL;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	return family == AF_INET || family == AF_INET6 ? sk : NULL;
}

/* All but the task. */
static __always_inline void socket_fill(struct wire_socket *record, struct sock *sk)
{
	record->cookie = bpf_get_socket_cookie(sk);
	socket_saddr(sk, record->saddr);
	record->sport = socket_sport(sk);
	record->protocol = BPF_CORE_READ(sk, sk_protocol);
	record->state = BPF_CORE_READ(sk, __sk_common.skc_state);
}

#endif
