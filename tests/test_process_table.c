// SPDX-License-Identifier: Apache-2.0
#include "tests/fixture_process.h"

static struct processes fixture;
static struct process_table *table;
static struct stored *const stored = &fixture.stored;

static int set_up(void **state)
{
	(void)state;
	processes_open(&fixture);
	table = fixture.table;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	processes_close(&fixture);
	return 0;
}

/* pid's running image, found by another record of the process. */
static struct image *find_at(uint64_t boot_ns, const struct wire_task *task)
{
	struct image *image;

	assert_int_equal(process_table_find(table, task, boot_ns, &image), 0);
	return image;
}

static const struct stored_image *last_image(void)
{
	assert_in_range(stored->images, 1, STORED_MAX);
	return &stored->image[stored->images - 1];
}

/* Fork and exec. */

static void a_fork_makes_an_image_with_its_parents_texts(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task child = task_of_alice(11, 200);
	struct image *image;

	(void)state;
	assert_int_equal(seed_at(&fixture, 150, &parent, NULL, "-sh"), 0);
	assert_int_equal(fork_at(&fixture, 200, &parent, 11), 0);
	image = running(&fixture, &child);
	assert_string_equal(image->process.argv, "-sh");
	assert_string_equal(image->process.exe, "/bin/seeded");
	assert_int_equal(image->process.id, BOOT + 200);
	assert_int_equal(image->process.start_ns, BOOT + 200);
	assert_int_equal(image->process.replaced_id, 0);
	assert_int_equal(image->process.parent_id, running(&fixture, &parent)->process.id);
	assert_int_equal(image->process.flags, 0);
	assert_string_equal(last_image()->argv, "-sh");
}

static void a_fork_inherits_that_its_parents_texts_were_cut(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task child = task_of_alice(11, 200);
	uint32_t cut = PROCESS_ARGV_CUT | PROCESS_EXE_CUT;

	(void)state;
	seed_at(&fixture, 150, &parent, NULL, "-sh");
	running(&fixture, &parent)->process.flags |= cut | PROCESS_EXEC;
	fork_at(&fixture, 200, &parent, 11);
	assert_int_equal(running(&fixture, &child)->process.flags, cut);
}

static void users_are_named_when_an_image_is_stored(void **state)
{
	struct wire_task root = task_of_alice(10, 100);

	(void)state;
	root.uid = 0;
	seed_at(&fixture, 150, &root, NULL, "su");
	assert_string_equal(last_image()->process.username, "root");
	assert_string_equal(last_image()->process.loginname, "alice");
}

static void nobody_who_logged_in_has_no_login_name(void **state)
{
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	task.uid = 4242;
	task.loginuid = NO_ID;
	seed_at(&fixture, 150, &task, NULL, "x");
	assert_null(last_image()->process.username);
	assert_null(last_image()->process.loginname);
}

static void an_exec_replaces_the_image_and_keeps_the_lineage(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task child = task_of_alice(11, 200);
	struct image *image;

	(void)state;
	seed_at(&fixture, 150, &parent, NULL, "-sh");
	fork_at(&fixture, 200, &parent, 11);
	strcpy(child.comm, "curl");
	assert_int_equal(exec_at(&fixture, 300, &child, "curl"), 0);
	image = running(&fixture, &child);
	assert_int_equal(image->process.id, BOOT + 300);
	assert_int_equal(image->process.start_ns, BOOT + 200);
	assert_int_equal(image->process.replaced_id, BOOT + 200);
	assert_int_equal(image->process.parent_id, running(&fixture, &parent)->process.id);
	assert_int_equal(image->process.flags, PROCESS_EXEC);
	assert_string_equal(image->process.comm, "curl");
	assert_string_equal(image->process.argv, "curl");
	assert_string_equal(image->process.exe, "/usr/bin/program");
	assert_string_equal(image->process.cwd, "/home/alice");
	assert_int_equal(process_table_count(table), 2);
}

static void an_exec_says_what_of_its_texts_is_missing(void **state)
{
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	seed_at(&fixture, 150, &task, NULL, "-sh");
	exec_at(&fixture, 300, &task, "x");
	fixture.exec.header.boot_ns = 400;
	fixture.exec.exec.flags = WIRE_EXEC_EXE_CUT | WIRE_EXEC_CWD_CUT | WIRE_EXEC_ARGV_CUT |
				  WIRE_EXEC_ARGV_UNREADABLE | WIRE_EXEC_EXE_DELETED;
	assert_int_equal(process_table_exec(table, &fixture.exec), 0);
	assert_int_equal(running(&fixture, &task)->process.flags,
			 PROCESS_EXEC | PROCESS_EXE_CUT | PROCESS_CWD_CUT | PROCESS_ARGV_CUT |
				 PROCESS_ARGV_LOST);
}

