/* SPDX-License-Identifier: Apache-2.0 */
#include "decode.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const uint32_t record_sizes[WIRE_TYPES] = {
#define X(upper, lower) [WIRE_##upper] = sizeof(struct wire_##lower),
	WIRE_RECORDS(X)
#undef X
};

/* Turn "leaf\0…\0top\0" into "/top/…/leaf". path has room for size bytes more than components. */
static void path_from_components(const char *components, size_t size, bool cut, char *path)
{
	const char *end = components + size;

	if (cut) {
		memcpy(path, "...", 3);
		path += 3;
	}
	if (!size && !cut)
		*path++ = '/';
	while (end > components) {
		const char *start = end - 1; /* the NUL */

		while (start > components && start[-1])
			start--;
		*path++ = '/';
		memcpy(path, start, end - 1 - start);
		path += end - 1 - start;
		end = start;
	}
	*path = '\0';
}

static int decode_exec(const char *data, uint32_t size, struct record *ret)
{
	const struct wire_exec *exec = &ret->exec;
	struct exec_text *text = &ret->text;
	const char *exe, *cwd, *argv;

	if (exec->exe_size > WIRE_PATH_SIZE || exec->cwd_size > WIRE_PATH_SIZE ||
	    exec->argv_size > WIRE_ARGV_SIZE ||
	    size != sizeof(*exec) + exec->exe_size + exec->cwd_size + exec->argv_size)
		return -EBADMSG;
	exe = data + sizeof(*exec);
	cwd = exe + exec->exe_size;
	argv = cwd + exec->cwd_size;
	if ((exec->exe_size && cwd[-1]) || (exec->cwd_size && argv[-1]))
		return -EBADMSG;

	path_from_components(exe, exec->exe_size, exec->flags & WIRE_EXEC_EXE_CUT, text->exe);
	if (exec->flags & WIRE_EXEC_EXE_DELETED)
		strcat(text->exe, " (deleted)");
	path_from_components(cwd, exec->cwd_size, exec->flags & WIRE_EXEC_CWD_CUT, text->cwd);
	memcpy(text->argv, argv, exec->argv_size);
	text->argv_size = exec->argv_size;
	/* An argv that was cut ends inside an argument. */
	if (text->argv_size && text->argv[text->argv_size - 1])
		text->argv[text->argv_size++] = '\0';
	return 0;
}

int decode(const void *data, uint32_t size, struct record *ret)
{
	struct wire_header header;

	if (size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, data, sizeof(header));
	if (header.type >= WIRE_TYPES || header.size != size || size < record_sizes[header.type])
		return -EBADMSG;
	memcpy(ret, data, record_sizes[header.type]);
	if (header.type == WIRE_CGROUP && ret->cgroup.path[WIRE_CGROUP_PATH_SIZE - 1])
		return -EBADMSG;
	if (header.type == WIRE_EXEC)
		return decode_exec(data, size, ret);
	return size == record_sizes[header.type] ? 0 : -EBADMSG;
}
