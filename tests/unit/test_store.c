// SPDX-License-Identifier: GPL-2.0-only
/* The store alone: ranges, without judging and without hooks. */
#include "unit.h"

static struct pft_holder holder = { .ref = REFCOUNT_INIT(1), .comm = "store" };

static struct pft_record *add(unsigned long va, unsigned long pfn,
			      unsigned long nr, enum pfn_attr attr)
{
	struct pft_record *rec = malloc(sizeof(*rec));

	CHECK(rec);
	*rec = (struct pft_record){
		.pfn = pfn,
		.last = pfn + nr - 1,
		.va = pages(va),
		.id = &unit_mm[0],
		.holder = &holder,
		.want = attr,
		.got = attr,
		.kind = PFN_KIND_REMAP_PFN,
		.space = PFN_SPACE_USER,
	};
	refcount_inc(&holder.ref);
	pft_store_insert(rec);
	return rec;
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

/* Cut and give back what came out; a spare is there if @spare. */
static int cut(struct pft_range *where, bool spare, struct pft_cut *out)
{
	int ret;

	*out = (struct pft_cut){ };
	if (spare)
		out->spare = malloc(sizeof(*out->spare));
	ret = pft_store_cut(where, out);
	if (out->gone)
		CHECK(!refcount_dec_and_test(&holder.ref));
	free(out->gone);
	free(out->spare);
	return ret;
}

static void empty(void)
{
	struct pft_record *rec;

	while ((rec = pft_store_pop())) {
		CHECK(!refcount_dec_and_test(&holder.ref));
		free(rec);
	}
	CHECK_EQ(holder.ref.refs, 1);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	spin_unlock(&pft_lock);
}

/* The listing is [first, last] pairs, in order. */
static void check_list(const unsigned long *should, unsigned int nr)
{
	struct pft_record *rec = pft_store_after(0, 0);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		CHECK(rec);
		CHECK_EQ(rec->pfn, should[2 * i]);
		CHECK_EQ(rec->last, should[2 * i + 1]);
		rec = pft_store_after(rec->pfn, rec->seq);
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

	spin_lock(&pft_lock);
	CHECK(!pft_store_after(0, 0));
	CHECK(!pft_store_first(&all));
	CHECK_EQ(pft_store_held(0, ~0UL), 0);
	CHECK(!pft_store_oldest(0, ~0UL, A_WB));
	CHECK_EQ(cut(&all, true, &out), 0);
	CHECK(!out.gone);
	empty();
}

TEST(store, held)
{
	spin_lock(&pft_lock);
	add(10, 100, 10, A_WB);
	add(50, 105, 10, A_WC);
	CHECK_EQ(pft_store_held(99, 99), 0);
	CHECK_EQ(pft_store_held(100, 100), BIT(A_WB));
	CHECK_EQ(pft_store_held(104, 104), BIT(A_WB));
	CHECK_EQ(pft_store_held(105, 105), BIT(A_WB) | BIT(A_WC));
	CHECK_EQ(pft_store_held(110, 114), BIT(A_WC));
	CHECK_EQ(pft_store_held(115, 115), 0);
	CHECK_EQ(pft_store_held(0, 100), BIT(A_WB));
	CHECK_EQ(pft_store_held(0, ~0UL), BIT(A_WB) | BIT(A_WC));
	empty();
}

TEST(store, held_nested)
{
	spin_lock(&pft_lock);
	add(10, 100, 100, A_WB);
	add(200, 120, 20, A_WC);
	add(300, 130, 1, A_WB);
	CHECK_EQ(pft_store_held(119, 119), BIT(A_WB));
	CHECK_EQ(pft_store_held(120, 139), BIT(A_WB) | BIT(A_WC));
	CHECK_EQ(pft_store_held(140, 199), BIT(A_WB));
	CHECK_LIST(100, 199, 120, 139, 130, 130);
	empty();
}

TEST(store, cut_whole)
{
	struct pft_range where = range(10, 10);
	struct pft_cut out;

	spin_lock(&pft_lock);
	add(10, 100, 10, A_WB);
	CHECK_EQ(cut(&where, false, &out), 1);
	CHECK(out.gone);
	CHECK_EQ(out.piece.pfn, 100);
	CHECK_EQ(out.piece.last, 109);
	CHECK_EQ(pft_store_held(0, ~0UL), 0);
	CHECK_EQ(cut(&where, false, &out), 0);
	empty();
}

TEST(store, cut_head)
{
	struct pft_range where = range(5, 8);
	struct pft_cut out;

	spin_lock(&pft_lock);
	add(10, 100, 10, A_WB);
	CHECK_EQ(cut(&where, false, &out), 1);
	CHECK(!out.gone);
	CHECK_EQ(out.piece.pfn, 100);
	CHECK_EQ(out.piece.last, 102);
	CHECK_EQ(out.piece.va, pages(10));
	CHECK_LIST(103, 109);
	CHECK_EQ(pft_store_after(0, 0)->va, pages(13));
	CHECK_EQ(cut(&where, false, &out), 0);
	empty();
}

TEST(store, cut_tail)
{
	struct pft_range where = range(18, 8);
	struct pft_cut out;

	spin_lock(&pft_lock);
	add(10, 100, 10, A_WB);
	CHECK_EQ(cut(&where, false, &out), 1);
	CHECK(!out.gone);
	CHECK_EQ(out.piece.pfn, 108);
	CHECK_EQ(out.piece.last, 109);
	CHECK_EQ(out.piece.va, pages(18));
	CHECK_LIST(100, 107);
	CHECK_EQ(cut(&where, false, &out), 0);
	empty();
}

TEST(store, cut_middle)
{
	struct pft_range where = range(13, 2);
	struct pft_cut out;

	spin_lock(&pft_lock);
	add(10, 100, 10, A_WB);
	CHECK_EQ(cut(&where, true, &out), 1);
	CHECK(!out.gone && !out.spare);
	CHECK_EQ(out.piece.pfn, 103);
	CHECK_EQ(out.piece.last, 104);
	CHECK_LIST(100, 102, 105, 109);
	/* Each half is found by its own addresses, and nothing between. */
	CHECK_EQ(pft_store_held(103, 104), 0);
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

TEST(store, cut_middle_without_memory)
{
	struct pft_range where = range(13, 2), before = where;
	struct pft_cut out;

	spin_lock(&pft_lock);
	add(10, 100, 10, A_WB);
	CHECK_EQ(cut(&where, false, &out), -ENOMEM);
	CHECK(!memcmp(&where, &before, sizeof(where)));
	CHECK_LIST(100, 109);
	CHECK_EQ(pft_store_held(103, 104), BIT(A_WB));
	CHECK_EQ(holder.ref.refs, 2);
	empty();
}

/* One range, several records: each call takes one and moves on. */
TEST(store, cut_many)
{
	struct pft_range where = range(0, 40);
	struct pft_cut out;
	unsigned int i;

	spin_lock(&pft_lock);
	for (i = 0; i < 4; i++)
		add(10 * i, 1000 - 100 * i, 10, A_WB);
	for (i = 0; i < 4; i++) {
		CHECK_EQ(cut(&where, false, &out), 1);
		CHECK_EQ(out.piece.pfn, 1000 - 100 * i);
	}
	CHECK_EQ(cut(&where, false, &out), 0);
	empty();
}

TEST(store, cut_across_neighbours)
{
	struct pft_range where = range(15, 10);
	struct pft_cut out;

	spin_lock(&pft_lock);
	add(10, 100, 10, A_WB);
	add(20, 110, 10, A_WB);
	CHECK_EQ(cut(&where, false, &out), 1);
	CHECK_EQ(out.piece.pfn, 105);
	CHECK_EQ(cut(&where, false, &out), 1);
	CHECK_EQ(out.piece.pfn, 110);
	CHECK_EQ(out.piece.last, 114);
	CHECK_EQ(cut(&where, false, &out), 0);
	CHECK_LIST(100, 104, 115, 119);
	empty();
}

TEST(store, size_one)
{
	struct pft_range where;
	struct pft_cut out;

	spin_lock(&pft_lock);
	add(10, 100, 1, A_WB);
	add(11, 101, 1, A_WC);
	add(12, 102, 1, A_WB);
	CHECK_EQ(pft_store_held(101, 101), BIT(A_WC));
	where = range(11, 1);
	CHECK_EQ(cut(&where, false, &out), 1);
	CHECK_EQ(out.piece.pfn, 101);
	CHECK_EQ(cut(&where, false, &out), 0);
	CHECK_LIST(100, 100, 102, 102);
	empty();
}

TEST(store, pfn_zero)
{
	struct pft_range where = range(10, 1);
	struct pft_cut out;

	spin_lock(&pft_lock);
	add(10, 0, 3, A_WB);
	CHECK_EQ(pft_store_held(0, 0), BIT(A_WB));
	CHECK_LIST(0, 2);
	CHECK_EQ(cut(&where, false, &out), 1);
	CHECK_LIST(1, 2);
	CHECK_EQ(pft_store_held(0, 0), 0);
	empty();
}

TEST(store, pfn_top)
{
	struct pft_range where = range(12, 1);
	struct pft_cut out;

	spin_lock(&pft_lock);
	add(10, ~0UL - 2, 3, A_WB);
	CHECK_EQ(pft_store_held(~0UL, ~0UL), BIT(A_WB));
	CHECK_EQ(pft_store_held(0, 0), 0);
	CHECK_LIST(~0UL - 2, ~0UL);
	CHECK_EQ(cut(&where, false, &out), 1);
	CHECK_LIST(~0UL - 2, ~0UL - 1);
	CHECK_EQ(pft_store_held(~0UL, ~0UL), 0);
	empty();
}

/* The last page of the address space: nothing comes after it. */
TEST(store, va_top)
{
	const unsigned long top = ~0UL >> PAGE_SHIFT;
	struct pft_range where = range(top, 1);
	struct pft_cut out;

	spin_lock(&pft_lock);
	add(top - 1, 100, 2, A_WB);
	CHECK_EQ(where.va_last, ~0UL);
	CHECK_EQ(pft_va_last(pft_store_after(0, 0)), ~0UL);
	CHECK_EQ(cut(&where, false, &out), 1);
	CHECK_EQ(out.piece.pfn, 101);
	CHECK_EQ(cut(&where, false, &out), 0);
	CHECK_LIST(100, 100);
	where = (struct pft_range){ .space = PFN_SPACE_USER,
				    .id = &unit_mm[0], .va_last = ~0UL };
	CHECK_EQ(cut(&where, false, &out), 1);
	CHECK_EQ(cut(&where, false, &out), 0);
	empty();
}

/* Same addresses, other space or other mm: not touched. */
TEST(store, spaces_are_apart)
{
	struct pft_range where = range(10, 10);
	struct pft_record *rec;
	struct pft_cut out;

	spin_lock(&pft_lock);
	add(10, 100, 10, A_WB);
	where.id = &unit_mm[1];
	CHECK(!pft_store_first(&where));
	where = range(10, 10);
	where.space = PFN_SPACE_KERNEL;
	CHECK(!pft_store_first(&where));

	/* Sorted before, between and after, each is found. */
	where = range(10, 10);
	rec = pft_store_first(&where);
	CHECK_EQ(cut(&where, false, &out), 1);
	(void)rec;
	empty();
}

TEST(store, oldest)
{
	static struct pft_holder young = { .ref = REFCOUNT_INIT(9), .time = 9 };
	static struct pft_holder old = { .ref = REFCOUNT_INIT(9), .time = 3 };
	struct pft_record *a, *b, *c;

	spin_lock(&pft_lock);
	a = add(10, 100, 10, A_WB);
	b = add(20, 105, 10, A_WB);
	c = add(30, 100, 20, A_WC);
	a->holder = &young;
	b->holder = &old;
	CHECK(pft_store_oldest(100, 110, A_WB) == b);
	CHECK(pft_store_oldest(100, 104, A_WB) == a);
	CHECK(pft_store_oldest(100, 110, A_WC) == c);
	CHECK(!pft_store_oldest(100, 110, PFN_ATTR_UC));
	a->holder = &holder;
	b->holder = &holder;
	empty();
}

/* Equal starts come in the order of insertion, and none is skipped. */
TEST(store, listing_equal_starts)
{
	struct pft_record *rec, *first;
	unsigned int i;

	spin_lock(&pft_lock);
	for (i = 0; i < 100; i++)
		add(10 * i, 100, 1 + i % 7, A_WB);
	rec = pft_store_after(0, 0);
	first = rec;
	for (i = 0; rec; i++) {
		CHECK_EQ(rec->va, pages(10 * i));
		rec = pft_store_after(rec->pfn, rec->seq);
	}
	CHECK_EQ(i, 100);
	CHECK(pft_store_after(0, 0) == first);
	CHECK(!pft_store_after(101, 0));
	empty();
}

/* The cursor may stand on a record that has gone meanwhile. */
TEST(store, listing_over_a_gap)
{
	struct pft_range where = range(10, 1);
	struct pft_cut out;
	unsigned long pfn;
	u64 seq;

	spin_lock(&pft_lock);
	add(10, 100, 1, A_WB);
	add(11, 101, 1, A_WB);
	pfn = pft_store_after(0, 0)->pfn;
	seq = pft_store_after(0, 0)->seq;
	CHECK_EQ(cut(&where, false, &out), 1);
	CHECK_EQ(pft_store_after(pfn, seq)->pfn, 101);
	empty();
}

TEST(store, many_holders_of_one_range)
{
	const unsigned int nr = 10000;
	unsigned int i;
	struct pft_record *rec;

	spin_lock(&pft_lock);
	for (i = 0; i < nr; i++)
		add(10 * i, 100, 2, i == nr / 2 ? A_WC : A_WB);
	CHECK_EQ(pft_store_held(101, 101), BIT(A_WB) | BIT(A_WC));
	i = 0;
	for (rec = pft_store_after(0, 0); rec;
	     rec = pft_store_after(rec->pfn, rec->seq))
		i++;
	CHECK_EQ(i, nr);

	/* Every other one goes, by its address. */
	for (i = 0; i < nr; i += 2) {
		struct pft_range where = range(10 * i, 2);
		struct pft_cut out;

		CHECK_EQ(cut(&where, false, &out), 1);
	}
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), nr / 2);
	CHECK_EQ(pft_store_held(100, 100), BIT(A_WB));
	CHECK_EQ(holder.ref.refs, 1 + nr / 2);
	empty();
}

/* The tree's own sums stay right over many changes, see also model.*. */
TEST(store, churn)
{
	unsigned int i;

	spin_lock(&pft_lock);
	for (i = 0; i < 500; i++)
		add(10 * i, 7 * i % 1000, 5, A_WB);
	for (i = 0; i < 500; i++) {
		struct pft_range where = range(10 * i + i % 5, 1);
		struct pft_cut out;

		CHECK_EQ(cut(&where, true, &out), 1);
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
