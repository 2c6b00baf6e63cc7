// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track registry: who maps which physical range with which cache attribute.
 *
 * The front door.  Hooks and drivers enter here; a newcomer is decoded
 * (arch/generic/pat), judged against what the store holds, and recorded or
 * refused by the policy.  Judging and recording happen under one hold of
 * pft_lock, so two newcomers cannot both be let in unseen.  Memory is taken
 * before the lock, and reports are written after it.
 *
 * Mappings are never refused for want of memory, and tear-down never fails:
 * what cannot be stored is counted in "incomplete", and what cannot be split
 * stays held as a whole.
 */
#include "pfn_track_internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/pfn_track.h>

/* Of the records that map an attribute in a range, how many are looked at. */
#define PFT_OLDEST		1000

DEFINE_STATIC_KEY_FALSE(pfn_track_key);
EXPORT_SYMBOL_GPL(pfn_track_key);

bool pfn_track_mixed __read_mostly;

atomic_long_t pft_stats[PFT_STAT_COUNT];

static bool pft_ready __ro_after_init;

/* Serialises changes of policy; the values are read without it. */
static DEFINE_MUTEX(pft_policy_lock);
static unsigned int pft_policy = IS_ENABLED(CONFIG_PFN_TRACK_DEFAULT_OFF) ?
				 PFN_POLICY_OFF : PFN_POLICY_REPORT;
static u8 pft_kind_policy[PFN_KIND_COUNT] = {
	[0 ... PFN_KIND_COUNT - 1] = PFT_POLICY_DEFAULT,
};

/* === Judging ============================================================ */

static enum pfn_policy pft_policy_of(enum pfn_kind kind)
{
	unsigned int policy = READ_ONCE(pft_kind_policy[kind]);

	if (policy != PFT_POLICY_DEFAULT)
		return policy;
	return READ_ONCE(pft_policy);
}

/**
 * pft_verdict - how bad it is
 * @j: a judgement
 *
 * Return: the verdict of its rule, or that of a downgrade if this is worse.
 */
enum pfn_verdict pft_verdict(const struct pft_judgement *j)
{
	enum pfn_verdict verdict = j->rule ? j->rule->verdict : PFN_VERDICT_SAME;

	return j->loss ? max(verdict, PFN_VERDICT_ORDERING) : verdict;
}

/**
 * pft_judge_mask - find the worst rule
 * @j: gets it, unless it has a worse one
 * @attr: attribute of the newcomer
 * @mask: BIT(enum pfn_attr) of what is held
 */
void pft_judge_mask(struct pft_judgement *j, enum pfn_attr attr,
		    unsigned long mask)
{
	unsigned int held;

	for_each_set_bit(held, &mask, PFN_ATTR_COUNT) {
		const struct pfn_attr_pair *rule = pfn_attr_judge(attr, held);

		if (j->rule && rule->verdict <= j->rule->verdict)
			continue;
		j->rule = rule;
		j->held = held;
	}
}

/*
 * Being given something else is slower or weaker at best, but where the two may
 * stand beside each other anyway, like UC and UC-, or where it cannot be told.
 */
static bool pft_is_loss(enum pfn_attr want, enum pfn_attr got)
{
	return want != got &&
	       pfn_attr_judge(want, got)->verdict > PFN_VERDICT_UNKNOWN;
}

/* What there is to say of @new beside @held, BIT(enum pfn_attr). */
static struct pft_judgement pft_judge_beside(const struct pft_record *new,
					     unsigned int how,
					     unsigned int held)
{
	struct pft_judgement j = {
		.held = new->got,
		.other = new->want != new->got,
		.loss = pft_is_loss(new->want, new->got),
	};
	const struct pfn_attr_pair *rule;

	pft_judge_mask(&j, new->got, held);
	if ((new->got == PFN_ATTR_WB && !(how & PFT_LINEAR)) ||
	    held & BIT(new->got) || how & PFT_NOT_LINEAR ||
	    pft_policy_of(PFN_KIND_LINEAR) == PFN_POLICY_OFF)
		return j;
	rule = j.rule;
	pft_judge_mask(&j, new->got, pfn_attr_linear(new->pfn, new->last));
	j.linear = j.rule != rule;
	return j;
}

