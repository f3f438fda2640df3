// SPDX-License-Identifier: Apache-2.0
/* UDP sessions: a socket's messages to its destinations. */
#include "trigger.h"

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "trigger_report.h"
#include "trigger_uring.h"

#define MESSAGE_MAX 65507 /* bytes in one IPv4 datagram: 65535 - 20 - 8 */
#define PEERS_MAX 16

static char payload[2 * MESSAGE_MAX];

/* A socket that is sent to, and what it must have received in the end. */
struct peer {
	struct endpoint at;
	int fd;
	size_t messages;
	size_t bytes;
};

static struct peer peer_open(const char *family)
{
	struct peer peer = {.at = endpoint_of_family(family, 0)};

	peer.fd = endpoint_bind(&peer.at, SOCK_DGRAM);
	return peer;
}

/* Take one message that was sent to the peer off it, so that its queue never fills. */
static void peer_take(struct peer *peer, size_t size)
{
	char data[MESSAGE_MAX + 1];
	ssize_t n = recv(peer->fd, data, sizeof(data), 0);

	if (n < 0 || (size_t)n != size)
		errx(EXIT_FAILURE, "received %zd bytes of %zu", n, size);
	peer->messages++;
	peer->bytes += size;
}

/* Close the sender, which ends its session, and the peers, and print the report. */
static void end_session(cJSON *report, int fd, struct peer *peers, size_t count)
{
	struct endpoint from = endpoint_of_socket(fd);

	cJSON_AddNumberToObject(report_event(report), "sport", endpoint_port(&from));
	report_time(report, "closing_us");
	close(fd);
	for (size_t i = 0; i < count; i++) {
		report_destination(report, &peers[i].at, peers[i].messages, peers[i].bytes);
		close(peers[i].fd);
	}
	report_print(report);
}

static void connect_to(int fd, const struct peer *peer)
{
	if (connect(fd, &peer->at.any, peer->at.size))
		err(EXIT_FAILURE, "connect");
}

static ssize_t send_connected(int fd, const struct peer *peer, size_t size)
{
	(void)peer;
	return send(fd, payload, size, 0);
}

static ssize_t write_connected(int fd, const struct peer *peer, size_t size)
{
	(void)peer;
	return write(fd, payload, size);
}

static ssize_t writev_connected(int fd, const struct peer *peer, size_t size)
{
	struct iovec parts[] = {{payload, size / 2}, {payload, size - size / 2}};

	(void)peer;
	return writev(fd, parts, 2);
}

static ssize_t send_to(int fd, const struct peer *peer, size_t size)
{
	return sendto(fd, payload, size, 0, &peer->at.any, peer->at.size);
}

static struct msghdr message_to(const struct peer *peer, struct iovec *part)
{
	return (struct msghdr){
		.msg_name = peer ? (void *)(uintptr_t)&peer->at.any : NULL,
		.msg_namelen = peer ? peer->at.size : 0,
		.msg_iov = part,
		.msg_iovlen = 1,
	};
}

static ssize_t send_message(int fd, const struct peer *peer, size_t size)
{
	struct iovec part = {payload, size};
	struct msghdr message = message_to(peer, &part);

	return sendmsg(fd, &message, 0);
}

static ssize_t uring_send_connected(int fd, const struct peer *peer, size_t size)
{
	(void)peer;
	return uring_send(fd, payload, size);
}

static ssize_t uring_send_message(int fd, const struct peer *peer, size_t size)
{
	struct iovec part = {payload, size};
	struct msghdr message = message_to(peer, &part);

	return uring_sendmsg(fd, &message);
}

static const struct way {
	const char *name;
	ssize_t (*send)(int fd, const struct peer *peer, size_t size);
	bool connected;
} ways[] = {
	{"send", send_connected, true},
	{"write", write_connected, true},
	{"writev", writev_connected, true},
	{"sendto", send_to, false},
	{"sendmsg", send_message, false},
	{"uring_send", uring_send_connected, true},
	{"uring_sendmsg", uring_send_message, false},
};

static const struct way *way_of(const char *name)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!strcmp(name, ways[i].name))
			return &ways[i];
	}
	errx(EXIT_FAILURE, "no way to send: '%s'", name);
}

static void send_by(const struct way *way, int fd, struct peer *peer, size_t size)
{
	ssize_t sent = way->send(fd, peer, size);

	if (sent < 0 || (size_t)sent != size)
		err(EXIT_FAILURE, "%s sent %zd bytes of %zu", way->name, sent, size);
	peer_take(peer, size);
}

int trigger_udp_send(char **args)
{
	const struct way *way = way_of(args[1]);
	size_t messages = number_parse(args[2]), size = number_parse(args[3]);
	struct peer peer = peer_open(args[0]);
	cJSON *report = report_new("udp_session");
	int fd = endpoint_socket(&peer.at, SOCK_DGRAM);

	if (way->connected)
		connect_to(fd, &peer);
	while (messages--)
		send_by(way, fd, &peer, size);
	end_session(report, fd, &peer, 1);
	return EXIT_SUCCESS;
}

static size_t peers_open(const char *family, const char *count_text, struct peer *peers)
{
	size_t count = number_parse(count_text);

	if (count > PEERS_MAX)
		errx(EXIT_FAILURE, "more than %d destinations", PEERS_MAX);
	for (size_t i = 0; i < count; i++)
		peers[i] = peer_open(family);
	return count;
}

