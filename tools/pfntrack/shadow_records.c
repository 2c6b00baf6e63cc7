// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the records of live mappings, in two orders.
 */

#include <stdlib.h>
#include <unistd.h>

#include "shadow_records.h"
#include "util.h"

/**
 * record_at() - the first record that is mapped within these addresses
 * @s: all that is known
 * @mm: address space; 0 for the kernel
 * @va: first byte
 * @last: last byte
 *
 * Return: NULL if none is.
 */
struct record *record_at(const struct shadow *s, uint64_t mm, uint64_t va, uint64_t last)
{
	struct treap_node *node = treap_overlap(&s->virt, mm, va, last, NULL);

	return node ? record_of_virt(node) : NULL;
}

/**
 * shadow_new() - nothing is known yet
 * @arch: by whose rules to judge
 * @most: how many records to keep at most
 */
struct shadow *shadow_new(const struct pat_arch *arch, size_t most)
{
	struct shadow *s = xcalloc(1, sizeof(*s));

	s->arch = arch;
	s->most = most;
	/* Without a seed that nobody can foresee, a process could map in the order of a list. */
	if (getentropy(&s->phys.seed, sizeof(s->phys.seed)) ||
	    getentropy(&s->virt.seed, sizeof(s->virt.seed)))
		s->phys.seed = 0;
	return s;
}

/**
 * shadow_forgotten() - how many mappings were not kept?
 * @s: all that is known
 *
 * Their ends are not told, and no newcomer is judged beside them.
 */
uint64_t shadow_forgotten(const struct shadow *s)
{
	return s->forgotten;
}

/**
 * record_add() - keep a mapping, if there is room
 * @s: all that is known
 * @map: what is copied
 */
void record_add(struct shadow *s, const struct shadow_map *map)
{
	struct record *rec;

	if (s->n >= s->most) {
		s->forgotten++;
		return;
	}
	s->n++;
	rec = xcalloc(1, sizeof(*rec));
	rec->map = *map;
	rec->phys.space = PHYSICAL;
	rec->phys.start = map->start;
	rec->phys.last = map->end;
	rec->phys.id = ++s->ids;
	treap_add(&s->phys, &rec->phys);
	rec->virt.space = map->mm;
	rec->virt.start = map->va;
	rec->virt.last = map->va + (map->end - map->start);
	rec->virt.id = rec->phys.id;
	if (map->mapped)
		treap_add(&s->virt, &rec->virt);
}

/**
 * record_drop() - forget a mapping
 * @s: all that is known
 * @rec: what is freed
 */
void record_drop(struct shadow *s, struct record *rec)
{
	treap_remove(&s->phys, &rec->phys);
	if (rec->map.mapped)
		treap_remove(&s->virt, &rec->virt);
	free(rec);
	s->n--;
}

/**
 * shadow_part() - the part of a mapping within a range of its virtual addresses
 * @map: the whole
 * @first: first byte
 * @last: last byte
 */
struct shadow_map shadow_part(const struct shadow_map *map, uint64_t first, uint64_t last)
{
	struct shadow_map p = *map;
	uint64_t end = map->va + (map->end - map->start);

	if (first > p.va) {
		p.start += first - p.va;
		p.va = first;
	}
	if (last < end)
		p.end -= end - last;
	return p;
}

/**
 * record_cut() - take a range of virtual addresses out of a record
 * @s: all that is known
 * @rec: the record, which is freed; what is left of it are new ones
 * @first: first byte
 * @last: last byte
 *
 * Return: what was taken.
 */
struct shadow_map record_cut(struct shadow *s, struct record *rec, uint64_t first, uint64_t last)
{
	struct shadow_map old = rec->map, taken = shadow_part(&old, first, last), rest;
	uint64_t end = old.va + (old.end - old.start);

	record_drop(s, rec);
	if (old.va < first) {
		rest = shadow_part(&old, old.va, first - 1);
		record_add(s, &rest);
	}
	if (end > last) {
		rest = shadow_part(&old, last + 1, end);
		record_add(s, &rest);
	}
	return taken;
}

/**
 * shadow_free() - forget all
 * @s: or NULL
 */
void shadow_free(struct shadow *s)
{
	while (s && s->phys.root)
		record_drop(s, record_of_phys(s->phys.root));
	free(s);
}
