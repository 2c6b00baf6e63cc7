// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track hooks for user mappings, over their whole life: records are keyed by
 * address space and virtual address, and go where the page tables go.
 *
 * What faults insert and what is zapped is told of under the lock of the page
 * table, everything else under that of the address space.
 */
#include "pfn_track_internal.h"

/* For &struct pft_record.writable. */
static bool pft_writable(const struct vm_area_struct *vma)
{
	return cpu_dcache_is_aliasing() && vma->vm_flags & VM_WRITE;
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
	return pft_map(new, who, how);
}

int __pfn_track_remap(struct vm_area_struct *vma, unsigned long va,
		      unsigned long pfn, unsigned long size, pgprot_t want,
		      pgprot_t got)
{
	struct pft_record new = {
		.va = va,
		.kind = PFN_KIND_REMAP_PFN,
	};
	struct pft_who who = { .gfp = GFP_KERNEL };

	pft_decode(&new, want, got);
	if (!pft_pfns_from(&new, pfn, size))
		return 0;
	return pft_map_user(vma, &new, &who, 0);
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

/* Exported for drivers that write page table entries themselves. */
int __pfn_track_insert(struct vm_area_struct *vma, unsigned long va,
		       unsigned long pfn, unsigned long size, pgprot_t want,
		       pgprot_t got)
{
	struct pft_record new = {
		.va = va,
		.kind = PFN_KIND_INSERT,
	};
	struct pft_who who = { .gfp = GFP_NOWAIT | __GFP_NOWARN };

	pft_decode(&new, want, got);
	/*
	 * Protection for a small entry is put into a huge one as it is, though
	 * not all of its bits mean the same there.
	 */
	if (size > PAGE_SIZE)
		new.got = pfn_attr_from_large(got);
	if (pft_plain_ram(pfn, new.want, new.got) ||
	    !pft_pfns_from(&new, pfn, size))
		return 0;
	return pft_map_user(vma, &new, &who, 0);
}
EXPORT_SYMBOL_GPL(__pfn_track_insert);

/* Pages that the VM counts, by a driver that is found by @who. */
static int pft_map_pages(struct vm_area_struct *vma, unsigned long va,
			 struct page *page, unsigned int nr, pgprot_t prot,
			 struct pft_who *who)
{
	enum pfn_attr attr = pfn_attr_from_pgprot(prot);
	struct pft_record new = {
		.va = va,
		.pfn = page_to_pfn(page),
		.last = page_to_pfn(page) + nr - 1,
		.want = attr,
		.got = attr,
		.kind = PFN_KIND_INSERT,
	};

	/* Drivers may have changed the linear map, and forget the area. */
	if (pft_plain_ram(new.pfn, attr, attr) &&
	    !(pfn_attr_linear(new.pfn, new.last, NULL, NULL) &
	      ~BIT(PFN_ATTR_WB)))
		return 0;
	who->gfp = GFP_NOWAIT | __GFP_NOWARN;
	return pft_map_user(vma, &new, who, PFT_LINEAR);
}

int __pfn_track_insert_page(struct vm_area_struct *vma, unsigned long va,
			    struct page *page, pgprot_t prot)
{
	struct pft_who who = { };

	return pft_map_pages(vma, va, page, 1, prot, &who);
}

/* The handler has returned, and is not on the stack any more. */
int __pfn_track_fault(struct vm_area_struct *vma, unsigned long va,
		      struct page *page, unsigned int nr, pgprot_t prot)
{
	struct pft_who who = {
		/* As if it were called from there: not the function before. */
		.caller = (void *)vma->vm_ops->fault + 1,
		.alone = true,
	};

	return pft_map_pages(vma, va, page, nr, prot, &who);
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
 * Return: true if it may map page frames that are not, or not only, RAM, or
 * otherwise than write-back.
 */
bool pft_may_hold(const struct vm_area_struct *vma)
{
	return vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP) ||
	       !pfn_attr_is_plain(vma->vm_page_prot) || vma_is_dax(vma);
}

void __pfn_track_zap(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	if (pft_may_hold(vma))
		__pfn_track_undo(vma->vm_mm, start, end - start);
}

/*
 * Whether pte_modify() gives an entry the attribute of @prot, as on arm64, or
 * leaves it the one that it has, as on x86.  Asked with one that @prot has not.
 */
static bool pft_modify_replaces(pgprot_t prot)
{
	enum pfn_attr attr = pfn_attr_from_pgprot(prot);
	pgprot_t other = pgprot_noncached(prot);

	if (pfn_attr_from_pgprot(other) == attr)
		other = pgprot_writecombine(prot);
	other = pte_pgprot(pte_modify(pfn_pte(0, other), prot));
	/* All zero where the architecture does not tell bits from page frame. */
	return pgprot_val(other) && pfn_attr_from_pgprot(other) == attr;
}

void __pfn_track_protect(struct vm_area_struct *vma, unsigned long start,
			 unsigned long end, pgprot_t prot)
{
	const struct pft_range range = pft_range(PFN_SPACE_USER, vma->vm_mm,
						 start, end - start);
	enum pfn_attr got = PFT_KEEP_ATTR;

	if (start == end || !pft_may_hold(vma))
		return;
	if (pft_modify_replaces(prot))
		got = pfn_attr_from_pgprot(prot);
	if (got != PFT_KEEP_ATTR || cpu_dcache_is_aliasing())
		pft_change(&range, got, pft_writable(vma));
}

int __pfn_track_may_protect(struct vm_area_struct *vma, unsigned long start,
			    unsigned long end, unsigned long flags)
{
	const struct pft_range range = pft_range(PFN_SPACE_USER, vma->vm_mm,
						 start, end - start);
	pgprot_t prot;

	if (!pft_may_hold(vma))
		return 0;
	prot = pgprot_modify(vma->vm_page_prot, vm_get_page_prot(flags));
	if (!pft_modify_replaces(prot))
		return 0;
	return pft_may_change(&range, pfn_attr_from_pgprot(prot));
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
		cond_resched();
}

/**
 * struct pft_heir - a child that gets what its parent has
 * @mm: address space of the child
 * @parent: a holder of the parent's, NULL to begin
 * @child: the child's copy of it
 */
struct pft_heir {
	const struct mm_struct *mm;
	struct pft_holder *parent;
	struct pft_holder *child;
};

/* As many holders as the parent had. */
static void pft_heir_of(struct pft_heir *heir, struct pft_holder *parent)
{
	pft_holder_put(heir->parent);
	pft_holder_put(heir->child);
	heir->parent = parent;
	heir->child = parent ? pft_holder_fork(parent) : NULL;
}

/*
 * Give the child what the parent has first in @range, clipped because a record
 * may reach over a split into the neighbouring area.  True if there may be more.
 *
 * Looked up and copied under one hold of the lock: a driver's
 * unmap_mapping_range() does not wait for either address space, but comes to
 * the parent's area first, because dup_mmap() puts the child's behind it for
 * this very purpose.  So what the parent still has on record here, the child
 * still has mapped, and will have dropped after it is on record.
 */
static bool pft_fork_first(struct pft_range *range, struct pft_heir *heir)
{
	struct pft_holder *parent;
	struct pft_record *rec, copy;
	struct pft_spot spot;

	pft_lock_stocked(GFP_KERNEL);
	rec = pft_store_first(range);
	if (!rec) {
		pft_unlock();
		return false;
	}
	if (rec->holder != heir->parent) {
		parent = pft_holder_get(rec->holder);
		pft_unlock();
		pft_heir_of(heir, parent);
		/* It may have gone meanwhile. */
		return true;
	}
	copy = *rec;
	pft_clip(&copy, range);
	copy.holder = pft_holder_get(heir->child);
	copy.id = heir->mm;
	copy.time = ktime_get_boot_fast_ns();
	pft_store_spot(&copy, &spot);
	pft_make_record(&copy, &spot);
	pft_unlock();
	pft_holder_put(copy.holder);

	range->va = pft_va_last(&copy);
	return range->va++ != range->va_last;
}

void __pfn_track_fork(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	struct pft_range range = pft_range(PFN_SPACE_USER, src->vm_mm,
					   src->vm_start,
					   src->vm_end - src->vm_start);
	struct pft_heir heir = { .mm = dst->vm_mm };

	if (!pft_may_hold(src))
		return;
	while (pft_fork_first(&range, &heir))
		cond_resched();
	pft_heir_of(&heir, NULL);
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
