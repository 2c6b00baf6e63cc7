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
	CHECK_EQ(CLAIM(top, 2 * PAGE_SIZE, A_WB, 0), -EINVAL);
	CHECK_EQ(CLAIM(top, PAGE_SIZE + 1, A_WB, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE, PFN_ATTR_UNKNOWN, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE, PFN_ATTR_NONE, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE, PFN_ATTR_COUNT, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE, (enum pfn_attr)-1, 0), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE, A_WB, 4), -EINVAL);
	CHECK_EQ(CLAIM(0, PAGE_SIZE, A_WB, PFN_CLAIM_STRICT | 0x80), -EINVAL);
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

/* A BAR of 256 bytes, and ranges that touch pages in part: these are held. */
TEST(claim, parts_of_pages)
{
	struct pfn_claim claim = { };

	boot("report");
	CHECK_EQ(pfn_track_claim(&claim, NULL, PFN_PHYS(50) + 0x100, 0x100,
				 A_WC, 0), 0);
	CHECK_EQ(pfn_track_lookup(49), 0);
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WC));
	CHECK_EQ(pfn_track_lookup(51), 0);
	CHECK_EQ(claim.start, PFN_PHYS(50) + 0x100);
	CHECK_EQ(claim.size, 0x100);
	CHECK_EQ(pfn_track_release(&claim), 0);
	CHECK_EQ(pfn_track_claim(&claim, NULL, PFN_PHYS(51) - 1, 2, A_WC, 0),
		 0);
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WC));
	CHECK_EQ(pfn_track_lookup(51), BIT(A_WC));
	CHECK_EQ(pfn_track_lookup(52), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	CHECK_EQ(pfn_track_claim(&claim, NULL,
				 PFN_PHYS(PFN_TOP) + PAGE_SIZE - 1, 1, A_WC, 0),
		 0);
	CHECK_EQ(pfn_track_lookup(PFN_TOP), BIT(A_WC));
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
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
				  PFN_CLAIM_STRICT), 0);
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
	CHECK_EQ(do_claim(&claim, 5, 4, A_WC, PFN_CLAIM_STRICT), 0);
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
	CHECK_EQ(do_claim(&claim, 5, 8, A_WC, PFN_CLAIM_STRICT), 0);
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
		CHECK_EQ(do_claim(&claim, 50, 1, attr, PFN_CLAIM_STRICT),
			 same ? 0 : -EBUSY);
		CHECK_EQ(unit_stat(PFT_STAT_REFUSED), refused + !same);
		CHECK_EQ(pfn_track_release(&claim), same ? 0 : -ENOENT);

		CHECK_EQ(pfn_track_query(PFN_PHYS(50), PAGE_SIZE, K_IO, attr,
					 &answer), 0);
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
	CHECK_EQ(do_claim(&claim, 50, 1, weak_b, PFN_CLAIM_STRICT), -EBUSY);
	CHECK_EQ(do_claim(&claim, 50, 1, weak_a, PFN_CLAIM_STRICT), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	do_iounmap(10, 1);

	/* Even where the architecture does not mind. */
	if (unit_pair(PFN_VERDICT_LEGAL, &a, &b)) {
		CHECK_EQ(do_ioremap(10, 50, 1, a), 0);
		CHECK_EQ(do_claim(&claim, 50, 1, b, PFN_CLAIM_STRICT), -EBUSY);
		CHECK_EQ(do_claim(&claim, 50, 1, b, 0), 0);
		CHECK_EQ(pfn_track_release(&claim), 0);
		do_iounmap(10, 1);
	}
	/* And where it is not known what is there. */
	CHECK_EQ(do_ioremap(10, 50, 1, PFN_ATTR_UNKNOWN), 0);
	CHECK_EQ(do_claim(&claim, 50, 1, A_WB, PFN_CLAIM_STRICT), -EBUSY);
	do_iounmap(10, 1);
	check_empty();
}

