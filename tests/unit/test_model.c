// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on ranges that collide, against a model that could not be
 * simpler: for each space an array with one entry a page.
 *
 * SEED=n STEPS=n repeat or prolong a run.  With faults, every so often an
 * allocation fails; then the model asks the counters what was lost, checks
 * that this was safe, and drops the address space concerned.
 */
#include "unit.h"

#define KERNEL		0	/* spaces: the kernel, then the mms */
#define SPACES		4
#define SPACE_PAGES	64
#define PFNS		48
#define CLAIMS		6
#define LONGEST		14
/* Between two comparisons of everything. */
#define COMPARE		16

/* An entry of the model; @attr 0 (unknown) is possible, hence @used. */
struct model_page {
	bool used;
	u8 want;
	u8 got;
	unsigned long pfn;
};

static struct model_page space[SPACES][SPACE_PAGES];

static struct {
	struct pfn_claim claim;
	bool held;
	unsigned long pfn;
	unsigned long nr;
	enum pfn_attr attr;
} claims[CLAIMS];

static enum pfn_policy policy;
static unsigned long base_pfn, base_va;
/* Pages, and page frames, that one of the model stands for. */
static unsigned long scale = 1;
static unsigned int nr_attrs;
static unsigned long seed, step;
static const char *doing = "nothing";
static bool faults;
static u64 state;

/* Numbers that the counters should show. */
static struct {
	long maps;
	long conflicts;
	long refused;
	long downgrades;
} expect;

#define MODEL_CHECK(cond)						\
	do {								\
		if (!(cond))						\
			unit_fail(__FILE__, __LINE__,			\
				  "%s (%s, SEED=%lu, step %lu)", #cond,	\
				  doing, seed, step);			\
	} while (0)

/* xorshift: good enough to collide, the same everywhere. */
static unsigned long rnd(unsigned long below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned long)((state >> 11) % below);
}

/* Also such as the architecture cannot express. */
static enum pfn_attr rnd_attr(void)
{
	return unit_attrs[rnd(20) ? rnd(nr_attrs) : nr_attrs];
}

static struct mm_struct *mm_of(unsigned int s)
{
	return &unit_mm[s - 1];
}

static unsigned long va_of(unsigned int s, unsigned long page)
{
	return (s == KERNEL ? 0x1000 : base_va) + page * scale;
}

static unsigned long pfn_of(unsigned long pfn)
{
	return base_pfn + pfn * scale;
}

/* === The model ========================================================== */

static unsigned int model_held(unsigned long pfn, unsigned long nr)
{
	unsigned int s, i, mask = 0;

	for (s = 0; s < SPACES; s++)
		for (i = 0; i < SPACE_PAGES; i++)
			if (space[s][i].used && space[s][i].pfn - pfn < nr)
				mask |= BIT(space[s][i].got);
	for (i = 0; i < CLAIMS; i++)
		if (claims[i].held && claims[i].pfn <= pfn + (nr - 1) &&
		    pfn <= claims[i].pfn + (claims[i].nr - 1))
			mask |= BIT(claims[i].attr);
	return mask;
}

static enum pfn_verdict model_verdict(enum pfn_attr got, unsigned int mask)
{
	enum pfn_verdict worst = PFN_VERDICT_SAME;
	unsigned int a;

	for (a = 0; a < PFN_ATTR_COUNT; a++)
		if (mask & BIT(a))
			worst = max(worst, pfn_attr_judge(got, a)->verdict);
	return worst;
}

static bool model_refuses(enum pfn_verdict verdict, bool downgrade)
{
	if (policy == PFN_POLICY_ENFORCE)
		return verdict >= PFN_VERDICT_INCOHERENT;
	if (policy == PFN_POLICY_STRICT)
		return verdict >= PFN_VERDICT_ORDERING || downgrade;
	return false;
}

/* What will be made of a newcomer; counts what it will cause. */
static bool model_admits(unsigned long pfn, unsigned long nr,
			 enum pfn_attr want, enum pfn_attr got, bool exact)
{
	enum pfn_verdict verdict = model_verdict(got, model_held(pfn, nr));
	bool refused, loss;

