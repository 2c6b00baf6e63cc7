// SPDX-License-Identifier: GPL-2.0-only
/* Memory types that the architecture keeps: reservations, refusals, causes. */
#include "registry.h"

static struct task_struct task = { .tgid = 42, .comm = "driver" };

static void boot_as(const char *param)
{
	boot(param);
	unit_current = &task;
	unit_symbols[1] = "pft_stack+0x8/0x10";
	unit_symbols[2] = "arch_io_reserve_memtype_wc+0x10/0x20";
	unit_symbols[3] = "gpu_probe+0x30/0x40 [gpu]";
	unit_symbols[4] = "other_probe+0x1/0x2 [other]";
	unit_stack[0] = 1;
	unit_stack[1] = 2;
	unit_stack[2] = 3;
}

static int do_reserve(unsigned long pfn, unsigned long nr, enum pfn_attr want,
		      enum pfn_attr got)
{
	return __pfn_track_reserve(PFN_PHYS(pfn), pages(nr), unit_prot(want),
				   unit_prot(got));
}

static void do_unreserve(unsigned long pfn, unsigned long nr)
{
	__pfn_track_unreserve(PFN_PHYS(pfn), pages(nr));
}

/* remap_pfn_range() of a part of an area, which the architecture looks up. */
static int do_remap_part(unsigned long va, unsigned long pfn, unsigned long nr,
			 enum pfn_attr want, enum pfn_attr got)
{
	struct vm_area_struct vma = unit_vma(&unit_mm[1], va, nr + 1);

	return __pfn_track_remap(&vma, pages(va), pfn, pages(nr),
				 unit_prot(want), unit_prot(got));
}

static void do_refused_part(unsigned long pfn, unsigned long nr,
			    enum pfn_attr want)
{
	struct vm_area_struct vma = unit_vma(&unit_mm[1], 0, nr + 1);

	__pfn_track_remap_refused(&vma, 0, pfn, pages(nr), unit_prot(want),
				  -EINVAL);
}

static int do_set_memory(unsigned long pfn, unsigned long nr, enum pfn_attr attr)
{
	struct pft_record new = {
		.va = pages(pfn),
		.pfn = pfn,
		.last = pfn + nr - 1,
		.want = attr,
		.got = attr,
		.kind = PFN_KIND_SET_MEMORY,
		.space = PFN_SPACE_KERNEL,
	};
	const struct pft_who who = {
		.space = PFN_SPACE_KERNEL,
		.gfp = GFP_KERNEL,
	};

	return pft_map(&new, &who, PFT_NOT_LINEAR);
}

#define last_conflict	unit_trace.conflict

/* === Reservations ======================================================= */

TEST(pat, reservation_is_a_record)
{
	struct device dev = { .name = "0000:00:04.0", .driver = "gpu" };
	char *text;

	boot_as(NULL);
	unit_reserved_dev = &dev;
	CHECK_EQ(do_reserve(0x20, 4, A_WC, A_WC), 0);
	text = unit_debugfs_read("records", 4096, NULL);
	CHECK_HAS(text, "record range=0x20000-0x23fff va=- space=none kind=reservation "
		  "want=write-combining got=write-combining pid=42 comm=driver "
		  "site=gpu_probe+0x30/0x40 module=gpu dev=0000:00:04.0 driver=gpu ");
	free(text);
	CHECK_EQ(pfn_track_lookup(0x21), BIT(A_WC));
	do_unreserve(0x20, 4);
	check_empty();
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
}

TEST(pat, same_range_twice)
{
	boot_as(NULL);
	CHECK_EQ(do_reserve(0x20, 4, A_WC, A_WC), 0);
	CHECK_EQ(do_reserve(0x20, 4, A_WC, A_WC), 0);
	CHECK_EQ(do_reserve(0x20, 3, A_WC, A_WC), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 3);
	/* Of another range, or of a part: nothing goes. */
	do_unreserve(0x21, 3);
	do_unreserve(0x20, 2);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 3);
	do_unreserve(0x20, 4);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	do_unreserve(0x20, 3);
	do_unreserve(0x20, 4);
	check_empty();
	do_unreserve(0x20, 4);
	check_empty();
}