static void a_child_belongs_to_the_image_that_forked_it(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task before = task_of_alice(11, 200);
	struct wire_task after = task_of_alice(12, 400);

	(void)state;
	seed_at(&fixture, 150, &parent, NULL, "-sh");
	fork_at(&fixture, 200, &parent, 11);
	exec_at(&fixture, 300, &parent, "nc");
	fork_at(&fixture, 400, &parent, 12);
	assert_int_equal(running(&fixture, &before)->process.parent_id, BOOT + 100);
	assert_int_equal(running(&fixture, &after)->process.parent_id, BOOT + 300);
	assert_string_equal(running(&fixture, &before)->parent->process.argv, "-sh");
	assert_string_equal(running(&fixture, &after)->parent->process.argv, "nc");
}

static void what_the_idle_task_forked_is_the_top(void **state)
{
	struct wire_task idle = task_of_alice(0, 0);
	struct wire_task init = task_of_alice(1, 5);

	(void)state;
	assert_int_equal(fork_at(&fixture, 5, &idle, 1), 0);
	assert_int_equal(running(&fixture, &init)->process.parent_id, 0);
	assert_null(running(&fixture, &init)->parent);
	assert_int_equal(process_table_count(table), 1);
}

static void ids_of_images_of_one_moment_differ(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task a = task_of_alice(11, 200);
	struct wire_task b = task_of_alice(12, 200);

	(void)state;
	seed_at(&fixture, 150, &parent, NULL, "-sh");
	fork_at(&fixture, 200, &parent, 11);
	fork_at(&fixture, 200, &parent, 12);
	assert_int_equal(running(&fixture, &a)->process.id, BOOT + 200);
	assert_int_equal(running(&fixture, &b)->process.id, BOOT + 201);
}

/* Exit, reuse of pids, reparenting. */

static void an_exit_ends_every_image_of_its_process(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task child = task_of_alice(11, 200);

	(void)state;
	seed_at(&fixture, 150, &parent, NULL, "-sh");
	fork_at(&fixture, 200, &parent, 11);
	exec_at(&fixture, 300, &child, "env");
	exec_at(&fixture, 400, &child, "curl");
	assert_int_equal(exit_at(&fixture, 500, &child, 0x100), 0);
	assert_int_equal(stored->exits, 3);
	assert_int_equal(stored->exit[0].id, BOOT + 400);
	assert_int_equal(stored->exit[1].id, BOOT + 300);
	assert_int_equal(stored->exit[2].id, BOOT + 200);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(stored->exit[i].exit_ns, BOOT + 500);
		assert_int_equal(stored->exit[i].status, 0x100);
	}
	assert_null(process_table_lookup(table, 11, 200));
	assert_int_equal(process_table_count(table), 1);
}

static void a_second_exit_of_a_process_is_passed_over(void **state)
{
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	seed_at(&fixture, 150, &task, NULL, "-sh");
	exit_at(&fixture, 500, &task, 0);
	assert_int_equal(exit_at(&fixture, 501, &task, 9), 0);
	assert_int_equal(stored->exits, 1);
	assert_int_equal(stored->exit[0].status, 0);
}

static void an_exit_of_an_unknown_process_is_passed_over(void **state)
{
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	assert_int_equal(exit_at(&fixture, 500, &task, 0), 0);
	assert_int_equal(stored->exits, 0);
	assert_int_equal(stored->images, 0);
}

static void a_child_of_a_dead_parent_keeps_it(void **state)
{
	struct wire_task init = task_of_alice(1, 1);
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task child = task_of_alice(11, 200);
	const struct process *tree[4];

	(void)state;
	seed_at(&fixture, 50, &init, NULL, "init");
	fork_at(&fixture, 100, &init, 10);
	exec_at(&fixture, 150, &parent, "dropper");
	fork_at(&fixture, 200, &parent, 11);
	exit_at(&fixture, 300, &parent, 9);
	exec_at(&fixture, 400, &child, "implant");
	assert_int_equal(image_tree(running(&fixture, &child), tree, 4), 3);
	assert_string_equal(tree[0]->argv, "implant");
	assert_string_equal(tree[1]->argv, "dropper");
	assert_int_equal(tree[1]->exit_ns, BOOT + 300);
	assert_int_equal(tree[1]->exit_status, 9);
	assert_string_equal(tree[2]->argv, "init");
}

static void a_pid_that_is_reused_is_another_process(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task first = task_of_alice(11, 200);
	struct wire_task second = task_of_alice(11, 500);

	(void)state;
	seed_at(&fixture, 150, &parent, NULL, "-sh");
	fork_at(&fixture, 200, &parent, 11);
	exec_at(&fixture, 300, &first, "first");
	exit_at(&fixture, 400, &first, 0);
	fork_at(&fixture, 500, &parent, 11);
	assert_null(process_table_lookup(table, 11, 200));
	assert_string_equal(running(&fixture, &second)->process.argv, "-sh");
	assert_int_equal(running(&fixture, &second)->process.replaced_id, 0);
	/* Another exit record of the first one does not touch it. */
	exit_at(&fixture, 600, &first, 0);
	assert_int_equal(running(&fixture, &second)->process.exit_ns, 0);
}

