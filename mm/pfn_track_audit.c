// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track audit: does the registry tell the truth?
 *
 * Walks the live page tables of the kernel's vmalloc area and of every process,
 * window by window, and lays beside each window what is on record there.  What
 * is found is only doubted at first: mappings come and go meanwhile, and a
 * record may be made a moment before its page table entry.  Doubts are looked
 * at again, with the address space locked for writing, and become findings if
 * they stay.
 *
 * Nothing is compared under the lock of a page table, and no page table is
 * walked under pft_lock.  Each hold of a lock has a budget of entries.
 *
 * Not walked: the linear map, the fixmap and the kernel image.  Left out are
 * RAM that is mapped write-back, as the registry itself leaves it out where
 * faults insert it, and private copies; so a remap_pfn_range() of such RAM that
 * is not on record goes unseen.
 */
#include "pfn_track_internal.h"
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hashtable.h>
#include <linux/huge_mm.h>
#include <linux/io.h>
#include <linux/ioremap.h>
#include <linux/memory_hotplug.h>
#include <linux/pagewalk.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/vmalloc.h>

/* Page table entries, and runs of them, that one hold of a lock may see. */
#define PFT_AUDIT_ENTRIES	16384
#define PFT_AUDIT_RUNS		2048

/*
 * Doubts of one window, how often they are looked at again, and when: in ms, the
 * first time, each time twice as long.  Who unmaps may be held up between its
 * record and its page tables, a virtual CPU for long.
 */
#define PFT_AUDIT_DOUBTS	64
#define PFT_AUDIT_TRIES		6
#define PFT_AUDIT_PAUSE		10

/* Likewise, for processes on their way out. */
#define PFT_AUDIT_EXITS		20

/**
 * enum pft_road - whether the registry should know of a page table entry
 * @PFT_ROAD_HOOKED: yes
 * @PFT_ROAD_PLAIN: it leaves such RAM out by intention
 * @PFT_ROAD_OPEN: it was made by a road that has no hook yet
 */
enum pft_road {
	PFT_ROAD_HOOKED,
	PFT_ROAD_PLAIN,
	PFT_ROAD_OPEN,
};

/**
 * struct pft_run - page table entries that map page frames in order, and alike
 * @va: first virtual address
 * @pfn: first page frame
 * @last: last page frame
 * @attr: enum pfn_attr as decoded from the entries
 * @road: enum pft_road
 */
struct pft_run {
	unsigned long va;
	unsigned long pfn;
	unsigned long last;
	u8 attr;
	u8 road;
};

/**
 * struct pft_seen - an address space that was walked
 * @node: in struct pft_auditor
 * @mm: with a reference to the structure, so that no other gets its address
 */
struct pft_seen {
	struct hlist_node node;
	struct mm_struct *mm;
};

/**
 * struct pft_auditor - an audit that runs
 * @audit: what it finds
 * @mm: address space that is walked, NULL for the kernel's
 * @pid: of its process
 * @comm: likewise
 * @again: doubts are being looked at again; nothing is counted
 * @runs: what the page tables of a window say
 * @nr_runs: how many there are
 * @entries: page table entries seen in this window
 * @stop: where the window had to end because the budget was spent
 * @found: what a window has against the registry
 * @nr_found: how many there are
 * @doubts: where that was
 * @seen: address spaces walked
 */
struct pft_auditor {
	struct pft_audit *audit;
	struct mm_struct *mm;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	bool again;
	struct pft_run runs[PFT_AUDIT_RUNS];
	unsigned int nr_runs;
	unsigned int entries;
	unsigned long stop;
	struct pft_finding found[PFT_AUDIT_DOUBTS];
	unsigned int nr_found;
	struct pft_range doubts[PFT_AUDIT_DOUBTS];
	DECLARE_HASHTABLE(seen, 8);
};

/* One at a time: an audit is work, and locks address spaces. */
static DEFINE_MUTEX(pft_audit_lock);

/* === What the page tables say =========================================== */

