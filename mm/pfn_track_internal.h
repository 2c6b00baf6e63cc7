/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pfn_track: what the registry, the store and the report share.
 *
 * This is the only header besides the API that mm/pfn_track*.c include, so
 * that a user space build can put its own in its place.
 */
#ifndef _MM_PFN_TRACK_INTERNAL_H
#define _MM_PFN_TRACK_INTERNAL_H

#include <linux/atomic.h>
#include <linux/cacheinfo.h>
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/hash.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/pfn_track.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/unaligned.h>
#include <linux/vmalloc.h>
#include <asm/sections.h>

/* === Data =============================================================== */

/**
 * struct pft_holder - who made a mapping
 * @ref: records, conflict reports and the cache of holders that point here
 * @pid: process id in the initial namespace; 0 for a forked copy whose child
 *	had no id yet, see pft_holder_pid()
 * @uid: user of the task; of a forked copy, that of the parent
 * @stack: call stack in the stack depot, 0 if it could not be kept
 * @apart: the stack that tells this call site from others, 0 if @caller or
 *	@fops and @inode do
 * @caller: return address that tells who maps, or the one that the hook was
 *	given, or 0
 * @fops: what the mapped file can do, which tells whose driver it is, or NULL
 * @inode: number of the mapped file's inode, or 0
 * @dev: name of the device, or NULL
 * @driver: name of its driver, or NULL
 * @module: name of the module that maps, once its addresses no longer tell
 * @site: the call site as text, likewise
 * @comm: name of the task
 * @rcu: to free it
 *
 * Shared by all that one task maps by one call site.  Names, not pointers:
 * devices and tasks go before their traces do; @fops is only compared.
 */
struct pft_holder {
	refcount_t ref;
	pid_t pid;
	kuid_t uid;
	depot_stack_handle_t stack;
	depot_stack_handle_t apart;
	unsigned long caller;
	const void *fops;
	unsigned long inode;
	const char *dev;
	const char *driver;
	const char *module;
	const char *site;
	char comm[TASK_COMM_LEN];
	struct rcu_head rcu;
};

/**
 * struct pft_record - one mapping, or one claim
 * @va_rb: by @space, @id and @va
 * @va: first virtual address; 0 in a claim
 * @id: the mm_struct, NULL for the kernel, the pfn_claim of a claim
 * @pfn: first page frame
 * @last: last page frame
 * @want: enum pfn_attr that was asked for
 * @got: enum pfn_attr that was mapped
 * @kind: enum pfn_kind
 * @space: enum pfn_space
 * @leaked: who made it has gone, and that was told
 * @writable: it may be written through; false where caches show no colours,
 *	and nobody asks
 * @self: a claim that the driver's own mappings are judged against
 * @looked_up: the architecture looked its attribute up and reserved nothing
 *	(x86: PAT reserves only whole areas): it decides for no other mapping
 * @counted: the VM counts it in the mapped pages, see pft_is_stale()
 * @flushed: the driver flushes the caches of this RAM, see %PFT_FLUSHED
 * @home: among the records of a segment node, oldest first
 * @holder: who
 * @time: when, in ns since boot; of the first page if several mappings were
 *	joined into one record
 * @seq: how many had been made before it; tells which of two is older where
 *	the clock is too coarse for that
 */
struct pft_record {
	struct rb_node va_rb;
	unsigned long va;
	const void *id;
	unsigned long pfn;
	unsigned long last;
	u8 want;
	u8 got;
	u8 kind;
	u8 space;
	bool leaked : 1;
	bool writable : 1;
	bool self : 1;
	bool looked_up : 1;
	bool counted : 1;
	bool flushed : 1;
	/* What a descent by address reads ends here, with 64 bytes. */
	struct list_head home;
	struct pft_holder *holder;
	u64 time;
	unsigned long seq;
};

static_assert(sizeof(struct pft_record) <= 128);

/**
 * struct pft_range - a range of virtual addresses in one space
 * @space: which
 * @id: see struct pft_record
 * @va: first address
 * @va_last: last address
 */
struct pft_range {
	enum pfn_space space;
	const void *id;
	unsigned long va;
	unsigned long va_last;
};

static inline struct pft_range pft_range(enum pfn_space space, const void *id,
					 unsigned long va, unsigned long size)
{
	return (struct pft_range){
		.space = space,
		.id = id,
		.va = va,
		.va_last = va + size - 1,
	};
}

