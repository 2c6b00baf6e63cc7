// SPDX-License-Identifier: GPL-2.0-only
/* What each policy lets in, and how policies are set. */
#include "registry.h"

/* Every pair of attributes under every policy, a ladder. */
TEST(policy, ladder)
{
	static const enum pfn_policy policies[] = {
		PFN_POLICY_REPORT, PFN_POLICY_ENFORCE, PFN_POLICY_STRICT
	};
	const enum pfn_attr *a, *b;
	unsigned int i;

	boot(NULL);
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		CHECK_EQ(pft_set_policy(PFT_KIND_ALL, policies[i]), 0);
		for (a = unit_attrs; *a; a++) {
			for (b = unit_attrs; *b; b++) {
				enum pfn_verdict v =
					pfn_attr_judge(*a, *b)->verdict;
				long told = unit_stat(PFT_STAT_CONFLICTS);
				bool refused;

				refused = (policies[i] == PFN_POLICY_ENFORCE &&
					   v >= PFN_VERDICT_INCOHERENT) ||
					  (policies[i] == PFN_POLICY_STRICT &&
					   v >= PFN_VERDICT_ORDERING);
				CHECK_EQ(do_ioremap(10, 50, 4, *a), 0);
				CHECK_EQ(do_map(&unit_mm[0], 10, 53, 4, *b),
					 refused ? -EBUSY : 0);
				CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS) - told,
					 v >= PFN_VERDICT_ORDERING);
				CHECK_EQ(pfn_track_lookup(53),
					 BIT(*a) | (refused ? 0 : BIT(*b)));
				do_zap(&unit_mm[0], 10, 4);
				do_iounmap(10, 4);
			}
		}
	}
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	check_empty();
}

/* Side by side is no conflict, and neither is the same attribute. */
TEST(policy, neighbours_and_equals)
{
	boot("strict");
	CHECK_EQ(do_ioremap(10, 50, 4, bad_a), 0);
	CHECK_EQ(do_ioremap(20, 54, 4, bad_b), 0);
	CHECK_EQ(do_ioremap(30, 46, 4, bad_b), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 4, bad_a), 0);
	CHECK_EQ(do_map(&unit_mm[1], 10, 51, 2, bad_a), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	/* One page further it is one. */
	CHECK_EQ(do_map(&unit_mm[0], 30, 49, 2, bad_a), -EBUSY);
	CHECK_EQ(do_map(&unit_mm[0], 30, 53, 2, bad_a), -EBUSY);
	CHECK_EQ(do_map(&unit_mm[0], 30, 40, 40, bad_a), -EBUSY);
}

TEST(policy, unknown_is_never_harmful)
{
	boot("strict");
	CHECK_EQ(do_ioremap(10, 50, 4, PFN_ATTR_UNKNOWN), 0);
	CHECK_EQ(do_ioremap(20, 50, 4, A_WB), 0);
	CHECK_EQ(do_ioremap(30, 50, 4, PFN_ATTR_UNKNOWN), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(pfn_track_lookup(50), BIT(PFN_ATTR_UNKNOWN) | BIT(A_WB));
}

/* The worst of several decides, and is the one that is named. */
TEST(policy, worst_of_many)
{
	const enum pfn_attr *a;
	enum pfn_attr worst = PFN_ATTR_UNKNOWN;
	unsigned long page = 0;

	boot("report");
	for (a = unit_attrs; *a; a++, page += 10)
		if (*a != bad_a)
			CHECK_EQ(do_ioremap(page, 50, 4, *a), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 4, bad_a), 0);
	CHECK_EQ(unit_trace.conflict.verdict, PFN_VERDICT_INCOHERENT);
	worst = unit_trace.conflict.held.got;
	CHECK_EQ(pfn_attr_judge(bad_a, worst)->verdict,
		 PFN_VERDICT_INCOHERENT);
}

