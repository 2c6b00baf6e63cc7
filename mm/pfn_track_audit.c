// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track audit: does the registry tell the truth?
 *
 * Walks the live page tables of the kernel's vmalloc area and of every process,
 * window by window, and lays beside each window what is on record there.  What
 * is found is only doubted at first: mappings come and go meanwhile, and a
 * record may be made a moment before its page table entry.  Doubts are looked
 * at again, with the address space locked for writing, and become findings if
 * they stay.
 *
 * Nothing is compared under the lock of a page table, and no page table is
 * walked under pft_lock.  What is walked, and what is not: pfn_track_walk.c.
 */
#include "pfn_track_internal.h"
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hashtable.h>
#include <linux/io.h>
#include <linux/ioremap.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/vmalloc.h>

/*
 * Doubts of one window, how often they are looked at again, and when: in ms, the
 * first time, each time twice as long.  Who unmaps may be held up between its
 * record and its page tables, a virtual CPU for long.
 */
#define PFT_AUDIT_DOUBTS	512
#define PFT_AUDIT_TRIES		6
#define PFT_AUDIT_PAUSE		10

/* Likewise, for processes on their way out. */
#define PFT_AUDIT_EXITS		20

/* Process ids that are looked at under one hold of the RCU read lock. */
#define PFT_AUDIT_PIDS		1024

/*
 * The window of pci_remap_iospace().  asm-generic/io.h calls it NULL where an
 * architecture has none, or keeps it elsewhere.
 */
#ifdef PCI_IOBASE
#define PFT_IOSPACE	((unsigned long)PCI_IOBASE)
#else
#define PFT_IOSPACE	0UL
#endif

/* Not said where there is no ioremap(). */
#ifndef IOREMAP_START
#define IOREMAP_START	VMALLOC_START
#define IOREMAP_END	VMALLOC_END
#endif

/**
 * struct pft_seen - an address space that was walked
 * @node: in struct pft_auditor
 * @mm: with a reference to the structure, so that no other gets its address
 */
struct pft_seen {
	struct hlist_node node;
	struct mm_struct *mm;
};

/**
 * struct pft_auditor - an audit that runs
 * @audit: what it finds
 * @tables: what the page tables of a window say
 * @pid: of the process whose they are
 * @comm: likewise
 * @found: what a window has against the registry
 * @nr_found: how many there are
 * @doubts: where that was
 * @latest: of each type, the finding that was kept last
 * @latest_shown: and where it is shown, or NULL
 * @path: to write one down
 * @seen: address spaces walked
 */
struct pft_auditor {
	struct pft_audit *audit;
	struct pft_tables tables;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	struct pft_finding found[PFT_AUDIT_DOUBTS];
	unsigned int nr_found;
	struct pft_range doubts[PFT_AUDIT_DOUBTS];
	struct pft_finding latest[PFT_FINDING_COUNT];
	struct pft_shown *latest_shown[PFT_FINDING_COUNT];
	char path[PATH_MAX];
	DECLARE_HASHTABLE(seen, 8);
};

/* One at a time: an audit is work, and locks address spaces. */
static DEFINE_MUTEX(pft_audit_lock);

/* === What the registry says ============================================= */

/**
 * struct pft_held - what is on record next
 * @rec: copy of the record, reduced to the window; without its holder
 * @some: there is one
 * @pid: of its holder
 * @comm: likewise
 */
struct pft_held {
	struct pft_record rec;
	bool some;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

static void pft_next_held(struct pft_auditor *a, const struct pft_range *rest,
			  struct pft_held *held)
{
	struct pft_record *rec;

