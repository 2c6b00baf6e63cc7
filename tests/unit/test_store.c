// SPDX-License-Identifier: GPL-2.0-only
/* The store alone: ranges, without judging and without hooks. */
#include "unit.h"

static struct pft_holder holder = { .ref = REFCOUNT_INIT(1), .comm = "store" };

static void add_at(u64 time, unsigned long va, unsigned long pfn,
		   unsigned long nr, enum pfn_attr attr)
{
	struct pft_record rec = {
		.pfn = pfn,
		.last = pfn + nr - 1,
		.va = pages(va),
		.id = &unit_mm[0],
		.holder = &holder,
		.want = attr,
		.got = attr,
		.kind = PFN_KIND_REMAP_PFN,
		.space = PFN_SPACE_USER,
		.time = time,
	};
	struct pft_spot spot;
	int ret;

	pft_unlock();
	pft_lock_stocked(GFP_KERNEL);
	CHECK(pft_store_spot(&rec, &spot));
	ret = pft_store_insert(&rec, &spot);
	CHECK(ret >= 0);
	if (ret)
		refcount_inc(&holder.ref);
}

static void add(unsigned long va, unsigned long pfn, unsigned long nr,
		enum pfn_attr attr)
{
	add_at(1, va, pfn, nr, attr);
}

static struct pft_range range(unsigned long va, unsigned long nr)
{
	return (struct pft_range){
		.space = PFN_SPACE_USER,
		.id = &unit_mm[0],
		.va = pages(va),
		.va_last = pages(va + nr) - 1,
	};
}

static int cut(struct pft_range *where, struct pft_cut *out)
{
	int ret = pft_store_cut(where, out);

	if (out->gone)
		CHECK(!refcount_dec_and_test(&holder.ref));
	return ret;
}

/* As a test begins. */
static void begin(void)
{
	CHECK_EQ(pft_store_init(), 0);
	spin_lock(&pft_lock);
}

static void empty(void)
{
	while (pft_store_pop())
		CHECK(!refcount_dec_and_test(&holder.ref));
	CHECK_EQ(holder.ref.refs, 1);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	CHECK_EQ(pft_segment_held(0, PFN_TOP), 0);
	pft_unlock();
}

/* What the walk over a range finds first of an attribute. */
static struct pft_record *walk(unsigned long pfn, unsigned long last,
			       enum pfn_attr attr)
{
	struct pft_walk walk = { .pfn = pfn, .last = last, .attrs = BIT(attr) };

	return pft_segment_walk(&walk);
}

/* The listing is [first, last] pairs, in order. */
static void check_list(const unsigned long *should, unsigned int nr)
{
	struct pft_record *rec = unit_after(NULL);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		CHECK(rec);
		CHECK_EQ(rec->pfn, should[2 * i]);
		CHECK_EQ(rec->last, should[2 * i + 1]);
		rec = unit_after(rec);
	}
	CHECK(!rec);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), nr);
}

#define CHECK_LIST(...)							\
	do {								\
		const unsigned long _list[] = { __VA_ARGS__ };		\
									\
		check_list(_list, ARRAY_SIZE(_list) / 2);		\
	} while (0)

TEST(store, empty)
{
	struct pft_range all = { .space = PFN_SPACE_USER, .va_last = ~0UL };
	struct pft_cut out;

	begin();
	CHECK(!unit_after(NULL));
	CHECK(!pft_store_first(&all));
	CHECK_EQ(pft_segment_held(0, PFN_TOP), 0);
	CHECK(!walk(0, PFN_TOP, A_WB));
	CHECK_EQ(cut(&all, &out), 0);
	CHECK(!out.gone);
	empty();
}

TEST(store, held)
{
	begin();
	add(10, 100, 10, A_WB);
	add(50, 105, 10, A_WC);
	CHECK_EQ(pft_segment_held(99, 99), 0);
	CHECK_EQ(pft_segment_held(100, 100), BIT(A_WB));
	CHECK_EQ(pft_segment_held(104, 104), BIT(A_WB));
	CHECK_EQ(pft_segment_held(105, 105), BIT(A_WB) | BIT(A_WC));
	CHECK_EQ(pft_segment_held(110, 114), BIT(A_WC));
	CHECK_EQ(pft_segment_held(115, 115), 0);
	CHECK_EQ(pft_segment_held(0, 100), BIT(A_WB));
	CHECK_EQ(pft_segment_held(0, PFN_TOP), BIT(A_WB) | BIT(A_WC));
	empty();
}

