// SPDX-License-Identifier: GPL-2.0-only
/* Kernel services for user space: locks, RCU, stacks, the log. */
#include "shim.h"
#include "pat.h"
#undef snprintf

#include <signal.h>

void unit_die(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

/* === Locks ============================================================== */

/* Its address tells threads apart. */
static __thread char unit_self;
__thread int unit_spinning;
__thread int unit_nested;
__thread int unit_writing;

bool unit_holds(spinlock_t *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == &unit_self;
}

static void unit_lock(spinlock_t *lock)
{
	UNIT_ASSERT(!unit_holds(lock));
	pthread_mutex_lock(&lock->mutex);
	__atomic_store_n(&lock->owner, &unit_self, __ATOMIC_RELAXED);
}

static void unit_unlock(spinlock_t *lock)
{
	UNIT_ASSERT(unit_holds(lock));
	__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock->mutex);
}

void spin_lock(spinlock_t *lock)
{
	unit_lock(lock);
	unit_spinning++;
	unit_nested += !lock->of_table;
}

void (*unit_between)(void);

void spin_unlock(spinlock_t *lock)
{
	void (*between)(void) = unit_between;

	unit_spinning--;
	unit_nested -= !lock->of_table;
	unit_unlock(lock);
	if (between && !unit_spinning) {
		unit_between = NULL;
		between();
		unit_between = between;
	}
}

/*
 * The allocator may free or take a page, and the page allocator asks the
 * registry about it: not under its lock, and not while pages move.
 */
unsigned int pfn_track_lookup(unsigned long pfn);

void unit_may_allocate(void)
{
	UNIT_ASSERT(!unit_nested);
	UNIT_ASSERT(!unit_writing);
	/* As pfn_track_free() may; it asks only while the registry is on. */
	pfn_track_lookup(0);
}

void might_sleep(void)
{
	UNIT_ASSERT(!unit_spinning);
}

void mutex_lock(spinlock_t *lock)
{
	might_sleep();
	unit_lock(lock);
}

void mutex_unlock(spinlock_t *lock)
{
	unit_unlock(lock);
}

/* === Reference counts =================================================== */

void refcount_inc(refcount_t *ref)
{
	UNIT_ASSERT(__atomic_fetch_add(&ref->refs, 1, __ATOMIC_RELAXED) > 0);
}

bool refcount_inc_not_zero(refcount_t *ref)
{
	int old = __atomic_load_n(&ref->refs, __ATOMIC_RELAXED);

	while (old && !__atomic_compare_exchange_n(&ref->refs, &old, old + 1,
						   false, __ATOMIC_ACQUIRE,
						   __ATOMIC_RELAXED))
		;
	UNIT_ASSERT(old >= 0);
	return old;
}

void refcount_dec(refcount_t *ref)
{
	UNIT_ASSERT(__atomic_fetch_sub(&ref->refs, 1, __ATOMIC_RELEASE) > 1);
}

bool refcount_dec_and_test(refcount_t *ref)
{
	int old = __atomic_fetch_sub(&ref->refs, 1, __ATOMIC_ACQ_REL);

	UNIT_ASSERT(old > 0);
	return old == 1;
}

/* === RCU ================================================================ */

/*
 * Whoever reads says since when, in numbers of call_rcu(); a callback is due
 * when all readers began after it.
 */
#define UNIT_READERS	16
#define UNIT_NOT_READING	(~0UL)

static struct {
	unsigned long since;
	bool taken;
} __attribute__((aligned(64))) unit_readers[UNIT_READERS];

static unsigned long unit_epoch;
static pthread_mutex_t unit_rcu_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct rcu_head *unit_rcu_first, **unit_rcu_end = &unit_rcu_first;

#ifndef UNIT_RCU_IDLE
static __thread int unit_reader = -1;
static __thread int unit_reading;

static void unit_reader_start(void)
{
	int i = 0;

	while (__atomic_exchange_n(&unit_readers[i].taken, true,
				   __ATOMIC_ACQ_REL))
		UNIT_ASSERT(++i < UNIT_READERS);
	__atomic_store_n(&unit_readers[i].since, UNIT_NOT_READING,
			 __ATOMIC_SEQ_CST);
	unit_reader = i;
}