	spin_lock(&pft_lock);
	rec = pft_store_first(rest);
	held->some = rec;
	if (rec) {
		held->pid = pft_holder_pid(rec);
		strscpy(held->comm, rec->holder->comm);
		held->rec = *rec;
		/* Not those that the window before ended with. */
		if (!a->tables.again && rec->va >= rest->va)
			a->audit->records++;
	}
	spin_unlock(&pft_lock);
	if (rec)
		pft_clip(&held->rec, rest);
}

/* === Comparing ========================================================== */

/*
 * What is wrong with one stretch of addresses: @run is what the page tables map
 * there and @rec what is on record, both reduced to it, or NULL.
 */
static unsigned int pft_compare(const struct pft_mapped *run,
				const struct pft_record *rec)
{
	unsigned int missing = 0, broken = 0;

	if (run && run->road == PFT_ROAD_HOOKED)
		missing = BIT(PFT_FINDING_MISSING);
	else if (run && run->road == PFT_ROAD_ALIAS)
		missing = BIT(PFT_FINDING_ALIAS);
	if (run && run->broken)
		broken = BIT(PFT_FINDING_BROKEN);
	if (!rec)
		return missing | broken;
	if (!run)
		return BIT(PFT_FINDING_STALE);
	if (run->pfn != rec->pfn)
		return BIT(PFT_FINDING_STALE) | missing | broken;
	if (run->attr != rec->got && run->attr != PFN_ATTR_NONE)
		return BIT(PFT_FINDING_DIFFERS) | broken;
	return broken;
}

static void pft_find(struct pft_auditor *a, enum pft_finding_type type,
		     const struct pft_range *where, const struct pft_mapped *run,
		     const struct pft_held *held)
{
	/* About what is on record, or about what is mapped. */
	const bool on_record = type == PFT_FINDING_STALE ||
			       type == PFT_FINDING_DIFFERS;
	struct pft_finding *f = &a->found[a->nr_found++];

	*f = (struct pft_finding){
		.type = type,
		.space = where->space,
		.id = where->id,
		.va = where->va,
		.pfn = on_record ? held->rec.pfn : run->pfn,
		.last = on_record ? held->rec.last : run->last,
		.kind = on_record ? held->rec.kind : PFN_KIND_COUNT,
		.got = on_record ? held->rec.got : PFN_ATTR_NONE,
		.found = run ? run->attr : PFN_ATTR_NONE,
		.pid = on_record ? held->pid : a->pid,
	};
	if (type == PFT_FINDING_ALIAS)
		f->got = run->held;
	strscpy(f->comm, on_record ? held->comm : a->comm);
}

/* One stretch; @run and @held may reach beyond it, or be NULL. */
static void pft_judge_stretch(struct pft_auditor *a,
			      const struct pft_range *where,
			      const struct pft_mapped *run,
			      const struct pft_held *held)
{
	unsigned long pages = (where->va_last - where->va) / PAGE_SIZE + 1;
	struct pft_held h;
	struct pft_mapped r;
	unsigned int wrong, type;

	if (run) {
		r = *run;
		r.pfn += (where->va - r.va) >> PAGE_SHIFT;
		r.last = r.pfn + pages - 1;
		r.va = where->va;
	}
	if (held) {
		h = *held;
		pft_clip(&h.rec, where);
	}
	if (run && !held && run->road == PFT_ROAD_OPEN && !a->tables.again)
		a->audit->uncovered += pages;

	wrong = pft_compare(run ? &r : NULL, held ? &h.rec : NULL);
	for (type = 0; type < PFT_FINDING_COUNT; type++)
		if (wrong & BIT(type))
			pft_find(a, type, where, run ? &r : NULL, &h);
}

/* The last address up to which nothing begins or ends, from @va on. */
static unsigned long pft_until(unsigned long va, unsigned long last,
			       unsigned long begin, unsigned long end)
{
	return min(last, begin > va ? begin - 1 : end);
}

/*
 * Lay runs and records of a window side by side.  Ends the window where there
 * is no room for more doubts.
 */
static void pft_sweep(struct pft_auditor *a, struct pft_range *win)
{
	const struct pft_mapped *run = a->tables.runs;
	const struct pft_mapped *end = run + a->tables.nr_runs;
	struct pft_range at = *win;
	struct pft_held held;

	pft_next_held(a, &at, &held);
	while (run < end || held.some) {
		const bool in_run = run < end && run->va <= at.va;
		const bool in_held = held.some && held.rec.va <= at.va;

		/* One stretch may have two things wrong with it. */
		if (a->nr_found + PFT_FINDING_COUNT > PFT_AUDIT_DOUBTS) {
			win->va_last = at.va - 1;
			return;
		}
		at.va_last = win->va_last;
		if (run < end)
			at.va_last = pft_until(at.va, at.va_last, run->va,
					       pft_mapped_last(run));
		if (held.some)
			at.va_last = pft_until(at.va, at.va_last, held.rec.va,
					       pft_va_last(&held.rec));
		if (in_run || in_held)
			pft_judge_stretch(a, &at, in_run ? run : NULL,
					  in_held ? &held : NULL);
		if (at.va_last == win->va_last)
			return;

		at.va = at.va_last + 1;
		at.va_last = win->va_last;
		if (in_run && pft_mapped_last(run) < at.va)
			run++;
		if (in_held && pft_va_last(&held.rec) < at.va)
			pft_next_held(a, &at, &held);
	}
}

/* === Windows ============================================================ */

/* Look at a window once; it may end earlier than was asked for. */
static int pft_look(struct pft_auditor *a, struct pft_range *win)
{
	int ret;

	cond_resched();
	if (fatal_signal_pending(current))
		return -EINTR;

	a->nr_found = 0;
	ret = pft_read_tables(&a->tables, win);
	if (!ret)
		pft_sweep(a, win);
	return ret;
}

/* Whether @next goes on where @f ends, and says the same. */
static bool pft_goes_on(const struct pft_finding *f,
			const struct pft_finding *next)
{
	return f->type == next->type && f->space == next->space &&
	       f->id == next->id && f->last + 1 == next->pfn &&
	       f->va + ((f->last - f->pfn + 1) << PAGE_SHIFT) == next->va &&
	       f->kind == next->kind && f->got == next->got &&
	       f->found == next->found && f->pid == next->pid;
}

/* The end of a path; of a long one, the beginning is replaced by dots. */
static void pft_name_file(struct pft_auditor *a, const struct file *file,
			  struct pft_shown *shown)
{
	const char *path = file_path((struct file *)file, a->path,
				     sizeof(a->path));
	size_t len;

