/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine for arch/generic/pat/linear.c: memblock, struct pages, page tables
 * and MTRRs.  A test defines the CONFIG_* of an architecture and LINEAR(), by
 * which the functions get a name of their own, includes this file and then
 * linear.c, so that each binary tests all variants of it.
 */
#ifndef _UNIT_LINEAR_FAKES_H
#define _UNIT_LINEAR_FAKES_H

#include "unit.h"

#define pfn_attr_linear		LINEAR(linear)
#define pfn_attr_linear_pages	LINEAR(linear_pages)
#define pfn_attr_is_ram		LINEAR(is_ram)
#define pfn_attr_at		LINEAR(at)

unsigned int pfn_attr_linear(unsigned long pfn, unsigned long last,
			     unsigned long *from, unsigned long *to);
unsigned long pfn_attr_linear_pages(unsigned long pfn, unsigned long last,
				    enum pfn_attr attr);
bool pfn_attr_is_ram(unsigned long pfn);
enum pfn_attr pfn_attr_at(unsigned long pfn, unsigned long last,
			  enum pfn_attr attr);

#define __maybe_unused		__attribute__((unused))
#define smp_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define SZ_1M			0x100000
#undef ALIGN_DOWN
#define ALIGN_DOWN(x, a)	((x) / (a) * (a))

static unsigned long max_pfn __maybe_unused = ~0UL;
static unsigned long max_low_pfn __maybe_unused = ~0UL;

/* === Attributes: bits 8 to 11 of an entry, here on any architecture ====== */

static enum pfn_attr fake_policy __maybe_unused = PFN_ATTR_WB;

#undef PAGE_KERNEL
#define FAKE_BITS(attr)		((u64)(attr) << 8)
#define PAGE_KERNEL		__pgprot(FAKE_BITS(fake_policy))
#define fake_attr(prot)		((enum pfn_attr)(pgprot_val(prot) >> 8 & 0xf))
#define pfn_attr_from_pgprot(prot)	fake_attr(prot)
#define pfn_attr_from_large(prot)	fake_attr(prot)

/* === memblock =========================================================== */

#define MEMBLOCK_NOMAP		0x4
#define FAKE_REGIONS		64

struct memblock_region {
	phys_addr_t base;
	phys_addr_t size;
	unsigned int flags;
};

static struct memblock_region fake_regions[FAKE_REGIONS];

static struct {
	struct {
		unsigned long cnt;
		struct memblock_region *regions;
	} memory;
} memblock __maybe_unused = { .memory.regions = fake_regions };

static void __maybe_unused fake_region(phys_addr_t base, phys_addr_t size,
				       unsigned int flags)
{
	CHECK(memblock.memory.cnt < FAKE_REGIONS);
	fake_regions[memblock.memory.cnt++] = (struct memblock_region){
		.base = base, .size = size, .flags = flags,
	};
}

static bool __maybe_unused memblock_is_memory(phys_addr_t addr)
{
	unsigned long i;

	for (i = 0; i < memblock.memory.cnt; i++)
		if (addr >= fake_regions[i].base &&
		    addr - fake_regions[i].base < fake_regions[i].size)
			return true;
	return false;
}

static bool __maybe_unused memblock_is_map_memory(phys_addr_t addr)
{
	unsigned long i;

	for (i = 0; i < memblock.memory.cnt; i++)
		if (addr >= fake_regions[i].base &&
		    addr - fake_regions[i].base < fake_regions[i].size)
			return !(fake_regions[i].flags & MEMBLOCK_NOMAP);
	return false;
}

/* === Struct pages ======================================================= */

#define CONFIG_SPARSEMEM	1
#define PAGES_PER_SUBSECTION	512UL
#define PAGES_PER_SECTION	32768UL
#define MAX_ORDER_NR_PAGES	1024UL

/* Bits of a page; without any it is RAM in use. */
#define FAKE_RESERVED		1
#define FAKE_HIGH		2
#define FAKE_DEVICE		4
#define FAKE_P2PDMA		8
#define FAKE_OFFLINE		16
/* PageOffline(), in a section that is online. */
#define FAKE_PAGE_OFFLINE	32

static struct fake_pages {
	unsigned long pfn;
	unsigned long last;
	unsigned int flags;
} fake_pages[16];
static unsigned int fake_nr_pages;

/* Later ones win. */
static void __maybe_unused fake_page(unsigned long pfn, unsigned long nr,
				     unsigned int flags)
{
	CHECK(fake_nr_pages < ARRAY_SIZE(fake_pages));
	fake_pages[fake_nr_pages++] = (struct fake_pages){
		.pfn = pfn, .last = pfn + nr - 1, .flags = flags,
	};
}

static struct fake_pages *fake_of(unsigned long pfn)
{
	unsigned int i;

	for (i = fake_nr_pages; i--; )
		if (pfn >= fake_pages[i].pfn && pfn <= fake_pages[i].last)
			return &fake_pages[i];
	return NULL;
}

static bool __maybe_unused pfn_in_present_section(unsigned long pfn)
{
	unsigned long first = ALIGN_DOWN(pfn, PAGES_PER_SECTION), i;

	for (i = 0; i < fake_nr_pages; i++)
		if (fake_pages[i].pfn < first + PAGES_PER_SECTION &&
		    fake_pages[i].last >= first)
			return true;
	return false;
}

