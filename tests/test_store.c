// SPDX-License-Identifier: Apache-2.0
#include "tests/fixture_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "recorder/store.h"

#define NOW 1795515300000000000LL

static struct fixture fixture;
static struct store *store;

static const struct store_host host = {
	.name = "web1",
	.machine_id = "0123456789abcdef",
	.boot_id = "11111111-2222-3333-4444-555555555555",
	.kernel = "6.18.0 x86_64",
};

static const struct store_host rebooted = {
	.name = "web1",
	.machine_id = "0123456789abcdef",
	.boot_id = "99999999-2222-3333-4444-555555555555",
	.kernel = "6.18.0 x86_64",
};

static void open_store(const struct store_host *as_host, int64_t now_ns)
{
	char *message = NULL;

	if (store_open(fixture.directory, as_host, now_ns, &store, &message))
		fail_msg("%s", message ? message : "no message");
	assert_null(message);
}

static void close_store(void)
{
	store_free(store);
	store = NULL;
}

static void reopen_store(void)
{
	close_store();
	open_store(&host, NOW + 5000);
}

/* directory cannot be opened; the message says what. */
static void assert_refused(const char *directory, int r, const char *expected)
{
	struct store *other = NULL;
	char *message = NULL;

	assert_int_equal(store_open(directory, &host, NOW, &other, &message), r);
	assert_null(other);
	assert_non_null(message);
	assert_null(strchr(message, '\n'));
	if (!strstr(message, expected))
		fail_msg("'%s' does not say '%s'", message, expected);
	free(message);
}

static int set_up(void **state)
{
	(void)state;
	fixture_open(&fixture);
	open_store(&host, NOW);
	return 0;
}

static int set_up_directory(void **state)
{
	(void)state;
	fixture_open(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close_store();
	fixture_close(&fixture);
	return 0;
}

/* The first column of the first row, in a connection of its own, as text. */
static void assert_sql(const char *sql, const char *expected)
{
	sqlite3 *database;
	sqlite3_stmt *row;
	const char *text;

	assert_int_equal(sqlite3_open(store_path(store), &database), SQLITE_OK);
	if (sqlite3_prepare_v2(database, sql, -1, &row, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(database));
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	text = (const char *)sqlite3_column_text(row, 0);
	assert_string_equal(text ? text : "NULL", expected);
	sqlite3_finalize(row);
	sqlite3_close(database);
}

static int commit(void)
{
	return store_commit(store, 7, 4096, NOW + 1000);
}

static struct process process_of(int64_t id)
{
	return (struct process){
		.id = id,
		.start_ns = id,
		.start_boot_ns = id - NOW + 1,
		.pid = 10,
		.uid = 1000,
		.gid = 1001,
		.loginuid = 1002,
		.session = 3,
		.mnt_ns = 11,
		.net_ns = 12,
		.cgroup_id = UINT64_MAX,
		.flags = PROCESS_EXEC,
		.comm = "curl",
		.argv = "curl\0-s",
		.argv_size = 8,
		.exe = "/usr/bin/curl",
		.cwd = "/tmp",
		.username = "alice",
		.loginname = "bob",
	};
}

static struct event event_of(int64_t id)
{
	struct event event = {
		.id = id,
		.process_id = NOW,
		.cookie = UINT64_MAX - 1,
		.probe = PROBE_TCP_CONNECT,
		.protocol = IPPROTO_TCP,
		.sport = 50000,
		.dport = 443,
	};

	address_parse("10.0.0.5", &event.saddr);
	address_parse("2001:db8::1", &event.daddr);
	return event;
}

static void put_process(const struct process *process)
{
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_process(store, process), 0);
	assert_int_equal(commit(), 0);
}

static void put_event(const struct event *event)
{
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_event(store, event), 0);
	assert_int_equal(commit(), 0);
}

/* Rows. */

static void a_new_segment_says_what_it_is_of(void **state)
{
	(void)state;
	assert_sql("SELECT value FROM meta WHERE key = 'schema_version'", "1");
	assert_sql("SELECT value FROM meta WHERE key = 'sealed'", "0");
	assert_sql("SELECT value FROM meta WHERE key = 'first_ns'", "1795515300000000000");
	assert_sql("SELECT value FROM meta WHERE key = 'host_name'", "web1");
	assert_sql("SELECT value FROM meta WHERE key = 'machine_id'", "0123456789abcdef");
	assert_sql("SELECT value FROM meta WHERE key = 'boot_id'",
		   "11111111-2222-3333-4444-555555555555");
	assert_sql("SELECT value FROM meta WHERE key = 'kernel'", "6.18.0 x86_64");
	assert_sql("SELECT count(*) FROM meta WHERE key = 'recorder_version'", "1");
}

static void a_new_segment_is_named_after_its_creation(void **state)
{
	char expected[512];

	(void)state;
	fixture_path(&fixture, NOW, expected);
	assert_string_equal(store_path(store), expected);
}