TEST(policy, downgrade)
{
	struct pfn_claim claim = { };

	boot("report");
	/* Nobody else is there: the platform decided. */
	CHECK_EQ(do_remap(&unit_mm[0], 10, 50, 1, weak_a, weak_b), 0);
	CHECK_EQ(unit_stat(PFT_STAT_DOWNGRADES), 1);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_trace.conflict.verdict, PFN_VERDICT_ORDERING);
	CHECK(!unit_trace.conflict.rule);
	CHECK(!unit_trace.conflict.held.holder);
	CHECK_EQ(pfn_track_lookup(50), BIT(weak_b));

	/* Somebody is there who explains what was given. */
	CHECK_EQ(do_remap(&unit_mm[1], 10, 50, 1, weak_a, weak_b), 0);
	CHECK_EQ(unit_stat(PFT_STAT_DOWNGRADES), 2);
	CHECK(!unit_trace.conflict.rule);
	CHECK(unit_trace.conflict.held.holder);
	CHECK_EQ(unit_trace.conflict.result, PFN_RESULT_MAPPED);

	/* enforce looks at what is mapped, which disagrees with nobody. */
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_ENFORCE), 0);
	CHECK_EQ(do_remap(&unit_mm[2], 10, 50, 1, bad_a, weak_b), 0);
	CHECK_EQ(unit_stat(PFT_STAT_REFUSED), 0);
	/* strict gives nobody what he did not ask for. */
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_STRICT), 0);
	CHECK_EQ(do_remap(&unit_mm[3], 10, 50, 1, weak_a, weak_b), -EBUSY);
	CHECK_EQ(do_remap(&unit_mm[3], 10, 90, 1, weak_a, weak_b), -EBUSY);
	CHECK_EQ(unit_stat(PFT_STAT_REFUSED), 2);
	CHECK_EQ(unit_stat(PFT_STAT_DOWNGRADES), 3);
	CHECK_EQ(pfn_track_lookup(90), 0);
	CHECK_EQ(do_claim(&claim, 50, 1, weak_b, PFN_CLAIM_STRICT), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
}

/* Two things at once: a downgrade into a range that disagrees with it. */
/* What goes with what was wanted is no loss, but strict is strict. */
TEST(policy, no_downgrade)
{
	enum pfn_attr a, b;

	boot(NULL);
	CHECK_EQ(do_remap(&unit_mm[0], 5, 40, 1, A_WC, PFN_ATTR_UNKNOWN), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	if (!unit_pair(PFN_VERDICT_LEGAL, &a, &b)) {
		CHECK(strcmp(pfn_attr_arch(), "x86"));
		return;
	}
	CHECK_EQ(do_remap(&unit_mm[0], 10, 50, 1, a, b), 0);
	CHECK_EQ(do_remap(&unit_mm[1], 10, 50, 1, b, b), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(unit_stat(PFT_STAT_DOWNGRADES), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_STRICT), 0);
	CHECK_EQ(do_remap(&unit_mm[2], 10, 50, 1, a, b), -EBUSY);
}

TEST(policy, downgrade_into_conflict)
{
	boot("enforce");
	CHECK_EQ(do_ioremap(10, 50, 1, bad_a), 0);
	CHECK_EQ(do_remap(&unit_mm[0], 10, 50, 1, weak_a == bad_b ? weak_b :
			  weak_a, bad_b), -EBUSY);
	CHECK_EQ(unit_trace.conflict.verdict, PFN_VERDICT_INCOHERENT);
	CHECK(unit_trace.conflict.rule);
	CHECK_EQ(unit_stat(PFT_STAT_DOWNGRADES), 0);
	CHECK_EQ(unit_stat(PFT_STAT_REFUSED), 1);
}

TEST(policy, refused_by_arch)
{
	boot("report");
	CHECK_EQ(do_ioremap(10, 50, 4, bad_a), 0);
	do_refused(PFN_KIND_REMAP_PFN, 52, 4, bad_b);
	CHECK_EQ(unit_stat(PFT_STAT_REFUSED), 1);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_stat(PFT_STAT_DOWNGRADES), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	CHECK_EQ(unit_trace.conflict.result, PFN_RESULT_REFUSED_ARCH);
	CHECK_EQ(unit_trace.conflict.verdict, PFN_VERDICT_INCOHERENT);
	CHECK_EQ(unit_trace.conflict.new.space, PFN_SPACE_USER);
	CHECK_EQ(unit_trace.conflict.pfn, 52);
	CHECK_EQ(unit_trace.conflict.last, 53);
	CHECK(unit_trace.conflict.held.holder);
	/* Nobody on record: the platform's decision. */
	do_refused(PFN_KIND_IOREMAP, 90, 4, bad_b);
	CHECK(!unit_trace.conflict.held.holder);
	CHECK_EQ(unit_trace.conflict.new.space, PFN_SPACE_KERNEL);
	CHECK_EQ(unit_trace.conflict.pfn, 90);
}

TEST(policy, conflict_names_the_overlap)
{
	boot("report");
	CHECK_EQ(do_ioremap(10, 50, 10, bad_a), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10, 55, 10, bad_b), 0);
	CHECK_EQ(unit_trace.conflict.pfn, 55);
	CHECK_EQ(unit_trace.conflict.last, 59);
	CHECK_EQ(unit_trace.conflict.new.pfn, 55);
	CHECK_EQ(unit_trace.conflict.new.last, 64);
	CHECK_EQ(unit_trace.conflict.held.pfn, 50);
	CHECK_EQ(unit_trace.conflict.held.got, bad_a);
}

