/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pfn_track: a registry of the cache attribute of every mapped physical range.
 *
 * Three groups of functions: the attribute model (pure), the API for drivers
 * (claims and questions) and the hooks for mm/, which are a patched-out branch
 * while the policy is "off" and nothing at all without CONFIG_PFN_TRACK.
 */
#ifndef _LINUX_PFN_TRACK_H
#define _LINUX_PFN_TRACK_H

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/ioport.h>
#include <linux/jump_label.h>
#include <linux/limits.h>
#include <linux/mm_types.h>
#include <linux/pfn_attr.h>
#include <linux/pgtable.h>
#include <linux/types.h>
#include <uapi/linux/pfn_track.h>

struct device;
struct page;
struct vm_struct;

/* === Claims and questions, for drivers ================================== */

/* Judge the claim itself as policy "strict" does, see pfn_track_claim(). */
#define PFN_CLAIM_STRICT		BIT(0)
/* Check the driver's own mappings against the claim, too. */
#define PFN_CLAIM_SELF		BIT(1)

/* All flags of a claim. */
#define PFN_CLAIM_FLAGS		(PFN_CLAIM_STRICT | PFN_CLAIM_SELF)

/**
 * struct pfn_claim - a physical range that a driver holds without mapping it
 * @start: first byte of the range
 * @size: bytes; 0 if nothing is claimed
 * @self: the claim itself, by which a copy is told apart
 *
 * The caller owns the memory, zeroed before the first use, and leaves the
 * fields alone.
 */
struct pfn_claim {
	phys_addr_t start;
	size_t size;
	const struct pfn_claim *self;
};

/**
 * struct pfn_answer - what would happen, see pfn_track_query()
 * @attrs: bit mask, BIT(enum pfn_attr), of what is held in the range
 * @got: what this machine makes of the asked attribute; the fields below are
 *	about it
 * @verdict: the worst verdict of @got against @attrs and the linear map
 * @linear: the worst verdict is about the linear map
 * @conflicts: the mapping would be reported as a conflict
 * @refused: the policy in force would refuse it; always false under "report"
 * @would_refuse: the policy "enforce" would refuse it
 * @strict: a claim with %PFN_CLAIM_STRICT would be granted: @got is the asked
 *	attribute and no mapping or claim disagrees, or the policy of claims is
 *	"off".  The linear map does not matter to claims, whatever kind is asked
 */
struct pfn_answer {
	unsigned int attrs;
	enum pfn_attr got;
	enum pfn_verdict verdict;
	bool linear;
	bool conflicts;
	bool refused;
	bool would_refuse;
	bool strict;
};

/* Bytes of a task's name, a device's and a driver's; longer ones are cut. */
#define PFN_MAPPING_COMM	16
#define PFN_MAPPING_DEV		64
#define PFN_MAPPING_DRIVER	64

/**
 * struct pfn_mapping - one mapping or claim, see pfn_track_for_each()
 * @start: first byte of the physical range
 * @end: last byte
 * @want: the attribute that was asked for
 * @got: the attribute that was mapped
 * @kind: the interface that mapped it
 * @space: whose page tables; %PFN_SPACE_NONE for a claim
 * @pid: process id in the initial namespace, 0 if it is not known
 * @comm: name of the task that mapped
 * @dev: name of the device, "" if it is not known
 * @driver: name of its driver, "" if it is not known
 *
 * A copy: it stays valid after the mapping has gone.
 */
struct pfn_mapping {
	phys_addr_t start;
	phys_addr_t end;
	enum pfn_attr want;
	enum pfn_attr got;
	enum pfn_kind kind;
	enum pfn_space space;
	pid_t pid;
	char comm[PFN_MAPPING_COMM];
	char dev[PFN_MAPPING_DEV];
	char driver[PFN_MAPPING_DRIVER];
};

/**
 * pfn_verdict_name - the spelling of a verdict
 * @verdict: the verdict
 *
 * Return: a constant string, as in the kernel log: "incoherent".
 */
static inline const char *pfn_verdict_name(enum pfn_verdict verdict)
{
	static const char * const text[] = { PFN_VERDICT_TEXT };

	return verdict < PFN_VERDICT_COUNT ? text[verdict] :
					     text[PFN_VERDICT_UNKNOWN];
}

/**
 * pfn_kind_name - the spelling of a kind of mapping
 * @kind: the kind
 *
 * Return: a constant string, as in the kernel log: "ioremap".
 */
static inline const char *pfn_kind_name(enum pfn_kind kind)
{
	static const char * const text[] = { PFN_KIND_TEXT };

	return kind < PFN_KIND_COUNT ? text[kind] : "unknown";
}

/*
 * The checks of arguments, shared by kernels with and without the registry, so
 * that a driver sees the same errors in both.
 */

/**
 * pfn_track_check_range - check a physical byte range
 * @start: first byte
 * @size: bytes
 *
 * Return: 0; -EINVAL if it is empty, wraps, or has no page frame numbers.
 */
static inline int pfn_track_check_range(u64 start, u64 size)
{
	u64 last = start + size - 1;

	return !size || last < start || last > PHYS_ADDR_MAX ||
	       last >> PAGE_SHIFT > ULONG_MAX ? -EINVAL : 0;
}

/**
 * pfn_track_check_claim - check the arguments of pfn_track_claim()
 * @claim: must not be made already
 * @start: first byte
 * @size: bytes
 * @attr: must be one that can be mapped
 * @flags: must be among %PFN_CLAIM_FLAGS
 *
 * Return: 0 or -EINVAL.
 */
static inline int pfn_track_check_claim(const struct pfn_claim *claim,
					phys_addr_t start, size_t size,
					enum pfn_attr attr, unsigned int flags)
{
	if (!claim || claim->size || flags & ~PFN_CLAIM_FLAGS ||
	    attr <= PFN_ATTR_NONE || attr >= PFN_ATTR_COUNT)
		return -EINVAL;
	return pfn_track_check_range(start, size);
}

