/* SPDX-License-Identifier: Apache-2.0 */
#include "collector_objects.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe_extra.h"
#include "wire.h"

#define OBJECTS_MAX 34 /* WIRE_PROBES and those of processes and cgroups */

struct objects {
	struct bpf_object *object[OBJECTS_MAX];
	size_t count;
};

static __attribute__((format(printf, 2, 0))) int log_print(enum libbpf_print_level level,
							   const char *format, va_list arguments)
{
	if (level == LIBBPF_DEBUG || !getenv("LIBBPF_LOG"))
		return 0;
	return vfprintf(stderr, format, arguments);
}

void objects_set_log(void)
{
	libbpf_set_print(log_print);
}

/* Values that only the running host can tell. */
static int object_size_maps(struct bpf_object *object)
{
	struct bpf_map *scratch = bpf_object__find_map_by_name(object, "exec_scratch");

	if (!scratch)
		return 0;
	return bpf_map__set_max_entries(scratch, (uint32_t)libbpf_num_possible_cpus());
}

/* Open without loading: programs that this kernel cannot run are left out. */
static int object_open(const struct probe *probe, const char *pin_path, struct bpf_object **ret)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = probe->name,
		    .pin_root_path = pin_path);
	size_t size;
	const void *bytes = probe->object(&size);
	struct bpf_object *object = bpf_object__open_mem(bytes, size, &options);
	int r;

	if (!object)
		return -errno;
	r = object_size_maps(object);
	if (!r && probe->choose)
		r = probe->choose(object);
	if (!r && probe->id >= WIRE_PROBE_EXTRA)
		r = probe_object_set_id(object, probe->id);
	if (r)
		bpf_object__close(object);
	else
		*ret = object;
	return r;
}

static int object_load(const struct probe *probe, const char *pin_path, struct bpf_object **ret)
{
	struct bpf_object *object;
	int r = object_open(probe, pin_path, &object);

	if (r)
		return r;
	r = bpf_object__load(object);
	if (r)
		bpf_object__close(object);
	else
		*ret = object;
	return r;
}

int objects_print_hooks(const struct probe *const *probes, FILE *out)
{
	fprintf(out, "\n# Hooks:\n");
	for (; *probes; probes++) {
		struct bpf_program *program;
		struct bpf_object *object;
		int r = object_open(*probes, NULL, &object);

		if (r)
			return r;
		bpf_object__for_each_program (program, object) {
			if (bpf_program__autoload(program))
				fprintf(out, "# %s: %s\n", (*probes)->name,
					bpf_program__section_name(program));
		}
		bpf_object__close(object);
	}
	return 0;
}

int objects_load(const struct probe *const *probes, const char *pin_path, struct objects **ret)
{
	struct objects *objects = calloc(1, sizeof(*objects));
	int r = objects ? 0 : -ENOMEM;

	for (; !r && *probes; probes++) {
		if (objects->count == OBJECTS_MAX)
			r = -E2BIG;
		else
			r = object_load(*probes, pin_path, &objects->object[objects->count]);
		if (!r)
			objects->count++;
	}
	if (r) {
		objects_free(objects);
		return r;
	}
	*ret = objects;
	return 0;
}

static struct bpf_link *program_attach(struct bpf_program *program, int cgroup_fd)
{
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
		return bpf_program__attach_cgroup(program, cgroup_fd);
	default:
		return bpf_program__attach(program);
	}
}

/* Attach one program and pin its link; the pin keeps it attached. */
static int program_pin(struct bpf_program *program, int cgroup_fd, const char *directory)
{
	struct bpf_link *link = program_attach(program, cgroup_fd);
	char path[PATH_MAX + 256];
	int r;

	if (!link)
		return -errno;
	snprintf(path, sizeof(path), "%s/%s", directory, bpf_program__name(program));
	r = bpf_link__pin(link, path);
	bpf_link__destroy(link);
	return r;
}

int objects_attach(struct objects *objects, const char *cgroup_root, const char *links_path)
{
	int cgroup_fd = open(cgroup_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char directory[PATH_MAX];
	int r = 0;

	if (cgroup_fd < 0)
		return -errno;
	snprintf(directory, sizeof(directory), "%s-new", links_path);
	if (mkdir(directory, 0700))
		r = -errno;
	for (size_t i = 0; !r && i < objects->count; i++) {
		struct bpf_program *program;

		bpf_object__for_each_program (program, objects->object[i]) {
			if (!bpf_program__autoload(program))
				continue;
			r = program_pin(program, cgroup_fd, directory);
			if (r)
				break;
		}
	}
	if (!r && rename(directory, links_path))
		r = -errno;
	close(cgroup_fd);
	return r;
}

void objects_free(struct objects *objects)
{
	if (!objects)
		return;
	for (size_t i = 0; i < objects->count; i++)
		bpf_object__close(objects->object[i]);
	free(objects);
}