static void a_new_segment_has_no_position(void **state)
{
	const struct store_position *position = store_position(store);

	(void)state;
	assert_int_equal(position->last_ns, 0);
	assert_int_equal(position->last_id, 0);
	assert_int_equal(position->ring_id, 0);
	assert_int_equal(position->ring_position, 0);
}

static void a_process_is_stored_whole(void **state)
{
	struct process process = process_of(NOW);

	(void)state;
	process.parent_id = NOW - 5;
	process.replaced_id = NOW - 3;
	put_process(&process);
	assert_sql("SELECT (id - 1795515300000000000) || ' ' || (id - parent_id) || ' ' || "
		   "(id - replaced_id) || ' ' || pid || ' ' || uid || ' ' || gid || ' ' || "
		   "loginuid || ' ' || session || ' ' || comm || ' ' || mnt_ns || ' ' || net_ns || "
		   "' ' || flags || ' ' || cgroup_id FROM process",
		   "0 5 3 10 1000 1001 1002 3 curl 11 12 8 -1");
	assert_sql("SELECT hex(value) FROM text JOIN process ON text.id = argv_id",
		   "6375726C002D7300");
	assert_sql("SELECT value FROM text JOIN process ON text.id = exe_id", "/usr/bin/curl");
	assert_sql("SELECT value FROM text JOIN process ON text.id = cwd_id", "/tmp");
	assert_sql("SELECT group_concat(uid || name) FROM user", "1000alice,1002bob");
}

static void what_is_not_known_of_a_process_is_null(void **state)
{
	struct process process = {.id = NOW,
				  .start_ns = NOW,
				  .loginuid = NO_ID,
				  .session = NO_ID,
				  .comm = "",
				  .argv = "",
				  .exe = "",
				  .cwd = ""};

	(void)state;
	put_process(&process);
	assert_sql("SELECT parent_id IS NULL AND replaced_id IS NULL AND exit_ns IS NULL AND "
		   "exit_status IS NULL AND loginuid IS NULL AND session IS NULL AND "
		   "exe_id IS NULL AND argv_id IS NULL AND cwd_id IS NULL FROM process",
		   "1");
	assert_sql("SELECT count(*) FROM text", "0");
	assert_sql("SELECT count(*) FROM user", "0");
}

static void bytes_that_are_no_text_are_kept(void **state)
{
	struct process process = process_of(NOW);

	(void)state;
	process.argv = "\xff\n\0";
	process.argv_size = 3;
	process.exe = "/tmp/\xc3\x28";
	put_process(&process);
	assert_sql("SELECT hex(value) FROM text JOIN process ON text.id = argv_id", "FF0A00");
	assert_sql("SELECT hex(value) FROM text JOIN process ON text.id = exe_id",
		   "2F746D702FC328");
}

static void an_exit_is_added_to_its_process(void **state)
{
	struct process process = process_of(NOW);

	(void)state;
	put_process(&process);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_process_exit(store, NOW, NOW + 9, 0x100), 0);
	assert_int_equal(store_process_exit(store, NOW + 1, NOW + 9, 0), 0); /* of none */
	commit();
	assert_sql("SELECT (exit_ns - id) || ' ' || exit_status FROM process", "9 256");
}

static void a_process_that_exited_with_nothing_still_exited(void **state)
{
	struct process process = process_of(NOW);

	(void)state;
	process.exit_ns = NOW + 9;
	put_process(&process);
	assert_sql("SELECT (exit_ns - id) || ' ' || exit_status FROM process", "9 0");
}

static void an_event_is_stored_whole(void **state)
{
	struct event event = event_of(NOW + 1);

	(void)state;
	event.session_id = NOW + 1;
	event.attributes = "{\"a\":1}";
	put_event(&event);
	assert_sql("SELECT (event.id - process_id) || ' ' || probe || ' ' || cookie || ' ' || "
		   "protocol "
		   "|| ' ' || sport || ' ' || dport || ' ' || (session_id = event.id) || ' ' || "
		   "attributes FROM event",
		   "1 1 -2 6 50000 443 1 {\"a\":1}");
	assert_sql("SELECT hex(value) || name FROM address JOIN event ON address.id = saddr_id",
		   "0A00000510.0.0.5");
	assert_sql("SELECT name || length(value) FROM address JOIN event ON address.id = daddr_id",
		   "2001:db8::116");
}

static void no_address_is_null(void **state)
{
	struct event event = event_of(NOW + 1);

	(void)state;
	event.daddr.size = 0;
	put_event(&event);
	assert_sql(
		"SELECT daddr_id IS NULL AND session_id IS NULL AND attributes IS NULL FROM event",
		"1");
}

