// SPDX-License-Identifier: Apache-2.0
#include "result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "column.h"
#include "probe.h"

#define PROBE_NAME_SIZE 64

struct results {
	struct record *record;
	struct hits *hits;
	struct lineages *lineages;
	struct hit ahead; /* the first hit of the next result */
	bool is_started;
	bool has_ahead;
	struct event *events;
	size_t count;
	size_t capacity;
	char probe[PROBE_NAME_SIZE];
};

struct results *results_new(struct record *record, struct hits *hits)
{
	struct results *results = calloc(1, sizeof(*results));

	if (!results)
		return NULL;
	results->record = record;
	results->hits = hits;
	results->lineages = lineages_new(record);
	if (results->lineages)
		return results;
	free(results);
	return NULL;
}

static void forget_events(struct results *results)
{
	for (size_t i = 0; i < results->count; i++)
		free((char *)results->events[i].attributes);
	results->count = 0;
}

void results_free(struct results *results)
{
	if (!results)
		return;
	forget_events(results);
	free(results->events);
	lineages_free(results->lineages);
	free(results);
}

void results_cleanup(struct results **results)
{
	results_free(*results);
}

static void fill_outcome(struct event *event, sqlite3_stmt *row)
{
	struct address saddr = column_address(row, 3);
	uint16_t sport = (uint16_t)sqlite3_column_int(row, 4);

	event->outcome_ns = sqlite3_column_int64(row, 0);
	event->outcome = (enum outcome)sqlite3_column_int(row, 1);
	event->outcome_error = (uint32_t)sqlite3_column_int(row, 2);
	if (saddr.size && address_is_any(&event->saddr))
		event->saddr = saddr;
	if (!event->sport)
		event->sport = sport;
}

static void fill_end(struct event *event, sqlite3_stmt *row)
{
	event->end_ns = sqlite3_column_int64(row, 0);
	event->end_reason = (enum end_reason)sqlite3_column_int(row, 1);
	event->end_error = (uint32_t)sqlite3_column_int(row, 2);
	event->bytes_sent = (uint64_t)sqlite3_column_int64(row, 3);
	event->bytes_received = (uint64_t)sqlite3_column_int64(row, 4);
	event->messages = (uint64_t)sqlite3_column_int64(row, 5);
}

static const struct fact {
	enum statement statement;
	void (*fill)(struct event *event, sqlite3_stmt *row);
} facts[] = {
	[LATE_OUTCOME] = {STATEMENT_OUTCOME_GET, fill_outcome},
	[LATE_END] = {STATEMENT_END_GET, fill_end},
};

/* 1 if the segment has the fact, 0 if not, or -errno. */
static int load_fact_from(struct results *results, size_t segment, const struct fact *fact,
			  struct event *event)
{
	sqlite3_stmt *row;
	int r;

	r = record_statement(results->record, segment, fact->statement, &row);
	if (r < 0)
		return r;
	sqlite3_bind_int64(row, 1, event->id);
	r = record_step(results->record, segment, row);
	if (r > 0)
		fact->fill(event, row);
	sqlite3_reset(row);
	return r;
}

static int load_fact(struct results *results, size_t segment, enum late_fact which,
		     struct event *event)
{
	int r;

	r = load_fact_from(results, segment, &facts[which], event);
	if (r != 0)
		return r;
	r = hits_late_segment(results->hits, event->id, which, &segment);
	return r > 0 ? load_fact_from(results, segment, &facts[which], event) : r;
}

/* The event's own row. False when out of memory. */
static bool fill_event(struct results *results, struct event *event, sqlite3_stmt *row)
{
	const char *probe = (const char *)sqlite3_column_text(row, 4);

	event->process_id = sqlite3_column_int64(row, 0);
	event->session_id = sqlite3_column_int64(row, 1);
	event->cookie = (uint64_t)sqlite3_column_int64(row, 2);
	event->probe = (uint32_t)sqlite3_column_int64(row, 3);
	event->protocol = (uint8_t)sqlite3_column_int(row, 5);
	event->saddr = column_address(row, 6);
	event->sport = (uint16_t)sqlite3_column_int(row, 7);
	event->daddr = column_address(row, 8);
	event->dport = (uint16_t)sqlite3_column_int(row, 9);
	/* Only probes from elsewhere depend on the segment's table of names. */
	if (!probe)
		probe = probe_name(event->probe);
	if (probe)
		snprintf(results->probe, sizeof(results->probe), "%s", probe);
	else
		snprintf(results->probe, sizeof(results->probe), "probe_%u", event->probe);
	if (sqlite3_column_type(row, 10) == SQLITE_NULL)
		return true;
	event->attributes = column_copy(row, 10, NULL);
	return event->attributes;
}

static struct event *new_event(struct results *results)
{
	if (results->count == results->capacity) {
		size_t capacity = results->capacity ? 2 * results->capacity : 8;
		struct event *grown = reallocarray(results->events, capacity, sizeof(*grown));

		if (!grown)
			return NULL;
		results->events = grown;
		results->capacity = capacity;
	}
	results->events[results->count] = (struct event){0};
	return &results->events[results->count];
}

/* 1, 0 if retention has removed the event since it was hit, or -errno. */
static int load_event(struct results *results, const struct hit *hit)
{
	struct event *event = new_event(results);
	sqlite3_stmt *row;
	int r;

	if (!event)
		return -ENOMEM;
	event->id = hit->id;
	r = record_statement(results->record, hit->segment, STATEMENT_EVENT_GET, &row);
	if (r < 0)
		return r;
	sqlite3_bind_int64(row, 1, hit->id);
	r = record_step(results->record, hit->segment, row);
	if (r <= 0)
		return r;
	results->count++;
	r = fill_event(results, event, row) ? 0 : -ENOMEM;
	sqlite3_reset(row);
	if (r == 0)
		r = load_fact(results, hit->segment, LATE_OUTCOME, event);
	if (r >= 0)
		r = load_fact(results, hit->segment, LATE_END, event);
	return r < 0 ? r : 1;
}

static int read_ahead(struct results *results)
{
	int r = hits_next(results->hits, &results->ahead);

	results->has_ahead = r > 0;
	return r;
}

/* Load the events of the next key. */
static int load_events(struct results *results)
{
	int64_t key = results->ahead.key;
	int r = 0;

	while (r >= 0 && results->has_ahead && results->ahead.key == key) {
		r = load_event(results, &results->ahead);
		if (r >= 0)
			r = read_ahead(results);
	}
	return r < 0 ? r : 0;
}

int results_next(struct results *results, struct result *ret)
{
	size_t segment = 0;
	int r;

	forget_events(results);
	if (!results->is_started) {
		results->is_started = true;
		r = read_ahead(results);
		if (r < 0)
			return r;
	}
	while (!results->count) {
		if (!results->has_ahead)
			return 0;
		segment = results->ahead.segment;
		r = load_events(results);
		if (r < 0)
			return r;
	}
	*ret = (struct result){
		.events = results->events,
		.count = results->count,
		.probe = results->probe,
	};
	r = lineage_fetch(results->lineages, segment, results->events[0].process_id, &ret->lineage);
	return r < 0 ? r : 1;
}
