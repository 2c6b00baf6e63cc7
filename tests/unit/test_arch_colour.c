// SPDX-License-Identifier: GPL-2.0-only
/* arch/generic/pat/: colours of virtually indexed caches. */
#include "unit.h"

#define COLOUR	0x4000UL

static enum pfn_verdict verdict(unsigned long period, unsigned long a,
				bool writes_a, unsigned long b, bool writes_b)
{
	const struct pat_facts facts = { .colour = period };
	enum pfn_verdict one = pfn_attr_colour_verdict(&facts, a, writes_a, b,
						       writes_b);

	/* The order does not matter. */
	CHECK_EQ(pfn_attr_colour_verdict(&facts, b, writes_b, a, writes_a), one);
	return one;
}

TEST(colour, none)
{
	CHECK_EQ(verdict(0, 0x1000, true, 0x2000, true), PFN_VERDICT_SAME);
	CHECK_EQ(verdict(0, 0, true, ~0UL, true), PFN_VERDICT_SAME);
}

TEST(colour, same)
{
	CHECK_EQ(verdict(COLOUR, 0x3000, true, 0x3000 + COLOUR, true),
		 PFN_VERDICT_SAME);
	CHECK_EQ(verdict(COLOUR, 0x3000, true, 0x3000 + 7 * COLOUR, false),
		 PFN_VERDICT_SAME);
	CHECK_EQ(verdict(COLOUR, 0, true, -COLOUR, true), PFN_VERDICT_SAME);
}

TEST(colour, differs)
{
	CHECK_EQ(verdict(COLOUR, 0x1000, true, 0x2000, true),
		 PFN_VERDICT_INCOHERENT);
	CHECK_EQ(verdict(COLOUR, 0x1000, true, COLOUR, true),
		 PFN_VERDICT_INCOHERENT);
	CHECK_EQ(verdict(COLOUR, 0x1000, true, 0x2000, false),
		 PFN_VERDICT_MAINTENANCE);
	CHECK_EQ(verdict(COLOUR, 0x1000, false, 0x2000, false),
		 PFN_VERDICT_LEGAL);
}

/* === In the registry ==================================================== */

static struct mm_struct *const a = &unit_mm[0], *const b = &unit_mm[1];

/* Whether this binary stands for an architecture whose caches may have colours. */
static bool boot(const char *param)
{
	unit_aliasing = true;
	unit_boot(param);
	CHECK_EQ(pfn_attr_facts()->colour, SHMLBA);
	return pat_generic.colour && !strcmp(pfn_attr_arch(), pat_generic.name);
}

static void protect(struct mm_struct *mm, unsigned long va, unsigned long nr,
		    unsigned long flags)
{
	struct vm_area_struct vma = unit_vma(mm, va, nr);

	vma.vm_flags = VM_PFNMAP | flags;
	__pfn_track_protect(&vma, pages(va), pages(va + nr), unit_prot(A_WB));
}

static int map_read_only(struct mm_struct *mm, unsigned long va,
			 unsigned long pfn, unsigned long nr)
{
	struct vm_area_struct vma = unit_vma(mm, va, nr);

	vma.vm_flags = VM_PFNMAP;
	return __pfn_track_remap(&vma, pages(va), pfn, pages(nr),
				 unit_prot(A_WB), unit_prot(A_WB));
}

/* Four pages have a colour each; where two writers meet does not matter. */
TEST(colour, two_writers)
{
	if (!boot("report"))
		return;
	CHECK_EQ(do_map(a, 10, 50, 4, A_WB), 0);
	CHECK_EQ(do_map(b, 14, 50, 4, A_WB), 0);
	CHECK_EQ(do_map(b, 24, 52, 2, A_WB), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);

	CHECK_EQ(do_map(b, 31, 53, 1, A_WB), 0);
	CHECK_EQ(do_map(b, 40, 50, 4, A_WB), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 2);
	CHECK_EQ(unit_trace.conflict.verdict, PFN_VERDICT_INCOHERENT);
	CHECK_EQ(unit_trace.conflict.held.va, pages(10));
	CHECK_HAS(pft_why(&unit_trace.conflict), "lines of two addresses");
}

TEST(colour, refused)
{
	if (!boot("enforce"))
		return;
	CHECK_EQ(do_ioremap(1001, 50, 4, A_WB), 0);
	CHECK_EQ(do_map(b, 12, 50, 4, A_WB), -EBUSY);
	CHECK_EQ(do_map(b, 13, 50, 4, A_WB), 0);
	CHECK_EQ(unit_trace.conflict.held.space, PFN_SPACE_KERNEL);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
}

/* What does not enter the cache has no place in it, nor has a claim. */
TEST(colour, uncached)
{
	struct pfn_claim claim = { };

	if (!boot("report"))
		return;
	CHECK_EQ(do_map(a, 10, 50, 4, A_WC), 0);
	CHECK_EQ(do_map(b, 11, 50, 4, A_WC), 0);
	CHECK_EQ(do_claim(&claim, 60, 4, A_WB, 0), 0);
	CHECK_EQ(do_map(b, 21, 60, 4, A_WB), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
}

/* A reader's lines may be old, which is for software; until it writes, too. */
TEST(colour, reader)
{
	if (!boot("report"))
		return;
	CHECK_EQ(map_read_only(a, 10, 50, 4), 0);
	CHECK_EQ(do_map(b, 11, 50, 4, A_WB), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);

	protect(a, 11, 2, VM_WRITE);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_trace.conflict.new.pfn, 51);
	CHECK_EQ(unit_trace.conflict.new.last, 52);
	CHECK_EQ(unit_trace.conflict.held.va, pages(11));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 4);
	unit_check_store();
	protect(a, 10, 4, 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
}

/* Without such caches nobody asks who writes. */
TEST(colour, no_colours)
{
	unit_boot("report");
	CHECK_EQ(map_read_only(a, 10, 50, 4), 0);
	CHECK_EQ(do_map(b, 11, 50, 4, A_WB), 0);
	protect(a, 11, 2, VM_WRITE);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
}

/* Both are write-back: the colour is what differs, and the report says so. */
TEST(colour, headline)
{
	if (!boot("report"))
		return;
	CHECK_EQ(do_map(a, 10, 50, 4, A_WB), 0);
	CHECK_EQ(do_map(b, 21, 50, 4, A_WB), 0);
	CHECK_EQ(do_map(b, 31, 50, 4, A_WB), 0);
	CHECK_HAS(unit_log_text(), " wanted write-back, held write-back at "
		  "another cache colour, mapped ");
	CHECK_HAS(unit_log_text(), "advice:  map both at addresses of the same");
	/* The last one has another colour than both before it. */
	CHECK_EQ(unit_trace.conflict.further, 1);
	CHECK_EQ(unit_trace.conflict.pages, 4);
}