static unsigned long pft_run_last(const struct pft_run *run)
{
	return run->va + ((run->last - run->pfn + 1) << PAGE_SHIFT) - 1;
}

/*
 * Note an entry.  Positive if the budget is spent: then the walk ends, and the
 * window before this entry.
 */
static int pft_note(struct pft_auditor *a, const struct pft_run *new)
{
	struct pft_run *run = a->nr_runs ? &a->runs[a->nr_runs - 1] : NULL;
	unsigned long nr = new->last - new->pfn + 1;

	if (a->entries == PFT_AUDIT_ENTRIES)
		goto stop;
	if (run && run->last + 1 == new->pfn && run->attr == new->attr &&
	    run->road == new->road && pft_run_last(run) + 1 == new->va)
		run->last = new->last;
	else if (a->nr_runs == PFT_AUDIT_RUNS)
		goto stop;
	else
		a->runs[a->nr_runs++] = *new;

	a->entries++;
	if (!a->again && a->mm)
		a->audit->user_pages += nr;
	else if (!a->again)
		a->audit->kernel_pages += nr;
	return 0;

stop:
	a->stop = new->va;
	return 1;
}

/*
 * The window of pci_remap_iospace().  asm-generic/io.h calls it NULL where an
 * architecture has none, or keeps it elsewhere.
 */
#ifdef PCI_IOBASE
#define PFT_IOSPACE	((unsigned long)PCI_IOBASE)
#else
#define PFT_IOSPACE	0UL
#endif

/* Not said where there is no ioremap(). */
#ifndef IOREMAP_START
#define IOREMAP_START	VMALLOC_START
#define IOREMAP_END	VMALLOC_END
#endif

/*
 * PFN_ATTR_NONE where the architecture does not say how to tell the bits of a
 * huge entry from the page frame: then only page frames are compared.  The bits
 * of a present entry are never all zero.
 */
static enum pfn_attr pft_attr_of(pgprot_t prot, bool large)
{
	if (!pgprot_val(prot))
		return PFN_ATTR_NONE;
	return large ? pfn_attr_from_large(prot) : pfn_attr_from_pgprot(prot);
}

/*
 * Where the architecture does not tell an entry's bits from its page frame, the
 * entry as it is: decoders look at no other bits than the attribute's.
 */
static pgprot_t pft_pte_prot(pte_t pte)
{
	pgprot_t prot = pte_pgprot(pte);

	return pgprot_val(prot) ? prot : __pgprot(pte_val(pte));
}

/* See pft_plain_ram(). */
static bool pft_is_plain(unsigned long pfn, enum pfn_attr attr)
{
	return pft_plain_ram(pfn, PFN_ATTR_WB,
			     attr == PFN_ATTR_NONE ? PFN_ATTR_WB : attr);
}

/* Whatever is not RAM as the linear map has it comes by roads with hooks. */
static enum pft_road pft_kernel_road(unsigned long pfn, enum pfn_attr attr)
{
	return pft_is_plain(pfn, attr) ? PFT_ROAD_PLAIN : PFT_ROAD_HOOKED;
}

/*
 * @page is what the VM counts references of, NULL for mere page frames.  A
 * private copy is made in RAM with the protection of its area, whatever that is.
 */
static enum pft_road pft_user_road(const struct page *page, unsigned long pfn,
				   enum pfn_attr attr)
{
	if (pft_is_plain(pfn, attr))
		return PFT_ROAD_PLAIN;
	return page && PageAnon(page) ? PFT_ROAD_OPEN : PFT_ROAD_HOOKED;
}

static int pft_note_entry(struct mm_walk *walk, unsigned long va,
			  unsigned long end, unsigned long pfn,
			  enum pfn_attr attr, const struct page *page)
{
	const struct pft_run new = {
		.va = va,
		.pfn = pfn,
		.last = pfn + ((end - va) >> PAGE_SHIFT) - 1,
		.attr = attr,
		.road = walk->vma ? pft_user_road(page, pfn, attr) :
				    pft_kernel_road(pfn, attr),
	};

