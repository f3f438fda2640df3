/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumer's end of a BPF ring buffer, mapped by ourselves so that reading
 * and giving space back are two steps: the reader runs ahead, and the kernel
 * may reuse the space only after ring_release.
 */
#ifndef PIDTREE_RING_H
#define PIDTREE_RING_H

#include <stdint.h>

struct ring;

/* Map the ring behind map_fd, which stays the caller's. 0 or -errno. */
int ring_open(int map_fd, struct ring **ret);
void ring_free(struct ring *ring);

/*
 * The next record. Returns 1 with *ret_data valid until ring_release, 0 when
 * there is none yet, -EBADMSG when the ring does not hold what a ring buffer
 * must.
 */
int ring_next(struct ring *ring, const void **ret_data, uint32_t *ret_size);

/* The position up to which records were read, in bytes since the ring was made. */
uint64_t ring_position(const struct ring *ring);

/*
 * Go on reading at position, which an earlier reader of this ring reached.
 * -ERANGE when the ring does not hold it.
 */
int ring_seek(struct ring *ring, uint64_t position);

/* Let the kernel reuse all that was read. */
void ring_release(struct ring *ring);

/* Bytes in the ring that were not released. */
uint64_t ring_used_bytes(const struct ring *ring);
uint64_t ring_size_bytes(const struct ring *ring);

#endif
