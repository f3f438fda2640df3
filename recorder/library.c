// SPDX-License-Identifier: Apache-2.0
#include "library.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "message.h"

static int check_roots(const char *path, const struct stat *status, char **ret_message)
{
	if (status->st_uid != 0)
		return message_fail(ret_message, -EPERM,
				    "will not load %s: it belongs to uid %u, not to root; "
				    "chown root it",
				    path, status->st_uid);
	if (status->st_mode & (S_IWGRP | S_IWOTH))
		return message_fail(ret_message, -EPERM,
				    "will not load %s: others than root may write to it (mode "
				    "%04o); chmod go-w it",
				    path, status->st_mode & 07777);
	return 0;
}

/* Whoever may write to a directory may replace what is in it, but for a sticky one. */
static int check_above(const char *path, const struct stat *status, char **ret_message)
{
	bool is_sticky = status->st_mode & S_ISVTX;

	if (status->st_uid == 0 && (is_sticky || !(status->st_mode & S_IWOTH)))
		return 0;
	return message_fail(ret_message, -EPERM,
			    "will not load anything below %s: others than root may replace what is "
			    "there; choose another directory",
			    path);
}

/* Check a file, its directory, and all directories above. */
static int check_owners(const char *path, char **ret_message)
{
	char real[PATH_MAX];
	struct stat status;
	int depth = 0;
	int r = 0;

	if (!realpath(path, real))
		return message_fail(ret_message, -errno, "cannot load %s: %m", path);
	while (!r) {
		char *slash = strrchr(real, '/');
		bool is_top = !real[1];

		if (stat(real, &status))
			return message_fail(ret_message, -errno, "cannot load %s: %m", path);
		r = depth < 2 ? check_roots(real, &status, ret_message)
			      : check_above(real, &status, ret_message);
		if (is_top)
			break;
		slash[slash == real] = '\0'; /* "/x" becomes "/" */
		depth++;
	}
	return r;
}

static int check_descriptor(const struct library_descriptor *descriptor, const char *path,
			    const char *name, const struct library_kind *kind, char **ret_message)
{
	if (descriptor->abi != kind->abi)
		return message_fail(ret_message, -ENOEXEC,
				    "cannot load %s: it was built for version %u of the interface, "
				    "this recorder has version %u; build it anew",
				    path, descriptor->abi, kind->abi);
	if (descriptor->size < kind->least_size)
		return message_fail(ret_message, -ENOEXEC,
				    "cannot load %s: %s has %u bytes, fewer than any version", path,
				    kind->symbol, descriptor->size);
	if (!descriptor->name || strcmp(descriptor->name, name))
		return message_fail(ret_message, -ENOEXEC,
				    "cannot load %s: it calls itself '%s'; name the file after it",
				    path, descriptor->name ? descriptor->name : "");
	return 0;
}

static int load(const char *path, const char *name, const struct library_kind *kind,
		void *ret_descriptor, void **ret_handle, char **ret_message)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct library_descriptor *descriptor;
	int r;

	if (!handle)
		return message_fail(ret_message, -ENOEXEC, "cannot load %s: %s", path, dlerror());
	descriptor = dlsym(handle, kind->symbol);
	if (!descriptor) {
		dlclose(handle);
		return message_fail(ret_message, -ENOEXEC,
				    "cannot load %s: it does not define the symbol %s", path,
				    kind->symbol);
	}
	r = check_descriptor(descriptor, path, name, kind, ret_message);
	if (r) {
		dlclose(handle);
		return r;
	}
	memset(ret_descriptor, 0, kind->size);
	memcpy(ret_descriptor, descriptor,
	       descriptor->size < kind->size ? descriptor->size : kind->size);
	*ret_handle = handle;
	return 0;
}

int library_load(const char *directory, const char *name, bool must_be_roots,
		 const struct library_kind *kind, void *ret_descriptor, void **ret_handle,
		 char **ret_message)
{
	char *path;
	struct stat status;
	int r = 0;

	*ret_message = NULL;
	if (!*name || strchr(name, '/'))
		return message_fail(ret_message, -EINVAL, "'%s' cannot be the name of a file",
				    name);
	/* With a slash in front, or dlopen(3) would search elsewhere. */
	if (asprintf(&path, "%s%s/%s.so", *directory == '/' ? "" : "./", directory, name) < 0)
		return -ENOMEM;
	if (stat(path, &status))
		r = errno == ENOENT ? -ENOENT
				    : message_fail(ret_message, -errno, "cannot load %s: %m", path);
	if (!r && must_be_roots)
		r = check_owners(path, ret_message);
	if (!r)
		r = load(path, name, kind, ret_descriptor, ret_handle, ret_message);
	free(path);
	return r;
}

void library_unload(void *handle)
{
	if (handle)
		dlclose(handle);
}
