// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: page frames that are mapped more than once, in one sweep over all
 * mappings.
 *
 * Mappings that ask for the same and got the same form a class; there are few
 * classes and many mappings.  The sweep counts the mappings of each class that
 * are open, and judges classes, never pairs of mappings: as fast with a
 * thousand holders of a range as with two.
 */

#include <stdlib.h>
#include <string.h>

#include "alias.h"
#include "model.h"
#include "util.h"

#define NR_CLASSES NR_ATTR_CLASSES
#define NOBODY     SIZE_MAX

/* A mapping in the sweep: those of a class that are open form a list. */
struct node {
	const struct mapping *map;
	unsigned int class;
	size_t next, prev;
};

struct class
{
	size_t head, tail, count;
};

struct sweep {
	struct model *m;
	const struct pat_arch *arch;
	struct node *nodes;
	size_t nr, open;
	struct class classes[NR_CLASSES];
	unsigned int present[NR_CLASSES];
	size_t nr_present;
	struct judgement judgements[NR_CLASSES][NR_CLASSES];
};

static void open_mapping(struct sweep *s, size_t n)
{
	struct node *node = &s->nodes[n];
	struct class *class = &s->classes[node->class];

	node->next = NOBODY;
	node->prev = class->count ? class->tail : NOBODY;
	if (class->count)
		s->nodes[class->tail].next = n;
	else
		class->head = n;
	class->tail = n;
	if (!class->count++)
		s->present[s->nr_present++] = node->class;
	s->open++;
}

static void close_mapping(struct sweep *s, size_t n)
{
	struct node *node = &s->nodes[n];
	struct class *class = &s->classes[node->class];
	size_t i;

	if (node->prev == NOBODY)
		class->head = node->next;
	else
		s->nodes[node->prev].next = node->next;
	if (node->next == NOBODY)
		class->tail = node->prev;
	else
		s->nodes[node->next].prev = node->prev;
	s->open--;
	if (--class->count)
		return;
	for (i = 0; s->present[i] != node->class; i++)
		;
	s->present[i] = s->present[--s->nr_present];
}

static const struct judgement *judgement_of(struct sweep *s, unsigned int a, unsigned int b)
{
	struct judgement *j = &s->judgements[a][b];

	if (!j->rule)
		judge_classes(s->arch, a, b, j);
	return j;
}

/* The worst of what is open: two of different classes, or of the same. */
static bool judge_open(struct sweep *s, struct alias *alias)
{
	const struct judgement *worst = NULL, *j;
	size_t i, k, a = NOBODY, b = NOBODY;

	for (i = 0; i < s->nr_present; i++) {
		for (k = i; k < s->nr_present; k++) {
			const struct class *one = &s->classes[s->present[i]];
			const struct class *other = &s->classes[s->present[k]];

			if (i == k && one->count < 2)
				continue;
			j = judgement_of(s, s->present[i], s->present[k]);
			if (worst && judgement_rank(j) <= judgement_rank(worst))
				continue;
			worst = j;
			a = one->head;
			b = i == k ? s->nodes[a].next : other->head;
		}
	}
	if (!worst)
		return false;
	alias_set(alias, worst, s->nodes[a].map, s->nodes[b].map);
	return true;
}

/* From @start to @end all that is open holds each page frame. */
static void emit(struct sweep *s, uint64_t start, uint64_t end)
{
	struct model *m = s->m;
	struct alias alias = { .range = { true, start, end }, .holders = s->open }, *last;

	if (!judge_open(s, &alias))
		return;
	last = m->nr_aliases ? &m->aliases[m->nr_aliases - 1] : NULL;
	if (last && last->range.end + 1 == start && last->a == alias.a && last->b == alias.b &&
	    last->holders == alias.holders) {
		last->range.end = end;
		return;
	}
	last = xappend(&m->aliases, &m->nr_aliases, sizeof(*last));
	*last = alias;
}

/* By address, then in the order of the records. */
static int by_start(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	if (x->map->range.start != y->map->range.start)
		return x->map->range.start < y->map->range.start ? -1 : 1;
	return x->map < y->map ? -1 : x->map > y->map;
}

struct end {
	uint64_t end;
	size_t node;
};

static int by_end(const void *a, const void *b)
{
	const struct end *x = a, *y = b;

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static int by_rank(const void *a, const void *b)
{
	const struct alias *x = a, *y = b;

	if (alias_rank(x) != alias_rank(y))
		return alias_rank(x) > alias_rank(y) ? -1 : 1;
	return x->range.start < y->range.start ? -1 : x->range.start > y->range.start;
}

static void sweep(struct sweep *s, const struct end *ends)
{
	size_t i = 0, j = 0;
	uint64_t from = 0;

	while (j < s->nr) {
		if (i < s->nr && s->nodes[i].map->range.start <= ends[j].end) {
			uint64_t start = s->nodes[i].map->range.start;

			if (s->open > 1 && start > from)
				emit(s, from, start - 1);
			open_mapping(s, i++);
			from = start;
			continue;
		}
		if (s->open > 1 && from <= ends[j].end)
			emit(s, from, ends[j].end);
		/* Nothing begins behind the last address, and all that is open ends at it. */
		if (ends[j].end == UINT64_MAX)
			break;
		from = ends[j].end + 1;
		close_mapping(s, ends[j++].node);
	}
}

/**
 * aliases_find() - find what is mapped more than once
 * @m: the model, with records and the architecture
 */
void aliases_find(struct model *m)
{
	struct sweep *s = xcalloc(1, sizeof(*s));
	struct end *ends = xcalloc(m->nr_records, sizeof(*ends));
	size_t i;

	s->m = m;
	s->arch = arch_of(m->arch);
	s->nodes = xcalloc(m->nr_records, sizeof(*s->nodes));
	for (i = 0; i < m->nr_records; i++) {
		if (!m->records[i].range.known)
			continue;
		s->nodes[s->nr].map = &m->records[i];
		s->nodes[s->nr++].class = attr_class_of(s->arch, &m->records[i]);
	}
	qsort(s->nodes, s->nr, sizeof(*s->nodes), by_start);
	for (i = 0; i < s->nr; i++)
		ends[i] = (struct end){ s->nodes[i].map->range.end, i };
	qsort(ends, s->nr, sizeof(*ends), by_end);
	sweep(s, ends);
	if (m->nr_aliases)
		qsort(m->aliases, m->nr_aliases, sizeof(*m->aliases), by_rank);
	free(ends);
	free(s->nodes);
	free(s);
}
