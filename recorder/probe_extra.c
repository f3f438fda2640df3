// SPDX-License-Identifier: Apache-2.0
#include "probe_extra.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "library.h"
#include "message.h"
#include "pidtree_probe.h"
#include "wire.h"

#define SUFFIX ".so"

struct extra {
	struct probe probe;
	struct pidtree_probe descriptor;
	void *library;
};

struct extra_probes {
	const char *directory;
	char **names; /* ended by NULL */
	size_t count;
	struct extra *extras; /* by name; library is NULL until loaded */
};

static const struct library_kind kind = {
	.symbol = "pidtree_probe",
	.abi = PIDTREE_PROBE_ABI,
	.size = sizeof(struct pidtree_probe),
	.least_size = offsetof(struct pidtree_probe, object) + sizeof(void *),
};

_Static_assert(offsetof(struct pidtree_probe, abi) == offsetof(struct library_descriptor, abi) &&
		       offsetof(struct pidtree_probe, size) ==
			       offsetof(struct library_descriptor, size) &&
		       offsetof(struct pidtree_probe, name) ==
			       offsetof(struct library_descriptor, name),
	       "library.c reads the beginning of the descriptor");

static bool is_built_in(const char *name)
{
	for (const struct probe *const *probe = probes_builtin; *probe; probe++)
		if (!strcmp((*probe)->name, name))
			return true;
	return !strcmp(probe_process.name, name);
}

/* Take the probe's name from the path of its file. */
static int add_name(struct extra_probes *probes, const char *path, char **ret_message)
{
	const char *file = strrchr(path, '/') + 1;
	char *name = strndup(file, strlen(file) - strlen(SUFFIX));

	if (!name)
		return -ENOMEM;
	probes->names[probes->count++] = name;
	if (!is_built_in(name))
		return 0;
	return message_fail(ret_message, -EEXIST,
			    "will not load %s: the recorder has a probe '%s' of its own; give it "
			    "another name",
			    path, name);
}

static int find(struct extra_probes *probes, char *const *paths, size_t count, char **ret_message)
{
	int r = 0;

	probes->names = calloc(count + 1, sizeof(*probes->names));
	probes->extras = calloc(count + 1, sizeof(*probes->extras));
	if (!probes->names || !probes->extras)
		return -ENOMEM;
	for (size_t i = 0; i < count && !r; i++)
		r = add_name(probes, paths[i], ret_message);
	return r;
}

int extra_probes_find(const char *directory, struct extra_probes **ret, char **ret_message)
{
	struct extra_probes *probes = calloc(1, sizeof(*probes));
	_cleanup_free_ char *pattern = NULL;
	glob_t found = {0};
	int r = -ENOMEM;

	*ret_message = NULL;
	if (probes && asprintf(&pattern, "%s/*" SUFFIX, directory) >= 0)
		r = glob(pattern, 0, NULL, &found) == GLOB_NOSPACE ? -ENOMEM : 0;
	if (!r && !found.gl_pathc)
		r = message_fail(ret_message, -ENOENT, "there is no probe (NAME.so) in %s",
				 directory);
	if (!r) {
		probes->directory = directory;
		r = find(probes, found.gl_pathv, found.gl_pathc, ret_message);
	}
	globfree(&found);
	if (r) {
		extra_probes_free(probes);
		return r;
	}
	*ret = probes;
	return 0;
}

void extra_probes_free(struct extra_probes *probes)
{
	if (!probes)
		return;
	for (size_t i = 0; i < probes->count; i++) {
		library_unload(probes->extras[i].library);
		free(probes->names[i]);
	}
	free(probes->names);
	free(probes->extras);
	free(probes);
}

const char *const *extra_probes_names(const struct extra_probes *probes)
{
	static const char *const none[] = {NULL};

	return probes ? (const char *const *)probes->names : none;
}

/* The offset of a variable in .rodata, -ENOENT when it is not there with this size. */
static int rodata_offset(const struct btf *btf, const char *name, size_t size)
{
	int id = btf ? btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC) : -ENOENT;
	const struct btf_type *section = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	const struct btf_var_secinfo *variable = section ? btf_var_secinfos(section) : NULL;

	for (int i = 0; section && i < btf_vlen(section); i++, variable++) {
		const struct btf_type *type = btf__type_by_id(btf, variable->type);

		if (variable->size == size &&
		    !strcmp(btf__name_by_offset(btf, type->name_off), name))
			return (int)variable->offset;
	}
	return -ENOENT;
}

