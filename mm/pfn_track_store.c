// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track store: which records exist.
 *
 * Knows ranges, no policy: two trees over the same records, an interval tree
 * by page frame for judging and listing, and a tree by space and virtual
 * address for tear-down.  In one space no two records share a virtual address.
 *
 * Everything here runs under pft_lock, which the registry takes around a
 * judgement and the insertion that follows from it.  Nothing here allocates.
 */
#include "pfn_track_internal.h"
#include <linux/interval_tree_generic.h>

DEFINE_SPINLOCK(pft_lock);

static struct rb_root_cached pft_pfns = RB_ROOT_CACHED;
static struct rb_root pft_vas = RB_ROOT;
static u64 pft_seq;

static inline unsigned long pft_pfn_first(const struct pft_record *rec)
{
	return rec->pfn;
}

static inline unsigned long pft_pfn_last(const struct pft_record *rec)
{
	return rec->last;
}

/* Only to walk: what is kept in step with a subtree is more than its end. */
INTERVAL_TREE_DEFINE(struct pft_record, pfn_rb, unsigned long, subtree.last,
		     pft_pfn_first, pft_pfn_last, static __maybe_unused, pft_pfn)

static inline struct pft_record *pft_of_pfn(struct rb_node *node)
{
	return rb_entry_safe(node, struct pft_record, pfn_rb);
}

static inline struct pft_record *pft_of_va(struct rb_node *node)
{
	return rb_entry_safe(node, struct pft_record, va_rb);
}

static void pft_join(struct pft_subtree *subtree, const struct rb_node *child)
{
	const struct pft_record *rec;

	if (!child)
		return;
	rec = rb_entry(child, struct pft_record, pfn_rb);
	subtree->last = max(subtree->last, rec->subtree.last);
	subtree->mask |= rec->subtree.mask;
}

/* True if nothing changed and the walk to the root may stop. */
static bool pft_summarise(struct pft_record *rec, bool exit)
{
	struct pft_subtree new = { .last = rec->last, .mask = BIT(rec->got) };

	pft_join(&new, rec->pfn_rb.rb_left);
	pft_join(&new, rec->pfn_rb.rb_right);
	if (exit && new.last == rec->subtree.last &&
	    new.mask == rec->subtree.mask)
		return true;
	rec->subtree = new;
	return false;
}

RB_DECLARE_CALLBACKS(static, pft_augment, struct pft_record, pfn_rb, subtree,
		     pft_summarise)

/* Order of the tree by virtual address: space, owner, address. */
static int pft_va_cmp(const struct pft_record *rec, enum pfn_space space,
		      const void *id, unsigned long va)
{
	if (rec->space != space)
		return rec->space < space ? -1 : 1;
	if (rec->id != id)
		return rec->id < id ? -1 : 1;
	if (rec->va != va)
		return rec->va < va ? -1 : 1;
	return 0;
}

static bool pft_va_less(struct rb_node *node, const struct rb_node *parent)
{
	const struct pft_record *rec = pft_of_va(node);

	return pft_va_cmp(rb_entry(parent, struct pft_record, va_rb),
			  rec->space, rec->id, rec->va) > 0;
}

