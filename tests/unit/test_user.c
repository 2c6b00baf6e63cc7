// SPDX-License-Identifier: GPL-2.0-only
/* User mappings: what becomes of them besides coming and going. */
#include "unit.h"

static struct mm_struct *const a = &unit_mm[0], *const b = &unit_mm[1];

static struct pft_record at(struct mm_struct *mm, unsigned long page)
{
	return record_at(PFN_SPACE_USER, mm, page);
}

/* === Protection ========================================================= */

/* As change_protection() does, under the lock of the page table. */
static void protect(struct mm_struct *mm, unsigned long va, unsigned long nr,
		    enum pfn_attr attr)
{
	struct vm_area_struct vma = unit_vma(mm, va, nr);
	static DEFINE_TABLE_LOCK(ptl);

	spin_lock(&ptl);
	__pfn_track_protect(&vma, pages(va), pages(va + nr), unit_prot(attr));
	spin_unlock(&ptl);
}

static int may_protect(struct mm_struct *mm, unsigned long va,
		       unsigned long nr, enum pfn_attr attr)
{
	struct vm_area_struct vma = unit_vma(mm, va, nr);

	vma.vm_page_prot = unit_prot(attr);
	return __pfn_track_may_protect(&vma, pages(va), pages(va + nr), 0);
}

/* Here entries keep their attribute, and all of the rest is not asked for. */
static bool kept(void)
{
#ifdef CONFIG_X86
	CHECK_EQ(do_map(a, 10, 50, 8, A_WC), 0);
	protect(a, 10, 8, A_WB);
	CHECK_EQ(may_protect(a, 10, 8, A_WB), 0);
	CHECK_EQ(at(a, 10).got, A_WC);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	return true;
#else
	return false;
#endif
}

/* Exactly the range, and whole again when it is as before. */
TEST(user, protect)
{
	struct pft_record rec;

	unit_boot(NULL);
	if (kept())
		return;
	CHECK_EQ(do_map(a, 10, 50, 8, A_WC), 0);
	protect(a, 12, 2, A_WB);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 3);
	CHECK_EQ(at(a, 11).last, 51);
	rec = at(a, 12);
	CHECK_EQ(rec.pfn, 52);
	CHECK_EQ(rec.last, 53);
	CHECK_EQ(rec.want, A_WC);
	CHECK_EQ(rec.got, A_WB);
	CHECK_EQ(at(a, 14).pfn, 54);
	CHECK_EQ(pfn_track_lookup(51), BIT(A_WC));
	CHECK_EQ(pfn_track_lookup(53), BIT(A_WB));
	/* Nobody else is there; it is not what was asked for all the same. */
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_trace.conflict.result, PFN_RESULT_MAPPED);
	unit_check_store();
	protect(a, 12, 2, A_WB);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);

	protect(a, 0, 100, A_WC);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_stat(PFT_STAT_MAPS) - unit_stat(PFT_STAT_UNMAPS), 1);
	unit_check_store();
	do_zap(a, 0, 100);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
}

/* Both sides are named, and under no policy is it undone. */
TEST(user, protect_conflict)
{
	unit_boot("enforce");
	if (kept())
		return;
	CHECK_EQ(do_map(a, 10, 50, 8, A_WC), 0);
	CHECK_EQ(do_map(b, 90, 55, 1, A_WC), 0);
	protect(a, 10, 8, A_WB);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_stat(PFT_STAT_REFUSED), 0);
	CHECK_EQ(unit_trace.conflict.pfn, 55);
	CHECK_EQ(unit_trace.conflict.last, 55);
	CHECK(unit_trace.conflict.held.id == b);
	CHECK_EQ(unit_trace.conflict.new.got, A_WB);
	CHECK_EQ(unit_trace.conflict.verdict, PFN_VERDICT_INCOHERENT);
	CHECK_EQ(pfn_track_lookup(55), BIT(A_WB) | BIT(A_WC));
	unit_check_store();
}

