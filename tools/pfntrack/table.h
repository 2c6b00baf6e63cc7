/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pfntrack: a table on standard output, by libsmartcols.
 */
#ifndef PFNTRACK_TABLE_H
#define PFNTRACK_TABLE_H

#include <stdbool.h>

struct table;

struct table *table_new(void);
void table_column(struct table *t, const char *name, bool right);
void table_cell(struct table *t, char *text);
void table_print(struct table *t);

#endif /* PFNTRACK_TABLE_H */