	if (policy == PFN_POLICY_OFF)
		return true;
	loss = want != got &&
	       pfn_attr_judge(want, got)->verdict > PFN_VERDICT_UNKNOWN;
	refused = model_refuses(verdict, want != got) ||
		  (exact && (verdict != PFN_VERDICT_SAME || want != got));
	if (refused)
		expect.refused++;
	else if (loss)
		expect.downgrades++;
	if (refused || loss || verdict >= PFN_VERDICT_ORDERING)
		expect.conflicts++;
	return !refused;
}

static void model_set(unsigned int s, unsigned long page, unsigned long pfn,
		      unsigned long nr, enum pfn_attr want, enum pfn_attr got)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		space[s][page + i] = (struct model_page){
			.used = true, .want = want, .got = got, .pfn = pfn + i,
		};
}

static void model_clear(unsigned int s, unsigned long page, unsigned long nr)
{
	memset(&space[s][page], 0, nr * sizeof(struct model_page));
}

static bool model_is_free(unsigned int s, unsigned long page, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		if (space[s][page + i].used)
			return false;
	return true;
}

/* === Comparing ========================================================== */

static unsigned int space_of(const struct pft_record *rec)
{
	unsigned int s;

	if (rec->space == PFN_SPACE_KERNEL)
		return KERNEL;
	for (s = 1; rec->id != mm_of(s); s++)
		MODEL_CHECK(s + 1 < SPACES);
	return s;
}

static void compare_claim(const struct pft_record *rec)
{
	unsigned int i;

	for (i = 0; i < CLAIMS; i++)
		if (rec->id == &claims[i].claim)
			break;
	MODEL_CHECK(i < CLAIMS && claims[i].held);
	MODEL_CHECK(rec->pfn == pfn_of(claims[i].pfn));
	MODEL_CHECK(rec->last == pfn_of(claims[i].pfn + claims[i].nr) - 1);
	MODEL_CHECK(rec->got == claims[i].attr);
	MODEL_CHECK(rec->va == 0);
}

/* Each page of @rec is in the model; returns how many. */
static unsigned long compare_record(const struct pft_record *rec)
{
	unsigned int s = space_of(rec);
	unsigned long i, nr = (rec->last - rec->pfn + 1) / scale;
	unsigned long page = ((rec->va >> PAGE_SHIFT) - va_of(s, 0)) / scale;

	MODEL_CHECK(rec->kind == (s == KERNEL ? PFN_KIND_IOREMAP :
						PFN_KIND_REMAP_PFN));
	MODEL_CHECK(PAGE_ALIGNED(rec->va) && page < SPACE_PAGES);
	MODEL_CHECK(rec->va == pages(va_of(s, page)));
	MODEL_CHECK(rec->last == rec->pfn + nr * scale - 1);
	for (i = 0; i < nr; i++) {
		const struct model_page *should = &space[s][page + i];

		MODEL_CHECK(page + i < SPACE_PAGES);
		MODEL_CHECK(should->used);
		MODEL_CHECK(pfn_of(should->pfn) == rec->pfn + i * scale);
		MODEL_CHECK(should->want == rec->want);
		MODEL_CHECK(should->got == rec->got);
	}
	return nr;
}

static void compare_store(void)
{
	unsigned long in_store = 0, in_model = 0, nr_claims = 0;
	const struct pft_record *rec;
	unsigned int s, i;

	spin_lock(&pft_lock);
	for (rec = unit_after(NULL); rec; rec = unit_after(rec)) {
		if (rec->space == PFN_SPACE_NONE) {
			compare_claim(rec);
			nr_claims++;
		} else {
			in_store += compare_record(rec);
		}
	}
	pft_unlock();

	for (s = 0; s < SPACES; s++)
		for (i = 0; i < SPACE_PAGES; i++)
			in_model += space[s][i].used;
	for (i = 0; i < CLAIMS; i++)
		nr_claims -= claims[i].held;
	/* Every page once, so equal numbers mean equal sets. */
	MODEL_CHECK(in_store == in_model);
	MODEL_CHECK(!nr_claims);
}

static void compare_counters(void)
{
	MODEL_CHECK(unit_stat(PFT_STAT_MAPS) == expect.maps);
	MODEL_CHECK(unit_stat(PFT_STAT_CONFLICTS) == expect.conflicts);
	MODEL_CHECK(unit_stat(PFT_STAT_REFUSED) == expect.refused);
	MODEL_CHECK(unit_stat(PFT_STAT_DOWNGRADES) == expect.downgrades);
	MODEL_CHECK(unit_stat(PFT_STAT_SUPPRESSED) <= expect.conflicts);
	MODEL_CHECK(unit_trace.conflicts == expect.conflicts);
	MODEL_CHECK(unit_trace.maps == expect.maps);
	MODEL_CHECK(faults || !unit_stat(PFT_STAT_INCOMPLETE));
}

