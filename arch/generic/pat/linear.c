// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track attributes: what the running kernel knows of physical ranges.
 *
 * The linear map maps RAM although no driver asked for it.  It is not recorded
 * page by page, but looked up when RAM is mapped with another attribute.  The
 * answer is what is really mapped, page by page: a "no-map" carve-out, a hole
 * and high memory have no linear mapping and cannot conflict with it.
 *
 * Not part of the pure files, because it reads page tables, memblock, struct
 * pages and MTRRs.  Nothing here sleeps or allocates.  No lock is taken but
 * resource_lock, for reading, which page_is_ram() needs for the first megabyte of
 * x86.  It is taken for writing with interrupts on: not from an interrupt.
 */
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include "pat.h"
#ifdef CONFIG_X86
#include <asm/mtrr.h>
#endif

/**
 * struct hull - what has been found of a range
 * @attrs: bit mask, BIT(enum pfn_attr); 0 if nothing is mapped
 * @from: first page frame that is mapped, if @attrs is not 0
 * @to: last page frame that is mapped
 * @attr: attribute of the pages to be counted
 * @pages: page frames that are mapped with @attr
 */
struct hull {
	unsigned int attrs;
	unsigned long from;
	unsigned long to;
	enum pfn_attr attr;
	unsigned long pages;
};

/* Ranges are added in ascending order. */
static void hull_add(struct hull *hull, unsigned long pfn, unsigned long last,
		     enum pfn_attr attr)
{
	if (!hull->attrs)
		hull->from = pfn;
	hull->to = last;
	hull->attrs |= BIT(attr);
	if (attr == hull->attr)
		hull->pages += last - pfn + 1;
}

/* === Page tables ======================================================== */

#if defined(CONFIG_X86) || defined(CONFIG_RISCV)
/*
 * The attribute of an entry, which is huge if @size says so.  pmd_present() and
 * its like are true on x86 for huge entries that set_memory_np() has disabled.
 */
static enum pfn_attr entry_attr(u64 bits, unsigned long size)
{
	if (!(bits & _PAGE_PRESENT))
		return PFN_ATTR_NONE;
	return size > PAGE_SIZE ? pfn_attr_from_large(__pgprot(bits)) :
				  pfn_attr_from_pgprot(__pgprot(bits));
}

/*
 * How the page tables of the kernel map @va: the attribute, %PFN_ATTR_NONE if
 * no entry is present.  @size gets the bytes that the entry, or the hole,
 * spans.  Every level is read once, for it may be split at any time.
 */
static enum pfn_attr entry_of(unsigned long va, unsigned long *size)
{
	pgd_t *pgdp = pgd_offset_k(va), pgd = pgdp_get(pgdp);
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;
	pmd_t *pmdp, pmd;
	pte_t pte;

	*size = PGDIR_SIZE;
	if (!pgd_present(pgd))
		return PFN_ATTR_NONE;
	p4dp = p4d_offset_lockless(pgdp, pgd, va);
	p4d = p4dp_get(p4dp);
	*size = P4D_SIZE;
	if (!p4d_present(p4d))
		return PFN_ATTR_NONE;
	if (p4d_leaf(p4d))
		return entry_attr(p4d_val(p4d), *size);
	pudp = pud_offset_lockless(p4dp, p4d, va);
	pud = pudp_get(pudp);
	*size = PUD_SIZE;
	if (!pud_present(pud))
		return PFN_ATTR_NONE;
	if (pud_leaf(pud))
		return entry_attr(pud_val(pud), *size);
	pmdp = pmd_offset_lockless(pudp, pud, va);
	pmd = pmdp_get(pmdp);
	*size = PMD_SIZE;
	if (!pmd_present(pmd))
		return PFN_ATTR_NONE;
	if (pmd_leaf(pmd))
		return entry_attr(pmd_val(pmd), *size);
	pte = ptep_get(pte_offset_kernel(&pmd, va));
	*size = PAGE_SIZE;
	return entry_attr(pte_val(pte), *size);
}

static unsigned long va_of(unsigned long pfn)
{
	return (unsigned long)__va(PFN_PHYS(pfn));
}

/*
 * The page frame behind the entry, or hole, of @size bytes that @pfn lies in.
 * By addresses, for the linear map begins in the middle of large entries.
 */
