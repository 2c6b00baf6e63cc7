// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track rmap: processes that map RAM which a driver now maps otherwise.
 *
 * Write-back pages that the VM counts are not recorded when they are mapped:
 * almost all memory is of this kind.  When RAM is mapped otherwise, the VM is
 * asked whether processes have it.  If so a worker finds their page table
 * entries, through rmap or, for pages of drivers, by walking the areas of device
 * files, and records them as if they were mapped now, which reports the
 * conflict and names the process.
 */
#include "pfn_track_internal.h"
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/memcontrol.h>
#include <linux/memory_hotplug.h>
#include <linux/pagewalk.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/workqueue.h>
#include "internal.h"

/* Ranges that wait for the worker.  If there are more it goes through all records. */
#define PFT_SOUGHT		(PFT_SOUGHT_HOLDERS - 1)

/* Page tables, and areas, that are walked while their address space is locked. */
#define PFT_SEEK_TABLES		128
#define PFT_SEEK_AREAS		1024

/*
 * Page tables of one pass over all address spaces.  Most areas are passed over, and
 * large machines have millions, so they count less; a lock that is busy counts more.
 */
#define PFT_SEEK_PASS		(1UL << 20)
#define PFT_SEEK_AREAS_TABLE	64
#define PFT_SEEK_BUSY		(PFT_SEEK_PASS / 64)

/* The worker's rests, in ms: between two walks of all areas, and for a lock. */
#define PFT_SEEK_PAUSE		1000
#define PFT_SEEK_PAUSE_MAX	(30 * MSEC_PER_SEC)
#define PFT_SEEK_LOCK		2
#define PFT_SEEK_TRIES		50

/* Memory comes in sections; more of them than a device's largest BAR has. */
#ifdef CONFIG_SPARSEMEM
#define PFT_BLOCK_PAGES		PAGES_PER_SECTION
#else
#define PFT_BLOCK_PAGES		MAX_ORDER_NR_PAGES
#endif
#define PFT_BLOCKS		8192

static DEFINE_RAW_SPINLOCK(pft_sought_lock);
static struct pft_sought pft_sought[PFT_SOUGHT];
/* Whose report the worker is about to make. */
static struct pft_holder *pft_sought_now;
static unsigned int pft_nr_sought, pft_sought_all;

/* === Asking ============================================================= */

/*
 * Without a reference the page may become part of another folio meanwhile, which
 * the usual helpers assert against: read the counts as they are.  The worker takes
 * a reference and checks again; a stale record is only left out of a judgement.
 */
static const struct folio *pft_folio_of(const struct page *page)
{
	unsigned long head = READ_ONCE(page->compound_head);

	return (const struct folio *)(head & 1 ? head - 1 :
						 (unsigned long)page);
}

/*
 * How many page table entries map a page: of a large folio those of the page, and
 * those of the whole.  Of what is no page of a process, the count is a type, and
 * below -1.
 */
static int pft_page_users(const struct page *page)
{
	const struct folio *folio = pft_folio_of(page);
	int users;

	/* Rmap of hugetlb has locks of its own: its pages are not sought. */
	if (folio_test_hugetlb(folio))
		return 0;
	users = max(atomic_read(&page->_mapcount), -1) + 1;
	if (test_bit(PG_head, &folio->flags))
		users += max(atomic_read(&folio->_entire_mapcount), -1) + 1;
	return users;
}

static bool pft_page_is_mapped(unsigned long pfn)
{
	const struct page *page = pfn_to_online_page(pfn);

	return page && pft_page_users(page);
}

/**
 * pft_has_pages - whether a range may have pages of RAM
 * @pfn: first page frame
 * @last: last page frame
 *
 * Looks at both ends and once into each block in which memory may lie; a range
 * of very many blocks is taken to have some.
 *
 * Context: Any; takes no lock.
 *
 * Return: false if it has none, like most ranges of devices.
 */
bool pft_has_pages(unsigned long pfn, unsigned long last)
{
	const unsigned long step = PFT_BLOCK_PAGES;

	if (pfn_valid(pfn) || pfn_valid(last))
		return true;
	if ((last - pfn) / step > PFT_BLOCKS)
		return true;
	for (pfn = round_up(pfn + 1, step); pfn && pfn < last; pfn += step)
		if (pfn_valid(pfn))
			return true;
	return false;
}

