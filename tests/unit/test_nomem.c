// SPDX-License-Identifier: GPL-2.0-only
/* Memory runs out: at every allocation in turn, and for good. */
#include "unit.h"

static enum pfn_attr bad_a, bad_b;

/* A little of everything, none of which may fail for want of memory. */
static void scenario(struct pfn_claim *claim)
{
	static struct device dev = { .name = "dev", .driver = "driver" };

	CHECK_EQ(pfn_track_claim(claim, &dev, PFN_PHYS(200), pages(8), bad_a,
				 0), 0);
	CHECK_EQ(do_ioremap(10, 50, 8, bad_a), 0);
	CHECK_EQ(do_ioremap(30, 50, 8, bad_b), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10, 100, 20, bad_a), 0);
	do_zap(&unit_mm[0], 15, 2);
	do_move(&unit_mm[0], 20, 120, 4);
	do_fork(&unit_mm[1], &unit_mm[0], 10, 200);
	do_refused(PFN_KIND_IOREMAP, 101, 2, bad_b);
	do_iounmap(30, 8);
}

static void boot(void)
{
	unit_boot(NULL);
	CHECK(unit_pair(PFN_VERDICT_INCOHERENT, &bad_a, &bad_b));
	unit_stack[0] = 1;
}

static void tear_down(struct pfn_claim *claim)
{
	CHECK_EQ(pfn_track_release(claim), 0);
	do_iounmap(10, 8);
	__pfn_track_exit(&unit_mm[0]);
	__pfn_track_exit(&unit_mm[1]);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	unit_check_store();
}

/* What is lost is said to be lost, or else all is there. */
static void check_honest(void)
{
	unit_check_store();
	if (unit_stat(PFT_STAT_INCOMPLETE))
		return;
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 10);
	CHECK_EQ(pfn_track_lookup(200), BIT(bad_a));
	CHECK_EQ(pfn_track_lookup(50), BIT(bad_a));
	CHECK_EQ(pfn_track_lookup(104), BIT(bad_a));
	CHECK_EQ(pfn_track_lookup(105), 0);
	CHECK_EQ(pfn_track_lookup(119), BIT(bad_a));
}

static void nth_fails(long n)
{
	struct pfn_claim claim = { };

	boot();
	unit_fail_nth(n);
	scenario(&claim);
	CHECK_EQ(unit_failed(), 1);
	unit_fail_nth(0);
	check_honest();
	tear_down(&claim);
}

static void all_fail_from(long n)
{
	struct pfn_claim claim = { };

	boot();
	unit_fail_from(n);
	scenario(&claim);
	check_honest();
	tear_down(&claim);
}

/* In a child, so that those to come start from nothing, too. */
static void count_allocs(long arg)
{
	struct pfn_claim claim = { };
	long before;

	boot();
	before = unit_allocs();
	scenario(&claim);
	*unit_result = unit_allocs() - before;
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 10);
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 0);
	tear_down(&claim);
}

TEST(nomem, every_allocation_in_turn)
{
	long i, nr;

	CHECK(unit_isolated(count_allocs, 0));
	nr = *unit_result;
	CHECK(nr > 20);
	for (i = 1; i <= nr; i++) {
		if (!unit_isolated(nth_fails, i))
			unit_fail(__FILE__, __LINE__, "allocation %ld of %ld",
				  i, nr);
	}
}

TEST(nomem, for_good)
{
	long i, nr;

	CHECK(unit_isolated(count_allocs, 0));
	nr = *unit_result;
	for (i = 1; i <= nr; i++) {
		if (!unit_isolated(all_fail_from, i))
			unit_fail(__FILE__, __LINE__, "from allocation %ld", i);
	}
}

/* Refusals need no memory either. */
TEST(nomem, refused_all_the_same)
{
	boot();
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_ENFORCE), 0);
	CHECK_EQ(do_ioremap(10, 50, 8, bad_a), 0);
	unit_stock_hide();
	unit_fail_from(1);
	CHECK_EQ(do_ioremap(30, 50, 8, bad_b), -EBUSY);
	CHECK_EQ(do_ioremap(30, 60, 8, bad_b), 0);
	CHECK_EQ(pfn_track_lookup(60), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	CHECK(unit_stat(PFT_STAT_INCOMPLETE) > 0);
	do_iounmap(10, 8);
	unit_fail_nth(0);
	unit_stock_restore();
	unit_check_store();
}

/* A refused newcomer has no record that could be missing. */
TEST(nomem, refused_is_not_incomplete)
{
	boot();
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_ENFORCE), 0);
	CHECK_EQ(do_ioremap(10, 50, 8, bad_a), 0);
	unit_fail_from(1);
	CHECK_EQ(do_ioremap(30, 50, 8, bad_b), -EBUSY);
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 0);
}

