/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the BPF programs and the recorder: every record that
 * goes through the ring buffer, and the layout of the maps both sides read.
 *
 * Widths are fixed, padding is explicit, sizes are asserted below; both sides
 * compile this file with -Wpadded. Times are CLOCK_BOOTTIME nanoseconds.
 * Addresses are 16 bytes, IPv4 as v4-mapped IPv6 (RFC 4291, 2.5.5.2). Ports
 * are in host byte order.
 */
#ifndef PIDTREE_WIRE_H
#define PIDTREE_WIRE_H

#include <linux/types.h>

#define WIRE_COMM_SIZE 16	   /* TASK_COMM_LEN, include/linux/sched.h */
#define WIRE_PATH_SIZE 4096	   /* PATH_MAX, include/uapi/linux/limits.h */
#define WIRE_ARGV_SIZE (32 * 1024) /* bytes of argv kept at an exec */
#define WIRE_CGROUP_PATH_SIZE 1024 /* TRACE_CGROUP_PATH_LEN, kernel/cgroup/cgroup-internal.h */

/*
 * Record types. The first three describe processes, CGROUP a cgroup; these
 * carry WIRE_PROBE_NONE. The others describe what a probe saw. A probe's event
 * is one OPEN; an OUTCOME and an END may follow, tied to it by the socket
 * cookie and the boot time of the OPEN.
 *
 * WIRE_RECORD(upper, lower): the enumerator and the struct's suffix.
 */
#define WIRE_RECORDS(X)                                                                            \
	X(FORK, fork)                                                                              \
	X(EXEC, exec)                                                                              \
	X(EXIT, exit)                                                                              \
	X(OPEN, open)                                                                              \
	X(OUTCOME, outcome)                                                                        \
	X(END, end)                                                                                \
	X(CGROUP, cgroup)

enum wire_type {
#define X(upper, lower) WIRE_##upper,
	WIRE_RECORDS(X)
#undef X
		WIRE_TYPES
};

/* Probes built in. Those loaded from elsewhere are numbered from WIRE_PROBE_EXTRA. */
enum wire_probe {
	WIRE_PROBE_NONE,
	WIRE_PROBE_TCP_CONNECT,
	WIRE_PROBE_NET_LISTEN,
	WIRE_PROBE_UDP_SESSION,
	WIRE_PROBE_EXTRA = 16,
};

struct wire_header {
	__u16 type;  /* enum wire_type */
	__u16 probe; /* enum wire_probe */
	__u32 size;  /* of the whole record, this header included */
	__u64 boot_ns;
};

/* A process: the thread group, whichever of its threads acted. */
struct wire_task {
	__u64 start_boot_ns; /* when the thread group leader was forked */
	__u64 cgroup_id;     /* in the cgroup v2 hierarchy */
	__u64 cgroup_v1_id;  /* in the v1 hierarchy of the pids controller, 0: it has none */
	__u32 pid;	     /* tgid in the initial PID namespace */
	__u32 uid;
	__u32 gid;
	__u32 loginuid; /* (__u32)-1: no login */
	__u32 session;	/* audit session, (__u32)-1: none */
	__u32 mnt_ns;	/* inode numbers, as in /proc/PID/ns */
	__u32 net_ns;
	__u32 flags; /* WIRE_TASK_… */
	char comm[WIRE_COMM_SIZE];
};

#define WIRE_TASK_KTHREAD (1u << 0) /* a kernel thread */
#define WIRE_TASK_BRIEF (1u << 1)   /* only pid and start_boot_ns are set */

struct wire_fork {
	struct wire_header header;
	struct wire_task task; /* the child */
	__u64 parent_start_boot_ns;
	__u32 parent_pid; /* whoever called fork, not who will reap */
	__u32 padding;
};

/*
 * Behind it stand exe, cwd and argv, in this order. exe and cwd are path
 * components, leaf first, each with a NUL: "bash\0bin\0usr\0". argv is as the
 * kernel laid it out: every argument with its NUL.
 */
struct wire_exec {
	struct wire_header header;
	struct wire_task task; /* after the exec */
	__u32 flags;	       /* WIRE_EXEC_… */
	__u32 exe_size;
	__u32 cwd_size;
	__u32 argv_size;
};

