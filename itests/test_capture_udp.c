// SPDX-License-Identifier: Apache-2.0
/* UDP sessions: each destination with all of its messages and bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness_capture.h"

/* X(name, trigger's arguments) */
#define CASES(X)                                                                                   \
	X(connected_send_is_counted, "udp_send", "4", "send", "3", "100")                          \
	X(connected_v6_send_is_counted, "udp_send", "6", "send", "3", "100")                       \
	X(connected_v4_mapped_send_is_counted_as_ipv4, "udp_send", "mapped", "send", "3", "100")   \
	X(connected_write_is_counted, "udp_send", "4", "write", "4", "50")                         \
	X(connected_writev_is_one_message, "udp_send", "4", "writev", "2", "50")                   \
	X(unconnected_sendto_is_counted, "udp_send", "4", "sendto", "5", "10")                     \
	X(unconnected_v6_sendto_is_counted, "udp_send", "6", "sendto", "5", "10")                  \
	X(unconnected_v4_mapped_sendto_is_counted_as_ipv4, "udp_send", "mapped", "sendto", "5",    \
	  "10")                                                                                    \
	X(unconnected_sendmsg_is_counted, "udp_send", "4", "sendmsg", "1", "1")                    \
	X(uring_send_is_counted, "udp_send", "4", "uring_send", "3", "100")                        \
	X(uring_v6_send_is_counted, "udp_send", "6", "uring_send", "3", "100")                     \
	X(uring_sendmsg_is_counted, "udp_send", "4", "uring_sendmsg", "3", "100")                  \
	X(uring_v6_sendmsg_is_counted, "udp_send", "6", "uring_sendmsg", "3", "100")               \
	X(empty_datagram_is_a_message, "udp_send", "4", "sendto", "2", "0")                        \
	X(empty_datagram_on_a_connected_socket_is_a_message, "udp_send", "6", "send", "2", "0")    \
	X(large_datagrams_are_counted_whole, "udp_send", "4", "sendto", "3", "60000")              \
	X(thousands_of_messages_are_counted, "udp_send", "4", "send", "20000", "7")                \
	X(each_destination_is_counted_by_itself, "udp_destinations", "4", "8")                     \
	X(each_v6_destination_is_counted_by_itself, "udp_destinations", "6", "8")                  \
	X(each_v4_mapped_destination_is_counted_by_itself, "udp_destinations", "mapped", "3")      \
	X(sendmmsg_counts_each_message, "udp_sendmmsg", "4", "4")                                  \
	X(v6_sendmmsg_counts_each_message, "udp_sendmmsg", "6", "4")                               \
	X(sendmmsg_to_one_destination_counts_each_message, "udp_sendmmsg", "4", "1")               \
	X(v6_socket_may_send_to_both_families, "udp_mixed_families")                               \
	X(connected_socket_may_send_elsewhere, "udp_sent_elsewhere", "4")                          \
	X(connected_v6_socket_may_send_elsewhere, "udp_sent_elsewhere", "6")                       \
	X(socket_may_be_connected_again, "udp_reconnected", "4")                                   \
	X(v6_socket_may_be_connected_again, "udp_reconnected", "6")                                \
	X(threads_that_share_a_socket_are_counted_exactly, "udp_threads", "4", "5000")             \
	X(v6_threads_that_share_a_socket_are_counted_exactly, "udp_threads", "6", "5000")          \
	X(message_that_was_not_sent_is_not_counted, "udp_too_long", "4")                           \
	X(v6_message_that_was_not_sent_is_not_counted, "udp_too_long", "6")                        \
	X(orphans_session_has_its_whole_tree, "orphan", "udp_send", "4", "sendto", "3", "100")     \
	X(session_in_a_network_namespace_is_counted, "netns", "udp_send", "4", "sendto", "3", "10")

CASES(CAPTURE_TEST)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(CAPTURE_ENTRY) cmocka_unit_test(stored_record_is_complete_and_exact),
	};

	return cmocka_run_group_tests_name("capture udp", tests, capture_setup, capture_teardown);
}