/**
 * pft_judge - what there is to say of a newcomer
 * @new: its page frames, attributes and kind
 * @how: %PFT_NOT_LINEAR if the linear map does not matter, %PFT_LINEAR if it
 *	does even for what is write-back
 *
 * The linear map, too, holds RAM.  Whoever maps it otherwise first is told so;
 * to whoever follows the first one is the other side.
 *
 * Context: Any but interrupts.
 *
 * Return: the judgement.
 */
struct pft_judgement pft_judge(const struct pft_record *new, unsigned int how)
{
	return pft_judge_beside(new, how,
				pft_segment_held(new->pfn, new->last));
}

/**
 * pft_refuses - whether a policy says no
 * @policy: the policy
 * @j: a judgement
 *
 * Return: true if the newcomer must not be mapped.
 */
bool pft_refuses(enum pfn_policy policy, const struct pft_judgement *j)
{
	enum pfn_verdict got = j->rule ? j->rule->verdict : PFN_VERDICT_SAME;

	switch (policy) {
	case PFN_POLICY_ENFORCE:
		return got >= PFN_VERDICT_INCOHERENT;
	case PFN_POLICY_STRICT:
		return got >= PFN_VERDICT_ORDERING || j->other;
	default:
		return false;
	}
}

/*
 * Of the records that map @attr in a range, the one that has been there
 * longest; of very many, of the first that are found.
 */
static struct pft_record *pft_oldest(unsigned long pfn, unsigned long last,
				     enum pfn_attr attr)
{
	struct pft_walk walk = { .pfn = pfn, .last = last, .attrs = BIT(attr) };
	struct pft_record *rec, *oldest = NULL;
	unsigned int nr = 0;

	while (nr++ < PFT_OLDEST && (rec = pft_segment_walk(&walk)))
		if (!oldest || rec->time < oldest->time)
			oldest = rec;
	return oldest;
}

/*
 * Note both sides of a conflict, with references.  Under pft_lock, because the
 * other side may be unmapped as soon as it is dropped.  @held is the other side
 * unless that is the linear map; NULL to have it looked for.
 */
static void pft_capture(struct pft_conflict *c, const struct pft_record *new,
			const struct pft_judgement *j, struct pft_record *held)
{
	c->pfn = new->pfn;
	c->last = new->last;
	c->new = *new;
	pft_holder_get(new->holder);
	c->verdict = pft_verdict(j);
	c->held = (struct pft_record){ .got = j->held, .want = j->held };
	/* A downgrade that harms nobody else is explained without a rule. */
	c->rule = j->rule;
	if (j->loss && c->rule && c->rule->verdict < PFN_VERDICT_ORDERING)
		c->rule = NULL;

	if (j->linear) {
		c->held.kind = PFN_KIND_LINEAR;
		c->held.space = PFN_SPACE_KERNEL;
		c->held.pfn = new->pfn;
		c->held.last = new->last;
		c->held.holder = pft_holder_kernel();
		return;
	}
	if (!held)
		held = pft_oldest(new->pfn, new->last, j->held);
	if (!held)
		return;

	pft_holder_pid(held);
	c->held = *held;
	pft_holder_get(held->holder);
	c->pfn = max(new->pfn, held->pfn);
	c->last = min(new->last, held->last);
}

static void pft_tell(struct pft_conflict *c, const struct pft_judgement *j)
{
	pft_count(PFT_STAT_CONFLICTS);
	if (c->result != PFN_RESULT_MAPPED)
		pft_count(PFT_STAT_REFUSED);
	else if (j->loss)
		pft_count(PFT_STAT_DOWNGRADES);
	trace_pfn_conflict(c);
	pft_report_conflict(c);
	pft_holder_put(c->new.holder);
	pft_holder_put(c->held.holder);
}