static void a_reused_pid_ends_a_process_whose_exit_was_lost(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);

	(void)state;
	seed_at(&fixture, 150, &parent, NULL, "-sh");
	fork_at(&fixture, 200, &parent, 11);
	fork_at(&fixture, 500, &parent, 11);
	assert_int_equal(stored->exits, 1);
	assert_int_equal(stored->exit[0].id, BOOT + 200);
	assert_int_equal(stored->exit[0].exit_ns, BOOT + 500);
	assert_int_equal(process_table_count(table), 2);
}

static void what_the_kernel_does_for_a_process_after_its_exit_is_its_own(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task child = task_of_alice(11, 200);
	struct wire_task brief = {.pid = 11, .start_boot_ns = 200, .flags = WIRE_TASK_BRIEF};
	struct image *image;
	size_t images;

	(void)state;
	seed_at(&fixture, 150, &parent, NULL, "-sh");
	fork_at(&fixture, 200, &parent, 11);
	exec_at(&fixture, 300, &child, "curl");
	exit_at(&fixture, 400, &child, 0);
	images = stored->images;
	image = find_at(450, &brief);
	assert_string_equal(image->process.argv, "curl");
	assert_int_equal(image->parent->process.pid, 10);
	/* Whatever its credentials were while it exited. */
	child.uid = 0;
	assert_ptr_equal(find_at(460, &child), image);
	assert_int_equal(stored->images, images);
	assert_int_equal(process_table_count(table), 1);
}

static void a_process_that_exited_is_forgotten_in_the_end(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task first = task_of_alice(11, 200);

	(void)state;
	seed_at(&fixture, 150, &parent, NULL, "-sh");
	fork_at(&fixture, 200, &parent, 11);
	exit_at(&fixture, 300, &first, 0);
	for (uint64_t i = 1; i <= 5000; i++) {
		struct wire_task task = task_of_alice(12, 1000 * i);

		fork_at(&fixture, 1000 * i, &parent, 12);
		exit_at(&fixture, 1000 * i + 1, &task, 0);
	}
	assert_int_equal(find_at(6000000, &first)->process.flags, PROCESS_STUB);
}

static void a_late_stub_does_not_end_the_process_that_has_its_pid_now(void **state)
{
	struct wire_task now = task_of_alice(11, 500);
	struct wire_task gone = task_of_alice(11, 200);

	(void)state;
	seed_at(&fixture, 600, &now, NULL, "now");
	assert_int_equal(find_at(700, &gone)->process.flags, PROCESS_STUB);
	assert_int_equal(stored->exits, 0);
	assert_string_equal(running(&fixture, &now)->process.argv, "now");
	/* And is made only once. */
	find_at(710, &gone);
	assert_int_equal(stored->images, 2);
}

/* Credentials. */

static void changed_credentials_make_an_image(void **state)
{
	struct wire_task task = task_of_alice(10, 100);
	struct image *image;

	(void)state;
	seed_at(&fixture, 150, &task, NULL, "su");
	exec_at(&fixture, 200, &task, "su");
	task.uid = 0;
	image = find_at(300, &task);
	assert_int_equal(image->process.id, BOOT + 300);
	assert_int_equal(image->process.replaced_id, BOOT + 200);
	assert_int_equal(image->process.uid, 0);
	assert_string_equal(image->process.username, "root");
	assert_int_equal(image->process.flags, PROCESS_CREDENTIALS);
	assert_string_equal(image->process.argv, "su");
	assert_int_equal(image->process.start_ns, BOOT + 100);
	assert_ptr_equal(running(&fixture, &task), image);
}

static void the_same_credentials_make_none(void **state)
{
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	seed_at(&fixture, 150, &task, NULL, "su");
	task.net_ns = 99;
	strcpy(task.comm, "renamed");
	find_at(300, &task);
	assert_int_equal(stored->images, 1);
}

static void every_credential_counts(void **state)
{
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	seed_at(&fixture, 150, &task, NULL, "su");
	task.gid++;
	find_at(300, &task);
	task.loginuid++;
	find_at(301, &task);
	task.session++;
	find_at(302, &task);
	assert_int_equal(stored->images, 4);
	assert_int_equal(running(&fixture, &task)->process.session, 4);
}

static void a_brief_record_says_nothing_of_credentials(void **state)
{
	struct wire_task task = task_of_alice(10, 100);
	struct wire_task brief = {.pid = 10, .start_boot_ns = 100, .flags = WIRE_TASK_BRIEF};

	(void)state;
	seed_at(&fixture, 150, &task, NULL, "su");
	assert_int_equal(find_at(300, &brief)->process.uid, 1000);
	assert_int_equal(stored->images, 1);
}

