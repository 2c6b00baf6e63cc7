// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver whose conflicts are reported.  Loaded with a task in "what":
 *
 *   memremap, combine	map "bytes" from "start" on, write-back or write-combining
 *   dma		allocate a DMA buffer, uncached where drivers can do that;
 *			/dev/pfn_report maps it by dma_mmap_attrs()
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

static char *what = "none";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "what to do when loaded");

static ulong start;
module_param(start, ulong, 0444);
MODULE_PARM_DESC(start, "physical address");

static ulong bytes = 0x10000;
module_param(bytes, ulong, 0444);
MODULE_PARM_DESC(bytes, "size of the range or the buffer");

static struct platform_device *device;
static void *mapped, *buffer;
static void __iomem *io;
static dma_addr_t bus;

static int report_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!buffer)
		return -ENODEV;
	return dma_mmap_attrs(&device->dev, vma, buffer, bus,
			      vma->vm_end - vma->vm_start, 0);
}

static const struct file_operations report_fops = {
	.owner = THIS_MODULE,
	.mmap = report_mmap,
};

static struct miscdevice report_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfn_report",
	.fops = &report_fops,
};

static void report_change(bool uncached)
{
#ifdef CONFIG_X86
	const unsigned long va = (unsigned long)buffer;

	if (uncached)
		set_memory_uc(va, bytes >> PAGE_SHIFT);
	else
		set_memory_wb(va, bytes >> PAGE_SHIFT);
#endif
}

static void report_undo(void)
{
	if (buffer) {
		report_change(false);
		dma_free_attrs(&device->dev, bytes, buffer, bus, 0);
	}
	if (device)
		platform_device_unregister(device);
	if (mapped)
		memunmap(mapped);
	if (io)
		iounmap(io);
}

static int report_dma(void)
{
	struct platform_device *pdev;
	int ret;

	pdev = platform_device_register_simple("pfn_report", -1, NULL, 0);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	device = pdev;
	ret = dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	buffer = dma_alloc_attrs(&pdev->dev, bytes, &bus, GFP_KERNEL, 0);
	if (!buffer)
		return -ENOMEM;
	report_change(true);
	pr_info("pfn_report: buffer at %#llx\n", (u64)virt_to_phys(buffer));
	return 0;
}

static int report_do(void)
{
	if (!strcmp(what, "memremap")) {
		mapped = memremap(start, bytes, MEMREMAP_WB);
		return mapped ? 0 : -ENOMEM;
	}
	if (!strcmp(what, "combine")) {
		io = ioremap_wc(start, bytes);
		return io ? 0 : -ENOMEM;
	}
	return strcmp(what, "dma") ? -EINVAL : report_dma();
}

static int __init report_init(void)
{
	int ret = report_do();

	if (!ret)
		ret = misc_register(&report_device);
	if (ret)
		report_undo();
	return ret;
}
module_init(report_init);

static void __exit report_exit(void)
{
	misc_deregister(&report_device);
	report_undo();
}
module_exit(report_exit);

MODULE_DESCRIPTION("Maps what others hold with another attribute");
MODULE_LICENSE("GPL");
