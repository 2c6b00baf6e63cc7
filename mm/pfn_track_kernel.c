// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track hooks for kernel mappings: what ioremap(), vmap() and their kin map
 * and unmap.
 */
#include "pfn_track_internal.h"

int __pfn_track_ioremap(const void *va, unsigned long size, phys_addr_t phys,
			pgprot_t want, pgprot_t got, const void *caller)
{
	struct pft_record new = {
		.va = (unsigned long)va,
		.writable = cpu_dcache_is_aliasing(),
		.kind = PFN_KIND_IOREMAP,
		.space = PFN_SPACE_KERNEL,
	};
	const struct pft_who who = {
		.space = new.space,
		.caller = caller,
		.gfp = PFT_GFP_KERNEL,
	};

	pft_decode(&new, want, got);
	/* Callers that pass nonsense are ioremap_page_range()'s to refuse. */
	if (!pft_pfns(&new, phys, size))
		return 0;
	return pft_map(&new, &who, 0);
}

void __pfn_track_iounmap(const void *va, unsigned long size)
{
	const struct pft_range range = pft_range(PFN_SPACE_KERNEL, NULL,
						 (unsigned long)va, size);

	/* It may be older than the registry and not be on record. */
	if (size)
		pft_unmap(&range, true);
}

/* How many of the page frames from @i on are neighbours. */
static unsigned int pft_vmap_run(struct page *const *pages,
				 const unsigned long *pfns, unsigned int i,
				 unsigned int count, unsigned long *pfn)
{
	unsigned int nr = 1;

	*pfn = pages ? page_to_pfn(pages[i]) : pfns[i];
	while (i + nr < count &&
	       (pages ? page_to_pfn(pages[i + nr]) : pfns[i + nr]) == *pfn + nr)
		nr++;
	return nr;
}

/* Whether somebody has it other than write-back, the linear map for one. */
static bool pft_is_mixed(unsigned long pfn, unsigned long last)
{
	return pft_segment_held(pfn, last) & ~BIT(PFN_ATTR_WB);
}

int __pfn_track_vmap(struct vm_struct *area, struct page *const *pages,
		     const unsigned long *pfns, unsigned int count,
		     pgprot_t prot, bool cleaned)
{
	enum pfn_attr attr = pfn_attr_from_pgprot(prot);
	unsigned long va = (unsigned long)area->addr, pfn;
	const struct pft_who who = {
		.space = PFN_SPACE_KERNEL,
		.caller = area->caller,
		.gfp = PFT_GFP_KERNEL,
	};
	unsigned int i, nr, how;
	int ret;

	if (attr == PFN_ATTR_WB && !READ_ONCE(pfn_track_mixed))
		return 0;
	/* A page that is missing is vmap()'s to refuse; it has no page frame. */
	for (i = 0; pages && i < count; i++)
		if (!pages[i])
			return 0;
	/* The DMA API cleans the caches once: its memory must not be cached later. */
	how = cleaned ? PFT_CLEANED | PFT_FLUSHED :
	      area->flags & VM_DMA_COHERENT ? PFT_CLEANED : 0;
	for (i = 0; i < count; i += nr) {
		struct pft_record new = {
			.va = va + ((unsigned long)i << PAGE_SHIFT),
			.want = attr,
			.got = attr,
			.writable = cpu_dcache_is_aliasing() &&
				    pte_write(pfn_pte(0, prot)),
			.kind = PFN_KIND_VMAP,
			.space = PFN_SPACE_KERNEL,
		};

		nr = pft_vmap_run(pages, pfns, i, count, &pfn);
		if (attr == PFN_ATTR_WB && !pft_is_mixed(pfn, pfn + nr - 1))
			continue;
		new.pfn = pfn;
		new.last = pfn + nr - 1;
		ret = pft_map(&new, &who, how);
		if (ret) {
			__pfn_track_iounmap(area->addr, (unsigned long)i <<
							PAGE_SHIFT);
			return ret;
		}
	}
	return 0;
}

/* === Pages for a moment ================================================= */

/* Call sites that were told of, by hash; the later of two takes the place. */
#define PFT_TOLD_BITS		6
static unsigned long pft_told[BIT(PFT_TOLD_BITS)];

/**
 * pft_page_forget - report the call sites of pages anew
 *
 * A module goes, and another may be loaded at the same addresses.
 *
 * Context: Any.
 */
void pft_page_forget(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pft_told); i++)
		WRITE_ONCE(pft_told[i], 0);
}

/*
 * The mapping is not recorded because it is gone in a moment, and it cannot be
 * refused.  The report takes pft_lock, which interrupts do not take: where they
 * are off, or the caller may hold a lock that an interrupt takes, the conflict is
 * left for the next time that this call site maps.  Tested first, because judging
 * takes resource_lock on x86, which an interrupt may have found held for writing.
 */
static noinline void pft_page_differs(unsigned long pfn, enum pfn_attr attr,
				      unsigned int held, const void *caller)
{
	unsigned long *told = &pft_told[hash_long((unsigned long)caller,
						  PFT_TOLD_BITS)];
	struct pft_judgement j = { };
	struct pft_record new = {
		.pfn = pfn,
		.last = pfn,
		.want = attr,
		.got = attr,
		.kind = PFN_KIND_KMAP,
		.space = PFN_SPACE_KERNEL,
	};
	const struct pft_who who = {
		.space = new.space,
		.caller = caller,
		.gfp = PFT_GFP_NOWAIT,
	};

	if (in_interrupt() || irqs_disabled())
		return;
	pft_judge_mask(&j, &new, attr, held);
	if (pft_verdict(&j) < PFN_VERDICT_ORDERING ||
	    xchg(told, (unsigned long)caller) == (unsigned long)caller)
		return;
	pft_tell_unrecorded(&new, &who, PFN_RESULT_MAPPED);
}

void __pfn_track_page(unsigned long pfn, pgprot_t prot, const void *caller)
{
	enum pfn_attr attr = pfn_attr_from_pgprot(prot);
	unsigned int held = pft_segment_held(pfn, pfn);

	if (unlikely(held & ~BIT(attr)))
		pft_page_differs(pfn, attr, held, caller);
}
