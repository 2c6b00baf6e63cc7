// SPDX-License-Identifier: GPL-2.0-only
/* Prototypes in the BTF of Debian's Linux 6.12.117-1~deb12u1 for amd64; see test_plan.py. */
#include "types.h"

FUNCTION(int, remap_pfn_range, struct vm_area_struct *vma, unsigned long addr, unsigned long pfn, unsigned long size, pgprot_t prot)
FUNCTION(int, remap_pfn_range_notrack, struct vm_area_struct *vma, unsigned long addr, unsigned long pfn, unsigned long size, pgprot_t prot)
FUNCTION(int, track_pfn_remap, struct vm_area_struct *vma, pgprot_t *prot, unsigned long pfn, unsigned long addr, unsigned long size)
FUNCTION(void, track_pfn_insert, struct vm_area_struct *vma, pgprot_t *prot, pfn_t pfn)
FUNCTION(int, track_pfn_copy, struct vm_area_struct *dst_vma, struct vm_area_struct *src_vma, unsigned long *pfn)
FUNCTION(void, untrack_pfn, struct vm_area_struct *vma, unsigned long pfn, unsigned long size, bool mm_wr_locked)
FUNCTION(vm_fault_t, vmf_insert_pfn, struct vm_area_struct *vma, unsigned long addr, unsigned long pfn)
FUNCTION(vm_fault_t, vmf_insert_pfn_prot, struct vm_area_struct *vma, unsigned long addr, unsigned long pfn, pgprot_t pgprot)
FUNCTION(vm_fault_t, vmf_insert_mixed, struct vm_area_struct *vma, unsigned long addr, pfn_t pfn)
FUNCTION(vm_fault_t, vmf_insert_mixed_mkwrite, struct vm_area_struct *vma, unsigned long addr, pfn_t pfn)
FUNCTION(vm_fault_t, vmf_insert_pfn_pmd, struct vm_fault *vmf, pfn_t pfn, bool write)
FUNCTION(vm_fault_t, vmf_insert_pfn_pud, struct vm_fault *vmf, pfn_t pfn, bool write)
FUNCTION(void, unmap_page_range, struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long addr, unsigned long end, struct zap_details *details)
FUNCTION(int, copy_page_range, struct vm_area_struct *dst_vma, struct vm_area_struct *src_vma)
FUNCTION(unsigned long, move_page_tables, struct vm_area_struct *vma, unsigned long old_addr, struct vm_area_struct *new_vma, unsigned long new_addr, unsigned long len, bool need_rmap_locks, bool for_stack)
FUNCTION(void *, __ioremap_caller, resource_size_t phys_addr, unsigned long size, enum page_cache_mode pcm, void *caller, bool encrypted)
FUNCTION(int, ioremap_page_range, unsigned long addr, unsigned long end, phys_addr_t phys_addr, pgprot_t prot)
FUNCTION(void, iounmap, volatile void *addr)
FUNCTION(int, memtype_reserve, u64 start, u64 end, enum page_cache_mode req_type, enum page_cache_mode *new_type)
FUNCTION(int, memtype_free, u64 start, u64 end)
