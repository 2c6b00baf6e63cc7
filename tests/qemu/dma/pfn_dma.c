// SPDX-License-Identifier: GPL-2.0-only
/*
 * A DMA buffer of a device that does not snoop the caches, and its mappings.
 *
 * The parameter "kernel" says whether the buffer has a mapping in the kernel (1)
 * or was allocated with DMA_ATTR_NO_KERNEL_MAPPING (0).  /dev/pfn_dma maps it: by
 * dma_mmap_attrs(), or with the parameter "cached" by a fault handler that inserts
 * the pages write-back, which loses data.
 */
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#define BUFFER_SIZE	(4 * PAGE_SIZE)

static bool kernel = true;
module_param(kernel, bool, 0444);
static bool cached;
module_param(cached, bool, 0644);

static struct platform_device *device;
static void *buffer;
static dma_addr_t address;
static unsigned long attrs;

/* Without an IOMMU the device's addresses are physical ones. */
static unsigned long first_pfn(void)
{
	return PHYS_PFN(dma_to_phys(&device->dev, address));
}

static vm_fault_t buffer_fault(struct vm_fault *vmf)
{
	if (vmf->pgoff >= BUFFER_SIZE >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, first_pfn() + vmf->pgoff);
}

static const struct vm_operations_struct buffer_vm_ops = {
	.fault = buffer_fault,
};

static int buffer_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!cached)
		return dma_mmap_attrs(&device->dev, vma, buffer, address,
				      BUFFER_SIZE, attrs);
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &buffer_vm_ops;
	return 0;
}

static const struct file_operations buffer_fops = {
	.owner = THIS_MODULE,
	.mmap = buffer_mmap,
};

static struct miscdevice buffer_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfn_dma",
	.fops = &buffer_fops,
};

static int __init dma_init(void)
{
	int ret;

	device = platform_device_register_simple("pfn_dma", PLATFORM_DEVID_NONE,
						 NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	ret = dma_coerce_mask_and_coherent(&device->dev, DMA_BIT_MASK(64));
	if (ret)
		goto err_device;
	attrs = kernel ? 0 : DMA_ATTR_NO_KERNEL_MAPPING;
	buffer = dma_alloc_attrs(&device->dev, BUFFER_SIZE, &address,
				 GFP_KERNEL, attrs);
	if (!buffer) {
		ret = -ENOMEM;
		goto err_device;
	}
	ret = misc_register(&buffer_dev);
	if (ret)
		goto err_buffer;
	dev_info(&device->dev, "pfn_dma: %#lx, coherent %d\n", first_pfn(),
		 dev_is_dma_coherent(&device->dev));
	return 0;

err_buffer:
	dma_free_attrs(&device->dev, BUFFER_SIZE, buffer, address, attrs);
err_device:
	platform_device_unregister(device);
	return ret;
}
module_init(dma_init);

static void __exit dma_exit(void)
{
	misc_deregister(&buffer_dev);
	dma_free_attrs(&device->dev, BUFFER_SIZE, buffer, address, attrs);
	platform_device_unregister(device);
}
module_exit(dma_exit);

MODULE_DESCRIPTION("DMA buffer of a device that does not snoop");
MODULE_LICENSE("GPL");
