// SPDX-License-Identifier: GPL-2.0-only
/* arch/generic/pat/linear.c where only struct pages are known. */
#undef CONFIG_X86
#undef CONFIG_ARM64
#define LINEAR(name)	generic_pfn_attr_##name
#include "linear_fakes.h"
#include "../../arch/generic/pat/linear.c"

#define SUB	PAGES_PER_SUBSECTION

static unsigned int check(unsigned long pfn, unsigned long last,
			  unsigned long from, unsigned long to)
{
	unsigned long is_from = 0, is_to = 0;
	unsigned int attrs = pfn_attr_linear(pfn, last, &is_from, &is_to);

	CHECK_EQ(is_from, from);
	CHECK_EQ(is_to, to);
	return attrs;
}

TEST(linear_generic, kinds)
{
	fake_page(2 * SUB, 8 * SUB, 0);
	fake_page(4 * SUB, SUB, FAKE_OFFLINE);
	fake_page(5 * SUB, SUB, FAKE_DEVICE);
	fake_page(8 * SUB, 2 * SUB, FAKE_HIGH);
	max_pfn = 10 * SUB;
	CHECK_EQ(check(0, 2 * SUB - 1, 0, 0), 0);
	CHECK_EQ(check(5, 2 * SUB + 7, 2 * SUB, 2 * SUB + 7), BIT(PFN_ATTR_WB));
	CHECK_EQ(check(2 * SUB + 7, 2 * SUB + 7, 2 * SUB + 7, 2 * SUB + 7),
		 BIT(PFN_ATTR_WB));
	CHECK_EQ(check(4 * SUB, 6 * SUB - 1, 0, 0), 0);
	CHECK_EQ(check(8 * SUB, ~0UL >> 1, 0, 0), 0);
	CHECK_EQ(check(0, ~0UL >> 1, 2 * SUB, 8 * SUB - 1), BIT(PFN_ATTR_WB));
	CHECK(pfn_attr_is_ram(2 * SUB));
	CHECK(pfn_attr_is_ram(8 * SUB));
	CHECK(!pfn_attr_is_ram(4 * SUB));
	CHECK(!pfn_attr_is_ram(5 * SUB));
	CHECK(!pfn_attr_is_ram(0));
}

/* Sections without struct pages are stepped over as a whole. */
TEST(linear_generic, far)
{
	max_pfn = ~0UL;
	fake_page(PAGES_PER_SECTION * 1000, SUB, 0);
	CHECK_EQ(check(3, PAGES_PER_SECTION * 1001, PAGES_PER_SECTION * 1000,
		       PAGES_PER_SECTION * 1000 + SUB - 1), BIT(PFN_ATTR_WB));
}

TEST(linear_generic, at)
{
	CHECK_EQ(pfn_attr_at(0, 5, PFN_ATTR_WB), PFN_ATTR_WB);
}
