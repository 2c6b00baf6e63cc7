// SPDX-License-Identifier: GPL-2.0-only
/*
 * shadow: the live mappings of source bpf, and the treap they lie in, against
 * models that are too simple to be wrong.
 *
 *   shadow SEED STEPS
 *
 * An address space of the model is an array: each address has the mapping it
 * belongs to, and the physical address behind it.  A step that both do not tell
 * in the same words ends the run with the seed and the step.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "shadow.h"
#include "treap.h"
#include "util.h"

#define PAT_READER 1
#include "../../arch/generic/pat/pat.h"

#define SPACES     4
#define ADDRESSES  48
#define FRAMES     64
#define LONGEST    12
#define RESERVED   32
#define MAX_EVENTS 256

static uint64_t seed, state, step;

static void fail_at(int line, const char *format, ...) __attribute__((noreturn));

static void fail_at(int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "shadow.c:%d: seed %llu, step %llu: ", line, (unsigned long long)seed,
		(unsigned long long)step);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

#define CHECK(cond)                                     \
	do {                                            \
		if (!(cond))                            \
			fail_at(__LINE__, "%s", #cond); \
	} while (0)

/* splitmix64 */
static uint64_t chance(uint64_t below)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

/* === What the command would be told ===================================== */

static struct watch_event told[MAX_EVENTS];
static size_t nr_told;
static bool enough;

bool watch_event(const struct watch_event *event)
{
	CHECK(nr_told < MAX_EVENTS);
	told[nr_told++] = *event;
	return !enough;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	CHECK(p);
	return p;
}

void *xrealloc(void *p, size_t n, size_t size)
{
	p = realloc(p, n * size);
	CHECK(p);
	return p;
}

/* === The model ========================================================== */

/* An address; or, without a space, all of a range that is reserved. */
struct place {
	uint64_t record; /* 0: nothing is here */
	uint64_t frame, last, time;
	struct watch_side by;
};

static struct place spaces[SPACES][ADDRESSES], reserved[RESERVED];
static uint64_t records;

static bool same_side(const struct watch_side *a, const struct watch_side *b)
{
	return a->kind == b->kind && a->want == b->want && a->got == b->got && a->pid == b->pid &&
	       !strcmp(a->comm, b->comm) && !strcmp(a->site, b->site);
}

/* Whether @at goes on at @next. */
static bool joined(const struct place *at, const struct place *next)
{
	return at->record && at->record == next->record;
}

/* The end of the piece that begins at @first, at most @last. */
static uint64_t piece(const struct place *space, uint64_t first, uint64_t last)
{
	while (first < last && joined(&space[first], &space[first + 1]))
		first++;
	return first;
}

/* What is left behind @last of a record that was cut is one of its own. */
static void cut(struct place *space, uint64_t first, uint64_t last)
{
	uint64_t old = space[last].record, i;

	if (old && last + 1 < ADDRESSES && space[last + 1].record == old) {
		records++;
		for (i = last + 1; i < ADDRESSES && space[i].record == old; i++)
			space[i].record = records;
	}
	for (i = first; i <= last; i++)
		space[i].record = 0;
}

static void put(struct place *space, const struct shadow_map *map, uint64_t record, uint64_t time,
		const struct watch_side *by)
{
	uint64_t i;

	for (i = map->start; i <= map->end; i++)
		space[map->va + i - map->start] =
			(struct place){ .record = record, .frame = i, .time = time, .by = *by };
}

/* === Judgement ========================================================== */

static enum pfn_verdict verdict(uint64_t a, uint64_t b)
{
	return pat_judge(&pat_x86, a, b)->verdict;
}

struct candidates {
	struct {
		uint64_t first, last, time;
		enum pfn_verdict verdict;
		const struct watch_side *by;
	} at[SPACES * ADDRESSES + RESERVED];
	size_t n;
};

