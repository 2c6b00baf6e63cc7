// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track walk: what live page tables map, for the audit to compare.
 *
 * No page table is walked under pft_lock, and each hold of a lock has a budget
 * of entries.
 *
 * Not walked: the linear map, the fixmap and the kernel image.  Left out are
 * RAM that is mapped write-back, as the registry itself leaves it out where
 * faults insert it, and private copies; so a remap_pfn_range() of such RAM that
 * is not on record goes unseen.
 */
#include "pfn_track_internal.h"
#include <linux/huge_mm.h>
#include <linux/memory_hotplug.h>
#include <linux/pagewalk.h>

/*
 * Note an entry.  Positive if the budget is spent: then the walk ends, and the
 * window before this entry.
 */
static int pft_note(struct pft_tables *t, const struct pft_mapped *new)
{
	struct pft_mapped *run = t->nr_runs ? &t->runs[t->nr_runs - 1] : NULL;
	unsigned long nr = new->last - new->pfn + 1;

	if (t->entries == PFT_WALK_ENTRIES)
		goto stop;
	if (run && run->last + 1 == new->pfn && run->attr == new->attr &&
	    run->road == new->road && pft_mapped_last(run) + 1 == new->va)
		run->last = new->last;
	else if (t->nr_runs == PFT_WALK_RUNS)
		goto stop;
	else
		t->runs[t->nr_runs++] = *new;

	t->entries++;
	if (!t->again && t->mm)
		t->audit->user_pages += nr;
	else if (!t->again)
		t->audit->kernel_pages += nr;
	return 0;

stop:
	t->stop = new->va;
	return 1;
}

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
	const struct pft_mapped new = {
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

static const struct mm_walk_ops pft_walk_ops = {
	.pud_entry = pft_pud_entry,
	.pmd_entry = pft_pmd_entry,
	.walk_lock = PGWALK_RDLOCK,
};

/*
 * For writing, because vmap() frees tables that it replaces by a huge entry
 * while it holds the lock for reading.  It gives up on huge entries meanwhile.
 * Tables of the linear map go with the memory, without that lock.
 */
static int pft_walk_kernel(struct pft_tables *t, const struct pft_range *win)
{
	int ret;

	get_online_mems();
	ret = mmap_write_lock_killable(&init_mm);
	if (!ret) {
		ret = walk_kernel_page_table_range(win->va, win->va_last + 1,
						   &pft_walk_ops, NULL, t);
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

static int pft_walk_areas(struct pft_tables *t, const struct pft_range *win)
{
	VMA_ITERATOR(vmi, t->mm, win->va);
	struct vm_area_struct *vma;
	int ret = 0;

	for_each_vma(vmi, vma) {
		bool audited = pft_is_audited(vma);

		if (ret || vma->vm_start > win->va_last)
			break;
		/* Not those that the window before began with. */
		if (!t->again && vma->vm_start >= win->va) {
			t->audit->areas += audited;
			t->audit->skipped += !audited;
		}
		if (audited)
			ret = walk_page_range_vma(vma,
						  max(vma->vm_start, win->va),
						  min(vma->vm_end - 1, win->va_last) + 1,
						  &pft_walk_ops, t);
	}
	return ret;
}

/*
 * Doubts are looked at with the address space locked for writing: that keeps
 * out the end of an munmap(), which has taken the area away already and clears
 * its page tables while others read.
 */
static int pft_walk_user(struct pft_tables *t, const struct pft_range *win)
{
	int ret;

	if (t->again ? mmap_write_lock_killable(t->mm) :
		       mmap_read_lock_killable(t->mm))
		return -EINTR;
	ret = pft_walk_areas(t, win);
	if (t->again)
		mmap_write_unlock(t->mm);
	else
		mmap_read_unlock(t->mm);
	return ret;
}

/**
 * pft_read_tables - read the page tables of a window
 * @t: gets what they map; says whose they are
 * @win: the window; ends earlier if the budget is spent
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, or -EINTR if a fatal signal came.
 */
int pft_read_tables(struct pft_tables *t, struct pft_range *win)
{
	int ret;

	t->nr_runs = 0;
	t->entries = 0;
	ret = t->mm ? pft_walk_user(t, win) : pft_walk_kernel(t, win);
	if (ret > 0)
		win->va_last = t->stop - 1;
	return min(ret, 0);
}