/* What a driver left behind stays when the next one gives its own back. */
TEST(pat, leaked_one_stays)
{
	const struct pft_record *rec;

	boot_as(NULL);
	CHECK_EQ(do_reserve(0x20, 4, A_WC, A_WC), 0);
	spin_lock(&pft_lock);
	unit_after(NULL)->leaked = true;
	spin_unlock(&pft_lock);
	CHECK_EQ(do_reserve(0x20, 4, A_WC, A_WC), 0);
	do_unreserve(0x20, 4);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	spin_lock(&pft_lock);
	rec = unit_after(NULL);
	CHECK(rec->leaked);
	spin_unlock(&pft_lock);
	/* A work item may give it back after all. */
	do_unreserve(0x20, 4);
	check_empty();
}

TEST(pat, many_reservations)
{
	struct pfn_claim claim = { };
	unsigned int i;

	boot_as(NULL);
	CHECK_EQ(do_claim(&claim, 7, 1, A_WC, 0), 0);
	for (i = 0; i < 200; i++)
		CHECK_EQ(do_reserve(10 * i, 4, A_WC, A_WC), 0);
	for (i = 0; i < 200; i++) {
		do_unreserve(10 * (199 - i), 4);
		CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 200 - i);
	}
	CHECK_EQ(pfn_track_release(&claim), 0);
	check_empty();
}

TEST(pat, reservation_off)
{
	boot_as(NULL);
	CHECK_EQ(do_reserve(0x20, 4, A_WC, A_WC), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_OFF), 0);
	CHECK_EQ(pfn_track_reserve(PFN_PHYS(9), pages(1), unit_prot(A_WC),
				   unit_prot(A_WC)), 0);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT), 0);
	do_unreserve(0x20, 4);
	do_unreserve(9, 1);
	check_empty();
}

/* Two who suffer from a reservation: each time it is named, not the other. */
TEST(pat, reservation_is_named)
{
	unsigned int i;

	boot_as(NULL);
	CHECK_EQ(do_reserve(0x20, 8, weak_a, weak_a), 0);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(do_remap(&unit_mm[i], 9, 0x20, 8, weak_b, weak_a), 0);
		CHECK_EQ(last_conflict.held.kind, PFN_KIND_RESERVATION);
		CHECK_EQ(last_conflict.cause, PFN_CAUSE_HELD);
		CHECK_EQ(last_conflict.verdict, PFN_VERDICT_ORDERING);
	}
	/* It has gone, and one of the mappings keeps its memory type. */
	do_unreserve(0x20, 8);
	CHECK_EQ(do_remap(&unit_mm[3], 9, 0x20, 8, weak_b, weak_a), 0);
	CHECK_EQ(last_conflict.held.kind, PFN_KIND_REMAP_PFN);
	CHECK_EQ(last_conflict.cause, PFN_CAUSE_HELD);
}

TEST(pat, reservation_downgraded)
{
	boot_as(NULL);
	CHECK_EQ(do_ioremap(1, 0x20, 4, weak_a), 0);
	CHECK_EQ(do_reserve(0x20, 8, weak_b, weak_a), 0);
	CHECK_EQ(last_conflict.new.kind, PFN_KIND_RESERVATION);
	CHECK_EQ(last_conflict.held.kind, PFN_KIND_IOREMAP);
	CHECK_EQ(unit_stat(PFT_STAT_DOWNGRADES), 1);
	do_unreserve(0x20, 8);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_STRICT), 0);
	CHECK_EQ(do_reserve(0x20, 8, weak_b, weak_a), -EBUSY);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
}

/* === Causes ============================================================= */

