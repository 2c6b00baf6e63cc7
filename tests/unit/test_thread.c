// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several threads at once, each with an address space of its own over the same
 * page frames.  Most telling with SANITIZE=thread.
 */
#include "unit.h"

#define WORKERS		3
#define PFNS		32

static enum pfn_attr bad_a, bad_b;
static bool stop;

static unsigned long rnd(u64 *state, unsigned long below)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned long)((*state >> 33) % below);
}

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static void work_once(struct mm_struct *mm, u64 *state)
{
	unsigned long page = 8 * rnd(state, 8), pfn = rnd(state, PFNS);
	enum pfn_attr attr = rnd(state, 4) ? bad_a : bad_b;
	struct pfn_claim claim = { };

	switch (rnd(state, 6)) {
	case 0:
	case 1:
		do_zap(mm, page, 8);
		do_map(mm, page, pfn, 8, attr);
		break;
	case 2:
		do_zap(mm, page + 2, 2);
		break;
	case 3:
		do_zap(mm, page + 100, 8);
		do_move(mm, page, page + 100, 8);
		break;
	case 4:
		if (!do_claim(&claim, pfn, 4, attr, 0))
			pfn_track_release(&claim);
		break;
	case 5:
		/* Each has a child of its own: an mm is locked by one. */
		__pfn_track_exit(mm + WORKERS);
		do_fork(mm + WORKERS, mm, 0, 200);
		break;
	}
}

static void *worker(void *arg)
{
	struct task_struct task = { .tgid = 100 + (long)arg, .comm = "worker" };
	unsigned long i, steps = unit_env("STEPS", 3000);
	u64 state = unit_env("SEED", 1) + (long)arg;

	unit_current = &task;
	for (i = 0; i < steps; i++)
		work_once(&unit_mm[(long)arg], &state);
	return NULL;
}

static void *reader(void *arg)
{
	struct pfn_answer answer;
	u64 state = 7;

	while (!stopped()) {
		unsigned int held = pfn_track_lookup(rnd(&state, PFNS));
		int ret = pfn_track_query(0, pages(PFNS), K_IO, bad_b, &answer);

		CHECK(!(held & ~(BIT(bad_a) | BIT(bad_b))));
		CHECK(!ret || ret == -EOPNOTSUPP);
	}
	return NULL;
}

static void *lister(void *arg)
{
	while (!stopped()) {
		free(unit_debugfs_read("records", 256, NULL));
		free(unit_debugfs_read("conflicts", 4096, NULL));
	}
	return NULL;
}

static void *switcher(void *arg)
{
	unsigned int i = 0;

	while (!stopped())
		CHECK_EQ(pft_set_policy(PFT_KIND_ALL, i++ % PFN_POLICY_COUNT),
			 0);
	return NULL;
}

static void run(void *(*other)(void *))
{
	pthread_t workers[WORKERS], readers[2];
	long i;

	unit_boot(NULL);
	CHECK(unit_pair(PFN_VERDICT_INCOHERENT, &bad_a, &bad_b));
	unit_stack[0] = 1;
	for (i = 0; i < WORKERS; i++)
		CHECK(!pthread_create(&workers[i], NULL, worker, (void *)i));
	CHECK(!pthread_create(&readers[0], NULL, reader, NULL));
	CHECK(!pthread_create(&readers[1], NULL, other, NULL));
	for (i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(readers[0], NULL);
	pthread_join(readers[1], NULL);

	for (i = 0; i < 2 * WORKERS; i++)
		__pfn_track_exit(&unit_mm[i]);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
	CHECK_EQ(unit_stat(PFT_STAT_INCOMPLETE), 0);
	unit_check_store();
}

TEST(thread, listing)
{
	run(lister);
}

TEST(thread, switching)
{
	run(switcher);
}

/* === Torn segments ====================================================== */

/*
 * One record, of which the first half is never unmapped.  The end of the other
 * half goes and comes back, so that blocks of every size fall apart and grow
 * together again, the ones over the first half among them.
 */
#define HELD_FIRST	(4096UL - 6)
#define HELD_NR		1024UL
#define ALL_NR		(3 * 4096UL + 12)

static void *tearer(void *arg)
{
	unsigned long i, steps = unit_env("STEPS", 20000);
	u64 state = unit_env("SEED", 1);

	for (i = 0; i < steps; i++) {
		unsigned long from = HELD_NR + rnd(&state, ALL_NR - HELD_NR);
		unsigned long nr = ALL_NR - from;

		/* From the end, or out of the middle. */
		if (nr > 1 && rnd(&state, 2))
			nr = 1 + rnd(&state, nr - 1);
		do_zap(&unit_mm[0], from, nr);
		CHECK_EQ(do_map(&unit_mm[0], from, HELD_FIRST + from, nr,
				A_WB), 0);
	}
	return NULL;
}

static void *watcher(void *arg)
{
	struct pfn_answer answer;
	u64 state = (long)arg + 1;

	while (!stopped()) {
		unsigned long pfn = HELD_FIRST + rnd(&state, HELD_NR);

		CHECK_EQ(pfn_track_lookup(pfn), BIT(A_WB));
		CHECK_EQ(pfn_track_lookup(HELD_FIRST - 1), 0);
		CHECK_EQ(pfn_track_lookup(HELD_FIRST + ALL_NR), 0);
		CHECK(!pfn_track_query(PFN_PHYS(pfn), pages(ALL_NR), K_IO, A_WB,
				       &answer));
		CHECK_EQ(answer.attrs, BIT(A_WB));
	}
	return NULL;
}

TEST(thread, never_torn)
{
	pthread_t writer, readers[2];
	long i;

	unit_boot(NULL);
	CHECK_EQ(do_map(&unit_mm[0], 0, HELD_FIRST, ALL_NR, A_WB), 0);
	for (i = 0; i < 2; i++)
		CHECK(!pthread_create(&readers[i], NULL, watcher, (void *)i));
	CHECK(!pthread_create(&writer, NULL, tearer, NULL));
	pthread_join(writer, NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		pthread_join(readers[i], NULL);
	/* All has grown together again. */
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 1);
	unit_check_store();
	__pfn_track_exit(&unit_mm[0]);
	unit_check_store();
}