TEST(claim, query)
{
	struct pfn_answer answer;
	unsigned int kinds;

	boot("enforce");
	CHECK_EQ(pfn_track_query(PFN_PHYS(50), PAGE_SIZE, K_IO, bad_a, &answer), 0);
	CHECK_EQ(answer.attrs, 0);
	CHECK_EQ(answer.verdict, PFN_VERDICT_SAME);
	CHECK(!answer.refused);

	CHECK_EQ(do_ioremap(10, 50, 2, bad_a), 0);
	CHECK_EQ(do_ioremap(20, 60, 2, weak_a), 0);
	CHECK_EQ(pfn_track_query(PFN_PHYS(51), PAGE_SIZE, K_IO, bad_b, &answer), 0);
	CHECK_EQ(answer.attrs, BIT(bad_a));
	CHECK_EQ(answer.verdict, PFN_VERDICT_INCOHERENT);
	CHECK(answer.refused);
	CHECK_EQ(pfn_track_query(PFN_PHYS(51), PAGE_SIZE, K_IO, bad_a, &answer), 0);
	CHECK_EQ(answer.verdict, PFN_VERDICT_SAME);
	CHECK_EQ(pfn_track_query(PFN_PHYS(60), pages(2), K_IO, weak_b, &answer), 0);
	CHECK_EQ(answer.verdict, PFN_VERDICT_ORDERING);
	CHECK(!answer.refused);

	/* Partly covered pages count; neighbours do not. */
	CHECK_EQ(pfn_track_query(PFN_PHYS(50) - 1, 1, K_IO, bad_b, &answer), 0);
	CHECK_EQ(answer.attrs, 0);
	CHECK_EQ(pfn_track_query(PFN_PHYS(50) - 1, 2, K_IO, bad_b, &answer), 0);
	CHECK_EQ(answer.attrs, BIT(bad_a));
	CHECK_EQ(pfn_track_query(PFN_PHYS(52), 1, K_IO, bad_b, &answer), 0);
	CHECK_EQ(answer.attrs, 0);

	/* One question about everything. */
	CHECK_EQ(pfn_track_query(0, ~(size_t)0, K_IO, bad_b, &answer), 0);
	kinds = BIT(bad_a) | BIT(weak_a);
	CHECK_EQ(answer.attrs, kinds);
	CHECK_EQ(answer.verdict, PFN_VERDICT_INCOHERENT);

	/* Nothing was recorded, counted or reported. */
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(unit_stat(PFT_STAT_MAPS), 2);
	CHECK_EQ(unit_trace.conflicts, 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_STRICT), 0);
	CHECK_EQ(pfn_track_query(PFN_PHYS(60), pages(2), K_IO, weak_b, &answer), 0);
	CHECK(answer.refused);
}

static struct pfn_answer ask(enum pfn_kind kind, enum pfn_attr attr)
{
	struct pfn_answer answer;

	CHECK_EQ(pfn_track_query(PFN_PHYS(50), 1, kind, attr, &answer), 0);
	return answer;
}