static unsigned long behind(unsigned long pfn, unsigned long size)
{
	unsigned long va = va_of(pfn);

	return pfn + ((ALIGN_DOWN(va, size) + size - va) >> PAGE_SHIFT);
}

static void hull_tables(struct hull *hull, unsigned long pfn,
			unsigned long last)
{
	unsigned long size, next;
	enum pfn_attr attr;

	for (; pfn <= last; pfn = next) {
		attr = entry_of(va_of(pfn), &size);
		next = behind(pfn, size);
		if (attr != PFN_ATTR_NONE)
			hull_add(hull, pfn, min(last, next - 1), attr);
	}
}
#endif

/* === memblock =========================================================== */

/*
 * x86 and RISC-V discard memblock after boot in most configurations, and x86's
 * drivers change the linear map.
 */
#if defined(CONFIG_ARCH_KEEP_MEMBLOCK) && !defined(CONFIG_RISCV) && \
	!defined(CONFIG_X86)
/* arm maps every page that a region touches, the others whole pages only. */
static unsigned long region_start(const struct memblock_region *region)
{
	return IS_ENABLED(CONFIG_ARM) ? PFN_DOWN(region->base) :
					PFN_UP(region->base);
}

/* The page frame behind the last one. */
static unsigned long region_end(const struct memblock_region *region)
{
	phys_addr_t end = region->base + region->size;

	return IS_ENABLED(CONFIG_ARM) ? PFN_UP(end) : PFN_DOWN(end);
}

/* Index of the first region that ends behind @pfn, @nr if there is none. */
static unsigned long region_of(const struct memblock_region *regions,
			       unsigned long nr, unsigned long pfn)
{
	unsigned long left = 0, mid;

	while (left < nr) {
		mid = left + (nr - left) / 2;
		if (region_end(&regions[mid]) > pfn)
			nr = mid;
		else
			left = mid + 1;
	}
	return left;
}

#ifdef CONFIG_SPARSEMEM
/*
 * Whether a section that memblock lists was removed from the linear map.  Its
 * first and last page are tested, because drivers take whole sections out,
 * while a balloon sets PageOffline() on single pages that stay mapped.
 */
static bool section_unmapped(unsigned long pfn)
{
	struct page *first = pfn_to_online_page(pfn);
	struct page *last = pfn_to_online_page(pfn + PAGES_PER_SECTION - 1);

	return first && PageOffline(first) && last && PageOffline(last);
}

static void hull_sections(struct hull *hull, unsigned long pfn,
			  unsigned long last, enum pfn_attr attr)
{
	unsigned long section, next;

	for (; pfn <= last; pfn = next) {
		section = ALIGN_DOWN(pfn, PAGES_PER_SECTION);
		next = section + PAGES_PER_SECTION;
		if (!section_unmapped(section))
			hull_add(hull, pfn, min(last, next - 1), attr);
	}
}
#else
static void hull_sections(struct hull *hull, unsigned long pfn,
			  unsigned long last, enum pfn_attr attr)
{
	hull_add(hull, pfn, last, attr);
}
#endif

/* RAM of one region, not "no-map". */
static void hull_region(struct hull *hull, unsigned long pfn,
			unsigned long last)
{
	/* cachepolicy= on arm and cca= on mips can make it another attribute. */
	const enum pfn_attr attr = pfn_attr_from_pgprot(PAGE_KERNEL);

	if (PAT_NATIVE->offline_unmapped)
		hull_sections(hull, pfn, last, attr);
	else
		hull_add(hull, pfn, last, attr);
}

/*
 * Memory hotplug changes the list without a lock that readers could take, so
 * pfn_is_map_memory() on arm64 has the same race.  A concurrent reader may see
 * a region twice or miss one that is being added or removed.
 */
static void hull_memblock(struct hull *hull, unsigned long pfn,
			  unsigned long last)
{
	const struct memblock_region *regions;
	unsigned long nr, i, start, end;

	nr = READ_ONCE(memblock.memory.cnt);
	/* A later array is never smaller, see memblock_double_array(). */
	smp_rmb();
	regions = READ_ONCE(memblock.memory.regions);

	for (i = region_of(regions, nr, pfn); i < nr; i++) {
		start = region_start(&regions[i]);
		end = region_end(&regions[i]);
		if (start > last)
			break;
		start = max(start, pfn);
		if (start < end && !(regions[i].flags & MEMBLOCK_NOMAP))
			hull_region(hull, start, min(last, end - 1));
	}
}