#ifndef CONFIG_X86
/* T-Head: what becomes of an entry depends on what it was. */
TEST(user, protect_thead)
{
	unit_modify_thead = true;
	unit_boot("enforce");
	CHECK_EQ(do_map(a, 10, 50, 4, A_WC), 0);
	CHECK_EQ(do_map(a, 20, 60, 4, PFN_ATTR_DEVICE), 0);
	CHECK_EQ(do_map(b, 90, 51, 1, A_WC), 0);
	CHECK_EQ(may_protect(a, 20, 4, A_WB), 0);
	CHECK_EQ(may_protect(a, 10, 4, A_WB), -EBUSY);
	CHECK(unit_trace.conflict.held.id == b);

	protect(a, 10, 14, A_WB);
	CHECK_EQ(at(a, 10).got, A_WB);
	CHECK_EQ(at(a, 20).got, PFN_ATTR_DEVICE);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 2);
	CHECK_EQ(unit_trace.conflict.pfn, 51);
	CHECK_EQ(unit_trace.conflict.verdict, PFN_VERDICT_INCOHERENT);
	unit_check_store();
}
#endif

/* Asked first: who loses data by it is refused, and nothing changes. */
TEST(user, may_protect)
{
	unit_boot("enforce");
	if (kept())
		return;
	CHECK_EQ(do_map(a, 10, 50, 8, A_WC), 0);
	/* Alone; with oneself; and all of it changes. */
	CHECK_EQ(may_protect(a, 10, 8, A_WB), 0);
	CHECK_EQ(do_map(a, 30, 52, 2, A_WC), 0);
	CHECK_EQ(may_protect(a, 10, 30, A_WB), 0);
	/* But not if a part stays as it is. */
	CHECK_EQ(may_protect(a, 10, 8, A_WB), -EBUSY);
	CHECK_EQ(may_protect(a, 10, 2, A_WB), 0);
	CHECK_EQ(may_protect(a, 10, 8, A_WC), 0);
	do_zap(a, 30, 2);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);

	CHECK_EQ(do_map(b, 90, 55, 1, A_WC), 0);
	CHECK_EQ(may_protect(a, 10, 8, A_WB), -EBUSY);
	CHECK(unit_trace.conflict.held.id == b);
	CHECK_EQ(unit_trace.conflict.held.pfn, 55);
	CHECK_EQ(unit_trace.conflict.result, PFN_RESULT_REFUSED);
	CHECK_EQ(unit_stat(PFT_STAT_REFUSED), 2);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	CHECK_EQ(pfn_track_lookup(55), BIT(A_WC));
	unit_check_store();

	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), 0);
	CHECK_EQ(may_protect(a, 10, 8, A_WB), 0);
	CHECK_EQ(unit_stat(PFT_STAT_REFUSED), 2);
	/* Who asked for something else is alone, and refused. */
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_STRICT), 0);
	CHECK_EQ(may_protect(a, 10, 2, A_WB), -EBUSY);
}

/* RAM: the other side is the linear map, with a policy of its own. */
TEST(user, may_protect_linear)
{
	enum pfn_attr other;

	unit_boot("enforce");
	if (kept())
		return;
	unit_ram_end = 100;
	unit_linear_attr = A_WB;
	other = unit_not_linear();
	CHECK_EQ(do_map(a, 10, 50, 2, A_WB), 0);
	CHECK_EQ(may_protect(a, 10, 2, other), -EBUSY);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_LINEAR);
	CHECK_EQ(pft_set_policy(PFN_KIND_LINEAR, PFN_POLICY_REPORT), 0);
	CHECK_EQ(may_protect(a, 10, 2, other), 0);
}

/* Without memory it stays as it was, and that is said. */
TEST(user, protect_nomem)
{
	unit_boot(NULL);
	if (kept())
		return;
	CHECK_EQ(do_map(a, 10, 50, 8, A_WC), 0);
	unit_stock_hide();
	unit_fail_from(1);
	protect(a, 12, 2, A_WB);
	CHECK(unit_stat(PFT_STAT_INCOMPLETE) > 0);
	unit_fail_nth(0);
	unit_stock_restore();
	unit_check_store();
	do_zap(a, 0, 100);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
}

/* === Fork =============================================================== */

/*
 * A driver's unmap_mapping_range() comes to the parent's page table before the
 * child's, and not while either lock is held.
 */
static void unmapped(void)
{
	do_zap(a, 0, 2 * UNIT_TABLE);
	do_zap(b, 0, 2 * UNIT_TABLE);
}

/* So what is copied is dropped again, and what is not copied is not recorded. */
TEST(user, fork_while_the_driver_unmaps)
{
	const unsigned long va = UNIT_TABLE - 4;

	unit_boot(NULL);
	CHECK_EQ(do_map(a, va, 50, 8, A_WC), 0);
	unit_between = unmapped;
	do_fork(b, a, va, 8);
	unit_between = NULL;
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	unit_check_store();
}