static void beside(struct candidates *c, const struct shadow_map *map, uint64_t first,
		   uint64_t last, const struct place *held)
{
	if (first > map->end || last < map->start)
		return;
	c->at[c->n].first = first > map->start ? first : map->start;
	c->at[c->n].last = last < map->end ? last : map->end;
	c->at[c->n].time = held->time;
	c->at[c->n].verdict = verdict(map->by.got, held->by.got);
	c->at[c->n++].by = &held->by;
}

static void all_beside(struct candidates *c, const struct shadow_map *map)
{
	uint64_t s, i, end;

	c->n = 0;
	for (s = 0; s < SPACES; s++) {
		for (i = 0; i < ADDRESSES; i = end + 1) {
			end = piece(spaces[s], i, ADDRESSES - 1);
			if (spaces[s][i].record)
				beside(c, map, spaces[s][i].frame, spaces[s][end].frame,
				       &spaces[s][i]);
		}
	}
	for (i = 0; i < RESERVED; i++)
		if (reserved[i].record)
			beside(c, map, reserved[i].frame, reserved[i].last, &reserved[i]);
}

/* Among those that are worst, the oldest; copies of a fork may be equally old. */
static bool is_held(const struct candidates *c, const struct watch_event *e,
		    enum pfn_verdict *worst)
{
	uint64_t oldest = UINT64_MAX;
	size_t i;

	*worst = PFN_VERDICT_SAME;
	for (i = 0; i < c->n; i++)
		if (c->at[i].verdict > *worst)
			*worst = c->at[i].verdict;
	for (i = 0; i < c->n; i++)
		if (c->at[i].verdict == *worst && c->at[i].time < oldest)
			oldest = c->at[i].time;
	for (i = 0; e && i < c->n; i++)
		if (c->at[i].verdict == *worst && c->at[i].time == oldest &&
		    c->at[i].first == e->start && c->at[i].last == e->end &&
		    same_side(c->at[i].by, &e->held))
			return true;
	return false;
}

/* Check that the first event is this conflict, if it is one at all; return how many that are. */
static size_t check_conflict(const struct shadow_map *map, bool was_refused)
{
	struct candidates c;
	struct shadow_map asked = *map;
	enum pfn_verdict worst;
	bool known;

	if (was_refused)
		asked.by.got = asked.by.want;
	all_beside(&c, &asked);
	known = is_held(&c, nr_told ? &told[0] : NULL, &worst);
	if (!was_refused && asked.by.want != asked.by.got && worst < PFN_VERDICT_ORDERING &&
	    verdict(asked.by.want, asked.by.got) > PFN_VERDICT_UNKNOWN)
		worst = PFN_VERDICT_ORDERING;
	if (worst < PFN_VERDICT_ORDERING || (was_refused && !c.n))
		return 0;
	CHECK(nr_told && told[0].type == WATCH_conflict);
	CHECK(told[0].verdict == worst && same_side(&told[0].by, &asked.by));
	CHECK(told[0].result == (was_refused ? PFN_RESULT_REFUSED_ARCH : PFN_RESULT_MAPPED));
	CHECK(told[0].time == map->time);
	if (c.n) {
		CHECK(known);
	} else {
		CHECK(told[0].held.pid == -1 && told[0].held.got == asked.by.got);
		CHECK(told[0].start == map->start && told[0].end == map->end);
	}
	return 1;
}

static void check_event(size_t n, enum watch_type type, uint64_t start, uint64_t end, uint64_t va,
			uint64_t time, const struct watch_side *by)
{
	CHECK(n < nr_told && told[n].type == type);
	CHECK(told[n].start == start && told[n].end == end && told[n].va == va);
	CHECK(told[n].time == time && same_side(&told[n].by, by));
}

/* === Steps: each is done to both ======================================== */

static struct shadow *shadow;
static uint64_t now;

static void random_range(uint64_t below, uint64_t *first, uint64_t *last)
{
	*first = chance(below);
	*last = *first + chance(LONGEST);
	if (*last >= below)
		*last = below - 1;
}

