// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack map: who has which lane, and what is in it. */

#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "util.h"

#define MAX_ROWS 8
#define WIDEST   40 /* of what is gathered into one box, to show that it is not even */

const struct map_limits map_fine = { .runs = 150, .cuts = 400, .lanes = 24, .merge = 2000 };
const struct map_limits map_coarse = { .runs = 40, .cuts = 60, .lanes = 12, .merge = 2000 };

/* A mapping, and what it is sorted by. */
struct ref {
	const struct mapping *map;
	enum map_lane_type type;
};

/* The mappings of one lane, in an array of them that is sorted by lane. */
struct group {
	struct ref *refs;
	size_t nr;
	uint64_t bytes;
	bool marked;
};

static bool is(const char *word, const char *other)
{
	return word && !strcmp(word, other);
}

static enum map_lane_type lane_of(const struct mapping *r)
{
	if (is(r->kind, kind_names[PFN_KIND_CLAIM]) ||
	    is(r->kind, kind_names[PFN_KIND_RESERVATION]))
		return LANE_CLAIM;
	if (is(r->kind, kind_names[PFN_KIND_SET_MEMORY]) ||
	    is(r->kind, kind_names[PFN_KIND_LINEAR]))
		return LANE_LINEAR;
	if (is(r->space, "kernel"))
		return LANE_KERNEL;
	return is(r->space, "user") ? LANE_USER : LANE_OTHER;
}

static int compare_words(const char *a, const char *b)
{
	if (!a || !b)
		return !a - !b;
	return strcmp(a, b);
}

/* Numbers without leading zeros: the longer one is the larger. */
static int compare_numbers(const char *a, const char *b)
{
	if (a && b && strlen(a) != strlen(b))
		return strlen(a) < strlen(b) ? -1 : 1;
	return compare_words(a, b);
}

static int compare_lanes(const struct ref *x, const struct ref *y)
{
	int order = (x->type > y->type) - (x->type < y->type);

	if (!order && x->type == LANE_USER) {
		order = compare_numbers(x->map->pid, y->map->pid);
		if (!order)
			order = compare_words(x->map->comm, y->map->comm);
	}
	if (!order && x->type == LANE_OTHER)
		order = compare_words(x->map->space, y->map->space);
	return order;
}

static int compare_addresses(const struct ref *x, const struct ref *y)
{
	const struct span *a = &x->map->range, *b = &y->map->range;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	/* The larger one first: it gets the upper row. */
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	return (x->map > y->map) - (x->map < y->map);
}

static int by_lane(const void *a, const void *b)
{
	int order = compare_lanes(a, b);

	return order ? order : compare_addresses(a, b);
}

static int by_address(const void *a, const void *b)
{
	return compare_addresses(a, b);
}

/* The worst, then the largest, first: who has to share a lane is the least interesting. */
static int by_interest(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->marked != y->marked)
		return x->marked ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return by_lane(x->refs, y->refs);
}

static int by_first(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return by_lane(x->refs, y->refs);
}

static char *lane_name(const struct group *g, enum map_lane_type type, size_t rest)
{
	const struct mapping *r = g->nr ? g->refs->map : NULL;

	switch (type) {
	case LANE_MACHINE:
		return xstrdup("what lies there");
	case LANE_LINEAR:
		return xstrdup("kernel: linear map");
	case LANE_KERNEL:
		return xstrdup("kernel mappings");
	case LANE_CLAIM:
		return xstrdup("claims of drivers");
	case LANE_REST:
		return xasprintf("%zu more processes", rest);
	case LANE_USER:
		if (r->pid && r->comm)
			return xasprintf("%s (%s)", r->comm, r->pid);
		if (r->pid)
			return xasprintf("process %s", r->pid);
		return xasprintf("%s", r->comm ? r->comm : "process not known");
	case LANE_OTHER:
		break;
	}
	return xstrdup(r->space ? r->space : "holder not known");
}

/**
 * lane_box() - add a box to a lane
 * @lane: the lane
 * @range: what it covers
 */
