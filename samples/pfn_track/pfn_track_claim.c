// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that claims a PCI BAR as write-combining before anybody maps it.
 *
 * The way to keep a frame buffer fast: ask first what would happen, then hold
 * the range, so that whoever maps it otherwise is named beside this driver.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pfn_track_pci.h>

#define IVSHMEM_BAR	2

static int claim_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	unsigned int flags = PFN_CLAIM_STRICT;
	struct pfn_claim *claim;
	struct pfn_answer answer;
	int ret;

	ret = pfn_track_query(pci_resource_start(pdev, IVSHMEM_BAR),
			      pci_resource_len(pdev, IVSHMEM_BAR),
			      PFN_KIND_CLAIM, PFN_ATTR_WC, &answer);
	if (!ret && !answer.strict)
		dev_info(&pdev->dev, "BAR %d is mapped otherwise already: %s\n",
			 IVSHMEM_BAR, pfn_verdict_name(answer.verdict));

	/* Without write-combining, as with "nopat", accept what is mapped instead. */
	if (!ret && answer.got != PFN_ATTR_WC)
		flags = 0;
	claim = devm_pfn_track_claim_bar(pdev, IVSHMEM_BAR, PFN_ATTR_WC, flags);
	if (IS_ERR(claim))
		return dev_err_probe(&pdev->dev, PTR_ERR(claim),
				     "claim of BAR %d\n", IVSHMEM_BAR);
	return 0;
}

static const struct pci_device_id claim_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110) },
	{ }
};
MODULE_DEVICE_TABLE(pci, claim_ids);

static struct pci_driver claim_driver = {
	.name = "pfn_track_claim",
	.id_table = claim_ids,
	.probe = claim_probe,
};
module_pci_driver(claim_driver);

MODULE_DESCRIPTION("pfn_track sample: a claim on a PCI BAR");
MODULE_LICENSE("GPL");
