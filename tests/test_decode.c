// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/decode.h"

static struct record record;
static struct wire_exec *exec;
static size_t exec_size;

/* Records lie in memory of exactly their size, so that a read behind one is found. */
static int decode_copy(const void *data, uint32_t size)
{
	void *copy = malloc(size ? size : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, data, size);
	r = decode(copy, size, &record);
	free(copy);
	return r;
}

static int set_up(void **state)
{
	(void)state;
	exec = calloc(1, sizeof(*exec) + WIRE_EXEC_DATA_SIZE + 16);
	exec_size = sizeof(*exec);
	exec->header.type = WIRE_EXEC;
	memset(&record, 0xa5, sizeof(record));
	return !exec;
}

static int tear_down(void **state)
{
	(void)state;
	free(exec);
	return 0;
}

static void append(const void *bytes, size_t size)
{
	memcpy((char *)exec + exec_size, bytes, size);
	exec_size += size;
}

static void fill(char byte, size_t size)
{
	memset((char *)exec + exec_size, byte, size);
	exec_size += size;
}

/* An exec with these texts behind it; a literal's NUL counts. */
#define exec_with(exe, cwd, argv)                                                                  \
	exec_with_sized(exe, sizeof(exe), cwd, sizeof(cwd), argv, sizeof(argv))

static void exec_with_sized(const char *exe, size_t exe_size, const char *cwd, size_t cwd_size,
			    const char *argv, size_t argv_size)
{
	exec->exe_size = (uint32_t)exe_size;
	exec->cwd_size = (uint32_t)cwd_size;
	exec->argv_size = (uint32_t)argv_size;
	append(exe, exe_size);
	append(cwd, cwd_size);
	append(argv, argv_size);
}

static int decode_exec_record(void)
{
	exec->header.size = (uint32_t)exec_size;
	return decode_copy(exec, (uint32_t)exec_size);
}

static void every_fixed_record_is_copied_whole(void **state)
{
	static const uint32_t sizes[WIRE_TYPES] = {
#define X(upper, lower) [WIRE_##upper] = sizeof(struct wire_##lower),
		WIRE_RECORDS(X)
#undef X
	};

	(void)state;
	for (uint16_t type = 0; type < WIRE_TYPES; type++) {
		unsigned char bytes[sizeof(struct wire_cgroup)]; /* the longest */
		struct wire_header header = {.type = type, .size = sizes[type], .boot_ns = 42};

		if (type == WIRE_EXEC)
			continue;
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)(i * 7);
		bytes[sizeof(bytes) - 1] = '\0'; /* of its path */
		memcpy(bytes, &header, sizeof(header));
		assert_int_equal(decode_copy(bytes, sizes[type]), 0);
		assert_memory_equal(&record, bytes, sizes[type]);
	}
}

static void a_fixed_record_of_another_size_is_refused(void **state)
{
	(void)state;
	for (uint32_t size = 0; size < 200; size++) {
		union {
			struct wire_open open;
			char room[200];
		} data = {0};

		if (size == sizeof(data.open))
			continue;
		data.open.header.type = WIRE_OPEN;
		data.open.header.size = size;
		assert_int_equal(decode_copy(&data, size), -EBADMSG);
	}
}

static void a_size_that_the_ring_contradicts_is_refused(void **state)
{
	struct wire_exit exit = {.header = {.type = WIRE_EXIT, .size = sizeof(exit) + 1}};

	(void)state;
	assert_int_equal(decode_copy(&exit, sizeof(exit)), -EBADMSG);
	exit.header.size = 0;
	assert_int_equal(decode_copy(&exit, sizeof(exit)), -EBADMSG);
	exit.header.size = UINT32_MAX;
	assert_int_equal(decode_copy(&exit, sizeof(exit)), -EBADMSG);
}

static void a_path_of_a_cgroup_without_end_is_refused(void **state)
{
	struct wire_cgroup cgroup = {.header = {.type = WIRE_CGROUP, .size = sizeof(cgroup)}};

	(void)state;
	memset(cgroup.path, 'x', sizeof(cgroup.path));
	assert_int_equal(decode_copy(&cgroup, sizeof(cgroup)), -EBADMSG);
	cgroup.path[sizeof(cgroup.path) - 1] = '\0';
	assert_int_equal(decode_copy(&cgroup, sizeof(cgroup)), 0);
}

