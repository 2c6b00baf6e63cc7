// SPDX-License-Identifier: GPL-2.0-only
/* Claims without CONFIG_PFN_TRACK: the same errors, and nothing is recorded. */
#undef CONFIG_PFN_TRACK
#include "unit.h"

TEST(claim_stub, devm)
{
	struct device dev = { }, other = { };
	struct pfn_claim own = { }, *claim;

	claim = devm_pfn_track_claim(&dev, PFN_PHYS(5), PAGE_SIZE, PFN_ATTR_WC,
				     0);
	CHECK(!IS_ERR(claim));
	/* Not one of this device, or none of devm at all. */
	CHECK_EQ(devm_pfn_track_release(&other, claim), -ENOENT);
	CHECK_EQ(pfn_track_claim(&own, &dev, PFN_PHYS(5), PAGE_SIZE,
				 PFN_ATTR_WC, 0), 0);
	CHECK_EQ(devm_pfn_track_release(&dev, &own), -ENOENT);
	CHECK_EQ(devm_pfn_track_release(&dev, claim), 0);
	CHECK_EQ(devm_pfn_track_release(&dev, NULL), -EINVAL);
	CHECK_EQ(devm_pfn_track_release(NULL, &own), -EINVAL);
}
