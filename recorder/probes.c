/* SPDX-License-Identifier: Apache-2.0 */
#include "probes.h"

#include "net_listen.skel.h"
#include "process.skel.h"
#include "tcp_connect.skel.h"
#include "udp_session.skel.h"
#include "wire.h"

const struct probe probe_process = {
	.id = WIRE_PROBE_NONE,
	.name = "process",
	.object = process_bpf__elf_bytes,
};

static const struct probe probe_tcp_connect = {
	.id = WIRE_PROBE_TCP_CONNECT,
	.name = "tcp_connect",
	.object = tcp_connect_bpf__elf_bytes,
};

static const struct probe probe_net_listen = {
	.id = WIRE_PROBE_NET_LISTEN,
	.name = "net_listen",
	.object = net_listen_bpf__elf_bytes,
};

static const struct probe probe_udp_session = {
	.id = WIRE_PROBE_UDP_SESSION,
	.name = "udp_session",
	.object = udp_session_bpf__elf_bytes,
};

const struct probe *const probes_builtin[] = {
	&probe_tcp_connect,
	&probe_net_listen,
	&probe_udp_session,
	NULL,
};
