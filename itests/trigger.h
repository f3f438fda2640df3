/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trigger COMMAND [ARGUMENT...]: do one thing in the kernel and print, as one
 * JSON line, what was done and by which line of processes.
 *
 * Some commands change what the rest of the command line runs in, so that
 * "trigger orphan setuid 65534 connect 4 blocking 10 20" is a connect by an
 * unprivileged process whose parent is dead.
 *
 * Exit status: 0 done, 1 it went otherwise than the command promises (stderr
 * says how), EXIT_UNSUPPORTED this kernel cannot do it (stderr says what).
 */
#ifndef ITESTS_TRIGGER_H
#define ITESTS_TRIGGER_H

#define EXIT_UNSUPPORTED 77

/* X(name, function, number of arguments, arguments). "…" stands for another command. */
#define TRIGGER_COMMANDS(X)                                                                        \
	/* trigger_tcp.c */                                                                        \
	X("connect", trigger_connect, 4, "FAMILY HOW SENT RECEIVED")                               \
	X("connect_closed_by_peer", trigger_connect_closed_by_peer, 4, "FAMILY HOW SENT RECEIVED") \
	X("attempt", trigger_attempt, 4, "ADDRESS PORT HOW OUTCOME")                               \
	X("refused", trigger_refused, 2, "FAMILY HOW")                                             \
	X("reset", trigger_reset, 3, "FAMILY SENT RECEIVED")                                       \
	X("timed_out", trigger_timed_out, 2, "FAMILY HOW")                                         \
	X("aborted", trigger_aborted, 1, "FAMILY")                                                 \
	X("killed_connecting", trigger_killed_connecting, 1, "FAMILY")                             \
	/* trigger_listen.c */                                                                     \
	X("listen", trigger_listen, 2, "FAMILY PORT")                                              \
	X("listen_unbound", trigger_listen_unbound, 1, "FAMILY")                                   \
	X("listen_closed", trigger_listen_closed, 1, "FAMILY")                                     \
	X("udp_bind", trigger_udp_bind, 2, "FAMILY PORT")                                          \
	/* trigger_udp.c */                                                                        \
	X("udp_send", trigger_udp_send, 4, "FAMILY HOW MESSAGES SIZE")                             \
	X("udp_destinations", trigger_udp_destinations, 2, "FAMILY DESTINATIONS")                  \
	X("udp_sendmmsg", trigger_udp_sendmmsg, 2, "FAMILY DESTINATIONS")                          \
	X("udp_mixed_families", trigger_udp_mixed_families, 0, "")                                 \
	X("udp_sent_elsewhere", trigger_udp_sent_elsewhere, 1, "FAMILY")                           \
	X("udp_reconnected", trigger_udp_reconnected, 1, "FAMILY")                                 \
	X("udp_threads", trigger_udp_threads, 2, "FAMILY MESSAGES")                                \
	X("udp_too_long", trigger_udp_too_long, 1, "FAMILY")                                       \
	/* trigger_process.c */                                                                    \
	X("fork", trigger_fork, 1, "…")                                                            \
	X("orphan", trigger_orphan, 1, "…")                                                        \
	X("adopted", trigger_adopted, 1, "…")                                                      \
	X("outlive_image", trigger_outlive_image, 1, "…")                                          \
	X("reap", trigger_reap, 0, "")                                                             \
	X("exec", trigger_exec, 2, "PATH ARGV0…")                                                  \
	X("thread_exec", trigger_thread_exec, 2, "PATH ARGV0…")                                    \
	X("memfd", trigger_memfd, 1, "…")                                                          \
	X("deleted", trigger_deleted, 2, "PATH …")                                                 \
	X("bind_mount", trigger_bind_mount, 2, "DIRECTORY …")                                      \
	X("setuid", trigger_setuid, 2, "UID …")                                                    \
	X("login", trigger_login, 2, "UID …")                                                      \
	X("pidns", trigger_pidns, 1, "…")                                                          \
	X("reused_pid", trigger_reused_pid, 0, "")                                                 \
	X("ballast", trigger_ballast, 2, "IGNORED …")                                              \
	X("hold", trigger_hold, 1, "…")                                                            \
	X("child_of", trigger_child_of, 2, "PID …")                                                \
	X("barrier", trigger_barrier, 3, "READY-FD GO-FD …")                                       \
	/* trigger_shell.c */                                                                      \
	X("serve", trigger_serve, 2, "PATH ARGV0…")                                                \
	/* trigger_network.c */                                                                    \
	X("netns", trigger_netns, 1, "…")                                                          \
	X("fastopen_net", trigger_fastopen_net, 1, "…")                                            \
	X("impatient_net", trigger_impatient_net, 1, "…")                                          \
	X("blackhole_net", trigger_blackhole_net, 1, "…")                                          \
	X("reject_net", trigger_reject_net, 1, "…")                                                \
	X("router_net", trigger_router_net, 1, "…")

#define X(name, function, count, arguments) int function(char **args);
TRIGGER_COMMANDS(X)
#undef X

/* Run the command of a NULL-terminated list of a name and its arguments. Returns an exit status. */
int trigger_run(char **args);

/* Print a message as printf does and exit with EXIT_UNSUPPORTED. */
void unsupported(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* A decimal number, or exit. */
unsigned long number_parse(const char *text);

#endif
