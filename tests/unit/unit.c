// SPDX-License-Identifier: GPL-2.0-only
/* The runner, and what the tests share. */
#include "unit.h"
#include <trace/events/pfn_track.h>
#undef snprintf

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * No test takes a tenth of this, sanitizers and a busy machine included, nor do
 * 10,000 steps of a random one take a second.
 */
#define UNIT_TIMEOUT	(120 + unit_env("STEPS", 0) / 10000)

/* A test that allocates without end is to end before the machine does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "hard_rss_limit_mb=1000";
}

long *unit_result;

static bool unit_verbose;

static struct unit_test *unit_first, **unit_end = &unit_first;

void unit_register(struct unit_test *test)
{
	*unit_end = test;
	unit_end = &test->next;
}

void unit_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	/* Not exit(): what a broken-off test leaks is of no interest. */
	_exit(1);
}

bool unit_isolated(void (*fn)(long arg), long arg)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	UNIT_ASSERT(pid >= 0);
	if (!pid) {
		alarm(UNIT_TIMEOUT);
		fn(arg);
		/* exit() looks for leaks. */
		exit(0);
	}
	UNIT_ASSERT(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		fprintf(stderr, "ended by signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

unsigned long unit_env(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

static void unit_run_one(long arg)
{
	((struct unit_test *)arg)->run();
}

/* What a test writes is kept back unless it fails, or with "-v". */
static bool unit_run(struct unit_test *test)
{
	FILE *output = tmpfile();
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), c;
	bool ok;

	UNIT_ASSERT(output && out >= 0 && err >= 0);
	fflush(NULL);
	dup2(fileno(output), STDOUT_FILENO);
	dup2(fileno(output), STDERR_FILENO);
	ok = unit_isolated(unit_run_one, (long)test);
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);

	printf("%s %s\n", ok ? "ok  " : "FAIL", test->name);
	rewind(output);
	while ((!ok || unit_verbose) && (c = fgetc(output)) != EOF)
		putchar(c);
	fclose(output);
	fflush(stdout);
	return ok;
}

static bool unit_wanted(const char *name, char **prefixes)
{
	if (!*prefixes)
		return true;
	for (; *prefixes; prefixes++)
		if (str_has_prefix(name, *prefixes))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	unsigned int run = 0, failed = 0;
	struct unit_test *test;

	if (argc > 1 && !strcmp(argv[1], "-l")) {
		for (test = unit_first; test; test = test->next)
			puts(test->name);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "-v")) {
		unit_verbose = true;
		argv++;
	}
	unit_result = mmap(NULL, sizeof(*unit_result), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	UNIT_ASSERT(unit_result != MAP_FAILED);
	for (test = unit_first; test; test = test->next) {
		if (!unit_wanted(test->name, argv + 1))
			continue;
		run++;
		failed += !unit_run(test);
	}
	printf("%u tests run, %u passed, %u failed\n", run, run - failed,
	       failed);
	/* Not exit(): everything that matters was a child's. */
	_exit(fflush(stdout) || failed || !run);
}

/* === The kernel's part ================================================== */

extern int (*unit_param_pft_setup)(char *);
extern int (*unit_initcall_pft_files_init)(void);

struct unit_trace unit_trace;

void trace_pfn_map(const struct pft_record *rec)
{
	lockdep_assert_held(&pft_lock);
	UNIT_ASSERT(rec->holder && rec->pfn <= rec->last);
	unit_trace.maps++;
}

void trace_pfn_unmap(const struct pft_record *rec)
{
	lockdep_assert_held(&pft_lock);
	UNIT_ASSERT(rec->holder && rec->pfn <= rec->last);
	unit_trace.unmaps++;
}

void trace_pfn_conflict(const struct pft_conflict *c)
{
	static DEFINE_SPINLOCK(lock);

	UNIT_ASSERT(c->new.holder);
	spin_lock(&lock);
	unit_trace.conflicts++;
	unit_trace.conflict = *c;
	spin_unlock(&lock);
}

void unit_boot(const char *param)
{
	char text[128];

	if (param) {
		strscpy(text, param);
		unit_param_pft_setup(text);
	}
	pfn_track_init();
	CHECK_EQ(unit_initcall_pft_files_init(), 0);
}

long unit_stat(enum pft_stat stat)
{
	return atomic_long_read(&pft_stats[stat]);
}

/* Tear-down has to find a record by any of its addresses. */
static void unit_check_va(const struct pft_record *rec)
{
	struct pft_range range = {
		.space = rec->space,
		.id = rec->id,
		.va = rec->va,
		.va_last = pft_va_last(rec),
	};

	CHECK(pft_va_last(rec) > rec->va);
	CHECK(pft_store_first(&range) == rec);
	range.va = range.va_last;
	CHECK(pft_store_first(&range) == rec);
}

struct pft_record *unit_after(const struct pft_record *rec)
{
	struct pft_place place = { };

	if (rec)
		place = (struct pft_place){
			.space = rec->space,
			.id = rec->id,
			.va = rec->va,
			.rec = rec,
		};
	return pft_store_after(&place);
}

/* A record is found by the page frames at its ends, once. */
static void unit_check_walk(const struct pft_record *rec)
{
	struct pft_walk walk = { .pfn = rec->last, .last = rec->last,
				 .attrs = BIT(rec->got) };
	const struct pft_record *found;
	int nr = 0;

	while ((found = pft_segment_walk(&walk)))
		nr += found == rec;
	CHECK_EQ(nr, 1);
}

/* === Stock ============================================================== */

static void *unit_hidden[PFT_STOCK_COUNT];

static long unit_hide(enum pft_stock kind)
{
	void **object;
	long nr = 0;

	for (; (object = pft_stock_take(kind)); nr++) {
		*object = unit_hidden[kind];
		unit_hidden[kind] = object;
	}
	return nr;
}

static void unit_unhide(enum pft_stock kind)
{
	void **object;

	while ((object = unit_hidden[kind])) {
		unit_hidden[kind] = *object;
		*object = NULL;
		pft_stock_give(kind, object);
	}
}

void unit_stock_hide(void)
{
	enum pft_stock kind;

	spin_lock(&pft_lock);
	for (kind = 0; kind < PFT_STOCK_COUNT; kind++)
		unit_hide(kind);
	pft_unlock();
}

void unit_stock_restore(void)
{
	enum pft_stock kind;

	spin_lock(&pft_lock);
	for (kind = 0; kind < PFT_STOCK_COUNT; kind++)
		unit_unhide(kind);
	pft_unlock();
}

/* Objects of a kind that are in use. */
static long unit_in_use(enum pft_stock kind, const char *cache)
{
	long nr = unit_live(cache) - unit_hide(kind);

	unit_unhide(kind);
	return nr;
}

static void unit_check_memory(long records)
{
	CHECK_EQ(unit_in_use(PFT_STOCK_RECORD, "pft_record"), records);
	if (records)
		return;
	/*
	 * The root, empty nodes with those above them, and one in which a walk
	 * has been paused.
	 */
	CHECK(unit_in_use(PFT_STOCK_LEAF, "pft_node") <= 64 + 1);
	CHECK(unit_in_use(PFT_STOCK_INNER, "pft_inner") <= 64 * 9);
	CHECK_EQ(unit_in_use(PFT_STOCK_EXTRA, "pft_extra"), 0);
}

void unit_check_store(void)
{
	const struct pft_record *rec;
	unsigned int attrs = 0;
	long nr = 0;

	CHECK(!unit_holds(&pft_lock));
	unit_rcu_run();
	spin_lock(&pft_lock);
	for (rec = unit_after(NULL); rec; rec = unit_after(rec)) {
		CHECK(rec->pfn <= rec->last);
		CHECK(rec->holder);
		CHECK(pft_segment_held(rec->pfn, rec->pfn) & BIT(rec->got));
		CHECK(pft_segment_held(rec->last, rec->last) & BIT(rec->got));
		unit_check_va(rec);
		unit_check_walk(rec);
		attrs |= BIT(rec->got);
		nr++;
	}
	/* Nothing is held that nobody holds. */
	CHECK_EQ(pft_segment_held(0, PFN_TOP), attrs);
	unit_check_memory(nr);
	pft_unlock();
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), nr);
}

