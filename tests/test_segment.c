// SPDX-License-Identifier: Apache-2.0
#include "tests/fixture_segment.h"

#include <errno.h>

#include "schema/gap.h"
#include "schema/outcome.h"
#include "schema/timestamp.h"

#define AT (1795515300 * NSEC_PER_SEC)

static struct fixture fixture;

static int set_up(void **state)
{
	(void)state;
	fixture_open(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_close(&fixture);
	return 0;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* The message of a segment that cannot be opened; the caller frees it. */
static char *refusal(const char *path, int error)
{
	sqlite3 *database;
	char *message;

	assert_int_equal(segment_open(path, &database, &message), error);
	assert_non_null(message);
	assert_null(strchr(message, '\n'));
	assert_memory_equal(message, path, strlen(path));
	return message;
}

static void check_text(sqlite3 *database, const char *sql, const char *expected)
{
	sqlite3_stmt *row;
	const char *text;

	if (sqlite3_prepare_v2(database, sql, -1, &row, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(database));
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	text = (const char *)sqlite3_column_text(row, 0);
	assert_string_equal(text ? text : "(null)", expected);
	sqlite3_finalize(row);
}

static void a_name_tells_the_time_of_creation(void **state)
{
	char name[SEGMENT_NAME_SIZE];
	int64_t ns;

	(void)state;
	segment_name_format(AT + 123, name);
	assert_string_equal(name, "pidtree-20261124T101500.000000123Z.db");
	assert_int_equal(segment_name_parse(name, &ns), 0);
	assert_int_equal(ns, AT + 123);
}

static void other_names_are_no_segments(void **state)
{
	static const char *const bad[] = {
		"",
		"pidtree.db",
		"pidtree-20261124T101500.000000123Z.db-wal",
		"pidtree-20261124T101500.123Z.db",
		"pidtree-20261324T101500.000000123Z.db",
		"pidtree- 2026124T101500.000000123Z.db",
		"pidtree-20261124T101500.00000012xZ.db",
	};
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(segment_name_parse(bad[i], &ns), -EINVAL);
}

static void a_catalog_is_in_time_order_and_passes_over_other_files(void **state)
{
	struct catalog catalog;
	char path[512], later[512];

	(void)state;
	fixture_path(&fixture, AT + NSEC_PER_SEC, later);
	write_file(later, "");
	fixture_path(&fixture, AT, path);
	write_file(path, "");
	snprintf(path, sizeof(path), "%s/notes.txt", fixture.directory);
	write_file(path, "");
	assert_int_equal(catalog_load(fixture.directory, &catalog), 0);
	assert_int_equal(catalog.count, 2);
	assert_string_equal(catalog.paths[1], later);
	catalog_clear(&catalog);
}

static void a_missing_directory_is_enoent(void **state)
{
	struct catalog catalog;

	(void)state;
	assert_int_equal(catalog_load("/nonexistent", &catalog), -ENOENT);
}

static void a_segment_is_read_while_it_is_written(void **state)
{
	sqlite3 *writer = fixture_segment(&fixture, AT, "INSERT INTO user VALUES (0, 'root')");
	char path[512], *message;
	sqlite3 *reader;

	(void)state;
	fixture_exec(writer, "BEGIN IMMEDIATE; INSERT INTO user VALUES (1, 'daemon')");
	fixture_path(&fixture, AT, path);
	assert_int_equal(segment_open(path, &reader, &message), 0);
	check_text(reader, "SELECT count(*) FROM user", "1");
	fixture_exec(writer, "COMMIT");
	check_text(reader, "SELECT count(*) FROM user", "2");
	sqlite3_close(reader);
	sqlite3_close(writer);
}

static void a_reader_cannot_write(void **state)
{
	sqlite3 *reader, *writer = fixture_segment(&fixture, AT, "");
	char path[512], *message;

	(void)state;
	fixture_path(&fixture, AT, path);
	assert_int_equal(segment_open(path, &reader, &message), 0);
	assert_int_equal(sqlite3_exec(reader, "DELETE FROM meta", NULL, NULL, NULL),
			 SQLITE_READONLY);
	sqlite3_close(reader);
	sqlite3_close(writer);
}

static void what_is_no_database_is_refused(void **state)
{
	char path[512], *message;

	(void)state;
	fixture_path(&fixture, AT, path);
	write_file(path, "This is certainly not a SQLite database, and it is long enough to be "
			 "told from an empty file, whose header is a hundred bytes.");
	message = refusal(path, -EBADMSG);
	assert_non_null(strstr(message, "not a SQLite database"));
	free(message);
}

static void another_programs_database_is_refused(void **state)
{
	char path[512], *message;
	sqlite3 *database;

	(void)state;
	fixture_path(&fixture, AT, path);
	sqlite3_open(path, &database);
	fixture_exec(database, "CREATE TABLE bookmarks (url)");
	sqlite3_close(database);
	message = refusal(path, -EBADMSG);
	assert_non_null(strstr(message, "not written by pidtree-recorder"));
	free(message);
}

static void a_later_schema_is_refused(void **state)
{
	sqlite3 *database = fixture_segment(&fixture, AT, "UPDATE meta SET value = 2");
	char path[512], *message;

	(void)state;
	sqlite3_close(database);
	fixture_path(&fixture, AT, path);
	message = refusal(path, -EPROTONOSUPPORT);
	assert_non_null(strstr(message, "schema version 2, this program reads 1"));
	free(message);
}

static void a_missing_file_is_refused(void **state)
{
	char path[512];

	(void)state;
	fixture_path(&fixture, AT, path);
	free(refusal(path, -ENOENT));
}

static void a_file_without_tables_yet_has_no_rows(void **state)
{
	char path[512], *message;
	sqlite3 *reader;

	(void)state;
	fixture_path(&fixture, AT, path);
	write_file(path, "");
	assert_int_equal(segment_open(path, &reader, &message), 0);
	check_text(reader, "SELECT count(*) FROM event", "0");
	sqlite3_close(reader);
}

static void views_are_readable(void **state)
{
	sqlite3 *database = fixture_segment(
		&fixture, AT,
		"INSERT INTO text VALUES (1, '/usr/bin/curl'), (2, "
		"x'6375726c002d7300687474703a00');"
		"INSERT INTO user VALUES (0, 'root');"
		"INSERT INTO process VALUES (10, NULL, NULL, 1, 1, 1, NULL, NULL, 0, 0, NULL, NULL,"
		" 'init', NULL, NULL, NULL, 0, 0, 0, 0, NULL);"
		"INSERT INTO process VALUES (20, 10, NULL, 42, 20, 20, 1500000000000000000, 9, 0, "
		"0,"
		" NULL, NULL, 'curl', 1, 2, NULL, 0, 0, 0, 0, NULL);"
		"INSERT INTO address VALUES (1, x'0a000005', '10.0.0.5');"
		"INSERT INTO probe VALUES (1, 'tcp_connect');"
		"INSERT INTO event VALUES (1500000000123456789, 1, 20, 7, 6, 1, 0, 1, 80, NULL, "
		"NULL);"
		"INSERT INTO event_outcome VALUES (1500000000123456789, 1500000000623456789, 1, 0,"
		" NULL, 4711);"
		"INSERT INTO gap VALUES (1, 0, 1000, 1, 'exec', 3);");

	(void)state;
	check_text(database, "SELECT cmdline FROM process_view WHERE id = 20", "curl -s http:");
	check_text(database, "SELECT cmdline FROM process_view WHERE id = 10", "[init]");
	check_text(database, "SELECT exe FROM process_view WHERE id = 20", "/usr/bin/curl");
	check_text(database, "SELECT exited FROM process_view WHERE id = 20", "signal 9");
	check_text(database, "SELECT exited FROM process_view WHERE id = 10", "(null)");
	check_text(database, "SELECT time FROM event_view", "2017-07-14T02:40:00.123456Z");
	check_text(database, "SELECT sport FROM event_view", "4711");
	check_text(database, "SELECT latency FROM event_view", "0.5");
	check_text(database, "SELECT protocol || outcome || daddr || comm FROM event_view",
		   "tcpestablished10.0.0.5curl");
	check_text(database,
		   "SELECT group_concat(depth || ':' || ancestor_id) FROM lineage "
		   "WHERE process_id = 20",
		   "0:20,1:10");
	check_text(database, "SELECT reason || to_time FROM gap_view",
		   "ring full1970-01-01T00:00:00.000001Z");
	sqlite3_close(database);
}

static void views_name_outcomes_and_reasons_as_the_model_does(void **state)
{
	sqlite3 *database = fixture_segment(&fixture, AT, "");
	char sql[256];

	(void)state;
#define X(upper, value, name)                                                                      \
	snprintf(sql, sizeof(sql),                                                                 \
		 "INSERT INTO event VALUES (%d, 1, 1, 1, 6, NULL, 1, NULL, 1, NULL, NULL);"        \
		 "INSERT INTO event_outcome VALUES (%d, 1, %d, 0, NULL, 1)",                       \
		 100 + (value), 100 + (value), value);                                             \
	fixture_exec(database, sql);                                                               \
	snprintf(sql, sizeof(sql), "SELECT outcome FROM event_view WHERE id = %d", 100 + (value)); \
	check_text(database, sql, outcome_name(OUTCOME_##upper));
	OUTCOMES(X)
#undef X
#define X(upper, value, text)                                                                      \
	snprintf(sql, sizeof(sql), "INSERT INTO gap VALUES (%d, 0, 0, %d, '', 0)", value, value);  \
	fixture_exec(database, sql);                                                               \
	snprintf(sql, sizeof(sql), "SELECT reason FROM gap_view WHERE id = %d", value);            \
	check_text(database, sql, gap_reason_text(GAP_##upper));
	GAP_REASONS(X)
#undef X
	sqlite3_close(database);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_name_tells_the_time_of_creation),
		TEST(other_names_are_no_segments),
		TEST(a_catalog_is_in_time_order_and_passes_over_other_files),
		TEST(a_missing_directory_is_enoent),
		TEST(a_segment_is_read_while_it_is_written),
		TEST(a_reader_cannot_write),
		TEST(what_is_no_database_is_refused),
		TEST(another_programs_database_is_refused),
		TEST(a_later_schema_is_refused),
		TEST(a_missing_file_is_refused),
		TEST(a_file_without_tables_yet_has_no_rows),
		TEST(views_are_readable),
		TEST(views_name_outcomes_and_reasons_as_the_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
