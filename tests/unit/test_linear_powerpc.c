// SPDX-License-Identifier: GPL-2.0-only
/* arch/generic/pat/powerpc.c of a machine without coherent DMA. */
#undef CONFIG_X86
#undef CONFIG_ARM64
#include "unit.h"

#define CONFIG_NOT_COHERENT_CACHE 1
#define pat_powerpc	noncoherent
#include "../../arch/generic/pat/powerpc.c"
#undef pat_powerpc

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