/* === Processes that map pages: stands for mm/pfn_track_rmap.c =========== */

bool unit_ram_is_mapped, unit_stale;
unsigned long unit_sought;

bool pft_has_pages(unsigned long pfn, unsigned long last)
{
	return pfn_valid(pfn) || pfn_valid(last);
}

bool pft_ram_is_mapped(unsigned long pfn, unsigned long last)
{
	return unit_ram_is_mapped && pfn < unit_ram_end;
}

bool pft_may_seek(unsigned long pfn, unsigned long last)
{
	return pft_ram_is_mapped(pfn, last);
}

bool pft_is_stale(const struct pft_record *rec)
{
	CHECK(unit_holds(&pft_lock));
	CHECK(rec->counted);
	return unit_stale;
}

static struct pft_sought unit_left;

void pft_seek_processes(unsigned long pfn, unsigned long last)
{
	UNIT_ASSERT(!unit_nested);
	CHECK(!unit_holds(&pft_lock));
	unit_sought += last - pfn + 1;
}

void pft_seek_and_report(const struct pft_sought *sought)
{
	pft_seek_processes(sought->pfn, sought->last);
	CHECK(sought->report);
	unit_seek_end(true);
	unit_left = *sought;
}

/* The worker has looked for processes. */
void unit_seek_end(bool found)
{
	if (!unit_left.report)
		return;
	unit_left.found = found;
	if (unit_left.refused || !found)
		pft_tell_sought(&unit_left);
	pft_holder_put(unit_left.new.holder);
	unit_left.report = false;
}

