// SPDX-License-Identifier: GPL-2.0-only
/* The registry through its front door: hooks, API, policies. */
#include "unit.h"

static enum pfn_attr bad_a, bad_b;	/* INCOHERENT */
static enum pfn_attr weak_a, weak_b;	/* ORDERING */

static void boot(const char *param)
{
	unit_boot(param);
	CHECK(unit_pair(PFN_VERDICT_INCOHERENT, &bad_a, &bad_b));
	CHECK(unit_pair(PFN_VERDICT_ORDERING, &weak_a, &weak_b));
}

/*
 * With RAM below page frame 100 and a linear map of it; the attribute that does
 * not go with that.
 */
static enum pfn_attr boot_linear(const char *param)
{
	boot(param);
	CHECK_EQ(bad_a, A_WB);
	unit_ram_end = 100;
	unit_linear_attr = A_WB;
	return bad_b;
}

/* All has gone, and was given back. */
static void check_empty(void)
{
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	CHECK_EQ(pfn_track_lookup(0), 0);
	unit_check_store();
}

/* === Hooks ============================================================== */

TEST(registry, ioremap)
{
	struct pft_record rec;

	boot(NULL);
	CHECK_EQ(do_ioremap(1000, 50, 4, A_WC), 0);
	CHECK_EQ(pfn_track_lookup(49), 0);
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WC));
	CHECK_EQ(pfn_track_lookup(53), BIT(A_WC));
	CHECK_EQ(pfn_track_lookup(54), 0);
	rec = record_at(PFN_SPACE_KERNEL, NULL, 1003);
	CHECK_EQ(rec.pfn, 50);
	CHECK_EQ(rec.kind, PFN_KIND_IOREMAP);
	CHECK_EQ(unit_trace.maps, 1);
	do_iounmap(1000, 4);
	CHECK_EQ(unit_trace.unmaps, 1);
	CHECK_EQ(unit_stat(PFT_STAT_MAPS), 1);
	CHECK_EQ(unit_stat(PFT_STAT_UNMAPS), 1);
	check_empty();
	/* Once more: unknown to the registry, and no error. */
	do_iounmap(1000, 4);
	CHECK_EQ(unit_stat(PFT_STAT_UNMAPS), 1);
}

TEST(registry, holder)
{
	struct task_struct task = { .tgid = 77, .comm = "fifteen_letters" };
	struct pft_record rec;

	boot(NULL);
	unit_current = &task;
	unit_stack[0] = 3;
	CHECK_EQ(__pfn_track_ioremap(kva(9), PAGE_SIZE, 0, unit_prot(A_WB),
				     unit_prot(A_WB), (void *)5), 0);
	spin_lock(&pft_lock);
	rec = *unit_after(NULL);
	CHECK_EQ(rec.holder->pid, 77);
	CHECK(!strcmp(rec.holder->comm, "fifteen_letters"));
	CHECK_EQ(rec.holder->caller, 5);
	CHECK(rec.holder->stack);
	CHECK(rec.time);
	/* The record, and the memory of recent holders. */
	CHECK_EQ(rec.holder->ref.refs, 2);
	spin_unlock(&pft_lock);
	do_iounmap(9, 1);
	check_empty();
}

TEST(registry, remap_and_zap)
{
	struct vm_area_struct plain = unit_vma(&unit_mm[0], 10, 8);

	boot(NULL);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, A_WC), 0);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[0], 17).kind,
		 PFN_KIND_REMAP_PFN);
	/* An area that cannot hold page frames is left alone ... */
	plain.vm_flags = 0;
	__pfn_track_zap(&plain, pages(10), pages(18));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	/* ... another address space, too. */
	do_zap(&unit_mm[1], 10, 8);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);

	plain.vm_flags = VM_MIXEDMAP;
	__pfn_track_zap(&plain, pages(12), pages(14));
	CHECK_EQ(pfn_track_lookup(51), BIT(A_WC));
	CHECK_EQ(pfn_track_lookup(52), 0);
	CHECK_EQ(pfn_track_lookup(53), 0);
	CHECK_EQ(pfn_track_lookup(54), BIT(A_WC));
	unit_check_store();
	do_zap(&unit_mm[0], 0, 100);
	check_empty();
}

