// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track segments: with which attributes each page frame is held.
 *
 * A radix tree over page frame numbers, shaped like the page tables that it
 * speaks of: 64 slots a node, each with two sets of attributes.  "Here" is held
 * by whoever holds the whole of the slot, "below" is the sum of the child.  A
 * range is held at the largest aligned blocks that make it up: single pages at
 * its ends, slots of higher nodes between.  So a range of any size touches few
 * slots, however many smaller ones are held inside it, and a page is held with
 * all that is "here" in the slots on the way down to it.  The tree grows a new
 * root when a page frame lies beyond the old one.
 *
 * That a slot is held twice with one attribute is rare enough to be counted in
 * a table of its own, struct pft_extra.
 *
 * Writers hold pft_lock.  Readers take the RCU read lock only: a node is never
 * freed under them, and each set is read as one word.  When a range changes its
 * size, pages move between slots of different height; pft_segment_seq makes
 * readers that could miss them look again.  Readers never wait, so that they can
 * run in any context: see pft_segment_held().
 *
 * Nodes that became empty stay for a while, PFT_IDLE of them: what is unmapped
 * is often mapped again, and tear-down then needs no memory.
 */
#include "pfn_track_internal.h"

#define PFT_NODE_BITS		6
#define PFT_NODE_SLOTS		BIT(PFT_NODE_BITS)

/* Of the root, to begin with: 64 GiB with pages of 4 KiB. */
#define PFT_ROOT_SHIFT		18

/* Of the highest root that a page frame number of this machine needs. */
#define PFT_TOP_SHIFT		(BITS_PER_LONG == 64 ? 48 : 30)

/* Empty nodes that are kept. */
#define PFT_IDLE		64

/* Slots of a node that are looked at in about the time of a record. */
#define PFT_SLOTS_STEP		8

/* How often a reader looks again while pages move, see pft_segment_held(). */
#define PFT_HELD_TRIES		16

#define PFT_BELOW_SHIFT		16
#define PFT_HERE_MASK		(BIT(PFT_BELOW_SHIFT) - 1)

static_assert(PFN_ATTR_COUNT <= PFT_BELOW_SHIFT);

/**
 * struct pft_extra - holders of slots beyond the first with an attribute
 * @next: of the same node, for another attribute
 * @attr: enum pfn_attr
 * @used: slots that have any
 * @nr: how many, for each slot
 */
struct pft_extra {
	struct pft_extra *next;
	unsigned int attr;
	unsigned int used;
	u32 nr[PFT_NODE_SLOTS];
};

/**
 * struct pft_node - 64 aligned blocks of page frames
 * @up: parent; NULL for the root
 * @pfn: first page frame
 * @extra: where slots are held more than once
 * @records: records of which this is the lowest node that they fit into
 * @idle: in pft_idle while the node is empty, else a list of its own
 * @rcu: to free it
 * @shift: a slot is BIT(@shift) page frames
 * @children: nodes below
 * @bits: set in @held
 * @nr: the same for each attribute, here and below
 * @held: sets of attributes: here, and below from %PFT_BELOW_SHIFT on
 * @child: nodes below; not in a leaf, whose @shift is 0
 */
struct pft_node {
	struct pft_node *up;
	unsigned long pfn;
	struct pft_extra *extra;
	struct list_head records;
	union {
		struct list_head idle;
		struct rcu_head rcu;
	};
	u8 shift;
	u8 children;
	u16 bits;
	u8 nr[PFN_ATTR_COUNT];
	u32 held[PFT_NODE_SLOTS];
	struct pft_node __rcu *child[];
};

DEFINE_SPINLOCK(pft_lock);

/*
 * Odd while pages move between slots.  Not a seqcount_spinlock_t: its readers
 * wait for the writer, on PREEMPT_RT by sleeping, and the writer may be the very
 * CPU that reads, in an interrupt or in the page allocator.
 */
