/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pfn_track: one rule of an architecture's matrix.
 *
 * Apart from <linux/pfn_track.h> because the pfntrack command compiles the
 * tables of arch/generic/pat/, too: this header needs the vocabulary only.
 */
#ifndef _LINUX_PFN_ATTR_H
#define _LINUX_PFN_ATTR_H

#include <uapi/linux/pfn_track.h>

/**
 * struct pfn_attr_pair - one rule of an architecture's matrix
 * @a: one attribute
 * @b: the other; a rule holds for both orders
 * @verdict: what it means that a page is mapped with both
 * @why: the consequence, in one sentence without capital and full stop
 * @source: where the fact comes from: manual and section, or kernel file
 */
struct pfn_attr_pair {
	enum pfn_attr a;
	enum pfn_attr b;
	enum pfn_verdict verdict;
	const char *why;
	const char *source;
};

#endif /* _LINUX_PFN_ATTR_H */