static void a_child_shows_its_parents_new_credentials(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task child = task_of_alice(11, 200);

	(void)state;
	seed_at(&fixture, 150, &parent, NULL, "sudo");
	parent.uid = 0;
	fork_at(&fixture, 200, &parent, 11);
	assert_int_equal(stored->images, 3);
	assert_int_equal(stored->image[1].process.pid, 10);
	assert_int_equal(stored->image[1].process.uid, 0);
	assert_int_equal(running(&fixture, &child)->process.parent_id, stored->image[1].process.id);
	assert_true(running(&fixture, &child)->process.id > stored->image[1].process.id);
}

/* Stubs. */

static void an_unknown_parent_becomes_a_stub_like_its_child(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task child = task_of_alice(11, 200);
	struct image *image;

	(void)state;
	fork_at(&fixture, 200, &parent, 11);
	image = running(&fixture, &parent);
	assert_int_equal(image->process.flags, PROCESS_STUB);
	assert_int_equal(image->process.id, BOOT + 100);
	assert_int_equal(image->process.uid, 1000);
	assert_string_equal(image->process.comm, "sh");
	assert_int_equal(running(&fixture, &child)->process.parent_id, BOOT + 100);
	assert_int_equal(stored->image[0].process.pid, 10);
	assert_int_equal(stored->image[1].process.pid, 11);
}

static void an_unknown_process_that_acts_becomes_a_stub(void **state)
{
	struct wire_task task = task_of_alice(10, 100);
	struct image *image = find_at(300, &task);

	(void)state;
	assert_int_equal(image->process.flags, PROCESS_STUB);
	assert_int_equal(image->process.id, BOOT + 100);
	assert_ptr_equal(find_at(400, &task), image);
	assert_int_equal(stored->images, 1);
}

static void a_stub_of_a_brief_record_claims_no_user(void **state)
{
	struct wire_task brief = {.pid = 10, .start_boot_ns = 100, .flags = WIRE_TASK_BRIEF};
	struct image *image = find_at(300, &brief);

	(void)state;
	assert_int_equal(image->process.uid, NO_ID);
	assert_int_equal(image->process.gid, NO_ID);
	assert_int_equal(image->process.loginuid, NO_ID);
	assert_int_equal(image->process.session, NO_ID);
	assert_null(image->process.username);
	assert_null(image->process.loginname);
}

static void an_exec_of_an_unknown_process_has_a_stub_before_it(void **state)
{
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	assert_int_equal(exec_at(&fixture, 300, &task, "x"), 0);
	assert_int_equal(stored->images, 2);
	assert_int_equal(stored->image[0].process.flags, PROCESS_STUB);
	assert_int_equal(stored->image[1].process.replaced_id, BOOT + 100);
	assert_string_equal(running(&fixture, &task)->process.argv, "x");
}

/* Seeds. */

static void a_seed_knows_its_parent(void **state)
{
	struct wire_task init = task_of_alice(1, 1);
	struct wire_task task = task_of_alice(10, 100);
	struct image *image;

	(void)state;
	seed_at(&fixture, 500, &init, NULL, "init");
	seed_at(&fixture, 501, &task, &init, "daemon");
	image = running(&fixture, &task);
	assert_int_equal(image->process.flags, PROCESS_SEEDED);
	assert_int_equal(image->process.id, BOOT + 100);
	assert_int_equal(image->process.parent_id, BOOT + 1);
	assert_string_equal(image->process.argv, "daemon");
}

static void a_seed_whose_parent_is_not_there_is_the_top(void **state)
{
	struct wire_task init = task_of_alice(1, 1);
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	seed_at(&fixture, 501, &task, &init, "daemon");
	assert_int_equal(running(&fixture, &task)->process.parent_id, 0);
	assert_int_equal(stored->images, 1);
}

static void a_seed_of_a_known_process_changes_nothing(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task child = task_of_alice(11, 200);

	(void)state;
	seed_at(&fixture, 150, &parent, NULL, "-sh");
	fork_at(&fixture, 200, &parent, 11);
	seed_at(&fixture, 300, &child, NULL, "other");
	assert_int_equal(stored->images, 2);
	assert_string_equal(running(&fixture, &child)->process.argv, "-sh");
	assert_int_equal(running(&fixture, &child)->process.parent_id, BOOT + 100);
}

static void seeds_that_began_in_the_same_tick_have_ids_of_their_own(void **state)
{
	struct wire_task init = task_of_alice(1, 200000000);
	struct wire_task kthreadd = task_of_alice(2, 200000000);
	struct wire_task kworker = task_of_alice(3, 200000000);
	struct wire_task later = task_of_alice(4, 204000000);

	(void)state;
	seed_at(&fixture, 500, &init, NULL, "init");
	seed_at(&fixture, 501, &kthreadd, NULL, NULL);
	seed_at(&fixture, 502, &kworker, &kthreadd, NULL);
	seed_at(&fixture, 503, &later, &kthreadd, NULL);
	assert_int_equal(running(&fixture, &init)->process.id, BOOT + 200000000);
	assert_int_equal(running(&fixture, &kthreadd)->process.id, BOOT + 200000001);
	assert_int_equal(running(&fixture, &kworker)->process.id, BOOT + 200000002);
	assert_int_equal(running(&fixture, &kworker)->process.parent_id, BOOT + 200000001);
	assert_int_equal(running(&fixture, &kworker)->process.start_ns, BOOT + 200000000);
	assert_int_equal(running(&fixture, &later)->process.id, BOOT + 204000000);
}

