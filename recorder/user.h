/* SPDX-License-Identifier: Apache-2.0 */
/* Names of users, asked for once. */
#ifndef PIDTREE_USER_H
#define PIDTREE_USER_H

#include <stdint.h>

struct users;

/* NULL when out of memory. */
struct users *users_new(void);
void users_free(struct users *users);

/* The name of uid, or NULL; it belongs to users, for as long as that lives. */
const char *users_name(struct users *users, uint32_t uid);

#endif