TEST(store, held_nested)
{
	begin();
	add(10, 100, 100, A_WB);
	add(200, 120, 20, A_WC);
	add(300, 130, 1, A_WB);
	CHECK_EQ(pft_segment_held(119, 119), BIT(A_WB));
	CHECK_EQ(pft_segment_held(120, 139), BIT(A_WB) | BIT(A_WC));
	CHECK_EQ(pft_segment_held(140, 199), BIT(A_WB));
	CHECK_LIST(100, 199, 120, 139, 130, 130);
	empty();
}

TEST(store, cut_whole)
{
	struct pft_range where = range(10, 10);
	struct pft_cut out;

	begin();
	add(10, 100, 10, A_WB);
	CHECK_EQ(cut(&where, &out), 1);
	CHECK(out.gone);
	CHECK_EQ(out.piece.pfn, 100);
	CHECK_EQ(out.piece.last, 109);
	CHECK_EQ(pft_segment_held(0, PFN_TOP), 0);
	CHECK_EQ(cut(&where, &out), 0);
	empty();
}

TEST(store, cut_head)
{
	struct pft_range where = range(5, 8);
	struct pft_cut out;

	begin();
	add(10, 100, 10, A_WB);
	CHECK_EQ(cut(&where, &out), 1);
	CHECK(!out.gone);
	CHECK_EQ(out.piece.pfn, 100);
	CHECK_EQ(out.piece.last, 102);
	CHECK_EQ(out.piece.va, pages(10));
	CHECK_LIST(103, 109);
	CHECK_EQ(unit_after(NULL)->va, pages(13));
	CHECK_EQ(cut(&where, &out), 0);
	empty();
}

TEST(store, cut_tail)
{
	struct pft_range where = range(18, 8);
	struct pft_cut out;

	begin();
	add(10, 100, 10, A_WB);
	CHECK_EQ(cut(&where, &out), 1);
	CHECK(!out.gone);
	CHECK_EQ(out.piece.pfn, 108);
	CHECK_EQ(out.piece.last, 109);
	CHECK_EQ(out.piece.va, pages(18));
	CHECK_LIST(100, 107);
	CHECK_EQ(cut(&where, &out), 0);
	empty();
}

TEST(store, cut_middle)
{
	struct pft_range where = range(13, 2);
	struct pft_cut out;

	begin();
	add(10, 100, 10, A_WB);
	CHECK_EQ(cut(&where, &out), 1);
	CHECK(!out.gone);
	CHECK_EQ(out.piece.pfn, 103);
	CHECK_EQ(out.piece.last, 104);
	CHECK_LIST(100, 102, 105, 109);
	/* Each half is found by its own addresses, and nothing between. */
	CHECK_EQ(pft_segment_held(103, 104), 0);
	where = range(13, 2);
	CHECK(!pft_store_first(&where));
	where = range(15, 1);
	CHECK_EQ(pft_store_first(&where)->pfn, 105);
	where = range(12, 1);
	CHECK_EQ(pft_store_first(&where)->pfn, 100);
	/* Both halves hold the holder. */
	CHECK_EQ(holder.ref.refs, 3);
	empty();
}

/* Nothing is left of a kind; a list of what was. */
static void *drain(enum pft_stock kind)
{
	void *list = NULL, **object;

	while ((object = pft_stock_take(kind))) {
		*object = list;
		list = object;
	}
	return list;
}

static void refill(enum pft_stock kind, void *list)
{
	while (list) {
		void *rest = *(void **)list;

		*(void **)list = NULL;
		pft_stock_give(kind, list);
		list = rest;
	}
}

static void cut_fails(struct pft_range where, enum pft_stock kind)
{
	struct pft_range before = where;
	struct pft_cut out;
	void *stock;

	begin();
	/* One block of 64 pages, held by a slot of an inner node. */
	add(64, 64, 64, A_WB);
	stock = drain(kind);
	CHECK_EQ(cut(&where, &out), -ENOMEM);
	CHECK(!memcmp(&where, &before, sizeof(where)));
	CHECK_LIST(64, 127);
	CHECK_EQ(pft_segment_held(64, 127), BIT(A_WB));
	CHECK_EQ(holder.ref.refs, 2);
	refill(kind, stock);
	CHECK_EQ(cut(&where, &out), 1);
	CHECK_EQ(pft_segment_held(out.piece.pfn, out.piece.last), 0);
	empty();
}

