// SPDX-License-Identifier: Apache-2.0
/*
 * Adds the name of the local address, from files in the format of hosts(5); ""
 * if they have none. Arguments: hostfiles, of which the later one wins, and
 * attribute_key. A file is read again when it has changed, which is looked for
 * every two seconds at most.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#include "pidtree_plugin.h"

#define CHECK_SECONDS 2

struct host {
	struct in6_addr address; /* IPv4 as v4-mapped */
	char *name;
	UT_hash_handle hh;
};

/* What tells one content of a file from another; all zero for a file that is not there. */
struct version {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
};

struct hostfile {
	const char *path;
	struct version version; /* that was read */
	bool is_missing;	/* and this was said */
};

struct sourceipmap {
	const char *attribute_key;
	struct hostfile *files;
	size_t file_count;
	struct host *hosts; /* a hash table */
	time_t next_check;  /* CLOCK_MONOTONIC */
};

static int parse_address(const char *text, struct in6_addr *ret)
{
	struct in_addr ipv4;

	if (inet_pton(AF_INET6, text, ret) == 1)
		return 0;
	if (inet_pton(AF_INET, text, &ipv4) != 1)
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	ret->s6_addr[10] = ret->s6_addr[11] = 0xff;
	memcpy(&ret->s6_addr[12], &ipv4, sizeof(ipv4));
	return 0;
}

static const char *hosts_find(const struct host *hosts, const char *text)
{
	struct in6_addr address;
	struct host *host;

	if (parse_address(text, &address))
		return "";
	HASH_FIND(hh, hosts, &address, sizeof(address), host);
	return host ? host->name : "";
}

static int hosts_set(struct host **hosts, const struct in6_addr *address, const char *name)
{
	char *copy = strdup(name);
	struct host *host;

	if (!copy)
		return -ENOMEM;
	HASH_FIND(hh, *hosts, address, sizeof(*address), host);
	if (!host) {
		host = calloc(1, sizeof(*host));
		if (!host) {
			free(copy);
			return -ENOMEM;
		}
		host->address = *address;
		HASH_ADD(hh, *hosts, address, sizeof(host->address), host);
	}
	free(host->name);
	host->name = copy;
	return 0;
}

static void hosts_free(struct host *hosts)
{
	struct host *host, *next;

	HASH_ITER (hh, hosts, host, next) {
		HASH_DEL(hosts, host);
		free(host->name);
		free(host);
	}
}

/* "ADDRESS NAME [ALIAS]... [# COMMENT]"; what is not of this form says nothing. */
static int read_line(char *line, struct host **hosts)
{
	static const char blanks[] = " \t\r\n";
	char *rest, *address_text, *name;
	struct in6_addr address;

	line[strcspn(line, "#")] = '\0';
	address_text = strtok_r(line, blanks, &rest);
	name = strtok_r(NULL, blanks, &rest);
	if (!address_text || !name || parse_address(address_text, &address))
		return 0;
	return hosts_set(hosts, &address, name);
}

static int read_lines(FILE *file, struct host **hosts)
{
	char *line = NULL;
	size_t size = 0;
	int r = 0;

	errno = 0;
	while (!r && getline(&line, &size, file) >= 0)
		r = read_line(line, hosts);
	if (!r && !feof(file))
		r = errno ? -errno : -EIO;
	free(line);
	return r;
}

static struct version version_of(const struct stat *status)
{
	return (struct version){
		.device = status->st_dev,
		.inode = status->st_ino,
		.size = status->st_size,
		.modified = status->st_mtim,
	};
}

static bool version_equal(const struct version *a, const struct version *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified.tv_sec == b->modified.tv_sec &&
	       a->modified.tv_nsec == b->modified.tv_nsec;
}

