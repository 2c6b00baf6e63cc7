// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track and memory types that the architecture keeps for itself.
 *
 * x86's PAT decides before the registry does: it gives a new mapping the type
 * that a range is reserved with, or refuses it.  Here its reservations without
 * a mapping are recorded, its refusals are reported, and its decisions are
 * explained.  PAT's behaviour does not change.
 */
#include "pfn_track_internal.h"

/* === Explaining ========================================================= */

/**
 * pft_decides - whether the architecture follows a record
 * @new: a mapping that got another attribute than it asked for, or RAM whose
 *	memory type could not be changed
 * @rec: a record of the same pages
 *
 * A mapping that was looked up reserves nothing; it suffers from the same
 * decision.  RAM whose memory type was changed cannot be changed again.
 *
 * Context: pft_lock held.
 *
 * Return: true if @rec can be the reason for what @new got.
 */
bool pft_decides(const struct pft_record *new, const struct pft_record *rec)
{
	if (new->kind == PFN_KIND_SET_MEMORY)
		return rec->kind == PFN_KIND_SET_MEMORY;
	if (rec->got != new->got)
		return false;
	switch (rec->kind) {
	case PFN_KIND_INSERT:
	case PFN_KIND_VMAP:
		return false;
	default:
		return !rec->looked_up;
	}
}

/* Whether @a explains a decision better than @b does. */
static bool pft_explains_better(const struct pft_record *a,
				const struct pft_record *b)
{
	const bool asked_a = a->want == a->got, asked_b = b->want == b->got;

	return asked_a == asked_b ? a->seq < b->seq : asked_a;
}

/**
 * pft_decider - the record that made the architecture decide
 * @new: a mapping that got another attribute than it asked for, or RAM whose
 *	memory type could not be changed
 *
 * Return the oldest record that reserves the attribute that @new got, and among
 * those one that asked for it.  RAM whose memory type was changed before cannot
 * be changed again, so that the other set_memory_*() is returned.
 *
 * Context: pft_lock held.
 *
 * Return: the record, NULL if no record explains the decision.
 */
struct pft_record *pft_decider(const struct pft_record *new)
{
	struct pft_walk walk = {
		.pfn = new->pfn,
		.last = new->last,
		.attrs = new->kind == PFN_KIND_SET_MEMORY ?
			 BIT(PFN_ATTR_COUNT) - 1 : BIT(new->got),
		.steps = PFT_STEPS,
	};
	struct pft_record *rec, *best = NULL;

	while ((rec = pft_segment_walk(&walk))) {
		if (!pft_decides(new, rec))
			continue;
		if (!best || pft_explains_better(rec, best))
			best = rec;
	}
	return best;
}

/**
 * pft_find_cause - why the architecture decided, where no record explains it
 * @c: the conflict, without a holder
 *
 * Context: Any but interrupts; not under pft_lock.
 *
 * Return: the cause.
 */
enum pfn_cause pft_find_cause(const struct pft_conflict *c)
{
	const struct pft_record *new = &c->new;

	/* A look-up fails only if it does not give one answer for all pages. */
	if (c->result == PFN_RESULT_REFUSED_ARCH)
		return new->looked_up ? PFN_CAUSE_MIXED_TYPES :
					PFN_CAUSE_UNRECORDED;
	if (new->want != new->got && pfn_attr_effective(new->want) == new->got)
		return PFN_CAUSE_IMPOSSIBLE;
	return pfn_attr_cause(new->pfn, new->last, new->want, new->looked_up);
}

/* === Refusals =========================================================== */

static void pft_arch_refused(struct pft_record *new, pgprot_t want,
			     const void *caller)
{
	const struct pft_who who = {
		.space = new->space,
		.caller = caller,
		.gfp = GFP_KERNEL,
	};

	new->want = pfn_attr_from_pgprot(want);
	new->got = PFN_ATTR_NONE;
	pft_tell_unrecorded(new, &who, PFN_RESULT_REFUSED_ARCH);
}

void __pfn_track_refused(enum pfn_kind kind, unsigned long pfn,
			 unsigned long size, pgprot_t want, int err,
			 const void *caller)
{
	struct pft_record new = {
		.kind = kind,
		.space = kind == PFN_KIND_RESERVATION ? PFN_SPACE_NONE :
							PFN_SPACE_KERNEL,
	};

	if (err != -ENOMEM && pft_pfns_from(&new, pfn, size))
		pft_arch_refused(&new, want, caller);
}

void __pfn_track_remap_refused(struct vm_area_struct *vma, unsigned long va,
			       unsigned long pfn, unsigned long size,
			       pgprot_t want, int err)
{
	struct pft_record new = {
		.kind = PFN_KIND_REMAP_PFN,
		.space = PFN_SPACE_USER,
		.looked_up = pft_is_part(vma, va, size),
	};

	if (err != -ENOMEM && pft_pfns_from(&new, pfn, size))
		pft_arch_refused(&new, want, NULL);
}

void __pfn_track_set_memory_refused(unsigned long va, unsigned int count,
				    pgprot_t want, int err)
{
	/* Callers that pass anything but the linear map are refused for that. */
	if (count && virt_addr_valid((void *)va))
		__pfn_track_refused(PFN_KIND_SET_MEMORY, PHYS_PFN(__pa(va)),
				    (unsigned long)count << PAGE_SHIFT, want,
				    err, NULL);
}

