// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack map: the places where mappings disagreed, or disagree now. */

#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "util.h"

#define MANY 40 /* marks; beyond them, flags must not hide each other */
#define FLAG 22.0
#define BAND 5.0

/**
 * verdict_harmful() - can data be lost, or worse?
 * @word: spelling of a verdict
 *
 * What a newer kernel means by a word that is not known here is not played down.
 */
bool verdict_harmful(const char *word)
{
	int verdict = verdict_of(word);

	return verdict < 0 || verdict >= PFN_VERDICT_INCOHERENT;
}

static bool worse(const char *a, const char *b)
{
	/* -1, a word that is not known, is the largest. */
	return !b || (unsigned int)verdict_of(a) > (unsigned int)verdict_of(b);
}

static struct map_mark *new_mark(struct map *map, uint64_t start, uint64_t end)
{
	struct map_mark *mark = xappend(&map->marks, &map->nr_marks, sizeof(*mark));

	mark->range = (struct span){ true, start, end };
	return mark;
}

/* What could not be decoded is not accused of anything. */
static void mark_aliases(struct map *map)
{
	size_t i;

	for (i = 0; i < map->m->nr_aliases; i++) {
		const struct alias *alias = &map->m->aliases[i];
		struct map_mark *mark;

		if (!alias_harms(alias))
			continue;
		mark = new_mark(map, alias->range.start, alias->range.end);
		mark->nr_aliases = 1;
		mark->aliases[0] = alias;
		/* The kernel reports a downgrade with this verdict. */
		mark->worst =
			verdict_names[alias->downgrade ? PFN_VERDICT_ORDERING : alias->verdict];
	}
}

static void mark_conflicts(struct map *map)
{
	size_t i;

	for (i = 0; i < map->m->nr_conflicts; i++) {
		const struct conflict *c = &map->m->conflicts[i];
		struct map_mark *mark;

		if (!c->new.range.known)
			continue;
		mark = new_mark(map, c->new.range.start, c->new.range.end);
		mark->nr_conflicts = 1;
		mark->conflicts[0] = c;
		mark->worst = c->verdict;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct map_mark *x = a, *y = b;

	if (x->range.start != y->range.start)
		return x->range.start < y->range.start ? -1 : 1;
	return (x->range.end > y->range.end) - (x->range.end < y->range.end);
}

static void join(struct map_mark *to, const struct map_mark *mark)
{
	size_t i;

	if (mark->range.end > to->range.end)
		to->range.end = mark->range.end;
	if (mark->x1 > to->x1)
		to->x1 = mark->x1;
	if (mark->worst && worse(mark->worst, to->worst))
		to->worst = mark->worst;
	for (i = 0; i < mark->nr_conflicts && i < MAP_SHOWN; i++)
		if (to->nr_conflicts + i < MAP_SHOWN)
			to->conflicts[to->nr_conflicts + i] = mark->conflicts[i];
	for (i = 0; i < mark->nr_aliases && i < MAP_SHOWN; i++)
		if (to->nr_aliases + i < MAP_SHOWN)
			to->aliases[to->nr_aliases + i] = mark->aliases[i];
	to->nr_conflicts += mark->nr_conflicts;
	to->nr_aliases += mark->nr_aliases;
}

/**
 * map_marks() - find the places to be marked, by address
 * @map: with its axis
 *
 * Those that overlap, or could not be told apart in the picture, are one.
 */
void map_marks(struct map *map)
{
	double apart;
	size_t n = 0, i;

	mark_aliases(map);
	mark_conflicts(map);
	if (map->nr_marks)
		qsort(map->marks, map->nr_marks, sizeof(*map->marks), by_start);
	apart = map->nr_marks > MANY ? FLAG : BAND;
	for (i = 0; i < map->nr_marks; i++) {
		struct map_mark *mark = &map->marks[i];

		map_place(map, &mark->range, &mark->x0, &mark->x1);
		if (n && (mark->range.start <= map->marks[n - 1].range.end ||
			  mark->x0 < map->marks[n - 1].x0 + apart))
			join(&map->marks[n - 1], mark);
		else
			map->marks[n++] = *mark;
	}
	map->nr_marks = n;
}

/**
 * map_marked() - does a range touch a mark?
 * @map: with its marks
 * @range: the range
 */
bool map_marked(const struct map *map, const struct span *range)
{
	size_t low = 0, high = map->nr_marks;

	/* Marks do not overlap: the first that ends at or behind the start decides. */
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (map->marks[mid].range.end < range->start)
			low = mid + 1;
		else
			high = mid;
	}
	return low < map->nr_marks && map->marks[low].range.start <= range->end;
}
