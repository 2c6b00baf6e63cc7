// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track attributes: what an architecture notes in struct page, and how its
 * page tables are laid out.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include "pat.h"
#ifdef CONFIG_ARM
#include <asm/tlbflush.h>
#include "../../arm/mm/mm.h"
#endif

/**
 * pfn_attr_page_changed - whether the linear map has a page other than write-back
 * @page: the page
 *
 * Where the architecture notes it in the page, as x86 does in two flags that only
 * set_memory_*() and its variants set and clear (arch/x86/mm/pat/memtype.c,
 * set_page_memtype()).  With "nopat" x86 notes nothing.
 *
 * Context: Any.  One read of the page's flags.
 *
 * Return: true if it is noted; false does not say that the page is write-back.
 */
bool pfn_attr_page_changed(const struct page *page)
{
#ifdef CONFIG_X86_PAT
	return READ_ONCE(page->flags) & (BIT(PG_arch_1) | BIT(PG_arch_2));
#else
	return false;
#endif
}

/**
 * pfn_attr_pmd_step - how much memory one hardware entry of the PMD level maps
 *
 * arm without LPAE has two entries of 1 MiB in each PMD of Linux.  Either of them
 * can map a section.
 *
 * Context: Any.  Pure.
 *
 * Return: bytes; PMD_SIZE on all other architectures.
 */
unsigned long pfn_attr_pmd_step(void)
{
#if defined(CONFIG_ARM) && defined(SECTION_SIZE)
	return SECTION_SIZE;
#else
	return PMD_SIZE;
#endif
}

/**
 * pfn_attr_is_static - whether the architecture maps an address since boot
 * @va: address between VMALLOC_START and VMALLOC_END
 *
 * True for what arm's iotable_init() and similar functions mapped, which no hook has
 * seen.  Such mappings stay for ever.
 *
 * Context: Any.
 *
 * Return: true if it is a static mapping.
 */
bool pfn_attr_is_static(unsigned long va)
{
#ifdef CONFIG_ARM
	return find_static_vm_vaddr((void *)va);
#else
	return false;
#endif
}
