/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ring that all records go through, and the count of those that found no room. */
#ifndef PIDTREE_RECORD_BPF_H
#define PIDTREE_RECORD_BPF_H

#include "kernel.h"
#include "wire.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Pinned and shared by every object; the recorder sets the size before it loads them. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024 * 1024);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WIRE_DROPS);
	__type(key, __u32);
	__type(value, struct wire_drop);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} drops SEC(".maps");

static __always_inline void record_drop(__u16 probe, __u16 type)
{
	__u32 index = wire_drop_index(probe, type);
	struct wire_drop *drop = bpf_map_lookup_elem(&drops, &index);

	if (!drop)
		return;
	/* A softirq may interrupt a task here, on the same CPU. */
	__sync_fetch_and_add(&drop->count, 1);
	drop->last_boot_ns = bpf_ktime_get_boot_ns();
}

/* Process records stop at three quarters, so that network events still find room. */
static __always_inline bool ring_has_room_for(__u16 type)
{
	if (type > WIRE_EXIT)
		return true;
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) <
	       bpf_ringbuf_query(&ring, BPF_RB_RING_SIZE) / 4 * 3;
}

/*
 * The recorder polls on a timer. It is woken only when the record crosses
 * another eighth of the ring: a wakeup for each record costs more than all the
 * rest of the program.
 */
static __always_inline __u64 record_wakeup(__u32 size)
{
	__u64 eighth = bpf_ringbuf_query(&ring, BPF_RB_RING_SIZE) / 8;
	__u64 unread = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);

	return (unread & (eighth - 1)) < size ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

static __always_inline void header_fill(struct wire_header *header, __u16 probe, __u16 type,
					__u32 size)
{
	header->type = type;
	header->probe = probe;
	header->size = size;
	header->boot_ns = bpf_ktime_get_boot_ns();
}

/*
 * Reserve a record of a fixed size with its header filled in; all else is the
 * caller's to set. NULL when the ring is full, which is counted.
 */
static __always_inline void *record_reserve(__u16 probe, __u16 type, const __u32 size)
{
	struct wire_header *header = NULL;

	if (ring_has_room_for(type))
		header = bpf_ringbuf_reserve(&ring, size, 0);
	if (!header) {
		record_drop(probe, type);
		return NULL;
	}
	header_fill(header, probe, type, size);
	return header;
}

static __always_inline void record_submit(void *record, const __u32 size)
{
	bpf_ringbuf_submit(record, record_wakeup(size));
}

#endif
