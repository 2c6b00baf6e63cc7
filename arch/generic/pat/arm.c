// SPDX-License-Identifier: GPL-2.0-only
/*
 * arm, 32 bits: four bits of the kernel's own page table entry, from which the
 * processor's file makes C, B and TEX; with LPAE an index into MAIR.
 *
 * ARM ARM is the "ARM Architecture Reference Manual, ARMv7-A and ARMv7-R", DDI
 * 0406, part A3.
 */
#include "pat.h"

#define ARM_MISMATCH	"Arm DDI 0406 part A3, Mismatched memory attributes"
#define ARM_TYPES	"Arm DDI 0406 part A3, Memory types and attributes"
#define KERNEL_DMA	"arch/arm/mm/dma-mapping.c, __dma_clear_buffer()"

#define WHY_CACHED	"a line cached, or fetched ahead, through the cacheable mapping hides what the other side and the device write"
#define WHY_WT_WB	"both are cached, but one side's stores reach memory at once and the other's only when the line is evicted"
#define WHY_NC_DEVICE	"neither is cached, but Normal memory may be read ahead, gathered and reordered where the other side expects each access once and in order"
#define WHY_EARLY_ACK	"neither is Normal and so both keep number, size and order of accesses; a write may be acknowledged before it reaches the device"
#define WHY_DMA		"the caches were cleaned and the linear map is left alone; lines fetched ahead through it have to be dropped before anybody reads there"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, WC, INCOHERENT, WHY_CACHED, ARM_MISMATCH),
	PAT_PAIR(WB, DEVICE, INCOHERENT, WHY_CACHED, ARM_MISMATCH),
	PAT_PAIR(WB, DEVICE_STRICT, INCOHERENT, WHY_CACHED, ARM_MISMATCH),
	PAT_PAIR(WT, WC, INCOHERENT, WHY_CACHED, ARM_MISMATCH),
	PAT_PAIR(WT, DEVICE, INCOHERENT, WHY_CACHED, ARM_MISMATCH),
	PAT_PAIR(WT, DEVICE_STRICT, INCOHERENT, WHY_CACHED, ARM_MISMATCH),
	PAT_PAIR(WB, WT, MAINTENANCE, WHY_WT_WB, ARM_MISMATCH),
	PAT_PAIR(WC, DEVICE, ORDERING, WHY_NC_DEVICE, ARM_TYPES),
	PAT_PAIR(WC, DEVICE_STRICT, ORDERING, WHY_NC_DEVICE, ARM_TYPES),
	PAT_PAIR(DEVICE, DEVICE_STRICT, LEGAL, WHY_EARLY_ACK, ARM_MISMATCH),
};

static const struct pfn_attr_pair cleaned[] = {
	PAT_PAIR(WB, WC, MAINTENANCE, WHY_DMA, KERNEL_DMA),
	PAT_PAIR(WB, DEVICE_STRICT, MAINTENANCE, WHY_DMA, KERNEL_DMA),
};

static const struct pat_code two_level[] = {
	PAT_CODE(0x7, WB, "Normal, write-back, write-allocate"),
	PAT_CODE(0x3, WB, "Normal, write-back"),
	PAT_CODE(0xb, WB, "cached device"),
	PAT_CODE(0xf, WB, "vectors"),
	PAT_CODE(0x2, WT, "Normal, write-through"),
	PAT_CODE(0x1, WC, "Normal, non-cacheable (bufferable)"),
	PAT_CODE(0x9, WC, "write-combining device"),
	PAT_CODE(0x4, DEVICE, "Device, shared"),
	PAT_CODE(0xc, DEVICE, "Device, not shared"),
	PAT_CODE(0x0, DEVICE_STRICT, "Strongly-ordered (uncached)"),
};