/* === Reservations ======================================================= */

/* Records that are looked at under one hold of pft_lock. */
#define PFT_RESERVED_HOLD	32

/*
 * PAT knows a reservation by its range alone, and two may have the same.  Each
 * gets a number as its id.  Numbers are below all addresses, so that the store
 * lists reservations before the other records without a space of addresses.
 */
static atomic_long_t pft_reservations;

int __pfn_track_reserve(phys_addr_t start, u64 size, pgprot_t want,
			pgprot_t got)
{
	struct pft_record new = {
		.kind = PFN_KIND_RESERVATION,
		.space = PFN_SPACE_NONE,
	};
	struct pft_who who = {
		.space = new.space,
		.gfp = GFP_KERNEL,
	};
	int ret;

	if (!pft_pfns(&new, start, size) ||
	    pfn_attr_untracked(new.pfn, new.last))
		return 0;
	pft_decode(&new, want, got);
	new.id = (void *)(long)atomic_long_inc_return(&pft_reservations);
	who.dev = pft_device_of(&new);
	ret = pft_map(&new, &who, PFT_NOT_LINEAR);
	put_device(who.dev);
	return ret;
}

/*
 * Look at some reservations from @place on.  Sets @id to the newest one of the
 * pages of @range, but to one that was left behind only if there is no other.
 *
 * Return: false if these were the last.
 */
static bool pft_reserved_next(struct pft_place *place,
			      const struct pft_record *range, const void **id,
			      bool *left)
{
	struct pft_record *rec;
	unsigned int nr = 0;

	spin_lock(&pft_lock);
	while ((rec = pft_store_after(place)) && nr++ < PFT_RESERVED_HOLD) {
		if (rec->kind != PFN_KIND_RESERVATION) {
			rec = NULL;
			break;
		}
		*place = (struct pft_place){
			.space = rec->space,
			.id = rec->id,
			.va = rec->va,
			.rec = rec,
		};
		if (rec->pfn != range->pfn || rec->last != range->last ||
		    (*id && rec->leaked && !*left))
			continue;
		*id = rec->id;
		*left = rec->leaked;
	}
	spin_unlock(&pft_lock);
	return rec;
}

void __pfn_track_unreserve(phys_addr_t start, u64 size)
{
	struct pft_place place = { .space = PFN_SPACE_NONE };
	struct pft_range range = {
		.space = PFN_SPACE_NONE,
		.va_last = ULONG_MAX,
	};
	struct pft_record of = { };
	bool left = false;

	if (!pft_pfns(&of, start, size))
		return;
	while (pft_reserved_next(&place, &of, &range.id, &left))
		cond_resched();
	if (range.id)
		pft_unmap(&range, true);
}

/* === Frees ============================================================== */

/* Call sites that freed what was not reserved; further ones are only counted. */
#define PFT_FREERS		32
static struct pft_site pft_freers[PFT_FREERS];
static unsigned int pft_nr_freers;
static DEFINE_SPINLOCK(pft_freers_lock);

/* True for the first of a call site: a process can make PAT free in vain. */
static bool pft_is_first_free(const struct pft_holder *holder)
{
	struct pft_site site;
	unsigned int i;
	bool first;

	pft_get_site(holder, &site);
	spin_lock(&pft_freers_lock);
	for (i = 0; i < pft_nr_freers; i++)
		if (!strcmp(pft_freers[i].text, site.text))
			break;
	first = i == pft_nr_freers && i < PFT_FREERS;
	if (first)
		pft_freers[pft_nr_freers++] = site;
	spin_unlock(&pft_freers_lock);
	return first;
}

void __pfn_track_not_reserved(phys_addr_t start, u64 size)
{
	const struct pft_who who = {
		.space = PFN_SPACE_KERNEL,
		.gfp = GFP_NOWAIT | __GFP_NOWARN,
	};
	struct pft_conflict c = {
		.new = {
			.want = PFN_ATTR_NONE,
			.got = PFN_ATTR_NONE,
			.kind = PFN_KIND_RESERVATION,
			.space = PFN_SPACE_NONE,
		},
		.held = { .want = PFN_ATTR_NONE, .got = PFN_ATTR_NONE },
		.exact = true,
		.cause = PFN_CAUSE_NOT_RESERVED,
		.verdict = PFN_VERDICT_UNKNOWN,
		.result = PFN_RESULT_REFUSED_ARCH,
		.policy = pft_policy_of(PFN_KIND_RESERVATION),
	};
	const struct pft_judgement j = { };

	if (c.policy == PFN_POLICY_OFF || !pft_pfns(&c.new, start, size))
		return;
	c.pfn = c.new.pfn;
	c.last = c.new.last;
	c.pages = c.last - c.pfn + 1;
	c.new.time = ktime_get_boot_fast_ns();
	c.new.holder = pft_holder_find(&who);
	if (pft_is_first_free(c.new.holder)) {
		pft_tell(&c, &j);
		return;
	}
	pft_count(PFT_STAT_CONFLICTS);
	pft_count(PFT_STAT_SUPPRESSED);
	pft_holder_put(c.new.holder);
}
