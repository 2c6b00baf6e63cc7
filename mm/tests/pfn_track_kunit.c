// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track, asked on the running architecture: what its own pgprot helpers
 * produce is decoded, and the basics of map, claim, judge and cut hold.
 *
 * Nothing is mapped: the registry is told of mappings of page frames that
 * nobody holds, at kernel addresses that are reserved meanwhile.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/pfn_track.h>
#include <linux/vmalloc.h>
#include "../../arch/generic/pat/pat.h"

#define PAGES		8
#define STEP		SZ_16M

/* === Attributes ========================================================= */

static bool is_native(const char *name)
{
	return !strcmp(pfn_attr_arch(), name);
}

/* A helper that changes the entry changes what it says, too. */
static void decodes(struct kunit *test, pgprot_t prot)
{
	enum pfn_attr attr = pfn_attr_from_pgprot(prot);

	KUNIT_EXPECT_NE(test, attr, PFN_ATTR_UNKNOWN);
	if (pgprot_val(prot) != pgprot_val(PAGE_KERNEL))
		KUNIT_EXPECT_NE(test, attr, PFN_ATTR_WB);
}

static void decodes_own_helpers(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pfn_attr_from_pgprot(PAGE_KERNEL), PFN_ATTR_WB);
	decodes(test, pgprot_noncached(PAGE_KERNEL));
	decodes(test, pgprot_writecombine(PAGE_KERNEL));
	decodes(test, pgprot_device(PAGE_KERNEL));
}

/* What the tables say becomes of an attribute is what the helpers make. */
static void helpers_agree_with_tables(struct kunit *test)
{
	const struct pat_format *format = &pfn_attr_facts()->format;
	enum pfn_attr wc, uc;

	if (is_native("generic"))
		kunit_skip(test, "the table is made of the helpers");
	wc = pfn_attr_from_pgprot(pgprot_writecombine(PAGE_KERNEL));
	uc = pfn_attr_from_pgprot(pgprot_noncached(PAGE_KERNEL));
	KUNIT_EXPECT_EQ(test, wc, pat_effective(format, PFN_ATTR_WC));
	if (is_native("x86"))
		KUNIT_EXPECT_EQ(test, uc, PFN_ATTR_UC_MINUS);
	else
		KUNIT_EXPECT_EQ(test, uc, pat_effective(format, PFN_ATTR_UC));
}

/* Whatever can be said is told again from its bits. */
static void round_trip(struct kunit *test)
{
	const struct pat_format *format = &pfn_attr_facts()->format;
	enum pfn_attr attr;
	u64 bits;

	if (is_native("generic"))
		kunit_skip(test, "earlier samples win here");
	for (attr = PFN_ATTR_WB; attr < PFN_ATTR_COUNT; attr++) {
		if (!pat_encode(PAT_NATIVE, format, attr, &bits))
			continue;
		KUNIT_EXPECT_EQ(test, pfn_attr_from_pgprot(__pgprot(bits)),
				attr);
	}
}

static void judges_both_ways(struct kunit *test)
{
	enum pfn_attr a, b;

	for (a = PFN_ATTR_UNKNOWN; a < PFN_ATTR_COUNT; a++) {
		for (b = PFN_ATTR_UNKNOWN; b < PFN_ATTR_COUNT; b++) {
			const struct pfn_attr_pair *rule = pfn_attr_judge(a, b);

			KUNIT_EXPECT_PTR_EQ(test, rule, pfn_attr_judge(b, a));
			if (a <= PFN_ATTR_NONE || b <= PFN_ATTR_NONE)
				KUNIT_EXPECT_EQ(test, rule->verdict,
						PFN_VERDICT_UNKNOWN);
			else if (a == b)
				KUNIT_EXPECT_EQ(test, rule->verdict,
						PFN_VERDICT_SAME);
		}
	}
}