TEST(policy, off)
{
	struct pfn_claim claim = { };

	boot(NULL);
	CHECK_EQ(do_ioremap(10, 50, 10, A_WB), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10, 55, 10, A_WB), 0);
	CHECK_EQ(do_claim(&claim, 55, 10, A_WB, 0), 0);
	CHECK(pfn_track_enabled());
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_OFF), 0);
	CHECK(!pfn_track_enabled());
	check_empty();
	/* A hook that was under way when the switch was thrown. */
	CHECK_EQ(do_ioremap(10, 50, 10, A_WB), 0);
	do_fork(&unit_mm[1], &unit_mm[0], 0, 100);
	check_empty();
	CHECK_EQ(unit_stat(PFT_STAT_LATE), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_ENFORCE), 0);
	CHECK_EQ(unit_stat(PFT_STAT_LATE), 1);
	CHECK_EQ(pfn_track_lookup(55), 0);
	CHECK_EQ(do_ioremap(10, 50, 10, A_WB), 0);
	CHECK_EQ(pfn_track_lookup(55), BIT(A_WB));
	do_iounmap(10, 10);
	check_empty();
}

TEST(policy, boot_off_then_late)
{
	boot("off");
	CHECK(!pfn_track_enabled());
	CHECK_EQ(pft_get_policy(PFT_KIND_ALL), PFN_POLICY_OFF);
	CHECK_EQ(unit_stat(PFT_STAT_LATE), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), 0);
	CHECK(pfn_track_enabled());
	CHECK_EQ(unit_stat(PFT_STAT_LATE), 1);
}

TEST(policy, boot_on_is_not_late)
{
	boot("strict,claim:off,ioremap:report");
	CHECK_EQ(unit_stat(PFT_STAT_LATE), 0);
	CHECK_EQ(pft_get_policy(PFT_KIND_ALL), PFN_POLICY_STRICT);
	CHECK_EQ(pft_get_policy(PFN_KIND_CLAIM), PFN_POLICY_OFF);
	CHECK_EQ(pft_get_policy(PFN_KIND_IOREMAP), PFN_POLICY_REPORT);
	CHECK_EQ(pft_get_policy(PFN_KIND_REMAP_PFN), PFT_POLICY_DEFAULT);
	CHECK(!*unit_log_text());
}

TEST(policy, boot_with_nonsense)
{
	boot("enforce,bogus,default,claim:,:off,nokind:off,,claim:default,STRICT");
	CHECK_EQ(pft_get_policy(PFT_KIND_ALL), PFN_POLICY_ENFORCE);
	CHECK_EQ(pft_get_policy(PFN_KIND_CLAIM), PFT_POLICY_DEFAULT);
	CHECK_HAS(unit_log_text(), "'bogus' ignored");
	CHECK_HAS(unit_log_text(), "'default' ignored");
	CHECK_HAS(unit_log_text(), "'claim:' ignored");
	CHECK_HAS(unit_log_text(), "':off' ignored");
	CHECK_HAS(unit_log_text(), "'nokind:off' ignored");
	CHECK_HAS(unit_log_text(), "'STRICT' ignored");
}

