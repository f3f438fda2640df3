/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * The layout is the kernel's: one page with the consumer position, one with the
 * producer position, then the data, mapped twice in a row so that no record is
 * split; kernel/bpf/ringbuf.c.
 */
struct ring {
	uint64_t *consumer_position;
	const uint64_t *producer_position;
	const char *data;
	uint64_t size;
	uint64_t position;
	size_t page_size;
};

static int map_size(int map_fd, uint64_t *ret)
{
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(map_fd, &info, &length))
		return -errno;
	if (info.type != BPF_MAP_TYPE_RINGBUF)
		return -EINVAL;
	*ret = info.max_entries;
	return 0;
}

int ring_open(int map_fd, struct ring **ret)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	void *pages;
	int r;

	if (!ring)
		return -ENOMEM;
	ring->page_size = sysconf(_SC_PAGESIZE);
	r = map_size(map_fd, &ring->size);
	if (r)
		goto fail;

	pages = mmap(NULL, ring->page_size, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (pages == MAP_FAILED)
		goto fail_errno;
	ring->consumer_position = pages;

	pages = mmap(NULL, ring->page_size + 2 * ring->size, PROT_READ, MAP_SHARED, map_fd,
		     ring->page_size);
	if (pages == MAP_FAILED)
		goto fail_errno;
	ring->producer_position = pages;
	ring->data = (const char *)pages + ring->page_size;
	ring->position = __atomic_load_n(ring->consumer_position, __ATOMIC_ACQUIRE);
	*ret = ring;
	return 0;

fail_errno:
	r = -errno;
fail:
	ring_free(ring);
	return r;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->consumer_position)
		munmap(ring->consumer_position, ring->page_size);
	if (ring->producer_position)
		munmap((void *)ring->producer_position, ring->page_size + 2 * ring->size);
	free(ring);
}

static uint64_t ring_produced(const struct ring *ring)
{
	return __atomic_load_n(ring->producer_position, __ATOMIC_ACQUIRE);
}

int ring_next(struct ring *ring, const void **ret_data, uint32_t *ret_size)
{
	while (ring->position < ring_produced(ring)) {
		const char *header = ring->data + (ring->position & (ring->size - 1));
		uint32_t length = __atomic_load_n((const uint32_t *)header, __ATOMIC_ACQUIRE);
		uint32_t size = length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (length & BPF_RINGBUF_BUSY_BIT)
			return 0;
		if (size > ring->size)
			return -EBADMSG;
		/* Records start at multiples of 8. */
		ring->position += ((uint64_t)size + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL;
		if (length & BPF_RINGBUF_DISCARD_BIT)
			continue;
		*ret_data = header + BPF_RINGBUF_HDR_SZ;
		*ret_size = size;
		return 1;
	}
	return 0;
}

uint64_t ring_position(const struct ring *ring)
{
	return ring->position;
}

int ring_seek(struct ring *ring, uint64_t position)
{
	uint64_t consumed = __atomic_load_n(ring->consumer_position, __ATOMIC_ACQUIRE);

	if (position < consumed || position > ring_produced(ring))
		return -ERANGE;
	ring->position = position;
	return 0;
}

void ring_release(struct ring *ring)
{
	__atomic_store_n(ring->consumer_position, ring->position, __ATOMIC_RELEASE);
}

uint64_t ring_used_bytes(const struct ring *ring)
{
	return ring_produced(ring) - *ring->consumer_position;
}

uint64_t ring_size_bytes(const struct ring *ring)
{
	return ring->size;
}
