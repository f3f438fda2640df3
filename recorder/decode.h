/* SPDX-License-Identifier: Apache-2.0 */
/* Records as the kernel wrote them, checked and copied out of the ring. */
#ifndef PIDTREE_DECODE_H
#define PIDTREE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* A path as the kernel sent it, with "..." before it or " (deleted)" behind it. */
#define DECODE_PATH_SIZE (WIRE_PATH_SIZE + 32)

/* What stands behind a wire_exec, made usable. */
struct exec_text {
	char exe[DECODE_PATH_SIZE]; /* absolute; " (deleted)" behind it where it was */
	char cwd[DECODE_PATH_SIZE];
	size_t argv_size;
	char argv[WIRE_ARGV_SIZE + 1]; /* each argument with its NUL, the last one too */
};

struct record {
	union {
		struct wire_header header;
#define X(upper, lower) struct wire_##lower lower;
		WIRE_RECORDS(X)
#undef X
	};
	struct exec_text text; /* of an EXEC only */
};

/*
 * Copy the record of size bytes at data to *ret. -EBADMSG when it is not one:
 * an unknown type, or a size that its content contradicts.
 */
int decode(const void *data, uint32_t size, struct record *ret);

#endif
