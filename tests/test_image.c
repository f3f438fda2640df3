// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/image.h"

static struct image *make(uint32_t pid)
{
	struct wire_task task = {.pid = pid, .comm = "sh"};
	struct image *image = image_new(&task);

	assert_non_null(image);
	return image;
}

static void an_image_says_what_its_task_said(void **state)
{
	struct wire_task task = {
		.start_boot_ns = 1,
		.cgroup_id = 2,
		.pid = 3,
		.uid = 4,
		.gid = 5,
		.loginuid = 6,
		.session = 7,
		.mnt_ns = 8,
		.net_ns = 9,
		.comm = "zsh",
	};
	struct image *image = image_new(&task);

	(void)state;
	assert_int_equal(image->process.start_boot_ns, 1);
	assert_int_equal(image->process.cgroup_id, 2);
	assert_int_equal(image->process.pid, 3);
	assert_int_equal(image->process.uid, 4);
	assert_int_equal(image->process.gid, 5);
	assert_int_equal(image->process.loginuid, 6);
	assert_int_equal(image->process.session, 7);
	assert_int_equal(image->process.mnt_ns, 8);
	assert_int_equal(image->process.net_ns, 9);
	assert_string_equal(image->process.comm, "zsh");
	assert_int_equal(image->process.flags, 0);
	image_unref(image);
}

static void a_comm_without_a_nul_is_taken_whole(void **state)
{
	struct wire_task task = {.pid = 1};
	struct image *image;

	(void)state;
	memset(task.comm, 'x', sizeof(task.comm));
	image = image_new(&task);
	assert_string_equal(image->process.comm, "xxxxxxxxxxxxxxxx");
	image_unref(image);
}

static void a_kernel_thread_is_flagged(void **state)
{
	struct wire_task task = {.pid = 2, .flags = WIRE_TASK_KTHREAD | WIRE_TASK_BRIEF};
	struct image *image = image_new(&task);

	(void)state;
	assert_int_equal(image->process.flags, PROCESS_KTHREAD);
	image_unref(image);
}

static void texts_are_empty_and_not_null_at_first(void **state)
{
	struct image *image = make(1);

	(void)state;
	assert_string_equal(image->process.argv, "");
	assert_int_equal(image->process.argv_size, 0);
	assert_string_equal(image->process.exe, "");
	assert_string_equal(image->process.cwd, "");
	image_unref(image);
}

static void texts_are_shared_and_outlive_whoever_made_them(void **state)
{
	struct text *argv = text_new("a\0b", 4);
	struct text *exe = text_new("/bin/a", 6);
	struct image *first = make(1);
	struct image *second = make(2);

	(void)state;
	image_set_texts(first, argv, exe, NULL);
	text_unref(argv);
	text_unref(exe);
	image_set_texts(second, first->argv, first->exe, first->cwd);
	image_unref(first);
	assert_int_equal(second->process.argv_size, 4);
	assert_memory_equal(second->process.argv, "a\0b", 4);
	assert_string_equal(second->process.exe, "/bin/a");
	assert_string_equal(second->process.cwd, "");
	image_unref(second);
}

static void texts_may_be_set_to_themselves(void **state)
{
	struct text *argv = text_new("a", 2);
	struct image *image = make(1);

	(void)state;
	image_set_texts(image, argv, NULL, NULL);
	text_unref(argv);
	image_set_texts(image, image->argv, image->exe, image->cwd);
	assert_string_equal(image->process.argv, "a");
	image_set_texts(image, NULL, NULL, NULL);
	assert_string_equal(image->process.argv, "");
	image_unref(image);
}

static void a_text_ends_with_a_nul_that_is_not_counted(void **state)
{
	struct text *text = text_new("abc", 2);

	(void)state;
	assert_int_equal(text->size, 2);
	assert_string_equal(text->bytes, "ab");
	text_unref(text);
	text = text_new("", 0);
	assert_string_equal(text->bytes, "");
	text_unref(text);
	text_unref(NULL);
	assert_null(text_ref(NULL));
}

static void ancestors_live_as_long_as_a_descendant(void **state)
{
	struct image *parent = make(1);
	struct image *child = make(2);

	(void)state;
	child->parent = image_ref(parent);
	image_unref(parent);
	assert_int_equal(child->parent->process.pid, 1);
	image_unref(child);
}

static void a_tree_goes_from_leaf_to_root(void **state)
{
	struct image *root = make(1);
	struct image *middle = make(2);
	struct image *leaf = make(3);
	const struct process *tree[8];

	(void)state;
	middle->parent = root;
	leaf->parent = middle;
	assert_int_equal(image_tree(leaf, tree, 8), 3);
	assert_int_equal(tree[0]->pid, 3);
	assert_int_equal(tree[1]->pid, 2);
	assert_int_equal(tree[2]->pid, 1);
	image_unref(leaf);
}

static void a_tree_is_cut_at_the_root_end(void **state)
{
	struct image *root = make(1);
	struct image *leaf = make(2);
	const struct process *tree[1];

	(void)state;
	leaf->parent = root;
	assert_int_equal(image_tree(leaf, tree, 1), 1);
	assert_int_equal(tree[0]->pid, 2);
	assert_int_equal(image_tree(leaf, tree, 0), 0);
	assert_int_equal(image_tree(NULL, tree, 1), 0);
	image_unref(leaf);
}

static void a_lineage_of_a_hundred_thousand_levels_is_let_go_without_recursion(void **state)
{
	struct image *image = NULL;

	(void)state;
	for (uint32_t pid = 1; pid <= 100000; pid++) {
		struct image *child = make(pid);

		child->parent = image;
		image = child;
	}
	image_unref(image);
}

static void null_has_no_references(void **state)
{
	(void)state;
	assert_null(image_ref(NULL));
	image_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_says_what_its_task_said),
		cmocka_unit_test(a_comm_without_a_nul_is_taken_whole),
		cmocka_unit_test(a_kernel_thread_is_flagged),
		cmocka_unit_test(texts_are_empty_and_not_null_at_first),
		cmocka_unit_test(texts_are_shared_and_outlive_whoever_made_them),
		cmocka_unit_test(texts_may_be_set_to_themselves),
		cmocka_unit_test(a_text_ends_with_a_nul_that_is_not_counted),
		cmocka_unit_test(ancestors_live_as_long_as_a_descendant),
		cmocka_unit_test(a_tree_goes_from_leaf_to_root),
		cmocka_unit_test(a_tree_is_cut_at_the_root_end),
		cmocka_unit_test(
			a_lineage_of_a_hundred_thousand_levels_is_let_go_without_recursion),
		cmocka_unit_test(null_has_no_references),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
