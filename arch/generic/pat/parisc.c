// SPDX-License-Identifier: GPL-2.0-only
/*
 * PA-RISC: one bit, U, for "uncacheable"; and caches that are indexed by
 * virtual addresses, for which colours matter more than attributes.
 */
#include "pat.h"

#define PA_ALIAS	"PA-RISC 2.0 Architecture, address aliasing (quoted on linux-parisc, 2023-03-17)"
#define PA_U_BIT	"PA-RISC 2.0 Architecture, U (uncacheable) bit of a translation"
#define KERNEL_DMA	"arch/parisc/kernel/pci-dma.c, map_pte_uncached()"
#define KERNEL_PGPROT	"arch/parisc/include/asm/pgtable.h, pgprot_noncached()"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, UC, INCOHERENT,
		 "a line cached through one mapping hides what the uncached mapping and the device write, and overwrites it when it is evicted",
		 PA_U_BIT),
};

static const struct pfn_attr_pair cleaned[] = {
	PAT_PAIR(WB, UC, MAINTENANCE,
		 "the caches were flushed and the linear map is left alone; lines moved in ahead through it have to be purged before anybody reads there",
		 KERNEL_DMA),
};

static const struct pat_code codes[] = {
	PAT_CODE(0, WB, "cacheable"),
	PAT_CODE(1, UC, "U"),
};

#define WHY_ONE		"there is one uncached type, and the helpers end in pgprot_noncached()"

static const struct pat_change changes[] = {
	PAT_CHANGE(WC, UC, WHY_ONE, KERNEL_PGPROT),
	PAT_CHANGE(DEVICE, UC, WHY_ONE, KERNEL_PGPROT),
	PAT_CHANGE(WT, UC, WHY_ONE, KERNEL_PGPROT),
};

static const struct pat_format formats[] = {
	{
		.name = "u",
		.when = "always; I/O space is uncached whatever the bit says",
		.shift = 7,
		.mask = 1,
		PAT_LIST(codes, codes),
		PAT_LIST(changes, changes),
	},
};

static const struct pat_colour colour = {
	.when = "always",
	.rule = "addresses modulo SHM_COLOUR, 4 MiB",
	.why = "an illegal alias loses what is written, and may corrupt memory of other pages",
	.source = PA_ALIAS "; arch/parisc/include/asm/shmparam.h",
};

const struct pat_arch pat_parisc = {
	.name = "parisc",
	PAT_LIST(formats, formats),
	PAT_LIST(pairs, pairs),
	PAT_LIST(cleaned, cleaned),
	.colour = &colour,
	.linear_fixed = "arch/parisc/mm/init.c, map_pages(), large pages",
};

#ifdef CONFIG_PARISC
#include <linux/mm.h>

/**
 * pat_parisc_facts - what there is to know of this machine
 * @facts: gets it
 *
 * Context: Boot.
 */
void __init pat_parisc_facts(struct pat_facts *facts)
{
	facts->format = formats[0];
}
#endif