static void an_unknown_type_is_refused(void **state)
{
	struct wire_exit exit = {.header = {.type = WIRE_TYPES, .size = sizeof(exit)}};

	(void)state;
	assert_int_equal(decode_copy(&exit, sizeof(exit)), -EBADMSG);
	exit.header.type = UINT16_MAX;
	assert_int_equal(decode_copy(&exit, sizeof(exit)), -EBADMSG);
}

static void paths_are_turned_round(void **state)
{
	(void)state;
	exec_with("bash\0bin\0usr", "alice\0home", "bash\0-c\0true");
	assert_int_equal(decode_exec_record(), 0);
	assert_string_equal(record.text.exe, "/usr/bin/bash");
	assert_string_equal(record.text.cwd, "/home/alice");
}

static void the_root_is_a_slash(void **state)
{
	(void)state;
	exec_with_sized("sh", 3, "", 0, "sh", 3);
	assert_int_equal(decode_exec_record(), 0);
	assert_string_equal(record.text.exe, "/sh");
	assert_string_equal(record.text.cwd, "/");
}

static void a_path_that_was_cut_begins_with_dots(void **state)
{
	(void)state;
	exec->flags = WIRE_EXEC_EXE_CUT | WIRE_EXEC_CWD_CUT;
	exec_with_sized("leaf\0near", 10, "", 0, "x", 2);
	assert_int_equal(decode_exec_record(), 0);
	assert_string_equal(record.text.exe, ".../near/leaf");
	assert_string_equal(record.text.cwd, "...");
}

static void a_deleted_file_is_marked(void **state)
{
	(void)state;
	exec->flags = WIRE_EXEC_EXE_DELETED;
	exec_with("evil\0tmp", "tmp", "evil");
	assert_int_equal(decode_exec_record(), 0);
	assert_string_equal(record.text.exe, "/tmp/evil (deleted)");
	assert_string_equal(record.text.cwd, "/tmp");
}

static void argv_keeps_every_byte(void **state)
{
	static const char argv[] = "a\0\0 \xff\n\0b";

	(void)state;
	exec_with("a", "b", argv);
	assert_int_equal(decode_exec_record(), 0);
	assert_int_equal(record.text.argv_size, sizeof(argv));
	assert_memory_equal(record.text.argv, argv, sizeof(argv));
}

static void an_argument_that_was_cut_gets_its_nul(void **state)
{
	(void)state;
	exec->flags = WIRE_EXEC_ARGV_CUT;
	exec_with_sized("a", 2, "b", 2, "one\0tw", 6);
	assert_int_equal(decode_exec_record(), 0);
	assert_int_equal(record.text.argv_size, 7);
	assert_memory_equal(record.text.argv, "one\0tw", 7);
}

static void an_exec_without_any_text_is_taken(void **state)
{
	(void)state;
	assert_int_equal(decode_exec_record(), 0);
	assert_string_equal(record.text.exe, "/");
	assert_string_equal(record.text.cwd, "/");
	assert_int_equal(record.text.argv_size, 0);
}

static void the_largest_exec_is_taken(void **state)
{
	(void)state;
	exec->flags =
		WIRE_EXEC_EXE_CUT | WIRE_EXEC_EXE_DELETED | WIRE_EXEC_CWD_CUT | WIRE_EXEC_ARGV_CUT;
	exec->exe_size = exec->cwd_size = WIRE_PATH_SIZE;
	exec->argv_size = WIRE_ARGV_SIZE;
	fill('e', WIRE_PATH_SIZE - 1);
	append("", 1);
	for (int i = 0; i < WIRE_PATH_SIZE / 2; i++)
		append("c", 2);
	fill('a', WIRE_ARGV_SIZE);
	assert_int_equal(decode_exec_record(), 0);
	assert_int_equal(strlen(record.text.exe), strlen(".../ (deleted)") + WIRE_PATH_SIZE - 1);
	assert_int_equal(strlen(record.text.cwd), strlen("...") + WIRE_PATH_SIZE);
	assert_int_equal(record.text.argv_size, WIRE_ARGV_SIZE + 1);
	assert_int_equal(record.text.argv[WIRE_ARGV_SIZE], '\0');
}

static void components_that_are_empty_do_no_harm(void **state)
{
	(void)state;
	exec->exe_size = exec->cwd_size = WIRE_PATH_SIZE;
	exec->flags = WIRE_EXEC_EXE_CUT | WIRE_EXEC_EXE_DELETED;
	fill('\0', WIRE_PATH_SIZE);
	fill('\0', WIRE_PATH_SIZE);
	assert_int_equal(decode_exec_record(), 0);
	assert_int_equal(strlen(record.text.exe), strlen("... (deleted)") + WIRE_PATH_SIZE);
	assert_int_equal(strlen(record.text.cwd), WIRE_PATH_SIZE);
}