TEST(pat, look_up_finds_nothing)
{
	char *text;

	boot_as(NULL);
	unit_cause = PFN_CAUSE_NO_RESERVATION;
	CHECK_EQ(do_remap_part(9, 0x20, 1, weak_b, weak_a), 0);
	CHECK(unit_cause_looked_up);
	CHECK(!last_conflict.held.holder);
	CHECK_EQ(last_conflict.cause, PFN_CAUSE_NO_RESERVATION);
	CHECK_HAS(unit_log_text(), "cause no-reservation, mapped (policy report)");
	CHECK_HAS_NOT(unit_log_text(), "held by");
	CHECK_HAS(unit_log_text(), "PAT reserves only whole areas; this part has no reservation, so it gets uncached-minus");
	CHECK_HAS(unit_log_text(), "arch_io_reserve_memtype_wc()");
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_HAS(text, " policy=report cause=no-reservation why=PAT\\040reserves");
	CHECK_HAS(text, " held.kind=- ");
	free(text);

	/* Nor is the one before to blame for the next. */
	CHECK_EQ(do_remap_part(19, 0x20, 1, weak_b, weak_a), 0);
	CHECK(!last_conflict.held.holder);
	CHECK_EQ(last_conflict.cause, PFN_CAUSE_NO_RESERVATION);
}

/* A whole area is reserved, and decides for its parts. */
TEST(pat, look_up_finds_an_area)
{
	boot_as(NULL);
	unit_cause = PFN_CAUSE_NO_RESERVATION;
	CHECK_EQ(do_remap_part(9, 0x20, 1, weak_b, weak_a), 0);
	CHECK_EQ(do_map(&unit_mm[2], 9, 0x20, 4, weak_a), 0);
	CHECK_EQ(do_remap_part(19, 0x20, 1, weak_b, weak_a), 0);
	CHECK_EQ(last_conflict.cause, PFN_CAUSE_HELD);
	CHECK(last_conflict.held.id == &unit_mm[2]);
	/* With the part alone there is nothing again. */
	do_zap(&unit_mm[2], 9, 4);
	CHECK_EQ(do_remap_part(29, 0x20, 1, weak_b, weak_a), 0);
	CHECK_EQ(last_conflict.cause, PFN_CAUSE_NO_RESERVATION);
}

/* Of those who have the attribute, one that asked for it. */
TEST(pat, who_asked_is_named)
{
	boot_as(NULL);
	CHECK_EQ(do_remap(&unit_mm[2], 9, 0x20, 4, weak_b, weak_a), 0);
	CHECK_EQ(do_ioremap(1, 0x20, 4, weak_a), 0);
	CHECK_EQ(do_remap(&unit_mm[3], 9, 0x20, 4, weak_b, weak_a), 0);
	CHECK_EQ(last_conflict.held.kind, PFN_KIND_IOREMAP);
}

TEST(pat, causes_are_told_apart)
{
	char *text;

	boot_as(NULL);
	unit_cause = PFN_CAUSE_MTRR;
	CHECK_EQ(do_remap(&unit_mm[0], 9, 0x20, 1, weak_b, weak_a), 0);
	CHECK(!unit_cause_looked_up);
	CHECK_HAS(unit_log_text(), "an MTRR that is not write-back covers the range");
	do_zap(&unit_mm[0], 9, 1);
	unit_cause = PFN_CAUSE_PAGE_TYPE;
	CHECK_EQ(do_remap(&unit_mm[0], 9, 0x20, 1, weak_b, weak_a), 0);
	CHECK_HAS(unit_log_text(), "set_memory_*() gave it");
	do_zap(&unit_mm[0], 9, 1);
	unit_cause = PFN_CAUSE_UNRECORDED;
	CHECK_EQ(do_remap(&unit_mm[0], 9, 0x20, 1, weak_b, weak_a), 0);
	CHECK_HAS(unit_log_text(), "a reservation that no record explains");
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_HAS(text, " cause=mtrr ");
	CHECK_HAS(text, " cause=page-type ");
	CHECK_HAS(text, " cause=unrecorded ");
	CHECK_HAS(text, "\nend: 3\n");
	free(text);
}

/* === Refusals =========================================================== */