/* What is on record where something new is mapped lost its mapping unseen. */
TEST(registry, remap_over_stale)
{
	boot("enforce");
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, bad_a), 0);
	CHECK_EQ(do_map(&unit_mm[0], 12, 52, 4, bad_b), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(pfn_track_lookup(51), BIT(bad_a));
	CHECK_EQ(pfn_track_lookup(52), BIT(bad_b));
	CHECK_EQ(pfn_track_lookup(56), BIT(bad_a));
	unit_check_store();
	/* Also if the newcomer is refused, for another's sake. */
	CHECK_EQ(do_map(&unit_mm[0], 12, 50, 4, bad_b), -EBUSY);
	CHECK_EQ(pfn_track_lookup(52), 0);
	unit_check_store();
	do_zap(&unit_mm[0], 0, 100);
	check_empty();
}

TEST(registry, undo_does_not_ask_the_area)
{
	boot(NULL);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, A_WC), 0);
	__pfn_track_undo(&unit_mm[0], pages(10), pages(8));
	check_empty();
}

TEST(registry, move)
{
	boot(NULL);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, A_WC), 0);
	/* Whole, then the middle, then two pieces at once. */
	do_move(&unit_mm[0], 10, 100, 8);
	CHECK(!record_at(PFN_SPACE_USER, &unit_mm[0], 10).holder);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[0], 107).pfn, 50);
	unit_check_store();
	do_move(&unit_mm[0], 102, 20, 3);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 3);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[0], 20).pfn, 52);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[0], 105).pfn, 55);
	unit_check_store();
	do_move(&unit_mm[0], 101, 201, 6);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[0], 201).pfn, 51);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[0], 205).pfn, 55);
	CHECK(!record_at(PFN_SPACE_USER, &unit_mm[0], 202).holder);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[0], 107).pfn, 57);
	unit_check_store();
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WC));
	CHECK_EQ(pfn_track_lookup(57), BIT(A_WC));
	__pfn_track_exit(&unit_mm[0]);
	check_empty();
}

TEST(registry, move_of_nothing)
{
	struct vm_area_struct plain = unit_vma(&unit_mm[0], 10, 8);

	boot(NULL);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, A_WC), 0);
	do_move(&unit_mm[0], 10, 100, 0);
	do_move(&unit_mm[0], 30, 100, 5);
	do_move(&unit_mm[1], 10, 100, 8);
	plain.vm_flags = 0;
	__pfn_track_move(&plain, pages(10), pages(100), pages(8));
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[0], 10).pfn, 50);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 0);
}

TEST(registry, fork)
{
	struct task_struct child = { .tgid = 99, .comm = "child",
				     .mm = &unit_mm[1] };
	struct pft_record rec;

	boot(NULL);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, A_WC), 0);
	CHECK_EQ(do_map(&unit_mm[0], 18, 90, 2, A_WC), 0);
	/* The area covers a part of the one record and a part of the other. */
	do_fork(&unit_mm[1], &unit_mm[0], 14, 5);
	CHECK(!record_at(PFN_SPACE_USER, &unit_mm[1], 13).holder);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[1], 14).pfn, 54);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[1], 17).last, 57);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[1], 18).last, 90);
	CHECK(!record_at(PFN_SPACE_USER, &unit_mm[1], 19).holder);
	unit_check_store();

	/* The child has no process id until it is looked up. */
	rec = record_at(PFN_SPACE_USER, &unit_mm[1], 14);
	CHECK_EQ(pft_holder_pid(&rec), 0);
	unit_tasks = &child;
	CHECK_EQ(pft_holder_pid(&rec), 99);
	unit_tasks = NULL;
	CHECK_EQ(pft_holder_pid(&rec), 99);

	/* The parent goes first, the child's stay. */
	__pfn_track_exit(&unit_mm[0]);
	CHECK_EQ(pfn_track_lookup(50), 0);
	CHECK_EQ(pfn_track_lookup(54), BIT(A_WC));
	__pfn_track_exit(&unit_mm[1]);
	check_empty();
}

TEST(registry, fork_of_another_area)
{
	struct vm_area_struct src = unit_vma(&unit_mm[0], 10, 8);
	struct vm_area_struct dst = unit_vma(&unit_mm[1], 10, 8);

	boot(NULL);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, A_WC), 0);
	src.vm_flags = 0;
	__pfn_track_fork(&dst, &src);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
}