void rcu_read_lock(void)
{
	unsigned long epoch;

	if (unit_reading++)
		return;
	if (unit_reader < 0)
		unit_reader_start();
	/* Again, if a callback came between: it has not seen this reader. */
	do {
		epoch = __atomic_load_n(&unit_epoch, __ATOMIC_SEQ_CST);
		__atomic_store_n(&unit_readers[unit_reader].since, epoch,
				 __ATOMIC_SEQ_CST);
	} while (__atomic_load_n(&unit_epoch, __ATOMIC_SEQ_CST) != epoch);
}

void rcu_read_unlock(void)
{
	UNIT_ASSERT(unit_reading > 0);
	if (!--unit_reading)
		__atomic_store_n(&unit_readers[unit_reader].since,
				 UNIT_NOT_READING, __ATOMIC_SEQ_CST);
}
#endif

/* Since when the oldest reader reads. */
static unsigned long unit_oldest_reader(void)
{
	unsigned long oldest = UNIT_NOT_READING, since;
	int i;

	for (i = 0; i < UNIT_READERS; i++) {
		if (!__atomic_load_n(&unit_readers[i].taken, __ATOMIC_ACQUIRE))
			continue;
		since = __atomic_load_n(&unit_readers[i].since,
					__ATOMIC_SEQ_CST);
		oldest = min(oldest, since);
	}
	return oldest;
}

static void unit_rcu_call(struct rcu_head *head)
{
	/* A small number is an offset, see kfree_rcu(). */
	if ((unsigned long)head->fn < 4096)
		kfree((char *)head - (unsigned long)head->fn);
	else
		head->fn(head);
}

void unit_rcu_run(void)
{
	struct rcu_head *due = NULL, **end = &due, *next;
	unsigned long oldest;

	pthread_mutex_lock(&unit_rcu_mutex);
	oldest = unit_oldest_reader();
	while (unit_rcu_first && unit_rcu_first->epoch <= oldest) {
		*end = unit_rcu_first;
		end = &unit_rcu_first->next;
		unit_rcu_first = *end;
	}
	*end = NULL;
	if (!unit_rcu_first)
		unit_rcu_end = &unit_rcu_first;
	pthread_mutex_unlock(&unit_rcu_mutex);
	for (; due; due = next) {
		next = due->next;
		unit_rcu_call(due);
	}
}

void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	unit_may_allocate();
	pthread_mutex_lock(&unit_rcu_mutex);
	head->next = NULL;
	head->fn = fn;
	head->epoch = __atomic_add_fetch(&unit_epoch, 1, __ATOMIC_SEQ_CST);
	*unit_rcu_end = head;
	unit_rcu_end = &head->next;
	pthread_mutex_unlock(&unit_rcu_mutex);
	unit_rcu_run();
}

/* === Tasks and time ===================================================== */

static struct task_struct unit_init_task = { .tgid = 1, .comm = "unit" };

__thread struct task_struct *unit_current = &unit_init_task;
struct task_struct *unit_tasks;
unsigned long unit_ram_end;
bool unit_in_interrupt;
bool unit_irqs_disabled;
unsigned int unit_linear_attr;

/*
 * Stands for arch/generic/pat/linear.c, which reads page tables.  Holes of the
 * linear map are what unit_linear_hole() was given; all attributes of the rest
 * are unit_linear_attr but where unit_linear_set() said otherwise.
 */
#define UNIT_STRETCHES	8

static struct unit_stretch {
	unsigned long pfn;
	unsigned long last;
	enum pfn_attr attr;
} unit_stretches[UNIT_STRETCHES];
static unsigned int unit_nr_stretches;

void unit_linear_set(unsigned long pfn, unsigned long nr, enum pfn_attr attr)
{
	UNIT_ASSERT(unit_nr_stretches < UNIT_STRETCHES && nr);
	unit_stretches[unit_nr_stretches++] = (struct unit_stretch){
		.pfn = pfn,
		.last = pfn + nr - 1,
		.attr = attr,
	};
}