/* One record is copied in two pieces, for one holder, and is one again. */
TEST(user, fork_over_page_tables)
{
	const unsigned long va = UNIT_TABLE - 4;

	unit_boot(NULL);
	CHECK_EQ(do_map(a, va, 50, 8, A_WC), 0);
	do_fork(b, a, va, 8);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	CHECK_EQ(at(b, va).last, 57);
	CHECK(at(b, va).holder != at(a, va).holder);
	/* Another child of the same parent has a holder of its own. */
	do_fork(&unit_mm[2], a, va, 8);
	CHECK(at(&unit_mm[2], va).holder != at(b, va).holder);
	__pfn_track_exit(b);
	/* The address of an address space that has gone. */
	do_fork(b, a, va, 8);
	CHECK(at(&unit_mm[2], va).holder != at(b, va).holder);
	__pfn_track_exit(a);
	__pfn_track_exit(b);
	__pfn_track_exit(&unit_mm[2]);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	unit_check_store();
}

/* === Pages that the VM counts =========================================== */

/* Areas without a flag that would tell: their protection does. */
static struct vm_area_struct page_vma(unsigned long va, unsigned long nr,
				      enum pfn_attr attr)
{
	static const struct vm_operations_struct ops = { .fault = (void *)5 };
	struct vm_area_struct vma = unit_vma(a, va, nr);

	vma.vm_flags = 0;
	vma.vm_ops = &ops;
	vma.vm_page_prot = unit_prot(attr);
	return vma;
}

static int fault(unsigned long va, unsigned long pfn, unsigned int nr,
		 enum pfn_attr attr)
{
	struct vm_area_struct vma = page_vma(va, nr, attr);
	struct page page = { .pfn = pfn };

	return pfn_track_fault(&vma, pages(va), &page, nr, vma.vm_page_prot);
}

static int insert_page(unsigned long va, unsigned long pfn, enum pfn_attr attr)
{
	struct vm_area_struct vma = page_vma(va, 1, attr);
	struct page page = { .pfn = pfn };

	return pfn_track_insert_page(&vma, pages(va), &page, vma.vm_page_prot);
}

TEST(user, plain)
{
	const enum pfn_attr *attr;

	unit_boot(NULL);
	for (attr = unit_attrs; *attr; attr++)
		CHECK_EQ(pfn_attr_is_plain(unit_prot(*attr)), *attr == A_WB);
}

TEST(user, pages)
{
	struct vm_area_struct vma;
	enum pfn_attr other;

	unit_boot(NULL);
	other = unit_not_linear();
	unit_ram_end = 100;
	unit_linear_attr = A_WB;
	/* What is as it should be is nobody's business. */
	CHECK_EQ(insert_page(10, 50, A_WB), 0);
	CHECK_EQ(fault(11, 51, 2, A_WB), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);

	CHECK_EQ(insert_page(10, 50, other), 0);
	CHECK_EQ(fault(11, 60, 4, other), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 2);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_LINEAR);
	CHECK_EQ(at(a, 14).last, 63);
	CHECK_EQ(at(a, 14).kind, PFN_KIND_INSERT);
	/* The handler is named, though it is not on the stack. */
	CHECK_EQ(at(a, 14).holder->stack, 0);
	CHECK_EQ(at(a, 14).holder->caller, 6);

	/* They go as all do, though no flag of the area tells of them. */
	vma = page_vma(10, 5, A_WB);
	__pfn_track_zap(&vma, pages(10), pages(15));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	vma = page_vma(10, 5, other);
	__pfn_track_zap(&vma, pages(10), pages(15));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	unit_check_store();
}

/* The driver changed the linear map, and forgot to say so to the area. */
TEST(user, page_of_changed_linear_map)
{
	unit_boot("enforce");
	unit_ram_end = 100;
	unit_linear_attr = A_WC;
	CHECK_EQ(insert_page(10, 50, A_WB), -EBUSY);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_LINEAR);
	CHECK_EQ(unit_trace.conflict.held.got, A_WC);
	CHECK_EQ(insert_page(10, 50, A_WC), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
}

/* === Huge entries ======================================================= */

