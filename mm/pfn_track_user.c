// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track hooks for user mappings, over their whole life: records are keyed by
 * address space and virtual address, and go where the page tables go.
 *
 * The remap hook, which sleeps, runs under mmap_lock; insert, zap, move and fork
 * run under the lock of the page tables whose entries they are about, so that
 * records and entries come and go together.
 */
#include <linux/sched/coredump.h>
#include "pfn_track_internal.h"

/*
 * Flags of an address space, in the gap that <linux/sched/coredump.h> leaves
 * behind those of core dumps: it has records in areas that do not say so, and
 * remap_pfn_range() was called for it, maybe with a copy of the area.
 */
#define MMF_PFN_TRACK_SILENT	14
#define MMF_PFN_TRACK_REMAPPED	15
static_assert(MMF_PFN_TRACK_SILENT >=
	      MMF_DUMP_FILTER_SHIFT + MMF_DUMP_FILTER_BITS);
static_assert(MMF_PFN_TRACK_REMAPPED < MMF_VM_MERGEABLE);
static_assert(!(MMF_INIT_MASK & (BIT(MMF_PFN_TRACK_SILENT) |
				 BIT(MMF_PFN_TRACK_REMAPPED))));

/* For &struct pft_record.writable. */
static bool pft_writable(const struct vm_area_struct *vma)
{
	return cpu_dcache_is_aliasing() && vma->vm_flags & VM_WRITE;
}

/* Whether the area itself says that it maps what is recorded. */
static bool pft_area_says(const struct vm_area_struct *vma)
{
	return vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP) ||
	       !pfn_attr_is_plain(vma->vm_page_prot) || vma_is_dax(vma);
}

/*
 * Two flags of an address space, which it keeps for as long as it lives and which
 * fork() does not copy.  To be set before the record is made, under a lock that
 * keeps the record from being dropped.
 */
static void pft_mm_set(struct mm_struct *mm, int flag)
{
	if (!test_bit(flag, &mm->flags))
		set_bit(flag, &mm->flags);
}

/* The common part of what maps page frames into a user address space. */
static int pft_map_user(struct vm_area_struct *vma, struct pft_record *new,
			struct pft_who *who, unsigned int how)
{
	new->writable = pft_writable(vma);
	new->id = vma->vm_mm;
	new->space = PFN_SPACE_USER;
	who->space = new->space;
	who->file = vma->vm_file;
	who->mm = vma->vm_mm;
	/* remap_pfn_range() sets the flags of the area after it was recorded. */
	if (new->kind == PFN_KIND_REMAP_PFN)
		pft_mm_set(vma->vm_mm, MMF_PFN_TRACK_REMAPPED);
	else if (unlikely(!pft_area_says(vma)))
		pft_mm_set(vma->vm_mm, MMF_PFN_TRACK_SILENT);
	return pft_map(new, who, how);
}

int __pfn_track_remap(struct vm_area_struct *vma, unsigned long va,
		      unsigned long pfn, unsigned long size, pgprot_t want,
		      pgprot_t got)
{
	struct pft_record new = {
		.va = va,
		.kind = PFN_KIND_REMAP_PFN,
		.looked_up = pft_is_part(vma, va, size),
	};
	struct pft_who who = { .gfp = PFT_GFP_KERNEL };

	pft_decode(&new, want, got);
	if (!pft_pfns_from(&new, pfn, size))
		return 0;
	return pft_map_user(vma, &new, &who, 0);
}

/**
 * pft_plain_ram - whether a page that the VM counts may go unrecorded
 * @pfn: page frame
 * @want: attribute that was asked for
 * @got: attribute that is mapped
 *
 * Write-back RAM matches the linear map.  It is recorded only while somebody
 * holds the page otherwise: see pft_map_pages() and pfn_track_rmap.c.
 *
 * Context: Any.
 *
 * Return: true for write-back RAM.
 */
bool pft_plain_ram(unsigned long pfn, enum pfn_attr want, enum pfn_attr got)
{
	return want == PFN_ATTR_WB && got == PFN_ATTR_WB &&
	       pfn_attr_is_ram(pfn);
}

/*
 * Pages of the kernel image that processes may see, and the zero page: every
 * process has the vvar page of its vDSO, and no driver can map those otherwise.
 */