static struct watch_side random_side(void)
{
	static const enum pfn_attr attrs[] = { PFN_ATTR_WB, PFN_ATTR_WC, PFN_ATTR_UC_MINUS,
					       PFN_ATTR_UC, PFN_ATTR_UNKNOWN };
	struct watch_side side = { .pid = 1 + chance(3) };

	side.want = attrs[chance(ARRAY_SIZE(attrs))];
	side.got = chance(3) ? side.want : attrs[chance(ARRAY_SIZE(attrs))];
	snprintf(side.comm, sizeof(side.comm), "comm%d", (int)side.pid);
	snprintf(side.site, sizeof(side.site), "site+%d", (int)chance(100));
	return side;
}

/* Is it there already, as one piece of a record? */
static bool model_knows(const struct place *space, const struct shadow_map *map)
{
	uint64_t last = map->va + (map->end - map->start);

	return map->by.kind == PFN_KIND_INSERT && space[map->va].record &&
	       space[map->va].frame == map->start && piece(space, map->va, last) == last &&
	       space[map->va].by.got == map->by.got;
}

static void model_clear(struct place *space, uint64_t first, uint64_t last)
{
	uint64_t end;

	for (; first <= last; first = end + 1) {
		end = piece(space, first, last);
		cut(space, first, end);
	}
}

static void model_add(struct place *space, const struct shadow_map *map)
{
	const struct place *left = map->va ? &space[map->va - 1] : NULL;

	if (map->by.kind == PFN_KIND_INSERT && left && left->record && map->start &&
	    left->frame + 1 == map->start && left->by.kind == map->by.kind &&
	    left->by.want == map->by.want && left->by.got == map->by.got &&
	    left->by.pid == map->by.pid)
		put(space, map, left->record, left->time, &left->by);
	else
		put(space, map, ++records, map->time, &map->by);
}

static void do_map(void)
{
	struct shadow_map map = { .mm = chance(SPACES), .time = now, .mapped = true };
	struct place *space = spaces[map.mm];
	size_t n;

	map.by = random_side();
	map.by.kind = chance(2) ? PFN_KIND_INSERT : PFN_KIND_REMAP_PFN;
	random_range(ADDRESSES, &map.va, &map.end);
	map.end -= map.va;
	map.start = chance(FRAMES);
	/* Faults go on where the last one was, mostly. */
	if (map.by.kind == PFN_KIND_INSERT && map.va && space[map.va - 1].record && chance(4)) {
		map.start = space[map.va - 1].frame + 1;
		if (chance(4))
			map.by = space[map.va - 1].by;
	}
	map.end += map.start;
	if (!chance(8)) {
		int error = chance(2) ? -12 : -16; /* ENOMEM, EBUSY */

		CHECK(shadow_map(shadow, &map, error));
		CHECK(nr_told == (error == -12 ? 0 : check_conflict(&map, true)));
		return;
	}
	CHECK(shadow_map(shadow, &map, 0));
	if (model_knows(space, &map)) {
		CHECK(!nr_told);
		return;
	}
	model_clear(space, map.va, map.va + (map.end - map.start));
	n = check_conflict(&map, false);
	check_event(n, WATCH_map, map.start, map.end, map.mm ? map.va : 0, now, &map.by);
	CHECK(nr_told == n + 1);
	model_add(space, &map);
}

/* Of ranges that begin at one place, one may be longer, and one may be reserved twice. */
static void random_reservation(uint64_t *start, uint64_t *end)
{
	const struct place *other = &reserved[chance(RESERVED)];

	random_range(FRAMES, start, end);
	if (!other->record || !chance(4))
		return;
	*start = other->frame;
	*end = chance(2) ? other->last : *start + chance(FRAMES - *start);
}

