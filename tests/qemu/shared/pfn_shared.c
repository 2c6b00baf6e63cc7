// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAM that a driver has write-combining, and a process write-back.
 *
 * /dev/pfn_shared maps the driver's pages.  How is said by the parameter "how":
 * faults insert page frames ("fault"), or page frames that may have a struct page
 * ("mixed"), or return pages ("page").  Writing 1 to the parameter "wc" makes the
 * driver map them write-combining, 0 ends that.  With the parameter "bare" x86, too,
 * leaves the linear map as it is, which is wrong there.
 */
#include <linux/mm.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pfn_t.h>
#include <linux/set_memory.h>
#include <linux/vmalloc.h>

#define NR_PAGES	4

static struct page *pages[NR_PAGES];
static void *mapped;

static char how[8] = "page";
module_param_string(how, how, sizeof(how), 0644);

static bool bare;
module_param(bare, bool, 0644);

/* x86 has the linear map changed, others map it a second time. */
static int make_wc(void)
{
#ifdef CONFIG_X86
	int ret = bare ? 0 : set_pages_array_wc(pages, NR_PAGES);

	if (ret)
		return ret;
#endif
	mapped = vmap(pages, NR_PAGES, VM_MAP,
		      pgprot_writecombine(PAGE_KERNEL));
	return mapped ? 0 : -ENOMEM;
}

static void make_wb(void)
{
	if (!mapped)
		return;
	vunmap(mapped);
	mapped = NULL;
#ifdef CONFIG_X86
	if (!bare)
		set_pages_array_wb(pages, NR_PAGES);
#endif
}

static int wc_set(const char *val, const struct kernel_param *kp)
{
	bool on;
	int ret = kstrtobool(val, &on);

	if (ret)
		return ret;
	if (on && !mapped)
		return make_wc();
	if (!on)
		make_wb();
	return 0;
}

static const struct kernel_param_ops wc_ops = { .set = wc_set };
module_param_cb(wc, &wc_ops, NULL, 0200);

static vm_fault_t ram_fault(struct vm_fault *vmf)
{
	struct page *page;

	if (vmf->pgoff >= NR_PAGES)
		return VM_FAULT_SIGBUS;
	page = pages[vmf->pgoff];
	if (!strcmp(how, "fault"))
		return vmf_insert_pfn(vmf->vma, vmf->address,
				      page_to_pfn(page));
	if (!strcmp(how, "mixed"))
		return vmf_insert_mixed(vmf->vma, vmf->address,
					page_to_pfn_t(page));
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct ram_vm_ops = { .fault = ram_fault };

static int ram_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!strcmp(how, "fault"))
		vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	else if (!strcmp(how, "mixed"))
		vm_flags_set(vma, VM_MIXEDMAP);
	vma->vm_ops = &ram_vm_ops;
	return 0;
}

static const struct file_operations ram_fops = {
	.owner = THIS_MODULE,
	.mmap = ram_mmap,
};

static struct miscdevice ram_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfn_shared",
	.fops = &ram_fops,
};

static void ram_free(void)
{
	unsigned int i;

	make_wb();
	for (i = 0; i < NR_PAGES && pages[i]; i++)
		put_page(pages[i]);
}

static int __init ram_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < NR_PAGES; i++) {
		pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!pages[i]) {
			ram_free();
			return -ENOMEM;
		}
	}
	ret = misc_register(&ram_dev);
	if (ret)
		ram_free();
	return ret;
}
module_init(ram_init);

static void __exit ram_exit(void)
{
	misc_deregister(&ram_dev);
	ram_free();
}
module_exit(ram_exit);

MODULE_DESCRIPTION("RAM that a driver and a process map differently");
MODULE_LICENSE("GPL");
