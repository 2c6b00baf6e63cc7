// SPDX-License-Identifier: GPL-2.0-only
/* arch/generic/pat/: what page table bits mean, and which do not go together. */
#include "unit.h"

#if defined(CONFIG_X86)
#define NATIVE_NAME	"x86"
#elif defined(CONFIG_ARM64)
#define NATIVE_NAME	"arm64"
#else
#define NATIVE_NAME	"generic"
#endif

TEST(attr, native)
{
	unit_boot(NULL);
	CHECK(!strcmp(pfn_attr_arch(), NATIVE_NAME));
	CHECK(pfn_attr_facts()->format.nr_codes);
	CHECK_EQ(pfn_attr_facts()->errata, 0);
	CHECK_EQ(pfn_attr_facts()->colour, 0);
}

TEST(attr, decode)
{
	const enum pfn_attr *attr;

	unit_boot(NULL);
	for (attr = unit_attrs; *attr; attr++) {
		unsigned long bits = pgprot_val(unit_prot(*attr));

		CHECK_EQ(pfn_attr_from_pgprot(unit_prot(*attr)), *attr);
		/* Protection is not the caches' business. */
		CHECK_EQ(pfn_attr_from_pgprot(__pgprot(bits ^ 0x43)), *attr);
	}
	CHECK_EQ(pfn_attr_from_pgprot(unit_prot(PFN_ATTR_UNKNOWN)),
		 PFN_ATTR_UNKNOWN);
}

TEST(attr, large)
{
	const enum pfn_attr *attr;

	unit_boot(NULL);
	for (attr = unit_attrs; *attr; attr++) {
		unsigned long bits = pgprot_val(unit_prot(*attr));

		if (PAT_NATIVE == &pat_x86)
			bits = (bits & ~(1UL << 7)) | (bits & 1UL << 7) << 5 |
			       1UL << 7;
		CHECK_EQ(pfn_attr_from_large(__pgprot(bits)), *attr);
	}
}

#ifdef CONFIG_X86
/* The table is the kernel's, slot by slot, not one that we believe in. */
TEST(attr, decode_x86)
{
	static const enum pfn_attr should[8] = {
		PFN_ATTR_WB, PFN_ATTR_WC, PFN_ATTR_UC_MINUS, PFN_ATTR_UC,
		PFN_ATTR_WB, PFN_ATTR_WP, PFN_ATTR_UNKNOWN, PFN_ATTR_WT,
	};
	unsigned long i;

	pfn_attr_init();
	for (i = 0; i < 8; i++)
		CHECK_EQ(pfn_attr_from_pgprot(__pgprot(UNIT_SLOT_BITS(i) |
						       UNIT_PROT_OTHER)),
			 should[i]);
}

static void set_slots(u64 slots)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		unit_cachemodes[i] = slots >> (7 - i) * 4 & 0xf;
}

/* One digit a slot, in the order of enum page_cache_mode. */
#define SLOTS_NOPAT	0x04230423
#define SLOTS_LOWER	0x01230123
#define SLOTS_XEN	0x04231533

/* The table by which the kernel's helpers go: "nopat". */
static void boot_nopat(void)
{
	set_slots(SLOTS_NOPAT);
	unit_writecombine_bits = UNIT_SLOT_BITS(2);
	pfn_attr_init();
}

TEST(attr, effective_nopat)
{
	boot_nopat();
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WC), PFN_ATTR_UC_MINUS);
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WC),
		 pfn_attr_from_pgprot(pgprot_writecombine(PAGE_KERNEL)));
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WP), PFN_ATTR_UC_MINUS);
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WT), PFN_ATTR_WT);
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WB), PFN_ATTR_WB);
}

TEST(attr, effective_x86)
{
	pfn_attr_init();
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WC), PFN_ATTR_WC);
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WT), PFN_ATTR_WT);
	set_slots(SLOTS_LOWER);
	pfn_attr_init();
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WC), PFN_ATTR_WC);
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WT), PFN_ATTR_UC_MINUS);
	set_slots(SLOTS_XEN);
	pfn_attr_init();
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WP), PFN_ATTR_WP);
	CHECK_EQ(pfn_attr_from_pgprot(__pgprot(UNIT_SLOT_BITS(4))), PFN_ATTR_WC);
}