/**
 * struct pft_spot - where a record goes in the tree by address
 * @parent: its parent
 * @link: the parent's pointer to it
 * @before: the record before it, or NULL
 * @after: the record after it, or NULL
 */
struct pft_spot {
	struct rb_node *parent;
	struct rb_node **link;
	struct pft_record *before;
	struct pft_record *after;
};

/**
 * struct pft_place - where a listing of all records stands
 * @space: of the last record that was listed
 * @id: likewise
 * @va: likewise
 * @rec: its address, to tell records apart that nothing else does; the record
 *	itself may have gone
 */
struct pft_place {
	enum pfn_space space;
	const void *id;
	unsigned long va;
	const struct pft_record *rec;
};

/**
 * struct pft_cut - what pft_store_cut() took out
 * @piece: copy of the part that was taken out; has its holder borrowed
 * @gone: nothing of the record is left, and its holder is now the caller's
 */
struct pft_cut {
	struct pft_record piece;
	bool gone;
};

/**
 * struct pft_conflict - a newcomer and the holder that it disagrees with
 * @pfn: first page frame that suffers: where the two disagree, or all of a
 *	newcomer that gets another attribute than it asked for
 * @last: last page frame that suffers
 * @pages: page frames from @pfn to @last that suffer
 * @held_pages: page frames of the newcomer that @held and further mappings
 *	like it hold
 * @further: mappings on the other side, @held not counted
 * @exact: @pages, @held_pages and @further are not merely lower bounds
 * @downgrade: the newcomer got another attribute than it asked for, and goes
 *	with all that is held; @held is what has the same attribute
 * @new: the newcomer, all that it asked for; owns a reference to its holder
 * @held: the other side, with a reference; its holder is NULL if no record
 *	explains the newcomer's attribute and the platform decided
 * @rule: the rule that was applied, NULL for a downgrade
 * @cause: what decided; without a holder never %PFN_CAUSE_HELD
 * @verdict: how bad; at least %PFN_VERDICT_ORDERING for a downgrade to a
 *	slower or weaker attribute
 * @result: what became of the newcomer
 * @policy: the policy that was in force
 */
struct pft_conflict {
	unsigned long pfn;
	unsigned long last;
	unsigned long pages;
	unsigned long held_pages;
	unsigned int further;
	bool exact;
	bool downgrade;
	struct pft_record new;
	struct pft_record held;
	const struct pfn_attr_pair *rule;
	enum pfn_cause cause;
	enum pfn_verdict verdict;
	enum pfn_result result;
	enum pfn_policy policy;
};

/**
 * struct pft_leak - a mapping that outlived who made it
 * @rec: the mapping; the reference to its holder is the caller's
 * @how: by what it became a leak
 * @name: name of the driver, or of the module, that has gone, or of the task
 *	that freed the memory
 * @dev: name of the driver's device, "" for a module
 */
struct pft_leak {
	struct pft_record rec;
	enum pfn_leak how;
	char name[MODULE_NAME_LEN];
	char dev[64];
};

/**
 * enum pft_stat - what is counted, one file each in sysfs
 * @PFT_STAT_RECORDS: records that exist now
 * @PFT_STAT_MAPS: records ever made
 * @PFT_STAT_UNMAPS: records, or parts of them, ever dropped
 * @PFT_STAT_CONFLICTS: conflicts seen, repeated ones included
 * @PFT_STAT_REFUSED: newcomers refused, by the policy or by the architecture
 * @PFT_STAT_DOWNGRADES: newcomers that were given another attribute
 * @PFT_STAT_SUPPRESSED: conflicts and leaks that are not written to the log, and
 *	searches for them that were given up
 * @PFT_STAT_INCOMPLETE: records that were not made or not cut for want of memory
 * @PFT_STAT_LATE: 1 if the registry was switched on after boot
 * @PFT_STAT_LEAKS: mappings and claims that outlived their driver, module or
 *	memory
 * @PFT_STAT_MAX_STEPS: the most records and nodes that one walk under pft_lock
 *	ever looked at; a section has a few walks at most
 * @PFT_STAT_COUNT: number of counters
 */
