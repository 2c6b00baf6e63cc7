// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack map: the picture itself, as SVG.  Colours and behaviour are in the
 * template; here are places, classes and words.  Titles hold the whole story of a
 * box, so that the file says it without scripts, too.
 */

#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "html.h"
#include "print.h"

#define TOP     58 /* flags, and two rows of addresses */
#define ROW     22
#define PAD     5   /* above and below the rows of a lane */
#define CHAR    6.7 /* width of a character in a box */
#define MIN_BOX 4.0
#define LABEL_X 8.0

static int lane_height(const struct map_lane *lane)
{
	return lane->rows * ROW + 2 * PAD;
}

static int picture_height(const struct map *map)
{
	int height = TOP;
	size_t i;

	for (i = 0; i < map->nr_lanes; i++)
		height += lane_height(&map->lanes[i]);
	return height;
}

/**
 * map_write_names() - write the names of the lanes, which stay while the picture scrolls
 * @out: where to
 * @map: the picture
 */
void map_write_names(FILE *out, const struct map *map)
{
	size_t i;

	for (i = 0; i < map->nr_lanes; i++) {
		const struct map_lane *lane = &map->lanes[i];

		fprintf(out, "<li style=\"height:%dpx\"><span>", lane_height(lane));
		html_text(out, lane->name);
		fputs("</span>", out);
		if (lane->nr_mappings)
			fprintf(out, "<small>%zu</small>", lane->nr_mappings);
		fputs("</li>\n", out);
	}
}

static bool changed(const struct map_box *box)
{
	return box->want && box->got && strcmp(box->want, box->got);
}

static void write_range(FILE *out, const struct span *range)
{
	html_text_and_free(out, cell_range(range));
	html_printf(out, " (");
	html_text_and_free(out, text_size(span_size(range)));
	html_printf(out, ")");
}

static void write_who(FILE *out, const struct mapping *r)
{
	if (r->comm || r->pid)
		html_printf(out, " by %s", r->comm ? r->comm : "-");
	if (r->pid)
		html_printf(out, " (pid %s)", r->pid);
}

static void write_holder(FILE *out, const struct mapping *r)
{
	html_printf(out, "\n%s", r->kind ? r->kind : "mapped");
	write_who(out, r);
	if (r->dev)
		html_printf(out, ", device %s driver %s", r->dev, r->driver ? r->driver : "-");
	if (r->site)
		html_printf(out, ", at %s", r->site);
	if (r->module)
		html_printf(out, " [%s]", r->module);
	if (r->file)
		html_printf(out, ", file %s", r->file);
	if (r->va.known) {
		html_printf(out, ", at %s addresses ", r->space ? r->space : "virtual");
		html_text_and_free(out, cell_range(&r->va));
	}
	if (r->time)
		html_printf(out, ", time %s", r->time);
}

static void write_box_title(FILE *out, const struct map *map, const struct map_lane *lane,
			    const struct map_box *box)
{
	char *where;
	size_t i;

	html_printf(out, "%s: ", lane->name);
	if (box->label) {
		html_printf(out, "%s\n", box->label);
		write_range(out, &box->range);
		return;
	}
	html_printf(out, "%s", box->got ? box->got : "attribute not known");
	if (changed(box))
		html_printf(out, ", though %s was asked for", box->want);
	html_printf(out, "\n");
	write_range(out, &box->range);
	where = text_where(map->m, box->range.start);
	if (where)
		html_printf(out, "\n%s", where);
	free(where);
	if (!box->count)
		html_printf(out,
			    "\nimplied: RAM is in the linear map, write-back, where nothing on "
			    "record says otherwise");
	for (i = 0; i < box->count && i < MAP_SHOWN; i++)
		write_holder(out, box->shown[i]);
	if (box->count > MAP_SHOWN)
		html_printf(out, "\nand %zu more, in the whole range", box->count - MAP_SHOWN);
	if (map_marked(map, &box->range) && box->count)
		html_printf(out, "\ndisagrees: see the mark above");
}

