// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track misuse: cases of claims.
 *
 * Above each case, what its author would have said.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include "misuse.h"

/* What ioremap() gives here. */
#define REGISTERS	(IS_ENABLED(CONFIG_X86) ? PFN_ATTR_UC_MINUS : \
						  PFN_ATTR_DEVICE)

static int claim(struct misuse *m, enum pfn_attr attr, unsigned int flags)
{
	return pfn_track_claim(&m->claim, m->dev, m->start, PAGE_SIZE, attr,
			       flags);
}

/* === Mistakes =========================================================== */

/* "It is claimed as write-combining"; and then mapped with plain ioremap(). */
static int claim_then_other(struct misuse *m)
{
	int ret = pfn_track_claim(&m->claim, m->dev, m->start, PAGE_SIZE,
				  PFN_ATTR_WC, PFN_CLAIM_SELF);

	return ret ?: misuse_keep(m, ioremap(m->start, PAGE_SIZE));
}

/* "Device memory is memory"; the claim says cached, the mapping does not. */
static int claim_wb_map_uc(struct misuse *m)
{
	int ret = pfn_track_claim(&m->claim, m->dev, m->start, PAGE_SIZE,
				  PFN_ATTR_WB, PFN_CLAIM_SELF);

	return ret ?: misuse_keep(m, ioremap(m->start, PAGE_SIZE));
}

/* "A claim can wait until it is needed"; the range is mapped by then. */
static int claim_too_late(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start, PAGE_SIZE));

	return ret ?: pfn_track_claim(&m->claim, m->dev, m->start, PAGE_SIZE,
				      PFN_ATTR_WC, PFN_CLAIM_STRICT);
}

/* "The frame buffer is ours"; user space maps the BAR through sysfs. */
static int claim_user_uc(struct misuse *m)
{
	return pfn_track_claim(&m->claim, m->dev, m->start, PAGE_SIZE,
			       PFN_ATTR_WC, 0);
}

/* "Resume does what probe does"; the claim is made already. */
static int claim_twice(struct misuse *m)
{
	int ret = claim(m, PFN_ATTR_WC, 0);

	return ret ?: claim(m, PFN_ATTR_WC, 0);
}

/* "Give it back, to be sure"; the error path already had. */
static int release_twice(struct misuse *m)
{
	int ret = claim(m, PFN_ATTR_WC, 0);

	ret = ret ?: pfn_track_release(&m->claim);
	return ret ?: pfn_track_release(&m->claim);
}

/* "The structure is copied, and the copy cleaned up"; a claim stays put. */
static int release_copy(struct misuse *m)
{
	int ret = claim(m, PFN_ATTR_WC, 0);

	m->copy = m->claim;
	return ret ?: pfn_track_release(&m->copy);
}

/* "All of it, whatever its size"; a BAR that does not exist has none. */
static int claim_nothing(struct misuse *m)
{
	const struct resource none = { .flags = IORESOURCE_MEM };

	return pfn_track_claim_resource(&m->claim, m->dev, &none, PFN_ATTR_WC,
					0);
}

/* === Right ============================================================== */

/* Claimed as write-combining, and mapped so. */
static int claim_matching(struct misuse *m)
{
	int ret = claim(m, PFN_ATTR_WC, 0);

	return ret ?: misuse_keep(m, ioremap_wc(m->start, PAGE_SIZE));
}

/* Mapped already, but just as it is claimed. */
static int claim_exact(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start, PAGE_SIZE));

	return ret ?: claim(m, REGISTERS, PFN_CLAIM_STRICT);
}

/* A frame buffer is claimed, and the registers inside of it are mapped. */
static int claim_own_registers(struct misuse *m)
{
	struct pfn_answer answer;
	int ret = claim(m, PFN_ATTR_WC, 0);

	ret = ret ?: pfn_track_query(m->start, PAGE_SIZE, PFN_KIND_IOREMAP,
				     REGISTERS, &answer);
	if (ret || answer.conflicts || answer.would_refuse)
		return ret ?: -EINVAL;
	return misuse_keep(m, ioremap(m->start, PAGE_SIZE));
}

