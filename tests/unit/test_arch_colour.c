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
