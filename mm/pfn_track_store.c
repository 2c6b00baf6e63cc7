// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track store: which records exist.
 *
 * Knows ranges, no policy: a tree over the records by space and virtual address
 * for tear-down and listing; by page frame they are found through the segments.
 * In one space no two records share a virtual address, and neighbours that
 * differ in nothing but their place are one record.
 *
 * Everything here runs under pft_lock, which the registry takes around a
 * judgement and the insertion that follows from it.  Nothing allocates under
 * it: what may be needed is in stock when the lock is taken.
 */
#include "pfn_track_internal.h"

static struct rb_root pft_vas = RB_ROOT;

/* Inserted last, and what follows it: the next often goes between the two. */
static struct pft_record *pft_latest, *pft_latest_next;

/* === Stock ============================================================== */

/*
 * How much of each has to be there before an operation; up to twice as much is
 * kept.  Each touches two paths through the segments, a leaf and seven inner
 * nodes below the highest root, and may find any of these nodes held already;
 * five new roots may have to be put on top of the first one.  Records are also
 * what a burst of partial unmaps lives on when memory is short.
 */
static const unsigned int pft_stock_want[] = {
	[PFT_STOCK_RECORD] = 32,
	[PFT_STOCK_LEAF] = 8,
	[PFT_STOCK_INNER] = 20,
	[PFT_STOCK_EXTRA] = 20,
};

/* Linked by their first word; zeroed but for that, unless they are records. */
struct pft_stock_shelf {
	struct kmem_cache *cache;
	void **first;
	unsigned int nr;
};

static struct pft_stock_shelf pft_shelves[PFT_STOCK_COUNT];

/* What is to be freed once the lock is dropped; see pft_unlock(). */
static void **pft_surplus[PFT_STOCK_COUNT];
static struct pft_node *pft_surplus_nodes;
static bool pft_has_surplus;

/* Kinds of which there is less than wanted; read without the lock, as a hint. */
static unsigned int pft_stock_short;

static void pft_shelve(struct pft_stock_shelf *shelf, void **object)
{
	*object = shelf->first;
	shelf->first = object;
	WRITE_ONCE(shelf->nr, shelf->nr + 1);
}

static void *pft_unshelve(struct pft_stock_shelf *shelf)
{
	void **object = shelf->first;

	if (object) {
		shelf->first = *object;
		*object = NULL;
		WRITE_ONCE(shelf->nr, shelf->nr - 1);
	}
	return object;
}

static bool pft_stock_is_short(enum pft_stock kind)
{
	return pft_shelves[kind].nr < pft_stock_want[kind];
}

/* There is more than before. */
static void pft_stock_gained(enum pft_stock kind)
{
	if (unlikely(pft_stock_short & BIT(kind)) && !pft_stock_is_short(kind))
		WRITE_ONCE(pft_stock_short, pft_stock_short & ~BIT(kind));
}

/**
 * pft_stock_take - take an object out of the stock
 * @kind: which
 *
 * Context: pft_lock held.
 *
 * Return: the object, zeroed unless it is a record; NULL if the stock has run
 * out.
 */
void *pft_stock_take(enum pft_stock kind)
{
	void *object = pft_unshelve(&pft_shelves[kind]);

	lockdep_assert_held(&pft_lock);
	if (unlikely(pft_stock_is_short(kind)))
		WRITE_ONCE(pft_stock_short, pft_stock_short | BIT(kind));
	return object;
}

/**
 * pft_stock_give - put an object back
 * @kind: which
 * @object: as pft_stock_take() gave it, but for its first word
 *
 * The allocator is not entered here: freeing the last object of a slab frees a
 * page, and the page allocator asks pfn_track_free() about every page.
 *
 * Context: pft_lock held; pft_unlock() frees what the stock has no room for.
 */
void pft_stock_give(enum pft_stock kind, void *object)
{
	struct pft_stock_shelf *shelf = &pft_shelves[kind];
	void **link = object;

	lockdep_assert_held(&pft_lock);
	if (shelf->nr < 2 * pft_stock_want[kind]) {
		pft_shelve(shelf, object);
	} else {
		*link = pft_surplus[kind];
		pft_surplus[kind] = link;
		pft_has_surplus = true;
	}
	pft_stock_gained(kind);
}

