/* SPDX-License-Identifier: Apache-2.0 */
#include "container_client.h"

#include <stdlib.h>
#include <string.h>

bool container_call_add(struct container_call *call, const void *bytes, size_t size)
{
	char *grown;

	if (size > CONTAINER_ANSWER_MAX - call->size)
		return false;
	grown = realloc(call->answer, call->size + size + 1);
	if (!grown)
		return false;
	memcpy(grown + call->size, bytes, size);
	call->answer = grown;
	call->size += size;
	grown[call->size] = '\0';
	return true;
}
