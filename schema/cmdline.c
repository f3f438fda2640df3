// SPDX-License-Identifier: Apache-2.0
#include "cmdline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *process_cmdline(const struct process *process)
{
	size_t size = process->argv_size;
	char *line;

	/* Trailing NULs end the last argument; a process may also have blanked its argv. */
	while (size && process->argv[size - 1] == '\0')
		size--;
	if (!size)
		return asprintf(&line, "[%s]", process->comm) < 0 ? NULL : line;
	line = malloc(size + 1);
	if (!line)
		return NULL;
	for (size_t i = 0; i < size; i++)
		line[i] = process->argv[i] ? process->argv[i] : ' ';
	line[size] = '\0';
	return line;
}
