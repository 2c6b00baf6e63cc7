// SPDX-License-Identifier: GPL-2.0-only
/*
 * RISC-V: two bits of Svpbmt, or five of T-Head's, beside what the physical
 * memory attributes (PMA) of the platform say of every address.
 *
 * Priv is "The RISC-V Instruction Set Manual, Volume II: Privileged
 * Architecture"; its sections are named, their numbers move.
 */
#include "pat.h"

#define PRIV_SVPBMT	"RISC-V Priv, Svpbmt Extension for Page-Based Memory Types"
#define PRIV_PMA	"RISC-V Priv, Physical Memory Attributes, Coherence and Cacheability PMAs"
#define KERNEL_32	"arch/riscv/include/asm/pgtable-32.h, _PAGE_NOCACHE"
#define KERNEL_FIXED	"arch/riscv/mm/pageattr.c, __set_memory(), which changes permissions only"
#define KERNEL_DMA	"arch/riscv/mm/dma-noncoherent.c, arch_dma_prep_coherent()"

#define WHY_CACHED	"a line cached, or fetched ahead, through the mapping that follows the PMA hides what the uncached side and the device write"
#define WHY_NC_IO	"neither is cached, but the weakly ordered side may be read ahead, merged and reordered where the I/O side expects each access once and in order"
#define WHY_DMA		"the caches were cleaned and the linear map is left alone; lines fetched ahead through it have to be dropped before anybody reads there"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, WC, INCOHERENT, WHY_CACHED, PRIV_SVPBMT),
	PAT_PAIR(WB, UC, INCOHERENT, WHY_CACHED, PRIV_SVPBMT),
	PAT_PAIR(WC, UC, ORDERING, WHY_NC_IO, PRIV_SVPBMT),
};

static const struct pfn_attr_pair cleaned[] = {
	PAT_PAIR(WB, WC, MAINTENANCE, WHY_DMA, KERNEL_DMA),
};

static const struct pat_code svpbmt[] = {
	PAT_CODE(0, WB, "PMA"),
	PAT_CODE(1, WC, "NC"),
	PAT_CODE(2, UC, "IO"),
};

/* Strong order, cacheable, bufferable, shareable, trustable; 0 is made PMA. */
static const struct pat_code thead[] = {
	PAT_CODE(0x0e, WB, "PMA"),
	PAT_CODE(0x00, WB, "PMA, not yet filled in"),
	PAT_CODE(0x06, WC, "NC"),
	PAT_CODE(0x12, UC, "IO"),
};

static const struct pat_code pma[] = {
	PAT_CODE(0, WB, "PMA"),
};

#define WHY_DEVICE	"the kernel has one uncached type for devices, pgprot_device() is pgprot_noncached()"
#define WHY_PMA		"page tables cannot say it: RAM stays cached and I/O uncached, as the PMA have it"

static const struct pat_change typed_changes[] = {
	PAT_CHANGE(DEVICE, UC, WHY_DEVICE, "include/linux/pgtable.h, pgprot_device()"),
	PAT_CHANGE(WT, UC, "ioremap_wt() is ioremap()", "include/asm-generic/io.h, ioremap_wt()"),
};

static const struct pat_change pma_changes[] = {
	PAT_CHANGE(WC, WB, WHY_PMA, PRIV_PMA),
	PAT_CHANGE(UC, WB, WHY_PMA, PRIV_PMA),
	PAT_CHANGE(DEVICE, WB, WHY_PMA, PRIV_PMA),
	PAT_CHANGE(WT, WB, WHY_PMA, KERNEL_32),
};

enum { RISCV_SVPBMT, RISCV_THEAD, RISCV_PMA };

static const struct pat_format formats[] = {
	[RISCV_SVPBMT] = {
		.name = "svpbmt",
		.when = "with Svpbmt",
		.shift = 61,
		.mask = 3,
		PAT_LIST(codes, svpbmt),
		PAT_LIST(changes, typed_changes),
	},
	[RISCV_THEAD] = {
		.name = "thead",
		.when = "T-Head C9xx, which had such bits before there was a standard",
		.shift = 59,
		.mask = 0x1f,
		PAT_LIST(codes, thead),
		PAT_LIST(changes, typed_changes),
	},
	[RISCV_PMA] = {
		.name = "pma",
		.when = "without either, and all of rv32",
		PAT_LIST(codes, pma),
		PAT_LIST(changes, pma_changes),
	},
};

/* PBMT=PMA leaves I/O uncached and ordered; NC and IO override the PMA. */
static enum pfn_attr riscv_under(enum pfn_attr attr, enum pfn_attr machine)
{
	if (machine != PFN_ATTR_WB && machine != PFN_ATTR_UC)
		return PFN_ATTR_UNKNOWN;
	return attr == PFN_ATTR_WB ? machine : attr;
}

#define NOTE	"Write-back stands for \"as the PMA say\": cached for RAM, uncached for I/O. Some platforms show one memory at two physical addresses with different PMA; such pairs are not found, for they are different page frames."

const struct pat_arch pat_riscv = {
	.name = "riscv",
	.note = NOTE,
	PAT_LIST(formats, formats),
	PAT_LIST(pairs, pairs),
	PAT_LIST(cleaned, cleaned),
	.under = riscv_under,
	.machine = "PMA",
	.machine_source = PRIV_SVPBMT,
	.linear_fixed = KERNEL_FIXED,
};

#ifdef CONFIG_RISCV
#include <linux/mm.h>

/**
 * pat_riscv_facts - what there is to know of this machine
 * @facts: gets it
 *
 * Context: Boot, after alternatives have been applied.
 */
void __init pat_riscv_facts(struct pat_facts *facts)
{
	u64 mask = _PAGE_MTMASK;
	unsigned int i;

	facts->format = formats[RISCV_PMA];
	for (i = 0; i < RISCV_PMA; i++)
		if (formats[i].mask << formats[i].shift == mask)
			facts->format = formats[i];
}
#endif