/* Under "report" nothing is refused, and still it is said what conflicts. */
TEST(claim, query_under_report)
{
	struct pfn_claim claim = { };
	struct pfn_answer answer;
	enum pfn_attr a, b;

	boot("report");
	CHECK_EQ(do_ioremap(10, 50, 1, bad_a), 0);
	answer = ask(K_IO, bad_b);
	CHECK(answer.conflicts && answer.would_refuse);
	CHECK(!answer.refused && !answer.strict && !answer.linear);
	CHECK_EQ(answer.got, bad_b);
	answer = ask(PFN_KIND_CLAIM, bad_b);
	CHECK(!answer.strict);
	CHECK_EQ(do_claim(&claim, 50, 1, bad_b, PFN_CLAIM_STRICT), -EBUSY);
	answer = ask(PFN_KIND_CLAIM, bad_a);
	CHECK(answer.strict && !answer.conflicts && !answer.would_refuse);
	CHECK_EQ(do_claim(&claim, 50, 1, bad_a, PFN_CLAIM_STRICT), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	do_iounmap(10, 1);

	CHECK_EQ(do_ioremap(10, 50, 1, weak_a), 0);
	answer = ask(K_IO, weak_b);
	CHECK(answer.conflicts && !answer.would_refuse && !answer.strict);
	do_iounmap(10, 1);

	/* What is legal is no conflict; an exact claim minds all the same. */
	if (unit_pair(PFN_VERDICT_LEGAL, &a, &b)) {
		CHECK_EQ(do_ioremap(10, 50, 1, a), 0);
		answer = ask(K_IO, b);
		CHECK(!answer.conflicts && !answer.strict);
		do_iounmap(10, 1);
	}
	check_empty();
}

/* Where the machine makes something else of it, an exact claim is refused. */
TEST(claim, query_of_what_comes_out)
{
	struct pfn_answer answer;
	enum pfn_attr attr;

	boot("report");
	for (attr = PFN_ATTR_WB; attr < PFN_ATTR_COUNT; attr++) {
		struct pfn_claim claim = { };

		answer = ask(PFN_KIND_CLAIM, attr);
		CHECK_EQ(answer.got, pfn_attr_effective(attr));
		CHECK_EQ(answer.strict, pfn_attr_effective(attr) == attr);
		CHECK_EQ(!do_claim(&claim, 50, 1, attr, PFN_CLAIM_STRICT),
			 answer.strict);
		if (answer.strict)
			CHECK_EQ(pfn_track_release(&claim), 0);
	}
}

/* @exact is about a claim, also where another kind is asked for. */
TEST(claim, query_exact_of_other_kind)
{
	struct pfn_claim claim = { };
	struct pfn_answer answer;

	boot("report");
	/* A claim maps nothing and is not compared with the linear map. */
	unit_ram_end = 100;
	unit_linear_attr = bad_a;
	answer = ask(K_IO, bad_b);
	CHECK(answer.linear && answer.strict);
	CHECK_EQ(do_claim(&claim, 50, 1, bad_b, PFN_CLAIM_STRICT), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);

	/* A kind that is "off" is not judged: every claim is granted. */
	CHECK_EQ(do_ioremap(10, 50, 1, bad_a), 0);
	CHECK(!ask(K_IO, bad_b).strict);
	CHECK_EQ(pft_set_policy(PFN_KIND_CLAIM, PFN_POLICY_OFF), 0);
	CHECK(ask(K_IO, bad_b).strict);
	CHECK_EQ(do_claim(&claim, 50, 1, bad_b, PFN_CLAIM_STRICT), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	do_iounmap(10, 1);
}

/* The policy of the kind decides, and not the global one. */
TEST(claim, query_by_kind)
{
	struct pfn_answer answer;

	boot("report");
	CHECK_EQ(do_ioremap(10, 50, 1, bad_a), 0);
	CHECK_EQ(pft_set_policy(PFN_KIND_REMAP_PFN, PFN_POLICY_ENFORCE), 0);
	CHECK(!ask(K_IO, bad_b).refused);
	CHECK(ask(PFN_KIND_REMAP_PFN, bad_b).refused);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 1, bad_b), -EBUSY);

	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_STRICT), 0);
	CHECK_EQ(pft_set_policy(PFN_KIND_REMAP_PFN, PFN_POLICY_OFF), 0);
	CHECK(ask(K_IO, bad_b).refused);
	answer = ask(PFN_KIND_REMAP_PFN, bad_b);
	CHECK(answer.conflicts && !answer.refused && answer.would_refuse);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 1, bad_b), 0);
	do_zap(&unit_mm[0], 10, 1);

	/* It cannot be refused. */
	answer = ask(PFN_KIND_KMAP, bad_b);
	CHECK(answer.conflicts && !answer.refused && !answer.would_refuse);
	do_iounmap(10, 1);
	check_empty();
}

TEST(claim, query_errors)
{
	struct pfn_answer answer = { .attrs = 0x55 };

	boot(NULL);
	CHECK_EQ(pfn_track_query(0, PAGE_SIZE, K_IO, A_WB, NULL), -EINVAL);
	CHECK_EQ(pfn_track_query(0, 0, K_IO, A_WB, &answer), -EINVAL);
	CHECK_EQ(pfn_track_query(PFN_PHYS(PFN_TOP), pages(1) + 1, K_IO, A_WB,
				 &answer), -EINVAL);
	CHECK_EQ(pfn_track_query(0, 1, K_IO, PFN_ATTR_COUNT, &answer), -EINVAL);
	CHECK_EQ(pfn_track_query(0, 1, PFN_KIND_COUNT, A_WB, &answer), -EINVAL);
	CHECK_EQ(pfn_track_query(0, 1, (enum pfn_kind)-1, A_WB, &answer),
		 -EINVAL);
	/* The linear map is only ever on the other side. */
	CHECK_EQ(pfn_track_query(0, 1, PFN_KIND_LINEAR, A_WB, &answer),
		 -EINVAL);
	CHECK_EQ(answer.attrs, 0x55);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_OFF), 0);
	CHECK_EQ(pfn_track_query(0, 1, K_IO, A_WB, &answer), -EOPNOTSUPP);
	CHECK_EQ(pfn_track_query(0, 0, K_IO, A_WB, &answer), -EINVAL);
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
	struct pfn_claim *claim;

	boot(NULL);
