// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_pair: one stretch of memory that nobody owns, mapped either way.
 *
 * For "make matrix": where an architecture has no handy device, memory hidden
 * by mem= is real and free.  /dev/pfn_pair_wb and /dev/pfn_pair_io map it into
 * a process, cached and with what pgprot_noncached() makes; what is written to
 * either is done by the kernel itself: "ioremap", "combine" (ioremap_wc()),
 * "claim" (write-combining, or what the machine makes of it), "insist" (on
 * write-combining), and "drop" to undo it.  /dev/pfn_pair_fault maps it
 * write-back, too, page by page in faults.
 *
 * In each file the memory lies twice, one after the other: where a file's
 * offset tells the colour of the address, as it does for aliasing caches, the
 * same page frame can be had in two.
 */
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn_track.h>
#include <linux/string.h>

static unsigned long long phys;
module_param(phys, ullong, 0444);
MODULE_PARM_DESC(phys, "first byte of the memory");

static unsigned long bytes;
module_param(bytes, ulong, 0444);
MODULE_PARM_DESC(bytes, "how much of it");

static struct pfn_claim claim;
static void __iomem *mapped;

static int map_into(struct vm_area_struct *vma, pgprot_t prot)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT;

	if (offset >= bytes)
		offset -= bytes;
	if (offset > bytes || size > bytes - offset)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, PHYS_PFN(phys + offset),
			       size, prot);
}

static int map_wb(struct file *file, struct vm_area_struct *vma)
{
	return map_into(vma, vma->vm_page_prot);
}

static int map_io(struct file *file, struct vm_area_struct *vma)
{
	return map_into(vma, pgprot_noncached(vma->vm_page_prot));
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address,
			      PHYS_PFN(phys) + vmf->pgoff);
}

static const struct vm_operations_struct fault_vm_ops = {
	.fault = fault,
};

static int map_fault(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT;

	if (offset > bytes || size > bytes - offset)
		return -EINVAL;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &fault_vm_ops;
	return 0;
}

static int drop(void)
{
	int ret = 0;

	if (mapped)
		iounmap(mapped);
	mapped = NULL;
	if (claim.size)
		ret = pfn_track_release(&claim);
	return ret;
}

static int obey(const char *word, struct device *dev)
{
	if (!strcmp(word, "drop"))
		return drop();
	if (!strcmp(word, "claim"))
		return pfn_track_claim(&claim, dev, phys, bytes, PFN_ATTR_WC, 0);
	if (!strcmp(word, "insist"))
		return pfn_track_claim(&claim, dev, phys, bytes, PFN_ATTR_WC,
				       PFN_CLAIM_STRICT);
	if (!strcmp(word, "ioremap") && !mapped) {
		mapped = ioremap(phys, bytes);
		return mapped ? 0 : -EBUSY;
	}
	if (!strcmp(word, "combine") && !mapped) {
		mapped = ioremap_wc(phys, bytes);
		return mapped ? 0 : -EBUSY;
	}
	return -EINVAL;
}

static struct miscdevice devices[3];

static ssize_t pair_write(struct file *file, const char __user *text,
			  size_t length, loff_t *pos)
{
	char word[16] = "";
	int ret;

	if (length >= sizeof(word) || copy_from_user(word, text, length))
		return -EINVAL;
	ret = obey(strim(word), devices[0].this_device);
	return ret ?: length;
}

static const struct file_operations wb_ops = {
	.owner = THIS_MODULE,
	.mmap = map_wb,
	.write = pair_write,
};

static const struct file_operations io_ops = {
	.owner = THIS_MODULE,
	.mmap = map_io,
	.write = pair_write,
};

static const struct file_operations fault_ops = {
	.owner = THIS_MODULE,
	.mmap = map_fault,
};

static struct miscdevice devices[3] = {
	{ .minor = MISC_DYNAMIC_MINOR, .name = "pfn_pair_wb", .fops = &wb_ops },
	{ .minor = MISC_DYNAMIC_MINOR, .name = "pfn_pair_io", .fops = &io_ops },
	{ .minor = MISC_DYNAMIC_MINOR, .name = "pfn_pair_fault",
	  .fops = &fault_ops },
};

static int __init pair_init(void)
{
	unsigned int i;
	int ret = 0;

	if (!bytes || !PAGE_ALIGNED(phys | bytes))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(devices) && !ret; i++)
		ret = misc_register(&devices[i]);
	/* The last one is the one that failed. */
	for (i--; ret && i--; )
		misc_deregister(&devices[i]);
	return ret;
}

static void __exit pair_exit(void)
{
	unsigned int i;

	drop();
	for (i = 0; i < ARRAY_SIZE(devices); i++)
		misc_deregister(&devices[i]);
}

module_init(pair_init);
module_exit(pair_exit);
MODULE_DESCRIPTION("pfn_track test: unowned memory, mapped either way");
MODULE_LICENSE("GPL");