/* All pages are judged, not the first. */
TEST(user, huge_conflict)
{
	struct vm_area_struct vma = unit_vma(a, 512, 512);

	unit_boot(NULL);
	CHECK_EQ(do_ioremap(10, 1024 + 300, 1, A_WB), 0);
	CHECK_EQ(__pfn_track_insert(&vma, pages(512), 1024, pages(512),
				    unit_prot(A_WC), unit_prot(A_WC),
				    PFN_INSERT_HUGE), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 1);
	CHECK_EQ(unit_trace.conflict.pfn, 1024 + 300);
	CHECK_EQ(unit_trace.conflict.last, 1024 + 300);
}

#ifdef CONFIG_X86
/* Bits of small entries mean something else in huge ones. */
TEST(user, huge_is_what_the_hardware_sees)
{
	struct vm_area_struct vma = unit_vma(a, 512, 512);

	unit_boot(NULL);
	CHECK_EQ(__pfn_track_insert(&vma, pages(512), 1024, pages(512),
				    unit_prot(PFN_ATTR_WT),
				    unit_prot(PFN_ATTR_WT),
				    PFN_INSERT_HUGE), 0);
	CHECK_EQ(at(a, 600).want, PFN_ATTR_WT);
	/* The highest of its three bits says there that it is huge. */
	CHECK_EQ(at(a, 600).got, PFN_ATTR_UC);
	CHECK_EQ(unit_stat(PFT_STAT_DOWNGRADES), 1);
	CHECK_EQ(__pfn_track_insert(&vma, pages(512), 2048, pages(512),
				    unit_prot(A_WC), unit_prot(A_WC),
				    PFN_INSERT_HUGE), 0);
	CHECK_EQ(at(a, 600).got, A_WC);

	/* Many small entries are decoded as small ones. */
	__pfn_track_zap(&vma, pages(512), pages(1024));
	CHECK_EQ(__pfn_track_insert(&vma, pages(512), 1024, pages(16),
				    unit_prot(PFN_ATTR_WT),
				    unit_prot(PFN_ATTR_WT), 0), 0);
	CHECK_EQ(at(a, 512).got, PFN_ATTR_WT);
}
#endif

/* === Write-back RAM that is held otherwise ============================== */

/* A page of a file is compared while a driver has it write-combining. */
TEST(user, disputed_page)
{
	struct vm_area_struct vma = page_vma(10, 5, A_WB);
	enum pfn_attr wc = A_WC;

	unit_boot("enforce");
	unit_ram_end = 100;
	unit_linear_attr = A_WB;
	CHECK_EQ(fault(10, 50, 1, A_WB), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), 0);
	CHECK_EQ(do_ioremap(100, 60, 1, wc), 0);
	CHECK(pfn_track_mixed);
	unit_trace.conflicts = 0;
	CHECK_EQ(fault(11, 60, 1, A_WB), 0);
	if (pfn_attr_judge(A_WB, wc)->verdict < PFN_VERDICT_ORDERING)
		return;
	CHECK_EQ(unit_trace.conflicts, 1);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_IOREMAP);
	CHECK_EQ(at(a, 11).got, A_WB);

	/* No flag of the area tells of it, and it goes all the same. */
	__pfn_track_zap(&vma, pages(10), pages(15));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_ENFORCE), 0);
	CHECK_EQ(fault(11, 60, 1, A_WB), -EBUSY);
	CHECK_EQ(fault(12, 61, 1, A_WB), 0);
	__pfn_track_exit(a);
	unit_check_store();
}

/* A driver maps otherwise what a process has: the process is sought. */
TEST(user, process_first)
{
	unit_boot(NULL);
	unit_ram_end = 100;
	unit_linear_attr = A_WB;
	CHECK_EQ(insert_page(10, 50, A_WC), 0);
	CHECK_EQ(unit_sought, 0);
	unit_ram_is_mapped = true;
	CHECK_EQ(insert_page(11, 51, A_WB), 0);
	CHECK_EQ(unit_sought, 0);
	unit_trace.conflicts = 0;
	CHECK_EQ(insert_page(12, 52, A_WC), 0);
	CHECK_EQ(unit_sought, 1);
	/* It is named instead of the linear map. */
	CHECK_EQ(unit_trace.conflicts, 0);
	unit_seek_end(true);
	CHECK_EQ(unit_trace.conflicts, 0);

	/* Also of what was refused; if it has gone, the linear map is named. */
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_STRICT), 0);
	if (pfn_attr_judge_linear(A_WC, A_WB, false)->verdict < PFN_VERDICT_ORDERING)
		return;
	CHECK_EQ(insert_page(22, 62, A_WC), -EBUSY);
	CHECK_EQ(unit_trace.conflicts, 0);
	CHECK_EQ(unit_sought, 2);
	unit_seek_end(false);
	CHECK_EQ(unit_trace.conflicts, 1);
	CHECK_EQ(unit_trace.conflict.result, PFN_RESULT_REFUSED);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_LINEAR);
}