static struct map_box *lane_box(struct map_lane *lane, const struct span *range)
{
	struct map_box *box = xappend(&lane->boxes, &lane->nr_boxes, sizeof(*box));

	box->range = *range;
	return box;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The box that a mapping may share: looking back over a few is enough. */
static struct map_box *box_for(struct map_lane *lane, const struct mapping *r, double x0,
			       double slack)
{
	size_t i;

	for (i = 0; i < 16 && i < lane->nr_boxes; i++) {
		struct map_box *box = &lane->boxes[lane->nr_boxes - 1 - i];

		if (!same(box->want, r->want) || !same(box->got, r->got))
			continue;
		if (box->range.start == r->range.start && box->range.end == r->range.end)
			return box;
		if (slack > 0 && box->count && x0 <= box->x1 + slack && x0 < box->x0 + WIDEST)
			return box;
	}
	return NULL;
}

static void put_mapping(struct map *map, struct map_lane *lane, const struct mapping *r,
			double slack)
{
	struct map_box *box;
	struct map_home *home = &map->homes[r - map->m->records];
	double x0, x1;

	map_place(map, &r->range, &x0, &x1);
	box = box_for(lane, r, x0, slack);
	if (!box) {
		box = lane_box(lane, &r->range);
		box->want = r->want;
		box->got = r->got;
		box->x0 = x0;
		box->x1 = x1;
	}
	if (r->range.end > box->range.end)
		box->range.end = r->range.end;
	if (x1 > box->x1)
		box->x1 = x1;
	if (box->count < MAP_SHOWN)
		box->shown[box->count] = r;
	box->count++;
	home->lane = lane - map->lanes;
	home->box = box - lane->boxes;
}

/* What a lane cannot show beside each other goes into rows below each other. */
static void pack_rows(struct map_lane *lane)
{
	double ends[MAX_ROWS];
	size_t i;

	lane->rows = 1;
	for (i = 0; i < MAX_ROWS; i++)
		ends[i] = -1;
	for (i = 0; i < lane->nr_boxes; i++) {
		struct map_box *box = &lane->boxes[i];
		unsigned int row = 0;

		/* What is implied is the ground on which the others stand. */
		if (!box->count)
			continue;
		while (row < MAX_ROWS - 1 && box->x0 < ends[row] - 0.01)
			row++;
		box->row = row;
		if (box->x1 > ends[row])
			ends[row] = box->x1;
		if (row >= lane->rows)
			lane->rows = row + 1;
	}
}

static struct map_lane *new_lane(struct map *map, enum map_lane_type type)
{
	struct map_lane *lane = xappend(&map->lanes, &map->nr_lanes, sizeof(*lane));

