// SPDX-License-Identifier: GPL-2.0-only
/*
 * arch/generic/pat/linear.c with memblock and memtrace, as on powernv; and
 * arch/generic/pat/powerpc.c of a machine without coherent DMA.
 */
#undef CONFIG_X86
#undef CONFIG_ARM64
#define CONFIG_PPC 1
#define CONFIG_ARCH_KEEP_MEMBLOCK 1
#define LINEAR(name)	powerpc_pfn_attr_##name
#include "linear_fakes.h"
#include "../../arch/generic/pat/linear.c"

#define SEC	PAGES_PER_SECTION

/* memtrace takes whole sections out of the linear map, and not of memblock. */
TEST(linear_powerpc, memtrace)
{
	unsigned long from, to;

	fake_region(0, PFN_PHYS(8 * SEC), 0);
	fake_page(0, 8 * SEC, 0);
	fake_page(4 * SEC, 2 * SEC, FAKE_PAGE_OFFLINE);
	CHECK_EQ(pfn_attr_linear(4 * SEC, 6 * SEC - 1, NULL, NULL), 0);
	CHECK_EQ(pfn_attr_linear(5 * SEC + 7, 5 * SEC + 7, NULL, NULL), 0);
	CHECK_EQ(pfn_attr_linear(4 * SEC - 3, 6 * SEC - 1, &from, &to),
		 BIT(PFN_ATTR_WB));
	CHECK_EQ(from, 4 * SEC - 3);
	CHECK_EQ(to, 4 * SEC - 1);
	CHECK_EQ(pfn_attr_linear(5 * SEC, 7 * SEC, &from, &to),
		 BIT(PFN_ATTR_WB));
	CHECK_EQ(from, 6 * SEC);
	CHECK_EQ(to, 7 * SEC);
}

/* A balloon's pages are PageOffline(), too, and mapped. */
TEST(linear_powerpc, balloon)
{
	fake_region(0, PFN_PHYS(2 * SEC), 0);
	fake_page(0, 2 * SEC, 0);
	fake_page(SEC, 5, FAKE_PAGE_OFFLINE);
	CHECK_EQ(pfn_attr_linear(SEC, SEC + 4, NULL, NULL), BIT(PFN_ATTR_WB));
}

/* Memory that is offline stays mapped. */
TEST(linear_powerpc, offline)
{
	fake_region(0, PFN_PHYS(2 * SEC), 0);
	fake_page(0, SEC, 0);
	fake_page(SEC, SEC, FAKE_OFFLINE | FAKE_PAGE_OFFLINE);
	CHECK_EQ(pfn_attr_linear(SEC, SEC, NULL, NULL), BIT(PFN_ATTR_WB));
}

#define CONFIG_NOT_COHERENT_CACHE 1
#define CONFIG_PPC32 1
#define pat_powerpc		noncoherent
#define pat_powerpc_facts	ppc32_facts
#include "../../arch/generic/pat/powerpc.c"
#undef pat_powerpc
#undef pat_powerpc_facts

/* ioremap() returns a BAT or CAM mapping before it reaches the hook. */
TEST(linear_powerpc, window)
{
	struct pat_facts facts = { };

	ppc32_facts(&facts);
	CHECK_EQ(facts.window, PAT_WINDOW_SOME);
	CHECK(pat_powerpc.window);
}

/* dma_mmap_coherent(): the caches were cleaned, the linear map stays as it is. */
TEST(linear_powerpc, not_coherent)
{
	CHECK(noncoherent.linear_fixed);
	CHECK_EQ(pat_judge_linear(&noncoherent, 0, PFN_ATTR_UC, PFN_ATTR_WB,
				  false)->verdict, PFN_VERDICT_MAINTENANCE);
	/* No DMA API maps it so, and it does not clean the caches for others. */
	CHECK_EQ(pat_judge_linear(&noncoherent, 0, PFN_ATTR_WC, PFN_ATTR_WB,
				  false)->verdict, PFN_VERDICT_FATAL);
	CHECK(!pat_powerpc.linear_fixed);
}
