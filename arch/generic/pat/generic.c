// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cache attributes on any architecture.
 *
 * An architecture with a file here is decoded and judged by it.  On any other
 * one, page table bits are compared with what that architecture's own
 * pgprot_noncached() and friends make of PAGE_KERNEL (native.c), and the rules
 * are those on which the architectures agree.
 */
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

#define KERNEL_DMA	"kernel/dma/mapping.c, dma_pgprot(); arch_dma_prep_coherent() of sh, csky, arc, m68k, microblaze and xtensa"
#define WHY_DMA		"the caches were cleaned and the linear map is left alone; lines fetched ahead through it have to be dropped before the CPU reads there"

static const struct pfn_attr_pair cleaned[] = {
	PAT_PAIR(WB, UC, MAINTENANCE, WHY_DMA, KERNEL_DMA),
	PAT_PAIR(WB, WC, MAINTENANCE, WHY_DMA, KERNEL_DMA),
};

#define COLOUR_WHY	"the lines of two addresses lie in different places of the cache, and neither sees what the other writes"

static const struct pat_colour colour = {
	.when = "sh, csky, nios2, xtensa and others, where cpu_dcache_is_aliasing()",
	.rule = "addresses modulo SHMLBA",
	.why = COLOUR_WHY,
	.source = ANY_ALIAS "; include/linux/cacheinfo.h, cpu_dcache_is_aliasing()",
};

#define NOTE	"Any architecture without a file of its own. Its bits are learnt at boot from what its pgprot_noncached(), pgprot_writecombine() and pgprot_device() make of PAGE_KERNEL; what its page tables cannot express is not told apart."

#define WINDOW	"this architecture has no rules of its own, and its ioremap() may return an address that no page table maps"

const struct pat_arch pat_generic = {
	.name = "generic",
	.note = NOTE,
	PAT_LIST(pairs, pairs),
	PAT_LIST(cleaned, cleaned),
	.colour = &colour,
	.linear_fixed = "arch/x86/include/asm/set_memory.h, the only one with set_memory_uc()",
	.window = WINDOW,
};
