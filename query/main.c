// SPDX-License-Identifier: Apache-2.0
/* pidtree-query: asks the record. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "arguments.h"
#include "timestamp.h"

/* One row for each command; the first is the default. */
static const struct command *const commands[] = {
	&events_command,
	&status_command,
	NULL,
};

static int64_t unix_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

/* An answer that did not arrive in full is an error. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "pidtree-query: cannot write the answer: %s\n", strerror(errno));
	return QUERY_ERROR;
}

int main(int argc, char **argv)
{
	struct output output = {.out = stdout, .err = stderr};
	struct options options;

	setlocale(LC_CTYPE, "");
	output.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (arguments_parse(argc, argv, commands, unix_now_ns(), stderr, &options) < 0)
		return QUERY_ERROR;
	if (options.help) {
		arguments_help(stdout, commands);
		return finish(QUERY_MATCHED);
	}
	if (options.version) {
		puts("pidtree-query " PIDTREE_VERSION);
		return finish(QUERY_MATCHED);
	}
	return finish(options.command->run(&options, &output));
}