static bool pft_is_image(unsigned long pfn)
{
	return is_zero_pfn(pfn) || (pfn >= PHYS_PFN(__pa_symbol(_text)) &&
				    pfn <= PHYS_PFN(__pa_symbol(_end) - 1));
}

/*
 * Exported for drivers that write page table entries themselves.  The VM does not
 * count what these entries map, nor can it be found through rmap, so that
 * write-back RAM is recorded, too.
 */
int __pfn_track_insert(struct vm_area_struct *vma, unsigned long va,
		       unsigned long pfn, unsigned long size, pgprot_t want,
		       pgprot_t got, unsigned int flags)
{
	struct pft_record new = {
		.va = va,
		.kind = PFN_KIND_INSERT,
		.looked_up = true,
	};
	struct pft_who who = { .gfp = PFT_GFP_NOWAIT };

	pft_decode(&new, want, got);
	/*
	 * Protection for a small entry is put into a huge one as it is, though
	 * not all of its bits mean the same there.
	 */
	if (flags & PFN_INSERT_HUGE)
		new.got = pfn_attr_from_large(got);
	if ((new.got == PFN_ATTR_WB && pft_is_image(pfn)) ||
	    !pft_pfns_from(&new, pfn, size))
		return 0;
	return pft_map_user(vma, &new, &who,
			    flags & PFN_INSERT_CLEANED ? PFT_CLEANED | PFT_FLUSHED :
						 0);
}
EXPORT_SYMBOL_GPL(__pfn_track_insert);

/*
 * Whether others hold some of the pages otherwise than write-back.  RAM whose
 * caching state was changed in the linear map is held so, too.
 */
static bool pft_is_disputed(unsigned long pfn, unsigned long last)
{
	return pft_segment_held(pfn, last) & ~BIT(PFN_ATTR_WB);
}

bool __pfn_track_disputed(const struct page *page, unsigned int nr)
{
	unsigned long pfn = page_to_pfn(page);

	return pft_is_disputed(pfn, pfn + nr - 1);
}

/* Pages that the VM counts, by a driver that is found by @who. */
static int pft_map_pages(struct vm_area_struct *vma, unsigned long va,
			 struct page *page, unsigned int nr, pgprot_t prot,
			 struct pft_who *who, unsigned int how)
{
	enum pfn_attr attr = pfn_attr_from_pgprot(prot);
	struct pft_record new = {
		.va = va,
		.pfn = page_to_pfn(page),
		.last = page_to_pfn(page) + nr - 1,
		.want = attr,
		.got = attr,
		.kind = PFN_KIND_INSERT,
		.counted = true,
	};

	/* Others may have changed the linear map before the registry started. */
	if (pft_plain_ram(new.pfn, attr, attr) &&
	    !pft_is_disputed(new.pfn, new.last) &&
	    (who->alone ||
	     !(pfn_attr_linear(new.pfn, new.last, NULL, NULL) &
	       ~BIT(PFN_ATTR_WB))))
		return 0;
	/*
	 * Files of shared memory map it write-back.  A driver that changed the
	 * protection of such an area, as i915 does, flushes the caches itself.
	 */
	if (unlikely(attr != PFN_ATTR_WB) && vma_is_shmem(vma))
		how |= PFT_CLEANED | PFT_FLUSHED;
	who->gfp = PFT_GFP_NOWAIT;
	return pft_map_user(vma, &new, who, how | PFT_LINEAR);
}

int __pfn_track_insert_page(struct vm_area_struct *vma, unsigned long va,
			    struct page *page, pgprot_t prot)
{
	struct pft_who who = { };

	return pft_map_pages(vma, va, page, 1, prot, &who, 0);
}

/* The handler has returned, and is not on the stack any more. */
static struct pft_who pft_who_faults(const struct vm_area_struct *vma)
{
	return (struct pft_who){
		/* As if it were called from there: not the function before. */
		.caller = vma->vm_ops && vma->vm_ops->fault ?
			  (void *)vma->vm_ops->fault + 1 : NULL,
		.alone = true,
	};
}