/* === Recording ========================================================== */

/**
 * pft_on - whether anything is recorded
 *
 * Context: Under pft_lock the answer stays true until it is released.
 *
 * Return: true under any policy but "off".
 */
bool pft_on(void)
{
	return READ_ONCE(pft_policy) != PFN_POLICY_OFF;
}

/**
 * pft_make_record - record what is mapped, or count that this could not be done
 * @new: the mapping; keeps its reference to the holder only if no record took
 *	it over
 * @spot: where it goes, from pft_store_spot() under the same hold of the lock
 *
 * Context: pft_lock held, by pft_lock_stocked().
 */
void pft_make_record(struct pft_record *new, struct pft_spot *spot)
{
	int ret = pft_store_insert(new, spot);

	if (ret < 0) {
		pft_count(PFT_STAT_INCOMPLETE);
		return;
	}
	pft_count_locked(PFT_STAT_MAPS, 1);
	trace_pfn_map(new);
	if (ret)
		new->holder = NULL;
}

/*
 * Cut the next piece out of @range.  GFP_NOWAIT because tear-down runs under
 * page table locks, and in the OOM reaper.
 *
 * Return: true if there may be more, behind the piece.
 */
static bool pft_unmap_one(struct pft_range *range, struct pft_cut *cut)
{
	unsigned long last;
	int ret;

	pft_lock_stocked(GFP_NOWAIT | __GFP_NOWARN);
	ret = pft_store_cut(range, cut);
	if (ret < 0) {
		/* It stays held as a whole: wrong, but safe. */
		pft_count(PFT_STAT_INCOMPLETE);
	} else if (ret) {
		pft_count_locked(PFT_STAT_UNMAPS, 1);
		trace_pfn_unmap(&cut->piece);
	}
	spin_unlock(&pft_lock);
	if (!ret)
		return false;

	last = pft_va_last(&cut->piece);
	if (ret < 0)
		range->va = last + 1;
	/* What could not be cut may share addresses with others. */
	return last < range->va_last ||
	       (ret > 0 && atomic_long_read(&pft_stats[PFT_STAT_INCOMPLETE]));
}

/**
 * pft_unmap - drop what is recorded in a range of virtual addresses
 * @where: the range; that there was nothing is no error here
 * @may_sleep: no lock is held: many records need not go in one go
 *
 * Context: Any but interrupts.
 */
void pft_unmap(const struct pft_range *where, bool may_sleep)
{
	struct pft_range range = *where;
	struct pft_cut cut;
	bool more;

	do {
		more = pft_unmap_one(&range, &cut);
		if (cut.gone)
			pft_holder_put(cut.piece.holder);
		if (may_sleep)
			cond_resched();
	} while (more);
}

/* The addresses of a record; a claim has a space of its own, all of it. */
static struct pft_range pft_range_of(const struct pft_record *rec)
{
	return (struct pft_range){
		.space = rec->space,
		.id = rec->id,
		.va = rec->va,
		.va_last = rec->space == PFN_SPACE_NONE ? ULONG_MAX :
							  pft_va_last(rec),
	};
}

/*
 * There is something to say of a newcomer.  Apart, because what is said takes
 * room on the stack that most mappings need not have.
 */
static noinline int pft_map_told(struct pft_record *new, struct pft_spot *spot,
				 const struct pft_judgement *j,
				 enum pfn_policy policy, bool refused)
	__releases(&pft_lock)
{
	struct pft_conflict c = {
		.policy = policy,
		.result = refused ? PFN_RESULT_REFUSED : PFN_RESULT_MAPPED,
	};

	pft_capture(&c, new, j, NULL);
	if (!refused)
		pft_make_record(new, spot);
	spin_unlock(&pft_lock);

	pft_tell(&c, j);
	pft_holder_put(new->holder);
	return refused ? -EBUSY : 0;
}