static void an_outcome_and_an_end_are_stored_whole(void **state)
{
	struct event event = event_of(NOW + 1);

	(void)state;
	event.outcome = OUTCOME_ESTABLISHED;
	event.outcome_ns = NOW + 5;
	event.end_ns = NOW + 9;
	event.end_error = ECONNRESET;
	event.end_reason = END_IDLE;
	event.bytes_sent = UINT64_MAX;
	event.bytes_received = 3;
	event.messages = 4;
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_event(store, &event), 0);
	assert_int_equal(store_outcome(store, &event), 0);
	assert_int_equal(store_end(store, &event), 0);
	commit();
	assert_sql(
		"SELECT (time_ns - id) || ' ' || outcome || ' ' || error || ' ' || sport || ' ' || "
		"(saddr_id = (SELECT saddr_id FROM event)) FROM event_outcome",
		"4 1 0 50000 1");
	assert_sql("SELECT (time_ns - id) || ' ' || reason || ' ' || error || ' ' || bytes_sent || "
		   "' ' "
		   "|| bytes_received || ' ' || messages FROM event_end",
		   "8 1 104 -1 3 4");
}

static void gaps_and_probes_are_stored(void **state)
{
	struct gap gap = {
		.from_ns = 1, .to_ns = 2, .reason = GAP_RING_FULL, .kind = "exec", .count = 5};

	(void)state;
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_gap(store, &gap), 0);
	assert_int_equal(store_probe(store, 1, "tcp_connect"), 0);
	assert_int_equal(store_probe(store, 1, "tcp_connect"), 0);
	commit();
	assert_sql("SELECT from_ns || ' ' || to_ns || ' ' || reason || ' ' || kind || ' ' || count "
		   "FROM gap",
		   "1 2 1 exec 5");
	assert_sql("SELECT group_concat(id || name) FROM probe", "1tcp_connect");
}

static void a_string_that_many_share_stands_there_once(void **state)
{
	(void)state;
	assert_int_equal(store_begin(store), 0);
	for (int i = 0; i < 100; i++) {
		struct process process = process_of(NOW + i);
		struct event event = event_of(NOW + i);

		assert_int_equal(store_process(store, &process), 0);
		assert_int_equal(store_event(store, &event), 0);
	}
	commit();
	assert_sql("SELECT count(*) FROM text", "3");
	assert_sql("SELECT count(*) FROM address", "2");
	assert_sql("SELECT count(DISTINCT argv_id) FROM process", "1");
}

static void an_address_stays_unique_when_the_store_has_forgotten_it(void **state)
{
	struct event event = event_of(NOW + 1);

	(void)state;
	put_event(&event);
	reopen_store();
	event.id++;
	put_event(&event);
	assert_sql("SELECT count(*) FROM address", "2");
	assert_sql("SELECT count(DISTINCT daddr_id) FROM event", "1");
}

static void a_string_after_a_restart_is_still_the_right_one(void **state)
{
	struct process process = process_of(NOW);

	(void)state;
	put_process(&process);
	reopen_store();
	process.id++;
	process.exe = "/usr/bin/wget";
	put_process(&process);
	assert_sql("SELECT group_concat(value) FROM (SELECT text.value FROM process JOIN text "
		   "ON text.id = exe_id ORDER BY process.id)",
		   "/usr/bin/curl,/usr/bin/wget");
}

/* Transactions. */

static void rows_are_there_only_after_the_commit(void **state)
{
	struct event event = event_of(NOW + 1);

	(void)state;
	assert_int_equal(store_begin(store), 0);
	store_event(store, &event);
	assert_sql("SELECT count(*) FROM event", "0");
	assert_int_equal(commit(), 0);
	assert_sql("SELECT count(*) FROM event", "1");
}

static void rows_that_were_not_committed_are_gone_with_their_position(void **state)
{
	struct event event = event_of(NOW + 1);

	(void)state;
	put_event(&event);
	assert_int_equal(store_begin(store), 0);
	event.id++;
	store_event(store, &event);
	reopen_store();
	assert_sql("SELECT count(*) FROM event", "1");
	assert_int_equal(store_position(store)->ring_position, 4096);
	assert_int_equal(store_position(store)->last_id, NOW + 1);
}

