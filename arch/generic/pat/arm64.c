// SPDX-License-Identifier: GPL-2.0-only
/*
 * arm64: an index into MAIR_EL1, as arch/arm64/mm/proc.c fills it.
 *
 * ARM ARM is the "Arm Architecture Reference Manual for A-profile
 * architecture", DDI 0487; the rules are in part B2 under "Mismatched memory
 * attributes", whose number moves with each issue.
 */
#include "pat.h"

#define ARM_MISMATCH	"Arm DDI 0487 part B2, Mismatched memory attributes"
#define KERNEL_PROTECT	"arch/arm64/include/asm/pgtable.h, pgprot_noncached()"
#define KERNEL_FIXED	"arch/arm64/mm/pageattr.c, set_memory_ro() and others, which change permissions only"
#define KERNEL_DMA	"kernel/dma/direct.c, dma_direct_alloc(), arch_dma_prep_coherent()"

#define WHY_CACHED	"a line cached, or fetched ahead, through the cacheable mapping hides what the other side and the device write"
#define WHY_NC_DEVICE	"neither is cached, but Normal memory may be read ahead, gathered and reordered where the Device side expects each access once and in order"
#define WHY_EARLY_ACK	"both are Device and so keep number, size and order of accesses; all of them may behave as the weaker one, of which a write may be acknowledged before it reaches the device"
#define WHY_DMA		"the caches were cleaned and the linear map is left alone, so it holds no dirty line; clean lines fetched ahead through it have to be dropped before anybody reads there"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, WC, INCOHERENT, WHY_CACHED, ARM_MISMATCH),
	PAT_PAIR(WB, DEVICE, INCOHERENT, WHY_CACHED, ARM_MISMATCH),
	PAT_PAIR(WB, DEVICE_STRICT, INCOHERENT, WHY_CACHED, ARM_MISMATCH),
	PAT_PAIR(WC, DEVICE, ORDERING, WHY_NC_DEVICE, ARM_MISMATCH),
	PAT_PAIR(WC, DEVICE_STRICT, ORDERING, WHY_NC_DEVICE, ARM_MISMATCH),
	/*
	 * Every VFIO and UIO user makes this pair.  Where all mismatched types
	 * are Device, the manual bounds what is lost by the weakest of them.
	 */
	PAT_PAIR(DEVICE, DEVICE_STRICT, LEGAL, WHY_EARLY_ACK, ARM_MISMATCH),
};

static const struct pfn_attr_pair cleaned[] = {
	PAT_PAIR(WB, WC, MAINTENANCE, WHY_DMA, KERNEL_DMA),
};

/* Bytes of MAIR_EL1; what the kernel does not program is not decoded. */
static const struct pat_code codes[] = {
	PAT_CODE(0xff, WB, "Normal"),
	PAT_CODE(0xf0, WB, "Normal-Tagged"),
	PAT_CODE(0x44, WC, "Normal-NC"),
	PAT_CODE(0x04, DEVICE, "Device-nGnRE"),
	PAT_CODE(0x00, DEVICE_STRICT, "Device-nGnRnE"),
};

#define WHY_STRICT	"pgprot_noncached() is Device-nGnRnE"
#define WHY_NO_WT	"the kernel programs no write-through type, ioremap_wt() is ioremap()"

static const struct pat_change changes[] = {
	PAT_CHANGE(UC, DEVICE_STRICT, WHY_STRICT, KERNEL_PROTECT),
	PAT_CHANGE(WT, DEVICE, WHY_NO_WT, "include/asm-generic/io.h, ioremap_wt()"),
};

static const struct pat_format formats[] = {
	{
		.name = "mair",
		.when = "always; the bytes of MAIR_EL1 as the kernel programs it",
		.shift = 2,
		.mask = 7,
		.table = 0x000000040044f0ff,
		.indexed = true,
		PAT_LIST(codes, codes),
		PAT_LIST(changes, changes),
	},
};

#define NOTE	"Normal-Tagged is cached like Normal; tags are a permission. A guest's stage 2, and FEAT_S2FWB, can make an attribute stronger or weaker without this table knowing."

const struct pat_arch pat_arm64 = {
	.name = "arm64",
	.note = NOTE,
	PAT_LIST(formats, formats),
	PAT_LIST(pairs, pairs),
	PAT_LIST(cleaned, cleaned),
	.linear_fixed = KERNEL_FIXED,
};

#ifdef CONFIG_ARM64
#include <linux/mm.h>
#include <asm/sysreg.h>

/**
 * pat_arm64_facts - what there is to know of this machine
 * @facts: gets it
 *
 * Context: Boot.
 */
void __init pat_arm64_facts(struct pat_facts *facts)
{
	facts->format = formats[0];
	facts->format.table = read_sysreg(mair_el1);
}
#endif
