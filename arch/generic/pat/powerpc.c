// SPDX-License-Identifier: GPL-2.0-only
/*
 * PowerPC: the storage control bits W, I, M and G, or what book3s64 makes of
 * them in two bits, the same with hash and radix tables.
 *
 * PowerISA is the "Power ISA" in versions 2.07 to 3.1; Book II has the storage
 * model, Book III the rules for changing storage control bits.
 */
#include "pat.h"

#define ISA_ALIAS	"Power ISA Book III, Storage Control Bits, Altering the Storage Control Bits"
#define ISA_ATTRIBUTES	"Power ISA Book II, Storage Control Attributes"
#define KERNEL_WIMG	"arch/powerpc/include/asm/book3s/64/pgtable.h, pgprot_noncached_wc()"

#define WHY_PARADOX	"an access that is not to be cached may hit a cached line, which the architecture leaves undefined and on which POWER stops with a checkstop or a machine check"
#define WHY_CI		"neither is cached, but the side that is not guarded may be read ahead, combined and reordered where the guarded side expects each access once and in order"
#define WHY_WT_WB	"one side's stores reach memory at once and the other's stay in a modified line, which the first side may then write around"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, WC, FATAL, WHY_PARADOX, ISA_ALIAS),
	PAT_PAIR(WB, UC, FATAL, WHY_PARADOX, ISA_ALIAS),
	PAT_PAIR(WT, WC, FATAL, WHY_PARADOX, ISA_ALIAS),
	PAT_PAIR(WT, UC, FATAL, WHY_PARADOX, ISA_ALIAS),
	PAT_PAIR(WB, WT, INCOHERENT, WHY_WT_WB, ISA_ALIAS),
	PAT_PAIR(WC, UC, ORDERING, WHY_CI, ISA_ATTRIBUTES),
};

#define KERNEL_DMA	"arch/powerpc/mm/dma-noncoherent.c, arch_dma_prep_coherent()"
#define WHY_DMA		"only 4xx, 8xx and other processors without coherent DMA do it: the caches were flushed and the linear map is left alone, so it holds no dirty line"

/* By the DMA API alone.  On POWER nothing else makes this pair harmless. */
static const struct pfn_attr_pair cleaned[] = {
	PAT_PAIR(WB, UC, MAINTENANCE, WHY_DMA, KERNEL_DMA),
};

static const struct pat_code book3s64[] = {
	PAT_CODE(0, WB, "normal"),
	PAT_CODE(1, WB, "SAO, strong access order"),
	PAT_CODE(3, WC, "tolerant, I"),
	PAT_CODE(2, UC, "non-idempotent, I G"),
};

/*
 * G is 1, M 2, I 4 and W 8.  M is the caches' affair and changes nothing here;
 * W and I together are not allowed, and G with a cached page says nothing.
 */
static const struct pat_code wimg[] = {
	PAT_CODE(0x2, WB, "M"),
	PAT_CODE(0x0, WB, "none"),
	PAT_CODE(0x3, WB, "M G"),
	PAT_CODE(0x1, WB, "G"),
	PAT_CODE(0xa, WT, "W M"),
	PAT_CODE(0x8, WT, "W"),
	PAT_CODE(0xb, WT, "W M G"),
	PAT_CODE(0x9, WT, "W G"),
	PAT_CODE(0x4, WC, "I"),
	PAT_CODE(0x6, WC, "I M"),
	PAT_CODE(0x5, UC, "I G"),
	PAT_CODE(0x7, UC, "I M G"),
};

/* I is 1, G 8 after the shift; the bits between are others'. */
static const struct pat_code mpc8xx[] = {
	PAT_CODE(0x0, WB, "none"),
	PAT_CODE(0x8, WB, "G"),
	PAT_CODE(0x1, WC, "I"),
	PAT_CODE(0x9, UC, "I G"),
};

#define WHY_DEVICE	"pgprot_device() is pgprot_noncached()"
#define WHY_WT		"there is no such type, ioremap_wt() is ioremap()"

