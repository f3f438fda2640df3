// SPDX-License-Identifier: Apache-2.0
#include "tests/fixture_segment.h"

#include <time.h>

#include <cjson/cJSON.h>

#include "query/arguments.h"
#include "schema/timestamp.h"

/* 2026-11-24 10:15:00 UTC; the fixtures' ids count from here. */
#define AT 1795515300000000000
#define NOW (AT + 3600 * NSEC_PER_SEC)
#define TEXT_OF(x) #x
#define ID(offset) "(1795515300000000000 + " TEXT_OF(offset) ")"

static const struct command *const commands[] = {&events_command, &status_command, NULL};

static struct fixture fixture;

/* What one run of the program wrote. */
static struct run {
	char *out;
	char *err;
	int status;
} run;

static int set_up(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	fixture_open(&fixture);
	return 0;
}

static void forget_run(void)
{
	free(run.out);
	free(run.err);
	run = (struct run){0};
}

static int tear_down(void **state)
{
	(void)state;
	forget_run();
	fixture_close(&fixture);
	return 0;
}

/* Run the program with a command line of words separated by '|'; utf8 as its terminal. */
static void query(const char *line, bool utf8)
{
	char *words = strdup(line), *save = NULL;
	char program[] = "pidtree-query", option[] = "-d";
	char *argv[16] = {program, option, fixture.directory};
	int argc = 3;
	size_t size;
	struct output output = {.utf8 = utf8};
	struct options options;

	forget_run();
	output.out = open_memstream(&run.out, &size);
	output.err = open_memstream(&run.err, &size);
	for (char *word = strtok_r(words, "|", &save); word; word = strtok_r(NULL, "|", &save))
		argv[argc++] = word;
	run.status = arguments_parse(argc, argv, commands, NOW, output.err, &options) < 0
			     ? QUERY_ERROR
			     : options.command->run(&options, &output);
	fclose(output.out);
	fclose(output.err);
	free(words);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

#define PROCESSES                                                                                  \
	"INSERT INTO text VALUES (1, x'2f7362696e2f696e697400'), (2, '/usr/lib/systemd/systemd')," \
	" (3, x'2d7a736800'), (4, '/usr/bin/zsh'),"                                                \
	" (5, x'77656563686174002d72001b5b333100'), (6, '/tmp/.x/weechat (deleted)');"             \
	"INSERT INTO user VALUES (0, 'root'), (1000, 'oholiab');"                                  \
	"INSERT INTO probe VALUES (1, 'tcp_connect'), (2, 'net_listen'), (3, 'udp_session');"      \
	"INSERT INTO process VALUES (1, NULL, NULL, 1, 1, 1, NULL, NULL, 0, 0, NULL, NULL,"        \
	" 'systemd', 2, 1, NULL, 0, 0, 0, 0, NULL);"                                               \
	"INSERT INTO process VALUES (2, 1, NULL, 23231, 2, 2, NULL, NULL, 1000, 1000, 1000, 3,"    \
	" 'zsh', 4, 3, NULL, 0, 0, 0, 0, NULL);"                                                   \
	"INSERT INTO process VALUES (3, 2, NULL, 1775, 3, 3, " ID(                                 \
		9000000000) ", 256, 0, 0, 1000,"                                                   \
			    " 3, 'weechat', 6, 5, NULL, 0, 0, 0, 0, NULL);"

#define ADDRESSES                                                                                  \
	"INSERT INTO address VALUES (1, x'0a000005', '10.0.0.5'), (2, x'b91ea625', "               \
	"'185.30.166.37'), (3, x'08080808', '8.8.8.8'), (4, x'08080404', '8.8.4.4'),"              \
	" (5, x'00000000000000000000000000000001', '::1');"

/* 100: a connect; 200 and 300: a session of two; 250: a listener. */
#define EVENTS                                                                                                                                             \
	"INSERT INTO event VALUES (" ID(                                                                                                                   \
		100) ", 1, 3, 7, 6, 1, 0, 2, 6697, NULL, NULL);"                                                                                           \
		     "INSERT INTO event_outcome VALUES (" ID(100) ", " ID(                                                                                 \
			     12300100) ", 1, 0, NULL, 43122);"                                                                                             \
				       "INSERT INTO event_end VALUES (" ID(100) ", " ID(                                                                   \
					       4200000100) ", 0, 0, 512, 1300, 0);"                                                                        \
							   "INSERT INTO event VALUES (" ID(200) ", 3, 2, 8, 17, 1, 5353, 3, 53, " ID(                      \
								   200) ", NULL);"                                                                         \
									"INSERT INTO event "                                                               \
									"VALUES (" ID(                                                                     \
										250) ", 2, 2, 9, "                                                         \
										     "6, 5, "                                                              \
										     "8080, "                                                              \
										     "NULL, 0, "                                                           \
										     "NULL, "                                                              \
										     "NULL);"                                                              \
										     "INSERT "                                                             \
										     "INTO event "                                                         \
										     "VALUES "                                                             \
										     "(" ID(300) ", 3, 2, 8, 17, 1, 5353, 4, 53, " ID(                     \
											     200) ", NULL);"                                               \
												  "INSERT INTO event_end VALUES (" ID(200) ", " ID(        \
													  1000000200) ", 1, 0, 64, 0, 2);"                 \
														      "INSERT INTO event_end VALUES (" ID( \
															      300) ", " ID(1000000200) ", 1, 0, 32, 0, 1);"

static void one_segment(void)
{
	sqlite3_close(fixture_segment(&fixture, AT, PROCESSES ADDRESSES EVENTS));
}

static void a_connect_is_drawn_with_its_tree(void **state)
{
	(void)state;
	one_segment();
	query("185.30.166.37", true);
	assert_int_equal(run.status, QUERY_MATCHED);
	assert_string_equal(run.err, "");
	assert_string_equal(
		run.out,
		"2026-11-24 10:15:00.000 UTC  tcp_connect  10.0.0.5:43122 → 185.30.166.37:6697  "
		"established in 12.3 ms, closed after 4.2 s, 512 B sent, 1.3 kB received\n"
		"  ┌  1775  root(oholiab)  weechat -r \\x1b[31  (exe /tmp/.x/weechat (deleted))  "
		"[exited 10:15:09.000, status 1]\n"
		"  ├ 23231  oholiab        -zsh\n"
		"  └     1  root           /sbin/init  (exe /usr/lib/systemd/systemd)\n");
}

#define IN_CONTAINER                                                                               \
	"INSERT INTO container VALUES (1, "                                                        \
	"'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 'web', 'nginx:1', "   \
	"NULL);"                                                                                   \
	"UPDATE process SET container_id = 1 WHERE id = 3;"

static void a_container_is_named_by_the_headline(void **state)
{
	(void)state;
	sqlite3_close(fixture_segment(&fixture, AT, PROCESSES ADDRESSES EVENTS IN_CONTAINER));
	query("185.30.166.37", true);
	assert_non_null(strstr(run.out, "tcp_connect  container web (0123456789ab)  10.0.0.5:"));
	query("185.30.166.37|--format|jsonl", true);
	assert_non_null(strstr(run.out, "\"container_id\":\"0123456789abcdef"));
	assert_non_null(strstr(run.out, "\"container_name\":\"web\""));
	assert_non_null(strstr(run.out, "\"container_image\":\"nginx:1\""));
}

static void a_container_without_a_name_is_called_by_its_id(void **state)
{
	(void)state;
	sqlite3_close(fixture_segment(&fixture, AT,
				      PROCESSES ADDRESSES EVENTS IN_CONTAINER
				      "UPDATE container SET name = NULL;"));
	query("185.30.166.37", true);
	assert_non_null(strstr(run.out, "tcp_connect  container 0123456789ab  10.0.0.5:"));
}

static void without_utf8_the_drawing_is_ascii(void **state)
{
	(void)state;
	one_segment();
	query("events", false);
	assert_int_equal(run.status, QUERY_MATCHED);
	for (const char *byte = run.out; *byte; byte++)
		assert_true(*byte == '\n' || (*byte >= 0x20 && *byte < 0x7f));
}

static void results_come_in_the_order_of_their_first_event(void **state)
{
	const char *connect, *session, *listener;

	(void)state;
	one_segment();
	query("events", true);
	connect = strstr(run.out, "tcp_connect");
	session = strstr(run.out, "udp_session");
	listener = strstr(run.out, "net_listen");
	assert_true(connect && session && listener);
	assert_true(connect < session && session < listener);
	assert_non_null(strstr(listener, "tcp [::1]:8080  no end recorded"));
}

static void a_session_is_shown_whole_when_one_destination_matches(void **state)
{
	(void)state;
	one_segment();
	query("8.8.4.4", true);
	assert_int_equal(run.status, QUERY_MATCHED);
	assert_int_equal(count_of(run.out, "udp_session"), 1);
	assert_non_null(strstr(run.out, "2 destinations  3 messages, 96 B sent\n"));
	assert_non_null(strstr(run.out, "→ 8.8.8.8:53  2 messages, 64 B sent, idle after 1.0 s"));
	assert_non_null(strstr(run.out, "→ 8.8.4.4:53  1 message, 32 B sent, idle after 1.0 s"));
}

static void a_session_is_found_by_time_of_any_destination(void **state)
{
	(void)state;
	one_segment();
	query("--format|jsonl|--since|@1795515300.000000300", true);
	assert_int_equal(count_of(run.out, "\n"), 1);
	assert_int_equal(count_of(run.out, "\"daddr\""), 2);
}

static void terms_are_joined_by_and(void **state)
{
	(void)state;
	one_segment();
	query("10.0.0.0/8|:53", true);
	assert_int_equal(count_of(run.out, "udp_session"), 1);
	assert_int_equal(count_of(run.out, "tcp_connect"), 0);
	query("185.30.166.37|:53", true);
	assert_int_equal(run.status, QUERY_NO_MATCH);
}

static void a_port_finds_listeners_and_connects(void **state)
{
	(void)state;
	one_segment();
	query(":8080", true);
	assert_int_equal(count_of(run.out, "net_listen"), 1);
	query(":6697", true);
	assert_int_equal(count_of(run.out, "tcp_connect"), 1);
}

static void an_ipv6_listener_is_found_by_address_and_port(void **state)
{
	(void)state;
	one_segment();
	query("[::1]:8080", true);
	assert_int_equal(run.status, QUERY_MATCHED);
	query("::/0", true);
	assert_int_equal(count_of(run.out, "net_listen"), 1);
	assert_int_equal(count_of(run.out, "tcp_connect"), 0);
}

static void times_bound_the_answer_inclusively(void **state)
{
	(void)state;
	one_segment();
	query("--since|@1795515300.0000001|--until|@1795515300.0000001", true);
	assert_int_equal(count_of(run.out, "tcp_connect"), 1);
	assert_int_equal(count_of(run.out, "udp_session"), 0);
	query("--until|yesterday", true);
	assert_int_equal(run.status, QUERY_NO_MATCH);
	query("--until|today", true);
	assert_int_equal(run.status, QUERY_MATCHED);
}

static void no_match_is_said_and_is_status_1(void **state)
{
	(void)state;
	one_segment();
	query("192.0.2.1", true);
	assert_int_equal(run.status, QUERY_NO_MATCH);
	assert_string_equal(run.out, "");
	assert_string_equal(run.err, "pidtree-query: no event matches\n");
}

static void each_line_of_jsonl_is_an_event(void **state)
{
	const char *end = NULL;
	cJSON *json;

	(void)state;
	one_segment();
	query("185.30.166.37|-f|jsonl", true);
	json = cJSON_ParseWithOpts(run.out, &end, false);
	assert_non_null(json);
	assert_string_equal(end, "\n");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "proctree")), 3);
	assert_int_equal(cJSON_GetObjectItem(json, "sport")->valueint, 43122);
	cJSON_Delete(json);
}