/**
 * pfn_track_check_release - check the argument of pfn_track_release()
 * @claim: must be made
 *
 * Return: 0; -EINVAL for NULL or a copy; -ENOENT if it is not made.
 */
static inline int pfn_track_check_release(const struct pfn_claim *claim)
{
	if (!claim)
		return -EINVAL;
	if (!claim->size)
		return -ENOENT;
	return claim->self == claim ? 0 : -EINVAL;
}

/**
 * pfn_track_check_query - check the arguments of pfn_track_query()
 * @start: first byte
 * @size: bytes
 * @kind: must be one that a newcomer can have
 * @attr: an attribute
 * @answer: must not be NULL
 *
 * Return: 0 or -EINVAL.
 */
static inline int pfn_track_check_query(phys_addr_t start, size_t size,
					enum pfn_kind kind, enum pfn_attr attr,
					const struct pfn_answer *answer)
{
	if (!answer || kind >= PFN_KIND_COUNT || kind == PFN_KIND_LINEAR ||
	    attr >= PFN_ATTR_COUNT)
		return -EINVAL;
	return pfn_track_check_range(start, size);
}

/**
 * pfn_track_check_resource - check that a resource can be claimed
 * @res: the resource, or NULL
 *
 * A PCI BAR that does not exist is all zero, which resource_size() takes for
 * one byte.
 *
 * Return: 0; -EINVAL for NULL, for anything but memory that has an address, or
 * if its size does not fit into a size_t.
 */
static inline int pfn_track_check_resource(const struct resource *res)
{
	if (!res || resource_type(res) != IORESOURCE_MEM || !res->end ||
	    res->flags & (IORESOURCE_UNSET | IORESOURCE_DISABLED) ||
	    resource_size(res) != (size_t)resource_size(res))
		return -EINVAL;
	return 0;
}

#ifdef CONFIG_PFN_TRACK

DECLARE_STATIC_KEY_FALSE(pfn_track_key);

/**
 * pfn_track_enabled - whether the registry is on
 *
 * Return: true under any policy but "off".
 */
static inline bool pfn_track_enabled(void)
{
	return static_branch_unlikely(&pfn_track_key);
}

/**
 * struct pfn_attr_plain - what protection that is write-back looks like
 * @mask: the bits in which it differs from anything else, all that decode to
 *	another attribute included
 * @bits: what they are
 */
struct pfn_attr_plain {
	u64 mask;
	u64 bits;
};

extern struct pfn_attr_plain pfn_attr_plain;

/**
 * pfn_attr_is_plain - whether protection is write-back, in one comparison
 * @prot: protection of a page table entry of the smallest size
 *
 * Return: true if it is; false does not say that it is not.
 */
static inline bool pfn_attr_is_plain(pgprot_t prot)
{
	return !((pgprot_val(prot) ^ pfn_attr_plain.bits) & pfn_attr_plain.mask);
}

enum pfn_attr pfn_attr_from_pgprot(pgprot_t prot);
enum pfn_attr pfn_attr_from_large(pgprot_t prot);
enum pfn_attr pfn_attr_effective(enum pfn_attr attr);
const char *pfn_attr_name(enum pfn_attr attr);
const char *pfn_attr_arch(void);
const struct pfn_attr_pair *pfn_attr_judge(enum pfn_attr a, enum pfn_attr b);
const struct pfn_attr_pair *pfn_attr_judge_colour(unsigned long va_a,
						  unsigned long va_b);

int pfn_track_claim(struct pfn_claim *claim, struct device *dev,
		    phys_addr_t start, size_t size, enum pfn_attr attr,
		    unsigned int flags);
int pfn_track_claim_resource(struct pfn_claim *claim, struct device *dev,
			     const struct resource *res, enum pfn_attr attr,
			     unsigned int flags);
int pfn_track_release(struct pfn_claim *claim);
struct pfn_claim *devm_pfn_track_claim(struct device *dev, phys_addr_t start,
				       size_t size, enum pfn_attr attr,
				       unsigned int flags);
struct pfn_claim *devm_pfn_track_claim_resource(struct device *dev,
						const struct resource *res,
						enum pfn_attr attr,
						unsigned int flags);
int devm_pfn_track_release(struct device *dev, struct pfn_claim *claim);
int pfn_track_query(phys_addr_t start, size_t size, enum pfn_kind kind,
		    enum pfn_attr attr, struct pfn_answer *answer);
unsigned int pfn_track_lookup(unsigned long pfn);
int pfn_track_for_each(phys_addr_t start, size_t size,
		       int (*fn)(const struct pfn_mapping *mapping, void *data),
		       void *data);

/* === Between arch/generic/pat/ and mm/pfn_track*.c ====================== */

void __init pfn_attr_init(void);
enum pfn_attr pfn_attr_modify(enum pfn_attr attr, pgprot_t prot);
const struct pfn_attr_pair *pfn_attr_judge_linear(enum pfn_attr attr,
						  enum pfn_attr linear,
						  bool cleaned);
const struct pfn_attr_pair *pfn_attr_judge_at(unsigned long pfn,
					      unsigned long last,
					      enum pfn_attr a, enum pfn_attr b);
unsigned int pfn_attr_linear(unsigned long pfn, unsigned long last,
			     unsigned long *from, unsigned long *to);
unsigned long pfn_attr_linear_pages(unsigned long pfn, unsigned long last,
				    enum pfn_attr attr);
bool pfn_attr_is_ram(unsigned long pfn);
bool pfn_attr_page_changed(const struct page *page);
unsigned long pfn_attr_pmd_step(void);
bool pfn_attr_is_static(unsigned long va);
enum pfn_attr pfn_attr_at(unsigned long pfn, unsigned long last,
			  enum pfn_attr attr);
