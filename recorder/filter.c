/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct filter {
	int filter_fd; /* which bank counts, and its flags */
	int networks_fd;
	int ports_fd;
	int containers_fd;
	struct wire_filter state;
	uint32_t *containers; /* allowed mount namespaces */
	size_t container_count;
	int bank_containers_fd; /* of the bank that counts */
};

static int open_map(const char *pin_path, const char *probe, const char *kind)
{
	char path[PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s_%s", pin_path, probe, kind);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int filter_open(const char *pin_path, const char *probe, struct filter **ret)
{
	struct filter *filter = calloc(1, sizeof(*filter));
	uint32_t zero = 0;
	int r;

	if (!filter)
		return -ENOMEM;
	filter->bank_containers_fd = filter->networks_fd = filter->ports_fd = -1;
	filter->containers_fd = -1;
	if ((r = filter->filter_fd = open_map(pin_path, probe, "filter")) < 0 ||
	    (r = filter->networks_fd = open_map(pin_path, probe, "networks")) < 0 ||
	    (r = filter->ports_fd = open_map(pin_path, probe, "ports")) < 0 ||
	    (r = filter->containers_fd = open_map(pin_path, probe, "containers")) < 0)
		goto fail;
	if (bpf_map_lookup_elem(filter->filter_fd, &zero, &filter->state)) {
		r = -errno;
		goto fail;
	}
	*ret = filter;
	return 0;

fail:
	filter_free(filter);
	return r;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	close_fd(filter->filter_fd);
	close_fd(filter->networks_fd);
	close_fd(filter->ports_fd);
	close_fd(filter->containers_fd);
	close_fd(filter->bank_containers_fd);
	free(filter->containers);
	free(filter);
}

/* Distinct port sets, in the order in which they got their index. */
struct port_sets {
	const struct wire_port_set **sets;
	uint32_t count;
};

static uint32_t port_sets_index(struct port_sets *sets, const struct wire_port_set *ports)
{
	for (uint32_t i = 0; i < sets->count; i++)
		if (sets->sets[i] == ports)
			return i;
	sets->sets[sets->count] = ports;
	return sets->count++;
}

static struct wire_port_rule wire_rule(struct port_sets *sets, const struct port_rule *rule)
{
	struct wire_port_rule wire = {.mode = rule->mode};

	if (rule->ports)
		wire.set = port_sets_index(sets, rule->ports);
	return wire;
}

static struct wire_network wire_key(const struct network *network)
{
	struct wire_network key = {.prefix_bits = network->prefix_bits};

	address_to_mapped(&network->address, key.address);
	if (network->address.size == 4)
		key.prefix_bits += 96; /* of the mapping */
	return key;
}

/* Make an inner map and put it in its place of an outer one. The map's descriptor or -errno. */
static int make_inner(enum bpf_map_type type, const char *name, uint32_t key_size,
		      uint32_t value_size, uint32_t entries, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
	int fd = bpf_map_create(type, name, key_size, value_size, entries ? entries : 1, &options);

	return fd < 0 ? -errno : fd;
}

/* ::ffff:0:0/96, which holds all of IPv4, lies in some IPv6 networks; these do not mean it. */
static int spare_ipv4(int fd)
{
	struct wire_network mapped = {.prefix_bits = 96, .address = {[10] = 0xff, [11] = 0xff}};
	struct wire_port_rule none = {.mode = WIRE_PORTS_NONE};

	return bpf_map_update_elem(fd, &mapped, &none, BPF_ANY) ? -errno : 0;
}

static int fill_networks(int fd, const struct probe_config *config, struct port_sets *sets)
{
	int r = spare_ipv4(fd);

	if (r)
		return r;
	for (size_t i = 0; i < config->filter_count; i++) {
		struct wire_network key = wire_key(&config->filters[i].network);
		struct wire_port_rule rule = wire_rule(sets, &config->filters[i].ports);

		if (bpf_map_update_elem(fd, &key, &rule, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int fill_ports(int fd, const struct port_sets *sets)
{
	for (uint32_t i = 0; i < sets->count; i++)
		if (bpf_map_update_elem(fd, &i, sets->sets[i], BPF_ANY))
			return -errno;
	return 0;
}

static int fill_containers(int fd, const struct filter *filter)
{
	uint8_t one = 1;

	for (size_t i = 0; i < filter->container_count; i++)
		if (bpf_map_update_elem(fd, &filter->containers[i], &one, BPF_ANY))
			return -errno;
	return 0;
}

static int put_inner(int outer_fd, uint32_t bank, int inner_fd)
{
	return bpf_map_update_elem(outer_fd, &bank, &inner_fd, BPF_ANY) ? -errno : 0;
}

static int bank_fill_networks(struct filter *filter, uint32_t bank,
			      const struct probe_config *config, struct port_sets *sets)
{
	int fd = make_inner(BPF_MAP_TYPE_LPM_TRIE, "networks", sizeof(struct wire_network),
			    sizeof(struct wire_port_rule), (uint32_t)config->filter_count + 1,
			    BPF_F_NO_PREALLOC);
	int r = fd < 0 ? fd : fill_networks(fd, config, sets);

	if (!r)
		r = put_inner(filter->networks_fd, bank, fd);
	close_fd(fd);
	return r;
}

static int bank_fill_ports(struct filter *filter, uint32_t bank, const struct port_sets *sets)
{
	int fd = make_inner(BPF_MAP_TYPE_ARRAY, "ports", sizeof(uint32_t),
			    sizeof(struct wire_port_set), sets->count, BPF_F_INNER_MAP);
	int r = fd < 0 ? fd : fill_ports(fd, sets);

	if (!r)
		r = put_inner(filter->ports_fd, bank, fd);
	close_fd(fd);
	return r;
}

/* The descriptor stays open: containers come and go while the bank counts. */
static int bank_fill_containers(struct filter *filter, uint32_t bank, int *ret_fd)
{
	int fd = make_inner(BPF_MAP_TYPE_HASH, "containers", sizeof(uint32_t), sizeof(uint8_t),
			    WIRE_CONTAINERS, 0);
	int r = fd < 0 ? fd : fill_containers(fd, filter);

	if (!r)
		r = put_inner(filter->containers_fd, bank, fd);
	if (r)
		close_fd(fd);
	else
		*ret_fd = fd;
	return r;
}

/* This host's network namespace, that same_namespace_only limits net_listen to. */
static uint32_t own_net_ns(void)
{
	char target[64] = "";
	unsigned inode = 0;

	if (readlink("/proc/self/ns/net", target, sizeof(target) - 1) > 0)
		sscanf(target, "net:[%u]", &inode);
	return inode;
}

static struct wire_filter_bank bank_of(const struct probe_config *config, struct port_sets *sets)
{
	struct wire_filter_bank bank = {
		.session_max_ns = config->session_max_ns,
		.ports = wire_rule(sets, &config->ports),
		.net_ns = config->same_namespace_only ? own_net_ns() : 0,
	};

	if (config->ports.mode != WIRE_PORTS_NONE)
		bank.flags |= WIRE_FILTER_PORTS;
	if (config->filter_count)
		bank.flags |= WIRE_FILTER_NETWORKS;
	if (config->container_label_count)
		bank.flags |= WIRE_FILTER_CONTAINERS;
	if (config->same_namespace_only)
		bank.flags |= WIRE_FILTER_NET_NS;
	if (config->exclude_random_bind)
		bank.flags |= WIRE_FILTER_RANDOM_BIND;
	if (!(config->protocols & CONFIG_PROTOCOL_TCP))
		bank.flags |= WIRE_FILTER_TCP;
	if (!(config->protocols & CONFIG_PROTOCOL_UDP))
		bank.flags |= WIRE_FILTER_UDP;
	return bank;
}

/*
 * Write the new bank, then say that it counts: a program may read while a value
 * is being written, so one write must not do both.
 */
static int switch_bank(struct filter *filter, struct wire_filter *state, uint32_t bank)
{
	uint32_t zero = 0;

	if (bpf_map_update_elem(filter->filter_fd, &zero, state, BPF_ANY))
		return -errno;
	state->bank = bank;
	return bpf_map_update_elem(filter->filter_fd, &zero, state, BPF_ANY) ? -errno : 0;
}

int filter_apply(struct filter *filter, const struct probe_config *config)
{
	uint32_t bank = (filter->state.bank + 1) % WIRE_BANKS;
	struct port_sets sets = {0};
	struct wire_filter state = filter->state;
	int containers_fd = -1;
	int r;

	sets.sets = calloc(config->filter_count + 1, sizeof(*sets.sets));
	if (!sets.sets)
		return -ENOMEM;
	state.banks[bank] = bank_of(config, &sets);
	if ((r = bank_fill_networks(filter, bank, config, &sets)) ||
	    (r = bank_fill_ports(filter, bank, &sets)) ||
	    (r = bank_fill_containers(filter, bank, &containers_fd)))
		goto out;
	r = switch_bank(filter, &state, bank);
	if (r) {
		close_fd(containers_fd);
		goto out;
	}
	filter->state = state;
	close_fd(filter->bank_containers_fd);
	filter->bank_containers_fd = containers_fd;
out:
	free(sets.sets);
	return r;
}

static size_t find_container(const struct filter *filter, uint32_t mnt_ns)
{
	size_t i = 0;

	while (i < filter->container_count && filter->containers[i] != mnt_ns)
		i++;
	return i;
}

static int add_container(struct filter *filter, uint32_t mnt_ns)
{
	uint32_t *grown = reallocarray(filter->containers, filter->container_count + 1,
				       sizeof(*filter->containers));

	if (!grown)
		return -ENOMEM;
	grown[filter->container_count++] = mnt_ns;
	filter->containers = grown;
	return 0;
}

int filter_set_container(struct filter *filter, uint32_t mnt_ns, bool is_on)
{
	size_t at = find_container(filter, mnt_ns);
	bool was_on = at < filter->container_count;
	uint8_t one = 1;
	int r;

	if (was_on == is_on)
		return 0;
	if (is_on) {
		r = add_container(filter, mnt_ns);
		if (r)
			return r;
		if (bpf_map_update_elem(filter->bank_containers_fd, &mnt_ns, &one, BPF_ANY))
			return -errno;
		return 0;
	}
	filter->containers[at] = filter->containers[--filter->container_count];
	return bpf_map_delete_elem(filter->bank_containers_fd, &mnt_ns) ? -errno : 0;
}