enum pft_stat {
	PFT_STAT_RECORDS,
	PFT_STAT_MAPS,
	PFT_STAT_UNMAPS,
	PFT_STAT_CONFLICTS,
	PFT_STAT_REFUSED,
	PFT_STAT_DOWNGRADES,
	PFT_STAT_SUPPRESSED,
	PFT_STAT_INCOMPLETE,
	PFT_STAT_LATE,
	PFT_STAT_LEAKS,
	PFT_STAT_MAX_STEPS,
	PFT_STAT_COUNT,
};

extern atomic_long_t pft_stats[PFT_STAT_COUNT];

static inline void pft_count(enum pft_stat stat)
{
	atomic_long_inc(&pft_stats[stat]);
}

/* What only changes under pft_lock is spared an atomic operation. */
static inline void pft_count_locked(enum pft_stat stat, long n)
{
	atomic_long_set(&pft_stats[stat], atomic_long_read(&pft_stats[stat]) + n);
}

/* How many records have been made; what is freed later finds more of them. */
static inline unsigned long pft_made(void)
{
	return atomic_long_read(&pft_stats[PFT_STAT_MAPS]);
}

/* === Registry: pfn_track.c ============================================== */

/* A kind without a policy of its own follows the global one. */
#define PFT_POLICY_DEFAULT	PFN_POLICY_COUNT
/* For pft_set_policy() and pft_get_policy(): the global policy. */
#define PFT_KIND_ALL		PFN_KIND_COUNT

int pft_set_policy(enum pfn_kind kind, unsigned int policy);
unsigned int pft_get_policy(enum pfn_kind kind);

/**
 * struct pft_judgement - what is to be said of a newcomer
 * @rule: the worst rule that applies, NULL if nothing is held
 * @held: the attribute on the other side of @rule
 * @other: the newcomer would not get what it wants
 * @loss: and what it gets is slower or weaker: a downgrade
 * @linear: the other side of @rule is the linear map
 * @linear_pfn: then the first page frame that it maps so
 * @linear_last: and the last
 * @linear_pages: and how many
 * @beside: the record on the other side; NULL if it is to be looked for
 * @change: a mapping would be given another attribute
 * @unseen: records that were not looked at may disagree more
 * @how: how it was judged
 */
struct pft_judgement {
	const struct pfn_attr_pair *rule;
	enum pfn_attr held;
	bool other;
	bool loss;
	bool linear;
	unsigned long linear_pfn;
	unsigned long linear_last;
	unsigned long linear_pages;
	struct pft_record *beside;
	bool change;
	bool unseen;
	unsigned int how;
};

/* How to judge: refuse whatever disagrees, under any policy but "off". */
#define PFT_EXACT		BIT(0)
/* It is the linear map, or maps nothing. */
#define PFT_NOT_LINEAR		BIT(1)
/* It is mapped already: tell, but do not refuse. */
#define PFT_MAPPED		BIT(2)
/* RAM may be otherwise in the linear map although this is write-back. */
#define PFT_LINEAR		BIT(3)
/* The caches were cleaned for it, as the DMA API does. */
#define PFT_CLEANED		BIT(4)
/* The driver flushes the caches whenever others have used it, as i915 does. */
#define PFT_FLUSHED		BIT(6)
/* Processes map some of the pages, see pft_seek_processes(). */
#define PFT_PROCESS		BIT(5)

/* Mostly it is given what was asked for: then one answer is for both. */
static inline void pft_decode(struct pft_record *rec, pgprot_t want,
			      pgprot_t got)
{
	rec->got = pfn_attr_from_pgprot(got);
	rec->want = pgprot_val(want) == pgprot_val(got) ?
		    rec->got : pfn_attr_from_pgprot(want);
}

struct pft_node;
struct pft_sought;
struct pft_who;

enum pfn_policy pft_policy_of(enum pfn_kind kind);
enum pfn_policy pft_policy_for(enum pfn_kind kind,
			       const struct pft_judgement *j);
bool pft_on(void);
bool pft_pfns(struct pft_record *rec, u64 start, u64 size);
bool pft_pfns_from(struct pft_record *rec, unsigned long pfn,
		   unsigned long size);
int pft_map(struct pft_record *new, const struct pft_who *who, unsigned int how);
void pft_make_record(struct pft_record *new, struct pft_spot *spot);
int pft_admit(struct pft_record *new, struct pft_spot *spot,
	      const struct pft_judgement *start, bool *left)
	__releases(&pft_lock);