const char *pfn_attr_window(bool *all);
const char *pfn_attr_why_not(enum pfn_attr want);
bool pfn_attr_untracked(unsigned long pfn, unsigned long last);
enum pfn_cause pfn_attr_cause(unsigned long pfn, unsigned long last,
			      enum pfn_attr want, bool looked_up);

/* === Hooks, for mm/ and arch/ =========================================== */

/* Set once any of the linear map is not write-back; until then nobody need ask. */
extern bool pfn_track_mixed;

/* Of __pfn_track_insert(): one huge entry; caches that the driver cleans. */
#define PFN_INSERT_HUGE		0x1
#define PFN_INSERT_CLEANED	0x2

void __init pfn_track_init(void);
int __pfn_track_ioremap(const void *va, unsigned long size, phys_addr_t phys,
			pgprot_t want, pgprot_t got, const void *caller);
void __pfn_track_iounmap(const void *va, unsigned long size);
int __pfn_track_vmap(struct vm_struct *area, struct page *const *pages,
		     const unsigned long *pfns, unsigned int count,
		     pgprot_t prot, bool cleaned);
int __pfn_track_memremap(phys_addr_t start, unsigned long size, pgprot_t want,
			 pgprot_t got);
void __pfn_track_memunmap(phys_addr_t start, unsigned long size);
int __pfn_track_set_memory(unsigned long va, unsigned int count, pgprot_t prot);
void __pfn_track_unset_memory(unsigned long va, unsigned int count);
int __pfn_track_set_pages(struct page *const *pages, unsigned int count,
			  pgprot_t prot);
void __pfn_track_unset_pages(struct page *const *pages, unsigned int count);
void __pfn_track_free(const struct page *page, unsigned int order);
void __pfn_track_page(unsigned long pfn, pgprot_t prot, const void *caller);
int __pfn_track_remap(struct vm_area_struct *vma, unsigned long va,
		      unsigned long pfn, unsigned long size, pgprot_t want,
		      pgprot_t got);
int __pfn_track_insert(struct vm_area_struct *vma, unsigned long va,
		       unsigned long pfn, unsigned long size, pgprot_t want,
		       pgprot_t got, unsigned int flags);
int __pfn_track_insert_page(struct vm_area_struct *vma, unsigned long va,
			    struct page *page, pgprot_t prot);
int __pfn_track_fault(struct vm_area_struct *vma, unsigned long va,
		      struct page *page, unsigned int nr, pgprot_t prot);
void __pfn_track_restored(struct vm_area_struct *vma, unsigned long va,
			  struct page *page, unsigned int nr);
void __pfn_track_refused(enum pfn_kind kind, unsigned long pfn,
			 unsigned long size, pgprot_t want, int err,
			 const void *caller);
void __pfn_track_remap_refused(struct vm_area_struct *vma, unsigned long va,
			       unsigned long pfn, unsigned long size,
			       pgprot_t want, int err);
void __pfn_track_set_memory_refused(unsigned long va, unsigned int count,
				    pgprot_t want, int err);
int __pfn_track_reserve(phys_addr_t start, u64 size, pgprot_t want,
			pgprot_t got);
void __pfn_track_unreserve(phys_addr_t start, u64 size);
void __pfn_track_not_reserved(phys_addr_t start, u64 size);
bool __pfn_track_disputed(const struct page *page, unsigned int nr);
void __pfn_track_zap(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end);
void __pfn_track_unmapped(struct vm_area_struct *vma, unsigned long start,
			  unsigned long end);
bool __pfn_track_moves(const struct vm_area_struct *vma);
int __pfn_track_add_memory(u64 start, u64 size);
void __pfn_track_protect(struct vm_area_struct *vma, unsigned long start,
			 unsigned long end, pgprot_t prot);
int __pfn_track_may_protect(struct vm_area_struct *vma, unsigned long start,
			    unsigned long end, unsigned long flags);
void __pfn_track_undo(struct mm_struct *mm, unsigned long start,
		      unsigned long size);
void __pfn_track_move(struct vm_area_struct *vma, unsigned long from,
		      unsigned long to, unsigned long size);
void __pfn_track_fork(struct mm_struct *dst, struct vm_area_struct *src,
		      unsigned long start, unsigned long end);
void __pfn_track_exit(struct mm_struct *mm);
void __pfn_track_unbound(struct device *dev);

/**
 * pfn_track_ioremap - a kernel mapping is about to be made
 * @va: first kernel virtual address, page aligned
 * @size: bytes, whole pages
 * @phys: first byte of the physical range, page aligned
 * @want: what the caller of ioremap*() asked for
 * @got: what will be put into the page tables
 * @caller: return address of the call to ioremap*(), or NULL
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, or -EBUSY if the policy refuses it, in which case nothing is
 * recorded.
 */
static inline int pfn_track_ioremap(const void *va, unsigned long size,
				    phys_addr_t phys, pgprot_t want,
				    pgprot_t got, const void *caller)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_ioremap(va, size, phys, want, got, caller);
}

/**
 * pfn_track_iounmap - a kernel mapping is about to go
 * @va: first kernel virtual address, page aligned
 * @size: bytes, whole pages
 *
 * To be called before @va can be given to somebody else.
 *
 * Context: Process context.
 */
static inline void pfn_track_iounmap(const void *va, unsigned long size)
{
	if (pfn_track_enabled())
		__pfn_track_iounmap(va, size);
}

/**
 * pfn_track_vmap - pages are about to be mapped side by side into the kernel
 * @area: where
 * @pages: the pages, or NULL
 * @pfns: their page frames, if @pages is NULL
 * @count: length of either
 * @prot: what will be put into the page tables
 * @cleaned: no cache holds lines of the pages, and none will through the linear
 *	map: the caller cleans them, and does not touch the pages otherwise
 *
 * What is write-back, as almost all of it is, is not recorded unless somebody
 * has the same pages otherwise.
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, or -EBUSY if the policy refuses it, in which case nothing is
 * recorded.
 */