/* Plain is exactly what decodes to write-back, whatever the table. */
static void check_plain_x86(void)
{
	unsigned long i;
	pgprot_t prot;

	for (i = 0; i < 8; i++) {
		prot = __pgprot(UNIT_SLOT_BITS(i) | UNIT_PROT_OTHER);
		CHECK_EQ(pfn_attr_is_plain(prot),
			 pfn_attr_from_pgprot(prot) == PFN_ATTR_WB);
	}
}

TEST(attr, plain_x86)
{
	pfn_attr_init();
	check_plain_x86();
	boot_nopat();
	check_plain_x86();
	set_slots(SLOTS_LOWER);
	pfn_attr_init();
	check_plain_x86();
	set_slots(SLOTS_XEN);
	unit_writecombine_bits = UNIT_SLOT_BITS(4);
	pfn_attr_init();
	check_plain_x86();
}

TEST(attr, errata_x86)
{
	boot_cpu_data.x86_vendor = X86_VENDOR_AMD;
	boot_cpu_data.x86 = 6;
	boot_cpu_data.x86_model = 5;
	pfn_attr_init();
	CHECK_EQ(pfn_attr_facts()->errata, 0);
	boot_cpu_data.x86_model = 6;
	pfn_attr_init();
	CHECK_EQ(pfn_attr_facts()->errata, 1);
	boot_cpu_data = (struct unit_cpu){ .x86_vfm = INTEL_LUNARLAKE_M };
	pfn_attr_init();
	CHECK_EQ(pfn_attr_facts()->errata, 2);
}
#endif

#ifdef CONFIG_ARM64
TEST(attr, decode_arm64)
{
	static const enum pfn_attr should[8] = {
		[MT_NORMAL] = PFN_ATTR_WB,
		[MT_NORMAL_TAGGED] = PFN_ATTR_WB,
		[MT_NORMAL_NC] = PFN_ATTR_WC,
		[MT_DEVICE_nGnRnE] = PFN_ATTR_DEVICE_STRICT,
		[MT_DEVICE_nGnRE] = PFN_ATTR_DEVICE,
		/* Not programmed is a byte of zeroes, and that is a type. */
		[5] = PFN_ATTR_DEVICE_STRICT,
		[6] = PFN_ATTR_DEVICE_STRICT,
		[UNIT_MT_UNKNOWN] = PFN_ATTR_UNKNOWN,
	};
	unsigned long i;

	pfn_attr_init();
	for (i = 0; i < 8; i++)
		CHECK_EQ(pfn_attr_from_pgprot(__pgprot(PTE_ATTRINDX(i) |
						       UNIT_PROT_OTHER)),
			 should[i]);
}
#endif

/* Whatever is called plain decodes to write-back, and PAGE_KERNEL is plain. */
TEST(attr, plain)
{
	unsigned long bits, field = 0x7ff;

	pfn_attr_init();
	CHECK(pfn_attr_is_plain(PAGE_KERNEL));
	for (bits = 0; bits <= field; bits++)
		if (pfn_attr_is_plain(__pgprot(bits)))
			CHECK_EQ(pfn_attr_from_pgprot(__pgprot(bits)),
				 PFN_ATTR_WB);
}

/* pte_modify() keeps the attribute of an entry here, or replaces it. */
TEST(attr, modify)
{
	const enum pfn_attr *a, *b;

	unit_boot(NULL);
	for (a = unit_attrs; *a; a++)
		for (b = unit_attrs; *b; b++)
#ifdef CONFIG_X86
			CHECK_EQ(pfn_attr_modify(*a, unit_prot(*b)), *a);
#else
			CHECK_EQ(pfn_attr_modify(*a, unit_prot(*b)), *b);
#endif
	CHECK_EQ(pfn_attr_modify(PFN_ATTR_UNKNOWN, PAGE_KERNEL),
		 PFN_ATTR_UNKNOWN);
}