/* Text within a box, cut to fit; nothing where not even three characters do. */
static void write_inside(FILE *out, double x, double y, double width, const char *text)
{
	size_t fits = width < 2 * 4 ? 0 : (size_t)((width - 8) / CHAR), len = strlen(text);

	if (fits < (len < 3 ? len : 3))
		return;
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\">", x + 4, y);
	if (len <= fits) {
		html_text(out, text);
	} else {
		html_printf(out, "%.*s", (int)fits - 1, text);
		fputs("&#8230;", out);
	}
	fputs("</text>", out);
}

static void write_code(FILE *out, const struct map_box *box, double y, double width)
{
	char code[48];

	if (changed(box))
		snprintf(code, sizeof(code), "%s>%s", map_attr_code(box->want),
			 map_attr_code(box->got));
	else
		snprintf(code, sizeof(code), "%s", map_attr_code(box->got));
	if (box->count > 1 && (strlen(code) + 4) * CHAR + 8 < width)
		snprintf(code + strlen(code), sizeof(code) - strlen(code), " x%zu", box->count);
	if (strlen(code) * CHAR + 6 <= width)
		write_inside(out, box->x0 - 1, y, width + 2, code);
}

static void write_box(FILE *out, const struct map *map, const struct map_lane *lane,
		      const struct map_box *box, int y)
{
	double width = box->x1 - box->x0 < MIN_BOX ? MIN_BOX : box->x1 - box->x0;
	bool ground = !box->count && !box->label;
	int top = y + PAD + box->row * ROW + 2, height = ground ? lane->rows * ROW - 4 : ROW - 4;

	fprintf(out, "<g class=\"box %s%s\" tabindex=\"0\" role=\"img\"><title>",
		box->label ? "machine" : attr_class(box->got), ground ? " implied" : "");
	write_box_title(out, map, lane, box);
	fprintf(out, "</title><rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>",
		box->x0, top, width, height);
	if (changed(box))
		fprintf(out,
			"<rect class=\"wanted %s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"5\"/>",
			attr_class(box->want), box->x0, top, width);
	if (box->label)
		write_inside(out, box->x0, top + 13, width, box->label);
	else if (!ground)
		write_code(out, box, top + (changed(box) ? 15 : 13), width);
	fputs("</g>\n", out);
}

static void write_lanes(FILE *out, const struct map *map)
{
	int y = TOP;
	size_t i, j;

	for (i = 0; i < map->nr_lanes; i++) {
		const struct map_lane *lane = &map->lanes[i];

		fprintf(out, "<g class=\"lane\" role=\"group\" aria-label=\"");
		html_text(out, lane->name);
		fprintf(out, "\">\n");
		for (j = 0; j < lane->nr_boxes; j++)
			write_box(out, map, lane, &lane->boxes[j], y);
		fputs("</g>\n", out);
		y += lane_height(lane);
	}
}

static void write_ground(FILE *out, const struct map *map)
{
	int y = TOP;
	size_t i;

	for (i = 0; i < map->nr_lanes; i++) {
		fprintf(out,
			"<rect class=\"stripe\" x=\"0\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n",
			y, map->width, lane_height(&map->lanes[i]) - 1);
		y += lane_height(&map->lanes[i]);
	}
	for (i = 0; i < map->nr_pieces; i++) {
		const struct map_piece *p = &map->pieces[i];
		const struct span span = { true, p->start, p->end };

		if (!p->gap)
			continue;
		fprintf(out, "<g class=\"gap\"><title>");
		html_printf(out, "nothing is mapped\n");
		write_range(out, &span);
		fprintf(out,
			"</title><rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/></g>\n",
			p->x0, TOP, p->x1 - p->x0, y - TOP);
	}
}

