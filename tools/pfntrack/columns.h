/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: the columns that list and conflicts can show. */
#ifndef PFNTRACK_COLUMNS_H
#define PFNTRACK_COLUMNS_H

#include <stdbool.h>

#include "model.h"

struct column {
	const char *name;
	const char *help;
	bool right;
	/* One of the two: from a mapping, or from a conflict as a whole. */
	char *(*of_mapping)(const struct model *m, const struct mapping *map);
	char *(*of_conflict)(const struct model *m, const struct conflict *c);
};

struct column_set {
	const char *defaults;
	bool conflicts; /* rows are conflicts; else they are records */
};

extern const struct column_set list_columns, conflicts_columns;

const struct column *column_at(const struct column_set *set, size_t i);
int columns_select(const struct column_set *set);
void columns_print(const struct column_set *set, const struct model *m);

char *cell_text(const char *s);
char *cell_range(const struct span *s);
char *cell_attr(const struct mapping *map);

#endif /* PFNTRACK_COLUMNS_H */