TEST(attr, name)
{
	CHECK(!strcmp(pfn_attr_name(PFN_ATTR_WC), "write-combining"));
	CHECK(!strcmp(pfn_attr_name(PFN_ATTR_UNKNOWN), "unknown"));
	CHECK(!strcmp(pfn_attr_name(PFN_ATTR_COUNT), "unknown"));
	CHECK(!strcmp(pfn_attr_name(PFN_ATTR_COUNT - 1), "device-strict"));
}

#if !defined(CONFIG_X86) && !defined(CONFIG_ARM64)
/* Where write-combining is not to be had, the bits are called uncached. */
TEST(attr, generic_fallback)
{
	unit_writecombine_bits = unit_noncached_bits;
	pfn_attr_init();
	CHECK_EQ(pfn_attr_from_pgprot(pgprot_writecombine(PAGE_KERNEL)),
		 PFN_ATTR_UC);
	CHECK_EQ(pfn_attr_from_pgprot(pgprot_device(PAGE_KERNEL)),
		 PFN_ATTR_DEVICE);
	CHECK_EQ(pfn_attr_from_pgprot(PAGE_KERNEL), PFN_ATTR_WB);
}

/* An architecture whose page tables say nothing: all is write-back. */
TEST(attr, generic_without_bits)
{
	unit_writecombine_bits = 0;
	unit_noncached_bits = 0;
	unit_device_bits = 0;
	pfn_attr_init();
	CHECK_EQ(pfn_attr_from_pgprot(PAGE_KERNEL), PFN_ATTR_WB);
	CHECK_EQ(pfn_attr_from_pgprot(__pgprot(~0UL)), PFN_ATTR_WB);
}
#endif

/* === Matrices =========================================================== */

static const struct pat_arch * const archs[] = PAT_ARCHS;

/* The bits of an entry that carry the attribute. */
static u64 field(const struct pat_arch *arch, const struct pat_format *format)
{
	return arch->scatter ? arch->scatter(format->mask) :
			       format->mask << format->shift;
}

static const struct pfn_attr_pair *entry(const struct pat_arch *arch,
					 enum pfn_attr a, enum pfn_attr b)
{
	const struct pfn_attr_pair *found = NULL;
	unsigned int i;

	for (i = 0; i < arch->nr_pairs; i++) {
		const struct pfn_attr_pair *pair = &arch->pairs[i];

		if ((pair->a != a || pair->b != b) &&
		    (pair->a != b || pair->b != a))
			continue;
		if (found)
			unit_fail(__FILE__, __LINE__, "%s: %d-%d twice",
				  arch->name, a, b);
		found = pair;
	}
	if (!found)
		unit_fail(__FILE__, __LINE__, "%s: no %d-%d", arch->name, a, b);
	return found;
}

/* One sentence, without capital and full stop, and where it comes from. */
static void check_text(const char *why, const char *source)
{
	size_t len;

	CHECK(why && *why);
	len = strlen(why);
	CHECK(why[len - 1] != '.');
	CHECK(why[0] < 'A' || why[0] > 'Z' || (why[1] >= 'A' && why[1] <= 'Z'));
	CHECK(source && strlen(source) > 5);
}

static void check_rule(const struct pfn_attr_pair *pair)
{
	CHECK(pair->verdict < PFN_VERDICT_COUNT);
	CHECK(pair->verdict != PFN_VERDICT_SAME);
	CHECK(pair->verdict != PFN_VERDICT_UNKNOWN);
	check_text(pair->why, pair->source);
}

/* What any of its formats can express: BIT(enum pfn_attr). */
static unsigned int attrs_of(const struct pat_arch *arch)
{
	unsigned int mask = 0, i, attr;

	for (i = 0; i < arch->nr_formats; i++)
		for (attr = PFN_ATTR_WB; attr < PFN_ATTR_COUNT; attr++)
			if (pat_name(&arch->formats[i], attr))
				mask |= BIT(attr);
	if (!arch->nr_formats)
		mask = BIT(PFN_ATTR_WB) | BIT(PFN_ATTR_WC) | BIT(PFN_ATTR_UC) |
		       BIT(PFN_ATTR_DEVICE);
	return mask;
}

