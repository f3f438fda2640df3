/* SPDX-License-Identifier: Apache-2.0 */
/* The id of a container, as it stands in the paths of its cgroups. */
#ifndef PIDTREE_CONTAINER_ID_H
#define PIDTREE_CONTAINER_ID_H

#include <stdbool.h>

#define CONTAINER_ID_LENGTH 64 /* hexadecimal digits, SHA-256 */
#define CONTAINER_ID_SIZE (CONTAINER_ID_LENGTH + 1)

/*
 * Find the id of the innermost container that a cgroup lies in: a component of
 * its path that is 64 hexadecimal digits (docker/ID, kubepods/…/ID), or a word
 * before and maybe ".scope" behind them (docker-ID.scope, libpod-ID.scope,
 * cri-containerd-ID.scope, crio-ID.scope, SLICE:cri-containerd:ID). What a
 * runtime runs beside a container, as libpod-conmon-ID.scope, is outside of it.
 * False, with ret untouched, for any other path.
 */
bool container_id_parse(const char *path, char ret[CONTAINER_ID_SIZE]);

#endif
