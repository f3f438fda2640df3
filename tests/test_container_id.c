// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorder/container_id.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define POD "pod12345678-1234-1234-1234-123456789012"

static void assert_id(const char *path, const char *expected)
{
	char id[CONTAINER_ID_SIZE] = "untouched";
	bool found = container_id_parse(path, id);

	if (found != !!expected || strcmp(id, expected ? expected : "untouched") != 0)
		fail_msg("%s: %s", path, id);
}

static void every_runtimes_paths_are_known(void **state)
{
	(void)state;
	assert_id("/docker/" A, A);
	assert_id("/system.slice/docker-" A ".scope", A);
	assert_id("/machine.slice/libpod-" A ".scope", A);
	assert_id("/libpod_parent/libpod-" A, A);
	assert_id("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope", A);
	assert_id("/kubepods/besteffort/" POD "/" A, A);
	assert_id("/kubepods.slice/kubepods-" POD ".slice/cri-containerd-" A ".scope", A);
	assert_id("/kubepods.slice/kubepods-" POD ".slice/crio-" A ".scope", A);
	assert_id("/kubepods.slice/kubepods-" POD ".slice/docker-" A ".scope", A);
	assert_id("/system.slice/containerd.service/kubepods-" POD ".slice:cri-containerd:" A, A);
	assert_id("/default/" A, A);
	assert_id("/" A, A);
	assert_id(A, A);
}

static void a_cgroup_inside_of_a_container_belongs_to_it(void **state)
{
	(void)state;
	assert_id("/system.slice/docker-" A ".scope/init.scope", A);
	assert_id("/libpod_parent/libpod-" A "/container/a/b/", A);
	assert_id("//docker//" A "//x", A);
}

static void of_nested_containers_the_innermost_counts(void **state)
{
	(void)state;
	assert_id("/docker/" A "/docker/" B, B);
	assert_id("/docker/" A "/kubelet/kubepods/besteffort/" POD "/" B, B);
	assert_id("/system.slice/docker-" B ".scope/system.slice/docker-" A ".scope/x", A);
}

static void what_runs_beside_a_container_is_outside(void **state)
{
	(void)state;
	assert_id("/machine.slice/libpod-conmon-" A ".scope", NULL);
	assert_id("/system.slice/crio-conmon-" A ".scope", NULL);
	assert_id("/libpod_parent/conmon", NULL);
	assert_id("/machine.slice/conmon-" A ".scope", NULL);
}

static void other_paths_are_of_no_container(void **state)
{
	(void)state;
	assert_id("", NULL);
	assert_id("/", NULL);
	assert_id("/system.slice/ssh.service", NULL);
	assert_id("/process_api/6d2b7cc92618e959018bc2a0fa9294e9", NULL);
	assert_id("/kubepods/besteffort/" POD, NULL);
	assert_id("/docker/" A "0", NULL);		/* 65 digits */
	assert_id("/x/0" A, NULL);			/* 65 digits */
	assert_id("/docker/" A ".service", NULL);	/* no scope */
	assert_id("/docker/docker" A, NULL);		/* no word before */
	assert_id("/docker/docker-" A ".scopes", NULL); /* no scope */
	assert_id("/.scope", NULL);
	assert_id("/docker/0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF", NULL);
	assert_id("/docker/0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef",
		  NULL); /* two halves */
}

/* Whatever stands in a path, nothing behind it is read and what is found are digits. */
static void any_path_is_read_within_its_bounds(void **state)
{
	static const char pieces[][sizeof(A)] = {"/", A, "-", ":", ".scope", "a", "conmon-", "x"};
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[8 * sizeof(A)] = "", id[CONTAINER_ID_SIZE], *copy;

		for (int i = 0; i < 8; i++)
			strcat(text, pieces[rand_r(&seed) % 8]);
		text[(size_t)rand_r(&seed) % sizeof(text)] = '\0';
		copy = strdup(text);
		if (container_id_parse(copy, id))
			assert_int_equal(strspn(id, "0123456789abcdef"), CONTAINER_ID_LENGTH);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_runtimes_paths_are_known),
		cmocka_unit_test(a_cgroup_inside_of_a_container_belongs_to_it),
		cmocka_unit_test(of_nested_containers_the_innermost_counts),
		cmocka_unit_test(what_runs_beside_a_container_is_outside),
		cmocka_unit_test(other_paths_are_of_no_container),
		cmocka_unit_test(any_path_is_read_within_its_bounds),
	};

	return cmocka_run_group_tests_name("container id", tests, NULL, NULL);
}
