// SPDX-License-Identifier: GPL-2.0-only
/*
 * MIPS: the cacheability and coherency attribute (CCA) of a page table entry,
 * whose place depends on the kernel's configuration.
 *
 * PRA is the "MIPS Architecture For Programmers, Volume III: Privileged
 * Resource Architecture" (MD00090, MD00091): it defines the codes 2 and 3 and
 * leaves the others to the processor.
 */
#include "pat.h"

#define PRA_CCA		"MIPS PRA (MD00091), Cacheability and Coherency Attributes"
#define KERNEL_WC	"arch/mips/kernel/cpu-probe.c, cpuinfo_mips.writecombine"
#define KERNEL_DMA	"arch/mips/mm/dma-noncoherent.c, arch_dma_prep_coherent()"

#define WHY_CACHED	"a line cached through one mapping hides what the uncached mapping and the device write, and overwrites it when it is evicted"
#define WHY_WT_WB	"two codes for one line: what the processor does then is its own affair, and stores of one side may be lost in the other's line"
#define WHY_UCA		"neither is cached, but accelerated stores are gathered into bursts and overtake those that the other side makes one by one"
#define WHY_DMA		"the caches were cleaned and the linear map is left alone; a line fetched ahead through it has to be dropped before anybody reads there"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, UC, INCOHERENT, WHY_CACHED, PRA_CCA),
	PAT_PAIR(WB, WC, INCOHERENT, WHY_CACHED, PRA_CCA),
	PAT_PAIR(WT, UC, INCOHERENT, WHY_CACHED, PRA_CCA),
	PAT_PAIR(WT, WC, INCOHERENT, WHY_CACHED, PRA_CCA),
	PAT_PAIR(WB, WT, INCOHERENT, WHY_WT_WB, PRA_CCA),
	PAT_PAIR(WC, UC, ORDERING, WHY_UCA, PRA_CCA),
};

static const struct pfn_attr_pair cleaned[] = {
	PAT_PAIR(WB, UC, MAINTENANCE, WHY_DMA, KERNEL_DMA),
	PAT_PAIR(WB, WC, MAINTENANCE, WHY_DMA, KERNEL_DMA),
};

static const struct pat_code cca[] = {
	PAT_CODE(3, WB, "cacheable, noncoherent"),
	PAT_CODE(5, WB, "cacheable, coherent, exclusive on write"),
	PAT_CODE(4, WB, "cacheable, coherent, exclusive"),
	PAT_CODE(6, WB, "cacheable, coherent, update on write"),
	PAT_CODE(0, WT, "cacheable, no write-allocate"),
	PAT_CODE(1, WT, "cacheable, write-through, write-allocate"),
	PAT_CODE(7, WC, "uncached, accelerated"),
	PAT_CODE(2, UC, "uncached"),
};

static const struct pat_code xburst[] = {
	PAT_CODE(3, WB, "cacheable, noncoherent"),
	PAT_CODE(1, WC, "write-combining"),
	PAT_CODE(2, UC, "uncached"),
};

static const struct pat_code r3000[] = {
	PAT_CODE(0, WB, "cacheable"),
	PAT_CODE(1, UC, "uncached"),
};

#define WHY_DEVICE	"pgprot_device() is pgprot_noncached()"
#define WHY_NO_UCA	"this processor's accelerated code is absent or not to be trusted, the kernel takes uncached"
#define KERNEL_DEVICE	"include/linux/pgtable.h, pgprot_device()"

static const struct pat_change with_uca[] = {
	PAT_CHANGE(DEVICE, UC, WHY_DEVICE, KERNEL_DEVICE),
};

static const struct pat_change without_uca[] = {
	PAT_CHANGE(WC, UC, WHY_NO_UCA, KERNEL_WC),
	PAT_CHANGE(DEVICE, UC, WHY_DEVICE, KERNEL_DEVICE),
};

enum { MIPS_CCA, MIPS_CCA_NO_UCA, MIPS_XBURST, MIPS_R3000 };

/* Where 32-bit kernels of today have it. */
#define MIPS_SHIFT	9

static const struct pat_format formats[] = {
	[MIPS_CCA] = {
		.name = "cca",
		.when = "with an accelerated uncached code; its place depends on the configuration",
		.shift = MIPS_SHIFT,
		.mask = 7,
		PAT_LIST(codes, cca),
		PAT_LIST(changes, with_uca),
	},
	[MIPS_CCA_NO_UCA] = {
		.name = "cca-no-uca",
		.when = "without it, as most 32-bit cores and Loongson with its GPUs",
		.shift = MIPS_SHIFT,
		.mask = 7,
		PAT_LIST(codes, cca),
		PAT_LIST(changes, without_uca),
	},
	[MIPS_XBURST] = {
		.name = "xburst",
		.when = "Ingenic XBurst, which combines writes by code 1",
		.shift = MIPS_SHIFT,
		.mask = 7,
		PAT_LIST(codes, xburst),
		PAT_LIST(changes, with_uca),
	},
	[MIPS_R3000] = {
		.name = "r3000",
		.when = "R3000, one bit",
		.shift = 11,
		.mask = 1,
		PAT_LIST(codes, r3000),
		PAT_LIST(changes, without_uca),
	},
};

#define COLOUR_WHY	"the lines of two addresses lie in different places of the cache, and neither sees what the other writes"
#define COLOUR_SOURCE	"arch/mips/mm/c-r4k.c, shm_align_mask; arch/mips/include/asm/cpu-features.h, cpu_has_dc_aliases"

static const struct pat_colour colour = {
	.when = "virtually indexed data caches whose ways are larger than a page",
	.rule = "addresses modulo shm_align_mask + 1, the size of a way",
	.why = COLOUR_WHY,
	.source = COLOUR_SOURCE,
};

#define NOTE	"Every page frame below 512 MiB also appears uncached in KSEG1, and all of them in XKPHYS on 64 bits, without a page table; these aliases are not on record."

#define WINDOW	"uncached ioremap() below 512 MiB, and on 64 bits every ioremap(), returns an address in a segment that no page table maps"

const struct pat_arch pat_mips = {
	.name = "mips",
	.note = NOTE,
	PAT_LIST(formats, formats),
	PAT_LIST(pairs, pairs),
	PAT_LIST(cleaned, cleaned),
	.colour = &colour,
	.linear_fixed = "arch/mips/include/asm/addrspace.h, KSEG0 and XKPHYS, no page tables",
	.window = WINDOW,
};

#ifdef CONFIG_MIPS
#include <linux/mm.h>
#include <asm/cpu-info.h>

/**
 * pat_mips_facts - what there is to know of this machine
 * @facts: gets it
 *
 * Context: Boot, after the processor is known.
 */
void __init pat_mips_facts(struct pat_facts *facts)
{
	facts->window = IS_ENABLED(CONFIG_64BIT) ? PAT_WINDOW_ALL :
						   PAT_WINDOW_SOME;
#ifdef CONFIG_CPU_R3K_TLB
	facts->format = formats[MIPS_R3000];
	facts->format.shift = _CACHE_UNCACHED_SHIFT;
#else
	if (cpu_data[0].writecombine == _CACHE_UNCACHED)
		facts->format = formats[MIPS_CCA_NO_UCA];
	else if (cpu_data[0].writecombine == _CACHE_CACHABLE_WA)
		facts->format = formats[MIPS_XBURST];
	else
		facts->format = formats[MIPS_CCA];
	facts->format.shift = _CACHE_SHIFT;
#endif
}
#endif