static void compare_pfns(void)
{
	unsigned long i;

	for (i = 0; i < PFNS + LONGEST; i++) {
		unsigned int held = policy == PFN_POLICY_OFF ? 0 :
				    model_held(i, 1);

		MODEL_CHECK(pfn_track_lookup(pfn_of(i)) == held);
		MODEL_CHECK(pfn_track_lookup(pfn_of(i + 1) - 1) == held);
	}
}

static void compare_all(void)
{
	compare_pfns();
	compare_store();
	compare_counters();
	unit_check_store();
}

/* === Operations ========================================================= */

struct place {
	unsigned int s;
	unsigned long page;
	unsigned long nr;
	unsigned long pfn;
};

static struct place rnd_place(void)
{
	struct place p = { .s = rnd(SPACES), .nr = 1 + rnd(LONGEST) };

	p.page = rnd(SPACE_PAGES - p.nr + 1);
	p.pfn = rnd(PFNS);
	/* In the model of the top nothing comes after the last. */
	if (base_pfn == PFN_TOP - PFNS + 1)
		p.pfn = min(p.pfn, PFNS - p.nr);
	return p;
}

static void zap(unsigned int s, unsigned long page, unsigned long nr)
{
	if (s == KERNEL)
		do_iounmap(va_of(s, page), nr * scale);
	else
		do_zap(mm_of(s), va_of(s, page), nr * scale);
}

/* The whole space goes, and with it what could not be stored or cut. */
static void forget(unsigned int s)
{
	unit_fail_nth(0);
	if (s == KERNEL)
		do_iounmap(va_of(s, 0), SPACE_PAGES * scale);
	else
		__pfn_track_exit(mm_of(s));
	model_clear(s, 0, SPACE_PAGES);
}

/* Whether memory ran out where it mattered since @before. */
static bool lost(long before)
{
	return unit_stat(PFT_STAT_INCOMPLETE) != before;
}

static void op_map(void)
{
	enum pfn_attr want = rnd_attr(), got = rnd(8) ? want : rnd_attr();
	long before = unit_stat(PFT_STAT_INCOMPLETE);
	struct place p = rnd_place();
	struct vm_area_struct vma;
	bool ok;
	int ret;

	doing = "map";
	if (!model_is_free(p.s, p.page, p.nr)) {
		/*
		 * What is on record there lost its mapping unseen, and makes
		 * way, whatever becomes of the newcomer.
		 */
		if (faults || policy == PFN_POLICY_OFF)
			return;
		model_clear(p.s, p.page, p.nr);
	}
	ok = model_admits(p.pfn, p.nr, want, got, false);
	if (p.s == KERNEL) {
		ret = __pfn_track_ioremap(kva(va_of(p.s, p.page)),
					  pages(p.nr * scale),
					  PFN_PHYS(pfn_of(p.pfn)),
					  unit_prot(want), unit_prot(got),
					  NULL);
	} else {
		vma = unit_vma(mm_of(p.s), va_of(p.s, p.page), p.nr * scale);
		ret = __pfn_track_remap(&vma, vma.vm_start, pfn_of(p.pfn),
					pages(p.nr * scale), unit_prot(want),
					unit_prot(got));
	}
	/* Refused or not, memory has no say in it. */
	MODEL_CHECK(ret == (ok ? 0 : -EBUSY));
	if (!ok || policy == PFN_POLICY_OFF || lost(before))
		return;
	expect.maps++;
	model_set(p.s, p.page, p.pfn, p.nr, want, got);
}

static void op_zap(void)
{
	long before = unit_stat(PFT_STAT_INCOMPLETE);
	struct place p = rnd_place();
	unsigned long i;

	doing = "zap";
	zap(p.s, p.page, p.nr);
	if (!lost(before)) {
		model_clear(p.s, p.page, p.nr);
		return;
	}
	/* What could not be cut is on record still, and held as a whole. */
	for (i = 0; i < p.nr; i++) {
		const struct model_page *page = &space[p.s][p.page + i];
		struct pft_record rec = record_at(p.s == KERNEL ?
						  PFN_SPACE_KERNEL :
						  PFN_SPACE_USER,
						  p.s == KERNEL ? NULL :
								  mm_of(p.s),
						  va_of(p.s, p.page + i));

		MODEL_CHECK(!rec.holder || page->used);
		MODEL_CHECK(!rec.holder ||
			    pfn_track_lookup(pfn_of(page->pfn)) & BIT(rec.got));
	}
	forget(p.s);
}

