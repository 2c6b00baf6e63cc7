// SPDX-License-Identifier: GPL-2.0-only
/* What drivers call: claims, and questions about what is held. */
#include "registry.h"

/* === Claims and questions =============================================== */

TEST(claim, held)
{
	struct device dev = { .name = "0000:01:00.0", .driver = "drv" };
	struct pfn_claim claim = { };
	struct pft_record rec;

	boot(NULL);
	CHECK_EQ(pfn_track_claim(&claim, &dev, PFN_PHYS(50), pages(8), A_WC, 0),
		 0);
	CHECK_EQ(pfn_track_lookup(57), BIT(A_WC));
	rec = record_at(PFN_SPACE_NONE, &claim, 7);
	CHECK(!strcmp(rec.holder->dev, "0000:01:00.0"));
	CHECK(!strcmp(rec.holder->driver, "drv"));
	CHECK(rec.holder->dev != dev.name);
	CHECK_EQ(rec.kind, PFN_KIND_CLAIM);
	CHECK_EQ(rec.va, 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
	CHECK_EQ(pfn_track_release(&claim), -ENOENT);
	/* And again, with the same memory. */
	CHECK_EQ(do_claim(&claim, 50, 8, A_WC, 0), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
}

TEST(claim, einval)
{
	struct pfn_claim claim = { }, zero = { };
	phys_addr_t top = PFN_PHYS(PFN_TOP);

	boot(NULL);
#define CLAIM(start, size, attr, flags)	\
	pfn_track_claim(&claim, NULL, start, size, attr, flags)
	CHECK_EQ(pfn_track_claim(NULL, NULL, 0, PAGE_SIZE, A_WB, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, 0, A_WB, 0), -EINVAL);
	CHECK_EQ(CLAIM(1, PAGE_SIZE, A_WB, 0), -EINVAL);
	CHECK_EQ(CLAIM(PAGE_SIZE / 2, PAGE_SIZE, A_WB, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE + 1, A_WB, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, 1, A_WB, 0), -EINVAL);
	CHECK_EQ(CLAIM(top, 2 * PAGE_SIZE, A_WB, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE, PFN_ATTR_UNKNOWN, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE, PFN_ATTR_NONE, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE, PFN_ATTR_COUNT, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE, (enum pfn_attr)-1, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE, A_WB, 2), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE, A_WB, PFN_CLAIM_EXACT | 0x80), -EINVAL);
	CHECK(!memcmp(&claim, &zero, sizeof(claim)));
	check_empty();

	CHECK_EQ(CLAIM(0, PAGE_SIZE, A_WB, 0), 0);
	CHECK_EQ(CLAIM(pages(5), PAGE_SIZE, A_WB, 0), -EINVAL);
	CHECK_EQ(pfn_track_lookup(5), 0);
	CHECK_EQ(pfn_track_release(NULL), -EINVAL);
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
#undef CLAIM
}

TEST(claim, edges)
{
	struct pfn_claim low = { }, high = { }, all = { };
	size_t most = (size_t)0 - PAGE_SIZE;

	boot(NULL);
	CHECK_EQ(do_claim(&low, 0, 1, A_WB, 0), 0);
	CHECK_EQ(do_claim(&high, PFN_TOP, 1, A_WB, 0), 0);
	CHECK_EQ(pfn_track_claim(&all, NULL, 0, most, A_WB, 0), 0);
	CHECK_EQ(pfn_track_lookup(PHYS_PFN(most) - 1), BIT(A_WB));
	unit_check_store();
	CHECK_EQ(pfn_track_release(&all), 0);
	CHECK_EQ(pfn_track_lookup(1), 0);
	CHECK_EQ(pfn_track_lookup(PFN_TOP), BIT(A_WB));
	CHECK_EQ(pfn_track_release(&high), 0);
	CHECK_EQ(pfn_track_release(&low), 0);
	check_empty();
}

/* Claims overlap each other and are released one by one. */
TEST(claim, claims_of_the_same_range)
{
	struct pfn_claim claims[20] = { };
	unsigned int i;

	boot("strict");
	for (i = 0; i < 20; i++)
		CHECK_EQ(do_claim(&claims[i], 50 + i / 2, 4, A_WC,
				  PFN_CLAIM_EXACT), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 20);
	for (i = 0; i < 20; i += 2)
		CHECK_EQ(pfn_track_release(&claims[i]), 0);
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WC));
	for (i = 1; i < 20; i += 2)
		CHECK_EQ(pfn_track_release(&claims[i]), 0);
	check_empty();
}