static void a_recorder_that_was_killed_loses_nothing_committed(void **state)
{
	struct event event = event_of(NOW + 1);
	pid_t child;
	int status;

	(void)state;
	close_store();
	child = fork();
	if (!child) {
		char *message;

		if (store_open(fixture.directory, &host, NOW, &store, &message) ||
		    store_begin(store) || store_event(store, &event) ||
		    store_commit(store, 7, 8192, NOW + 3) || store_begin(store) ||
		    store_process_exit(store, NOW, NOW, 0))
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	open_store(&host, NOW + 10);
	assert_sql("SELECT count(*) FROM event", "1");
	assert_int_equal(store_position(store)->ring_position, 8192);
	assert_int_equal(store_position(store)->last_ns, NOW + 3);
}

static void a_transaction_that_is_open_goes_on(void **state)
{
	struct event event = event_of(NOW + 1);

	(void)state;
	assert_int_equal(store_begin(store), 0);
	store_event(store, &event);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(commit(), 0);
	assert_sql("SELECT count(*) FROM event", "1");
}

static void the_position_is_where_the_last_commit_was(void **state)
{
	(void)state;
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_commit(store, 1, 100, NOW + 1), 0);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_commit(store, UINT32_MAX, UINT64_MAX, NOW + 2), 0);
	reopen_store();
	assert_int_equal(store_position(store)->ring_id, UINT32_MAX);
	assert_true(store_position(store)->ring_position == UINT64_MAX);
	assert_int_equal(store_position(store)->last_ns, NOW + 2);
	assert_string_equal(store_position(store)->boot_id, host.boot_id);
}

static void the_last_id_is_that_of_an_event_or_an_image(void **state)
{
	struct process process = process_of(NOW + 7);
	struct event event = event_of(NOW + 3);

	(void)state;
	put_event(&event);
	put_process(&process);
	reopen_store();
	assert_int_equal(store_position(store)->last_id, NOW + 7);
	event.id = NOW + 8;
	put_event(&event);
	reopen_store();
	assert_int_equal(store_position(store)->last_id, NOW + 8);
}

static void drops_that_were_accounted_are_remembered(void **state)
{
	(void)state;
	assert_int_equal(store_get_drops(store, 7, "exec"), 0);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_set_drops(store, 7, "exec", 12), 0);
	assert_int_equal(store_set_drops(store, 7, "tcp_connect end", 3), 0);
	commit();
	reopen_store();
	assert_int_equal(store_get_drops(store, 7, "exec"), 12);
	assert_int_equal(store_get_drops(store, 7, "tcp_connect end"), 3);
	assert_int_equal(store_get_drops(store, 7, "exit"), 0);
	assert_int_equal(store_get_drops(store, 8, "exec"), 0); /* another ring */
}

/* What is restored. */

struct restored {
	int64_t process[16];
	size_t processes;
	int64_t event[16];
	size_t events;
	struct event last_event;
	int r;
};

static int restored_process(void *context, const struct process *process)
{
	struct restored *restored = context;

	if (restored->processes < 16)
		restored->process[restored->processes] = process->id;
	restored->processes++;
	return restored->r;
}

static int restored_event(void *context, const struct event *event)
{
	struct restored *restored = context;

	if (restored->events < 16)
		restored->event[restored->events] = event->id;
	restored->events++;
	restored->last_event = *event;
	return restored->r;
}

static struct restored restore(void)
{
	struct restored restored = {0};

	assert_int_equal(store_restore(store, restored_process, restored_event, &restored), 0);
	return restored;
}

static void nothing_is_restored_of_a_new_segment(void **state)
{
	struct restored restored = restore();

	(void)state;
	assert_int_equal(restored.processes, 0);
	assert_int_equal(restored.events, 0);
}

static int assert_same_process(void *context, const struct process *process)
{
	const struct process *expected = context;

	assert_int_equal(process->id, expected->id);
	assert_int_equal(process->replaced_id, expected->replaced_id);
	assert_int_equal(process->start_ns, expected->start_ns);
	assert_int_equal(process->start_boot_ns, expected->start_boot_ns);
	assert_int_equal(process->pid, expected->pid);
	assert_int_equal(process->uid, expected->uid);
	assert_int_equal(process->gid, expected->gid);
	assert_int_equal(process->loginuid, expected->loginuid);
	assert_int_equal(process->session, expected->session);
	assert_int_equal(process->mnt_ns, expected->mnt_ns);
	assert_int_equal(process->net_ns, expected->net_ns);
	assert_true(process->cgroup_id == expected->cgroup_id);
	assert_int_equal(process->flags, expected->flags);
	assert_int_equal(process->argv_size, expected->argv_size);
	assert_memory_equal(process->argv, expected->argv, expected->argv_size);
	assert_string_equal(process->comm, expected->comm);
	assert_string_equal(process->exe, expected->exe);
	assert_string_equal(process->cwd, expected->cwd);
	assert_null(process->container);
	return 0;
}

static const struct container web = {
	.runtime_id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	.name = "web",
	.image = "nginx:1",
	.labels = "{\"team\":\"payments\"}",
};

#define CONTAINER_OF_PROCESS                                                                       \
	" FROM process LEFT JOIN container ON container.id = process.container_id "                \
	"WHERE process.id = 1795515300000000000"

static void a_process_refers_to_its_container(void **state)
{
	struct process process = process_of(NOW), other = process_of(NOW + 1);

	(void)state;
	process.container = other.container = &web;
	put_process(&process);
	put_process(&other);
	assert_sql("SELECT runtime_id || ' ' || name || ' ' || image || ' ' || "
		   "labels" CONTAINER_OF_PROCESS,
		   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef "
		   "web nginx:1 {\"team\":\"payments\"}");
	assert_sql("SELECT count(*) FROM container", "1");
	assert_sql("SELECT container_name FROM process_view WHERE id = 1795515300000000000", "web");
}