static inline int pfn_track_vmap(struct vm_struct *area,
				 struct page *const *pages,
				 const unsigned long *pfns, unsigned int count,
				 pgprot_t prot, bool cleaned)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_vmap(area, pages, pfns, count, prot, cleaned);
}

/**
 * pfn_track_memremap - device memory is about to be added to the linear map
 * @start: first byte of the physical range, page aligned
 * @size: bytes, whole pages
 * @want: what memremap_pages() asks for
 * @got: what will be put into the page tables
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, or -EBUSY if the policy refuses it, in which case nothing is
 * recorded.
 */
static inline int pfn_track_memremap(phys_addr_t start, unsigned long size,
				     pgprot_t want, pgprot_t got)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_memremap(start, size, want, got);
}

/**
 * pfn_track_memunmap - device memory has been taken out of the linear map
 * @start: first byte of the physical range, page aligned
 * @size: bytes, whole pages
 *
 * To be called before somebody else can add it; that there was nothing is no
 * error.
 *
 * Context: Process context.
 */
static inline void pfn_track_memunmap(phys_addr_t start, unsigned long size)
{
	if (pfn_track_enabled())
		__pfn_track_memunmap(start, size);
}

/**
 * pfn_track_set_memory - the caching state of RAM is about to be changed
 * @va: address in the linear map, or of static data; others are left alone
 * @count: pages
 * @prot: with the caching state that they will have
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, or -EBUSY if the policy refuses it, in which case nothing is
 * recorded.
 */
static inline int pfn_track_set_memory(unsigned long va, unsigned int count,
				       pgprot_t prot)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_set_memory(va, count, prot);
}

/**
 * pfn_track_unset_memory - RAM is write-back again
 * @va: as for pfn_track_set_memory()
 * @count: pages; that some were write-back all the time is no error
 *
 * Context: Process context.
 */
static inline void pfn_track_unset_memory(unsigned long va, unsigned int count)
{
	if (pfn_track_enabled())
		__pfn_track_unset_memory(va, count);
}

/**
 * pfn_track_set_pages - the same as pfn_track_set_memory() for scattered pages
 * @pages: the pages; those in high memory are left out
 * @count: how many
 * @prot: with the caching state that they will have
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, or -EBUSY if the policy refuses it, in which case nothing is
 * recorded.
 */
static inline int pfn_track_set_pages(struct page *const *pages,
				      unsigned int count, pgprot_t prot)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_set_pages(pages, count, prot);
}

/**
 * pfn_track_unset_pages - the same as pfn_track_unset_memory()
 * @pages: the pages
 * @count: how many
 *
 * Context: Process context.
 */
static inline void pfn_track_unset_pages(struct page *const *pages,
					 unsigned int count)
{
	if (pfn_track_enabled())
		__pfn_track_unset_pages(pages, count);
}

/**
 * pfn_track_free - pages go back to the allocator
 * @page: the first
 * @order: binary logarithm of how many
 *
 * Reports those whose caching state was not given back.  Waits for nothing: it
 * reads what the architecture notes in the page itself.
 *
 * Context: Any.
 */
static inline void pfn_track_free(const struct page *page, unsigned int order)
{
	if (pfn_track_enabled() && READ_ONCE(pfn_track_mixed))
		__pfn_track_free(page, order);
}

/**
 * pfn_track_add_memory - RAM is about to be added to the linear map, or onlined
 * @start: first byte of the physical range
 * @size: bytes
 *
 * The newcomer is the linear map: if others hold some of the range other than
 * write-back, that is a conflict of kind "linear".  Mappings of memory that is
 * offline are not compared with the linear map, so this is called again when it
 * goes online.
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, or -EBUSY if the policy refuses it.
 */
static inline int pfn_track_add_memory(u64 start, u64 size)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_add_memory(start, size);
}

/**
 * pfn_track_page - a page is about to be mapped for a moment
 * @pfn: page frame
 * @prot: what will be put into the page table
 * @caller: return address that tells who maps, or NULL
 *
 * Judged, without a lock and writing nothing unless there is something to tell,
 * which is done once for each @caller; not recorded, and never refused.
 *
 * Context: Any but NMI.
 */
static inline void pfn_track_page(unsigned long pfn, pgprot_t prot,
				  const void *caller)
{
	if (pfn_track_enabled())
		__pfn_track_page(pfn, prot, caller);
}

/**
 * pfn_track_remap - a range of PFNs is about to be mapped into user space
 * @vma: the area, its mm locked for writing
 * @va: first user virtual address, page aligned
 * @pfn: first page frame
 * @size: bytes, whole pages
 * @want: what the driver asked for
 * @got: what will be put into the page tables
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, or -EBUSY if the policy refuses it, in which case nothing is
 * recorded.
 */
static inline int pfn_track_remap(struct vm_area_struct *vma, unsigned long va,
				  unsigned long pfn, unsigned long size,
				  pgprot_t want, pgprot_t got)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_remap(vma, va, pfn, size, want, got);
}

/**
 * pfn_track_insert - a page table entry is about to be written for a fault
 * @vma: the area
 * @va: user virtual address, aligned to @size
 * @pfn: page frame
 * @size: bytes; more than a page are mapped by as many entries
 * @want: what the driver asked for
 * @got: what will be put into the page table
 *
 * Context: The lock of the page table is held, under which pfn_track_zap() is
 * called, too: so the record and the entry come and go together.
 *
 * Return: 0, or -EBUSY if the policy refuses it, in which case nothing is
 * recorded.
 */
static inline int pfn_track_insert(struct vm_area_struct *vma, unsigned long va,
				   unsigned long pfn, unsigned long size,
				   pgprot_t want, pgprot_t got)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_insert(vma, va, pfn, size, want, got, 0);
}

