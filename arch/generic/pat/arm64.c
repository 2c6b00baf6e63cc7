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
#define ARM_DEVICE	"Arm DDI 0487 part B2, Device memory"

#define WHY_CACHED	"a line cached, or fetched ahead, through the cacheable mapping hides what the other side and the device write"
#define WHY_NC_DEVICE	"neither is cached, but Normal memory may be read ahead, gathered and reordered where the Device side expects each access once and in order"
#define WHY_EARLY_ACK	"writes may be acknowledged before they reach the device, though one side asked that they are not"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, WC, INCOHERENT, WHY_CACHED, ARM_MISMATCH),
	PAT_PAIR(WB, DEVICE, INCOHERENT, WHY_CACHED, ARM_MISMATCH),
	PAT_PAIR(WB, DEVICE_STRICT, INCOHERENT, WHY_CACHED, ARM_MISMATCH),
	PAT_PAIR(WC, DEVICE, ORDERING, WHY_NC_DEVICE, ARM_MISMATCH),
	PAT_PAIR(WC, DEVICE_STRICT, ORDERING, WHY_NC_DEVICE, ARM_MISMATCH),
	PAT_PAIR(DEVICE, DEVICE_STRICT, ORDERING, WHY_EARLY_ACK, ARM_DEVICE),
};

#ifdef CONFIG_ARM64
#include <linux/mm.h>

/* Tagged memory is cached like Normal; tags are a flag beside the attribute. */
static enum pfn_attr arm64_decode(pgprot_t prot)
{
	switch (pgprot_val(prot) & PTE_ATTRINDX_MASK) {
	case PTE_ATTRINDX(MT_NORMAL):
	case PTE_ATTRINDX(MT_NORMAL_TAGGED):
		return PFN_ATTR_WB;
	case PTE_ATTRINDX(MT_NORMAL_NC):
		return PFN_ATTR_WC;
	case PTE_ATTRINDX(MT_DEVICE_nGnRE):
		return PFN_ATTR_DEVICE;
	case PTE_ATTRINDX(MT_DEVICE_nGnRnE):
		return PFN_ATTR_DEVICE_STRICT;
	default:
		return PFN_ATTR_UNKNOWN;
	}
}
#else
#define arm64_decode	NULL
#endif

const struct pat_arch pat_arm64 = {
	.name = "arm64",
	.pairs = pairs,
	.nr_pairs = ARRAY_SIZE(pairs),
	.decode = arm64_decode,
};
