// SPDX-License-Identifier: Apache-2.0
#include "nearest.h"

#include <string.h>

/* Longer words are compared by their beginnings: no name here comes near it. */
#define WORD_SIZE 64

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance, with the last three rows of its table kept. */
static size_t distance(const char *a, const char *b)
{
	size_t a_size = strnlen(a, WORD_SIZE), b_size = strnlen(b, WORD_SIZE);
	size_t rows[3][WORD_SIZE + 1];

	for (size_t j = 0; j <= b_size; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const size_t *above_that = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = min(row[j], min(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min(row[j], above_that[j - 2] + 1);
		}
	}
	return rows[a_size % 3][b_size];
}

const char *nearest(const char *word, const char *const *known, size_t count)
{
	const char *best = NULL;
	size_t best_distance = 0;

	for (size_t i = 0; i < count; i++) {
		size_t this_distance = distance(word, known[i]);

		if (!best || this_distance < best_distance) {
			best = known[i];
			best_distance = this_distance;
		}
	}
	return best;
}