/* The reserve lets an unmap split though memory is gone. */
TEST(nomem, split_from_the_reserve)
{
	boot();
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 80, A_WB), 0);
	unit_fail_from(1);
	do_zap(&unit_mm[0], 20, 2);
	CHECK_EQ(pfn_track_lookup(60), 0);
	CHECK_EQ(pfn_track_lookup(62), BIT(A_WB));
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 0);
	unit_check_store();
	__pfn_track_exit(&unit_mm[0]);
	unit_check_store();
}

/* Without even that the record stays held as a whole. */
TEST(nomem, split_without_reserve)
{
	boot();
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 80, A_WB), 0);
	unit_fail_from(1);
	unit_stock_hide();
	do_zap(&unit_mm[0], 20, 2);
	CHECK_EQ(pfn_track_lookup(60), BIT(A_WB));
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 1);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	/* Nor can it be shortened where blocks of pages have to be split. */
	do_zap(&unit_mm[0], 85, 5);
	CHECK_EQ(pfn_track_lookup(125), BIT(A_WB));
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 2);
	/* What is there as single pages can go. */
	do_zap(&unit_mm[0], 10, 5);
	CHECK_EQ(pfn_track_lookup(54), 0);
	CHECK_EQ(pfn_track_lookup(55), BIT(A_WB));
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 2);
	/* As a whole it goes without memory. */
	__pfn_track_exit(&unit_mm[0]);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	unit_stock_restore();
	unit_check_store();
}

/*
 * What could not be split is still there when its hole is mapped anew.  Then
 * two records share addresses; tearing either down must leave sane records.
 */
static void map_into_stale_hole(void)
{
	boot();
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 80, A_WB), 0);
	unit_fail_from(1);
	unit_stock_hide();
	do_zap(&unit_mm[0], 20, 1);
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 1);
	unit_fail_nth(0);
	unit_stock_restore();
	CHECK_EQ(do_map(&unit_mm[0], 20, 0, 1, A_WB), 0);
}

static void check_sane(void)
{
	const struct pft_record *rec;

	spin_lock(&pft_lock);
	for (rec = unit_after(NULL); rec; rec = unit_after(rec)) {
		CHECK(rec->pfn <= rec->last);
		CHECK(PAGE_ALIGNED(rec->va));
	}
	pft_unlock();
	/* Held though nobody is there is safe; held everywhere is not sane. */
	CHECK_EQ(pfn_track_lookup(1000000), 0);
}

TEST(nomem, stale_hole_zapped)
{
	map_into_stale_hole();
	do_zap(&unit_mm[0], 20, 1);
	check_sane();
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WB));
	CHECK_EQ(pfn_track_lookup(129), BIT(A_WB));
	__pfn_track_exit(&unit_mm[0]);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
}

TEST(nomem, stale_rest_zapped)
{
	map_into_stale_hole();
	do_zap(&unit_mm[0], 10, 10);
	check_sane();
	do_zap(&unit_mm[0], 21, 69);
	check_sane();
	CHECK_EQ(pfn_track_lookup(0), BIT(A_WB));
	CHECK_EQ(pfn_track_lookup(50), 0);
	CHECK_EQ(pfn_track_lookup(129), 0);
	__pfn_track_exit(&unit_mm[0]);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
}

TEST(nomem, stale_all_zapped)
{
	map_into_stale_hole();
	do_zap(&unit_mm[0], 10, 80);
	check_sane();
	CHECK_EQ(pfn_track_lookup(0), 0);
	CHECK_EQ(pfn_track_lookup(50), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
}

/* Out of memory once more, when the stale record should have made way. */
TEST(nomem, stale_hole_again)
{
	boot();
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 80, A_WB), 0);
	unit_stock_hide();
	unit_fail_from(1);
	do_zap(&unit_mm[0], 20, 1);
	unit_stock_hide();
	CHECK_EQ(do_map(&unit_mm[0], 20, 7, 1, A_WB), 0);
	/* Neither could the old record make way, nor the new one be made. */
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 3);
	unit_fail_nth(0);
	unit_stock_restore();
	check_sane();
	CHECK_EQ(pfn_track_lookup(7), 0);
	do_zap(&unit_mm[0], 20, 1);
	check_sane();
	do_zap(&unit_mm[0], 15, 10);
	check_sane();
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WB));
	__pfn_track_exit(&unit_mm[0]);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
}

/*
 * mremap() moves, then unmaps the old range: a record that could not be moved
 * must not go with it, the pages are mapped at the new address.
 */
TEST(nomem, move_whole)
{
	boot();
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, A_WB), 0);
	unit_stock_hide();
	unit_fail_from(1);
	do_move(&unit_mm[0], 10, 100, 8);
	do_zap(&unit_mm[0], 10, 8);
	unit_fail_nth(0);
	unit_stock_restore();
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WB));
	CHECK_EQ(pfn_track_lookup(57), BIT(A_WB));
}