/* Every unordered pair has one entry, and there are no others. */
static void check_matrix(const struct pat_arch *arch)
{
	unsigned int mask = attrs_of(arch), nr = 0, a, b, i;

	for (a = 0; a < PFN_ATTR_COUNT; a++)
		for (b = 0; b < a; b++)
			if (mask & BIT(a) && mask & BIT(b)) {
				check_rule(entry(arch, a, b));
				nr++;
			}
	CHECK_EQ(arch->nr_pairs, nr);
	for (i = 0; i < arch->nr_cleaned; i++)
		check_rule(&arch->cleaned[i]);
}

TEST(attr, matrices)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(archs); i++)
		check_matrix(archs[i]);
	CHECK(archs[i - 1] == &pat_generic);
}

static void check_changes(const struct pat_format *format)
{
	unsigned int i;

	for (i = 0; i < format->nr_changes; i++) {
		const struct pat_change *change = &format->changes[i];

		CHECK(change->want != change->got);
		check_text(change->why, change->source);
		/* What it becomes is something that can be. */
		CHECK(pat_name(format, change->got));
		CHECK_EQ(pat_effective(format, change->want), change->got);
	}
}

/* Whatever can be asked for can be told again from the bits. */
static void check_round_trip(const struct pat_arch *arch,
			     const struct pat_format *format)
{
	enum pfn_attr attr;
	u64 bits;

	for (attr = PFN_ATTR_WB; attr < PFN_ATTR_COUNT; attr++) {
		if (!pat_encode(arch, format, attr, &bits))
			continue;
		CHECK(pat_name(format, attr));
		CHECK_EQ(pat_decode(arch, format, bits), attr);
		/* All other bits are not the caches' business. */
		CHECK_EQ(pat_decode(arch, format, bits | ~field(arch, format)),
			 attr);
	}
}

TEST(attr, formats)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(archs); i++) {
		const struct pat_arch *arch = archs[i];

		CHECK(arch->nr_formats || arch == &pat_generic);
		for (j = 0; j < arch->nr_formats; j++) {
			const struct pat_format *format = &arch->formats[j];

			CHECK(format->name && format->when);
			CHECK(!strpbrk(format->name, " ,:"));
			check_changes(format);
			check_round_trip(arch, format);
			CHECK_EQ(pat_effective(format, PFN_ATTR_UNKNOWN),
				 PFN_ATTR_UNKNOWN);
		}
	}
}

TEST(attr, errata)
{
	unsigned int i, j, k;

	for (i = 0; i < ARRAY_SIZE(archs); i++) {
		const struct pat_arch *arch = archs[i];

		CHECK(arch->nr_errata <= 32);
		for (j = 0; j < arch->nr_errata; j++) {
			const struct pat_erratum *e = &arch->errata[j];

			check_text(e->name, e->source);
			for (k = 0; k < e->nr_pairs; k++) {
				check_rule(&e->pairs[k]);
				CHECK(pat_judge_cleaned(arch, BIT(j),
							e->pairs[k].b) ==
				      &e->pairs[k]);
				/* Or it would not be one. */
				CHECK(e->pairs[k].verdict >
				      pat_judge_cleaned(arch, 0,
							e->pairs[k].b)->verdict);
			}
		}
	}
}