static void outcome_end_and_exit_are_found_in_later_segments(void **state)
{
	(void)state;
	sqlite3_close(fixture_segment(
		&fixture, AT,
		ADDRESSES
		"INSERT INTO process VALUES (1, NULL, NULL, 42, 1, 1, NULL, NULL, 0, 0, NULL, NULL,"
		" 'nc', NULL, NULL, NULL, 0, 0, 0, 0, NULL);"
		"INSERT INTO event VALUES (" ID(1) ", 1, 1, 1, 6, 1, 0, 2, 1, NULL, NULL)"));
	sqlite3_close(fixture_segment(
		&fixture, AT + 10,
		"INSERT INTO process VALUES (1, NULL, NULL, 42, 1, 1, NULL, NULL, 0, 0, NULL, NULL,"
		" 'nc', NULL, NULL, NULL, 0, 0, 0, 0, NULL);"
		"INSERT INTO event_outcome VALUES (" ID(1) ", " ID(2000001) ", 1, 0, NULL, 9)"));
	sqlite3_close(fixture_segment(&fixture, AT + 20,
				      "INSERT INTO process VALUES (1, NULL, NULL, 42, 1, 1, " ID(
					      7) ", 9, 0, 0, NULL, NULL,"
						 " 'nc', NULL, NULL, NULL, 0, 0, 0, 0, NULL);"
						 "INSERT INTO event_end VALUES (" ID(1) ", " ID(
							 3000001) ", 0, 104, 1, 2, 0)"));
	query("events", true);
	assert_non_null(strstr(run.out,
			       "10.0.0.5:9 → 185.30.166.37:1  established in 2.0 ms, reset "
			       "after 3.0 ms (ECONNRESET), 1 B sent, 2 B received\n"));
	assert_non_null(strstr(run.out, "  ─ 42  0  [nc]  [killed 10:15:00.000, SIGKILL]\n"));
}