static void do_reserve(void)
{
	struct shadow_map map = { .time = now };
	uint64_t i = chance(RESERVED);
	size_t n;

	if (reserved[i].record)
		return;
	map.by = random_side();
	map.by.kind = PFN_KIND_CLAIM;
	random_reservation(&map.start, &map.end);
	CHECK(shadow_map(shadow, &map, 0));
	n = check_conflict(&map, false);
	check_event(n, WATCH_map, map.start, map.end, 0, now, &map.by);
	CHECK(nr_told == n + 1);
	reserved[i] = (struct place){ ++records, map.start, map.end, now, map.by };
}

/* Only the very range goes: of the process, if it has one, and always the oldest. */
static void do_release(void)
{
	struct place *first = NULL;
	uint64_t start, end, i;
	int64_t pid = 1 + chance(3);

	random_reservation(&start, &end);
	for (i = 0; i < RESERVED; i++) {
		struct place *p = &reserved[i];
		bool own = p->by.pid == pid;

		if (!p->record || p->frame != start || p->last != end)
			continue;
		if (!first || (own && first->by.pid != pid) ||
		    (own == (first->by.pid == pid) && p->record < first->record))
			first = p;
	}
	CHECK(shadow_release(shadow, start, end, pid, now));
	CHECK(nr_told == !!first);
	if (!first)
		return;
	check_event(0, WATCH_unmap, first->frame, first->last, 0, now, &first->by);
	first->record = 0;
}

static void unmap(uint64_t mm, uint64_t va, uint64_t last)
{
	struct place *space = spaces[mm];
	uint64_t size = last - va + 1, end;
	size_t n = 0;

	/* Half of the time only by an address within. */
	if (chance(2)) {
		size = 0;
		last = va;
		while (va && joined(&space[va - 1], &space[va]))
			va--;
		last = piece(space, last, ADDRESSES - 1);
		/* Any address of it will do. */
		CHECK(shadow_unmap(shadow, mm, va + chance(last - va + 1), 0, now));
	} else {
		CHECK(shadow_unmap(shadow, mm, va, size, now));
	}
	for (; va <= last; va = end + 1) {
		end = piece(space, va, last);
		if (!space[va].record)
			continue;
		check_event(n++, WATCH_unmap, space[va].frame, space[end].frame, mm ? va : 0, now,
			    &space[va].by);
		cut(space, va, end);
	}
	CHECK(nr_told == n);
}

static void do_unmap(void)
{
	uint64_t va, last;

	random_range(ADDRESSES, &va, &last);
	unmap(chance(SPACES), va, last);
}

static bool is_free(const struct place *space, uint64_t first, uint64_t last)
{
	for (; first <= last; first++)
		if (space[first].record)
			return false;
	return true;
}

static void do_copy(void)
{
	uint64_t from = chance(SPACES), to = chance(SPACES), va, last, end;
	size_t n = 0;

	random_range(ADDRESSES, &va, &last);
	/* A child has nothing of its own yet. */
	if (from == to || !is_free(spaces[to], va, last))
		return;
	CHECK(shadow_copy(shadow, from, to, va, last - va + 1, now));
	for (; va <= last; va = end + 1) {
		const struct place *old = &spaces[from][va];
		uint64_t i;

		end = piece(spaces[from], va, last);
		if (!old->record)
			continue;
		records++;
		for (i = va; i <= end; i++) {
			spaces[to][i] = spaces[from][i];
			spaces[to][i].record = records;
			spaces[to][i].time = now;
		}
		check_event(n++, WATCH_map, old->frame, spaces[from][end].frame, to ? va : 0, now,
			    &old->by);
	}
	CHECK(nr_told == n);
}

