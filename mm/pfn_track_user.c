// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track hooks for user mappings, over their whole life: records are keyed by
 * address space and virtual address, and go where the page tables go.
 *
 * What faults insert and what is zapped is told of under the lock of the page
 * table, everything else under that of the address space.
 */
#include "pfn_track_internal.h"

/* The common part of what maps page frames into a user address space. */
static int pft_map_user(struct vm_area_struct *vma, enum pfn_kind kind,
			unsigned long va, unsigned long pfn, unsigned long size,
			enum pfn_attr want, enum pfn_attr got, gfp_t gfp)
{
	struct pft_record new = {
		.va = va,
		.id = vma->vm_mm,
		.want = want,
		.got = got,
		.kind = kind,
		.space = PFN_SPACE_USER,
	};
	const struct pft_who who = {
		.space = new.space,
		.file = vma->vm_file,
		.gfp = gfp,
	};

	if (!pft_pfns_from(&new, pfn, size))
		return 0;
	return pft_map(&new, &who, 0);
}

int __pfn_track_remap(struct vm_area_struct *vma, unsigned long va,
		      unsigned long pfn, unsigned long size, pgprot_t want,
		      pgprot_t got)
{
	return pft_map_user(vma, PFN_KIND_REMAP_PFN, va, pfn, size,
			    pfn_attr_from_pgprot(want),
			    pfn_attr_from_pgprot(got), GFP_KERNEL);
}

/**
 * pft_plain_ram - whether what a fault inserts is left out
 * @pfn: page frame
 * @want: attribute that was asked for
 * @got: attribute that is mapped
 *
 * RAM that is mapped as the linear map has it is nobody's business, and every
 * process has such a page: the vvar page of its vDSO.
 *
 * Context: Any.
 *
 * Return: true for write-back RAM.
 */
bool pft_plain_ram(unsigned long pfn, enum pfn_attr want, enum pfn_attr got)
{
	return want == PFN_ATTR_WB && got == PFN_ATTR_WB && pfn_valid(pfn) &&
	       !is_zone_device_page(pfn_to_page(pfn));
}

int __pfn_track_insert(struct vm_area_struct *vma, unsigned long va,
		       unsigned long pfn, unsigned long size, pgprot_t want,
		       pgprot_t got)
{
	enum pfn_attr want_attr = pfn_attr_from_pgprot(want);
	enum pfn_attr got_attr = pfn_attr_from_pgprot(got);

	if (pft_plain_ram(pfn, want_attr, got_attr))
		return 0;
	return pft_map_user(vma, PFN_KIND_INSERT, va, pfn, size, want_attr,
			    got_attr, GFP_NOWAIT | __GFP_NOWARN);
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
 * pft_may_hold - whether an area may hold what is on record
 * @vma: the area
 *
 * Context: Its address space is locked, or one of its page tables.
 *
 * Return: true if it may map page frames that are not, or not only, RAM.
 */
bool pft_may_hold(const struct vm_area_struct *vma)
{
	return vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP) || vma_is_dax(vma);
}

void __pfn_track_zap(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	if (pft_may_hold(vma))
		__pfn_track_undo(vma->vm_mm, start, end - start);
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

	pft_lock_stocked(GFP_KERNEL);
	rec = pft_store_first(range);
	if (rec && pft_inside(rec, range))
		pft_store_rekey(rec, rec->space, rec->va + delta);
	else if (rec && pft_move_part(rec, range, delta))
		pft_lose(rec);
	spin_unlock(&pft_lock);
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
		cond_resched();
}

/*
 * Copy what the parent has first in @range.  Clipped, because a record may
 * reach over a split into the neighbouring area.
 */
static bool pft_first_parent(const struct pft_range *range,
			     struct pft_record *copy)
{
	struct pft_record *rec;

	spin_lock(&pft_lock);
	rec = pft_store_first(range);
	if (rec) {
		*copy = *rec;
		pft_holder_get(copy->holder);
	}
	spin_unlock(&pft_lock);
	if (rec)
		pft_clip(copy, range);
	return rec;
}

void __pfn_track_fork(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	struct pft_range range = pft_range(PFN_SPACE_USER, src->vm_mm,
					   src->vm_start,
					   src->vm_end - src->vm_start);
	struct pft_holder *parent = NULL, *child = NULL;
	struct pft_record copy;
	struct pft_spot spot;

	if (!pft_may_hold(src))
		return;

	while (pft_first_parent(&range, &copy)) {
		/* As many holders as the parent had. */
		if (copy.holder != parent) {
			pft_holder_put(parent);
			pft_holder_put(child);
			parent = pft_holder_get(copy.holder);
			child = pft_holder_fork(parent);
		}
		pft_holder_put(copy.holder);
		copy.holder = pft_holder_get(child);
		copy.id = dst->vm_mm;
		copy.time = ktime_get_boot_fast_ns();

		pft_lock_stocked(GFP_KERNEL);
		pft_store_spot(&copy, &spot);
		if (pft_on())
			pft_make_record(&copy, &spot);
		spin_unlock(&pft_lock);
		pft_holder_put(copy.holder);

		if (pft_va_last(&copy) == range.va_last)
			break;
		range.va = pft_va_last(&copy) + 1;
		cond_resched();
	}
	pft_holder_put(parent);
	pft_holder_put(child);
}

void __pfn_track_exit(struct mm_struct *mm)
{
	struct pft_range range = {
		.space = PFN_SPACE_USER,
		.id = mm,
		.va_last = ULONG_MAX,
	};

	pft_unmap(&range, true);
	if (atomic_long_read(&pft_stats[PFT_STAT_INCOMPLETE])) {
		/* What pft_lose() put aside. */
		range.space = PFN_SPACE_NONE;
		pft_unmap(&range, true);
	}
}