	if (IS_ERR(path))
		return;
	len = strlen(path);
	if (len < sizeof(shown->file)) {
		strscpy(shown->file, path);
		return;
	}
	strscpy(shown->file, path + len + 1 - sizeof(shown->file));
	memcpy(shown->file, "...", 3);
}

/*
 * Whose area a finding is in.  It was there a moment ago; if it has gone, or is
 * locked for good, there is no name.
 */
static void pft_name_area(struct pft_auditor *a, struct pft_shown *shown)
{
	struct mm_struct *mm = a->tables.mm;
	const struct vm_area_struct *vma;
	const struct file *file;

	if (!mm || mmap_read_lock_killable(mm))
		return;
	vma = vma_lookup(mm, shown->finding.va);
	file = vma ? vma->vm_file : NULL;
	if (file) {
		pft_name_file(a, file, shown);
		if (file->f_op->owner)
			strscpy(shown->module, module_name(file->f_op->owner));
	}
	mmap_read_unlock(mm);
}

/* Make @next part of the latest finding of its type. */
static bool pft_join(struct pft_auditor *a, const struct pft_finding *next)
{
	struct pft_finding *f = &a->latest[next->type];

	if (!a->audit->found[next->type] || !pft_goes_on(f, next))
		return false;
	f->last = next->last;
	if (a->latest_shown[next->type])
		a->latest_shown[next->type]->finding.last = next->last;
	return true;
}

static void pft_keep_one(struct pft_auditor *a, const struct pft_finding *f)
{
	struct pft_audit *audit = a->audit;
	struct pft_shown *shown = NULL;

	if (pft_join(a, f))
		return;
	audit->found[f->type]++;
	if (audit->nr_shown < PFT_AUDIT_SHOWN) {
		shown = &audit->shown[audit->nr_shown++];
		shown->finding = *f;
		pft_name_area(a, shown);
	}
	a->latest[f->type] = *f;
	a->latest_shown[f->type] = shown;
}

/*
 * Whether a kernel mapping was made where there is no hook, mostly by boot code:
 * static mappings of arm, the I/O ports of PCI that vmap_page_range() maps on
 * some architectures, and what has no area of vmalloc.  Write-back RAM is
 * different: it is only found here if others hold it otherwise.  The area itself
 * is not looked at, because it may be freed meanwhile.
 */
static bool pft_is_unhooked(const struct pft_finding *f)
{
	if (f->type != PFT_FINDING_MISSING || f->space != PFN_SPACE_KERNEL ||
	    f->found == PFN_ATTR_WB)
		return false;
	if (PFT_IOSPACE && f->va >= PFT_IOSPACE &&
	    f->va <= PFT_IOSPACE + IO_SPACE_LIMIT)
		return true;
	return pfn_attr_is_static(f->va) || !find_vm_area((void *)f->va);
}

/* Findings that stayed.  Uncovered mappings stay for ever, so count them here. */
static void pft_keep(struct pft_auditor *a)
{
	unsigned int i;

	for (i = 0; i < a->nr_found; i++) {
		const struct pft_finding *f = &a->found[i];

		if (pft_is_unhooked(f))
			a->audit->uncovered += f->last - f->pfn + 1;
		else
			pft_keep_one(a, f);
	}
}

static struct pft_range pft_doubt(const struct pft_finding *f)
{
	return (struct pft_range){
		.space = f->space,
		.id = f->id,
		.va = f->va,
		.va_last = f->va + ((f->last - f->pfn + 1) << PAGE_SHIFT) - 1,
	};
}

/* Look again at everything that is doubted; keep what stays. */
static int pft_settle(struct pft_auditor *a)
{
	unsigned int nr = a->nr_found, try, i, left;
	int ret = 0;

	for (i = 0; i < nr; i++)
		a->doubts[i] = pft_doubt(&a->found[i]);

	a->tables.again = true;
	for (try = 1; try <= PFT_AUDIT_TRIES && nr && !ret; try++) {
		schedule_timeout_killable(msecs_to_jiffies(PFT_AUDIT_PAUSE <<
							   (try - 1)));
		for (i = 0, left = 0; i < nr && !ret; i++) {
			struct pft_range win = a->doubts[i];

			/* Two doubts may be about one place. */
			if (left && win.va == a->doubts[left - 1].va)
				continue;
			ret = pft_look(a, &win);
			if (ret || !a->nr_found)
				continue;
			a->doubts[left++] = a->doubts[i];
			if (try == PFT_AUDIT_TRIES)
				pft_keep(a);
		}
		nr = left;
	}
	a->tables.again = false;
	return ret;
}

static int pft_audit_range(struct pft_auditor *a, const struct pft_range *range)
{
	struct pft_range win = *range;
	int ret;

	for (;;) {
		win.va_last = range->va_last;
		ret = pft_look(a, &win);
		if (!ret && a->nr_found)
			ret = pft_settle(a);
		if (ret || win.va_last == range->va_last)
			return ret;
		win.va = win.va_last + 1;
	}
}

/* === All of it ========================================================== */

/* The next record behind @rec; false if it was the last one. */
static bool pft_next_record(struct pft_place *place, struct pft_record *copy)
{
	struct pft_record *rec;

	spin_lock(&pft_lock);
	rec = pft_store_after(place);
	if (rec) {
		*copy = *rec;
		*place = (struct pft_place){
			.space = rec->space,
			.id = rec->id,
			.va = rec->va,
			.rec = rec,
		};
	}
	spin_unlock(&pft_lock);
	return rec;
}

/* Whether @range meets one of @nr windows. */
static bool pft_meets(const struct pft_range *range,
		      const struct pft_range *windows, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (range->va <= windows[i].va_last &&
		    range->va_last >= windows[i].va)
			return true;
	return false;
}

/* What is on record outside of the windows that were walked as a whole. */
static int pft_audit_elsewhere(struct pft_auditor *a,
			       const struct pft_range *windows, unsigned int nr)
{
	struct pft_range range = { .space = PFN_SPACE_KERNEL };
	struct pft_place place = { };
	struct pft_record rec;
	int ret = 0;

	while (!ret && pft_next_record(&place, &rec) &&
	       rec.space == PFN_SPACE_KERNEL) {
		cond_resched();
		range.va = rec.va;
		range.va_last = pft_va_last(&rec);
		if (!pft_meets(&range, windows, nr))
			ret = pft_audit_range(a, &range);
	}
	return ret;
}

static int pft_audit_kernel(struct pft_auditor *a)
{
	const struct pft_range windows[] = {
		/* Some architectures have the last address there. */
		{ PFN_SPACE_KERNEL, NULL, VMALLOC_START,
		  PAGE_ALIGN(VMALLOC_END) - 1 },
		/* Mostly the same; powerpc has one for ioremap() alone. */
		{ PFN_SPACE_KERNEL, NULL, IOREMAP_START,
		  PAGE_ALIGN(IOREMAP_END) - 1 },
		/* Without one, a byte that is never mapped. */
		{ PFN_SPACE_KERNEL, NULL, PFT_IOSPACE,
		  PFT_IOSPACE ? PFT_IOSPACE + IO_SPACE_LIMIT : 0 },
	};
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(windows) && !ret; i++)
		if (windows[i].va && !pft_meets(&windows[i], windows, i))
			ret = pft_audit_range(a, &windows[i]);
	return ret ?: pft_audit_elsewhere(a, windows, ARRAY_SIZE(windows));
}

