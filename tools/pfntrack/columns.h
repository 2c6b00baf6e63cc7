/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: the columns that commands with a table can show. */
#ifndef PFNTRACK_COLUMNS_H
#define PFNTRACK_COLUMNS_H

#include <stdbool.h>

#include "model.h"

/* Text that grows: one is used for all cells of a table. */
struct cell {
	char *text;
	size_t len, room;
};

/* One of the columns that were chosen, or that are sorted by. */
struct pick {
	const struct column *column;
	bool held;
	bool reverse;
	char heading[24];
};

struct column {
	const char *name;
	const char *help;
	bool right; /* a number */
	bool brief; /* of a mapping: an audit knows it, too */
	/* One of the two: from a mapping, or from the row as a whole. */
	void (*of_mapping)(struct cell *cell, const struct model *m, const struct mapping *map);
	void (*of_row)(struct cell *cell, const struct model *m, const void *row);
	enum {
		SORT_TEXT, /* or by number, if it is one */
		SORT_ADDRESS,
		SORT_VERDICT, /* by harm */
	} sort;
};

struct column_set {
	const char *defaults;
	const char *note;         /* how to read them, or NULL */
	const struct column *own; /* of the row as a whole; they come first */
	size_t nr_own;
	bool by_address; /* how the rows are sorted unless --sort was given */
	bool held;       /* a row has two mappings: HELD. means the other one */
	bool brief;      /* only those columns of a mapping that are brief */
	/* In struct model: offsets of the array and of its length. */
	size_t rows, nr_rows, row_size;
	const struct mapping *(*mapping)(const void *row, bool held);
};

extern const struct column_set list_columns, conflicts_columns, audit_columns, leaks_columns,
	aliases_columns;

const struct column *column_at(const struct column_set *set, size_t i);
int columns_pick(const struct column_set *set, struct pick *p, const char *name);
void columns_cell(struct cell *cell, const struct column_set *set, const struct pick *p,
		  const struct model *m, const void *row);

/* columns_sort.c */
int columns_select_sort(const struct column_set *set);
void columns_sort(const struct column_set *set, struct model *m);

/* columns.c */
int columns_select(const struct column_set *set);
bool columns_asked(void);
void columns_print(const struct column_set *set, const struct model *m);

/* cell.c */
void put_bytes(struct cell *cell, const char *s, size_t len);
void put_text(struct cell *cell, const char *s);
void put_number(struct cell *cell, uint64_t n);
void put_size(struct cell *cell, uint64_t bytes);
void put_range(struct cell *cell, const struct span *s);
void put_attr(struct cell *cell, const struct mapping *map);
char *cell_text(const char *s);
char *cell_range(const struct span *s);
char *cell_attr(const struct mapping *map);

#endif /* PFNTRACK_COLUMNS_H */
