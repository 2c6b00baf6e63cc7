// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: the columns that commands with a table can show. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "columns.h"
#include "main.h"
#include "table.h"
#include "util.h"

#define HELD        "HELD." /* as the dumps say held. */
#define MAX_PICKS   80

/* Rows that anybody reads on a terminal. */
#define MAX_WRAPPED 5000

#define TEXT_CELL(field)                                                   \
	static void field##_cell(struct cell *cell, const struct model *m, \
				 const struct mapping *map)                \
	{                                                                  \
		(void)m;                                                   \
		put_text(cell, map->field);                                \
	}

TEXT_CELL(want)
TEXT_CELL(got)
TEXT_CELL(kind)
TEXT_CELL(space)
TEXT_CELL(pid)
TEXT_CELL(comm)
TEXT_CELL(site)
TEXT_CELL(module)
TEXT_CELL(dev)
TEXT_CELL(driver)
TEXT_CELL(file)
TEXT_CELL(time)

static void range_cell(struct cell *cell, const struct model *m, const struct mapping *map)
{
	(void)m;
	put_range(cell, &map->range);
}

static void va_cell(struct cell *cell, const struct model *m, const struct mapping *map)
{
	(void)m;
	put_range(cell, &map->va);
}

static void size_cell(struct cell *cell, const struct model *m, const struct mapping *map)
{
	(void)m;
	if (map->range.known)
		put_size(cell, span_size(&map->range));
	else
		put_text(cell, NULL);
}

static void attr_cell(struct cell *cell, const struct model *m, const struct mapping *map)
{
	(void)m;
	put_attr(cell, map);
}

static void resource_cell(struct cell *cell, const struct model *m, const struct mapping *map)
{
	char *path = map->range.known ? resource_path(m, map->range.start) : NULL;

	put_text(cell, path);
	free(path);
}

static void pci_cell(struct cell *cell, const struct model *m, const struct mapping *map)
{
	const struct pci_bar *bar = map->range.known ? find_bar(m, map->range.start) : NULL;

	put_text(cell, bar ? bar->device : NULL);
}

static const struct column mapping_columns[] = {
	{ "RANGE", "physical bytes, both ends inclusive", false, true, range_cell, NULL,
	  SORT_ADDRESS },
	{ "SIZE", "size of the range", true, true, size_cell, NULL, SORT_TEXT },
	{ "ATTR", "attribute; WANT>GOT if they differ", false, false, attr_cell, NULL, SORT_TEXT },
	{ "WANT", "attribute that was asked for", false, false, want_cell, NULL, SORT_TEXT },
	{ "GOT", "attribute in the page tables", false, true, got_cell, NULL, SORT_TEXT },
	{ "KIND", "by which road it was mapped", false, true, kind_cell, NULL, SORT_TEXT },
	{ "SPACE", "whose addresses it uses", false, true, space_cell, NULL, SORT_TEXT },
	{ "VA", "virtual addresses", false, true, va_cell, NULL, SORT_ADDRESS },
	{ "PID", "process that mapped it", true, true, pid_cell, NULL, SORT_TEXT },
	{ "COMM", "name of that process", false, true, comm_cell, NULL, SORT_TEXT },
	{ "SITE", "call site in the kernel", false, false, site_cell, NULL, SORT_TEXT },
	{ "MODULE", "module of the call site, or of the file", false, true, module_cell, NULL,
	  SORT_TEXT },
	{ "DEV", "device that holds it", false, false, dev_cell, NULL, SORT_TEXT },
	{ "DRIVER", "driver of that device", false, false, driver_cell, NULL, SORT_TEXT },
	{ "FILE", "file that the process mapped", false, true, file_cell, NULL, SORT_TEXT },
	{ "TIME", "seconds since boot", true, false, time_cell, NULL, SORT_TEXT },
	{ "RESOURCE", "where it lies in /proc/iomem", false, true, resource_cell, NULL, SORT_TEXT },
	{ "PCI", "PCI device whose BAR it is", false, true, pci_cell, NULL, SORT_TEXT },
};

/* The chosen columns, in order. */
static struct pick picks[MAX_PICKS];
static size_t nr_picks;

/**
 * column_at() - walk through the columns of a set
 * @set: the set
 * @i: index; those of the row as a whole come first
 *
 * Return: the column, NULL after the last.
 */
const struct column *column_at(const struct column_set *set, size_t i)
{
	const struct column *column = mapping_columns;

	if (i < set->nr_own)
		return &set->own[i];
	i -= set->nr_own;
	for (; column < mapping_columns + ARRAY_SIZE(mapping_columns); column++)
		if ((!set->brief || column->brief) && !i--)
			return column;
	return NULL;
}

static const struct column_set *searched;

static const char *column_name(size_t i)
{
	const struct column *column = column_at(searched, i);

	return column ? column->name : NULL;
}

/**
 * columns_pick() - find a column by its name
 * @set: the set to choose from
 * @p: the result
 * @name: its name; with HELD. before it that of the other side
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int columns_pick(const struct column_set *set, struct pick *p, const char *name)
{
	bool held = set->held && !strncasecmp(name, HELD, strlen(HELD));
	const char *plain = held ? name + strlen(HELD) : name;
	const struct column *column;
	const char *near;
	size_t i;

	for (i = 0; (column = column_at(set, i)); i++)
		if (!strcasecmp(plain, column->name) && (!held || column->of_mapping))
			break;
	if (!column) {
		searched = set;
		near = nearest(plain, column_name);
		return fail(RC_USAGE, "no column '%s'%s%s%s; --help lists them", name,
			    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
	p->column = column;
	p->held = held;
	/* The names in the tables above are short: nothing is cut. */
	snprintf(p->heading, sizeof(p->heading), "%s%s", held ? HELD : "", column->name);
	return 0;
}

