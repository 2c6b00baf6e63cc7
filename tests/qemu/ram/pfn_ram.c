// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mixed RAM, as a graphics driver has it: pages of RAM that are write-combining in
 * the kernel and in processes, that move, are freed and allocated again.
 *
 * /dev/pfn_ram shows 256 such pages, page by page as they are touched.  Writing to
 * the device takes all of them out of the page tables, gives half of them back to
 * the page allocator and takes others.  x86 changes them in the linear map; other
 * architectures map them write-combining by vmap().
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>
#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#define PAGES	256

static struct page *pages[PAGES];
static void *window;
/* Pages change under the lock, and faults wait meanwhile. */
static DEFINE_MUTEX(ram_lock);

static int ram_combine(void)
{
#ifdef CONFIG_X86
	return set_pages_array_wc(pages, PAGES);
#else
	window = vmap(pages, PAGES, VM_MAP, pgprot_writecombine(PAGE_KERNEL));
	return window ? 0 : -ENOMEM;
#endif
}

static void ram_restore(void)
{
#ifdef CONFIG_X86
	set_pages_array_wb(pages, PAGES);
#else
	vunmap(window);
	window = NULL;
#endif
}

static void ram_free(unsigned int step)
{
	unsigned int i;

	for (i = 0; i < PAGES; i += step) {
		if (pages[i])
			__free_page(pages[i]);
		pages[i] = NULL;
	}
}

static int ram_fill(void)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		if (!pages[i])
			pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!pages[i])
			return -ENOMEM;
	}
	return ram_combine();
}

static vm_fault_t ram_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	if (vmf->pgoff >= PAGES)
		return ret;
	mutex_lock(&ram_lock);
	if (pages[vmf->pgoff])
		ret = vmf_insert_pfn_prot(vma, vmf->address,
					  page_to_pfn(pages[vmf->pgoff]),
					  pgprot_writecombine(vma->vm_page_prot));
	mutex_unlock(&ram_lock);
	return ret;
}

static const struct vm_operations_struct ram_vm_ops = {
	.fault = ram_fault,
};

static int ram_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &ram_vm_ops;
	return 0;
}

static ssize_t ram_write(struct file *file, const char __user *buf,
			 size_t count, loff_t *pos)
{
	int ret;

	mutex_lock(&ram_lock);
	unmap_mapping_range(file->f_mapping, 0, 0, 1);
	ret = pages[0] ? 0 : -ENOMEM;
	if (!ret) {
		ram_restore();
		ram_free(2);
		ret = ram_fill();
		/* There is no memory: nothing is mapped from now on. */
		if (ret)
			ram_free(1);
	}
	mutex_unlock(&ram_lock);
	return ret ?: count;
}

static const struct file_operations ram_fops = {
	.owner = THIS_MODULE,
	.mmap = ram_mmap,
	.write = ram_write,
};

static struct miscdevice ram_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfn_ram",
	.fops = &ram_fops,
};

static int __init ram_init(void)
{
	int ret = ram_fill();

	if (ret)
		goto free;
	ret = misc_register(&ram_device);
	if (!ret)
		return 0;
	ram_restore();
free:
	ram_free(1);
	return ret;
}
module_init(ram_init);

static void __exit ram_exit(void)
{
	misc_deregister(&ram_device);
	if (pages[0])
		ram_restore();
	ram_free(1);
}
module_exit(ram_exit);

MODULE_DESCRIPTION("RAM that is write-combining, and does not stay where it is");
MODULE_LICENSE("GPL");
