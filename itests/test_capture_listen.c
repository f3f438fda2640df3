// SPDX-License-Identifier: Apache-2.0
/* TCP listens and UDP binds, with the port that they got. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness_capture.h"
#include "harness_trigger.h"

/* X(name, trigger's arguments) */
#define CASES(X)                                                                                   \
	X(tcp_listen_on_a_random_port_is_recorded_with_it, "listen", "4", "0")                     \
	X(tcp_v6_listen_on_a_random_port_is_recorded_with_it, "listen", "6", "0")                  \
	X(tcp_listen_on_a_v4_mapped_address_is_recorded_as_ipv4, "listen", "mapped", "0")          \
	X(tcp_listen_on_any_address_is_recorded, "listen", "any4", "0")                            \
	X(tcp_listen_on_any_v6_address_is_recorded, "listen", "any6", "0")                         \
	X(tcp_listen_without_bind_is_recorded_with_its_port, "listen_unbound", "4")                \
	X(tcp_v6_listen_without_bind_is_recorded_with_its_port, "listen_unbound", "6")             \
	X(tcp_listen_closed_at_once_is_recorded, "listen_closed", "4")                             \
	X(tcp_v6_listen_closed_at_once_is_recorded, "listen_closed", "6")                          \
	X(udp_bind_to_a_random_port_is_recorded_with_it, "udp_bind", "4", "0")                     \
	X(udp_v6_bind_to_a_random_port_is_recorded_with_it, "udp_bind", "6", "0")                  \
	X(udp_bind_to_a_v4_mapped_address_is_recorded_as_ipv4, "udp_bind", "mapped", "0")          \
	X(udp_bind_to_any_address_is_recorded, "udp_bind", "any4", "0")                            \
	X(udp_bind_to_any_v6_address_is_recorded, "udp_bind", "any6", "0")

CASES(CAPTURE_TEST)

/* A port that was free just now, as text. */
static void free_port(int type, char text[8])
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	close(fd);
	snprintf(text, 8, "%u", ntohs(address.sin_port));
}

static void tcp_listen_on_a_given_port_is_recorded(void **state)
{
	char port[8];

	(void)state;
	free_port(SOCK_STREAM, port);
	CAPTURE("listen", "4", port);
	CAPTURE("listen", "6", port);
}

static void udp_bind_to_a_given_port_is_recorded(void **state)
{
	char port[8];

	(void)state;
	free_port(SOCK_DGRAM, port);
	CAPTURE("udp_bind", "4", port);
	CAPTURE("udp_bind", "6", port);
}

/* All that can be known of a listener must be told while it listens, without its end. */
static void listener_is_told_while_it_listens(void **state)
{
	const char *const families[] = {"4", "6"};

	(void)state;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const char *const args[] = {"hold", "listen_unbound", families[i], NULL};
		struct child trigger;

		trigger_start(&trigger, args);
		capture_report(trigger_await_report(&trigger, 1));
		cJSON_Delete(trigger_finish(&trigger));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(CAPTURE_ENTRY) cmocka_unit_test(tcp_listen_on_a_given_port_is_recorded),
		cmocka_unit_test(udp_bind_to_a_given_port_is_recorded),
		cmocka_unit_test(listener_is_told_while_it_listens),
		cmocka_unit_test(stored_record_is_complete_and_exact),
	};

	return cmocka_run_group_tests_name("capture listen", tests, capture_setup,
					   capture_teardown);
}