TEST(store, cut_middle_without_records)
{
	cut_fails(range(70, 2), PFT_STOCK_RECORD);
}

TEST(store, cut_middle_without_leaves)
{
	cut_fails(range(70, 2), PFT_STOCK_LEAF);
}

TEST(store, cut_head_without_leaves)
{
	cut_fails(range(64, 2), PFT_STOCK_LEAF);
}

TEST(store, cut_tail_without_leaves)
{
	cut_fails(range(120, 8), PFT_STOCK_LEAF);
}

/* One range, several records: each call takes one and moves on. */
TEST(store, cut_many)
{
	struct pft_range where = range(0, 40);
	struct pft_cut out;
	unsigned int i;

	begin();
	for (i = 0; i < 4; i++)
		add(10 * i, 1000 - 100 * i, 10, A_WB);
	for (i = 0; i < 4; i++) {
		CHECK_EQ(cut(&where, &out), 1);
		CHECK_EQ(out.piece.pfn, 1000 - 100 * i);
	}
	CHECK_EQ(cut(&where, &out), 0);
	empty();
}

TEST(store, cut_across_neighbours)
{
	struct pft_range where = range(15, 10);
	struct pft_cut out;

	begin();
	add(10, 100, 10, A_WB);
	add(20, 110, 10, A_WC);
	CHECK_EQ(cut(&where, &out), 1);
	CHECK_EQ(out.piece.pfn, 105);
	CHECK_EQ(cut(&where, &out), 1);
	CHECK_EQ(out.piece.pfn, 110);
	CHECK_EQ(out.piece.last, 114);
	CHECK_EQ(cut(&where, &out), 0);
	CHECK_LIST(100, 104, 115, 119);
	empty();
}

TEST(store, size_one)
{
	struct pft_range where;
	struct pft_cut out;

	begin();
	add(10, 100, 1, A_WB);
	add(11, 101, 1, A_WC);
	add(12, 102, 1, A_WB);
	CHECK_EQ(pft_segment_held(101, 101), BIT(A_WC));
	where = range(11, 1);
	CHECK_EQ(cut(&where, &out), 1);
	CHECK_EQ(out.piece.pfn, 101);
	CHECK_EQ(cut(&where, &out), 0);
	CHECK_LIST(100, 100, 102, 102);
	empty();
}

TEST(store, pfn_zero)
{
	struct pft_range where = range(10, 1);
	struct pft_cut out;

	begin();
	add(10, 0, 3, A_WB);
	CHECK_EQ(pft_segment_held(0, 0), BIT(A_WB));
	CHECK_LIST(0, 2);
	CHECK_EQ(cut(&where, &out), 1);
	CHECK_LIST(1, 2);
	CHECK_EQ(pft_segment_held(0, 0), 0);
	empty();
}

TEST(store, pfn_top)
{
	struct pft_range where = range(12, 1);
	struct pft_cut out;

	begin();
	add(10, PFN_TOP - 2, 3, A_WB);
	CHECK_EQ(pft_segment_held(PFN_TOP, PFN_TOP), BIT(A_WB));
	CHECK_EQ(pft_segment_held(0, 0), 0);
	CHECK_LIST(PFN_TOP - 2, PFN_TOP);
	CHECK_EQ(cut(&where, &out), 1);
	CHECK_LIST(PFN_TOP - 2, PFN_TOP - 1);
	CHECK_EQ(pft_segment_held(PFN_TOP, PFN_TOP), 0);
	empty();
}