void unit_linear_hole(unsigned long pfn, unsigned long nr)
{
	unit_linear_set(pfn, nr, PFN_ATTR_NONE);
}

/* The stretch that was set last holds. */
static enum pfn_attr unit_linear_of(unsigned long pfn)
{
	unsigned int i;

	for (i = unit_nr_stretches; i--; )
		if (pfn >= unit_stretches[i].pfn &&
		    pfn <= unit_stretches[i].last)
			return unit_stretches[i].attr;
	return pfn < unit_ram_end ? unit_linear_attr : PFN_ATTR_NONE;
}

/* The first page frame that nothing was said of, at most 1 behind @last. */
static unsigned long unit_linear_end(unsigned long last)
{
	unsigned long end = unit_ram_end;
	unsigned int i;

	for (i = 0; i < unit_nr_stretches; i++)
		end = max(end, unit_stretches[i].last + 1);
	return last < end ? last + 1 : end;
}

unsigned int pfn_attr_linear(unsigned long pfn, unsigned long last,
			     unsigned long *from, unsigned long *to)
{
	unsigned long end = unit_linear_end(last);
	unsigned int mask = 0;
	enum pfn_attr attr;

	/* It may take resource_lock, which interrupts must not. */
	UNIT_ASSERT(!unit_in_interrupt && !unit_irqs_disabled);
	for (; pfn < end; pfn++) {
		attr = unit_linear_of(pfn);
		if (attr == PFN_ATTR_NONE)
			continue;
		if (!mask && from)
			*from = pfn;
		if (to)
			*to = pfn;
		mask |= 1U << attr;
	}
	return mask;
}

unsigned long pfn_attr_linear_pages(unsigned long pfn, unsigned long last,
				    enum pfn_attr attr)
{
	unsigned long end = unit_linear_end(last), pages = 0;

	for (; pfn < end; pfn++)
		pages += unit_linear_of(pfn) == attr;
	return pages;
}

bool pfn_attr_is_ram(unsigned long pfn)
{
	return unit_linear_of(pfn) != PFN_ATTR_NONE;
}

enum pfn_attr unit_machine_attr;

/* All that is not RAM has the same machine attribute. */
enum pfn_attr pfn_attr_at(unsigned long pfn, unsigned long last,
			  enum pfn_attr attr)
{
	enum pfn_attr got = PFN_ATTR_UNKNOWN;

	/* As above. */
	UNIT_ASSERT(!unit_in_interrupt && !unit_irqs_disabled);
	if (PAT_NATIVE->under && unit_machine_attr && attr > PFN_ATTR_NONE &&
	    !pfn_attr_is_ram(pfn) && !pfn_attr_is_ram(last))
		got = PAT_NATIVE->under(attr, unit_machine_attr);
	return got ?: attr;
}

u64 unit_now = 1000000000;

/* === Stacks ============================================================= */

#define UNIT_DEPOT	1024

const char *unit_symbols[UNIT_SYMBOLS];
unsigned long unit_stack[UNIT_STACK];

static spinlock_t unit_depot_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER };
static unsigned long unit_depot[UNIT_DEPOT][UNIT_STACK];
static unsigned int unit_depot_nr;

int stack_depot_init(void)
{
	might_sleep();
	return unit_fails(GFP_KERNEL) ? -ENOMEM : 0;
}

static long unit_nr_stacks;

long unit_stacks(void)
{
	return __atomic_load_n(&unit_nr_stacks, __ATOMIC_RELAXED);
}

void arch_stack_walk(bool (*consume)(void *cookie, unsigned long addr),
		     void *cookie, struct task_struct *task, void *regs)
{
	unsigned int i;

	UNIT_ASSERT(task == current && !regs);
	for (i = 0; i < UNIT_STACK && unit_stack[i]; i++)
		if (!consume(cookie, unit_stack[i]))
			return;
}

unsigned int stack_trace_save(unsigned long *entries, unsigned int nr,
			      unsigned int skip)
{
	unsigned int i;

	(void)skip;
	__atomic_add_fetch(&unit_nr_stacks, 1, __ATOMIC_RELAXED);
	for (i = 0; i < nr && i < UNIT_STACK && unit_stack[i]; i++)
		entries[i] = unit_stack[i];
	return i;
}