/**
 * pft_ram_is_mapped - whether processes map some of a range
 * @pfn: first page frame
 * @last: last page frame
 *
 * Looks at a bounded number of pages; large ranges are of devices, or have just
 * been allocated.
 *
 * Context: Any; takes no lock.
 *
 * Return: true if the VM counts a mapping of one of the pages.
 */
bool pft_ram_is_mapped(unsigned long pfn, unsigned long last)
{
	unsigned long nr = min(last - pfn, PFT_SOUGHT_PAGES - 1UL);
	unsigned long i;

	if (!pft_has_pages(pfn, last))
		return false;
	for (i = 0; i <= nr; i++)
		if (pft_page_is_mapped(pfn + i))
			return true;
	return false;
}

/**
 * pft_may_seek - whether a process is going to be found for a range
 * @pfn: first page frame
 * @last: last page frame
 *
 * Context: Any; takes no lock.
 *
 * Return: true if processes map some of it, and the worker has room for it and
 * is allowed to report.
 */
bool pft_may_seek(unsigned long pfn, unsigned long last)
{
	return pft_ram_is_mapped(pfn, last) &&
	       READ_ONCE(pft_nr_sought) < PFT_SOUGHT &&
	       pft_policy_of(PFN_KIND_INSERT) != PFN_POLICY_OFF;
}

/* Pages of a record that are looked at to see whether it is stale. */
#define PFT_STALE_PAGES		16

/* A fault makes the record first, and then counts its page, in ns. */
#define PFT_STALE_AGE		NSEC_PER_SEC

/**
 * pft_is_stale - whether a record outlived what it stands for
 * @rec: a record of pages that the VM counts
 *
 * Such pages may be replaced where no hook is.
 *
 * Context: pft_lock held.
 *
 * Return: true if none of its pages is mapped by any process.
 */
bool pft_is_stale(const struct pft_record *rec)
{
	unsigned long pfn;

	if (rec->last - rec->pfn >= PFT_STALE_PAGES ||
	    ktime_get_boot_fast_ns() - rec->time < PFT_STALE_AGE)
		return false;
	for (pfn = rec->pfn; pfn <= rec->last; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || pft_page_is_mapped(pfn) ||
		    folio_test_hugetlb(pft_folio_of(page)))
			return false;
	}
	return true;
}

/* === Through rmap ======================================================= */

static enum pfn_attr pft_attr_of_pte(pte_t pte)
{
	pgprot_t prot = pte_pgprot(pte);

	/* Decoders look at the bits of the attribute only. */
	return pfn_attr_from_pgprot(pgprot_val(prot) ? prot :
				    __pgprot(pte_val(pte)));
}

/* An entry for @nr pages was found; note what of it is sought. */
static void pft_found(struct pft_sought *sought, struct vm_area_struct *vma,
		      unsigned long va, unsigned long pfn, unsigned long nr,
		      enum pfn_attr attr)
{
	unsigned long first = max(pfn, sought->pfn);
	unsigned long last = min(pfn + nr - 1, sought->last);
	struct mem_cgroup *memcg, *old;
	int made;

	if (first > last)
		return;
	/* The process pays for its records, not the worker. */
	memcg = get_mem_cgroup_from_mm(vma->vm_mm);
	old = set_active_memcg(memcg);
	made = pft_map_found(vma, va + ((first - pfn) << PAGE_SHIFT), first,
			     (last - first + 1) << PAGE_SHIFT, attr,
			     sought->refused ? BIT(sought->new.got) : 0);
	set_active_memcg(old);
	mem_cgroup_put(memcg);
	if (made) {
		sought->found = true;
		/* To make them may cost as much as to read a table. */
		sought->tables += made;
	}
}

static void pft_found_pte(struct pft_sought *sought,
			  struct vm_area_struct *vma, unsigned long va,
			  pte_t pte)
{
	/* Special entries are not counted, and recorded when they are made. */
	if (pte_present(pte) && !pte_special(pte))
		pft_found(sought, vma, va, pte_pfn(pte), 1,
			  pft_attr_of_pte(pte));
}

static void pft_found_pmd(struct pft_sought *sought,
			  struct vm_area_struct *vma, unsigned long va,
			  pmd_t pmd)
{
	pgprot_t prot;

	if (!pmd_present(pmd) || !pmd_leaf(pmd))
		return;
	prot = pmd_pgprot(pmd);
	if (pgprot_val(prot))
		pft_found(sought, vma, va & PMD_MASK, pmd_pfn(pmd),
			  PMD_SIZE >> PAGE_SHIFT, pfn_attr_from_large(prot));
}