/**
 * pfn_track_insert_huge - a huge page table entry is about to be written
 * @vma: the area
 * @va: user virtual address, aligned to @size
 * @pfn: first page frame
 * @size: bytes that the entry maps
 * @want: what the driver asked for, as for a small entry
 * @got: what will be put into the entry, as for a small one
 *
 * Context: as for pfn_track_insert().
 *
 * Return: as pfn_track_insert().
 */
static inline int pfn_track_insert_huge(struct vm_area_struct *vma,
					unsigned long va, unsigned long pfn,
					unsigned long size, pgprot_t want,
					pgprot_t got)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_insert(vma, va, pfn, size, want, got,
				  PFN_INSERT_HUGE);
}

/**
 * pfn_track_insert_cleaned - a driver is about to map RAM whose caches it cleans
 * @vma: the area
 * @va: user virtual address, page aligned
 * @pfn: first page frame
 * @size: bytes; more than a page are mapped by as many entries
 * @prot: what will be put into the page table
 *
 * For drivers that write page table entries themselves.  That the linear map has
 * the pages write-back is right then, unless the processor is one that fills its
 * caches nevertheless.
 *
 * Context: as for pfn_track_insert().
 *
 * Return: as pfn_track_insert().
 */
static inline int pfn_track_insert_cleaned(struct vm_area_struct *vma,
					   unsigned long va, unsigned long pfn,
					   unsigned long size, pgprot_t prot)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_insert(vma, va, pfn, size, prot, prot,
				  PFN_INSERT_CLEANED);
}

/**
 * pfn_track_insert_page - a driver is about to map a page that the VM counts
 * @vma: the area
 * @va: user virtual address, page aligned
 * @page: the page; not the zero page
 * @prot: what will be put into the page table
 *
 * Write-back RAM is recorded only if others hold the page otherwise.
 *
 * Context: The lock of the page table is held.
 *
 * Return: 0, or -EBUSY if the policy refuses it, in which case nothing is
 * recorded.
 */
static inline int pfn_track_insert_page(struct vm_area_struct *vma,
					unsigned long va, struct page *page,
					pgprot_t prot)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_insert_page(vma, va, page, prot);
}

/**
 * pfn_track_fault - pages of an area's file are about to be mapped
 * @vma: the area
 * @va: user virtual address, page aligned
 * @page: the first of them
 * @nr: how many
 * @prot: vma->vm_page_prot, as read when the entry was made
 *
 * Pages of all files come this way: those of areas whose driver has not changed
 * the protection are compared only while any RAM is held other than write-back.
 *
 * Context: The lock of the page table is held.
 *
 * Return: 0, or -EBUSY if the policy refuses it, in which case nothing is
 * recorded.
 */
static inline int pfn_track_fault(struct vm_area_struct *vma, unsigned long va,
				  struct page *page, unsigned int nr,
				  pgprot_t prot)
{
	if (!pfn_track_enabled() ||
	    (pfn_attr_is_plain(prot) && !READ_ONCE(pfn_track_mixed)))
		return 0;
	return __pfn_track_fault(vma, va, page, nr, prot);
}

/**
 * pfn_track_restored - pages have been moved, and an area gets them back
 * @vma: the area
 * @va: user virtual address, page aligned
 * @page: the first page, where it is now
 * @nr: how many
 *
 * Where they were before they had been let in: now a conflict is reported only.
 *
 * Context: The lock of the page table is held.
 */
static inline void pfn_track_restored(struct vm_area_struct *vma,
				      unsigned long va, struct page *page,
				      unsigned int nr)
{
	if (pfn_track_enabled() &&
	    (!pfn_attr_is_plain(vma->vm_page_prot) || READ_ONCE(pfn_track_mixed)))
		__pfn_track_restored(vma, va, page, nr);
}

/**
 * pfn_track_disputed - whether pages may not be mapped around a fault
 * @vma: the area
 * @page: the first of them
 * @nr: how many
 *
 * Pages that others hold other than write-back, or in areas that map nothing
 * write-back, are left to faults of their own, which pfn_track_fault() sees.
 *
 * Context: Any.
 *
 * Return: true if they have to be left out.
 */
static inline bool pfn_track_disputed(struct vm_area_struct *vma,
				      const struct page *page, unsigned int nr)
{
	if (!pfn_track_enabled())
		return false;
	if (!pfn_attr_is_plain(vma->vm_page_prot))
		return true;
	return READ_ONCE(pfn_track_mixed) && __pfn_track_disputed(page, nr);
}

/**
 * pfn_track_refused - the architecture itself refused a mapping
 * @kind: by which road it was asked for
 * @pfn: first page frame
 * @size: bytes, whole pages
 * @want: what was asked for
 * @err: errno of the refusal; -ENOMEM is no conflict and is not reported
 * @caller: return address of the request, or NULL
 *
 * Only reports, naming the holder that the architecture does not know.
 *
 * Context: Process context, may sleep.
 */
static inline void pfn_track_refused(enum pfn_kind kind, unsigned long pfn,
				     unsigned long size, pgprot_t want, int err,
				     const void *caller)
{
	if (pfn_track_enabled())
		__pfn_track_refused(kind, pfn, size, want, err, caller);
}

/**
 * pfn_track_remap_refused - the architecture refused remap_pfn_range()
 * @vma: the area
 * @va: first user virtual address, page aligned
 * @pfn: first page frame
 * @size: bytes, whole pages
 * @want: what was asked for
 * @err: errno of the refusal, see pfn_track_refused()
 *
 * Context: Process context, may sleep.
 */
static inline void pfn_track_remap_refused(struct vm_area_struct *vma,
					   unsigned long va, unsigned long pfn,
					   unsigned long size, pgprot_t want,
					   int err)
{
	if (pfn_track_enabled())
		__pfn_track_remap_refused(vma, va, pfn, size, want, err);
}

