/* SPDX-License-Identifier: Apache-2.0 */
#include "user.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "cleanup.h"

struct user {
	uint32_t uid;
	char *name; /* NULL: it has none */
	UT_hash_handle hh;
};

struct users {
	struct user *by_uid;
};

struct users *users_new(void)
{
	return calloc(1, sizeof(struct users));
}

void users_free(struct users *users)
{
	struct user *user, *next;

	if (!users)
		return;
	HASH_ITER (hh, users->by_uid, user, next) {
		HASH_DEL(users->by_uid, user);
		free(user->name);
		free(user);
	}
	free(users);
}

static char *ask_for_name(uint32_t uid)
{
	_cleanup_free_ char *buffer = malloc(64 * 1024);
	struct passwd *entry = NULL;
	struct passwd passwd;

	if (!buffer || getpwuid_r(uid, &passwd, buffer, 64 * 1024, &entry) || !entry)
		return NULL;
	return strdup(entry->pw_name);
}

const char *users_name(struct users *users, uint32_t uid)
{
	struct user *user;

	HASH_FIND(hh, users->by_uid, &uid, sizeof(uid), user);
	if (user)
		return user->name;
	user = calloc(1, sizeof(*user));
	if (!user)
		return NULL;
	user->uid = uid;
	user->name = ask_for_name(uid);
	HASH_ADD(hh, users->by_uid, uid, sizeof(user->uid), user);
	return user->name;
}
