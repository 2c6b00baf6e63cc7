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
	int ret;

	new->seq = pft_made();
	/* From now on write-back pages have to be compared with others. */
	if (new->got != PFN_ATTR_WB && !READ_ONCE(pfn_track_mixed) &&
	    pft_has_pages(new->pfn, new->last))
		WRITE_ONCE(pfn_track_mixed, true);
	ret = pft_store_insert(new, spot);
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
 * Cut the next piece out of @range.  Without waiting, because tear-down runs under
 * page table locks, and in the OOM reaper.
 *
 * Return: true if there may be more, behind the piece.
 */
static bool pft_unmap_one(struct pft_range *range, struct pft_cut *cut)
{
	unsigned long last;
	int ret;

	pft_lock_stocked(PFT_GFP_NOWAIT);
	ret = pft_store_cut(range, cut);
	if (unlikely(ret < 0)) {
		/*
		 * A memory cgroup at its limit must not keep records.  Each
		 * split of a record goes with one of an area, which is charged.
		 */
		pft_unlock();
		pft_lock_stocked(PFT_GFP_NOWAIT & ~__GFP_ACCOUNT);
		ret = pft_store_cut(range, cut);
	}
	if (ret < 0) {
		/* It stays held as a whole: wrong, but safe. */
		pft_count(PFT_STAT_INCOMPLETE);
	} else if (ret) {
		pft_count_locked(PFT_STAT_UNMAPS, 1);
		trace_pfn_unmap(&cut->piece);
	}
	pft_unlock();
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

	for (;;) {
		more = pft_unmap_one(&range, &cut);
		if (cut.gone)
			pft_holder_put(cut.piece.holder);
		if (!more)
			return;
		if (may_sleep)
			cond_resched();
	}
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

	pft_capture(&c, new, j);
	if (!refused)
		pft_make_record(new, spot);
	pft_unlock();

	pft_tell(&c, j);
	pft_holder_put(new->holder);
	return refused ? -EBUSY : 0;
}

/**
 * pft_policy_for - the policy for a newcomer
 * @kind: its kind
 * @j: its judgement
 *
 * Return: the policy of its kind; if the linear map is the other side, that of
 * the linear map where it lets more in.
 */
enum pfn_policy pft_policy_for(enum pfn_kind kind,
			       const struct pft_judgement *j)
{
	enum pfn_policy policy = pft_policy_of(kind);

	return j->linear ? min(policy, pft_policy_of(PFN_KIND_LINEAR)) : policy;
}

static bool pft_says_no(enum pfn_policy policy, const struct pft_judgement *j,
			unsigned int how)
{
	return pft_refuses(policy, j) ||
	       (how & PFT_EXACT && policy != PFN_POLICY_OFF &&
		(j->other || pft_verdict(j) != PFN_VERDICT_SAME));
}

/*
 * Leave the report of a conflict with the linear map to the worker: a process that
 * has the pages is a better name for the other side.  Takes over the reference to
 * the holder.
 */
static noinline void pft_leave_report(const struct pft_record *new,
				      const struct pft_judgement *j,
				      enum pfn_policy policy, bool refused)
{
	const struct pft_sought sought = {
		.pfn = new->pfn,
		.last = new->last,
		.report = true,
		.refused = refused,
		.policy = policy,
		.new = *new,
		.judged = *j,
	};

	pft_seek_and_report(&sought);
}

/**
 * pft_tell_sought - report what was left to be reported
 * @sought: it
 *
 * Context: As for pft_map(); not under pft_lock.
 */
void pft_tell_sought(const struct pft_sought *sought)
{
	struct pft_conflict c = {
		.policy = sought->policy,
		.result = sought->refused ? PFN_RESULT_REFUSED :
					    PFN_RESULT_MAPPED,
	};
	struct pft_judgement j = sought->judged;

	spin_lock(&pft_lock);
	/* Others may have come only after it was judged, and it may have gone. */
	if (sought->found) {
		pft_judge_held(&j, &sought->new);
		pft_judge_others(&j, &sought->new, &sought->judged);
	}
	pft_capture(&c, &sought->new, &j);
	spin_unlock(&pft_lock);
	pft_tell(&c, &j);
}

/**
 * pft_admit - judge a newcomer and, unless it is refused, record it
 * @new: the newcomer; its reference to the holder is taken over
 * @spot: where it goes, from pft_store_spot() under the same hold of the lock
 * @start: its judgement by pft_judge_start()
 * @left: gets whether the report is left to the worker; NULL if it cannot be,
 *	without %PFT_PROCESS
 *
 * Context: pft_lock held, by pft_lock_stocked(); it is released.
 *
 * Return: 0, or -EBUSY if it is refused; then nothing is recorded.
 */
int pft_admit(struct pft_record *new, struct pft_spot *spot,
	      const struct pft_judgement *start, bool *left)
	__releases(&pft_lock)
{
	const unsigned int how = start->how;
	enum pfn_policy policy = PFN_POLICY_OFF;
	struct pft_holder *holder = new->holder;
	struct pft_judgement j = *start;
	bool refused = false, leave = false;

	pft_judge_newcomer(&j, new);
	/* Fast path: no conflict, no downgrade. */
	if (unlikely(j.other || pft_verdict(&j) != PFN_VERDICT_SAME)) {
		pft_judge_others(&j, new, start);
		policy = pft_policy_for(new->kind, &j);
		if (j.unseen && policy != PFN_POLICY_OFF)
			pft_count(PFT_STAT_SUPPRESSED);
		refused = !(how & PFT_MAPPED) && pft_says_no(policy, &j, how);
		if (refused || (policy != PFN_POLICY_OFF &&
				pft_verdict(&j) >= PFN_VERDICT_ORDERING)) {
			/* A downgrade is another matter, and reported now. */
			leave = how & PFT_PROCESS && j.linear && !j.loss;
			if (!leave)
				return pft_map_told(new, spot, &j, policy,
						    refused);
			*left = true;
			pft_holder_get(holder);
		}
	}

	if (!refused)
		pft_make_record(new, spot);
	pft_unlock();
	pft_holder_put(new->holder);
	if (unlikely(leave)) {
		new->holder = holder;
		pft_leave_report(new, &j, policy, refused);
	}
	return refused ? -EBUSY : 0;
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
	pft_unlock();
	return done;
}