/**
 * pfn_track_set_memory_refused - the architecture refused set_memory_*()
 * @va: first virtual address
 * @count: pages
 * @want: what was asked for
 * @err: errno of the refusal, see pfn_track_refused()
 *
 * Context: Process context, may sleep.
 */
static inline void pfn_track_set_memory_refused(unsigned long va,
						unsigned int count,
						pgprot_t want, int err)
{
	if (pfn_track_enabled())
		__pfn_track_set_memory_refused(va, count, want, err);
}

/**
 * pfn_track_reserve - the architecture reserved a memory type without a mapping
 * @start: first byte of the physical range
 * @size: bytes; partly covered pages count as covered
 * @want: what was asked for
 * @got: what was reserved
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, or -EBUSY if the policy refuses it, in which case nothing is
 * recorded.
 */
static inline int pfn_track_reserve(phys_addr_t start, u64 size,
				    pgprot_t want, pgprot_t got)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_reserve(start, size, want, got);
}

/**
 * pfn_track_unreserve - such a reservation is about to go
 * @start: as it was reserved
 * @size: bytes, as it was reserved
 *
 * Context: Process context, may sleep.
 */
static inline void pfn_track_unreserve(phys_addr_t start, u64 size)
{
	if (pfn_track_enabled())
		__pfn_track_unreserve(start, size);
}

/**
 * pfn_track_not_reserved - a range was freed that is not reserved
 * @start: first byte of the physical range
 * @size: bytes
 *
 * Reported once for each call site.
 *
 * Context: Process context, under locks.
 */
static inline void pfn_track_not_reserved(phys_addr_t start, u64 size)
{
	if (pfn_track_enabled())
		__pfn_track_not_reserved(start, size);
}

/**
 * pfn_track_zap - page table entries of a user range have been cleared
 * @vma: the area that the range lies in
 * @start: first user virtual address, page aligned
 * @end: address after the last
 *
 * Context: The lock of the page table is held, and was when they were cleared.
 */
static inline void pfn_track_zap(struct vm_area_struct *vma,
				 unsigned long start, unsigned long end)
{
	if (pfn_track_enabled())
		__pfn_track_zap(vma, start, end);
}

/**
 * pfn_track_unmapped - an area has lost all its page table entries
 * @vma: the area
 * @start: first user virtual address that was unmapped, page aligned
 * @end: address after the last
 *
 * Drops what is recorded there still: see __pfn_track_unmapped().
 *
 * Context: The address space is locked for writing, or nobody else has it.
 */
static inline void pfn_track_unmapped(struct vm_area_struct *vma,
				      unsigned long start, unsigned long end)
{
	if (pfn_track_enabled())
		__pfn_track_unmapped(vma, start, end);
}

/**
 * pfn_track_protect - page table entries of a user range got other protection
 * @vma: the area that the range lies in
 * @start: first user virtual address, page aligned
 * @end: address after the last
 * @prot: what pte_modify() was given
 *
 * On some architectures pte_modify() replaces the cache attribute, too.  What
 * is on record is then judged anew, with the attribute that it has now, and a
 * conflict is told of.  It is not refused here: see pfn_track_may_protect().
 *
 * Context: The lock of the page table is held, and was when they were changed.
 */
static inline void pfn_track_protect(struct vm_area_struct *vma,
				     unsigned long start, unsigned long end,
				     pgprot_t prot)
{
	if (pfn_track_enabled())
		__pfn_track_protect(vma, start, end, prot);
}

/**
 * pfn_track_may_protect - a user range is about to get other protection
 * @vma: the area that the range lies in, its mm locked for writing
 * @start: first user virtual address, page aligned
 * @end: address after the last
 * @flags: what vm_flags are to be
 *
 * Where that changes cache attributes, too, a process could undo by mprotect()
 * what it was refused by mmap().  So under the policies that refuse it is
 * refused, before anything has changed; under "report" it is told of by
 * pfn_track_protect() when it happens.  userfaultfd asks nobody: it holds the
 * address space for reading only, and what it does is only told of.
 *
 * Context: Process context, may sleep.
 *
 * Return: 0, or -EBUSY if the policy refuses it.
 */
static inline int pfn_track_may_protect(struct vm_area_struct *vma,
					unsigned long start, unsigned long end,
					unsigned long flags)
{
	if (!pfn_track_enabled())
		return 0;
	return __pfn_track_may_protect(vma, start, end, flags);
}

/**
 * pfn_track_undo - what pfn_track_remap() was told of did not come to be
 * @mm: address space, locked for writing
 * @start: first user virtual address, page aligned
 * @size: bytes, whole pages
 *
 * Unlike pfn_track_zap() it does not ask whether an area can hold PFN
 * mappings: a failed remap_pfn_range() may not have marked it yet.
 *
 * Context: Process context.
 */
static inline void pfn_track_undo(struct mm_struct *mm, unsigned long start,
				  unsigned long size)
{
	if (pfn_track_enabled())
		__pfn_track_undo(mm, start, size);
}

/**
 * pfn_track_moves - whether page tables of an area may not be moved as a whole
 * @vma: the area
 *
 * Who clears an entry holds the lock of the page table that it lies in, but not
 * of those above: were a table moved meanwhile, the entry would be cleared at an
 * address where it is not recorded any more.
 *
 * Context: The address space is locked for writing.
 *
 * Return: true if entries have to be moved one by one.
 */
static inline bool pfn_track_moves(const struct vm_area_struct *vma)
{
	return pfn_track_enabled() && __pfn_track_moves(vma);
}

/**
 * pfn_track_move - page table entries have been moved within an address space
 * @vma: the old area, its mm locked for writing
 * @from: old user virtual address, page aligned
 * @to: new user virtual address, page aligned
 * @size: bytes that were moved, whole pages
 *
 * Context: The locks of both page tables are held, and were when the entries
 * were moved.
 */