static void a_process_outside_of_containers_refers_to_none(void **state)
{
	struct process process = process_of(NOW);

	(void)state;
	put_process(&process);
	assert_sql("SELECT process.container_id" CONTAINER_OF_PROCESS, "NULL");
	assert_sql("SELECT count(*) FROM container", "0");
}

static void what_is_told_of_a_container_later_is_added(void **state)
{
	struct container unnamed = {.runtime_id = web.runtime_id};
	struct process process = process_of(NOW);

	(void)state;
	process.container = &unnamed;
	put_process(&process);
	assert_sql("SELECT name" CONTAINER_OF_PROCESS, "NULL");
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_container(store, &web), 0);
	assert_int_equal(commit(), 0);
	assert_sql("SELECT name" CONTAINER_OF_PROCESS, "web");
	/* What a recorder that knows less says of it does not take that back. */
	reopen_store();
	process.id = NOW + 1;
	put_process(&process);
	assert_sql("SELECT name || image || labels" CONTAINER_OF_PROCESS,
		   "webnginx:1{\"team\":\"payments\"}");
	assert_sql("SELECT count(*) FROM container", "1");
}

static int assert_web(void *context, const struct process *process)
{
	int *count = context;

	assert_string_equal(process->container->runtime_id, web.runtime_id);
	assert_string_equal(process->container->name, web.name);
	assert_string_equal(process->container->image, web.image);
	assert_string_equal(process->container->labels, web.labels);
	++*count;
	return 0;
}

static void a_process_comes_back_with_its_container(void **state)
{
	struct process process = process_of(NOW);
	int count = 0;

	(void)state;
	process.container = &web;
	put_process(&process);
	reopen_store();
	assert_int_equal(store_restore(store, assert_web, restored_event, &count), 0);
	assert_int_equal(count, 1);
}

static void a_process_comes_back_as_it_was_stored(void **state)
{
	struct process process = process_of(NOW);

	(void)state;
	put_process(&process);
	reopen_store();
	assert_int_equal(store_restore(store, assert_same_process, restored_event, &process), 0);
}

static void a_process_without_texts_comes_back_without(void **state)
{
	struct process process = {.id = NOW,
				  .loginuid = NO_ID,
				  .session = NO_ID,
				  .comm = "",
				  .argv = "",
				  .exe = "",
				  .cwd = ""};

	(void)state;
	put_process(&process);
	assert_int_equal(store_restore(store, assert_same_process, restored_event, &process), 0);
}

static void processes_that_exited_are_not_restored_but_as_ancestors(void **state)
{
	struct process process = process_of(NOW);
	struct restored restored;

	(void)state;
	process.exit_ns = NOW + 50;
	put_process(&process); /* the ancestor */
	process.id = NOW + 1;
	put_process(&process); /* exited, and nobody's parent */
	process.id = NOW + 2;
	process.parent_id = NOW;
	process.exit_ns = 0;
	put_process(&process);
	restored = restore();
	assert_int_equal(restored.processes, 2);
	assert_int_equal(restored.process[0], NOW);
	assert_int_equal(restored.process[1], NOW + 2);
}

static void the_process_of_an_open_event_is_restored(void **state)
{
	struct process process = process_of(NOW);
	struct event event = event_of(NOW + 1);
	struct restored restored;

	(void)state;
	process.exit_ns = NOW + 50;
	put_process(&process);
	put_event(&event);
	restored = restore();
	assert_int_equal(restored.processes, 1);
	assert_int_equal(restored.events, 1);
}

static void an_event_comes_back_as_it_was_stored(void **state)
{
	struct event event = event_of(NOW + 1);
	struct event back;

	(void)state;
	event.session_id = NOW + 1;
	event.probe = PROBE_UDP_SESSION;
	event.protocol = IPPROTO_UDP;
	put_event(&event);
	reopen_store();
	back = restore().last_event;
	assert_int_equal(back.id, event.id);
	assert_int_equal(back.probe, event.probe);
	assert_int_equal(back.process_id, event.process_id);
	assert_true(back.cookie == event.cookie);
	assert_int_equal(back.protocol, event.protocol);
	assert_int_equal(back.sport, event.sport);
	assert_int_equal(back.dport, event.dport);
	assert_int_equal(back.session_id, event.session_id);
	assert_memory_equal(&back.saddr, &event.saddr, sizeof(back.saddr));
	assert_memory_equal(&back.daddr, &event.daddr, sizeof(back.daddr));
}

static int assert_attributes(void *context, const struct event *event)
{
	const char *expected = context;

	if (expected)
		assert_string_equal(event->attributes, expected);
	else
		assert_null(event->attributes);
	return 0;
}