static void a_fork_whose_child_was_seeded_meanwhile_is_passed_over(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task child = task_of_alice(11, 200);

	(void)state;
	seed_at(&fixture, 300, &parent, NULL, "-sh");
	seed_at(&fixture, 301, &child, &parent, "-sh");
	assert_int_equal(fork_at(&fixture, 200, &parent, 11), 0);
	assert_int_equal(stored->images, 2);
	assert_int_equal(running(&fixture, &child)->process.parent_id, BOOT + 100);
}

static void an_exec_before_its_process_was_seeded_is_passed_over(void **state)
{
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	seed_at(&fixture, 300, &task, NULL, "curl");
	assert_int_equal(exec_at(&fixture, 250, &task, "curl"), 0);
	assert_int_equal(stored->images, 1);
	assert_int_equal(running(&fixture, &task)->process.flags, PROCESS_SEEDED);
}

static void an_exec_after_its_process_was_seeded_counts(void **state)
{
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	seed_at(&fixture, 300, &task, NULL, "-sh");
	assert_int_equal(exec_at(&fixture, 350, &task, "curl"), 0);
	assert_string_equal(running(&fixture, &task)->process.argv, "curl");
}

static void an_exec_tells_what_proc_could_not(void **state)
{
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	seed_at(&fixture, 300, &task, NULL, NULL); /* gone before /proc was read */
	assert_int_equal(exec_at(&fixture, 250, &task, "curl"), 0);
	assert_string_equal(running(&fixture, &task)->process.argv, "curl");
}

static void a_seed_that_exited_meanwhile_exits(void **state)
{
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	seed_at(&fixture, 300, &task, NULL, "x");
	exit_at(&fixture, 310, &task, 0);
	assert_int_equal(stored->exits, 1);
	assert_int_equal(process_table_count(table), 0);
}

/* Restored images. */

static struct process restored_process(int64_t id, uint32_t pid)
{
	return (struct process){
		.id = id,
		.start_ns = id,
		.start_boot_ns = id - BOOT,
		.pid = pid,
		.uid = 1000,
		.gid = 1000,
		.loginuid = 1000,
		.session = 3,
		.comm = "restored",
		.argv = "argv\0two",
		.argv_size = 9,
		.exe = "/bin/restored",
		.cwd = "/tmp",
		.flags = PROCESS_EXEC,
	};
}

static void a_restored_image_goes_on_under_its_id(void **state)
{
	struct process process = restored_process(BOOT + 100, 10);
	struct wire_task task = task_of_alice(10, 100);
	struct image *image;

	(void)state;
	assert_int_equal(process_table_restore(table, &process), 0);
	process_table_restore_end(table, false);
	assert_int_equal(stored->images, 0);
	image = find_at(500, &task);
	assert_int_equal(image->process.id, BOOT + 100);
	assert_string_equal(image->process.comm, "restored");
	assert_memory_equal(image->process.argv, "argv\0two", 9);
	assert_string_equal(image->process.exe, "/bin/restored");
	assert_string_equal(image->process.username, "alice");
	assert_int_equal(image->process.flags, PROCESS_EXEC);
	assert_int_equal(stored->images, 0);
}

static void a_restored_lineage_holds_dead_ancestors(void **state)
{
	struct process parent = restored_process(BOOT + 100, 10);
	struct process child = restored_process(BOOT + 200, 11);
	struct wire_task task = task_of_alice(11, 200);
	struct image *image;

	(void)state;
	parent.exit_ns = BOOT + 300;
	parent.exit_status = 9;
	child.parent_id = BOOT + 100;
	process_table_restore(table, &parent);
	process_table_restore(table, &child);
	process_table_restore_end(table, false);
	assert_int_equal(process_table_count(table), 1);
	image = running(&fixture, &task);
	assert_int_equal(image->parent->process.pid, 10);
	assert_int_equal(image->parent->process.exit_ns, BOOT + 300);
	assert_int_equal(image->parent->process.exit_status, 9);
}

static void a_parent_that_was_not_stored_keeps_its_id(void **state)
{
	struct process child = restored_process(BOOT + 200, 11);
	struct wire_task task = task_of_alice(11, 200);

	(void)state;
	child.parent_id = BOOT + 100;
	process_table_restore(table, &child);
	process_table_restore_end(table, false);
	assert_int_equal(running(&fixture, &task)->process.parent_id, BOOT + 100);
	assert_null(running(&fixture, &task)->parent);
}

