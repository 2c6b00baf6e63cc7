// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that the VM may take away, mapped write-combining: /dev/pfn_pages lends
 * the pages of a shmem file to whoever maps it, as graphics drivers do.
 *
 * The pages can be migrated and reclaimed, which clears page table entries
 * without a zap of the area.
 */
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/shmem_fs.h>

#define PAGES		8

static struct file *backing;

static vm_fault_t pages_fault(struct vm_fault *vmf)
{
	struct page *page;

	if (vmf->pgoff >= PAGES)
		return VM_FAULT_SIGBUS;
	page = shmem_read_mapping_page(backing->f_mapping, vmf->pgoff);
	if (IS_ERR(page))
		return vmf_error(PTR_ERR(page));
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct pages_ops = {
	.fault = pages_fault,
};

/* The area joins the shmem file, so that its pages are found to be mapped. */
static int pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vma_set_file(vma, backing);
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	vma->vm_ops = &pages_ops;
	return 0;
}

static const struct file_operations pages_fops = {
	.owner = THIS_MODULE,
	.mmap = pages_mmap,
};

static struct miscdevice pages_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfn_pages",
	.fops = &pages_fops,
};

static int __init pages_init(void)
{
	int ret;

	backing = shmem_file_setup("pfn_pages", PAGES * PAGE_SIZE, VM_NORESERVE);
	if (IS_ERR(backing))
		return PTR_ERR(backing);
	ret = misc_register(&pages_device);
	if (ret)
		fput(backing);
	return ret;
}
module_init(pages_init);

static void __exit pages_exit(void)
{
	misc_deregister(&pages_device);
	fput(backing);
}
module_exit(pages_exit);

MODULE_DESCRIPTION("Pages that can be migrated, mapped write-combining");
MODULE_LICENSE("GPL");