/* === Stand for arch/generic/pat/reserve.c, and for a PCI bus ============ */

unsigned long unit_untracked = 1, unit_untracked_last;
enum pfn_cause unit_cause = PFN_CAUSE_PLATFORM;
bool unit_cause_looked_up;
struct device *unit_reserved_dev;

bool pfn_attr_untracked(unsigned long pfn, unsigned long last)
{
	return pfn >= unit_untracked && last <= unit_untracked_last;
}

enum pfn_cause pfn_attr_cause(unsigned long pfn, unsigned long last,
			      enum pfn_attr want, bool looked_up)
{
	CHECK(!unit_holds(&pft_lock));
	unit_cause_looked_up = looked_up;
	return unit_cause;
}

struct device *pft_device_of(const struct pft_record *rec)
{
	return unit_reserved_dev;
}

/* === Attributes ========================================================= */

#if defined(CONFIG_X86)
const enum pfn_attr unit_attrs[] = {
	PFN_ATTR_WB, PFN_ATTR_WT, PFN_ATTR_WP, PFN_ATTR_WC, PFN_ATTR_UC_MINUS,
	PFN_ATTR_UC, PFN_ATTR_UNKNOWN
};

static unsigned long unit_bits(enum pfn_attr attr)
{
	switch (attr) {
	case PFN_ATTR_WB:
		return UNIT_SLOT_BITS(0);
	case PFN_ATTR_WT:
		return UNIT_SLOT_BITS(7);
	case PFN_ATTR_WP:
		return UNIT_SLOT_BITS(5);
	case PFN_ATTR_WC:
		return UNIT_SLOT_BITS(1);
	case PFN_ATTR_UC_MINUS:
		return UNIT_SLOT_BITS(2);
	case PFN_ATTR_UC:
		return UNIT_SLOT_BITS(3);
	default:
		return UNIT_SLOT_BITS(UNIT_SLOT_UNKNOWN);
	}
}
#elif defined(CONFIG_ARM64)
const enum pfn_attr unit_attrs[] = {
	PFN_ATTR_WB, PFN_ATTR_WC, PFN_ATTR_DEVICE, PFN_ATTR_DEVICE_STRICT,
	PFN_ATTR_UNKNOWN
};

