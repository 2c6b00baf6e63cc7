// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the kernel was not given is added while a driver has a part of it.
 *
 * Parameters: start and size of the memory, in bytes; "offset" of the page that
 * ioremap_wc() maps first, negative for none.  Loading fails with the error of
 * add_memory(); unloading removes the memory.
 */
#include <linux/io.h>
#include <linux/memory_hotplug.h>
#include <linux/module.h>

static unsigned long start;
module_param(start, ulong, 0444);
static unsigned long size;
module_param(size, ulong, 0444);
static long offset = -1;
module_param(offset, long, 0444);

static void __iomem *mapped;

static int __init hotplug_init(void)
{
	int ret;

	if (offset >= 0) {
		mapped = ioremap_wc(start + offset, PAGE_SIZE);
		if (!mapped)
			return -ENXIO;
	}
	ret = add_memory(0, start, size, MHP_NONE);
	if (ret && mapped)
		iounmap(mapped);
	return ret;
}
module_init(hotplug_init);

static void __exit hotplug_exit(void)
{
	if (mapped)
		iounmap(mapped);
	if (remove_memory(start, size))
		pr_err("pfn_hotplug: the memory stays\n");
}
module_exit(hotplug_exit);

MODULE_DESCRIPTION("memory that is added over a mapping");
MODULE_LICENSE("GPL");
