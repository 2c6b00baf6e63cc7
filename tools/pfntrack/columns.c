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

	if (!mapping_downgraded(map))
		return cell_text(map->got);
	both = xasprintf("%s>%s", map->want, map->got);
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
	{ "MODULE", "module of the call site", false, false, module_cell, NULL },
	{ "DEV", "device that holds it", false, false, dev_cell, NULL },
	{ "DRIVER", "driver of that device", false, false, driver_cell, NULL },
	{ "TIME", "seconds since boot", true, false, time_cell, NULL },
	{ "RESOURCE", "where it lies in /proc/iomem", false, true, resource_cell, NULL },
	{ "PCI", "PCI device whose BAR it is", false, true, pci_cell, NULL },
};

/* A cell from a row of its own kind: a conflict, a finding or a leak. */
#define ROW_NUMBER(type, field)                                             \
	static char *type##_##field(const struct model *m, const void *row) \
	{                                                                   \
		const struct type *r = row;                                 \
                                                                            \
		(void)m;                                                    \
		return xasprintf("%llu", (unsigned long long)r->field);     \
	}

#define ROW_TEXT(type, field)                                               \
	static char *type##_##field(const struct model *m, const void *row) \
	{                                                                   \
		const struct type *r = row;                                 \
                                                                            \
		(void)m;                                                    \
		return cell_text(r->field);                                 \
	}

ROW_NUMBER(conflict, id)
ROW_NUMBER(conflict, count)
ROW_TEXT(conflict, verdict)
ROW_TEXT(conflict, result)
ROW_TEXT(conflict, policy)
ROW_TEXT(conflict, why)
ROW_TEXT(conflict, source)
ROW_TEXT(finding, type)
ROW_TEXT(finding, found)
ROW_NUMBER(leak, id)
ROW_TEXT(leak, gone)
ROW_TEXT(leak, name)
ROW_TEXT(leak, dev)
ROW_TEXT(leak, time)

static const struct column conflict_columns[] = {
	{ "ID", "number of the conflict", true, false, NULL, conflict_id },
	{ "COUNT", "how often it happened", true, false, NULL, conflict_count },
	{ "VERDICT", "how bad it is", false, false, NULL, conflict_verdict },
	{ "RESULT", "what became of the newcomer", false, false, NULL, conflict_result },
	{ "POLICY", "policy it was judged by", false, false, NULL, conflict_policy },
	{ "WHY", "what it means", false, false, NULL, conflict_why },
	{ "SOURCE", "where that is written", false, false, NULL, conflict_source },
};

static const struct column finding_columns[] = {
	{ "FINDING", "missing, stale or differs", false, false, NULL, finding_type },
	{ "FOUND", "attribute that is really mapped", false, false, NULL, finding_found },
};

static const struct column leak_columns[] = {
	{ "ID", "number of the leak", true, false, NULL, leak_id },
	{ "GONE", "how the driver or module went", false, false, NULL, leak_gone },
	{ "NAME", "driver or module that went", false, false, NULL, leak_name },
	{ "FROM", "device that it left", false, false, NULL, leak_dev },
	{ "SINCE", "when it went, in seconds since boot", true, false, NULL, leak_time },
};

static const struct mapping *record_mapping(const void *row, bool held)
{
	(void)held;
	return row;
}

static const struct mapping *conflict_mapping(const void *row, bool held)
{
	const struct conflict *c = row;

	return held ? &c->held : &c->new;
}

static const struct mapping *finding_mapping(const void *row, bool held)
{
	const struct finding *f = row;

	(void)held;
	return &f->map;
}

static const struct mapping *leak_mapping(const void *row, bool held)
{
	const struct leak *l = row;

	(void)held;
	return &l->map;
}

/* Where the rows are: an array of the model, and the number of its elements. */
#define ROWS(type, array)                                                                     \
	.rows = offsetof(struct model, array), .nr_rows = offsetof(struct model, nr_##array), \
	.row_size = sizeof(struct type), .mapping = type##_mapping

#define OWN(columns) .own = columns, .nr_own = ARRAY_SIZE(columns)

const struct column_set list_columns = {
	.defaults = "RANGE,SIZE,ATTR,KIND,PID,COMM,SITE",
	.rows = offsetof(struct model, records),
	.nr_rows = offsetof(struct model, nr_records),
	.row_size = sizeof(struct mapping),
	.mapping = record_mapping,
};

const struct column_set conflicts_columns = {
	.defaults = "ID,VERDICT,RESULT,RANGE,ATTR,PID,COMM,HELD.ATTR,HELD.PID,HELD.COMM",
	.note = "Those from RANGE on tell of the newcomer; with HELD. before them, of the holder.",
	.held = true,
	OWN(conflict_columns),
	ROWS(conflict, conflicts),
};

const struct column_set audit_columns = {
	.defaults = "FINDING,RANGE,SIZE,GOT,FOUND,SPACE,VA,PID,COMM",
	.note = "GOT and KIND are those on record; SPACE and VA are where it was found.",
	.brief = true,
	OWN(finding_columns),
	ROWS(finding, findings),
};

const struct column_set leaks_columns = {
	.defaults = "ID,GONE,NAME,FROM,RANGE,SIZE,ATTR,KIND,SITE",
	.note = "Those from RANGE on tell of the mapping that was left.",
	OWN(leak_columns),
	ROWS(leak, leaks),
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
