/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a process as one text. */
#ifndef PIDTREE_CMDLINE_H
#define PIDTREE_CMDLINE_H

#include "model.h"

/*
 * The arguments joined by single spaces; "[comm]", as ps(1) shows it, for a
 * process without any. The bytes are as the process chose them: neither valid
 * UTF-8 nor safe for a terminal. The caller frees the string; NULL when out of
 * memory.
 */
char *process_cmdline(const struct process *process);

#endif