TEST(registry, exit_drops_one_address_space)
{
	boot(NULL);
	CHECK_EQ(do_map(&unit_mm[0], 0, 50, 8, A_WC), 0);
	CHECK_EQ(do_map(&unit_mm[0], ~0UL >> PAGE_SHIFT, 60, 1, A_WC), 0);
	CHECK_EQ(do_map(&unit_mm[1], 10, 50, 8, A_WC), 0);
	CHECK_EQ(do_ioremap(10, 50, 8, A_WC), 0);
	__pfn_track_exit(&unit_mm[0]);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	CHECK_EQ(pfn_track_lookup(60), 0);
	CHECK(record_at(PFN_SPACE_USER, &unit_mm[1], 10).holder);
	CHECK(record_at(PFN_SPACE_KERNEL, NULL, 10).holder);
}

/* === Edges and bad input ================================================ */

TEST(registry, edges)
{
	boot(NULL);
	CHECK_EQ(do_ioremap(10, 0, 1, A_WB), 0);
	CHECK_EQ(do_ioremap(20, PFN_TOP, 1, A_WC), 0);
	CHECK_EQ(do_map(&unit_mm[0], ~0UL >> PAGE_SHIFT, 7, 1, A_WB), 0);
	CHECK_EQ(pfn_track_lookup(0), BIT(A_WB));
	CHECK_EQ(pfn_track_lookup(1), 0);
	CHECK_EQ(pfn_track_lookup(PFN_TOP), BIT(A_WC));
	CHECK_EQ(pfn_track_lookup(PFN_TOP - 1), 0);
	CHECK_EQ(pfn_track_lookup(7), BIT(A_WB));
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	unit_check_store();
	do_zap(&unit_mm[0], ~0UL >> PAGE_SHIFT, 1);
	do_iounmap(20, 1);
	do_iounmap(10, 1);
	check_empty();
}

TEST(registry, nonsense_is_not_recorded)
{
	struct vm_area_struct vma = unit_vma(&unit_mm[0], 10, 1);

	boot("strict");
	CHECK_EQ(do_ioremap(10, 5, 0, A_WB), 0);
	CHECK_EQ(do_ioremap(10, PFN_TOP, 2, A_WB), 0);
	CHECK_EQ(__pfn_track_remap(&vma, pages(10), 5, 0, unit_prot(A_WB),
				   unit_prot(A_WB)), 0);
	CHECK_EQ(__pfn_track_remap(&vma, pages(10), PFN_TOP, pages(2),
				   unit_prot(A_WB), unit_prot(A_WB)), 0);
	do_refused(PFN_KIND_IOREMAP, 5, 0, A_WB);
	do_refused(PFN_KIND_IOREMAP, PFN_TOP, 2, A_WB);
	CHECK_EQ(unit_stat(PFT_STAT_REFUSED), 0);
	check_empty();
}

/* A page frame beyond the physical space is not another one's. */
TEST(registry, pfn_out_of_space)
{
	unsigned long pfn = PFN_TOP + 1 ?: PFN_TOP;
	struct vm_area_struct vma = unit_vma(&unit_mm[0], 10, 1);

	boot(NULL);
	if (pfn == PFN_TOP)
		return;
	CHECK_EQ(__pfn_track_remap(&vma, pages(10), pfn, PAGE_SIZE,
				   unit_prot(A_WB), unit_prot(A_WB)), 0);
	CHECK_EQ(pfn_track_lookup(0), 0);
	CHECK_EQ(do_map(&unit_mm[1], 10, pfn + 3, 1, A_WB), 0);
	CHECK_EQ(pfn_track_lookup(3), 0);
	do_refused(PFN_KIND_REMAP_PFN, pfn, 1, A_WB);
	CHECK_EQ(unit_stat(PFT_STAT_REFUSED), 0);
	check_empty();
}

/* A physical address has more bits than a page frame number can hold. */
TEST(registry, phys_out_of_space)
{
	struct pfn_claim claim = { };
	struct pfn_answer answer;
	phys_addr_t start = (phys_addr_t)PAGE_SIZE << 16;

	boot(NULL);
	start <<= 16;
	if (PHYS_PFN(start))
		return;		/* not on this word size */
	if (!start)
		return;
	CHECK_EQ(pfn_track_claim(&claim, NULL, start, PAGE_SIZE, A_WB, 0),
		 -EINVAL);
	CHECK_EQ(pfn_track_lookup(0), 0);
	CHECK_EQ(pfn_track_query(start, PAGE_SIZE, A_WB, &answer), -EINVAL);
	CHECK_EQ(__pfn_track_ioremap(kva(10), PAGE_SIZE, start,
				     unit_prot(A_WB), unit_prot(A_WB), NULL),
		 0);
	CHECK_EQ(pfn_track_lookup(0), 0);
	check_empty();
}

