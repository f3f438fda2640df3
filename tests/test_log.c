// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorder/log.h"

/* stderr while a test runs: a file, so that what was written can be read back. */
static int captured = -1;
static int real_stderr = -1;

static int capture(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	captured = memfd_create("stderr", 0);
	real_stderr = dup(STDERR_FILENO);
	return captured < 0 || real_stderr < 0 || dup2(captured, STDERR_FILENO) < 0;
}

static int release(void **state)
{
	(void)state;
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(captured);
	unsetenv("JOURNAL_STREAM");
	return 0;
}

static void assert_logged(const char *expected)
{
	char text[4096];
	ssize_t size = pread(captured, text, sizeof(text) - 1, 0);

	assert_true(size >= 0);
	text[size] = '\0';
	assert_string_equal(text, expected);
}

static void set_journal_stream(int inode_offset)
{
	struct stat status;
	char text[64];

	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino + (unsigned long long)inode_offset);
	setenv("JOURNAL_STREAM", text, 1);
}

static void a_message_is_one_line_with_the_programs_name(void **state)
{
	(void)state;
	log_error("cannot open %s: %s", "/nowhere", "No such file");
	assert_logged("pidtree-recorder: cannot open /nowhere: No such file\n");
}

static void every_level_writes_a_line_of_its_own(void **state)
{
	(void)state;
	log_error("a");
	log_warning("b");
	log_info("c");
	assert_logged("pidtree-recorder: a\npidtree-recorder: b\npidtree-recorder: c\n");
}

static void control_characters_are_escaped(void **state)
{
	(void)state;
	log_info("%s", "a\nb\tc\rd\033[31me\177f");
	assert_logged("pidtree-recorder: a\\nb\\x09c\\x0dd\\x1b[31me\\x7ff\n");
}

static void utf8_is_kept(void **state)
{
	(void)state;
	log_info("%s", "Zürich 東京 😀");
	assert_logged("pidtree-recorder: Zürich 東京 😀\n");
}

static void c1_control_characters_are_escaped_even_as_utf8(void **state)
{
	(void)state;
	log_info("%s", "\xc2\x9b"
		       "31m");
	assert_logged("pidtree-recorder: \\xc2\\x9b31m\n");
}

static void bytes_that_are_not_utf8_are_escaped(void **state)
{
	(void)state;
	log_info("%s", "\x9b \xff \xc3 \xe6\x9d \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80");
	assert_logged("pidtree-recorder: \\x9b \\xff \\xc3 \\xe6\\x9d \\xc0\\xaf \\xed\\xa0\\x80 "
		      "\\xf4\\x90\\x80\\x80\n");
}

static void a_long_message_is_not_cut(void **state)
{
	char word[3001];
	char expected[3100];

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	log_info("%s", word);
	snprintf(expected, sizeof(expected), "pidtree-recorder: %s\n", word);
	assert_logged(expected);
}

static void the_journal_gets_priorities(void **state)
{
	(void)state;
	set_journal_stream(0);
	log_error("a");
	log_warning("b");
	log_info("c");
	assert_logged("<3>a\n<4>b\n<6>c\n");
}

static void an_inherited_journal_stream_is_not_believed(void **state)
{
	(void)state;
	set_journal_stream(1);
	log_error("a");
	assert_logged("pidtree-recorder: a\n");
}

static void a_malformed_journal_stream_is_not_believed(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "yes", 1);
	log_error("a");
	assert_logged("pidtree-recorder: a\n");
}

static void errno_is_kept(void **state)
{
	(void)state;
	errno = ENOSPC;
	log_error("%m");
	assert_int_equal(errno, ENOSPC);
	assert_logged("pidtree-recorder: No space left on device\n");
}

static void a_closed_stderr_is_survived(void **state)
{
	(void)state;
	close(STDERR_FILENO);
	log_error("nobody reads this");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, capture, release)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_is_one_line_with_the_programs_name),
		TEST(every_level_writes_a_line_of_its_own),
		TEST(control_characters_are_escaped),
		TEST(utf8_is_kept),
		TEST(c1_control_characters_are_escaped_even_as_utf8),
		TEST(bytes_that_are_not_utf8_are_escaped),
		TEST(a_long_message_is_not_cut),
		TEST(the_journal_gets_priorities),
		TEST(an_inherited_journal_stream_is_not_believed),
		TEST(a_malformed_journal_stream_is_not_believed),
		TEST(errno_is_kept),
		TEST(a_closed_stderr_is_survived),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