/*
 * The linear map maps all RAM but "no-map".  ZONE_DEVICE does not count, it has a
 * record of its own.
 */
static void hull_range(struct hull *hull, unsigned long pfn,
		       unsigned long last)
{
	/* High memory has no linear mapping, its __va() is that of another page. */
	if (IS_ENABLED(CONFIG_HIGHMEM)) {
		if (pfn >= max_low_pfn)
			return;
		last = min(last, max_low_pfn - 1);
	}
	hull_memblock(hull, pfn, last);
}
#else
/* === Struct pages ======================================================= */

/* The page frame up to which all have a struct page, or none has. */
static unsigned long stretch_end(unsigned long pfn)
{
	unsigned long nr = MAX_ORDER_NR_PAGES;

#ifdef CONFIG_SPARSEMEM
	nr = pfn_in_present_section(pfn) ? PAGES_PER_SUBSECTION :
					   PAGES_PER_SECTION;
#endif
	return ALIGN_DOWN(pfn, nr) + nr;
}

#if defined(CONFIG_X86)
/* Page frames of the first megabyte: all of it is mapped, RAM or not. */
#define LOW_END		PHYS_PFN(SZ_1M)

/*
 * ZONE_DEVICE has a record of its own, and is not online.  In the holes of the
 * first megabyte the fixed MTRRs decide.
 */
static void hull_stretch(struct hull *hull, unsigned long pfn,
			 unsigned long last)
{
	for (; pfn < LOW_END && pfn <= last; pfn++)
		if (page_is_ram(pfn))
			hull_tables(hull, pfn, pfn);
	if (pfn <= last && pfn_to_online_page(pfn))
		hull_tables(hull, pfn, last);
}
#elif defined(CONFIG_RISCV)
/*
 * memblock may have been discarded after boot, so the page tables are read.
 * Memory is offline long before hot-remove frees the page tables that map it,
 * so those of online sections can be read without a lock.
 */
static void hull_stretch(struct hull *hull, unsigned long pfn,
			 unsigned long last)
{
	/* For pages below the first RAM, __va() is in the vmalloc area. */
	if (!pfn_to_online_page(pfn) || !is_linear_mapping(va_of(pfn)))
		return;
	hull_tables(hull, pfn, last);
}
#else
static void hull_stretch(struct hull *hull, unsigned long pfn,
			 unsigned long last)
{
	struct page *page = pfn_to_online_page(pfn);

	/* High memory is mapped by kmap() only. */
	if (page && !is_zone_device_page(page) && !PageHighMem(page))
		hull_add(hull, pfn, last, pfn_attr_from_pgprot(PAGE_KERNEL));
}
#endif

static void hull_range(struct hull *hull, unsigned long pfn,
		       unsigned long last)
{
	/* High memory has no linear mapping, its __va() is that of another page. */
	unsigned long end = IS_ENABLED(CONFIG_X86_32) ? max_low_pfn : max_pfn;
	unsigned long next;

	if (pfn >= end)
		return;
	last = min(last, end - 1);
	for (; pfn <= last; pfn = next) {
		next = stretch_end(pfn);
		hull_stretch(hull, pfn, min(last, next - 1));
	}
}
#endif

/**
 * pfn_attr_linear - how the kernel's linear map maps a range
 * @pfn: first page frame
 * @last: last page frame
 * @from: gets the first page frame of the range that is mapped, or NULL
 * @to: gets the last page frame that is mapped, or NULL
 *
 * Returns what is mapped now, exact to the page: hot-added RAM is included,
 * "no-map" memory, holes and high memory are not.  There may be holes between
 * @from and @to.  Both are left unchanged if nothing is mapped.
 *
 * Takes one step for each region of memblock (on powerpc for each section), each
 * entry of a page table or each subsection of struct pages, not for each page.
 *
 * Context: Any but interrupts, because x86 takes resource_lock for the first
 * megabyte.  Does not sleep or allocate.
 *
 * Return: bit mask, BIT(enum pfn_attr); 0 if no page of the range is mapped.
 */
unsigned int pfn_attr_linear(unsigned long pfn, unsigned long last,
			     unsigned long *from, unsigned long *to)
{
	struct hull hull = { };

	hull_range(&hull, pfn, last);
	if (hull.attrs) {
		if (from)
			*from = hull.from;
		if (to)
			*to = hull.to;
	}
	return hull.attrs;
}

