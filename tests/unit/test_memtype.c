// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry beside the kernel's own memtype_interval.c, compiled in place:
 * the same ranges and types, in the same order, must be accepted and refused
 * alike.
 *
 * "agrees": memtype is asked without a place for another type to be given
 * (new_type is NULL), the registry for exact claims: both then refuse whatever
 * overlaps a range of another type.  There is no difference.
 *
 * "differs": memtype may give another type, as ioremap() lets it.  What it lets
 * in and "strict" does not is listed below, with the reason.
 */
#include "unit.h"

#ifdef CONFIG_X86
#include <linux/err.h>

#define CONFIG_X86_PAT		1
int pat_debug_enable;
#define pr_info(...)		((void)0)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wswitch"
#include MEMTYPE_INTERVAL_C
#pragma GCC diagnostic pop

#define HELD_MAX	200
#define SPACE		512	/* page frames: small, so that ranges collide */

/* Stays where it is: a claim is known by its address. */
struct both {
	struct pfn_claim claim;
	unsigned long pfn;
	unsigned long nr;
};

static const struct {
	enum page_cache_mode mode;
	enum pfn_attr attr;
} types[] = {
	{ _PAGE_CACHE_MODE_WB, PFN_ATTR_WB },
	{ _PAGE_CACHE_MODE_WC, PFN_ATTR_WC },
	{ _PAGE_CACHE_MODE_UC_MINUS, PFN_ATTR_UC_MINUS },
	{ _PAGE_CACHE_MODE_UC, PFN_ATTR_UC },
	{ _PAGE_CACHE_MODE_WT, PFN_ATTR_WT },
	{ _PAGE_CACHE_MODE_WP, PFN_ATTR_WP },
};

static unsigned long random_state;

static unsigned long random_below(unsigned long limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}

/* Ask both; their answers must agree.  NULL if they refused. */
static struct both *take(void)
{
	unsigned int type = random_below(ARRAY_SIZE(types));
	struct memtype *entry = calloc(1, sizeof(*entry));
	struct both *both = calloc(1, sizeof(*both));
	int memtype, ours;

	both->pfn = random_below(SPACE);
	both->nr = 1 + random_below(random_below(4) ? 8 : 64);
	entry->start = (u64)both->pfn << PAGE_SHIFT;
	entry->end = (u64)(both->pfn + both->nr) << PAGE_SHIFT;
	entry->type = types[type].mode;

	memtype = memtype_check_insert(entry, NULL);
	ours = do_claim(&both->claim, both->pfn, both->nr, types[type].attr,
			PFN_CLAIM_STRICT);
	if (memtype != ours)
		unit_fail(__FILE__, __LINE__,
			  "%lu pages at %lu as %d: memtype says %d, the registry %d",
			  both->nr, both->pfn, types[type].mode, memtype, ours);
	if (!memtype)
		return both;
	free(entry);
	free(both);
	return NULL;
}

/* Of entries over the same range memtype takes out any: they are all alike. */
static void give_back(struct both *both)
{
	struct memtype *entry;

	entry = memtype_erase((u64)both->pfn << PAGE_SHIFT,
			      (u64)(both->pfn + both->nr) << PAGE_SHIFT);
	CHECK(!IS_ERR(entry));
	free(entry);
	CHECK_EQ(pfn_track_release(&both->claim), 0);
	free(both);
}

static enum pfn_attr attr_of(enum page_cache_mode mode)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].mode == mode)
			return types[i].attr;
	return PFN_ATTR_UNKNOWN;
}

/* Every page is held by both or by neither. */
static void compare_pages(void)
{
	unsigned long pfn;

	for (pfn = 0; pfn < SPACE + 64; pfn++) {
		struct memtype *entry = memtype_lookup((u64)pfn << PAGE_SHIFT);
		unsigned int held = pfn_track_lookup(pfn);

		CHECK_EQ(!!entry, !!held);
		if (entry)
			CHECK_EQ(held, BIT(attr_of(entry->type)));
	}
}

TEST(memtype, agrees)
{
	static struct both *held[HELD_MAX];
	unsigned long steps = unit_env("STEPS", 200000), step, nr = 0;
	unsigned long accepted = 0, refused = 0;

	random_state = unit_env("SEED", 1) * 2654435769UL | 1;
	unit_boot(NULL);
	for (step = 0; step < steps; step++) {
		if (random_below(HELD_MAX) >= nr) {
			held[nr] = take();
			if (held[nr])
				nr++, accepted++;
			else
				refused++;
		} else {
			unsigned long i = random_below(nr);

			give_back(held[i]);
			held[i] = held[--nr];
		}
		if (step % 1000 == 0)
			compare_pages();
	}
	/* A run that only ever says yes, or no, proves nothing. */
	CHECK(accepted > steps / 20 && refused > steps / 20);
	while (nr)
		give_back(held[--nr]);
	compare_pages();
	unit_check_store();
}