void pft_tell_sought(const struct pft_sought *sought);
void pft_unmap(const struct pft_range *where, bool may_sleep);

/* === Judging: pfn_track_judge.c ========================================= */

/* How bad it is: the verdict of its rule, or a downgrade if that is worse. */
static inline enum pfn_verdict pft_verdict(const struct pft_judgement *j)
{
	enum pfn_verdict verdict = j->rule ? j->rule->verdict : PFN_VERDICT_SAME;

	return j->loss ? max(verdict, PFN_VERDICT_ORDERING) : verdict;
}

void pft_judge_mask(struct pft_judgement *j, const struct pft_record *new,
		    enum pfn_attr attr, unsigned long mask);
void pft_judge_start(struct pft_judgement *j, const struct pft_record *new,
		     unsigned int how);
void pft_judge_held(struct pft_judgement *j, const struct pft_record *new);
void pft_judge_newcomer(struct pft_judgement *j, const struct pft_record *new);
void pft_judge_change(struct pft_judgement *j, const struct pft_record *new,
		      const struct pft_range *range);
bool pft_refuses(enum pfn_policy policy, const struct pft_judgement *j);
void pft_capture(struct pft_conflict *c, const struct pft_record *new,
		 const struct pft_judgement *j);
void pft_tell(struct pft_conflict *c, const struct pft_judgement *j);
void pft_tell_unrecorded(struct pft_record *new, const struct pft_who *who,
			 enum pfn_result result);

/* === Claims: pfn_track_claim.c ========================================== */

bool pft_is_exempt(const struct pft_record *new, const struct pft_record *rec,
		   unsigned int how);
void pft_judge_others(struct pft_judgement *j, const struct pft_record *new,
		      const struct pft_judgement *start);

/* === The architecture's own state: pfn_track_pat.c ====================== */

bool pft_decides(const struct pft_record *new, const struct pft_record *rec);
struct pft_record *pft_decider(const struct pft_record *new);
enum pfn_cause pft_find_cause(const struct pft_conflict *c);

/* === Changes: pfn_track_change.c ======================================== */

/**
 * struct pft_modified - what pte_modify() makes of attributes
 * @got: the new attribute, by the old one
 */
struct pft_modified {
	u8 got[PFN_ATTR_COUNT];
};

void pft_change(const struct pft_range *where,
		const struct pft_modified *modified, bool writable);
int pft_may_change(const struct pft_range *where,
		   const struct pft_modified *modified);

/* === User mappings: pfn_track_user.c ==================================== */

bool pft_plain_ram(unsigned long pfn, enum pfn_attr want, enum pfn_attr got);
bool pft_may_hold(const struct vm_area_struct *vma);

int pft_map_found(struct vm_area_struct *vma, unsigned long va,
		  unsigned long pfn, unsigned long size, enum pfn_attr attr,
		  unsigned int others);

/* Whether a range of @size bytes is less than all of its area. */
static inline bool pft_is_part(const struct vm_area_struct *vma,
			       unsigned long va, unsigned long size)
{
	return va != vma->vm_start || size != vma->vm_end - vma->vm_start;
}

/* === Processes that map pages: pfn_track_rmap.c ========================= */

/**
 * struct pft_sought - page frames whose other mappings are looked for
 * @pfn: first page frame
 * @last: last page frame
 * @entries: page table entries that rmap found for the latest folio
 * @tables: page tables that were walked under the same hold of mmap_lock
 * @areas: areas that were looked at under the same hold of mmap_lock
 * @walked: what one pass over all address spaces has cost, in page tables
 * @resume: the user virtual address at which to go on with an area
 * @found: a process has been found
 * @report: a conflict of @new with the linear map is to be reported unless a
 *	process is found, which says more
 * @refused: @new was refused, and has no record
 * @policy: the policy for @new
 * @new: what was to be mapped, with a reference to its holder
 * @judged: its judgement
 */
struct pft_sought {
	unsigned long pfn;
	unsigned long last;
	unsigned long entries;
	unsigned int tables;
	unsigned int areas;
	unsigned long walked;
	unsigned long resume;
	bool found;
	bool report;
	bool refused;
	enum pfn_policy policy;
	struct pft_record new;
	struct pft_judgement judged;
};

/* Pages of a range that are asked for at once. */
#define PFT_SOUGHT_PAGES	512