static void do_move(void)
{
	struct place moved[LONGEST];
	uint64_t mm = chance(SPACES), va, last, to, i, end;
	struct place *space = spaces[mm];

	random_range(ADDRESSES, &va, &last);
	to = chance(ADDRESSES - (last - va));
	/* mremap() unmaps what was there. */
	for (i = to; i <= to + (last - va); i++)
		if ((i < va || i > last) && space[i].record)
			return;
	shadow_move(shadow, mm, va, to, last - va + 1);
	CHECK(!nr_told);
	memcpy(moved, &space[va], (last - va + 1) * sizeof(*moved));
	/* Each piece is a record of its own from here on. */
	for (i = 0; i <= last - va; i = end + 1) {
		end = piece(moved, i, last - va);
		cut(space, va + i, va + end);
		records++;
		for (uint64_t j = i, old = moved[i].record; old && j <= end; j++)
			moved[j].record = records;
	}
	memcpy(&space[to], moved, (last - va + 1) * sizeof(*moved));
}

static void random_steps(uint64_t steps)
{
	static void (*const kinds[])(void) = { do_map,   do_map,   do_map,  do_reserve, do_release,
					       do_unmap, do_unmap, do_copy, do_move };

	shadow = shadow_new(&pat_x86, SHADOW_MOST);
	for (step = 1; step <= steps; step++) {
		now = step;
		nr_told = 0;
		kinds[chance(ARRAY_SIZE(kinds))]();
	}
	/* Everything is still there and nothing else. */
	for (uint64_t mm = 0; mm < SPACES; mm++) {
		nr_told = 0;
		unmap(mm, 0, ADDRESSES - 1);
	}
	/* Who reads has enough: that is passed on. */
	enough = true;
	nr_told = 0;
	now++;
	CHECK(!shadow_map(shadow,
			  &(struct shadow_map){ .end = 9, .time = now, .by.kind = PFN_KIND_CLAIM },
			  0));
	CHECK(nr_told == 1 && !shadow_release(shadow, 0, 9, 0, now));
	enough = false;
	CHECK(!shadow_forgotten(shadow));
	shadow_free(shadow);
	shadow_free(NULL);
}

/* === Bounds ============================================================= */

/* There is room for so many records and not for one more, however they come to be. */
static void bounded_memory(void)
{
	enum {
		MOST = 8
	};
	struct shadow_map map = { .end = 9, .mapped = true, .by.kind = PFN_KIND_REMAP_PFN };
	uint64_t i, left = 0;

	step = 0;
	shadow = shadow_new(&pat_x86, MOST);
	for (i = 0; i < MOST; i++) {
		nr_told = 0;
		map.va = i * 100;
		CHECK(shadow_map(shadow, &map, 0));
	}
	CHECK(!shadow_forgotten(shadow));
	/* Another mapping, a child's, and what an unmap from the middle leaves behind it. */
	nr_told = 0;
	map.va = 10000;
	CHECK(shadow_map(shadow, &map, 0) && nr_told == 1 && told[0].type == WATCH_map);
	CHECK(shadow_forgotten(shadow) == 1);
	CHECK(shadow_copy(shadow, 0, 1, 0, 10, 1) && shadow_forgotten(shadow) == 2);
	nr_told = 0;
	CHECK(shadow_unmap(shadow, 0, 4, 2, 1) && nr_told == 1);
	CHECK(shadow_forgotten(shadow) == 3);
	/* What was kept is still right: the first four bytes, and seven whole mappings. */
	for (i = 0; i <= 10000; i++) {
		nr_told = 0;
		CHECK(shadow_unmap(shadow, 0, i, 1, 1) && nr_told <= 1);
		left += nr_told;
	}
	CHECK(left == 4 + (MOST - 1) * 10);
	/* And there is room again. */
	nr_told = 0;
	CHECK(shadow_map(shadow, &map, 0) && shadow_forgotten(shadow) == 3);
	nr_told = 0;
	CHECK(shadow_unmap(shadow, 0, map.va, 0, 1) && nr_told == 1);
	shadow_free(shadow);
}

/* === The treap by itself ================================================ */

#define NODES 200

