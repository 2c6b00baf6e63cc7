// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track misuse: cases of kernel mappings.
 *
 * Above each case, what its author would have said.
 */
#include <linux/io-mapping.h>
#include <linux/mm.h>
#include <linux/set_memory.h>
#include <linux/vmalloc.h>
#include "misuse.h"

/* === Mistakes =========================================================== */

/* "It is memory, so cached is faster"; the registers are still mapped. */
static int wb_after_uc(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start, PAGE_SIZE));

	return ret ?: misuse_keep_mem(m, memremap(m->start, PAGE_SIZE,
						  MEMREMAP_WB));
}

/* "ioremap() is what one does with a BAR"; another part reads it cached. */
static int uc_after_wb(struct misuse *m)
{
	int ret = misuse_keep_mem(m, memremap(m->start, PAGE_SIZE,
					      MEMREMAP_WB));

	return ret ?: misuse_keep(m, ioremap(m->start, PAGE_SIZE));
}

/* "The frame buffer wants write-combining"; firmware code has it uncached. */
static int wc_after_uc(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start, PAGE_SIZE));

	return ret ?: misuse_keep(m, ioremap_wc(m->start, PAGE_SIZE));
}

/* "One doorbell in it needs strict order"; all of it is write-combining. */
static int uc_after_wc(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap_wc(m->start, PAGE_SIZE));

	return ret ?: misuse_keep(m, ioremap(m->start, PAGE_SIZE));
}

/* "ioremap_uc() wins over whatever is there"; it does not. */
static int strong_uc_on_wb(struct misuse *m)
{
	int ret = misuse_keep_mem(m, memremap(m->start, PAGE_SIZE,
					      MEMREMAP_WB));

	return ret ?: misuse_keep(m, ioremap_uc(m->start, PAGE_SIZE));
}

/* "Configuration needs non-posted writes"; the rest is mapped posted. */
static int np_beside_posted(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start, PAGE_SIZE));

	return ret ?: misuse_keep(m, ioremap_np(m->start, PAGE_SIZE));
}

/* "The whole BAR at once"; two parts of it are mapped in two ways. */
static int wide_over_mixed(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start, PAGE_SIZE));

	ret = ret ?: misuse_keep(m, ioremap_wc(m->start + PAGE_SIZE,
					       PAGE_SIZE));
	return ret ?: misuse_keep(m, ioremap(m->start, 2 * PAGE_SIZE));
}

/* "The BAR is a frame buffer, so write-combining"; one page is registers. */
static int wc_over_registers(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start + 3 * PAGE_SIZE, PAGE_SIZE));

	return ret ?: misuse_keep(m, ioremap_wc(m->start, MISUSE_WINDOW));
}

/* "Four bytes of trailer"; they lie in the next page, which is registers. */
static int one_word_over(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start + PAGE_SIZE, PAGE_SIZE));

	return ret ?: misuse_keep(m, ioremap_wc(m->start, PAGE_SIZE + 4));
}

/* "Write-through, so that the device sees it"; the log is mapped cached. */
static int wt_beside_wb(struct misuse *m)
{
	int ret = misuse_keep_mem(m, memremap(m->start, PAGE_SIZE,
					      MEMREMAP_WB));

	return ret ?: misuse_keep(m, ioremap_wt(m->start, PAGE_SIZE));
}

/* "The device reads it, so write-combining"; RAM is mapped cached, too. */
static int vmap_wc(struct misuse *m)
{
	m->page = alloc_page(GFP_KERNEL);
	if (!m->page)
		return -ENOMEM;
	m->mem = vmap(&m->page, 1, VM_MAP, pgprot_writecombine(PAGE_KERNEL));
	return m->mem ? 0 : -ENOMEM;
}

/* "All of it at once, and pages of it later"; a part is mapped uncached. */
static int io_mapping_on_uc(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start + 3 * PAGE_SIZE, PAGE_SIZE));

	if (ret)
		return ret;
	m->io = io_mapping_create_wc(m->start, MISUSE_WINDOW);
	return m->io ? 0 : -ENOMEM;
}

static void io_mapping_undo(struct misuse *m)
{
	if (m->io)
		io_mapping_free(m->io);
	m->io = NULL;
	misuse_undo(m);
}

/* === Right ============================================================== */

/* One io_mapping, whose pages are used one by one, and a mapping like it. */
static int io_mapping_pages(struct misuse *m)
{
	unsigned int i;

	m->io = io_mapping_create_wc(m->start, MISUSE_WINDOW);
	if (!m->io)
		return -ENOMEM;
	for (i = 0; i < MISUSE_PAGES; i++) {
		void __iomem *map = io_mapping_map_local_wc(m->io,
							    i * PAGE_SIZE);

		writel(i, map);
		io_mapping_unmap_local(map);
	}
	return misuse_keep(m, ioremap_wc(m->start, PAGE_SIZE));
}

/* Two parts of a driver map the same registers, each for itself. */
static int twice_uc(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start, PAGE_SIZE));

	return ret ?: misuse_keep(m, ioremap(m->start, PAGE_SIZE));
}

/* Shared memory is memory, and both map it so. */
static int twice_wb(struct misuse *m)
{
	int ret = misuse_keep_mem(m, memremap(m->start, PAGE_SIZE,
					      MEMREMAP_WB));

	return ret ?: misuse_keep_mem(m, memremap(m->start, PAGE_SIZE,
						  MEMREMAP_WB));
}