/* Before ARMv6 there is one more, a small cache of its own. */
static const struct pat_code classic[] = {
	PAT_CODE(0x7, WB, "write-back, write-allocate"),
	PAT_CODE(0x3, WB, "write-back"),
	PAT_CODE(0x6, WB, "minicache"),
	PAT_CODE(0xb, WB, "cached device"),
	PAT_CODE(0x2, WT, "write-through"),
	PAT_CODE(0x1, WC, "bufferable"),
	PAT_CODE(0x9, WC, "write-combining device"),
	PAT_CODE(0x4, DEVICE, "device, shared"),
	PAT_CODE(0xc, DEVICE, "device, not shared"),
	PAT_CODE(0x0, DEVICE_STRICT, "uncached"),
};

static const struct pat_code lpae[] = {
	PAT_CODE(7, WB, "Normal, write-back, write-allocate"),
	PAT_CODE(3, WB, "Normal, write-back"),
	PAT_CODE(2, WT, "Normal, write-through"),
	PAT_CODE(1, WC, "Normal, non-cacheable"),
	PAT_CODE(4, DEVICE, "Device"),
	PAT_CODE(0, DEVICE_STRICT, "Strongly-ordered"),
};

static const struct pat_change changes[] = {
	PAT_CHANGE(UC, DEVICE_STRICT, "pgprot_noncached() is Strongly-ordered",
		   "arch/arm/include/asm/pgtable.h, pgprot_noncached()"),
	PAT_CHANGE(WT, WC, "ioremap_wt() is ioremap_wc()",
		   "arch/arm/include/asm/io.h, ioremap_wt"),
};

enum { ARM_TEX, ARM_LPAE, ARM_CLASSIC };

static const struct pat_format formats[] = {
	[ARM_TEX] = {
		.name = "2level",
		.when = "ARMv6 and later, short descriptors, with and without TEX remap",
		.shift = 2,
		.mask = 0xf,
		PAT_LIST(codes, two_level),
		PAT_LIST(changes, changes),
	},
	[ARM_LPAE] = {
		.name = "lpae",
		.when = "LPAE, long descriptors",
		.shift = 2,
		.mask = 7,
		PAT_LIST(codes, lpae),
		PAT_LIST(changes, changes),
	},
	[ARM_CLASSIC] = {
		.name = "classic",
		.when = "ARMv4 and ARMv5",
		.shift = 2,
		.mask = 0xf,
		PAT_LIST(codes, classic),
		PAT_LIST(changes, changes),
	},
};

#define COLOUR_WHEN	"VIVT caches (ARMv4, ARMv5) and VIPT caches whose ways are larger than a page (some ARMv6)"
#define COLOUR_WHY	"the lines of two addresses lie in different places of the cache, and neither sees what the other writes"

static const struct pat_colour colour = {
	.when = COLOUR_WHEN,
	.rule = "addresses modulo SHMLBA, four pages; VIVT caches have no two addresses alike",
	.why = COLOUR_WHY,
	.source = "arch/arm/include/asm/cachetype.h, arch/arm/include/asm/shmparam.h",
};

#define NOTE	"The linear map is made of sections that every process's tables share: its attributes cannot be changed page by page."

#define WINDOW	"ioremap() returns the static mapping of a range that has one, and without SMP and LPAE it maps whole sections by itself"

const struct pat_arch pat_arm = {
	.name = "arm",
	.note = NOTE,
	PAT_LIST(formats, formats),
	PAT_LIST(pairs, pairs),
	PAT_LIST(cleaned, cleaned),
	.colour = &colour,
	.linear_fixed = "arch/arm/mm/mmu.c, map_lowmem(), sections",
	.window = WINDOW,
};

#ifdef CONFIG_ARM
#include <linux/mm.h>
#include <asm/system_info.h>

/**
 * pat_arm_facts - what there is to know of this machine
 * @facts: gets it
 *
 * Context: Boot, after the processor is known.
 */
void __init pat_arm_facts(struct pat_facts *facts)
{
	facts->window = PAT_WINDOW_SOME;
	if (IS_ENABLED(CONFIG_ARM_LPAE))
		facts->format = formats[ARM_LPAE];
	else if (cpu_architecture() < CPU_ARCH_ARMv6)
		facts->format = formats[ARM_CLASSIC];
	else
		facts->format = formats[ARM_TEX];
}
#endif