static const struct pat_change no_wt[] = {
	PAT_CHANGE(DEVICE, UC, WHY_DEVICE, "include/linux/pgtable.h, pgprot_device()"),
	PAT_CHANGE(WT, UC, WHY_WT, KERNEL_WIMG),
};

static const struct pat_change with_wt[] = {
	PAT_CHANGE(DEVICE, UC, WHY_DEVICE, "include/linux/pgtable.h, pgprot_device()"),
};

enum { PPC_BOOK3S64, PPC_BOOK3S32, PPC_85XX, PPC_44X, PPC_E500, PPC_8XX };

#define PPC_WIMG(_name, _when, _shift)	{	\
	.name = _name,				\
	.when = _when,				\
	.shift = _shift,			\
	.mask = 0xf,				\
	PAT_LIST(codes, wimg),			\
	PAT_LIST(changes, with_wt),		\
}

static const struct pat_format formats[] = {
	[PPC_BOOK3S64] = {
		.name = "book3s64",
		.when = "64-bit servers, hash and radix",
		.shift = 4,
		.mask = 3,
		PAT_LIST(codes, book3s64),
		PAT_LIST(changes, no_wt),
	},
	[PPC_BOOK3S32] = PPC_WIMG("book3s32", "32-bit, classic (603, G3, G4)", 3),
	[PPC_85XX] = PPC_WIMG("85xx", "32-bit e500 with 32-bit page table entries", 7),
	[PPC_44X] = PPC_WIMG("44x", "44x", 8),
	[PPC_E500] = PPC_WIMG("e500", "e500 with 64-bit page table entries", 20),
	[PPC_8XX] = {
		.name = "8xx",
		.when = "8xx",
		.shift = 1,
		.mask = 9,
		PAT_LIST(codes, mpc8xx),
		PAT_LIST(changes, no_wt),
	},
};

/*
 * Without coherent caches the DMA API maps RAM uncached, flushes the caches and
 * leaves the linear map cached, because nothing can change its attributes.  On
 * POWER flushing does not make that pair safe.
 */
#ifdef CONFIG_NOT_COHERENT_CACHE
#define LINEAR_FIXED	KERNEL_DMA
#else
#define LINEAR_FIXED	NULL
#endif

#define WINDOW	"on 32 bits ioremap() returns the block mapping (BAT or CAM) of a range that has one"

#define NOTE	"RAM lies in the linear map, which is cached: mapping it uncached is the pair that stops machines."

const struct pat_arch pat_powerpc = {
	.name = "powerpc",
	.note = NOTE,
	PAT_LIST(formats, formats),
	PAT_LIST(pairs, pairs),
	PAT_LIST(cleaned, cleaned),
	.linear_fixed = LINEAR_FIXED,
	.offline_unmapped = "arch/powerpc/platforms/powernv/memtrace.c, memtrace_alloc_node()",
	.window = WINDOW,
};

#ifdef CONFIG_PPC
#include <linux/mm.h>

#if defined(CONFIG_PPC_BOOK3S_64)
#define PPC_NATIVE	PPC_BOOK3S64
#elif defined(CONFIG_PPC_BOOK3S_32)
#define PPC_NATIVE	PPC_BOOK3S32
#elif defined(CONFIG_PPC_8xx)
#define PPC_NATIVE	PPC_8XX
#elif defined(CONFIG_44x)
#define PPC_NATIVE	PPC_44X
#elif defined(CONFIG_PPC_85xx) && !defined(CONFIG_PTE_64BIT)
#define PPC_NATIVE	PPC_85XX
#else
#define PPC_NATIVE	PPC_E500
#endif

/**
 * pat_powerpc_facts - what there is to know of this machine
 * @facts: gets it
 *
 * Context: Boot.
 */
void __init pat_powerpc_facts(struct pat_facts *facts)
{
	facts->format = formats[PPC_NATIVE];
	if (IS_ENABLED(CONFIG_PPC32))
		facts->window = PAT_WINDOW_SOME;
}
#endif