	/* A private copy is no longer what was mapped there. */
	if (page && PageAnon(page) && new.road == PFT_ROAD_PLAIN)
		return 0;
	return pft_note(walk->private, &new);
}

static int pft_note_pud(struct mm_walk *walk, unsigned long va,
			unsigned long end, pud_t pud)
{
	if (!pud_present(pud) || !pud_leaf(pud))
		return 0;
	return pft_note_entry(walk, va, end,
			      pud_pfn(pud) + PHYS_PFN(va & ~PUD_MASK),
			      pft_attr_of(pud_pgprot(pud), true), NULL);
}

/*
 * Has to be there even where no entry is so large: without it the walk splits
 * such entries, which for mere page frames means that it erases them.
 */
static int pft_pud_entry(pud_t *pudp, unsigned long va, unsigned long end,
			 struct mm_walk *walk)
{
	int ret;
	/* Of the table that @pudp lies in. */
	spinlock_t *ptl;

	if (!walk->vma)
		return pft_note_pud(walk, va, end, READ_ONCE(*pudp));

	ptl = pud_trans_huge_lock(pudp, walk->vma);
	if (!ptl)
		return 0;
	/* It is held; sparse cannot know. */
	__acquire(ptl);
	ret = pft_note_pud(walk, va, end, *pudp);
	spin_unlock(ptl);
	walk->action = ACTION_CONTINUE;
	return ret;
}

static int pft_note_pmd(struct mm_walk *walk, unsigned long va,
			unsigned long end, pmd_t pmd)
{
	const struct page *page = NULL;

	if (!pmd_present(pmd) || !pmd_leaf(pmd))
		return 0;
	if (walk->vma)
		page = vm_normal_page_pmd(walk->vma, va, pmd);
	return pft_note_entry(walk, va, end,
			      pmd_pfn(pmd) + PHYS_PFN(va & ~PMD_MASK),
			      pft_attr_of(pmd_pgprot(pmd), true), page);
}

static int pft_note_ptes(struct mm_walk *walk, unsigned long va,
			 unsigned long end, pte_t *ptep)
{
	int ret = 0;

	for (; va < end && !ret; va += PAGE_SIZE, ptep++) {
		pte_t pte = ptep_get(ptep);
		const struct page *page = NULL;

		if (!pte_present(pte) || is_zero_pfn(pte_pfn(pte)))
			continue;
		if (walk->vma)
			page = vm_normal_page(walk->vma, va, pte);
		ret = pft_note_entry(walk, va, va + PAGE_SIZE, pte_pfn(pte),
				     pft_attr_of(pft_pte_prot(pte), false), page);
	}
	return ret;
}

/* The kernel's entries have no lock; its tables stay while init_mm is locked. */
static int pft_kernel_pmd(pmd_t *pmdp, unsigned long va, unsigned long end,
			  struct mm_walk *walk)
{
	pmd_t pmd = READ_ONCE(*pmdp);

	if (!pmd_present(pmd))
		return 0;
	if (pmd_leaf(pmd))
		return pft_note_pmd(walk, va, end, pmd);
	return pft_note_ptes(walk, va, end, pte_offset_kernel(pmdp, va));
}

/* Looks at the table by itself: a pte_entry() would have huge entries split. */
static int pft_pmd_entry(pmd_t *pmdp, unsigned long va, unsigned long end,
			 struct mm_walk *walk)
{
	pte_t *ptep;
	int ret;
	/* Of the table that @pmdp lies in, then of the one it points to. */
	spinlock_t *ptl;

	if (!walk->vma)
		return pft_kernel_pmd(pmdp, va, end, walk);

	ptl = pmd_trans_huge_lock(pmdp, walk->vma);
	if (ptl) {
		__acquire(ptl);
		ret = pft_note_pmd(walk, va, end, *pmdp);
		spin_unlock(ptl);
		return ret;
	}
	ptep = pte_offset_map_lock(walk->mm, pmdp, va, &ptl);
	if (!ptep) {
		walk->action = ACTION_AGAIN;
		return 0;
	}
	ret = pft_note_ptes(walk, va, end, ptep);
	pte_unmap_unlock(ptep, ptl);
	return ret;
}

