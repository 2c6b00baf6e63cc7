// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track hooks for the linear map: device memory that is added to it, and RAM
 * whose caching state is changed in it.
 *
 * Both are on record like any mapping of the kernel, by their addresses in the
 * linear map.  The rest of it, write-back RAM, is not: see pfn_attr_linear().
 */
#include "pfn_track_internal.h"
#include <linux/irq_work.h>
#include <linux/workqueue.h>

/* How @new, whose page frames are set, gets on record. */
static int pft_map_linear(struct pft_record *new)
{
	const struct pft_who who = {
		.space = PFN_SPACE_KERNEL,
		.gfp = PFT_GFP_KERNEL,
	};

	new->space = PFN_SPACE_KERNEL;
	new->va = (unsigned long)__va(PFN_PHYS(new->pfn));
	/* It is the linear map, and cannot disagree with it. */
	return pft_map(new, &who, PFT_NOT_LINEAR);
}

/* === Device memory ====================================================== */

int __pfn_track_memremap(phys_addr_t start, unsigned long size, pgprot_t want,
			 pgprot_t got)
{
	struct pft_record new = {
		.writable = cpu_dcache_is_aliasing(),
		.kind = PFN_KIND_MEMREMAP,
	};

	pft_decode(&new, want, got);
	return pft_pfns(&new, start, size) ? pft_map_linear(&new) : 0;
}

void __pfn_track_memunmap(phys_addr_t start, unsigned long size)
{
	__pfn_track_iounmap(__va(start), size);
}

/* === RAM ================================================================ */

/*
 * Where @va lies in the linear map; false for what is not RAM, such as a
 * mapping by ioremap().  Static data of the kernel is changed there, too.
 */
static bool pft_ram_of(unsigned long va, unsigned long *pfn)
{
	if (!virt_addr_valid((void *)va))
		return false;
	*pfn = PHYS_PFN(__pa(va));
	return true;
}

static int pft_set_ram(unsigned long pfn, unsigned long nr, enum pfn_attr attr)
{
	struct pft_record new = {
		.pfn = pfn,
		.last = pfn + nr - 1,
		.want = attr,
		.got = attr,
		.kind = PFN_KIND_SET_MEMORY,
	};

	return pft_map_linear(&new);
}

static void pft_unset_ram(unsigned long pfn, unsigned long nr)
{
	__pfn_track_iounmap(__va(PFN_PHYS(pfn)), nr << PAGE_SHIFT);
}

int __pfn_track_set_memory(unsigned long va, unsigned int count, pgprot_t prot)
{
	unsigned long pfn;

	if (!count || !pft_ram_of(va, &pfn))
		return 0;
	return pft_set_ram(pfn, count, pfn_attr_from_pgprot(prot));
}

void __pfn_track_unset_memory(unsigned long va, unsigned int count)
{
	unsigned long pfn;

	if (count && pft_ram_of(va, &pfn))
		pft_unset_ram(pfn, count);
}

/* How many of the pages from @i on are neighbours that the linear map has. */
static unsigned int pft_ram_run(struct page *const *pages, unsigned int i,
				unsigned int count, unsigned long *pfn)
{
	unsigned int nr = 1;

	*pfn = page_to_pfn(pages[i]);
	while (i + nr < count && page_to_pfn(pages[i + nr]) == *pfn + nr &&
	       PageHighMem(pages[i + nr]) == PageHighMem(pages[i]))
		nr++;
	return nr;
}

int __pfn_track_set_pages(struct page *const *pages, unsigned int count,
			  pgprot_t prot)
{
	enum pfn_attr attr = pfn_attr_from_pgprot(prot);
	unsigned int i, nr = 0;
	unsigned long pfn;
	int ret = 0;

	for (i = 0; i < count && !ret; i += nr) {
		nr = pft_ram_run(pages, i, count, &pfn);
		if (!PageHighMem(pages[i]))
			ret = pft_set_ram(pfn, nr, attr);
	}
	/* The last one is the one that was refused. */
	if (ret)
		__pfn_track_unset_pages(pages, i - nr);
	return ret;
}

void __pfn_track_unset_pages(struct page *const *pages, unsigned int count)
{
	unsigned int i, nr;
	unsigned long pfn;

	for (i = 0; i < count; i += nr) {
		nr = pft_ram_run(pages, i, count, &pfn);
		if (!PageHighMem(pages[i]))
			pft_unset_ram(pfn, nr);
	}
}

/* === RAM that is freed in the wrong state =============================== */

/* Of these at a time; when more are freed, which is rare, they are not told. */
#define PFT_FREED		32

/**
 * struct pft_freed - memory that was freed
 * @pfn: first page frame
 * @last: last page frame
 * @seq: how many records had been made by then
 * @comm: name of the task that freed it
 */
struct pft_freed {
	unsigned long pfn;
	unsigned long last;
	unsigned long seq;
	char comm[TASK_COMM_LEN];
};

/* Pages are freed in any context, so that the rest is left to a worker. */
static DEFINE_RAW_SPINLOCK(pft_freed_lock);
static struct pft_freed pft_freed[PFT_FREED];
static unsigned int pft_nr_freed;