static void op_move(void)
{
	long before = unit_stat(PFT_STAT_INCOMPLETE);
	struct place from = rnd_place(), to = rnd_place();
	struct model_page moved[LONGEST];

	doing = "move";
	if (from.s == KERNEL || to.page + from.nr > SPACE_PAGES ||
	    (to.page < from.page + from.nr && from.page < to.page + from.nr) ||
	    !model_is_free(from.s, to.page, from.nr))
		return;
	do_move(mm_of(from.s), va_of(from.s, from.page),
		va_of(from.s, to.page), from.nr * scale);
	if (lost(before)) {
		forget(from.s);
		return;
	}
	memcpy(moved, &space[from.s][from.page], from.nr * sizeof(*moved));
	model_clear(from.s, from.page, from.nr);
	memcpy(&space[from.s][to.page], moved, from.nr * sizeof(*moved));
}

/* How many records a stretch of the model makes is the store's affair. */
static void op_fork(void)
{
	long before = unit_stat(PFT_STAT_INCOMPLETE);
	long maps = unit_stat(PFT_STAT_MAPS);
	struct place p = rnd_place();
	unsigned int child = 1 + rnd(SPACES - 1);
	bool full = rnd(2);

	doing = "fork";
	if (p.s == KERNEL || p.s == child)
		return;
	if (full) {
		p.page = 0;
		p.nr = SPACE_PAGES;
	}
	if (!model_is_free(child, p.page, p.nr))
		return;
	do_fork(mm_of(child), mm_of(p.s), va_of(p.s, p.page), p.nr * scale);
	expect.maps += unit_stat(PFT_STAT_MAPS) - maps;
	if (lost(before)) {
		forget(child);
		return;
	}
	memcpy(&space[child][p.page], &space[p.s][p.page],
	       p.nr * sizeof(struct model_page));
}

static void op_exit(void)
{
	unsigned int s = 1 + rnd(SPACES - 1);

	doing = "exit";
	if (rnd(6))
		return;
	__pfn_track_exit(mm_of(s));
	model_clear(s, 0, SPACE_PAGES);
}

static void op_claim(void)
{
	long before = unit_stat(PFT_STAT_INCOMPLETE);
	unsigned int i = rnd(CLAIMS), flags = rnd(2) ? PFN_CLAIM_STRICT : 0;
	enum pfn_attr attr = unit_attrs[rnd(nr_attrs)];
	struct place p = rnd_place();
	bool ok;

	doing = "claim";
	if (claims[i].held) {
		MODEL_CHECK(do_claim(&claims[i].claim, pfn_of(p.pfn),
				     p.nr * scale, attr, flags) == -EINVAL);
		return;
	}
	ok = model_admits(p.pfn, p.nr, attr, attr, flags);
	MODEL_CHECK(do_claim(&claims[i].claim, pfn_of(p.pfn), p.nr * scale,
			     attr, flags) == (ok ? 0 : -EBUSY));
	if (!ok || policy == PFN_POLICY_OFF)
		return;
	if (lost(before)) {
		MODEL_CHECK(!pfn_track_release(&claims[i].claim));
		return;
	}
	expect.maps++;
	claims[i].held = true;
	claims[i].pfn = p.pfn;
	claims[i].nr = p.nr;
	claims[i].attr = attr;
}

static void op_release(void)
{
	unsigned int i = rnd(CLAIMS);

	doing = "release";
	/* The claim that is made while off is another test's. */
	if (policy == PFN_POLICY_OFF)
		return;
	MODEL_CHECK(pfn_track_release(&claims[i].claim) ==
		    (claims[i].held ? 0 : -ENOENT));
	claims[i].held = false;
}