static const struct mm_walk_ops pft_audit_ops = {
	.pud_entry = pft_pud_entry,
	.pmd_entry = pft_pmd_entry,
	.walk_lock = PGWALK_RDLOCK,
};

/*
 * For writing, because vmap() frees tables that it replaces by a huge entry
 * while it holds the lock for reading.  It gives up on huge entries meanwhile.
 * Tables of the linear map go with the memory, without that lock.
 */
static int pft_walk_kernel(struct pft_auditor *a, const struct pft_range *win)
{
	int ret;

	get_online_mems();
	ret = mmap_write_lock_killable(&init_mm);
	if (!ret) {
		ret = walk_kernel_page_table_range(win->va, win->va_last + 1,
						   &pft_audit_ops, NULL, a);
		mmap_write_unlock(&init_mm);
	}
	put_online_mems();
	return ret;
}

/* Areas of other flags are walked if something is on record there. */
static bool pft_is_audited(const struct vm_area_struct *vma)
{
	const struct pft_range range = {
		.space = PFN_SPACE_USER,
		.id = vma->vm_mm,
		.va = vma->vm_start,
		.va_last = vma->vm_end - 1,
	};
	bool held;

	if (pft_may_hold(vma))
		return true;
	spin_lock(&pft_lock);
	held = pft_store_first(&range);
	spin_unlock(&pft_lock);
	return held;
}

static int pft_walk_areas(struct pft_auditor *a, const struct pft_range *win)
{
	VMA_ITERATOR(vmi, a->mm, win->va);
	struct vm_area_struct *vma;
	int ret = 0;

	for_each_vma(vmi, vma) {
		bool audited = pft_is_audited(vma);

		if (ret || vma->vm_start > win->va_last)
			break;
		/* Not those that the window before began with. */
		if (!a->again && vma->vm_start >= win->va) {
			a->audit->areas += audited;
			a->audit->skipped += !audited;
		}
		if (audited)
			ret = walk_page_range_vma(vma,
						  max(vma->vm_start, win->va),
						  min(vma->vm_end - 1, win->va_last) + 1,
						  &pft_audit_ops, a);
	}
	return ret;
}

/*
 * Doubts are looked at with the address space locked for writing: that keeps
 * out the end of an munmap(), which has taken the area away already and clears
 * its page tables while others read.
 */
static int pft_walk_user(struct pft_auditor *a, const struct pft_range *win)
{
	int ret;

	if (a->again ? mmap_write_lock_killable(a->mm) :
		       mmap_read_lock_killable(a->mm))
		return -EINTR;
	ret = pft_walk_areas(a, win);
	if (a->again)
		mmap_write_unlock(a->mm);
	else
		mmap_read_unlock(a->mm);
	return ret;
}

/* === What the registry says ============================================= */

/**
 * struct pft_held - what is on record next
 * @rec: copy of the record, reduced to the window; without its holder
 * @some: there is one
 * @pid: of its holder
 * @comm: likewise
 */
struct pft_held {
	struct pft_record rec;
	bool some;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

static void pft_next_held(struct pft_auditor *a, const struct pft_range *rest,
			  struct pft_held *held)
{
	struct pft_record *rec;