TEST(pat, refused_is_never_called_the_same)
{
	boot_as(NULL);
	CHECK_EQ(do_reserve(0x20, 4, weak_a, weak_a), 0);
	do_refused_part(0x20, 8, weak_a);
	CHECK_EQ(last_conflict.cause, PFN_CAUSE_MIXED_TYPES);
	CHECK_EQ(last_conflict.verdict, PFN_VERDICT_UNKNOWN);
	CHECK_EQ(last_conflict.result, PFN_RESULT_REFUSED_ARCH);
	CHECK(!last_conflict.held.holder);
	CHECK_HAS(unit_log_text(), "parts of the range have different memory types");
	do_refused(PFN_KIND_REMAP_PFN, 0x20, 4, weak_a);
	CHECK_EQ(last_conflict.cause, PFN_CAUSE_UNRECORDED);
	CHECK(!last_conflict.held.holder);
	CHECK_HAS_NOT(unit_log_text(), "both sides agree");
	CHECK_HAS_NOT(unit_log_text(), ": same: ");

	/* With a holder that differs, both are named. */
	do_refused(PFN_KIND_REMAP_PFN, 0x20, 4, weak_b);
	CHECK_EQ(last_conflict.cause, PFN_CAUSE_HELD);
	CHECK_EQ(last_conflict.held.kind, PFN_KIND_RESERVATION);
	CHECK_EQ(last_conflict.verdict, PFN_VERDICT_ORDERING);
}

TEST(pat, reservation_refused)
{
	boot_as(NULL);
	CHECK_EQ(do_ioremap(1, 0x20, 4, bad_a), 0);
	__pfn_track_refused(PFN_KIND_RESERVATION, 0x20, pages(8),
			    unit_prot(bad_b), -EBUSY, NULL);
	CHECK_EQ(last_conflict.new.space, PFN_SPACE_NONE);
	CHECK_EQ(last_conflict.held.kind, PFN_KIND_IOREMAP);
	CHECK_EQ(last_conflict.result, PFN_RESULT_REFUSED_ARCH);
	CHECK_EQ(last_conflict.verdict, PFN_VERDICT_INCOHERENT);
}

TEST(pat, set_memory_refused)
{
	boot_as(NULL);
	CHECK_EQ(do_set_memory(0x20, 4, weak_a), 0);
	__pfn_track_set_memory_refused(pages(0x21), 2, unit_prot(weak_b), -EBUSY);
	CHECK_EQ(last_conflict.new.kind, PFN_KIND_SET_MEMORY);
	CHECK_EQ(last_conflict.new.pfn, 0x21);
	CHECK_EQ(last_conflict.new.last, 0x22);
	CHECK_EQ(last_conflict.held.kind, PFN_KIND_SET_MEMORY);
	CHECK_EQ(last_conflict.result, PFN_RESULT_REFUSED_ARCH);
	CHECK_EQ(last_conflict.cause, PFN_CAUSE_HELD);
	CHECK_EQ(unit_stat(PFT_STAT_REFUSED), 1);

	/* PAT refuses the same type, too. */
	__pfn_track_set_memory_refused(pages(0x21), 2, unit_prot(weak_a), -EBUSY);
	CHECK_EQ(last_conflict.cause, PFN_CAUSE_NOT_PLAIN);
	CHECK_EQ(last_conflict.held.kind, PFN_KIND_SET_MEMORY);
	CHECK_HAS(unit_log_text(), "only while it is write-back");
	CHECK_HAS_NOT(unit_log_text(), "both sides agree");
}

/* That memory ran out is no conflict. */
TEST(pat, out_of_memory_is_silent)
{
	struct vm_area_struct vma = unit_vma(&unit_mm[1], 0, 4);

	boot_as(NULL);
	__pfn_track_refused(PFN_KIND_IOREMAP, 0x20, pages(4), unit_prot(A_WC),
			    -ENOMEM, NULL);
	__pfn_track_remap_refused(&vma, 0, 0x20, pages(4), unit_prot(A_WC),
				  -ENOMEM);
	__pfn_track_set_memory_refused(pages(0x21), 2, unit_prot(A_WC), -ENOMEM);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
}

/* === Where nothing is tracked =========================================== */

TEST(pat, untracked_is_no_downgrade)
{
	struct pft_record rec;

	boot_as("strict");
	unit_untracked = 0xa0;
	unit_untracked_last = 0xff;
	CHECK_EQ(__pfn_track_ioremap(kva(1), pages(4), PFN_PHYS(0xc0),
				     unit_prot(bad_b), unit_prot(bad_a), NULL), 0);
	CHECK_EQ(do_remap(&unit_mm[0], 9, 0xc0, 4, bad_b, bad_a), 0);
	CHECK_EQ(do_reserve(0xa0, 4, bad_b, bad_a), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(unit_stat(PFT_STAT_DOWNGRADES), 0);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);
	rec = record_at(PFN_SPACE_USER, &unit_mm[0], 9);
	CHECK_EQ(rec.want, bad_a);
	/* Across its end it is. */
	CHECK_EQ(do_remap(&unit_mm[1], 9, 0xfe, 4, bad_b, bad_a), -EBUSY);
}