static bool pft_rmap_one(struct folio *folio, struct vm_area_struct *vma,
			 unsigned long addr, void *arg)
{
	DEFINE_FOLIO_VMA_WALK(pvmw, folio, vma, addr, 0);

	struct pft_sought *sought = arg;

	while (page_vma_mapped_walk(&pvmw)) {
		sought->entries++;
		if (pvmw.pte)
			pft_found_pte(sought, vma, pvmw.address,
				      ptep_get(pvmw.pte));
		else if (pvmw.pmd)
			pft_found_pmd(sought, vma, pvmw.address,
				      pmdp_get(pvmw.pmd));
	}
	return true;
}

static bool pft_try_folio(void *folio)
{
	return folio_trylock(folio);
}

static bool pft_try_mm(void *mm)
{
	return mmap_read_trylock(mm);
}

/*
 * Others may hold their locks for as long as I/O takes, or as they please, and
 * the worker serves all.  What it gives up on is counted.
 */
static bool pft_lock_bounded(bool (*try)(void *what), void *what)
{
	unsigned int nr;

	for (nr = 0; nr < PFT_SEEK_TRIES; nr++) {
		if (try(what))
			return true;
		msleep(PFT_SEEK_LOCK);
	}
	pft_count(PFT_STAT_SUPPRESSED);
	return false;
}

/*
 * False if rmap does not know all mappings of the folio: drivers map pages of one
 * file through another, and pages of none.
 */
static bool pft_seek_rmap(struct folio *folio, struct pft_sought *sought)
{
	struct rmap_walk_control walk = {
		.rmap_one = pft_rmap_one,
		.arg = sought,
		/* What the folio points to may be freed once it is not mapped. */
		.anon_lock = folio_lock_anon_vma_read,
	};

	if (!folio_raw_mapping(folio) || __folio_test_movable(folio))
		return false;
	if (!pft_lock_bounded(pft_try_folio, folio))
		return true;
	sought->entries = 0;
	if (folio_mapped(folio) && folio_raw_mapping(folio))
		rmap_walk(folio, &walk);
	folio_unlock(folio);
	return sought->entries >= folio_mapcount(folio);
}

/*
 * How many of the mappings that the VM counts are recorded for a page.  With very
 * many it is assumed that all are, and counted that this was not looked into.
 */
static int pft_recorded_users(unsigned long pfn)
{
	struct pft_walk walk = {
		.pfn = pfn,
		.last = pfn,
		.attrs = BIT(PFN_ATTR_COUNT) - 1,
		.steps = PFT_STEPS,
	};
	struct pft_record *rec;
	int nr = 0;

	spin_lock(&pft_lock);
	while ((rec = pft_segment_walk(&walk)))
		nr += rec->counted;
	spin_unlock(&pft_lock);
	if (!walk.node)
		return nr;
	pft_count(PFT_STAT_SUPPRESSED);
	return INT_MAX;
}

/*
 * Seek the processes that map a page, and the rest of its folio.  The reference
 * keeps the folio what it is, and is not held for longer than rmap takes.
 *
 * Return: false if areas have to be walked for it.
 */
static bool pft_seek_page(unsigned long *pfn, struct pft_sought *sought)
{
	struct page *page = pfn_to_online_page(*pfn);
	struct folio *folio;
	bool known = true;

	if (!pft_page_is_mapped(*pfn))
		return true;
	folio = page_folio(page);
	if (!folio_try_get(folio))
		return true;
	if (folio == page_folio(page) && !folio_test_hugetlb(folio) &&
	    pft_page_users(page) > pft_recorded_users(*pfn)) {
		known = pft_seek_rmap(folio, sought);
		*pfn += folio_nr_pages(folio) - 1 - folio_page_idx(folio, page);
	}
	folio_put(folio);
	return known;
}

/* === By walking areas =================================================== */

static int pft_seek_pud(pud_t *pud, unsigned long va, unsigned long end,
			struct mm_walk *walk)
{
	/* Without this the walk would split huge entries. */
	if (pud_leaf(READ_ONCE(*pud)))
		walk->action = ACTION_CONTINUE;
	return 0;
}

static int pft_seek_table(pmd_t *pmdp, unsigned long va, unsigned long end,
			  struct mm_walk *walk)
{
	pte_t *start, *ptep;
	/* Of the table that @pmdp points to. */
	spinlock_t *ptl;

