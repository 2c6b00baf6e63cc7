// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track misuse: cases of memory that has struct pages.
 *
 * Above each case, what its author would have said.
 */
#include <linux/err.h>
#include <linux/memremap.h>
#include <linux/slab.h>
#include "misuse.h"

/* Inline: each case is to be named. */
static __always_inline int make_pages(struct misuse *m)
{
	void *mem;

	m->pgmap = kzalloc(sizeof(*m->pgmap), GFP_KERNEL);
	if (!m->pgmap)
		return -ENOMEM;
	m->pgmap->type = MEMORY_DEVICE_GENERIC;
	m->pgmap->range.start = m->area;
	m->pgmap->range.end = m->area + MISUSE_AREA - 1;
	m->pgmap->nr_range = 1;
	mem = memremap_pages(m->pgmap, NUMA_NO_NODE);
	if (!IS_ERR(mem))
		return 0;
	kfree(m->pgmap);
	m->pgmap = NULL;
	return PTR_ERR(mem);
}

static void drop_pages(struct misuse *m)
{
	if (m->pgmap)
		memunmap_pages(m->pgmap);
	kfree(m->pgmap);
	m->pgmap = NULL;
}

static void pages_undo(struct misuse *m)
{
	misuse_undo(m);
	drop_pages(m);
}

/* === Mistakes =========================================================== */

/* "The BAR is memory, so it gets struct pages"; its end is registers. */
static int pages_over_uc(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->area + MISUSE_AREA - PAGE_SIZE,
					 PAGE_SIZE));

	return ret ?: make_pages(m);
}

/* "ioremap() is what one does with a BAR"; it is in the linear map. */
static int uc_over_pages(struct misuse *m)
{
	int ret = make_pages(m);

	return ret ?: misuse_keep(m, ioremap(m->area + PAGE_SIZE, PAGE_SIZE));
}

/* === Right ============================================================== */

/* Cached in the linear map, and cached elsewhere. */
static int pages_and_wb(struct misuse *m)
{
	int ret = make_pages(m);

	return ret ?: misuse_keep_mem(m, memremap(m->area, PAGE_SIZE,
						  MEMREMAP_WB));
}

/* The pages are gone before somebody maps it otherwise. */
static int pages_in_turn(struct misuse *m)
{
	int ret = make_pages(m);

	drop_pages(m);
	return ret ?: misuse_keep(m, ioremap(m->area, PAGE_SIZE));
}

const struct misuse_case misuse_pages[] = {
	{ "pages-over-uc", pages_over_uc, pages_undo },
	{ "uc-over-pages", uc_over_pages, pages_undo },
	{ "pages-and-wb", pages_and_wb, pages_undo },
	{ "pages-in-turn", pages_in_turn, pages_undo },
	{ }
};