/**
 * pfn_attr_linear_pages - how many pages the linear map has with an attribute
 * @pfn: first page frame
 * @last: last page frame
 * @attr: the attribute
 *
 * Takes as many steps as pfn_attr_linear().
 *
 * Context: Any but interrupts, see pfn_attr_linear().  Does not sleep.
 *
 * Return: page frames of the range that are mapped with @attr now.
 */
unsigned long pfn_attr_linear_pages(unsigned long pfn, unsigned long last,
				    enum pfn_attr attr)
{
	struct hull hull = { .attr = attr };

	hull_range(&hull, pfn, last);
	return hull.pages;
}

/* === RAM ================================================================ */

/**
 * pfn_attr_is_ram - whether a page frame is RAM that the kernel manages
 * @pfn: page frame
 *
 * pfn_valid() says only that there is a struct page.  Holes, "no-map"
 * carve-outs, offline sections and ZONE_DEVICE have one, too.
 *
 * Context: Any but interrupts, see pfn_attr_linear().  Does not sleep.
 *
 * Return: true for RAM with an online struct page, high memory included.
 */
bool pfn_attr_is_ram(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	if (!page || is_zone_device_page(page))
		return false;
	/* Holes and carve-outs are reserved, but so is some RAM. */
	if (!PageReserved(page))
		return true;
#if defined(CONFIG_ARCH_KEEP_MEMBLOCK)
	return memblock_is_map_memory(PFN_PHYS(pfn));
#elif defined(CONFIG_RISCV) || defined(CONFIG_X86)
	return pfn_attr_linear(pfn, pfn, NULL, NULL);
#else
	return true;
#endif
}

/* === Effective types ==================================================== */

#if defined(CONFIG_X86)
/* The memory type of a range, %PFN_ATTR_UNKNOWN if it has more than one. */
static enum pfn_attr machine_attr(unsigned long pfn, unsigned long last)
{
	u8 type, uniform;

	/*
	 * RAM is write-back in the MTRRs.  mtrr_type_lookup() says uncached where
	 * they are disabled, as in some guests: then PAT alone decides.
	 */
	if (!IS_ENABLED(CONFIG_MTRR) || pfn_attr_is_ram(pfn) ||
	    pfn_attr_is_ram(last))
		return PFN_ATTR_UNKNOWN;
	type = mtrr_type_lookup(PFN_PHYS(pfn), PFN_PHYS(last) + PAGE_SIZE,
				&uniform);
	return uniform ? pat_code_attr(PAT_NATIVE->formats, type) :
			 PFN_ATTR_UNKNOWN;
}
#elif defined(CONFIG_RISCV)
/* PMAs of RAM are cacheable, also where it is not in the linear map. */
static enum pfn_attr machine_attr(unsigned long pfn, unsigned long last)
{
	for (; pfn <= last; pfn = stretch_end(pfn))
		if (pfn_valid(pfn) && !is_pci_p2pdma_page(pfn_to_page(pfn)))
			return PFN_ATTR_WB;
	return PFN_ATTR_UC;
}
#else
static enum pfn_attr machine_attr(unsigned long pfn, unsigned long last)
{
	return PFN_ATTR_UNKNOWN;
}
#endif

/**
 * pfn_attr_at - the effective attribute of a mapping
 * @pfn: first page frame that is mapped
 * @last: last page frame
 * @attr: what the page tables say
 *
 * Some architectures combine the attribute of the page table with one of the
 * physical range: x86 with the MTRRs, RISC-V with physical memory attributes.
 * Mappings with different attributes may thus have the same effective one.
 *
 * Context: Any but interrupts, see pfn_attr_linear().  Does not sleep.  Scans up
 * to a few dozen MTRRs, so call it only for mappings that differ.
 *
 * Return: the effective attribute; @attr itself where the physical range has no
 * attribute, more than one, or one that is not known.
 */
enum pfn_attr pfn_attr_at(unsigned long pfn, unsigned long last,
			  enum pfn_attr attr)
{
	const struct pat_arch *arch = PAT_NATIVE;
	enum pfn_attr machine, got;

	if (!arch->under || attr <= PFN_ATTR_NONE)
		return attr;
	machine = machine_attr(pfn, last);
	if (machine == PFN_ATTR_UNKNOWN)
		return attr;
	got = arch->under(attr, machine);
	return got == PFN_ATTR_UNKNOWN ? attr : got;
}