	start = pte_offset_map_lock(walk->mm, pmdp, va, &ptl);
	if (!start) {
		walk->action = ACTION_AGAIN;
		return 0;
	}
	/* It is held; sparse cannot know. */
	__acquire(ptl);
	for (ptep = start; va < end; va += PAGE_SIZE, ptep++)
		pft_found_pte(walk->private, walk->vma, va, ptep_get(ptep));
	pte_unmap_unlock(start, ptl);
	cond_resched();
	return 0;
}

static int pft_seek_pmd(pmd_t *pmdp, unsigned long va, unsigned long end,
			struct mm_walk *walk)
{
	struct pft_sought *sought = walk->private;
	/* Of the table that @pmdp lies in. */
	spinlock_t *ptl;

	if (sought->tables++ >= PFT_SEEK_TABLES) {
		sought->resume = va;
		return 1;
	}
	ptl = pmd_trans_huge_lock(pmdp, walk->vma);
	if (ptl) {
		/* It is held; sparse cannot know. */
		__acquire(ptl);
		pft_found_pmd(sought, walk->vma, va, *pmdp);
		spin_unlock(ptl);
		return 0;
	}
	return pft_seek_table(pmdp, va, end, walk);
}

static const struct mm_walk_ops pft_seek_ops = {
	.pud_entry = pft_seek_pud,
	.pmd_entry = pft_seek_pmd,
	.walk_lock = PGWALK_RDLOCK,
};

/*
 * Pages that rmap does not know are those of drivers, mapped through a device.
 * Private areas of /dev/zero have a file, too, but anonymous pages.
 */
static bool pft_area_is_device(struct vm_area_struct *vma)
{
	return vma->vm_file && !vma_is_anonymous(vma) &&
	       !S_ISREG(file_inode(vma->vm_file)->i_mode) &&
	       !(vma->vm_flags & VM_PFNMAP);
}

/* Walk on from @va; returns where to go on, 0 at the end. */
static unsigned long pft_seek_part(struct mm_struct *mm, unsigned long va,
				   struct pft_sought *sought)
{
	VMA_ITERATOR(vmi, mm, va);
	struct vm_area_struct *vma;

	/* Not by bytes: where there are no page tables it costs nothing. */
	for_each_vma(vmi, vma) {
		if (sought->areas++ >= PFT_SEEK_AREAS)
			return max(va, vma->vm_start);
		if (!pft_area_is_device(vma))
			continue;
		if (walk_page_range_vma(vma, max(va, vma->vm_start),
					vma->vm_end, &pft_seek_ops, sought))
			return sought->resume;
	}
	return 0;
}

static void pft_seek_mm(struct mm_struct *mm, struct pft_sought *sought)
{
	unsigned long va = 0;

	do {
		if (!pft_lock_bounded(pft_try_mm, mm)) {
			sought->walked += PFT_SEEK_BUSY;
			return;
		}
		sought->tables = 0;
		sought->areas = 0;
		/* exit_mmap() frees page tables only when it has the lock. */
		va = atomic_read(&mm->mm_users) ?
		     pft_seek_part(mm, va, sought) : 0;
		mmap_read_unlock(mm);
		sought->walked += sought->tables +
				  sought->areas / PFT_SEEK_AREAS_TABLE;
		cond_resched();
	} while (va && sought->walked < PFT_SEEK_PASS);
}

/*
 * The address space of a process; its leader may have gone before others.  Of the
 * structure alone: a reference to what is mapped would keep devices open.
 */
static struct mm_struct *pft_grab_mm(struct task_struct *leader)
{
	struct mm_struct *mm = NULL;
	struct task_struct *task;

	for_each_thread(leader, task) {
		task_lock(task);
		if (task->mm && !(task->flags & PF_KTHREAD)) {
			mm = task->mm;
			mmgrab(mm);
		}
		task_unlock(task);
		if (mm)
			break;
	}
	return mm;
}

/* Of the processes behind @nr up to @last; returns which one was the last. */
static int pft_seek_pids(struct pft_sought *sought, int nr, int last)
{
	struct mm_struct *mm, *latest = NULL;
	struct task_struct *task;
	struct pid *pid;

	while (nr < last && sought->walked < PFT_SEEK_PASS) {
		mm = NULL;
		rcu_read_lock();
		pid = find_ge_pid(nr + 1, &init_pid_ns);
		task = pid ? pid_task(pid, PIDTYPE_TGID) : NULL;
		if (pid)
			nr = pid_nr(pid);
		if (task)
			mm = pft_grab_mm(task);
		rcu_read_unlock();
		if (!pid)
			break;
		/* CLONE_VM makes processes that cost next to nothing. */
		if (mm && mm != latest)
			pft_seek_mm(mm, sought);
		if (mm) {
			if (latest)
				mmdrop(latest);
			latest = mm;
		}
		cond_resched();
	}
	if (latest)
		mmdrop(latest);
	return nr;
}