static unsigned long unit_bits(enum pfn_attr attr)
{
	switch (attr) {
	case PFN_ATTR_WB:
		return PTE_ATTRINDX(MT_NORMAL);
	case PFN_ATTR_WC:
		return PTE_ATTRINDX(MT_NORMAL_NC);
	case PFN_ATTR_DEVICE:
		return PTE_ATTRINDX(MT_DEVICE_nGnRE);
	case PFN_ATTR_DEVICE_STRICT:
		return PTE_ATTRINDX(MT_DEVICE_nGnRnE);
	default:
		return PTE_ATTRINDX(UNIT_MT_UNKNOWN);
	}
}
#else
const enum pfn_attr unit_attrs[] = {
	PFN_ATTR_WB, PFN_ATTR_WC, PFN_ATTR_UC, PFN_ATTR_DEVICE, PFN_ATTR_UNKNOWN
};

static unsigned long unit_bits(enum pfn_attr attr)
{
	switch (attr) {
	case PFN_ATTR_WB:
		return 0;
	case PFN_ATTR_WC:
		return unit_writecombine_bits;
	case PFN_ATTR_UC:
		return unit_noncached_bits;
	case PFN_ATTR_DEVICE:
		return unit_device_bits;
	default:
		return unit_writecombine_bits | unit_noncached_bits |
		       unit_device_bits;
	}
}
#endif

pgprot_t unit_prot(enum pfn_attr attr)
{
	return __pgprot(UNIT_PROT_OTHER | unit_bits(attr));
}

enum pfn_attr unit_not_linear(void)
{
	const enum pfn_attr *attr = unit_attrs;

	while (pfn_attr_judge_linear(*attr, A_WB, false)->verdict <
	       PFN_VERDICT_INCOHERENT)
		CHECK(*++attr);
	return *attr;
}

bool unit_pair(enum pfn_verdict verdict, enum pfn_attr *a, enum pfn_attr *b)
{
	const enum pfn_attr *x, *y;

	for (x = unit_attrs; *x; x++) {
		for (y = unit_attrs; *y; y++) {
			if (x == y || pfn_attr_judge(*x, *y)->verdict != verdict)
				continue;
			*a = *x;
			*b = *y;
			return true;
		}
	}
	return false;
}

/* === Short ways to map ================================================== */

struct mm_struct unit_mm[8];
const struct vm_operations_struct unit_shmem_ops;

struct vm_area_struct unit_vma(struct mm_struct *mm, unsigned long page,
			       unsigned long nr)
{
	/* Who maps there is of there, unless a test says whose it is. */
	if (!unit_tasks)
		unit_current->mm = mm;
	return (struct vm_area_struct){
		.vm_start = pages(page),
		.vm_end = pages(page + nr),
		.vm_flags = VM_PFNMAP | VM_WRITE,
		.vm_mm = mm,
	};
}

int do_ioremap(unsigned long va, unsigned long pfn, unsigned long nr,
	       enum pfn_attr attr)
{
	return __pfn_track_ioremap(kva(va), pages(nr), PFN_PHYS(pfn),
				   unit_prot(attr), unit_prot(attr), NULL);
}

void do_iounmap(unsigned long va, unsigned long nr)
{
	__pfn_track_iounmap(kva(va), pages(nr));
}

int do_remap(struct mm_struct *mm, unsigned long va, unsigned long pfn,
	     unsigned long nr, enum pfn_attr want, enum pfn_attr got)
{
	struct vm_area_struct vma = unit_vma(mm, va, nr);

	return __pfn_track_remap(&vma, pages(va), pfn, pages(nr),
				 unit_prot(want), unit_prot(got));
}

