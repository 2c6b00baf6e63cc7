// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack map: the records as a table in the page.  Paper, a page without scripts
 * and the search use it: in the picture a box can stand for many records.
 */

#include <stdlib.h>

#include "columns.h"
#include "html.h"
#include "print.h"

#define MAX_ROWS 10000 /* 2 or 3 MiB of page; a browser shows them without delay */
#define CHUNK    250   /* rows of one table: the browser lays out those in sight */

static const char table_start[] =
	"<div class=\"rows\"><table><thead><tr><th scope=\"col\">Physical addresses"
	"<th scope=\"col\">Attribute<th scope=\"col\">Owner<th scope=\"col\">Kind<th scope=\"col\">Place"
	"<th scope=\"col\">Details</thead>\n<tbody>\n";

static const struct map *sorted_map; /* qsort() takes no argument */

static int by_address(const void *a, const void *b)
{
	const size_t *x = a, *y = b;
	const struct mapping *p = &sorted_map->m->records[*x], *q = &sorted_map->m->records[*y];
	unsigned int p_lane = sorted_map->homes[*x].lane, q_lane = sorted_map->homes[*y].lane;

	if (p->range.known != q->range.known)
		return p->range.known ? -1 : 1;
	if (p->range.start != q->range.start)
		return p->range.start < q->range.start ? -1 : 1;
	if (p_lane != q_lane)
		return p_lane < q_lane ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

static size_t *sort_records(const struct map *map)
{
	size_t *order = xcalloc(map->m->nr_records, sizeof(*order)), i;

	for (i = 0; i < map->m->nr_records; i++)
		order[i] = i;
	sorted_map = map;
	if (map->m->nr_records)
		qsort(order, map->m->nr_records, sizeof(*order), by_address);
	return order;
}

static void write_place(FILE *out, const struct model *m, const struct mapping *r)
{
	char *where = r->range.known ? text_where(m, r->range.start) : NULL;

	fputs("<td>", out);
	html_printf(out, "%s", where ? where : "-");
	if (r->dev)
		html_printf(out, "; device %s, driver %s", r->dev, r->driver ? r->driver : "-");
	free(where);
}

static void write_details(FILE *out, const struct mapping *r)
{
	fputs("<td>", out);
	html_printf(out, "%s", r->site ? r->site : "-");
	if (r->module)
		html_printf(out, " [%s]", r->module);
	if (r->file)
		html_printf(out, ", file %s", r->file);
	if (r->va.known) {
		html_printf(out, ", %s addresses ", r->space ? r->space : "virtual");
		html_text_and_free(out, cell_range(&r->va));
	}
	if (r->time)
		html_printf(out, ", time %s", r->time);
}

/* End tags of rows and cells are optional in HTML, and a fifth of the table. */
static void write_row(FILE *out, const struct map *map, size_t record, const size_t *first_box)
{
	const struct mapping *r = &map->m->records[record];
	const struct map_home *home = &map->homes[record];

	fputs("<tr", out);
	if (home->lane)
		fprintf(out, " data-box=\"%zu\"", first_box[home->lane] + home->box);
	if (r->pid) {
		fputs(" data-pid=\"", out);
		html_text(out, r->pid);
		fputs("\"", out);
	}
	fputs("><td>", out);
	if (r->range.known)
		map_write_range(out, &r->range);
	else
		fputs("-", out);
	fputs("<td>", out);
	html_text_and_free(out, cell_attr(r));
	fputs("<td>", out);
	html_printf(out, "%s", r->comm ? r->comm : "-");
	if (r->pid)
		html_printf(out, " (pid %s)", r->pid);
	html_printf(out, ", %s", r->space ? r->space : "-");
	fputs("<td>", out);
	html_printf(out, "%s", r->kind ? r->kind : "-");
	write_place(out, map->m, r);
	write_details(out, r);
	fputs("\n", out);
}

/* Boxes are numbered through all lanes, as the page holds them. */
static size_t *number_boxes(const struct map *map)
{
	size_t *first = xcalloc(map->nr_lanes + 1, sizeof(*first)), i;

	for (i = 0; i < map->nr_lanes; i++)
		first[i + 1] = first[i] + map->lanes[i].nr_boxes;
	return first;
}

/**
 * map_write_table() - write the records, in the order of addresses and lanes
 * @out: where to
 * @map: the picture
 */
void map_write_table(FILE *out, const struct map *map)
{
	size_t *order = sort_records(map), *first_box = number_boxes(map);
	size_t n = map->m->nr_records, shown = n < MAX_ROWS ? n : MAX_ROWS, i;

	fprintf(out, "<div id=\"records\" data-more=\"%zu\">\n", n - shown);
	for (i = 0; i < shown; i++) {
		if (!(i % CHUNK))
			fputs(table_start, out);
		write_row(out, map, order[i], first_box);
		if (i % CHUNK == CHUNK - 1 || i == shown - 1)
			fputs("</tbody></table></div>\n", out);
	}
	fputs("</div>\n", out);
	if (n > shown)
		fprintf(out,
			"<p id=\"more\">These are the first %zu. %zu more are listed by "
			"'pfntrack list'.</p>\n",
			shown, n - shown);
	if (!n)
		fputs("<p>No mapping is recorded.</p>\n", out);
	free(first_box);
	free(order);
}