bool pft_ram_is_mapped(unsigned long pfn, unsigned long last);
bool pft_is_stale(const struct pft_record *rec);
bool pft_may_seek(unsigned long pfn, unsigned long last);
void pft_seek_processes(unsigned long pfn, unsigned long last);
void pft_seek_and_report(const struct pft_sought *sought);
/* Reports that may be left to the worker, and the one that it makes. */
#define PFT_SOUGHT_HOLDERS	33
unsigned int pft_sought_holders(struct pft_holder **holders);
bool pft_has_pages(unsigned long pfn, unsigned long last);

/* === Holders: pfn_track_holder.c ======================================== */

/**
 * struct pft_who - on whose behalf something is mapped, besides the task
 * @space: where it is mapped
 * @dev: device, or NULL
 * @caller: return address, or NULL
 * @alone: @caller tells all, and the stack nothing
 * @file: the file that is mapped, or NULL
 * @mm: the address space that it is mapped in, or NULL for the kernel's; whose
 *	it is, if not the current task's, maps
 * @gfp: how to allocate here
 */
struct pft_who {
	enum pfn_space space;
	struct device *dev;
	const void *caller;
	bool alone;
	const struct file *file;
	const struct mm_struct *mm;
	gfp_t gfp;
};

/* Under locks of page tables; charged to the task that maps. */
#define PFT_GFP_NOWAIT		(GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT)
#define PFT_GFP_KERNEL		GFP_KERNEL_ACCOUNT

static inline struct pft_holder *pft_holder_get(struct pft_holder *holder)
{
	refcount_inc(&holder->ref);
	return holder;
}

void pft_holder_put(struct pft_holder *holder);
struct pft_holder *pft_holder_find(const struct pft_who *who);
bool pft_holder_is(const struct pft_holder *holder, const struct pft_who *who);
struct pft_holder *pft_holder_fork(const struct pft_holder *parent);
struct pft_holder *pft_holder_kernel(void);
void pft_holder_forget(void);
pid_t pft_holder_pid(const struct pft_record *rec);

/* === Segments: pfn_track_segment.c ====================================== */

extern spinlock_t pft_lock;

/*
 * Records and nodes that one walk may look at under pft_lock: any process can
 * map one page as often as it likes.
 */
#define PFT_STEPS		1000

/**
 * struct pft_walk - a walk over the records that overlap a range
 * @pfn: first page frame
 * @last: last page frame
 * @attrs: BIT(enum pfn_attr) of the attributes as mapped that are of interest
 * @steps: how many records and nodes may be looked at; 0 for all
 * @taken: how many were looked at; zeroed to go on after a pause
 * @node: where the walk stands; NULL to begin
 * @rec: the record that was found last
 */
struct pft_walk {
	unsigned long pfn;
	unsigned long last;
	unsigned int attrs;
	unsigned int steps;
	unsigned int taken;
	struct pft_node *node;
	struct pft_record *rec;
};

void pft_node_chain(struct pft_node *node, struct pft_node *next);
struct pft_node *pft_node_free(struct pft_node *node);
int pft_segment_init(void);
int pft_segment_add(struct pft_record *rec);
void pft_segment_del(struct pft_record *rec);
int pft_segment_resize(struct pft_record *rec, unsigned long pfn,
		       unsigned long last);
bool pft_segment_append(struct pft_record *rec);
unsigned int pft_segment_held(unsigned long pfn, unsigned long last);
struct pft_record *pft_segment_walk(struct pft_walk *walk);
void pft_segment_pause(const struct pft_walk *walk, struct pft_record *mark);
void pft_segment_resume(struct pft_walk *walk, struct pft_record *mark);

/* === Store: pfn_track_store.c =========================================== */

/**
 * enum pft_stock - what is kept in stock, so that nothing allocates under a lock
 * @PFT_STOCK_RECORD: struct pft_record
 * @PFT_STOCK_LEAF: segment nodes of single pages
 * @PFT_STOCK_INNER: segment nodes above them
 * @PFT_STOCK_EXTRA: counts of further holders, see struct pft_extra
 * @PFT_STOCK_COUNT: number of kinds
 */
enum pft_stock {
	PFT_STOCK_RECORD,
	PFT_STOCK_LEAF,
	PFT_STOCK_INNER,
	PFT_STOCK_EXTRA,
	PFT_STOCK_COUNT,
};

