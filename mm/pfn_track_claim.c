// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track for drivers: claims, and questions that change nothing.
 */
#include "pfn_track_internal.h"

/* === Claims ============================================================= */

/* A driver's mistake is told once, which is enough to find it. */
#define pft_misuse_once(what, caller)					\
	do {								\
		static unsigned int said;				\
									\
		if (!xchg(&said, 1))					\
			pft_report_misuse(what, caller);		\
	} while (0)

static int pft_claim(struct pfn_claim *claim, struct device *dev,
		     phys_addr_t start, size_t size, enum pfn_attr attr,
		     unsigned int flags, const void *caller)
{
	struct pft_record new = {
		.id = claim,
		.kind = PFN_KIND_CLAIM,
		.space = PFN_SPACE_NONE,
		.self = flags & PFN_CLAIM_SELF,
	};
	const struct pft_who who = {
		.space = new.space,
		.dev = dev,
		.caller = caller,
		.gfp = GFP_KERNEL,
	};
	int ret;

	ret = pfn_track_check_claim(claim, start, size, attr, flags);
	if (ret)
		return ret;

	/* A claim is a claim while the registry is off, too, only not recorded. */
	if (pfn_track_enabled()) {
		pft_pfns(&new, start, size);
		new.got = pfn_attr_effective(attr);
		/* Without PFN_CLAIM_STRICT, accept what the platform substitutes. */
		new.want = flags & PFN_CLAIM_STRICT ? attr : new.got;
		ret = pft_map(&new, &who, PFT_NOT_LINEAR |
			      (flags & PFN_CLAIM_STRICT ? PFT_EXACT : 0));
		if (ret)
			return ret;
	}
	claim->start = start;
	claim->size = size;
	claim->self = claim;
	return 0;
}

/**
 * pfn_track_claim - hold a physical range without mapping it
 * @claim: zeroed; must stay in place until pfn_track_release()
 * @dev: on whose behalf, or NULL
 * @start: first byte
 * @size: bytes; the claim covers the pages that the range touches, because a
 *	page has one attribute
 * @attr: the attribute with which the range is going to be mapped
 * @flags: %PFN_CLAIM_STRICT to be refused, under any policy but "off", if any
 *	part of the range is mapped with another attribute at the time of the
 *	call, or if this machine makes another one of @attr; %PFN_CLAIM_SELF
 *	to have the driver's own mappings checked against the claim
 *
 * Later mappings are judged against the claim as if it were a mapping, with what
 * the machine makes of @attr.  %PFN_CLAIM_STRICT has no effect on them: it is a
 * check at claim time, and the policy decides about later mappings.
 *
 * A driver's own mappings of another attribute are not a conflict with its claim
 * unless it asks for that with %PFN_CLAIM_SELF; nor is a claim one with the
 * driver's own earlier mappings, unless it is made with %PFN_CLAIM_STRICT.  The
 * driver is the same if both call sites, or the claim's call site and the
 * &struct file_operations of the mapped file, lie in the same module.  Drivers
 * that are built in cannot be told apart, and always have their mappings checked.
 *
 * Context: Process context, may sleep.
 *
 * Return: 0; -EINVAL for an empty or wrapping range, an attribute that cannot be
 * mapped, unknown flags, or a @claim that is made already, with and without
 * CONFIG_PFN_TRACK; -EBUSY if the claim was refused.  On error nothing is held.
 */
