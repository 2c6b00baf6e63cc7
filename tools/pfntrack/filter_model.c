// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: leaves in the model what a filter asks for. */

#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "util.h"

/**
 * filter_records() - leave in the model the records that are asked for
 * @f: the filter
 * @m: the model, with records and the platform
 *
 * Aliases keep their mappings: the others stay allocated.
 */
void filter_records(const struct filter *f, struct model *m)
{
	struct mapping *all = m->records;
	size_t nr = m->nr_records, i;

	m->filtered = f->nr;
	if (!f->nr)
		return;
	m->records = NULL;
	m->nr_records = 0;
	for (i = 0; i < nr; i++)
		if (filter_takes(f, m, &all[i]))
			*(struct mapping *)xappend(&m->records, &m->nr_records, sizeof(*all)) =
				all[i];
	if (all)
		model_keep(m, (char *)all);
}

/* A conflict whose history the filter leaves out counts no more. */
static void recount(struct model *m)
{
	struct history *h = &m->history;
	size_t i;

	h->conflicts = 0;
	h->refused = 0;
	h->hidden = 0;
	h->unsure = false;
	for (i = 0; i < m->nr_conflicts; i++) {
		const struct conflict *c = &m->conflicts[i];

		h->hidden += c->old;
		h->unsure |= c->unsure;
		if (conflict_refused(c))
			h->refused += c->fresh;
		else
			h->conflicts += c->fresh;
	}
}

/**
 * filter_conflicts() - leave in the model the conflicts that are asked for
 * @f: the filter
 * @m: the model, with conflicts and the platform
 */
void filter_conflicts(const struct filter *f, struct model *m)
{
	size_t n = 0, i;

	m->filtered = f->nr;
	if (!f->nr)
		return;
	for (i = 0; i < m->nr_conflicts; i++) {
		const struct conflict *c = &m->conflicts[i];

		if (filter_takes_two(f, m, &c->new.range, &c->new, c->has_held ? &c->held : NULL))
			m->conflicts[n++] = *c;
	}
	m->nr_conflicts = n;
	recount(m);
}

/* Ranges in ascending order, none of which meet. */
struct cover {
	struct span *spans;
	size_t nr;
};

static int by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void cover_add(struct cover *c, const struct filter *f, const struct model *m,
		      const struct mapping *map)
{
	if (map->range.known && filter_takes(f, m, map))
		*(struct span *)xappend(&c->spans, &c->nr, sizeof(*c->spans)) = map->range;
}

/* What is held by one that is asked for, whatever the range that is asked for. */
static void cover_find(struct cover *c, const struct filter *f, const struct model *m)
{
	struct filter rest = { 0 };
	size_t n = 0, i;

	for (i = 0; i < f->nr; i++)
		if (f->terms[i].key != FILTER_RANGE)
			rest.terms[rest.nr++] = f->terms[i];
	for (i = 0; i < m->nr_records; i++)
		cover_add(c, &rest, m, &m->records[i]);
	for (i = 0; i < m->nr_linear; i++)
		cover_add(c, &rest, m, &m->linear[i]);
	if (c->nr)
		qsort(c->spans, c->nr, sizeof(*c->spans), by_start);
	for (i = 1; i < c->nr; i++) {
		if (c->spans[i].start > c->spans[n].end)
			c->spans[++n] = c->spans[i];
		else if (c->spans[i].end > c->spans[n].end)
			c->spans[n].end = c->spans[i].end;
	}
	c->nr = c->nr ? n + 1 : 0;
}

static int meets(const void *key, const void *member)
{
	const struct span *a = key, *b = member;

	return a->end < b->start ? -1 : a->start > b->end;
}

/* An alias shows the worst two of its holders; another one may be asked for. */
static bool takes_alias(const struct filter *f, const struct model *m, const struct cover *c,
			const struct alias *a)
{
	struct filter ranges = { 0 };
	size_t i;

	if (filter_takes_two(f, m, &a->range, a->a, a->b))
		return true;
	if (a->holders <= 2 || !c->nr ||
	    !bsearch(&a->range, c->spans, c->nr, sizeof(*c->spans), meets))
		return false;
	for (i = 0; i < f->nr; i++)
		if (f->terms[i].key == FILTER_RANGE)
			ranges.terms[ranges.nr++] = f->terms[i];
	return filter_takes_two(&ranges, m, &a->range, a->a, a->b);
}

/**
 * filter_aliases() - leave in the model the aliases that are asked for
 * @f: the filter
 * @m: the model, with aliases and the platform
 */
