/* SPDX-License-Identifier: Apache-2.0 */
#include "probes.h"

#include "cgroup.skel.h"
#include "net_listen.skel.h"
#include "process.skel.h"
#include "tcp_connect.skel.h"
#include "udp_session.skel.h"
#include "wire.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <string.h>

const struct probe probe_process = {
	.id = WIRE_PROBE_NONE,
	.name = "process",
	.object = process_bpf__elf_bytes,
};

const struct probe probe_cgroup = {
	.id = WIRE_PROBE_NONE,
	.name = "cgroup",
	.object = cgroup_bpf__elf_bytes,
};

/* Two of the same: while a softirq interrupts one, the other is run. */
static const char *const tcp_connect_skippable[] = {"tcp_set_state", "tcp_set_state_too", NULL};

/* Only a system call makes a socket listen or ends that, and no softirq interrupts it with one. */
static const char *const net_listen_skippable[] = {"listen_set_state", NULL};

bool probes_may_skip(const struct probe *const *probes, const char *program)
{
	for (; *probes; probes++)
		for (const char *const *name = (*probes)->skippable; name && *name; name++)
			if (!strncmp(*name, program, BPF_OBJ_NAME_LEN - 1))
				return true;
	return false;
}

static const struct probe probe_tcp_connect = {
	.id = WIRE_PROBE_TCP_CONNECT,
	.name = "tcp_connect",
	.object = tcp_connect_bpf__elf_bytes,
	.skippable = tcp_connect_skippable,
};

static const struct probe probe_net_listen = {
	.id = WIRE_PROBE_NET_LISTEN,
	.name = "net_listen",
	.object = net_listen_bpf__elf_bytes,
	.skippable = net_listen_skippable,
};

static bool kernel_has_tracepoint(const char *type)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has = btf && btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;

	btf__free(btf);
	return has;
}

static int program_switch(struct bpf_object *object, const char *name, bool on)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	return program ? bpf_program__set_autoload(program, on) : -ENOENT;
}

/* The tracepoint sock_send_length came with Linux 6.3. */
static int choose_udp_session(struct bpf_object *object)
{
	bool has = kernel_has_tracepoint("btf_trace_sock_send_length");
	int r;

	if ((r = program_switch(object, "udp_sent", has)) ||
	    (r = program_switch(object, "udp_sent_v4", !has)))
		return r;
	return program_switch(object, "udp_sent_v6", !has);
}

static const struct probe probe_udp_session = {
	.id = WIRE_PROBE_UDP_SESSION,
	.name = "udp_session",
	.object = udp_session_bpf__elf_bytes,
	.choose = choose_udp_session,
};

const struct probe *const probes_builtin[] = {
	&probe_tcp_connect,
	&probe_net_listen,
	&probe_udp_session,
	NULL,
};