static seqcount_t pft_segment_seq = SEQCNT_ZERO(pft_segment_seq);
static struct pft_node __rcu *pft_root;
/* Where a writer was last, which is where it mostly goes next; or NULL. */
static struct pft_node *pft_near;
static LIST_HEAD(pft_idle);
static unsigned int pft_nr_idle;

/* === Nodes ============================================================== */

static unsigned int pft_slot(unsigned long pfn, unsigned int shift)
{
	return pfn >> shift & (PFT_NODE_SLOTS - 1);
}

/* The bits of a page frame number that tell the pages of a block apart. */
static unsigned long pft_low(unsigned int shift)
{
	/* That a block is larger than all there is concerns 32 bits only. */
	if (PFT_TOP_SHIFT + PFT_NODE_BITS >= BITS_PER_LONG &&
	    shift >= BITS_PER_LONG)
		return ULONG_MAX;
	return BIT(shift) - 1;
}

static struct pft_node *pft_child(const struct pft_node *node,
				  unsigned int slot)
{
	return rcu_dereference_check(node->child[slot],
				     lockdep_is_held(&pft_lock));
}

/* One bit more or less is set in the slots of @node. */
static void pft_tally(struct pft_node *node, unsigned int attr, int n)
{
	node->nr[attr] += n;
	node->bits += n;
}

/* Hold a slot with @bit, which is not counted yet: see pft_tally(). */
static void pft_set(struct pft_node *node, unsigned int slot, u32 bit)
{
	VM_WARN_ON_ONCE(node->held[slot] & bit);
	WRITE_ONCE(node->held[slot], node->held[slot] | bit);
}

static void pft_clear(struct pft_node *node, unsigned int slot, u32 bit)
{
	VM_WARN_ON_ONCE(!(node->held[slot] & bit));
	WRITE_ONCE(node->held[slot], node->held[slot] & ~bit);
}

/*
 * Keep the idle list in sync: exactly the empty nodes are on it.  A walk that is
 * paused in a node keeps it: see pft_segment_pause().
 */
static void pft_settle(struct pft_node *node)
{
	bool empty = !node->bits && !node->children && node->up &&
		     list_empty(&node->records);

	if (empty == !list_empty(&node->idle))
		return;
	if (empty) {
		list_add_tail(&node->idle, &pft_idle);
		pft_nr_idle++;
	} else {
		list_del_init(&node->idle);
		pft_nr_idle--;
	}
}

static void pft_node_start(struct pft_node *node, struct pft_node *up,
			   unsigned long pfn, unsigned int shift)
{
	node->up = up;
	node->pfn = pfn & ~pft_low(shift + PFT_NODE_BITS);
	node->shift = shift;
	INIT_LIST_HEAD(&node->records);
	INIT_LIST_HEAD(&node->idle);
}

static struct pft_node *pft_node_grow(struct pft_node *node, unsigned long pfn)
{
	unsigned int shift = node->shift - PFT_NODE_BITS;
	struct pft_node *child = pft_stock_take(shift ? PFT_STOCK_INNER :
							PFT_STOCK_LEAF);

	if (!child)
		return NULL;
	pft_node_start(child, node, pfn, shift);
	rcu_assign_pointer(node->child[pft_slot(pfn, node->shift)], child);
	node->children++;
	pft_settle(node);
	pft_settle(child);
	return child;
}

/* For writers. */
static struct pft_node *pft_top(void)
{
	return rcu_dereference_protected(pft_root, lockdep_is_held(&pft_lock));
}

static bool pft_beyond(const struct pft_node *root, unsigned long pfn)
{
	return pfn >> root->shift >> PFT_NODE_BITS;
}

/* Put a root on top of the root; NULL if the stock has run out. */
static struct pft_node *pft_root_grow(void)
{
	struct pft_node *old = pft_top();
	struct pft_node *root = pft_stock_take(PFT_STOCK_INNER);
	unsigned int attr;