/* The last page of the address space: nothing comes after it. */
TEST(store, va_top)
{
	const unsigned long top = ~0UL >> PAGE_SHIFT;
	struct pft_range where = range(top, 1);
	struct pft_cut out;

	begin();
	add(top - 1, 100, 2, A_WB);
	CHECK_EQ(where.va_last, ~0UL);
	CHECK_EQ(pft_va_last(unit_after(NULL)), ~0UL);
	CHECK_EQ(cut(&where, &out), 1);
	CHECK_EQ(out.piece.pfn, 101);
	CHECK_EQ(cut(&where, &out), 0);
	CHECK_LIST(100, 100);
	where = (struct pft_range){ .space = PFN_SPACE_USER,
				    .id = &unit_mm[0], .va_last = ~0UL };
	CHECK_EQ(cut(&where, &out), 1);
	CHECK_EQ(cut(&where, &out), 0);
	empty();
}

/* Same addresses, other space or other mm: not touched. */
TEST(store, spaces_are_apart)
{
	struct pft_range where = range(10, 10);
	struct pft_record *rec;
	struct pft_cut out;

	begin();
	add(10, 100, 10, A_WB);
	where.id = &unit_mm[1];
	CHECK(!pft_store_first(&where));
	where = range(10, 10);
	where.space = PFN_SPACE_KERNEL;
	CHECK(!pft_store_first(&where));

	/* Sorted before, between and after, each is found. */
	where = range(10, 10);
	rec = pft_store_first(&where);
	CHECK_EQ(cut(&where, &out), 1);
	(void)rec;
	empty();
}

TEST(store, walk)
{
	struct pft_walk all = { .pfn = 100, .last = 110, .attrs = ~0U };
	unsigned int nr = 0;

	begin();
	add(10, 100, 10, A_WB);
	add(30, 105, 10, A_WB);
	add(50, 100, 20, A_WC);
	add(80, 111, 20, A_WC);
	/* Far away, in other nodes, and all over them. */
	add(200, 1 << 12, 300, A_WB);
	add(600, 90, 1 << 13, A_WB);
	CHECK_EQ(walk(105, 110, A_WB)->va, pages(600));
	CHECK_EQ(walk(100, 110, A_WC)->va, pages(50));
	/* Those that reach over a block of 64 pages come first. */
	CHECK_EQ(walk(111, 140, A_WC)->va, pages(80));
	CHECK_EQ(walk(120, 140, A_WC)->va, pages(80));
	CHECK(!walk(131, PFN_TOP, A_WC));
	CHECK(!walk(100, 110, PFN_ATTR_UC));
	while (pft_segment_walk(&all))
		nr++;
	CHECK_EQ(nr, 4);
	empty();
}

/* By address, and none is skipped. */
TEST(store, listing)
{
	struct pft_record *rec;
	unsigned int i;

	begin();
	for (i = 100; i--; )
		add(10 * i, 100, 1 + i % 7, A_WB);
	rec = unit_after(NULL);
	for (i = 0; rec; i++) {
		CHECK_EQ(rec->va, pages(10 * i));
		rec = unit_after(rec);
	}
	CHECK_EQ(i, 100);
	empty();
}

/* The cursor may stand on a record that has gone meanwhile. */
TEST(store, listing_over_a_gap)
{
	struct pft_range where = range(10, 1);
	struct pft_place place = { };
	struct pft_record *rec;
	struct pft_cut out;

	begin();
	add(10, 100, 1, A_WB);
	add(11, 105, 1, A_WB);
	rec = unit_after(NULL);
	place.space = rec->space;
	place.id = rec->id;
	place.va = rec->va;
	place.rec = rec;
	CHECK_EQ(cut(&where, &out), 1);
	CHECK_EQ(pft_store_after(&place)->pfn, 105);
	empty();
}

/* === Joining ============================================================ */

TEST(store, joins_behind)
{
	begin();
	add(10, 100, 10, A_WB);
	add(20, 110, 5, A_WB);
	CHECK_LIST(100, 114);
	CHECK_EQ(pft_segment_held(110, 114), BIT(A_WB));
	CHECK_EQ(holder.ref.refs, 2);
	empty();
}

TEST(store, joins_before)
{
	begin();
	add_at(7, 20, 110, 5, A_WB);
	add_at(9, 10, 100, 10, A_WB);
	CHECK_LIST(100, 114);
	CHECK_EQ(unit_after(NULL)->va, pages(10));
	CHECK_EQ(unit_after(NULL)->time, 7);
	empty();
}