/* The hooks of one space do not reach a claim, though its address is 0. */
TEST(claim, is_not_unmapped)
{
	struct pfn_claim claim = { };

	boot(NULL);
	CHECK_EQ(do_claim(&claim, 0, 4, A_WC, 0), 0);
	do_iounmap(0, 100);
	do_zap(&unit_mm[0], 0, 100);
	__pfn_track_exit(&unit_mm[0]);
	CHECK_EQ(pfn_track_lookup(0), BIT(A_WC));
	CHECK_EQ(pfn_track_release(&claim), 0);
}

TEST(claim, while_off)
{
	struct pfn_claim claim = { };

	boot("off");
	CHECK_EQ(do_claim(&claim, 5, 4, A_WC, PFN_CLAIM_EXACT), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	CHECK_EQ(do_claim(&claim, 5, 4, A_WC, 0), 0);
	/* Bad input is bad input, on or off. */
	CHECK_EQ(do_claim(NULL, 5, 4, A_WC, 0), -EINVAL);
	CHECK_EQ(pfn_track_release(NULL), -EINVAL);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), 0);
	/* "A claim that was made [...] off is given back silently." */
	CHECK_EQ(pfn_track_release(&claim), 0);
}

/* A kind that is "off" is recorded and not judged: not even exactly. */
TEST(claim, kind_off_is_not_judged)
{
	struct pfn_claim claim = { };

	boot(NULL);
	CHECK_EQ(pft_set_policy(PFN_KIND_CLAIM, PFN_POLICY_OFF), 0);
	CHECK_EQ(pft_set_policy(PFN_KIND_REMAP_PFN, PFN_POLICY_OFF), 0);
	CHECK_EQ(do_ioremap(10, 5, 8, A_WB), 0);
	CHECK_EQ(do_claim(&claim, 5, 8, A_WC, PFN_CLAIM_EXACT), 0);
	do_refused(PFN_KIND_REMAP_PFN, 5, 8, A_WC);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(pfn_track_lookup(5), BIT(A_WB) | BIT(A_WC));
	CHECK_EQ(pfn_track_release(&claim), 0);
	do_iounmap(10, 8);
}

TEST(claim, unknown_kind)
{
	boot(NULL);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL + 1, PFN_POLICY_STRICT), -EINVAL);
}

