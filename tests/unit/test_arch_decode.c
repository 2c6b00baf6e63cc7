// SPDX-License-Identifier: GPL-2.0-only
/*
 * arch/generic/pat/: every architecture's decoder against the values in that
 * architecture's own headers, of which arch_headers.py makes arch_headers.h.
 */
#include "unit.h"
#include "arch_headers.h"

static const struct pat_format *format(const struct pat_arch *arch,
				       const char *name)
{
	unsigned int i;

	for (i = 0; i < arch->nr_formats; i++)
		if (!strcmp(arch->formats[i].name, name))
			return &arch->formats[i];
	unit_fail(__FILE__, __LINE__, "%s: no format %s", arch->name, name);
}

#define CHECK_BITS(arch, name, bits, attr)			\
	CHECK_EQ(pat_decode(&pat_##arch, format(&pat_##arch, name), bits), \
		 PFN_ATTR_##attr)

/* And all of the field, nothing but the field. */
#define CHECK_MASK(arch, name, bits)				\
	CHECK_EQ(format(&pat_##arch, name)->mask <<		\
		 format(&pat_##arch, name)->shift, bits)

#define CHECK_BECOMES(arch, name, want, got)			\
	CHECK_EQ(pat_effective(format(&pat_##arch, name), PFN_ATTR_##want), \
		 PFN_ATTR_##got)

static void check_encode(const struct pat_arch *arch, const char *name,
			 enum pfn_attr attr, u64 should)
{
	u64 bits;

	CHECK(pat_encode(arch, format(arch, name), attr, &bits));
	CHECK_EQ(bits, should);
}

#define CHECK_ENCODE(arch, name, attr, bits)			\
	check_encode(&pat_##arch, name, PFN_ATTR_##attr, bits)

#define X86(pwt, pcd, pat)						\
	((pwt ? X86_PAGE_PWT : 0) | (pcd ? X86_PAGE_PCD : 0) |	\
	 (pat ? X86_PAGE_PAT : 0))

TEST(arch, x86_tables)
{
	CHECK_EQ(format(&pat_x86, "pat")->table, X86_PAT_FULL);
	CHECK_EQ(format(&pat_x86, "pat-lower")->table, X86_PAT_LOWER);
	CHECK_EQ(format(&pat_x86, "no-pat")->table, X86_PAT_NONE);
	CHECK_EQ(pat_x86.scatter(7), X86_PAGE_CACHE_MASK);
	CHECK_EQ(pat_x86.gather(~X86_PAGE_CACHE_MASK), 0);
}

TEST(arch, x86_pat)
{
	CHECK_BITS(x86, "pat", X86(0, 0, 0), WB);
	CHECK_BITS(x86, "pat", X86(1, 0, 0), WC);
	CHECK_BITS(x86, "pat", X86(0, 1, 0), UC_MINUS);
	CHECK_BITS(x86, "pat", X86(1, 1, 0), UC);
	CHECK_BITS(x86, "pat", X86(1, 0, 1), WP);
	CHECK_BITS(x86, "pat", X86(1, 1, 1), WT);
	CHECK_ENCODE(x86, "pat", WB, 0);
	CHECK_ENCODE(x86, "pat", WT, X86(1, 1, 1));
}

/* Two bits only: what would be WC with PAT is WT, and so it is without WC. */
TEST(arch, x86_without_pat)
{
	u64 bits;

	CHECK_BITS(x86, "no-pat", X86(0, 0, 0), WB);
	CHECK_BITS(x86, "no-pat", X86(1, 0, 0), WT);
	CHECK_BITS(x86, "no-pat", X86(0, 1, 0), UC_MINUS);
	CHECK_BITS(x86, "no-pat", X86(1, 1, 1), UC);
	CHECK_BECOMES(x86, "no-pat", WC, UC_MINUS);
	CHECK_BECOMES(x86, "no-pat", WP, UC_MINUS);
	CHECK_BECOMES(x86, "no-pat", WT, WT);
	CHECK_BECOMES(x86, "pat-lower", WT, UC_MINUS);
	CHECK(!pat_encode(&pat_x86, format(&pat_x86, "no-pat"), PFN_ATTR_WC,
			  &bits));
}

TEST(arch, x86_xen)
{
	CHECK_BITS(x86, "xen-pv", X86(1, 0, 0), WT);
	CHECK_BITS(x86, "xen-pv", X86(0, 0, 1), WC);
	CHECK_BITS(x86, "xen-pv", X86(1, 0, 1), WP);
	CHECK_ENCODE(x86, "xen-pv", WC, X86_PAGE_PAT);
	CHECK_BECOMES(x86, "xen-pv", WC, WC);
	CHECK_BECOMES(x86, "pat", DEVICE, NONE);
}

/* Types 2 and 3 are reserved: unknown, not judged. */
TEST(arch, x86_reserved)
{
	struct pat_format odd = *format(&pat_x86, "pat");

	odd.table = 0x0302;
	CHECK_EQ(pat_decode(&pat_x86, &odd, X86(0, 0, 0)), PFN_ATTR_UNKNOWN);
	CHECK_EQ(pat_decode(&pat_x86, &odd, X86(1, 0, 0)), PFN_ATTR_UNKNOWN);
}

TEST(arch, x86_large)
{
	CHECK_EQ(pat_x86.from_large(X86_PAGE_PAT), 0);
	CHECK_EQ(pat_x86.from_large(X86_PAGE_PAT | X86_PAGE_PAT_LARGE |
				    X86_PAGE_PWT),
		 X86_PAGE_PAT | X86_PAGE_PWT);
}

/* The manual's table, MTRR by MTRR; the last column is a reserved type. */
TEST(arch, x86_mtrr)
{
	static const enum pfn_attr types[] = {
		PFN_ATTR_UC, PFN_ATTR_UC_MINUS, PFN_ATTR_WC, PFN_ATTR_WT,
		PFN_ATTR_WP, PFN_ATTR_WB,
	};
#define ROW(mtrr, uc, uc_minus, wc, wt, wp, wb)				\
	{ PFN_ATTR_##mtrr, { PFN_ATTR_##uc, PFN_ATTR_##uc_minus,	\
			     PFN_ATTR_##wc, PFN_ATTR_##wt,		\
			     PFN_ATTR_##wp, PFN_ATTR_##wb } }
	static const struct {
		enum pfn_attr mtrr;
		enum pfn_attr got[ARRAY_SIZE(types)];
	} rows[] = {
		ROW(UC, UC, UC, WC, UC, UC, UC),
		ROW(WC, UC, WC, WC, UC, UC, WC),
		ROW(WT, UC, UC, WC, WT, WP, WT),
		ROW(WP, UC, WC, WC, WT, WP, WP),
		ROW(WB, UC, UC, WC, WT, WP, WB),
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		for (j = 0; j < ARRAY_SIZE(types); j++)
			CHECK_EQ(pat_x86.under(types[j], rows[i].mtrr),
				 rows[i].got[j]);
	CHECK_EQ(pat_x86.under(PFN_ATTR_WB, PFN_ATTR_UNKNOWN),
		 PFN_ATTR_UNKNOWN);
	CHECK_EQ(pat_x86.under(PFN_ATTR_UNKNOWN, PFN_ATTR_UC),
		 PFN_ATTR_UNKNOWN);
	CHECK_EQ(pat_x86.under(PFN_ATTR_NONE, PFN_ATTR_WB), PFN_ATTR_NONE);
}

TEST(arch, arm64)
{
	struct pat_format boot = *format(&pat_arm64, "mair");
	u64 tagged = ARM64_MT_NORMAL_TAGGED;

	CHECK_MASK(arm64, "mair", ARM64_PTE_ATTRINDX_MASK);
	/* The tagged byte is filled in later, where there are tags. */
	tagged = 0xffULL << (tagged >> boot.shift) * 8;
	CHECK_EQ((boot.table ^ ARM64_MAIR_EL1_SET) & ~tagged, 0);
	CHECK_EQ(boot.table >> 8 & 0xff, ARM64_MAIR_ATTR_NORMAL_TAGGED);

	CHECK_BITS(arm64, "mair", ARM64_MT_NORMAL, WB);
	CHECK_BITS(arm64, "mair", ARM64_MT_NORMAL_TAGGED, WB);
	CHECK_BITS(arm64, "mair", ARM64_MT_NORMAL_NC, WC);
	CHECK_BITS(arm64, "mair", ARM64_MT_DEVICE_nGnRE, DEVICE);
	CHECK_BITS(arm64, "mair", ARM64_MT_DEVICE_nGnRnE, DEVICE_STRICT);
	CHECK_ENCODE(arm64, "mair", WB, ARM64_MT_NORMAL);
	CHECK_ENCODE(arm64, "mair", DEVICE_STRICT, ARM64_MT_DEVICE_nGnRnE);
	CHECK_BECOMES(arm64, "mair", UC, DEVICE_STRICT);
	CHECK_BECOMES(arm64, "mair", WP, NONE);

	boot.table = ARM64_MAIR_EL1_SET;
	CHECK_EQ(pat_decode(&pat_arm64, &boot, ARM64_MT_NORMAL_TAGGED),
		 PFN_ATTR_WB);
	/* Write-through, which the kernel never programs. */
	boot.table = 0xbb;
	CHECK_EQ(pat_decode(&pat_arm64, &boot, 0), PFN_ATTR_UNKNOWN);
}

TEST(arch, arm_2level)
{
	CHECK_MASK(arm, "2level", ARM_L_PTE_MT_MASK);
	CHECK_BITS(arm, "2level", ARM_L_PTE_MT_WRITEALLOC, WB);
	CHECK_BITS(arm, "2level", ARM_L_PTE_MT_WRITEBACK, WB);
	CHECK_BITS(arm, "2level", ARM_L_PTE_MT_DEV_CACHED, WB);
	CHECK_BITS(arm, "2level", ARM_L_PTE_MT_VECTORS, WB);
	CHECK_BITS(arm, "2level", ARM_L_PTE_MT_WRITETHROUGH, WT);
	CHECK_BITS(arm, "2level", ARM_L_PTE_MT_BUFFERABLE, WC);
	CHECK_BITS(arm, "2level", ARM_L_PTE_MT_DEV_WC, WC);
	CHECK_BITS(arm, "2level", ARM_L_PTE_MT_DEV_SHARED, DEVICE);
	CHECK_BITS(arm, "2level", ARM_L_PTE_MT_DEV_NONSHARED, DEVICE);
	CHECK_BITS(arm, "2level", ARM_L_PTE_MT_UNCACHED, DEVICE_STRICT);
	/* No such thing since ARMv6; before, a cache of its own. */
	CHECK_BITS(arm, "2level", ARM_L_PTE_MT_MINICACHE, UNKNOWN);
	CHECK_BITS(arm, "classic", ARM_L_PTE_MT_MINICACHE, WB);
	/* Holes in the table of armv6_mt_table. */
	CHECK_BITS(arm, "2level", 0x5 << 2, UNKNOWN);
	CHECK_BITS(arm, "2level", 0xe << 2, UNKNOWN);
	CHECK_BECOMES(arm, "2level", UC, DEVICE_STRICT);
	CHECK_BECOMES(arm, "2level", WT, WC);
}

TEST(arch, arm_lpae)
{
	CHECK_MASK(arm, "lpae", LPAE_L_PTE_MT_MASK);
	CHECK_BITS(arm, "lpae", LPAE_L_PTE_MT_WRITEALLOC, WB);
	CHECK_BITS(arm, "lpae", LPAE_L_PTE_MT_WRITEBACK, WB);
	CHECK_BITS(arm, "lpae", LPAE_L_PTE_MT_DEV_CACHED, WB);
	CHECK_BITS(arm, "lpae", LPAE_L_PTE_MT_WRITETHROUGH, WT);
	CHECK_BITS(arm, "lpae", LPAE_L_PTE_MT_BUFFERABLE, WC);
	CHECK_BITS(arm, "lpae", LPAE_L_PTE_MT_DEV_WC, WC);
	CHECK_BITS(arm, "lpae", LPAE_L_PTE_MT_DEV_SHARED, DEVICE);
	CHECK_BITS(arm, "lpae", LPAE_L_PTE_MT_DEV_NONSHARED, DEVICE);
	CHECK_BITS(arm, "lpae", LPAE_L_PTE_MT_UNCACHED, DEVICE_STRICT);
	CHECK_BITS(arm, "lpae", 5 << 2, UNKNOWN);
	CHECK_BITS(arm, "lpae", 6 << 2, UNKNOWN);
}

TEST(arch, riscv_svpbmt)
{
	CHECK_MASK(riscv, "svpbmt", RISCV_PAGE_MTMASK_SVPBMT);
	CHECK_BITS(riscv, "svpbmt", 0, WB);
	CHECK_BITS(riscv, "svpbmt", RISCV_PAGE_NOCACHE_SVPBMT, WC);
	CHECK_BITS(riscv, "svpbmt", RISCV_PAGE_IO_SVPBMT, UC);
	/* Both: reserved. */
	CHECK_BITS(riscv, "svpbmt", RISCV_PAGE_MTMASK_SVPBMT, UNKNOWN);
	CHECK_ENCODE(riscv, "svpbmt", WC, RISCV_PAGE_NOCACHE_SVPBMT);
	CHECK_BECOMES(riscv, "svpbmt", DEVICE, UC);
}

TEST(arch, riscv_thead)
{
	CHECK_MASK(riscv, "thead", RISCV_PAGE_MTMASK_THEAD);
	CHECK_BITS(riscv, "thead", RISCV_PAGE_PMA_THEAD, WB);
	CHECK_BITS(riscv, "thead", RISCV_PAGE_NOCACHE_THEAD, WC);
	CHECK_BITS(riscv, "thead", RISCV_PAGE_IO_THEAD, UC);
	/* A pgprot before pfn_pte() has filled them in. */
	CHECK_BITS(riscv, "thead", 0, WB);
	/* Cacheable and strongly ordered at once. */
	CHECK_BITS(riscv, "thead",
		   RISCV_PAGE_PMA_THEAD | RISCV_PAGE_IO_THEAD, UNKNOWN);
	CHECK_BITS(riscv, "thead", 1ULL << 59, UNKNOWN);
	CHECK_ENCODE(riscv, "thead", WB, RISCV_PAGE_PMA_THEAD);
}

/*
 * pte_modify() of an entry with protection that says nothing: PMA is filled into
 * the protection, and the bits of the entry stay.
 */
static enum pfn_attr thead_modified(u64 entry)
{
	return pat_decode(&pat_riscv, format(&pat_riscv, "thead"),
			  entry | RISCV_PAGE_PMA_THEAD);
}

TEST(arch, riscv_thead_mprotect)
{
	/* It is cached now, as PMA has it. */
	CHECK_EQ(thead_modified(RISCV_PAGE_NOCACHE_THEAD), PFN_ATTR_WB);
	CHECK_EQ(thead_modified(RISCV_PAGE_PMA_THEAD), PFN_ATTR_WB);
	/* Neither T-Head nor the kernel says what this is. */
	CHECK_EQ(thead_modified(RISCV_PAGE_IO_THEAD), PFN_ATTR_UNKNOWN);
}

/* The physical memory attributes decide; nothing can be asked for. */
TEST(arch, riscv_pma)
{
	u64 bits;

	CHECK_BITS(riscv, "pma", 0, WB);
	CHECK_BITS(riscv, "pma", RISCV_PAGE_NOCACHE_SVPBMT, WB);
	CHECK_BITS(riscv, "pma", ~0ULL, WB);
	CHECK_BECOMES(riscv, "pma", WC, WB);
	CHECK_BECOMES(riscv, "pma", UC, WB);
	CHECK_BECOMES(riscv, "pma", WP, NONE);
	CHECK(!pat_encode(&pat_riscv, format(&pat_riscv, "pma"), PFN_ATTR_WC,
			  &bits));
}

TEST(arch, powerpc_book3s64)
{
	CHECK_MASK(powerpc, "book3s64", PPC64_PAGE_CACHE_CTL);
	CHECK_BITS(powerpc, "book3s64", 0, WB);
	CHECK_BITS(powerpc, "book3s64", PPC64_PAGE_SAO, WB);
	CHECK_BITS(powerpc, "book3s64", PPC64_PAGE_TOLERANT, WC);
	CHECK_BITS(powerpc, "book3s64", PPC64_PAGE_NON_IDEMPOTENT, UC);
	CHECK_ENCODE(powerpc, "book3s64", WC, PPC64_PAGE_TOLERANT);
	CHECK_ENCODE(powerpc, "book3s64", WB, 0);
	CHECK_BECOMES(powerpc, "book3s64", WT, UC);
}

static void check_wimg(const char *name, u64 g, u64 m, u64 i, u64 w)
{
	CHECK_MASK(powerpc, name, g | m | i | w);
	CHECK_BITS(powerpc, name, 0, WB);
	CHECK_BITS(powerpc, name, m, WB);
	CHECK_BITS(powerpc, name, m | g, WB);
	CHECK_BITS(powerpc, name, w, WT);
	CHECK_BITS(powerpc, name, w | m, WT);
	CHECK_BITS(powerpc, name, i, WC);
	CHECK_BITS(powerpc, name, i | m, WC);
	CHECK_BITS(powerpc, name, i | g, UC);
	CHECK_BITS(powerpc, name, i | g | m, UC);
	/* Write-through and not cached: the two contradict each other. */
	CHECK_BITS(powerpc, name, w | i, UNKNOWN);
	CHECK_BITS(powerpc, name, w | i | m | g, UNKNOWN);
	/* As pgprot_cached(), _cached_wthru(), _noncached_wc(), _noncached(). */
	CHECK_ENCODE(powerpc, name, WB, m);
	CHECK_ENCODE(powerpc, name, WT, m | w);
	CHECK_ENCODE(powerpc, name, WC, i);
	CHECK_ENCODE(powerpc, name, UC, i | g);
}

#define CHECK_WIMG(name, who)					\
	check_wimg(name, who##_PAGE_GUARDED, who##_PAGE_COHERENT,	\
		   who##_PAGE_NO_CACHE, who##_PAGE_WRITETHRU)

TEST(arch, powerpc_wimg)
{
	CHECK_WIMG("book3s32", PPC32);
	CHECK_WIMG("44x", PPC44X);
	CHECK_WIMG("85xx", PPC85XX);
	CHECK_WIMG("e500", PPCE500);
}

TEST(arch, powerpc_8xx)
{
	CHECK_MASK(powerpc, "8xx", PPC8XX_PAGE_NO_CACHE | PPC8XX_PAGE_GUARDED);
	CHECK_BITS(powerpc, "8xx", 0, WB);
	CHECK_BITS(powerpc, "8xx", PPC8XX_PAGE_NO_CACHE, WC);
	CHECK_BITS(powerpc, "8xx", PPC8XX_PAGE_NO_CACHE | PPC8XX_PAGE_GUARDED,
		   UC);
}

/* Which bit it is, the machine says. */
TEST(arch, s390)
{
	struct pat_format mio = *format(&pat_s390, "mio");

	mio.shift = 9;
	CHECK_EQ(pat_decode(&pat_s390, &mio, 1 << 9), PFN_ATTR_WC);
	CHECK_EQ(pat_decode(&pat_s390, &mio, ~(1ULL << 9)), PFN_ATTR_WB);
	CHECK_BITS(s390, "plain", ~0ULL, WB);
	CHECK_BECOMES(s390, "plain", WC, WB);
	CHECK_BECOMES(s390, "mio", WC, WC);
	CHECK_BECOMES(s390, "mio", WT, WB);
	CHECK_BECOMES(s390, "mio", UC, WB);
}

static void check_cca(const char *name, u64 shift, const u64 codes[8])
{
	static const enum pfn_attr should[8] = {
		PFN_ATTR_WT, PFN_ATTR_WT, PFN_ATTR_UC, PFN_ATTR_WB,
		PFN_ATTR_WB, PFN_ATTR_WB, PFN_ATTR_WB, PFN_ATTR_WC,
	};
	struct pat_format here = *format(&pat_mips, name);
	unsigned int i;

	here.shift = shift;
	for (i = 0; i < 8; i++)
		CHECK_EQ(pat_decode(&pat_mips, &here, codes[i]), should[i]);
}

#define CCA(who) {						\
	who##_CACHE_CACHABLE_NO_WA, who##_CACHE_CACHABLE_WA,	\
	who##_CACHE_UNCACHED, who##_CACHE_CACHABLE_NONCOHERENT,	\
	who##_CACHE_CACHABLE_CE, who##_CACHE_CACHABLE_COW,	\
	who##_CACHE_CACHABLE_CUW, who##_CACHE_UNCACHED_ACCELERATED }

TEST(arch, mips)
{
	static const u64 mips64[8] = CCA(MIPS64), mips32[8] = CCA(MIPS32);
	struct pat_format here = *format(&pat_mips, "xburst");

	check_cca("cca", MIPS64_CACHE_SHIFT, mips64);
	check_cca("cca", MIPS32_CACHE_SHIFT, mips32);
	check_cca("cca-no-uca", MIPS32_CACHE_SHIFT, mips32);
	CHECK_EQ(7ULL << MIPS64_CACHE_SHIFT, MIPS64_CACHE_MASK);
	CHECK_BECOMES(mips, "cca", WC, WC);
	CHECK_BECOMES(mips, "cca-no-uca", WC, UC);

	here.shift = MIPS32_CACHE_SHIFT;
	CHECK_EQ(pat_decode(&pat_mips, &here, MIPS32_CACHE_CACHABLE_WA),
		 PFN_ATTR_WC);
	CHECK_EQ(pat_decode(&pat_mips, &here, MIPS32_CACHE_CACHABLE_COW),
		 PFN_ATTR_UNKNOWN);
}

TEST(arch, mips_r3000)
{
	CHECK_MASK(mips, "r3000", R3000_CACHE_MASK);
	CHECK_EQ(format(&pat_mips, "r3000")->shift, R3000_CACHE_UNCACHED_SHIFT);
	CHECK_BITS(mips, "r3000", R3000_CACHE_UNCACHED, UC);
	CHECK_BITS(mips, "r3000", 0, WB);
	CHECK_BECOMES(mips, "r3000", WC, UC);
}

TEST(arch, parisc)
{
	const struct pat_facts facts = { .colour = PARISC_SHM_COLOUR };

	CHECK_MASK(parisc, "u", PARISC_PAGE_NO_CACHE);
	CHECK_BITS(parisc, "u", 0, WB);
	CHECK_BITS(parisc, "u", PARISC_PAGE_NO_CACHE, UC);
	CHECK_BECOMES(parisc, "u", WC, UC);
	CHECK_EQ(pfn_attr_colour_verdict(&facts, 0x40000000, true, 0x40001000,
					 true), PFN_VERDICT_INCOHERENT);
	CHECK_EQ(pfn_attr_colour_verdict(&facts, 0x40000000, true, 0x40400000,
					 true), PFN_VERDICT_SAME);
	CHECK_HAS(pat_parisc.colour->rule, "4 MiB");
	CHECK_EQ(PARISC_SHM_COLOUR, 4 << 20);
}

TEST(arch, loongarch)
{
	CHECK_MASK(loongarch, "wuc-off", LOONGARCH_CACHE_MASK);
	CHECK_BITS(loongarch, "wuc-off", LOONGARCH_CACHE_CC, WB);
	CHECK_BITS(loongarch, "wuc-off", LOONGARCH_CACHE_SUC, UC);
	CHECK_BITS(loongarch, "wuc-off", LOONGARCH_CACHE_WUC, WC);
	CHECK_BITS(loongarch, "wuc-on", LOONGARCH_CACHE_WUC, WC);
	CHECK_BITS(loongarch, "wuc-on", LOONGARCH_CACHE_MASK, UNKNOWN);
	CHECK_BECOMES(loongarch, "wuc-off", WC, UC);
	CHECK_BECOMES(loongarch, "wuc-on", WC, WC);
}

TEST(arch, sparc)
{
	CHECK_MASK(sparc, "sun4u", SPARC64_PAGE_CP_4U | SPARC64_PAGE_CV_4U |
		   SPARC64_PAGE_E_4U);
	CHECK_BITS(sparc, "sun4u", SPARC64_PAGE_CP_4U | SPARC64_PAGE_CV_4U, WB);
	CHECK_BITS(sparc, "sun4u", SPARC64_PAGE_CP_4U, WB);
	CHECK_BITS(sparc, "sun4u", SPARC64_PAGE_E_4U, UC);
	CHECK_BITS(sparc, "sun4u", SPARC64_PAGE_CP_4U | SPARC64_PAGE_E_4U,
		   UNKNOWN);
	CHECK_BITS(sparc, "sun4u", SPARC64_PAGE_CV_4U, UNKNOWN);
	CHECK_MASK(sparc, "sun4v", SPARC64_PAGE_CP_4V | SPARC64_PAGE_CV_4V |
		   SPARC64_PAGE_E_4V);
	CHECK_BITS(sparc, "sun4v", SPARC64_PAGE_CP_4V | SPARC64_PAGE_CV_4V, WB);
	CHECK_BITS(sparc, "sun4v", SPARC64_PAGE_E_4V, UC);
	CHECK_BITS(sparc, "m7", SPARC64_PAGE_CP_4V | SPARC64_PAGE_CV_4V, WB);
	CHECK_BITS(sparc, "m7", SPARC64_PAGE_E_4V | SPARC64_PAGE_CV_4V, UC);
	CHECK_BITS(sparc, "srmmu", SPARC32_SRMMU_CACHE, WB);
	CHECK_BITS(sparc, "srmmu", 0, UC);
	CHECK_MASK(sparc, "srmmu", SPARC32_SRMMU_CACHE);
	CHECK_BECOMES(sparc, "sun4u", WC, UC);
}
