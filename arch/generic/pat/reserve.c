// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track attributes: memory types that the architecture itself keeps.
 *
 * x86's PAT reserves a type for each range that is mapped and gives later
 * mappings the same.  The functions here explain such a decision afterwards;
 * they take no part in it.  Not part of the pure files, because they read
 * the state of the kernel.
 */
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include "pat.h"

#if defined(CONFIG_X86)
#include <asm/memtype.h>
#include <asm/mtrr.h>
#include <asm/x86_init.h>

/**
 * pfn_attr_untracked - whether page tables have no say in a range
 * @pfn: first page frame
 * @last: last page frame
 *
 * The ISA window is mapped write-back whatever was asked for; the fixed MTRRs
 * decide there.
 *
 * Context: Any.
 *
 * Return: true if the architecture does not track the attribute there, so that
 * another attribute than asked for is no downgrade.
 */
bool pfn_attr_untracked(unsigned long pfn, unsigned long last)
{
	return x86_platform.is_untracked_pat_range(PFN_PHYS(pfn),
						   PFN_PHYS(last) + PAGE_SIZE);
}

/* PAT takes page frames of the first megabyte for memory that is not RAM. */
static bool has_page_type(unsigned long pfn)
{
	return pfn >= PHYS_PFN(SZ_1M) && page_is_ram(pfn);
}

static bool is_mtrr_wb(unsigned long pfn, unsigned long last)
{
	u8 uniform;

	return mtrr_type_lookup(PFN_PHYS(pfn), PFN_PHYS(last) + PAGE_SIZE,
				&uniform) == MTRR_TYPE_WRBACK;
}

/**
 * pfn_attr_cause - why a mapping was given another attribute than it asked for
 * @pfn: first page frame
 * @last: last page frame
 * @want: attribute that was asked for
 * @looked_up: the attribute was looked up, and nothing was reserved
 *
 * For mappings whose attribute no record explains.
 *
 * Context: Any but interrupts, under locks; takes the lock of PAT's list.
 *
 * Return: the cause, %PFN_CAUSE_PLATFORM if it is not known.
 */
enum pfn_cause pfn_attr_cause(unsigned long pfn, unsigned long last,
			      enum pfn_attr want, bool looked_up)
{
	if (!pat_enabled())
		return PFN_CAUSE_PLATFORM;
	if (has_page_type(pfn))
		return PFN_CAUSE_PAGE_TYPE;
	if (looked_up && !memtype_is_reserved(PFN_PHYS(pfn)))
		return PFN_CAUSE_NO_RESERVATION;
	if (!looked_up && want == PFN_ATTR_WB && !is_mtrr_wb(pfn, last))
		return PFN_CAUSE_MTRR;
	return PFN_CAUSE_UNRECORDED;
}
#else
/**
 * pfn_attr_untracked - whether page tables have no say in a range
 * @pfn: first page frame
 * @last: last page frame
 *
 * Context: Any.
 *
 * Return: false: page tables always have a say.
 */
bool pfn_attr_untracked(unsigned long pfn, unsigned long last)
{
	return false;
}

/**
 * pfn_attr_cause - why a mapping was given another attribute than it asked for
 * @pfn: first page frame
 * @last: last page frame
 * @want: attribute that was asked for
 * @looked_up: the attribute was looked up, and nothing was reserved
 *
 * Context: Any.
 *
 * Return: %PFN_CAUSE_PLATFORM: only x86 keeps memory types of its own.
 */
enum pfn_cause pfn_attr_cause(unsigned long pfn, unsigned long last,
			      enum pfn_attr want, bool looked_up)
{
	return PFN_CAUSE_PLATFORM;
}
#endif
