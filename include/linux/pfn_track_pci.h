/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pfn_track: claims of PCI BARs.
 *
 * A header of its own, because most users of <linux/pfn_track.h> have nothing
 * to do with PCI.
 */
#ifndef _LINUX_PFN_TRACK_PCI_H
#define _LINUX_PFN_TRACK_PCI_H

#include <linux/pci.h>
#include <linux/pfn_track.h>

/* NULL if the device cannot have such a BAR. */
static inline const struct resource *pfn_track_bar(const struct pci_dev *pdev,
						   int bar)
{
	return bar >= 0 && bar <= PCI_ROM_RESOURCE ? &pdev->resource[bar] : NULL;
}

/**
 * pfn_track_claim_bar - hold a PCI BAR without mapping it
 * @claim: see pfn_track_claim()
 * @pdev: the device
 * @bar: 0 to 5, or %PCI_ROM_RESOURCE
 * @attr: see pfn_track_claim()
 * @flags: see pfn_track_claim()
 *
 * Context: Process context, may sleep.
 *
 * Return: as pfn_track_claim_resource(); -EINVAL also if the device has no such
 * BAR, or if it is one of I/O ports.
 */
static inline int pfn_track_claim_bar(struct pfn_claim *claim,
				      struct pci_dev *pdev, int bar,
				      enum pfn_attr attr, unsigned int flags)
{
	return pfn_track_claim_resource(claim, &pdev->dev,
					pfn_track_bar(pdev, bar), attr, flags);
}

/**
 * devm_pfn_track_claim_bar - hold a PCI BAR as long as a driver is bound
 * @pdev: the device
 * @bar: 0 to 5, or %PCI_ROM_RESOURCE
 * @attr: see pfn_track_claim()
 * @flags: see pfn_track_claim()
 *
 * After a resize of the BAR, pass the claim to devm_pfn_track_release() and
 * claim the BAR again.
 *
 * Context: Process context, may sleep.
 *
 * Return: as devm_pfn_track_claim_resource().
 */
static inline struct pfn_claim *
devm_pfn_track_claim_bar(struct pci_dev *pdev, int bar, enum pfn_attr attr,
			 unsigned int flags)
{
	return devm_pfn_track_claim_resource(&pdev->dev,
					     pfn_track_bar(pdev, bar), attr,
					     flags);
}

#endif /* _LINUX_PFN_TRACK_PCI_H */
