// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack map as text: addresses downwards, a column for each lane, in colour on
 * a terminal.  Stretches in which every lane says the same are one row.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "columns.h"
#include "main.h"
#include "map.h"
#include "map_sheet.h"
#include "print.h"
#include "util.h"

#define WHAT_WIDTH 24
#define LANE_WIDTH 16

#define HEAD_RANGE "RANGE"
#define HEAD_SIZE  "SIZE"
#define GAP        "  ..."

/* Colours of 256 that are near those of the picture; 0: none. */
static const struct {
	const char *code;
	unsigned char fill, ink;
} styles[] = {
	[PFN_ATTR_UNKNOWN] = { "??", 0, 0 },     [PFN_ATTR_NONE] = { "--", 0, 0 },
	[PFN_ATTR_WB] = { "WB", 25, 231 },       [PFN_ATTR_WT] = { "WT", 74, 16 },
	[PFN_ATTR_WP] = { "WP", 36, 16 },        [PFN_ATTR_WC] = { "WC", 214, 16 },
	[PFN_ATTR_UC_MINUS] = { "U-", 227, 16 }, [PFN_ATTR_UC] = { "UC", 166, 16 },
	[PFN_ATTR_DEVICE] = { "DV", 175, 16 },   [PFN_ATTR_DEVICE_STRICT] = { "DS", 90, 231 },
};

static int attr_index(const char *word)
{
	int i;

	for (i = 0; word && attr_names[i]; i++)
		if (!strcmp(word, attr_names[i]))
			return i;
	return PFN_ATTR_UNKNOWN;
}

/**
 * map_attr_code() - two letters for an attribute
 * @word: its spelling, or NULL
 */
const char *map_attr_code(const char *word)
{
	return styles[attr_index(word)].code;
}

static bool meets(const struct span *a, const struct span *b)
{
	return a->start <= b->end && b->start <= a->end;
}

/* Add a word to a text of words, once. */
static char *add_word(char *text, const char *word)
{
	char *both;

	if (strstr(text, word))
		return text;
	both = xasprintf("%s%s%s", text, *text ? " " : "", word);
	free(text);
	return both;
}

static struct lane_text lane_cell(const struct map_lane *lane, const struct span *range)
{
	struct lane_text cell = { xstrdup(""), -1 };
	bool implied = false;
	size_t i;

	for (i = 0; i < lane->nr_boxes; i++) {
		const struct map_box *box = &lane->boxes[i];
		int attr = attr_index(box->got);
		char word[8];

		if (!meets(&box->range, range))
			continue;
		implied |= !box->count;
		if (!box->count)
			continue;
		if (box->want && attr_index(box->want) != attr)
			snprintf(word, sizeof(word), "%s>%s", map_attr_code(box->want),
				 map_attr_code(box->got));
		else
			snprintf(word, sizeof(word), "%s", map_attr_code(box->got));
		/* Two in one cell: no colour would be true. */
		cell.attr = *cell.text && cell.attr != attr ? -1 : attr;
		cell.text = add_word(cell.text, word);
	}
	if (!*cell.text && implied)
		cell.text = add_word(cell.text, "(WB)");
	return cell;
}

static struct lane_text machine_cell(const struct map_lane *lane, const struct span *range)
{
	size_t i;

	for (i = 0; i < lane->nr_boxes; i++) {
		char *safe, *cut;

		if (!meets(&lane->boxes[i].range, range))
			continue;
		safe = text_safe(lane->boxes[i].label);
		cut = xasprintf("%.*s", WHAT_WIDTH, safe);
		free(safe);
		return (struct lane_text){ cut, -1 };
	}
	return (struct lane_text){ xstrdup("-"), -1 };
}

static struct lane_text mark_cell(const struct map *map, const struct span *range)
{
	size_t i, j;

	for (i = 0; i < map->nr_marks; i++) {
		const struct map_mark *mark = &map->marks[i];
		char *text, *more;

		if (!meets(&mark->range, range))
			continue;
		text = xasprintf("%s %s%s", verdict_harmful(mark->worst) ? "!!" : "!", mark->worst,
				 mark->nr_aliases ? " now" : "");
		for (j = 0; j < mark->nr_conflicts && j < MAP_SHOWN; j++) {
			more = xasprintf("%s #%llu", text,
					 (unsigned long long)mark->conflicts[j]->id);
			free(text);
			text = more;
		}
		if (mark->nr_conflicts > MAP_SHOWN)
			text = add_word(text, "...");
		more = text_safe(text);
		free(text);
		return (struct lane_text){ more, -1 };
	}
	return (struct lane_text){ xstrdup(""), -1 };
}