	if (!root)
		return NULL;
	pft_node_start(root, NULL, 0, old->shift + PFT_NODE_BITS);
	for (attr = 0; attr < PFN_ATTR_COUNT; attr++)
		if (old->nr[attr]) {
			pft_set(root, 0, BIT(attr) << PFT_BELOW_SHIFT);
			pft_tally(root, attr, 1);
		}
	root->children = 1;
	RCU_INIT_POINTER(root->child[0], old);
	old->up = root;
	pft_settle(old);
	rcu_assign_pointer(pft_root, root);
	return root;
}

static bool pft_is_near(unsigned long pfn, unsigned int shift)
{
	return pft_near && pft_near->shift == shift &&
	       !((pft_near->pfn ^ pfn) >> shift >> PFT_NODE_BITS);
}

/* The node over @pfn whose slots have the size of @shift, which is there. */
static struct pft_node *pft_node_find(unsigned long pfn, unsigned int shift)
{
	struct pft_node *node = pft_top();

	if (pft_is_near(pfn, shift))
		return pft_near;
	while (node->shift > shift)
		node = pft_child(node, pft_slot(pfn, node->shift));
	pft_near = node;
	return node;
}

/* The same, made if need be; NULL if the stock has run out. */
static struct pft_node *pft_node_make(unsigned long pfn, unsigned int shift)
{
	struct pft_node *node = pft_top();

	if (pft_is_near(pfn, shift))
		return pft_near;
	while (node && (node->shift < shift || pft_beyond(node, pfn)))
		node = pft_root_grow();
	while (node && node->shift > shift)
		node = pft_child(node, pft_slot(pfn, node->shift)) ?:
		       pft_node_grow(node, pfn);
	pft_near = node;
	return node;
}

/**
 * pft_node_chain - put an unlinked node in front of a list
 * @node: the node; nothing is read through its @up any more
 * @next: first of the list, or NULL
 *
 * Context: pft_lock held.
 */
void pft_node_chain(struct pft_node *node, struct pft_node *next)
{
	node->up = next;
}

/**
 * pft_node_free - free a node once its readers have left
 * @node: first of a list made by pft_node_chain()
 *
 * Context: Any but NMI; not under pft_lock.
 *
 * Return: the rest of the list, or NULL.
 */
struct pft_node *pft_node_free(struct pft_node *node)
{
	struct pft_node *next = node->up;

	kfree_rcu(node, rcu);
	return next;
}

/* Free the nodes that have been empty longest, but for some. */
static void pft_prune(void)
{
	while (pft_nr_idle > PFT_IDLE) {
		struct pft_node *node = list_first_entry(&pft_idle,
							 struct pft_node, idle);
		struct pft_node *up = node->up;

		rcu_assign_pointer(up->child[pft_slot(node->pfn, up->shift)],
				   NULL);
		up->children--;
		list_del(&node->idle);
		pft_nr_idle--;
		if (node == pft_near)
			pft_near = NULL;
		pft_stock_retire(node);
		pft_settle(up);
	}
}

/* === Runs: neighbouring slots of one node =============================== */

/**
 * struct pft_run - the part of a range that is held in one node
 * @pfn: first page frame
 * @last: last page frame
 * @shift: of the node
 * @slot: first slot
 * @end: last slot
 */
struct pft_run {
	unsigned long pfn;
	unsigned long last;
	unsigned int shift;
	unsigned int slot;
	unsigned int end;
};

/* The first run of the range from @pfn to @last. */
static void pft_run_at(struct pft_run *run, unsigned long pfn,
		       unsigned long last)
{
	unsigned int shift = 0;
	unsigned long blocks;

	/* As high as the range has the whole of a slot. */
	while (shift < PFT_TOP_SHIFT &&
	       !(pfn & pft_low(shift + PFT_NODE_BITS)) &&
	       last - pfn >= pft_low(shift + PFT_NODE_BITS))
		shift += PFT_NODE_BITS;

	run->pfn = pfn;
	run->shift = shift;
	run->slot = pft_slot(pfn, shift);
	/* Counted without the last page, since all pages together may wrap. */
	blocks = ((last - pfn) >> shift) +
		 ((last & pft_low(shift)) == pft_low(shift));
	run->end = run->slot - 1 +
		   min(blocks, PFT_NODE_SLOTS - run->slot);
	run->last = pfn + ((unsigned long)(run->end - run->slot) << shift) +
		    pft_low(shift);
}