/* A process has what is refused to a driver: it is named, though nothing is held. */
TEST(user, process_first_refused)
{
	struct vm_area_struct vma = page_vma(10, 5, A_WB);

	unit_boot("enforce");
	unit_ram_end = 100;
	unit_linear_attr = A_WB;
	unit_ram_is_mapped = true;
	if (pfn_attr_judge_linear(A_WC, A_WB, false)->verdict < PFN_VERDICT_INCOHERENT)
		return;
	unit_trace.conflicts = 0;
	CHECK_EQ(insert_page(22, 60, A_WC), -EBUSY);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	CHECK_EQ(pft_map_found(&vma, pages(10), 60, PAGE_SIZE, A_WB, 0), 0);
	CHECK_EQ(pft_map_found(&vma, pages(10), 60, PAGE_SIZE, A_WB, BIT(A_WC)), 1);
	CHECK_EQ(unit_trace.conflicts, 0);
	unit_seek_end(true);
	CHECK_EQ(unit_trace.conflicts, 1);
	CHECK_EQ(unit_trace.conflict.result, PFN_RESULT_REFUSED);
	CHECK_EQ(unit_trace.conflict.new.va, pages(22));
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_INSERT);
	CHECK_EQ(unit_trace.conflict.held.va, pages(10));
	/* Who comes next meets the record. */
	CHECK_EQ(insert_page(23, 60, A_WC), -EBUSY);
	CHECK_EQ(unit_trace.conflicts, 2);
	CHECK_EQ(unit_trace.conflict.held.va, pages(10));
}

/* No process is found: report the newcomer, not another mapping like it. */
TEST(user, process_gone)
{
	struct vm_area_struct vma = page_vma(10, 5, A_WC);

	unit_boot(NULL);
	unit_ram_end = 100;
	unit_linear_attr = A_WB;
	if (pfn_attr_judge_linear(A_WC, A_WB, false)->verdict < PFN_VERDICT_ORDERING)
		return;
	CHECK_EQ(insert_page(10, 50, A_WC), 0);
	unit_ram_is_mapped = true;
	unit_trace.conflicts = 0;
	unit_trace.conflict.new.va = 0;
	CHECK_EQ(insert_page(12, 50, A_WC), 0);
	unit_seek_end(false);
	CHECK_EQ(unit_trace.conflicts, 1);
	CHECK_EQ(unit_trace.conflict.new.va, pages(12));
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_LINEAR);

	/* It is unmapped by then, and has been there. */
	CHECK_EQ(insert_page(13, 51, A_WC), 0);
	__pfn_track_zap(&vma, pages(10), pages(15));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	unit_seek_end(false);
	CHECK_EQ(unit_trace.conflicts, 2);
	CHECK_EQ(unit_trace.conflict.new.va, pages(13));
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_LINEAR);
}

#ifdef CONFIG_X86
/* A downgrade is reported at once, whatever processes have the page. */
TEST(user, process_first_and_downgrade)
{
	unit_boot(NULL);
	unit_ram_end = 100;
	unit_linear_attr = PFN_ATTR_UC_MINUS;
	unit_ram_is_mapped = true;
	unit_trace.conflicts = 0;
	CHECK_EQ(do_remap(a, 12, 52, 1, A_WC, PFN_ATTR_UC_MINUS), 0);
	CHECK_EQ(unit_trace.conflicts, 1);
	CHECK(unit_trace.conflict.downgrade);
}
#endif