/* Nothing is between an address and itself. */
TEST(registry, empty_range_tears_nothing_down)
{
	boot(NULL);
	CHECK_EQ(do_ioremap(10, 50, 8, A_WB), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, A_WB), 0);
	do_zap(&unit_mm[0], 10, 0);
	do_zap(&unit_mm[0], 14, 0);
	do_zap(&unit_mm[0], 18, 0);
	do_iounmap(10, 0);
	do_iounmap(14, 0);
	__pfn_track_undo(&unit_mm[0], pages(12), 0);
	unit_check_store();
	CHECK_EQ(unit_stat(PFT_STAT_UNMAPS), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[0], 13).last, 57);
	CHECK_EQ(record_at(PFN_SPACE_KERNEL, NULL, 13).last, 57);
}

/* As above, at address 0: an empty range is not everything. */
TEST(registry, empty_range_at_zero)
{
	boot(NULL);
	CHECK_EQ(do_map(&unit_mm[0], 0, 50, 8, A_WB), 0);
	do_zap(&unit_mm[0], 0, 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	CHECK_EQ(pfn_track_lookup(50), BIT(A_WB));
}

/* === Claims and questions =============================================== */

TEST(registry, claim)
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

TEST(registry, claim_einval)
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

TEST(registry, claim_edges)
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
TEST(registry, claims_of_the_same_range)
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
TEST(registry, claim_is_not_unmapped)
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

TEST(registry, claim_while_off)
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
TEST(registry, kind_off_is_not_judged)
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

TEST(registry, unknown_kind)
{
	boot(NULL);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL + 1, PFN_POLICY_STRICT), -EINVAL);
}

/* A driver freed a claim that it held; the next at that address is another. */
TEST(registry, claim_memory_reused)
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

TEST(registry, claim_dropped_by_off)
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

TEST(registry, claim_refused)
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
TEST(registry, claim_of_what_comes_out)
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

TEST(registry, exact)
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

TEST(registry, query)
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

TEST(registry, query_errors)
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

/* === Policies =========================================================== */

/* Every pair of attributes under every policy, a ladder. */
TEST(registry, ladder)
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
TEST(registry, neighbours_and_equals)
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

TEST(registry, unknown_is_never_harmful)
{
	boot("strict");
	CHECK_EQ(do_ioremap(10, 50, 4, PFN_ATTR_UNKNOWN), 0);
	CHECK_EQ(do_ioremap(20, 50, 4, A_WB), 0);
	CHECK_EQ(do_ioremap(30, 50, 4, PFN_ATTR_UNKNOWN), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(pfn_track_lookup(50), BIT(PFN_ATTR_UNKNOWN) | BIT(A_WB));
}

/* The worst of several decides, and is the one that is named. */
TEST(registry, worst_of_many)
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

TEST(registry, downgrade)
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
	CHECK_EQ(do_claim(&claim, 50, 1, weak_b, PFN_CLAIM_EXACT), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);
}

/* Two things at once: a downgrade into a range that disagrees with it. */
/* What goes with what was wanted is no loss, but strict is strict. */
TEST(registry, no_downgrade)
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

TEST(registry, downgrade_into_conflict)
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

TEST(registry, refused_by_arch)
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

TEST(registry, conflict_names_the_overlap)
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

TEST(registry, off)
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

TEST(registry, boot_off_then_late)
{
	boot("off");
	CHECK(!pfn_track_enabled());
	CHECK_EQ(pft_get_policy(PFT_KIND_ALL), PFN_POLICY_OFF);
	CHECK_EQ(unit_stat(PFT_STAT_LATE), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), 0);
	CHECK(pfn_track_enabled());
	CHECK_EQ(unit_stat(PFT_STAT_LATE), 1);
}

