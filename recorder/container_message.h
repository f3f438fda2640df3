/* SPDX-License-Identifier: Apache-2.0 */
/* What the thread that talks to the container runtime has to say to the one that records. */
#ifndef PIDTREE_CONTAINER_MESSAGE_H
#define PIDTREE_CONTAINER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#define CONTAINER_RUNTIME_ID_SIZE 129 /* with a NUL; Docker, podman and CRI use 64 digits */

enum container_message_type {
	CONTAINER_UP,	   /* it exists, maybe it runs: all of the message is set */
	CONTAINER_DOWN,	   /* its processes are gone */
	CONTAINER_UNKNOWN, /* the runtime does not know it */
	CONTAINER_LISTING, /* every container that runs follows as UP, */
	CONTAINER_LISTED,  /* up to here; nothing else is set in these two */
};

struct container_message {
	enum container_message_type type;
	char runtime_id[CONTAINER_RUNTIME_ID_SIZE];
	char *name;			/* NULL: none */
	char *image;			/* NULL: none */
	cJSON *labels;			/* an object whose values are strings */
	uint32_t pid;			/* of its first process; 0: does not run yet */
	uint32_t mnt_ns;		/* of that process; 0: not known, or that of the host */
	struct container_message *next; /* container_queue's */
};

/* Whether a runtime may call a container this: digits, letters and a few signs. */
bool container_runtime_id_is_valid(const char *id);

/* A message about the container with this valid id, or about none. NULL when out of memory. */
struct container_message *container_message_new(enum container_message_type type,
						const char *runtime_id);
void container_message_free(struct container_message *message);

/* Messages from one thread to another, in order. */
struct container_queue;

/* NULL when out of memory or of descriptors. */
struct container_queue *container_queue_new(void);
void container_queue_free(struct container_queue *queue);

/* Becomes readable when there are messages; it is the queue's. */
int container_queue_fd(const struct container_queue *queue);

/* Put a message at the end; the queue takes it over, also NULL, which is nothing. */
void container_queue_put(struct container_queue *queue, struct container_message *message);

/* Take the first message, which is the caller's to free. NULL when there is none. */
struct container_message *container_queue_take(struct container_queue *queue);

#endif