/* Judge @new and, unless it is refused, record it. */
static int pft_admit(struct pft_record *new, struct pft_spot *spot,
		     unsigned int how)
	__releases(&pft_lock)
{
	struct pft_judgement j = pft_judge(new, how);
	enum pfn_policy policy = pft_policy_of(new->kind);
	enum pfn_verdict verdict = pft_verdict(&j);
	bool refused;

	/* Of the two, the one that lets more in. */
	if (j.linear)
		policy = min(policy, pft_policy_of(PFN_KIND_LINEAR));
	refused = !(how & PFT_MAPPED) &&
		  (pft_refuses(policy, &j) ||
		   (how & PFT_EXACT && policy != PFN_POLICY_OFF &&
		    verdict != PFN_VERDICT_SAME));

	if (unlikely(refused || (policy != PFN_POLICY_OFF &&
				 verdict >= PFN_VERDICT_ORDERING)))
		return pft_map_told(new, spot, &j, policy, refused);

	pft_make_record(new, spot);
	spin_unlock(&pft_lock);
	pft_holder_put(new->holder);
	return 0;
}

/*
 * What faults insert mostly goes on where the one before it ended.  If nobody
 * else holds the page frame there is nothing to say of it that was not said of
 * its neighbour, and nothing new to be stored but that there is one more.
 */
static bool pft_map_next(struct pft_record *new, const struct pft_who *who)
{
	struct pft_record *rec;
	bool done;

	/* What was wanted, and the linear map, are judged page by page. */
	if (new->pfn != new->last || new->want != new->got ||
	    (new->got != PFN_ATTR_WB && pfn_valid(new->pfn)))
		return false;

	spin_lock(&pft_lock);
	rec = pft_store_before(new);
	done = rec && pft_on() && pft_holder_is(rec->holder, who) &&
	       pft_segment_append(rec);
	if (done) {
		pft_count_locked(PFT_STAT_MAPS, 1);
		new->holder = rec->holder;
		trace_pfn_map(new);
	}
	spin_unlock(&pft_lock);
	return done;
}

/**
 * pft_map - the common end of all that maps
 * @new: everything but its holder
 * @who: on whose behalf
 * @how: %PFT_EXACT, %PFT_NOT_LINEAR, %PFT_MAPPED, %PFT_LINEAR
 *
 * Context: Process context, under locks if @who->gfp says so.
 *
 * Return: 0, or -EBUSY if it is refused; then nothing is recorded.
 */
int pft_map(struct pft_record *new, const struct pft_who *who, unsigned int how)
{
	struct pft_spot spot;

	if (new->kind == PFN_KIND_INSERT && !how && pft_map_next(new, who))
		return 0;

	new->holder = pft_holder_find(who);
	new->time = ktime_get_boot_fast_ns();
	pft_lock_stocked(who->gfp);
	/*
	 * The page tables are empty there, or they could not be filled: what is
	 * recorded has lost its mapping unseen.
	 */
	if (unlikely(!pft_store_spot(new, &spot))) {
		const struct pft_range where = pft_range_of(new);

		spin_unlock(&pft_lock);
		pft_unmap(&where, gfpflags_allow_blocking(who->gfp));
		pft_lock_stocked(who->gfp);
		pft_store_spot(new, &spot);
	}
	if (likely(pft_on()))
		return pft_admit(new, &spot, how);

	/* Switched off meanwhile: nothing may enter a store that was emptied. */
	spin_unlock(&pft_lock);
	pft_holder_put(new->holder);
	return 0;
}

/* === Changing =========================================================== */

/*
 * Give the first record in @range another attribute, as far as it lies in it.
 * True if there may be more, behind it.
 */