/* Who cleans the caches, as i915 does, may have RAM otherwise than others have it. */
TEST(user, cleaned_beside_write_back)
{
	struct vm_area_struct vma = page_vma(10, 5, A_WC);
	struct vm_area_struct other = page_vma(30, 5, A_WC);
	unsigned int order;

	unit_boot("enforce");
	unit_ram_end = 100;
	unit_linear_attr = A_WB;
	if (pfn_attr_judge_linear(A_WC, A_WB, true)->verdict >= PFN_VERDICT_ORDERING)
		return;
	for (order = 0; order < 2; order++) {
		unit_trace.conflicts = 0;
		if (order)
			CHECK_EQ(fault(20, 50, 1, A_WB), 0);
		CHECK_EQ(__pfn_track_insert(&vma, pages(10), 50, PAGE_SIZE, unit_prot(A_WC),
					    unit_prot(A_WC), PFN_INSERT_CLEANED), 0);
		if (!order)
			CHECK_EQ(fault(20, 50, 1, A_WB), 0);
		CHECK_EQ(unit_trace.conflicts, 0);
		__pfn_track_exit(a);
	}
	/* What it maps write-back is not flushed for another driver. */
	CHECK_EQ(__pfn_track_insert(&vma, pages(12), 54, PAGE_SIZE, unit_prot(A_WB),
				    unit_prot(A_WB), PFN_INSERT_CLEANED), 0);
	if (pfn_attr_judge(A_WB, A_WC)->verdict >= PFN_VERDICT_INCOHERENT) {
		CHECK_EQ(insert_page(32, 54, A_WC), -EBUSY);
		/* Because of the record, and not of the linear map. */
		CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_INSERT);
		CHECK_EQ(unit_trace.conflict.held.va, pages(12));
	}
	__pfn_track_exit(a);
	unit_trace.conflicts = 0;
	/* An area of shared memory whose protection a driver has changed. */
	vma.vm_ops = &unit_shmem_ops;
	CHECK_EQ(__pfn_track_fault(&vma, pages(11), &(struct page){ 51 }, 1, unit_prot(A_WC)), 0);
	CHECK_EQ(unit_trace.conflicts, 0);
	/* Another who has it so cleans nothing. */
	if (pfn_attr_judge_linear(A_WC, A_WB, false)->verdict >= PFN_VERDICT_INCOHERENT)
		CHECK_EQ(__pfn_track_fault(&other, pages(31), &(struct page){ 52 }, 1,
					   unit_prot(A_WC)), -EBUSY);
	__pfn_track_exit(a);
	unit_check_store();
}

/* Memory of the DMA API is cleaned once: who has it cached later loses data. */
TEST(user, coherent_beside_write_back)
{
	struct page pages_of[4] = { { 50 }, { 51 }, { 52 }, { 53 } };
	struct page *page[4] = { &pages_of[0], &pages_of[1], &pages_of[2], &pages_of[3] };
	struct vm_struct area = { .addr = (void *)kva(100), .flags = VM_DMA_COHERENT };

	unit_boot("enforce");
	unit_ram_end = 100;
	unit_linear_attr = A_WB;
	if (pfn_attr_judge_linear(A_WC, A_WB, true)->verdict >= PFN_VERDICT_ORDERING ||
	    pfn_attr_judge(A_WB, A_WC)->verdict < PFN_VERDICT_INCOHERENT)
		return;
	CHECK_EQ(__pfn_track_vmap(&area, page, NULL, 4, unit_prot(A_WC), false), 0);
	unit_trace.conflicts = 0;
	CHECK_EQ(fault(20, 51, 1, A_WB), -EBUSY);
	CHECK_EQ(unit_trace.conflicts, 1);
	CHECK_EQ(unit_trace.conflict.held.kind, PFN_KIND_VMAP);
}

/* A child is looked at as closely as its parent only if it has some of its records. */
TEST(user, fork_of_a_silent_parent)
{
	struct vm_area_struct vma = page_vma(10, 5, A_WB);

	unit_boot(NULL);
	unit_ram_end = 100;
	CHECK_EQ(do_ioremap(100, 60, 1, A_WC), 0);
	CHECK_EQ(fault(11, 60, 1, A_WB), 0);
	CHECK(a->flags & BIT(14));
	__pfn_track_fork(b, &vma, pages(12), pages(15));
	CHECK_EQ(b->flags, 0);
	__pfn_track_fork(b, &vma, pages(10), pages(12));
	CHECK_EQ(b->flags, BIT(14));
	CHECK_EQ(at(b, 11).got, A_WB);
	/* An area that says so itself needs no flag, but for remap_pfn_range(). */
	CHECK_EQ(do_insert(a, 30, 200, 1, A_WC), 0);
	do_fork(&unit_mm[2], a, 30, 1);
	CHECK_EQ(at(&unit_mm[2], 30).got, A_WC);
	CHECK_EQ(unit_mm[2].flags, 0);
	CHECK_EQ(do_map(a, 40, 300, 1, A_WC), 0);
	do_fork(&unit_mm[2], a, 40, 1);
	CHECK_EQ(unit_mm[2].flags, BIT(15));
	__pfn_track_exit(&unit_mm[2]);
	__pfn_track_exit(a);
	__pfn_track_exit(b);
}