/* A driver freed a claim that it held; the next at that address is another. */
TEST(claim, memory_reused)
{
	struct pfn_claim claim = { };

	boot(NULL);
	CHECK_EQ(do_claim(&claim, 5, 8, A_WC, 0), 0);
	claim = (struct pfn_claim){ };
	CHECK_EQ(do_claim(&claim, 50, 4, A_WB, 0), 0);
	CHECK_EQ(pfn_track_lookup(5), 0);
	CHECK_EQ(pfn_track_lookup(12), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	CHECK_EQ(pfn_track_release(&claim), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
}

TEST(claim, dropped_by_off)
{
	struct pfn_claim claim = { };

	boot(NULL);
	CHECK_EQ(do_claim(&claim, 5, 4, A_WC, 0), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_OFF), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), 0);
	CHECK_EQ(pfn_track_lookup(5), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	CHECK_EQ(pfn_track_release(&claim), -ENOENT);
}

TEST(claim, refused)
{
	struct pfn_claim claim = { }, zero = { };

	boot("enforce");
	CHECK_EQ(do_ioremap(10, 50, 8, bad_a), 0);
	CHECK_EQ(do_claim(&claim, 57, 1, bad_b, 0), -EBUSY);
	CHECK(!memcmp(&claim, &zero, sizeof(claim)));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	CHECK_EQ(pfn_track_release(&claim), -ENOENT);
	CHECK_EQ(do_claim(&claim, 58, 1, bad_b, 0), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	do_iounmap(10, 8);
	check_empty();
}

/* What the machine makes of it is claimed, but for who insists. */
TEST(claim, of_what_comes_out)
{
	struct pfn_answer answer;
	enum pfn_attr attr, got;

	boot("report");
	for (attr = PFN_ATTR_WB; attr < PFN_ATTR_COUNT; attr++) {
		long refused = unit_stat(PFT_STAT_REFUSED);
		struct pfn_claim claim = { };
		bool same;

		got = pfn_attr_effective(attr);
		same = got == attr;
		CHECK_EQ(do_ioremap(10, 50, 1, got), 0);
		/* Nothing at all is made of some. */
		if (pfn_track_lookup(50) != BIT(got))
			goto next;
		CHECK_EQ(do_claim(&claim, 50, 1, attr, PFN_CLAIM_EXACT),
			 same ? 0 : -EBUSY);
		CHECK_EQ(unit_stat(PFT_STAT_REFUSED), refused + !same);
		CHECK_EQ(pfn_track_release(&claim), same ? 0 : -ENOENT);

		CHECK_EQ(pfn_track_query(PFN_PHYS(50), PAGE_SIZE, attr, &answer), 0);
		CHECK_EQ(answer.verdict, PFN_VERDICT_SAME);
		CHECK_EQ(do_claim(&claim, 50, 1, attr, 0), 0);
		CHECK_EQ(pfn_track_lookup(50), BIT(got));
		CHECK_EQ(pfn_track_release(&claim), 0);
next:
		do_iounmap(10, 1);
	}
	check_empty();
}

TEST(claim, exact)
{
	struct pfn_claim claim = { };
	enum pfn_attr a, b;

	boot("report");
	CHECK_EQ(do_ioremap(10, 50, 1, weak_a), 0);
	CHECK_EQ(do_claim(&claim, 50, 1, weak_b, 0), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	CHECK_EQ(do_claim(&claim, 50, 1, weak_b, PFN_CLAIM_EXACT), -EBUSY);
	CHECK_EQ(do_claim(&claim, 50, 1, weak_a, PFN_CLAIM_EXACT), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	do_iounmap(10, 1);

	/* Even where the architecture does not mind. */
	if (unit_pair(PFN_VERDICT_LEGAL, &a, &b)) {
		CHECK_EQ(do_ioremap(10, 50, 1, a), 0);
		CHECK_EQ(do_claim(&claim, 50, 1, b, PFN_CLAIM_EXACT), -EBUSY);
		CHECK_EQ(do_claim(&claim, 50, 1, b, 0), 0);
		CHECK_EQ(pfn_track_release(&claim), 0);
		do_iounmap(10, 1);
	}
	/* And where it is not known what is there. */
	CHECK_EQ(do_ioremap(10, 50, 1, PFN_ATTR_UNKNOWN), 0);
	CHECK_EQ(do_claim(&claim, 50, 1, A_WB, PFN_CLAIM_EXACT), -EBUSY);
	do_iounmap(10, 1);
	check_empty();
}

TEST(claim, query)
{
	struct pfn_answer answer;
	unsigned int kinds;

	boot("enforce");
	CHECK_EQ(pfn_track_query(PFN_PHYS(50), PAGE_SIZE, bad_a, &answer), 0);
	CHECK_EQ(answer.attrs, 0);
	CHECK_EQ(answer.verdict, PFN_VERDICT_SAME);
	CHECK(!answer.refused);

	CHECK_EQ(do_ioremap(10, 50, 2, bad_a), 0);
	CHECK_EQ(do_ioremap(20, 60, 2, weak_a), 0);
	CHECK_EQ(pfn_track_query(PFN_PHYS(51), PAGE_SIZE, bad_b, &answer), 0);
	CHECK_EQ(answer.attrs, BIT(bad_a));
	CHECK_EQ(answer.verdict, PFN_VERDICT_INCOHERENT);
	CHECK(answer.refused);
	CHECK_EQ(pfn_track_query(PFN_PHYS(51), PAGE_SIZE, bad_a, &answer), 0);
	CHECK_EQ(answer.verdict, PFN_VERDICT_SAME);
	CHECK_EQ(pfn_track_query(PFN_PHYS(60), pages(2), weak_b, &answer), 0);
	CHECK_EQ(answer.verdict, PFN_VERDICT_ORDERING);
	CHECK(!answer.refused);

	/* Partly covered pages count; neighbours do not. */
	CHECK_EQ(pfn_track_query(PFN_PHYS(50) - 1, 1, bad_b, &answer), 0);
	CHECK_EQ(answer.attrs, 0);
	CHECK_EQ(pfn_track_query(PFN_PHYS(50) - 1, 2, bad_b, &answer), 0);
	CHECK_EQ(answer.attrs, BIT(bad_a));
	CHECK_EQ(pfn_track_query(PFN_PHYS(52), 1, bad_b, &answer), 0);
	CHECK_EQ(answer.attrs, 0);

	/* One question about everything. */
	CHECK_EQ(pfn_track_query(0, ~(size_t)0, bad_b, &answer), 0);
	kinds = BIT(bad_a) | BIT(weak_a);
	CHECK_EQ(answer.attrs, kinds);
	CHECK_EQ(answer.verdict, PFN_VERDICT_INCOHERENT);

	/* Nothing was recorded, counted or reported. */
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(unit_stat(PFT_STAT_MAPS), 2);
	CHECK_EQ(unit_trace.conflicts, 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_STRICT), 0);
	CHECK_EQ(pfn_track_query(PFN_PHYS(60), pages(2), weak_b, &answer), 0);
	CHECK(answer.refused);
}

TEST(claim, query_errors)
{
	struct pfn_answer answer = { .attrs = 0x55 };

	boot(NULL);
	CHECK_EQ(pfn_track_query(0, PAGE_SIZE, A_WB, NULL), -EINVAL);
	CHECK_EQ(pfn_track_query(0, 0, A_WB, &answer), -EINVAL);
	CHECK_EQ(pfn_track_query(PFN_PHYS(PFN_TOP), pages(1) + 1, A_WB,
				 &answer), -EINVAL);
	CHECK_EQ(pfn_track_query(0, 1, PFN_ATTR_COUNT, &answer), -EINVAL);
	CHECK_EQ(answer.attrs, 0x55);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_OFF), 0);
	CHECK_EQ(pfn_track_query(0, 1, A_WB, &answer), -EOPNOTSUPP);
	CHECK_EQ(pfn_track_query(0, 0, A_WB, &answer), -EINVAL);
}

/* === What drivers do wrong ============================================== */

TEST(claim, release_twice_is_told_once)
{
	struct pfn_claim claim = { };

	boot(NULL);
	CHECK_EQ(do_claim(&claim, 50, 8, A_WC, 0), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	CHECK_EQ(pfn_track_release(&claim), -ENOENT);
	CHECK_HAS(unit_log_text(),
		  "pfn_track: misuse: - releases a claim that is not held\n");
	unit_log_clear();
	CHECK_EQ(pfn_track_release(&claim), -ENOENT);
	CHECK_HAS_NOT(unit_log_text(), "misuse");
	check_empty();
}

TEST(claim, release_of_a_copy)
{
	struct pfn_claim claim = { }, copy;

	boot(NULL);
	CHECK_EQ(do_claim(&claim, 50, 8, A_WC, 0), 0);
	copy = claim;
	CHECK_EQ(pfn_track_release(&copy), -EINVAL);
	CHECK_HAS(unit_log_text(), "another's claim");
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WC));
	CHECK_EQ(copy.size, claim.size);
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
}