/**
 * pft_stock_retire - free a segment node after a grace period
 * @node: unlinked; readers may still be in it
 *
 * Context: pft_lock held; pft_unlock() passes it to RCU.
 */
void pft_stock_retire(struct pft_node *node)
{
	lockdep_assert_held(&pft_lock);
	pft_node_chain(node, pft_surplus_nodes);
	pft_surplus_nodes = node;
	pft_has_surplus = true;
}

/* The lock is dropped first: see pft_stock_give(). */
static noinline void pft_unlock_surplus(void)
	__releases(&pft_lock)
{
	void **surplus[PFT_STOCK_COUNT];
	struct pft_node *nodes = pft_surplus_nodes;
	enum pft_stock kind;

	memcpy(surplus, pft_surplus, sizeof(surplus));
	memset(pft_surplus, 0, sizeof(pft_surplus));
	pft_surplus_nodes = NULL;
	pft_has_surplus = false;
	spin_unlock(&pft_lock);

	for (kind = 0; kind < PFT_STOCK_COUNT; kind++) {
		while (surplus[kind]) {
			void **object = surplus[kind];

			surplus[kind] = *object;
			kmem_cache_free(pft_shelves[kind].cache, object);
		}
	}
	while (nodes)
		nodes = pft_node_free(nodes);
}

/**
 * pft_unlock - drop pft_lock, then free what was given back under it
 *
 * Every section that changes the store ends with it.
 *
 * Context: pft_lock held, and whatever else the caller holds, page table locks
 * included; frees memory after pft_lock is dropped.
 */
void pft_unlock(void)
	__releases(&pft_lock)
{
	if (unlikely(pft_has_surplus))
		pft_unlock_surplus();
	else
		spin_unlock(&pft_lock);
}

/* Bring one kind to twice what is wanted; false if memory is short. */
static bool pft_stock_fill(enum pft_stock kind, gfp_t gfp)
{
	struct pft_stock_shelf *shelf = &pft_shelves[kind], fresh = { };
	void *object = NULL;

	do {
		object = kmem_cache_zalloc(shelf->cache, gfp);
		if (object)
			pft_shelve(&fresh, object);
	} while (object && READ_ONCE(shelf->nr) + fresh.nr <
			   2 * pft_stock_want[kind]);

	spin_lock(&pft_lock);
	while (fresh.first)
		pft_shelve(shelf, pft_unshelve(&fresh));
	pft_stock_gained(kind);
	spin_unlock(&pft_lock);
	return object;
}

/* The same for every kind of which there is too little. */
static noinline bool pft_stock_fill_short(gfp_t gfp)
{
	bool memory = true;
	enum pft_stock kind;

	for (kind = 0; kind < PFT_STOCK_COUNT; kind++)
		if (READ_ONCE(pft_stock_short) & BIT(kind))
			memory &= pft_stock_fill(kind, gfp);
	return memory;
}

/**
 * pft_lock_stocked - take pft_lock with all in stock that an operation may need
 * @gfp: how to allocate what is missing
 *
 * Context: as @gfp says.  Without memory the lock is taken all the same, and
 * the stock may run out.
 */
void pft_lock_stocked(gfp_t gfp)
	__acquires(&pft_lock)
{
	bool memory = true;

	for (;;) {
		/* Peek first: mostly the lock need not be taken in vain. */
		if (!memory || !READ_ONCE(pft_stock_short)) {
			spin_lock(&pft_lock);
			if (likely(!pft_stock_short) || !memory)
				return;
			spin_unlock(&pft_lock);
		}
		memory = pft_stock_fill_short(gfp);
	}
}

/**
 * pft_stock_init - get a kind of object into stock
 * @kind: which
 * @cache: where it comes from, or NULL if that could not be made
 *
 * Context: Boot, single CPU.
 *
 * Return: 0 or -ENOMEM.
 */