TEST(registry, boot_on_is_not_late)
{
	boot("strict,claim:off,ioremap:report");
	CHECK_EQ(unit_stat(PFT_STAT_LATE), 0);
	CHECK_EQ(pft_get_policy(PFT_KIND_ALL), PFN_POLICY_STRICT);
	CHECK_EQ(pft_get_policy(PFN_KIND_CLAIM), PFN_POLICY_OFF);
	CHECK_EQ(pft_get_policy(PFN_KIND_IOREMAP), PFN_POLICY_REPORT);
	CHECK_EQ(pft_get_policy(PFN_KIND_REMAP_PFN), PFT_POLICY_DEFAULT);
	CHECK(!*unit_log_text());
}

TEST(registry, boot_with_nonsense)
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

TEST(registry, policy_of_a_kind)
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
TEST(registry, claim_far_and_wide)
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

TEST(registry, set_policy_errors)
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
TEST(registry, many_holders)
{
	const unsigned int nr = 10000;
	struct pfn_answer answer;
	unsigned int i;

	boot("strict");
	for (i = 0; i < nr; i++)
		CHECK_EQ(do_map(&unit_mm[i % 4], 10 * i, 50, 4, bad_a), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10 * nr, 53, 1, bad_b), -EBUSY);
	CHECK_EQ(pfn_track_query(PFN_PHYS(50), 1, bad_b, &answer), 0);
	CHECK_EQ(answer.attrs, BIT(bad_a));
	unit_check_store();
	for (i = 0; i < 4; i++)
		__pfn_track_exit(&unit_mm[i]);
	check_empty();
}

/* === What drivers do wrong ============================================== */

TEST(registry, release_twice_is_told_once)
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

TEST(registry, release_of_a_copy)
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

TEST(registry, devm_claim)
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

TEST(registry, for_each)
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

/* === Faults ============================================================= */

TEST(registry, insert)
{
	unsigned int i;

	boot("enforce");
	for (i = 0; i < 512; i++)
		CHECK_EQ(do_insert(&unit_mm[0], 10 + i, 50 + i, 1, bad_a), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	CHECK_EQ(unit_stat(PFT_STAT_MAPS), 512);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[0], 300).kind,
		 PFN_KIND_INSERT);
	CHECK_EQ(do_insert(&unit_mm[1], 10, 60, 1, bad_b), -EBUSY);
	CHECK_EQ(do_insert(&unit_mm[1], 10, 40, 1, bad_b), 0);
	/* One page goes and comes back with another frame, as an object moves. */
	do_zap(&unit_mm[0], 20, 1);
	CHECK_EQ(pfn_track_lookup(60), 0);
	CHECK_EQ(do_insert(&unit_mm[0], 20, 5000, 1, bad_b), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 4);
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 0);
	unit_check_store();
	__pfn_track_exit(&unit_mm[0]);
	__pfn_track_exit(&unit_mm[1]);
	check_empty();
}

/* What goes on where the last page ended is spared much, but not the judgement. */
TEST(registry, insert_in_order)
{
	struct task_struct task = { .tgid = 5, .comm = "one" };
	unsigned int i;

	boot(NULL);
	unit_current = &task;
	CHECK_EQ(do_map(&unit_mm[1], 0, 130, 1, bad_b), 0);
	CHECK_EQ(do_map(&unit_mm[1], 500, 256, 64, bad_b), 0);
	for (i = 0; i < 300; i++)
		CHECK_EQ(do_insert(&unit_mm[0], 10 + i, 100 + i, 1, bad_a), 0);
	/* One page of a leaf is held otherwise, and a block as a whole. */
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1 + 64);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 3);
	CHECK_EQ(record_at(PFN_SPACE_USER, &unit_mm[0], 10).last, 399);
	unit_check_store();

	strscpy(task.comm, "two");
	CHECK_EQ(do_insert(&unit_mm[0], 310, 400, 1, bad_a), 0);
	task.tgid = 6;
	CHECK_EQ(do_insert(&unit_mm[0], 311, 401, 1, bad_a), 0);
	CHECK_EQ(do_insert(&unit_mm[0], 312, 403, 1, bad_a), 0);
	CHECK_EQ(do_insert(&unit_mm[0], 313, 404, 1, bad_b), 0);
	CHECK_EQ(do_insert(&unit_mm[2], 314, 405, 1, bad_b), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 3 + 5);
	/* Between two that it joins. */
	CHECK_EQ(do_insert(&unit_mm[2], 316, 407, 1, bad_b), 0);
	CHECK_EQ(do_insert(&unit_mm[2], 315, 406, 1, bad_b), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 3 + 5);
	/* As far as the next one, and no further. */
	CHECK_EQ(do_insert(&unit_mm[2], 319, 9, 1, bad_b), 0);
	CHECK_EQ(do_insert(&unit_mm[2], 317, 408, 1, bad_b), 0);
	CHECK_EQ(do_insert(&unit_mm[2], 318, 409, 1, bad_b), 0);
	CHECK_EQ(do_insert(&unit_mm[2], 319, 410, 1, bad_b), 0);
	CHECK_EQ(pfn_track_lookup(9), 0);
	unit_check_store();
	for (i = 0; i < 3; i++)
		__pfn_track_exit(&unit_mm[i]);
	check_empty();
}

