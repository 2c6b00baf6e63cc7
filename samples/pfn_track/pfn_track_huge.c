// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that maps its PCI BAR by huge page table entries, as VFIO does.
 *
 * /dev/pfn_track_huge-ADDRESS shows the BAR of the PCI device at ADDRESS,
 * write-combining, by the largest entry that fits where it is touched.  What is
 * unmapped in part loses the whole entry, and faults bring small ones instead.
 * Writing to the device takes all of it out of the page tables.
 */
#include <linux/align.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pfn_t.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#define HUGE_BAR	2

struct huge {
	struct miscdevice misc;
	phys_addr_t start;
	resource_size_t size;
};

static struct huge *huge_of(const struct file *file)
{
	return container_of(file->private_data, struct huge, misc);
}

static unsigned long huge_pfn(const struct vm_fault *vmf, unsigned long va)
{
	const struct vm_area_struct *vma = vmf->vma;

	return PHYS_PFN(huge_of(vma->vm_file)->start) + vma->vm_pgoff +
	       ((va - vma->vm_start) >> PAGE_SHIFT);
}

static vm_fault_t huge_fault(struct vm_fault *vmf)
{
	unsigned long va = vmf->address & PAGE_MASK;

	return vmf_insert_pfn(vmf->vma, va, huge_pfn(vmf, va));
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static vm_fault_t huge_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	unsigned long size = PAGE_SIZE << order, va = vmf->address & ~(size - 1);
	bool write = vmf->flags & FAULT_FLAG_WRITE;
	unsigned long pfn = huge_pfn(vmf, va);

	if (va < vmf->vma->vm_start || va + size > vmf->vma->vm_end ||
	    !IS_ALIGNED(pfn, 1UL << order))
		return VM_FAULT_FALLBACK;
	if (order == PMD_ORDER)
		return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV),
					  write);
#ifdef CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD
	if (order == PUD_ORDER)
		return vmf_insert_pfn_pud(vmf, __pfn_to_pfn_t(pfn, PFN_DEV),
					  write);
#endif
	return VM_FAULT_FALLBACK;
}
#endif

static const struct vm_operations_struct huge_vm_ops = {
	.fault = huge_fault,
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	.huge_fault = huge_huge_fault,
#endif
};

static int huge_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long pages = PHYS_PFN(huge_of(file)->size);

	if (vma->vm_pgoff > pages || vma_pages(vma) > pages - vma->vm_pgoff ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &huge_vm_ops;
	return 0;
}

/* Where page frames and addresses are aligned alike. */
static unsigned long huge_area(struct file *file, unsigned long addr,
			       unsigned long len, unsigned long pgoff,
			       unsigned long flags)
{
	unsigned long align = len < PUD_SIZE ? PMD_SIZE : PUD_SIZE;

	if (len < align || flags & MAP_FIXED)
		align = PAGE_SIZE;
	addr = mm_get_unmapped_area(current->mm, file, addr,
				    len + align - PAGE_SIZE, pgoff, flags);
	return IS_ERR_VALUE(addr) ? addr : ALIGN(addr, align);
}

static ssize_t huge_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *pos)
{
	unmap_mapping_range(file->f_mapping, 0, 0, 1);
	return count;
}

static const struct file_operations huge_fops = {
	.owner = THIS_MODULE,
	.mmap = huge_mmap,
	.get_unmapped_area = huge_area,
	.write = huge_write,
};

static int huge_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct huge *huge = devm_kzalloc(&pdev->dev, sizeof(*huge), GFP_KERNEL);
	int ret;

	if (!huge)
		return -ENOMEM;
	huge->start = pci_resource_start(pdev, HUGE_BAR);
	huge->size = pci_resource_len(pdev, HUGE_BAR);
	if (huge->size < PMD_SIZE)
		return -ENODEV;
	huge->misc = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR,
		.name = devm_kasprintf(&pdev->dev, GFP_KERNEL,
				       "pfn_track_huge-%s", pci_name(pdev)),
		.fops = &huge_fops,
	};
	if (!huge->misc.name)
		return -ENOMEM;

	/* Without this, x86 makes uncached of write-combining. */
	ret = arch_io_reserve_memtype_wc(huge->start, huge->size);
	if (ret)
		return ret;
	ret = misc_register(&huge->misc);
	if (ret)
		arch_io_free_memtype_wc(huge->start, huge->size);
	pci_set_drvdata(pdev, huge);
	return ret;
}

static void huge_remove(struct pci_dev *pdev)
{
	struct huge *huge = pci_get_drvdata(pdev);

	misc_deregister(&huge->misc);
	arch_io_free_memtype_wc(huge->start, huge->size);
}

/* QEMU's ivshmem and pci-testdev: harmless memory, and nothing behind it. */
static const struct pci_device_id huge_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110) },
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT, 0x0005) },
	{ }
};
MODULE_DEVICE_TABLE(pci, huge_ids);

/* Whoever maps a file holds the module, but not the device. */
static struct pci_driver huge_driver = {
	.name = "pfn_track_huge",
	.id_table = huge_ids,
	.probe = huge_probe,
	.remove = huge_remove,
	.driver.suppress_bind_attrs = true,
};
module_pci_driver(huge_driver);

MODULE_DESCRIPTION("pfn_track sample: huge page table entries of page frames");
MODULE_LICENSE("GPL");