static int take_process(void *context, const struct process *process)
{
	(void)context;
	(void)process;
	return 0;
}

static void an_event_comes_back_with_its_attributes(void **state)
{
	static char attributes[] = "{\"source_host\":\"web\"}";
	struct event event = event_of(NOW + 1);

	(void)state;
	event.attributes = attributes;
	put_event(&event);
	assert_int_equal(store_restore(store, take_process, assert_attributes, attributes), 0);
}

static void an_event_without_attributes_comes_back_without(void **state)
{
	struct event event = event_of(NOW + 1);

	(void)state;
	event.attributes = NULL;
	put_event(&event);
	assert_int_equal(store_restore(store, take_process, assert_attributes, NULL), 0);
}

static void an_event_that_nothing_follows_is_not_restored(void **state)
{
	struct process process = process_of(NOW);
	struct event event = event_of(NOW + 1);
	struct restored restored;

	(void)state;
	process.exit_ns = NOW + 50;
	put_process(&process);
	event.cookie = 0;
	put_event(&event);
	restored = restore();
	assert_int_equal(restored.processes, 0);
	assert_int_equal(restored.events, 0);
}

static uint32_t probe_id(const char *name, uint32_t least_id)
{
	uint32_t id = 0;

	assert_int_equal(store_probe_id(store, name, least_id, &id), 0);
	return id;
}

static void a_probe_keeps_its_number_in_a_segment(void **state)
{
	(void)state;
	assert_int_equal(probe_id("tcp_accept", 16), 16);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_probe(store, 1, "tcp_connect"), 0);
	assert_int_equal(store_probe(store, 16, "tcp_accept"), 0);
	commit();
	reopen_store();
	assert_int_equal(probe_id("other", 16), 17);
	assert_int_equal(probe_id("tcp_accept", 16), 16);
	assert_int_equal(probe_id("other", 20), 20);
}

static void only_events_that_may_go_on_are_restored(void **state)
{
	static const enum outcome outcomes[] = {OUTCOME_NONE, OUTCOME_ESTABLISHED, OUTCOME_REFUSED,
						OUTCOME_ABORTED};
	struct restored restored;

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct event event = event_of(NOW + i);

		put_event(&event);
		assert_int_equal(store_begin(store), 0);
		if (i < 4) {
			event.outcome = outcomes[i];
			assert_int_equal(store_outcome(store, &event), 0);
		} else if (i == 4) {
			assert_int_equal(store_end(store, &event), 0);
		}
		commit();
	}
	restored = restore();
	assert_int_equal(restored.events, 3);
	assert_int_equal(restored.event[0], NOW);
	assert_int_equal(restored.event[1], NOW + 1);
	assert_int_equal(restored.event[2], NOW + 5);
}

static void what_the_caller_refuses_ends_the_restore(void **state)
{
	struct restored restored = {.r = -ENOMEM};
	struct process process = process_of(NOW);

	(void)state;
	put_process(&process);
	process.id++;
	put_process(&process);
	assert_int_equal(store_restore(store, restored_process, restored_event, &restored),
			 -ENOMEM);
	assert_int_equal(restored.processes, 1);
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(commit(), 0);
}

/* Opening. */

static void a_second_start_goes_on_in_the_same_segment(void **state)
{
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s", store_path(store));
	reopen_store();
	assert_string_equal(store_path(store), path);
}

static void a_segment_of_another_boot_is_not_continued(void **state)
{
	struct event event = event_of(NOW + 1);
	char path[512];

	(void)state;
	put_event(&event);
	snprintf(path, sizeof(path), "%s", store_path(store));
	close_store();
	open_store(&rebooted, NOW + 5000);
	assert_string_not_equal(store_path(store), path);
	assert_int_equal(store_position(store)->ring_id, 0);
	/* But when it ended, and which ids it gave, still counts. */
	assert_int_equal(store_position(store)->last_ns, NOW + 1000);
	assert_int_equal(store_position(store)->last_id, NOW + 1);
	assert_sql("SELECT count(*) FROM event", "0");
}

static void a_segment_that_is_sealed_is_not_continued(void **state)
{
	char path[512];
	sqlite3 *database;

	(void)state;
	snprintf(path, sizeof(path), "%s", store_path(store));
	close_store();
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	fixture_exec(database, "UPDATE meta SET value = 1 WHERE key = 'sealed'");
	sqlite3_close(database);
	open_store(&host, NOW + 5000);
	assert_string_not_equal(store_path(store), path);
}

static void of_several_segments_the_newest_is_continued(void **state)
{
	char path[512];

	(void)state;
	close_store();
	open_store(&rebooted, NOW + 5000);
	snprintf(path, sizeof(path), "%s", store_path(store));
	close_store();
	open_store(&rebooted, NOW + 9000);
	assert_string_equal(store_path(store), path);
}