int __init pft_stock_init(enum pft_stock kind, struct kmem_cache *cache)
{
	pft_shelves[kind].cache = cache;
	while (cache && pft_shelves[kind].nr < pft_stock_want[kind]) {
		void *object = kmem_cache_zalloc(cache, GFP_KERNEL);

		if (!object)
			return -ENOMEM;
		pft_shelve(&pft_shelves[kind], object);
	}
	return cache ? 0 : -ENOMEM;
}

/* === Records by address ================================================= */

static inline struct pft_record *pft_of_va(struct rb_node *node)
{
	return rb_entry_safe(node, struct pft_record, va_rb);
}

/* Order of the tree by virtual address: space, owner, address. */
static int pft_va_cmp(const struct pft_record *rec, enum pfn_space space,
		      const void *id, unsigned long va)
{
	if (rec->id != id || rec->space != space) {
		if (rec->space != space)
			return rec->space < space ? -1 : 1;
		return rec->id < id ? -1 : 1;
	}
	if (rec->va != va)
		return rec->va < va ? -1 : 1;
	return 0;
}

/* Whether a record goes right behind the latest one. */
static bool pft_spot_latest(enum pfn_space space, const void *id,
			    unsigned long va, struct pft_spot *spot)
{
	struct pft_record *rec = pft_latest, *next = pft_latest_next;

	if (!rec || pft_va_cmp(rec, space, id, va) >= 0 ||
	    (next && pft_va_cmp(next, space, id, va) <= 0))
		return false;
	spot->before = rec;
	spot->after = next;
	/* One of the two has no child on the side of the other. */
	if (rec->va_rb.rb_right) {
		spot->parent = &next->va_rb;
		spot->link = &next->va_rb.rb_left;
	} else {
		spot->parent = &rec->va_rb;
		spot->link = &rec->va_rb.rb_right;
	}
	return true;
}

/*
 * Records that could not be cut may share an address with others; their own
 * addresses, @self, then decide.
 */
static void pft_spot_of(struct pft_spot *spot, enum pfn_space space,
			const void *id, unsigned long va,
			const struct pft_record *self)
{
	if (pft_spot_latest(space, id, va, spot))
		return;

	*spot = (struct pft_spot){ .link = &pft_vas.rb_node };
	while (*spot->link) {
		struct pft_record *rec = pft_of_va(*spot->link);
		int cmp = pft_va_cmp(rec, space, id, va);

		spot->parent = *spot->link;
		if (cmp > 0 || (!cmp && rec > self)) {
			spot->after = rec;
			spot->link = &spot->parent->rb_left;
		} else {
			spot->before = rec;
			spot->link = &spot->parent->rb_right;
		}
	}
}

static void pft_link(struct pft_record *rec, const struct pft_spot *spot)
{
	rb_link_node(&rec->va_rb, spot->parent, spot->link);
	rb_insert_color(&rec->va_rb, &pft_vas);
	pft_latest = rec;
	pft_latest_next = spot->after;
}

static void pft_unlink(struct pft_record *rec)
{
	rb_erase(&rec->va_rb, &pft_vas);
	if (rec == pft_latest || rec == pft_latest_next)
		pft_latest = NULL;
}

/* Put in a record that is held already, and belongs to the store from now on. */
static void pft_enter(struct pft_record *rec, const struct pft_spot *spot)
{
	pft_link(rec, spot);
	pft_count_locked(PFT_STAT_RECORDS, 1);
}

/* Take a record out; what becomes of its reference to the holder is to say. */
static void pft_erase(struct pft_record *rec)
{
	pft_segment_del(rec);
	pft_unlink(rec);
	pft_count_locked(PFT_STAT_RECORDS, -1);
	pft_stock_give(PFT_STOCK_RECORD, rec);
}

/*
 * Whether @b goes on where @a ends, and is the same but for its holder.  What
 * ends at the top of the word is not followed by what begins at 0.
 */
