// SPDX-License-Identifier: GPL-2.0-only
/*
 * SPARC: bits for "cacheable in the physically, and in the virtually, indexed
 * cache" and for side effects; one bit on 32 bits.
 */
#include "pat.h"

#define UA_CACHEABLE	"UltraSPARC Architecture 2005, TTE bits CP, CV and E"
#define UA_ALIAS	"UltraSPARC User's Manual, address aliasing"
#define KERNEL_PGPROT	"arch/sparc/include/asm/pgtable_64.h, pgprot_noncached()"

#define WHY_CACHED	"a line cached through one mapping hides what the uncached mapping and the device write"
#define WHY_E		"neither is cached, but without the E bit accesses may be combined, reordered and made ahead where the other side expects each once and in order"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, UC, INCOHERENT, WHY_CACHED, UA_CACHEABLE),
	PAT_PAIR(WB, WC, INCOHERENT, WHY_CACHED, UA_CACHEABLE),
	PAT_PAIR(WC, UC, ORDERING, WHY_E, UA_CACHEABLE),
};

/* 32 bits; 64-bit machines have coherent DMA and never map RAM uncached. */
static const struct pfn_attr_pair cleaned[] = {
	PAT_PAIR(WB, UC, MAINTENANCE,
		 "the data cache of LEON is write-through and holds no dirty line; lines fetched through the linear map have to be dropped before the CPU reads there",
		 "arch/sparc/kernel/ioport.c, arch_sync_dma_for_cpu()"),
};

/* E is 1, CV 2 and CP 4. */
static const struct pat_code sun4u[] = {
	PAT_CODE(6, WB, "CP CV"),
	PAT_CODE(4, WB, "CP"),
	PAT_CODE(0, WC, "none"),
	PAT_CODE(1, UC, "E"),
};

/* CV is 1, CP 2 and E 4. */
static const struct pat_code sun4v[] = {
	PAT_CODE(3, WB, "CP CV"),
	PAT_CODE(2, WB, "CP"),
	PAT_CODE(0, WC, "none"),
	PAT_CODE(4, UC, "E"),
};

/* CP is 1 and E 2: the bit below them is no longer CV. */
static const struct pat_code m7[] = {
	PAT_CODE(1, WB, "CP"),
	PAT_CODE(0, WC, "none"),
	PAT_CODE(2, UC, "E"),
};

static const struct pat_code srmmu[] = {
	PAT_CODE(1, WB, "C"),
	PAT_CODE(0, UC, "none"),
};

#define WHY_ONE		"the helpers end in pgprot_noncached()"

static const struct pat_change changes[] = {
	PAT_CHANGE(WC, UC, WHY_ONE, KERNEL_PGPROT),
	PAT_CHANGE(DEVICE, UC, WHY_ONE, KERNEL_PGPROT),
	PAT_CHANGE(WT, UC, "ioremap_wt() is ioremap()",
		   "arch/sparc/include/asm/io_64.h, ioremap_wt()"),
};

enum { SPARC_4U, SPARC_4V, SPARC_M7, SPARC_32 };

static const struct pat_format formats[] = {
	[SPARC_4U] = {
		.name = "sun4u",
		.when = "UltraSPARC I to IV, 64 bits",
		.shift = 3,
		.mask = 7,
		PAT_LIST(codes, sun4u),
		PAT_LIST(changes, changes),
	},
	[SPARC_4V] = {
		.name = "sun4v",
		.when = "Niagara and later, 64 bits",
		.shift = 9,
		.mask = 7,
		PAT_LIST(codes, sun4v),
		PAT_LIST(changes, changes),
	},
	[SPARC_M7] = {
		.name = "m7",
		.when = "M7 and later, where CV means something else",
		.shift = 10,
		.mask = 3,
		PAT_LIST(codes, m7),
		PAT_LIST(changes, changes),
	},
	[SPARC_32] = {
		.name = "srmmu",
		.when = "32 bits",
		.shift = 7,
		.mask = 1,
		PAT_LIST(codes, srmmu),
		PAT_LIST(changes, changes),
	},
};

#define COLOUR_WHEN	"UltraSPARC with 16 KiB of virtually indexed cache and 8 KiB pages; some 32-bit machines"
#define COLOUR_WHY	"the lines of two addresses lie in different places of the cache, and neither sees what the other writes"

static const struct pat_colour colour = {
	.when = COLOUR_WHEN,
	.rule = "addresses modulo SHMLBA, 16 KiB on 64 bits",
	.why = COLOUR_WHY,
	.source = UA_ALIAS "; arch/sparc/include/asm/shmparam_64.h",
};

#define WINDOW	"on 64 bits ioremap() returns the physical address and maps nothing, on 32 bits it writes page tables by itself"

const struct pat_arch pat_sparc = {
	.name = "sparc",
	PAT_LIST(formats, formats),
	PAT_LIST(pairs, pairs),
	PAT_LIST(cleaned, cleaned),
	.colour = &colour,
	.linear_fixed = "arch/sparc/mm/srmmu.c, map_kernel(); arch/sparc/mm/init_64.c",
	.window = WINDOW,
};

#ifdef CONFIG_SPARC
#include <linux/mm.h>
#ifdef CONFIG_SPARC64
#include <asm/spitfire.h>
#endif

/**
 * pat_sparc_facts - what there is to know of this machine
 * @facts: gets it
 *
 * Context: Boot, after paging_init().
 */
void __init pat_sparc_facts(struct pat_facts *facts)
{
	facts->window = PAT_WINDOW_ALL;
#ifdef CONFIG_SPARC64
	if (tlb_type != hypervisor)
		facts->format = formats[SPARC_4U];
	else if (pgprot_val(PAGE_KERNEL) & _PAGE_CV_4V)
		facts->format = formats[SPARC_4V];
	else
		facts->format = formats[SPARC_M7];
#else
	facts->format = formats[SPARC_32];
#endif
}
#endif