static void a_session_that_spans_segments_is_one_result(void **state)
{
	(void)state;
	sqlite3_close(
		fixture_segment(&fixture, AT,
				PROCESSES ADDRESSES "INSERT INTO event VALUES (" ID(
					1) ", 3, 2, 8, 17, 1, 5353, 3, 53, " ID(1) ", NULL);"));
	sqlite3_close(
		fixture_segment(&fixture, AT + 10,
				ADDRESSES "INSERT INTO event VALUES (" ID(
					11) ", 3, 2, 8, 17, 1, 5353, 4, 53, " ID(1) ", NULL);"));
	query("8.8.4.4", true);
	assert_int_equal(count_of(run.out, "udp_session"), 1);
	assert_non_null(strstr(run.out, "8.8.8.8:53"));
	assert_non_null(strstr(run.out, "/sbin/init"));
}

static void an_event_without_its_process_says_so(void **state)
{
	(void)state;
	sqlite3_close(fixture_segment(&fixture, AT, ADDRESSES EVENTS));
	query("185.30.166.37", true);
	assert_non_null(strstr(run.out, "the process is not in the record"));
}

static void a_lineage_that_goes_round_ends(void **state)
{
	(void)state;
	sqlite3_close(fixture_segment(&fixture, AT,
				      PROCESSES ADDRESSES EVENTS
				      "UPDATE process SET parent_id = 3 WHERE id = 1"));
	query("185.30.166.37", true);
	assert_int_equal(run.status, QUERY_MATCHED);
}

