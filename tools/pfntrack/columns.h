/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: the columns that commands with a table can show. */
#ifndef PFNTRACK_COLUMNS_H
#define PFNTRACK_COLUMNS_H

#include <stdbool.h>

#include "model.h"

struct column {
	const char *name;
	const char *help;
	bool right;
	bool brief; /* of a mapping: an audit knows it, too */
	/* One of the two: from a mapping, or from the row as a whole. */
	char *(*of_mapping)(const struct model *m, const struct mapping *map);
	char *(*of_row)(const struct model *m, const void *row);
};

struct column_set {
	const char *defaults;
	const char *note;         /* how to read them, or NULL */
	const struct column *own; /* of the row as a whole; they come first */
	size_t nr_own;
	bool held;  /* a row has two mappings: HELD. means the other one */
	bool brief; /* only those columns of a mapping that are brief */
	/* In struct model: offsets of the array and of its length. */
	size_t rows, nr_rows, row_size;
	const struct mapping *(*mapping)(const void *row, bool held);
};

extern const struct column_set list_columns, conflicts_columns, audit_columns, leaks_columns,
	aliases_columns;

const struct column *column_at(const struct column_set *set, size_t i);
int columns_select(const struct column_set *set);
void columns_print(const struct column_set *set, const struct model *m);

char *cell_text(const char *s);
char *cell_range(const struct span *s);
char *cell_attr(const struct mapping *map);

#endif /* PFNTRACK_COLUMNS_H */
