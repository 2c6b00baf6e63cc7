// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack map: the axis above the lanes, with addresses and marks, as SVG.  It is
 * a picture of its own because it stays in sight while the lanes scroll.
 */

#include <string.h>

#include "columns.h"
#include "html.h"
#include "print.h"

#define HEIGHT  58 /* flags, and two rows of addresses */
#define LABEL_X 8.0

/*
 * The starts of the stretches, in two rows.  Those without room are in the page,
 * too: the script shows them when the picture is larger.
 */
static void write_addresses(FILE *out, const struct map *map)
{
	double free_from[2] = { 0, 0 };
	size_t i;

	for (i = 0; i < map->nr_pieces; i++) {
		const struct map_piece *p = &map->pieces[i];
		int row = p->x0 >= free_from[0] ? 0 : 1;
		bool room = p->x0 >= free_from[row];
		char text[24];

		if (p->gap)
			continue;
		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)p->start);
		fprintf(out,
			"<g class=\"tick%s\" transform=\"translate(%.1f 0)\"><path d=\"M.5 %dV%d\"/>"
			"<text class=\"at\" x=\"3\" y=\"%d\">%s</text></g>\n",
			room ? "" : " spare", p->x0, HEIGHT - 12 * row - 12, HEIGHT,
			HEIGHT - 12 * row - 4, text);
		if (room)
			free_from[row] = p->x0 + 3 + strlen(text) * 6.2 + LABEL_X;
	}
}

static void write_side(FILE *out, const char *label, const struct mapping *r)
{
	html_printf(out, "\n%s %s", label, r->want ? r->want : "-");
	if (mapping_downgraded(r))
		html_printf(out, ">%s", r->got);
	html_printf(out, ", %s", r->kind ? r->kind : "-");
	map_write_owner(out, r);
}

static void write_mark_conflict(FILE *out, const struct conflict *c)
{
	html_printf(out, "\nconflict %llu: %s, %s", (unsigned long long)c->id,
		    c->verdict ? c->verdict : "-", c->result ? c->result : "-");
	write_side(out, "  new", &c->new);
	if (c->has_held)
		write_side(out, "  held", &c->held);
	else
		html_printf(out, "\n  held by no recorded mapping: the platform decided");
	html_printf(out, "\n  %s", consequence(c));
}

static void write_mark_alias(FILE *out, const struct alias *alias)
{
	fputs("\nmapped more than once now: ", out);
	html_text_and_free(out, alias_verdict_text(alias));
	write_side(out, "  one", alias->a);
	write_side(out, "  other", alias->b);
	if (alias->why)
		html_printf(out, "\n  %s", alias->why);
}

static void write_mark_title(FILE *out, const struct map_mark *mark)
{
	size_t i;

	html_printf(out, mark->nr_aliases ? "mappings disagree\n" : "mappings disagreed\n");
	map_write_range(out, &mark->range);
	for (i = 0; i < mark->nr_conflicts && i < MAP_SHOWN; i++)
		write_mark_conflict(out, mark->conflicts[i]);
	if (mark->nr_conflicts > MAP_SHOWN)
		html_printf(out, "\nand %zu more conflicts", mark->nr_conflicts - MAP_SHOWN);
	for (i = 0; i < mark->nr_aliases && i < MAP_SHOWN; i++)
		write_mark_alias(out, mark->aliases[i]);
	if (mark->nr_aliases > MAP_SHOWN)
		html_printf(out, "\nand %zu more aliases", mark->nr_aliases - MAP_SHOWN);
}

static void write_stems(FILE *out, const struct map *map)
{
	size_t i;

	for (i = 0; i < map->nr_marks; i++) {
		double x, width;

		map_band(&map->marks[i], &x, &width);
		fprintf(out,
			"<rect class=\"stem %s\" x=\"%.1f\" y=\"24\" width=\"%.1f\" height=\"%d\"/>\n",
			map_mark_class(&map->marks[i]), x, width, HEIGHT - 22);
	}
}

static void write_flags(FILE *out, const struct map *map)
{
	size_t i;

	for (i = 0; i < map->nr_marks; i++) {
		const struct map_mark *mark = &map->marks[i];

		fprintf(out,
			"<g class=\"flag %s\" tabindex=\"-1\" role=\"img\" transform=\"translate(%.1f 0)\"",
			map_mark_class(mark), (mark->x0 + mark->x1) / 2);
		if (mark->nr_conflicts)
			fprintf(out, " data-article=\"conflict-%llu\"",
				(unsigned long long)mark->conflicts[0]->id);
		else
			fprintf(out, " data-article=\"alias-0x%llx\"",
				(unsigned long long)mark->aliases[0]->range.start);
		fputs("><title>", out);
		write_mark_title(out, mark);
		fprintf(out, "</title><path d=\"M0 5l10 19h-20z\"/><text y=\"21\">%s</text></g>\n",
			mark->nr_conflicts ? "!" : "&#8800;");
	}
}

/**
 * map_write_axis() - write the addresses and the marks above the lanes
 * @out: where to
 * @map: the picture
 */
void map_write_axis(FILE *out, const struct map *map)
{
	map_write_svg_start(out, map, "axis", HEIGHT, "Addresses and conflicts");
	write_addresses(out, map);
	write_stems(out, map);
	write_flags(out, map);
	fputs("</svg>\n", out);
}