static bool pft_change_one(struct pft_range *range, enum pfn_attr got)
{
	struct pft_record *rec;
	struct pft_spot spot;
	struct pft_cut cut;
	unsigned long last;

	pft_lock_stocked(GFP_NOWAIT | __GFP_NOWARN);
	rec = pft_store_first(range);
	if (!rec) {
		spin_unlock(&pft_lock);
		return false;
	}
	last = pft_va_last(rec);
	if (rec->got == got) {
		spin_unlock(&pft_lock);
	} else if (pft_store_cut(range, &cut) < 0) {
		pft_count(PFT_STAT_INCOMPLETE);
		spin_unlock(&pft_lock);
	} else {
		pft_count_locked(PFT_STAT_UNMAPS, 1);
		trace_pfn_unmap(&cut.piece);
		if (!cut.gone)
			pft_holder_get(cut.piece.holder);
		cut.piece.got = got;
		/* Where it was cut out there is room. */
		pft_store_spot(&cut.piece, &spot);
		pft_admit(&cut.piece, &spot, PFT_MAPPED);
	}
	if (last >= range->va_last)
		return false;
	range->va = last + 1;
	return true;
}

/**
 * pft_change - page table entries have been given another attribute
 * @where: their addresses; what is not on record there has none
 * @got: the attribute that they have now
 *
 * Judged anew and told of, but never refused: it has happened.
 *
 * Context: The lock of the page table is held.
 */
void pft_change(const struct pft_range *where, enum pfn_attr got)
{
	struct pft_range range = *where;

	while (pft_change_one(&range, got))
		;
}

/*
 * Of those who would be beside @new, the one with whom it would be worst; NULL
 * if nobody is.  Not whoever changes together with it, in @range.
 */
static struct pft_record *pft_worst_beside(const struct pft_record *new,
					   const struct pft_range *range)
{
	struct pft_walk walk = {
		.pfn = new->pfn,
		.last = new->last,
		.attrs = BIT(PFN_ATTR_COUNT) - 1,
	};
	struct pft_record *rec, *worst = NULL;
	struct pft_judgement j = { };
	unsigned int nr = 0;

	while (nr++ < PFT_OLDEST && (rec = pft_segment_walk(&walk))) {
		const struct pfn_attr_pair *rule = j.rule;

		if (rec->space == range->space && rec->id == range->id &&
		    rec->va <= range->va_last && pft_va_last(rec) >= range->va)
			continue;
		pft_judge_mask(&j, new->got, BIT(rec->got));
		if (!worst || j.rule != rule)
			worst = rec;
	}
	return worst;
}

/* The same question as below, of the first record in @range, the rest of @whole. */
static int pft_may_change_one(struct pft_range *range,
			      const struct pft_range *whole, enum pfn_attr got)
{
	struct pft_conflict c = { .result = PFN_RESULT_REFUSED };
	struct pft_record *rec, *beside, new;
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
	if (new.got == got)
		goto may;
	new.got = got;
	beside = pft_worst_beside(&new, whole);
	j = pft_judge_beside(&new, 0, beside ? BIT(beside->got) : 0);
	c.policy = pft_policy_of(new.kind);
	if (j.linear)
		c.policy = min(c.policy, pft_policy_of(PFN_KIND_LINEAR));
	if (!pft_refuses(c.policy, &j))
		goto may;
	pft_capture(&c, &new, &j, beside);
	spin_unlock(&pft_lock);
	pft_tell(&c, &j);
	return -EBUSY;

may:
	spin_unlock(&pft_lock);
	return 0;
}

/**
 * pft_may_change - whether page table entries may have another attribute
 * @where: their addresses
 * @got: the attribute that they would have
 *
 * A refusal is told of; what is let through is told of by pft_change().
 *
 * Context: Process context, may sleep.  The address space is locked for
 * writing, so that what is on record there can only become less.
 *
 * Return: 0, or -EBUSY if the policy refuses it.
 */