/* Equal stacks have equal handles, which is what the history relies on. */
depot_stack_handle_t stack_depot_save(unsigned long *entries, unsigned int nr,
				      gfp_t gfp)
{
	unsigned long stack[UNIT_STACK] = { 0 };
	unsigned int i;

	if (!nr || unit_fails(gfp))
		return 0;
	memcpy(stack, entries, nr * sizeof(*entries));
	spin_lock(&unit_depot_lock);
	for (i = 0; i < unit_depot_nr; i++)
		if (!memcmp(unit_depot[i], stack, sizeof(stack)))
			break;
	UNIT_ASSERT(i < UNIT_DEPOT);
	if (i == unit_depot_nr)
		memcpy(unit_depot[unit_depot_nr++], stack, sizeof(stack));
	spin_unlock(&unit_depot_lock);
	return i + 1;
}

/* May be called under a spinlock, and so must not sleep; ours never waits long. */
unsigned int stack_depot_fetch(depot_stack_handle_t handle,
			       unsigned long **entries)
{
	unsigned int nr = 0;

	spin_lock(&unit_depot_lock);
	UNIT_ASSERT(handle && handle <= unit_depot_nr);
	spin_unlock(&unit_depot_lock);
	*entries = unit_depot[handle - 1];
	while (nr < UNIT_STACK && (*entries)[nr])
		nr++;
	return nr;
}

bool __kernel_text_address(unsigned long addr)
{
	return addr < UNIT_SYMBOLS && unit_symbols[addr];
}

/* === Modules ============================================================ */

/* Names are compared, pointers returned: two of one name are the same. */
static struct module unit_modules[4];

static struct {
	unsigned long addr;
	const char *name;
} unit_data[4];

const char *unit_text_module;

static const struct module *unit_module_named(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unit_modules); i++) {
		if (!unit_modules[i].name)
			unit_modules[i].name = strndup(name, len);
		if (strlen(unit_modules[i].name) == len &&
		    !strncmp(unit_modules[i].name, name, len))
			return &unit_modules[i];
	}
	UNIT_ASSERT(!"more modules than a test needs");
	return NULL;
}

void unit_module_data(const void *data, const char *name)
{
	unsigned int i = 0;

	while (unit_data[i].addr)
		UNIT_ASSERT(++i < ARRAY_SIZE(unit_data));
	unit_data[i].addr = (unsigned long)data;
	unit_data[i].name = name;
}

const struct module *__module_address(unsigned long addr)
{
	const char *name = addr < UNIT_SYMBOLS && unit_symbols[addr] ?
			   strstr(unit_symbols[addr], " [") : NULL;
	unsigned int i;

	if (name)
		return unit_module_named(name + 2, strcspn(name + 2, "]"));
	for (i = 0; i < ARRAY_SIZE(unit_data); i++)
		if (addr && unit_data[i].addr == addr)
			return unit_data[i].name ?
			       unit_module_named(unit_data[i].name,
						 strlen(unit_data[i].name)) :
			       NULL;
	/* What calls the API is compiled, and no symbol. */
	if (addr >= UNIT_SYMBOLS && unit_text_module)
		return unit_module_named(unit_text_module,
					 strlen(unit_text_module));
	return NULL;
}

int unit_snprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	if (!strcmp(format, "%pB"))
		ret = snprintf(buf, size, "%s",
			       unit_symbols[va_arg(args, unsigned long)]);
	else
		ret = vsnprintf(buf, size, format, args);
	va_end(args);
	return ret;
}

int unit_scnprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = vsnprintf(buf, size, format, args);
	va_end(args);
	UNIT_ASSERT(ret >= 0);
	return (size_t)ret < size ? ret : (int)size - 1;
}

/* === Log ================================================================ */

static spinlock_t unit_log_lock = { .mutex = PTHREAD_MUTEX_INITIALIZER };
static char unit_log_buf[1 << 18];
static size_t unit_log_len;