int pft_stock_init(enum pft_stock kind, struct kmem_cache *cache);
void *pft_stock_take(enum pft_stock kind);
void pft_stock_give(enum pft_stock kind, void *object);
void pft_stock_retire(struct pft_node *node);
void pft_lock_stocked(gfp_t gfp) __acquires(&pft_lock);
void pft_unlock(void)
	__releases(&pft_lock);

/* Made by a driver, and to be undone by it before it goes. */
static inline bool pft_is_drivers(const struct pft_record *rec)
{
	return rec->space == PFN_SPACE_KERNEL || rec->kind == PFN_KIND_CLAIM ||
	       rec->kind == PFN_KIND_RESERVATION;
}

static inline unsigned long pft_va_last(const struct pft_record *rec)
{
	return rec->va + ((rec->last - rec->pfn + 1) << PAGE_SHIFT) - 1;
}

/* Whether nothing of @rec lies outside @range. */
static inline bool pft_inside(const struct pft_record *rec,
			      const struct pft_range *range)
{
	return rec->va >= range->va && pft_va_last(rec) <= range->va_last;
}

int pft_store_init(void);
bool pft_store_spot(const struct pft_record *new, struct pft_spot *spot);
int pft_store_insert(const struct pft_record *new, struct pft_spot *spot);
void pft_store_rekey(struct pft_record *rec, enum pfn_space space,
		     unsigned long va);
void pft_clip(struct pft_record *piece, const struct pft_range *range);
int pft_store_cut(const struct pft_range *range, struct pft_cut *cut);
struct pft_record *pft_store_before(const struct pft_record *new);
struct pft_record *pft_store_first(const struct pft_range *range);
struct pft_record *pft_store_after(const struct pft_place *place);
struct pft_holder *pft_store_pop(void);

/* === Audit: pfn_track_audit.c =========================================== */

/* Findings that are shown; all are counted. */
#define PFT_AUDIT_SHOWN		256

/* Of the path of a mapped file, the end. */
#define PFT_AUDIT_NAME		64

/**
 * enum pft_finding_type - how registry and page tables disagree
 * @PFT_FINDING_MISSING: page frames are mapped, and nothing is on record
 * @PFT_FINDING_STALE: on record, but nothing is mapped, or other page frames
 * @PFT_FINDING_DIFFERS: mapped with another attribute than is on record
 * @PFT_FINDING_ALIAS: RAM is mapped write-back without a record, and others hold
 *	it with an attribute that harms
 * @PFT_FINDING_BROKEN: mapped by entries that the VM takes for damage, because
 *	the flags of the area do not allow them
 * @PFT_FINDING_COUNT: number of types
 */
enum pft_finding_type {
	PFT_FINDING_MISSING,
	PFT_FINDING_STALE,
	PFT_FINDING_DIFFERS,
	PFT_FINDING_ALIAS,
	PFT_FINDING_BROKEN,
	PFT_FINDING_COUNT,
};

/**
 * struct pft_finding - one stretch of addresses where they disagree
 * @va: first virtual address
 * @id: the mm_struct, only to compare with, or NULL
 * @pfn: first page frame on record, or mapped if none is
 * @last: last page frame
 * @pid: of the holder on record, or of the process; 0 if not known
 * @type: enum pft_finding_type
 * @space: enum pfn_space
 * @kind: enum pfn_kind on record, or %PFN_KIND_COUNT
 * @got: enum pfn_attr on record, or with which others hold the page frames, or
 *	%PFN_ATTR_NONE
 * @found: enum pfn_attr that is mapped, or %PFN_ATTR_NONE
 * @comm: name of the task that @pid is of
 */
struct pft_finding {
	unsigned long va;
	const void *id;
	unsigned long pfn;
	unsigned long last;
	pid_t pid;
	u8 type;
	u8 space;
	u8 kind;
	u8 got;
	u8 found;
	char comm[TASK_COMM_LEN];
};

/**
 * struct pft_shown - a finding that is shown, with names
 * @finding: the finding
 * @file: the end of the path of the file that is mapped there, or ""
 * @module: module whose file it is, or ""
 */
struct pft_shown {
	struct pft_finding finding;
	char file[PFT_AUDIT_NAME];
	char module[MODULE_NAME_LEN];
};