static bool in_order(const struct treap_node *a, const struct treap_node *b)
{
	if (a->space != b->space)
		return a->space < b->space;
	return a->start != b->start ? a->start < b->start : a->id < b->id;
}

/* What the one function says of the next, asked of all one by one. */
static struct treap_node *next_of(struct treap_node *nodes, const bool *in, uint64_t space,
				  uint64_t start, uint64_t last, const struct treap_node *after)
{
	struct treap_node *best = NULL;

	for (size_t i = 0; i < NODES; i++)
		if (in[i] && nodes[i].space == space && nodes[i].start <= last &&
		    nodes[i].last >= start && (!after || in_order(after, &nodes[i])) &&
		    (!best || in_order(&nodes[i], best)))
			best = &nodes[i];
	return best;
}

static unsigned int depth(const struct treap_node *n)
{
	unsigned int left, right;

	if (!n)
		return 0;
	left = depth(n->left);
	right = depth(n->right);
	return 1 + (left > right ? left : right);
}

/* What keeps it flat, and what an overlap is found by. */
static bool is_sound(const struct treap_node *n)
{
	const struct treap_node *below[] = { n ? n->left : NULL, n ? n->right : NULL };
	uint64_t most = n ? n->last : 0;

	for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
		if (!below[i])
			continue;
		if (below[i]->chance > n->chance || !is_sound(below[i]))
			return false;
		if (below[i]->most > most)
			most = below[i]->most;
	}
	return !n || n->most == most;
}

static void random_treap(uint64_t steps)
{
	static struct treap_node nodes[NODES];
	/* Also where sums would overflow. */
	static const uint64_t bases[] = { 0, 1000, UINT64_MAX - 60 };
	struct treap t = { 0 };
	bool in[NODES] = { false };

	for (step = 1; step <= steps; step++) {
		struct treap_node *node = &nodes[chance(NODES)], *found = NULL, *wanted;
		uint64_t space = chance(3), start = bases[chance(3)] + chance(40), last;
		bool *is_in = &in[node - nodes];

		last = start + chance(20);
		if (*is_in)
			treap_remove(&t, node);
		else
			*node = (struct treap_node){
				.space = space, .start = start, .last = last, .id = step
			};
		*is_in = !*is_in;
		if (*is_in)
			treap_add(&t, node);
		CHECK(is_sound(t.root));
		space = chance(3);
		start = bases[chance(3)] + chance(40);
		last = chance(8) ? start + chance(20) : UINT64_MAX;
		do {
			wanted = next_of(nodes, in, space, start, last, found);
			found = treap_overlap(&t, space, start, last, found);
			CHECK(found == wanted);
		} while (found);
	}
}

/* What comes in order would make a list of a tree that does nothing about it. */
static void ordered_treap(void)
{
	enum {
		MANY = 100000
	};
	struct treap_node *nodes = xcalloc(MANY, sizeof(*nodes));
	struct treap t = { 0 };
	size_t i;

	step = 0;
	for (i = 0; i < MANY; i++) {
		nodes[i] = (struct treap_node){ .start = i * 10, .last = i * 10 + 9, .id = i };
		treap_add(&t, &nodes[i]);
	}
	CHECK(depth(t.root) < 64);
	for (i = 0; i < MANY; i += 997)
		CHECK(treap_overlap(&t, 0, i * 10 + 9, i * 10 + 9, NULL) == &nodes[i]);
	for (i = 0; i < MANY; i++)
		treap_remove(&t, &nodes[i]);
	CHECK(!t.root);
	free(nodes);
}

int main(int argc, char **argv)
{
	uint64_t steps = argc == 3 ? strtoull(argv[2], NULL, 0) : 0;

	if (!steps) {
		fprintf(stderr, "usage: shadow SEED STEPS\n");
		return 2;
	}
	seed = state = strtoull(argv[1], NULL, 0);
	random_treap(steps);
	random_steps(steps);
	bounded_memory();
	ordered_treap();
	return 0;
}
