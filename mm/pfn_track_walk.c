// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track walk: what live page tables map, for the audit to compare.
 *
 * The walk reads every present entry of every area of a process, and decodes it
 * by itself: it asks neither the hooks nor the flags of an area whether an entry
 * matters.  vm_normal_page() is not used, because it prints and taints the kernel
 * where a driver has lost the flags of its area; such entries are reported
 * instead, see pft_is_broken().
 *
 * Write-back RAM has no record of its own.  It is compared with the attributes
 * that others hold the same page frames with, lock-free, and otherwise only
 * counted.
 *
 * No page table is walked under pft_lock, and each hold of a lock has a budget
 * of steps.
 *
 * Not walked: the linear map, the fixmap, modules and the kernel image.
 */
#include "pfn_track_internal.h"
#include <linux/huge_mm.h>
#include <linux/hugetlb.h>
#include <linux/memory_hotplug.h>
#include <linux/pagewalk.h>

/*
 * Use up some of the budget.  Positive if it is spent: then the walk ends, and
 * the window before @va.
 */
static int pft_step(struct pft_tables *t, unsigned long va, unsigned int steps)
{
	if (t->steps >= PFT_WALK_STEPS) {
		t->stop = va;
		return 1;
	}
	t->steps += steps;
	return 0;
}