static void colours(struct kunit *test)
{
	const struct pat_facts *facts = pfn_attr_facts();
	enum pfn_verdict next;

	next = pfn_attr_colour_verdict(facts, 0, true, PAGE_SIZE, true);
	KUNIT_EXPECT_EQ(test, next, facts->colour > PAGE_SIZE ?
				    PFN_VERDICT_INCOHERENT : PFN_VERDICT_SAME);
	KUNIT_EXPECT_EQ(test, pfn_attr_colour_verdict(facts, 0, true,
						      facts->colour, true),
			PFN_VERDICT_SAME);
}

/* === What the machine says of physical ranges =========================== */

static int held(const struct pfn_mapping *mapping, void *data)
{
	return 1;
}

/* From the top of what has page frame numbers down. */
static phys_addr_t find_free(void)
{
	phys_addr_t phys = ALIGN_DOWN(PFN_PHYS(ULONG_MAX), STEP);
	unsigned int i;

	for (i = 0; i < 64; i++, phys -= STEP)
		if (!pfn_valid(PHYS_PFN(phys)) &&
		    !pfn_track_for_each(phys, PAGES * PAGE_SIZE, held, NULL))
			return phys;
	return 0;
}

/* Pages from the allocator: in the linear map as PAGE_KERNEL has it. */
static void linear_map_of_ram(struct kunit *test)
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);
	unsigned long pfn, from = 0, to = 0;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pfn = page_to_pfn(page);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_TRUE(test, pfn_attr_is_ram(pfn + i));
	KUNIT_EXPECT_EQ(test, pfn_attr_linear(pfn + 1, pfn + 2, &from, &to),
			BIT(pfn_attr_from_pgprot(PAGE_KERNEL)));
	KUNIT_EXPECT_EQ(test, from, pfn + 1);
	KUNIT_EXPECT_EQ(test, to, pfn + 2);
	__free_pages(page, 2);
}

static void no_linear_map_of_others(struct kunit *test)
{
	unsigned long pfn = PHYS_PFN(find_free()), from = 1, to = 2;

	if (!pfn)
		kunit_skip(test, "no physical range that nobody holds");
	KUNIT_EXPECT_FALSE(test, pfn_attr_is_ram(pfn));
	KUNIT_EXPECT_EQ(test, pfn_attr_linear(pfn, pfn + PAGES, &from, &to), 0);
	KUNIT_EXPECT_EQ(test, from, 1);
	KUNIT_EXPECT_EQ(test, to, 2);
}

/* All that is not memory from the first page frame to beyond the last. */
static void linear_map_as_a_whole(struct kunit *test)
{
	unsigned long from, to;

	KUNIT_ASSERT_NE(test, pfn_attr_linear(0, max_pfn + PAGES, &from, &to), 0);
	KUNIT_EXPECT_NE(test, pfn_attr_linear(from, from, NULL, NULL), 0);
	KUNIT_EXPECT_NE(test, pfn_attr_linear(to, to, NULL, NULL), 0);
	if (from)
		KUNIT_EXPECT_EQ(test, pfn_attr_linear(0, from - 1, NULL, NULL),
				0);
	KUNIT_EXPECT_EQ(test, pfn_attr_linear(to + 1, max_pfn + PAGES, NULL,
					      NULL), 0);
}

static void effective_of_ram(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long pfn;
	enum pfn_attr attr;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pfn = page_to_pfn(page);
	for (attr = PFN_ATTR_UNKNOWN; attr < PFN_ATTR_COUNT; attr++)
		KUNIT_EXPECT_EQ(test, pfn_attr_at(pfn, pfn, attr), attr);
	__free_page(page);
}

/* It makes no verdict worse. */
static void effective_is_milder(struct kunit *test)
{
	unsigned long pfn = PHYS_PFN(find_free());
	enum pfn_attr a, b;

	for (a = PFN_ATTR_UNKNOWN; a < PFN_ATTR_COUNT; a++) {
		for (b = PFN_ATTR_UNKNOWN; b < PFN_ATTR_COUNT; b++) {
			const struct pfn_attr_pair *rule, *at;

			rule = pfn_attr_judge(a, b);
			at = pfn_attr_judge_at(pfn, pfn, a, b);
			KUNIT_EXPECT_LE(test, at->verdict, rule->verdict);
			KUNIT_EXPECT_PTR_EQ(test, at,
					    pfn_attr_judge_at(pfn, pfn, b, a));
		}
	}
}