	spin_lock(&pft_lock);
	rec = pft_store_first(rest);
	held->some = rec;
	if (rec) {
		held->pid = pft_holder_pid(rec);
		strscpy(held->comm, rec->holder->comm);
		held->rec = *rec;
		/* Not those that the window before ended with. */
		if (!a->again && rec->va >= rest->va)
			a->audit->records++;
	}
	spin_unlock(&pft_lock);
	if (rec)
		pft_clip(&held->rec, rest);
}

/* === Comparing ========================================================== */

/*
 * What is wrong with one stretch of addresses: @run is what the page tables map
 * there and @rec what is on record, both reduced to it, or NULL.
 */
static unsigned int pft_compare(const struct pft_run *run,
				const struct pft_record *rec)
{
	unsigned int missing = 0;

	if (run && run->road == PFT_ROAD_HOOKED)
		missing = BIT(PFT_FINDING_MISSING);
	if (!rec)
		return missing;
	if (!run)
		return BIT(PFT_FINDING_STALE);
	if (run->pfn != rec->pfn)
		return BIT(PFT_FINDING_STALE) | missing;
	if (run->attr != rec->got && run->attr != PFN_ATTR_NONE)
		return BIT(PFT_FINDING_DIFFERS);
	return 0;
}

static void pft_find(struct pft_auditor *a, enum pft_finding_type type,
		     const struct pft_range *where, const struct pft_run *run,
		     const struct pft_held *held)
{
	const bool missing = type == PFT_FINDING_MISSING;
	struct pft_finding *f = &a->found[a->nr_found++];

	*f = (struct pft_finding){
		.type = type,
		.space = where->space,
		.id = where->id,
		.va = where->va,
		.pfn = missing ? run->pfn : held->rec.pfn,
		.last = missing ? run->last : held->rec.last,
		.kind = missing ? PFN_KIND_COUNT : held->rec.kind,
		.got = missing ? PFN_ATTR_NONE : held->rec.got,
		.found = run ? run->attr : PFN_ATTR_NONE,
		.pid = missing ? a->pid : held->pid,
	};
	strscpy(f->comm, missing ? a->comm : held->comm);
}

/* One stretch; @run and @held may reach beyond it, or be NULL. */
static void pft_judge_stretch(struct pft_auditor *a,
			      const struct pft_range *where,
			      const struct pft_run *run,
			      const struct pft_held *held)
{
	unsigned long pages = (where->va_last - where->va) / PAGE_SIZE + 1;
	struct pft_held h;
	struct pft_run r;
	unsigned int wrong, type;

	if (run) {
		r = *run;
		r.pfn += (where->va - r.va) >> PAGE_SHIFT;
		r.last = r.pfn + pages - 1;
		r.va = where->va;
	}
	if (held) {
		h = *held;
		pft_clip(&h.rec, where);
	}
	if (run && !held && run->road == PFT_ROAD_OPEN && !a->again)
		a->audit->uncovered += pages;

	wrong = pft_compare(run ? &r : NULL, held ? &h.rec : NULL);
	for (type = 0; type < PFT_FINDING_COUNT; type++)
		if (wrong & BIT(type))
			pft_find(a, type, where, run ? &r : NULL, &h);
}

/* The last address up to which nothing begins or ends, from @va on. */
static unsigned long pft_until(unsigned long va, unsigned long last,
			       unsigned long begin, unsigned long end)
{
	return min(last, begin > va ? begin - 1 : end);
}

/*
 * Lay runs and records of a window side by side.  Ends the window where there
 * is no room for more doubts.
 */
static void pft_sweep(struct pft_auditor *a, struct pft_range *win)
{
	const struct pft_run *run = a->runs, *end = a->runs + a->nr_runs;
	struct pft_range at = *win;
	struct pft_held held;

	pft_next_held(a, &at, &held);
	while (run < end || held.some) {
		const bool in_run = run < end && run->va <= at.va;
		const bool in_held = held.some && held.rec.va <= at.va;

		/* One stretch may have two things wrong with it. */
		if (a->nr_found + PFT_FINDING_COUNT > PFT_AUDIT_DOUBTS) {
			win->va_last = at.va - 1;
			return;
		}
		at.va_last = win->va_last;
		if (run < end)
			at.va_last = pft_until(at.va, at.va_last, run->va,
					       pft_run_last(run));
		if (held.some)
			at.va_last = pft_until(at.va, at.va_last, held.rec.va,
					       pft_va_last(&held.rec));
		if (in_run || in_held)
			pft_judge_stretch(a, &at, in_run ? run : NULL,
					  in_held ? &held : NULL);
		if (at.va_last == win->va_last)
			return;

		at.va = at.va_last + 1;
		at.va_last = win->va_last;
		if (in_run && pft_run_last(run) < at.va)
			run++;
		if (in_held && pft_va_last(&held.rec) < at.va)
			pft_next_held(a, &at, &held);
	}
}

/* === Windows ============================================================ */

/* Look at a window once; it may end earlier than was asked for. */
static int pft_look(struct pft_auditor *a, struct pft_range *win)
{
	int ret;

	cond_resched();
	if (fatal_signal_pending(current))
		return -EINTR;

	a->nr_runs = 0;
	a->entries = 0;
	a->nr_found = 0;
	ret = a->mm ? pft_walk_user(a, win) : pft_walk_kernel(a, win);
	if (ret < 0)
		return ret;
	if (ret)
		win->va_last = a->stop - 1;
	pft_sweep(a, win);
	return 0;
}

/* Whether @next goes on where @f ends, and says the same. */
static bool pft_goes_on(const struct pft_finding *f,
			const struct pft_finding *next)
{
	return f->type == next->type && f->space == next->space &&
	       f->id == next->id && f->last + 1 == next->pfn &&
	       f->va + ((f->last - f->pfn + 1) << PAGE_SHIFT) == next->va &&
	       f->kind == next->kind && f->got == next->got &&
	       f->found == next->found && f->pid == next->pid;
}

/* Make @next part of one of the latest findings, one of each type at most. */
static bool pft_join(struct pft_audit *audit, const struct pft_finding *next)
{
	unsigned int i = audit->nr_shown;
	unsigned int first = i > PFT_FINDING_COUNT ? i - PFT_FINDING_COUNT : 0;

	while (i-- > first) {
		struct pft_finding *f = &audit->shown[i];

		if (!pft_goes_on(f, next))
			continue;
		f->last = next->last;
		return true;
	}
	return false;
}

static void pft_keep(struct pft_auditor *a)
{
	struct pft_audit *audit = a->audit;
	unsigned int i;

	for (i = 0; i < a->nr_found; i++) {
		if (pft_join(audit, &a->found[i]))
			continue;
		audit->findings++;
		if (audit->nr_shown < PFT_AUDIT_SHOWN)
			audit->shown[audit->nr_shown++] = a->found[i];
	}
}

static struct pft_range pft_doubt(const struct pft_finding *f)
{
	return (struct pft_range){
		.space = f->space,
		.id = f->id,
		.va = f->va,
		.va_last = f->va + ((f->last - f->pfn + 1) << PAGE_SHIFT) - 1,
	};
}

/* Look again at everything that is doubted; keep what stays. */
static int pft_settle(struct pft_auditor *a)
{
	unsigned int nr = a->nr_found, try, i, left;
	int ret = 0;

	for (i = 0; i < nr; i++)
		a->doubts[i] = pft_doubt(&a->found[i]);

	a->again = true;
	for (try = 1; try <= PFT_AUDIT_TRIES && nr && !ret; try++) {
		msleep(PFT_AUDIT_PAUSE << (try - 1));
		for (i = 0, left = 0; i < nr && !ret; i++) {
			struct pft_range win = a->doubts[i];

			/* Two doubts may be about one place. */
			if (left && win.va == a->doubts[left - 1].va)
				continue;
			ret = pft_look(a, &win);
			if (ret || !a->nr_found)
				continue;
			a->doubts[left++] = a->doubts[i];
			if (try == PFT_AUDIT_TRIES)
				pft_keep(a);
		}
		nr = left;
	}
	a->again = false;
	return ret;
}

static int pft_audit_range(struct pft_auditor *a, const struct pft_range *range)
{
	struct pft_range win = *range;
	int ret;

	for (;;) {
		win.va_last = range->va_last;
		ret = pft_look(a, &win);
		if (!ret && a->nr_found)
			ret = pft_settle(a);
		if (ret || win.va_last == range->va_last)
			return ret;
		win.va = win.va_last + 1;
	}
}

/* === All of it ========================================================== */

/* The next record behind @rec; false if it was the last one. */
static bool pft_next_record(struct pft_place *place, struct pft_record *copy)
{
	struct pft_record *rec;

	spin_lock(&pft_lock);
	rec = pft_store_after(place);
	if (rec) {
		*copy = *rec;
		*place = (struct pft_place){
			.space = rec->space,
			.id = rec->id,
			.va = rec->va,
			.rec = rec,
		};
	}
	spin_unlock(&pft_lock);
	return rec;
}

/* Whether @range meets one of @nr windows. */
static bool pft_meets(const struct pft_range *range,
		      const struct pft_range *windows, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (range->va <= windows[i].va_last &&
		    range->va_last >= windows[i].va)
			return true;
	return false;
}

/* What is on record outside of the windows that were walked as a whole. */
static int pft_audit_elsewhere(struct pft_auditor *a,
			       const struct pft_range *windows, unsigned int nr)
{
	struct pft_range range = { .space = PFN_SPACE_KERNEL };
	struct pft_place place = { };
	struct pft_record rec;
	int ret = 0;

	while (!ret && pft_next_record(&place, &rec) &&
	       rec.space == PFN_SPACE_KERNEL) {
		cond_resched();
		range.va = rec.va;
		range.va_last = pft_va_last(&rec);
		if (!pft_meets(&range, windows, nr))
			ret = pft_audit_range(a, &range);
	}
	return ret;
}

static int pft_audit_kernel(struct pft_auditor *a)
{
	const struct pft_range windows[] = {
		/* Some architectures have the last address there. */
		{ PFN_SPACE_KERNEL, NULL, VMALLOC_START,
		  PAGE_ALIGN(VMALLOC_END) - 1 },
		/* Mostly the same; powerpc has one for ioremap() alone. */
		{ PFN_SPACE_KERNEL, NULL, IOREMAP_START,
		  PAGE_ALIGN(IOREMAP_END) - 1 },
		/* Without one, a byte that is never mapped. */
		{ PFN_SPACE_KERNEL, NULL, PFT_IOSPACE,
		  PFT_IOSPACE ? PFT_IOSPACE + IO_SPACE_LIMIT : 0 },
	};
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(windows) && !ret; i++)
		if (windows[i].va && !pft_meets(&windows[i], windows, i))
			ret = pft_audit_range(a, &windows[i]);
	return ret ?: pft_audit_elsewhere(a, windows, ARRAY_SIZE(windows));
}

