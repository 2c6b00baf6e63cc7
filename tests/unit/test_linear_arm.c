// SPDX-License-Identifier: GPL-2.0-only
/* arch/generic/pat/linear.c with memblock and high memory, as on arm. */
#undef CONFIG_X86
#undef CONFIG_ARM64
#define CONFIG_ARM 1
#define CONFIG_HIGHMEM 1
#define CONFIG_ARCH_KEEP_MEMBLOCK 1
#define LINEAR(name)	arm_pfn_attr_##name
#include "linear_fakes.h"
#include "../../arch/generic/pat/linear.c"

static void boot(void)
{
	fake_region(0x40000000, 0x40000000, 0);
	fake_page(0x40000, 0x30000, 0);
	fake_page(0x70000, 0x10000, FAKE_HIGH);
	max_low_pfn = 0x70000;
	max_pfn = 0x80000;
}

TEST(linear_arm, high_memory)
{
	unsigned long from, to;

	boot();
	CHECK_EQ(pfn_attr_linear(0x6fff0, 0x70010, &from, &to),
		 BIT(PFN_ATTR_WB));
	CHECK_EQ(from, 0x6fff0);
	CHECK_EQ(to, 0x6ffff);
	CHECK_EQ(pfn_attr_linear(0x70000, 0x7ffff, NULL, NULL), 0);
	CHECK(pfn_attr_is_ram(0x70000));
}

/* create_mapping() rounds outwards: a touched page is mapped. */
TEST(linear_arm, parts_of_pages)
{
	unsigned long from, to;

	fake_region(0x40000800, 0x1000, 0);
	CHECK_EQ(pfn_attr_linear(0, 0x50000, &from, &to), BIT(PFN_ATTR_WB));
	CHECK_EQ(from, 0x40000);
	CHECK_EQ(to, 0x40001);
}

/* cachepolicy=writethrough holds for the linear map, too. */
TEST(linear_arm, cachepolicy)
{
	boot();
	fake_policy = PFN_ATTR_WT;
	CHECK_EQ(pfn_attr_linear(0x40000, 0x40000, NULL, NULL),
		 BIT(PFN_ATTR_WT));
}