int __pfn_track_fault(struct vm_area_struct *vma, unsigned long va,
		      struct page *page, unsigned int nr, pgprot_t prot)
{
	struct pft_who who = pft_who_faults(vma);

	return pft_map_pages(vma, va, page, nr, prot, &who, 0);
}

void __pfn_track_restored(struct vm_area_struct *vma, unsigned long va,
			  struct page *page, unsigned int nr)
{
	struct pft_who who = pft_who_faults(vma);

	pft_map_pages(vma, va, page, nr, vma->vm_page_prot, &who, PFT_MAPPED);
}

/*
 * Where a record of @mm reaches that has @va, or else where the next one begins,
 * at most @end.
 */
static unsigned long pft_known_until(const struct mm_struct *mm,
				     unsigned long va, unsigned long end,
				     bool *known)
{
	const struct pft_range range = pft_range(PFN_SPACE_USER, mm, va,
						 end - va);
	const struct pft_record *rec;

	spin_lock(&pft_lock);
	rec = pft_store_first(&range);
	*known = rec && rec->va <= va;
	if (rec)
		end = *known ? min(end, pft_va_last(rec) + 1) : rec->va;
	spin_unlock(&pft_lock);
	return end;
}

/**
 * pft_map_found - record a page table entry that was made before
 * @vma: the area
 * @va: user virtual address of the entry
 * @pfn: first page frame
 * @size: bytes that it maps
 * @attr: its attribute
 * @others: BIT(enum pfn_attr) of what was to be mapped there, and was refused
 *
 * For entries that the hooks had no reason to record when they were made.  It is
 * reported if it conflicts with others, but not refused.
 *
 * Context: The lock of the page table is held.
 *
 * Return: how many records were made; none for what is recorded already, or if
 * nobody has the pages otherwise.
 */
int pft_map_found(struct vm_area_struct *vma, unsigned long va,
		  unsigned long pfn, unsigned long size, enum pfn_attr attr,
		  unsigned int others)
{
	const unsigned long end = va + size;
	struct pft_who who = {
		.alone = true,
		.gfp = PFT_GFP_NOWAIT,
	};
	unsigned long until;
	bool known;
	int nr = 0;

	others |= pft_segment_held(pfn, pfn + (size >> PAGE_SHIFT) - 1);
	if (!(others & ~BIT(attr)))
		return 0;
	for (; va != end; pfn += (until - va) >> PAGE_SHIFT, va = until) {
		struct pft_record new = {
			.va = va,
			.pfn = pfn,
			.want = attr,
			.got = attr,
			.kind = PFN_KIND_INSERT,
			.counted = true,
		};

		until = pft_known_until(vma->vm_mm, va, end, &known);
		if (known)
			continue;
		new.last = pfn + ((until - va) >> PAGE_SHIFT) - 1;
		pft_map_user(vma, &new, &who, PFT_NOT_LINEAR | PFT_MAPPED);
		nr++;
	}
	return nr;
}

void __pfn_track_undo(struct mm_struct *mm, unsigned long start,
		      unsigned long size)
{
	const struct pft_range range = pft_range(PFN_SPACE_USER, mm, start,
						 size);

	if (size)
		pft_unmap(&range, false);
}

/**
 * pft_may_hold - whether records may exist in an area
 * @vma: the area
 *
 * Context: Its address space is locked, or one of its page tables.
 *
 * Return: true if it may map page frames that are not, or not only, RAM, or
 * otherwise than write-back, or if its address space has records in areas that
 * do not say so.
 */
bool pft_may_hold(const struct vm_area_struct *vma)
{
	return pft_area_says(vma) ||
	       unlikely(test_bit(MMF_PFN_TRACK_SILENT, &vma->vm_mm->flags));
}

bool __pfn_track_moves(const struct vm_area_struct *vma)
{
	return pft_may_hold(vma);
}

void __pfn_track_zap(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	if (pft_may_hold(vma))
		__pfn_track_undo(vma->vm_mm, start, end - start);
}

/*
 * The area has lost all its entries.  What is still recorded there was zapped
 * without being seen: its driver had given remap_pfn_range() a copy of the area,
 * whose own flags do not tell of it, or a page was replaced where no hook is.
 */