static void restored_images_are_found_by_id_until_the_end(void **state)
{
	struct process process = restored_process(BOOT + 100, 10);

	(void)state;
	process_table_restore(table, &process);
	assert_int_equal(process_table_restored(table, BOOT + 100)->process.pid, 10);
	assert_null(process_table_restored(table, BOOT + 101));
	process_table_restore_end(table, false);
	assert_null(process_table_restored(table, BOOT + 100));
}

static void an_exit_ends_every_restored_image_of_its_process(void **state)
{
	struct process before = restored_process(BOOT + 100, 10);
	struct process after = restored_process(BOOT + 200, 10);
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	after.start_boot_ns = 100;
	after.replaced_id = BOOT + 100;
	process_table_restore(table, &before);
	process_table_restore(table, &after);
	process_table_restore_end(table, false);
	assert_int_equal(process_table_count(table), 1);
	assert_int_equal(running(&fixture, &task)->process.id, BOOT + 200);
	exit_at(&fixture, 500, &task, 0);
	assert_int_equal(stored->exits, 2);
	assert_int_equal(stored->exit[0].id, BOOT + 200);
	assert_int_equal(stored->exit[1].id, BOOT + 100);
}

static void of_two_restored_processes_of_a_pid_the_newer_one_runs(void **state)
{
	struct process first = restored_process(BOOT + 100, 10);
	struct process second = restored_process(BOOT + 200, 10);
	struct wire_task task = task_of_alice(10, 200);

	(void)state;
	process_table_restore(table, &first);
	process_table_restore(table, &second);
	process_table_restore_end(table, false);
	assert_int_equal(running(&fixture, &task)->process.id, BOOT + 200);
	exit_at(&fixture, 500, &task, 0);
	assert_int_equal(stored->exits, 1);
}

static void restored_processes_that_run_no_more_are_forgotten(void **state)
{
	struct process gone = restored_process(BOOT + 100, 10);
	struct process runs = restored_process(BOOT + 200, 11);
	struct wire_task task = task_of_alice(11, 200);

	(void)state;
	process_table_restore(table, &gone);
	process_table_restore(table, &runs);
	seed_at(&fixture, 500, &task, NULL, "x");
	process_table_restore_end(table, true);
	assert_int_equal(process_table_count(table), 1);
	assert_int_equal(running(&fixture, &task)->process.id, BOOT + 200);
	assert_int_equal(stored->images, 0);
}

static void what_was_recorded_meanwhile_keeps_restored_processes(void **state)
{
	struct process process = restored_process(BOOT + 100, 10);
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	process_table_restore(table, &process);
	process_table_restore_end(table, false);
	exit_at(&fixture, 500, &task, 0);
	assert_int_equal(stored->exit[0].id, BOOT + 100);
}

static void a_table_may_be_freed_while_it_is_restored(void **state)
{
	struct process process = restored_process(BOOT + 100, 10);

	(void)state;
	process_table_restore(table, &process);
	process.id++;
	process.exit_ns = 1;
	process_table_restore(table, &process);
}

static void a_long_row_of_restored_execs_is_no_deep_recursion(void **state)
{
	struct process process = restored_process(BOOT + 100, 10);
	struct wire_task task = task_of_alice(10, 100);

	(void)state;
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(process_table_restore(table, &process), 0);
		process.replaced_id = process.id++;
	}
	process_table_restore_end(table, false);
	exit_at(&fixture, 500, &task, 0);
	assert_in_range(stored->exits, 2, 100);
}

/* Size and failure. */

static void a_lineage_of_a_hundred_thousand_levels_is_followed_and_let_go(void **state)
{
	enum { LEVELS = 100000 };
	static const struct process *tree[LEVELS + 1];
	struct wire_task task = task_of_alice(1, 1);

	(void)state;
	seed_at(&fixture, 2, &task, NULL, "init");
	for (uint32_t i = 1; i < LEVELS; i++) {
		struct wire_task parent = task;

		assert_int_equal(fork_at(&fixture, 10 * i, &parent, i + 1), 0);
		task = task_of_alice(i + 1, 10 * i);
		assert_int_equal(exec_at(&fixture, 10 * i + 5, &task, "next"), 0);
		exit_at(&fixture, 10 * i + 6, &parent, 0);
	}
	assert_int_equal(process_table_count(table), 1);
	assert_int_equal(image_tree(running(&fixture, &task), tree, LEVELS + 1), LEVELS);
	assert_int_equal(tree[LEVELS - 1]->pid, 1);
}

static void a_process_that_execs_for_ever_keeps_few_images(void **state)
{
	struct wire_task task = task_of_alice(10, 100);
	size_t kept = 0;

	(void)state;
	seed_at(&fixture, 150, &task, NULL, "-sh");
	for (uint64_t i = 0; i < 100000; i++)
		exec_at(&fixture, 1000 + i, &task, "again");
	for (const struct image *image = running(&fixture, &task); image; image = image->replaced)
		kept++;
	assert_in_range(kept, 2, 100);
	exit_at(&fixture, 200000, &task, 0);
	assert_int_equal(stored->exits, kept);
}

