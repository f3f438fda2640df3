/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A probe from elsewhere, as pidtree-recorder loads it with --extra-probe-path:
 * a shared object, NAME.so, that carries a BPF object and defines one symbol:
 *
 *	const struct pidtree_probe pidtree_probe = {
 *		PIDTREE_PROBE,
 *		.name = "NAME",
 *		.object = name_bpf__elf_bytes,
 *	};
 *
 * The BPF object writes the records of pidtree/wire.h (OPEN, OUTCOME, END) to
 * the map "ring" of pidtree/record.bpf.h, with the number in its variable
 *
 *	const volatile __u16 probe_id;
 *
 * which the recorder sets before it loads the object. Programs are attached as
 * their sections say, those of cgroup types at the root of the hierarchy. Names
 * of programs and of pinned maps are shared by all probes: begin them with NAME.
 */
#ifndef PIDTREE_PROBE_H
#define PIDTREE_PROBE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PIDTREE_PROBE_ABI 1

struct pidtree_probe {
	uint32_t abi; /* both set by PIDTREE_PROBE */
	uint32_t size;

	const char *name; /* the section in the configuration, and the file without .so */

	/*
	 * The BPF object, an ELF file in memory, and its size in bytes: what
	 * "bpftool gen skeleton" calls NAME__elf_bytes.
	 */
	const void *(*object)(size_t *ret_size);
};

#define PIDTREE_PROBE .abi = PIDTREE_PROBE_ABI, .size = sizeof(struct pidtree_probe)

/* The probe's only visible symbol. */
extern const struct pidtree_probe pidtree_probe __attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif

#endif