int pfn_track_claim(struct pfn_claim *claim, struct device *dev,
		    phys_addr_t start, size_t size, enum pfn_attr attr,
		    unsigned int flags)
{
	return pft_claim(claim, dev, start, size, attr, flags,
			 __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(pfn_track_claim);

/**
 * pfn_track_claim_resource - hold a memory resource without mapping it
 * @claim: see pfn_track_claim()
 * @dev: see pfn_track_claim()
 * @res: the resource; need not be requested
 * @attr: see pfn_track_claim()
 * @flags: see pfn_track_claim()
 *
 * Context: Process context, may sleep.
 *
 * Return: as pfn_track_claim(); -EINVAL also if @res is NULL, is not memory, or
 * has no address.
 */
int pfn_track_claim_resource(struct pfn_claim *claim, struct device *dev,
			     const struct resource *res, enum pfn_attr attr,
			     unsigned int flags)
{
	int ret = pfn_track_check_resource(res);

	return ret ?: pft_claim(claim, dev, res->start, resource_size(res),
				attr, flags, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(pfn_track_claim_resource);

static void pft_release(struct pfn_claim *claim)
{
	const struct pft_range range = {
		.space = PFN_SPACE_NONE,
		.id = claim,
		.va_last = ULONG_MAX,
	};

	claim->size = 0;
	if (pfn_track_enabled())
		pft_unmap(&range, true);
}

/**
 * pfn_track_release - give a claim back
 * @claim: as passed to pfn_track_claim()
 *
 * A claim that was made while the registry was off, or that "off" made it
 * forget, is given back silently.  The first driver that gives back what it
 * does not hold is named in the kernel log.
 *
 * Context: Process context, may sleep.
 *
 * Return: 0; -EINVAL for NULL, or for a copy of a claim: nothing changes;
 * -ENOENT if @claim is not held.
 */
int pfn_track_release(struct pfn_claim *claim)
{
	const void *caller = __builtin_return_address(0);
	int ret = pfn_track_check_release(claim);

	if (!ret)
		pft_release(claim);
	else if (ret == -ENOENT)
		pft_misuse_once("releases a claim that is not held", caller);
	else if (claim)
		pft_misuse_once("releases another's claim, or one that was moved",
				caller);
	return ret;
}
EXPORT_SYMBOL_GPL(pfn_track_release);

/* The driver may have released it with pfn_track_release(). */
static void devm_pft_release(struct device *dev, void *claim)
{
	if (((struct pfn_claim *)claim)->size)
		pft_release(claim);
}

static int devm_pft_match(struct device *dev, void *claim, void *data)
{
	return claim == data;
}

static struct pfn_claim *devm_pft_claim(struct device *dev, phys_addr_t start,
					size_t size, enum pfn_attr attr,
					unsigned int flags, const void *caller)
{
	struct pfn_claim *claim;
	int ret;

	if (!dev)
		return ERR_PTR(-EINVAL);
	claim = devres_alloc(devm_pft_release, sizeof(*claim), GFP_KERNEL);
	if (!claim)
		return ERR_PTR(-ENOMEM);
	ret = pft_claim(claim, dev, start, size, attr, flags, caller);
	if (ret) {
		devres_free(claim);
		return ERR_PTR(ret);
	}
	devres_add(dev, claim);
	return claim;
}

/**
 * devm_pfn_track_claim - hold a physical range as long as a driver is bound
 * @dev: on whose behalf; the claim is released when its driver is unbound
 * @start: first byte
 * @size: bytes, see pfn_track_claim()
 * @attr: the attribute with which the range is going to be mapped
 * @flags: see pfn_track_claim()
 *
 * Context: Process context, may sleep.
 *
 * Return: the claim, for devm_pfn_track_release(); an ERR_PTR() of -EINVAL
 * without @dev, of -ENOMEM, or of what pfn_track_claim() returns.
 */
struct pfn_claim *devm_pfn_track_claim(struct device *dev, phys_addr_t start,
				       size_t size, enum pfn_attr attr,
				       unsigned int flags)
{
	return devm_pft_claim(dev, start, size, attr, flags,
			      __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(devm_pfn_track_claim);

/**
 * devm_pfn_track_claim_resource - hold a resource as long as a driver is bound
 * @dev: see devm_pfn_track_claim()
 * @res: see pfn_track_claim_resource()
 * @attr: see pfn_track_claim()
 * @flags: see pfn_track_claim()
 *
 * Context: Process context, may sleep.
 *
 * Return: as devm_pfn_track_claim(), and as pfn_track_claim_resource() for a
 * resource that cannot be claimed.
 */
struct pfn_claim *devm_pfn_track_claim_resource(struct device *dev,
						const struct resource *res,
						enum pfn_attr attr,
						unsigned int flags)
{
	int ret = pfn_track_check_resource(res);

	return ret ? ERR_PTR(ret) :
		     devm_pft_claim(dev, res->start, resource_size(res), attr,
				    flags, __builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(devm_pfn_track_claim_resource);

/**
 * devm_pfn_track_release - give a claim back before the driver is unbound
 * @dev: as passed to devm_pfn_track_claim()
 * @claim: as returned by devm_pfn_track_claim(); is freed
 *
 * Before a BAR is resized or moved, for instance, and claimed again.
 *
 * Context: Process context, may sleep.
 *
 * Return: 0; -EINVAL if @dev is NULL, or @claim is NULL or an error; -ENOENT if
 * @claim is not one of @dev.
 */
int devm_pfn_track_release(struct device *dev, struct pfn_claim *claim)
{
	if (!dev || IS_ERR_OR_NULL(claim))
		return -EINVAL;
	return devres_release(dev, devm_pft_release, devm_pft_match, claim);
}
EXPORT_SYMBOL_GPL(devm_pfn_track_release);

/* === A driver's own mappings ============================================ */

/*
 * The module that a holder belongs to, by its call site or by the file that it
 * maps; NULL for the kernel itself.  The pointer is for comparison only.
 */
static const struct module *pft_module_of(const struct pft_holder *holder)
{
	const struct module *mod = NULL;

	/* If it has gone, its addresses may be another's by now. */
	if (!holder->module) {
		preempt_disable();
		mod = __module_address(holder->caller ?:
				       (unsigned long)holder->fops);
		preempt_enable();
	}
	return mod;
}

/* Whether one of two is a claim, and the other is by the same device's driver. */
static bool pft_is_own(const struct pft_record *a, const struct pft_record *b)
{
	const bool a_claims = a->kind == PFN_KIND_CLAIM;
	const bool b_claims = b->kind == PFN_KIND_CLAIM;

	if (a_claims == b_claims || a->self || b->self)
		return false;
	if (a->holder->dev && b->holder->dev &&
	    strcmp(a->holder->dev, b->holder->dev))
		return false;
	return pft_module_of(a->holder) == pft_module_of(b->holder);
}

/*
 * Whether the driver of one of two flushes the caches whenever the other has been
 * used, as i915 does: that one may be write-back then, like the linear map.
 */
static bool pft_is_flushed(const struct pft_record *a,
			   const struct pft_record *b)
{
	enum pfn_attr other = a->got == PFN_ATTR_WB ? b->got : a->got;

	if ((!a->flushed && !b->flushed) || !pfn_attr_is_ram(a->pfn) ||
	    a->kind == PFN_KIND_CLAIM || b->kind == PFN_KIND_CLAIM ||
	    (a->got != PFN_ATTR_WB && b->got != PFN_ATTR_WB))
		return false;
	return pfn_attr_judge_linear(other, PFN_ATTR_WB, true)->verdict <
	       PFN_VERDICT_ORDERING;
}

/**
 * pft_is_exempt - whether a record does not count against a newcomer
 * @new: the newcomer
 * @rec: a record of some of its page frames
 * @how: how the newcomer is judged
 *
 * A driver may map a part of its claim with another attribute, and may claim
 * what it maps with another, if both are provably of the same module: see
 * pfn_track_claim().  It may flush the caches of RAM that is write-back elsewhere.
 *
 * Context: pft_lock held.
 *
 * Return: true for a driver's own, and for a record of what is mapped no more.
 */
bool pft_is_exempt(const struct pft_record *new, const struct pft_record *rec,
		   unsigned int how)
{
	if (rec->counted && pft_is_stale(rec))
		return true;
	if (how & PFT_EXACT)
		return false;
	return pft_is_flushed(new, rec) ||
	       (pft_module_of(new->holder) && pft_is_own(new, rec));
}

/**
 * pft_judge_others - judge again without the records that do not count
 * @j: the judgement of @new against everything that is held
 * @new: the newcomer
 * @start: the judgement by pft_judge_start()
 *
 * If there are too many records to look at, the judgement is by those that were:
 * the rest may be records that do not count, and has no name.  %PFT_EXACT needs
 * proof of the contrary.
 *
 * For newcomers that disagree with something, which is rare.
 *
 * Context: pft_lock held.
 */
void pft_judge_others(struct pft_judgement *j, const struct pft_record *new,
		      const struct pft_judgement *start)
{
	struct pft_record *oldest[PFN_ATTR_COUNT] = { }, *rec;
	struct pft_walk walk = {
		.pfn = new->pfn,
		.last = new->last,
		.attrs = BIT(PFN_ATTR_COUNT) - 1,
		.steps = PFT_STEPS,
	};
	struct pft_judgement again = *start;
	unsigned int held = 0;
	bool exempt = false;

	/* What is beside it already is a matter of colours, which claims lack. */
	if (!j->rule || j->beside)
		return;
	while ((rec = pft_segment_walk(&walk))) {
		if (pft_is_exempt(new, rec, start->how)) {
			exempt = true;
			continue;
		}
		held |= BIT(rec->got);
		if (!oldest[rec->got] || rec->seq < oldest[rec->got]->seq)
			oldest[rec->got] = rec;
	}
	if (!exempt && !walk.node)
		return;
	if (walk.node && start->how & PFT_EXACT)
		return;
	pft_judge_mask(&again, new, new->got, held);
	again.unseen = walk.node && (!again.rule ||
				     again.rule->verdict < j->rule->verdict);
	*j = again;
	if (j->rule && !j->linear)
		j->beside = oldest[j->held];
}

/* === Questions ========================================================== */

/* How the hook of a kind has its mappings judged. */
static unsigned int pft_how_of(enum pfn_kind kind)
{
	switch (kind) {
	case PFN_KIND_CLAIM:
	case PFN_KIND_SET_MEMORY:
	case PFN_KIND_RESERVATION:
		return PFT_NOT_LINEAR;
	case PFN_KIND_INSERT:
		return PFT_LINEAR;
	default:
		return 0;
	}
}

/* Whether a claim of the same range with PFN_CLAIM_STRICT would be granted. */
static bool pft_may_claim(const struct pft_record *asked, enum pfn_attr attr)
{
	struct pft_record claim = *asked;
	struct pft_judgement start, j;

	if (pft_policy_of(PFN_KIND_CLAIM) == PFN_POLICY_OFF)
		return true;
	claim.kind = PFN_KIND_CLAIM;
	claim.want = attr;
	pft_judge_start(&start, &claim,
			pft_how_of(PFN_KIND_CLAIM) | PFT_EXACT);
	j = start;
	pft_judge_held(&j, &claim);
	if (pft_verdict(&j) != PFN_VERDICT_SAME) {
		spin_lock(&pft_lock);
		pft_judge_others(&j, &claim, &start);
		spin_unlock(&pft_lock);
	}
	return !j.other && pft_verdict(&j) == PFN_VERDICT_SAME;
}

/**
 * pfn_track_query - what would happen if a range were mapped
 * @start: first byte
 * @size: bytes; partly covered pages count as covered
 * @kind: how it would be mapped; not %PFN_KIND_LINEAR
 * @attr: the attribute that would be asked for; judged as what this machine
 *	makes of it
 * @answer: filled on success
 *
 * A dry run: nothing is recorded, counted or reported.  The answer is by the
 * policy of @kind and, where the worst verdict is about the linear map, by that
 * of the linear map, whichever lets more in.  The caller's own claims are left
 * out as they would be for the mapping, see pfn_track_claim().
 *
 * What an architecture decides from other mappings of the range is not foreseen:
 * x86's PAT may give an ioremap() the type that another mapping has.
 *
 * Context: Any but interrupts.  To know about the linear map, page tables are
 * read.
 *
 * Return: 0; -EINVAL for an empty or wrapping range, an unknown kind or
 * attribute, or without @answer; -EOPNOTSUPP while the registry is off, and
 * without CONFIG_PFN_TRACK.
 */
int pfn_track_query(phys_addr_t start, size_t size, enum pfn_kind kind,
		    enum pfn_attr attr, struct pfn_answer *answer)
{
	struct pft_holder asker = {
		.caller = (unsigned long)__builtin_return_address(0),
	};
	struct pft_record new = { .kind = kind, .holder = &asker };
	struct pft_judgement alone, j;
	int ret;

	ret = pfn_track_check_query(start, size, kind, attr, answer);
	if (ret)
		return ret;
	if (!pfn_track_enabled())
		return -EOPNOTSUPP;

	pft_pfns(&new, start, size);
	new.got = pfn_attr_effective(attr);
	new.want = new.got;
	pft_judge_start(&alone, &new, pft_how_of(kind));
	j = alone;
	pft_judge_held(&j, &new);
	answer->strict = pft_may_claim(&new, attr);
	if (pft_verdict(&j) != PFN_VERDICT_SAME) {
		spin_lock(&pft_lock);
		pft_judge_others(&j, &new, &alone);
		spin_unlock(&pft_lock);
	}
	answer->attrs = pft_segment_held(new.pfn, new.last);
	answer->got = new.got;
	answer->verdict = pft_verdict(&j);
	answer->linear = j.linear;
	answer->conflicts = answer->verdict >= PFN_VERDICT_ORDERING;
	/* A page that is mapped for a moment is never refused. */
	answer->refused = kind != PFN_KIND_KMAP &&
			  pft_refuses(pft_policy_for(kind, &j), &j);
	answer->would_refuse = kind != PFN_KIND_KMAP &&
			       pft_refuses(PFN_POLICY_ENFORCE, &j);
	return 0;
}
EXPORT_SYMBOL_GPL(pfn_track_query);

/**
 * pfn_track_lookup - the attributes with which a page frame is mapped
 * @pfn: page frame number
 *
 * Context: Any but NMI; takes no lock.
 *
 * Return: bit mask, BIT(enum pfn_attr); 0 if nothing is recorded, which says
 * nothing about mappings that the registry does not cover.
 */
unsigned int pfn_track_lookup(unsigned long pfn)
{
	if (!pfn_track_enabled() || pfn > PHYS_PFN(PHYS_ADDR_MAX))
		return 0;
	return pft_segment_held(pfn, pfn);
}
EXPORT_SYMBOL_GPL(pfn_track_lookup);

/* Records and segment nodes that are looked at under one hold of pft_lock. */
#define PFT_EACH_HOLD		64

static_assert(PFN_MAPPING_COMM == TASK_COMM_LEN);

static void pft_describe(struct pfn_mapping *mapping,
			 const struct pft_record *rec)
{
	*mapping = (struct pfn_mapping){
		.start = PFN_PHYS(rec->pfn),
		.end = PFN_PHYS(rec->last) + PAGE_SIZE - 1,
		.want = rec->want,
		.got = rec->got,
		.kind = rec->kind,
		.space = rec->space,
		.pid = READ_ONCE(rec->holder->pid),
	};
	strscpy(mapping->comm, rec->holder->comm);
	strscpy(mapping->dev, rec->holder->dev ?: "");
	strscpy(mapping->driver, rec->holder->driver ?: "");
}

/*
 * Look for the next record.  @mark keeps the place while the lock is not held.
 *
 * Return: false at the end, where @mark is not in use.
 */
static bool pft_each_next(struct pft_walk *walk, struct pft_record *mark,
			  struct pft_record *found)
{
	struct pft_record *rec;

	found->holder = NULL;
	spin_lock(&pft_lock);
	if (walk->node)
		pft_segment_resume(walk, mark);
	walk->steps = PFT_EACH_HOLD;
	walk->taken = 0;
	rec = pft_segment_walk(walk);
	if (rec) {
		/* Its address space may be gone once the lock is dropped. */
		pft_holder_pid(rec);
		*found = *rec;
		pft_holder_get(found->holder);
	}
	if (walk->node)
		pft_segment_pause(walk, mark);
	pft_unlock();
	return walk->node;
}

/**
 * pfn_track_for_each - look at all that is held in a range
 * @start: first byte
 * @size: bytes; partly covered pages count as covered
 * @fn: called for each mapping and claim that overlaps the range, in no
 *	particular order; a value other than 0 ends the walk
 * @data: for @fn
 *
 * No lock is held while @fn runs: it may sleep, map, unmap, claim and release.
 * What is held all the time is seen once.  What is mapped, or goes, during the
 * walk may or may not be seen; what changes its size meanwhile, as when faults
 * make it grow, may be seen twice or not at all.
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, or what @fn returned; -EINVAL for an empty or wrapping range or
 * without @fn; -EOPNOTSUPP while the registry is off, and without
 * CONFIG_PFN_TRACK.
 */
int pfn_track_for_each(phys_addr_t start, size_t size,
		       int (*fn)(const struct pfn_mapping *mapping, void *data),
		       void *data)
{
	struct pft_walk walk = { .attrs = BIT(PFN_ATTR_COUNT) - 1 };
	struct pft_record mark, found = { };
	struct pfn_mapping mapping;
	bool more;
	int ret = 0;

	if (!fn || !pft_pfns(&found, start, size))
		return -EINVAL;
	if (!pfn_track_enabled())
		return -EOPNOTSUPP;

	walk.pfn = found.pfn;
	walk.last = found.last;
	do {
		more = pft_each_next(&walk, &mark, &found);
		if (found.holder) {
			pft_describe(&mapping, &found);
			pft_holder_put(found.holder);
			ret = fn(&mapping, data);
		}
		cond_resched();
	} while (more && !ret);
	if (more) {
		spin_lock(&pft_lock);
		pft_segment_resume(&walk, &mark);
		pft_unlock();
	}
	return ret;
}
EXPORT_SYMBOL_GPL(pfn_track_for_each);