void __pfn_track_unmapped(struct vm_area_struct *vma, unsigned long start,
			  unsigned long end)
{
	const unsigned long *flags = &vma->vm_mm->flags;

	if (pft_area_says(vma) || (!test_bit(MMF_PFN_TRACK_REMAPPED, flags) &&
				   !test_bit(MMF_PFN_TRACK_SILENT, flags)))
		return;
	start = max(start, vma->vm_start);
	end = min(end, vma->vm_end);
	if (start < end)
		__pfn_track_undo(vma->vm_mm, start, end - start);
}

/*
 * What pte_modify() makes of each attribute: on x86 an entry keeps its own, on
 * arm64 it gets that of @prot, and T-Head's RISC-V turns write-combining into
 * write-back, but not what is uncached.  Returns whether any attribute changes.
 */
static bool pft_modifies(struct pft_modified *modified, pgprot_t prot)
{
	bool changes = false;
	enum pfn_attr attr;

	for (attr = 0; attr < PFN_ATTR_COUNT; attr++) {
		modified->got[attr] = pfn_attr_modify(attr, prot);
		changes |= modified->got[attr] != attr;
	}
	return changes;
}

void __pfn_track_protect(struct vm_area_struct *vma, unsigned long start,
			 unsigned long end, pgprot_t prot)
{
	const struct pft_range range = pft_range(PFN_SPACE_USER, vma->vm_mm,
						 start, end - start);
	struct pft_modified modified;

	if (start == end || !pft_may_hold(vma))
		return;
	if (pft_modifies(&modified, prot) || cpu_dcache_is_aliasing())
		pft_change(&range, &modified, pft_writable(vma));
}

int __pfn_track_may_protect(struct vm_area_struct *vma, unsigned long start,
			    unsigned long end, unsigned long flags)
{
	const struct pft_range range = pft_range(PFN_SPACE_USER, vma->vm_mm,
						 start, end - start);
	struct pft_modified modified;
	pgprot_t prot;

	if (!pft_may_hold(vma))
		return 0;
	prot = pgprot_modify(vma->vm_page_prot, vm_get_page_prot(flags));
	if (!pft_modifies(&modified, prot))
		return 0;
	return pft_may_change(&range, &modified);
}

/*
 * For want of memory a record cannot follow its page tables.  Put it where no
 * unmap finds it: it stays held, as a whole, until its address space goes.
 */
static void pft_lose(struct pft_record *rec)
{
	pft_store_rekey(rec, PFN_SPACE_NONE, rec->va);
	pft_count(PFT_STAT_INCOMPLETE);
}

/*
 * Move the part of @rec that lies in @range.  Stored anew before it is cut out,
 * so that nobody finds the page frames free.
 */
static int pft_move_part(struct pft_record *rec, const struct pft_range *range,
			 unsigned long delta)
{
	struct pft_record moved = *rec;
	struct pft_spot spot;
	struct pft_cut cut;
	int ret;

	pft_clip(&moved, range);
	moved.va += delta;
	pft_store_spot(&moved, &spot);
	pft_holder_get(moved.holder);
	ret = pft_store_insert(&moved, &spot);
	/* @rec has another reference. */
	if (ret != 1)
		refcount_dec(&moved.holder->ref);
	return ret < 0 ? ret : min(pft_store_cut(range, &cut), 0);
}

/* Move the first record in @range by @delta bytes; false if there is none. */
static bool pft_move_one(const struct pft_range *range, unsigned long delta)
{
	struct pft_record *rec;

	pft_lock_stocked(PFT_GFP_NOWAIT);
	rec = pft_store_first(range);
	if (rec && pft_inside(rec, range))
		pft_store_rekey(rec, rec->space, rec->va + delta);
	else if (rec && pft_move_part(rec, range, delta))
		pft_lose(rec);
	pft_unlock();
	return rec;
}

void __pfn_track_move(struct vm_area_struct *vma, unsigned long from,
		      unsigned long to, unsigned long size)
{
	struct pft_range range = pft_range(PFN_SPACE_USER, vma->vm_mm, from,
					   size);

	if (!size || !pft_may_hold(vma))
		return;
	while (pft_move_one(&range, to - from))
		;
}

/**
 * struct pft_heir - a child that gets what its parent has
 * @mm: address space of the child, NULL if there is none
 * @parent: a holder of the parent's
 * @child: the child's copy of it
 */