static bool pft_goes_on(const struct pft_record *a, const struct pft_record *b)
{
	return a->last + 1 == b->pfn && pft_va_last(a) + 1 == b->va &&
	       a->id == b->id && a->space == b->space && a->kind == b->kind &&
	       a->want == b->want && a->got == b->got &&
	       a->leaked == b->leaked && a->writable == b->writable &&
	       a->looked_up == b->looked_up && a->counted == b->counted &&
	       a->flushed == b->flushed &&
	       a->space != PFN_SPACE_NONE && b->pfn && b->va;
}

static bool pft_adjoins(const struct pft_record *a, const struct pft_record *b)
{
	return pft_goes_on(a, b) && a->holder == b->holder;
}

/* Make @new part of the records on either side; false if it fits to none. */
static bool pft_coalesce(const struct pft_record *new,
			 const struct pft_spot *spot)
{
	struct pft_record *before = spot->before, *after = spot->after;
	unsigned long last = new->last;
	bool both;

	if (after && !pft_adjoins(new, after))
		after = NULL;
	if (!before || !pft_adjoins(before, new)) {
		if (!after || pft_segment_resize(after, new->pfn, after->last))
			return false;
		/* Neighbours do not overlap, so the tree stays sorted. */
		after->va = new->va;
		return true;
	}

	both = after;
	if (both)
		last = after->last;
	if (pft_segment_resize(before, before->pfn, last))
		return false;
	if (both) {
		before->time = min(before->time, after->time);
		before->seq = min(before->seq, after->seq);
		refcount_dec(&after->holder->ref);
		pft_erase(after);
	} else {
		pft_latest = before;
		pft_latest_next = spot->after;
	}
	return true;
}

/**
 * pft_store_spot - where a record would go
 * @new: a record as it is to be, but for the fields that link it
 * @spot: filled
 *
 * Context: pft_lock held.
 *
 * Return: true if the addresses of @new are free.
 */
bool pft_store_spot(const struct pft_record *new, struct pft_spot *spot)
{
	const struct pft_record *before, *after;

	lockdep_assert_held(&pft_lock);
	pft_spot_of(spot, new->space, new->id, new->va, NULL);
	before = spot->before;
	after = spot->after;
	if (before && before->space == new->space && before->id == new->id &&
	    pft_va_last(before) >= new->va)
		return false;
	return !after || after->space != new->space || after->id != new->id ||
	       after->va > pft_va_last(new);
}

/**
 * pft_store_insert - add a record
 * @new: a record as it is to be, but for the fields that link it; is copied
 * @spot: from pft_store_spot(), with no change of the store since
 *
 * Context: pft_lock held.
 *
 * Return: 1 if a record was made, which has taken over the caller's reference
 * to the holder; 0 if @new became part of another record; -ENOMEM if the stock
 * has run out, then nothing changed.
 */
int pft_store_insert(const struct pft_record *new, struct pft_spot *spot)
{
	struct pft_record *rec;

	if (pft_coalesce(new, spot))
		return 0;
	rec = pft_stock_take(PFT_STOCK_RECORD);
	if (!rec)
		return -ENOMEM;
	*rec = *new;
	if (pft_segment_add(rec)) {
		pft_stock_give(PFT_STOCK_RECORD, rec);
		return -ENOMEM;
	}
	/* Only what could not be cut has its own address decide, see there. */
	if (spot->after && !pft_va_cmp(spot->after, new->space, new->id, new->va))
		pft_spot_of(spot, new->space, new->id, new->va, rec);
	pft_enter(rec, spot);
	return 1;
}

/**
 * pft_store_before - the latest record, if a page goes on where it ends
 * @new: a record of one page as it is to be, but for its holder
 *
 * Context: pft_lock held.
 *
 * Return: the record, of whatever holder; NULL if @new does not adjoin it, or
 * would reach the record after it.
 */
struct pft_record *pft_store_before(const struct pft_record *new)
{
	struct pft_record *rec = pft_latest, *next = pft_latest_next;

	lockdep_assert_held(&pft_lock);
	if (!rec || !pft_goes_on(rec, new))
		return NULL;
	if (next && next->id == new->id && next->space == new->space &&
	    next->va - new->va <= PAGE_SIZE)
		return NULL;
	return rec;
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
	struct pft_spot spot;