/* Step to the next run of a range that ends with @last; false at the end. */
static bool pft_run_next(struct pft_run *run, unsigned long last)
{
	if (run->last == last)
		return false;
	pft_run_at(run, run->last + 1, last);
	return true;
}

static struct pft_extra *pft_extra_find(const struct pft_node *node,
					unsigned int attr)
{
	struct pft_extra *extra = node->extra;

	while (extra && extra->attr != attr)
		extra = extra->next;
	return extra;
}

static struct pft_extra *pft_extra_make(struct pft_node *node,
					unsigned int attr)
{
	struct pft_extra *extra = pft_stock_take(PFT_STOCK_EXTRA);

	if (!extra)
		return NULL;
	extra->attr = attr;
	extra->next = node->extra;
	node->extra = extra;
	return extra;
}

static void pft_extra_drop(struct pft_node *node, struct pft_extra *extra)
{
	struct pft_extra **link = &node->extra;

	while (*link != extra)
		link = &(*link)->next;
	*link = extra->next;
	extra->next = NULL;
	pft_stock_give(PFT_STOCK_EXTRA, extra);
}

static bool pft_run_has(const struct pft_node *node, const struct pft_run *run,
			unsigned int attr)
{
	unsigned int slot;

	for (slot = run->slot; slot <= run->end; slot++)
		if (node->held[slot] & BIT(attr))
			return true;
	return false;
}

/* An attribute was added to @node: tell those above, who are not idle. */
static void pft_tell_up(struct pft_node *node, unsigned int attr)
{
	const u32 bit = BIT(attr) << PFT_BELOW_SHIFT;

	for (; node->up; node = node->up) {
		struct pft_node *up = node->up;
		unsigned int slot = pft_slot(node->pfn, up->shift);

		if (up->held[slot] & bit)
			return;
		pft_set(up, slot, bit);
		pft_tally(up, attr, 1);
	}
}

/*
 * An attribute was taken from a slot of @node: maybe it was the last one.  Those
 * above do not become idle by that, since they have a child still.
 */
static void pft_forget_up(struct pft_node *node, unsigned int attr)
{
	for (; node->up && !node->nr[attr]; node = node->up) {
		pft_clear(node->up, pft_slot(node->pfn, node->up->shift),
			  BIT(attr) << PFT_BELOW_SHIFT);
		pft_tally(node->up, attr, -1);
	}
}

/* The node; NULL if the stock has run out: then nothing new is held. */
static struct pft_node *pft_run_hold(const struct pft_run *run,
				     unsigned int attr)
{
	struct pft_node *node = pft_node_make(run->pfn, run->shift);
	const u32 bit = BIT(attr);
	struct pft_extra *extra;
	unsigned int slot;
	int n = 0;

	if (!node)
		return NULL;
	extra = pft_extra_find(node, attr);
	if (!extra && node->nr[attr] && pft_run_has(node, run, attr)) {
		extra = pft_extra_make(node, attr);
		if (!extra)
			return NULL;
	}
	for (slot = run->slot; slot <= run->end; slot++) {
		if (node->held[slot] & bit) {
			extra->used += !extra->nr[slot]++;
		} else {
			pft_set(node, slot, bit);
			n++;
		}
	}
	pft_tally(node, attr, n);
	if (node->bits == n)
		pft_settle(node);
	pft_tell_up(node, attr);
	return node;
}