struct pft_heir {
	const struct mm_struct *mm;
	struct pft_holder *parent;
	struct pft_holder *child;
};

/* The latest one, under pft_lock: fork() copies page table by page table. */
static struct pft_heir pft_latest_heir;

static void pft_heir_put(struct pft_heir *heir)
{
	pft_holder_put(heir->parent);
	pft_holder_put(heir->child);
}

/* Take the latest heir if it is that of @mm. */
static void pft_heir_take(struct pft_heir *heir, const struct mm_struct *mm)
{
	*heir = (struct pft_heir){ };
	spin_lock(&pft_lock);
	if (pft_latest_heir.mm == mm)
		swap(pft_latest_heir, *heir);
	spin_unlock(&pft_lock);
	heir->mm = mm;
}

/* Keep an heir for the next page table. */
static void pft_heir_keep(struct pft_heir *heir)
{
	spin_lock(&pft_lock);
	swap(pft_latest_heir, *heir);
	spin_unlock(&pft_lock);
	pft_heir_put(heir);
}

/* As many holders as the parent had. */
static void pft_heir_of(struct pft_heir *heir, struct pft_holder *parent)
{
	pft_heir_put(heir);
	heir->parent = parent;
	heir->child = pft_holder_fork(parent);
}

/*
 * Give the child what the parent has first in @range, clipped because a record
 * may reach over a split into the neighbouring area.  True if there may be more.
 */
static bool pft_fork_first(struct pft_range *range, struct pft_heir *heir,
			   struct mm_struct *dst, bool silent)
{
	struct pft_holder *parent;
	struct pft_record *rec, copy;
	struct pft_spot spot;

	pft_lock_stocked(PFT_GFP_NOWAIT);
	rec = pft_store_first(range);
	if (!rec) {
		pft_unlock();
		return false;
	}
	if (rec->holder != heir->parent) {
		parent = pft_holder_get(rec->holder);
		pft_unlock();
		pft_heir_of(heir, parent);
		/* The lock was dropped: look again. */
		return true;
	}
	copy = *rec;
	pft_clip(&copy, range);
	copy.holder = pft_holder_get(heir->child);
	copy.id = heir->mm;
	copy.time = ktime_get_boot_fast_ns();
	if (silent)
		pft_mm_set(dst, MMF_PFN_TRACK_SILENT);
	if (copy.kind == PFN_KIND_REMAP_PFN)
		pft_mm_set(dst, MMF_PFN_TRACK_REMAPPED);
	/* The child's entries are new: nothing can be recorded there. */
	if (pft_store_spot(&copy, &spot))
		pft_make_record(&copy, &spot);
	else
		pft_count(PFT_STAT_INCOMPLETE);
	pft_unlock();
	pft_holder_put(copy.holder);

	range->va = pft_va_last(&copy);
	return range->va++ != range->va_last;
}

/*
 * The locks of both page tables keep a driver's unmap_mapping_range() from the
 * entries that were copied, so that records and entries stay the same.
 */
void __pfn_track_fork(struct mm_struct *dst, struct vm_area_struct *src,
		      unsigned long start, unsigned long end)
{
	struct pft_range range = pft_range(PFN_SPACE_USER, src->vm_mm, start,
					   end - start);
	struct pft_heir heir;

	if (start == end || !pft_may_hold(src))
		return;
	pft_heir_take(&heir, dst);
	while (pft_fork_first(&range, &heir, dst, !pft_area_says(src)))
		;
	pft_heir_keep(&heir);
}

void __pfn_track_exit(struct mm_struct *mm)
{
	struct pft_range range = {
		.space = PFN_SPACE_USER,
		.id = mm,
		.va_last = ULONG_MAX,
	};
	struct pft_heir heir;

	/* Another address space may get the address of this one. */
	pft_heir_take(&heir, mm);
	pft_heir_put(&heir);
	pft_unmap(&range, true);
	if (atomic_long_read(&pft_stats[PFT_STAT_INCOMPLETE])) {
		/* What pft_lose() put aside. */
		range.space = PFN_SPACE_NONE;
		pft_unmap(&range, true);
	}
}