/* All of the BAR, and then one part of it again, in the same way. */
static int whole_and_part(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start, MISUSE_WINDOW));

	return ret ?: misuse_keep(m, ioremap(m->start + 2 * PAGE_SIZE,
					     PAGE_SIZE));
}

/* Registers uncached, the buffer elsewhere in the BAR write-combining. */
static int disjoint(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start, PAGE_SIZE));

	return ret ?: misuse_keep(m, ioremap_wc(m->start + 2 * PAGE_SIZE,
						PAGE_SIZE));
}

/* The buffer begins with the byte after the registers, but for one. */
static int adjacent(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start, PAGE_SIZE - 1));

	return ret ?: misuse_keep(m, ioremap_wc(m->start + PAGE_SIZE,
						PAGE_SIZE));
}

/* Two registers of one page, each mapped alone. */
static int subpage(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start + 0x10, 4));

	return ret ?: misuse_keep(m, ioremap(m->start + 0x800, 4));
}

/* First to set up, uncached; then, unmapped, for work. */
static int in_turn(struct misuse *m)
{
	void __iomem *map = ioremap(m->start, PAGE_SIZE);

	if (!map)
		return -ENOMEM;
	iounmap(map);
	return misuse_keep(m, ioremap_wc(m->start, PAGE_SIZE));
}

/* RAM through memremap() is the linear map, not another mapping. */
static int memremap_ram(struct misuse *m)
{
	phys_addr_t phys;

	m->page = alloc_page(GFP_KERNEL);
	if (!m->page)
		return -ENOMEM;
	phys = page_to_phys(m->page);
	m->mem = memremap(phys, PAGE_SIZE, MEMREMAP_WB);
	return m->mem ? 0 : -ENOMEM;
}

static void memremap_ram_undo(struct misuse *m)
{
	if (m->mem)
		memunmap(m->mem);
	m->mem = NULL;
	misuse_undo(m);
}

/* Scattered pages in one piece, cached as they are. */
static int vmap_plain(struct misuse *m)
{
	m->page = alloc_page(GFP_KERNEL);
	if (!m->page)
		return -ENOMEM;
	m->mem = vmap(&m->page, 1, VM_MAP, PAGE_KERNEL);
	return m->mem ? 0 : -ENOMEM;
}

static void vmap_undo(struct misuse *m)
{
	vunmap(m->mem);
	m->mem = NULL;
	misuse_undo(m);
}

/* The linear map made write-combining first, which x86 alone can. */
#ifdef CONFIG_X86
static int set_vmap_wc(struct misuse *m)
{
	int ret;

	m->page = alloc_page(GFP_KERNEL);
	if (!m->page)
		return -ENOMEM;
	ret = set_memory_wc((unsigned long)page_address(m->page), 1);
	if (ret)
		return ret;
	m->mem = vmap(&m->page, 1, VM_MAP, pgprot_writecombine(PAGE_KERNEL));
	return m->mem ? 0 : -ENOMEM;
}

static void set_vmap_wc_undo(struct misuse *m)
{
	vunmap(m->mem);
	m->mem = NULL;
	if (m->page)
		set_memory_wb((unsigned long)page_address(m->page), 1);
	misuse_undo(m);
}
#else
static int set_vmap_wc(struct misuse *m)
{
	return -EOPNOTSUPP;
}

static void set_vmap_wc_undo(struct misuse *m)
{
}
#endif

/* x86: uncached whatever an MTRR says, beside uncached if none says more. */
static int uc_beside_ucminus(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start, PAGE_SIZE));

	return ret ?: misuse_keep(m, ioremap_uc(m->start, PAGE_SIZE));
}

/* With the registry switched off, nobody is asked. */
static int policy_off(struct misuse *m)
{
	int ret = misuse_keep(m, ioremap(m->start, PAGE_SIZE));

	return ret ?: misuse_keep(m, ioremap_wc(m->start, PAGE_SIZE));
}

const struct misuse_case misuse_kernel[] = {
	{ "wb-after-uc", wb_after_uc, misuse_undo },
	{ "uc-after-wb", uc_after_wb, misuse_undo },
	{ "wc-after-uc", wc_after_uc, misuse_undo },
	{ "uc-after-wc", uc_after_wc, misuse_undo },
	{ "strong-uc-on-wb", strong_uc_on_wb, misuse_undo },
	{ "np-beside-posted", np_beside_posted, misuse_undo },
	{ "wide-over-mixed", wide_over_mixed, misuse_undo },
	{ "wc-over-registers", wc_over_registers, misuse_undo },
	{ "one-word-over", one_word_over, misuse_undo },
	{ "wt-beside-wb", wt_beside_wb, misuse_undo },
	{ "vmap-wc", vmap_wc, vmap_undo },
	{ "io-mapping-on-uc", io_mapping_on_uc, io_mapping_undo },
	{ "io-mapping-pages", io_mapping_pages, io_mapping_undo },
	{ "twice-uc", twice_uc, misuse_undo },
	{ "twice-wb", twice_wb, misuse_undo },
	{ "whole-and-part", whole_and_part, misuse_undo },
	{ "disjoint", disjoint, misuse_undo },
	{ "adjacent", adjacent, misuse_undo },
	{ "subpage", subpage, misuse_undo },
	{ "in-turn", in_turn, misuse_undo },
	{ "memremap-ram", memremap_ram, memremap_ram_undo },
	{ "vmap-plain", vmap_plain, vmap_undo },
	{ "set-vmap-wc", set_vmap_wc, set_vmap_wc_undo },
	{ "uc-beside-ucminus", uc_beside_ucminus, misuse_undo },
	{ "policy-off", policy_off, misuse_undo },
	{ }
};
