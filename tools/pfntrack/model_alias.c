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

#include "model.h"
#include "util.h"

#define PAT_READER 1
#include "../../arch/generic/pat/pat.h"

#define NR_CLASSES (PFN_ATTR_COUNT * PFN_ATTR_COUNT)
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
	const struct pfn_attr_pair *rules[NR_CLASSES][NR_CLASSES];
};

static const struct pat_arch *find_arch(const char *name)
{
	static const struct pat_arch *const archs[] = PAT_ARCHS;
	size_t i;

	for (i = 0; name && i < ARRAY_SIZE(archs); i++)
		if (!strcmp(archs[i]->name, name))
			return archs[i];
	return NULL;
}

static enum pfn_attr attr_of(const char *word)
{
	enum pfn_attr attr = PFN_ATTR_COUNT;

	while (word && --attr > PFN_ATTR_UNKNOWN)
		if (!strcmp(attr_names[attr], word))
			return attr;
	return PFN_ATTR_UNKNOWN;
}

static unsigned int class_of(const struct mapping *map)
{
	return attr_of(map->want) * PFN_ATTR_COUNT + attr_of(map->got);
}

static bool attr_known(const struct mapping *map)
{
	return attr_of(map->got) > PFN_ATTR_NONE || attr_of(map->want) > PFN_ATTR_NONE;
}

static const struct pfn_attr_pair *worse(const struct pfn_attr_pair *a,
					 const struct pfn_attr_pair *b)
{
	return b->verdict > a->verdict ? b : a;
}

/*
 * As the kernel reports: by what the two have, or by what one asked for beside
 * what the other has, whichever is worse.  Where it is not known what one has,
 * what it asked for has to do.
 */
static const struct pfn_attr_pair *judge(const struct pat_arch *arch, unsigned int a,
					 unsigned int b)
{
	enum pfn_attr want_a = a / PFN_ATTR_COUNT, got_a = a % PFN_ATTR_COUNT;
	enum pfn_attr want_b = b / PFN_ATTR_COUNT, got_b = b % PFN_ATTR_COUNT;
	const struct pfn_attr_pair *rule;

	if (!arch)
		arch = &pat_generic;
	if (got_a <= PFN_ATTR_NONE)
		got_a = want_a;
	if (got_b <= PFN_ATTR_NONE)
		got_b = want_b;
	rule = pat_judge(arch, got_a, got_b);
	/* Both were given the same instead of the same: they agree. */
	if (a == b)
		return rule;
	if (want_a > PFN_ATTR_NONE)
		rule = worse(rule, pat_judge(arch, want_a, got_b));
	if (want_b > PFN_ATTR_NONE)
		rule = worse(rule, pat_judge(arch, got_a, want_b));
	return rule;
}

/* The newcomer first, if that is known; who did not get what he asked for is one. */
static void set_sides(struct alias *alias, const struct mapping *a, const struct mapping *b)
{
	bool swap = mapping_downgraded(b) && !mapping_downgraded(a);

	if (a->time && b->time)
		swap = strtod(b->time, NULL) > strtod(a->time, NULL);
	alias->a = swap ? b : a;
	alias->b = swap ? a : b;
}

static void set_rule(struct alias *alias, const struct pfn_attr_pair *rule)
{
	alias->verdict = rule->verdict;
	alias->why = rule->why;
	alias->source = strcmp(rule->source, "-") ? rule->source : NULL;
	if (rule->verdict == PFN_VERDICT_UNKNOWN && !(attr_known(alias->a) && attr_known(alias->b)))
		alias->why = "it is not known how both of them map it";
}

/**
 * alias_judge() - what it means that two mappings hold the same page frames
 * @arch: of the machine; one that is not known has the generic rules
 * @a: one mapping
 * @b: the other
 * @alias: gets sides, verdict, why and source
 */
void alias_judge(const char *arch, const struct mapping *a, const struct mapping *b,
		 struct alias *alias)
{
	set_sides(alias, a, b);
	set_rule(alias, judge(find_arch(arch), class_of(a), class_of(b)));
}

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

static const struct pfn_attr_pair *rule_of(struct sweep *s, unsigned int a, unsigned int b)
{
	if (!s->rules[a][b])
		s->rules[a][b] = judge(s->arch, a, b);
	return s->rules[a][b];
}

/* The worst of what is open: two of different classes, or of the same. */
static bool judge_open(struct sweep *s, struct alias *alias)
{
	const struct pfn_attr_pair *worst = NULL, *rule;
	size_t i, j, a = NOBODY, b = NOBODY;

	for (i = 0; i < s->nr_present; i++) {
		for (j = i; j < s->nr_present; j++) {
			const struct class *one = &s->classes[s->present[i]];
			const struct class *other = &s->classes[s->present[j]];

			if (i == j && one->count < 2)
				continue;
			rule = rule_of(s, s->present[i], s->present[j]);
			if (worst && rule->verdict <= worst->verdict)
				continue;
			worst = rule;
			a = one->head;
			b = i == j ? s->nodes[a].next : other->head;
		}
	}
	if (!worst)
		return false;
	set_sides(alias, s->nodes[a].map, s->nodes[b].map);
	set_rule(alias, worst);
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

static int by_verdict(const void *a, const void *b)
{
	const struct alias *x = a, *y = b;

	if (x->verdict != y->verdict)
		return x->verdict > y->verdict ? -1 : 1;
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
	s->arch = find_arch(m->arch);
	s->nodes = xcalloc(m->nr_records, sizeof(*s->nodes));
	for (i = 0; i < m->nr_records; i++) {
		if (!m->records[i].range.known)
			continue;
		s->nodes[s->nr].map = &m->records[i];
		s->nodes[s->nr++].class = class_of(&m->records[i]);
	}
	qsort(s->nodes, s->nr, sizeof(*s->nodes), by_start);
	for (i = 0; i < s->nr; i++)
		ends[i] = (struct end){ s->nodes[i].map->range.end, i };
	qsort(ends, s->nr, sizeof(*ends), by_end);
	sweep(s, ends);
	if (m->nr_aliases)
		qsort(m->aliases, m->nr_aliases, sizeof(*m->aliases), by_verdict);
	free(ends);
	free(s->nodes);
	free(s);
}

/**
 * count_aliases() - ranges that are mapped more than once
 * @m: the model, with aliases
 * @verdict: of the worst two mappings there
 */
size_t count_aliases(const struct model *m, enum pfn_verdict verdict)
{
	size_t n = 0, i;

	for (i = 0; i < m->nr_aliases; i++)
		n += m->aliases[i].verdict == verdict;
	return n;
}

/**
 * verdict_harms() - is a verdict one that somebody has to do something about?
 * @verdict: the verdict
 *
 * Nobody is accused by guess: an unknown one is not.
 */
bool verdict_harms(enum pfn_verdict verdict)
{
	return verdict >= PFN_VERDICT_MAINTENANCE;
}

/**
 * aliases_text() - how many ranges are mapped more than once
 * @m: the model, with aliases
 *
 * Return: a new string, as "3: ordering 1, same 2".
 */
char *aliases_text(const struct model *m)
{
	char *text = xasprintf("%zu", m->nr_aliases), *longer;
	const char *between = ": ";
	int verdict;

	for (verdict = PFN_VERDICT_COUNT - 1; verdict >= 0; verdict--) {
		size_t n = count_aliases(m, verdict);

		if (!n)
			continue;
		longer = xasprintf("%s%s%s %zu", text, between, verdict_names[verdict], n);
		free(text);
		text = longer;
		between = ", ";
	}
	return text;
}
