// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "utf8.h"

/* Write text to out, escaped. */
static void put_escaped(FILE *out, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		uint32_t point;
		size_t size = utf8_decode(text, left, &point);

		if (size && !utf8_is_unsafe(point)) {
			fwrite(text, 1, size, out);
		} else if (*text == '\n') {
			fputs("\\n", out);
		} else {
			size = size ? size : 1;
			for (size_t i = 0; i < size; i++)
				fprintf(out, "\\x%02x", (unsigned char)text[i]);
		}
		text += size;
		left -= size;
	}
}

/* Whether stderr is the journal's stream: JOURNAL_STREAM in systemd.exec(5). */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat status;
	char text[64];

	if (!stream || fstat(STDERR_FILENO, &status) != 0)
		return false;
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	return strcmp(stream, text) == 0;
}

static void write_all(const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(STDERR_FILENO, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) /* there is nowhere else to complain */
			return;
		bytes += written;
		size -= (size_t)written;
	}
}

static void log_line(int priority, const char *message)
{
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		return;
	if (stderr_is_journal())
		fprintf(out, "<%d>", priority);
	else
		fputs("pidtree-recorder: ", out);
	put_escaped(out, message);
	fputc('\n', out);
	if (fclose(out) == 0)
		write_all(line, size);
	free(line);
}

__attribute__((format(printf, 2, 0))) static void log_message(int priority, const char *format,
							      va_list arguments)
{
	int kept_errno = errno;
	char *message = NULL;

	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	/* Out of memory, the bare format still says what it was about. */
	log_line(priority, message ? message : format);
	free(message);
	errno = kept_errno;
}

#define X(name, priority)                                                                          \
	void log_##name(const char *format, ...)                                                   \
	{                                                                                          \
		va_list arguments;                                                                 \
                                                                                                   \
		va_start(arguments, format);                                                       \
		log_message(priority, format, arguments);                                          \
		va_end(arguments);                                                                 \
	}
LOG_LEVELS(X)
#undef X
