// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that forgets to unmap.
 *
 * pfn_track names what remove() leaves behind when the driver is unbound, and
 * what the exit function leaves when the module is unloaded.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pfn_track.h>

#define IVSHMEM_BAR	2

#define FORGET_MAPPING	BIT(0)
#define FORGET_CLAIM	BIT(1)
#define FORGET_GLOBAL	BIT(2)

static unsigned int forget = FORGET_MAPPING;
module_param(forget, uint, 0444);
MODULE_PARM_DESC(forget, "what to leave behind: 1 remove() a mapping, 2 a claim, 4 exit() a mapping");

static bool fail;
module_param(fail, bool, 0444);
MODULE_PARM_DESC(fail, "fail in probe(), when all is mapped");

static bool owner = true;
module_param(owner, bool, 0444);
MODULE_PARM_DESC(owner, "say whose the driver is; if not, it passes for built in");

struct leak {
	void __iomem *map;
	struct pfn_claim claim;
};

static void __iomem *global;

static void leak_undo(struct leak *leak)
{
	if (!(forget & FORGET_MAPPING))
		iounmap(leak->map);
	if (!(forget & FORGET_CLAIM))
		pfn_track_release(&leak->claim);
}

static int leak_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	resource_size_t start = pci_resource_start(pdev, IVSHMEM_BAR);
	struct leak *leak = devm_kzalloc(&pdev->dev, sizeof(*leak), GFP_KERNEL);
	int ret;

	if (!leak)
		return -ENOMEM;
	leak->map = ioremap_wc(start, PAGE_SIZE);
	if (!leak->map)
		return -EBUSY;
	ret = pfn_track_claim(&leak->claim, &pdev->dev, start + PAGE_SIZE,
			      PAGE_SIZE, PFN_ATTR_WC, 0);
	if (ret) {
		iounmap(leak->map);
		return ret;
	}
	pci_set_drvdata(pdev, leak);
	if (!fail)
		return 0;
	leak_undo(leak);
	return -EIO;
}

static void leak_remove(struct pci_dev *pdev)
{
	leak_undo(pci_get_drvdata(pdev));
}

static const struct pci_device_id leak_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110) },
	{ }
};
MODULE_DEVICE_TABLE(pci, leak_ids);

static struct pci_driver leak_driver = {
	.name = "pfn_track_leak",
	.id_table = leak_ids,
	.probe = leak_probe,
	.remove = leak_remove,
};

/* What is not any driver's is the module's. */
static int __init leak_init(void)
{
	struct pci_dev *pdev = pci_get_device(PCI_VENDOR_ID_REDHAT_QUMRANET,
					      0x1110, NULL);
	int ret;

	if (!pdev)
		return -ENODEV;
	global = ioremap_wc(pci_resource_start(pdev, IVSHMEM_BAR) +
			    2 * PAGE_SIZE, PAGE_SIZE);
	pci_dev_put(pdev);
	if (!global)
		return -EBUSY;
	ret = __pci_register_driver(&leak_driver, owner ? THIS_MODULE : NULL,
				    KBUILD_MODNAME);
	if (ret)
		iounmap(global);
	return ret;
}
module_init(leak_init);

static void __exit leak_exit(void)
{
	pci_unregister_driver(&leak_driver);
	if (!(forget & FORGET_GLOBAL))
		iounmap(global);
}
module_exit(leak_exit);

MODULE_DESCRIPTION("pfn_track sample: a driver that forgets to unmap");
MODULE_LICENSE("GPL");
