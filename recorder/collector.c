/* SPDX-License-Identifier: Apache-2.0 */
#include "collector.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "collector_objects.h"
#include "collector_pins.h"
#include "host.h"
#include "snapshot.skel.h"

struct collector {
	char pin_path[PATH_MAX];
	char links_path[PATH_MAX]; /* named after the programs, see collector_pins.h */
	int lock_fd;
	int ring_fd;
	int drops_fd;
	int udp_sockets_fd;
	int udp_destinations_fd;
	int open_cgroups_fd;
	int listeners_fd;
	int listen_snapshot_fd; /* an iterator's link */
	uint32_t ring_id;
	bool was_recording;
	struct snapshot_bpf *snapshot;
	struct bpf_link *tasks;
	struct bpf_link *sockets;
	int *programs; /* descriptors of those attached */
	size_t program_count;
	struct bpf_prog_info program_info; /* of the one asked about last */
	struct wire_drop *drops;	   /* one for each possible CPU */
	int cpus;
};

static __attribute__((format(printf, 3, 4))) int fail(char **ret_message, int r, const char *format,
						      ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(ret_message, format, arguments) < 0)
		*ret_message = NULL;
	va_end(arguments);
	return r;
}

/* What every host must have, each with its remedy, before libbpf says it in its own words. */
static int check_host(char *cgroup_root, size_t size, char **ret_message)
{
	int r;

	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return fail(ret_message, -ENOENT,
			    "this kernel has no BTF (/sys/kernel/btf/vmlinux is missing); boot one "
			    "built with CONFIG_DEBUG_INFO_BTF");
	if (host_cgroup_root(cgroup_root, size))
		return fail(ret_message, -ENOENT,
			    "no cgroup v2 hierarchy is mounted; mount one: mount -t cgroup2 none "
			    "/sys/fs/cgroup/unified");
	r = host_mount_bpffs();
	if (r)
		return fail(ret_message, r,
			    "cannot mount a BPF file system on /sys/fs/bpf: %s; mount one: mount "
			    "-t bpf bpf /sys/fs/bpf",
			    strerror(-r));
	return 0;
}

static int make_directories(const char *path)
{
	char partial[PATH_MAX];

	for (const char *end = strchr(path + 1, '/');; end = strchr(end + 1, '/')) {
		size_t length = end ? (size_t)(end - path) : strlen(path);

		memcpy(partial, path, length);
		partial[length] = '\0';
		if (mkdir(partial, 0700) && errno != EEXIST)
			return -errno;
		if (!end)
			return 0;
	}
}

/* One recorder for a pin path: the programs would be taken from the other's hands. */
static int lock_pins(struct collector *collector, char **ret_message)
{
	const char *path = collector->pin_path;
	struct statfs fs;
	int r = strlen(path) < PATH_MAX - 64 ? make_directories(path) : -ENAMETOOLONG;

	if (r)
		return fail(ret_message, r,
			    "cannot create %s: %s; run as root, or choose another "
			    "path below /sys/fs/bpf with --pin-path",
			    path, strerror(-r));
	if (statfs(path, &fs) || fs.f_type != BPF_FS_MAGIC) {
		rmdir(path);
		return fail(ret_message, -EINVAL,
			    "%s is not on a BPF file system; choose a path below /sys/fs/bpf with "
			    "--pin-path",
			    path);
	}
	collector->lock_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (collector->lock_fd < 0)
		return fail(ret_message, -errno, "cannot open %s: %m", path);
	if (flock(collector->lock_fd, LOCK_EX | LOCK_NB))
		return fail(ret_message, -EBUSY,
			    "another recorder uses %s; stop it, or choose another path with "
			    "--pin-path",
			    path);
	return 0;
}