TEST(store, joins_both)
{
	struct pft_range where = range(14, 1);
	struct pft_cut out;

	begin();
	add_at(7, 10, 100, 5, A_WB);
	add_at(3, 20, 110, 5, A_WB);
	CHECK_EQ(holder.ref.refs, 3);
	add_at(9, 15, 105, 5, A_WB);
	CHECK_LIST(100, 114);
	CHECK_EQ(holder.ref.refs, 2);
	CHECK_EQ(unit_after(NULL)->time, 3);
	/* Held once only: one cut frees a page. */
	CHECK_EQ(cut(&where, &out), 1);
	CHECK_EQ(pft_segment_held(104, 104), 0);
	CHECK_LIST(100, 103, 105, 114);
	empty();
}

/* Neighbours that differ in anything but their place stay apart. */
TEST(store, joins_only_its_like)
{
	static struct pft_holder other = { .ref = REFCOUNT_INIT(2) };
	struct pft_record rec;
	struct pft_spot spot;

	begin();
	add(10, 100, 5, A_WB);
	rec = *unit_after(NULL);
	rec.va = pages(15);
	rec.pfn = 105;
	rec.last = 109;
#define CHECK_APART(field, value)					\
	do {								\
		struct pft_record odd = rec;				\
		struct pft_cut out;					\
		struct pft_range where;					\
									\
		odd.field = value;					\
		CHECK(pft_store_spot(&odd, &spot));			\
		CHECK_EQ(pft_store_insert(&odd, &spot), 1);		\
		CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 2);		\
		where = (struct pft_range){				\
			.space = odd.space, .id = odd.id,		\
			.va = odd.va, .va_last = pft_va_last(&odd),	\
		};							\
		CHECK_EQ(pft_store_cut(&where, &out), 1);		\
		CHECK(out.gone);					\
	} while (0)
	CHECK_APART(want, A_WC);
	CHECK_APART(got, A_WC);
	CHECK_APART(kind, PFN_KIND_IOREMAP);
	CHECK_APART(space, PFN_SPACE_KERNEL);
	CHECK_APART(id, &unit_mm[1]);
	CHECK_APART(holder, &other);
	CHECK_APART(va, pages(16));
	rec.last++;
	CHECK_APART(pfn, 106);
#undef CHECK_APART
	empty();
}

/* Page by page, in any order, as faults come: one record in the end. */
TEST(store, joins_page_by_page)
{
	const unsigned long nr = 10000, first = 50;
	unsigned long i, page;

	begin();
	for (i = 0; i < nr; i++) {
		page = i * 7919 % nr;
		add(first + page, first + page, 1, A_WB);
	}
	CHECK_LIST(first, first + nr - 1);
	CHECK_EQ(holder.ref.refs, 2);
	CHECK_EQ(pft_segment_held(first - 1, first - 1), 0);
	CHECK_EQ(pft_segment_held(first + nr, first + nr), 0);
	for (i = 0; i < nr; i++)
		CHECK_EQ(pft_segment_held(first + i, first + i), BIT(A_WB));
	empty();
}

/* === Segments =========================================================== */

/* Blocks of all sizes, held from every side, against what was counted. */
TEST(store, resize)
{
	static const unsigned long spots[] = {
		1, 2, 63, 64, 65, 127, 128, 4095, 4096, 4097, 8191, 8192,
		12288, 262143, 262144, 262145, 266240, 524288
	};
	unsigned int i, j, k;

	begin();
	for (i = 0; i < ARRAY_SIZE(spots); i++) {
		for (j = i + 1; j < ARRAY_SIZE(spots); j++) {
			for (k = 0; k < ARRAY_SIZE(spots); k++) {
				struct pft_record *rec;

				if (k == i || k == j)
					continue;
				add(0, spots[i], spots[j] - spots[i], A_WB);
				rec = unit_after(NULL);
				pft_unlock();
				pft_lock_stocked(GFP_KERNEL);
				if (spots[k] > spots[i])
					CHECK_EQ(pft_segment_resize(rec,
						 spots[i], spots[k] - 1), 0);
				else
					CHECK_EQ(pft_segment_resize(rec,
						 spots[k], spots[j] - 1), 0);
				CHECK_EQ(pft_segment_held(rec->pfn - 1,
							  rec->pfn - 1), 0);
				CHECK_EQ(pft_segment_held(rec->last + 1,
							  PFN_TOP), 0);
				CHECK_EQ(pft_segment_held(rec->pfn, rec->pfn),
					 BIT(A_WB));
				CHECK_EQ(pft_segment_held(rec->last, rec->last),
					 BIT(A_WB));
				CHECK(walk(rec->last, rec->last, A_WB) == rec);
				CHECK(!refcount_dec_and_test(&holder.ref));
				CHECK(pft_store_pop());
				/* What was held twice or not dropped shows now. */
				CHECK_EQ(pft_segment_held(0, PFN_TOP), 0);
			}
		}
	}
	empty();
}