static void a_missing_directory_is_made(void **state)
{
	char directory[64];
	struct fixture made;
	char *message;
	struct stat status;

	(void)state;
	snprintf(directory, sizeof(directory), "%.50s/new", fixture.directory);
	assert_int_equal(store_open(directory, &host, NOW, &store, &message), 0);
	assert_int_equal(stat(directory, &status), 0);
	assert_int_equal(status.st_mode & 0007, 0);
	close_store();
	strcpy(made.directory, directory);
	fixture_close(&made);
}

static void a_directory_in_a_missing_one_is_refused(void **state)
{
	char directory[100];

	(void)state;
	snprintf(directory, sizeof(directory), "%s/no/where", fixture.directory);
	assert_refused(directory, -ENOENT, "cannot create");
}

static void a_second_recorder_is_refused_with_the_pid_of_the_first(void **state)
{
	char expected[64];

	(void)state;
	snprintf(expected, sizeof(expected), "in use by the recorder with pid %d;", getpid());
	assert_refused(fixture.directory, -EBUSY, expected);
	/* The first one goes on undisturbed. */
	assert_int_equal(store_begin(store), 0);
	assert_int_equal(commit(), 0);
}

static void the_lock_goes_with_its_recorder(void **state)
{
	(void)state;
	close_store();
	open_store(&host, NOW + 1);
}

static void a_lock_that_is_a_symbolic_link_is_not_followed(void **state)
{
	char path[100], target[100];

	(void)state;
	snprintf(path, sizeof(path), "%s/recorder.lock", fixture.directory);
	snprintf(target, sizeof(target), "%s/target", fixture.directory);
	assert_int_equal(symlink(target, path), 0);
	assert_refused(fixture.directory, -ELOOP, "cannot write to");
	assert_int_equal(access(target, F_OK), -1);
}

