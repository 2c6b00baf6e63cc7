// SPDX-License-Identifier: GPL-2.0-only
/* The registry through its front door: its hooks. */
#include "registry.h"

/*
 * With RAM below page frame 100 and a linear map of it.  Returns an attribute
 * that conflicts with that.
 */
static enum pfn_attr boot_linear(const char *param)
{
	boot(param);
	unit_ram_end = 100;
	unit_linear_attr = A_WB;
	return unit_not_linear();
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
	pft_unlock();
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

	boot(NULL);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 8, A_WC), 0);
	src.vm_flags = 0;
	__pfn_track_fork(&unit_mm[1], &src, pages(10), pages(18));
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
	CHECK_EQ(pfn_track_query(start, PAGE_SIZE, K_IO, A_WB, &answer),
		 -EINVAL);
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
	unit_linear_attr = A_WB;
	/* rmap does not find it, so it is recorded, if it is not everybody's. */
	CHECK_EQ(do_insert(&unit_mm[0], 10, 50, 1, A_WB), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	CHECK_EQ(do_insert(&unit_mm[0], 20, UNIT_IMAGE_PFN, 1, A_WB), 0);
	CHECK_EQ(do_insert(&unit_mm[0], 21, UNIT_IMAGE_PFN + UNIT_IMAGE_PAGES,
			   1, A_WB), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	CHECK_EQ(do_insert(&unit_mm[0], 12, 100, 1, A_WB), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
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
	return __pfn_track_vmap(area, pages, NULL, nr, unit_prot(attr),
				false);
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
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	CHECK_EQ(do_vmap(&area, 10, 6, A_WC, 0), 0);
	CHECK_EQ(area.flags, 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 3);
	CHECK_EQ(record_at(PFN_SPACE_KERNEL, NULL, 13).pfn, 90);
	CHECK_EQ(record_at(PFN_SPACE_KERNEL, NULL, 15).kind, PFN_KIND_VMAP);
	CHECK_EQ(pfn_track_lookup(52), BIT(A_WC));
	do_iounmap(10, 6);
	check_empty();
	area = (struct vm_struct){ .addr = kva(10) };
	CHECK_EQ(__pfn_track_vmap(&area, NULL, pfns, 6, unit_prot(A_WC),
				  false), 0);
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
	CHECK_EQ(do_vmap(&area, 10, 4, A_WB, 0), 0);
	CHECK_EQ(area.flags, 0);
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
	/* The caller may hold a lock that an interrupt takes. */
	unit_irqs_disabled = true;
	__pfn_track_page(50, unit_prot(bad_a), site);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	unit_irqs_disabled = false;
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

/* RAM that is mapped otherwise than the linear map has it. */
TEST(registry, linear)
{
	enum pfn_attr other = boot_linear(NULL);
	struct vm_struct area;

	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 2, other), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_LINEAR);
	CHECK_EQ(unit_trace.conflict.held.got, A_WB);
	CHECK_HAS(unit_log_text(), "held by  kernel:0 linear at");
	/* The next one agrees with the first, and is judged all the same. */
	CHECK_EQ(do_map(&unit_mm[1], 10, 50, 2, other), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 2);
	/* Not RAM; mapped as the linear map; cleaned for DMA. */
	CHECK_EQ(do_map(&unit_mm[0], 20, 100, 2, other), 0);
	CHECK_EQ(do_map(&unit_mm[0], 30, 60, 2, A_WB), 0);
	ram[0].pfn = 70;
	CHECK_EQ(do_vmap(&area, 10, 1, A_WC, VM_DMA_COHERENT), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 2);
	/* Cleaned by a driver, as i915 does. */
	ram[0].pfn = 75;
	CHECK_EQ(__pfn_track_vmap(&(struct vm_struct){ .addr = kva(12) },
				  (struct page *[]){ &ram[0] }, NULL, 1,
				  unit_prot(A_WC), true), 0);
	CHECK_EQ(do_insert_cleaned(&unit_mm[0], 40, 76, A_WC), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 2);
	ram[0].pfn = 80;
	CHECK_EQ(do_vmap(&area, 14, 1, other, 0), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 3);
}

/* A claim, or one who was let in under "report", opens the page for nobody. */
TEST(registry, linear_after_others)
{
	enum pfn_attr other = boot_linear(NULL);
	struct pfn_claim claim = { };

	CHECK_EQ(do_claim(&claim, 50, 2, other, 0), 0);
	CHECK_EQ(do_map(&unit_mm[0], 20, 60, 2, other), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_ENFORCE), 0);
	CHECK_EQ(do_map(&unit_mm[1], 10, 50, 2, other), -EBUSY);
	CHECK_EQ(do_map(&unit_mm[1], 20, 60, 2, other), -EBUSY);
	CHECK_EQ(pfn_track_release(&claim), 0);
}

