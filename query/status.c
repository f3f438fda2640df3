// SPDX-License-Identifier: Apache-2.0
/* The command "status": what is recorded, from when to when, and how much. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cleanup.h"
#include "column.h"
#include "escape.h"
#include "gap.h"
#include "arguments.h"
#include "probe.h"
#include "record.h"
#include "timestamp.h"
#include "units.h"

/* A recorder commits at least this often while anything happens; beyond it is worth a remark. */
#define RECENT_NS (60 * NSEC_PER_SEC)

#define KINDS_MAX 64 /* of probes and of gap reasons */

/* Counts by number, in the order in which the numbers were met. */
struct tally {
	size_t count;
	struct {
		int64_t number;
		char name[64];
		uint64_t rows;
		uint64_t sum;
	} kinds[KINDS_MAX];
};

struct summary {
	int64_t first_ns; /* 0: nothing recorded */
	int64_t last_ns;
	uint64_t processes;
	uint64_t bytes;
	struct tally probes;
	struct tally gaps;
};

/* Probes beyond KINDS_MAX are counted with the last. */
static void tally_add(struct tally *tally, int64_t number, const char *name, int64_t rows,
		      int64_t sum)
{
	size_t i = 0;

	while (i < tally->count && tally->kinds[i].number != number && i + 1 < KINDS_MAX)
		i++;
	if (i == tally->count) {
		tally->count++;
		tally->kinds[i].number = number;
		snprintf(tally->kinds[i].name, sizeof(tally->kinds[i].name), "%s", name);
	}
	tally->kinds[i].rows += (uint64_t)rows;
	tally->kinds[i].sum += (uint64_t)sum;
}

static int add_probes(struct record *record, size_t segment, struct summary *summary)
{
	sqlite3_stmt *row;
	int r;

	r = record_statement(record, segment, STATEMENT_EVENTS_BY_PROBE, &row);
	if (r < 0)
		return r;
	while ((r = record_step(record, segment, row)) > 0) {
		const char *name = (const char *)sqlite3_column_text(row, 1);
		int64_t probe = sqlite3_column_int64(row, 0);

		if (!name)
			name = probe_name((uint32_t)probe);
		tally_add(&summary->probes, probe, name ? name : "unnamed",
			  sqlite3_column_int64(row, 2), 0);
	}
	return r;
}

static int add_gaps(struct record *record, size_t segment, struct summary *summary)
{
	sqlite3_stmt *row;
	int r;

	r = record_statement(record, segment, STATEMENT_GAPS_BY_REASON, &row);
	if (r < 0)
		return r;
	while ((r = record_step(record, segment, row)) > 0) {
		int reason = sqlite3_column_int(row, 0);

		tally_add(&summary->gaps, reason, gap_reason_text((enum gap_reason)reason),
			  sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 2));
	}
	return r;
}

static int add_processes(struct record *record, size_t segment, struct summary *summary)
{
	sqlite3_stmt *row;
	int r;

	r = record_statement(record, segment, STATEMENT_PROCESS_COUNT, &row);
	if (r < 0)
		return r;
	r = record_step(record, segment, row);
	if (r > 0)
		summary->processes += (uint64_t)sqlite3_column_int64(row, 0);
	sqlite3_reset(row);
	return r;
}

static int add_span(struct record *record, size_t segment, struct summary *summary)
{
	sqlite3_stmt *row;
	int r;

	r = record_statement(record, segment, STATEMENT_EVENT_SPAN, &row);
	if (r < 0)
		return r;
	r = record_step(record, segment, row);
	if (r > 0 && sqlite3_column_type(row, 0) != SQLITE_NULL) {
		int64_t first_ns = sqlite3_column_int64(row, 0);
		int64_t last_ns = sqlite3_column_int64(row, 1);

		if (!summary->first_ns || first_ns < summary->first_ns)
			summary->first_ns = first_ns;
		if (last_ns > summary->last_ns)
			summary->last_ns = last_ns;
	}
	sqlite3_reset(row);
	return r;
}