void filter_aliases(const struct filter *f, struct model *m)
{
	struct cover cover = { 0 };
	size_t n = 0, i;

	m->filtered = f->nr;
	if (!f->nr)
		return;
	cover_find(&cover, f, m);
	for (i = 0; i < m->nr_aliases; i++)
		if (takes_alias(f, m, &cover, &m->aliases[i]))
			m->aliases[n++] = m->aliases[i];
	free(cover.spans);
	m->nr_aliases = n;
	m->missed = 0;
	for (i = 0; i < m->nr_records; i++)
		m->missed += linear_missed(m, &m->records[i]) && filter_takes(f, m, &m->records[i]);
}

/* The driver that went, and the device that it left, are not those of the call site. */
static bool takes_leak(const struct filter *f, const struct model *m, const struct leak *leak)
{
	struct mapping gone = leak->map;

	gone.dev = leak->dev;
	gone.driver = leak->name;
	return filter_takes_two(f, m, &leak->map.range, &leak->map, &gone);
}

/**
 * filter_leaks() - leave in the model the leaks that are asked for
 * @f: the filter
 * @m: the model, with leaks and the platform
 */
void filter_leaks(const struct filter *f, struct model *m)
{
	size_t n = 0, i;

	m->filtered = f->nr;
	if (!f->nr)
		return;
	m->history.leaks = 0;
	m->history.hidden_leaks = 0;
	for (i = 0; i < m->nr_leaks; i++) {
		const struct leak *leak = &m->leaks[i];

		if (!takes_leak(f, m, leak))
			continue;
		m->history.leaks += !leak->old;
		m->history.hidden_leaks += leak->old;
		m->leaks[n++] = *leak;
	}
	m->nr_leaks = n;
}

/* What /proc and sysfs show of a kind of mapping. */
static bool proc_sees(enum pfn_kind kind)
{
	return kind == PFN_KIND_IOREMAP || kind == PFN_KIND_REMAP_PFN ||
	       kind == PFN_KIND_RESERVATION;
}

static bool kind_seen(const struct model *m, const char *word, enum filter_of of)
{
	enum pfn_kind kind = 0;

	while (kind_names[kind] && strcmp(kind_names[kind], word))
		kind++;
	/* It has no records; where it is not compared, the aliases say so. */
	if (of == FILTER_ALIASES && kind == PFN_KIND_LINEAR)
		return true;
	if (m->view == VIEW_PROC)
		return proc_sees(kind);
	return of == FILTER_REPORTS ? kind_reported(m, word) : kind_recorded(m, word);
}

/* Is the attribute of one that meets the rest of the filter not known? */
static bool attr_unknown(const struct filter *rest, const struct model *m, enum filter_of of)
{
	size_t i;

	for (i = 0; of == FILTER_RECORDS && i < m->nr_records; i++)
		if (!m->records[i].got && filter_takes(rest, m, &m->records[i]))
			return true;
	for (i = 0; of == FILTER_ALIASES && i < m->nr_aliases; i++) {
		const struct alias *a = &m->aliases[i];

		if ((!a->a->got || !a->b->got) && filter_takes_two(rest, m, &a->range, a->a, a->b))
			return true;
	}
	return false;
}

/**
 * filter_unknown() - does the source not know what a filter asks for?
 * @f: the filter
 * @m: the model that the filter has not reduced, with coverage and sysfs
 * @of: what is filtered
 *
 * Return: why, or NULL if the answer is as good as the source is.
 */
const char *filter_unknown(const struct filter *f, const struct model *m, enum filter_of of)
{
	bool seen = true, recorded = true, asks = false;
	struct filter rest = { 0 };
	size_t kinds = 0, i;

	/* With several kinds, one that is not seen leaves the answer incomplete. */
	for (i = 0; i < f->nr; i++) {
		if (f->terms[i].key == FILTER_KIND) {
			seen &= kind_seen(m, f->terms[i].word, of);
			recorded &= kind_seen(m, f->terms[i].word, FILTER_RECORDS);
			kinds++;
		}
		if (f->terms[i].key != FILTER_ATTR)
			rest.terms[rest.nr++] = f->terms[i];
		else
			asks |= !strcmp(f->terms[i].word, attr_names[PFN_ATTR_UNKNOWN]);
	}
	if (!seen && recorded)
		return kinds > 1
			       ? "the policy of one of these kinds is off, so that nothing is reported of it"
			       : "the policy of this kind is off, so that nothing is reported of it";
	if (!seen)
		return kinds > 1 ? "this source does not see mappings of one of these kinds"
				 : "this source does not see mappings of this kind";
	if (rest.nr < f->nr && !asks && attr_unknown(&rest, m, of))
		return "this source does not know the attribute of some mappings";
	return NULL;
}
