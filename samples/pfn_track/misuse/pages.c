// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track misuse: cases of memory that has struct pages.
 *
 * Above each case, what its author would have said.
 */
#include <linux/err.h>
#include <linux/memremap.h>
#include <linux/set_memory.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
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

/* Where the linear map can be changed; elsewhere drivers cannot do this. */
static __always_inline int make_wc(struct misuse *m)
{
	m->page = alloc_page(GFP_KERNEL);
	if (!m->page)
		return -ENOMEM;
#ifdef CONFIG_X86
	return set_memory_wc((unsigned long)page_address(m->page), 1);
#else
	return -EOPNOTSUPP;
#endif
}

static void make_wb(struct page *page)
{
#ifdef CONFIG_X86
	set_memory_wb((unsigned long)page_address(page), 1);
#endif
}

static void wc_undo(struct misuse *m)
{
	vunmap(m->mem);
	m->mem = NULL;
	if (m->page)
		make_wb(m->page);
	misuse_undo(m);
}

/* === Mistakes =========================================================== */

/* "It is RAM, so it is mapped as RAM"; its caching state was changed. */
static int wc_page_wb_vmap(struct misuse *m)
{
	int ret = make_wc(m);

	if (ret)
		return ret;
	m->mem = vmap(&m->page, 1, VM_MAP, PAGE_KERNEL);
	return m->mem ? 0 : -ENOMEM;
}

/* "Not cached is not cached"; the one is combining, the other is not. */
static int wc_page_uc_vmap(struct misuse *m)
{
	int ret = make_wc(m);

	if (ret)
		return ret;
	m->mem = vmap(&m->page, 1, VM_MAP, pgprot_noncached(PAGE_KERNEL));
	return m->mem ? 0 : -ENOMEM;
}

/* "The page goes back to the system"; the next owner has it combining. */
static int wc_not_restored(struct misuse *m)
{
	int ret = make_wc(m);

	if (ret)
		return ret;
	m->freed = m->page;
	m->page = NULL;
	__free_page(m->freed);
	return 0;
}

/* Somebody may have the page by now, who will only find it faster. */
static void wc_not_restored_undo(struct misuse *m)
{
	if (m->freed)
		make_wb(m->freed);
	m->freed = NULL;
	misuse_undo(m);
}

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

/* As it was, before it goes back to the system. */
static int wc_restored(struct misuse *m)
{
	int ret = make_wc(m);

	if (ret)
		return ret;
	make_wb(m->page);
	__free_page(m->page);
	m->page = NULL;
	return 0;
}

/* A pool of pages as TTM has it: changed, mapped so, and changed back at once. */
static int pool_wc(struct misuse *m)
{
#ifdef CONFIG_X86
	unsigned int i;
	int ret;

	for (i = 0; i < MISUSE_POOL; i++) {
		m->pool[i] = alloc_page(GFP_KERNEL);
		if (!m->pool[i])
			return -ENOMEM;
	}
	ret = set_pages_array_wc(m->pool, MISUSE_POOL);
	m->pool_is_wc = !ret;
	if (ret)
		return ret;
	m->mem = vmap(m->pool, MISUSE_POOL, VM_MAP,
		      pgprot_writecombine(PAGE_KERNEL));
	return m->mem ? 0 : -ENOMEM;
#else
	return -EOPNOTSUPP;
#endif
}

static void pool_undo(struct misuse *m)
{
	unsigned int i;

	vunmap(m->mem);
	m->mem = NULL;
#ifdef CONFIG_X86
	if (m->pool_is_wc)
		set_pages_array_wb(m->pool, MISUSE_POOL);
#endif
	m->pool_is_wc = false;
	for (i = 0; i < MISUSE_POOL; i++) {
		if (m->pool[i])
			__free_page(m->pool[i]);
		m->pool[i] = NULL;
	}
	misuse_undo(m);
}

/* One page is given back: it is cached again, the others are not. */
static int pool_parted(struct misuse *m)
{
	int ret = m->step ? 0 : pool_wc(m);

	if (ret || !m->step)
		return ret;
	vunmap(m->mem);
	make_wb(m->pool[1]);
	m->mem = vmap(&m->pool[1], 1, VM_MAP, PAGE_KERNEL);
	return m->mem ? 0 : -ENOMEM;
}

const struct misuse_case misuse_pages[] = {
	{ "wc-page-wb-vmap", wc_page_wb_vmap, wc_undo },
	{ "wc-page-uc-vmap", wc_page_uc_vmap, wc_undo },
	{ "wc-not-restored", wc_not_restored, wc_not_restored_undo },
	{ "pages-over-uc", pages_over_uc, pages_undo },
	{ "uc-over-pages", uc_over_pages, pages_undo },
	{ "pages-and-wb", pages_and_wb, pages_undo },
	{ "pages-in-turn", pages_in_turn, pages_undo },
	{ "wc-restored", wc_restored, misuse_undo },
	{ "pool-wc", pool_wc, pool_undo },
	{ "pool-parted", pool_parted, pool_undo },
	{ }
};