#define CLAIM(dev, pfn, size, attr, flags)	\
	devm_pfn_track_claim(dev, PFN_PHYS(pfn), size, attr, flags)
	CHECK(!IS_ERR(CLAIM(&dev, 50, pages(8), A_WC, 0)));
	CHECK(!IS_ERR(CLAIM(&dev, 90, pages(8), A_WC, 0)));
	CHECK_EQ(pfn_track_lookup(57), BIT(A_WC));
	CHECK(CLAIM(&dev, 50, 0, A_WC, 0) == ERR_PTR(-EINVAL));
	CHECK(CLAIM(NULL, 50, pages(1), A_WC, 0) == ERR_PTR(-EINVAL));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	unit_unbind(&dev);
	check_empty();
	CHECK(!IS_ERR(CLAIM(&dev, 50, pages(8), bad_a, 0)));
	claim = CLAIM(&dev, 50, pages(8), bad_b, PFN_CLAIM_STRICT);
	CHECK(claim == ERR_PTR(-EBUSY));
	unit_unbind(&dev);
	check_empty();
}

/* Before a BAR is resized its claim goes, and comes back with another size. */
TEST(claim, devm_release)
{
	struct device dev = { .name = "0000:01:00.0", .driver = "drv" };
	struct device other = { .name = "0000:02:00.0", .driver = "drv" };
	struct pfn_claim *claim, *kept;

	boot(NULL);
	kept = CLAIM(&dev, 90, pages(8), A_WC, 0);
	claim = CLAIM(&dev, 50, pages(8), A_WC, 0);
	CHECK_EQ(devm_pfn_track_release(&other, claim), -ENOENT);
	CHECK_EQ(devm_pfn_track_release(NULL, claim), -EINVAL);
	CHECK_EQ(devm_pfn_track_release(&dev, NULL), -EINVAL);
	CHECK_EQ(devm_pfn_track_release(&dev, ERR_PTR(-EBUSY)), -EINVAL);
	CHECK_EQ(pfn_track_lookup(57), BIT(A_WC));
	CHECK_EQ(devm_pfn_track_release(&dev, claim), 0);
	CHECK_EQ(pfn_track_lookup(57), 0);
	CHECK_EQ(pfn_track_lookup(97), BIT(A_WC));
	CHECK(!IS_ERR(CLAIM(&dev, 50, pages(16), A_WC, 0)));
	CHECK_EQ(pfn_track_lookup(65), BIT(A_WC));

	/* The handle is a claim like others, and stays in place. */
	CHECK_EQ(pfn_track_release(kept), 0);
	CHECK_EQ(pfn_track_lookup(97), 0);
	CHECK_EQ(pfn_track_claim(kept, &dev, PFN_PHYS(90), pages(1), A_WC, 0),
		 0);
	CHECK_EQ(pfn_track_release(kept), 0);
	unit_unbind(&dev);
	check_empty();
	CHECK_HAS_NOT(unit_log_text(), "misuse");
#undef CLAIM
}