static uint64_t file_bytes(const char *path, const char *suffix)
{
	_cleanup_free_ char *name = NULL;
	struct stat st;

	if (asprintf(&name, "%s%s", path, suffix) < 0) {
		name = NULL;
		return 0;
	}
	/* Blocks, not size: what the disk gave. */
	return stat(name, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

static int summarize(struct record *record, struct summary *summary)
{
	static int (*const adders[])(struct record *, size_t, struct summary *) = {
		add_probes,
		add_gaps,
		add_processes,
		add_span,
	};

	for (size_t i = 0; i < record_segment_count(record); i++) {
		const char *path = record_segment_path(record, i);

		for (size_t j = 0; j < sizeof(adders) / sizeof(adders[0]); j++) {
			int r = adders[j](record, i, summary);

			if (r < 0)
				return r;
		}
		summary->bytes += file_bytes(path, "") + file_bytes(path, "-wal");
	}
	return 0;
}

/* A fact about the newest segment, "" if it has none. The caller frees *ret. */
static int meta_get(struct record *record, const char *key, char **ret)
{
	size_t newest = record_segment_count(record) - 1;
	sqlite3_stmt *row;
	int r;

	r = record_statement(record, newest, STATEMENT_META_GET, &row);
	if (r < 0)
		return r;
	sqlite3_bind_text(row, 1, key, -1, SQLITE_STATIC);
	r = record_step(record, newest, row);
	if (r < 0)
		return r;
	*ret = r ? column_copy(row, 0, NULL) : strdup("");
	sqlite3_reset(row);
	return *ret ? 0 : -ENOMEM;
}

static int write_meta(const struct output *output, struct record *record, const char *label,
		      const char *key)
{
	_cleanup_free_ char *value = NULL;
	int r;

	r = meta_get(record, key, &value);
	if (r < 0)
		return r;
	fprintf(output->out, "%-12s", label);
	escape_write(output->out, *value ? value : "unknown", output->utf8);
	fputc('\n', output->out);
	return 0;
}

static void write_time(const struct output *output, const char *label, int64_t unix_ns)
{
	char text[TIMESTAMP_TEXT_SIZE];

	fprintf(output->out, "%-12s%s", label,
		unix_ns ? timestamp_format_local(unix_ns, text) : "nothing yet");
}

static int write_recording(const struct output *output, struct record *record,
			   const struct summary *summary)
{
	_cleanup_free_ char *sealed = NULL, *first = NULL, *last = NULL;
	int64_t first_ns, last_ns, age_ns;
	char text[UNITS_TEXT_SIZE];
	int r;

	r = meta_get(record, "sealed", &sealed);
	if (r == 0)
		r = meta_get(record, "first_ns", &first);
	if (r == 0)
		r = meta_get(record, "last_ns", &last);
	if (r < 0)
		return r;
	first_ns = summary->first_ns ? summary->first_ns : strtoll(first, NULL, 10);
	last_ns = strtoll(last, NULL, 10);
	if (last_ns < summary->last_ns)
		last_ns = summary->last_ns;
	age_ns = (int64_t)time(NULL) * NSEC_PER_SEC - last_ns;
	write_time(output, "from", first_ns);
	fputc('\n', output->out);
	write_time(output, "to", last_ns);
	if (last_ns && (atoi(sealed) || age_ns > RECENT_NS))
		fprintf(output->out, "  (%s ago: is the recorder running?)",
			units_span(age_ns, output->utf8, text));
	else if (last_ns)
		fputs("  (now)", output->out);
	fputc('\n', output->out);
	return 0;
}

static void write_probes(const struct output *output, const struct tally *probes)
{
	char text[UNITS_TEXT_SIZE];
	uint64_t total = 0;

	for (size_t i = 0; i < probes->count; i++)
		total += probes->kinds[i].rows;
	fprintf(output->out, "%-12s%s\n", "events", units_count(total, text));
	for (size_t i = 0; i < probes->count; i++) {
		fprintf(output->out, "  %-10s", "");
		escape_write(output->out, probes->kinds[i].name, output->utf8);
		fprintf(output->out, "  %s\n", units_count(probes->kinds[i].rows, text));
	}
}

static void write_gaps(const struct output *output, const struct tally *gaps)
{
	char holes[UNITS_TEXT_SIZE], records[UNITS_TEXT_SIZE];

	if (!gaps->count)
		fprintf(output->out, "%-12snone\n", "gaps");
	for (size_t i = 0; i < gaps->count; i++) {
		fprintf(output->out, "%-12s%s (%s)", i ? "" : "gaps",
			units_count(gaps->kinds[i].rows, holes), gaps->kinds[i].name);
		if (gaps->kinds[i].sum)
			fprintf(output->out, ", %s records lost",
				units_count(gaps->kinds[i].sum, records));
		fputc('\n', output->out);
	}
}

static int write_status(const struct output *output, struct record *record)
{
	struct summary summary = {0};
	char text[UNITS_TEXT_SIZE];
	int r;

	r = summarize(record, &summary);
	if (r == 0)
		r = write_meta(output, record, "host", "host_name");
	if (r == 0)
		r = write_meta(output, record, "kernel", "kernel");
	if (r == 0)
		r = write_meta(output, record, "recorder", "recorder_version");
	if (r == 0)
		r = write_recording(output, record, &summary);
	if (r < 0)
		return r;
	write_probes(output, &summary.probes);
	fprintf(output->out, "%-12s%s images\n", "processes", units_count(summary.processes, text));
	write_gaps(output, &summary.gaps);
	fprintf(output->out, "%-12s%zu, ", "segments", record_segment_count(record));
	fprintf(output->out, "%s on disk\n", units_bytes(summary.bytes, text));
	return 0;
}

static int status_run(const struct options *options, const struct output *output)
{
	_cleanup_(record_cleanup) struct record *record = NULL;
	int r;

	r = record_open(options->directory, &record);
	if (r == 0)
		r = write_status(output, record);
	if (r == 0)
		return QUERY_MATCHED;
	fprintf(output->err, "pidtree-query: %s\n", record_message(record, r));
	return QUERY_ERROR;
}

const struct command status_command = {
	.name = "status",
	.arguments = "",
	.help = "say what is recorded, from when to when, and how much",
	.run = status_run,
};
