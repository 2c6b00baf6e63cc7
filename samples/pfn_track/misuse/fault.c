// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track misuse: cases of mmap() whose pages come by faults.
 *
 * Above each case, what its author would have said. Each has a fault handler
 * of its own, by whose name its reports are told from those of others.
 */
#include "misuse.h"

static void prepare(struct misuse *m, struct vm_area_struct *vma,
		    pgprot_t prot, const struct vm_operations_struct *ops)
{
	vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = prot;
	vma->vm_private_data = m;
	vma->vm_ops = ops;
}

static unsigned long fault_pfn(const struct vm_fault *vmf)
{
	const struct misuse *m = vmf->vma->vm_private_data;

	return PHYS_PFN(m->start) + vmf->pgoff;
}

static int map_uc(struct misuse *m)
{
	return misuse_keep(m, ioremap(m->start, 2 * PAGE_SIZE));
}

/* === Mistakes =========================================================== */

/* "vm_page_prot says write-combining"; on x86 somebody must reserve it. */
static vm_fault_t wc_fault_unreserved_fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, fault_pfn(vmf));
}

static const struct vm_operations_struct wc_fault_unreserved_ops = {
	.fault = wc_fault_unreserved_fault,
};

static int wc_fault_unreserved_mmap(struct misuse *m,
				    struct vm_area_struct *vma)
{
	prepare(m, vma, pgprot_writecombine(vma->vm_page_prot),
		&wc_fault_unreserved_ops);
	return 0;
}

/* "Processes write big blocks"; the driver itself has it uncached. */
static int fault_wc_on_uc(struct misuse *m)
{
	return misuse_keep(m, ioremap(m->start, 2 * PAGE_SIZE));
}

static vm_fault_t fault_wc_on_uc_fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, fault_pfn(vmf));
}

static const struct vm_operations_struct fault_wc_on_uc_ops = {
	.fault = fault_wc_on_uc_fault,
};

static int fault_wc_on_uc_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	prepare(m, vma, pgprot_writecombine(vma->vm_page_prot),
		&fault_wc_on_uc_ops);
	return 0;
}

/* "The fault handler has nothing to do with caches"; mmap() had to. */
static int fault_wb_forgot(struct misuse *m)
{
	return misuse_keep(m, ioremap(m->start, 2 * PAGE_SIZE));
}

static vm_fault_t fault_wb_forgot_fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, fault_pfn(vmf));
}

static const struct vm_operations_struct fault_wb_forgot_ops = {
	.fault = fault_wb_forgot_fault,
};

static int fault_wb_forgot_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	prepare(m, vma, vma->vm_page_prot, &fault_wb_forgot_ops);
	return 0;
}

/* "The page is returned, the area says how"; the linear map says otherwise. */
static int fault_page_wc(struct misuse *m)
{
	m->page = alloc_page(GFP_KERNEL);
	return m->page ? 0 : -ENOMEM;
}

static vm_fault_t fault_page_wc_fault(struct vm_fault *vmf)
{
	const struct misuse *m = vmf->vma->vm_private_data;

	if (!m->page)
		return VM_FAULT_SIGBUS;
	get_page(m->page);
	vmf->page = m->page;
	return 0;
}

static const struct vm_operations_struct fault_page_wc_ops = {
	.fault = fault_page_wc_fault,
};

static int fault_page_wc_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	vma->vm_private_data = m;
	vma->vm_ops = &fault_page_wc_ops;
	return 0;
}

/* "Faults bring page by page what is needed"; then the driver maps it all. */
static int wc_after_faults(struct misuse *m)
{
	return misuse_keep(m, ioremap_wc(m->start, MISUSE_WINDOW));
}

/* === Right ============================================================== */

static vm_fault_t plain_fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, fault_pfn(vmf));
}

static const struct vm_operations_struct plain_ops = {
	.fault = plain_fault,
};

/* Faults bring what ioremap() has, in the same way. */
static int fault_uc_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	prepare(m, vma, pgprot_device(vma->vm_page_prot), &plain_ops);
	return 0;
}

static int fault_wc_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	prepare(m, vma, pgprot_writecombine(vma->vm_page_prot), &plain_ops);
	return 0;
}

/* Faults bring plain pages of RAM. */
static int fault_page_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	vma->vm_private_data = m;
	vma->vm_ops = &fault_page_wc_ops;
	return 0;
}

/* Reserved as write-combining first, as graphics drivers do. */
static int reserve_fault(struct misuse *m)
{
	return arch_io_reserve_memtype_wc(m->start, 2 * PAGE_SIZE);
}

static void reserve_fault_undo(struct misuse *m)
{
	if (m->step)
		arch_io_free_memtype_wc(m->start, 2 * PAGE_SIZE);
}

/* A buffer moves: what was mapped by faults is unmapped, and used again. */
static int move_bo(struct misuse *m)
{
	int ret;

	if (m->step) {
		unmap_mapping_range(m->mapping, 0, PAGE_SIZE, 1);
		arch_io_free_memtype_wc(m->start, PAGE_SIZE);
		m->step++;
		return misuse_keep(m, ioremap(m->start, PAGE_SIZE));
	}
	ret = arch_io_reserve_memtype_wc(m->start, PAGE_SIZE);
	if (ret)
		return ret;
	ret = arch_io_reserve_memtype_wc(m->start + PAGE_SIZE, PAGE_SIZE);
	if (ret)
		arch_io_free_memtype_wc(m->start, PAGE_SIZE);
	return ret;
}

static void move_bo_undo(struct misuse *m)
{
	if (m->step == 1)
		arch_io_free_memtype_wc(m->start, PAGE_SIZE);
	if (m->step)
		arch_io_free_memtype_wc(m->start + PAGE_SIZE, PAGE_SIZE);
	misuse_undo(m);
}

const struct misuse_case misuse_fault[] = {
	{ "wc-fault-unreserved", NULL, misuse_undo, wc_fault_unreserved_mmap },
	{ "fault-wc-on-uc", fault_wc_on_uc, misuse_undo, fault_wc_on_uc_mmap },
	{ "fault-wb-forgot", fault_wb_forgot, misuse_undo, fault_wb_forgot_mmap },
	{ "fault-page-wc", fault_page_wc, misuse_undo, fault_page_wc_mmap },
	{ "fault-page", fault_page_wc, misuse_undo, fault_page_mmap },
	{ "wc-after-faults", wc_after_faults, misuse_undo, fault_uc_mmap },
	{ "fault-uc", map_uc, misuse_undo, fault_uc_mmap },
	{ "reserve-fault", reserve_fault, reserve_fault_undo, fault_wc_mmap },
	{ "move-bo", move_bo, move_bo_undo, fault_wc_mmap },
	{ }
};