static void pft_run_drop(const struct pft_run *run, unsigned int attr)
{
	struct pft_node *node = pft_node_find(run->pfn, run->shift);
	struct pft_extra *extra = pft_extra_find(node, attr);
	unsigned int slot;
	int n = 0;

	for (slot = run->slot; slot <= run->end; slot++) {
		if (extra && extra->nr[slot]) {
			extra->used -= !--extra->nr[slot];
		} else {
			pft_clear(node, slot, BIT(attr));
			n++;
		}
	}
	pft_tally(node, attr, -n);
	if (extra && !extra->used)
		pft_extra_drop(node, extra);
	if (!node->bits)
		pft_settle(node);
	pft_forget_up(node, attr);
}

/* === Ranges ============================================================= */

static void pft_drop(unsigned long pfn, unsigned long last, unsigned int attr)
{
	struct pft_run run;

	pft_run_at(&run, pfn, last);
	do {
		pft_run_drop(&run, attr);
	} while (pft_run_next(&run, last));
}

/* Drop the runs from @pfn on that were held before the stock ran out at @end. */
static noinline void pft_hold_undo(unsigned long pfn, unsigned long last,
				   unsigned long end, unsigned int attr)
{
	struct pft_run run;

	for (pft_run_at(&run, pfn, last); run.pfn != end;
	     pft_run_next(&run, last))
		pft_run_drop(&run, attr);
}

/* Hold a range; its first node, or NULL if the stock has run out. */
static struct pft_node *pft_hold(unsigned long pfn, unsigned long last,
				 unsigned int attr)
{
	struct pft_node *node;
	struct pft_run run;

	pft_run_at(&run, pfn, last);
	node = pft_run_hold(&run, attr);
	if (!node)
		return NULL;
	while (pft_run_next(&run, last)) {
		if (!pft_run_hold(&run, attr)) {
			pft_hold_undo(pfn, last, run.pfn, attr);
			return NULL;
		}
	}
	return node;
}

/* The height of the lowest node that a range fits into, unless a slot does. */
static unsigned int pft_home_shift(unsigned long pfn, unsigned long last)
{
	unsigned int shift = 0;

	while (pfn >> shift >> PFT_NODE_BITS != last >> shift >> PFT_NODE_BITS)
		shift += PFT_NODE_BITS;
	/* The whole of a node is held by the slot above. */
	if (shift < PFT_TOP_SHIFT && last - pfn == pft_low(shift + PFT_NODE_BITS))
		shift += PFT_NODE_BITS;
	return shift;
}

/**
 * struct pft_span - page frames; none if @last is before @pfn
 * @pfn: first page frame
 * @last: last page frame
 */
struct pft_span {
	unsigned long pfn;
	unsigned long last;
};

/* The largest aligned block around @pfn that lies within @range. */
static struct pft_span pft_block(unsigned long pfn, struct pft_span range)
{
	struct pft_span block = { pfn, pfn };
	unsigned int shift;

	for (shift = PFT_NODE_BITS; shift <= PFT_TOP_SHIFT;
	     shift += PFT_NODE_BITS) {
		unsigned long low = pft_low(shift);

		if ((pfn & ~low) < range.pfn || (pfn | low) > range.last)
			break;
		block.pfn = pfn & ~low;
		block.last = pfn | low;
	}
	return block;
}

/* Hold @new instead of @old so that no reader finds their overlap free. */
static int pft_exchange(struct pft_span old, struct pft_span new,
			unsigned int attr)
{
	int ret;

	/* Nothing that stays moves to another slot. */
	if (old.pfn > old.last)
		return pft_hold(new.pfn, new.last, attr) ? 0 : -ENOMEM;
	if (new.pfn > new.last) {
		pft_drop(old.pfn, old.last, attr);
		return 0;
	}

	/* Pairs with pft_segment_held().  Nothing in here allocates or frees. */
	preempt_disable();
	raw_write_seqcount_begin(&pft_segment_seq);
	ret = pft_hold(new.pfn, new.last, attr) ? 0 : -ENOMEM;
	/* New slots before old ones, also for readers that see the count odd. */
	smp_wmb();
	if (!ret)
		pft_drop(old.pfn, old.last, attr);
	raw_write_seqcount_end(&pft_segment_seq);
	preempt_enable();
	return ret;
}