static void pft_seek_areas(struct pft_sought *sought)
{
	/* Where the pass before this one met its limit; of the worker alone. */
	static int from;
	int nr;

	sought->walked = 0;
	nr = pft_seek_pids(sought, from, INT_MAX);
	if (sought->walked < PFT_SEEK_PASS)
		nr = pft_seek_pids(sought, 0, from);
	from = 0;
	/* Many processes, which cost next to nothing, may hide others: those come next. */
	if (sought->walked >= PFT_SEEK_PASS) {
		from = nr;
		pft_count(PFT_STAT_SUPPRESSED);
	}
}

/* === The worker ========================================================= */

static bool pft_next_sought(struct pft_sought *sought)
{
	bool some;

	raw_spin_lock_irq(&pft_sought_lock);
	some = pft_nr_sought;
	if (some) {
		*sought = pft_sought[0];
		if (sought->report)
			pft_sought_now = sought->new.holder;
		pft_nr_sought--;
		memmove(pft_sought, pft_sought + 1,
			pft_nr_sought * sizeof(*pft_sought));
	}
	raw_spin_unlock_irq(&pft_sought_lock);
	return some;
}

static void pft_sought_done(const struct pft_sought *sought)
{
	raw_spin_lock_irq(&pft_sought_lock);
	pft_sought_now = NULL;
	raw_spin_unlock_irq(&pft_sought_lock);
	pft_holder_put(sought->new.holder);
}

/**
 * pft_sought_holders - the holders whose reports are left to the worker
 * @holders: gets them, with references; room for %PFT_SOUGHT_HOLDERS
 *
 * Context: Process context.
 *
 * Return: how many there are.
 */
unsigned int pft_sought_holders(struct pft_holder **holders)
{
	unsigned int i, nr = 0;

	raw_spin_lock_irq(&pft_sought_lock);
	if (pft_sought_now)
		holders[nr++] = pft_holder_get(pft_sought_now);
	for (i = 0; i < pft_nr_sought; i++)
		if (pft_sought[i].report)
			holders[nr++] = pft_holder_get(pft_sought[i].new.holder);
	raw_spin_unlock_irq(&pft_sought_lock);
	return nr;
}

/* False if areas have to be walked for some of the range. */
static bool pft_seek_range(struct pft_sought *sought)
{
	bool known = true;
	unsigned long pfn;

	for (pfn = sought->pfn; pfn <= sought->last; pfn++) {
		known &= pft_seek_page(&pfn, sought);
		cond_resched();
	}
	return known;
}

/* The range of the next record of RAM that is not write-back; false at the end. */
static bool pft_next_recorded(struct pft_place *place,
			      struct pft_sought *sought)
{
	const struct pft_record *rec;
	bool some = false;
	unsigned int nr;

	spin_lock(&pft_lock);
	for (nr = 0; nr < PFT_STEPS / 8; nr++) {
		rec = pft_store_after(place);
		if (!rec)
			break;
		*place = (struct pft_place){
			.space = rec->space,
			.id = rec->id,
			.va = rec->va,
			.rec = rec,
		};
		/* An empty range is as good as any that is not sought. */
		*sought = (struct pft_sought){ .pfn = 1 };
		some = true;
		if (rec->got != PFN_ATTR_WB &&
		    pft_has_pages(rec->pfn, rec->last)) {
			sought->pfn = rec->pfn;
			sought->last = rec->last;
			break;
		}
	}
	spin_unlock(&pft_lock);
	return some;
}

/* Too many ranges came at once to keep them apart. */
static bool pft_seek_all(void)
{
	struct pft_place place = { };
	struct pft_sought sought;
	bool known = true;

	while (pft_next_recorded(&place, &sought)) {
		known &= pft_seek_range(&sought);
		cond_resched();
	}
	return known;
}

/*
 * No process can have all records, or the areas of all others, walked all the
 * time: the worker rests for as long as it took, within limits.
 */
static u64 pft_seek_began, pft_seek_next;

static void pft_seek_rest(void)
{
	u64 now = get_jiffies_64();

	if (now < pft_seek_next)
		schedule_timeout_idle(pft_seek_next - now);
	pft_seek_began = get_jiffies_64();
}