/* A rule of "cleaned" or of an erratum that nothing can reach is not a rule. */
TEST(attr, cleaned_is_used)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(archs); i++) {
		const struct pat_arch *arch = archs[i];

		/* It would make no difference. */
		CHECK(!arch->linear_fixed || arch->nr_cleaned);
		CHECK(!arch->nr_errata || arch->nr_cleaned);
		if (arch->linear_fixed)
			check_text("-", arch->linear_fixed);
		for (j = 0; j < arch->nr_cleaned; j++) {
			const struct pfn_attr_pair *rule = &arch->cleaned[j];

			CHECK_EQ(rule->a, PFN_ATTR_WB);
			CHECK_EQ(rule->verdict, PFN_VERDICT_MAINTENANCE);
			CHECK(pat_judge_linear(arch, 0, rule->b, PFN_ATTR_WB,
					       true) == rule);
			CHECK((pat_judge_linear(arch, 0, rule->b, PFN_ATTR_WB,
						false) == rule) ==
			      !!arch->linear_fixed);
			/* Of RAM that is not write-back in the linear map. */
			CHECK_EQ(pat_judge_linear(arch, 0, rule->b, rule->b,
						  true)->verdict,
				 PFN_VERDICT_SAME);
		}
	}
}

#define CHECK_LINEAR(arch, attr, cleaned, verdict_)			\
	CHECK_EQ(pat_judge_linear(&pat_##arch, 0, PFN_ATTR_##attr,	\
				  PFN_ATTR_WB, cleaned)->verdict,	\
		 PFN_VERDICT_##verdict_)

/* What dma_mmap_attrs() and DRM's GEM give where DMA is not coherent. */
TEST(attr, judge_linear)
{
	CHECK_LINEAR(arm64, WC, false, MAINTENANCE);
	CHECK_LINEAR(arm64, DEVICE, true, INCOHERENT);
	CHECK_LINEAR(riscv, WC, false, MAINTENANCE);
	CHECK_LINEAR(arm, WC, false, MAINTENANCE);
	CHECK_LINEAR(arm, DEVICE_STRICT, false, MAINTENANCE);
	CHECK_LINEAR(mips, UC, false, MAINTENANCE);
	CHECK_LINEAR(mips, WC, false, MAINTENANCE);
	CHECK_LINEAR(parisc, UC, false, MAINTENANCE);
	CHECK_LINEAR(sparc, UC, false, MAINTENANCE);
	CHECK_LINEAR(generic, UC, false, MAINTENANCE);
	/* Not where drivers can do better, and not where it does not help. */
	CHECK_LINEAR(x86, WC, false, INCOHERENT);
	CHECK_LINEAR(x86, WC, true, MAINTENANCE);
	CHECK_LINEAR(powerpc, UC, false, FATAL);
	CHECK_LINEAR(powerpc, UC, true, MAINTENANCE);
	CHECK_LINEAR(powerpc, WC, true, FATAL);
	CHECK_LINEAR(loongarch, WC, true, INCOHERENT);
}

#ifdef CONFIG_X86
TEST(attr, judge_linear_errata)
{
	pfn_attr_init();
	CHECK_EQ(pfn_attr_judge_linear(A_WC, A_WB, true)->verdict,
		 PFN_VERDICT_MAINTENANCE);
	boot_cpu_data.x86_vfm = INTEL_LUNARLAKE_M;
	pfn_attr_init();
	CHECK_EQ(pfn_attr_judge_linear(A_WC, A_WB, true)->verdict,
		 PFN_VERDICT_INCOHERENT);
	CHECK_HAS(pfn_attr_judge_linear(A_WC, A_WB, true)->why, "clean lines");
	/* set_memory_wc(): the linear map agrees. */
	CHECK_EQ(pfn_attr_judge_linear(A_WC, A_WC, false)->verdict,
		 PFN_VERDICT_SAME);
}

/* Two types that an MTRR makes one are no conflict; it is never made worse. */
TEST(attr, judge_at_x86)
{
	pfn_attr_init();
	CHECK_EQ(pfn_attr_judge_at(5, 9, PFN_ATTR_WB,
				   PFN_ATTR_UC_MINUS)->verdict,
		 PFN_VERDICT_INCOHERENT);
	unit_machine_attr = PFN_ATTR_UC;
	CHECK_EQ(pfn_attr_judge_at(5, 9, PFN_ATTR_WB,
				   PFN_ATTR_UC_MINUS)->verdict,
		 PFN_VERDICT_SAME);
	CHECK_EQ(pfn_attr_judge_at(5, 9, PFN_ATTR_UC,
				   PFN_ATTR_UC_MINUS)->verdict,
		 PFN_VERDICT_LEGAL);
	CHECK_EQ(pfn_attr_judge_at(5, 9, PFN_ATTR_WB, PFN_ATTR_WC)->verdict,
		 PFN_VERDICT_ORDERING);
	unit_machine_attr = PFN_ATTR_WC;
	CHECK_EQ(pfn_attr_judge_at(5, 9, PFN_ATTR_UC,
				   PFN_ATTR_UC_MINUS)->verdict,
		 PFN_VERDICT_LEGAL);
	CHECK_EQ(pfn_attr_judge_at(5, 9, PFN_ATTR_WC,
				   PFN_ATTR_UC_MINUS)->verdict,
		 PFN_VERDICT_SAME);
	/* RAM is what PAT says. */
	unit_ram_end = 100;
	unit_linear_attr = A_WB;
	unit_machine_attr = PFN_ATTR_UC;
	CHECK_EQ(pfn_attr_judge_at(5, 9, PFN_ATTR_WB, PFN_ATTR_WC)->verdict,
		 PFN_VERDICT_INCOHERENT);
}
#endif

/* I/O is uncached, whether the entry or the PMA says so. */
TEST(attr, under_riscv)
{
	CHECK_EQ(pat_riscv.under(PFN_ATTR_WB, PFN_ATTR_UC), PFN_ATTR_UC);
	CHECK_EQ(pat_riscv.under(PFN_ATTR_WC, PFN_ATTR_UC), PFN_ATTR_WC);
	CHECK_EQ(pat_riscv.under(PFN_ATTR_UC, PFN_ATTR_UC), PFN_ATTR_UC);
	CHECK_EQ(pat_riscv.under(PFN_ATTR_WB, PFN_ATTR_WB), PFN_ATTR_WB);
	CHECK_EQ(pat_riscv.under(PFN_ATTR_WC, PFN_ATTR_WB), PFN_ATTR_WC);
	CHECK_EQ(pat_riscv.under(PFN_ATTR_WB, PFN_ATTR_WC), PFN_ATTR_UNKNOWN);
}

TEST(attr, machines)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(archs); i++) {
		CHECK_EQ(!archs[i]->under, !archs[i]->machine);
		CHECK_EQ(!archs[i]->under, !archs[i]->machine_source);
	}
}

