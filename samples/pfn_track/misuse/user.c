// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track misuse: cases of mmap() that maps at once.
 *
 * Above each case, what its author would have said. What the process does is
 * in the table of tests/qemu/corpus.py.
 */
#include <linux/dma-mapping.h>
#include <linux/set_memory.h>
#include <linux/vmalloc.h>
#include "misuse.h"

static unsigned long first_pfn(const struct misuse *m,
			       const struct vm_area_struct *vma)
{
	return PHYS_PFN(m->start) + vma->vm_pgoff;
}

static unsigned long bytes(const struct vm_area_struct *vma)
{
	return vma->vm_end - vma->vm_start;
}

/* A page of the window, for those whose process does the rest. */
static int map_uc(struct misuse *m)
{
	return misuse_keep(m, ioremap(m->start, 2 * PAGE_SIZE));
}

static int map_wc(struct misuse *m)
{
	return misuse_keep(m, ioremap_wc(m->start, 2 * PAGE_SIZE));
}

/* === Mistakes =========================================================== */

/* "resource2_wc is there for that"; the driver has the range uncached. */
static int user_wc_on_uc(struct misuse *m)
{
	return misuse_keep(m, ioremap(m->start, 2 * PAGE_SIZE));
}

/* "vm_iomap_memory() knows that it is a device"; it does not. */
static int user_wb_forgot(struct misuse *m)
{
	return misuse_keep(m, ioremap(m->start, 2 * PAGE_SIZE));
}

static int user_wb_forgot_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	return vm_iomap_memory(vma, m->start, MISUSE_WINDOW);
}

/* "Write-combining for the first half"; x86 reserves for whole areas only. */
static int wc_partial_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, first_pfn(m, vma),
			       bytes(vma) / 2,
			       pgprot_writecombine(vma->vm_page_prot));
}

/* "Uncached, or better write-combining"; on x86 the two add up to a third. */
static int nc_then_wc(struct misuse *m)
{
	return misuse_keep(m, ioremap(m->start, 2 * PAGE_SIZE));
}

static int nc_then_wc_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	pgprot_t prot = pgprot_noncached(vma->vm_page_prot);

	return remap_pfn_range(vma, vma->vm_start, first_pfn(m, vma),
			       bytes(vma), pgprot_writecombine(prot));
}

/* "The device reads it, so write-combining"; RAM is mapped cached, too. */
static int ram_user_wc(struct misuse *m)
{
	m->page = alloc_page(GFP_KERNEL);
	return m->page ? 0 : -ENOMEM;
}

static int ram_user_wc_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	if (!m->page || bytes(vma) != PAGE_SIZE)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(m->page),
			       PAGE_SIZE,
			       pgprot_writecombine(vma->vm_page_prot));
}

/* "Not cached is always safe"; the kernel's own mapping is cached. */
static int ram_user_nc(struct misuse *m)
{
	m->page = alloc_page(GFP_KERNEL);
	return m->page ? 0 : -ENOMEM;
}

static int ram_user_nc_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	if (!m->page || bytes(vma) != PAGE_SIZE)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(m->page),
			       PAGE_SIZE, pgprot_noncached(vma->vm_page_prot));
}

/* "Whoever uses our mmap() gets write-combining"; sysfs maps it otherwise. */
static int sysfs_beside_us_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	return vm_iomap_memory(vma, m->start, MISUSE_WINDOW);
}

/* "Nobody maps it any more"; a child does. */
static int forgot_the_child(struct misuse *m)
{
	return misuse_keep(m, ioremap_wc(m->start, 2 * PAGE_SIZE));
}

/* "It is not where it was mapped any more"; it was moved elsewhere. */
static int forgot_the_move(struct misuse *m)
{
	return misuse_keep(m, ioremap_wc(m->start, 2 * PAGE_SIZE));
}

/* "The protection is passed on, why store it"; mprotect() makes it anew. */
static int mprotect_flip_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start, first_pfn(m, vma),
			       bytes(vma), pgprot_device(vma->vm_page_prot));
}

/* "vm_insert_page() knows how a page is mapped"; it does not. */
#ifdef CONFIG_X86
static int wc_page_wb_user(struct misuse *m)
{
	m->page = alloc_page(GFP_KERNEL);
	if (!m->page)
		return -ENOMEM;
	return set_memory_wc((unsigned long)page_address(m->page), 1);
}

static void wc_page_undo(struct misuse *m)
{
	if (m->page)
		set_memory_wb((unsigned long)page_address(m->page), 1);
	misuse_undo(m);
}
#else
static int wc_page_wb_user(struct misuse *m)
{
	return -EOPNOTSUPP;
}

static void wc_page_undo(struct misuse *m)
{
}
#endif

static int wc_page_wb_user_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	return m->page ? vm_insert_page(vma, vma->vm_start, m->page) : -EINVAL;
}

/* "Write-combining is faster for frames"; they are cached by the kernel. */
static int insert_page_wc(struct misuse *m)
{
	m->page = alloc_page(GFP_KERNEL);
	return m->page ? 0 : -ENOMEM;
}

static int insert_page_wc_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	return m->page ? vm_insert_page(vma, vma->vm_start, m->page) : -EINVAL;
}

/* === Right ============================================================== */

/* Plain pages, in a plain area. */
static int insert_page(struct misuse *m)
{
	m->page = alloc_page(GFP_KERNEL);
	return m->page ? 0 : -ENOMEM;
}

