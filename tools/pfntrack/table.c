// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: tables by libsmartcols. */

#include <stdlib.h>

#include <libsmartcols/libsmartcols.h>

#include "main.h"
#include "table.h"
#include "util.h"

struct table {
	struct libscols_table *scols;
	struct libscols_line *line;
	size_t next; /* column of the next cell */
};

/**
 * table_new() - an empty table
 *
 * Cells come escaped already, and doing it twice would garble them.
 */
struct table *table_new(void)
{
	struct table *t = xcalloc(1, sizeof(*t));

	t->scols = scols_new_table();
	if (!t->scols || scols_table_enable_noencoding(t->scols, 1) ||
	    scols_table_enable_noheadings(t->scols, opts.noheadings))
		die_nomem();
	return t;
}

/**
 * table_column() - add a column; before the first cell.  On a terminal, texts go on
 * in the next line if the table is too wide.
 * @t: the table
 * @name: its heading
 * @right: align to the right
 */
void table_column(struct table *t, const char *name, bool right)
{
	if (!scols_table_new_column(t->scols, name, 0, right ? SCOLS_FL_RIGHT : SCOLS_FL_WRAP))
		die_nomem();
}

/**
 * table_cell() - add a cell; a row is full when every column has one
 * @t: the table
 * @text: allocated; the table owns it from here
 */
void table_cell(struct table *t, char *text)
{
	if (!t->next)
		t->line = scols_table_new_line(t->scols, NULL);
	if (!t->line || scols_line_refer_data(t->line, t->next, text))
		die_nomem();
	t->next = (t->next + 1) % scols_table_get_ncols(t->scols);
}

/**
 * table_print() - print the table and free it
 * @t: the table
 */
void table_print(struct table *t)
{
	if (scols_print_table(t->scols))
		die_nomem();
	scols_unref_table(t->scols);
	free(t);
}
