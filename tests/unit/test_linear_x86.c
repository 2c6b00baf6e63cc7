// SPDX-License-Identifier: GPL-2.0-only
/* arch/generic/pat/linear.c where page tables and MTRRs are read, as on x86-64. */
#undef CONFIG_X86
#undef CONFIG_ARM64
#define CONFIG_X86 1
#define CONFIG_MTRR 1
#define LINEAR(name)	x86_pfn_attr_##name
#ifdef CONFIG_64BIT
#include "linear_fakes.h"

/* In the middle of an entry of 512 GiB, where KASLR may well put it. */
#define BASE		0xffff9d4c80000000UL
#define __va(phys)	((void *)(BASE + (phys)))

static u8 fake_mtrr = 6, fake_uniform = 1;

static u8 mtrr_type_lookup(u64 start, u64 end, u8 *uniform)
{
	CHECK(start < end);
	*uniform = fake_uniform;
	return fake_mtrr;
}

#include "../../arch/generic/pat/linear.c"

#define G(n)		((n) * (PUD_SIZE >> PAGE_SHIFT))

static void map(unsigned long pfn, unsigned long size, u64 bits)
{
	fake_map(BASE + PFN_PHYS(pfn), size, bits);
}

/* RAM from @pfn to the page frame before @end. */
static void ram(unsigned long pfn, unsigned long end)
{
	fake_page(pfn, end - pfn, 0);
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

TEST(linear_x86, sizes)
{
	map(G(1), PUD_SIZE, FAKE_HUGE(WB));
	map(G(2), PMD_SIZE, FAKE_HUGE(WB));
	map(G(2) + 512, PAGE_SIZE, FAKE_SMALL(WB));
	map(G(2) + 513, PAGE_SIZE, FAKE_SMALL(WC));
	map(G(2) + 515, PAGE_SIZE, FAKE_SMALL(UC_MINUS));
	ram(G(1), G(4));

	CHECK_EQ(check(G(1) + 5, G(1) + 7, G(1) + 5, G(1) + 7),
		 BIT(PFN_ATTR_WB));
	CHECK_EQ(check(G(1) - 5, G(2) + 512, G(1), G(2) + 512),
		 BIT(PFN_ATTR_WB));
	CHECK_EQ(check(G(2) + 513, G(2) + 600, G(2) + 513, G(2) + 515),
		 BIT(PFN_ATTR_WC) | BIT(PFN_ATTR_UC_MINUS));
	CHECK_EQ(pfn_attr_linear_pages(G(2) + 511, G(2) + 600, PFN_ATTR_WB), 2);
	CHECK_EQ(pfn_attr_linear_pages(0, G(4), PFN_ATTR_WB), G(1) + 513);
	CHECK_EQ(pfn_attr_linear_pages(0, G(4), PFN_ATTR_WC), 1);
	CHECK_EQ(pfn_attr_linear_pages(0, G(4), PFN_ATTR_UC), 0);
	CHECK_EQ(check(G(2) + 514, G(2) + 514, 0, 0), 0);
	CHECK_EQ(check(G(3), G(4), 0, 0), 0);
}

/* set_memory_np() leaves the size bit alone. */
TEST(linear_x86, not_present)
{
	map(G(1), PUD_SIZE, FAKE_HUGE(WB) & ~(u64)_PAGE_PRESENT);
	map(G(2), PMD_SIZE, FAKE_HUGE(WB) & ~(u64)_PAGE_PRESENT);
	ram(G(1), G(4));
	CHECK_EQ(check(G(1), G(4), 0, 0), 0);
}

/* What is missing goes on to where the next entry of that size begins. */
TEST(linear_x86, hole)
{
	unsigned long next = (ALIGN_DOWN(BASE, P4D_SIZE) + P4D_SIZE - BASE) >>
			     PAGE_SHIFT;

	CHECK(next % (P4D_SIZE >> PAGE_SHIFT));
	map(next, PUD_SIZE, FAKE_HUGE(WB));
	ram(next - G(8), next + G(8));
	CHECK_EQ(check(next - G(4), next + G(4), next, next + G(1) - 1),
		 BIT(PFN_ATTR_WB));
}

TEST(linear_x86, end_of_ram)
{
	unsigned long i;

	for (i = 0; i < 10; i++)
		map(G(1) + i, PAGE_SIZE, FAKE_SMALL(WB));
	ram(G(1), G(1) + 10);
	CHECK_EQ(check(G(1), G(1) + 100, G(1), G(1) + 9), BIT(PFN_ATTR_WB));
	CHECK_EQ(check(G(1) + 10, G(1) + 100, 0, 0), 0);
}

/* All of it is mapped, but only what is RAM counts. */
TEST(linear_x86, first_megabyte)
{
	map(0, PUD_SIZE, FAKE_HUGE(WB));
	ram(1, 0x9f);
	ram(0x100, 0x800);
	CHECK_EQ(check(0, 0, 0, 0), 0);
	CHECK_EQ(check(0xa0, 0xff, 0, 0), 0);
	CHECK_EQ(check(0, 0xff, 1, 0x9e), BIT(PFN_ATTR_WB));
	CHECK_EQ(check(0xc0, 0x105, 0x100, 0x105), BIT(PFN_ATTR_WB));
}

/* memremap_pages() adds device memory, which is recorded by itself. */
TEST(linear_x86, zone_device)
{
	map(G(1), PUD_SIZE, FAKE_HUGE(WB));
	map(G(2), PUD_SIZE, FAKE_HUGE(UC_MINUS));
	ram(G(1), G(2));
	fake_page(G(2), G(1), FAKE_DEVICE);
	CHECK_EQ(check(G(2), G(2) + 5, 0, 0), 0);
	CHECK_EQ(check(G(1), G(3) - 1, G(1), G(2) - 1), BIT(PFN_ATTR_WB));
}

/* 16 GiB cost some entries each subsection, not one each page. */
TEST(linear_x86, steps)
{
	unsigned long i;

	for (i = 1; i <= 16; i++)
		map(G(i), PUD_SIZE, FAKE_HUGE(WB));
	ram(G(1), G(32));
	fake_reads = 0;
	CHECK_EQ(check(G(1), G(17) - 1, G(1), G(17) - 1), BIT(PFN_ATTR_WB));
	CHECK(fake_reads <= 16 * 512 * 4);
}

/* Where the MTRR says uncached, so are write-back and uncached-minus: P2PDMA. */
TEST(linear_x86, at)
{
	fake_mtrr = 0;
	CHECK_EQ(pfn_attr_at(G(1), G(1) + 3, PFN_ATTR_WB), PFN_ATTR_UC);
	CHECK_EQ(pfn_attr_at(G(1), G(1) + 3, PFN_ATTR_UC_MINUS), PFN_ATTR_UC);
	CHECK_EQ(pfn_attr_at(G(1), G(1) + 3, PFN_ATTR_UC), PFN_ATTR_UC);
	CHECK_EQ(pfn_attr_at(G(1), G(1) + 3, PFN_ATTR_WC), PFN_ATTR_WC);
	CHECK_EQ(pfn_attr_at(G(1), G(1), PFN_ATTR_UNKNOWN), PFN_ATTR_UNKNOWN);
	CHECK_EQ(pfn_attr_at(G(1), G(1), PFN_ATTR_NONE), PFN_ATTR_NONE);
	fake_mtrr = 1;
	CHECK_EQ(pfn_attr_at(G(1), G(1), PFN_ATTR_UC_MINUS), PFN_ATTR_WC);
	CHECK_EQ(pfn_attr_at(G(1), G(1), PFN_ATTR_WB), PFN_ATTR_WC);
}

/* Nothing is taken for granted that the MTRRs do not say, or not of all. */
TEST(linear_x86, at_unknown)
{
	fake_mtrr = 0;
	fake_uniform = 0;
	CHECK_EQ(pfn_attr_at(G(1), G(1) + 3, PFN_ATTR_WB), PFN_ATTR_WB);
	fake_uniform = 1;
	fake_mtrr = 0xff;
	CHECK_EQ(pfn_attr_at(G(1), G(1) + 3, PFN_ATTR_WB), PFN_ATTR_WB);
}

/* A hole in a section has a reserved struct page, and no linear mapping. */
TEST(linear_x86, is_ram)
{
	map(G(1), PMD_SIZE, FAKE_HUGE(WB));
	fake_page(G(1), 1024, 0);
	fake_page(G(1) + 5, 1, FAKE_RESERVED);
	fake_page(G(1) + 600, 1, FAKE_RESERVED);
	max_pfn = G(2);
	CHECK(pfn_attr_is_ram(G(1)));
	CHECK(pfn_attr_is_ram(G(1) + 5));
	CHECK(!pfn_attr_is_ram(G(1) + 600));
	fake_page(G(1) + 6, 1, FAKE_DEVICE);
	CHECK(!pfn_attr_is_ram(G(1) + 6));
}

/* A machine without MTRRs says "uncached" of its RAM, too. */
TEST(linear_x86, at_ram)
{
	fake_page(G(1), G(1), 0);
	fake_mtrr = 0;
	CHECK_EQ(pfn_attr_at(G(1), G(1), PFN_ATTR_WB), PFN_ATTR_WB);
	CHECK_EQ(pfn_attr_at(G(2) - 1, G(2), PFN_ATTR_WB), PFN_ATTR_WB);
	CHECK_EQ(pfn_attr_at(G(1) - 1, G(1), PFN_ATTR_WB), PFN_ATTR_WB);
	fake_page(G(1), G(1), FAKE_DEVICE);
	CHECK_EQ(pfn_attr_at(G(1), G(1), PFN_ATTR_WB), PFN_ATTR_UC);
}
#endif