#define CHECK_CELL(arch, a, b, verdict_)				\
	CHECK_EQ(entry(&pat_##arch, PFN_ATTR_##a, PFN_ATTR_##b)->verdict, \
		 PFN_VERDICT_##verdict_)

TEST(attr, verdicts_x86)
{
	CHECK_CELL(x86, WB, WC, INCOHERENT);
	CHECK_CELL(x86, WB, UC_MINUS, INCOHERENT);
	CHECK_CELL(x86, WB, UC, INCOHERENT);
	CHECK_CELL(x86, WT, WC, INCOHERENT);
	CHECK_CELL(x86, WB, WP, INCOHERENT);
	CHECK_CELL(x86, WB, WT, INCOHERENT);
	CHECK_CELL(x86, WC, UC, ORDERING);
	CHECK_CELL(x86, WC, UC_MINUS, ORDERING);
	CHECK_CELL(x86, UC, UC_MINUS, LEGAL);
}

TEST(attr, verdicts_arm64)
{
	CHECK_CELL(arm64, WB, WC, INCOHERENT);
	CHECK_CELL(arm64, WB, DEVICE, INCOHERENT);
	CHECK_CELL(arm64, WB, DEVICE_STRICT, INCOHERENT);
	CHECK_CELL(arm64, WC, DEVICE, ORDERING);
	CHECK_CELL(arm64, WC, DEVICE_STRICT, ORDERING);
	CHECK_CELL(arm64, DEVICE, DEVICE_STRICT, LEGAL);
	CHECK_EQ(pat_judge_cleaned(&pat_arm64, 0, PFN_ATTR_WC)->verdict,
		 PFN_VERDICT_MAINTENANCE);
	CHECK_EQ(pat_judge_cleaned(&pat_arm64, 0, PFN_ATTR_DEVICE)->verdict,
		 PFN_VERDICT_INCOHERENT);
}

TEST(attr, verdicts_generic)
{
	CHECK_CELL(generic, WB, WC, INCOHERENT);
	CHECK_CELL(generic, WB, UC, INCOHERENT);
	CHECK_CELL(generic, WB, DEVICE, INCOHERENT);
	CHECK_CELL(generic, WC, UC, ORDERING);
	CHECK_CELL(generic, WC, DEVICE, ORDERING);
}

/* === Judging ============================================================ */

/* Never NULL, the order does not matter, and nobody is accused by guess. */
TEST(attr, judge)
{
	unsigned int a, b;

	for (a = 0; a < PFN_ATTR_COUNT + 2; a++) {
		for (b = 0; b < PFN_ATTR_COUNT + 2; b++) {
			const struct pfn_attr_pair *rule = pfn_attr_judge(a, b);

			CHECK(rule && rule->why && rule->source);
			CHECK(rule == pfn_attr_judge(b, a));
			if (a <= PFN_ATTR_NONE || b <= PFN_ATTR_NONE)
				CHECK_EQ(rule->verdict, PFN_VERDICT_UNKNOWN);
			else if (a == b)
				CHECK_EQ(rule->verdict, PFN_VERDICT_SAME);
			else
				CHECK(rule->verdict != PFN_VERDICT_SAME);
		}
	}
	CHECK(PFN_VERDICT_UNKNOWN < PFN_VERDICT_MAINTENANCE);
}

TEST(attr, judge_is_the_matrix)
{
	const enum pfn_attr *a, *b;

	for (a = unit_attrs; *a; a++)
		for (b = unit_attrs; b < a; b++)
			CHECK(pfn_attr_judge(*a, *b) ==
			      entry(PAT_NATIVE, *a, *b));
}

/* What this machine cannot express has no rule here. */
TEST(attr, judge_foreign)
{
#if defined(CONFIG_X86)
	CHECK_EQ(pfn_attr_judge(PFN_ATTR_WB, PFN_ATTR_DEVICE)->verdict,
		 PFN_VERDICT_UNKNOWN);
#else
	CHECK_EQ(pfn_attr_judge(PFN_ATTR_WB, PFN_ATTR_UC_MINUS)->verdict,
		 PFN_VERDICT_UNKNOWN);
#endif
}

/* === Vocabulary ========================================================= */

static void check_words(const char * const *words, unsigned int nr)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		CHECK(words[i] && *words[i]);
		CHECK(!strpbrk(words[i], " =\\\n,:"));
		for (j = 0; j < i; j++)
			CHECK(strcmp(words[i], words[j]));
	}
}