int pft_may_change(const struct pft_range *where, enum pfn_attr got)
{
	struct pft_range range = *where;
	int ret;

	for (;;) {
		ret = pft_may_change_one(&range, where, got);
		if (ret || range.va == range.va_last)
			return ret;
		range.va++;
		cond_resched();
	}
}

/**
 * pft_pfns - a physical byte range as page frames
 * @rec: gets them
 * @start: first byte
 * @size: bytes
 *
 * Return: false if the range is empty, wraps, or lies where a page frame number
 * cannot reach.
 */
bool pft_pfns(struct pft_record *rec, u64 start, u64 size)
{
	u64 last = start + size - 1;

	if (!size || last < start || last > PHYS_ADDR_MAX ||
	    last >> PAGE_SHIFT > ULONG_MAX)
		return false;
	rec->pfn = PHYS_PFN(start);
	rec->last = PHYS_PFN(last);
	return true;
}

/**
 * pft_pfns_from - the same for a range that begins with a page frame
 * @rec: gets them
 * @pfn: first page frame
 * @size: bytes
 *
 * Return: as pft_pfns().
 */
bool pft_pfns_from(struct pft_record *rec, unsigned long pfn,
		   unsigned long size)
{
	return pfn <= PHYS_PFN(PHYS_ADDR_MAX) &&
	       pft_pfns(rec, (u64)pfn << PAGE_SHIFT, size);
}

/* === What is told of, but never on record =============================== */

/**
 * pft_tell_unrecorded - report a newcomer that gets no record
 * @new: everything but its holder; is judged by what it wants
 * @who: on whose behalf
 * @result: what became of it
 *
 * Context: Any but interrupts, under locks if @who->gfp says so.
 */
void pft_tell_unrecorded(struct pft_record *new, const struct pft_who *who,
			 enum pfn_result result)
{
	struct pft_conflict c = {
		.result = result,
		.policy = pft_policy_of(new->kind),
	};
	struct pft_judgement j = { .held = PFN_ATTR_UNKNOWN };

	if (c.policy == PFN_POLICY_OFF)
		return;
	new->holder = pft_holder_find(who);
	new->time = ktime_get_boot_fast_ns();

	spin_lock(&pft_lock);
	pft_judge_mask(&j, new->want, pft_segment_held(new->pfn, new->last));
	pft_capture(&c, new, &j, NULL);
	/* Whoever the architecture had in mind, it is not on record. */
	if (!j.rule)
		c.verdict = PFN_VERDICT_UNKNOWN;
	spin_unlock(&pft_lock);

	pft_tell(&c, &j);
	pft_holder_put(new->holder);
}

void __pfn_track_refused(enum pfn_kind kind, unsigned long pfn,
			 unsigned long size, pgprot_t want, const void *caller)
{
	struct pft_record new = {
		.want = pfn_attr_from_pgprot(want),
		.got = PFN_ATTR_NONE,
		.kind = kind,
		.space = kind == PFN_KIND_REMAP_PFN ? PFN_SPACE_USER :
						      PFN_SPACE_KERNEL,
	};
	const struct pft_who who = {
		.space = new.space,
		.caller = caller,
		.gfp = GFP_KERNEL,
	};

	if (pft_pfns_from(&new, pfn, size))
		pft_tell_unrecorded(&new, &who, PFN_RESULT_REFUSED_ARCH);
}

/* === Policy ============================================================= */

static void pft_drop_all(void)
{
	struct pft_holder *holder;

	do {
		spin_lock(&pft_lock);
		holder = pft_store_pop();
		spin_unlock(&pft_lock);
		pft_holder_put(holder);
		cond_resched();
	} while (holder);
	pft_holder_forget();
}

static int pft_switch_on(void)
{
	int ret = stack_depot_init();

	if (!ret)
		ret = pft_report_start();
	if (ret)
		return ret;
	static_branch_enable(&pfn_track_key);
	return 0;
}