/* RAM that is mapped in order is laid beside the linear map page by page. */
TEST(registry, insert_ram_in_order)
{
	enum pfn_attr other = boot_linear(NULL);

	CHECK_EQ(do_insert(&unit_mm[0], 10, 50, 1, other), 0);
	CHECK_EQ(do_insert(&unit_mm[0], 11, 51, 1, other), 0);
	CHECK_EQ(do_insert(&unit_mm[0], 12, 52, 1, other), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 3);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
}

/* RAM as the linear map has it is not worth a record; RAM otherwise is. */
TEST(registry, insert_plain_ram)
{
	boot(NULL);
	unit_ram_end = 100;
	CHECK_EQ(do_insert(&unit_mm[0], 10, 50, 1, A_WB), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	CHECK_EQ(do_insert(&unit_mm[0], 11, 51, 1, A_WC), 0);
	CHECK_EQ(do_insert(&unit_mm[0], 12, 100, 1, A_WB), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
}

/* Where nothing may sleep, what is missing is missing. */
TEST(registry, insert_without_memory)
{
	boot(NULL);
	unit_stock_hide();
	unit_fail_from(1);
	CHECK_EQ(do_insert(&unit_mm[0], 10, 50, 1, A_WC), 0);
	unit_fail_nth(0);
	unit_stock_restore();
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 1);
	check_empty();
}

/* === vmap() and the linear map ========================================== */

static struct page ram[8];

static int do_vmap(struct vm_struct *area, unsigned long va, unsigned int nr,
		   enum pfn_attr attr, unsigned long flags)
{
	struct page *pages[ARRAY_SIZE(ram)];
	unsigned int i;

	for (i = 0; i < nr; i++)
		pages[i] = &ram[i];
	*area = (struct vm_struct){ .addr = kva(va), .flags = flags };
	return __pfn_track_vmap(area, pages, NULL, nr, unit_prot(attr));
}

TEST(registry, vmap)
{
	/* Two stretches of page frames and a single one. */
	static const unsigned long pfns[] = { 50, 51, 52, 90, 91, 70 };
	struct vm_struct area;
	unsigned int i;

	boot(NULL);
	for (i = 0; i < ARRAY_SIZE(pfns); i++)
		ram[i].pfn = pfns[i];
	CHECK_EQ(do_vmap(&area, 10, 6, A_WB, 0), 0);
	CHECK(!(area.flags & VM_PFN_TRACK));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	CHECK_EQ(do_vmap(&area, 10, 6, A_WC, 0), 0);
	CHECK(area.flags & VM_PFN_TRACK);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 3);
	CHECK_EQ(record_at(PFN_SPACE_KERNEL, NULL, 13).pfn, 90);
	CHECK_EQ(record_at(PFN_SPACE_KERNEL, NULL, 15).kind, PFN_KIND_VMAP);
	CHECK_EQ(pfn_track_lookup(52), BIT(A_WC));
	do_iounmap(10, 6);
	check_empty();
	area = (struct vm_struct){ .addr = kva(10) };
	CHECK_EQ(__pfn_track_vmap(&area, NULL, pfns, 6, unit_prot(A_WC)), 0);
	CHECK_EQ(pfn_track_lookup(70), BIT(A_WC));
	do_iounmap(10, 6);
	check_empty();
}

