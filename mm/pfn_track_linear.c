// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track hooks for the linear map: device memory that is added to it, and RAM
 * whose caching state is changed in it.
 *
 * Both are on record like any mapping of the kernel, by their addresses in the
 * linear map.  The rest of it, write-back RAM, is not: see pfn_attr_linear().
 */
#include "pfn_track_internal.h"

/* How @new, whose page frames are set, gets on record. */
static int pft_map_linear(struct pft_record *new)
{
	const struct pft_who who = {
		.space = PFN_SPACE_KERNEL,
		.gfp = GFP_KERNEL,
	};

	new->space = PFN_SPACE_KERNEL;
	new->va = (unsigned long)__va(PFN_PHYS(new->pfn));
	/* It is the linear map, and cannot disagree with it. */
	return pft_map(new, &who, PFT_NOT_LINEAR);
}

/* === Device memory ====================================================== */

int __pfn_track_memremap(phys_addr_t start, unsigned long size, pgprot_t want,
			 pgprot_t got)
{
	struct pft_record new = {
		.want = pfn_attr_from_pgprot(want),
		.got = pfn_attr_from_pgprot(got),
		.kind = PFN_KIND_MEMREMAP,
	};

	return pft_pfns(&new, start, size) ? pft_map_linear(&new) : 0;
}

void __pfn_track_memunmap(phys_addr_t start, unsigned long size)
{
	__pfn_track_iounmap(__va(start), size);
}
