// SPDX-License-Identifier: Apache-2.0
/* TCP connects: by every way, to every outcome, with every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness_capture.h"
#include "harness_trigger.h"

/* X(name, trigger's arguments) */
#define CASES(X)                                                                                   \
	X(blocking_connect_is_recorded, "connect", "4", "blocking", "1234", "5678")                \
	X(blocking_v6_connect_is_recorded, "connect", "6", "blocking", "1234", "5678")             \
	X(v4_mapped_connect_is_recorded_as_ipv4, "connect", "mapped", "blocking", "12", "34")      \
	X(nonblocking_connect_is_recorded, "connect", "4", "nonblocking", "1", "2")                \
	X(nonblocking_v6_connect_is_recorded, "connect", "6", "nonblocking", "1", "2")             \
	X(connect_of_a_bound_socket_is_recorded, "connect", "4", "bound", "1", "2")                \
	X(thread_connect_is_recorded_for_its_process, "connect", "4", "thread", "1", "2")          \
	X(v6_thread_connect_is_recorded_for_its_process, "connect", "6", "thread", "1", "2")       \
	X(uring_connect_is_recorded, "connect", "4", "uring", "1", "2")                            \
	X(uring_v6_connect_is_recorded, "connect", "6", "uring", "1", "2")                         \
	X(uring_connect_by_a_worker_is_recorded, "connect", "4", "uring_async", "1", "2")          \
	X(fast_open_without_a_cookie_is_recorded, "connect", "4", "fastopen", "100", "50")         \
	X(fast_open_with_data_in_the_syn_is_recorded, "fastopen_net", "connect", "4", "fastopen",  \
	  "100", "50")                                                                             \
	X(v6_fast_open_with_data_in_the_syn_is_recorded, "fastopen_net", "connect", "6",           \
	  "fastopen", "100", "50")                                                                 \
	X(fast_open_on_first_send_is_recorded, "fastopen_net", "connect", "4", "fastopen_connect", \
	  "100", "50")                                                                             \
	X(connection_without_data_has_no_bytes, "connect", "4", "blocking", "0", "0")              \
	X(one_byte_sent_is_one_byte, "connect", "4", "blocking", "1", "0")                         \
	X(one_byte_received_is_one_byte, "connect", "4", "blocking", "0", "1")                     \
	X(megabytes_are_counted_exactly, "connect", "4", "blocking", "5000000", "3000000")         \
	X(v6_megabytes_are_counted_exactly, "connect", "6", "blocking", "3000000", "5000000")      \
	X(bytes_are_exact_when_the_peer_closes_first, "connect_closed_by_peer", "4", "blocking",   \
	  "300", "200")                                                                            \
	X(v6_bytes_are_exact_when_the_peer_closes_first, "connect_closed_by_peer", "6",            \
	  "nonblocking", "300", "200")                                                             \
	X(refused_connect_is_recorded_as_refused, "refused", "4", "blocking")                      \
	X(refused_v6_connect_is_recorded_as_refused, "refused", "6", "blocking")                   \
	X(refused_v4_mapped_connect_is_recorded_as_refused, "refused", "mapped", "blocking")       \
	X(refused_nonblocking_connect_is_recorded_as_refused, "refused", "4", "nonblocking")       \
	X(refused_bound_connect_keeps_its_source_port, "refused", "4", "bound")                    \
	X(refused_thread_connect_is_recorded_as_refused, "refused", "4", "thread")                 \
	X(refused_uring_connect_is_recorded_as_refused, "refused", "4", "uring")                   \
	X(refused_fast_open_is_recorded_as_refused, "refused", "4", "fastopen")                    \
	X(unanswered_connect_is_recorded_as_timed_out, "impatient_net", "timed_out", "4",          \
	  "blocking")                                                                              \
	X(unanswered_v6_connect_is_recorded_as_timed_out, "impatient_net", "timed_out", "6",       \
	  "nonblocking")                                                                           \
	X(blackholed_connect_is_recorded_as_timed_out, "blackhole_net", "attempt", "10.99.0.2",    \
	  "9", "bound", "timed_out")                                                               \
	X(blackholed_v6_connect_is_recorded_as_timed_out, "blackhole_net", "attempt", "fd99::2",   \
	  "9", "bound", "timed_out")                                                               \
	X(connect_without_a_route_is_recorded_as_unreachable, "netns", "attempt", "10.99.1.1",     \
	  "9", "blocking", "unreachable")                                                          \
	X(v6_connect_without_a_route_is_recorded_as_unreachable, "netns", "attempt", "fd99:1::1",  \
	  "9", "blocking", "unreachable")                                                          \
	X(nonblocking_connect_without_a_route_is_recorded_as_unreachable, "netns", "attempt",      \
	  "10.99.1.1", "9", "nonblocking", "unreachable")                                          \
	X(connect_by_a_rejecting_route_is_recorded_as_unreachable, "reject_net", "attempt",        \
	  "10.99.1.1", "9", "blocking", "unreachable")                                             \
	X(v6_connect_by_a_rejecting_route_is_recorded_as_unreachable, "reject_net", "attempt",     \
	  "fd99:1::1", "9", "blocking", "unreachable")                                             \
	X(icmp_host_unreachable_is_recorded_as_unreachable, "router_net", "attempt", "10.99.1.1",  \
	  "9", "bound", "unreachable")                                                             \
	X(icmpv6_unreachable_is_recorded_as_unreachable, "router_net", "attempt", "fd99:1::1",     \
	  "9", "bound", "unreachable")                                                             \
	X(connection_that_the_peer_resets_is_recorded_as_reset, "reset", "4", "10", "20")          \
	X(v6_connection_that_the_peer_resets_is_recorded_as_reset, "reset", "6", "0", "0")         \
	X(connect_given_up_is_recorded_as_aborted, "aborted", "4")                                 \
	X(v6_connect_given_up_is_recorded_as_aborted, "aborted", "6")                              \
	X(connect_of_a_killed_process_is_recorded_as_aborted, "killed_connecting", "4")

CASES(CAPTURE_TEST)

/* The trigger is both ends of its connection, and has connected once. */
static void accepted_connection_is_not_recorded_as_a_connect(void **state)
{
	const char *const args[] = {"connect", "4", "blocking", "10", "20", NULL};
	cJSON *reports = trigger_reports(args);
	cJSON *report = cJSON_Duplicate(reports->child, true);

	(void)state;
	capture_reports(reports);
	assert_int_equal(capture_count(report, "tcp_connect"), 1);
	cJSON_Delete(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(CAPTURE_ENTRY)
			cmocka_unit_test(accepted_connection_is_not_recorded_as_a_connect),
		cmocka_unit_test(stored_record_is_complete_and_exact),
	};

	return cmocka_run_group_tests_name("capture tcp", tests, capture_setup, capture_teardown);
}