TEST(nomem, move_part)
{
	boot();
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, A_WB), 0);
	unit_stock_hide();
	unit_fail_from(1);
	do_move(&unit_mm[0], 12, 100, 2);
	do_zap(&unit_mm[0], 12, 2);
	unit_fail_nth(0);
	unit_stock_restore();
	CHECK_EQ(pfn_track_lookup(52), BIT(A_WB));
	CHECK_EQ(pfn_track_lookup(53), BIT(A_WB));
}

/* What could not follow is found again by whoever asks, and goes at the end. */
TEST(nomem, lost_by_a_move)
{
	struct pfn_claim claim = { };
	char *text;

	boot();
	CHECK_EQ(do_claim(&claim, 50, 8, A_WB, 0), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, A_WB), 0);
	CHECK_EQ(do_map(&unit_mm[0], 30, 70, 8, A_WB), 0);
	unit_stock_hide();
	unit_fail_from(1);
	do_move(&unit_mm[0], 12, 100, 2);
	do_move(&unit_mm[0], 32, 110, 2);
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 2);
	unit_fail_nth(0);
	unit_stock_restore();
	do_zap(&unit_mm[0], 0, 200);
	unit_check_store();
	CHECK_EQ(pfn_track_lookup(52), BIT(A_WB));
	CHECK_EQ(pfn_track_lookup(77), BIT(A_WB));
	text = unit_debugfs_read("records", 4096, NULL);
	CHECK_HAS(text, "incomplete: 2\n");
	CHECK_HAS(text, "record range=0x46000-0x4dfff va=- ");
	free(text);
	/* The addresses may be used again meanwhile. */
	CHECK_EQ(do_map(&unit_mm[0], 10, 90, 40, A_WB), 0);
	unit_check_store();
	__pfn_track_exit(&unit_mm[1]);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 4);
	__pfn_track_exit(&unit_mm[0]);
	/* The claim is nobody's address space. */
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	CHECK_EQ(pfn_track_lookup(77), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
}

TEST(nomem, fork)
{
	boot();
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, A_WB), 0);
	unit_stock_hide();
	unit_fail_from(1);
	do_fork(&unit_mm[1], &unit_mm[0], 10, 8);
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 1);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	unit_stock_restore();
	/* Without a name only. */
	unit_fail_nth(1);
	do_fork(&unit_mm[1], &unit_mm[0], 10, 8);
	CHECK_EQ(unit_failed(), 1);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	__pfn_track_exit(&unit_mm[0]);
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WB));
	__pfn_track_exit(&unit_mm[1]);
	unit_check_store();
}

TEST(nomem, claim)
{
	struct pfn_claim claim = { };

	boot();
	unit_stock_hide();
	unit_fail_from(1);
	CHECK_EQ(do_claim(&claim, 50, 8, A_WB, 0), 0);
	unit_fail_nth(0);
	unit_stock_restore();
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 1);
	CHECK_EQ(pfn_track_release(&claim), 0);
	CHECK_EQ(pfn_track_release(&claim), -ENOENT);
}

static void boot_nth_fails(long n)
{
	unit_fail_nth(n);
	unit_boot(NULL);
	CHECK_EQ(unit_failed(), 1);
	unit_fail_nth(0);
	/* It says so, and does not pretend. */
	CHECK_HAS(unit_log_text(), "no memory to start, switched off");
	CHECK_EQ(pft_get_policy(PFT_KIND_ALL), PFN_POLICY_OFF);
	CHECK(!pfn_track_enabled());
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), -ENOMEM);
	CHECK(!pfn_track_enabled());
}

static void count_boot(long arg)
{
	unit_boot(NULL);
	*unit_result = unit_allocs();
}

TEST(nomem, boot)
{
	long i, nr;

	CHECK(unit_isolated(count_boot, 0));
	nr = *unit_result;
	CHECK(nr > 30);
	for (i = 1; i <= nr; i++)
		if (!unit_isolated(boot_nth_fails, i))
			unit_fail(__FILE__, __LINE__, "allocation %ld", i);
}

TEST(nomem, switch_on)
{
	unit_boot("off");
	unit_fail_from(1);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), -ENOMEM);
	CHECK_EQ(pft_get_policy(PFT_KIND_ALL), PFN_POLICY_OFF);
	CHECK(!pfn_track_enabled());
	CHECK_EQ(unit_stat(PFT_STAT_LATE), 0);
	unit_fail_from(2);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), -ENOMEM);
	CHECK_EQ(pft_get_policy(PFT_KIND_ALL), PFN_POLICY_OFF);
	unit_fail_nth(0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), 0);
	CHECK(pfn_track_enabled());
}