/* By turns to each destination; the first gets one message, the next two, and so on. */
int trigger_udp_destinations(char **args)
{
	struct peer peers[PEERS_MAX];
	size_t count = peers_open(args[0], args[1], peers);
	cJSON *report = report_new("udp_session");
	int fd = endpoint_socket(&peers[0].at, SOCK_DGRAM);

	for (size_t round = 0; round < count; round++) {
		for (size_t i = round; i < count; i++)
			send_by(way_of("sendto"), fd, &peers[i], 100 * round + i);
	}
	end_session(report, fd, peers, count);
	return EXIT_SUCCESS;
}

/* One system call, two messages to each destination. */
int trigger_udp_sendmmsg(char **args)
{
	struct peer peers[PEERS_MAX];
	struct mmsghdr messages[2 * PEERS_MAX];
	struct iovec parts[2 * PEERS_MAX];
	size_t count = peers_open(args[0], args[1], peers);
	cJSON *report = report_new("udp_session");
	int fd = endpoint_socket(&peers[0].at, SOCK_DGRAM);

	for (size_t i = 0; i < 2 * count; i++) {
		parts[i] = (struct iovec){payload, 10 + i};
		messages[i].msg_hdr = message_to(&peers[i % count], &parts[i]);
	}
	if (sendmmsg(fd, messages, (unsigned)(2 * count), 0) != (int)(2 * count))
		err(EXIT_FAILURE, "sendmmsg");
	for (size_t i = 0; i < 2 * count; i++)
		peer_take(&peers[i % count], 10 + i);
	end_session(report, fd, peers, count);
	return EXIT_SUCCESS;
}

/* A v6 socket sends to a v6 and, mapped, to a v4 destination. */
int trigger_udp_mixed_families(char **args)
{
	struct peer peers[] = {peer_open("6"), peer_open("mapped")};
	cJSON *report = report_new("udp_session");
	int fd = endpoint_socket(&peers[0].at, SOCK_DGRAM);

	(void)args;
	send_by(way_of("sendto"), fd, &peers[0], 11);
	send_by(way_of("sendto"), fd, &peers[1], 22);
	send_by(way_of("sendto"), fd, &peers[0], 33);
	end_session(report, fd, peers, 2);
	return EXIT_SUCCESS;
}

/* A connected socket names another destination for one message. */
int trigger_udp_sent_elsewhere(char **args)
{
	struct peer peers[] = {peer_open(args[0]), peer_open(args[0])};
	cJSON *report = report_new("udp_session");
	int fd = endpoint_socket(&peers[0].at, SOCK_DGRAM);

	connect_to(fd, &peers[0]);
	send_by(way_of("send"), fd, &peers[0], 11);
	send_by(way_of("sendto"), fd, &peers[1], 22);
	send_by(way_of("write"), fd, &peers[0], 33);
	end_session(report, fd, peers, 2);
	return EXIT_SUCCESS;
}

/* A socket is connected to one destination, then to another. */
int trigger_udp_reconnected(char **args)
{
	struct peer peers[] = {peer_open(args[0]), peer_open(args[0])};
	cJSON *report = report_new("udp_session");
	int fd = endpoint_socket(&peers[0].at, SOCK_DGRAM);

	connect_to(fd, &peers[0]);
	send_by(way_of("send"), fd, &peers[0], 11);
	connect_to(fd, &peers[1]);
	send_by(way_of("send"), fd, &peers[1], 22);
	send_by(way_of("send"), fd, &peers[1], 33);
	end_session(report, fd, peers, 2);
	return EXIT_SUCCESS;
}

struct sender {
	int fd;
	struct peer peer;
	size_t messages;
	size_t size;
};

static void *sending_thread(void *argument)
{
	struct sender *sender = argument;

	for (size_t i = 0; i < sender->messages; i++)
		send_by(way_of("sendto"), sender->fd, &sender->peer, sender->size);
	return NULL;
}

/* Two threads share a socket; each sends to a destination of its own. */
int trigger_udp_threads(char **args)
{
	size_t messages = number_parse(args[1]);
	struct sender senders[] = {
		{.peer = peer_open(args[0]), .messages = messages, .size = 10},
		{.peer = peer_open(args[0]), .messages = messages + 1, .size = 1000},
	};
	cJSON *report = report_new("udp_session");
	int fd = endpoint_socket(&senders[0].peer.at, SOCK_DGRAM);
	struct peer peers[2];
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++) {
		senders[i].fd = fd;
		if (pthread_create(&threads[i], NULL, sending_thread, &senders[i]))
			errx(EXIT_FAILURE, "no thread");
	}
	for (size_t i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		peers[i] = senders[i].peer;
	}
	cJSON_AddTrueToObject(report, "in_any_order");
	end_session(report, fd, peers, 2);
	return EXIT_SUCCESS;
}

/* What the kernel refuses to send was not sent. */
int trigger_udp_too_long(char **args)
{
	struct peer peer = peer_open(args[0]);
	cJSON *report = report_new("udp_session");
	int fd = endpoint_socket(&peer.at, SOCK_DGRAM);

	send_by(way_of("sendto"), fd, &peer, 44);
	if (send_to(fd, &peer, sizeof(payload)) != -1 || errno != EMSGSIZE)
		errx(EXIT_FAILURE, "sent more than fits into a datagram");
	end_session(report, fd, &peer, 1);
	return EXIT_SUCCESS;
}