TEST(claim, resource)
{
	struct device dev = { .name = "0000:01:00.0", .driver = "drv" };
	struct resource res = {
		.start = PFN_PHYS(50),
		.end = PFN_PHYS(50) + 0xff,
		.flags = IORESOURCE_MEM,
	};
	struct resource none = { .flags = IORESOURCE_MEM }, bad = res;
	struct pfn_claim claim = { };

	boot(NULL);
#define CLAIM(res)	\
	pfn_track_claim_resource(&claim, &dev, res, A_WC, 0)
	CHECK_EQ(CLAIM(NULL), -EINVAL);
	/* resource_size() takes it for a byte. */
	CHECK_EQ(CLAIM(&none), -EINVAL);
	bad.flags = IORESOURCE_IO;
	CHECK_EQ(CLAIM(&bad), -EINVAL);
	bad.flags = IORESOURCE_MEM | IORESOURCE_UNSET;
	CHECK_EQ(CLAIM(&bad), -EINVAL);
	bad.flags = IORESOURCE_MEM | IORESOURCE_DISABLED;
	CHECK_EQ(CLAIM(&bad), -EINVAL);
	/* More than a size_t holds, where it is the smaller of the two. */
	bad.flags = IORESOURCE_MEM;
	bad.end = bad.start + ~(size_t)0 + (phys_addr_t)PAGE_SIZE;
	if (sizeof(phys_addr_t) > sizeof(size_t))
		CHECK_EQ(CLAIM(&bad), -EINVAL);
	check_empty();

	CHECK_EQ(CLAIM(&res), 0);
	CHECK_EQ(claim.size, 0x100);
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WC));
	CHECK(!strcmp(record_at(PFN_SPACE_NONE, &claim, 0).holder->dev,
		      dev.name));
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();

	CHECK(devm_pfn_track_claim_resource(&dev, &none, A_WC, 0) ==
	      ERR_PTR(-EINVAL));
	CHECK(!IS_ERR(devm_pfn_track_claim_resource(&dev, &res, A_WC, 0)));
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WC));
	unit_unbind(&dev);
	check_empty();
#undef CLAIM
}

/* === A driver's own mappings ============================================ */

/* Call sites: two of one module, one of another, one of the kernel itself. */
#define DRV		((void *)1)
#define DRV_TOO		((void *)2)
#define OTHER		((void *)3)
#define KERNEL		((void *)4)

/* The tests, who claim, are the module "drv". */
static void boot_drivers(const char *param)
{
	unit_symbols[1] = "drv_probe+0x10/0x80 [drv]";
	unit_symbols[2] = "drv_start+0x10/0x80 [drv]";
	unit_symbols[3] = "other_probe+0x10/0x80 [other]";
	unit_symbols[4] = "start_kernel+0x10/0x80";
	unit_stack[0] = 1;
	unit_text_module = "drv";
	boot(param);
}

static int map_by(void *caller, unsigned long va, unsigned long pfn,
		  enum pfn_attr attr)
{
	return __pfn_track_ioremap(kva(va), PAGE_SIZE, PFN_PHYS(pfn),
				   unit_prot(attr), unit_prot(attr), caller);
}

static long conflicts(void)
{
	return unit_stat(PFT_STAT_CONFLICTS);
}

/* Registers inside of a claimed BAR are mapped with another attribute. */
TEST(claim, own_mapping)
{
	struct pfn_claim claim = { };

	boot_drivers("enforce");
	CHECK_EQ(do_claim(&claim, 50, 8, bad_a, 0), 0);
	CHECK_EQ(map_by(DRV, 10, 51, bad_b), 0);
	CHECK_EQ(map_by(DRV_TOO, 20, 52, bad_b), 0);
	CHECK_EQ(conflicts(), 0);
	/* Another module, and who is not known, are not the driver. */
	CHECK_EQ(map_by(OTHER, 30, 53, bad_b), -EBUSY);
	CHECK_EQ(map_by(KERNEL, 30, 53, bad_b), -EBUSY);
	CHECK_EQ(conflicts(), 2);
	/* The claim is no excuse for what disagrees with its mapping. */
	CHECK_EQ(map_by(DRV, 30, 51, bad_a), -EBUSY);
	CHECK_EQ(conflicts(), 3);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_IOREMAP);
	do_iounmap(10, 1);
	do_iounmap(20, 1);
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
}

/* Others are named, though the driver's own claim is older. */
TEST(claim, own_mapping_names_others)
{
	struct pfn_claim claim = { };

	boot_drivers("report");
	CHECK_EQ(do_claim(&claim, 50, 8, bad_a, 0), 0);
	CHECK_EQ(map_by(OTHER, 10, 51, bad_a), 0);
	CHECK_EQ(map_by(DRV, 20, 51, bad_b), 0);
	CHECK_EQ(conflicts(), 1);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_IOREMAP);
	CHECK_EQ(unit_trace.conflict.verdict, PFN_VERDICT_INCOHERENT);
	do_iounmap(10, 1);
	do_iounmap(20, 1);
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
}