/* The address space of a process; its leader may have gone before others. */
static struct mm_struct *pft_mm_of(struct task_struct *leader)
{
	struct mm_struct *mm = NULL;
	struct task_struct *task;

	for_each_thread(leader, task) {
		mm = get_task_mm(task);
		if (mm)
			break;
	}
	return mm;
}

/* The address space of the next process behind @a->pid, with a reference. */
static struct mm_struct *pft_next_mm(struct pft_auditor *a)
{
	struct mm_struct *mm = NULL;
	struct task_struct *task;
	struct pid *pid;

	rcu_read_lock();
	while (!mm && (pid = find_ge_pid(a->pid + 1, &init_pid_ns))) {
		a->pid = pid_nr(pid);
		task = pid_task(pid, PIDTYPE_TGID);
		if (!task)
			continue;
		mm = pft_mm_of(task);
		get_task_comm(a->comm, task);
	}
	rcu_read_unlock();
	return mm;
}

static bool pft_is_seen(struct pft_auditor *a, const void *mm)
{
	struct pft_seen *seen;

	hash_for_each_possible(a->seen, seen, node, (unsigned long)mm)
		if (seen->mm == mm)
			return true;
	return false;
}

static int pft_see(struct pft_auditor *a, struct mm_struct *mm)
{
	struct pft_seen *seen = kmalloc(sizeof(*seen), GFP_KERNEL);

	if (!seen)
		return -ENOMEM;
	mmgrab(mm);
	seen->mm = mm;
	hash_add(a->seen, &seen->node, (unsigned long)mm);
	a->audit->spaces++;
	return 0;
}

