// SPDX-License-Identifier: GPL-2.0-only
/* arch/generic/pat/native.c: the facts of the machine that this binary is. */
#include "unit.h"

TEST(native, colour)
{
	pfn_attr_init();
	CHECK_EQ(pfn_attr_facts()->colour, 0);
	unit_aliasing = true;
	pfn_attr_init();
	CHECK_EQ(pfn_attr_facts()->colour, SHMLBA);
	CHECK_EQ(pfn_attr_colour_verdict(pfn_attr_facts(), 0, true, PAGE_SIZE,
					 true), PFN_VERDICT_INCOHERENT);
}

/* Asked twice, it says the same: nothing is left of the first time. */
TEST(native, again)
{
	struct pat_facts first;

	pfn_attr_init();
	first = *pfn_attr_facts();
	pfn_attr_init();
	CHECK_EQ(pfn_attr_facts()->format.table, first.format.table);
	CHECK_EQ(pfn_attr_facts()->format.mask, first.format.mask);
	CHECK_EQ(pfn_attr_facts()->format.nr_codes, first.format.nr_codes);
}
