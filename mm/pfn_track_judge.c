// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track judging: what there is to say of a newcomer beside what is held,
 * whether a policy refuses it, and both sides of the story.
 */
#include "pfn_track_internal.h"
#include <trace/events/pfn_track.h>

/* Attributes that let lines into the cache. */
#define PFT_CACHED		(BIT(PFN_ATTR_WB) | BIT(PFN_ATTR_WT) | \
				 BIT(PFN_ATTR_WP))

/**
 * pft_judge_mask - find the worst rule
 * @j: gets it, unless it has a worse one
 * @new: the newcomer's page frames
 * @attr: attribute of the newcomer
 * @mask: BIT(enum pfn_attr) of what is held
 */
void pft_judge_mask(struct pft_judgement *j, const struct pft_record *new,
		    enum pfn_attr attr, unsigned long mask)
{
	unsigned int held;

	for_each_set_bit(held, &mask, PFN_ATTR_COUNT) {
		const struct pfn_attr_pair *rule =
			pfn_attr_judge_at(new->pfn, new->last, attr, held);

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

/*
 * Compare with the linear map, page-exact.  Each newcomer is compared, also if
 * others have the page with the same attribute already: they may have been let
 * in under another policy, or map nothing, as claims do.
 */
static void pft_judge_linear(struct pft_judgement *j,
			     const struct pft_record *new, unsigned int how)
{
	unsigned long mask, from = new->pfn, to = new->last;
	unsigned int attr;

	mask = pfn_attr_linear(new->pfn, new->last, &from, &to);
	for_each_set_bit(attr, &mask, PFN_ATTR_COUNT) {
		const struct pfn_attr_pair *rule =
			pfn_attr_judge_linear(new->got, attr,
					      how & PFT_CLEANED);

		if (j->rule && rule->verdict <= j->rule->verdict)
			continue;
		j->rule = rule;
		j->held = attr;
		j->linear = true;
		j->linear_pfn = from;
		j->linear_last = to;
	}
}

/**
 * pft_judge_beside - judge a newcomer against given attributes
 * @j: gets the judgement
 * @new: as for pft_judge()
 * @how: as for pft_judge()
 * @held: bit mask, BIT(enum pfn_attr), of what is held; the linear map comes on
 *	top unless @how says otherwise
 *
 * Context: Any but interrupts.
 */
void pft_judge_beside(struct pft_judgement *j, const struct pft_record *new,
		      unsigned int how, unsigned int held)
{
	*j = (struct pft_judgement){
		.held = new->got,
		.other = new->want != new->got,
		.loss = pft_is_loss(new->want, new->got),
	};
	if (held)
		pft_judge_mask(j, new, new->got, held);
	if ((new->got != PFN_ATTR_WB || how & PFT_LINEAR) &&
	    !(how & PFT_NOT_LINEAR) &&
	    pft_policy_of(PFN_KIND_LINEAR) != PFN_POLICY_OFF)
		pft_judge_linear(j, new, how);
}

/**
 * pft_judge - compare a newcomer with what is held
 * @j: gets the result
 * @new: its page frames, attributes and kind
 * @how: %PFT_NOT_LINEAR if the linear map does not matter, %PFT_LINEAR if it
 *	does even for what is write-back, %PFT_CLEANED if the caches were
 *	cleaned for it
 *
 * The linear map, too, holds RAM.
 *
 * Context: Any; page tables may be read.
 */
void pft_judge(struct pft_judgement *j, const struct pft_record *new,
	       unsigned int how)
{
	pft_judge_beside(j, new, how, pft_segment_held(new->pfn, new->last));
}

/* Where page frame 0 would be, if a record began there. */
static unsigned long pft_base(const struct pft_record *rec)
{
	return rec->va - (rec->pfn << PAGE_SHIFT);
}

/*
 * Caches that show colours: whoever else has the same page frames cached must
 * have them at addresses that meet in the cache.  The linear map is left out:
 * flush_dcache_page() and its kin keep it in step.
 */
static void pft_judge_colours(struct pft_judgement *j,
			      const struct pft_record *new)
{
	struct pft_walk walk = {
		.pfn = new->pfn,
		.last = new->last,
		.attrs = PFT_CACHED,
		.steps = PFT_STEPS,
	};
	const struct pfn_attr_pair *rule;
	struct pft_record *rec;

	if (!new->writable || !(BIT(new->got) & PFT_CACHED))
		return;
	while ((rec = pft_segment_walk(&walk))) {
		rule = pfn_attr_judge_colour(pft_base(new), pft_base(rec));
		if (!rec->writable || !rule ||
		    (j->rule && rule->verdict <= j->rule->verdict))
			continue;
		j->rule = rule;
		j->held = rec->got;
		j->beside = rec;
		j->linear = false;
	}
}

/**
 * pft_judge_newcomer - the same, and colours, of what goes on record
 * @j: gets it; nobody in it can go as long as the lock is held
 * @new: as for pft_judge(), and its addresses
 * @how: likewise
 *
 * Context: pft_lock held.
 */
void pft_judge_newcomer(struct pft_judgement *j, const struct pft_record *new,
			unsigned int how)
{
	pft_judge(j, new, how);
	if (cpu_dcache_is_aliasing())
		pft_judge_colours(j, new);
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
		.steps = PFT_STEPS,
	};
	struct pft_record *rec, *worst = NULL;
	struct pft_judgement j = { };

	while ((rec = pft_segment_walk(&walk))) {
		const struct pfn_attr_pair *rule = j.rule;

		if (rec->space == range->space && rec->id == range->id &&
		    rec->va <= range->va_last && pft_va_last(rec) >= range->va)
			continue;
		pft_judge_mask(&j, new, new->got, BIT(rec->got));
		if (!worst || j.rule != rule)
			worst = rec;
	}
	return worst;
}

/**
 * pft_judge_change - the same of what would be given another attribute
 * @j: gets it; nobody in it can go as long as the lock is held
 * @new: as it would be
 * @range: the addresses of all that changes together with it
 *
 * Context: pft_lock held.
 */
void pft_judge_change(struct pft_judgement *j, const struct pft_record *new,
		      const struct pft_range *range)
{
	struct pft_record *beside = pft_worst_beside(new, range);

	pft_judge_beside(j, new, 0, beside ? BIT(beside->got) : 0);
	j->beside = beside;
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
	struct pft_walk walk = {
		.pfn = pfn,
		.last = last,
		.attrs = BIT(attr),
		.steps = PFT_STEPS,
	};
	struct pft_record *rec, *oldest = NULL;

	while ((rec = pft_segment_walk(&walk)))
		if (!oldest || rec->seq < oldest->seq)
			oldest = rec;
	return oldest;
}

/**
 * pft_capture - note both sides of a conflict, with references
 * @c: gets them, and what there is to say
 * @new: the newcomer
 * @j: its judgement
 *
 * Context: pft_lock held, because the other side may be unmapped as soon as it
 * is dropped.
 */
void pft_capture(struct pft_conflict *c, const struct pft_record *new,
		 const struct pft_judgement *j)
{
	struct pft_record *held;

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
		c->held.pfn = j->linear_pfn;
		c->held.last = j->linear_last;
		c->held.holder = pft_holder_kernel();
		c->pfn = j->linear_pfn;
		c->last = j->linear_last;
		return;
	}
	if (j->beside || c->rule)
		held = j->beside ?: pft_oldest(new->pfn, new->last, j->held);
	else
		held = pft_decider(new);
	if (!held) {
		c->cause = PFN_CAUSE_PLATFORM;
		return;
	}

	pft_holder_pid(held);
	c->held = *held;
	pft_holder_get(held->holder);
	c->pfn = max(new->pfn, held->pfn);
	c->last = min(new->last, held->last);
}

/**
 * pft_tell - count a conflict, and tell of it
 * @c: both sides; their references are dropped
 * @j: the judgement
 *
 * Context: Any but interrupts; not under pft_lock.
 */
void pft_tell(struct pft_conflict *c, const struct pft_judgement *j)
{
	if (c->cause == PFN_CAUSE_PLATFORM)
		c->cause = pft_find_cause(c);
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
	pft_judge_mask(&j, new, new->want,
		       pft_segment_held(new->pfn, new->last));
	/* Mappings that agree do not explain why one of them was refused. */
	if (result == PFN_RESULT_REFUSED_ARCH && j.rule &&
	    j.rule->verdict == PFN_VERDICT_SAME)
		j.rule = NULL;
	pft_capture(&c, new, &j);
	if (!j.rule) {
		c.verdict = PFN_VERDICT_UNKNOWN;
		if (c.held.holder)
			c.cause = PFN_CAUSE_NOT_PLAIN;
	}
	pft_unlock();

	pft_tell(&c, &j);
	pft_holder_put(new->holder);
}