/**
 * pft_segment_add - hold a range
 * @rec: whose range, attribute and holder are set
 *
 * Context: pft_lock held.
 *
 * Return: 0; -ENOMEM if the stock has run out, then nothing changed.
 */
int pft_segment_add(struct pft_record *rec)
{
	struct pft_node *node;

	lockdep_assert_held(&pft_lock);
	node = pft_hold(rec->pfn, rec->last, rec->got);
	if (!node)
		return -ENOMEM;
	/* The first run lies in the home, or below it: see pft_home_shift(). */
	while ((node->pfn ^ rec->last) >> node->shift >> PFT_NODE_BITS)
		node = node->up;
	list_add_tail(&rec->home, &node->records);
	return 0;
}

/**
 * pft_segment_del - hold a range no longer
 * @rec: as passed to pft_segment_add()
 *
 * Context: pft_lock held.
 */
void pft_segment_del(struct pft_record *rec)
{
	lockdep_assert_held(&pft_lock);
	list_del(&rec->home);
	pft_drop(rec->pfn, rec->last, rec->got);
	pft_prune();
}

/**
 * pft_segment_resize - hold more or less
 * @rec: held
 * @pfn: first page frame from now on
 * @last: last page frame from now on; one of the two ends stays
 *
 * Between the end that stays and the block in which the other one moves, old
 * and new range are made of the same blocks.
 *
 * Context: pft_lock held.
 *
 * Return: 0; -ENOMEM if the stock has run out, then nothing changed.
 */
int pft_segment_resize(struct pft_record *rec, unsigned long pfn,
		       unsigned long last)
{
	struct pft_span old = { rec->pfn, rec->last }, new = { pfn, last };
	struct pft_span larger = new.last - new.pfn > old.last - old.pfn ?
				 new : old;
	unsigned int shift, old_shift;
	int ret;

	lockdep_assert_held(&pft_lock);
	if (rec->last != last) {
		new.pfn = pft_block(min(old.last, last) + 1, larger).pfn;
		old.pfn = new.pfn;
	} else {
		new.last = pft_block(max(old.pfn, pfn) - 1, larger).last;
		old.last = new.last;
	}
	ret = pft_exchange(old, new, rec->got);
	if (ret)
		return ret;

	shift = pft_home_shift(pfn, last);
	old_shift = pft_home_shift(rec->pfn, rec->last);
	if (shift != old_shift || (pfn ^ rec->pfn) >> shift >> PFT_NODE_BITS) {
		struct pft_node *home = pft_node_find(rec->pfn, old_shift);

		list_move_tail(&rec->home, &pft_node_find(pfn, shift)->records);
		pft_settle(home);
	}
	rec->pfn = pfn;
	rec->last = last;
	pft_prune();
	return 0;
}

/**
 * pft_segment_append - hold one page frame more, if nobody else holds it
 * @rec: held, to grow at its end
 *
 * For what faults insert in order.  Only within the block of the last page, so
 * that all that happens is that a slot beside it is taken: no page moves, and
 * those above know of the attribute already.
 *
 * Context: pft_lock held.
 *
 * Return: false if it is not as simple as that; then nothing changed.
 */
bool pft_segment_append(struct pft_record *rec)
{
	const unsigned long pfn = rec->last + 1;
	const unsigned int slot = pft_slot(pfn, 0);
	struct pft_node *node = pft_top();

	lockdep_assert_held(&pft_lock);
	/* The first of a block needs a leaf; the last one makes it a block. */
	if (!slot || slot == PFT_NODE_SLOTS - 1)
		return false;
	while (node->shift) {
		u32 *set = &node->held[pft_slot(pfn, node->shift)];

		if (*set & PFT_HERE_MASK)
			return false;
		node = pft_child(node, set - node->held);
	}
	if (node->held[slot])
		return false;
	pft_set(node, slot, BIT(rec->got));
	pft_tally(node, rec->got, 1);
	rec->last = pfn;
	return true;
}