static void pft_forget_seen(struct pft_auditor *a)
{
	struct hlist_node *next;
	struct pft_seen *seen;
	unsigned int i;

	hash_for_each_safe(a->seen, i, next, seen, node) {
		mmdrop(seen->mm);
		kfree(seen);
	}
}

static int pft_audit_users(struct pft_auditor *a)
{
	struct pft_range all = {
		.space = PFN_SPACE_USER,
		.va_last = ULONG_MAX,
	};
	struct mm_struct *mm;
	int ret = 0;

	while (!ret && (mm = pft_next_mm(a))) {
		/* Several processes may share one. */
		if (!pft_is_seen(a, mm)) {
			ret = pft_see(a, mm);
			all.id = mm;
			a->mm = mm;
			if (!ret)
				ret = pft_audit_range(a, &all);
			a->mm = NULL;
		}
		/* The last reference would have us tear it down. */
		mmput_async(mm);
		cond_resched();
	}
	return ret;
}

static unsigned long pft_unreached(struct pft_auditor *a, u64 start)
{
	struct pft_place place = { };
	struct pft_record rec;
	unsigned long nr = 0;

	while (pft_next_record(&place, &rec)) {
		cond_resched();
		if (rec.space == PFN_SPACE_USER && rec.time < start &&
		    !pft_is_seen(a, rec.id))
			nr++;
	}
	return nr;
}

