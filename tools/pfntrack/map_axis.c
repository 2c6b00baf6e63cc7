// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack map: the axis, and where on it an address lies. */

#include <math.h>
#include <stdlib.h>

#include "map.h"
#include "util.h"

#define MIN_WIDTH 1150.0
#define MAX_WIDTH 2600.0

/* The first byte behind: the last byte of all is given up for simple sums. */
static uint64_t behind(uint64_t end)
{
	return end == UINT64_MAX ? end : end + 1;
}

struct point {
	uint64_t at;
	bool keep; /* must not be thinned out */
};

/* What is to be seen on the axis: intervals, and the points where they begin and end. */
struct axis {
	struct span *spans;
	size_t nr_spans;
	struct point *points;
	size_t nr_points;
};

static void add_point(struct axis *a, uint64_t at, bool keep)
{
	a->points[a->nr_points++] = (struct point){ at, keep };
}

static void add_span(struct axis *a, uint64_t start, uint64_t end, bool keep)
{
	if (end < start)
		return;
	a->spans[a->nr_spans++] = (struct span){ true, start, end };
	add_point(a, start, keep);
	add_point(a, behind(end), keep);
}

static void gather(struct axis *a, const struct model *m)
{
	/* Runs add their two ends to the points of their spans. */
	size_t n = m->nr_records + m->nr_conflicts + m->nr_bars + m->nr_resources, i;

	a->spans = xcalloc(n, sizeof(*a->spans));
	a->points = xcalloc(4 * n, sizeof(*a->points));
	for (i = 0; i < m->nr_records; i++)
		if (m->records[i].range.known)
			add_span(a, m->records[i].range.start, m->records[i].range.end, false);
	for (i = 0; i < m->nr_conflicts; i++)
		if (m->conflicts[i].new.range.known)
			add_span(a, m->conflicts[i].new.range.start, m->conflicts[i].new.range.end,
				 true);
	for (i = 0; i < m->nr_bars; i++)
		add_span(a, m->bars[i].start, m->bars[i].end, false);
	for (i = 0; i < m->nr_resources; i++)
		if (map_is_ram(&m->resources[i]))
			add_span(a, m->resources[i].start, m->resources[i].end, false);
}

static int by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static int by_address(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static int larger_first(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x < *y) - (*x > *y);
}

/* Join spans that overlap or touch, in place. */
static void join_spans(struct axis *a, uint64_t fold)
{
	size_t runs = 0, i;

	for (i = 0; i < a->nr_spans; i++) {
		struct span *last = runs ? &a->spans[runs - 1] : NULL;

		if (last && (a->spans[i].start <= behind(last->end) ||
			     a->spans[i].start - behind(last->end) < fold)) {
			if (a->spans[i].end > last->end)
				last->end = a->spans[i].end;
		} else {
			a->spans[runs++] = a->spans[i];
		}
	}
	a->nr_spans = runs;
}

/* Make runs of the spans: only the largest gaps, as many as may be, are folded. */
static void make_runs(struct axis *a, size_t limit)
{
	uint64_t *gaps;
	size_t i;

	qsort(a->spans, a->nr_spans, sizeof(*a->spans), by_start);
	join_spans(a, 0);
	if (a->nr_spans > limit) {
		gaps = xcalloc(a->nr_spans, sizeof(*gaps));
		for (i = 1; i < a->nr_spans; i++)
			gaps[i - 1] = a->spans[i].start - behind(a->spans[i - 1].end);
		qsort(gaps, a->nr_spans - 1, sizeof(*gaps), larger_first);
		join_spans(a, gaps[limit - 2] + 1);
		free(gaps);
	}
	for (i = 0; i < a->nr_spans; i++) {
		add_point(a, a->spans[i].start, true);
		add_point(a, behind(a->spans[i].end), true);
	}
}

/*
 * Sort the points, each once, and thin them out: where much is mapped, the same
 * number of boundaries takes the same room.
 */
static void thin_points(struct axis *a, size_t limit)
{
	size_t n = 0, loose = 0, every, i;

	qsort(a->points, a->nr_points, sizeof(*a->points), by_address);
	for (i = 0; i < a->nr_points; i++) {
		if (n && a->points[n - 1].at == a->points[i].at)
			a->points[n - 1].keep |= a->points[i].keep;
		else
			a->points[n++] = a->points[i];
	}
	a->nr_points = n;
	every = 1;
	for (i = 0; i < n; i++)
		loose += !a->points[i].keep;
	every += loose / limit;
	for (n = loose = i = 0; i < a->nr_points; i++)
		if (a->points[i].keep || !(loose++ % every))
			a->points[n++] = a->points[i];
	a->nr_points = n;
}

static double natural_width(const struct map_piece *p)
{
	double size = (double)(p->end - p->start) + 1;

	return p->gap ? 8 + log2(size) / 3 : 22 + 5 * log2(size / 4096 + 1);
}

static void set_widths(struct map *map)
{
	double gaps = 0, sum = 0, scale = 1, x = 0, w;
	size_t i;

	for (i = 0; i < map->nr_pieces; i++) {
		w = natural_width(&map->pieces[i]);
		if (map->pieces[i].gap)
			gaps += w;
		else
			sum += w;
	}
	if (sum > 0 && gaps + sum < MIN_WIDTH)
		scale = (MIN_WIDTH - gaps) / sum;
	else if (sum > MAX_WIDTH)
		scale = MAX_WIDTH / sum;
	for (i = 0; i < map->nr_pieces; i++) {
		struct map_piece *p = &map->pieces[i];

		w = natural_width(p) * (p->gap ? 1 : scale);
		p->x0 = x;
		x += w < 3 ? 3 : w;
		p->x1 = x;
	}
	map->width = x;
}

/**
 * map_axis() - cut the axis into pieces and give each its place
 * @map: with its model
 * @limits: how fine
 */
void map_axis(struct map *map, const struct map_limits *limits)
{
	struct axis a = { 0 };
	size_t run = 0, i;

	gather(&a, map->m);
	make_runs(&a, limits->runs);
	thin_points(&a, limits->cuts);
	map->pieces = xcalloc(a.nr_points, sizeof(*map->pieces));
	for (i = 0; i + 1 < a.nr_points; i++) {
		struct map_piece *p = &map->pieces[map->nr_pieces++];

		p->start = a.points[i].at;
		p->end = a.points[i + 1].at - 1;
		while (run < a.nr_spans && a.spans[run].end < p->start)
			run++;
		p->gap = run == a.nr_spans || p->start < a.spans[run].start;
	}
	set_widths(map);
	free(a.spans);
	free(a.points);
}

/* Where on the axis the byte begins; addresses behind the last piece end there. */
static double place(const struct map *map, uint64_t at)
{
	size_t low = 0, high = map->nr_pieces;
	const struct map_piece *p;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (map->pieces[mid].end < at)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == map->nr_pieces)
		return map->width;
	p = &map->pieces[low];
	if (at <= p->start)
		return p->x0;
	return p->x0 +
	       (p->x1 - p->x0) * ((double)(at - p->start) / ((double)(p->end - p->start) + 1));
}

/**
 * map_place() - where on the axis a range is drawn
 * @map: with its axis
 * @range: the range
 * @x0: its left
 * @x1: its right
 */
void map_place(const struct map *map, const struct span *range, double *x0, double *x1)
{
	*x0 = place(map, range->start);
	*x1 = place(map, behind(range->end));
}
