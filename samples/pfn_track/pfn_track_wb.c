// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that maps a PCI BAR write-back, as if it were memory.
 *
 * For ivshmem, whose BAR 2 is memory, that is right, but only if everybody
 * agrees: beside an uncached mapping, through sysfs resource2 for instance, one
 * of the two loses data.  Under pfn_track=enforce whoever comes second is
 * refused.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#define IVSHMEM_BAR	2

static unsigned long bytes = PAGE_SIZE;
module_param(bytes, ulong, 0444);
MODULE_PARM_DESC(bytes, "bytes of BAR 2 to map, from its start");

static int wb_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	resource_size_t start = pci_resource_start(pdev, IVSHMEM_BAR);
	void *map;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	if (!bytes || bytes > pci_resource_len(pdev, IVSHMEM_BAR))
		return dev_err_probe(&pdev->dev, -EINVAL,
				     "bytes=%lu does not fit into BAR %d\n",
				     bytes, IVSHMEM_BAR);

	map = devm_memremap(&pdev->dev, start, bytes, MEMREMAP_WB);
	if (IS_ERR(map))
		return dev_err_probe(&pdev->dev, PTR_ERR(map),
				     "write-back mapping of BAR %d refused\n",
				     IVSHMEM_BAR);

	pci_set_drvdata(pdev, map);
	dev_info(&pdev->dev, "BAR %d mapped write-back\n", IVSHMEM_BAR);
	return 0;
}

static const struct pci_device_id wb_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110) },
	{ }
};
MODULE_DEVICE_TABLE(pci, wb_ids);

/* Without .remove: devm_memremap() unmaps. */
static struct pci_driver wb_driver = {
	.name = "pfn_track_wb",
	.id_table = wb_ids,
	.probe = wb_probe,
};
module_pci_driver(wb_driver);

MODULE_DESCRIPTION("pfn_track sample: a write-back mapping of a PCI BAR");
MODULE_LICENSE("GPL");