static void put_file(int64_t created_ns, const char *text)
{
	char path[512];
	FILE *file;

	fixture_path(&fixture, created_ns, path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
	char path[512], back[64] = "";
	FILE *file;

	(void)state;
	put_file(NOW, "this is somebody's text, and long enough to be looked at");
	fixture_path(&fixture, NOW, path);
	assert_refused(fixture.directory, -EBADMSG, "is not a segment");
	assert_refused(fixture.directory, -EBADMSG, path);
	file = fopen(path, "r");
	assert_non_null(fgets(back, sizeof(back), file));
	fclose(file);
	assert_string_equal(back, "this is somebody's text, and long enough to be looked at");
}

static void a_database_that_is_no_segment_is_refused(void **state)
{
	char path[512];
	sqlite3 *database;

	(void)state;
	fixture_path(&fixture, NOW, path);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	fixture_exec(database, "CREATE TABLE other (a)");
	sqlite3_close(database);
	assert_refused(fixture.directory, -EBADMSG, "is not a segment (no such table");
}

static void a_segment_whose_making_was_cut_short_is_made_anew(void **state)
{
	char path[512];

	(void)state;
	put_file(NOW, "");
	open_store(&host, NOW + 77);
	fixture_path(&fixture, NOW, path);
	assert_string_equal(store_path(store), path);
	assert_sql("SELECT value FROM meta WHERE key = 'first_ns'", "1795515300000000077");
	assert_int_equal(store_position(store)->last_ns, 0);
}

static void files_that_are_no_segments_are_left_alone(void **state)
{
	char path[100];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/notes.db", fixture.directory);
	file = fopen(path, "w");
	fputs("notes", file);
	fclose(file);
	open_store(&host, NOW);
	assert_int_equal(access(path, F_OK), 0);
}

static void a_directory_that_is_a_file_is_refused(void **state)
{
	char path[100];

	(void)state;
	snprintf(path, sizeof(path), "%s/file", fixture.directory);
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	assert_refused(path, -ENOTDIR, "Not a directory");
}

static void a_directory_that_cannot_be_written_is_refused(void **state)
{
	uid_t uid = geteuid();

	(void)state;
	/* Root may write anywhere: be nobody meanwhile. */
	assert_int_equal(chmod(fixture.directory, 0555), 0);
	if (!uid)
		assert_int_equal(seteuid(65534), 0);
	assert_refused(fixture.directory, -EACCES, "cannot write to");
	assert_refused(fixture.directory, -EACCES, "Permission denied; run as root");
	assert_int_equal(seteuid(uid), 0);
	assert_int_equal(chmod(fixture.directory, 0755), 0);
}

static void free_takes_null(void **state)
{
	(void)state;
	store_free(NULL);
}

/* Failure. */

static void a_want_of_memory_is_told(void **state)
{
	char *argv = calloc(1, 1 << 20);
	struct process process = process_of(NOW);
	int r = 0;

	(void)state;
	process.argv = argv;
	process.argv_size = 1 << 20;
	assert_int_equal(store_begin(store), 0);
	sqlite3_hard_heap_limit64(2 << 20);
	for (int i = 0; i < 8 && !r; i++) {
		argv[0] = (char)('a' + i);
		process.id++;
		r = store_process(store, &process);
	}
	sqlite3_hard_heap_limit64(0);
	free(argv);
	assert_int_equal(r, -ENOMEM);
	assert_string_equal(store_error(store), "out of memory");
}

/* SIGXFSZ is ignored: a write behind the limit fails as on a full disk. */
static void a_file_that_cannot_grow_fails_the_commit_and_not_what_was_before(void **state)
{
	struct rlimit limit, small;
	struct event event = event_of(NOW + 1);
	int r = 0;

	(void)state;
	put_event(&event);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 256 * 1024;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 100000 && !r; i++) {
		if (i % 1000 == 0)
			r = store_begin(store);
		event.id++;
		if (!r)
			r = store_event(store, &event);
		if (!r && i % 1000 == 999)
			r = store_commit(store, 7, 8192, NOW + 2000);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_true(r == -EIO || r == -ENOSPC);
	assert_true(strlen(store_error(store)) > 0);
	reopen_store();
	assert_sql("PRAGMA integrity_check", "ok");
	assert_sql("SELECT count(*) >= 1 AND count(*) % 1000 = 1 FROM event", "1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_OPEN(name) cmocka_unit_test_setup_teardown(name, set_up_directory, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_segment_says_what_it_is_of),
		TEST(a_new_segment_is_named_after_its_creation),
		TEST(a_new_segment_has_no_position),
		TEST(a_process_is_stored_whole),
		TEST(what_is_not_known_of_a_process_is_null),
		TEST(bytes_that_are_no_text_are_kept),
		TEST(an_exit_is_added_to_its_process),
		TEST(a_process_that_exited_with_nothing_still_exited),
		TEST(an_event_is_stored_whole),
		TEST(no_address_is_null),
		TEST(an_outcome_and_an_end_are_stored_whole),
		TEST(gaps_and_probes_are_stored),
		TEST(a_string_that_many_share_stands_there_once),
		TEST(an_address_stays_unique_when_the_store_has_forgotten_it),
		TEST(a_string_after_a_restart_is_still_the_right_one),
		TEST(rows_are_there_only_after_the_commit),
		TEST(rows_that_were_not_committed_are_gone_with_their_position),
		TEST(a_recorder_that_was_killed_loses_nothing_committed),
		TEST(a_transaction_that_is_open_goes_on),
		TEST(the_position_is_where_the_last_commit_was),
		TEST(the_last_id_is_that_of_an_event_or_an_image),
		TEST(drops_that_were_accounted_are_remembered),
		TEST(nothing_is_restored_of_a_new_segment),
		TEST(a_process_comes_back_as_it_was_stored),
		TEST(a_process_refers_to_its_container),
		TEST(a_process_outside_of_containers_refers_to_none),
		TEST(what_is_told_of_a_container_later_is_added),
		TEST(a_process_comes_back_with_its_container),
		TEST(a_process_without_texts_comes_back_without),
		TEST(processes_that_exited_are_not_restored_but_as_ancestors),
		TEST(the_process_of_an_open_event_is_restored),
		TEST(an_event_comes_back_as_it_was_stored),
		TEST(an_event_comes_back_with_its_attributes),
		TEST(an_event_without_attributes_comes_back_without),
		TEST(an_event_that_nothing_follows_is_not_restored),
		TEST(a_probe_keeps_its_number_in_a_segment),
		TEST(only_events_that_may_go_on_are_restored),
		TEST(what_the_caller_refuses_ends_the_restore),
		TEST(a_second_start_goes_on_in_the_same_segment),
		TEST(a_segment_of_another_boot_is_not_continued),
		TEST(a_segment_that_is_sealed_is_not_continued),
		TEST(of_several_segments_the_newest_is_continued),
		TEST_OPEN(a_missing_directory_is_made),
		TEST_OPEN(a_directory_in_a_missing_one_is_refused),
		TEST(a_second_recorder_is_refused_with_the_pid_of_the_first),
		TEST(the_lock_goes_with_its_recorder),
		TEST_OPEN(a_lock_that_is_a_symbolic_link_is_not_followed),
		TEST_OPEN(a_file_that_is_no_database_is_refused),
		TEST_OPEN(a_database_that_is_no_segment_is_refused),
		TEST_OPEN(a_segment_whose_making_was_cut_short_is_made_anew),
		TEST_OPEN(files_that_are_no_segments_are_left_alone),
		TEST_OPEN(a_directory_that_is_a_file_is_refused),
		TEST_OPEN(a_directory_that_cannot_be_written_is_refused),
		TEST_OPEN(free_takes_null),
		TEST(a_want_of_memory_is_told),
		TEST(a_file_that_cannot_grow_fails_the_commit_and_not_what_was_before),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