#undef pfn_valid
#undef pfn_to_page
#undef is_zone_device_page
#undef PageReserved
#define pfn_valid(pfn)			(!!fake_of(pfn))
#define pfn_to_page(pfn)		((struct page *)fake_of(pfn))
#define fake_flags(page)		(((struct fake_pages *)(page))->flags)
#define is_zone_device_page(page)	(!!(fake_flags(page) & FAKE_DEVICE))
#define is_pci_p2pdma_page(page)	(!!(fake_flags(page) & FAKE_P2PDMA))
#define PageReserved(page)		(!!(fake_flags(page) & FAKE_RESERVED))
#define PageOffline(page)		(!!(fake_flags(page) & FAKE_PAGE_OFFLINE))
#define PageHighMem(page)		(!!(fake_flags(page) & FAKE_HIGH))

static bool __maybe_unused page_is_ram(unsigned long pfn)
{
	struct fake_pages *page = fake_of(pfn);

	return page && !(page->flags & (FAKE_RESERVED | FAKE_DEVICE));
}

/* As in the kernel, ZONE_DEVICE is never online. */
static struct page __maybe_unused *pfn_to_online_page(unsigned long pfn)
{
	struct fake_pages *page = fake_of(pfn);

	return page && !(page->flags & (FAKE_OFFLINE | FAKE_DEVICE)) ?
	       (struct page *)page : NULL;
}

/* === Page tables of four levels, p4d folded ============================= */

#if defined(CONFIG_64BIT) && (defined(CONFIG_X86) || defined(CONFIG_RISCV))
#define PMD_SIZE		(1UL << 21)
#define PUD_SIZE		(1UL << 30)
#define P4D_SIZE		(1UL << 39)
#define PGDIR_SIZE		P4D_SIZE
#define _PAGE_PRESENT		1
#define FAKE_LEAF		0x80

typedef struct { u64 v; } pgd_t;
typedef struct { u64 v; } p4d_t;
typedef struct { u64 v; } pud_t;
typedef struct { u64 v; } pmd_t;

static pgd_t fake_pgd[512];
/* Entries that were read, by which the cost of a range is told. */
static unsigned long fake_reads;

#define fake_index(va, size)	((va) / (size) % 512)
#define fake_get(p)		(fake_reads++, *(p))
#define fake_table(entry)	((void *)(uintptr_t)((entry).v & ~0xfffULL))

#define pgd_offset_k(va)	(&fake_pgd[fake_index(va, PGDIR_SIZE)])
#define pgdp_get(p)		fake_get(p)
#define p4dp_get(p)		(*(p))
#define pudp_get(p)		fake_get(p)
#define pmdp_get(p)		fake_get(p)
#define ptep_get(p)		fake_get(p)
#define p4d_offset_lockless(pgdp, pgd, va)	((p4d_t *)&(pgd))
#define pud_offset_lockless(p4dp, p4d, va)	\
	((pud_t *)fake_table(p4d) + fake_index(va, PUD_SIZE))
#define pmd_offset_lockless(pudp, pud, va)	\
	((pmd_t *)fake_table(pud) + fake_index(va, PMD_SIZE))
#define pte_offset_kernel(pmdp, va)		\
	((pte_t *)fake_table(*(pmdp)) + fake_index(va, PAGE_SIZE))
/* As on x86: the size bit alone makes a huge entry present. */
#define pgd_present(e)		((e).v & _PAGE_PRESENT)
#define p4d_present(e)		((e).v & _PAGE_PRESENT)
#define pud_present(e)		((e).v & (_PAGE_PRESENT | FAKE_LEAF))
#define pmd_present(e)		((e).v & (_PAGE_PRESENT | FAKE_LEAF))
#define p4d_leaf(e)		false
#define pud_leaf(e)		((e).v & FAKE_LEAF)
#define pmd_leaf(e)		((e).v & FAKE_LEAF)
#define p4d_val(e)		((e).v)
#define pud_val(e)		((e).v)
#define pmd_val(e)		((e).v)

static u64 *fake_next(u64 *entry)
{
	static u64 tables[16][512] __attribute__((aligned(4096)));
	static unsigned int nr;

	CHECK(!(*entry & FAKE_LEAF));
	if (!*entry) {
		CHECK(nr < ARRAY_SIZE(tables));
		*entry = (uintptr_t)tables[nr++] | _PAGE_PRESENT;
	}
	return (u64 *)(uintptr_t)(*entry & ~0xfffULL);
}

/* The entry of @size bytes for @va holds @bits. */
static void fake_map(unsigned long va, unsigned long size, u64 bits)
{
	u64 *table = (u64 *)fake_pgd, *entry;
	unsigned long level;

	for (level = PGDIR_SIZE; ; level /= 512) {
		entry = &table[fake_index(va, level)];
		if (level == size)
			break;
		table = fake_next(entry);
	}
	*entry = bits;
}

#define FAKE_SMALL(attr)	(_PAGE_PRESENT | FAKE_BITS(PFN_ATTR_##attr))
#define FAKE_HUGE(attr)		(FAKE_SMALL(attr) | FAKE_LEAF)
#endif

#endif /* _UNIT_LINEAR_FAKES_H */
