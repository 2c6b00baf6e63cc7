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

		/* Of two that are as bad, a record says more than the linear map. */
		if (j->rule && rule->verdict + j->linear <= j->rule->verdict)
			continue;
		j->rule = rule;
		j->held = held;
		j->linear = false;
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
	if (j->linear && j->rule->verdict >= PFN_VERDICT_ORDERING)
		j->linear_pages = pfn_attr_linear_pages(from, to, j->held);
}

/**
 * pft_judge_start - judge a newcomer by itself and against the linear map
 * @j: gets the judgement
 * @new: its page frames, attributes and kind
 * @how: %PFT_NOT_LINEAR if the linear map does not matter, %PFT_LINEAR if it
 *	does even for what is write-back, %PFT_CLEANED if the caches were
 *	cleaned for it
 *
 * The time it takes grows with the entries of the linear map that have the page
 * frames, so that no lock should be held.
 *
 * Context: Any but interrupts.
 */
void pft_judge_start(struct pft_judgement *j, const struct pft_record *new,
		     unsigned int how)
{
	*j = (struct pft_judgement){
		.held = new->got,
		.other = new->want != new->got,
		.loss = pft_is_loss(new->want, new->got),
		.how = how,
	};
	if ((new->got != PFN_ATTR_WB || how & PFT_LINEAR) &&
	    !(how & PFT_NOT_LINEAR) &&
	    pft_policy_of(PFN_KIND_LINEAR) != PFN_POLICY_OFF)
		pft_judge_linear(j, new, how);
}

/**
 * pft_judge_held - compare a newcomer with what is held, too
 * @j: from pft_judge_start()
 * @new: as there
 *
 * Context: Any.
 */
void pft_judge_held(struct pft_judgement *j, const struct pft_record *new)
{
	pft_judge_mask(j, new, new->got, pft_segment_held(new->pfn, new->last));
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
		    (j->rule && rule->verdict <= j->rule->verdict) ||
		    (rec->counted && pft_is_stale(rec)))
			continue;
		j->rule = rule;
		j->held = rec->got;
		j->beside = rec;
		j->linear = false;
	}
}

/**
 * pft_judge_newcomer - the same, and colours, of what goes on record
 * @j: from pft_judge_start(); nobody in it can go as long as the lock is held
 * @new: as there, and its addresses
 *
 * Context: pft_lock held.
 */