/*
 * The kernel's %*pE escapes what cannot be printed.  The C library lacks it;
 * %.*s takes the same arguments, and the line is escaped afterwards.
 */
static void unit_escape(char *line)
{
	for (; line[0] && line[1]; line++)
		if ((unsigned char)line[0] < ' ')
			line[0] = '?';
}

void unit_log(const char *kernel_format, ...)
{
	char format[256], *escaped;
	size_t room;
	va_list args;
	int len;

	UNIT_ASSERT(strlen(kernel_format) < sizeof(format));
	strcpy(format, kernel_format);
	while ((escaped = strstr(format, "%*pE")))
		memcpy(escaped, "%.*s", 4);

	spin_lock(&unit_log_lock);
	room = sizeof(unit_log_buf) - unit_log_len;
	va_start(args, kernel_format);
	len = vsnprintf(unit_log_buf + unit_log_len, room, format, args);
	va_end(args);
	unit_escape(unit_log_buf + unit_log_len);
	UNIT_ASSERT(len > 0 && (size_t)len < room);
	UNIT_ASSERT(format[strlen(format) - 1] == '\n');
	unit_log_len += len;
	spin_unlock(&unit_log_lock);
}

const char *unit_log_text(void)
{
	return unit_log_buf;
}

void unit_log_clear(void)
{
	unit_log_len = 0;
	unit_log_buf[0] = '\0';
}

/* === Page table bits ==================================================== */

#if defined(CONFIG_X86)
unsigned long unit_noncached_bits = UNIT_SLOT_BITS(2);
unsigned long unit_writecombine_bits = UNIT_SLOT_BITS(1);
unsigned long unit_device_bits = UNIT_SLOT_BITS(2);
#elif defined(CONFIG_ARM64)
unsigned long unit_noncached_bits = PTE_ATTRINDX(MT_DEVICE_nGnRnE);
unsigned long unit_writecombine_bits = PTE_ATTRINDX(MT_NORMAL_NC);
unsigned long unit_device_bits = PTE_ATTRINDX(MT_DEVICE_nGnRE);
#else
unsigned long unit_noncached_bits = 0x100;
unsigned long unit_writecombine_bits = 0x200;
unsigned long unit_device_bits = 0x400;
#endif

struct unit_cpu boot_cpu_data;
bool unit_aliasing;

/* As pat_bp_init() has it, but for the slot of which it makes no use. */
enum page_cache_mode unit_cachemodes[8] = {
	_PAGE_CACHE_MODE_WB, _PAGE_CACHE_MODE_WC,
	_PAGE_CACHE_MODE_UC_MINUS, _PAGE_CACHE_MODE_UC,
	_PAGE_CACHE_MODE_WB, _PAGE_CACHE_MODE_WP,
	[UNIT_SLOT_UNKNOWN] = 99, _PAGE_CACHE_MODE_WT,
};

bool unit_no_pat;
char boot_command_line[64];

enum page_cache_mode pgprot2cachemode(pgprot_t prot)
{
	/* As without PAT: two bits, and the third says nothing. */
	static const enum page_cache_mode without[4] = {
		_PAGE_CACHE_MODE_WB, _PAGE_CACHE_MODE_WT,
		_PAGE_CACHE_MODE_UC_MINUS, _PAGE_CACHE_MODE_UC,
	};

	if (unit_no_pat)
		return without[pgprot_val(prot) >> 3 & 3];
	return unit_cachemodes[(pgprot_val(prot) >> 3 & 3) |
			       (pgprot_val(prot) >> 5 & 4)];
}

#ifndef CONFIG_X86
bool unit_modify_thead;

/*
 * T-Head fills write-back into protection that says nothing, and leaves the
 * attribute of the entry in: then write-combining is write-back, and what is
 * not cached stays so.
 */
pte_t pte_modify(pte_t entry, pgprot_t prot)
{
	if (unit_modify_thead && pte_val(entry) !=
	    pgprot_val(pgprot_writecombine(PAGE_KERNEL)))
		return entry;
	return pfn_pte(0, prot);
}
#endif