/* The address space of a process; its leader may have gone before others. */
static struct mm_struct *pft_mm_of(struct task_struct *leader)
{
	struct mm_struct *mm = NULL;
	struct task_struct *task;

	for_each_thread(leader, task) {
		mm = get_task_mm(task);
		if (mm)
			break;
	}
	return mm;
}

/*
 * The address space of the next process behind @a->pid, with a reference.  There
 * may be millions of threads between two processes: positive if the search has
 * to go on, 0 at the end.
 */
static int pft_next_mm(struct pft_auditor *a, struct mm_struct **mm)
{
	unsigned int nr = 0;
	struct task_struct *task;
	struct pid *pid;

	*mm = NULL;
	rcu_read_lock();
	do {
		pid = find_ge_pid(a->pid + 1, &init_pid_ns);
		if (!pid)
			break;
		a->pid = pid_nr(pid);
		task = pid_task(pid, PIDTYPE_TGID);
		if (!task)
			continue;
		*mm = pft_mm_of(task);
		get_task_comm(a->comm, task);
	} while (!*mm && ++nr < PFT_AUDIT_PIDS);
	rcu_read_unlock();
	return pid ? 1 : 0;
}

static bool pft_is_seen(struct pft_auditor *a, const void *mm)
{
	struct pft_seen *seen;

	hash_for_each_possible(a->seen, seen, node, (unsigned long)mm)
		if (seen->mm == mm)
			return true;
	return false;
}

