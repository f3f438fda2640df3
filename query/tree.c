// SPDX-License-Identifier: Apache-2.0
#include "tree.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "cleanup.h"
#include "cmdline.h"
#include "escape.h"
#include "gap.h"
#include "headline.h"
#include "timestamp.h"
#include "units.h"

#define USER_TEXT_SIZE 80

/* What joins the lines of one tree: at its top, between, at its bottom, and when it is one line. */
struct strokes {
	const char *first, *middle, *last, *only;
};

static const struct strokes strokes_utf8 = {"┌", "├", "└", "─"};
static const struct strokes strokes_ascii = {",", "|", "`", "-"};

static const char *stroke(const struct strokes *strokes, size_t index, size_t count)
{
	if (count == 1)
		return strokes->only;
	if (index == 0)
		return strokes->first;
	return index + 1 == count ? strokes->last : strokes->middle;
}

/* Who it runs as, and who logged in when that is another: "root(alice)". */
static void format_user(const struct process *process, char text[USER_TEXT_SIZE])
{
	char uid[16], login[40] = "";

	snprintf(uid, sizeof(uid), "%u", process->uid);
	if (process->loginuid != NO_ID && process->loginuid != process->uid) {
		if (process->loginname)
			snprintf(login, sizeof(login), "(%.32s)", process->loginname);
		else
			snprintf(login, sizeof(login), "(%u)", process->loginuid);
	}
	snprintf(text, USER_TEXT_SIZE, "%.32s%s", process->username ? process->username : uid,
		 login);
}

static int user_width(const struct lineage *lineage)
{
	char text[USER_TEXT_SIZE];
	size_t width = 0;

	for (size_t i = 0; i < lineage->depth; i++) {
		format_user(lineage->processes[i], text);
		if (strlen(text) > width)
			width = strlen(text);
	}
	return (int)width;
}

static int pid_width(const struct lineage *lineage)
{
	uint32_t highest = 0;

	for (size_t i = 0; i < lineage->depth; i++)
		if (lineage->processes[i]->pid > highest)
			highest = lineage->processes[i]->pid;
	return snprintf(NULL, 0, "%u", highest);
}

/* True if dir/name is where a shell finds the program that people call by name. */
static bool is_in_usual_path(const char *exe, const char *name)
{
	static const char *const directories[] = {"/usr/bin/",	     "/bin/",
						  "/usr/sbin/",	     "/sbin/",
						  "/usr/local/bin/", "/usr/local/sbin/"};

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		size_t length = strlen(directories[i]);

		if (strncmp(exe, directories[i], length) == 0 && strcmp(exe + length, name) == 0)
			return true;
	}
	return false;
}

/* True if argv[0] already says which program runs: anything else is worth a look at night. */
static bool is_exe_obvious(const struct process *process)
{
	const char *name = process->argv_size ? process->argv : "";

	if (!*process->exe || strcmp(name, process->exe) == 0)
		return true;
	/* Where /bin is a link to /usr/bin, both name the same file. */
	if (strncmp(process->exe, "/usr/", 5) == 0 && strcmp(process->exe + 4, name) == 0)
		return true;
	if (*name == '-') /* a login shell, by convention of login(1) */
		name++;
	return is_in_usual_path(process->exe, name);
}

static void write_cmdline(FILE *out, const struct process *process, bool utf8)
{
	_cleanup_free_ char *line = process_cmdline(process);

	if (line)
		escape_write(out, line, utf8);
	if (process->flags & PROCESS_ARGV_CUT)
		fputs(utf8 ? "…" : "...", out);
	if (is_exe_obvious(process))
		return;
	fputs("  (exe ", out);
	escape_write(out, process->exe, utf8);
	fputc(')', out);
}

/* The time of day; with the date if it is not the event's. */
static void write_exit_time(FILE *out, int64_t exit_ns, int64_t event_ns)
{
	char event_text[TIMESTAMP_TEXT_SIZE], text[TIMESTAMP_TEXT_SIZE];
	const size_t date = strlen("2026-11-24 "), time_end = strlen("2026-11-24 11:15:00.123");

	timestamp_format_local(event_ns, event_text);
	timestamp_format_local(exit_ns, text);
	text[time_end] = '\0';
	fputs(strncmp(event_text, text, date) == 0 ? text + date : text, out);
}

