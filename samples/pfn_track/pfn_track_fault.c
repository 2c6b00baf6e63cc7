// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver whose object moves while it is mapped, as those of graphics drivers
 * do between video and system memory.
 *
 * /dev/pfn_track_fault shows the first half of a PCI BAR, write-combining, page
 * by page as it is touched.  Writing to the device takes all of it out of the
 * page tables and has the other half shown from then on, uncached.  Nobody is
 * in conflict with anybody, if whoever keeps the books lets go of what has gone.
 *
 * With around=16 a fault maps sixteen pages, and whether they may be mapped is
 * asked once.
 */
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>

#define IVSHMEM_BAR	2

/* The object; its place changes under the lock, and faults wait meanwhile. */
static struct pci_dev *object;
static DEFINE_MUTEX(object_lock);
static bool moved;

static unsigned int around = 1;
module_param(around, uint, 0644);
MODULE_PARM_DESC(around, "pages that a fault maps, from the one that was touched on");

static vm_fault_t object_fault(struct vm_fault *vmf)
{
	resource_size_t half = pci_resource_len(object, IVSHMEM_BAR) / 2;
	unsigned long left = PHYS_PFN(half) - vmf->pgoff;
	pgprot_t prot = vmf->vma->vm_page_prot;
	phys_addr_t phys = pci_resource_start(object, IVSHMEM_BAR);
	vm_fault_t ret;

	mutex_lock(&object_lock);
	if (moved) {
		phys += half;
		prot = pgprot_noncached(prot);
	} else {
		prot = pgprot_writecombine(prot);
	}
	ret = vmf_insert_pfns_prot(vmf->vma, vmf->address,
				   PHYS_PFN(phys) + vmf->pgoff,
				   clamp(around, 1UL, left), prot);
	mutex_unlock(&object_lock);
	return ret;
}

static const struct vm_operations_struct object_vm_ops = {
	.fault = object_fault,
};

static int object_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long pages = PHYS_PFN(pci_resource_len(object, IVSHMEM_BAR)) / 2;

	if (vma->vm_pgoff > pages || vma_pages(vma) > pages - vma->vm_pgoff ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &object_vm_ops;
	return 0;
}

static ssize_t object_write(struct file *file, const char __user *buf,
			    size_t count, loff_t *pos)
{
	mutex_lock(&object_lock);
	unmap_mapping_range(file->f_mapping, 0, 0, 1);
	moved = !moved;
	mutex_unlock(&object_lock);
	return count;
}

static const struct file_operations object_fops = {
	.owner = THIS_MODULE,
	.mmap = object_mmap,
	.write = object_write,
};

static struct miscdevice object_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfn_track_fault",
	.fops = &object_fops,
};

static int fault_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	resource_size_t start = pci_resource_start(pdev, IVSHMEM_BAR);
	resource_size_t half = pci_resource_len(pdev, IVSHMEM_BAR) / 2;
	int ret;

	/* One object is enough. */
	if (object)
		return -ENODEV;

	/* Without this, x86 makes uncached of write-combining. */
	ret = arch_io_reserve_memtype_wc(start, half);
	if (ret)
		return ret;
	object = pdev;
	moved = false;
	ret = misc_register(&object_misc);
	if (ret) {
		object = NULL;
		arch_io_free_memtype_wc(start, half);
	}
	return ret;
}

static void fault_remove(struct pci_dev *pdev)
{
	misc_deregister(&object_misc);
	object = NULL;
	arch_io_free_memtype_wc(pci_resource_start(pdev, IVSHMEM_BAR),
				pci_resource_len(pdev, IVSHMEM_BAR) / 2);
}

static const struct pci_device_id fault_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110) },
	{ }
};
MODULE_DEVICE_TABLE(pci, fault_ids);

static struct pci_driver fault_driver = {
	.name = "pfn_track_fault",
	.id_table = fault_ids,
	.probe = fault_probe,
	.remove = fault_remove,
};
module_pci_driver(fault_driver);

MODULE_DESCRIPTION("pfn_track sample: an object that moves while it is mapped");
MODULE_LICENSE("GPL");