/* Addresses where something lies, as far as there is room, in two rows. */
static void write_addresses(FILE *out, const struct map *map)
{
	const struct map_lane *machine = &map->lanes[0];
	double free_from[2] = { 0, 0 };
	size_t i;

	for (i = 0; i < machine->nr_boxes; i++) {
		const struct map_box *box = &machine->boxes[i];
		int row = box->x0 >= free_from[0] ? 0 : 1;
		char text[24];

		if (box->x0 < free_from[row])
			continue;
		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)box->range.start);
		fprintf(out,
			"<path class=\"tick\" d=\"M%.1f %dV%d\"/><text class=\"at\" x=\"%.1f\" y=\"%d\">%s</text>\n",
			box->x0 + 0.5, TOP - 12 * row - 12, TOP, box->x0 + 3, TOP - 12 * row - 4,
			text);
		free_from[row] = box->x0 + 3 + strlen(text) * 6.2 + LABEL_X;
	}
}

static const char *mark_class(const struct map_mark *mark)
{
	return verdict_harmful(mark->worst) ? "harm" : "mild";
}

static void write_side(FILE *out, const char *label, const struct mapping *r)
{
	html_printf(out, "\n%s %s", label, r->want ? r->want : "-");
	if (mapping_downgraded(r))
		html_printf(out, ">%s", r->got);
	html_printf(out, ", %s", r->kind ? r->kind : "-");
	write_who(out, r);
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
	write_range(out, &mark->range);
	for (i = 0; i < mark->nr_conflicts && i < MAP_SHOWN; i++)
		write_mark_conflict(out, mark->conflicts[i]);
	if (mark->nr_conflicts > MAP_SHOWN)
		html_printf(out, "\nand %zu more conflicts", mark->nr_conflicts - MAP_SHOWN);
	for (i = 0; i < mark->nr_aliases && i < MAP_SHOWN; i++)
		write_mark_alias(out, mark->aliases[i]);
	if (mark->nr_aliases > MAP_SHOWN)
		html_printf(out, "\nand %zu more aliases", mark->nr_aliases - MAP_SHOWN);
}

static void write_bands(FILE *out, const struct map *map, int height)
{
	size_t i;

	for (i = 0; i < map->nr_marks; i++) {
		const struct map_mark *mark = &map->marks[i];
		double width = mark->x1 - mark->x0;

		fprintf(out,
			"<rect class=\"band %s\" x=\"%.1f\" y=\"24\" width=\"%.1f\" height=\"%d\"/>\n",
			mark_class(mark), mark->x0 - 1.5, (width < MIN_BOX ? MIN_BOX : width) + 3,
			height - 24);
	}
}

static void write_flags(FILE *out, const struct map *map)
{
	size_t i;

	for (i = 0; i < map->nr_marks; i++) {
		const struct map_mark *mark = &map->marks[i];
		double x = (mark->x0 + mark->x1) / 2;

		fprintf(out, "<g class=\"flag %s\" tabindex=\"0\" role=\"img\"", mark_class(mark));
		if (mark->nr_conflicts)
			fprintf(out, " data-article=\"conflict-%llu\"",
				(unsigned long long)mark->conflicts[0]->id);
		else
			fprintf(out, " data-article=\"alias-0x%llx\"",
				(unsigned long long)mark->aliases[0]->range.start);
		fputs("><title>", out);
		write_mark_title(out, mark);
		fprintf(out,
			"</title><path d=\"M%.1f 5l10 19h-20z\"/><text x=\"%.1f\" y=\"21\">%s</text></g>\n",
			x, x, mark->nr_conflicts ? "!" : "&#8800;");
	}
}

/**
 * map_write_svg() - write the picture
 * @out: where to
 * @map: the picture
 */
void map_write_svg(FILE *out, const struct map *map)
{
	int height = picture_height(map);
	/* Flags and the least boxes may stand out on the right. */
	double width = map->width + 16;

	fprintf(out,
		"<svg id=\"map\" xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%d\" "
		"viewBox=\"-12 0 %.0f %d\" role=\"group\" "
		"aria-label=\"Physical addresses from left to right, a lane for each space\">\n",
		width + 12, height, width + 12, height);
	fputs("<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	      "patternTransform=\"rotate(45)\"><rect width=\"2\" height=\"6\"/></pattern></defs>\n",
	      out);
	write_ground(out, map);
	write_addresses(out, map);
	write_lanes(out, map);
	write_bands(out, map, height);
	write_flags(out, map);
	fputs("</svg>\n", out);
}
