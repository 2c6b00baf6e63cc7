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
	CHECK(PAT_NATIVE->decode);
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
			bits = (bits & ~(1UL << 10)) | (bits & 1UL << 10) << 2 |
			       1UL << 10;
		CHECK_EQ(pfn_attr_from_large(__pgprot(bits)), *attr);
	}
}

/* The tables are in every binary, the decoders only where they belong. */
TEST(attr, foreign_decoders)
{
	CHECK(!pat_x86.decode || PAT_NATIVE == &pat_x86);
	CHECK(!pat_arm64.decode || PAT_NATIVE == &pat_arm64);
}

#ifdef CONFIG_X86
TEST(attr, decode_x86)
{
	static const enum pfn_attr should[8] = {
		[_PAGE_CACHE_MODE_WB] = PFN_ATTR_WB,
		[_PAGE_CACHE_MODE_WC] = PFN_ATTR_WC,
		[_PAGE_CACHE_MODE_UC_MINUS] = PFN_ATTR_UC_MINUS,
		[_PAGE_CACHE_MODE_UC] = PFN_ATTR_UC,
		[_PAGE_CACHE_MODE_WT] = PFN_ATTR_WT,
		[_PAGE_CACHE_MODE_WP] = PFN_ATTR_WP,
		/* the other two: unknown */
	};
	unsigned long i;

	for (i = 0; i < 8; i++)
		CHECK_EQ(pat_x86.decode(__pgprot(i << 8 | UNIT_PROT_OTHER)),
			 should[i]);
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
		/* the other three: unknown */
	};
	unsigned long i;

	for (i = 0; i < 8; i++)
		CHECK_EQ(pat_arm64.decode(__pgprot(i << 8 | UNIT_PROT_OTHER)),
			 should[i]);
}
#endif

/* Where write-combining is not to be had, the bits are called uncached. */
TEST(attr, generic_fallback)
{
	unit_writecombine_bits = unit_noncached_bits;
	pfn_attr_init();
	CHECK_EQ(pat_generic.decode(pgprot_writecombine(PAGE_KERNEL)),
		 PFN_ATTR_UC);
	CHECK_EQ(pat_generic.decode(pgprot_device(PAGE_KERNEL)),
		 PFN_ATTR_DEVICE);
	CHECK_EQ(pat_generic.decode(PAGE_KERNEL), PFN_ATTR_WB);
}

/* An architecture whose page tables say nothing: all is write-back. */
TEST(attr, generic_without_bits)
{
	unit_writecombine_bits = 0;
	unit_noncached_bits = 0;
	unit_device_bits = 0;
	pfn_attr_init();
	CHECK_EQ(pat_generic.decode(PAGE_KERNEL), PFN_ATTR_WB);
	CHECK_EQ(pat_generic.decode(__pgprot(~0UL)), PFN_ATTR_WB);
}

/* === Matrices =========================================================== */

static const enum pfn_attr x86_attrs[] = {
	PFN_ATTR_WB, PFN_ATTR_WT, PFN_ATTR_WP, PFN_ATTR_WC, PFN_ATTR_UC_MINUS,
	PFN_ATTR_UC
};

static const enum pfn_attr arm64_attrs[] = {
	PFN_ATTR_WB, PFN_ATTR_WC, PFN_ATTR_DEVICE, PFN_ATTR_DEVICE_STRICT
};

static const enum pfn_attr generic_attrs[] = {
	PFN_ATTR_WB, PFN_ATTR_WC, PFN_ATTR_UC, PFN_ATTR_DEVICE
};

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

/* Every unordered pair has one entry, and there are no others. */
static void check_matrix(const struct pat_arch *arch,
			 const enum pfn_attr *attrs, unsigned int nr)
{
	unsigned int i, j;

	CHECK_EQ(arch->nr_pairs, nr * (nr - 1) / 2);
	for (i = 0; i < nr; i++) {
		for (j = 0; j < i; j++) {
			const struct pfn_attr_pair *pair;
			size_t len;

			pair = entry(arch, attrs[i], attrs[j]);
			CHECK(pair->verdict < PFN_VERDICT_COUNT);
			CHECK(pair->verdict != PFN_VERDICT_SAME);
			CHECK(pair->verdict != PFN_VERDICT_UNKNOWN);

			/* One sentence, without capital and full stop. */
			CHECK(pair->why && *pair->why);
			len = strlen(pair->why);
			CHECK(pair->why[len - 1] != '.');
			CHECK(pair->why[0] < 'A' || pair->why[0] > 'Z');
			CHECK(pair->source && strlen(pair->source) > 5);
		}
	}
}

TEST(attr, matrix_x86)
{
	check_matrix(&pat_x86, x86_attrs, ARRAY_SIZE(x86_attrs));
	CHECK(!strcmp(pat_x86.name, "x86"));
}

TEST(attr, matrix_arm64)
{
	check_matrix(&pat_arm64, arm64_attrs, ARRAY_SIZE(arm64_attrs));
	CHECK(!strcmp(pat_arm64.name, "arm64"));
}

TEST(attr, matrix_generic)
{
	check_matrix(&pat_generic, generic_attrs, ARRAY_SIZE(generic_attrs));
	CHECK(!strcmp(pat_generic.name, "generic"));
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
	CHECK_CELL(x86, WB, WT, ORDERING);
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
	CHECK_CELL(arm64, DEVICE, DEVICE_STRICT, ORDERING);
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