/* Append to the run before, or begin a new one.  Positive as for pft_step(). */
static int pft_note(struct pft_tables *t, const struct pft_mapped *new)
{
	struct pft_mapped *run = t->nr_runs ? &t->runs[t->nr_runs - 1] : NULL;
	unsigned long nr = new->last - new->pfn + 1;

	if (run && run->last + 1 == new->pfn && run->attr == new->attr &&
	    run->road == new->road && run->held == new->held &&
	    run->broken == new->broken && pft_mapped_last(run) + 1 == new->va) {
		run->last = new->last;
	} else if (t->nr_runs < PFT_WALK_RUNS) {
		t->runs[t->nr_runs++] = *new;
	} else {
		t->stop = new->va;
		return 1;
	}
	if (!t->again && t->mm)
		t->audit->user_pages += nr;
	else if (!t->again)
		t->audit->kernel_pages += nr;
	return 0;
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

/* Most entries have the same bits as the one before. */
static enum pfn_attr pft_decode_entry(struct pft_tables *t, pgprot_t prot,
				      bool large)
{
	if (pgprot_val(prot) != pgprot_val(t->prot) || large != t->large ||
	    !t->decoded) {
		t->attr = pft_attr_of(prot, large);
		t->prot = prot;
		t->large = large;
		t->decoded = true;
	}
	return t->attr;
}

/*
 * RAM has a struct page that is initialized and belongs to no device.  Looked up
 * by a way of its own, see pft_plain_ram().
 */
static bool pft_is_ram(unsigned long pfn)
{
	return pfn_to_online_page(pfn);
}

/* Aligned blocks that are looked up as a whole: 2^18, 2^12 and 2^6 pages. */
#define PFT_BLOCK_SHIFT		18
#define PFT_BLOCK_STEP		6

/*
 * With which attributes but write-back others hold RAM, from @pfn on, and for how
 * many pages up to @last that is so: for as many as possible if none, else for
 * one page.  A whole block of RAM is mostly held by none, so that gigabytes of it
 * take a few lookups.
 */
static unsigned long pft_others(struct pft_tables *t, unsigned long pfn,
				unsigned long last, unsigned int *others)
{
	unsigned int shift;

	*others = 0;
	if (pfn >= t->plain.pfn && pfn <= t->plain.last)
		return min(last, t->plain.last) - pfn + 1;
	for (shift = PFT_BLOCK_SHIFT; shift; shift -= PFT_BLOCK_STEP) {
		t->plain.pfn = pfn & ~(BIT(shift) - 1);
		t->plain.last = pfn | (BIT(shift) - 1);
		if (!(pft_segment_held(t->plain.pfn, t->plain.last) &
		      ~BIT(PFN_ATTR_WB)))
			return min(last, t->plain.last) - pfn + 1;
	}
	t->plain = (struct pft_pages){ .pfn = 1 };
	/* For the lookups that told nothing. */
	t->steps += PFT_BLOCK_SHIFT / PFT_BLOCK_STEP;
	*others = pft_segment_held(pfn, pfn) & ~BIT(PFN_ATTR_WB);
	return 1;
}

/*
 * Write-back RAM: note the pages that others hold with an attribute that harms.
 * The others are noted if @all, and else only counted.
 */
static int pft_note_ram(struct pft_tables *t, const struct pft_mapped *new,
			bool all)
{
	struct pft_mapped piece = *new;
	unsigned int others;
	unsigned long nr;
	int ret = 0;

	while (!ret && piece.pfn <= new->last) {
		struct pft_judgement j = { };

		nr = pft_others(t, piece.pfn, new->last, &others);
		piece.last = piece.pfn + nr - 1;
		piece.road = PFT_ROAD_PLAIN;
		piece.held = PFN_ATTR_NONE;
		if (new->attr == PFN_ATTR_WB) {
			const struct pft_record ram = {
				.pfn = piece.pfn,
				.last = piece.last,
			};

			pft_judge_mask(&j, &ram, PFN_ATTR_WB, others);
		}
		if (pft_verdict(&j) >= PFN_VERDICT_ORDERING) {
			piece.road = PFT_ROAD_ALIAS;
			piece.held = j.held;
		}
		/* A huge entry may be of many pieces. */
		ret = pft_step(t, piece.va, 0);
		if (!ret && (all || piece.broken ||
			     piece.road == PFT_ROAD_ALIAS))
			ret = pft_note(t, &piece);
		else if (!ret && !t->again)
			t->audit->plain_pages += nr;
		piece.pfn += nr;
		piece.va += nr << PAGE_SHIFT;
	}
	return ret;
}

/* A private copy: the VM made it, and it is not what was mapped there before. */
#define PFT_ENTRY_PRIVATE	BIT(0)
/* See pft_is_broken(). */
#define PFT_ENTRY_BROKEN	BIT(1)

static int pft_note_entry(struct mm_walk *walk, unsigned long va,
			  unsigned long end, unsigned long pfn,
			  enum pfn_attr attr, unsigned int flags)
{
	struct pft_tables *t = walk->private;
	const struct pft_mapped new = {
		.va = va,
		.pfn = pfn,
		.last = pfn + ((end - va) >> PAGE_SHIFT) - 1,
		.attr = attr,
		/* It has the protection of its area, whatever that is. */
		.road = flags & PFT_ENTRY_PRIVATE ? PFT_ROAD_OPEN :
						    PFT_ROAD_HOOKED,
		.held = PFN_ATTR_NONE,
		.broken = flags & PFT_ENTRY_BROKEN,
	};
	const bool all = t->all && !(flags & PFT_ENTRY_PRIVATE);

	if ((attr != PFN_ATTR_WB && attr != PFN_ATTR_NONE) || !pft_is_ram(pfn))
		return pft_note(t, &new);
	/* Most pages: of a block that was looked up before. */
	if (!all && !new.broken && new.pfn >= t->plain.pfn &&
	    new.last <= t->plain.last) {
		if (!t->again)
			t->audit->plain_pages += new.last - new.pfn + 1;
		return 0;
	}
	return pft_note_ram(t, &new, all);
}

/*
 * Whether the VM would take an entry of an area for damage: one that is special
 * in an area that may have none, or one of a page frame without a struct page
 * that is not special.  A driver gets there that has lost the flags of its area,
 * or has written an entry by itself.
 */
static bool pft_is_broken(const struct vm_area_struct *vma, unsigned long pfn,
			  bool special)
{
	if (!special && pfn_valid(pfn))
		return false;
	if (vma->vm_ops && vma->vm_ops->find_special_page)
		return false;
	return !(vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP));
}

/* Where entries cannot be marked, the area tells, see vm_normal_page(). */
static bool pft_is_special(const struct vm_area_struct *vma, unsigned long va,
			   pte_t pte)
{
	unsigned long pfn = pte_pfn(pte);

	if (IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL))
		return pte_special(pte);
	if (vma->vm_flags & VM_MIXEDMAP)
		return !pfn_valid(pfn);
	return vma->vm_flags & VM_PFNMAP &&
	       (!(vma->vm_flags & VM_MAYWRITE) || vma->vm_flags & VM_SHARED ||
		pfn == vma->vm_pgoff + PHYS_PFN(va - vma->vm_start));
}

/* An entry that is not special is of a page that the VM counts. */
static bool pft_is_private(const struct vm_area_struct *vma, unsigned long pfn,
			   bool special)
{
	const struct page *page;

	if (special)
		return false;
	/* Memory of a device may be in such an area, too, and is not online. */
	if (!vma->vm_ops)
		return true;
	page = pfn_to_online_page(pfn);
	return page && PageAnon(page);
}