/* === Claims that go with the driver ===================================== */

TEST(claim, devm_claim)
{
	struct device dev = { .name = "0000:01:00.0", .driver = "drv" };

	boot(NULL);
	CHECK_EQ(devm_pfn_track_claim(&dev, PFN_PHYS(50), pages(8), A_WC, 0), 0);
	CHECK_EQ(devm_pfn_track_claim(&dev, PFN_PHYS(90), pages(8), A_WC, 0), 0);
	CHECK_EQ(pfn_track_lookup(57), BIT(A_WC));
	CHECK_EQ(devm_pfn_track_claim(&dev, PFN_PHYS(50), 1, A_WC, 0), -EINVAL);
	CHECK_EQ(devm_pfn_track_claim(NULL, PFN_PHYS(50), pages(1), A_WC, 0),
		 -EINVAL);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	unit_unbind(&dev);
	check_empty();
	CHECK_EQ(devm_pfn_track_claim(&dev, PFN_PHYS(50), pages(8), bad_a, 0),
		 0);
	CHECK_EQ(devm_pfn_track_claim(&dev, PFN_PHYS(50), pages(8), bad_b,
				      PFN_CLAIM_EXACT), -EBUSY);
	unit_unbind(&dev);
	check_empty();
}

/* === Looking at all that is held ======================================== */