/*
 * Ask again now that there is a record: a fault asks for records before it counts
 * its page.  One that asked before and has not counted it yet is still missed.
 */
static bool pft_is_mapped_now(const struct pft_record *rec)
{
	if (!pft_has_pages(rec->pfn, rec->last))
		return false;
	/* The worker asks for each of their pages. */
	if (rec->last - rec->pfn >= PFT_SOUGHT_PAGES)
		return true;
	/* Pairs with the atomic operation that counts the page for a fault. */
	smp_mb();
	return pft_ram_is_mapped(rec->pfn, rec->last);
}

/**
 * pft_map - the common end of all that maps
 * @new: everything but its holder
 * @who: on whose behalf
 * @how: %PFT_EXACT, %PFT_NOT_LINEAR, %PFT_MAPPED, %PFT_LINEAR, %PFT_CLEANED,
 *	%PFT_FLUSHED
 *
 * Context: Process context, under locks if @who->gfp says so.
 *
 * Return: 0, or -EBUSY if it is refused; then nothing is recorded.
 */
int pft_map(struct pft_record *new, const struct pft_who *who, unsigned int how)
{
	struct pft_judgement start;
	struct pft_spot spot;
	bool left = false;
	int ret;

	/* What is write-back is not flushed for others. */
	new->flushed = how & PFT_FLUSHED && new->got != PFN_ATTR_WB;
	/* Cleaned caches say nothing of what is not RAM, and RAM is left out. */
	if (new->kind == PFN_KIND_INSERT && !(how & ~(PFT_CLEANED | PFT_FLUSHED)) &&
	    pft_map_next(new, who))
		return 0;

	/* Where the architecture tracks nothing, nothing is a downgrade. */
	if (unlikely(new->want != new->got) &&
	    pfn_attr_untracked(new->pfn, new->last))
		new->want = new->got;

	/* Processes have no record of write-back pages that the VM counts. */
	if (unlikely(new->got != PFN_ATTR_WB && pft_may_seek(new->pfn, new->last)))
		how |= PFT_PROCESS;

	pft_judge_start(&start, new, how);
	new->holder = pft_holder_find(who);
	new->time = ktime_get_boot_fast_ns();
	pft_lock_stocked(who->gfp);
	/*
	 * The page tables are empty there, or they could not be filled: what is
	 * recorded has lost its mapping unseen.
	 */
	if (unlikely(!pft_store_spot(new, &spot))) {
		const struct pft_range where = pft_range_of(new);

		pft_unlock();
		pft_unmap(&where, gfpflags_allow_blocking(who->gfp));
		pft_lock_stocked(who->gfp);
		pft_store_spot(new, &spot);
	}
	if (likely(pft_on())) {
		ret = pft_admit(new, &spot, &start, &left);
		if (unlikely(new->got != PFN_ATTR_WB && !ret && !left &&
			     pft_is_mapped_now(new)))
			pft_seek_processes(new->pfn, new->last);
		return ret;
	}

	/* Switched off meanwhile: nothing may enter a store that was emptied. */
	pft_unlock();
	pft_holder_put(new->holder);
	return 0;
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
	if (pfn_track_check_range(start, size))
		return false;
	rec->pfn = PHYS_PFN(start);
	rec->last = PHYS_PFN(start + size - 1);
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

/* === Policy ============================================================= */

/**
 * pft_policy_of - the policy for mappings of a kind
 * @kind: the kind
 *
 * Return: its own, or the global one.
 */
enum pfn_policy pft_policy_of(enum pfn_kind kind)
{
	unsigned int policy = READ_ONCE(pft_kind_policy[kind]);

	if (policy != PFT_POLICY_DEFAULT)
		return policy;
	return READ_ONCE(pft_policy);
}

static void pft_drop_all(void)
{
	struct pft_holder *holder;

	do {
		spin_lock(&pft_lock);
		holder = pft_store_pop();
		pft_unlock();
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

/*
 * Hooks test the policy again under the lock.  The key is patched in one hook
 * after the other: only when all see mappings go may the first be recorded.
 */
static int pft_set_global(enum pfn_policy policy)
{
	enum pfn_policy old = pft_policy;
	int ret;

	if (old == PFN_POLICY_OFF && policy != PFN_POLICY_OFF) {
		ret = pft_switch_on();
		if (ret)
			return ret;
		/* What was mapped until now is not known. */
		atomic_long_set(&pft_stats[PFT_STAT_LATE], 1);
	}

	spin_lock(&pft_lock);
	WRITE_ONCE(pft_policy, policy);
	spin_unlock(&pft_lock);

	if (old != PFN_POLICY_OFF && policy == PFN_POLICY_OFF) {
		static_branch_disable(&pfn_track_key);
		pft_drop_all();
	}
	return 0;
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