/* And the other way round, unless the claim is to be exact. */
TEST(claim, own_mapping_first)
{
	struct pfn_claim claim = { };

	boot_drivers("enforce");
	CHECK_EQ(map_by(DRV, 10, 51, bad_b), 0);
	CHECK_EQ(do_claim(&claim, 50, 8, bad_a, 0), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	CHECK_EQ(do_claim(&claim, 50, 8, bad_a, PFN_CLAIM_STRICT), -EBUSY);
	CHECK_EQ(do_claim(&claim, 50, 8, bad_a, PFN_CLAIM_SELF), -EBUSY);
	CHECK_EQ(conflicts(), 2);
	do_iounmap(10, 1);
	CHECK_EQ(map_by(OTHER, 10, 51, bad_b), 0);
	CHECK_EQ(do_claim(&claim, 50, 8, bad_a, 0), -EBUSY);
	do_iounmap(10, 1);
	check_empty();
}

TEST(claim, self)
{
	struct pfn_claim claim = { };

	boot_drivers("enforce");
	CHECK_EQ(do_claim(&claim, 50, 8, bad_a, PFN_CLAIM_SELF), 0);
	CHECK_EQ(map_by(DRV, 10, 51, bad_b), -EBUSY);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_CLAIM);
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
}

/* Two claims of one driver contradict each other. */
TEST(claim, own_claims)
{
	struct pfn_claim one = { }, two = { };

	boot_drivers("enforce");
	CHECK_EQ(do_claim(&one, 50, 8, bad_a, 0), 0);
	CHECK_EQ(do_claim(&two, 50, 8, bad_b, 0), -EBUSY);
	CHECK_EQ(pfn_track_release(&one), 0);
	check_empty();
}

/* Its own mmap(), told by the functions of the file; sysfs is not its own. */
TEST(claim, own_file)
{
	static struct inode inode = { .i_ino = 1 };
	static const int own_fops, sysfs_fops;
	struct file file = { .f_op = &own_fops, .inode = &inode };
	struct vm_area_struct vma = unit_vma(&unit_mm[0], 10, 1);
	struct pfn_claim claim = { };

	boot_drivers("enforce");
	unit_module_data(&own_fops, "drv");
	unit_module_data(&sysfs_fops, NULL);
	CHECK_EQ(do_claim(&claim, 50, 8, bad_a, 0), 0);
	vma.vm_file = &file;
	CHECK_EQ(__pfn_track_remap(&vma, vma.vm_start, 51, PAGE_SIZE,
				   unit_prot(bad_b), unit_prot(bad_b)), 0);
	CHECK_EQ(conflicts(), 0);
	do_zap(&unit_mm[0], 10, 1);
	file.f_op = &sysfs_fops;
	CHECK_EQ(__pfn_track_remap(&vma, vma.vm_start, 51, PAGE_SIZE,
				   unit_prot(bad_b), unit_prot(bad_b)), -EBUSY);
	CHECK_EQ(conflicts(), 1);
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
}

/* The call sites of a module that has gone say nothing. */
TEST(claim, own_module_gone)
{
	struct pfn_claim claim = { };
	struct pft_record rec;

	boot_drivers("enforce");
	CHECK_EQ(do_claim(&claim, 50, 8, bad_a, 0), 0);
	rec = record_at(PFN_SPACE_NONE, &claim, 0);
	/* As pft_pin() leaves it. */
	rec.holder->module = kstrdup_const("drv", GFP_KERNEL);
	CHECK_EQ(map_by(DRV, 10, 51, bad_b), -EBUSY);
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
}

/* Too many to look at: what they prove counts, and that there are more. */
TEST(claim, own_among_many)
{
	const unsigned int nr = 2000;
	struct pfn_claim claim = { };
	unsigned int i;
	long suppressed;

	boot_drivers("report");
	CHECK_EQ(do_claim(&claim, 51, 1, bad_a, 0), 0);
	unit_stack[0] = 4;
	for (i = 0; i < nr; i++)
		CHECK_EQ(do_map(&unit_mm[i % 4], 10 * i, 51, 1, bad_b), 0);
	CHECK_EQ(conflicts(), nr);
	suppressed = unit_stat(PFT_STAT_SUPPRESSED);
	CHECK_EQ(map_by(DRV, 1, 51, bad_b), 0);
	CHECK_EQ(conflicts(), nr);
	CHECK_EQ(unit_stat(PFT_STAT_SUPPRESSED), suppressed + 1);
	CHECK_EQ(pfn_track_release(&claim), 0);
	do_iounmap(1, 1);
	for (i = 0; i < 4; i++)
		__pfn_track_exit(&unit_mm[i]);
	check_empty();
}