/* What the worker found is recorded once, and reported. */
TEST(user, found_entry)
{
	struct vm_area_struct vma = page_vma(10, 5, A_WB);

	unit_boot("strict");
	unit_ram_end = 100;
	CHECK_EQ(pft_map_found(&vma, pages(10), 60, PAGE_SIZE, A_WB, 0), 0);
	CHECK_EQ(do_ioremap(100, 60, 1, A_WC), 0);
	unit_trace.conflicts = 0;
	CHECK_EQ(pft_map_found(&vma, pages(10), 60, PAGE_SIZE, A_WB, 0), 1);
	CHECK_EQ(pft_map_found(&vma, pages(10), 60, PAGE_SIZE, A_WB, 0), 0);
	CHECK_EQ(at(a, 10).got, A_WB);
	if (pfn_attr_judge(A_WB, A_WC)->verdict >= PFN_VERDICT_ORDERING)
		CHECK_EQ(unit_trace.conflicts, 1);
	__pfn_track_zap(&vma, pages(10), pages(11));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
}

/* A huge entry of which a part was found before. */
TEST(user, found_in_part)
{
	struct vm_area_struct vma = page_vma(512, 512, A_WB);

	unit_boot(NULL);
	unit_ram_end = 4096;
	CHECK_EQ(do_ioremap(100, 1024, 16, A_WC), 0);
	CHECK_EQ(pft_map_found(&vma, pages(516), 1028, 4 * PAGE_SIZE, A_WB, 0), 1);
	CHECK_EQ(pft_map_found(&vma, pages(512), 1024, 16 * PAGE_SIZE, A_WB, 0), 2);
	CHECK_EQ(at(a, 512).got, A_WB);
	CHECK_EQ(at(a, 527).got, A_WB);
	CHECK_EQ(pft_map_found(&vma, pages(512), 1024, 16 * PAGE_SIZE, A_WB, 0), 0);
	unit_check_store();
}

/* A page was replaced where no hook is: its record accuses nobody. */
TEST(user, stale_entry)
{
	struct vm_area_struct vma = page_vma(10, 5, A_WB);

	unit_boot("enforce");
	unit_ram_end = 100;
	CHECK_EQ(do_ioremap(100, 60, 1, A_WC), 0);
	CHECK_EQ(pft_map_found(&vma, pages(10), 60, PAGE_SIZE, A_WB, 0), 1);
	do_iounmap(100, 1);
	unit_trace.conflicts = 0;
	if (pfn_attr_judge(A_WB, A_WC)->verdict < PFN_VERDICT_INCOHERENT)
		return;
	CHECK_EQ(do_ioremap(100, 60, 1, A_WC), -EBUSY);
	CHECK_EQ(unit_trace.conflicts, 1);
	unit_stale = true;
	CHECK_EQ(do_ioremap(100, 60, 1, A_WC), 0);
	CHECK_EQ(unit_trace.conflicts, 1);
	/* It goes with its area at the latest. */
	__pfn_track_unmapped(&vma, pages(10), pages(15));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
}

/* The driver gave remap_pfn_range() a copy of the area. */
TEST(user, remap_of_a_copy)
{
	struct vm_area_struct vma = page_vma(10, 5, A_WB);

	unit_boot(NULL);
	CHECK_EQ(do_map(a, 10, 150, 5, A_WB), 0);
	vma.vm_flags = 0;
	__pfn_track_zap(&vma, pages(10), pages(12));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	vma.vm_start = pages(10);
	vma.vm_end = pages(12);
	__pfn_track_unmapped(&vma, 0, pages(100));
	CHECK_EQ(at(a, 12).pfn, 152);
	vma.vm_start = pages(12);
	vma.vm_end = pages(15);
	__pfn_track_unmapped(&vma, 0, pages(100));
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
}
