// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track for drivers: claims, and questions that change nothing.
 */
#include "pfn_track_internal.h"

/* === Claims ============================================================= */

/* A driver's mistake is told once, which is enough to find it. */
#define pft_misuse_once(what, caller)					\
	do {								\
		static bool told;					\
									\
		if (!xchg(&told, true))					\
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
	};
	const struct pft_who who = {
		.space = new.space,
		.dev = dev,
		.caller = caller,
		.gfp = GFP_KERNEL,
	};
	int ret;

	if (!claim || claim->size || flags & ~PFN_CLAIM_EXACT ||
	    attr <= PFN_ATTR_NONE || attr >= PFN_ATTR_COUNT ||
	    !PAGE_ALIGNED(start) || !PAGE_ALIGNED(size) ||
	    !pft_pfns(&new, start, size))
		return -EINVAL;

	/* A claim is a claim while the registry is off, too, only not on record. */
	if (pfn_track_enabled()) {
		new.got = pfn_attr_effective(attr);
		/* Who does not insist is content with what the machine makes of it. */
		new.want = flags & PFN_CLAIM_EXACT ? attr : new.got;
		ret = pft_map(&new, &who, PFT_NOT_LINEAR |
			      (flags & PFN_CLAIM_EXACT ? PFT_EXACT : 0));
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
 * @start: first byte, page aligned
 * @size: bytes, whole pages
 * @attr: the attribute with which the range is going to be mapped
 * @flags: %PFN_CLAIM_EXACT to be refused, under any policy but "off", if
 *	anybody maps a part of the range with another attribute, or if this
 *	machine makes another one of @attr
 *
 * Later mappings are judged against the claim as if it were a mapping, with what
 * the machine makes of @attr.
 *
 * Context: Process context, may sleep.
 *
 * Return: 0; -EINVAL for an empty, wrapping or unaligned range, an attribute
 * that cannot be mapped, unknown flags, or a @claim that is made already;
 * -EBUSY if the claim was refused.  On error nothing is held.
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
 * pfn_track_release - give a claim back
 * @claim: as passed to pfn_track_claim()
 *
 * A claim that was made while the registry was off, or that "off" made it
 * forget, is given back silently.  The first driver that gives back what it
 * does not hold is named in the kernel log.
 *
 * Context: Process context.
 *
 * Return: 0; -EINVAL for NULL, or for a copy of a claim: nothing changes;
 * -ENOENT if @claim is not held.
 */
int pfn_track_release(struct pfn_claim *claim)
{
	const void *caller = __builtin_return_address(0);
	struct pft_range range = {
		.space = PFN_SPACE_NONE,
		.id = claim,
		.va_last = ULONG_MAX,
	};

	if (!claim)
		return -EINVAL;
	if (!claim->size) {
		pft_misuse_once("releases a claim that is not held", caller);
		return -ENOENT;
	}
	if (claim->self != claim) {
		pft_misuse_once("releases another's claim, or one that was moved",
				caller);
		return -EINVAL;
	}

	claim->size = 0;
	if (pfn_track_enabled())
		pft_unmap(&range, true);
	return 0;
}
EXPORT_SYMBOL_GPL(pfn_track_release);

static void devm_pft_release(struct device *dev, void *claim)
{
	pfn_track_release(claim);
}

/**
 * devm_pfn_track_claim - hold a physical range as long as a driver is bound
 * @dev: on whose behalf; the claim goes when its driver is unbound
 * @start: first byte, page aligned
 * @size: bytes, whole pages
 * @attr: the attribute with which the range is going to be mapped
 * @flags: see pfn_track_claim()
 *
 * Context: Process context, may sleep.
 *
 * Return: 0; -EINVAL without @dev; -ENOMEM; or what pfn_track_claim() returns.
 */
int devm_pfn_track_claim(struct device *dev, phys_addr_t start, size_t size,
			 enum pfn_attr attr, unsigned int flags)
{
	struct pfn_claim *claim;
	int ret;

	if (!dev)
		return -EINVAL;
	claim = devres_alloc(devm_pft_release, sizeof(*claim), GFP_KERNEL);
	if (!claim)
		return -ENOMEM;
	ret = pft_claim(claim, dev, start, size, attr, flags,
			__builtin_return_address(0));
	if (ret)
		devres_free(claim);
	else
		devres_add(dev, claim);
	return ret;
}
EXPORT_SYMBOL_GPL(devm_pfn_track_claim);

/* === Questions ========================================================== */

/**
 * pfn_track_query - what would happen if a range were mapped
 * @start: first byte
 * @size: bytes; partly covered pages count as covered
 * @attr: the attribute that would be asked for; judged as what this machine
 *	makes of it
 * @answer: filled on success
 *
 * A dry run: nothing is recorded, counted or reported.
 *
 * Context: Any but interrupts; takes no lock of the registry.  To know about
 * the linear map, page tables are read.
 *
 * Return: 0; -EINVAL for an empty or wrapping range or an unknown attribute;
 * -EOPNOTSUPP while the registry is off.
 */
int pfn_track_query(phys_addr_t start, size_t size, enum pfn_attr attr,
		    struct pfn_answer *answer)
{
	struct pft_record new = { };
	struct pft_judgement j;

	if (!answer || attr >= PFN_ATTR_COUNT || !pft_pfns(&new, start, size))
		return -EINVAL;
	if (!pfn_track_enabled())
		return -EOPNOTSUPP;

	new.got = pfn_attr_effective(attr);
	new.want = new.got;
	answer->attrs = pft_segment_held(new.pfn, new.last);
	pft_judge(&j, &new, 0);
	answer->verdict = pft_verdict(&j);
	answer->refused = pft_refuses(pft_get_policy(PFT_KIND_ALL), &j);
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
		.pid = pft_holder_pid(rec),
		.comm = rec->holder->comm,
		.dev = rec->holder->dev,
		.driver = rec->holder->driver,
	};
}

/**
 * pfn_track_for_each - look at all that is held in a range
 * @start: first byte
 * @size: bytes; partly covered pages count as covered
 * @fn: called for each mapping and claim that overlaps the range, in no
 *	particular order; a value other than 0 ends the walk
 * @data: for @fn
 *
 * Context: Any but interrupts.  @fn runs under a spinlock: it must not
 * sleep, nor call into pfn_track but for pfn_track_lookup() and
 * pfn_track_query().
 *
 * Return: 0, or what @fn returned; -EINVAL for an empty or wrapping range or
 * without @fn; -EOPNOTSUPP while the registry is off.
 */
int pfn_track_for_each(phys_addr_t start, size_t size,
		       int (*fn)(const struct pfn_mapping *mapping, void *data),
		       void *data)
{
	struct pft_walk walk = { .attrs = BIT(PFN_ATTR_COUNT) - 1 };
	struct pfn_mapping mapping;
	struct pft_record *rec, range;
	int ret = 0;

	if (!fn || !pft_pfns(&range, start, size))
		return -EINVAL;
	if (!pfn_track_enabled())
		return -EOPNOTSUPP;

	walk.pfn = range.pfn;
	walk.last = range.last;
	spin_lock(&pft_lock);
	while (!ret && (rec = pft_segment_walk(&walk))) {
		pft_describe(&mapping, rec);
		ret = fn(&mapping, data);
	}
	spin_unlock(&pft_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(pfn_track_for_each);