/* === Frees of what is not reserved ====================================== */

TEST(pat, invalid_free)
{
	unsigned int i;
	char *text;

	boot_as(NULL);
	for (i = 0; i < 50; i++) {
		task.tgid = 100 + i;
		__pfn_track_not_reserved(PFN_PHYS(0x20 + i), pages(2));
	}
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 50);
	CHECK_EQ(unit_stat(PFT_STAT_SUPPRESSED), 49);
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_HAS(text, " range=0x20000-0x21fff bytes=8192 "
		  "asked.range=0x20000-0x21fff exact=yes downgrade=no "
		  "verdict=unknown "
		  "result=refused-by-arch policy=report cause=not-reserved why=");
	CHECK_HAS(text, " site=gpu_probe+0x30/0x40 module=gpu ");
	CHECK_HAS(text, "\nend: 1\n");
	free(text);
	CHECK_HAS(unit_log_text(), "pfn_track: invalid free: [mem 0x00020000-0x00021fff] by driver:100 at gpu_probe+0x30/0x40 [gpu]");
	CHECK_HAS_NOT(unit_log_text(), "wanted");

	/* Another call site is told of, up to a bound. */
	unit_stack[2] = 4;
	__pfn_track_not_reserved(PFN_PHYS(0x20), pages(2));
	CHECK_HAS(unit_log_text(), "at other_probe+0x1/0x2 [other]");
	CHECK_EQ(unit_stat(PFT_STAT_SUPPRESSED), 49);
	check_empty();
}

TEST(pat, invalid_free_off)
{
	boot_as("report,reservation:off");
	__pfn_track_not_reserved(PFN_PHYS(0x20), pages(2));
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
}

/* === Without PAT ======================================================== */

#ifdef CONFIG_X86
TEST(pat, nopat)
{
	struct pfn_claim claim = { };
	char *text;

	unit_no_pat = true;
	strcpy(boot_command_line, "quiet nopat");
	boot_as("strict");
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WC), PFN_ATTR_UC_MINUS);
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WT), PFN_ATTR_WT);
	CHECK_EQ(pfn_attr_effective(PFN_ATTR_WP), PFN_ATTR_UC_MINUS);
	CHECK_HAS(pfn_attr_why_not(PFN_ATTR_WC), "\"nopat\"");
	CHECK(!pfn_attr_why_not(PFN_ATTR_WT));
	/* A claim, and ioremap_wc(), which is given the bits of UC-. */
	CHECK_EQ(do_claim(&claim, 0x20, 4, PFN_ATTR_WC, 0), 0);
	CHECK_EQ(do_ioremap(1, 0x20, 4, PFN_ATTR_UC_MINUS), 0);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 0);
	CHECK_EQ(pfn_track_release(&claim), 0);

	text = unit_debugfs_read("coverage", 4096, NULL);
	CHECK_HAS(text, "\nimpossible want=write-combining got=uncached-minus why=PAT\\040is\\040off");
	CHECK_HAS_NOT(text, "want=write-through");
	free(text);
	/* PFN_CLAIM_STRICT asks for what the machine cannot do. */
	CHECK_EQ(do_claim(&claim, 0x90, 4, PFN_ATTR_WC, PFN_CLAIM_STRICT), -EBUSY);
	CHECK_EQ(last_conflict.cause, PFN_CAUSE_IMPOSSIBLE);
}

TEST(pat, no_pat_in_the_cpu)
{
	unit_no_pat = true;
	boot_as(NULL);
	CHECK_HAS(pfn_attr_why_not(PFN_ATTR_WC), "the CPU");
}

TEST(pat, all_possible)
{
	char *text;

	boot_as(NULL);
	text = unit_debugfs_read("coverage", 4096, NULL);
	CHECK_HAS_NOT(text, "impossible");
	free(text);
}
#endif
