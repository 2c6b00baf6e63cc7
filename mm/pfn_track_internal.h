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
#include <linux/device.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/pfn_track.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

/* === Data =============================================================== */

/**
 * struct pft_holder - who made a mapping
 * @ref: records and conflict reports that point here
 * @pid: process id in the initial namespace; 0 for a forked copy whose child
 *	had no id yet, see pft_holder_pid()
 * @stack: call stack in the stack depot, 0 if it could not be kept
 * @caller: return address that the hook was given, or 0
 * @time: when, in ns since boot
 * @dev: name of the device, or NULL
 * @driver: name of its driver, or NULL
 * @comm: name of the task
 *
 * Names, not pointers: devices and tasks go before their traces do.
 */
struct pft_holder {
	refcount_t ref;
	pid_t pid;
	depot_stack_handle_t stack;
	unsigned long caller;
	u64 time;
	const char *dev;
	const char *driver;
	char comm[TASK_COMM_LEN];
};

/**
 * struct pft_subtree - what a record knows of those below it in the tree by PFN
 * @last: the last page frame of any of them
 * @mask: the attributes that they map, BIT(enum pfn_attr)
 */
struct pft_subtree {
	unsigned long last;
	unsigned long mask;
};

/**
 * struct pft_record - one mapping, or one claim
 * @pfn_rb: by @pfn, an interval tree
 * @subtree: of the interval tree
 * @pfn: first page frame
 * @last: last page frame
 * @want: enum pfn_attr that was asked for
 * @got: enum pfn_attr that was mapped
 * @kind: enum pfn_kind
 * @space: enum pfn_space
 * @va_rb: by @space, @id and @va
 * @va: first virtual address; 0 in a claim
 * @id: the mm_struct, NULL for the kernel, the pfn_claim of a claim
 * @seq: orders records of equal @pfn, so that a listing can be resumed
 * @holder: who
 */
struct pft_record {
	struct rb_node pfn_rb;
	struct pft_subtree subtree;
	unsigned long pfn;
	unsigned long last;
	u8 want;
	u8 got;
	u8 kind;
	u8 space;
	/* What a lookup reads ends here, with the first cache line. */
	struct rb_node va_rb;
	unsigned long va;
	const void *id;
	u64 seq;
	struct pft_holder *holder;
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

/**
 * struct pft_cut - what pft_store_cut() took out
 * @piece: copy of the part that was taken out; borrows its holder
 * @gone: the whole record if nothing of it is left, else NULL; the caller's
 * @spare: in: memory for a split or NULL; out: NULL if it was used
 */
struct pft_cut {
	struct pft_record piece;
	struct pft_record *gone;
	struct pft_record *spare;
};

/**
 * struct pft_conflict - a newcomer and the holder that it disagrees with
 * @pfn: first page frame of the overlap
 * @last: last page frame of the overlap
 * @new: the newcomer; owns a reference to its holder
 * @held: the other side, with a reference; its holder is NULL if no record
 *	explains the newcomer's attribute and the platform decided
 * @rule: the rule that was applied, NULL for a mere downgrade
 * @verdict: how bad; at least %PFN_VERDICT_ORDERING for a downgrade
 * @result: what became of the newcomer
 * @policy: the policy that was in force
 */
struct pft_conflict {
	unsigned long pfn;
	unsigned long last;
	struct pft_record new;
	struct pft_record held;
	const struct pfn_attr_pair *rule;
	enum pfn_verdict verdict;
	enum pfn_result result;
	enum pfn_policy policy;
};

/**
 * enum pft_stat - what is counted, one file each in sysfs
 * @PFT_STAT_RECORDS: records that exist now
 * @PFT_STAT_MAPS: records ever made
 * @PFT_STAT_UNMAPS: records, or parts of them, ever dropped
 * @PFT_STAT_CONFLICTS: conflicts seen, repeated ones included
 * @PFT_STAT_REFUSED: newcomers refused, by the policy or by the architecture
 * @PFT_STAT_DOWNGRADES: newcomers that were given another attribute
 * @PFT_STAT_SUPPRESSED: conflicts counted but not written to the log
 * @PFT_STAT_INCOMPLETE: records that were not made or not cut for want of memory
 * @PFT_STAT_LATE: 1 if the registry was switched on after boot
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
	PFT_STAT_COUNT,
};

extern atomic_long_t pft_stats[PFT_STAT_COUNT];

static inline void pft_count(enum pft_stat stat)
{
	atomic_long_inc(&pft_stats[stat]);
}

/* === Registry: pfn_track.c ============================================== */

/* A kind without a policy of its own follows the global one. */
#define PFT_POLICY_DEFAULT	PFN_POLICY_COUNT
/* For pft_set_policy() and pft_get_policy(): the global policy. */
#define PFT_KIND_ALL		PFN_KIND_COUNT

int pft_set_policy(enum pfn_kind kind, unsigned int policy);
unsigned int pft_get_policy(enum pfn_kind kind);

void pft_holder_put(struct pft_holder *holder);
pid_t pft_holder_pid(const struct pft_record *rec);

/* === Store: pfn_track_store.c =========================================== */

extern spinlock_t pft_lock;

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

void pft_store_insert(struct pft_record *rec);
void pft_store_rekey(struct pft_record *rec, enum pfn_space space,
		     unsigned long va);
void pft_clip(struct pft_record *piece, const struct pft_range *range);
int pft_store_cut(const struct pft_range *range, struct pft_cut *cut);
struct pft_record *pft_store_first(const struct pft_range *range);
unsigned int pft_store_held(unsigned long pfn, unsigned long last);
struct pft_record *pft_store_oldest(unsigned long pfn, unsigned long last,
				    enum pfn_attr attr);
struct pft_record *pft_store_after(unsigned long pfn, u64 seq);
struct pft_record *pft_store_pop(void);

/* === Report: pfn_track_report.c ========================================= */

int pft_report_start(void);
void pft_report_conflict(const struct pft_conflict *conflict);
int pft_policy_from_text(const char *text, size_t len);
int pft_kind_from_text(const char *text, size_t len);

#endif /* _MM_PFN_TRACK_INTERNAL_H */
