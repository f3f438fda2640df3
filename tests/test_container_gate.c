// SPDX-License-Identifier: Apache-2.0
#include "tests/fixture_config.h"
#include "tests/fixture_containers.h"

#include "recorder/container_gate.h"

static const struct probe probe_tcp = {.id = PROBE_TCP_CONNECT, .name = "tcp_connect"};
static const struct probe probe_udp = {.id = PROBE_UDP_SESSION, .name = "udp_session"};
static const struct probe *const probes[] = {&probe_tcp, &probe_udp, NULL};

static struct container_fixture fixture; /* only what it keeps of the sink */
static struct container_gate_sink sink;
static struct container_gate *gate;
static struct config *config;

static int set_up(void **state)
{
	struct config_source source = {.path = PATH};
	char *error = NULL;

	(void)state;
	memset(&fixture, 0, sizeof(fixture));
	sink = (struct container_gate_sink){
		.context = &fixture,
		.told = fixture_told,
		.open_cgroup = fixture_open_cgroup,
		.open_mount = fixture_open_mount,
	};
	write_file(PATH, "tcp_connect:\n  container_labels: ['team=pay*']\nudp_session:\n");
	gate = container_gate_new(&sink);
	if (!gate || config_load(&source, &config, &error))
		return -1;
	container_gate_configure(gate, probes, config);
	fixture.containers = container_gate_containers(gate);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	container_gate_free(gate);
	config_free(config);
	return 0;
}

static void tell_labels(const char *labels)
{
	struct container_message *message = container_message_new(CONTAINER_UP, ID_A);

	message->labels = cJSON_Parse(labels);
	assert_non_null(message->labels);
	assert_int_equal(containers_tell(fixture.containers, message), 0);
	container_message_free(message);
}

static int admits(uint16_t probe)
{
	return container_gate_admits(gate, probe, container_in(&fixture, 10), 0);
}

static void only_probes_with_labels_are_limited(void **state)
{
	(void)state;
	assert_true(container_gate_is_limited(gate, PROBE_TCP_CONNECT));
	assert_false(container_gate_is_limited(gate, PROBE_UDP_SESSION));
}

static void a_container_is_let_in_by_its_labels(void **state)
{
	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	tell_labels("{\"team\":\"payments\"}");
	assert_int_equal(admits(PROBE_TCP_CONNECT), 1);
	tell_labels("{\"team\":\"ship\"}");
	assert_int_equal(admits(PROBE_TCP_CONNECT), 0);
	assert_int_equal(fixture.tells, 2);
}

static void the_host_is_not_let_in(void **state)
{
	(void)state;
	assert_int_equal(admits(PROBE_TCP_CONNECT), 0);
}

static void a_container_that_nobody_knows_is_let_in_after_a_moment(void **state)
{
	(void)state;
	make_cgroup(&fixture, 10, PATH_A);
	make_cgroup(&fixture, 11, PATH_B);
	assert_int_equal(admits(PROBE_TCP_CONNECT), 1);
	/* The next one is not waited for until the runtime says something. */
	assert_int_equal(
		container_gate_admits(gate, PROBE_TCP_CONNECT, container_in(&fixture, 11), 0), 1);
	tell_labels("{\"team\":\"ship\"}");
	assert_int_equal(admits(PROBE_TCP_CONNECT), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_probes_with_labels_are_limited),
		TEST(a_container_is_let_in_by_its_labels),
		TEST(the_host_is_not_let_in),
		TEST(a_container_that_nobody_knows_is_let_in_after_a_moment),
	};

	return cmocka_run_group_tests_name("container gate", tests, enter_directory,
					   leave_directory);
}