	lockdep_assert_held(&pft_lock);
	pft_unlink(rec);
	rec->space = space;
	rec->va = va;
	pft_spot_of(&spot, space, rec->id, va, rec);
	pft_link(rec, &spot);
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

/* Leave of @rec what lies before @va, and what lies from @rest on as another. */
static int pft_split(struct pft_record *rec, unsigned long va,
		     unsigned long rest_va)
{
	struct pft_record *rest = pft_stock_take(PFT_STOCK_RECORD);
	unsigned long last = rec->pfn + ((va - rec->va) >> PAGE_SHIFT) - 1;
	struct pft_spot spot;

	if (!rest)
		return -ENOMEM;
	*rest = *rec;
	rest->va = rest_va;
	rest->pfn += (rest_va - rec->va) >> PAGE_SHIFT;
	if (pft_segment_add(rest))
		goto free;
	if (pft_segment_resize(rec, rec->pfn, last))
		goto del;
	refcount_inc(&rest->holder->ref);
	pft_spot_of(&spot, rest->space, rest->id, rest->va, rest);
	pft_enter(rest, &spot);
	return 0;

del:
	pft_segment_del(rest);
free:
	pft_stock_give(PFT_STOCK_RECORD, rest);
	return -ENOMEM;
}

/**
 * pft_store_cut - take the part of one record out that lies in a range
 * @range: where to cut; repeated calls come to an end
 * @cut: what was taken out
 *
 * Context: pft_lock held.  @cut->piece borrows the record's holder and is valid
 * until the lock is dropped, unless @cut->gone.
 *
 * Return: 1 if a part was taken out, 0 if nothing lies in @range, -ENOMEM if
 * the record would have to be split and the stock has run out: then nothing
 * changed.
 */
int pft_store_cut(const struct pft_range *range, struct pft_cut *cut)
{
	struct pft_record *rec = pft_store_first(range);
	struct pft_record *piece = &cut->piece;
	bool head, tail;
	int ret;

	cut->gone = rec && pft_inside(rec, range);
	if (!rec)
		return 0;

	*piece = *rec;
	if (cut->gone) {
		pft_erase(rec);
		return 1;
	}

	pft_clip(piece, range);
	head = rec->va < piece->va;
	tail = rec->last > piece->last;
	if (head && tail) {
		ret = pft_split(rec, piece->va, pft_va_last(piece) + 1);
	} else if (head) {
		ret = pft_segment_resize(rec, rec->pfn, piece->pfn - 1);
	} else {
		ret = pft_segment_resize(rec, piece->last + 1, rec->last);
		/* Neighbours do not overlap, so the tree stays sorted. */
		if (!ret)
			rec->va = pft_va_last(piece) + 1;
	}
	return ret ?: 1;
}

/**
 * pft_store_after - continue a listing
 * @place: where it stands; zeroed to begin
 *
 * Context: pft_lock held.
 *
 * Return: the next record in the order of spaces and addresses, or NULL.
 */
struct pft_record *pft_store_after(const struct pft_place *place)
{
	struct pft_spot spot;

	lockdep_assert_held(&pft_lock);
	pft_spot_of(&spot, place->space, place->id, place->va, place->rec);
	return spot.after;
}

/**
 * pft_store_pop - take any record out, for emptying the store
 *
 * Context: pft_lock held.
 *
 * Return: its holder, with a reference for the caller; NULL if the store is
 * empty.
 */
struct pft_holder *pft_store_pop(void)
{
	struct pft_record *rec = pft_of_va(pft_vas.rb_node);
	struct pft_holder *holder = NULL;

	lockdep_assert_held(&pft_lock);
	if (rec) {
		holder = rec->holder;
		pft_erase(rec);
	}
	return holder;
}

/**
 * pft_store_init - get memory for the first records
 *
 * Context: Boot, single CPU.
 *
 * Return: 0 or -ENOMEM.
 */
int __init pft_store_init(void)
{
	return pft_stock_init(PFT_STOCK_RECORD, KMEM_CACHE(pft_record, 0)) ?:
	       pft_segment_init();
}