static struct pfn_mapping seen[8];
static int nr_seen;

static int see(const struct pfn_mapping *mapping, void *limit)
{
	CHECK(nr_seen < ARRAY_SIZE(seen));
	seen[nr_seen++] = *mapping;
	/* What is asked meanwhile is answered. */
	CHECK(pfn_track_lookup(PHYS_PFN(mapping->start)) & BIT(mapping->got));
	return nr_seen == (long)limit ? 7 : 0;
}

TEST(claim, for_each)
{
	struct device dev = { .name = "0000:01:00.0", .driver = "drv" };
	struct pfn_claim claim = { };

	boot(NULL);
	CHECK_EQ(pfn_track_claim(&claim, &dev, PFN_PHYS(50), pages(8), A_WC, 0),
		 0);
	CHECK_EQ(do_map(&unit_mm[0], 10, 55, 8, A_WC), 0);
	CHECK_EQ(do_ioremap(10, 100, 8, A_WB), 0);
	CHECK_EQ(pfn_track_for_each(PFN_PHYS(50), pages(4), see, NULL), 0);
	CHECK_EQ(nr_seen, 1);
	CHECK_EQ(seen[0].start, PFN_PHYS(50));
	CHECK_EQ(seen[0].end, PFN_PHYS(58) - 1);
	CHECK_EQ(seen[0].kind, PFN_KIND_CLAIM);
	CHECK_EQ(seen[0].got, A_WC);
	CHECK(!strcmp(seen[0].driver, "drv"));
	nr_seen = 0;
	CHECK_EQ(pfn_track_for_each(PFN_PHYS(57) + 5, 1, see, NULL), 0);
	CHECK_EQ(nr_seen, 2);
	nr_seen = 0;
	CHECK_EQ(pfn_track_for_each(0, ~(size_t)0, see, (void *)2), 7);
	CHECK_EQ(nr_seen, 2);
	CHECK_EQ(pfn_track_for_each(0, 0, see, NULL), -EINVAL);
	CHECK_EQ(pfn_track_for_each(0, 1, NULL, NULL), -EINVAL);
	CHECK_EQ(pfn_track_release(&claim), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_OFF), 0);
	CHECK_EQ(pfn_track_for_each(0, 1, see, NULL), -EOPNOTSUPP);
}