static unsigned int pft_run_held(const struct pft_run *run)
{
	const struct pft_node *node = rcu_dereference_check(pft_root,
						lockdep_is_held(&pft_lock));
	unsigned int slot = run->slot, end = run->end;
	u32 held = 0, all = 0;

	if (pft_beyond(node, run->pfn))
		return 0;
	/* A run of larger blocks than the root is made of begins with all of it. */
	if (node->shift < run->shift) {
		slot = 0;
		end = PFT_NODE_SLOTS - 1;
	}

	while (node && node->shift > run->shift) {
		u32 set = READ_ONCE(node->held[pft_slot(run->pfn, node->shift)]);

		held |= set & PFT_HERE_MASK;
		if (!(set >> PFT_BELOW_SHIFT))
			return held;
		node = pft_child(node, pft_slot(run->pfn, node->shift));
	}
	for (; node && slot <= end; slot++)
		all |= READ_ONCE(node->held[slot]);
	return held | (all & PFT_HERE_MASK) | all >> PFT_BELOW_SHIFT;
}

static unsigned int pft_held_once(unsigned long pfn, unsigned long last)
{
	struct pft_run run;
	unsigned int held = 0;

	pft_run_at(&run, pfn, last);
	do {
		held |= pft_run_held(&run);
	} while (pft_run_next(&run, last));
	return held;
}

/**
 * pft_segment_held - with which attributes a range is held
 * @pfn: first page frame
 * @last: last page frame
 *
 * Takes no lock and waits for nothing.  Its time goes with the height of the
 * tree, neither with the size of the range nor with the number of holders.
 *
 * A writer that moves pages between slots holds them in the new slots before
 * it drops the old ones.  A pass meanwhile may read a page's new slot too early
 * and its old one too late, so it is repeated, up to PFT_HELD_TRIES times, and
 * the answer is then the sum of all passes: a writer that is interrupted, or
 * whose virtual CPU does not run, stands still and hides nothing.
 *
 * Context: Any, NMI included.  Under pft_lock one pass is enough.
 *
 * Return: bit mask, BIT(enum pfn_attr).
 */
unsigned int pft_segment_held(unsigned long pfn, unsigned long last)
{
	unsigned int seq, held, sum = 0, try = 0;

	rcu_read_lock();
	do {
		seq = raw_read_seqcount(&pft_segment_seq);
		held = pft_held_once(pfn, last);
		sum |= held;
		/* Pairs with pft_exchange(). */
		if (!(seq & 1) && !read_seqcount_retry(&pft_segment_seq, seq))
			break;
		held = sum;
	} while (++try < PFT_HELD_TRIES);
	rcu_read_unlock();
	return held;
}

/* === Records ============================================================ */

/* The next node in which records of @walk may be; parents come first. */
static struct pft_node *pft_node_next(struct pft_walk *walk)
{
	u32 below = walk->attrs << PFT_BELOW_SHIFT;
	struct pft_node *node = walk->node;
	unsigned int slot = 0, first = 0;

	for (;;) {
		unsigned long span = pft_low(node->shift);

		for (; node->shift && slot < PFT_NODE_SLOTS; slot++) {
			unsigned long pfn = node->pfn +
					    ((unsigned long)slot << node->shift);

			if (node->held[slot] & below && pfn <= walk->last &&
			    pfn + span >= walk->pfn) {
				walk->taken += (slot - first) / PFT_SLOTS_STEP;
				return pft_child(node, slot);
			}
		}
		walk->taken += (slot - first) / PFT_SLOTS_STEP;
		if (!node->up)
			return NULL;
		slot = pft_slot(node->pfn, node->up->shift) + 1;
		first = slot;
		node = node->up;
	}
}