/* Write-back is on record only where somebody has the same pages otherwise. */
TEST(registry, vmap_mixed)
{
	struct vm_struct area;
	unsigned int i;

	boot(NULL);
	for (i = 0; i < 4; i++)
		ram[i].pfn = 50 + i;
	if (bad_a == A_WB)
		return;
	CHECK_EQ(do_ioremap(100, 52, 1, bad_a), 0);
	CHECK_EQ(do_vmap(&area, 10, 4, A_WB, 0), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	pfn_track_mixed = true;
	CHECK_EQ(do_vmap(&area, 10, 2, A_WB, 0), 0);
	CHECK(!(area.flags & VM_PFN_TRACK));
	CHECK_EQ(do_vmap(&area, 10, 4, A_WB, 0), 0);
	CHECK(area.flags & VM_PFN_TRACK);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_trace.conflict.held.got, bad_a);
	pfn_track_mixed = false;
}

/* A page for a moment: told of once per call site, and never on record. */
TEST(registry, page)
{
	const char *site = (const char *)boot;

	boot("strict");
	CHECK_EQ(do_ioremap(10, 50, 4, bad_b), 0);
	__pfn_track_page(50, unit_prot(bad_b), site);
	__pfn_track_page(49, unit_prot(bad_a), site);
	__pfn_track_page(54, unit_prot(bad_a), site);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	unit_in_interrupt = true;
	__pfn_track_page(51, unit_prot(bad_a), site);
	unit_in_interrupt = false;
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);

	__pfn_track_page(53, unit_prot(bad_a), site);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_trace.conflict.new.kind, PFN_KIND_KMAP);
	CHECK_EQ(unit_trace.conflict.new.got, bad_a);
	CHECK_EQ(unit_trace.conflict.held.got, bad_b);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_IOREMAP);
	CHECK_EQ(unit_trace.conflict.result, PFN_RESULT_MAPPED);
	CHECK_EQ(unit_trace.conflict.pfn, 53);
	__pfn_track_page(53, unit_prot(bad_a), site);
	__pfn_track_page(50, unit_prot(bad_a), site);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	__pfn_track_page(50, unit_prot(bad_a), site + 1);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 2);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	do_iounmap(10, 4);
	check_empty();
}

/* Refused in the middle: nothing of it stays. */
TEST(registry, vmap_refused)
{
	struct vm_struct area;
	unsigned int i;

	boot("enforce");
	for (i = 0; i < 4; i++)
		ram[i].pfn = 50 + 2 * i;
	if (bad_a == A_WB)
		return;
	CHECK_EQ(do_ioremap(100, 54, 1, A_WB), 0);
	CHECK_EQ(do_vmap(&area, 10, 4, A_WC, 0),
		 pfn_attr_judge(A_WC, A_WB)->verdict >= PFN_VERDICT_INCOHERENT ?
		 -EBUSY : 0);
	if (pfn_attr_judge(A_WC, A_WB)->verdict >= PFN_VERDICT_INCOHERENT)
		CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
}

/* RAM that is mapped otherwise than the linear map has it: told once. */
TEST(registry, linear)
{
	enum pfn_attr other = boot_linear(NULL);
	struct vm_struct area;

	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 2, other), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_LINEAR);
	CHECK_EQ(unit_trace.conflict.held.got, A_WB);
	CHECK_HAS(unit_log_text(), "held by  kernel:0 linear at");
	/* Who follows agrees with the first, and is told nothing. */
	CHECK_EQ(do_map(&unit_mm[1], 10, 50, 2, other), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	/* Not RAM; mapped as the linear map; sanctioned; not a mapping. */
	CHECK_EQ(do_map(&unit_mm[0], 20, 100, 2, other), 0);
	CHECK_EQ(do_map(&unit_mm[0], 30, 60, 2, A_WB), 0);
	ram[0].pfn = 70;
	CHECK_EQ(do_vmap(&area, 10, 1, other, VM_DMA_COHERENT), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(do_vmap(&area, 12, 1, other, 0), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	ram[0].pfn = 80;
	CHECK_EQ(do_vmap(&area, 14, 1, other, 0), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 2);
}

TEST(registry, linear_policy)
{
	enum pfn_attr other = boot_linear("enforce");
	struct pfn_answer answer;

	CHECK_EQ(pfn_track_query(PFN_PHYS(50), 1, other, &answer), 0);
	CHECK(answer.refused);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 1, other), -EBUSY);
	CHECK_EQ(pft_set_policy(PFN_KIND_LINEAR, PFN_POLICY_REPORT), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 1, other), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 2);
	CHECK_EQ(pft_set_policy(PFN_KIND_LINEAR, PFN_POLICY_OFF), 0);
	CHECK_EQ(do_map(&unit_mm[0], 20, 51, 1, other), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 2);
}