#define WIRE_EXEC_EXE_CUT (1u << 0)	    /* leading components of exe are missing */
#define WIRE_EXEC_EXE_DELETED (1u << 1)	    /* the file had no name any more */
#define WIRE_EXEC_CWD_CUT (1u << 2)	    /* leading components of cwd are missing */
#define WIRE_EXEC_ARGV_CUT (1u << 3)	    /* argv was longer than WIRE_ARGV_SIZE */
#define WIRE_EXEC_ARGV_UNREADABLE (1u << 4) /* its pages were not in memory */

#define WIRE_EXEC_DATA_SIZE (2 * WIRE_PATH_SIZE + WIRE_ARGV_SIZE)

struct wire_exit {
	struct wire_header header;
	__u64 start_boot_ns;
	__u32 pid;
	__u32 status; /* as wait(2) reports it */
};

struct wire_open {
	struct wire_header header;
	struct wire_task task;
	__u64 cookie;		 /* of the socket, unique until reboot; 0: nothing follows */
	__u64 session_boot_ns;	 /* UDP: the OPEN that began the session, else 0 */
	__u64 previous_messages; /* UDP: counters of the destination's session before this one */
	__u64 previous_bytes;
	__u8 saddr[16]; /* local */
	__u8 daddr[16]; /* remote, zero for a listener */
	__u16 sport;
	__u16 dport;
	__u8 protocol; /* IPPROTO_… */
	__u8 flags;    /* WIRE_OPEN_… */
	__u16 padding;
};

#define WIRE_OPEN_RANDOM_PORT (1u << 0) /* the kernel chose the local port */

struct wire_outcome {
	struct wire_header header;
	__u64 cookie;
	__u64 open_boot_ns; /* header.boot_ns of the OPEN */
	__u8 saddr[16];
	__u32 error; /* sk_err, 0 for none */
	__u16 sport; /* the kernel may have chosen it only now; 0: it never did */
	__u8 flags;  /* WIRE_OUTCOME_… */
	__u8 padding;
};

#define WIRE_OUTCOME_ESTABLISHED (1u << 0)
#define WIRE_OUTCOME_NO_ROUTE (1u << 1) /* connect failed before anything was sent */

/*
 * The end of everything open on a socket. For UDP the counters are those of
 * the socket's first destination in its last session; the others are in the
 * map udp_destinations.
 */
struct wire_end {
	struct wire_header header;
	__u64 cookie;
	__u64 open_boot_ns; /* header.boot_ns of the OPEN; UDP: its session_boot_ns */
	__u64 bytes_sent;
	__u64 bytes_received;
	__u64 messages;
	__u32 error; /* errno, 0 for none */
	__u16 sport; /* of a listener */
	__u16 padding;
};

/* The hierarchies that are followed; each numbers its cgroups from 1. */
enum wire_hierarchy {
	WIRE_HIERARCHY_V2,
	WIRE_HIERARCHY_V1, /* that of the pids controller */
};

struct wire_cgroup_key {
	__u64 id;	 /* the inode number of its directory */
	__u32 hierarchy; /* enum wire_hierarchy */
	__u32 padding;
};

/* A cgroup was made or removed. */
struct wire_cgroup {
	struct wire_header header;
	struct wire_cgroup_key key;
	__u32 flags; /* WIRE_CGROUP_… */
	__u32 padding;
	char path[WIRE_CGROUP_PATH_SIZE]; /* from the hierarchy's root, with a NUL */
};

#define WIRE_CGROUP_GONE (1u << 0) /* removed: no process will be in it any more */

/* The map open_cgroups: as many as this, the least used one goes. */
#define WIRE_OPEN_CGROUPS 4096

/* Not through the ring: what the iterator over tasks writes for each process. */
struct wire_seed {
	struct wire_task task;
	__u64 boot_ns; /* when the iterator came by */
	__u64 parent_start_boot_ns;
	__u32 parent_pid; /* real_parent: the original one may be gone */
	__u32 padding;
};

/* Not through the ring: what the iterator over files writes for each inet socket. */
struct wire_socket {
	struct wire_task task;
	__u64 cookie;
	__u8 saddr[16];
	__u16 sport;
	__u8 protocol;
	__u8 state; /* TCP_…, include/net/tcp_states.h */
	__u32 padding;
};

/*
 * The map drops: records that could not be reserved, for each CPU, at
 * wire_drop_index(probe, type).
 */