/* libbpf calls the map behind a section by the object's name and the section's. */
static struct bpf_map *find_rodata(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, object) {
		const char *name = bpf_map__name(map);
		const char *dot = name ? strrchr(name, '.') : NULL;

		if (dot && !strcmp(dot, ".rodata"))
			return map;
	}
	return NULL;
}

int probe_object_set_id(struct bpf_object *object, uint16_t id)
{
	int offset = rodata_offset(bpf_object__btf(object), "probe_id", sizeof(id));
	struct bpf_map *rodata = find_rodata(object);
	size_t size = 0;
	const void *initial = rodata ? bpf_map__initial_value(rodata, &size) : NULL;
	_cleanup_free_ char *values = NULL;

	if (offset < 0 || !initial || (size_t)offset + sizeof(id) > size)
		return -ENOENT;
	values = malloc(size);
	if (!values)
		return -ENOMEM;
	memcpy(values, initial, size);
	memcpy(values + offset, &id, sizeof(id));
	return bpf_map__set_initial_value(rodata, values, size);
}

/* What would be wrong with the object later, said now and with its name. */
static int check_object(const struct extra *extra, const char *directory, char **ret_message)
{
	const struct pidtree_probe *descriptor = &extra->descriptor;
	size_t size = 0;
	const void *bytes = descriptor->object ? descriptor->object(&size) : NULL;
	struct bpf_object *object = bytes ? bpf_object__open_mem(bytes, size, NULL) : NULL;
	int r;

	if (!object)
		return message_fail(ret_message, -ENOEXEC,
				    "cannot load %s/%s.so: it carries no BPF object", directory,
				    descriptor->name);
	r = probe_object_set_id(object, WIRE_PROBE_EXTRA);
	bpf_object__close(object);
	if (r == -ENOENT)
		return message_fail(ret_message, -ENOEXEC,
				    "cannot load %s/%s.so: its BPF object has no variable 'const "
				    "volatile __u16 probe_id'",
				    directory, descriptor->name);
	return r;
}

static int load(struct extra *extra, const char *directory, const char *name, char **ret_message)
{
	int r = library_load(directory, name, true, &kind, &extra->descriptor, &extra->library,
			     ret_message);

	if (r == -ENOENT)
		return message_fail(ret_message, r, "there is no probe '%s' in %s", name,
				    directory);
	if (!r)
		r = check_object(extra, directory, ret_message);
	if (r)
		return r;
	extra->probe = (struct probe){
		.name = extra->descriptor.name,
		.object = extra->descriptor.object,
	};
	return 0;
}

int extra_probes_load(struct extra_probes *probes, const char *name, const struct probe **ret,
		      char **ret_message)
{
	*ret_message = NULL;
	for (size_t i = 0; i < probes->count; i++) {
		struct extra *extra = &probes->extras[i];
		int r;

		if (strcmp(probes->names[i], name))
			continue;
		r = extra->library ? 0 : load(extra, probes->directory, name, ret_message);
		if (!r)
			*ret = &extra->probe;
		return r;
	}
	return message_fail(ret_message, -ENOENT, "there is no probe '%s' in %s", name,
			    probes->directory);
}

int extra_probes_number(struct extra_probes *probes,
			int (*id_of)(void *context, const char *name, uint32_t least_id,
				     uint32_t *ret_id),
			void *context, char **ret_message)
{
	uint32_t least_id = WIRE_PROBE_EXTRA;

	*ret_message = NULL;
	for (size_t i = 0; i < probes->count; i++) {
		struct extra *extra = &probes->extras[i];
		uint32_t id;
		int r;

		if (!extra->library)
			continue;
		r = id_of(context, extra->probe.name, least_id, &id);
		if (r)
			return r;
		if (id >= WIRE_PROBES)
			return message_fail(ret_message, -E2BIG,
					    "too many probes from elsewhere: '%s' would be number "
					    "%u, the last is %d; those that were off before count, "
					    "so choose another directory with --database",
					    extra->probe.name, id, WIRE_PROBES - 1);
		if (id >= least_id)
			least_id = id + 1;
		extra->probe.id = (uint16_t)id;
	}
	return 0;
}