static void pft_pfn_add(struct pft_record *rec)
{
	struct rb_node **link = &pft_pfns.rb_root.rb_node, *parent = NULL;
	bool leftmost = true;

	rec->seq = ++pft_seq;
	rec->subtree.last = rec->last;
	rec->subtree.mask = BIT(rec->got);
	while (*link) {
		struct pft_record *at = pft_of_pfn(*link);

		parent = *link;
		at->subtree.last = max(at->subtree.last, rec->last);
		at->subtree.mask |= rec->subtree.mask;
		/* Equal starts go right, so pfn and seq together are sorted. */
		if (rec->pfn < at->pfn) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(&rec->pfn_rb, parent, link);
	rb_insert_augmented_cached(&rec->pfn_rb, &pft_pfns, leftmost,
				   &pft_augment);
}

static void pft_pfn_del(struct pft_record *rec)
{
	rb_erase_augmented_cached(&rec->pfn_rb, &pft_pfns, &pft_augment);
}

/**
 * pft_store_insert - add a record
 * @rec: filled by the caller but for the tree fields; belongs to the store now
 *
 * Context: pft_lock held.
 */
void pft_store_insert(struct pft_record *rec)
{
	lockdep_assert_held(&pft_lock);
	pft_pfn_add(rec);
	rb_add(&rec->va_rb, &pft_vas, pft_va_less);
	pft_count(PFT_STAT_RECORDS);
}

static void pft_store_erase(struct pft_record *rec)
{
	pft_pfn_del(rec);
	rb_erase(&rec->va_rb, &pft_vas);
	atomic_long_dec(&pft_stats[PFT_STAT_RECORDS]);
}

/**
 * pft_store_first - the first record in a range of virtual addresses
 * @range: where to look
 *
 * Context: pft_lock held.
 *
 * Return: the record with the lowest address of those that overlap @range, or
 * NULL.
 */
struct pft_record *pft_store_first(const struct pft_range *range)
{
	struct rb_node *node = pft_vas.rb_node;
	struct pft_record *best = NULL;

	lockdep_assert_held(&pft_lock);
	while (node) {
		struct pft_record *rec = pft_of_va(node);
		int cmp = pft_va_cmp(rec, range->space, range->id, range->va);

		/* A record that starts before the range may reach into it. */
		if (cmp < 0 && rec->space == range->space &&
		    rec->id == range->id && pft_va_last(rec) >= range->va)
			return rec;
		if (cmp < 0) {
			node = node->rb_right;
		} else {
			best = rec;
			node = node->rb_left;
		}
	}
	if (!best || best->space != range->space || best->id != range->id ||
	    best->va > range->va_last)
		return NULL;
	return best;
}

/* Leave of @rec what lies from @va on. */
static void pft_trim_head(struct pft_record *rec, unsigned long va)
{
	pft_pfn_del(rec);
	rec->pfn += (va - rec->va) >> PAGE_SHIFT;
	/* Neighbours do not overlap, so the tree by address stays sorted. */
	rec->va = va;
	pft_pfn_add(rec);
}

/* Leave of @rec what lies before @va. */
static void pft_trim_tail(struct pft_record *rec, unsigned long va)
{
	pft_pfn_del(rec);
	rec->last = rec->pfn + ((va - rec->va) >> PAGE_SHIFT) - 1;
	pft_pfn_add(rec);
}

/**
 * pft_store_rekey - find a record elsewhere from now on
 * @rec: in the store
 * @space: its space
 * @va: its first virtual address
 *
 * Context: pft_lock held.
 */
void pft_store_rekey(struct pft_record *rec, enum pfn_space space,
		     unsigned long va)
{
	lockdep_assert_held(&pft_lock);
	rb_erase(&rec->va_rb, &pft_vas);
	rec->space = space;
	rec->va = va;
	rb_add(&rec->va_rb, &pft_vas, pft_va_less);
}

/**
 * pft_clip - reduce a copy of a record to what lies in a range
 * @piece: overlaps @range
 * @range: where to clip
 */
void pft_clip(struct pft_record *piece, const struct pft_range *range)
{
	unsigned long first = max(range->va, piece->va);
	unsigned long last = min(range->va_last, pft_va_last(piece));

	piece->last = piece->pfn + ((last - piece->va) >> PAGE_SHIFT);
	piece->pfn += (first - piece->va) >> PAGE_SHIFT;
	piece->va = first;
}

/**
 * pft_store_cut - take the part of one record out that lies in a range
 * @range: where to cut; repeated calls come to an end
 * @cut: @cut->spare as input, the rest as output
 *
 * Context: pft_lock held.  @cut->piece borrows the record's holder and is valid
 * until the lock is dropped, unless @cut->gone keeps it.
 *
 * Return: 1 if a part was taken out, 0 if nothing lies in @range, -ENOMEM if
 * the record would fall into two and there is no spare: then nothing changed.
 */
int pft_store_cut(const struct pft_range *range, struct pft_cut *cut)
{
	struct pft_record *rec = pft_store_first(range);
	unsigned long first, last;
	bool head, tail;

	cut->gone = NULL;
	if (!rec)
		return 0;

	cut->piece = *rec;
	pft_clip(&cut->piece, range);
	first = cut->piece.va;
	last = pft_va_last(&cut->piece);
	head = rec->va < first;
	tail = pft_va_last(rec) > last;
	if (head && tail && !cut->spare)
		return -ENOMEM;

	if (head && tail) {
		struct pft_record *rest = cut->spare;

		*rest = *rec;
		rest->va = last + 1;
		rest->pfn = cut->piece.last + 1;
		refcount_inc(&rest->holder->ref);
		pft_trim_tail(rec, first);
		pft_store_insert(rest);
		cut->spare = NULL;
	} else if (head) {
		pft_trim_tail(rec, first);
	} else if (tail) {
		pft_trim_head(rec, last + 1);
	} else {
		pft_store_erase(rec);
		cut->gone = rec;
	}
	return 1;
}

/* Whether anything below @node may add an attribute to @mask. */
static bool pft_worth(struct rb_node *node, unsigned long pfn,
		      unsigned long mask)
{
	const struct pft_record *rec = pft_of_pfn(node);

	return rec && rec->subtree.last >= pfn && rec->subtree.mask & ~mask;
}

/* The next in order that is not below @node; NULL at the end. */
static struct rb_node *pft_climb(struct rb_node *node)
{
	struct rb_node *parent = rb_parent(node);

	while (parent && node == parent->rb_right) {
		node = parent;
		parent = rb_parent(node);
	}
	return parent;
}

/**
 * pft_store_held - which attributes are mapped in a range
 * @pfn: first page frame
 * @last: last page frame
 *
 * Subtrees that can add nothing new are left out, so the time goes with the
 * depth of the tree and the number of different attributes, not with the number
 * of holders.
 *
 * Context: pft_lock held.
 *
 * Return: bit mask, BIT(enum pfn_attr).
 */
unsigned int pft_store_held(unsigned long pfn, unsigned long last)
{
	struct rb_node *node = pft_pfns.rb_root.rb_node;
	unsigned long mask = 0;

	lockdep_assert_held(&pft_lock);
	if (!pft_worth(node, pfn, mask))
		return 0;
	while (node) {
		const struct pft_record *rec;

		while (pft_worth(node->rb_left, pfn, mask))
			node = node->rb_left;
		/* In order from here: @node itself, its right side, upwards. */
		do {
			rec = pft_of_pfn(node);
			if (rec->pfn > last)
				return mask;
			if (rec->last >= pfn)
				mask |= BIT(rec->got);
			if (pft_worth(node->rb_right, pfn, mask))
				break;
			node = pft_climb(node);
		} while (node);
		if (node)
			node = node->rb_right;
	}
	return mask;
}

/**
 * pft_store_oldest - who brought an attribute into a range
 * @pfn: first page frame
 * @last: last page frame
 * @attr: the attribute as mapped
 *
 * Context: pft_lock held.
 *
 * Return: of the records that overlap the range and map @attr, the one that has
 * been there longest; NULL if there is none.
 */
struct pft_record *pft_store_oldest(unsigned long pfn, unsigned long last,
				    enum pfn_attr attr)
{
	struct pft_record *rec, *oldest = NULL;

	lockdep_assert_held(&pft_lock);
	for (rec = pft_pfn_iter_first(&pft_pfns, pfn, last); rec;
	     rec = pft_pfn_iter_next(rec, pfn, last)) {
		if (rec->got != attr)
			continue;
		if (!oldest || rec->holder->time < oldest->holder->time)
			oldest = rec;
	}
	return oldest;
}

/**
 * pft_store_after - continue a listing
 * @pfn: page frame at which the last listed record starts
 * @seq: its sequence number; 0 together with @pfn 0 to begin
 *
 * Context: pft_lock held.
 *
 * Return: the next record in the order of page frames, or NULL.
 */
struct pft_record *pft_store_after(unsigned long pfn, u64 seq)
{
	struct rb_node *node = pft_pfns.rb_root.rb_node;
	struct pft_record *best = NULL;

	lockdep_assert_held(&pft_lock);
	while (node) {
		struct pft_record *rec = pft_of_pfn(node);

		if (rec->pfn > pfn || (rec->pfn == pfn && rec->seq > seq)) {
			best = rec;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/**
 * pft_store_pop - take any record out, for emptying the store
 *
 * Context: pft_lock held.
 *
 * Return: a record that belongs to the caller, NULL if the store is empty.
 */
struct pft_record *pft_store_pop(void)
{
	struct pft_record *rec = pft_of_va(pft_vas.rb_node);

	lockdep_assert_held(&pft_lock);
	if (rec)
		pft_store_erase(rec);
	return rec;
}
