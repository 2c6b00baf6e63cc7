/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pfntrack map: the physical address space as a picture, worked out once for all
 * printers.  The axis is cut into pieces where something begins or ends; a piece
 * is drawn by the logarithm of its size, so that one page beside gigabytes can
 * be seen, and what nobody maps is folded.
 */
#ifndef PFNTRACK_MAP_H
#define PFNTRACK_MAP_H

#include "model.h"

#define MAP_SHOWN 4 /* mappings or conflicts that are named; the rest is counted */

struct map_piece {
	uint64_t start, end; /* inclusive */
	bool gap;            /* nothing is mapped, and nothing lies there */
	double x0, x1;
};

/* Mappings of one lane and one pair of attributes that lie at one place. */
struct map_box {
	struct span range;
	double x0, x1;
	unsigned int row;
	size_t count; /* mappings; 0: implied, not on record */
	const struct mapping *shown[MAP_SHOWN];
	const char *want, *got; /* NULL: not known, or does not apply */
	char *label;            /* of what lies there, or NULL; owned */
};

struct map_lane {
	enum map_lane_type {
		LANE_MACHINE, /* what lies there */
		LANE_LINEAR,
		LANE_KERNEL,
		LANE_CLAIM,
		LANE_OTHER, /* a space that this command does not know */
		LANE_USER,
		LANE_REST, /* the processes beyond MAP_LANES */
	} type;
	char *name;
	size_t nr_mappings;
	unsigned int rows;
	struct map_box *boxes;
	size_t nr_boxes;
};

/* A place where conflicts were, or where mappings disagree now (aliases). */
struct map_mark {
	struct span range;
	double x0, x1;
	size_t nr_conflicts, nr_aliases;
	const struct conflict *conflicts[MAP_SHOWN];
	const struct alias *aliases[MAP_SHOWN]; /* those that harm */
	const char *worst;                      /* verdict among them all */
};

/* The box that shows a record; lane 0 shows no records. */
struct map_home {
	unsigned int lane, box;
};

struct map {
	const struct model *m;
	struct map_home *homes; /* by index of the record */
	struct map_piece *pieces;
	size_t nr_pieces;
	struct map_lane *lanes;
	size_t nr_lanes;
	struct map_mark *marks;
	size_t nr_marks;
	double width;
};

/* How fine a picture may be. */
struct map_limits {
	size_t runs;  /* stretches between folded gaps */
	size_t cuts;  /* pieces within them, beyond what conflicts need */
	size_t lanes; /* processes with a lane of their own */
	size_t merge; /* with more mappings than this, neighbours are one box */
};

extern const struct map_limits map_fine, map_coarse;

void map_build(struct map *map, const struct model *m, const struct map_limits *limits);
void map_free(struct map *map);

/* map_axis.c */
void map_axis(struct map *map, const struct map_limits *limits);
void map_place(const struct map *map, const struct span *range, double *x0, double *x1);

/* map_marks.c */
void map_marks(struct map *map);
bool map_marked(const struct map *map, const struct span *range);
bool verdict_harmful(const char *word);

/* map_machine.c */
void map_machine(struct map *map);
bool map_is_ram(const struct resource *r);

/* print_map_html.c, print_map_svg.c, print_map_text.c, print_map_json.c */
const char *map_attr_code(const char *word);
int map_write_html(const struct map *map, const char *file);
void map_print_text(const struct map *map);
void map_print_json(const struct map *map);

#endif /* PFNTRACK_MAP_H */