static void write_exit(FILE *out, const struct process *process, int64_t event_ns)
{
	int status = (int)process->exit_status;
	const char *name;

	if (!process->exit_ns)
		return;
	fputs(WIFSIGNALED(status) ? "  [killed " : "  [exited ", out);
	write_exit_time(out, process->exit_ns, event_ns);
	if (WIFSIGNALED(status)) {
		name = sigabbrev_np(WTERMSIG(status));
		if (name)
			fprintf(out, ", SIG%s", name);
		else
			fprintf(out, ", signal %d", WTERMSIG(status));
	} else {
		fprintf(out, ", status %d", WEXITSTATUS(status));
	}
	fputc(']', out);
}

/* The root has a parent that nothing is recorded of. */
static bool is_cut_off(const struct lineage *lineage)
{
	return lineage->depth && lineage->processes[lineage->depth - 1]->parent_id;
}

static void draw_lineage(FILE *out, const struct lineage *lineage, int64_t event_ns, bool utf8)
{
	const struct strokes *strokes = utf8 ? &strokes_utf8 : &strokes_ascii;
	size_t lines = lineage->depth + is_cut_off(lineage);
	int pids = pid_width(lineage), users = user_width(lineage);

	for (size_t i = 0; i < lineage->depth; i++) {
		const struct process *process = lineage->processes[i];
		char user[USER_TEXT_SIZE];

		format_user(process, user);
		fprintf(out, "  %s %*u  ", stroke(strokes, i, lines), pids, process->pid);
		escape_write(out, user, utf8);
		fprintf(out, "%*s  ", users - (int)strlen(user), "");
		write_cmdline(out, process, utf8);
		write_exit(out, process, event_ns);
		fputc('\n', out);
	}
	if (is_cut_off(lineage))
		fprintf(out, "  %s its parent is not in the record\n",
			stroke(strokes, lines - 1, lines));
}

void tree_draw(FILE *out, const struct result *result, bool utf8)
{
	headline_write(out, result, utf8);
	if (result->lineage.depth)
		draw_lineage(out, &result->lineage, result->events[0].id, utf8);
	else
		fprintf(out, "  %s the process is not in the record\n",
			utf8 ? strokes_utf8.only : strokes_ascii.only);
}

/* "2026-11-24 03:00:00–03:02:00 CET". */
static void write_range(FILE *out, int64_t from_ns, int64_t to_ns, bool utf8)
{
	time_t from = (time_t)(from_ns / NSEC_PER_SEC), to = (time_t)(to_ns / NSEC_PER_SEC);
	struct tm from_tm, to_tm;
	char from_text[32], to_text[48];
	bool same_day;

	localtime_r(&from, &from_tm);
	localtime_r(&to, &to_tm);
	same_day = from_tm.tm_yday == to_tm.tm_yday && from_tm.tm_year == to_tm.tm_year;
	strftime(from_text, sizeof(from_text), "%Y-%m-%d %H:%M:%S", &from_tm);
	strftime(to_text, sizeof(to_text), same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &to_tm);
	fprintf(out, "%s%s%s %.10s", from_text, utf8 ? "–" : "-", to_text, to_tm.tm_zone);
}

void tree_draw_gap(FILE *out, const struct gap *gap, bool utf8)
{
	char count[UNITS_TEXT_SIZE];

	if (!gap->count && !*gap->kind) {
		fputs("nothing recorded ", out);
	} else {
		fprintf(out, "%s ",
			gap->count ? units_count(gap->count, count) : "an unknown number of");
		escape_write(out, gap->kind, utf8);
		fprintf(out, "%srecord%s lost ", *gap->kind ? " " : "", gap->count == 1 ? "" : "s");
	}
	write_range(out, gap->from_ns, gap->to_ns, utf8);
	fprintf(out, " (%s)\n", gap_reason_text(gap->reason));
}