static unsigned int pft_entry_flags(const struct vm_area_struct *vma,
				    unsigned long pfn, bool special, bool devmap)
{
	unsigned int flags = 0;

	if (!vma)
		return 0;
	if (pft_is_private(vma, pfn, special || devmap))
		flags |= PFT_ENTRY_PRIVATE;
	if (!devmap && pft_is_broken(vma, pfn, special))
		flags |= PFT_ENTRY_BROKEN;
	return flags;
}

/* Few architectures can mark a huge entry.  Where they cannot, the area tells. */
static bool pft_is_huge_special(const struct vm_area_struct *vma, bool special)
{
	return special || (vma && vma->vm_flags & VM_PFNMAP);
}

static int pft_note_pud(struct mm_walk *walk, unsigned long va,
			unsigned long end, pud_t pud)
{
	unsigned long pfn;
	bool special;

	if (!pud_present(pud) || !pud_leaf(pud))
		return 0;
	pfn = pud_pfn(pud) + PHYS_PFN(va & ~PUD_MASK);
	special = pft_is_huge_special(walk->vma, pud_special(pud));
	return pft_note_entry(walk, va, end, pfn,
			      pft_decode_entry(walk->private, pud_pgprot(pud),
					       true),
			      pft_entry_flags(walk->vma, pfn, special,
					      pud_devmap(pud)));
}

/*
 * Has to be there even where no entry is so large: without it the walk splits
 * such entries, which for mere page frames means that it erases them.
 */
static int pft_pud_entry(pud_t *pudp, unsigned long va, unsigned long end,
			 struct mm_walk *walk)
{
	int ret = pft_step(walk->private, va, 1);
	/* Of the table that @pudp lies in. */
	spinlock_t *ptl;

	if (ret)
		return ret;
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
	const unsigned long step = pfn_attr_pmd_step();
	unsigned long pfn;
	bool special;

	if (!pmd_present(pmd) || !pmd_leaf(pmd))
		return 0;
	/* On arm, bits of a section's protection are among those of pmd_pfn(). */
	pfn = ALIGN_DOWN(pmd_pfn(pmd), PHYS_PFN(step)) +
	      PHYS_PFN(va & (step - 1));
	special = pft_is_huge_special(walk->vma, pmd_special(pmd));
	return pft_note_entry(walk, va, end, pfn,
			      pft_decode_entry(walk->private, pmd_pgprot(pmd),
					       true),
			      pft_entry_flags(walk->vma, pfn, special,
					      pmd_devmap(pmd)));
}

static int pft_note_pte(struct mm_walk *walk, unsigned long va, pte_t pte)
{
	const struct vm_area_struct *vma = walk->vma;
	unsigned long pfn = pte_pfn(pte);
	unsigned int flags = 0;

	if (is_zero_pfn(pfn))
		return 0;
	if (vma) {
		bool special = pft_is_special(vma, va, pte);

		flags = pft_entry_flags(vma, pfn, special, pte_devmap(pte));
		/* Where marks exist, such an entry needs one in any area. */
		if (IS_ENABLED(CONFIG_ARCH_HAS_PTE_SPECIAL) && !special &&
		    !pfn_valid(pfn))
			flags |= PFT_ENTRY_BROKEN;
	}
	return pft_note_entry(walk, va, va + PAGE_SIZE, pfn,
			      pft_decode_entry(walk->private, pft_pte_prot(pte),
					       false), flags);
}

static int pft_note_ptes(struct mm_walk *walk, unsigned long va,
			 unsigned long end, pte_t *ptep)
{
	int ret = 0;

	for (; va < end && !ret; va += PAGE_SIZE, ptep++) {
		pte_t pte = ptep_get(ptep);

		ret = pft_step(walk->private, va, 1);
		if (!ret && pte_present(pte))
			ret = pft_note_pte(walk, va, pte);
	}
	return ret;
}

/*
 * The kernel's entries have no lock; its tables stay while init_mm is locked.
 * Where a PMD is more than one hardware entry, each of them may map a section.
 */
static int pft_kernel_pmd(pmd_t *pmdp, unsigned long va, unsigned long end,
			  struct mm_walk *walk)
{
	const unsigned long step = pfn_attr_pmd_step();
	pmd_t pmd = READ_ONCE(*pmdp);
	unsigned long next;
	int ret = 0;

	if (pmd_present(pmd) && !pmd_leaf(pmd))
		return pft_note_ptes(walk, va, end,
				     pte_offset_kernel(pmdp, va));
	pmdp += (va & ~PMD_MASK) / step;
	for (; va < end && !ret; va = next, pmdp++) {
		next = min(end - 1, va | (step - 1)) + 1;
		ret = pft_note_pmd(walk, va, next, READ_ONCE(*pmdp));
	}
	return ret;
}

