/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests share: the runner, the checks, and short ways to map. */
#ifndef _UNIT_UNIT_H
#define _UNIT_UNIT_H

#include "pfn_track_internal.h"
#include <linux/pfn_track.h>
#include "pat.h"

/* === Runner: each test has a process of its own ========================= */

struct unit_test {
	const char *name;
	void (*run)(void);
	struct unit_test *next;
};

void unit_register(struct unit_test *test);

/* A test of the name "suite.name", found by the runner on its own. */
#define TEST(suite, id)							\
static void suite##_##id(void);						\
static void __attribute__((constructor)) suite##_##id##_register(void)	\
{									\
	static struct unit_test test = {				\
		.name = #suite "." #id,					\
		.run = suite##_##id,					\
	};								\
									\
	unit_register(&test);						\
}									\
static void suite##_##id(void)

/* Run @fn in a child; true if it ended well and leaked nothing. */
bool unit_isolated(void (*fn)(long arg), long arg);

/* What a child of unit_isolated() leaves to its parent. */
extern long *unit_result;

/* The environment's word for a number, decimal or 0x, or @otherwise. */
unsigned long unit_env(const char *name, unsigned long otherwise);

/* === Checks: the first that fails ends the test ========================= */

void unit_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

#define CHECK(cond)							\
	do {								\
		if (!(cond))						\
			unit_fail(__FILE__, __LINE__, "%s", #cond);	\
	} while (0)

#define CHECK_EQ(is, should)						\
	do {								\
		long long _is = (is), _should = (should);		\
									\
		if (_is != _should)					\
			unit_fail(__FILE__, __LINE__,			\
				  "%s is %lld (0x%llx), not %lld (0x%llx)", \
				  #is, _is, _is, _should, _should);	\
	} while (0)

#define CHECK_HAS(text, part)						\
	do {								\
		if (!strstr(text, part))				\
			unit_fail(__FILE__, __LINE__,			\
				  "'%s' not in: %s", part, text);	\
	} while (0)

#define CHECK_HAS_NOT(text, part)					\
	do {								\
		if (strstr(text, part))					\
			unit_fail(__FILE__, __LINE__,			\
				  "'%s' in: %s", part, text);		\
	} while (0)

/* === The kernel's part ================================================== */

/* As at boot, with "pfn_track=@param" on the command line unless NULL. */
void unit_boot(const char *param);

/* The record that is listed after @rec, the first after NULL. */
struct pft_record *unit_after(const struct pft_record *rec);

/* The stock has run dry, as after a burst that ate it; and has not. */
void unit_stock_hide(void);
void unit_stock_restore(void);

/* Everything that must hold at any time. */
void unit_check_store(void);

long unit_stat(enum pft_stat stat);

/* What the tracepoints saw. */
struct unit_trace {
	long maps;
	long unmaps;
	long conflicts;
	/* Of the last conflict; holders are not to be followed. */
	struct pft_conflict conflict;
};

extern struct unit_trace unit_trace;

/* Page frames in which page tables have no say. */
extern unsigned long unit_untracked, unit_untracked_last;
/* What the architecture says of mappings that no record explains. */
extern enum pfn_cause unit_cause;
/* Whether it was asked for one that it had looked up. */
extern bool unit_cause_looked_up;
/* The device whose memory all reservations are in. */
extern struct device *unit_reserved_dev;

/* === Attributes of the architecture that this binary stands for ========= */

/* All that it can express, ended by PFN_ATTR_UNKNOWN. */
extern const enum pfn_attr unit_attrs[];

/* Bits that ask for @attr, or such as make no sense if there are none. */
pgprot_t unit_prot(enum pfn_attr attr);

/* Two attributes of which the matrix says @verdict; false if there are none. */
bool unit_pair(enum pfn_verdict verdict, enum pfn_attr *a, enum pfn_attr *b);

/* Always there: write-back, and another that does not go with it. */
#define A_WB		PFN_ATTR_WB
#define A_WC		PFN_ATTR_WC

/* === The linear map ===================================================== */

/*
 * It maps the page frames below unit_ram_end as unit_linear_attr says, but for
 * these: not at all, or with an attribute of their own, RAM hot-added at any
 * place included.  What it does not map is not RAM.
 */
void unit_linear_hole(unsigned long pfn, unsigned long nr);
void unit_linear_set(unsigned long pfn, unsigned long nr, enum pfn_attr attr);

/*
 * An attribute that RAM must not be mapped with, not even after cleaning the
 * caches, while the linear map is write-back.
 */
enum pfn_attr unit_not_linear(void);

/* What the machine says of all that is not RAM, see struct pat_arch.under. */
extern enum pfn_attr unit_machine_attr;
/* What is asked about where any kind would do. */
#define K_IO		PFN_KIND_IOREMAP

/* === Short ways to map, in pages ======================================== */

extern struct mm_struct unit_mm[8];

static inline unsigned long pages(unsigned long nr)
{
	return nr << PAGE_SHIFT;
}

static inline void *kva(unsigned long page)
{
	return (void *)pages(page);
}

/* The page frames that the physical address space ends with. */
#define PFN_TOP		PHYS_PFN(PHYS_ADDR_MAX)

struct vm_area_struct unit_vma(struct mm_struct *mm, unsigned long page,
			       unsigned long nr);

int do_ioremap(unsigned long va, unsigned long pfn, unsigned long nr,
	       enum pfn_attr attr);
void do_iounmap(unsigned long va, unsigned long nr);
int do_remap(struct mm_struct *mm, unsigned long va, unsigned long pfn,
	     unsigned long nr, enum pfn_attr want, enum pfn_attr got);
int do_map(struct mm_struct *mm, unsigned long va, unsigned long pfn,
	   unsigned long nr, enum pfn_attr attr);
int do_insert_cleaned(struct mm_struct *mm, unsigned long va, unsigned long pfn,
		      enum pfn_attr attr);
int do_insert(struct mm_struct *mm, unsigned long va, unsigned long pfn,
	      unsigned long nr, enum pfn_attr attr);
void do_zap(struct mm_struct *mm, unsigned long va, unsigned long nr);
void do_move(struct mm_struct *mm, unsigned long from, unsigned long to,
	     unsigned long nr);
/* Pages of a page table. */
#define UNIT_TABLE	512UL
/* The same for do_fork(), which copies them one by one. */
extern unsigned long unit_table;
void do_fork(struct mm_struct *dst, struct mm_struct *src, unsigned long va,
	     unsigned long nr);
void do_refused(enum pfn_kind kind, unsigned long pfn, unsigned long nr,
		enum pfn_attr want);
int do_claim(struct pfn_claim *claim, unsigned long pfn, unsigned long nr,
	     enum pfn_attr attr, unsigned int flags);

/* The record that covers a user page, or a pfn of 0 and no holder. */
struct pft_record record_at(enum pfn_space space, const void *id,
			    unsigned long va);

#endif /* _UNIT_UNIT_H */
