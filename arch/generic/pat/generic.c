// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cache attributes on any architecture.
 *
 * An architecture with a file here is decoded and judged by it.  On any other
 * one, page table bits are compared with what that architecture's own
 * pgprot_noncached() and friends make of PAGE_KERNEL, and the rules are those
 * on which the architectures agree.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/mm.h>
#include "pat.h"

#define ANY_ALIAS	"Documentation/core-api/cachetlb.rst"
#define ANY_DEVICE_IO	"Documentation/driver-api/device-io.rst"

#define WHY_CACHED	"a line cached through one mapping hides what the uncached mapping and the device write"
#define WHY_ORDER	"neither is cached, but one side's stores may be merged and reordered where the other expects program order"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, UC, INCOHERENT, WHY_CACHED, ANY_ALIAS),
	PAT_PAIR(WB, WC, INCOHERENT, WHY_CACHED, ANY_ALIAS),
	PAT_PAIR(WB, DEVICE, INCOHERENT, WHY_CACHED, ANY_ALIAS),
	PAT_PAIR(WC, UC, ORDERING, WHY_ORDER, ANY_DEVICE_IO),
	PAT_PAIR(WC, DEVICE, ORDERING, WHY_ORDER, ANY_DEVICE_IO),
	PAT_PAIR(UC, DEVICE, ORDERING, WHY_ORDER, ANY_DEVICE_IO),
};

/*
 * What the architecture's own helpers produce.  Earlier entries win: where
 * write-combining falls back to uncached, the bits are called uncached.
 */
static struct {
	enum pfn_attr attr;
	u64 bits;
} samples[] __ro_after_init = {
	{ PFN_ATTR_WB }, { PFN_ATTR_UC }, { PFN_ATTR_WC }, { PFN_ATTR_DEVICE },
};

/* The bits in which the samples differ: those that carry the attribute. */
static u64 sample_mask __ro_after_init;

static enum pfn_attr generic_decode(pgprot_t prot)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(samples); i++)
		if (!((pgprot_val(prot) ^ samples[i].bits) & sample_mask))
			return samples[i].attr;
	return PFN_ATTR_UNKNOWN;
}

const struct pat_arch pat_generic = {
	.name = "generic",
	.pairs = pairs,
	.nr_pairs = ARRAY_SIZE(pairs),
	.decode = generic_decode,
};

/**
 * pfn_attr_init - learn the architecture's page table bits
 *
 * Context: Boot, once the architecture has settled its page attributes and
 * before the first pfn_attr_from_pgprot().
 */
void __init pfn_attr_init(void)
{
	unsigned int i;

	samples[0].bits = pgprot_val(PAGE_KERNEL);
	samples[1].bits = pgprot_val(pgprot_noncached(PAGE_KERNEL));
	samples[2].bits = pgprot_val(pgprot_writecombine(PAGE_KERNEL));
	samples[3].bits = pgprot_val(pgprot_device(PAGE_KERNEL));

	for (i = 1; i < ARRAY_SIZE(samples); i++)
		sample_mask |= samples[i].bits ^ samples[0].bits;
}

/**
 * pfn_attr_from_pgprot - the attribute that page table bits ask for
 * @prot: protection of a page table entry of the smallest size
 *
 * Context: Any.  Pure; takes no lock.
 *
 * Return: the attribute, %PFN_ATTR_UNKNOWN if the bits make no sense here.
 */
enum pfn_attr pfn_attr_from_pgprot(pgprot_t prot)
{
	return PAT_NATIVE->decode(prot);
}
EXPORT_SYMBOL_GPL(pfn_attr_from_pgprot);

/**
 * pfn_attr_from_large - the attribute that a huge page table entry asks for
 * @prot: protection bits as they are in the entry
 *
 * Context: Any.  Pure; takes no lock.
 *
 * Return: as pfn_attr_from_pgprot().
 */
enum pfn_attr pfn_attr_from_large(pgprot_t prot)
{
	const struct pat_arch *arch = PAT_NATIVE;

	return arch->decode(arch->from_large ? arch->from_large(prot) : prot);
}

/**
 * pfn_attr_arch - name of the architecture whose rules are in force
 *
 * Return: a constant string, "generic" where no file of its own exists.
 */
const char *pfn_attr_arch(void)
{
	return PAT_NATIVE->name;
}

static const struct pfn_attr_pair same_pair = {
	.verdict = PFN_VERDICT_SAME,
	.why = "both sides agree",
	.source = "-",
};

static const struct pfn_attr_pair unknown_pair = {
	.verdict = PFN_VERDICT_UNKNOWN,
	.why = "nothing is known of this pair on this architecture",
	.source = "-",
};

/**
 * pfn_attr_judge - what it means to map a page with both attributes
 * @a: one attribute
 * @b: the other; the order does not matter
 *
 * Context: Any.  Pure; takes no lock.
 *
 * Return: the rule, never NULL.  A pair without a rule, and one of which a
 * side is %PFN_ATTR_UNKNOWN or %PFN_ATTR_NONE, is %PFN_VERDICT_UNKNOWN: nobody
 * is accused by guess.
 */
const struct pfn_attr_pair *pfn_attr_judge(enum pfn_attr a, enum pfn_attr b)
{
	const struct pat_arch *arch = PAT_NATIVE;
	unsigned int i;

	if (a <= PFN_ATTR_NONE || b <= PFN_ATTR_NONE)
		return &unknown_pair;
	if (a == b)
		return &same_pair;

	for (i = 0; i < arch->nr_pairs; i++) {
		const struct pfn_attr_pair *pair = &arch->pairs[i];

		if ((pair->a == a && pair->b == b) ||
		    (pair->a == b && pair->b == a))
			return pair;
	}
	return &unknown_pair;
}
EXPORT_SYMBOL_GPL(pfn_attr_judge);