static int pick(const struct column_set *set, const char *name)
{
	if (nr_picks == MAX_PICKS)
		return fail(RC_USAGE, "more than %d columns; ask for fewer", MAX_PICKS);
	return columns_pick(set, &picks[nr_picks++], name);
}

static int pick_list(const struct column_set *set, const char *words)
{
	char *list = xstrdup(words), *rest = list, *name;
	int rc = 0;

	while (!rc && (name = strsep(&rest, ",")))
		rc = pick(set, name);
	free(list);
	return rc;
}

static int pick_all(const struct column_set *set)
{
	const struct column *column;
	int rc = 0;
	size_t i;

	for (i = 0; !rc && (column = column_at(set, i)); i++)
		rc = pick(set, column->name);
	for (i = 0; !rc && set->held && (column = column_at(set, i)); i++) {
		char *name = xasprintf(HELD "%s", column->name);

		if (column->of_mapping)
			rc = pick(set, name);
		free(name);
	}
	return rc;
}

/**
 * columns_select() - choose the columns that -o or -O asks for, or the usual ones
 * @set: the set to choose from
 *
 * Return: 0 or an exit code.
 */
int columns_select(const struct column_set *set)
{
	const char *words = opts.columns;
	int rc = 0;

	nr_picks = 0;
	if (opts.all_columns)
		rc = pick_all(set);
	else if (!words || *words == '+')
		rc = pick_list(set, set->defaults);
	if (!rc && words && !opts.all_columns)
		rc = pick_list(set, words + (*words == '+'));
	return rc ? rc : columns_select_sort(set);
}

/**
 * columns_asked() - did the user ask for a table of rows to work with, not for prose?
 */
bool columns_asked(void)
{
	return opts.columns || opts.all_columns || opts.raw || opts.noheadings;
}

/**
 * columns_cell() - write a cell
 * @cell: the cell, emptied first
 * @set: the set that was chosen from
 * @p: the column
 * @m: the model
 * @row: the row
 */
void columns_cell(struct cell *cell, const struct column_set *set, const struct pick *p,
		  const struct model *m, const void *row)
{
	cell->len = 0;
	if (p->column->of_row)
		p->column->of_row(cell, m, row);
	else
		p->column->of_mapping(cell, m, set->mapping(row, p->held));
}

/* As libsmartcols does it: one blank between columns, none at the end of a line. */
static void print_aligned(const char *text, size_t len, size_t width, bool right, bool last)
{
	if (right)
		printf("%*s", (int)(width - len), "");
	fwrite(text, 1, len, stdout);
	if (!last)
		printf("%*s", (int)(right ? 1 : width - len + 1), "");
}

/*
 * Rows one by one: a million of them need no memory.  @widths: NULL for raw cells,
 * or the width of each column; they are measured if @measure.
 */
static void each_row(const struct column_set *set, const struct model *m, size_t *widths,
		     bool measure)
{
	const char *row = *(const char *const *)((const char *)m + set->rows);
	size_t rows = *(const size_t *)((const char *)m + set->nr_rows), p;
	struct cell cell = { 0 };

	for (; rows; rows--, row += set->row_size) {
		for (p = 0; p < nr_picks; p++) {
			columns_cell(&cell, set, &picks[p], m, row);
			if (measure)
				widths[p] = cell.len > widths[p] ? cell.len : widths[p];
			else
				print_aligned(cell.text, cell.len, widths ? widths[p] : cell.len,
					      picks[p].column->right, p + 1 == nr_picks);
		}
		if (!measure)
			putchar('\n');
	}
	free(cell.text);
}

static void print_plain(const struct column_set *set, const struct model *m)
{
	size_t widths[MAX_PICKS], p;

	for (p = 0; p < nr_picks; p++)
		widths[p] = opts.noheadings ? 0 : strlen(picks[p].heading);
	if (!opts.raw)
		each_row(set, m, widths, true);
	for (p = 0; !opts.noheadings && p < nr_picks; p++)
		print_aligned(picks[p].heading, strlen(picks[p].heading), widths[p],
			      !opts.raw && picks[p].column->right, p + 1 == nr_picks);
	if (!opts.noheadings)
		putchar('\n');
	each_row(set, m, opts.raw ? NULL : widths, false);
}

static void print_wrapped(const struct column_set *set, const struct model *m)
{
	const char *row = *(const char *const *)((const char *)m + set->rows);
	size_t rows = *(const size_t *)((const char *)m + set->nr_rows), p;
	struct table *t = table_new();

	for (p = 0; p < nr_picks; p++)
		table_column(t, picks[p].heading, picks[p].column->right);
	for (; rows; rows--, row += set->row_size) {
		for (p = 0; p < nr_picks; p++) {
			struct cell cell = { 0 };

			columns_cell(&cell, set, &picks[p], m, row);
			table_cell(t, cell.text);
		}
	}
	table_print(t);
}

/**
 * columns_print() - print the chosen columns of every row
 * @set: the set that was chosen from
 * @m: the model
 *
 * On a terminal, cells are wrapped until a row fits; libsmartcols has to hold the
 * whole table for that.
 */
void columns_print(const struct column_set *set, const struct model *m)
{
	size_t rows = *(const size_t *)((const char *)m + set->nr_rows);

	if (!rows)
		return;
	if (!opts.raw && rows <= MAX_WRAPPED && isatty(STDOUT_FILENO))
		print_wrapped(set, m);
	else
		print_plain(set, m);
}
