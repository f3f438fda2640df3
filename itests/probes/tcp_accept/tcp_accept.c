// SPDX-License-Identifier: Apache-2.0
/* What the recorder finds when it loads tcp_accept.so. */
#include <pidtree_probe.h>

#include "tcp_accept.skel.h"

const struct pidtree_probe pidtree_probe = {
	PIDTREE_PROBE,
	.name = "tcp_accept",
	.object = tcp_accept_bpf__elf_bytes,
};