/*
 * An address space of no process, held by a kernel thread or a driver, cannot
 * be reached.  What was made since @start belongs to new processes, and one that
 * is being torn down soon has no records any more.
 */
static void pft_count_unreached(struct pft_auditor *a, u64 start)
{
	unsigned int try;

	for (try = 0; try <= PFT_AUDIT_EXITS; try++) {
		a->audit->unreached = pft_unreached(a, start);
		if (!a->audit->unreached)
			break;
		msleep(PFT_AUDIT_PAUSE);
	}
}

static int pft_audit(struct pft_audit *audit)
{
	u64 start = ktime_get_boot_fast_ns();
	struct pft_auditor *a;
	int ret;

	/* Nothing is on record, and that is no finding. */
	if (pft_get_policy(PFT_KIND_ALL) == PFN_POLICY_OFF)
		return 0;
	a = kvzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	a->audit = audit;
	hash_init(a->seen);

	ret = pft_audit_kernel(a) ?: pft_audit_users(a);
	if (!ret)
		pft_count_unreached(a, start);
	/* Switched off meanwhile: everything is missing. */
	if (!ret && pft_get_policy(PFT_KIND_ALL) == PFN_POLICY_OFF)
		ret = -EAGAIN;
	pft_forget_seen(a);
	kvfree(a);
	return ret;
}

/* === debugfs ============================================================ */

static int pft_audit_show(struct seq_file *m, void *v)
{
	struct pft_audit *audit = m->private;
	int ret = 0;

	/* Shown again with a larger buffer, but not run again. */
	if (!audit->done) {
		if (mutex_lock_killable(&pft_audit_lock))
			return -EINTR;
		ret = pft_audit(audit);
		mutex_unlock(&pft_audit_lock);
		audit->done = !ret;
	}
	if (ret)
		memset(audit, 0, sizeof(*audit));
	else
		pft_show_audit(m, audit);
	return ret;
}

static int pft_audit_open(struct inode *inode, struct file *file)
{
	struct pft_audit *audit = kvzalloc(sizeof(*audit), GFP_KERNEL);
	int ret;

	if (!audit)
		return -ENOMEM;
	ret = single_open(file, pft_audit_show, audit);
	if (ret)
		kvfree(audit);
	return ret;
}

static int pft_audit_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kvfree(m->private);
	return single_release(inode, file);
}

static const struct file_operations pft_audit_fops = {
	.owner = THIS_MODULE,
	.open = pft_audit_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = pft_audit_release,
};

static int __init pft_audit_init(void)
{
	struct dentry *dir = debugfs_lookup("pfn_track", NULL);

	if (!IS_ERR_OR_NULL(dir)) {
		debugfs_create_file("audit", 0400, dir, NULL, &pft_audit_fops);
		dput(dir);
	}
	return 0;
}

/* After pfn_track_files.c has made the folder. */
late_initcall_sync(pft_audit_init);
