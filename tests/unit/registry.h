/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of the registry's front door have in common. */
#ifndef UNIT_REGISTRY_H
#define UNIT_REGISTRY_H

#include "unit.h"

static enum pfn_attr bad_a, bad_b;	/* INCOHERENT */
static enum pfn_attr weak_a, weak_b;	/* ORDERING */

static inline void boot(const char *param)
{
	unit_boot(param);
	CHECK(unit_pair(PFN_VERDICT_INCOHERENT, &bad_a, &bad_b));
	CHECK(unit_pair(PFN_VERDICT_ORDERING, &weak_a, &weak_b));
}

/* All has gone, and was given back. */
static inline void check_empty(void)
{
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	CHECK_EQ(pfn_track_lookup(0), 0);
	unit_check_store();
}

#endif /* UNIT_REGISTRY_H */