static void pft_seek_rested(void)
{
	u64 now = get_jiffies_64();

	pft_seek_next = now + clamp_t(u64, now - pft_seek_began,
				      msecs_to_jiffies(PFT_SEEK_PAUSE),
				      msecs_to_jiffies(PFT_SEEK_PAUSE_MAX));
}

static void pft_seek_work(struct work_struct *work)
{
	struct pft_sought sought;
	unsigned int nr;

	/* Those that come all the time must not keep the rest waiting. */
	for (nr = 0; nr < PFT_SOUGHT && pft_next_sought(&sought); nr++) {
		if (!pft_seek_range(&sought)) {
			pft_seek_rest();
			pft_seek_areas(&sought);
			pft_seek_rested();
		}
		if (!sought.report)
			continue;
		/* What was let in is reported by the process's record. */
		if (sought.refused || !sought.found)
			pft_tell_sought(&sought);
		pft_sought_done(&sought);
	}
	if (nr == PFT_SOUGHT)
		queue_work(system_unbound_wq, work);
	if (!READ_ONCE(pft_sought_all))
		return;
	pft_seek_rest();
	WRITE_ONCE(pft_sought_all, 0);
	/* Pairs with the lock under which it is set, after the record was made. */
	smp_mb();
	if (!pft_seek_all()) {
		sought = (struct pft_sought){ .last = ULONG_MAX };
		pft_seek_areas(&sought);
	}
	pft_seek_rested();
}

static DECLARE_WORK(pft_seek_worker, pft_seek_work);

/* Under which locks a page is mapped is not known; an interrupt holds none. */
static void pft_seek_kick(struct irq_work *work)
{
	queue_work(system_unbound_wq, &pft_seek_worker);
}

static DEFINE_IRQ_WORK(pft_seek_irq, pft_seek_kick);

/*
 * Make a range part of the latest one; vmap() and faults come page by page.  Not
 * where a report may follow: a process found for one is no answer for the other.
 */
static bool pft_join_sought(unsigned long pfn, unsigned long last)
{
	struct pft_sought *latest;

	if (!pft_nr_sought)
		return false;
	latest = &pft_sought[pft_nr_sought - 1];
	if (latest->report || latest->last + 1 != pfn ||
	    last - latest->pfn >= PFT_SOUGHT_PAGES)
		return false;
	latest->last = last;
	return true;
}

/* Where the next range goes; NULL if there is no room left. */
static struct pft_sought *pft_new_sought(unsigned long pfn, unsigned long last,
					 bool recorded)
{
	struct pft_sought *part = NULL;

	if (pft_nr_sought < PFT_SOUGHT) {
		part = &pft_sought[pft_nr_sought++];
		part->pfn = pfn;
		part->last = min(last, pfn + PFT_SOUGHT_PAGES - 1);
		part->found = false;
		part->report = false;
		part->refused = false;
	}
	/* The rest of a large range is found by its record. */
	if (recorded && (!part || last - pfn >= PFT_SOUGHT_PAGES))
		WRITE_ONCE(pft_sought_all, 1);
	return part;
}

/**
 * pft_seek_processes - have the processes found that map a range
 * @pfn: first page frame
 * @last: last page frame; recorded otherwise than write-back
 *
 * Done later by a worker: reading the page tables of others takes locks that
 * the caller may hold.
 *
 * Context: Any.
 */
void pft_seek_processes(unsigned long pfn, unsigned long last)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pft_sought_lock, flags);
	if (!pft_join_sought(pfn, last))
		pft_new_sought(pfn, last, true);
	raw_spin_unlock_irqrestore(&pft_sought_lock, flags);
	irq_work_queue(&pft_seek_irq);
}

/**
 * pft_seek_and_report - the same, and have a conflict reported
 * @sought: the range and the conflict; pft_may_seek() was true, and the reference
 *	to the holder is taken over
 *
 * Context: Any.
 */
void pft_seek_and_report(const struct pft_sought *sought)
{
	struct pft_sought *part;
	unsigned long flags, last;

	raw_spin_lock_irqsave(&pft_sought_lock, flags);
	part = pft_new_sought(sought->pfn, sought->last, !sought->refused);
	if (part) {
		last = part->last;
		*part = *sought;
		part->last = last;
	}
	raw_spin_unlock_irqrestore(&pft_sought_lock, flags);
	irq_work_queue(&pft_seek_irq);
	if (part)
		return;
	/* Others took the room since it was asked for: the linear map is named. */
	pft_tell_sought(sought);
	pft_holder_put(sought->new.holder);
}