/* Who hides the driver's own claim among many records has nothing refused by it. */
TEST(claim, own_among_many_refused)
{
	const unsigned int nr = 2000;
	struct pfn_claim claim = { };
	unsigned int i;

	boot_drivers("report");
	CHECK_EQ(do_claim(&claim, 51, 1, bad_a, 0), 0);
	unit_stack[0] = 4;
	for (i = 0; i < nr; i++)
		CHECK_EQ(do_map(&unit_mm[i % 4], 10 * i, 51, 1, bad_b), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_ENFORCE), 0);
	CHECK_EQ(map_by(DRV, 1, 51, bad_b), 0);
	CHECK_EQ(conflicts(), nr);
	/* Of those that can be looked at some disagree: that is a proof. */
	CHECK_EQ(map_by(OTHER, 2, 51, bad_b), -EBUSY);
	CHECK_EQ(map_by(DRV, 3, 51, bad_a), -EBUSY);
	CHECK_EQ(conflicts(), nr + 2);
	CHECK_EQ(pfn_track_release(&claim), 0);
	/* Made last it is not even looked at. */
	unit_stack[0] = 1;
	CHECK_EQ(do_claim(&claim, 51, 1, bad_a, PFN_CLAIM_STRICT), -EBUSY);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), 0);
	CHECK_EQ(do_claim(&claim, 51, 1, bad_a, 0), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_ENFORCE), 0);
	CHECK_EQ(map_by(DRV, 4, 51, bad_b), 0);
	/* Nor is it taken for a stranger's. */
	CHECK_EQ(conflicts(), nr + 4);
	CHECK_EQ(pfn_track_release(&claim), 0);
	do_iounmap(1, 1);
	do_iounmap(4, 1);
	for (i = 0; i < 4; i++)
		__pfn_track_exit(&unit_mm[i]);
	check_empty();
}

#ifndef CONFIG_X86
/* mprotect() of a part that the driver's own claim says otherwise of. */
TEST(claim, own_file_protected)
{
	static const int own_fops, sysfs_fops;
	static struct inode inode = { .i_ino = 1 };
	struct file file = { .f_op = &own_fops, .inode = &inode };
	struct vm_area_struct vma = unit_vma(&unit_mm[0], 10, 1);
	struct pfn_claim claim = { };
	int i;

	boot_drivers("enforce");
	unit_module_data(&own_fops, "drv");
	unit_module_data(&sysfs_fops, NULL);
	vma.vm_file = &file;
	CHECK_EQ(do_claim(&claim, 50, 8, A_WC, 0), 0);
	for (i = 0; i < 2; i++) {
		CHECK_EQ(__pfn_track_remap(&vma, vma.vm_start, 51, PAGE_SIZE,
					   unit_prot(A_WC), unit_prot(A_WC)), 0);
		vma.vm_page_prot = unit_prot(A_WB);
		CHECK_EQ(__pfn_track_may_protect(&vma, vma.vm_start, vma.vm_end,
						 0), i ? -EBUSY : 0);
		CHECK_EQ(conflicts(), i);
		do_zap(&unit_mm[0], 10, 1);
		file.f_op = &sysfs_fops;
	}
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
}
#endif

/* What would happen to the one who asks. */
TEST(claim, query_own)
{
	struct pfn_claim claim = { };
	struct pfn_answer answer;

	boot_drivers("enforce");
	CHECK_EQ(do_claim(&claim, 50, 8, bad_a, 0), 0);
	answer = ask(K_IO, bad_b);
	CHECK(!answer.conflicts && !answer.refused && !answer.would_refuse);
	CHECK_EQ(answer.attrs, BIT(bad_a));
	CHECK(!answer.strict);
	/* Elsewhere the claim is known by the caller that asks, too. */
	if (IS_ENABLED(CONFIG_ARCH_STACKWALK)) {
		unit_text_module = "other";
		answer = ask(K_IO, bad_b);
		CHECK(answer.conflicts && answer.refused);
	}
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
}

/* === Looking at all that is held ======================================== */

static struct pfn_mapping seen[8];
static int nr_seen;