static void op_query(void)
{
	enum pfn_attr attr = rnd_attr();
	struct place p = rnd_place();
	struct pfn_answer answer;
	unsigned int mask = model_held(p.pfn, p.nr);
	enum pfn_verdict verdict = model_verdict(attr, mask);

	doing = "query";
	if (policy == PFN_POLICY_OFF) {
		MODEL_CHECK(pfn_track_query(PFN_PHYS(pfn_of(p.pfn)),
					    pages(p.nr * scale), K_IO, attr,
					    &answer) == -EOPNOTSUPP);
		return;
	}
	MODEL_CHECK(!pfn_track_query(PFN_PHYS(pfn_of(p.pfn)),
				     pages(p.nr * scale), K_IO, attr,
				     &answer));
	MODEL_CHECK(answer.attrs == mask);
	MODEL_CHECK(answer.verdict == verdict);
	MODEL_CHECK(answer.refused == model_refuses(verdict, false));
}

/*
 * A walk that is paused while everything else goes on.  Each record that is
 * there from its beginning to its end, and is not changed, is found once.
 */
#define SEEN_MAX	(SPACES * SPACE_PAGES + CLAIMS)

static struct {
	struct pft_walk walk;
	struct pft_record mark;
	unsigned int nr;
	struct {
		const struct pft_record *rec;
		unsigned long seq;
		unsigned long pfn;
		unsigned long last;
		unsigned int found;
		bool changed;
	} seen[SEEN_MAX];
} look;

static bool looking;

static void look_begin(struct place p)
{
	const struct pft_record *rec;

	memset(&look, 0, sizeof(look));
	look.walk.pfn = pfn_of(p.pfn);
	look.walk.last = pfn_of(p.pfn + p.nr) - 1;
	look.walk.attrs = BIT(PFN_ATTR_COUNT) - 1;
	for (rec = unit_after(NULL); rec; rec = unit_after(rec)) {
		if (rec->pfn > look.walk.last || rec->last < look.walk.pfn)
			continue;
		MODEL_CHECK(look.nr < SEEN_MAX);
		look.seen[look.nr].rec = rec;
		look.seen[look.nr].seq = rec->seq;
		look.seen[look.nr].pfn = rec->pfn;
		look.seen[look.nr++].last = rec->last;
	}
	looking = true;
}

static void look_found(const struct pft_record *rec)
{
	unsigned int i;

	MODEL_CHECK(rec->got < PFN_ATTR_COUNT);
	MODEL_CHECK(rec->pfn <= look.walk.last && rec->last >= look.walk.pfn);
	for (i = 0; i < look.nr; i++)
		look.seen[i].found += look.seen[i].rec == rec &&
				      look.seen[i].seq == rec->seq;
}

static void look_end(void)
{
	unsigned int i;

	for (i = 0; i < look.nr; i++)
		MODEL_CHECK(look.seen[i].changed || look.seen[i].found == 1);
	looking = false;
}

/* After each step of the model: what is not as it was may be missed. */
static void look_again(void)
{
	const struct pft_record *rec;
	bool same[SEEN_MAX] = { };
	unsigned int i;

	spin_lock(&pft_lock);
	for (rec = unit_after(NULL); rec; rec = unit_after(rec))
		for (i = 0; i < look.nr; i++)
			if (rec == look.seen[i].rec)
				same[i] = rec->seq == look.seen[i].seq &&
					  rec->pfn == look.seen[i].pfn &&
					  rec->last == look.seen[i].last;
	spin_unlock(&pft_lock);
	for (i = 0; i < look.nr; i++)
		look.seen[i].changed |= !same[i];
}

static void op_look(void)
{
	struct place p = rnd_place();
	struct pft_record *rec;

	doing = "look";
	/* It is dear to look after. */
	if (!looking && rnd(32))
		return;
	spin_lock(&pft_lock);
	if (!looking)
		look_begin(p);
	else
		pft_segment_resume(&look.walk, &look.mark);
	look.walk.steps = 1 + rnd(8);
	look.walk.taken = 0;
	while ((rec = pft_segment_walk(&look.walk)))
		look_found(rec);
	if (!look.walk.node)
		look_end();
	else if (rnd(20))
		pft_segment_pause(&look.walk, &look.mark);
	else
		/* Its caller has seen enough. */
		looking = false;
	spin_unlock(&pft_lock);
}

static void op_refused(void)
{
	struct place p = rnd_place();

	doing = "refused";
	if (policy == PFN_POLICY_OFF)
		return;
	do_refused(rnd(2) ? PFN_KIND_IOREMAP : PFN_KIND_REMAP_PFN,
		   pfn_of(p.pfn), p.nr * scale, rnd_attr());
	expect.refused++;
	expect.conflicts++;
}

