// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: what a conflict means, and what to do about it. */

#include <string.h>

#include "model.h"
#include "util.h"

/**
 * consequence() - what a conflict means on this machine, in one sentence
 * @c: the conflict
 *
 * The kernel knows it best, from its architecture's matrix; what stands here
 * serves where it said nothing.
 */
const char *consequence(const struct conflict *c)
{
	if (c->why)
		return c->why;
	switch (verdict_of(c->verdict)) {
	case PFN_VERDICT_SAME:
	case PFN_VERDICT_LEGAL:
		return mapping_downgraded(&c->new)
			       ? "The newcomer did not get the attribute it asked for."
			       : "The architecture allows this.";
	case PFN_VERDICT_MAINTENANCE:
		return "Legal only if the caches are cleaned by hand between the accesses.";
	case PFN_VERDICT_ORDERING:
		return "Accesses may be weaker ordered or slower than one side asked for.";
	case PFN_VERDICT_INCOHERENT:
		return "Data can be lost.";
	case PFN_VERDICT_FATAL:
		return "The machine can stop.";
	}
	return "What this does is not known.";
}

/* By cause; NULL where the other side is what something can be done about. */
static const char *const cause_advice[] = {
	[PFN_CAUSE_NO_RESERVATION] =
		"Reserve first with arch_io_reserve_memtype_wc() or ioremap_wc(), or map the area in one call.",
	[PFN_CAUSE_MTRR] =
		"Ask for uncached or write-combining; no cached mapping of this range is possible.",
	[PFN_CAUSE_PAGE_TYPE] =
		"Change the RAM with set_memory_wc() or set_memory_uc() before it is mapped.",
	[PFN_CAUSE_MIXED_TYPES] = "Map each part by itself, or reserve the whole range first.",
	[PFN_CAUSE_NOT_PLAIN] = "Call set_memory_wb() before the memory type is set again.",
	[PFN_CAUSE_UNRECORDED] =
		"Boot with pfn_track=report to see who reserves the range; pat_memtype_list in debugfs shows its type.",
	[PFN_CAUSE_IMPOSSIBLE] = "Ask for the attribute that the machine maps instead.",
	[PFN_CAUSE_NOT_RESERVED] =
		"Free exactly what was reserved, and once; unmap an area as a whole.",
	[PFN_CAUSE_PLATFORM] = "Ask for the attribute that is mapped.",
};

static const char *advice_by_cause(const struct conflict *c)
{
	static const char *const names[] = { PFN_CAUSE_TEXT };
	size_t i;

	for (i = 0; c->cause && i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], c->cause))
			return cause_advice[i];
	return NULL;
}

/**
 * advice() - what to do about a conflict
 * @c: the conflict
 *
 * Return: a new string.
 */
char *advice(const struct conflict *c)
{
	const char *held = c->has_held ? c->held.got : NULL;
	const char *by_cause = advice_by_cause(c);

	if (by_cause)
		return xstrdup(by_cause);
	if (conflict_refused(c) && !held)
		return xstrdup("Nothing was mapped: the platform wants another attribute here.");
	if (conflict_refused(c))
		return xasprintf("Nothing was mapped: ask for %s, or let the holder go first.",
				 held);
	if (mapping_downgraded(&c->new))
		return xasprintf(
			"Ask for %s, or map before the holder; policy strict refuses this.",
			c->new.got);
	switch (verdict_of(c->verdict)) {
	case PFN_VERDICT_SAME:
	case PFN_VERDICT_LEGAL:
		return xstrdup("Nothing needs to be done.");
	case PFN_VERDICT_MAINTENANCE:
		return xstrdup("Clean the caches between accesses, or make both ask for the same.");
	case PFN_VERDICT_ORDERING:
		return xstrdup("Make both ask for the same attribute; policy strict refuses this.");
	case PFN_VERDICT_INCOHERENT:
	case PFN_VERDICT_FATAL:
		return xstrdup(
			"Stop one and make both ask for the same; policy enforce refuses this.");
	}
	return xstrdup("Find out which attributes the two really have before using either.");
}

/**
 * alias_advice() - what to do about two mappings of the same page frames
 * @alias: the range
 *
 * Return: a new string.
 */
char *alias_advice(const struct alias *alias)
{
	const struct mapping *a = alias->a;

	if (alias->verdict == PFN_VERDICT_UNKNOWN)
		return xstrdup(
			"Look at it on a kernel with pfn_track, which knows both attributes.");
	if (alias->verdict <= PFN_VERDICT_LEGAL)
		return xstrdup("Nothing needs to be done.");
	if (mapping_downgraded(a) && alias->b->got)
		return xasprintf("Ask for %s, or map before the holder.", alias->b->got);
	if (alias->verdict == PFN_VERDICT_MAINTENANCE)
		return xstrdup("Clean the caches between accesses, or make both ask for the same.");
	if (alias->verdict == PFN_VERDICT_ORDERING)
		return xstrdup("Make both ask for the same attribute.");
	return xstrdup("Stop one and make both ask for the same.");
}