static int pft_set_global(enum pfn_policy policy)
{
	enum pfn_policy old = pft_policy;
	int ret = 0;

	/* Hooks test the policy again under the lock, so order matters. */
	spin_lock(&pft_lock);
	WRITE_ONCE(pft_policy, policy);
	spin_unlock(&pft_lock);

	if (old != PFN_POLICY_OFF && policy == PFN_POLICY_OFF) {
		static_branch_disable(&pfn_track_key);
		pft_drop_all();
	} else if (old == PFN_POLICY_OFF && policy != PFN_POLICY_OFF) {
		ret = pft_switch_on();
		if (ret)
			WRITE_ONCE(pft_policy, PFN_POLICY_OFF);
		else
			/* What was mapped until now is not known. */
			atomic_long_set(&pft_stats[PFT_STAT_LATE], 1);
	}
	return ret;
}

/**
 * pft_set_policy - change the policy at run time
 * @kind: for mappings of this kind, or %PFT_KIND_ALL for the global policy
 * @policy: enum pfn_policy; %PFT_POLICY_DEFAULT makes a kind follow the global
 *	policy again
 *
 * The global policy "off" stops recording and forgets everything.  A kind that
 * is "off" is still recorded, since others are judged against it.
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, -EINVAL for an unknown kind or policy, -ENOMEM if the registry
 * cannot be switched on.
 */
int pft_set_policy(enum pfn_kind kind, unsigned int policy)
{
	int ret = 0;

	if (kind > PFT_KIND_ALL ||
	    (kind == PFT_KIND_ALL ? policy >= PFN_POLICY_COUNT :
				    policy > PFT_POLICY_DEFAULT))
		return -EINVAL;

	if (!pft_ready)
		return -ENOMEM;

	mutex_lock(&pft_policy_lock);
	if (kind == PFT_KIND_ALL)
		ret = pft_set_global(policy);
	else
		WRITE_ONCE(pft_kind_policy[kind], policy);
	mutex_unlock(&pft_policy_lock);
	return ret;
}

/**
 * pft_get_policy - read a policy
 * @kind: as for pft_set_policy()
 *
 * Return: enum pfn_policy or %PFT_POLICY_DEFAULT.
 */
unsigned int pft_get_policy(enum pfn_kind kind)
{
	if (kind == PFT_KIND_ALL)
		return READ_ONCE(pft_policy);
	return READ_ONCE(pft_kind_policy[kind]);
}

/* One word of "pfn_track=": a policy, or kind:policy. */
static int __init pft_parse_word(const char *word)
{
	const char *colon = strchr(word, ':');
	int policy = pft_policy_from_text(colon ? colon + 1 : word,
					  strlen(colon ? colon + 1 : word));
	int kind;

	if (policy < 0)
		return policy;
	if (!colon) {
		if (policy == PFT_POLICY_DEFAULT)
			return -EINVAL;
		pft_policy = policy;
		return 0;
	}
	kind = pft_kind_from_text(word, colon - word);
	if (kind < 0)
		return kind;
	pft_kind_policy[kind] = policy;
	return 0;
}

static int __init pft_setup(char *str)
{
	char *word;

	while ((word = strsep(&str, ","))) {
		if (pft_parse_word(word))
			pr_err("pfn_track: '%s' ignored: expected off|report|enforce|strict or kind:policy\n",
			       word);
	}
	return 0;
}
early_param("pfn_track", pft_setup);

/**
 * pfn_track_init - start the registry
 *
 * Context: Boot, single CPU, as soon as slab and vmalloc work, so that the
 * first ioremap() is recorded already.
 */
void __init pfn_track_init(void)
{
	pfn_attr_init();
	if (pft_store_init() || (pft_on() && pft_switch_on())) {
		pr_err("pfn_track: no memory to start, switched off\n");
		pft_policy = PFN_POLICY_OFF;
		return;
	}
	pft_ready = true;
}