static bool same_cells(const struct sheet *sheet, const struct row *a, const struct row *b)
{
	size_t i;

	for (i = 0; i < sheet->nr_cells; i++)
		if (strcmp(a->cells[i].text, b->cells[i].text))
			return false;
	return true;
}

static void free_cells(const struct sheet *sheet, struct row *row)
{
	size_t i;

	for (i = 0; i < sheet->nr_cells; i++)
		free(row->cells[i].text);
	free(row->cells);
}

static void add_row(struct sheet *sheet, const struct map_piece *piece)
{
	const struct map *map = sheet->map;
	struct row row = { { true, piece->start, piece->end }, NULL }, *last;
	size_t i;

	row.cells = xcalloc(sheet->nr_cells, sizeof(*row.cells));
	row.cells[0] = machine_cell(&map->lanes[0], &row.range);
	for (i = 1; i < map->nr_lanes; i++)
		row.cells[i] = lane_cell(&map->lanes[i], &row.range);
	row.cells[i] = mark_cell(map, &row.range);
	last = sheet->nr_rows ? &sheet->rows[sheet->nr_rows - 1] : NULL;
	if (last && last->range.end + 1 == row.range.start && same_cells(sheet, last, &row)) {
		last->range.end = row.range.end;
		free_cells(sheet, &row);
		return;
	}
	sheet->rows[sheet->nr_rows++] = row;
}

/* The heading of a lane: short, for it is the width of a column. */
static char *heading(const struct map_lane *lane)
{
	char *safe, *cut;

	switch (lane->type) {
	case LANE_MACHINE:
		return xstrdup("WHAT");
	case LANE_LINEAR:
		return xstrdup("LINEAR");
	case LANE_KERNEL:
		return xstrdup("KERNEL");
	case LANE_CLAIM:
		return xstrdup("CLAIMS");
	default:
		safe = text_safe(lane->name);
		cut = xasprintf("%.*s", LANE_WIDTH, safe);
		free(safe);
		return cut;
	}
}

static int wider(int width, const char *text)
{
	int len = strlen(text);

	return len > width ? len : width;
}

/* The number of bytes between a row and the row before it. */
static uint64_t gap_before(const struct sheet *sheet, size_t i)
{
	const struct row *row = &sheet->rows[i];

	return i ? row->range.start - row[-1].range.end - 1 : 0;
}

static void measure_ranges(struct sheet *sheet)
{
	size_t i;

	sheet->range_width = wider(wider(0, HEAD_RANGE), GAP);
	sheet->size_width = wider(0, HEAD_SIZE);
	for (i = 0; i < sheet->nr_rows; i++) {
		const struct span *span = &sheet->rows[i].range;
		char *range = cell_range(span), *size = text_size(span_size(span));
		char *gap = text_size(gap_before(sheet, i));

		sheet->range_width = wider(sheet->range_width, range);
		sheet->size_width = wider(wider(sheet->size_width, size), gap);
		free(range);
		free(size);
		free(gap);
	}
}

static void make_sheet(struct sheet *sheet, struct row *head)
{
	const struct map *map = sheet->map;
	size_t i, j;

	sheet->nr_cells = map->nr_lanes + 1;
	sheet->rows = xcalloc(map->nr_pieces, sizeof(*sheet->rows));
	sheet->widths = xcalloc(sheet->nr_cells, sizeof(*sheet->widths));
	head->cells = xcalloc(sheet->nr_cells, sizeof(*head->cells));
	for (i = 0; i < map->nr_lanes; i++)
		head->cells[i].text = heading(&map->lanes[i]);
	head->cells[i].text = xstrdup("");
	for (i = 0; i < map->nr_pieces; i++)
		if (!map->pieces[i].gap)
			add_row(sheet, &map->pieces[i]);
	for (j = 0; j < sheet->nr_cells; j++)
		sheet->widths[j] = wider(0, head->cells[j].text);
	for (i = 0; i < sheet->nr_rows; i++)
		for (j = 0; j < sheet->nr_cells; j++)
			sheet->widths[j] = wider(sheet->widths[j], sheet->rows[i].cells[j].text);
	measure_ranges(sheet);
}

