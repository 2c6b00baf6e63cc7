// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track attributes: those of the kernel's linear map.
 *
 * RAM is mapped there, too, without anybody having asked for it.  It is not on
 * record, but looked up when somebody maps RAM otherwise.  Not part of the pure
 * files, because it reads page tables.
 */
#include <linux/export.h>
#include <linux/memblock.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include "pat.h"

#if defined(CONFIG_X86)
/* Page frames of the first megabyte, all mapped, RAM or not: init_mem_mapping() */
#define LOW_END		PHYS_PFN(SZ_1M)

/**
 * pfn_attr_linear - how the kernel's linear map maps a range
 * @pfn: first page frame
 * @last: last page frame
 *
 * Drivers change it with set_memory_*(), so the page tables are asked.
 *
 * Context: Process context, under locks.
 *
 * Return: bit mask, BIT(enum pfn_attr); 0 if the linear map leaves it out.
 */
unsigned int pfn_attr_linear(unsigned long pfn, unsigned long last)
{
	unsigned long size;
	unsigned int mask = 0, level;
	pgprot_t prot;
	pte_t *pte;

	for (; pfn <= last && pfn < max_pfn; pfn = ALIGN_DOWN(pfn, size) + size) {
		pte = lookup_address((unsigned long)__va(PFN_PHYS(pfn)), &level);
		size = page_level_size(level) >> PAGE_SHIFT;
		if (pfn < LOW_END) {
			size = 1;
			if (!page_is_ram(pfn))
				continue;
		}
		if (!pte || !(pte_flags(*pte) & _PAGE_PRESENT))
			continue;
		prot = pte_pgprot(*pte);
		if (level != PG_LEVEL_4K)
			prot = pgprot_large_2_4k(prot);
		mask |= BIT(pfn_attr_from_pgprot(prot));
	}
	return mask;
}
#elif defined(CONFIG_ARM64)
/**
 * pfn_attr_linear - how the kernel's linear map maps a range
 * @pfn: first page frame
 * @last: last page frame
 *
 * map_mem() maps all RAM as normal memory, and nobody changes that.
 *
 * Context: Process context, under locks.
 *
 * Return: bit mask, BIT(enum pfn_attr); 0 if the linear map leaves it out.
 */
unsigned int pfn_attr_linear(unsigned long pfn, unsigned long last)
{
	bool ram = pfn == last ? pfn_is_map_memory(pfn) :
		   memblock_overlaps_region(&memblock.memory, PFN_PHYS(pfn),
					    PFN_PHYS(last - pfn + 1));

	return ram ? BIT(PFN_ATTR_WB) : 0;
}
#else
/* Pages whose struct page exists or not come in stretches as long as these. */
#ifdef CONFIG_SPARSEMEM
#define STRETCH		PAGES_PER_SUBSECTION
#else
#define STRETCH		1UL
#endif

/* High memory is mapped only while somebody looks at it. */
static bool is_linear(unsigned long pfn)
{
	struct page *page;

	if (!pfn_valid(pfn))
		return false;
	page = pfn_to_page(pfn);
	return !is_zone_device_page(page) && !PageHighMem(page);
}

/**
 * pfn_attr_linear - how the kernel's linear map maps a range
 * @pfn: first page frame
 * @last: last page frame
 *
 * Context: Process context, under locks.
 *
 * Return: bit mask, BIT(enum pfn_attr); 0 if the linear map leaves it out.
 */
unsigned int pfn_attr_linear(unsigned long pfn, unsigned long last)
{
	for (; pfn <= last; pfn = ALIGN_DOWN(pfn, STRETCH) + STRETCH)
		if (is_linear(pfn))
			return BIT(PFN_ATTR_WB);
	return 0;
}
#endif
