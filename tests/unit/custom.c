// SPDX-License-Identifier: GPL-2.0-only
/* Kernel services for user space: memory, locks, stacks, the log. */
#include "shim.h"
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
static __thread int unit_spinning;

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
}

void spin_unlock(spinlock_t *lock)
{
	unit_spinning--;
	unit_unlock(lock);
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

void refcount_set(refcount_t *ref, int n)
{
	__atomic_store_n(&ref->refs, n, __ATOMIC_RELAXED);
}

void refcount_inc(refcount_t *ref)
{
	UNIT_ASSERT(__atomic_fetch_add(&ref->refs, 1, __ATOMIC_RELAXED) > 0);
}

bool refcount_dec_and_test(refcount_t *ref)
{
	int old = __atomic_fetch_sub(&ref->refs, 1, __ATOMIC_ACQ_REL);

	UNIT_ASSERT(old > 0);
	return old == 1;
}

/* === Memory ============================================================= */

bool unit_pool_dry;

static long unit_countdown;
static bool unit_for_good;
static long unit_nr_allocs, unit_nr_failed;
static long unit_live;
static mempool_t *unit_pool;

void unit_fail_nth(long n)
{
	unit_countdown = n;
	unit_for_good = false;
	unit_nr_failed = 0;
}

void unit_fail_from(long n)
{
	unit_fail_nth(n);
	unit_for_good = true;
}

long unit_failed(void)
{
	return unit_nr_failed;
}

long unit_allocs(void)
{
	return unit_nr_allocs;
}

/* Armed by single-threaded tests only. */
static bool unit_fails(void)
{
	might_sleep();
	__atomic_add_fetch(&unit_nr_allocs, 1, __ATOMIC_RELAXED);
	if (!unit_countdown || --unit_countdown)
		return false;
	if (unit_for_good)
		unit_countdown = 1;
	unit_nr_failed++;
	return true;
}

/* Rubbish instead of zeroes: who wants those has to ask. */
static void *unit_alloc(size_t size)
{
	void *p;

	if (unit_fails())
		return NULL;
	/* Objects of more than half a cache line begin one, as in the slab. */
	if (posix_memalign(&p, size > 32 ? 64 : sizeof(void *), size))
		p = NULL;
	UNIT_ASSERT(p);
	return memset(p, 0xa5, size);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	void *p = unit_alloc(size);

	(void)gfp;
	return p ? memset(p, 0, size) : NULL;
}

void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kzalloc(n * size, gfp);
}

const char *kstrdup_const(const char *text, gfp_t gfp)
{
	char *copy;

	(void)gfp;
	if (!text)
		return NULL;
	copy = unit_alloc(strlen(text) + 1);
	return copy ? strcpy(copy, text) : NULL;
}

void kfree(const void *p)
{
	/* The kernel could, but nothing here is meant to be that slow. */
	UNIT_ASSERT(!p || !unit_spinning);
	free((void *)p);
}

struct kmem_cache *unit_cache(size_t size)
{
	static struct kmem_cache cache;

	if (unit_fails())
		return NULL;
	cache.size = size;
	return &cache;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *p = unit_alloc(cache->size);

	(void)gfp;
	if (p)
		__atomic_add_fetch(&unit_live, 1, __ATOMIC_RELAXED);
	return p;
}

void kmem_cache_free(struct kmem_cache *cache, void *p)
{
	(void)cache;
	UNIT_ASSERT(p);
	__atomic_sub_fetch(&unit_live, 1, __ATOMIC_RELAXED);
	kfree(p);
}

long unit_records_live(void)
{
	return unit_live - (unit_pool ? unit_pool->nr : 0);
}

bool unit_pool_full(void)
{
	return unit_pool->nr == unit_pool->min;
}

int mempool_init_slab_pool(mempool_t *pool, int min, struct kmem_cache *cache)
{
	UNIT_ASSERT(min <= UNIT_POOL_MAX);
	*pool = (mempool_t){
		.lock = { .mutex = PTHREAD_MUTEX_INITIALIZER },
		.cache = cache,
		.min = min,
	};
	while (pool->nr < min) {
		void *p = kmem_cache_alloc(cache, GFP_KERNEL);

		if (!p) {
			while (pool->nr)
				kmem_cache_free(cache, pool->spare[--pool->nr]);
			return -ENOMEM;
		}
		pool->spare[pool->nr++] = p;
	}
	unit_pool = pool;
	return 0;
}

/* As in the kernel: fresh memory first, the reserve only when that fails. */
void *mempool_alloc(mempool_t *pool, gfp_t gfp)
{
	void *p = kmem_cache_alloc(pool->cache, gfp);

	UNIT_ASSERT(gfp & GFP_NOWAIT);
	if (p)
		return p;
	mutex_lock(&pool->lock);
	if (pool->nr && !unit_pool_dry)
		p = pool->spare[--pool->nr];
	mutex_unlock(&pool->lock);
	return p;
}

void mempool_free(void *p, mempool_t *pool)
{
	if (!p)
		return;
	mutex_lock(&pool->lock);
	if (pool->nr < pool->min) {
		pool->spare[pool->nr++] = memset(p, 0x6b, pool->cache->size);
		p = NULL;
	}
	mutex_unlock(&pool->lock);
	if (p)
		kmem_cache_free(pool->cache, p);
}

/* === Tasks and time ===================================================== */

static struct task_struct unit_init_task = { .tgid = 1, .comm = "unit" };

__thread struct task_struct *unit_current = &unit_init_task;
struct task_struct *unit_tasks;
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
	return unit_fails() ? -ENOMEM : 0;
}

unsigned int stack_trace_save(unsigned long *entries, unsigned int nr,
			      unsigned int skip)
{
	unsigned int i;

	(void)skip;
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

	(void)gfp;
	if (!nr || unit_fails())
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

	mutex_lock(&unit_log_lock);
	room = sizeof(unit_log_buf) - unit_log_len;
	va_start(args, kernel_format);
	len = vsnprintf(unit_log_buf + unit_log_len, room, format, args);
	va_end(args);
	unit_escape(unit_log_buf + unit_log_len);
	UNIT_ASSERT(len > 0 && (size_t)len < room);
	UNIT_ASSERT(format[strlen(format) - 1] == '\n');
	unit_log_len += len;
	mutex_unlock(&unit_log_lock);
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

bool __ratelimit(struct ratelimit_state *state)
{
	static spinlock_t lock = { .mutex = PTHREAD_MUTEX_INITIALIZER };
	u64 now = ktime_get_boot_fast_ns();
	bool ok;

	mutex_lock(&lock);
	if (now - state->begin >= state->interval) {
		state->begin = now;
		state->used = 0;
	}
	ok = state->used++ < state->burst;
	mutex_unlock(&lock);
	return ok;
}

/* === Page table bits ==================================================== */

unsigned long unit_noncached_bits = 0x100;
unsigned long unit_writecombine_bits = 0x200;
unsigned long unit_device_bits = 0x400;
