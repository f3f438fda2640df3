// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorder/container_scan.h"
#include "tests/fixture_containers.h"

static struct container_fixture fixture;
static char root[64];

static int set_up(void **state)
{
	(void)state;
	containers_open(&fixture);
	strcpy(root, "/tmp/pidtree-test-XXXXXX");
	return !mkdtemp(root);
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	containers_free(fixture.containers);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command) != 0;
}

/* Make a directory below the root; returns its inode number. */
static uint64_t make(const char *path)
{
	char whole[512];
	struct stat status;

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	assert_int_equal(mkdir(whole, 0700), 0);
	assert_int_equal(stat(whole, &status), 0);
	return status.st_ino;
}

static void cgroups_are_known_by_their_inode_numbers(void **state)
{
	uint64_t a, inner, b, outside;

	(void)state;
	outside = make("system.slice");
	a = make("system.slice/docker-" ID_A ".scope");
	inner = make("system.slice/docker-" ID_A ".scope/.hidden");
	b = make(ID_B);
	assert_int_equal(container_scan(fixture.containers, WIRE_HIERARCHY_V2, root), 0);
	assert_null(container_in(&fixture, outside));
	assert_string_equal(container_in(&fixture, a)->runtime_id, ID_A);
	assert_string_equal(container_in(&fixture, inner)->runtime_id, ID_A);
	assert_string_equal(container_in(&fixture, b)->runtime_id, ID_B);
	assert_int_equal(containers_cgroup_count(fixture.containers), 3);
}

static void a_second_scan_adds_only_what_is_new(void **state)
{
	(void)state;
	make(ID_A);
	assert_int_equal(container_scan(fixture.containers, WIRE_HIERARCHY_V2, root), 0);
	make(ID_B);
	assert_int_equal(container_scan(fixture.containers, WIRE_HIERARCHY_V2, root), 0);
	assert_int_equal(containers_cgroup_count(fixture.containers), 2);
}

static void a_hierarchy_has_ids_of_its_own(void **state)
{
	uint64_t id = make(ID_A);
	struct wire_task task = {.cgroup_v1_id = id};

	(void)state;
	assert_int_equal(container_scan(fixture.containers, WIRE_HIERARCHY_V1, root), 0);
	assert_null(container_in(&fixture, id));
	assert_string_equal(containers_find(fixture.containers, &task)->runtime_id, ID_A);
}

static void files_and_links_are_no_cgroups(void **state)
{
	char path[512];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/" ID_A, root);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	snprintf(path, sizeof(path), "%s/" ID_B, root);
	assert_int_equal(symlink(root, path), 0);
	assert_int_equal(container_scan(fixture.containers, WIRE_HIERARCHY_V2, root), 0);
	assert_int_equal(containers_count(fixture.containers), 0);
}

static void a_hierarchy_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(container_scan(fixture.containers, WIRE_HIERARCHY_V2, "/nonexistent"),
			 -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cgroups_are_known_by_their_inode_numbers),
		TEST(a_second_scan_adds_only_what_is_new),
		TEST(a_hierarchy_has_ids_of_its_own),
		TEST(files_and_links_are_no_cgroups),
		TEST(a_hierarchy_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests_name("container scan", tests, NULL, NULL);
}