static void what_the_sink_refuses_is_told(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task child = task_of_alice(11, 200);
	struct image *image;

	(void)state;
	stored->r = -ENOSPC;
	assert_int_equal(seed_at(&fixture, 150, &parent, NULL, "-sh"), -ENOSPC);
	assert_int_equal(fork_at(&fixture, 200, &parent, 11), -ENOSPC);
	assert_int_equal(exec_at(&fixture, 300, &child, "x"), -ENOSPC);
	child.uid = 0;
	assert_int_equal(process_table_find(table, &child, 400, &image), -ENOSPC);
	assert_int_equal(exit_at(&fixture, 500, &child, 0), -ENOSPC);
}

static void a_fork_bomb_leaves_nothing_behind(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);

	(void)state;
	seed_at(&fixture, 150, &parent, NULL, "-sh");
	for (uint32_t i = 0; i < 20000; i++)
		fork_at(&fixture, 1000 + i, &parent, 1000 + i);
	assert_int_equal(process_table_count(table), 20001);
	for (uint32_t i = 0; i < 20000; i++) {
		struct wire_task child = task_of_alice(1000 + i, 1000 + i);

		exit_at(&fixture, 50000 + i, &child, 0);
	}
	assert_int_equal(process_table_count(table), 1);
	assert_int_equal(stored->exits, 20000);
}

static struct wire_task in_cgroup(struct wire_task task, uint64_t cgroup_id)
{
	task.cgroup_id = cgroup_id;
	return task;
}

static const char *container_of(const struct wire_task *task)
{
	const struct container *container = running(&fixture, task)->process.container;

	return container ? container->runtime_id : NULL;
}

static void an_image_knows_its_container(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task inside = in_cgroup(task_of_alice(11, 200), 500);
	struct wire_task child = in_cgroup(task_of_alice(12, 300), 500);

	(void)state;
	make_cgroup(&fixture.containers, 500, PATH_A);
	seed_at(&fixture, 150, &parent, NULL, "containerd-shim");
	fork_at(&fixture, 200, &parent, 11);
	assert_null(container_of(&inside));
	/* The runtime moves it, then it becomes the container's first program. */
	exec_at(&fixture, 250, &inside, "/bin/server");
	assert_string_equal(container_of(&inside), ID_A);
	fork_at(&fixture, 300, &inside, 12);
	assert_string_equal(container_of(&child), ID_A);
	assert_string_equal(stored->image[stored->images - 1].process.container->runtime_id, ID_A);
}

static void an_image_keeps_its_container_when_that_has_gone(void **state)
{
	struct wire_task inside = in_cgroup(task_of_alice(11, 200), 500);

	(void)state;
	make_cgroup(&fixture.containers, 500, PATH_A);
	seed_at(&fixture, 150, &inside, NULL, "server");
	remove_cgroup(&fixture.containers, 500, PATH_A);
	assert_string_equal(container_of(&inside), ID_A);
	exit_at(&fixture, 400, &inside, 0);
}

static void a_move_into_a_container_makes_an_image(void **state)
{
	struct wire_task task = task_of_alice(10, 100);
	struct wire_task moved = in_cgroup(task, 500);
	struct image *before, *after, *again;

	(void)state;
	make_cgroup(&fixture.containers, 500, PATH_A);
	seed_at(&fixture, 150, &task, NULL, "-sh");
	assert_int_equal(process_table_find(table, &task, 200, &before), 0);
	assert_int_equal(process_table_find(table, &moved, 300, &after), 0);
	assert_ptr_not_equal(after, before);
	assert_string_equal(after->process.container->runtime_id, ID_A);
	assert_int_equal(after->process.replaced_id, before->process.id);
	assert_int_equal(after->process.flags & (PROCESS_MOVED | PROCESS_CREDENTIALS),
			 PROCESS_MOVED);
	assert_string_equal(after->process.argv, "-sh");
	assert_int_equal(process_table_find(table, &moved, 400, &again), 0);
	assert_ptr_equal(again, after);
}

/* clone3(2) with CLONE_INTO_CGROUP. */
static void a_child_in_a_container_does_not_move_its_parent(void **state)
{
	struct wire_task parent = task_of_alice(10, 100);
	struct wire_task child = in_cgroup(task_of_alice(11, 200), 500);
	struct wire_fork fork = {
		.header = {.type = WIRE_FORK, .size = sizeof(fork), .boot_ns = 200},
		.task = child,
		.parent_pid = 10,
		.parent_start_boot_ns = 100,
	};
	const struct image *image;

	(void)state;
	make_cgroup(&fixture.containers, 500, PATH_A);
	seed_at(&fixture, 150, &parent, NULL, "runtime");
	image = running(&fixture, &parent);
	assert_int_equal(process_table_fork(table, &fork), 0);
	assert_ptr_equal(running(&fixture, &parent), image);
	assert_null(container_of(&parent));
	assert_string_equal(container_of(&child), ID_A);
}