static int insert_page_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	return m->page ? vm_insert_page(vma, vma->vm_start, m->page) : -EINVAL;
}

/* Write-combining in the linear map and in the area. */
static int wc_page_wc_user_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	return m->page ? vm_insert_page(vma, vma->vm_start, m->page) : -EINVAL;
}

/* Write-combining by the driver, and a part of it by the process. */
static int wc_then_partial_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, first_pfn(m, vma),
			       bytes(vma) / 2, vma->vm_page_prot);
}

/* As mprotect-flip, but stored. */
static int mprotect_right_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_device(vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, first_pfn(m, vma),
			       bytes(vma), vma->vm_page_prot);
}

/* As VFIO, UIO and /dev/mem map BARs, for drivers that use ioremap(). */
static int vfio_bar_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, first_pfn(m, vma),
			       bytes(vma), vma->vm_page_prot);
}

/* A ring of plain memory that both sides map cached. */
static int remap_vmalloc(struct misuse *m)
{
	m->mem = vmalloc_user(2 * PAGE_SIZE);
	return m->mem ? 0 : -ENOMEM;
}

static int remap_vmalloc_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	return m->mem ? remap_vmalloc_range(vma, m->mem, vma->vm_pgoff) :
			-EINVAL;
}

static void remap_vmalloc_undo(struct misuse *m)
{
	vfree(m->mem);
	m->mem = NULL;
}

/* A DMA buffer that a process maps, too. */
static int dma_user(struct misuse *m)
{
	m->mem = dma_alloc_coherent(m->dev, PAGE_SIZE, &m->dma, GFP_KERNEL);
	return m->mem ? 0 : -ENOMEM;
}

static int dma_user_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	return m->mem ? dma_mmap_coherent(m->dev, vma, m->mem, m->dma,
					  PAGE_SIZE) : -EINVAL;
}

static void dma_user_undo(struct misuse *m)
{
	if (m->mem)
		dma_free_coherent(m->dev, PAGE_SIZE, m->mem, m->dma);
	m->mem = NULL;
}

/* The same, for a buffer that only processes and the device use. */
static int dma_nokernel(struct misuse *m)
{
	m->mem = dma_alloc_attrs(m->dev, PAGE_SIZE, &m->dma, GFP_KERNEL,
				 DMA_ATTR_NO_KERNEL_MAPPING);
	return m->mem ? 0 : -ENOMEM;
}

static int dma_nokernel_mmap(struct misuse *m, struct vm_area_struct *vma)
{
	return m->mem ? dma_mmap_attrs(m->dev, vma, m->mem, m->dma, PAGE_SIZE,
				       DMA_ATTR_NO_KERNEL_MAPPING) : -EINVAL;
}

static void dma_nokernel_undo(struct misuse *m)
{
	if (m->mem)
		dma_free_attrs(m->dev, PAGE_SIZE, m->mem, m->dma,
			       DMA_ATTR_NO_KERNEL_MAPPING);
	m->mem = NULL;
}

const struct misuse_case misuse_user[] = {
	{ "user-wc-on-uc", user_wc_on_uc, misuse_undo },
	{ "user-wb-forgot", user_wb_forgot, misuse_undo, user_wb_forgot_mmap },
	{ "wc-partial", NULL, misuse_undo, wc_partial_mmap },
	{ "nc-then-wc", nc_then_wc, misuse_undo, nc_then_wc_mmap },
	{ "ram-user-wc", ram_user_wc, misuse_undo, ram_user_wc_mmap },
	{ "ram-user-nc", ram_user_nc, misuse_undo, ram_user_nc_mmap },
	{ "sysfs-beside-us", NULL, misuse_undo, sysfs_beside_us_mmap },
	{ "forgot-the-child", forgot_the_child, misuse_undo },
	{ "forgot-the-move", forgot_the_move, misuse_undo },
	{ "mprotect-flip", NULL, misuse_undo, mprotect_flip_mmap },
	{ "wc-page-wb-user", wc_page_wb_user, wc_page_undo,
	  wc_page_wb_user_mmap },
	{ "insert-page-wc", insert_page_wc, misuse_undo, insert_page_wc_mmap },
	{ "insert-page", insert_page, misuse_undo, insert_page_mmap },
	{ "wc-page-wc-user", wc_page_wb_user, wc_page_undo,
	  wc_page_wc_user_mmap },
	{ "user-uc", map_uc, misuse_undo },
	{ "user-wc", map_wc, misuse_undo },
	{ "user-in-turn", map_wc, misuse_undo },
	{ "user-killed", map_wc, misuse_undo },
	{ "tail-unmapped", map_wc, misuse_undo },
	{ "fork-child", map_uc, misuse_undo },
	{ "mremap-move", map_uc, misuse_undo },
	{ "cow-private", map_uc, misuse_undo },
	{ "wc-then-partial", map_wc, misuse_undo, wc_then_partial_mmap },
	{ "mprotect-right", map_uc, misuse_undo, mprotect_right_mmap },
	{ "vfio-bar", map_uc, misuse_undo, vfio_bar_mmap },
	{ "remap-vmalloc", remap_vmalloc, remap_vmalloc_undo,
	  remap_vmalloc_mmap },
	{ "dma-user", dma_user, dma_user_undo, dma_user_mmap },
	{ "dma-nokernel", dma_nokernel, dma_nokernel_undo, dma_nokernel_mmap },
	{ }
};