/**
 * struct pft_audit - what an audit has seen and found
 * @kernel_pages: pages mapped where the kernel was walked
 * @spaces: address spaces of processes that were walked
 * @areas: areas of these
 * @skipped: areas of these that were left out
 * @user_pages: pages mapped in @areas that were compared with records
 * @plain_pages: the others, write-back RAM that was compared with what others
 *	hold
 * @entries: page table entries that were read, empty ones included
 * @records: records that were compared
 * @unreached: records in address spaces that belong to no process
 * @uncovered: pages mapped by roads that have no hook yet
 * @found: disagreements by type, shown or not
 * @nr_shown: how many are in @shown
 * @done: the audit is complete
 * @shown: the first findings
 */
struct pft_audit {
	unsigned long kernel_pages;
	unsigned long spaces;
	unsigned long areas;
	unsigned long skipped;
	unsigned long user_pages;
	unsigned long plain_pages;
	unsigned long entries;
	unsigned long records;
	unsigned long unreached;
	unsigned long uncovered;
	unsigned long found[PFT_FINDING_COUNT];
	unsigned int nr_shown;
	bool done;
	struct pft_shown shown[PFT_AUDIT_SHOWN];
};

/* === Walk: pfn_track_walk.c ============================================= */

/* Steps, and runs of entries, that one hold of a lock may take. */
#define PFT_WALK_STEPS		16384
#define PFT_WALK_RUNS		2048

/**
 * enum pft_road - whether the registry should know of a page table entry
 * @PFT_ROAD_HOOKED: yes
 * @PFT_ROAD_PLAIN: it leaves such RAM out by intention
 * @PFT_ROAD_OPEN: it was made by a road that has no hook yet
 * @PFT_ROAD_ALIAS: yes, because others hold such RAM otherwise
 */
enum pft_road {
	PFT_ROAD_HOOKED,
	PFT_ROAD_PLAIN,
	PFT_ROAD_OPEN,
	PFT_ROAD_ALIAS,
};

/**
 * struct pft_mapped - page table entries that map page frames in order, and alike
 * @va: first virtual address
 * @pfn: first page frame
 * @last: last page frame
 * @attr: enum pfn_attr as decoded from the entries
 * @road: enum pft_road
 * @held: enum pfn_attr that others hold them with, %PFN_ATTR_NONE unless @road is
 *	%PFT_ROAD_ALIAS
 * @broken: the flags of the area do not allow such entries
 */
struct pft_mapped {
	unsigned long va;
	unsigned long pfn;
	unsigned long last;
	u8 attr;
	u8 road;
	u8 held;
	bool broken;
};

static inline unsigned long pft_mapped_last(const struct pft_mapped *run)
{
	return run->va + ((run->last - run->pfn + 1) << PAGE_SHIFT) - 1;
}

/**
 * struct pft_pages - page frames; none if @last is before @pfn
 * @pfn: first page frame
 * @last: last page frame
 */
struct pft_pages {
	unsigned long pfn;
	unsigned long last;
};

/**
 * struct pft_tables - what the page tables of a window say
 * @audit: where is counted what is seen
 * @mm: address space that is walked, NULL for the kernel's
 * @again: it is looked at again: nobody must change it meanwhile, and nothing
 *	is counted
 * @all: write-back RAM is noted, too, because records may be of it
 * @runs: what is mapped, by address
 * @nr_runs: how many there are
 * @steps: how much of the budget is used
 * @stop: where the window had to end because the budget was spent
 * @plain: a block of page frames that were held only write-back, if at all
 * @decoded: @attr is what @prot means
 * @large: in a huge entry
 * @attr: enum pfn_attr
 * @prot: bits of the entry before
 */
struct pft_tables {
	struct pft_audit *audit;
	struct mm_struct *mm;
	bool again;
	bool all;
	struct pft_mapped runs[PFT_WALK_RUNS];
	unsigned int nr_runs;
	unsigned int steps;
	unsigned long stop;
	struct pft_pages plain;
	bool decoded;
	bool large;
	enum pfn_attr attr;
	pgprot_t prot;
};

int pft_read_tables(struct pft_tables *t, struct pft_range *win);

/* === Mappings of the kernel: pfn_track_kernel.c ========================= */

void pft_page_forget(void);

/* === Leaks: pfn_track_leak.c ============================================ */

void pft_tell_leak(const struct pft_leak *leak);
struct device *pft_device_of(const struct pft_record *rec);