static void a_restored_image_is_in_its_container(void **state)
{
	const struct container container = {.runtime_id = ID_A, .name = "web"};
	struct process process = {
		.id = BOOT + 100,
		.start_boot_ns = 100,
		.pid = 10,
		.uid = 1000,
		.gid = 1000,
		.loginuid = 1000,
		.session = 3,
		.cgroup_id = 500,
		.argv = "",
		.comm = "sh",
		.exe = "",
		.cwd = "",
		.container = &container,
	};
	struct wire_task task = in_cgroup(task_of_alice(10, 100), 500);
	struct image *image;

	(void)state;
	assert_int_equal(process_table_restore(table, &process), 0);
	process_table_restore_end(table, false);
	assert_int_equal(process_table_find(table, &task, 200, &image), 0);
	assert_int_equal(image->process.id, BOOT + 100);
	assert_string_equal(image->process.container->name, "web");
	assert_ptr_not_equal(image->process.container, &container);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_fork_makes_an_image_with_its_parents_texts),
		TEST(a_fork_inherits_that_its_parents_texts_were_cut),
		TEST(users_are_named_when_an_image_is_stored),
		TEST(nobody_who_logged_in_has_no_login_name),
		TEST(an_exec_replaces_the_image_and_keeps_the_lineage),
		TEST(an_exec_says_what_of_its_texts_is_missing),
		TEST(a_child_belongs_to_the_image_that_forked_it),
		TEST(what_the_idle_task_forked_is_the_top),
		TEST(ids_of_images_of_one_moment_differ),
		TEST(an_exit_ends_every_image_of_its_process),
		TEST(a_second_exit_of_a_process_is_passed_over),
		TEST(an_exit_of_an_unknown_process_is_passed_over),
		TEST(a_child_of_a_dead_parent_keeps_it),
		TEST(a_pid_that_is_reused_is_another_process),
		TEST(a_reused_pid_ends_a_process_whose_exit_was_lost),
		TEST(what_the_kernel_does_for_a_process_after_its_exit_is_its_own),
		TEST(a_process_that_exited_is_forgotten_in_the_end),
		TEST(a_late_stub_does_not_end_the_process_that_has_its_pid_now),
		TEST(changed_credentials_make_an_image),
		TEST(the_same_credentials_make_none),
		TEST(every_credential_counts),
		TEST(a_brief_record_says_nothing_of_credentials),
		TEST(a_child_shows_its_parents_new_credentials),
		TEST(an_image_knows_its_container),
		TEST(an_image_keeps_its_container_when_that_has_gone),
		TEST(a_move_into_a_container_makes_an_image),
		TEST(a_child_in_a_container_does_not_move_its_parent),
		TEST(a_restored_image_is_in_its_container),
		TEST(an_unknown_parent_becomes_a_stub_like_its_child),
		TEST(an_unknown_process_that_acts_becomes_a_stub),
		TEST(a_stub_of_a_brief_record_claims_no_user),
		TEST(an_exec_of_an_unknown_process_has_a_stub_before_it),
		TEST(a_seed_knows_its_parent),
		TEST(a_seed_whose_parent_is_not_there_is_the_top),
		TEST(a_seed_of_a_known_process_changes_nothing),
		TEST(seeds_that_began_in_the_same_tick_have_ids_of_their_own),
		TEST(a_fork_whose_child_was_seeded_meanwhile_is_passed_over),
		TEST(an_exec_before_its_process_was_seeded_is_passed_over),
		TEST(an_exec_after_its_process_was_seeded_counts),
		TEST(an_exec_tells_what_proc_could_not),
		TEST(a_seed_that_exited_meanwhile_exits),
		TEST(a_restored_image_goes_on_under_its_id),
		TEST(a_restored_lineage_holds_dead_ancestors),
		TEST(a_parent_that_was_not_stored_keeps_its_id),
		TEST(restored_images_are_found_by_id_until_the_end),
		TEST(an_exit_ends_every_restored_image_of_its_process),
		TEST(of_two_restored_processes_of_a_pid_the_newer_one_runs),
		TEST(restored_processes_that_run_no_more_are_forgotten),
		TEST(what_was_recorded_meanwhile_keeps_restored_processes),
		TEST(a_table_may_be_freed_while_it_is_restored),
		TEST(a_long_row_of_restored_execs_is_no_deep_recursion),
		TEST(a_lineage_of_a_hundred_thousand_levels_is_followed_and_let_go),
		TEST(a_process_that_execs_for_ever_keeps_few_images),
		TEST(what_the_sink_refuses_is_told),
		TEST(a_fork_bomb_leaves_nothing_behind),
	};

	return cmocka_run_group_tests_name("process_table", tests, NULL, NULL);
}