/* Pages of another attribute and holes are not counted, however many pages. */
TEST(registry, linear_pages)
{
	enum pfn_attr other = boot_linear("report");

	unit_ram_end = 1000;
	unit_linear_hole(300, 100);
	unit_linear_set(420, 1, other);
	CHECK_EQ(do_map(&unit_mm[0], 10, 100, 500, other), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_LINEAR);
	CHECK_EQ(unit_trace.conflict.pages, 399);
	CHECK_EQ(unit_trace.conflict.held_pages, 399);
	CHECK(unit_trace.conflict.exact);
}

/* Write-combining GEM buffers: caches are cleaned where nothing else is possible. */
TEST(registry, linear_fixed)
{
	const bool fixed = PAT_NATIVE->linear_fixed;

	boot_linear("enforce");
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 2, A_WC), fixed ? 0 : -EBUSY);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), !fixed);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), fixed);
}

TEST(registry, linear_policy)
{
	enum pfn_attr other = boot_linear("enforce");
	struct pfn_answer answer;

	CHECK_EQ(pfn_track_query(PFN_PHYS(50), 1, K_IO, other, &answer), 0);
	CHECK(answer.refused);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 1, other), -EBUSY);
	CHECK_EQ(pft_set_policy(PFN_KIND_LINEAR, PFN_POLICY_REPORT), 0);
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 1, other), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 2);
	CHECK_EQ(pft_set_policy(PFN_KIND_LINEAR, PFN_POLICY_OFF), 0);
	CHECK_EQ(do_map(&unit_mm[0], 20, 51, 1, other), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 2);
}

/* Any process may map one page as often as it likes. */
TEST(registry, steps_are_bounded)
{
	struct pfn_answer answer;
	unsigned int i;

	boot(NULL);
	for (i = 0; i < 3 * PFT_STEPS; i++)
		CHECK_EQ(do_map(&unit_mm[0], 10 + 2 * i, 50, 1, bad_a), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	/* The one that conflicts is the last of a long list. */
	CHECK_EQ(do_map(&unit_mm[1], 10, 51, 1, bad_b), 0);
	CHECK_EQ(do_map(&unit_mm[2], 10, 50, 2, bad_a), 0);
	/* What is not looked at accuses nobody, refuses nothing, and is counted. */
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(unit_stat(PFT_STAT_SUPPRESSED), 1);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_ENFORCE), 0);
	CHECK_EQ(do_map(&unit_mm[2], 20, 50, 2, bad_a), 0);
	CHECK_EQ(unit_stat(PFT_STAT_SUPPRESSED), 2);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(pfn_track_query(51 * PAGE_SIZE, PAGE_SIZE, PFN_KIND_IOREMAP,
				 bad_a, &answer), 0);
	CHECK_EQ(unit_stat(PFT_STAT_SUPPRESSED), 2);
	CHECK_EQ(do_map(&unit_mm[2], 30, 50, 1, bad_b), -EBUSY);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK(unit_stat(PFT_STAT_MAX_STEPS) > PFT_STEPS / 2);
	CHECK(unit_stat(PFT_STAT_MAX_STEPS) <= PFT_STEPS + 1);
	__pfn_track_exit(&unit_mm[0]);
	__pfn_track_exit(&unit_mm[1]);
	__pfn_track_exit(&unit_mm[2]);
	check_empty();
}