void pft_judge_newcomer(struct pft_judgement *j, const struct pft_record *new)
{
	pft_judge_held(j, new);
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
		if (pft_is_exempt(new, rec, 0))
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

	pft_judge_start(j, new, 0);
	if (beside)
		pft_judge_mask(j, new, new->got, BIT(beside->got));
	j->beside = beside;
	j->change = true;
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

/* Separate stretches of pages that a survey can tell apart. */
#define PFT_STRETCHES		8

/**
 * struct pft_survey - the other side of a conflict, as a whole
 * @attrs: BIT(enum pfn_attr) of the records that belong to it
 * @attr: attribute of the record to be named
 * @colours: the cache colour decides, not the attribute
 * @change: a mapping is given another attribute
 * @decided: the architecture decided; records that it follows count
 * @how: how the newcomer was judged
 * @named: that record: the oldest with @attr; set by the caller where it is
 *	known already
 * @nr: records that were found
 * @partial: there may be more of them, or more pages
 * @stretch: the pages that they hold, disjoint and in no order
 * @nr_stretches: how many there are
 */
struct pft_survey {
	unsigned int attrs;
	enum pfn_attr attr;
	bool colours;
	bool change;
	bool decided;
	unsigned int how;
	struct pft_record *named;
	unsigned int nr;
	bool partial;
	struct {
		unsigned long pfn;
		unsigned long last;
	} stretch[PFT_STRETCHES];
	unsigned int nr_stretches;
};

/* Count the pages of a record once, also where others hold them, too. */
static void pft_survey_pages(struct pft_survey *s, unsigned long pfn,
			     unsigned long last)
{
	unsigned int i = 0;

	while (i < s->nr_stretches) {
		if (s->stretch[i].pfn > last || s->stretch[i].last < pfn) {
			i++;
			continue;
		}
		pfn = min(pfn, s->stretch[i].pfn);
		last = max(last, s->stretch[i].last);
		s->stretch[i] = s->stretch[--s->nr_stretches];
		/* It is larger now, and may overlap one that it did not. */
		i = 0;
	}
	if (s->nr_stretches == PFT_STRETCHES) {
		s->partial = true;
		return;
	}
	s->stretch[s->nr_stretches].pfn = pfn;
	s->stretch[s->nr_stretches++].last = last;
}

static void pft_survey_add(struct pft_survey *s, const struct pft_record *new,
			   const struct pft_record *rec)
{
	s->nr++;
	pft_survey_pages(s, max(new->pfn, rec->pfn), min(new->last, rec->last));
}

static bool pft_survey_wants(const struct pft_survey *s,
			     const struct pft_record *new,
			     const struct pft_record *rec)
{
	const struct pfn_attr_pair *rule;

	/* Of an address space that is changed, other records change, too. */
	if (s->change && rec->space == new->space && rec->id == new->id)
		return false;
	if (s->decided)
		return pft_decides(new, rec);
	if (pft_is_exempt(new, rec, s->how))
		return false;
	if (!s->colours)
		return true;
	rule = pfn_attr_judge_colour(pft_base(new), pft_base(rec));
	return rec->writable && rule && rule->verdict >= PFN_VERDICT_ORDERING;
}

/* Find who is on the other side, and how much of @new they hold. */
static void pft_survey(struct pft_survey *s, const struct pft_record *new)
{
	struct pft_walk walk = {
		.pfn = new->pfn,
		.last = new->last,
		.attrs = s->attrs,
		.steps = PFT_STEPS,
	};
	const struct pft_record *known = s->named;
	struct pft_record *rec;

	if (known)
		pft_survey_add(s, new, known);
	while ((rec = pft_segment_walk(&walk))) {
		if (rec == known || !pft_survey_wants(s, new, rec))
			continue;
		pft_survey_add(s, new, rec);
		if (!known && rec->got == s->attr &&
		    (!s->named || rec->seq < s->named->seq))
			s->named = rec;
	}
	/* The end was not reached. */
	if (walk.node)
		s->partial = true;
}

/* Attributes that conflict with @attr, or are as bad as @rule says. */
static unsigned int pft_attrs_conflicting(const struct pft_record *new,
					  const struct pfn_attr_pair *rule)
{
	enum pfn_attr attr = new->got == PFN_ATTR_NONE ? new->want : new->got;
	enum pfn_verdict least = min(rule->verdict, PFN_VERDICT_ORDERING);
	unsigned int held, attrs = 0;

	for (held = 0; held < PFN_ATTR_COUNT; held++)
		if (pfn_attr_judge_at(new->pfn, new->last, attr,
				      held)->verdict >= least)
			attrs |= BIT(held);
	return attrs;
}

/* The newcomer gets another attribute, one that conflicts with no mapping. */
static bool pft_is_downgrade(const struct pft_judgement *j)
{
	return j->other &&
	       (!j->rule || j->rule->verdict < PFN_VERDICT_ORDERING);
}

/* What a survey has to look for, from the judgement. */
static void pft_survey_start(struct pft_survey *s, const struct pft_record *new,
			     const struct pft_judgement *j)
{
	*s = (struct pft_survey){
		.attr = j->held,
		.named = j->beside,
		.how = j->how,
	};
	if (!j->beside && (!j->rule || pft_is_downgrade(j))) {
		/* Not one of two attributes, but the architecture is the cause. */
		s->decided = true;
		s->named = pft_decider(new);
		s->attrs = BIT(PFN_ATTR_COUNT) - 1;
		return;
	}
	if (j->beside && j->rule && j->rule->a == j->rule->b &&
	    j->rule->verdict >= PFN_VERDICT_ORDERING) {
		s->colours = true;
		s->attrs = PFT_CACHED;
	} else if (j->rule && !pft_is_downgrade(j)) {
		s->change = j->change;
		s->attrs = pft_attrs_conflicting(new, j->rule);
	}
	s->attrs |= BIT(s->attr);
}

/* Which pages of the newcomer suffer, and how many of them the others hold. */
static void pft_capture_extent(struct pft_conflict *c,
			       const struct pft_survey *s)
{
	unsigned int i;

	c->exact = !s->partial;
	for (i = 0; i < s->nr_stretches; i++)
		c->held_pages += s->stretch[i].last - s->stretch[i].pfn + 1;
	if (c->downgrade || !s->nr_stretches) {
		c->pages = c->last - c->pfn + 1;
		return;
	}
	c->pfn = s->stretch[0].pfn;
	c->last = s->stretch[0].last;
	for (i = 1; i < s->nr_stretches; i++) {
		c->pfn = min(c->pfn, s->stretch[i].pfn);
		c->last = max(c->last, s->stretch[i].last);
	}
	c->pages = c->held_pages;
}

/**
 * pft_capture - note both sides of a conflict, with references
 * @c: gets them, what suffers, and what there is to say
 * @new: the newcomer
 * @j: its judgement
 *
 * Context: pft_lock held, because the other side may be unmapped as soon as it
 * is dropped.
 */
void pft_capture(struct pft_conflict *c, const struct pft_record *new,
		 const struct pft_judgement *j)
{
	struct pft_survey s;

	c->pfn = new->pfn;
	c->last = new->last;
	c->new = *new;
	pft_holder_get(new->holder);
	c->verdict = pft_verdict(j);
	c->downgrade = pft_is_downgrade(j);
	c->held = (struct pft_record){ .got = j->held, .want = j->held };
	/* A downgrade is explained by the two attributes, not by a rule. */
	c->rule = c->downgrade ? NULL : j->rule;

	pft_survey_start(&s, new, j);
	pft_survey(&s, new);
	if (j->linear) {
		c->held.kind = PFN_KIND_LINEAR;
		c->held.space = PFN_SPACE_KERNEL;
		c->held.pfn = j->linear_pfn;
		c->held.last = j->linear_last;
		c->held.holder = pft_holder_kernel();
		c->further = s.nr;
		c->exact = !s.partial;
		/* It may have changed while it was read. */
		c->held_pages = max(1UL, j->linear_pages);
		c->pages = c->last - c->pfn + 1;
		if (c->downgrade)
			return;
		c->pfn = j->linear_pfn;
		c->last = j->linear_last;
		c->pages = c->held_pages;
		return;
	}
	pft_capture_extent(c, &s);
	if (!s.named) {
		c->cause = PFN_CAUSE_PLATFORM;
		return;
	}

	pft_holder_pid(s.named);
	c->held = *s.named;
	pft_holder_get(s.named->holder);
	c->further = s.nr - 1;
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
	/* A driver's own mappings explain a refusal, too. */
	struct pft_judgement j = {
		.held = PFN_ATTR_UNKNOWN,
		.how = PFT_EXACT,
	};

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