	lane->type = type;
	lane->rows = 1;
	return lane;
}

/* RAM is in the linear map, write-back, where nothing on record says otherwise. */
static void imply_ram(struct map *map, struct map_lane *lane)
{
	size_t i;

	for (i = 0; i < map->m->nr_resources; i++) {
		const struct resource *r = &map->m->resources[i];
		struct map_box *box;

		if (!map_is_ram(r))
			continue;
		box = lane_box(lane, &(struct span){ true, r->start, r->end });
		box->want = box->got = attr_names[PFN_ATTR_WB];
		map_place(map, &box->range, &box->x0, &box->x1);
	}
}

static void fill_lane(struct map *map, const struct group *g, enum map_lane_type type, size_t rest,
		      double slack)
{
	struct map_lane *lane = new_lane(map, type);
	size_t i;

	lane->name = lane_name(g, type, rest);
	lane->nr_mappings = g->nr;
	if (type == LANE_LINEAR)
		imply_ram(map, lane);
	for (i = 0; i < g->nr; i++)
		put_mapping(map, lane, g->refs[i].map, slack);
	pack_rows(lane);
}

static size_t make_groups(const struct map *map, struct ref *refs, size_t n, struct group *groups)
{
	size_t nr = 0, i;

	for (i = 0; i < n; i++) {
		struct group *g = nr ? &groups[nr - 1] : NULL;

		if (!g || compare_lanes(&refs[i], g->refs)) {
			g = &groups[nr++];
			g->refs = &refs[i];
		}
		g->nr++;
		g->bytes += span_size(&refs[i].map->range);
		g->marked |= map_marked(map, &refs[i].map->range);
	}
	return nr;
}

/* All that have to share the last lane; groups that were sorted by interest. */
static void fill_rest(struct map *map, const struct group *groups, size_t n, double slack)
{
	struct group all = { 0 };
	size_t i;

	for (i = 0; i < n; i++)
		all.nr += groups[i].nr;
	all.refs = xcalloc(all.nr, sizeof(*all.refs));
	for (all.nr = i = 0; i < n; i++) {
		memcpy(all.refs + all.nr, groups[i].refs, groups[i].nr * sizeof(*all.refs));
		all.nr += groups[i].nr;
	}
	qsort(all.refs, all.nr, sizeof(*all.refs), by_address);
	fill_lane(map, &all, LANE_REST, n, slack);
	free(all.refs);
}

static void fill_lanes(struct map *map, const struct map_limits *limits, struct group *groups,
		       size_t n)
{
	double slack = map->m->nr_records > limits->merge ? 6 : 0;
	const struct group none = { 0 };
	size_t users, i = 0;

	/* The linear map and the kernel always have a lane: empty is an answer, too. */
	for (enum map_lane_type type = LANE_LINEAR; type <= LANE_KERNEL; type++) {
		bool has = i < n && groups[i].refs->type == type;

		fill_lane(map, has ? &groups[i++] : &none, type, 0, slack);
	}
	for (; i < n && groups[i].refs->type < LANE_USER; i++)
		fill_lane(map, &groups[i], groups[i].refs->type, 0, slack);
	users = n - i;
	groups += i;
	if (users > limits->lanes) {
		qsort(groups, users, sizeof(*groups), by_interest);
		qsort(groups, limits->lanes, sizeof(*groups), by_first);
	}
	for (i = 0; i < users && i < limits->lanes; i++)
		fill_lane(map, &groups[i], LANE_USER, 0, slack);
	if (i < users)
		fill_rest(map, groups + i, users - i, slack);
}

/**
 * map_build() - work the picture out
 * @map: uninitialised; map_free() it
 * @m: the model, with records, conflicts and the platform; must stay
 * @limits: how fine
 */
void map_build(struct map *map, const struct model *m, const struct map_limits *limits)
{
	struct group *groups;
	struct ref *refs;
	size_t n = 0, i;

	*map = (struct map){ .m = m };
	map_axis(map, limits);
	map_marks(map);
	new_lane(map, LANE_MACHINE)->name = lane_name(&(struct group){ 0 }, LANE_MACHINE, 0);
	map_machine(map);
	map->homes = xcalloc(m->nr_records, sizeof(*map->homes));
	refs = xcalloc(m->nr_records, sizeof(*refs));
	groups = xcalloc(m->nr_records, sizeof(*groups));
	for (i = 0; i < m->nr_records; i++)
		if (m->records[i].range.known)
			refs[n++] = (struct ref){ &m->records[i], lane_of(&m->records[i]) };
	qsort(refs, n, sizeof(*refs), by_lane);
	fill_lanes(map, limits, groups, make_groups(map, refs, n, groups));
	free(refs);
	free(groups);
}

/**
 * map_free() - free what the picture owns
 * @map: the picture
 */
void map_free(struct map *map)
{
	size_t i, j;

	for (i = 0; i < map->nr_lanes; i++) {
		for (j = 0; j < map->lanes[i].nr_boxes; j++)
			free(map->lanes[i].boxes[j].label);
		free(map->lanes[i].boxes);
		free(map->lanes[i].name);
	}
	free(map->lanes);
	free(map->homes);
	free(map->pieces);
	free(map->marks);
}