/* The same block held often, and by blocks above and below it. */
TEST(store, held_over_and_over)
{
	unsigned long nr = 64;
	unsigned int i;

	begin();
	for (i = 0; i < 4; i++, nr *= 8)
		add(100000 * i, 1 << 12, nr, A_WB);
	for (i = 0; i < 4; i++)
		add(500000 + i * 100, 1 << 12, 64, A_WB);
	for (i = 0; i < 4; i++) {
		struct pft_range where = range(500000 + i * 100, 32);
		struct pft_cut out;

		CHECK_EQ(cut(&where, &out), 1);
		CHECK_EQ(pft_segment_held(1 << 12, (1 << 12) + 63), BIT(A_WB));
	}
	empty();
}

TEST(store, many_holders_of_one_range)
{
	const unsigned int nr = 10000;
	unsigned int i;
	struct pft_record *rec;

	begin();
	for (i = 0; i < nr; i++)
		add(10 * i, 100, 2, i == nr / 2 ? A_WC : A_WB);
	CHECK_EQ(pft_segment_held(101, 101), BIT(A_WB) | BIT(A_WC));
	i = 0;
	for (rec = unit_after(NULL); rec;
	     rec = unit_after(rec))
		i++;
	CHECK_EQ(i, nr);

	/* Every other one goes, by its address. */
	for (i = 0; i < nr; i += 2) {
		struct pft_range where = range(10 * i, 2);
		struct pft_cut out;

		CHECK_EQ(cut(&where, &out), 1);
	}
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), nr / 2);
	CHECK_EQ(pft_segment_held(100, 100), BIT(A_WB));
	CHECK_EQ(holder.ref.refs, 1 + nr / 2);
	empty();
}

/* The tree's own sums stay right over many changes, see also model.*. */
TEST(store, churn)
{
	unsigned int i;

	begin();
	for (i = 0; i < 500; i++)
		add(10 * i, 7 * i % 1000, 5, A_WB);
	for (i = 0; i < 500; i++) {
		struct pft_range where = range(10 * i + i % 5, 1);
		struct pft_cut out;

		pft_unlock();
		pft_lock_stocked(GFP_KERNEL);
		CHECK_EQ(cut(&where, &out), 1);
		CHECK_EQ(out.piece.pfn, 7 * i % 1000 + i % 5);
		CHECK_EQ(out.piece.last, out.piece.pfn);
	}
	empty();
}

TEST(store, clip)
{
	struct pft_record rec = { .va = pages(10), .pfn = 100, .last = 109 };
	struct pft_range wide = range(0, 100), inner = range(12, 3);
	struct pft_record piece = rec;

	pft_clip(&piece, &wide);
	CHECK_EQ(piece.pfn, 100);
	CHECK_EQ(piece.last, 109);
	pft_clip(&piece, &inner);
	CHECK_EQ(piece.pfn, 102);
	CHECK_EQ(piece.last, 104);
	CHECK_EQ(piece.va, pages(12));
	CHECK_EQ(pft_va_last(&piece), pages(15) - 1);
}

/* A question about more than the tree reaches is one about all of it. */
TEST(store, question_beyond_the_root)
{
	const unsigned long pfn = 3UL << 18;

	unit_boot(NULL);
	CHECK_EQ(do_ioremap(10, pfn, 1, A_WC), 0);
	CHECK_EQ(pft_segment_held(0, (1UL << 24) - 1), BIT(A_WC));
	CHECK_EQ(pft_segment_held(0, pfn - 1), 0);
	CHECK_EQ(pft_segment_held(1UL << 24, (1UL << 25) - 1), 0);
	do_iounmap(10, 1);
}