/* === Report: pfn_track_report.c ========================================= */

struct seq_file;

extern const char * const pft_attr_text[PFN_ATTR_COUNT];
extern const char * const pft_verdict_text[PFN_VERDICT_COUNT];
extern const char * const pft_kind_text[PFN_KIND_COUNT];
extern const char * const pft_space_text[PFN_SPACE_COUNT];
extern const char * const pft_result_text[PFN_RESULT_COUNT];
extern const char * const pft_cause_text[PFN_CAUSE_COUNT];
extern const char * const pft_leak_text[PFN_LEAK_COUNT];
extern const char * const pft_policy_text[PFN_POLICY_COUNT + 1];

/**
 * struct pft_site - a call site as text
 * @text: function+offset/size, or "-"
 * @module: name of the module, or "-" for the kernel itself
 */
struct pft_site {
	char text[96];
	char module[MODULE_NAME_LEN];
};

/**
 * struct pft_source - who causes a report; 0 where it does not matter
 * @user: the user; 0 for root
 * @process: the process; 0 for what the kernel maps on behalf of root
 * @site: the call sites of both sides, by user
 */
struct pft_source {
	u64 user;
	u64 process;
	u64 site;
};

/* A range or a number of pages, as text. */
struct pft_text {
	char text[64];
};

/**
 * struct pft_event - a conflict, remembered
 * @conflict: both sides; owns references to the holders
 * @source: who causes it
 * @new: call site of the newcomer
 * @held: call site of the other side; text, because modules go
 * @id: counts from 1
 * @count: how often it was seen
 * @time: when it was seen first, in ns since boot
 */
struct pft_event {
	struct pft_conflict conflict;
	struct pft_source source;
	struct pft_site new;
	struct pft_site held;
	unsigned long id;
	unsigned long count;
	u64 time;
};

/**
 * struct pft_leak_event - a leak, remembered
 * @leak: what, and whose; owns a reference to the holder
 * @site: call site; text, because modules go
 * @id: counts from 1
 * @time: when it was seen, in ns since boot
 */
struct pft_leak_event {
	struct pft_leak leak;
	struct pft_site site;
	unsigned long id;
	u64 time;
};

/**
 * enum pft_log_limit - what limits the reports in the kernel log
 * @PFT_LOG_INTERVAL: seconds in which a spent budget comes back
 * @PFT_LOG_TOTAL: reports an interval, all together
 * @PFT_LOG_USER: reports an interval, of each user but root
 * @PFT_LOG_PROCESS: reports an interval, of each process
 * @PFT_LOG_SITE: reports an interval, of each pair of call sites
 * @PFT_LOG_COUNT: number of limits
 */
enum pft_log_limit {
	PFT_LOG_INTERVAL,
	PFT_LOG_TOTAL,
	PFT_LOG_USER,
	PFT_LOG_PROCESS,
	PFT_LOG_SITE,
	PFT_LOG_COUNT,
};

#define PFT_LOG_MAX_SECONDS	86400
#define PFT_LOG_MAX_REPORTS	10000

int pft_set_log_limit(enum pft_log_limit which, unsigned int value);
unsigned int pft_get_log_limit(enum pft_log_limit which);
int pft_report_start(void);
void pft_get_site(const struct pft_holder *holder, struct pft_site *site);
const char *pft_why(const struct pft_conflict *c);
const char *pft_advice(const struct pft_conflict *c);
unsigned long pft_show_history(struct seq_file *m,
			       void (*show)(struct seq_file *m,
					    const struct pft_event *event));
unsigned long pft_show_leaks(struct seq_file *m,
			     void (*show)(struct seq_file *m,
					  const struct pft_leak_event *event));
void pft_report_conflict(const struct pft_conflict *conflict);
void pft_report_leak(const struct pft_leak *leak);
void pft_report_misuse(const char *what, const void *caller);
bool pft_site_is_telling(unsigned long caller);
bool pft_find_site(const struct pft_holder *holder, char *buf, size_t size);
int pft_policy_from_text(const char *text, size_t len);
int pft_kind_from_text(const char *text, size_t len);

/* === Files: pfn_track_files.c =========================================== */

void pft_show_audit(struct seq_file *m, const struct pft_audit *audit);

#endif /* _MM_PFN_TRACK_INTERNAL_H */