static bool pft_walk_wants(const struct pft_walk *walk,
			   const struct pft_record *rec)
{
	return BIT(rec->got) & walk->attrs && rec->pfn <= walk->last &&
	       rec->last >= walk->pfn;
}

/**
 * pft_segment_walk - find the records that overlap a range
 * @walk: says which; repeated calls come to an end
 *
 * Those that fit into the same blocks are found in the order in which they were
 * made.  Every record that is looked at counts as a step, and so do
 * PFT_SLOTS_STEP slots of a node.
 *
 * Context: pft_lock held, from the first call to the last unless the walk is
 * paused in between.
 *
 * Return: the next record; NULL if there is none, when @walk->node is NULL, or
 * if none was found within @walk->steps.
 */
struct pft_record *pft_segment_walk(struct pft_walk *walk)
{
	lockdep_assert_held(&pft_lock);
	if (!walk->node) {
		walk->node = pft_top();
		walk->rec = list_entry(&walk->node->records, struct pft_record,
				       home);
	}
	while (!walk->steps || walk->taken < walk->steps) {
		walk->taken++;
		walk->rec = list_next_entry(walk->rec, home);
		if (&walk->rec->home != &walk->node->records) {
			if (pft_walk_wants(walk, walk->rec))
				return walk->rec;
			continue;
		}
		walk->node = pft_node_next(walk);
		if (!walk->node)
			break;
		walk->rec = list_entry(&walk->node->records, struct pft_record,
				       home);
	}
	if (walk->taken > atomic_long_read(&pft_stats[PFT_STAT_MAX_STEPS]))
		atomic_long_set(&pft_stats[PFT_STAT_MAX_STEPS], walk->taken);
	return NULL;
}

/**
 * pft_segment_pause - keep the place of a walk while the lock is dropped
 * @walk: begun and not at its end
 * @mark: stands in the list of records until pft_segment_resume(); no walk finds
 *	it, and its node is not freed
 *
 * Context: pft_lock held.
 */
void pft_segment_pause(const struct pft_walk *walk, struct pft_record *mark)
{
	lockdep_assert_held(&pft_lock);
	/* No walk asks for an attribute that is none. */
	*mark = (struct pft_record){ .got = PFN_ATTR_COUNT };
	list_add(&mark->home, &walk->rec->home);
}

/**
 * pft_segment_resume - continue a walk, or end it, where it was paused
 * @walk: the walk
 * @mark: as passed to pft_segment_pause(); not in use any more
 *
 * Records that were moved to another node meanwhile, because they changed their
 * size, may be found again or not at all.
 *
 * Context: pft_lock held; pft_unlock() frees what has been empty for long.
 */
void pft_segment_resume(struct pft_walk *walk, struct pft_record *mark)
{
	lockdep_assert_held(&pft_lock);
	walk->rec = list_prev_entry(mark, home);
	list_del(&mark->home);
	pft_settle(walk->node);
	/* Not that node, which is now the one that has been empty shortest. */
	pft_prune();
}

/**
 * pft_segment_init - make the root
 *
 * Context: Boot, single CPU.
 *
 * Return: 0 or -ENOMEM.
 */
int __init pft_segment_init(void)
{
	struct pft_node *root;
	struct kmem_cache *cache;

	cache = kmem_cache_create("pft_inner",
				  struct_size(root, child, PFT_NODE_SLOTS), 0,
				  0, NULL);
	if (pft_stock_init(PFT_STOCK_INNER, cache) ||
	    pft_stock_init(PFT_STOCK_LEAF, KMEM_CACHE(pft_node, 0)) ||
	    pft_stock_init(PFT_STOCK_EXTRA, KMEM_CACHE(pft_extra, 0)))
		return -ENOMEM;
	root = kmem_cache_zalloc(cache, GFP_KERNEL);
	if (!root)
		return -ENOMEM;
	pft_node_start(root, NULL, 0, PFT_ROOT_SHIFT);
	RCU_INIT_POINTER(pft_root, root);
	return 0;
}
