/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: the picture as a sheet of rows and lanes, for a terminal. */
#ifndef PFNTRACK_MAP_SHEET_H
#define PFNTRACK_MAP_SHEET_H

#include "map.h"

/* The least for WHAT: "System RAM" is on almost every line of some machines. */
#define MIN_WHAT 10

/* What a row says of a lane, or of what is marked: compared, then printed. */
struct lane_text {
	char *text;
	int attr; /* for the colour; -1: none */
};

struct row {
	struct span range;
	struct lane_text *cells; /* what lies there, the lanes, the mark */
};

struct sheet {
	const struct map *map;
	struct row *rows;
	size_t nr_rows, nr_cells;
	int *widths;
	int range_width, size_width; /* of the two columns before the cells */
	bool *hidden; /* lanes for which there is no room, or nothing to show in them */
	int missing;  /* how many of them would have shown something */
	bool narrow;  /* what lies there goes on below, and the mark stands below */
	bool colour;
};

int sheet_before_lanes(const struct sheet *sheet);
int sheet_line_len(const char *text, int width);
void sheet_fit(struct sheet *sheet);

#endif /* PFNTRACK_MAP_SHEET_H */
