// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: the columns that commands with a table can show. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "columns.h"
#include "main.h"
#include "table.h"
#include "util.h"

#define HELD      "HELD." /* as the dumps say held. */
#define MAX_PICKS 48

/**
 * cell_text() - a text as it may stand in a cell
 * @s: any bytes, or NULL
 *
 * Return: a new string; raw cells are escaped when they are printed.
 */
char *cell_text(const char *s)
{
	if (!s)
		return xstrdup("-");
	return opts.raw ? xstrdup(s) : text_safe(s);
}

/**
 * cell_range() - a range as the dumps write it
 * @s: the range
 */
char *cell_range(const struct span *s)
{
	if (!s->known)
		return xstrdup("-");
	return xasprintf("0x%llx-0x%llx", (unsigned long long)s->start, (unsigned long long)s->end);
}

/**
 * cell_attr() - the attribute, and the one that was wanted if it is another
 * @map: the mapping
 */
char *cell_attr(const struct mapping *map)
{
	char *both, *cell;

	/* "write-combining>-": what it got is not known. */
	if (!mapping_downgraded(map) && (map->got || !map->want))
		return cell_text(map->got);
	both = xasprintf("%s>%s", map->want, map->got ? map->got : "-");
	cell = cell_text(both);
	free(both);
	return cell;
}

#define TEXT_CELL(field)                                                            \
	static char *field##_cell(const struct model *m, const struct mapping *map) \
	{                                                                           \
		(void)m;                                                            \
		return cell_text(map->field);                                       \
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

static char *range_cell(const struct model *m, const struct mapping *map)
{
	(void)m;
	return cell_range(&map->range);
}

static char *va_cell(const struct model *m, const struct mapping *map)
{
	(void)m;
	return cell_range(&map->va);
}

static char *size_cell(const struct model *m, const struct mapping *map)
{
	(void)m;
	return map->range.known ? text_size(span_size(&map->range)) : xstrdup("-");
}

static char *attr_cell(const struct model *m, const struct mapping *map)
{
	(void)m;
	return cell_attr(map);
}

static char *resource_cell(const struct model *m, const struct mapping *map)
{
	char *path = map->range.known ? resource_path(m, map->range.start) : NULL;
	char *cell = cell_text(path);

	free(path);
	return cell;
}

static char *pci_cell(const struct model *m, const struct mapping *map)
{
	const struct pci_bar *bar = map->range.known ? find_bar(m, map->range.start) : NULL;

	return cell_text(bar ? bar->device : NULL);
}

static const struct column mapping_columns[] = {
	{ "RANGE", "physical bytes, both ends inclusive", false, true, range_cell, NULL },
	{ "SIZE", "size of the range", true, true, size_cell, NULL },
	{ "ATTR", "attribute; WANT>GOT if they differ", false, false, attr_cell, NULL },
	{ "WANT", "attribute that was asked for", false, false, want_cell, NULL },
	{ "GOT", "attribute in the page tables", false, true, got_cell, NULL },
	{ "KIND", "by which road it was mapped", false, true, kind_cell, NULL },
	{ "SPACE", "whose addresses it uses", false, true, space_cell, NULL },
	{ "VA", "virtual addresses", false, true, va_cell, NULL },
	{ "PID", "process that mapped it", true, true, pid_cell, NULL },
	{ "COMM", "name of that process", false, true, comm_cell, NULL },
	{ "SITE", "call site in the kernel", false, false, site_cell, NULL },
	{ "MODULE", "module of the call site, or of the file", false, true, module_cell, NULL },
	{ "DEV", "device that holds it", false, false, dev_cell, NULL },
	{ "DRIVER", "driver of that device", false, false, driver_cell, NULL },
	{ "FILE", "file that the process mapped", false, true, file_cell, NULL },
	{ "TIME", "seconds since boot", true, false, time_cell, NULL },
	{ "RESOURCE", "where it lies in /proc/iomem", false, true, resource_cell, NULL },
	{ "PCI", "PCI device whose BAR it is", false, true, pci_cell, NULL },
};

/* The chosen columns, in order. */
static struct pick {
	const struct column *column;
	bool held;
	char heading[24];
} picks[MAX_PICKS];

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

static int pick(const struct column_set *set, const char *name)
{
	bool held = set->held && !strncasecmp(name, HELD, strlen(HELD));
	const char *plain = held ? name + strlen(HELD) : name;
	const struct column *column;
	const char *near;
	struct pick *p;
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
	if (nr_picks == MAX_PICKS)
		return fail(RC_USAGE, "more than %d columns; ask for fewer", MAX_PICKS);
	p = &picks[nr_picks++];
	p->column = column;
	p->held = held;
	/* The names in the tables above are short: nothing is cut. */
	snprintf(p->heading, sizeof(p->heading), "%s%s", held ? HELD : "", column->name);
	return 0;
}

/**
 * columns_select() - choose the columns that -o names, or the usual ones
 * @set: the set to choose from
 *
 * Return: 0 or an exit code.
 */
int columns_select(const struct column_set *set)
{
	char *list = xstrdup(opts.columns ? opts.columns : set->defaults);
	char *rest = list, *name;
	int rc = 0;

	nr_picks = 0;
	while (!rc && (name = strsep(&rest, ",")))
		rc = pick(set, name);
	free(list);
	return rc;
}

static char *pick_cell(const struct column_set *set, const struct pick *p, const struct model *m,
		       const void *row)
{
	if (p->column->of_row)
		return p->column->of_row(m, row);
	return p->column->of_mapping(m, set->mapping(row, p->held));
}

/**
 * columns_print() - print the chosen columns of every row
 * @set: the set that was chosen from
 * @m: the model
 */
void columns_print(const struct column_set *set, const struct model *m)
{
	const char *row = *(const char *const *)((const char *)m + set->rows);
	size_t rows = *(const size_t *)((const char *)m + set->nr_rows), p;
	struct table *t = table_new();

	for (p = 0; p < nr_picks; p++)
		table_column(t, picks[p].heading, picks[p].column->right);
	for (; rows; rows--, row += set->row_size)
		for (p = 0; p < nr_picks; p++)
			table_cell(t, pick_cell(set, &picks[p], m, row));
	table_print(t);
}
