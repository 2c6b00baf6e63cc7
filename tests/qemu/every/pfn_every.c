// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_every: uses every name of <linux/pfn_track.h> and <linux/pfn_track_pci.h>.
 *
 * Compiled and linked only, never loaded: as a module and as an object of the
 * kernel, with CONFIG_PFN_TRACK and without.  That no name is left out, and none
 * is missing in one of the configurations, is for tests/qemu/test_every.py to
 * say.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pfn_track.h>
#include <linux/pfn_track_pci.h>
#include <linux/vmalloc.h>

static int __used every_attribute(pgprot_t prot, enum pfn_attr attr)
{
	const struct pfn_attr_pair *pair = pfn_attr_judge(attr, PFN_ATTR_WB);
	const struct pfn_attr_pair *colour = pfn_attr_judge_colour(0, PAGE_SIZE);

	pr_info("%s %s %s %s %s\n", pfn_attr_name(attr), pfn_attr_arch(),
		pfn_verdict_name(pair->verdict),
		pfn_kind_name(PFN_KIND_IOREMAP), colour ? colour->why : "-");
	if (pfn_attr_is_plain(prot))
		return 0;
	return pfn_attr_from_pgprot(prot) == pfn_attr_effective(attr) ||
	       pfn_attr_from_large(prot) == attr;
}

static int __used every_check(struct pfn_claim *claim, const struct resource *res)
{
	struct pfn_answer answer;

	return pfn_track_check_range(0, 1) ?:
	       pfn_track_check_claim(claim, 0, 1, PFN_ATTR_WC, 0) ?:
	       pfn_track_check_query(0, 1, PFN_KIND_CLAIM, PFN_ATTR_WC,
				     &answer) ?:
	       pfn_track_check_resource(res) ?:
	       pfn_track_check_release(claim);
}

static int __used every_claim(struct pci_dev *pdev, struct pfn_claim *claim)
{
	const struct resource *res = pfn_track_bar(pdev, 0);
	struct device *dev = &pdev->dev;
	struct pfn_claim *managed;
	int ret;

	ret = pfn_track_claim(claim, dev, res->start, 256, PFN_ATTR_WC,
			      PFN_CLAIM_STRICT | PFN_CLAIM_SELF);
	ret = ret ?: pfn_track_release(claim);
	ret = ret ?: pfn_track_claim_resource(claim, dev, res, PFN_ATTR_WC, 0);
	ret = ret ?: pfn_track_release(claim);
	ret = ret ?: pfn_track_claim_bar(claim, pdev, 0, PFN_ATTR_WC, 0);
	ret = ret ?: pfn_track_release(claim);
	if (ret)
		return ret;
	managed = devm_pfn_track_claim(dev, res->start, 256, PFN_ATTR_WC, 0);
	if (IS_ERR(managed))
		return PTR_ERR(managed);
	ret = devm_pfn_track_release(dev, managed);
	managed = devm_pfn_track_claim_resource(dev, res, PFN_ATTR_WC, 0);
	if (ret || IS_ERR(managed))
		return ret ?: PTR_ERR(managed);
	ret = devm_pfn_track_release(dev, managed);
	managed = devm_pfn_track_claim_bar(pdev, 0, PFN_ATTR_WC, 0);
	return ret ?: PTR_ERR_OR_ZERO(managed);
}

static int every_mapping(const struct pfn_mapping *mapping, void *data)
{
	dev_info(data, "%s %s %s\n", mapping->comm, mapping->dev,
		 mapping->driver);
	return 0;
}

static int __used every_question(struct device *dev, phys_addr_t start)
{
	struct pfn_answer answer = { };
	int ret;

	if (!pfn_track_enabled())
		return -EOPNOTSUPP;
	ret = pfn_track_query(start, 1, PFN_KIND_IOREMAP, PFN_ATTR_WC, &answer);
	if (ret || answer.conflicts || answer.refused || answer.would_refuse ||
	    answer.linear || !answer.strict)
		return ret;
	ret = pfn_track_for_each(start, 1, every_mapping, dev);
	return ret ?: pfn_track_lookup(PHYS_PFN(start)) == answer.attrs;
}

#ifndef MODULE
/* What mm/ and arch/ call is not for modules, but for the one that i915 needs. */
static int __used every_hook(struct vm_area_struct *vma,
			     struct vm_struct *area, struct page **pages,
			     pgprot_t prot, struct device *dev)
{
	const unsigned long va = vma->vm_start, size = PAGE_SIZE;
	const unsigned long pfn = page_to_pfn(pages[0]);
	int ret;

	if (pfn_track_moves(vma) || pfn_track_disputed(vma, pages[0], 1))
		return -EAGAIN;
	ret = pfn_track_ioremap(area->addr, size, 0, prot, prot, NULL) ?:
	      pfn_track_add_memory(0, size) ?:
	      pfn_track_reserve(0, size, prot, prot) ?:
	      pfn_track_vmap(area, pages, NULL, 1, prot, false) ?:
	      pfn_track_memremap(0, size, prot, prot) ?:
	      pfn_track_set_memory(va, 1, prot) ?:
	      pfn_track_set_pages(pages, 1, prot) ?:
	      pfn_track_remap(vma, va, pfn, size, prot, prot) ?:
	      pfn_track_insert(vma, va, pfn, size, prot, prot) ?:
	      pfn_track_insert_huge(vma, va, pfn, PMD_SIZE, prot, prot) ?:
	      pfn_track_insert_cleaned(vma, va, pfn, size, prot) ?:
	      pfn_track_insert_page(vma, va, pages[0], prot) ?:
	      pfn_track_fault(vma, va, pages[0], 1, prot) ?:
	      pfn_track_may_protect(vma, va, va + size, vma->vm_flags);
	pfn_track_restored(vma, va, pages[0], 1);
	pfn_track_iounmap(area->addr, size);
	pfn_track_memunmap(0, size);
	pfn_track_unset_memory(va, 1);
	pfn_track_unset_pages(pages, 1);
	pfn_track_free(pages[0], 0);
	pfn_track_page(pfn, prot, NULL);
	pfn_track_refused(PFN_KIND_IOREMAP, pfn, size, prot, -EBUSY, NULL);
	pfn_track_remap_refused(vma, va, pfn, size, prot, -EBUSY);
	pfn_track_set_memory_refused(va, 1, prot, -EBUSY);
	pfn_track_unreserve(0, size);
	pfn_track_not_reserved(0, size);
	pfn_track_unmapped(vma, va, va + size);
	pfn_track_zap(vma, va, va + size);
	pfn_track_protect(vma, va, va + size, prot);
	pfn_track_undo(vma->vm_mm, va, size);
	pfn_track_move(vma, va, va + size, size);
	pfn_track_fork(vma->vm_mm, vma, va, va + size);
	pfn_track_exit(vma->vm_mm);
	pfn_track_unbound(dev);
	return ret;
}

static int __init every_init(void)
{
	pfn_track_init();
	return 0;
}
early_initcall(every_init);
#else
static int __used every_hook(struct vm_area_struct *vma,
			     struct vm_struct *area, struct page **pages,
			     pgprot_t prot, struct device *dev)
{
	const unsigned long pfn = page_to_pfn(pages[0]);

	return pfn_track_insert(vma, vma->vm_start, pfn, PAGE_SIZE, prot,
				prot) ?:
	       pfn_track_insert_cleaned(vma, vma->vm_start, pfn, PAGE_SIZE,
					prot);
}
#endif

MODULE_DESCRIPTION("pfn_track test: every name of the API");
MODULE_LICENSE("GPL");