/* Add a file's hosts, and note which version of it they are of. 0 or -errno. */
static int hostfile_read(struct hostfile *hostfile, struct host **hosts)
{
	/* Opening a FIFO must not wait for a writer. */
	int fd = open(hostfile->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	struct stat status;
	int r = file && !fstat(fd, &status) ? 0 : -errno;

	hostfile->version = (struct version){0};
	if (!r && !S_ISREG(status.st_mode))
		r = -EINVAL;
	if (!r) {
		hostfile->version = version_of(&status);
		r = read_lines(file, hosts);
	}
	if (file)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	return r;
}

/* Read all files anew. Only running out of memory leaves the old hosts as they are. */
static int read_all(const struct pidtree_api *api, struct sourceipmap *map)
{
	struct host *hosts = NULL;

	for (size_t i = 0; i < map->file_count; i++) {
		struct hostfile *file = &map->files[i];
		int r = hostfile_read(file, &hosts);

		if (r == -ENOMEM) {
			file->version = (struct version){0}; /* to be read again */
			hosts_free(hosts);
			return r;
		}
		if (r && !file->is_missing)
			api->log(PIDTREE_LOG_WARNING, "cannot read %s: %s; going on without it",
				 file->path, r == -EINVAL ? "not a regular file" : strerror(-r));
		file->is_missing = r;
	}
	hosts_free(map->hosts);
	map->hosts = hosts;
	return 0;
}

static bool has_changed(const struct sourceipmap *map)
{
	for (size_t i = 0; i < map->file_count; i++) {
		const struct hostfile *file = &map->files[i];
		struct version version = {0};
		struct stat status;

		if (!stat(file->path, &status) && S_ISREG(status.st_mode))
			version = version_of(&status);
		if (!version_equal(&version, &file->version))
			return true;
	}
	return false;
}

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static int process(const struct pidtree_api *api, void *state, struct pidtree_event *event)
{
	struct sourceipmap *map = state;
	int r = 0;

	if (now() >= map->next_check) {
		map->next_check = now() + CHECK_SECONDS;
		if (has_changed(map))
			r = read_all(api, map);
	}
	return r ? r
		 : api->add_text(event, PIDTREE_TOP_LEVEL, map->attribute_key,
				 hosts_find(map->hosts, api->event_saddr(event)));
}

static void fini(const struct pidtree_api *api, void *state)
{
	struct sourceipmap *map = state;

	(void)api;
	hosts_free(map->hosts);
	free(map->files);
	free(map);
}

static int read_arguments(const struct pidtree_api *api, struct pidtree_arguments *arguments,
			  struct sourceipmap *map)
{
	const char *const *paths = NULL;
	int r = api->argument_list(arguments, "hostfiles", &paths, &map->file_count);

	if (!r)
		r = api->argument_text(arguments, "attribute_key", &map->attribute_key);
	if (r)
		return r;
	if (!map->file_count)
		return api->argument_error(arguments, "hostfiles",
					   "no hostfiles, expected a list of files such as "
					   "/etc/hosts");
	if (!*map->attribute_key)
		return api->argument_error(arguments, "attribute_key",
					   "an empty attribute_key, expected a name");
	map->files = calloc(map->file_count, sizeof(*map->files));
	if (!map->files)
		return -ENOMEM;
	for (size_t i = 0; i < map->file_count; i++)
		map->files[i].path = paths[i];
	return 0;
}

static int init(const struct pidtree_api *api, struct pidtree_arguments *arguments,
		void **ret_state)
{
	struct sourceipmap *map = calloc(1, sizeof(*map));
	int r;

	if (!map)
		return -ENOMEM;
	map->attribute_key = "source_host";
	r = read_arguments(api, arguments, map);
	if (!r)
		r = read_all(api, map);
	if (r) {
		fini(api, map);
		return r;
	}
	map->next_check = now() + CHECK_SECONDS;
	*ret_state = map;
	return 0;
}

const struct pidtree_plugin pidtree_plugin = {
	PIDTREE_PLUGIN, .name = "sourceipmap", .probes = (const char *const[]){"*", NULL},
	.init = init,	.process = process,    .fini = fini,
};