/* The next record of @freed that is older, and was not told of, with a reference. */
static bool pft_freed_next(const struct pft_freed *freed,
			   struct pft_record *found)
{
	struct pft_walk walk = {
		.pfn = freed->pfn,
		.last = freed->last,
		.attrs = (BIT(PFN_ATTR_COUNT) - 1) & ~BIT(PFN_ATTR_WB),
		.steps = PFT_STEPS,
	};
	struct pft_record *rec;

	spin_lock(&pft_lock);
	while ((rec = pft_segment_walk(&walk)))
		if (rec->kind == PFN_KIND_SET_MEMORY && !rec->leaked &&
		    rec->seq < freed->seq)
			break;
	if (rec) {
		rec->leaked = true;
		*found = *rec;
		pft_holder_get(found->holder);
	}
	spin_unlock(&pft_lock);
	return rec;
}

static void pft_tell_freed(const struct pft_freed *freed)
{
	struct pft_leak leak = { .how = PFN_LEAK_FREED };

	while (pft_freed_next(freed, &leak.rec)) {
		leak.rec.pfn = max(leak.rec.pfn, freed->pfn);
		leak.rec.last = min(leak.rec.last, freed->last);
		strscpy(leak.name, freed->comm);
		pft_tell_leak(&leak);
		pft_holder_put(leak.rec.holder);
	}
}

static void pft_freed_work(struct work_struct *work)
{
	struct pft_freed freed;
	bool some;

	do {
		raw_spin_lock_irq(&pft_freed_lock);
		some = pft_nr_freed;
		if (some)
			freed = pft_freed[--pft_nr_freed];
		raw_spin_unlock_irq(&pft_freed_lock);
		if (some)
			pft_tell_freed(&freed);
	} while (some);
}

static DECLARE_WORK(pft_freed_worker, pft_freed_work);

/* Under which locks a page is freed is not known; an interrupt holds none. */
static void pft_freed_kick(struct irq_work *work)
{
	schedule_work(&pft_freed_worker);
}

static DEFINE_IRQ_WORK(pft_freed_irq, pft_freed_kick);

/* Note that pages were freed in the state that the last owner gave them. */
static void pft_note_freed(unsigned long pfn, unsigned long nr)
{
	struct pft_freed freed = {
		.pfn = pfn,
		.last = pfn + nr - 1,
		.seq = pft_made(),
	};
	unsigned long flags;

	memcpy(freed.comm, current->comm, TASK_COMM_LEN);

	raw_spin_lock_irqsave(&pft_freed_lock, flags);
	if (pft_nr_freed < PFT_FREED)
		pft_freed[pft_nr_freed++] = freed;
	raw_spin_unlock_irqrestore(&pft_freed_lock, flags);
	irq_work_queue(&pft_freed_irq);
}

/*
 * All of memory is freed through here, so the registry itself is not asked: the
 * page says by itself whether set_memory_*() has changed it.
 */
void __pfn_track_free(const struct page *page, unsigned int order)
{
	const unsigned long nr = BIT(order), pfn = page_to_pfn(page);
	unsigned long i, first;

	for (i = 0; i < nr; i++) {
		if (likely(!pfn_attr_page_changed(page + i)))
			continue;
		for (first = i; i < nr && pfn_attr_page_changed(page + i); i++)
			;
		pft_note_freed(pfn + first, i - first);
	}
}

/* === Memory that is added =============================================== */

/* Compare RAM that is added or goes online; the linear map gets no record. */
static int pft_add_ram(struct pft_record *new)
{
	const struct pft_who who = {
		.space = new->space,
		.gfp = PFT_GFP_KERNEL,
	};
	struct pft_conflict c = {
		.policy = pft_policy_of(new->kind),
	};
	struct pft_judgement j;
	bool conflict;

	if (c.policy == PFN_POLICY_OFF)
		return 0;
	new->holder = pft_holder_find(&who);
	new->time = ktime_get_boot_fast_ns();

	spin_lock(&pft_lock);
	pft_judge_start(&j, new, PFT_NOT_LINEAR);
	pft_judge_newcomer(&j, new);
	conflict = pft_verdict(&j) >= PFN_VERDICT_ORDERING;
	if (pft_refuses(c.policy, &j))
		c.result = PFN_RESULT_REFUSED;
	if (conflict)
		pft_capture(&c, new, &j);
	spin_unlock(&pft_lock);

	if (conflict)
		pft_tell(&c, &j);
	pft_holder_put(new->holder);
	return c.result == PFN_RESULT_REFUSED ? -EBUSY : 0;
}

int __pfn_track_add_memory(u64 start, u64 size)
{
	struct pft_record new = {
		.want = PFN_ATTR_WB,
		.got = PFN_ATTR_WB,
		.kind = PFN_KIND_LINEAR,
		.space = PFN_SPACE_KERNEL,
	};

	return pft_pfns(&new, start, size) ? pft_add_ram(&new) : 0;
}