static void paths_without_their_nul_are_refused(void **state)
{
	(void)state;
	exec_with_sized("bash", 4, "/", 2, "x", 2);
	assert_int_equal(decode_exec_record(), -EBADMSG);
	exec_size = sizeof(*exec);
	exec_with_sized("bash", 5, "home", 4, "x", 2);
	assert_int_equal(decode_exec_record(), -EBADMSG);
}

static void sizes_that_do_not_add_up_are_refused(void **state)
{
	(void)state;
	exec_with("exe", "cwd", "argv");
	exec->argv_size++;
	assert_int_equal(decode_exec_record(), -EBADMSG);
	exec->argv_size -= 2;
	assert_int_equal(decode_exec_record(), -EBADMSG);
	exec->argv_size++;
	assert_int_equal(decode_exec_record(), 0);
}

static void sizes_that_only_add_up_modulo_32_bits_are_refused(void **state)
{
	(void)state;
	exec_with("exe", "cwd", "argv");
	exec->exe_size = UINT32_MAX - 1;
	exec->cwd_size = 8;
	exec->argv_size = 7;
	assert_int_equal(decode_exec_record(), -EBADMSG);
	exec->exe_size = exec->cwd_size = exec->argv_size = UINT32_MAX;
	assert_int_equal(decode_exec_record(), -EBADMSG);
}

static void sizes_above_the_limits_are_refused(void **state)
{
	(void)state;
	exec->exe_size = WIRE_PATH_SIZE + 1;
	fill('\0', WIRE_PATH_SIZE + 1);
	assert_int_equal(decode_exec_record(), -EBADMSG);
	exec->exe_size = 0;
	exec->cwd_size = WIRE_PATH_SIZE + 1;
	assert_int_equal(decode_exec_record(), -EBADMSG);
	exec->cwd_size = 0;
	exec->argv_size = WIRE_ARGV_SIZE + 1;
	exec_size = sizeof(*exec);
	fill('\0', WIRE_ARGV_SIZE + 1);
	assert_int_equal(decode_exec_record(), -EBADMSG);
}

static void a_truncated_exec_is_refused_at_every_length(void **state)
{
	uint32_t whole;

	(void)state;
	exec_with("bash\0bin", "home", "bash\0-i");
	whole = (uint32_t)exec_size;
	for (uint32_t size = 0; size < whole; size++) {
		exec->header.size = size;
		assert_int_equal(decode_copy(exec, size), -EBADMSG);
	}
	assert_int_equal(decode_exec_record(), 0);
}

static void random_bytes_do_no_harm(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint32_t words[64];
		uint32_t size = (uint32_t)round % sizeof(words);

		for (size_t i = 0; i < 64; i++)
			words[i] = seed = seed * 1664525u + 1013904223u;
		/* Get past the first checks as often as not. */
		words[0] = words[0] % (2 * WIRE_TYPES);
		words[1] = size;
		for (int i = 0; i < 3; i++) {
			uint32_t *text_size =
				(uint32_t *)((char *)words + offsetof(struct wire_exec, exe_size)) +
				i;

			if (round % 2)
				*text_size %= 64;
		}
		decode_copy(words, size);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_fixed_record_is_copied_whole),
		TEST(a_fixed_record_of_another_size_is_refused),
		TEST(a_size_that_the_ring_contradicts_is_refused),
		TEST(a_path_of_a_cgroup_without_end_is_refused),
		TEST(an_unknown_type_is_refused),
		TEST(paths_are_turned_round),
		TEST(the_root_is_a_slash),
		TEST(a_path_that_was_cut_begins_with_dots),
		TEST(a_deleted_file_is_marked),
		TEST(argv_keeps_every_byte),
		TEST(an_argument_that_was_cut_gets_its_nul),
		TEST(an_exec_without_any_text_is_taken),
		TEST(the_largest_exec_is_taken),
		TEST(components_that_are_empty_do_no_harm),
		TEST(paths_without_their_nul_are_refused),
		TEST(sizes_that_do_not_add_up_are_refused),
		TEST(sizes_that_only_add_up_modulo_32_bits_are_refused),
		TEST(sizes_above_the_limits_are_refused),
		TEST(a_truncated_exec_is_refused_at_every_length),
		TEST(random_bytes_do_no_harm),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