static inline void pfn_track_move(struct vm_area_struct *vma,
				  unsigned long from, unsigned long to,
				  unsigned long size)
{
	if (pfn_track_enabled())
		__pfn_track_move(vma, from, to, size);
}

/**
 * pfn_track_fork - a child got copies of its parent's page table entries
 * @dst: the child's address space
 * @src: the parent's area, its mm locked for writing
 * @start: first user virtual address that was copied, page aligned
 * @end: address after the last
 *
 * Context: The locks of both page tables are held, and were when the entries
 * were copied.
 */
static inline void pfn_track_fork(struct mm_struct *dst,
				  struct vm_area_struct *src,
				  unsigned long start, unsigned long end)
{
	if (pfn_track_enabled())
		__pfn_track_fork(dst, src, start, end);
}

/**
 * pfn_track_exit - the last page table entry of an address space has gone
 * @mm: address space
 *
 * Drops what could not be cut exactly for want of memory.
 *
 * Context: Process context.
 */
static inline void pfn_track_exit(struct mm_struct *mm)
{
	if (pfn_track_enabled())
		__pfn_track_exit(mm);
}

/**
 * pfn_track_unbound - a driver has left its device, or never got it
 * @dev: the device, with its driver still set
 *
 * Names what the driver still maps or claims: to be called when all that is
 * undone by itself has been undone, after devres_release_all().
 *
 * Context: Process context, may sleep; device lock held.
 */
static inline void pfn_track_unbound(struct device *dev)
{
	if (pfn_track_enabled())
		__pfn_track_unbound(dev);
}

#else /* !CONFIG_PFN_TRACK */

#include <linux/device.h>
#include <linux/err.h>

static inline bool pfn_track_enabled(void)
{
	return false;
}

static inline bool pfn_attr_is_plain(pgprot_t prot)
{
	return false;
}

static inline enum pfn_attr pfn_attr_from_pgprot(pgprot_t prot)
{
	return PFN_ATTR_UNKNOWN;
}

static inline enum pfn_attr pfn_attr_from_large(pgprot_t prot)
{
	return PFN_ATTR_UNKNOWN;
}

static inline enum pfn_attr pfn_attr_effective(enum pfn_attr attr)
{
	return attr;
}

static inline const char *pfn_attr_name(enum pfn_attr attr)
{
	static const char * const names[] = { PFN_ATTR_TEXT };

	return names[attr < PFN_ATTR_COUNT ? attr : PFN_ATTR_UNKNOWN];
}

static inline const char *pfn_attr_arch(void)
{
	return "none";
}

/* Without the tables nothing is known but that an attribute equals itself. */
static inline const struct pfn_attr_pair *pfn_attr_judge(enum pfn_attr a,
							 enum pfn_attr b)
{
	static const struct pfn_attr_pair pairs[] = {
		{
			.verdict = PFN_VERDICT_UNKNOWN,
			.why = "this kernel has no pfn_track",
			.source = "-",
		},
		{
			.verdict = PFN_VERDICT_SAME,
			.why = "both sides agree",
			.source = "-",
		},
	};

	return &pairs[a == b && a > PFN_ATTR_NONE];
}

static inline const struct pfn_attr_pair *
pfn_attr_judge_colour(unsigned long va_a, unsigned long va_b)
{
	return NULL;
}

static inline int pfn_track_claim(struct pfn_claim *claim, struct device *dev,
				  phys_addr_t start, size_t size,
				  enum pfn_attr attr, unsigned int flags)
{
	int ret = pfn_track_check_claim(claim, start, size, attr, flags);

	if (ret)
		return ret;
	claim->start = start;
	claim->size = size;
	claim->self = claim;
	return 0;
}

static inline int pfn_track_claim_resource(struct pfn_claim *claim,
					   struct device *dev,
					   const struct resource *res,
					   enum pfn_attr attr,
					   unsigned int flags)
{
	return pfn_track_check_resource(res) ?:
	       pfn_track_claim(claim, dev, res->start, resource_size(res), attr,
			       flags);
}

static inline int pfn_track_release(struct pfn_claim *claim)
{
	int ret = pfn_track_check_release(claim);

	if (!ret)
		claim->size = 0;
	return ret;
}

/*
 * Nothing is to be released, but devres finds a claim by this function.  Weak, so
 * that all files of a driver have the same.
 */
void __pft_devm_release(struct device *dev, void *claim);
void __weak __pft_devm_release(struct device *dev, void *claim)
{
}

static inline int __pft_devm_match(struct device *dev, void *claim, void *data)
{
	return claim == data;
}

static inline struct pfn_claim *
devm_pfn_track_claim(struct device *dev, phys_addr_t start, size_t size,
		     enum pfn_attr attr, unsigned int flags)
{
	struct pfn_claim *claim;
	int ret;

	if (!dev)
		return ERR_PTR(-EINVAL);
	claim = devres_alloc(__pft_devm_release, sizeof(*claim), GFP_KERNEL);
	if (!claim)
		return ERR_PTR(-ENOMEM);
	ret = pfn_track_claim(claim, dev, start, size, attr, flags);
	if (ret) {
		devres_free(claim);
		return ERR_PTR(ret);
	}
	devres_add(dev, claim);
	return claim;
}

static inline struct pfn_claim *
devm_pfn_track_claim_resource(struct device *dev, const struct resource *res,
			      enum pfn_attr attr, unsigned int flags)
{
	int ret = pfn_track_check_resource(res);

	return ret ? ERR_PTR(ret) :
		     devm_pfn_track_claim(dev, res->start, resource_size(res),
					  attr, flags);
}

static inline int devm_pfn_track_release(struct device *dev,
					 struct pfn_claim *claim)
{
	if (!dev || IS_ERR_OR_NULL(claim))
		return -EINVAL;
	return devres_release(dev, __pft_devm_release, __pft_devm_match, claim);
}