TEST(attr, words)
{
	static const char * const attr[] = { PFN_ATTR_TEXT };
	static const char * const verdict[] = { PFN_VERDICT_TEXT };
	static const char * const kind[] = { PFN_KIND_TEXT };
	static const char * const space[] = { PFN_SPACE_TEXT };
	static const char * const policy[] = { PFN_POLICY_TEXT };
	static const char * const result[] = { PFN_RESULT_TEXT };

	CHECK_EQ(ARRAY_SIZE(attr), PFN_ATTR_COUNT);
	CHECK_EQ(ARRAY_SIZE(verdict), PFN_VERDICT_COUNT);
	CHECK_EQ(ARRAY_SIZE(kind), PFN_KIND_COUNT);
	CHECK_EQ(ARRAY_SIZE(space), PFN_SPACE_COUNT);
	CHECK_EQ(ARRAY_SIZE(policy), PFN_POLICY_COUNT);
	CHECK_EQ(ARRAY_SIZE(result), PFN_RESULT_COUNT);
	check_words(attr, PFN_ATTR_COUNT);
	check_words(verdict, PFN_VERDICT_COUNT);
	check_words(kind, PFN_KIND_COUNT);
	check_words(space, PFN_SPACE_COUNT);
	check_words(policy, PFN_POLICY_COUNT);
	check_words(result, PFN_RESULT_COUNT);
}