/* A few bytes in the middle of a page, mapped as they are claimed. */
static int claim_part(struct misuse *m)
{
	int ret = pfn_track_claim(&m->claim, m->dev, m->start + 0x10, 0x100,
				  PFN_ATTR_WC, 0);

	if (!ret && !(pfn_track_lookup(PHYS_PFN(m->start)) &
		      BIT(pfn_attr_effective(PFN_ATTR_WC))))
		return -EINVAL;
	return ret ?: misuse_keep(m, ioremap_wc(m->start, PAGE_SIZE));
}

/* A BAR is resized: the claim that goes with the driver is made anew. */
static int claim_resized(struct misuse *m)
{
	const struct resource res = DEFINE_RES_MEM(m->start, 2 * PAGE_SIZE);
	struct pfn_claim *old, *new;
	int ret;

	old = devm_pfn_track_claim(m->dev, m->start, PAGE_SIZE, PFN_ATTR_WC, 0);
	if (IS_ERR(old))
		return PTR_ERR(old);
	ret = devm_pfn_track_release(m->dev, old);
	if (ret)
		return ret;
	new = devm_pfn_track_claim_resource(m->dev, &res, PFN_ATTR_WC,
					    PFN_CLAIM_STRICT);
	if (IS_ERR(new))
		return PTR_ERR(new);
	ret = misuse_keep(m, ioremap_wc(m->start, 2 * PAGE_SIZE));
	return devm_pfn_track_release(m->dev, new) ?: ret;
}

/* One who looks at what is held may sleep, and map. */
static int look_at(const struct pfn_mapping *mapping, void *data)
{
	struct misuse *m = data;
	void __iomem *map;

	usleep_range(1000, 2000);
	map = ioremap_wc(m->start + PAGE_SIZE, PAGE_SIZE);
	if (map)
		iounmap(map);
	m->looked++;
	return map ? 0 : -ENOMEM;
}

static int look_and_map(struct misuse *m)
{
	int ret = claim(m, PFN_ATTR_WC, 0);

	m->looked = 0;
	ret = ret ?: misuse_keep(m, ioremap_wc(m->start, PAGE_SIZE));
	ret = ret ?: pfn_track_for_each(m->start, 1, look_at, m);
	return ret ?: m->looked == 2 ? 0 : -EINVAL;
}

/* What was claimed is given back before it is mapped otherwise. */
static int claim_released(struct misuse *m)
{
	int ret = claim(m, PFN_ATTR_WC, 0);

	ret = ret ?: pfn_track_release(&m->claim);
	return ret ?: misuse_keep(m, ioremap(m->start, PAGE_SIZE));
}

/* A question is no mapping, whatever the answer. */
static int ask_first(struct misuse *m)
{
	struct pfn_answer answer;
	int ret = misuse_keep(m, ioremap(m->start, PAGE_SIZE));

	ret = ret ?: pfn_track_query(m->start, PAGE_SIZE, PFN_KIND_IOREMAP,
				     PFN_ATTR_WC, &answer);
	if (ret || answer.verdict == PFN_VERDICT_SAME)
		return ret ?: -EINVAL;
	return misuse_keep(m, ioremap(m->start, PAGE_SIZE));
}

const struct misuse_case misuse_claim[] = {
	{ "claim-then-other", claim_then_other, misuse_undo },
	{ "claim-wb-map-uc", claim_wb_map_uc, misuse_undo },
	{ "claim-too-late", claim_too_late, misuse_undo },
	{ "claim-user-uc", claim_user_uc, misuse_undo },
	{ "claim-twice", claim_twice, misuse_undo },
	{ "release-twice", release_twice, misuse_undo },
	{ "release-copy", release_copy, misuse_undo },
	{ "claim-nothing", claim_nothing, misuse_undo },
	{ "claim-matching", claim_matching, misuse_undo },
	{ "claim-exact", claim_exact, misuse_undo },
	{ "claim-own-registers", claim_own_registers, misuse_undo },
	{ "claim-part", claim_part, misuse_undo },
	{ "claim-resized", claim_resized, misuse_undo },
	{ "look-and-map", look_and_map, misuse_undo },
	{ "claim-released", claim_released, misuse_undo },
	{ "ask-first", ask_first, misuse_undo },
	{ }
};