static int pft_see(struct pft_auditor *a, struct mm_struct *mm)
{
	struct pft_seen *seen = kmalloc(sizeof(*seen), GFP_KERNEL);

	if (!seen)
		return -ENOMEM;
	mmgrab(mm);
	seen->mm = mm;
	hash_add(a->seen, &seen->node, (unsigned long)mm);
	a->audit->spaces++;
	return 0;
}

static void pft_forget_seen(struct pft_auditor *a)
{
	struct hlist_node *next;
	struct pft_seen *seen;
	unsigned int i;

	hash_for_each_safe(a->seen, i, next, seen, node) {
		mmdrop(seen->mm);
		kfree(seen);
	}
}

static int pft_audit_users(struct pft_auditor *a)
{
	struct pft_range all = {
		.space = PFN_SPACE_USER,
		.va_last = ULONG_MAX,
	};
	struct mm_struct *mm;
	int ret = 0;

	while (!ret && pft_next_mm(a, &mm)) {
		cond_resched();
		if (fatal_signal_pending(current))
			ret = -EINTR;
		if (!mm)
			continue;
		/* Several processes may share one. */
		if (!ret && !pft_is_seen(a, mm)) {
			ret = pft_see(a, mm);
			all.id = mm;
			a->tables.mm = mm;
			if (!ret)
				ret = pft_audit_range(a, &all);
			a->tables.mm = NULL;
		}
		/* The last reference would have us tear it down. */
		mmput_async(mm);
	}
	return ret;
}

