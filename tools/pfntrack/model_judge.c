// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: what it means that two mappings have the same page frames.
 *
 * The attributes that the page tables hold decide.  What a mapping asked for and
 * did not get is a downgrade: slower or weaker for that mapping, without harm to
 * the other one.
 */

#include <stdlib.h>
#include <string.h>

#include "alias.h"
#include "model.h"
#include "util.h"

#define PAT_READER 1
#include "../../arch/generic/pat/pat.h"

/* x86's PAT does not track this range: page tables hold write-back, MTRRs decide. */
#define ISA_START   0xa0000
#define ISA_LAST    0xfffff

#define WHY_UNKNOWN "it is not known how both of them map it"

/**
 * arch_of() - the rules of an architecture
 * @name: its name, or NULL
 *
 * Return: the rules; the generic ones for a name that is not known.
 */
const struct pat_arch *arch_of(const char *name)
{
	static const struct pat_arch *const archs[] = PAT_ARCHS;
	size_t i;

	for (i = 0; name && i < ARRAY_SIZE(archs); i++)
		if (!strcmp(archs[i]->name, name))
			return archs[i];
	return &pat_generic;
}

static enum pfn_attr attr_of(const char *word)
{
	enum pfn_attr attr = PFN_ATTR_COUNT;

	/* Mostly it is the very string. */
	while (word && --attr > PFN_ATTR_UNKNOWN)
		if (attr_names[attr] == word)
			return attr;
	attr = PFN_ATTR_COUNT;
	while (word && --attr > PFN_ATTR_UNKNOWN)
		if (!strcmp(attr_names[attr], word))
			return attr;
	return PFN_ATTR_UNKNOWN;
}

/**
 * attr_class_of() - the class that a mapping belongs to, by its attributes
 * @arch: the rules
 * @map: the mapping
 *
 * Return: a number below NR_ATTR_CLASSES.
 */
unsigned int attr_class_of(const struct pat_arch *arch, const struct mapping *map)
{
	enum pfn_attr want = attr_of(map->want), got = attr_of(map->got);

	/* There, nothing else than write-back can be had, and nothing is lost. */
	if (arch == &pat_x86 && map->range.known && map->range.start >= ISA_START &&
	    map->range.end <= ISA_LAST)
		want = got;
	/* PAT may change what was asked for, elsewhere the page tables hold it. */
	if (got == PFN_ATTR_UNKNOWN && arch != &pat_x86)
		got = want;
	return want * PFN_ATTR_COUNT + got;
}

/**
 * attr_class_got() - the attribute that the page tables hold
 * @class: of the mapping
 */
enum pfn_attr attr_class_got(unsigned int class)
{
	return class % PFN_ATTR_COUNT;
}

/* As the kernel decides: another attribute that is no worse is no loss. */
static bool is_loss(const struct pat_arch *arch, unsigned int class)
{
	enum pfn_attr want = class / PFN_ATTR_COUNT, got = attr_class_got(class);

	return want != got && pat_judge(arch, want, got)->verdict > PFN_VERDICT_UNKNOWN;
}

static bool cached(enum pfn_attr attr)
{
	return attr == PFN_ATTR_WB || attr == PFN_ATTR_WT || attr == PFN_ATTR_WP;
}

/* In the words of the kernel's conflicts. */
static const char *why_downgrade(enum pfn_attr want, enum pfn_attr got)
{
	if (cached(want) && !cached(got))
		return "uncached accesses are slower than the cached ones that were asked for";
	if (!cached(want) && cached(got))
		return "accesses are cached although uncached ones were asked for";
	if (want == PFN_ATTR_WC)
		return "uncached stores are slower than the write-combining ones that were asked for";
	if (got == PFN_ATTR_WC)
		return "write-combining stores may be merged and reordered, which was not asked for";
	return "another attribute than asked for is slower or more weakly ordered";
}

/**
 * judge_classes() - what it means that two classes have the same page frames
 * @arch: the rules
 * @a: class of one mapping
 * @b: class of the other
 * @j: gets the judgement
 */
