// SPDX-License-Identifier: Apache-2.0
/* The command "events": what matches, an event a block or a line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "gaps.h"
#include "hits.h"
#include "json.h"
#include "arguments.h"
#include "result.h"
#include "tree.h"

/* What is written so far. */
struct answer {
	const struct options *options;
	const struct output *output;
	uint64_t results;
	uint64_t gaps;
};

/* The caller frees *ret; its count is the number of arguments. */
static int parse_terms(const struct options *options, FILE *err, struct term **ret)
{
	size_t count = (size_t)options->argument_count;
	struct term *terms = calloc(count + 1, sizeof(*terms));

	if (!terms)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (term_parse(options->arguments[i], &terms[i]) == 0)
			continue;
		fprintf(err, "pidtree-query: '");
		escape_write(err, options->arguments[i], false);
		fprintf(err, "' is neither a command nor a term; a term is %s\n", TERM_SYNTAX);
		free(terms);
		return -EINVAL;
	}
	*ret = terms;
	return 0;
}

/* Print a string of json_… and free it. */
static int write_json(FILE *out, char *json)
{
	if (!json)
		return -ENOMEM;
	fputs(json, out);
	fputc('\n', out);
	free(json);
	return 0;
}

static int write_result(struct answer *answer, const struct result *result)
{
	FILE *out = answer->output->out;

	if (answer->options->format == FORMAT_JSONL)
		return write_json(out,
				  json_event(result->events, result->count, result->probe,
					     result->lineage.processes, result->lineage.depth));
	if (answer->results)
		fputc('\n', out);
	tree_draw(out, result, answer->output->utf8);
	return 0;
}

static int write_gap(const struct gap *gap, void *context)
{
	struct answer *answer = context;
	FILE *out = answer->output->out;

	if (answer->options->format == FORMAT_JSONL) {
		answer->gaps++;
		return write_json(out, json_gap(gap));
	}
	if (!answer->gaps++ && answer->results)
		fputc('\n', out);
	tree_draw_gap(out, gap, answer->output->utf8);
	return 0;
}

/* Stops early when nobody reads on; main() reports that. */
static int write_results(struct answer *answer, struct record *record, struct hits *hits)
{
	_cleanup_(results_cleanup) struct results *results = results_new(record, hits);
	struct result result;
	int r;

	if (!results)
		return -ENOMEM;
	while (!ferror(answer->output->out) && (r = results_next(results, &result)) > 0) {
		r = write_result(answer, &result);
		if (r < 0)
			return r;
		answer->results++;
	}
	return ferror(answer->output->out) ? 0 : r;
}

static int write_answer(struct answer *answer, struct record *record,
			const struct question *question)
{
	_cleanup_(hits_cleanup) struct hits *hits = NULL;
	int r;

	r = hits_collect(record, question, &hits);
	if (r < 0)
		return r;
	r = write_results(answer, record, hits);
	if (r < 0)
		return r;
	return gaps_walk(record, question->since_ns, question->until_ns, write_gap, answer);
}

static int events_run(const struct options *options, const struct output *output)
{
	_cleanup_(record_cleanup) struct record *record = NULL;
	_cleanup_free_ struct term *terms = NULL;
	struct answer answer = {.options = options, .output = output};
	struct question question;
	int r;

	r = parse_terms(options, output->err, &terms);
	if (r == -EINVAL)
		return QUERY_ERROR;
	question = (struct question){
		.terms = terms,
		.term_count = (size_t)options->argument_count,
		.since_ns = options->since_ns,
		.until_ns = options->until_ns,
	};
	if (r == 0)
		r = record_open(options->directory, &record);
	if (r == 0)
		r = write_answer(&answer, record, &question);
	if (r < 0) {
		fprintf(output->err, "pidtree-query: %s\n", record_message(record, r));
		return QUERY_ERROR;
	}
	if (answer.results)
		return QUERY_MATCHED;
	fprintf(output->err, "pidtree-query: no event matches%s\n",
		answer.gaps ? ", but the record has holes in that time" : "");
	return QUERY_NO_MATCH;
}

const struct command events_command = {
	.name = "events",
	.arguments = "[TERM]...",
	.help = "show the events that match, each with its process tree",
	.takes_questions = true,
	.run = events_run,
};