/* What pte_modify() does here; mprotect() of a driver's area goes that way. */
static void modifies_as_pte_modify(struct kunit *test)
{
	pgprot_t prot = vm_get_page_prot(VM_READ | VM_WRITE | VM_SHARED);
	enum pfn_attr attr, got;

	for (attr = PFN_ATTR_WB; attr < PFN_ATTR_COUNT; attr++) {
		if (pfn_attr_effective(attr) != attr)
			continue;
		got = pfn_attr_modify(attr, prot);
		if (is_native("x86"))
			KUNIT_EXPECT_EQ(test, got, attr);
		if (is_native("arm64"))
			KUNIT_EXPECT_EQ(test, got, pfn_attr_from_pgprot(prot));
	}
}

/* What decodes to write-back is plain, and nothing else is. */
static void plain_is_write_back(struct kunit *test)
{
	const struct pat_format *format = &pfn_attr_facts()->format;
	enum pfn_attr attr;
	u64 bits;

	KUNIT_EXPECT_TRUE(test, pfn_attr_is_plain(PAGE_KERNEL));
	for (attr = PFN_ATTR_WT; attr < PFN_ATTR_COUNT; attr++)
		if (pat_encode(PAT_NATIVE, format, attr, &bits))
			KUNIT_EXPECT_FALSE(test,
					   pfn_attr_is_plain(__pgprot(bits)));
}

/* === The registry ======================================================= */

/**
 * struct fixture - what a test of the registry works on
 * @area: kernel addresses, reserved and not mapped
 * @phys: first byte of as much physical space, held by nobody
 */
struct fixture {
	struct vm_struct *area;
	phys_addr_t phys;
};

static int registry_init(struct kunit *test)
{
	struct fixture *fix;

	if (!pfn_track_enabled())
		kunit_skip(test, "pfn_track is off");
	fix = kunit_kzalloc(test, sizeof(*fix), GFP_KERNEL);
	if (!fix)
		return -ENOMEM;
	fix->phys = find_free();
	if (!fix->phys)
		kunit_skip(test, "no physical range that nobody holds");
	fix->area = get_vm_area(PAGES * PAGE_SIZE, VM_IOREMAP);
	if (!fix->area)
		return -ENOMEM;
	test->priv = fix;
	return 0;
}

static void registry_exit(struct kunit *test)
{
	struct fixture *fix = test->priv;

	if (!fix)
		return;
	pfn_track_iounmap(fix->area->addr, PAGES * PAGE_SIZE);
	free_vm_area(fix->area);
}

static void *page_at(const struct fixture *fix, unsigned int i)
{
	return fix->area->addr + i * PAGE_SIZE;
}

static int map(const struct fixture *fix, pgprot_t prot)
{
	return pfn_track_ioremap(fix->area->addr, PAGES * PAGE_SIZE, fix->phys,
				 prot, prot, NULL);
}

static unsigned int lookup(const struct fixture *fix, unsigned int i)
{
	return pfn_track_lookup(PHYS_PFN(fix->phys) + i);
}

static void maps_and_unmaps(struct kunit *test)
{
	const struct fixture *fix = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, map(fix, PAGE_KERNEL), 0);
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_EQ(test, lookup(fix, i), BIT(PFN_ATTR_WB));
	pfn_track_iounmap(fix->area->addr, PAGES * PAGE_SIZE);
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_EQ(test, lookup(fix, i), 0);
}

static void cuts_exactly(struct kunit *test)
{
	const struct fixture *fix = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, map(fix, PAGE_KERNEL), 0);
	pfn_track_iounmap(page_at(fix, 3), 2 * PAGE_SIZE);
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_EQ(test, lookup(fix, i),
				i == 3 || i == 4 ? 0 : BIT(PFN_ATTR_WB));
}