int do_map(struct mm_struct *mm, unsigned long va, unsigned long pfn,
	   unsigned long nr, enum pfn_attr attr)
{
	return do_remap(mm, va, pfn, nr, attr, attr);
}

/* As by a fault on a mapped file, under the lock of the page table. */
static int insert_with(struct mm_struct *mm, unsigned long va,
		       unsigned long pfn, unsigned long nr, enum pfn_attr attr,
		       unsigned int flags)
{
	static struct inode inode = { .i_ino = 1 };
	static struct file file = { .f_op = &inode, .inode = &inode };
	struct vm_area_struct vma = unit_vma(mm, va, nr);
	static DEFINE_TABLE_LOCK(ptl);
	int ret;

	vma.vm_file = &file;

	spin_lock(&ptl);
	ret = __pfn_track_insert(&vma, pages(va), pfn, pages(nr),
				 unit_prot(attr), unit_prot(attr), flags);
	spin_unlock(&ptl);
	return ret;
}

int do_insert(struct mm_struct *mm, unsigned long va, unsigned long pfn,
	      unsigned long nr, enum pfn_attr attr)
{
	return insert_with(mm, va, pfn, nr, attr, 0);
}

int do_insert_cleaned(struct mm_struct *mm, unsigned long va, unsigned long pfn,
		      enum pfn_attr attr)
{
	return insert_with(mm, va, pfn, 1, attr, PFN_INSERT_CLEANED);
}

void do_zap(struct mm_struct *mm, unsigned long va, unsigned long nr)
{
	struct vm_area_struct vma = unit_vma(mm, va, nr);

	__pfn_track_zap(&vma, pages(va), pages(va + nr));
}

void do_move(struct mm_struct *mm, unsigned long from, unsigned long to,
	     unsigned long nr)
{
	struct vm_area_struct vma = unit_vma(mm, from, nr);

	__pfn_track_move(&vma, pages(from), pages(to), pages(nr));
}

unsigned long unit_table = UNIT_TABLE;

void do_fork(struct mm_struct *dst, struct mm_struct *src, unsigned long va,
	     unsigned long nr)
{
	struct vm_area_struct from = unit_vma(src, va, nr);
	unsigned long i, table;

	/* Page table by page table, under its lock. */
	for (i = 0; i < nr; i += table) {
		static DEFINE_TABLE_LOCK(ptl);

		table = min(nr - i, unit_table - (va + i) % unit_table);
		spin_lock(&ptl);
		__pfn_track_fork(dst, &from, pages(va + i),
				 pages(va + i + table));
		spin_unlock(&ptl);
	}
}

void do_refused(enum pfn_kind kind, unsigned long pfn, unsigned long nr,
		enum pfn_attr want)
{
	struct vm_area_struct vma = unit_vma(&unit_mm[0], 0, nr);

	if (kind == PFN_KIND_REMAP_PFN)
		__pfn_track_remap_refused(&vma, 0, pfn, pages(nr),
					  unit_prot(want), -EINVAL);
	else
		__pfn_track_refused(kind, pfn, pages(nr), unit_prot(want),
				    -EBUSY, NULL);
}

int do_claim(struct pfn_claim *claim, unsigned long pfn, unsigned long nr,
	     enum pfn_attr attr, unsigned int flags)
{
	return pfn_track_claim(claim, NULL, PFN_PHYS(pfn), pages(nr), attr,
			       flags);
}

struct pft_record record_at(enum pfn_space space, const void *id,
			    unsigned long va)
{
	struct pft_range range = {
		.space = space,
		.id = id,
		.va = pages(va),
		.va_last = pages(va) + PAGE_SIZE - 1,
	};
	struct pft_record *rec;
	struct pft_record copy = { .pfn = 0 };

	spin_lock(&pft_lock);
	rec = pft_store_first(&range);
	if (rec)
		copy = *rec;
	pft_unlock();
	return copy;
}
