// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86: the Page Attribute Table.
 *
 * SDM is Intel's "64 and IA-32 Architectures Software Developer's Manual",
 * volume 3A; its chapter on memory cache control is 12 in current editions,
 * 11 or 10 in older ones, so sections are named and not only numbered.
 */
#include "pat.h"

#define SDM_PAT		"Intel SDM 3A 12.12.4, Programming the PAT"
#define SDM_TYPES	"Intel SDM 3A 12.3, Methods of Caching Available"
#define SDM_EFFECT	"Intel SDM 3A 12.5.2.2, Selecting Memory Types with the PAT"
#define KERNEL_ALLOWED	"arch/x86/include/asm/pgtable.h, is_new_memtype_allowed()"

#define WHY_WC_CACHED	"write-combining stores may not look into the caches, so a cached copy of the same line goes stale or overwrites them"
#define WHY_UC_CACHED	"a line cached, or fetched ahead, through the cacheable mapping hides what the uncached side and the device write"
#define WHY_WP_CACHED	"one side's writes bypass the cache in which the other side keeps the line"
#define WHY_WT_WB	"both are cached, but one side's stores reach memory at once and the other's only when the line is evicted"
#define WHY_WC_UC	"neither is cached, but write-combining stores may be merged and reordered where the uncached side expects program order"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, WC, INCOHERENT, WHY_WC_CACHED, SDM_PAT),
	PAT_PAIR(WT, WC, INCOHERENT, WHY_WC_CACHED, SDM_PAT),
	PAT_PAIR(WP, WC, INCOHERENT, WHY_WC_CACHED, SDM_PAT),

	PAT_PAIR(WB, UC_MINUS, INCOHERENT, WHY_UC_CACHED, SDM_PAT),
	PAT_PAIR(WT, UC_MINUS, INCOHERENT, WHY_UC_CACHED, SDM_PAT),
	PAT_PAIR(WP, UC_MINUS, INCOHERENT, WHY_UC_CACHED, SDM_PAT),
	PAT_PAIR(WB, UC, INCOHERENT, WHY_UC_CACHED, SDM_PAT),
	PAT_PAIR(WT, UC, INCOHERENT, WHY_UC_CACHED, SDM_PAT),
	PAT_PAIR(WP, UC, INCOHERENT, WHY_UC_CACHED, SDM_PAT),

	PAT_PAIR(WB, WP, INCOHERENT, WHY_WP_CACHED, SDM_TYPES),
	PAT_PAIR(WT, WP, INCOHERENT, WHY_WP_CACHED, SDM_TYPES),
	PAT_PAIR(WB, WT, ORDERING, WHY_WT_WB, KERNEL_ALLOWED),

	PAT_PAIR(WC, UC_MINUS, ORDERING, WHY_WC_UC, SDM_TYPES),
	PAT_PAIR(WC, UC, ORDERING, WHY_WC_UC, SDM_TYPES),
	PAT_PAIR(UC_MINUS, UC, LEGAL,
		 "they differ only where an MTRR says write-combining", SDM_EFFECT),
};

#ifdef CONFIG_X86
#include <linux/mm.h>
#include <asm/memtype.h>

/* Also right with PAT disabled: the tables behind it are then the two-bit ones. */
static enum pfn_attr x86_decode(pgprot_t prot)
{
	switch (pgprot2cachemode(prot)) {
	case _PAGE_CACHE_MODE_WB:
		return PFN_ATTR_WB;
	case _PAGE_CACHE_MODE_WC:
		return PFN_ATTR_WC;
	case _PAGE_CACHE_MODE_UC_MINUS:
		return PFN_ATTR_UC_MINUS;
	case _PAGE_CACHE_MODE_UC:
		return PFN_ATTR_UC;
	case _PAGE_CACHE_MODE_WT:
		return PFN_ATTR_WT;
	case _PAGE_CACHE_MODE_WP:
		return PFN_ATTR_WP;
	default:
		return PFN_ATTR_UNKNOWN;
	}
}

/* Where small entries have the PAT bit, huge ones have the bit that says so. */
static pgprot_t x86_from_large(pgprot_t prot)
{
	return pgprot_large_2_4k(prot);
}
#else
#define x86_decode	NULL
#define x86_from_large	NULL
#endif

const struct pat_arch pat_x86 = {
	.name = "x86",
	.pairs = pairs,
	.nr_pairs = ARRAY_SIZE(pairs),
	.decode = x86_decode,
	.from_large = x86_from_large,
};
