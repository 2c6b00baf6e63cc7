/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pfn_track misuse: what drivers do wrong, and what only looks like it.
 *
 * Each case is one such thing, done in a window of its own of a PCI BAR that no
 * other case touches. What the registry has to say of each is in the table of
 * tests/qemu/corpus.py.
 */
#ifndef _PFN_TRACK_MISUSE_H
#define _PFN_TRACK_MISUSE_H

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pfn_track.h>
#include <linux/sizes.h>

struct address_space;
struct dev_pagemap;
struct device;
struct io_mapping;

#define MISUSE_PAGES	8
#define MISUSE_WINDOW	(MISUSE_PAGES * PAGE_SIZE)
#define MISUSE_MAPS	3
#define MISUSE_POOL	4
/* As much as memory that gets struct pages has at least. */
#define MISUSE_AREA	SZ_2M

struct misuse;

/**
 * struct misuse_case - something that drivers do
 * @name: of the case, with which it is asked for; NULL ends a table
 * @run: does it, or the next step of it; what it holds is undone if it fails
 * @undo: undoes all of it, done or half done
 * @mmap: maps the window, or memory of the case, into a process; or NULL
 */
struct misuse_case {
	const char *name;
	int (*run)(struct misuse *m);
	void (*undo)(struct misuse *m);
	int (*mmap)(struct misuse *m, struct vm_area_struct *vma);
};

/**
 * struct misuse - the state of a case
 * @what: the case
 * @dev: device that the window belongs to
 * @start: first byte of the window; it is %MISUSE_WINDOW bytes long
 * @area: %MISUSE_AREA bytes behind the windows, for one case at a time
 * @step: how often the case was run since it was undone
 * @map: kernel mappings of the window
 * @nr: how many
 * @page: a page of RAM
 * @mem: memory, or a mapping of memory, of the case's own kind
 * @dma: its address for the device
 * @claim: a claim on the window
 * @copy: what becomes of a claim when its owner is copied
 * @looked: mappings that one who looks at them has seen
 * @io: the window as an io_mapping
 * @freed: a page of RAM that was freed as it should not be
 * @pool: pages of RAM
 * @pool_is_wc: their caching state was changed
 * @pgmap: struct pages of @area
 * @mapping: through which processes map the window
 */
struct misuse {
	const struct misuse_case *what;
	struct device *dev;
	phys_addr_t start;
	phys_addr_t area;
	unsigned int step;
	void __iomem *map[MISUSE_MAPS];
	unsigned int nr;
	struct page *page;
	void *mem;
	dma_addr_t dma;
	struct pfn_claim claim;
	struct pfn_claim copy;
	unsigned int looked;
	struct io_mapping *io;
	struct page *freed;
	struct page *pool[MISUSE_POOL];
	bool pool_is_wc;
	struct dev_pagemap *pgmap;
	struct address_space *mapping;
};

extern const struct misuse_case misuse_kernel[];
extern const struct misuse_case misuse_user[];
extern const struct misuse_case misuse_fault[];
extern const struct misuse_case misuse_claim[];
extern const struct misuse_case misuse_pages[];

int misuse_keep(struct misuse *m, void __iomem *map);
int misuse_keep_mem(struct misuse *m, void *map);
void misuse_undo(struct misuse *m);

#endif /* _PFN_TRACK_MISUSE_H */
