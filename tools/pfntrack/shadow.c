// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the live mappings of a kernel that keeps no books.
 *
 * What was there before we came is not known, and neither is what was dropped on
 * the way.
 */

#include <errno.h>
#include <stdlib.h>

#include "model.h"
#include "shadow_records.h"
#include "util.h"

#define PAT_READER 1
#include "../../arch/generic/pat/pat.h"

/* === Judgement ========================================================== */

struct judgement {
	enum pfn_verdict verdict;
	const struct record *held; /* the oldest of the worst, or NULL */
};

static enum pfn_verdict verdict(const struct shadow *s, uint64_t a, uint64_t b)
{
	return pat_judge(s->arch, a, b)->verdict;
}

/* As the kernel judges: what it got beside what is held, and beside what it wanted. */
static struct judgement judge(const struct shadow *s, const struct shadow_map *map)
{
	struct judgement j = { .verdict = PFN_VERDICT_SAME };
	uint64_t want = map->by.want, got = map->by.got;
	struct treap_node *node = NULL;

	while ((node = treap_overlap(&s->phys, PHYSICAL, map->start, map->end, node))) {
		const struct record *rec = record_of_phys(node);
		enum pfn_verdict v = verdict(s, got, rec->map.by.got);

		if (j.held &&
		    (v < j.verdict || (v == j.verdict && rec->map.time >= j.held->map.time)))
			continue;
		j.verdict = v;
		j.held = rec;
	}
	if (want != got && verdict(s, want, got) > PFN_VERDICT_UNKNOWN &&
	    j.verdict < PFN_VERDICT_ORDERING)
		j.verdict = PFN_VERDICT_ORDERING;
	return j;
}

static struct watch_event event_of(enum watch_type type, const struct shadow_map *map,
				   uint64_t time)
{
	return (struct watch_event){
		.type = type,
		.time = time,
		.start = map->start,
		.end = map->end,
		/* Kernel addresses are nobody's business. */
		.va = map->mm && map->mapped ? map->va : 0,
		.by = map->by,
	};
}

static bool tell_conflict(const struct shadow_map *map, const struct judgement *j,
			  enum pfn_result result)
{
	struct watch_event e = event_of(WATCH_conflict, map, map->time);

	e.verdict = j->verdict;
	e.result = result;
	e.held = (struct watch_side){ .kind = UINT64_MAX, .want = UINT64_MAX, .pid = -1 };
	e.held.got = map->by.got;
	if (j->held) {
		e.held = j->held->map.by;
		if (e.start < j->held->map.start)
			e.start = j->held->map.start;
		if (e.end > j->held->map.end)
			e.end = j->held->map.end;
	}
	return watch_event(&e);
}

/* === What happens ======================================================= */

/* What was refused is told only where we know of somebody who stands against it. */
static bool refused(struct shadow *s, const struct shadow_map *map)
{
	struct shadow_map wanted = *map;
	struct judgement j;

	wanted.by.got = wanted.by.want;
	j = judge(s, &wanted);
	if (!j.held || j.verdict < PFN_VERDICT_ORDERING)
		return true;
	return tell_conflict(&wanted, &j, PFN_RESULT_REFUSED_ARCH);
}

/* A fault that goes on where the one before it ended makes no record of its own. */
static bool goes_on(struct shadow *s, const struct shadow_map *map)
{
	struct record *rec;
	struct shadow_map longer;

	if (map->by.kind != PFN_KIND_INSERT || !map->va || !map->start)
		return false;
	rec = record_at(s, map->mm, map->va - 1, map->va - 1);
	if (!rec || rec->map.end + 1 != map->start || rec->map.by.kind != map->by.kind ||
	    rec->map.by.want != map->by.want || rec->map.by.got != map->by.got ||
	    rec->map.by.pid != map->by.pid)
		return false;
	longer = rec->map;
	longer.end = map->end;
	record_drop(s, rec);
	record_add(s, &longer);
	return true;
}

/* What is there already: an insert that changes nothing, or what we missed the end of. */
static bool known(struct shadow *s, const struct shadow_map *map)
{
	uint64_t last = map->va + (map->end - map->start);
	struct record *rec;

	if (!map->mapped)
		return false;
	while ((rec = record_at(s, map->mm, map->va, last))) {
		struct shadow_map same = shadow_part(&rec->map, map->va, last);

		if (map->by.kind == PFN_KIND_INSERT && same.start == map->start &&
		    same.end == map->end && same.by.got == map->by.got)
			return true;
		record_cut(s, rec, map->va, last);
	}
	return false;
}

