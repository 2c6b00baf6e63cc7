// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: page frames that are mapped more than once, in one sweep over all
 * mappings.
 *
 * Mappings that ask for the same and got the same form a class; there are few
 * classes and many mappings.  The sweep counts the mappings of each class that
 * are open, and judges classes, never pairs of mappings: as fast with a
 * thousand holders of a range as with two.  How the linear map is compared, and
 * whether it is a claim, are parts of the class, too.
 */

#include <stdlib.h>
#include <string.h>

#include "alias.h"
#include "model.h"
#include "util.h"

/* Behind the classes of mappings those of claims, which map nothing. */
#define FIRST_CLAIM  (LINEAR_COUNT * NR_ATTR_CLASSES)
#define NR_CLASSES   (FIRST_CLAIM + NR_ATTR_CLASSES)
#define CLASS_LINEAR NR_CLASSES
#define NOBODY       SIZE_MAX

/* Mappings that are looked at to find one that is not by the driver of a claim. */
#define MAX_OWN      1000

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
	struct judgement judgements[NR_ATTR_CLASSES][NR_ATTR_CLASSES];
	struct judgement linear[LINEAR_COUNT][NR_ATTR_CLASSES];
	const struct mapping *ram; /* that is open, of the linear map */
	size_t changed;            /* open records that say that the linear map was changed */
};

static void open_mapping(struct sweep *s, size_t n)
{
	struct node *node = &s->nodes[n];
	struct class *class = &s->classes[node->class];

	if (node->class == CLASS_LINEAR) {
		s->ram = node->map;
		return;
	}
	s->changed += linear_changed(node->map);
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

	if (node->class == CLASS_LINEAR) {
		s->ram = NULL;
		return;
	}
	s->changed -= linear_changed(node->map);
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
	struct judgement *j = &s->judgements[a % NR_ATTR_CLASSES][b % NR_ATTR_CLASSES];

	if (!j->rule)
		judge_classes(s->arch, a % NR_ATTR_CLASSES, b % NR_ATTR_CLASSES, j);
	return j;
}

/* As the kernel has it: one is a claim, the other is by the same driver. */
static bool is_own(const struct mapping *a, const struct mapping *b)
{
	if (!a->module || !b->module || strcmp(a->module, b->module))
		return false;
	return !a->dev || !b->dev || !strcmp(a->dev, b->dev);
}

/* Two mappings of two classes, or of one; false if they are one driver's claim and mapping. */
static bool find_pair(const struct sweep *s, unsigned int one, unsigned int other, size_t *a,
		      size_t *b)
{
	size_t budget = MAX_OWN;

	*a = s->classes[one].head;
	*b = one == other ? s->nodes[*a].next : s->classes[other].head;
	if ((one >= FIRST_CLAIM) == (other >= FIRST_CLAIM))
		return true;
	for (; *a != NOBODY; *a = s->nodes[*a].next)
		for (*b = s->classes[other].head; *b != NOBODY; *b = s->nodes[*b].next)
			if (!budget-- || !is_own(s->nodes[*a].map, s->nodes[*b].map))
				return true;
	return false;
}

/* The worst of what is open: two of different classes, or of the same. */
static const struct judgement *judge_pairs(struct sweep *s, size_t *a, size_t *b)
{
	const struct judgement *worst = NULL, *j;
	size_t i, k, x, y;

	for (i = 0; i < s->nr_present; i++) {
		for (k = i; k < s->nr_present; k++) {
			unsigned int one = s->present[i], other = s->present[k];

			if (i == k && s->classes[one].count < 2)
				continue;
			j = judgement_of(s, one, other);
			if ((worst && judgement_rank(j) <= judgement_rank(worst)) ||
			    !find_pair(s, one, other, &x, &y))
				continue;
			worst = j;
			*a = x;
			*b = y;
		}
	}
	return worst;
}

/* The worst of what is open beside the linear map of the same RAM. */
static const struct judgement *judge_ram(struct sweep *s, size_t *a)
{
	const struct judgement *worst = NULL;
	size_t i;

	for (i = 0; s->ram && !s->changed && i < s->nr_present; i++) {
		unsigned int class = s->present[i], attr = class % NR_ATTR_CLASSES;
		unsigned int mode = class / NR_ATTR_CLASSES;
		struct judgement *j;

		if (mode == LINEAR_NONE || class >= FIRST_CLAIM)
			continue;
		j = &s->linear[mode][attr];
		if (!j->rule)
			judge_linear(s->arch, mode, attr, j);
		if (worst && judgement_rank(j) <= judgement_rank(worst))
			continue;
		worst = j;
		*a = s->classes[class].head;
	}
	return worst;
}

/* Of a mapping and of the linear map that are as bad, the mapping says more. */
static bool judge_open(struct sweep *s, struct alias *alias)
{
	size_t a = NOBODY, b = NOBODY, c = NOBODY;
	const struct judgement *pair = judge_pairs(s, &a, &b), *ram = judge_ram(s, &c);

	alias->holders = s->open + !!ram;
	alias->linear = ram && (!pair || judgement_rank(ram) > judgement_rank(pair));
	if (alias->linear)
		alias_set(alias, ram, s->nodes[c].map, s->ram);
	else if (pair)
		alias_set(alias, pair, s->nodes[a].map, s->nodes[b].map);
	return pair || ram;
}

/* From @start to @end all that is open holds each page frame. */
static void emit(struct sweep *s, uint64_t start, uint64_t end)
{
	struct model *m = s->m;
	struct alias alias = { .range = { true, start, end } }, *last;

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

			if (s->open && start > from)
				emit(s, from, start - 1);
			open_mapping(s, i++);
			from = start;
			continue;
		}
		if (s->open && from <= ends[j].end)
			emit(s, from, ends[j].end);
		/* Nothing begins behind the last address, and all that is open ends at it. */
		if (ends[j].end == UINT64_MAX)
			break;
		from = ends[j].end + 1;
		close_mapping(s, ends[j++].node);
	}
}

static void add_node(struct sweep *s, const struct mapping *map, unsigned int class)
{
	s->nodes[s->nr].map = map;
	s->nodes[s->nr++].class = class;
}

static unsigned int class_of(const struct sweep *s, const struct mapping *map)
{
	unsigned int attrs = attr_class_of(s->arch, map);

	if (map->kind && !strcmp(map->kind, kind_names[PFN_KIND_CLAIM]))
		return FIRST_CLAIM + attrs;
	return linear_mode_of(s->m, s->arch, map) * NR_ATTR_CLASSES + attrs;
}

/**
 * aliases_find() - find what is mapped more than once
 * @m: the model, with records, the architecture, the platform, and conflicts if
 *	the kernel lists them
 */
void aliases_find(struct model *m)
{
	struct sweep *s = xcalloc(1, sizeof(*s));
	struct end *ends;
	size_t i;

	linear_load(m);
	ends = xcalloc(m->nr_records + m->nr_linear, sizeof(*ends));
	s->m = m;
	s->arch = arch_of(m->arch);
	s->nodes = xcalloc(m->nr_records + m->nr_linear, sizeof(*s->nodes));
	for (i = 0; i < m->nr_records; i++) {
		if (m->records[i].range.known)
			add_node(s, &m->records[i], class_of(s, &m->records[i]));
		m->missed += linear_missed(m, &m->records[i]);
	}
	for (i = 0; i < m->nr_linear; i++)
		add_node(s, &m->linear[i], CLASS_LINEAR);
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
