// SPDX-License-Identifier: GPL-2.0-only
/*
 * What no driver should do: change page table entries behind everybody's back.
 *
 * A process that maps the first fourteen pages of /dev/pfn_break gets pages of an
 * ivshmem device: eight by remap_pfn_range(), of which two are cleared, two
 * changed to write-combining and two to other page frames; then two that were
 * only written into the page table, and two that are not mapped.  The last two
 * are RAM, write-back, only written into the page table.
 *
 * While it is loaded, four pages of RAM are mapped write-combining by vmap(); the
 * two of /dev/pfn_break are the first of them.
 *
 * /dev/pfn_lost shows the device by remap_pfn_range(), but gives that a copy of
 * the area, so that VM_PFNMAP is lost.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vmalloc.h>

#define IVSHMEM_BAR	2
#define PAGES		14
#define RAM_PAGES	4

static struct pci_dev *pdev;
static struct page *ram;
static void *window;

static int break_clear(pte_t *ptep, unsigned long va, void *data)
{
	pte_clear(current->mm, va, ptep);
	return 0;
}

/* @data counts page frames. */
static int break_device(pte_t *ptep, unsigned long va, void *data)
{
	unsigned long *pfn = data;
	pgprot_t prot = pgprot_noncached(vm_get_page_prot(VM_READ | VM_SHARED));

	set_pte_at(current->mm, va, ptep, pte_mkspecial(pfn_pte((*pfn)++, prot)));
	return 0;
}

static int break_combining(pte_t *ptep, unsigned long va, void *data)
{
	unsigned long *pfn = data;
	pgprot_t prot = pgprot_writecombine(vm_get_page_prot(VM_READ | VM_SHARED));

	set_pte_at(current->mm, va, ptep, pte_mkspecial(pfn_pte((*pfn)++, prot)));
	return 0;
}

/* Write-back, as a fault handler would insert it. */
static int break_ram(pte_t *ptep, unsigned long va, void *data)
{
	unsigned long *pfn = data;
	pgprot_t prot = vm_get_page_prot(VM_READ | VM_SHARED);

	set_pte_at(current->mm, va, ptep, pte_mkspecial(pfn_pte((*pfn)++, prot)));
	return 0;
}

static int break_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long base = PHYS_PFN(pci_resource_start(pdev, IVSHMEM_BAR));
	unsigned long va = vma->vm_start, pfn;
	int ret;

	if (vma_pages(vma) != PAGES || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	ret = remap_pfn_range(vma, va, base, 8 * PAGE_SIZE, vma->vm_page_prot);
	if (ret)
		return ret;

	ret = apply_to_page_range(vma->vm_mm, va + 2 * PAGE_SIZE, 2 * PAGE_SIZE,
				  break_clear, NULL);
	pfn = base + 4;
	if (!ret)
		ret = apply_to_page_range(vma->vm_mm, va + 4 * PAGE_SIZE,
					  2 * PAGE_SIZE, break_combining, &pfn);
	pfn = base + 0x20;
	if (!ret)
		ret = apply_to_page_range(vma->vm_mm, va + 6 * PAGE_SIZE,
					  4 * PAGE_SIZE, break_device, &pfn);
	pfn = page_to_pfn(ram);
	if (!ret)
		ret = apply_to_page_range(vma->vm_mm, va + 12 * PAGE_SIZE,
					  2 * PAGE_SIZE, break_ram, &pfn);
	return ret;
}

static int lost_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long base = PHYS_PFN(pci_resource_start(pdev, IVSHMEM_BAR));
	struct vm_area_struct copy;

	memcpy((void *)&copy, vma, sizeof(copy));
	return remap_pfn_range(&copy, vma->vm_start, base + vma->vm_pgoff,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct file_operations break_fops = {
	.owner = THIS_MODULE,
	.mmap = break_mmap,
};

static const struct file_operations lost_fops = {
	.owner = THIS_MODULE,
	.mmap = lost_mmap,
};

static struct miscdevice lost_device_node = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfn_lost",
	.fops = &lost_fops,
};

static struct miscdevice break_device_node = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfn_break",
	.fops = &break_fops,
};

static int break_vmap(void)
{
	struct page *pages[RAM_PAGES];
	unsigned int i;

	ram = alloc_pages(GFP_KERNEL, get_order(RAM_PAGES * PAGE_SIZE));
	if (!ram)
		return -ENOMEM;
	for (i = 0; i < RAM_PAGES; i++)
		pages[i] = ram + i;
	window = vmap(pages, RAM_PAGES, VM_MAP,
		      pgprot_writecombine(PAGE_KERNEL));
	if (window)
		return 0;
	__free_pages(ram, get_order(RAM_PAGES * PAGE_SIZE));
	return -ENOMEM;
}

static void break_vunmap(void)
{
	vunmap(window);
	__free_pages(ram, get_order(RAM_PAGES * PAGE_SIZE));
}

static int __init break_init(void)
{
	int ret;

	pdev = pci_get_device(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110, NULL);
	if (!pdev)
		return -ENODEV;
	ret = break_vmap();
	if (ret)
		goto put;
	ret = misc_register(&break_device_node);
	if (ret)
		goto vunmap;
	ret = misc_register(&lost_device_node);
	if (ret)
		goto deregister;
	return 0;

deregister:
	misc_deregister(&break_device_node);
vunmap:
	break_vunmap();
put:
	pci_dev_put(pdev);
	return ret;
}
module_init(break_init);

static void __exit break_exit(void)
{
	misc_deregister(&lost_device_node);
	misc_deregister(&break_device_node);
	break_vunmap();
	pci_dev_put(pdev);
}
module_exit(break_exit);

MODULE_DESCRIPTION("Page table entries that nobody was told of");
MODULE_LICENSE("GPL");