/* Looks at the table by itself: a pte_entry() would have huge entries split. */
static int pft_pmd_entry(pmd_t *pmdp, unsigned long va, unsigned long end,
			 struct mm_walk *walk)
{
	pmd_t pmd = READ_ONCE(*pmdp);
	pte_t *ptep;
	int ret = pft_step(walk->private, va, 1);
	/* Of the table that @pmdp lies in, then of the one it points to. */
	spinlock_t *ptl;

	if (ret)
		return ret;
	if (!walk->vma)
		return pft_kernel_pmd(pmdp, va, end, walk);
	/* pte_offset_map_lock() would print, and erase it. */
	if (pmd_present(pmd) && !pmd_leaf(pmd) && pmd_bad(pmd))
		return 0;

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

#ifdef CONFIG_HUGETLB_PAGE
static int pft_hugetlb_entry(pte_t *ptep, unsigned long hmask, unsigned long va,
			     unsigned long end, struct mm_walk *walk)
{
	struct hstate *h = hstate_vma(walk->vma);
	int ret = pft_step(walk->private, va, 1);
	unsigned long pfn;
	/* Of the table that @ptep lies in. */
	spinlock_t *ptl;
	pte_t pte;

	if (ret)
		return ret;
	ptl = huge_pte_lock(h, walk->mm, ptep);
	pte = huge_ptep_get(walk->mm, va & hmask, ptep);
	if (pte_present(pte)) {
		pfn = pte_pfn(pte) + PHYS_PFN(va & ~hmask);
		ret = pft_note_entry(walk, va, end, pfn,
				     pft_decode_entry(walk->private,
						      pft_pte_prot(pte), true),
				     pft_entry_flags(walk->vma, pfn, false, false));
	}
	spin_unlock(ptl);
	return ret;
}
#else
#define pft_hugetlb_entry	NULL
#endif

/*
 * Holes are walked as well, up to one step for each entry of a table.  A PMD whose
 * first hardware entry is empty counts as a hole, but the second may map a section.
 */
static int pft_hole(unsigned long va, unsigned long end, int depth,
		    struct mm_walk *walk)
{
	int ret = pft_step(walk->private, va, 1);

	if (ret || walk->vma || pfn_attr_pmd_step() == PMD_SIZE)
		return ret;
	return pft_kernel_pmd(pmd_off_k(va), va, end, walk);
}

static const struct mm_walk_ops pft_walk_ops = {
	.pud_entry = pft_pud_entry,
	.pmd_entry = pft_pmd_entry,
	.pte_hole = pft_hole,
	.hugetlb_entry = pft_hugetlb_entry,
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

/* Whether the registry holds records of an area, whatever its flags say. */
static bool pft_has_records(const struct vm_area_struct *vma)
{
	const struct pft_range range = {
		.space = PFN_SPACE_USER,
		.id = vma->vm_mm,
		.va = vma->vm_start,
		.va_last = vma->vm_end - 1,
	};
	bool held;

	spin_lock(&pft_lock);
	held = pft_store_first(&range);
	spin_unlock(&pft_lock);
	return held;
}

/* Steps that an area is worth: a look at the records, and a descent. */
#define PFT_WALK_AREA		8

static int pft_walk_areas(struct pft_tables *t, const struct pft_range *win)
{
	VMA_ITERATOR(vmi, t->mm, win->va);
	struct vm_area_struct *vma;
	int ret;

	for_each_vma(vmi, vma) {
		unsigned long start = max(vma->vm_start, win->va);

		if (start > win->va_last)
			break;
		ret = pft_step(t, start, PFT_WALK_AREA);
		if (ret)
			return ret;
		/* Not those that the window before began with. */
		if (!t->again && vma->vm_start >= win->va)
			t->audit->areas++;
		t->all = pft_has_records(vma);
		ret = walk_page_range_vma(vma, start,
					  min(vma->vm_end - 1, win->va_last) + 1,
					  &pft_walk_ops, t);
		if (ret)
			return ret;
	}
	return 0;
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
	t->steps = 0;
	t->plain = (struct pft_pages){ .pfn = 1 };
	t->all = true;
	ret = t->mm ? pft_walk_user(t, win) : pft_walk_kernel(t, win);
	if (!t->again)
		t->audit->entries += t->steps;
	if (ret > 0)
		win->va_last = t->stop - 1;
	return min(ret, 0);
}
