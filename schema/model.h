/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record model: what the recorder stores and what the query reads.
 *
 * Ids are Unix times in nanoseconds (the moment of the event, or at which the
 * process image began), made unique; 0 means none. Strings are owned by
 * whoever filled the struct in; none of these structs frees anything.
 */
#ifndef PIDTREE_MODEL_H
#define PIDTREE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"

#define NO_ID UINT32_MAX /* of loginuid and audit session: not set */

struct container {
	const char *runtime_id; /* the runtime's, 64 hexadecimal digits; not NULL */
	const char *name;	/* NULL: not known */
	const char *image;	/* NULL: not known */
	const char *labels;	/* a JSON object of strings; NULL: not known */
};

/*
 * One process image: fork makes one, exec makes another, and so does a change
 * of credentials that an event or a fork brings to light, or a move into another
 * container that an event does.
 */
struct process {
	int64_t id;
	int64_t parent_id;   /* the image that forked this process */
	int64_t replaced_id; /* the image that the same process had before */
	int64_t start_ns;    /* Unix: when the process was forked */
	int64_t start_boot_ns;
	int64_t exit_ns;      /* Unix; 0: had not exited when last known */
	uint32_t exit_status; /* as wait(2) reports it */
	uint32_t pid;
	uint32_t uid;
	uint32_t gid;
	uint32_t loginuid; /* or NO_ID */
	uint32_t session;  /* audit session, or NO_ID */
	uint32_t mnt_ns;
	uint32_t net_ns;
	uint64_t cgroup_id;
	uint32_t flags;	       /* PROCESS_… */
	size_t argv_size;      /* bytes at argv, NULs included */
	const char *argv;      /* arguments, each with its NUL; not NULL */
	const char *comm;      /* not NULL */
	const char *exe;       /* path, " (deleted)" behind it where it was; not NULL */
	const char *cwd;       /* not NULL */
	const char *username;  /* NULL: the uid had no name */
	const char *loginname; /* NULL: none, or no name */
	/* The one that it runs in, or NULL. */
	const struct container *container;
};

/* Also the bits of process.flags in a segment: append only. */
#define PROCESS_KTHREAD (1u << 0)     /* a kernel thread */
#define PROCESS_SEEDED (1u << 1)      /* ran before the recorder: argv, exe, cwd from /proc */
#define PROCESS_STUB (1u << 2)	      /* known only as somebody's parent */
#define PROCESS_EXEC (1u << 3)	      /* began with exec */
#define PROCESS_CREDENTIALS (1u << 4) /* began with a change of credentials */
#define PROCESS_ARGV_CUT (1u << 5)    /* argv was longer than is kept */
#define PROCESS_ARGV_LOST (1u << 6)   /* argv could not be read */
#define PROCESS_EXE_CUT (1u << 7)     /* leading components of exe are missing */
#define PROCESS_CWD_CUT (1u << 8)     /* leading components of cwd are missing */
#define PROCESS_MOVED (1u << 9)	      /* began with a move into or out of a container */

/* Probes built in; the values are event.probe in a segment: append only. */
#define PROBES(X)                                                                                  \
	X(TCP_CONNECT, 1, "tcp_connect")                                                           \
	X(NET_LISTEN, 2, "net_listen")                                                             \
	X(UDP_SESSION, 3, "udp_session")

enum probe_id {
#define X(upper, value, name) PROBE_##upper = (value),
	PROBES(X)
#undef X
};

/* Outcomes; the values are event_outcome.outcome in a segment: append only. */
#define OUTCOMES(X)                                                                                \
	X(NONE, 0, "")                                                                             \
	X(ESTABLISHED, 1, "established")                                                           \
	X(REFUSED, 2, "refused")                                                                   \
	X(TIMED_OUT, 3, "timed_out")                                                               \
	X(UNREACHABLE, 4, "unreachable")                                                           \
	X(RESET, 5, "reset")                                                                       \
	X(ABORTED, 6, "aborted")                                                                   \
	X(FAILED, 7, "failed")

enum outcome {
#define X(upper, value, name) OUTCOME_##upper = (value),
	OUTCOMES(X)
#undef X
};

/* Why an event ended, beyond errno; the values are event_end.reason: append only. */
enum end_reason {
	END_CLOSED = 0,	 /* the socket was closed */
	END_IDLE = 1,	 /* a UDP session was idle for session_max_duration */
	END_STOPPED = 2, /* the recorder stopped; the socket may have gone on */
};

/*
 * Reasons of holes in the record, the values are gap.reason in a segment:
 * append only. The text is what people read.
 */
#define GAP_REASONS(X)                                                                             \
	X(RING_FULL, 1, "ring full")                                                               \
	X(NOT_RUNNING, 2, "recorder not running")                                                  \
	X(NOT_ATTACHED, 3, "programs not attached")                                                \
	X(CLOCK_STEP, 4, "clock step")                                                             \
	X(DISK_FULL, 5, "disk full")                                                               \
	X(MISSED, 6, "program not run by the kernel")                                              \
	X(UNREADABLE, 7, "record not understood")

enum gap_reason {
#define X(upper, value, text) GAP_##upper = (value),
	GAP_REASONS(X)
#undef X
};

/*
 * One event with what is known of its outcome and end. For tcp_connect and
 * udp_session the remote side is daddr:dport; a net_listen has only the local
 * side, saddr:sport.
 */
struct event {
	int64_t id;
	int64_t process_id;
	int64_t session_id; /* udp_session: id of the session's first event, else 0 */
	uint64_t cookie;
	uint32_t probe;	  /* enum probe_id, or that of a probe from elsewhere */
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	struct address saddr;
	struct address daddr;
	uint16_t sport;
	uint16_t dport;
	const char *attributes; /* JSON object from plugins, or NULL */

	int64_t outcome_ns;	/* Unix; 0: no outcome known */
	uint32_t outcome_error; /* errno */
	enum outcome outcome;

	int64_t end_ns;	    /* Unix; 0: no end known */
	uint32_t end_error; /* errno */
	enum end_reason end_reason;
	uint64_t bytes_sent;
	uint64_t bytes_received;
	uint64_t messages;
};

/* A hole in the record: from and to are Unix times, count is of lost records (0: unknown). */
struct gap {
	int64_t from_ns;
	int64_t to_ns;
	enum gap_reason reason;
	const char *kind; /* of the records lost, e.g. "exec"; "" for all */
	uint64_t count;
};

#endif