static unsigned long pft_unreached(struct pft_auditor *a, u64 start)
{
	struct pft_place place = { };
	struct pft_record rec;
	unsigned long nr = 0;

	while (pft_next_record(&place, &rec) &&
	       !fatal_signal_pending(current)) {
		cond_resched();
		if (rec.space == PFN_SPACE_USER && rec.time < start &&
		    !pft_is_seen(a, rec.id))
			nr++;
	}
	return nr;
}

/*
 * An address space of no process, held by a kernel thread or a driver, cannot
 * be reached.  What was made since @start belongs to new processes, and one that
 * is being torn down soon has no records any more.
 */
static void pft_count_unreached(struct pft_auditor *a, u64 start)
{
	unsigned int try;

	for (try = 0; try <= PFT_AUDIT_EXITS; try++) {
		a->audit->unreached = pft_unreached(a, start);
		if (!a->audit->unreached)
			break;
		schedule_timeout_killable(msecs_to_jiffies(PFT_AUDIT_PAUSE));
	}
}

static int pft_audit(struct pft_audit *audit)
{
	u64 start = ktime_get_boot_fast_ns();
	struct pft_auditor *a;
	int ret;

	/* Nothing is on record, and that is no finding. */
	if (pft_get_policy(PFT_KIND_ALL) == PFN_POLICY_OFF)
		return 0;
	a = kvzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	a->audit = audit;
	a->tables.audit = audit;
	hash_init(a->seen);

	ret = pft_audit_kernel(a) ?: pft_audit_users(a);
	if (!ret)
		pft_count_unreached(a, start);
	if (fatal_signal_pending(current))
		ret = -EINTR;
	/* Switched off meanwhile: everything is missing. */
	if (!ret && pft_get_policy(PFT_KIND_ALL) == PFN_POLICY_OFF)
		ret = -EAGAIN;
	pft_forget_seen(a);
	kvfree(a);
	return ret;
}

/* === debugfs ============================================================ */

static int pft_audit_show(struct seq_file *m, void *v)
{
	struct pft_audit *audit = m->private;
	int ret = 0;

	/* Shown again with a larger buffer, but not run again. */
	if (!audit->done) {
		if (mutex_lock_killable(&pft_audit_lock))
			return -EINTR;
		ret = pft_audit(audit);
		mutex_unlock(&pft_audit_lock);
		audit->done = !ret;
	}
	if (ret)
		memset(audit, 0, sizeof(*audit));
	else
		pft_show_audit(m, audit);
	return ret;
}

static int pft_audit_open(struct inode *inode, struct file *file)
{
	struct pft_audit *audit = kvzalloc(sizeof(*audit), GFP_KERNEL);
	int ret;

	if (!audit)
		return -ENOMEM;
	ret = single_open(file, pft_audit_show, audit);
	if (ret)
		kvfree(audit);
	return ret;
}

static int pft_audit_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kvfree(m->private);
	return single_release(inode, file);
}

static const struct file_operations pft_audit_fops = {
	.owner = THIS_MODULE,
	.open = pft_audit_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = pft_audit_release,
};

static int __init pft_audit_init(void)
{
	struct dentry *dir = debugfs_lookup("pfn_track", NULL);

	if (!IS_ERR_OR_NULL(dir)) {
		debugfs_create_file("audit", 0400, dir, NULL, &pft_audit_fops);
		dput(dir);
	}
	return 0;
}

/* After pfn_track_files.c has made the folder. */
late_initcall_sync(pft_audit_init);