static inline int pfn_track_query(phys_addr_t start, size_t size,
				  enum pfn_kind kind, enum pfn_attr attr,
				  struct pfn_answer *answer)
{
	return pfn_track_check_query(start, size, kind, attr, answer) ?:
	       -EOPNOTSUPP;
}

static inline unsigned int pfn_track_lookup(unsigned long pfn)
{
	return 0;
}

static inline int
pfn_track_for_each(phys_addr_t start, size_t size,
		   int (*fn)(const struct pfn_mapping *mapping, void *data),
		   void *data)
{
	if (!fn)
		return -EINVAL;
	return pfn_track_check_range(start, size) ?: -EOPNOTSUPP;
}

static inline void pfn_track_init(void)
{
}

static inline int pfn_track_ioremap(const void *va, unsigned long size,
				    phys_addr_t phys, pgprot_t want,
				    pgprot_t got, const void *caller)
{
	return 0;
}

static inline void pfn_track_iounmap(const void *va, unsigned long size)
{
}

static inline int pfn_track_vmap(struct vm_struct *area,
				 struct page *const *pages,
				 const unsigned long *pfns, unsigned int count,
				 pgprot_t prot, bool cleaned)
{
	return 0;
}

static inline int pfn_track_memremap(phys_addr_t start, unsigned long size,
				     pgprot_t want, pgprot_t got)
{
	return 0;
}

static inline void pfn_track_memunmap(phys_addr_t start, unsigned long size)
{
}

static inline int pfn_track_set_memory(unsigned long va, unsigned int count,
				       pgprot_t prot)
{
	return 0;
}

static inline void pfn_track_unset_memory(unsigned long va, unsigned int count)
{
}

static inline int pfn_track_set_pages(struct page *const *pages,
				      unsigned int count, pgprot_t prot)
{
	return 0;
}

static inline void pfn_track_unset_pages(struct page *const *pages,
					 unsigned int count)
{
}

static inline void pfn_track_free(const struct page *page, unsigned int order)
{
}

static inline void pfn_track_page(unsigned long pfn, pgprot_t prot,
				  const void *caller)
{
}

static inline int pfn_track_remap(struct vm_area_struct *vma, unsigned long va,
				  unsigned long pfn, unsigned long size,
				  pgprot_t want, pgprot_t got)
{
	return 0;
}

static inline int pfn_track_insert(struct vm_area_struct *vma, unsigned long va,
				   unsigned long pfn, unsigned long size,
				   pgprot_t want, pgprot_t got)
{
	return 0;
}

static inline int pfn_track_insert_huge(struct vm_area_struct *vma,
					unsigned long va, unsigned long pfn,
					unsigned long size, pgprot_t want,
					pgprot_t got)
{
	return 0;
}

static inline int pfn_track_insert_cleaned(struct vm_area_struct *vma,
					   unsigned long va, unsigned long pfn,
					   unsigned long size, pgprot_t prot)
{
	return 0;
}

static inline int pfn_track_insert_page(struct vm_area_struct *vma,
					unsigned long va, struct page *page,
					pgprot_t prot)
{
	return 0;
}

static inline int pfn_track_fault(struct vm_area_struct *vma, unsigned long va,
				  struct page *page, unsigned int nr,
				  pgprot_t prot)
{
	return 0;
}

static inline void pfn_track_restored(struct vm_area_struct *vma,
				      unsigned long va, struct page *page,
				      unsigned int nr)
{
}

static inline void pfn_track_refused(enum pfn_kind kind, unsigned long pfn,
				     unsigned long size, pgprot_t want, int err,
				     const void *caller)
{
}

static inline void pfn_track_remap_refused(struct vm_area_struct *vma,
					   unsigned long va, unsigned long pfn,
					   unsigned long size, pgprot_t want,
					   int err)
{
}

static inline void pfn_track_set_memory_refused(unsigned long va,
						unsigned int count,
						pgprot_t want, int err)
{
}

static inline int pfn_track_reserve(phys_addr_t start, u64 size,
				    pgprot_t want, pgprot_t got)
{
	return 0;
}

static inline void pfn_track_unreserve(phys_addr_t start, u64 size)
{
}

static inline void pfn_track_not_reserved(phys_addr_t start, u64 size)
{
}

static inline void pfn_track_zap(struct vm_area_struct *vma,
				 unsigned long start, unsigned long end)
{
}

static inline void pfn_track_protect(struct vm_area_struct *vma,
				     unsigned long start, unsigned long end,
				     pgprot_t prot)
{
}

static inline int pfn_track_may_protect(struct vm_area_struct *vma,
					unsigned long start, unsigned long end,
					unsigned long flags)
{
	return 0;
}

static inline void pfn_track_undo(struct mm_struct *mm, unsigned long start,
				  unsigned long size)
{
}

static inline bool pfn_track_disputed(struct vm_area_struct *vma,
				      const struct page *page, unsigned int nr)
{
	return false;
}

static inline void pfn_track_unmapped(struct vm_area_struct *vma,
				      unsigned long start, unsigned long end)
{
}

static inline bool pfn_track_moves(const struct vm_area_struct *vma)
{
	return false;
}

static inline int pfn_track_add_memory(u64 start, u64 size)
{
	return 0;
}

static inline void pfn_track_move(struct vm_area_struct *vma,
				  unsigned long from, unsigned long to,
				  unsigned long size)
{
}

static inline void pfn_track_fork(struct mm_struct *dst,
				  struct vm_area_struct *src,
				  unsigned long start, unsigned long end)
{
}

static inline void pfn_track_exit(struct mm_struct *mm)
{
}

static inline void pfn_track_unbound(struct device *dev)
{
}

#endif /* CONFIG_PFN_TRACK */

#endif /* _LINUX_PFN_TRACK_H */