struct wire_drop {
	__u64 count;
	__u64 last_boot_ns;
};

#define WIRE_PROBES 32
#define WIRE_DROPS (WIRE_PROBES * 8)

static inline __u32 wire_drop_index(__u16 probe, __u16 type)
{
	return (probe % WIRE_PROBES) * 8u + type % 8u;
}

/* The map udp_sockets (by socket cookie) and udp_destinations (by wire_udp_key). */
struct wire_udp_destination {
	__u8 addr[16];
	__u16 port;
	__u16 padding[3];
};

struct wire_udp_count {
	__u64 session_boot_ns; /* the session in which it was last used */
	__u64 messages;	       /* in that session */
	__u64 bytes;
	__u64 last_boot_ns; /* last message */
};

struct wire_udp_socket {
	__u64 session_boot_ns; /* the OPEN that began the session, 0 before the first */
	__u64 last_boot_ns;    /* last message to any destination */
	struct wire_udp_destination first;
	struct wire_udp_count count; /* of first */
};

struct wire_udp_key {
	__u64 cookie;
	struct wire_udp_destination destination;
};

/*
 * Filters. Of everything there are two banks; the map PROBE_filter says which
 * one counts, so that a change is one store.
 */
#define WIRE_BANKS 2
#define WIRE_CONTAINERS 4096 /* mount namespaces of containers a probe may be limited to */

/* A key of the trie PROBE_networks. Addresses and prefixes as everywhere: IPv4 is v4-mapped. */
struct wire_network {
	__u32 prefix_bits;
	__u8 address[16];
};

/* Which ports a rule drops. */
enum wire_port_mode {
	WIRE_PORTS_NONE,
	WIRE_PORTS_ALL,
	WIRE_PORTS_ONLY,   /* those in the set */
	WIRE_PORTS_EXCEPT, /* those not in the set */
};

struct wire_port_rule {
	__u32 mode; /* enum wire_port_mode */
	__u32 set;  /* index in PROBE_ports */
};

/* Port p is in the set when bit p % 64 of bits[p / 64] is. */
struct wire_port_set {
	__u64 bits[1024];
};

#define WIRE_FILTER_PORTS (1u << 0)
#define WIRE_FILTER_NETWORKS (1u << 1)
#define WIRE_FILTER_CONTAINERS (1u << 2)
#define WIRE_FILTER_NET_NS (1u << 3)	  /* other network namespaces than net_ns */
#define WIRE_FILTER_TCP (1u << 4)	  /* net_listen: all of TCP */
#define WIRE_FILTER_UDP (1u << 5)	  /* net_listen: all of UDP */
#define WIRE_FILTER_RANDOM_BIND (1u << 6) /* net_listen: UDP binds to port 0 */

struct wire_filter_bank {
	__u64 session_max_ns; /* udp_session: a session idle this long is over */
	struct wire_port_rule ports;
	__u32 flags;  /* WIRE_FILTER_…: what there is to look at */
	__u32 net_ns; /* inode number */
};

struct wire_filter {
	__u32 bank; /* the one that counts */
	__u32 padding;
	struct wire_filter_bank banks[WIRE_BANKS];
};

#define WIRE_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type " has changed")
WIRE_SIZE(wire_header, 16);
WIRE_SIZE(wire_task, 72);
WIRE_SIZE(wire_fork, 104);
WIRE_SIZE(wire_exec, 104);
WIRE_SIZE(wire_exit, 32);
WIRE_SIZE(wire_open, 160);
WIRE_SIZE(wire_outcome, 56);
WIRE_SIZE(wire_end, 64);
WIRE_SIZE(wire_cgroup_key, 16);
WIRE_SIZE(wire_cgroup, 1064);
WIRE_SIZE(wire_seed, 96);
WIRE_SIZE(wire_socket, 104);
WIRE_SIZE(wire_udp_destination, 24);
WIRE_SIZE(wire_udp_count, 32);
WIRE_SIZE(wire_udp_socket, 72);
WIRE_SIZE(wire_udp_key, 32);
WIRE_SIZE(wire_network, 20);
WIRE_SIZE(wire_port_rule, 8);
WIRE_SIZE(wire_filter_bank, 24);
WIRE_SIZE(wire_filter, 56);

#endif