/* @pad: blanks that are owed from the cells before; lines have none at their end. */
static int print_cell(const struct sheet *sheet, const struct lane_text *cell, int width, int pad)
{
	int len = strlen(cell->text);

	if (!len)
		return pad + width;
	printf("%*s", pad, "");
	if (sheet->colour && cell->attr >= 0 && styles[cell->attr].fill)
		printf("\033[48;5;%u;38;5;%um%s\033[0m", styles[cell->attr].fill,
		       styles[cell->attr].ink, cell->text);
	else
		fputs(cell->text, stdout);
	return len < width ? width - len : 0;
}

/* What did not fit into the row. */
static void print_below(const struct sheet *sheet, const struct row *row)
{
	const char *what = row->cells[0].text, *mark = row->cells[sheet->nr_cells - 1].text;
	int len = sheet_line_len(what, sheet->widths[0]);

	for (what += len; *what; what += len) {
		what += *what == ' ';
		len = sheet_line_len(what, sheet->widths[0]);
		printf("%*s%.*s\n", sheet_before_lanes(sheet), "", len, what);
	}
	if (*mark)
		printf("    %s\n", mark);
}

static void print_row(const struct sheet *sheet, const struct row *row, const char *range,
		      const char *size)
{
	const char *text = row->cells[0].text;
	struct lane_text what = { xasprintf("%.*s", sheet_line_len(text, sheet->widths[0]), text),
				  -1 };
	size_t i, last = sheet->nr_cells - 1;
	int pad;

	printf("%-*s %*s", sheet->range_width, range, sheet->size_width, size);
	pad = print_cell(sheet, &what, sheet->widths[0], 1) + 1;
	free(what.text);
	for (i = 1; i < last; i++)
		if (!sheet->hidden[i])
			pad = print_cell(sheet, &row->cells[i], sheet->widths[i], pad) + 1;
	if (!sheet->narrow)
		print_cell(sheet, &row->cells[last], 0, pad);
	putchar('\n');
	if (sheet->narrow)
		print_below(sheet, row);
}

static void print_rows(const struct sheet *sheet, const struct row *head)
{
	size_t i;

	print_row(sheet, head, HEAD_RANGE, HEAD_SIZE);
	for (i = 0; i < sheet->nr_rows; i++) {
		const struct row *row = &sheet->rows[i];
		char *range = cell_range(&row->range), *size = text_size(span_size(&row->range));

		if (gap_before(sheet, i)) {
			char *gap = text_size(gap_before(sheet, i));

			printf("%-*s %*s\n", sheet->range_width, GAP, sheet->size_width, gap);
			free(gap);
		}
		print_row(sheet, row, range, size);
		free(range);
		free(size);
	}
	if (sheet->missing)
		printf("%d lane%s not fit: widen the terminal, or 'pfntrack map -o FILE.html'.\n",
		       sheet->missing, sheet->missing == 1 ? " does" : "s do");
}

static void print_legend(const struct map *map)
{
	const char *between = "";
	size_t i, j, k;

	for (i = 0; attr_names[i]; i++) {
		bool used = false;

		for (j = 1; j < map->nr_lanes; j++)
			for (k = 0; k < map->lanes[j].nr_boxes; k++)
				used |= attr_index(map->lanes[j].boxes[k].got) == (int)i ||
					attr_index(map->lanes[j].boxes[k].want) == (int)i;
		if (!used)
			continue;
		printf("%s%s %s", between, styles[i].code, attr_names[i]);
		between = ", ";
	}
	puts(*between ? "" : "No mapping is recorded.");
	puts("(WB): RAM in the linear map, implied and not on record; X>Y: asked for X, got Y;\n"
	     "!: conflicts by number, or mapped in ways that disagree now; !!: data can be lost.");
}

/**
 * map_print_text() - print the picture for a terminal
 * @map: the picture
 */
void map_print_text(const struct map *map)
{
	const char *term = getenv("TERM"), *plain = getenv("NO_COLOR");
	struct sheet sheet = { .map = map };
	struct row head = { 0 };
	size_t i;

	sheet.colour = isatty(STDOUT_FILENO) && (!plain || !*plain) && term && strcmp(term, "dumb");
	make_sheet(&sheet, &head);
	sheet_fit(&sheet);
	print_rows(&sheet, &head);
	putchar('\n');
	print_legend(map);
	text_source(map->m);
	free_cells(&sheet, &head);
	for (i = 0; i < sheet.nr_rows; i++)
		free_cells(&sheet, &sheet.rows[i]);
	free(sheet.rows);
	free(sheet.widths);
	free(sheet.hidden);
}
