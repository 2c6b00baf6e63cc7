// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: the columns that list and conflicts can show. */

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
	{ "RANGE", "physical bytes, both ends inclusive", false, range_cell, NULL },
	{ "SIZE", "size of the range", true, size_cell, NULL },
	{ "ATTR", "attribute; WANT>GOT if they differ", false, attr_cell, NULL },
	{ "WANT", "attribute that was asked for", false, want_cell, NULL },
	{ "GOT", "attribute in the page tables", false, got_cell, NULL },
	{ "KIND", "by which road it was mapped", false, kind_cell, NULL },
	{ "SPACE", "whose addresses it uses", false, space_cell, NULL },
	{ "VA", "virtual addresses", false, va_cell, NULL },
	{ "PID", "process that mapped it", true, pid_cell, NULL },
	{ "COMM", "name of that process", false, comm_cell, NULL },
	{ "SITE", "call site in the kernel", false, site_cell, NULL },
	{ "MODULE", "module of the call site", false, module_cell, NULL },
	{ "DEV", "device that holds it", false, dev_cell, NULL },
	{ "DRIVER", "driver of that device", false, driver_cell, NULL },
	{ "TIME", "seconds since boot", true, time_cell, NULL },
	{ "RESOURCE", "where it lies in /proc/iomem", false, resource_cell, NULL },
	{ "PCI", "PCI device whose BAR it is", false, pci_cell, NULL },
};

#define CONFLICT_NUMBER(field)                                                     \
	static char *field##_cell(const struct model *m, const struct conflict *c) \
	{                                                                          \
		(void)m;                                                           \
		return xasprintf("%llu", (unsigned long long)c->field);            \
	}

#define CONFLICT_TEXT(field)                                                       \
	static char *field##_cell(const struct model *m, const struct conflict *c) \
	{                                                                          \
		(void)m;                                                           \
		return cell_text(c->field);                                        \
	}

CONFLICT_NUMBER(id)
CONFLICT_NUMBER(count)
CONFLICT_TEXT(verdict)
CONFLICT_TEXT(result)
CONFLICT_TEXT(policy)
CONFLICT_TEXT(why)
CONFLICT_TEXT(source)

static const struct column conflict_columns[] = {
	{ "ID", "number of the conflict", true, NULL, id_cell },
	{ "COUNT", "how often it happened", true, NULL, count_cell },
	{ "VERDICT", "how bad it is", false, NULL, verdict_cell },
	{ "RESULT", "what became of the newcomer", false, NULL, result_cell },
	{ "POLICY", "policy it was judged by", false, NULL, policy_cell },
	{ "WHY", "what it means", false, NULL, why_cell },
	{ "SOURCE", "where that is written", false, NULL, source_cell },
};

const struct column_set list_columns = {
	.defaults = "RANGE,SIZE,ATTR,KIND,PID,COMM,SITE",
};

const struct column_set conflicts_columns = {
	.defaults = "ID,VERDICT,RESULT,RANGE,ATTR,PID,COMM,HELD.ATTR,HELD.PID,HELD.COMM",
	.conflicts = true,
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
 * @i: index; for conflicts, those of the conflict as a whole come first
 *
 * Return: the column, NULL after the last.
 */
const struct column *column_at(const struct column_set *set, size_t i)
{
	if (set->conflicts) {
		if (i < ARRAY_SIZE(conflict_columns))
			return &conflict_columns[i];
		i -= ARRAY_SIZE(conflict_columns);
	}
	return i < ARRAY_SIZE(mapping_columns) ? &mapping_columns[i] : NULL;
}

static const struct column_set *searched;

static const char *column_name(size_t i)
{
	const struct column *column = column_at(searched, i);

	return column ? column->name : NULL;
}

static int pick(const struct column_set *set, const char *name)
{
	bool held = set->conflicts && !strncasecmp(name, HELD, strlen(HELD));
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

static char *pick_cell(const struct pick *p, const struct model *m, const struct mapping *map,
		       const struct conflict *c)
{
	if (p->column->of_conflict)
		return p->column->of_conflict(m, c);
	if (c)
		map = p->held ? &c->held : &c->new;
	return p->column->of_mapping(m, map);
}

/**
 * columns_print() - print the chosen columns of every record or conflict
 * @set: the set that was chosen from
 * @m: the model
 */
void columns_print(const struct column_set *set, const struct model *m)
{
	size_t rows = set->conflicts ? m->nr_conflicts : m->nr_records, i, p;
	struct table *t = table_new();

	for (p = 0; p < nr_picks; p++)
		table_column(t, picks[p].heading, picks[p].column->right);
	for (i = 0; i < rows; i++)
		for (p = 0; p < nr_picks; p++)
			table_cell(t,
				   pick_cell(&picks[p], m, set->conflicts ? NULL : &m->records[i],
					     set->conflicts ? &m->conflicts[i] : NULL));
	table_print(t);
}