/* === Where the two differ, by intention ================================= */

#define WB	_PAGE_CACHE_MODE_WB
#define WC	_PAGE_CACHE_MODE_WC
#define UCM	_PAGE_CACHE_MODE_UC_MINUS
#define UC	_PAGE_CACHE_MODE_UC
#define WT	_PAGE_CACHE_MODE_WT
#define WP	_PAGE_CACHE_MODE_WP

/*
 * A range is held with one type and wanted with another: memtype gives the
 * newcomer what is held, and says nothing; the registry calls that a downgrade,
 * and refuses it under "strict".
 */
static const struct {
	enum page_cache_mode want;
	enum page_cache_mode held;
	const char *why;
} differences[] = {
	{ UC, WB, "hole: strong UC, asked for where no cache may interfere, is write-back" },
	{ UCM, WC, "hole: a plain ioremap() of registers is write-combining" },
	{ UC, WC, "writes meant to be strongly ordered are combined" },
	{ UC, UCM, "the same but for an MTRR, which could make it WC" },
	{ UC, WT, "reads meant for the device are answered by the cache" },
	{ UC, WP, "reads meant for the device are answered by the cache" },
	{ UCM, UC, "no MTRR can make it WC any more" },
	{ UCM, WT, "reads meant for the device are answered by the cache" },
	{ UCM, WP, "reads meant for the device are answered by the cache" },
	{ WC, UCM, "the slow frame buffer" },
	{ WC, UC, "the slow frame buffer" },
	{ WC, WT, "writes are not combined" },
	{ WC, WP, "writes are not combined" },
	{ WT, UCM, "slower: reads are not cached" },
	{ WT, UC, "slower: reads are not cached" },
	{ WT, WP, "writes invalidate instead of updating the cache" },
	{ WP, WB, "writes stay in the cache" },
	{ WP, WT, "writes update the cache instead of invalidating" },
	{ WP, WC, "slower: reads are not cached" },
	{ WP, UCM, "slower: reads are not cached" },
	{ WP, UC, "slower: reads are not cached" },
	{ WB, WT, "slower: writes go through" },
	{ WB, WP, "slower: writes are not cached" },
	{ WB, WC, "slower: nothing is cached" },
	{ WB, UCM, "slower: nothing is cached" },
	{ WB, UC, "slower: nothing is cached" },
};

static bool listed(enum page_cache_mode want, enum page_cache_mode held)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(differences); i++)
		if (differences[i].want == want && differences[i].held == held)
			return true;
	return false;
}

/* What __ioremap_caller() does not accept: is_new_memtype_allowed(), pgtable.h. */
static bool arch_refuses(enum page_cache_mode want, enum page_cache_mode got)
{
	return (got == WB && (want == UCM || want == WC || want == WT)) ||
	       (got == WC && want == WT);
}

TEST(memtype, differs)
{
	struct memtype held, new;
	enum page_cache_mode got;
	unsigned int i, j, differ = 0;
	int ours;

	unit_boot("strict");
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		for (j = 0; j < ARRAY_SIZE(types); j++) {
			held = (struct memtype){
				.start = 0, .end = PAGE_SIZE,
				.type = types[j].mode,
			};
			new = held;
			new.type = types[i].mode;
			CHECK_EQ(memtype_check_insert(&held, NULL), 0);
			CHECK_EQ(do_ioremap(1, 0, 1, types[j].attr), 0);

			CHECK_EQ(memtype_check_insert(&new, &got), 0);
			CHECK_EQ(got, types[j].mode);
			ours = __pfn_track_ioremap(kva(3), PAGE_SIZE, 0,
						   unit_prot(types[i].attr),
						   unit_prot(attr_of(got)),
						   NULL);
			if (arch_refuses(types[i].mode, got)) {
				CHECK(ours);
				CHECK(!listed(types[i].mode, types[j].mode));
			} else {
				CHECK_EQ(!!ours, listed(types[i].mode,
							types[j].mode));
				differ += !!ours;
			}
			CHECK(!IS_ERR(memtype_erase(0, PAGE_SIZE)));
			CHECK(!IS_ERR(memtype_erase(0, PAGE_SIZE)));
			do_iounmap(1, 1);
			do_iounmap(3, 1);
		}
	}
	CHECK_EQ(differ, ARRAY_SIZE(differences));
}
#endif /* CONFIG_X86 */