/* A dry run, so that nothing is reported. */
static void judges_by_the_table(struct kunit *test)
{
	const struct fixture *fix = test->priv;
	unsigned long pfn = PHYS_PFN(fix->phys);
	struct pfn_answer answer;
	enum pfn_attr attr;

	KUNIT_ASSERT_EQ(test, map(fix, PAGE_KERNEL), 0);
	for (attr = PFN_ATTR_WB; attr < PFN_ATTR_COUNT; attr++) {
		KUNIT_ASSERT_EQ(test, pfn_track_query(fix->phys, PAGE_SIZE,
						      PFN_KIND_IOREMAP, attr,
						      &answer), 0);
		KUNIT_EXPECT_EQ(test, answer.attrs, BIT(PFN_ATTR_WB));
		KUNIT_EXPECT_EQ(test, answer.verdict,
				pfn_attr_judge_at(pfn, pfn, PFN_ATTR_WB,
						  pfn_attr_effective(attr))->verdict);
	}
}

static void claims_and_releases(struct kunit *test)
{
	const struct fixture *fix = test->priv;
	struct pfn_claim claim = { };

	KUNIT_ASSERT_EQ(test, pfn_track_claim(&claim, NULL, fix->phys,
					      2 * PAGE_SIZE, PFN_ATTR_WB,
					      PFN_CLAIM_STRICT), 0);
	KUNIT_EXPECT_EQ(test, lookup(fix, 0), BIT(PFN_ATTR_WB));
	KUNIT_EXPECT_EQ(test, lookup(fix, 2), 0);
	/* Who maps it alike is welcome, and the claim outlives it. */
	KUNIT_EXPECT_EQ(test, map(fix, PAGE_KERNEL), 0);
	pfn_track_iounmap(fix->area->addr, PAGES * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, lookup(fix, 1), BIT(PFN_ATTR_WB));
	KUNIT_EXPECT_EQ(test, pfn_track_release(&claim), 0);
	KUNIT_EXPECT_EQ(test, lookup(fix, 0), 0);
}

/* What the machine makes of what is claimed is what counts. */
static void claims_what_comes_out(struct kunit *test)
{
	const struct fixture *fix = test->priv;
	enum pfn_attr attr;

	for (attr = PFN_ATTR_WB; attr < PFN_ATTR_COUNT; attr++) {
		enum pfn_attr got = pfn_attr_effective(attr);
		struct pfn_claim claim = { };

		KUNIT_EXPECT_EQ(test, pfn_attr_effective(got), got);
		KUNIT_ASSERT_EQ(test, pfn_track_claim(&claim, NULL, fix->phys,
						      PAGE_SIZE, attr, 0), 0);
		KUNIT_EXPECT_EQ(test, lookup(fix, 0), BIT(got));
		KUNIT_EXPECT_EQ(test, pfn_track_release(&claim), 0);
	}
}

static struct kunit_case attr_cases[] = {
	KUNIT_CASE(decodes_own_helpers),
	KUNIT_CASE(helpers_agree_with_tables),
	KUNIT_CASE(round_trip),
	KUNIT_CASE(judges_both_ways),
	KUNIT_CASE(colours),
	KUNIT_CASE(plain_is_write_back),
	KUNIT_CASE(modifies_as_pte_modify),
	KUNIT_CASE(linear_map_of_ram),
	KUNIT_CASE(no_linear_map_of_others),
	KUNIT_CASE(linear_map_as_a_whole),
	KUNIT_CASE(effective_of_ram),
	KUNIT_CASE(effective_is_milder),
	{ }
};

static struct kunit_suite attr_suite = {
	.name = "pfn_track_attr",
	.test_cases = attr_cases,
};

static struct kunit_case registry_cases[] = {
	KUNIT_CASE(maps_and_unmaps),
	KUNIT_CASE(cuts_exactly),
	KUNIT_CASE(judges_by_the_table),
	KUNIT_CASE(claims_and_releases),
	KUNIT_CASE(claims_what_comes_out),
	{ }
};

static struct kunit_suite registry_suite = {
	.name = "pfn_track_registry",
	.init = registry_init,
	.exit = registry_exit,
	.test_cases = registry_cases,
};

kunit_test_suites(&attr_suite, &registry_suite);
