// SPDX-License-Identifier: GPL-2.0-only
/* arch/generic/pat/linear.c on RISC-V without memblock, and its PMA. */
#undef CONFIG_X86
#undef CONFIG_ARM64
#define CONFIG_RISCV 1
#define LINEAR(name)	riscv_pfn_attr_##name
#ifdef CONFIG_64BIT
#include "linear_fakes.h"

/* RAM begins at 2 GiB; below its addresses lies the vmalloc area. */
#define BASE		0xffffffd600000000UL
#define RAM		0x80000000UL
#define __va(phys)	((void *)(BASE - RAM + (phys)))
#define is_linear_mapping(va)	((va) >= BASE)

#include "../../arch/generic/pat/linear.c"

#define FIRST		PHYS_PFN(RAM)
#define M2		(PMD_SIZE >> PAGE_SHIFT)

static void map(unsigned long pfn, unsigned long size, u64 bits)
{
	fake_map(BASE - RAM + PFN_PHYS(pfn), size, bits);
}

/* 8 MiB; of the third 2 MiB a part is "no-map", the fourth as a whole. */
static void boot(void)
{
	unsigned long i;

	fake_page(FIRST, 4 * M2, 0);
	map(FIRST, PMD_SIZE, FAKE_HUGE(WB));
	map(FIRST + M2, PMD_SIZE, FAKE_HUGE(WB));
	for (i = 0; i < M2; i++)
		if (i < 16 || i >= 32)
			map(FIRST + 2 * M2 + i, PAGE_SIZE, FAKE_SMALL(WB));
	fake_page(FIRST + 2 * M2 + 16, 16, FAKE_RESERVED);
	fake_page(FIRST + 3 * M2, M2, FAKE_RESERVED);
	max_pfn = FIRST + 4 * M2;
}

static unsigned int check(unsigned long pfn, unsigned long last,
			  unsigned long from, unsigned long to)
{
	unsigned long is_from = 0, is_to = 0;
	unsigned int attrs = pfn_attr_linear(pfn, last, &is_from, &is_to);

	CHECK_EQ(is_from, from);
	CHECK_EQ(is_to, to);
	return attrs;
}

TEST(linear_riscv, no_map)
{
	const unsigned long part = FIRST + 2 * M2 + 16;

	boot();
	CHECK_EQ(check(part, part + 15, 0, 0), 0);
	CHECK_EQ(check(part, part + 16, part + 16, part + 16),
		 BIT(PFN_ATTR_WB));
	CHECK_EQ(check(part - 1, part + 3, part - 1, part - 1),
		 BIT(PFN_ATTR_WB));
	CHECK_EQ(check(FIRST + 3 * M2, FIRST + 4 * M2 - 1, 0, 0), 0);
	CHECK_EQ(check(FIRST, FIRST + 8 * M2, FIRST, FIRST + 3 * M2 - 1),
		 BIT(PFN_ATTR_WB));
}

/* A device's address in the linear map is one of the vmalloc area. */
TEST(linear_riscv, below)
{
	boot();
	map(0x10000, PAGE_SIZE, FAKE_SMALL(WB));
	CHECK_EQ(check(0x10000, 0x10000, 0, 0), 0);
	fake_page(0x10000, 1, 0);
	CHECK_EQ(check(0x10000, 0x10000, 0, 0), 0);
}

/* Page tables of sections that are offline may be freed at any time. */
TEST(linear_riscv, offline)
{
	boot();
	fake_page(FIRST, M2, FAKE_OFFLINE);
	fake_reads = 0;
	CHECK_EQ(check(FIRST, FIRST + M2 - 1, 0, 0), 0);
	CHECK_EQ(fake_reads, 0);
	CHECK(!pfn_attr_is_ram(FIRST));
	CHECK(pfn_attr_is_ram(FIRST + M2));
}

TEST(linear_riscv, is_ram)
{
	boot();
	CHECK(pfn_attr_is_ram(FIRST + 2 * M2));
	CHECK(!pfn_attr_is_ram(FIRST + 2 * M2 + 16));
	CHECK(!pfn_attr_is_ram(FIRST + 3 * M2));
	CHECK(!pfn_attr_is_ram(0x10000));
	fake_page(FIRST, 1, FAKE_RESERVED);
	CHECK(pfn_attr_is_ram(FIRST));
}

/* I/O is uncached where the entry leaves it to the PMA; RAM is cached. */
TEST(linear_riscv, at)
{
	boot();
	CHECK_EQ(pfn_attr_at(0x10000, 0x10003, PFN_ATTR_WB), PFN_ATTR_UC);
	CHECK_EQ(pfn_attr_at(0x10000, 0x10003, PFN_ATTR_UC), PFN_ATTR_UC);
	CHECK_EQ(pfn_attr_at(0x10000, 0x10003, PFN_ATTR_WC), PFN_ATTR_WC);
	CHECK_EQ(pfn_attr_at(FIRST, FIRST, PFN_ATTR_WB), PFN_ATTR_WB);
	/* A carve-out is RAM all the same, and so is a range that ends in it. */
	CHECK_EQ(pfn_attr_at(FIRST + 3 * M2, FIRST + 3 * M2, PFN_ATTR_WB),
		 PFN_ATTR_WB);
	CHECK_EQ(pfn_attr_at(FIRST - 70000, FIRST, PFN_ATTR_WB), PFN_ATTR_WB);
	fake_page(0x400000, M2, FAKE_DEVICE | FAKE_P2PDMA);
	CHECK_EQ(pfn_attr_at(0x400000, 0x400010, PFN_ATTR_WB), PFN_ATTR_UC);
	fake_page(0x500000, M2, FAKE_DEVICE);
	CHECK_EQ(pfn_attr_at(0x500000, 0x500010, PFN_ATTR_WB), PFN_ATTR_WB);
}
#endif
