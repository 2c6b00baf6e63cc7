/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pfntrack: the records of live mappings.  Each is in two orders: by physical
 * address, to be judged by, and by address space and virtual address, to be undone by.
 */
#ifndef PFNTRACK_SHADOW_RECORDS_H
#define PFNTRACK_SHADOW_RECORDS_H

#include <stddef.h>

#include "shadow.h"
#include "treap.h"

/* One space for all: only the order by virtual address has several. */
#define PHYSICAL 0

struct record {
	struct treap_node phys, virt;
	struct shadow_map map;
};

struct shadow {
	struct treap phys, virt;
	const struct pat_arch *arch;
	uint64_t ids, forgotten;
	size_t n, most;
};

static inline struct record *record_of_phys(struct treap_node *node)
{
	return (struct record *)((char *)node - offsetof(struct record, phys));
}

static inline struct record *record_of_virt(struct treap_node *node)
{
	return (struct record *)((char *)node - offsetof(struct record, virt));
}

struct record *record_at(const struct shadow *s, uint64_t mm, uint64_t va, uint64_t last);
void record_add(struct shadow *s, const struct shadow_map *map);
void record_drop(struct shadow *s, struct record *rec);
struct shadow_map record_cut(struct shadow *s, struct record *rec, uint64_t first, uint64_t last);
struct shadow_map shadow_part(const struct shadow_map *map, uint64_t first, uint64_t last);

#endif /* PFNTRACK_SHADOW_RECORDS_H */
