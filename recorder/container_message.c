/* SPDX-License-Identifier: Apache-2.0 */
#include "container_message.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct container_queue {
	pthread_mutex_t mutex;
	struct container_message *first;
	struct container_message **end; /* where the next one is linked */
	int fd;				/* an eventfd: it holds something while there is one */
};

bool container_runtime_id_is_valid(const char *id)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_.-";
	size_t length = strspn(id, allowed);

	return length && !id[length] && length < CONTAINER_RUNTIME_ID_SIZE && *id != '-' &&
	       *id != '.';
}

struct container_message *container_message_new(enum container_message_type type,
						const char *runtime_id)
{
	struct container_message *message = calloc(1, sizeof(*message));

	if (!message)
		return NULL;
	message->type = type;
	snprintf(message->runtime_id, sizeof(message->runtime_id), "%s",
		 runtime_id ? runtime_id : "");
	return message;
}

void container_message_free(struct container_message *message)
{
	if (!message)
		return;
	free(message->name);
	free(message->image);
	cJSON_Delete(message->labels);
	free(message);
}

struct container_queue *container_queue_new(void)
{
	struct container_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->fd < 0) {
		free(queue);
		return NULL;
	}
	pthread_mutex_init(&queue->mutex, NULL);
	queue->end = &queue->first;
	return queue;
}

void container_queue_free(struct container_queue *queue)
{
	struct container_message *message;

	if (!queue)
		return;
	while ((message = container_queue_take(queue)))
		container_message_free(message);
	pthread_mutex_destroy(&queue->mutex);
	close(queue->fd);
	free(queue);
}

int container_queue_fd(const struct container_queue *queue)
{
	return queue->fd;
}

void container_queue_put(struct container_queue *queue, struct container_message *message)
{
	if (!message)
		return;
	pthread_mutex_lock(&queue->mutex);
	message->next = NULL;
	*queue->end = message;
	queue->end = &message->next;
	eventfd_write(queue->fd, 1);
	pthread_mutex_unlock(&queue->mutex);
}

struct container_message *container_queue_take(struct container_queue *queue)
{
	struct container_message *message;
	eventfd_t count;

	pthread_mutex_lock(&queue->mutex);
	message = queue->first;
	if (message) {
		queue->first = message->next;
		if (!queue->first) {
			queue->end = &queue->first;
			eventfd_read(queue->fd, &count);
		}
	}
	pthread_mutex_unlock(&queue->mutex);
	return message;
}