static int open_map(struct collector *collector, const char *name, int *ret_fd)
{
	char path[PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", collector->pin_path, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int open_maps(struct collector *collector)
{
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);
	char path[PATH_MAX + 64];
	int r;

	if ((r = open_map(collector, "ring", &collector->ring_fd)) ||
	    (r = open_map(collector, "drops", &collector->drops_fd)) ||
	    (r = open_map(collector, "open_cgroups", &collector->open_cgroups_fd)))
		return r;
	/* Only there when the probe is on. */
	open_map(collector, "udp_sockets", &collector->udp_sockets_fd);
	open_map(collector, "udp_destinations", &collector->udp_destinations_fd);
	open_map(collector, "listeners", &collector->listeners_fd);
	snprintf(path, sizeof(path), "%s/listen_snapshot", collector->links_path);
	collector->listen_snapshot_fd = bpf_obj_get(path);
	if (bpf_obj_get_info_by_fd(collector->ring_fd, &info, &length))
		return -errno;
	collector->ring_id = info.id;
	return 0;
}

static int open_snapshot(struct collector *collector)
{
	collector->snapshot = snapshot_bpf__open_and_load();
	if (!collector->snapshot)
		return -errno;
	collector->tasks = bpf_program__attach(collector->snapshot->progs.snapshot_task);
	collector->sockets = bpf_program__attach(collector->snapshot->progs.snapshot_socket);
	return collector->tasks && collector->sockets ? 0 : -errno;
}

/* Called when the maps are there and nothing is attached yet. */
struct preparation {
	int (*prepare)(void *context);
	void *context;
};

static int load(struct collector *collector, const struct probe *const *probes,
		const struct preparation *preparation, const char *cgroup_root, char **ret_message)
{
	struct objects *objects = NULL;
	int r = pins_remove_links(collector->pin_path);

	if (!r)
		r = objects_load(probes, collector->pin_path, &objects);
	if (r == -EINVAL) {
		/* Maps that another version pinned do not fit. */
		pins_remove_maps(collector->pin_path);
		r = objects_load(probes, collector->pin_path, &objects);
	}
	if (!r)
		r = preparation->prepare(preparation->context);
	if (!r)
		r = objects_attach(objects, cgroup_root, collector->links_path);
	objects_free(objects);
	if (r == -EPERM)
		return fail(ret_message, r,
			    "the kernel refused the BPF programs: %s; run as root, or with "
			    "CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN",
			    strerror(-r));
	if (r)
		return fail(ret_message, r,
			    "cannot load the BPF programs: %s; set LIBBPF_LOG=1 to see why",
			    strerror(-r));
	return 0;
}

int collector_open(const char *pin_path, const struct probe *const *probes,
		   int (*prepare)(void *context), void *context, struct collector **ret,
		   char **ret_message)
{
	struct preparation preparation = {.prepare = prepare, .context = context};
	struct collector *collector;
	char cgroup_root[PATH_MAX];
	int r;

	*ret_message = NULL;
	collector = calloc(1, sizeof(*collector));
	if (!collector)
		return -ENOMEM;
	collector->lock_fd = collector->ring_fd = collector->drops_fd = -1;
	collector->udp_sockets_fd = collector->udp_destinations_fd = -1;
	collector->open_cgroups_fd = -1;
	collector->listeners_fd = collector->listen_snapshot_fd = -1;
	collector->cpus = libbpf_num_possible_cpus();
	collector->drops = calloc((size_t)collector->cpus, sizeof(*collector->drops));
	snprintf(collector->pin_path, sizeof(collector->pin_path), "%s", pin_path);
	objects_set_log();
	r = collector->drops ? check_host(cgroup_root, sizeof(cgroup_root), ret_message) : -ENOMEM;
	if (!r)
		r = lock_pins(collector, ret_message);
	if (r)
		goto fail;

	pins_links_path(pin_path, probes, collector->links_path, sizeof(collector->links_path));
	collector->was_recording = !access(collector->links_path, F_OK);
	r = collector->was_recording
		    ? prepare(context)
		    : load(collector, probes, &preparation, cgroup_root, ret_message);
	if (r) {
		collector_detach(collector);
		collector_unpin(collector);
		goto fail;
	}
	r = open_maps(collector);
	if (!r)
		r = pins_open_programs(collector->links_path, &collector->programs,
				       &collector->program_count);
	if (!r)
		r = open_snapshot(collector);
	if (r) {
		fail(ret_message, r,
		     "cannot open the maps and iterators below %s: %s; remove "
		     "that directory and start again",
		     pin_path, strerror(-r));
		goto fail;
	}
	*ret = collector;
	return 0;

fail:
	collector_free(collector);
	return r;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void collector_free(struct collector *collector)
{
	if (!collector)
		return;
	bpf_link__destroy(collector->tasks);
	bpf_link__destroy(collector->sockets);
	snapshot_bpf__destroy(collector->snapshot);
	close_fd(collector->ring_fd);
	close_fd(collector->drops_fd);
	close_fd(collector->udp_sockets_fd);
	close_fd(collector->udp_destinations_fd);
	close_fd(collector->open_cgroups_fd);
	close_fd(collector->listeners_fd);
	close_fd(collector->listen_snapshot_fd);
	close_fd(collector->lock_fd);
	for (size_t i = 0; i < collector->program_count; i++)
		close(collector->programs[i]);
	free(collector->programs);
	free(collector->drops);
	free(collector);
}

void collector_detach(struct collector *collector)
{
	pins_remove_links(collector->pin_path);
}

void collector_unpin(struct collector *collector)
{
	pins_remove_maps(collector->pin_path);
	rmdir(collector->pin_path);
}

bool collector_is_attached(const struct collector *collector)
{
	size_t count;

	return !pins_count_programs(collector->links_path, &count) &&
	       count == collector->program_count;
}

bool collector_was_recording(const struct collector *collector)
{
	return collector->was_recording;
}

int collector_ring_fd(const struct collector *collector)
{
	return collector->ring_fd;
}

uint32_t collector_ring_id(const struct collector *collector)
{
	return collector->ring_id;
}

/*
 * Read an iterator to its end, size bytes at a time. visit returns 0 to go on,
 * else what iterate returns.
 */
static int iterate(int link_fd, size_t size, int (*visit)(void *context, const void *element),
		   void *context)
{
	int fd = bpf_iter_create(link_fd);
	char buffer[64 * 1024];
	size_t used = 0;
	int r = 0;

	if (fd < 0)
		return -errno;
	while (!r) {
		ssize_t length = read(fd, buffer + used, sizeof(buffer) - used);
		size_t offset = 0;

		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (length <= 0) {
			r = length < 0 ? -errno : 0;
			break;
		}
		used += (size_t)length;
		for (; !r && used - offset >= size; offset += size)
			r = visit(context, buffer + offset);
		memmove(buffer, buffer + offset, used - offset);
		used -= offset;
	}
	close(fd);
	return r;
}

struct task_visit {
	int (*visit)(void *context, const struct wire_seed *seed);
	void *context;
};

static int visit_task(void *context, const void *element)
{
	struct task_visit *tasks = context;
	struct wire_seed seed;

	memcpy(&seed, element, sizeof(seed));
	return tasks->visit(tasks->context, &seed);
}

int collector_visit_tasks(struct collector *collector,
			  int (*visit)(void *context, const struct wire_seed *seed), void *context)
{
	struct task_visit tasks = {.visit = visit, .context = context};

	return iterate(bpf_link__fd(collector->tasks), sizeof(struct wire_seed), visit_task,
		       &tasks);
}

struct port_search {
	uint64_t cookie;
	uint16_t port;
};

static int visit_socket(void *context, const void *element)
{
	struct port_search *search = context;
	struct wire_socket socket;

	memcpy(&socket, element, sizeof(socket));
	if (socket.cookie != search->cookie)
		return 0;
	search->port = socket.sport;
	return 1;
}

uint16_t collector_listen_port(struct collector *collector, uint64_t cookie)
{
	struct port_search search = {.cookie = cookie};

	iterate(bpf_link__fd(collector->sockets), sizeof(struct wire_socket), visit_socket,
		&search);
	return search.port;
}

struct listener_visit {
	int (*visit)(void *context, const struct wire_socket *socket);
	void *context;
};

static int visit_listener(void *context, const void *element)
{
	struct listener_visit *listeners = context;
	struct wire_socket socket;

	memcpy(&socket, element, sizeof(socket));
	return listeners->visit(listeners->context, &socket);
}

int collector_visit_listeners(struct collector *collector,
			      int (*visit)(void *context, const struct wire_socket *socket),
			      void *context)
{
	struct listener_visit listeners = {.visit = visit, .context = context};

	if (collector->listen_snapshot_fd < 0)
		return -ENOENT;
	return iterate(collector->listen_snapshot_fd, sizeof(struct wire_socket), visit_listener,
		       &listeners);
}

void collector_follow_listener(struct collector *collector, uint64_t cookie, uint64_t open_boot_ns)
{
	bpf_map_update_elem(collector->listeners_fd, &cookie, &open_boot_ns, BPF_NOEXIST);
}

int collector_udp_socket(struct collector *collector, uint64_t cookie, struct wire_udp_socket *ret)
{
	return bpf_map_lookup_elem(collector->udp_sockets_fd, &cookie, ret) ? -errno : 0;
}

int collector_udp_destination(struct collector *collector, const struct wire_udp_key *key,
			      struct wire_udp_count *ret)
{
	return bpf_map_lookup_elem(collector->udp_destinations_fd, key, ret) ? -errno : 0;
}

void collector_udp_forget(struct collector *collector, const struct wire_udp_key *key)
{
	bpf_map_delete_elem(collector->udp_destinations_fd, key);
}

void collector_open_cgroup(struct collector *collector, const struct wire_cgroup_key *key,
			   bool is_open)
{
	uint8_t one = 1;

	if (is_open)
		bpf_map_update_elem(collector->open_cgroups_fd, key, &one, BPF_ANY);
	else
		bpf_map_delete_elem(collector->open_cgroups_fd, key);
}

int collector_drops(struct collector *collector, uint32_t index, struct wire_drop *ret)
{
	struct wire_drop sum = {0};

	if (bpf_map_lookup_elem(collector->drops_fd, &index, collector->drops))
		return -errno;
	for (int cpu = 0; cpu < collector->cpus; cpu++) {
		sum.count += collector->drops[cpu].count;
		if (collector->drops[cpu].last_boot_ns > sum.last_boot_ns)
			sum.last_boot_ns = collector->drops[cpu].last_boot_ns;
	}
	*ret = sum;
	return 0;
}

int collector_misses(struct collector *collector, size_t program, const char **ret_name,
		     uint64_t *ret_count)
{
	struct bpf_prog_info *info = &collector->program_info;
	uint32_t length = sizeof(*info);

	if (program >= collector->program_count)
		return -ENOENT;
	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(collector->programs[program], info, &length))
		return -errno;
	*ret_name = info->name;
	*ret_count = info->recursion_misses;
	return 0;
}
