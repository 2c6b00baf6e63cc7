// SPDX-License-Identifier: GPL-2.0-only
/* arch/generic/pat/linear.c where memblock says what the linear map maps. */
#undef CONFIG_X86
#undef CONFIG_ARM64
#define CONFIG_ARM64 1
#define CONFIG_ARCH_KEEP_MEMBLOCK 1
#define LINEAR(name)	arm64_pfn_attr_##name
#include "linear_fakes.h"
#include "../../arch/generic/pat/linear.c"

#define KEEP	0x1234UL

/* What is mapped of pfn..last: WB from @from to @to. */
#define CHECK_LINEAR(pfn, last, from_, to_)				\
	do {								\
		unsigned long _from = KEEP, _to = KEEP;			\
									\
		CHECK_EQ(pfn_attr_linear(pfn, last, &_from, &_to),	\
			 BIT(PFN_ATTR_WB));				\
		CHECK_EQ(_from, from_);					\
		CHECK_EQ(_to, to_);					\
	} while (0)

#define CHECK_NOT_LINEAR(pfn, last)					\
	do {								\
		unsigned long _from = KEEP, _to = KEEP;			\
									\
		CHECK_EQ(pfn_attr_linear(pfn, last, &_from, &_to), 0);	\
		CHECK_EQ(_from, KEEP);					\
		CHECK_EQ(_to, KEEP);					\
	} while (0)

/* As QEMU's virt with 512 MiB and a "no-map" carve-out of 16 MiB. */
static void boot(void)
{
	fake_region(0x40000000, 0x10000000, 0);
	fake_region(0x50000000, 0x1000000, MEMBLOCK_NOMAP);
	fake_region(0x51000000, 0xf000000, 0);
	fake_page(0x40000, 0x20000, 0);
	fake_page(0x50000, 0x1000, FAKE_RESERVED);
}

TEST(linear_arm64, no_map)
{
	boot();
	CHECK_NOT_LINEAR(0x50000, 0x50000);
	CHECK_NOT_LINEAR(0x50000, 0x50001);
	CHECK_NOT_LINEAR(0x50000, 0x50fff);
	CHECK_LINEAR(0x50ffe, 0x51003, 0x51000, 0x51003);
	CHECK_LINEAR(0x4fff0, 0x50010, 0x4fff0, 0x4ffff);
	/* A hole between the two. */
	CHECK_LINEAR(0x4fff0, 0x51010, 0x4fff0, 0x51010);
}

TEST(linear_arm64, ends)
{
	boot();
	CHECK_NOT_LINEAR(0, 0x3ffff);
	CHECK_NOT_LINEAR(0x9000, 0x9000);
	CHECK_LINEAR(0, ~0UL >> 1, 0x40000, 0x5ffff);
	CHECK_LINEAR(0x3ffff, 0x40000, 0x40000, 0x40000);
	CHECK_LINEAR(0x5ffff, 0x60001, 0x5ffff, 0x5ffff);
	CHECK_NOT_LINEAR(0x60000, 0x70000);
	CHECK_EQ(pfn_attr_linear(0x40000, 0x40001, NULL, NULL),
		 BIT(PFN_ATTR_WB));
}

TEST(linear_arm64, nothing)
{
	CHECK_NOT_LINEAR(0, ~0UL >> 1);
}

/* map_mem() leaves pages out that are not RAM as a whole. */
TEST(linear_arm64, parts_of_pages)
{
	fake_region(0x40000800, 0x2000, 0);
	fake_region(0x40002800, 0x400, MEMBLOCK_NOMAP);
	fake_region(0x40002c00, 0x100, 0);
	CHECK_LINEAR(0, 0x50000, 0x40001, 0x40001);
	CHECK_NOT_LINEAR(0x40000, 0x40000);
	CHECK_NOT_LINEAR(0x40002, 0x40002);
}

TEST(linear_arm64, hot_added)
{
	boot();
	CHECK_NOT_LINEAR(0x80000, 0x8ffff);
	fake_region(0x80000000, 0x8000000, 0);
	CHECK_LINEAR(0x80000, 0x8ffff, 0x80000, 0x87fff);
}

/* Against a model that knows each page, with regions that do not touch. */
TEST(linear_arm64, random)
{
	unsigned int seed = unit_env("SEED", 1), i, flags[FAKE_REGIONS];
	unsigned long start[FAKE_REGIONS], pfn = 0, round;

	for (i = 0; i < FAKE_REGIONS; i++) {
		start[i] = pfn += rand_r(&seed) % 3;
		flags[i] = rand_r(&seed) % 4 ? 0 : MEMBLOCK_NOMAP;
		pfn += 1 + rand_r(&seed) % 4;
		fake_region(PFN_PHYS(start[i]), PFN_PHYS(pfn - start[i]),
			    flags[i]);
	}
	for (round = 0; round < 2000; round++) {
		unsigned long a = rand_r(&seed) % pfn;
		unsigned long b = a + rand_r(&seed) % 12, p;
		unsigned long from = KEEP, to = KEEP, is_from, is_to;
		unsigned int attrs = 0, pages = 0, is;

		for (p = a; p <= b; p++) {
			if (!memblock_is_map_memory(PFN_PHYS(p)))
				continue;
			from = attrs ? from : p;
			to = p;
			attrs = BIT(PFN_ATTR_WB);
			pages++;
		}
		is_from = KEEP;
		is_to = KEEP;
		is = pfn_attr_linear(a, b, &is_from, &is_to);
		CHECK_EQ(is, attrs);
		CHECK_EQ(is_from, from);
		CHECK_EQ(is_to, to);
		CHECK_EQ(pfn_attr_linear_pages(a, b, PFN_ATTR_WB), pages);
	}
}

TEST(linear_arm64, is_ram)
{
	boot();
	CHECK(pfn_attr_is_ram(0x40000));
	CHECK(pfn_attr_is_ram(0x5ffff));
	/* A carve-out, and what lies behind all sections. */
	CHECK(!pfn_attr_is_ram(0x50000));
	CHECK(!pfn_attr_is_ram(0x60000));
	/* Reserved, as the kernel's image is. */
	fake_page(0x40100, 1, FAKE_RESERVED);
	CHECK(pfn_attr_is_ram(0x40100));
	/* A hole in a section: a struct page, and nothing behind it. */
	fake_page(0x60000, 0x100, FAKE_RESERVED);
	CHECK(pfn_valid(0x60000));
	CHECK(!pfn_attr_is_ram(0x60000));
	fake_page(0x40200, 1, FAKE_OFFLINE);
	CHECK(!pfn_attr_is_ram(0x40200));
	fake_page(0x40300, 1, FAKE_DEVICE);
	CHECK(!pfn_attr_is_ram(0x40300));
}

/* Nothing but the entries says what a mapping is. */
TEST(linear_arm64, at)
{
	boot();
	CHECK_EQ(pfn_attr_at(0x9000, 0x9000, PFN_ATTR_WB), PFN_ATTR_WB);
	CHECK_EQ(pfn_attr_at(0x40000, 0x40000, PFN_ATTR_WC), PFN_ATTR_WC);
}