static void a_missing_ancestor_is_told(void **state)
{
	(void)state;
	sqlite3_close(fixture_segment(
		&fixture, AT, PROCESSES ADDRESSES EVENTS "DELETE FROM process WHERE id = 1"));
	query("185.30.166.37", true);
	assert_non_null(strstr(run.out, "  └ its parent is not in the record\n"));
}

static void gaps_in_the_asked_time_end_the_answer(void **state)
{
	(void)state;
	sqlite3_close(fixture_segment(&fixture, AT,
				      PROCESSES ADDRESSES EVENTS
				      "INSERT INTO gap VALUES (1, " ID(0) ", " ID(
					      120000000000) ", 1, 'exec', 4112);"
							    "INSERT INTO gap VALUES (2, "
							    "1000000000, 2000000000, 2, '', 0)"));
	query("185.30.166.37|--since|today", true);
	assert_non_null(strstr(run.out, "\n\n4,112 exec records lost "
					"2026-11-24 10:15:00–10:17:00 UTC (ring full)\n"));
	assert_null(strstr(run.out, "not running"));
	query("192.0.2.1", true);
	assert_string_equal(
		run.out, "nothing recorded 1970-01-01 00:00:01–00:00:02 UTC "
			 "(recorder not running)\n"
			 "4,112 exec records lost 2026-11-24 10:15:00–10:17:00 UTC (ring full)\n");
	assert_int_equal(run.status, QUERY_NO_MATCH);
	assert_non_null(strstr(run.err, "has holes"));
}

static void gaps_are_objects_in_jsonl(void **state)
{
	(void)state;
	sqlite3_close(fixture_segment(
		&fixture, AT, "INSERT INTO gap VALUES (1, " ID(0) ", " ID(1) ", 1, 'exec', 0)"));
	query("-f|jsonl", true);
	assert_memory_equal(run.out, "{\"gap\":{", 8);
	assert_null(strstr(run.out, "count"));
}

static void errors_are_one_line_and_status_2(void **state)
{
	static const char *const lines[] = {
		"events", /* no segment in the directory */
		"nonsense",	"--since|nonsense",	   "--format|xml",	 "--until",
		"--nonsense",	"status|10.0.0.1",	   "status|--since|-2h", "-d|/nonexistent",
		"-d|/dev/null", "--since|now|--until|-2h",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		query(lines[i], true);
		assert_int_equal(run.status, QUERY_ERROR);
		assert_string_equal(run.out, "");
		assert_int_equal(count_of(run.err, "\n"), 1);
		assert_memory_equal(run.err, "pidtree-query: ", 15);
	}
}

