// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry beside the kernel's own memtype_interval.c, compiled in place:
 * the same ranges and types, in the same order, must be accepted and refused
 * alike.
 *
 * memtype is asked without a place for another type to be given (new_type is
 * NULL), the registry for exact claims: both then refuse whatever overlaps a
 * range of another type.  Where memtype may give another type (ioremap(),
 * remap_pfn_range()) the two differ on purpose: what memtype gives silently is
 * a downgrade here, see the tests of the registry and of the lab.
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
			PFN_CLAIM_EXACT);
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
#endif /* CONFIG_X86 */
