// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that maps a PCI BAR and then finds that it has to wait.
 *
 * devm_ioremap() unmaps when the probe is deferred and when the driver is
 * unbound, so there is never a leak to be told of.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#define IVSHMEM_BAR	2

static unsigned int times = 1;
module_param(times, uint, 0444);
MODULE_PARM_DESC(times, "how many probes are deferred");

static int defer_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	void __iomem *map;

	map = devm_ioremap_wc(&pdev->dev,
			      pci_resource_start(pdev, IVSHMEM_BAR), PAGE_SIZE);
	if (!map)
		return -ENOMEM;
	if (times) {
		times--;
		return dev_err_probe(&pdev->dev, -EPROBE_DEFER, "not yet\n");
	}
	return 0;
}

static const struct pci_device_id defer_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110) },
	{ }
};
MODULE_DEVICE_TABLE(pci, defer_ids);

/* Without .remove: devm_ioremap_wc() unmaps. */
static struct pci_driver defer_driver = {
	.name = "pfn_track_defer",
	.id_table = defer_ids,
	.probe = defer_probe,
};
module_pci_driver(defer_driver);

MODULE_DESCRIPTION("pfn_track sample: a probe that is deferred once");
MODULE_LICENSE("GPL");