static int see(const struct pfn_mapping *mapping, void *limit)
{
	CHECK(nr_seen < ARRAY_SIZE(seen));
	seen[nr_seen++] = *mapping;
	/* It may sleep, and what is asked meanwhile is answered. */
	might_sleep();
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

/* === What happens while one looks ======================================= */

static unsigned int nr_other;

static int unmap_it(const struct pfn_mapping *mapping, void *data)
{
	might_sleep();
	nr_other++;
	do_iounmap(PHYS_PFN(mapping->start), 1);
	/* What it said of itself stays. */
	CHECK(!strcmp(mapping->comm, "unit"));
	return 0;
}

/* All go while they are looked at, and the empty nodes with them. */
TEST(claim, for_each_unmaps)
{
	const unsigned int nr = 1000;
	unsigned int i;

	boot(NULL);
	strscpy(current->comm, "unit");
	for (i = 1; i <= nr; i++)
		CHECK_EQ(do_ioremap(70 * i, 70 * i, 1, A_WB), 0);
	CHECK_EQ(pfn_track_for_each(0, ~(size_t)0, unmap_it, NULL), 0);
	CHECK_EQ(nr_other, nr);
	check_empty();
}

static int unmap_all(const struct pfn_mapping *mapping, void *data)
{
	unsigned int i;

	nr_other++;
	for (i = 1; i <= 1000; i++)
		do_iounmap(70 * i, 1);
	unit_rcu_run();
	return 0;
}

/* More nodes than are kept become empty, and not the one that is looked at. */
TEST(claim, for_each_unmaps_all)
{
	unsigned int i;

	boot(NULL);
	for (i = 1; i <= 1000; i++)
		CHECK_EQ(do_ioremap(70 * i, 70 * i, 1, A_WB), 0);
	CHECK_EQ(pfn_track_for_each(0, ~(size_t)0, unmap_all, NULL), 0);
	CHECK_EQ(nr_other, 1);
	check_empty();
}

static int map_another(const struct pfn_mapping *mapping, void *data)
{
	unsigned long va = 100000 + 2 * nr_other++;

	CHECK_EQ(do_ioremap(va, 50, 1, A_WB), 0);
	/* It would never end if it always saw what it makes. */
	return nr_other == 500 ? 7 : 0;
}

TEST(claim, for_each_maps)
{
	boot(NULL);
	CHECK_EQ(do_ioremap(10, 50, 1, A_WB), 0);
	CHECK_EQ(pfn_track_for_each(PFN_PHYS(50), 1, map_another, NULL), 7);
	CHECK_EQ(nr_other, 500);
	do_iounmap(10, 1);
	do_iounmap(100000, 1000);
	check_empty();
}

static int switch_off(const struct pfn_mapping *mapping, void *data)
{
	nr_other++;
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_OFF), 0);
	return 0;
}

TEST(claim, for_each_switched_off)
{
	unsigned int i;

	boot(NULL);
	for (i = 0; i < 300; i++)
		CHECK_EQ(do_ioremap(10 + 2 * i, 1000 * i, 1, A_WB), 0);
	CHECK_EQ(pfn_track_for_each(0, ~(size_t)0, switch_off, NULL), 0);
	CHECK_EQ(nr_other, 1);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), 0);
	check_empty();
}

static unsigned int between;

static void count_between(void)
{
	between++;
}

static int count_seen(const struct pfn_mapping *mapping, void *data)
{
	nr_other++;
	return 0;
}

/*
 * However many there are that do not matter, the lock is dropped after a few:
 * records of one block, of which only the last overlaps the range.
 */
TEST(claim, for_each_is_bounded)
{
	const unsigned int nr = 5000;
	unsigned int i;

	boot(NULL);
	for (i = 0; i < nr; i++)
		CHECK_EQ(do_map(&unit_mm[0], 10 + 3 * i, 5, 2, A_WB), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10 + 3 * nr, 6, 2, A_WB), 0);
	unit_between = count_between;
	CHECK_EQ(pfn_track_for_each(PFN_PHYS(7), 1, count_seen, NULL), 0);
	unit_between = NULL;
	CHECK_EQ(nr_other, 1);
	/* 64 a time. */
	CHECK(between >= nr / 64);
	__pfn_track_exit(&unit_mm[0]);
	check_empty();
}
