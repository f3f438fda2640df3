// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "tests/fixture_containers.h"

static struct container_fixture fixture;

static int set_up(void **state)
{
	(void)state;
	containers_open(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	containers_free(fixture.containers);
	return 0;
}

static int tell_of(enum container_message_type type, const char *id)
{
	struct container_message *message = container_message_new(type, id);
	int r = containers_tell(fixture.containers, message);

	container_message_free(message);
	return r;
}

static int tell_up(const char *id, const char *name, const char *wanted, uint32_t mnt_ns)
{
	struct container_message *message = container_message_new(CONTAINER_UP, id);
	int r;

	message->name = name ? strdup(name) : NULL;
	message->image = strdup("image:1");
	message->labels = cJSON_CreateObject();
	cJSON_AddStringToObject(message->labels, "wanted", wanted);
	message->mnt_ns = mnt_ns;
	r = containers_tell(fixture.containers, message);
	container_message_free(message);
	return r;
}

static const struct opened *last_opened(void)
{
	assert_true(fixture.opens > 0);
	return &fixture.opened[fixture.opens - 1];
}

static enum containers_verdict judge(uint16_t probe, uint64_t cgroup_id, uint32_t mnt_ns)
{
	return containers_judge(fixture.containers, probe, container_in(&fixture, cgroup_id),
				mnt_ns);
}

static void a_process_is_in_the_container_of_its_cgroup(void **state)
{
	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	make_cgroup(&fixture, 11, PATH_A "/inner");
	make_cgroup(&fixture, 12, PATH_B);
	make_cgroup(&fixture, 13, "/system.slice/ssh.service");
	assert_string_equal(container_in(&fixture, 10)->runtime_id, ID_A);
	assert_ptr_equal(container_in(&fixture, 11), container_in(&fixture, 10));
	assert_string_equal(container_in(&fixture, 12)->runtime_id, ID_B);
	assert_null(container_in(&fixture, 13));
	assert_null(container_in(&fixture, 14));
	assert_null(container_in(&fixture, 10)->name);
}

static void ids_of_two_hierarchies_do_not_mix(void **state)
{
	struct wire_cgroup cgroup = cgroup_record(10, PATH_B, 0);
	struct wire_task in_v1 = {.cgroup_id = 1, .cgroup_v1_id = 10};
	struct wire_task in_both = {.cgroup_id = 10, .cgroup_v1_id = 20};

	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	cgroup.key.hierarchy = WIRE_HIERARCHY_V1;
	assert_int_equal(containers_cgroup(fixture.containers, &cgroup), 0);
	assert_string_equal(containers_find(fixture.containers, &in_v1)->runtime_id, ID_B);
	assert_string_equal(containers_find(fixture.containers, &in_both)->runtime_id, ID_A);
}

static void a_container_goes_with_its_last_cgroup(void **state)
{
	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	make_cgroup(&fixture, 11, PATH_A "/inner");
	remove_cgroup(&fixture, 11, PATH_A "/inner");
	assert_non_null(container_in(&fixture, 10));
	remove_cgroup(&fixture, 10, PATH_A);
	remove_cgroup(&fixture, 10, PATH_A);
	assert_int_equal(containers_count(fixture.containers), 0);
	assert_int_equal(containers_cgroup_count(fixture.containers), 0);
}

static void a_container_stays_for_those_who_hold_it(void **state)
{
	const struct container *container;

	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	container = container_ref(container_in(&fixture, 10));
	remove_cgroup(&fixture, 10, PATH_A);
	assert_int_equal(tell_up(ID_A, "late", "0", 0), 0);
	assert_string_equal(container->name, "late");
	assert_int_equal(tell_of(CONTAINER_DOWN, ID_A), 0);
	assert_string_equal(container->runtime_id, ID_A);
	container_unref(container);
	assert_int_equal(containers_count(fixture.containers), 0);
	assert_null(container_ref(NULL));
	container_unref(NULL);
}

static void a_new_container_is_asked_about_once(void **state)
{
	struct wire_cgroup_key key = {.id = 12};

	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	make_cgroup(&fixture, 11, PATH_A "/inner");
	make_cgroup(&fixture, 13, "/system.slice/ssh.service");
	assert_int_equal(fixture.asks, 1);
	assert_string_equal(fixture.asked, ID_A);
	/* One whose record was lost. */
	assert_int_equal(containers_seed(fixture.containers, &key, PATH_B), 0);
	assert_int_equal(containers_seed(fixture.containers, &key, PATH_B), 0);
	assert_int_equal(fixture.asks, 2);
	assert_string_equal(fixture.asked, ID_B);
}

static void what_the_runtime_tells_is_kept_and_passed_on(void **state)
{
	const struct container *container;

	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	assert_int_equal(tell_up(ID_A, "web", "0", 0), 0);
	container = container_in(&fixture, 10);
	assert_string_equal(container->name, "web");
	assert_string_equal(container->image, "image:1");
	assert_string_equal(container->labels, "{\"wanted\":\"0\"}");
	assert_int_equal(fixture.tells, 1);
	assert_int_equal(tell_up(ID_A, "renamed", "1", 0), 0);
	assert_string_equal(container->name, "renamed");
	assert_string_equal(container->labels, "{\"wanted\":\"1\"}");
	/* What it leaves out stays. */
	assert_int_equal(tell_up(ID_A, NULL, "1", 0), 0);
	assert_string_equal(container->name, "renamed");
}

static void an_error_of_the_sink_is_passed_on(void **state)
{
	(void)state;
	fixture.r = -ENOSPC;
	assert_int_equal(tell_up(ID_A, "web", "0", 0), -ENOSPC);
}

static void a_container_is_undecided_until_the_runtime_answers(void **state)
{
	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	assert_int_equal(judge(1, 10, 0), CONTAINERS_UNDECIDED);
	assert_int_equal(tell_up(ID_A, "web", "0x6", 0), 0);
	assert_int_equal(judge(1, 10, 0), CONTAINERS_WANTED);
	assert_int_equal(judge(2, 10, 0), CONTAINERS_WANTED);
	assert_int_equal(judge(3, 10, 0), CONTAINERS_UNWANTED);
	/* Not in a container. */
	assert_int_equal(judge(1, 99, 0), CONTAINERS_UNWANTED);
}

static void a_container_that_the_runtime_does_not_know_is_unwanted(void **state)
{
	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	assert_int_equal(tell_of(CONTAINER_UNKNOWN, ID_A), 0);
	assert_int_equal(judge(1, 10, 0), CONTAINERS_UNWANTED);
	assert_false(last_opened()->is_open);
	assert_int_equal(tell_of(CONTAINER_UNKNOWN, ID_B), 0);
}

static void an_answer_of_unknown_does_not_take_back_what_was_told(void **state)
{
	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	assert_int_equal(tell_up(ID_A, "web", "2", 0), 0);
	assert_int_equal(tell_of(CONTAINER_UNKNOWN, ID_A), 0);
	assert_int_equal(judge(1, 10, 0), CONTAINERS_WANTED);
}

static void a_container_that_was_given_up_is_wanted_until_told_otherwise(void **state)
{
	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	containers_give_up(fixture.containers, container_in(&fixture, 10));
	assert_int_equal(judge(1, 10, 0), CONTAINERS_WANTED);
	assert_int_equal(judge(17, 10, 0), CONTAINERS_WANTED);
	assert_int_equal(tell_up(ID_A, "web", "0", 0), 0);
	assert_int_equal(judge(1, 10, 0), CONTAINERS_UNWANTED);
}

static void the_kernel_lets_pass_what_is_wanted_or_undecided(void **state)
{
	struct wire_cgroup_key old = {.id = 12};

	(void)state;
	/* The kernel itself has opened a new cgroup. */
	make_cgroup(&fixture, 10, PATH_A);
	assert_int_equal(fixture.opens, 0);
	make_cgroup(&fixture, 13, "/system.slice/ssh.service");
	assert_int_equal(last_opened()->key.id, 13);
	assert_false(last_opened()->is_open);
	/* It does not know of an old one. */
	assert_int_equal(containers_seed(fixture.containers, &old, PATH_B), 0);
	assert_int_equal(last_opened()->key.id, 12);
	assert_true(last_opened()->is_open);

	assert_int_equal(tell_up(ID_A, "web", "2", 0), 0);
	assert_int_equal(last_opened()->key.id, 10);
	assert_true(last_opened()->is_open);
	assert_int_equal(tell_up(ID_B, "db", "0", 0), 0);
	assert_int_equal(last_opened()->key.id, 12);
	assert_false(last_opened()->is_open);
	/* A cgroup that comes later is as the container's others. */
	make_cgroup(&fixture, 14, PATH_B "/inner");
	assert_int_equal(last_opened()->key.id, 14);
	assert_false(last_opened()->is_open);
}

static void a_mount_namespace_stands_for_a_container_without_cgroup(void **state)
{
	(void)state;
	assert_int_equal(tell_up("custom", "web", "2", 77), 0);
	assert_int_equal(fixture.mount, 77);
	assert_int_equal(fixture.mount_probes, 2);
	assert_int_equal(judge(1, 0, 77), CONTAINERS_WANTED);
	assert_int_equal(judge(2, 0, 77), CONTAINERS_UNWANTED);
	assert_int_equal(judge(1, 0, 78), CONTAINERS_UNWANTED);
	assert_int_equal(tell_of(CONTAINER_DOWN, "custom"), 0);
	assert_int_equal(fixture.mount, 77);
	assert_int_equal(fixture.mount_probes, 0);
	assert_int_equal(judge(1, 0, 77), CONTAINERS_UNWANTED);
	assert_int_equal(containers_count(fixture.containers), 0);
}

static void a_restart_changes_the_mount_namespace(void **state)
{
	(void)state;
	assert_int_equal(tell_up("custom", "web", "2", 77), 0);
	assert_int_equal(tell_up("custom", "web", "2", 78), 0);
	assert_int_equal(judge(1, 0, 77), CONTAINERS_UNWANTED);
	assert_int_equal(judge(1, 0, 78), CONTAINERS_WANTED);
	/* An answer without a process does not take it back. */
	assert_int_equal(tell_up("custom", "web", "2", 0), 0);
	assert_int_equal(judge(1, 0, 78), CONTAINERS_WANTED);
}

static void a_listing_ends_what_is_not_in_it(void **state)
{
	struct wire_cgroup_key key = {.id = 12};

	(void)state;
	assert_int_equal(tell_up("gone", "gone", "2", 77), 0);
	assert_int_equal(tell_up("stays", "stays", "2", 78), 0);
	fixture.is_mute = true;
	assert_int_equal(containers_seed(fixture.containers, &key, PATH_B), 0);
	fixture.is_mute = false;
	make_cgroup(&fixture, 10, PATH_A);
	assert_int_equal(tell_of(CONTAINER_LISTING, NULL), 0);
	assert_int_equal(tell_up("stays", "stays", "2", 78), 0);
	assert_int_equal(tell_of(CONTAINER_LISTED, NULL), 0);
	assert_int_equal(judge(1, 0, 77), CONTAINERS_UNWANTED);
	assert_int_equal(judge(1, 0, 78), CONTAINERS_WANTED);
	/* An old one that it does not name is unknown; a new one is asked about by itself. */
	assert_int_equal(judge(1, 12, 0), CONTAINERS_UNWANTED);
	assert_int_equal(judge(1, 10, 0), CONTAINERS_UNDECIDED);
}

static uint32_t everything(void *context, const cJSON *labels)
{
	(void)context;
	(void)labels;
	return 2;
}

static void other_wishes_open_at_once_and_close_later(void **state)
{
	size_t opens;

	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	make_cgroup(&fixture, 11, PATH_B);
	assert_int_equal(tell_up(ID_A, "web", "0", 77), 0);
	assert_int_equal(tell_up(ID_B, "db", "2", 0), 0);
	fixture.sink.wanted_by = everything;
	containers_reconsider(fixture.containers);
	assert_int_equal(judge(1, 10, 0), CONTAINERS_WANTED);
	assert_int_equal(fixture.mount_probes, 2);

	fixture.sink.wanted_by = fixture_wanted_by;
	opens = fixture.opens;
	containers_reconsider(fixture.containers);
	assert_int_equal(judge(1, 10, 0), CONTAINERS_UNWANTED);
	for (size_t i = opens; i < fixture.opens; i++)
		assert_true(fixture.opened[i].is_open);
	containers_close(fixture.containers);
	assert_int_equal(last_opened()->key.id, 10);
	assert_false(last_opened()->is_open);
}

static void a_container_that_was_stored_is_restored(void **state)
{
	const struct container stored = {
		.runtime_id = ID_A, .name = "web", .image = "nginx", .labels = "{}"};
	struct process process = {.cgroup_id = 10, .container = &stored};
	const struct container *container = containers_restore(fixture.containers, &process);

	(void)state;
	assert_string_equal(container->name, "web");
	assert_string_equal(container->image, "nginx");
	assert_string_equal(container->labels, "{}");
	/* Records of its processes are still in the ring, though its cgroup may be gone. */
	assert_ptr_equal(container_in(&fixture, 10), container);
	container_unref(container);
	assert_ptr_equal(container_in(&fixture, 10), container);
}

static void a_process_at_the_root_restores_its_container_only(void **state)
{
	const struct container stored = {.runtime_id = ID_A};
	struct process process = {.cgroup_id = 1, .container = &stored};
	const struct container *container = containers_restore(fixture.containers, &process);

	(void)state;
	assert_string_equal(container->runtime_id, ID_A);
	assert_null(container->name);
	assert_null(container_in(&fixture, 1));
	container_unref(container);
	assert_int_equal(containers_count(fixture.containers), 0);
}

static void a_process_outside_restores_none(void **state)
{
	const struct container damaged = {.runtime_id = "../x"};
	struct process process = {.cgroup_id = 10};

	(void)state;
	assert_null(containers_restore(fixture.containers, &process));
	process.container = &damaged;
	assert_null(containers_restore(fixture.containers, &process));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_process_is_in_the_container_of_its_cgroup),
		TEST(ids_of_two_hierarchies_do_not_mix),
		TEST(a_container_goes_with_its_last_cgroup),
		TEST(a_container_stays_for_those_who_hold_it),
		TEST(a_new_container_is_asked_about_once),
		TEST(what_the_runtime_tells_is_kept_and_passed_on),
		TEST(an_error_of_the_sink_is_passed_on),
		TEST(a_container_is_undecided_until_the_runtime_answers),
		TEST(a_container_that_the_runtime_does_not_know_is_unwanted),
		TEST(an_answer_of_unknown_does_not_take_back_what_was_told),
		TEST(a_container_that_was_given_up_is_wanted_until_told_otherwise),
		TEST(the_kernel_lets_pass_what_is_wanted_or_undecided),
		TEST(a_mount_namespace_stands_for_a_container_without_cgroup),
		TEST(a_restart_changes_the_mount_namespace),
		TEST(a_listing_ends_what_is_not_in_it),
		TEST(other_wishes_open_at_once_and_close_later),
		TEST(a_container_that_was_stored_is_restored),
		TEST(a_process_at_the_root_restores_its_container_only),
		TEST(a_process_outside_restores_none),
	};

	return cmocka_run_group_tests_name("containers", tests, NULL, NULL);
}