static void a_file_that_is_no_database_is_an_error(void **state)
{
	char path[512];
	FILE *file;

	(void)state;
	fixture_path(&fixture, AT, path);
	file = fopen(path, "w");
	for (int i = 0; i < 100; i++)
		fputs("no database at all; ", file);
	fclose(file);
	query("events", true);
	assert_int_equal(run.status, QUERY_ERROR);
	assert_non_null(strstr(run.err, "not a SQLite database"));
}

static void more_segments_than_are_kept_open_are_read(void **state)
{
	char sql[512];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(sql, sizeof(sql),
			 "INSERT INTO process VALUES (1, NULL, NULL, 42, 1, 1, %s, 0, 0, 0, NULL, "
			 "NULL,"
			 " 'nc', NULL, NULL, NULL, 0, 0, 0, 0, NULL);"
			 "INSERT INTO event VALUES (%lld, 2, 1, 9, 6, NULL, 80, NULL, 0, NULL, "
			 "NULL);",
			 i == 99 ? "5" : "NULL", (long long)(AT + i));
		sqlite3_close(fixture_segment(&fixture, AT + i, sql));
	}
	query(":80", true);
	assert_int_equal(count_of(run.out, "net_listen"), 100);
	assert_int_equal(count_of(run.out, "exited"), 100);
}

static void status_tells_what_is_recorded(void **state)
{
	(void)state;
	sqlite3_close(fixture_segment(
		&fixture, AT,
		PROCESSES ADDRESSES EVENTS
		"INSERT INTO meta VALUES ('host_name', 'web1'), ('recorder_version', '0.1.0'),"
		" ('last_ns', " ID(5000000000) ");"
					       "INSERT INTO gap VALUES (1, " ID(0) ", " ID(
						       1) ", 1, 'exec', 4112)"));
	query("status", true);
	assert_int_equal(run.status, QUERY_MATCHED);
	assert_non_null(strstr(run.out, "host        web1\n"));
	assert_non_null(strstr(run.out, "from        2026-11-24 10:15:00.000 UTC\n"));
	assert_non_null(strstr(run.out, "to          2026-11-24 10:15:05.000 UTC"));
	assert_non_null(strstr(run.out, "events      4\n"));
	assert_non_null(strstr(run.out, "tcp_connect  1\n"));
	assert_non_null(strstr(run.out, "processes   3 images\n"));
	assert_non_null(strstr(run.out, "gaps        1 (ring full), 4,112 records lost\n"));
	assert_non_null(strstr(run.out, "segments    1, "));
}

static void help_names_every_command_and_option(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	arguments_help(out, commands);
	fclose(out);
	assert_non_null(strstr(text, "events"));
	assert_non_null(strstr(text, "status"));
	assert_non_null(strstr(text, "--database"));
	assert_non_null(strstr(text, "--until"));
	free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_connect_is_drawn_with_its_tree),
		TEST(a_container_is_named_by_the_headline),
		TEST(a_container_without_a_name_is_called_by_its_id),
		TEST(without_utf8_the_drawing_is_ascii),
		TEST(results_come_in_the_order_of_their_first_event),
		TEST(a_session_is_shown_whole_when_one_destination_matches),
		TEST(a_session_is_found_by_time_of_any_destination),
		TEST(terms_are_joined_by_and),
		TEST(a_port_finds_listeners_and_connects),
		TEST(an_ipv6_listener_is_found_by_address_and_port),
		TEST(times_bound_the_answer_inclusively),
		TEST(no_match_is_said_and_is_status_1),
		TEST(each_line_of_jsonl_is_an_event),
		TEST(outcome_end_and_exit_are_found_in_later_segments),
		TEST(a_session_that_spans_segments_is_one_result),
		TEST(an_event_without_its_process_says_so),
		TEST(a_lineage_that_goes_round_ends),
		TEST(a_missing_ancestor_is_told),
		TEST(gaps_in_the_asked_time_end_the_answer),
		TEST(gaps_are_objects_in_jsonl),
		TEST(errors_are_one_line_and_status_2),
		TEST(a_file_that_is_no_database_is_an_error),
		TEST(more_segments_than_are_kept_open_are_read),
		TEST(status_tells_what_is_recorded),
		TEST(help_names_every_command_and_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
