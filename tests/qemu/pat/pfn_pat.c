// SPDX-License-Identifier: GPL-2.0-only
/*
 * What x86's PAT decides by itself: reservations without a mapping, refusals,
 * look-ups.  Loaded with a task in "what"; /dev/pfn_pat maps the range from
 * "start" on in the way that "mode" says.
 */
#include <linux/io.h>
#include <linux/memremap.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <asm/set_memory.h>

static char *what = "none";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "what to do when loaded");

static char *mode = "pieces";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "how mmap() maps");

static ulong start;
module_param(start, ulong, 0444);
MODULE_PARM_DESC(start, "physical address");

static ulong bytes = 0x10000;
module_param(bytes, ulong, 0444);
MODULE_PARM_DESC(bytes, "size of the range");

static bool forget;
module_param(forget, bool, 0444);
MODULE_PARM_DESC(forget, "undo nothing when unloaded, or unbound");

static void __iomem *io;
static void *ram;
static struct page *pages[16];
static struct dev_pagemap pgmap;
static bool reserved, bound;

#define is(name)	(!strcmp(what, name))
#define is_mode(name)	(!strcmp(mode, name))

/* === mmap() ============================================================= */

static vm_fault_t pat_fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address,
			      PHYS_PFN(start) + vmf->pgoff);
}

static const struct vm_operations_struct pat_vm_ops = {
	.fault = pat_fault,
};

static int pat_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start, at, part = PAGE_SIZE;
	unsigned long pfn = PHYS_PFN(start) + vma->vm_pgoff;
	int ret = 0;

	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	if (is_mode("fault")) {
		vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND |
			     VM_DONTDUMP);
		vma->vm_ops = &pat_vm_ops;
		return 0;
	}
	if (is_mode("whole"))
		part = size;
	else if (is_mode("but-one"))
		part = size - PAGE_SIZE;
	for (at = 0; at + part <= size && !ret; at += part)
		ret = remap_pfn_range(vma, vma->vm_start + at,
				      pfn + (at >> PAGE_SHIFT), part,
				      vma->vm_page_prot);
	return ret;
}

static const struct file_operations pat_fops = {
	.owner = THIS_MODULE,
	.mmap = pat_mmap,
};

static struct miscdevice pat_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfn_pat",
	.fops = &pat_fops,
};

/* === RAM ================================================================ */

static int pat_get_ram(void)
{
	unsigned int i;

	ram = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO,
				       get_order(ARRAY_SIZE(pages) * PAGE_SIZE));
	if (!ram)
		return -ENOMEM;
	start = virt_to_phys(ram);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = virt_to_page(ram + i * PAGE_SIZE);
	return 0;
}

static int pat_set_ram(void)
{
	const unsigned long va = (unsigned long)ram;
	int first, second;

	if (is("pages")) {
		first = set_memory_uc(va + 3 * PAGE_SIZE, 1);
		second = set_pages_array_wc(pages, ARRAY_SIZE(pages));
	} else {
		first = set_memory_uc(va, 4);
		second = is("same") ? set_memory_uc(va + PAGE_SIZE, 1) :
				      set_memory_wc(va + PAGE_SIZE, 1);
	}
	pr_info("pfn_pat: ram at %#lx, said %d, then %d\n", start, first,
		second);
	return first;
}

static void pat_put_ram(void)
{
	set_memory_wb((unsigned long)ram, ARRAY_SIZE(pages));
	free_pages((unsigned long)ram, get_order(ARRAY_SIZE(pages) * PAGE_SIZE));
}

static bool is_ram_task(void)
{
	return is("ram") || is("twice") || is("same") || is("pages");
}

/* === A driver =========================================================== */

static int pat_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	if (pci_resource_start(pdev, 2) > start ||
	    pci_resource_end(pdev, 2) < start)
		return -ENODEV;
	ret = arch_io_reserve_memtype_wc(start, bytes);
	reserved = !ret;
	return ret;
}

static void pat_remove(struct pci_dev *pdev)
{
	if (reserved && !forget)
		arch_io_free_memtype_wc(start, bytes);
	reserved = false;
}

static const struct pci_device_id pat_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110) },
	{ }
};

static struct pci_driver pat_driver = {
	.name = "pfn_pat",
	.id_table = pat_ids,
	.probe = pat_probe,
	.remove = pat_remove,
};

/* === Tasks ============================================================== */

static int pat_pagemap(void)
{
	pgmap.type = MEMORY_DEVICE_GENERIC;
	pgmap.range.start = start;
	pgmap.range.end = start + SZ_2M - 1;
	pgmap.nr_range = 1;
	ram = memremap_pages(&pgmap, NUMA_NO_NODE);
	if (IS_ERR(ram))
		return PTR_ERR(ram);
	pr_info("pfn_pat: said %d\n",
		set_memory_uc((unsigned long)ram + 3 * PAGE_SIZE, 1));
	return 0;
}

static int pat_free_twice(void)
{
	int ret = arch_io_reserve_memtype_wc(start, bytes), i;

	if (ret)
		return ret;
	for (i = 0; i < 4; i++)
		arch_io_free_memtype_wc(start, bytes);
	return 0;
}

static int pat_do(void)
{
	int ret;

	if (is_ram_task()) {
		ret = pat_get_ram();
		return ret || is("ram") ? ret : pat_set_ram();
	}
	if (is("reserve")) {
		ret = arch_io_reserve_memtype_wc(start, bytes);
		pr_info("pfn_pat: reserve says %d\n", ret);
		reserved = !ret;
		return ret;
	}
	if (is("driver")) {
		ret = pci_register_driver(&pat_driver);
		bound = !ret;
		return ret;
	}
	if (is("ioremap") || is("ioremap-wc") || is("ioremap-cache") ||
	    is("reserve-cached")) {
		io = is("ioremap") ? ioremap(start, bytes) :
		     is("ioremap-wc") ? ioremap_wc(start, bytes) :
					ioremap_cache(start, bytes);
		if (io && is("reserve-cached"))
			pr_info("pfn_pat: reserve says %d\n",
				arch_io_reserve_memtype_wc(start, bytes));
		return io ? 0 : -ENOMEM;
	}
	if (is("pagemap"))
		return pat_pagemap();
	return is("free-twice") ? pat_free_twice() : 0;
}

static int __init pat_init(void)
{
	int ret = pat_do();

	return ret ?: misc_register(&pat_device);
}
module_init(pat_init);

static void __exit pat_exit(void)
{
	misc_deregister(&pat_device);
	if (bound)
		pci_unregister_driver(&pat_driver);
	if (is("reserve") && reserved && !forget)
		arch_io_free_memtype_wc(start, bytes);
	if (io)
		iounmap(io);
	if (is("pagemap"))
		memunmap_pages(&pgmap);
	else if (ram)
		pat_put_ram();
}
module_exit(pat_exit);

MODULE_DESCRIPTION("Asks x86's PAT for memory types");
MODULE_LICENSE("GPL");
