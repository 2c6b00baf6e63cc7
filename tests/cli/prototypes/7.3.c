// SPDX-License-Identifier: GPL-2.0-only
/* Prototypes in the BTF of Debian's Linux 7.3.4-1~bpo13+1 for amd64; see test_plan.py. */
#include "types.h"

FUNCTION(int, remap_pfn_range, struct vm_area_struct *vma, unsigned long addr, unsigned long pfn, unsigned long size, pgprot_t prot)
FUNCTION(int, remap_pfn_range_track, struct vm_area_struct *vma, unsigned long addr, unsigned long pfn, unsigned long size, pgprot_t prot)
FUNCTION(int, remap_pfn_range_complete, struct vm_area_struct *vma, struct mmap_action *action)
FUNCTION(int, pfnmap_track, unsigned long pfn, unsigned long size, pgprot_t *prot)
FUNCTION(void, pfnmap_untrack, unsigned long pfn, unsigned long size)
FUNCTION(int, pfnmap_setup_cachemode, unsigned long pfn, unsigned long size, pgprot_t *prot)
FUNCTION(vm_fault_t, vmf_insert_pfn, struct vm_area_struct *vma, unsigned long addr, unsigned long pfn)
FUNCTION(vm_fault_t, vmf_insert_pfn_prot, struct vm_area_struct *vma, unsigned long addr, unsigned long pfn, pgprot_t pgprot)
FUNCTION(vm_fault_t, vmf_insert_mixed, struct vm_area_struct *vma, unsigned long addr, unsigned long pfn)
FUNCTION(vm_fault_t, vmf_insert_mixed_mkwrite, struct vm_area_struct *vma, unsigned long addr, unsigned long pfn)
FUNCTION(vm_fault_t, vmf_insert_pfn_pmd, struct vm_fault *vmf, unsigned long pfn, bool write)
FUNCTION(vm_fault_t, vmf_insert_pfn_pud, struct vm_fault *vmf, unsigned long pfn, bool write)
FUNCTION(void, __zap_vma_range, struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start, unsigned long end, struct zap_details *details)
FUNCTION(int, copy_page_range, struct vm_area_struct *dst_vma, struct vm_area_struct *src_vma)
FUNCTION(unsigned long, move_page_tables, struct pagetable_move_control *pmc)
FUNCTION(void *, __ioremap_caller, resource_size_t phys_addr, unsigned long size, enum page_cache_mode pcm, void *caller, bool encrypted)
FUNCTION(int, ioremap_page_range, unsigned long addr, unsigned long end, phys_addr_t phys_addr, pgprot_t prot)
FUNCTION(void, iounmap, volatile void *addr)
FUNCTION(int, memtype_reserve, u64 start, u64 end, enum page_cache_mode req_type, enum page_cache_mode *new_type)
FUNCTION(int, memtype_free, u64 start, u64 end)
