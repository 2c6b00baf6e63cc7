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

#define ROW     28  /* with the blank between rows; the box itself is 24 high, for fingers */
#define PAD     3   /* above and below the rows of a lane */
#define CHAR    6.7 /* width of a character in a box */
#define MIN_BOX 4.0

static int lane_height(const struct map_lane *lane)
{
	return lane->rows * ROW + 2 * PAD;
}

static int picture_height(const struct map *map)
{
	int height = 0;
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

/**
 * map_write_range() - write a range and its size
 * @out: where to
 * @range: the range
 */
void map_write_range(FILE *out, const struct span *range)
{
	html_text_and_free(out, cell_range(range));
	html_printf(out, " (");
	html_text_and_free(out, text_size(span_size(range)));
	html_printf(out, ")");
}

/**
 * map_write_owner() - write which process made a mapping, if that is known
 * @out: where to
 * @r: the mapping
 */
void map_write_owner(FILE *out, const struct mapping *r)
{
	if (r->comm || r->pid)
		html_printf(out, " by %s", r->comm ? r->comm : "-");
	if (r->pid)
		html_printf(out, " (pid %s)", r->pid);
}

static void write_holder(FILE *out, const struct mapping *r)
{
	html_printf(out, "\n%s", r->kind ? r->kind : "mapped");
	map_write_owner(out, r);
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
		map_write_range(out, &box->range);
		return;
	}
	html_printf(out, "%s", box->got ? box->got : "attribute not known");
	if (changed(box))
		html_printf(out, ", though %s was asked for", box->want);
	html_printf(out, "\n");
	map_write_range(out, &box->range);
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

/* The text that the box shows when the picture is large enough. */
static void write_whole_text(FILE *out, const struct map_box *box, bool ground)
{
	if (ground)
		return;
	fputs(" data-text=\"", out);
	if (box->label)
		html_text(out, box->label);
	else if (changed(box))
		html_printf(out, "%s>%s", map_attr_code(box->want), map_attr_code(box->got));
	else
		html_printf(out, "%s", map_attr_code(box->got));
	if (box->count > 1)
		html_printf(out, " x%zu", box->count);
	fputs("\"", out);
}

static void write_box(FILE *out, const struct map *map, const struct map_lane *lane,
		      const struct map_box *box, int y)
{
	double width = box->x1 - box->x0 < MIN_BOX ? MIN_BOX : box->x1 - box->x0;
	bool ground = !box->count && !box->label;
	int top = y + PAD + box->row * ROW + 2, height = ground ? lane->rows * ROW - 4 : ROW - 4;

	fprintf(out, "<g class=\"box %s%s\" tabindex=\"-1\" role=\"img\"",
		box->label ? "machine" : attr_class(box->got), ground ? " implied" : "");
	write_whole_text(out, box, ground);
	fputs("><title>", out);
	write_box_title(out, map, lane, box);
	fprintf(out, "</title><rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>",
		box->x0, top, width, height);
	if (changed(box))
		fprintf(out,
			"<rect class=\"wanted %s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"5\"/>",
			attr_class(box->want), box->x0, top, width);
	if (box->label)
		write_inside(out, box->x0, top + 16, width, box->label);
	else if (!ground)
		write_code(out, box, top + (changed(box) ? 18 : 16), width);
	fputs("</g>\n", out);
}

static void write_lanes(FILE *out, const struct map *map)
{
	int y = 0;
	size_t i, j;

	for (i = 0; i < map->nr_lanes; i++) {
		const struct map_lane *lane = &map->lanes[i];

		fprintf(out, "<g class=\"lane\" role=\"group\" aria-label=\"");
		html_text(out, lane->name);
		/* For paper, where the column of names cannot follow the scale of the picture. */
		fprintf(out, "\"><text class=\"lane-name\" x=\"-18\" y=\"%d\">",
			y + lane_height(lane) / 2 + 4);
		html_text(out, lane->name);
		fputs("</text>\n", out);
		for (j = 0; j < lane->nr_boxes; j++)
			write_box(out, map, lane, &lane->boxes[j], y);
		fputs("</g>\n", out);
		y += lane_height(lane);
	}
}

static void write_ground(FILE *out, const struct map *map)
{
	int y = 0;
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
		map_write_range(out, &span);
		fprintf(out,
			"</title><rect x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"%d\"/></g>\n",
			p->x0, p->x1 - p->x0, y);
	}
}

/**
 * map_mark_class() - the style of a mark
 * @mark: the mark
 */
const char *map_mark_class(const struct map_mark *mark)
{
	return verdict_harmful(mark->worst) ? "harm" : "mild";
}

/**
 * map_band() - where the frame around a marked stretch is drawn
 * @mark: the mark
 * @x: its left
 * @width: its width
 */
void map_band(const struct map_mark *mark, double *x, double *width)
{
	*width = mark->x1 - mark->x0;
	*width = (*width < MIN_BOX ? MIN_BOX : *width) + 3;
	*x = mark->x0 - 1.5;
}

/* Open at the top: the frame goes on in the axis. */
static void write_bands(FILE *out, const struct map *map, int height)
{
	size_t i;

	for (i = 0; i < map->nr_marks; i++) {
		double x, width;

		map_band(&map->marks[i], &x, &width);
		fprintf(out,
			"<rect class=\"band %s\" x=\"%.1f\" y=\"-2\" width=\"%.1f\" height=\"%d\"/>\n",
			map_mark_class(&map->marks[i]), x, width, height + 1);
	}
}

/**
 * map_write_svg_start() - begin one of the two pictures, which are equally wide
 * @out: where to
 * @map: the picture
 * @name: its class
 * @height: its height
 * @label: what it is
 */
void map_write_svg_start(FILE *out, const struct map *map, const char *name, int height,
			 const char *label)
{
	/* Flags and the least boxes may stand out on both sides. */
	double width = map->width + 28;

	fprintf(out,
		"<svg class=\"%s\" xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%d\" "
		"viewBox=\"-12 0 %.0f %d\" style=\"--width:%.0f\" role=\"group\" aria-label=\"%s\">\n",
		name, width, height, width, height, width, label);
}

/**
 * map_write_svg() - write the lanes
 * @out: where to
 * @map: the picture
 */
void map_write_svg(FILE *out, const struct map *map)
{
	int height = picture_height(map);

	map_write_svg_start(out, map, "lanes", height,
			    "Physical addresses from left to right, a lane for each space");
	fputs("<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	      "patternTransform=\"rotate(45)\"><rect width=\"2\" height=\"6\"/></pattern></defs>\n",
	      out);
	write_ground(out, map);
	write_lanes(out, map);
	write_bands(out, map, height);
	fputs("</svg>\n", out);
}