TEST(policy, policy_of_a_kind)
{
	boot("enforce");
	CHECK_EQ(pft_set_policy(PFN_KIND_IOREMAP, PFN_POLICY_REPORT), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 1, bad_a), 0);
	CHECK_EQ(do_ioremap(10, 50, 1, bad_b), 0);
	CHECK_EQ(do_map(&unit_mm[1], 10, 50, 1, bad_a), -EBUSY);
	do_iounmap(10, 1);

	/* "off": recorded, neither reported nor refused. */
	CHECK_EQ(pft_set_policy(PFN_KIND_IOREMAP, PFN_POLICY_OFF), 0);
	unit_trace.conflicts = 0;
	CHECK_EQ(do_ioremap(10, 50, 1, bad_b), 0);
	CHECK_EQ(unit_trace.conflicts, 0);
	CHECK_EQ(pfn_track_lookup(50), BIT(bad_a) | BIT(bad_b));
	CHECK_EQ(do_map(&unit_mm[1], 10, 50, 1, bad_a), -EBUSY);
	do_iounmap(10, 1);

	CHECK_EQ(pft_set_policy(PFN_KIND_IOREMAP, PFT_POLICY_DEFAULT), 0);
	CHECK_EQ(do_ioremap(10, 50, 1, bad_b), -EBUSY);
}

/*
 * As much memory as one operation can need: the tree has to grow to its full
 * height, and each end of the range is a way down to single pages.
 */
TEST(policy, claim_far_and_wide)
{
	const unsigned long first = PFN_TOP / 4 * 3 + 2;
	const unsigned long nr = min(PFN_TOP - first, ~0UL >> PAGE_SHIFT);
	struct pfn_claim claim = { }, again = { };

	boot(NULL);
	CHECK_EQ(do_claim(&claim, first, nr, A_WB, 0), 0);
	/* Now every node is there, and every slot held. */
	CHECK_EQ(do_claim(&again, first, nr, A_WB, 0), 0);
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 0);
	CHECK_EQ(pfn_track_release(&again), 0);
	CHECK_EQ(pfn_track_lookup(first), BIT(A_WB));
	CHECK_EQ(pfn_track_lookup(first - 1), 0);
	CHECK_EQ(pfn_track_lookup(first + nr - 1), BIT(A_WB));
	CHECK_EQ(pfn_track_lookup(first + nr), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
}

TEST(policy, set_policy_errors)
{
	boot("report");
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_COUNT), -EINVAL);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, 99), -EINVAL);
	CHECK_EQ(pft_set_policy(PFN_KIND_CLAIM, PFT_POLICY_DEFAULT + 1),
		 -EINVAL);
	CHECK_EQ(pft_get_policy(PFT_KIND_ALL), PFN_POLICY_REPORT);
	CHECK_EQ(pft_get_policy(PFN_KIND_CLAIM), PFT_POLICY_DEFAULT);
}

/* Ten thousand parties share a range, and all of them go again. */
TEST(policy, many_holders)
{
	const unsigned int nr = 10000;
	struct pfn_answer answer;
	unsigned int i;

	boot("strict");
	for (i = 0; i < nr; i++)
		CHECK_EQ(do_map(&unit_mm[i % 4], 10 * i, 50, 4, bad_a), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10 * nr, 53, 1, bad_b), -EBUSY);
	CHECK_EQ(pfn_track_query(PFN_PHYS(50), 1, K_IO, bad_b, &answer), 0);
	CHECK_EQ(answer.attrs, BIT(bad_a));
	unit_check_store();
	for (i = 0; i < 4; i++)
		__pfn_track_exit(&unit_mm[i]);
	check_empty();
}