static void op_policy(void)
{
	unsigned int i;

	doing = "policy";
	if (rnd(10))
		return;
	/* Switching on may fail, and then says so: nomem.switch_on. */
	unit_fail_nth(0);
	unit_stock_restore();
	/* Mostly the one that lets all in: full ranges are the hard ones. */
	policy = PFN_POLICY_REPORT;
	if (!rnd(3))
		policy = rnd(8) ? PFN_POLICY_REPORT + rnd(3) : PFN_POLICY_OFF;
	MODEL_CHECK(!pft_set_policy(PFT_KIND_ALL, policy));
	if (policy != PFN_POLICY_OFF)
		return;
	memset(space, 0, sizeof(space));
	for (i = 0; i < CLAIMS; i++) {
		if (claims[i].held)
			MODEL_CHECK(!pfn_track_release(&claims[i].claim));
		claims[i].held = false;
	}
	compare_all();
	policy = PFN_POLICY_REPORT;
	MODEL_CHECK(!pft_set_policy(PFT_KIND_ALL, policy));
}

static void (* const ops[])(void) = {
	op_map, op_map, op_map, op_map, op_map, op_zap, op_zap, op_zap,
	op_move, op_move, op_fork, op_exit, op_claim, op_claim, op_release,
	op_query, op_refused, op_policy, op_look, op_look, op_look,
};

static void run(unsigned long steps)
{
	const enum pfn_attr *attr;

	unit_boot(NULL);
	policy = PFN_POLICY_REPORT;
	/* Without memory a copy may end with a table, in the middle of a unit. */
	if (faults)
		unit_table = ULONG_MAX;
	for (attr = unit_attrs; *attr; attr++)
		nr_attrs++;
	seed = unit_env("SEED", 20061121);
	state = seed * 0x9e3779b97f4a7c15ull + base_pfn + scale;
	for (step = 1; step <= steps; step++) {
		if (faults) {
			if (rnd(2))
				unit_stock_hide();
			if (rnd(3))
				unit_fail_from(1 + rnd(6));
		}
		ops[rnd(ARRAY_SIZE(ops))]();
		if (looking)
			look_again();
		if (faults) {
			unit_fail_nth(0);
			unit_stock_restore();
		}
		if (!(step % COMPARE))
			compare_all();
	}
	/* Seen with "-v": that the run did not go past what it is for. */
	printf("%lu steps: %ld maps, %ld unmaps, %ld conflicts, %ld refused, %ld incomplete, %ld records at the end\n",
	       steps, unit_stat(PFT_STAT_MAPS), unit_stat(PFT_STAT_UNMAPS),
	       unit_stat(PFT_STAT_CONFLICTS), unit_stat(PFT_STAT_REFUSED),
	       unit_stat(PFT_STAT_INCOMPLETE), unit_stat(PFT_STAT_RECORDS));
	while (looking)
		op_look();
	doing = "the end";
	compare_all();
}

/* Bounded: a share for "make check"; STEPS=10000000 for a night. */
#define STEPS(n)	unit_env("STEPS", n)

TEST(model, low)
{
	base_pfn = 0;
	base_va = 0;
	run(STEPS(100000));
}

TEST(model, middle)
{
	base_pfn = 0xfe000;
	base_va = 0x7f000;
	run(STEPS(100000));
}

/* User addresses end below the top of the word, if only by a page. */
TEST(model, top)
{
	base_pfn = PFN_TOP - PFNS + 1;
	base_va = (~0UL >> PAGE_SHIFT) - SPACE_PAGES;
	run(STEPS(100000));
}

TEST(model, faults)
{
	faults = true;
	base_pfn = 0;
	base_va = 0x10;
	run(STEPS(100000));
}

/*
 * Larger pieces, so that they are held by blocks of all sizes: whole ones, and
 * such as begin and end anywhere.  Just below a multiple of 64 cubed.
 */
TEST(model, blocks)
{
	scale = 64;
	base_pfn = 262144 - 16 * 64;
	base_va = 0x7f000;
	run(STEPS(25000));
}

TEST(model, odd_blocks)
{
	scale = 1021;
	base_pfn = 262144 - 16 * 1021 + 3;
	base_va = 0x7f000;
	run(STEPS(25000));
}

TEST(model, blocks_faults)
{
	faults = true;
	scale = 77;
	base_pfn = 4096 * 5 - 20;
	base_va = 0x10;
	run(STEPS(25000));
}
