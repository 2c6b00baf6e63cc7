// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track changes: page table entries that stay where they are and are given
 * another attribute, as mprotect() does on some architectures.
 */
#include "pfn_track_internal.h"
#include <trace/events/pfn_track.h>

/*
 * Change the first record in @range, as far as it lies in it.  True if there
 * may be more, behind it.
 */
static bool pft_change_one(struct pft_range *range,
			   const struct pft_modified *modified, bool writable)
{
	struct pft_judgement start;
	struct pft_record *rec;
	enum pfn_attr got;
	struct pft_spot spot;
	struct pft_cut cut;
	unsigned long last;

	pft_lock_stocked(PFT_GFP_NOWAIT);
	rec = pft_store_first(range);
	if (!rec) {
		pft_unlock();
		return false;
	}
	last = pft_va_last(rec);
	got = modified->got[rec->got];
	if (rec->got == got && rec->writable == writable) {
		pft_unlock();
	} else if (pft_store_cut(range, &cut) < 0) {
		pft_count(PFT_STAT_INCOMPLETE);
		pft_unlock();
	} else {
		pft_count_locked(PFT_STAT_UNMAPS, 1);
		trace_pfn_unmap(&cut.piece);
		if (!cut.gone)
			pft_holder_get(cut.piece.holder);
		cut.piece.got = got;
		cut.piece.flushed &= got != PFN_ATTR_WB;
		cut.piece.writable = writable;
		/* Where it was cut out there is room. */
		pft_store_spot(&cut.piece, &spot);
		pft_judge_start(&start, &cut.piece, PFT_MAPPED);
		pft_admit(&cut.piece, &spot, &start, NULL);
	}
	if (last >= range->va_last)
		return false;
	range->va = last + 1;
	return true;
}

/**
 * pft_change - page table entries have been given another attribute
 * @where: their addresses; what is not on record there has none
 * @modified: the attribute that they have now, by the one that they had
 * @writable: as in &struct pft_record
 *
 * Judged anew and told of, but never refused: it has happened.
 *
 * Context: The lock of the page table is held.
 */
void pft_change(const struct pft_range *where,
		const struct pft_modified *modified, bool writable)
{
	struct pft_range range = *where;

	while (pft_change_one(&range, modified, writable))
		;
}

/* The same question as below, of the first record in @range, the rest of @whole. */
static int pft_may_change_one(struct pft_range *range,
			      const struct pft_range *whole,
			      const struct pft_modified *modified)
{
	struct pft_conflict c = { .result = PFN_RESULT_REFUSED };
	struct pft_record *rec, new;
	struct pft_judgement j;

	spin_lock(&pft_lock);
	rec = pft_store_first(range);
	if (!rec) {
		range->va = range->va_last;
		goto may;
	}
	new = *rec;
	pft_clip(&new, range);
	range->va = pft_va_last(&new);
	if (new.got == modified->got[new.got])
		goto may;
	new.got = modified->got[new.got];
	new.flushed &= new.got != PFN_ATTR_WB;
	pft_judge_change(&j, &new, whole);
	c.policy = pft_policy_of(new.kind);
	if (j.linear)
		c.policy = min(c.policy, pft_policy_of(PFN_KIND_LINEAR));
	if (!pft_refuses(c.policy, &j))
		goto may;
	pft_capture(&c, &new, &j);
	pft_unlock();
	pft_tell(&c, &j);
	return -EBUSY;

may:
	pft_unlock();
	return 0;
}

/**
 * pft_may_change - whether page table entries may have another attribute
 * @where: their addresses
 * @modified: the attribute that they would have, by the one that they have
 *
 * A refusal is told of; what is let through is told of by pft_change().
 *
 * Context: Process context, may sleep.  The address space is locked for
 * writing, so that what is on record there can only become less.
 *
 * Return: 0, or -EBUSY if the policy refuses it.
 */
int pft_may_change(const struct pft_range *where,
		   const struct pft_modified *modified)
{
	struct pft_range range = *where;
	int ret;

	for (;;) {
		ret = pft_may_change_one(&range, where, modified);
		if (ret || range.va == range.va_last)
			return ret;
		range.va++;
		cond_resched();
	}
}
