// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: what a conflict means, and what to do about it. */

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
	if (conflict_refused(c))
		return "Nothing was mapped.";
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

static const char *const advice_text[] = { PFN_ADVICE_TEXT };

/**
 * advice() - what to do about a conflict
 * @c: the conflict
 *
 * The kernel log says the same: it comes from the kernel.
 */
const char *advice(const struct conflict *c)
{
	return c->advice ? c->advice : advice_text[PFN_ADVICE_UNKNOWN];
}

/**
 * alias_advice() - what to do about two mappings of the same page frames
 * @alias: the range
 *
 * In the words of the kernel, which gives advice on conflicts.
 */
const char *alias_advice(const struct alias *alias)
{
	if (alias->downgrade)
		return advice_text[PFN_ADVICE_RELEASE];
	if (alias->linear && alias->verdict == PFN_VERDICT_UNKNOWN)
		return "see in the driver that it calls set_memory_wc() or set_memory_uc(), or cleans the caches";
	if (alias->verdict == PFN_VERDICT_UNKNOWN)
		return advice_text[PFN_ADVICE_UNKNOWN];
	if (alias->linear && alias_harms(alias))
		return advice_text[PFN_ADVICE_LINEAR];
	if (alias->verdict <= PFN_VERDICT_LEGAL)
		return advice_text[PFN_ADVICE_NONE];
	if (alias->verdict == PFN_VERDICT_MAINTENANCE)
		return advice_text[PFN_ADVICE_CLEAN];
	return advice_text[PFN_ADVICE_AGREE];
}
