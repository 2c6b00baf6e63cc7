// SPDX-License-Identifier: GPL-2.0-only
/*
 * What no system call reaches by itself: ioremap(), and faults that insert one
 * page each.
 *
 * Only what the unpatched kernel exports: the same source is measured in both.
 */
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/timex.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "pfn_bench.h"

#define IVSHMEM_BAR	2

static struct pci_dev *pdev;

static vm_fault_t bench_fault(struct vm_fault *vmf)
{
	unsigned long pfn = PHYS_PFN(pci_resource_start(pdev, IVSHMEM_BAR));

	return vmf_insert_pfn(vmf->vma, vmf->address, pfn + vmf->pgoff);
}

static const struct vm_operations_struct bench_vm_ops = {
	.fault = bench_fault,
};

static int bench_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long pages = PHYS_PFN(pci_resource_len(pdev, IVSHMEM_BAR));

	if (vma->vm_pgoff > pages || vma_pages(vma) > pages - vma->vm_pgoff ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_ops = &bench_vm_ops;
	return 0;
}

/* Counted here, because the way into the kernel costs as much as a hook. */
static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	u64 __user *value = (u64 __user *)arg;
	cycles_t began, ended;
	void __iomem *map;
	u64 bytes;

	if (cmd != PFN_BENCH_IOREMAP)
		return -ENOTTY;
	if (get_user(bytes, value))
		return -EFAULT;
	if (!bytes || bytes > pci_resource_len(pdev, IVSHMEM_BAR))
		return -EINVAL;

	began = get_cycles();
	map = ioremap(pci_resource_start(pdev, IVSHMEM_BAR), bytes);
	if (!map)
		return -ENOMEM;
	iounmap(map);
	ended = get_cycles();
	/* Freed lazily, the addresses would wander and their tree grow. */
	vm_unmap_aliases();

	return put_user((u64)(ended - began), value);
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.mmap = bench_mmap,
	.unlocked_ioctl = bench_ioctl,
};

static struct miscdevice bench_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfn_bench",
	.fops = &bench_fops,
};

static int __init bench_init(void)
{
	int ret;

	pdev = pci_get_device(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110, NULL);
	if (!pdev)
		return -ENODEV;
	ret = pci_enable_device(pdev);
	if (ret)
		goto err_put;
	ret = misc_register(&bench_device);
	if (ret)
		goto err_disable;
	return 0;

err_disable:
	pci_disable_device(pdev);
err_put:
	pci_dev_put(pdev);
	return ret;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	misc_deregister(&bench_device);
	pci_disable_device(pdev);
	pci_dev_put(pdev);
}
module_exit(bench_exit);

MODULE_DESCRIPTION("pfn_track: what ioremap() and faults cost");
MODULE_LICENSE("GPL");