void judge_classes(const struct pat_arch *arch, unsigned int a, unsigned int b, struct judgement *j)
{
	unsigned int lost = is_loss(arch, a) ? a : b;

	j->rule = pat_judge(arch, attr_class_got(a), attr_class_got(b));
	j->why = j->rule->why;
	/* Both were given the same instead of the same: they agree. */
	j->downgrade = a != b && is_loss(arch, lost) && j->rule->verdict < PFN_VERDICT_ORDERING;
	if (j->downgrade)
		j->why = why_downgrade(lost / PFN_ATTR_COUNT, attr_class_got(lost));
	else if (attr_class_got(a) <= PFN_ATTR_NONE || attr_class_got(b) <= PFN_ATTR_NONE)
		j->why = WHY_UNKNOWN;
}

/*
 * A downgrade is worse than everything that the kernel does not report.  Unknown comes
 * next: it may be harmful, so that a pair which is known to be harmless, as one that
 * needs maintenance, does not hide it.
 */
static unsigned int rank(enum pfn_verdict verdict, bool downgrade)
{
	if (verdict < PFN_VERDICT_ORDERING && downgrade)
		return 3 * PFN_VERDICT_ORDERING - 1;
	return verdict == PFN_VERDICT_UNKNOWN ? 3 * PFN_VERDICT_ORDERING - 2 : 3 * verdict;
}

/**
 * judgement_rank() - a number by which judgements are compared
 * @j: the judgement
 *
 * Return: the larger, the worse.
 */
unsigned int judgement_rank(const struct judgement *j)
{
	return rank(j->rule->verdict, j->downgrade);
}

/**
 * alias_rank() - a number by which aliases are sorted
 * @alias: the alias
 *
 * Return: the larger, the worse.
 */
unsigned int alias_rank(const struct alias *alias)
{
	return rank(alias->verdict, alias->downgrade);
}

/**
 * alias_set() - set both sides and the judgement of an alias
 * @alias: the alias
 * @j: the judgement
 * @a: one mapping
 * @b: the other
 *
 * The newcomer comes first, if it is known; else the one that was downgraded.
 */
void alias_set(struct alias *alias, const struct judgement *j, const struct mapping *a,
	       const struct mapping *b)
{
	bool swap = mapping_downgraded(b) && !mapping_downgraded(a);

	if (alias->linear)
		swap = false;
	else if (a->time && b->time)
		swap = strtod(b->time, NULL) > strtod(a->time, NULL);
	alias->a = swap ? b : a;
	alias->b = swap ? a : b;
	alias->verdict = j->rule->verdict;
	alias->downgrade = j->downgrade;
	alias->why = j->why;
	alias->source = j->downgrade || !strcmp(j->rule->source, "-") ? NULL : j->rule->source;
}

/**
 * alias_harms() - does an alias need to be mended?
 * @alias: the alias
 *
 * From the verdict on from which the kernel reports conflicts.  An unknown verdict
 * is below it.
 */
bool alias_harms(const struct alias *alias)
{
	return alias->downgrade || alias->verdict >= PFN_VERDICT_ORDERING;
}

/**
 * alias_verdict_text() - the verdict, as people read it
 * @alias: the alias
 *
 * Return: a new string, as "same (downgrade)".
 */
char *alias_verdict_text(const struct alias *alias)
{
	return xasprintf("%s%s", verdict_names[alias->verdict],
			 alias->downgrade ? " (downgrade)" : "");
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
 * count_downgraded() - ranges where a mapping got less because of another one
 * @m: the model, with aliases
 */
size_t count_downgraded(const struct model *m)
{
	size_t n = 0, i;

	for (i = 0; i < m->nr_aliases; i++)
		n += m->aliases[i].downgrade;
	return n;
}

/**
 * count_harmful() - ranges whose mappings disagree now
 * @m: the model, with aliases
 */
size_t count_harmful(const struct model *m)
{
	size_t n = 0, i;

	for (i = 0; i < m->nr_aliases; i++)
		n += alias_harms(&m->aliases[i]);
	return n;
}

/**
 * aliases_text() - how many ranges are mapped more than once
 * @m: the model, with aliases
 *
 * Return: a new string, as "3: ordering 1, same 2 (downgraded 1)".
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
	if (count_downgraded(m)) {
		longer = xasprintf("%s (downgraded %zu)", text, count_downgraded(m));
		free(text);
		text = longer;
	}
	return text;
}
