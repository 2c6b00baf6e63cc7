// SPDX-License-Identifier: GPL-2.0-only
/* arch/generic/pat/linear.c on x86 with high memory. */
#undef CONFIG_X86
#undef CONFIG_ARM64
#define CONFIG_X86 1
#define CONFIG_X86_32 1
#define CONFIG_HIGHMEM 1
#define LINEAR(name)	i386_pfn_attr_##name
#ifdef CONFIG_64BIT
#include "linear_fakes.h"

/* An address has 32 bits: that of a page in high memory is another one's. */
#define __va(phys)	((void *)(unsigned long)(u32)(0xc0000000UL + (phys)))

static u8 mtrr_type_lookup(u64 start, u64 end, u8 *uniform)
{
	*uniform = 0;
	return 0;
}

#include "../../arch/generic/pat/linear.c"

TEST(linear_i386, high_memory)
{
	unsigned long from = 0, to = 0;

	fake_map(0xc0000000, PUD_SIZE, FAKE_HUGE(WB));
	fake_map(0x00000000, PUD_SIZE, FAKE_HUGE(WB));
	fake_page(0, 0x200000, 0);
	max_low_pfn = 0x38000;
	max_pfn = 0x200000;
	CHECK_EQ(pfn_attr_linear(0x37ff0, 0x38010, &from, &to),
		 BIT(PFN_ATTR_WB));
	CHECK_EQ(from, 0x37ff0);
	CHECK_EQ(to, 0x37fff);
	CHECK_EQ(pfn_attr_linear(0x38000, 0x1fffff, NULL, NULL), 0);
	/* Its address is that of the first megabytes. */
	CHECK_EQ(pfn_attr_linear(0x100200, 0x100200, NULL, NULL), 0);
}
#endif