/**
 * shadow_map() - something was mapped, or was not allowed to
 * @s: all that is known
 * @map: all of it
 * @error: 0, or why not
 *
 * Return: whether to go on.
 */
bool shadow_map(struct shadow *s, const struct shadow_map *map, int error)
{
	struct watch_event e;
	struct judgement j;

	if (error)
		return error == -ENOMEM || refused(s, map);
	if (known(s, map))
		return true;
	/* First: the holder may be the record that is made longer. */
	j = judge(s, map);
	if (j.verdict >= PFN_VERDICT_ORDERING && !tell_conflict(map, &j, PFN_RESULT_MAPPED))
		return false;
	if (!goes_on(s, map))
		record_add(s, map);
	e = event_of(WATCH_map, map, map->time);
	return watch_event(&e);
}

/**
 * shadow_unmap() - virtual addresses map nothing any more
 * @s: all that is known
 * @mm: whose; 0 for the kernel
 * @va: first byte
 * @size: in bytes; 0 for all of the mapping that @va is in
 * @time: when
 *
 * Return: whether to go on.
 */
bool shadow_unmap(struct shadow *s, uint64_t mm, uint64_t va, uint64_t size, uint64_t time)
{
	uint64_t last = size ? va + size - 1 : va;
	struct shadow_map taken;
	struct watch_event e;
	struct record *rec;

	while ((rec = record_at(s, mm, va, last))) {
		if (!size) {
			va = rec->virt.start;
			last = rec->virt.last;
		}
		taken = record_cut(s, rec, va, last);
		e = event_of(WATCH_unmap, &taken, time);
		if (!watch_event(&e))
			return false;
	}
	return true;
}

/**
 * shadow_release() - a physical range that had no addresses is given back
 * @s: all that is known
 * @start: first byte
 * @end: last byte
 * @pid: who gives it back
 * @time: when
 *
 * PAT may hold one range several times, and does not say which of them goes.  It is
 * the oldest one of the process, and if it has none, the oldest.
 *
 * Return: whether to go on.
 */
bool shadow_release(struct shadow *s, uint64_t start, uint64_t end, int64_t pid, uint64_t time)
{
	struct record *found = NULL;
	struct treap_node *node = NULL;
	struct watch_event e;

	while ((node = treap_overlap(&s->phys, PHYSICAL, start, end, node))) {
		struct record *rec = record_of_phys(node);

		if (rec->map.mapped || rec->map.start != start || rec->map.end != end)
			continue;
		if (!found)
			found = rec;
		if (rec->map.by.pid == pid) {
			found = rec;
			break;
		}
	}
	if (!found)
		return true;
	e = event_of(WATCH_unmap, &found->map, time);
	record_drop(s, found);
	return watch_event(&e);
}

/**
 * shadow_copy() - a child has what its parent has
 * @s: all that is known
 * @from: address space of the parent
 * @to: that of the child
 * @va: first byte
 * @size: in bytes
 * @time: when
 *
 * The child has no pid yet: it is told with that of its parent.
 *
 * Return: whether to go on.
 */
bool shadow_copy(struct shadow *s, uint64_t from, uint64_t to, uint64_t va, uint64_t size,
		 uint64_t time)
{
	struct treap_node *node = NULL;
	struct watch_event e;

	while ((node = treap_overlap(&s->virt, from, va, va + size - 1, node))) {
		struct shadow_map map = shadow_part(&record_of_virt(node)->map, va, va + size - 1);

		map.mm = to;
		map.time = time;
		record_add(s, &map);
		e = event_of(WATCH_map, &map, time);
		if (!watch_event(&e))
			return false;
	}
	return true;
}

/**
 * shadow_move() - the same, at other virtual addresses
 * @s: all that is known
 * @mm: whose
 * @va: first byte
 * @to: the new first byte
 * @size: in bytes
 */
void shadow_move(struct shadow *s, uint64_t mm, uint64_t va, uint64_t to, uint64_t size)
{
	struct shadow_map *moved = NULL, map;
	struct record *rec;
	size_t n = 0, i;

	/* Old and new may overlap: first all out, then all in. */
	while ((rec = record_at(s, mm, va, va + size - 1))) {
		map = record_cut(s, rec, va, va + size - 1);
		map.va = map.va - va + to;
		moved = xrealloc(moved, n + 1, sizeof(*moved));
		moved[n++] = map;
	}
	for (i = 0; i < n; i++)
		record_add(s, &moved[i]);
	free(moved);
}
