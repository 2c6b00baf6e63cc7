/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel services that are changed on purpose: they can be told to fail, they
 * look for misuse, and they keep what a test wants to see.  The unit_*() half
 * of each group is for the tests.
 */
#ifndef _UNIT_CUSTOM_H
#define _UNIT_CUSTOM_H

#include <pthread.h>

/* Misuse of a kernel service by the code under test ends the test. */
#define UNIT_ASSERT(cond)						\
	do {								\
		if (!(cond))						\
			unit_die(__FILE__, __LINE__, #cond);		\
	} while (0)

void unit_die(const char *file, int line, const char *what)
	__attribute__((noreturn));

#define VM_WARN_ON_ONCE(cond)	UNIT_ASSERT(!(cond))

/* For the eyes of ThreadSanitizer, to whom a volatile is no excuse. */
#undef READ_ONCE
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#undef WRITE_ONCE
#define WRITE_ONCE(x, value)	__atomic_store_n(&(x), value, __ATOMIC_RELAXED)

/* === Boot: what the kernel would call on its own ======================== */

#define early_param(name, fn)	int (*unit_param_##fn)(char *) = fn
#define late_initcall(fn)	int (*unit_initcall_##fn)(void) = fn

/* === Locks that know their owner ======================================== */

typedef struct {
	pthread_mutex_t mutex;
	const void *owner;
	/* That of a page table: under it memory may be taken, without waiting. */
	bool of_table;
} spinlock_t;

#define DEFINE_SPINLOCK(name)	\
	spinlock_t name = { .mutex = PTHREAD_MUTEX_INITIALIZER }
#define DEFINE_TABLE_LOCK(name)	\
	spinlock_t name = { .mutex = PTHREAD_MUTEX_INITIALIZER, .of_table = true }

void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
bool unit_holds(spinlock_t *lock);
/* What another CPU does whenever the last spinlock is released. */
extern void (*unit_between)(void);

#define lockdep_assert_held(lock)	UNIT_ASSERT(unit_holds(lock))
#define lockdep_is_held(lock)		unit_holds(lock)

/* Whatever sleeps may not do so under a spinlock. */
void might_sleep(void);
extern __thread int unit_spinning;
/* How many of them are not of a page table. */
extern __thread int unit_nested;

#define cond_resched()		might_sleep()
#define DEFINE_MUTEX(name)	spinlock_t name = \
				{ .mutex = PTHREAD_MUTEX_INITIALIZER }
void mutex_lock(spinlock_t *lock);
void mutex_unlock(spinlock_t *lock);

/* === Reference counts that end the test when misused ==================== */

typedef struct {
	int refs;
} refcount_t;

#define REFCOUNT_INIT(n)	((refcount_t){ (n) })

void refcount_inc(refcount_t *ref);
bool refcount_inc_not_zero(refcount_t *ref);
void refcount_dec(refcount_t *ref);
bool refcount_dec_and_test(refcount_t *ref);

/* === RCU: freed is what no reader can see any more ====================== */

struct rcu_head {
	struct rcu_head *next;
	void (*fn)(struct rcu_head *head);
	unsigned long epoch;
};

/* In a kernel without preemption readers do nothing; so for benchmarks. */
#ifdef UNIT_RCU_IDLE
#define rcu_read_lock()		do { } while (0)
#define rcu_read_unlock()	do { } while (0)
#else
void rcu_read_lock(void);
void rcu_read_unlock(void);
#endif

void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head));
/* As in older kernels, where the offset stood in for the function. */
#define kfree_rcu(p, field)						\
	call_rcu(&(p)->field, (void (*)(struct rcu_head *))		\
			      offsetof(typeof(*(p)), field))
/* Run what is due; with no reader about, that is all. */
void unit_rcu_run(void);

/* Objects are ended while a reader may look at them, and by no one else. */
#define __rcu
#define rcu_assign_pointer(p, value)	\
	__atomic_store_n(&(p), value, __ATOMIC_RELEASE)
#define rcu_dereference(p)		__atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define rcu_dereference_check(p, cond)	rcu_dereference(p)
#define rcu_dereference_protected(p, cond)	(p)
#define RCU_INIT_POINTER(p, value)	((p) = (value))
#define RCU_INITIALIZER(p)		(p)
#define unrcu_pointer(p)		(p)
#define xchg(p, value)		__atomic_exchange_n(p, value, __ATOMIC_ACQ_REL)
#define cmpxchg(p, old, new)						\
({									\
	typeof(*(p)) _old = (old);					\
									\
	__atomic_compare_exchange_n(p, &_old, new, false,		\
				    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE); \
	_old;								\
})
#define swap(a, b)							\
do {									\
	typeof(a) _tmp = (a);						\
									\
	(a) = (b);							\
	(b) = _tmp;							\
} while (0)

/* === Sequence counters: loads stay in order on the machines this runs on = */

typedef struct {
	unsigned int seq;
} seqcount_t;

#define SEQCNT_ZERO(name)	{ 0 }

/* Whether this thread is between the two below. */
extern __thread int unit_writing;
/* Ends the test where the kernel must not enter the allocator. */
void unit_may_allocate(void);

static inline unsigned int raw_read_seqcount(const seqcount_t *s)
{
	return __atomic_load_n(&s->seq, __ATOMIC_ACQUIRE);
}

static inline bool read_seqcount_retry(const seqcount_t *s, unsigned int seq)
{
	__asm__ volatile("" : : : "memory");
	return __atomic_load_n(&s->seq, __ATOMIC_ACQUIRE) != seq;
}

static inline void raw_write_seqcount_begin(seqcount_t *s)
{
	UNIT_ASSERT(!(s->seq & 1));
	UNIT_ASSERT(!unit_writing++);
	__atomic_store_n(&s->seq, s->seq + 1, __ATOMIC_RELEASE);
	__asm__ volatile("" : : : "memory");
}

static inline void raw_write_seqcount_end(seqcount_t *s)
{
	UNIT_ASSERT(s->seq & 1);
	__atomic_store_n(&s->seq, s->seq + 1, __ATOMIC_RELEASE);
	unit_writing--;
}

#define smp_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_mb()		__sync_synchronize()
#define preempt_disable()	do { } while (0)
#define preempt_enable()	do { } while (0)

/* === Memory that can run out ============================================ */

#define GFP_NOWAIT		((gfp_t)0x100)
#define __GFP_NOWARN		((gfp_t)0x200)
#define __GFP_ACCOUNT		((gfp_t)0x400)
#define GFP_KERNEL_ACCOUNT	(GFP_KERNEL | __GFP_ACCOUNT)
#define gfpflags_allow_blocking(gfp)	(!((gfp) & GFP_NOWAIT))

struct kmem_cache {
	size_t size;
	long live;
};

void *kzalloc(size_t size, gfp_t gfp);
void *kvcalloc(size_t n, size_t size, gfp_t gfp);
const char *kstrdup_const(const char *text, gfp_t gfp);
void kfree(const void *p);
#define kfree_const(p)		kfree(p)
#define kvfree(p)		kfree(p)

void *kmemdup(const void *p, size_t size, gfp_t gfp);

struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align, unsigned int flags,
				     void (*ctor)(void *));
#define KMEM_CACHE(name, flags)	\
	kmem_cache_create(#name, sizeof(struct name), 0, flags, NULL)
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *p);

#define struct_size(p, member, n)	\
	(sizeof(*(p)) + (n) * sizeof((p)->member[0]))

/* The n-th allocation from now on fails, 1 is the next; 0: none does. */
void unit_fail_nth(long n);
/* All from the n-th on fail. */
void unit_fail_from(long n);
/* Whether this one does. */
bool unit_fails(gfp_t gfp);
/* How many failed since it was armed. */
long unit_failed(void);
/* Allocations so far, those that failed included. */
long unit_allocs(void);
/* What kzalloc() and its like gave, and was not given back. */
long unit_objects(void);
/* Objects of a cache that are not free, those in stock included. */
long unit_live(const char *cache);

/* In full at the end. */
typedef struct {
	unsigned long pgprot;
} pgprot_t;

/* === Tasks, address spaces, devices, time =============================== */

#define TASK_COMM_LEN		16

struct mm_struct {
	int id;
	unsigned long flags;
};

#define MMF_DUMP_FILTER_SHIFT	2
#define MMF_DUMP_FILTER_BITS	9
#define MMF_VM_MERGEABLE	16
#define MMF_INIT_MASK		0x7ff
#define test_bit(nr, word)	((*(word) >> (nr)) & 1)
#define set_bit(nr, word)	((void)__atomic_fetch_or(word, 1UL << (nr), __ATOMIC_RELAXED))

struct vm_operations_struct {
	void *fault;
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	pgprot_t vm_page_prot;
	const struct vm_operations_struct *vm_ops;
	struct mm_struct *vm_mm;
	struct file *vm_file;
};

#define VM_WRITE		0x2
#define VM_PFNMAP		0x400
#define VM_MIXEDMAP		0x10000000
#define vma_is_dax(vma)		false
extern const struct vm_operations_struct unit_shmem_ops;
#define vma_is_shmem(vma)	((vma)->vm_ops == &unit_shmem_ops)

/* The kernel's image and the zero page. */
#define UNIT_IMAGE_PFN		0x7ff00UL
#define UNIT_IMAGE_PAGES	4UL
#define __pa_symbol(symbol)	\
	(PFN_PHYS(UNIT_IMAGE_PFN) + \
	 (*#symbol == '_' && #symbol[1] == 'e' ? PFN_PHYS(UNIT_IMAGE_PAGES) : 0))
#define is_zero_pfn(pfn)	((pfn) == UNIT_IMAGE_PFN + UNIT_IMAGE_PAGES)

/* Page frames below this one are RAM. */
extern unsigned long unit_ram_end;
#define pfn_valid(pfn)		((pfn) < unit_ram_end)
#define pfn_to_page(pfn)	(pfn)
#define is_zone_device_page(page)	((void)(page), false)
#define PageReserved(page)	((void)(page), false)
/* Processes map RAM, of which there is no record; pages that were sought there. */
extern bool unit_ram_is_mapped, unit_stale;
extern unsigned long unit_sought;
void unit_seek_end(bool found);
/* The linear map has them all with this attribute, see also unit.h. */
extern unsigned int unit_linear_attr;
#define virt_addr_valid(va)	true
#define __pa(va)		((unsigned long)(va))

struct page {
	unsigned long pfn;
};

#define page_to_pfn(page)	((page)->pfn)

struct vm_struct {
	void *addr;
	unsigned long flags;
	const void *caller;
};

#define VM_DMA_COHERENT		0x10

typedef struct {
	u32 val;
} kuid_t;

struct task_struct {
	pid_t tgid;
	kuid_t uid;
	char comm[TASK_COMM_LEN];
	unsigned int flags;
	struct mm_struct *mm;
	struct task_struct *next;
};

/* Per thread, so that concurrent tests can have several. */
extern __thread struct task_struct *unit_current;
/* All tasks, for for_each_process(). */
extern struct task_struct *unit_tasks;

#define PF_WQ_WORKER			0x00000020
#define current				unit_current
#define for_each_process(task)		\
	for ((task) = unit_tasks; (task); (task) = (task)->next)
#define task_tgid_nr(task)		((task)->tgid)
#define current_uid()			(current->uid)
#define task_uid(task)			((task)->uid)
#define uid_eq(a, b)			((a).val == (b).val)
#define INVALID_UID			((kuid_t){ -1 })
#define __kuid_val(kuid)		((kuid).val)
#define get_task_comm(buf, task)	memcpy(buf, (task)->comm, TASK_COMM_LEN)

struct unit_devres;

struct device {
	const char *name;
	const char *driver;
	struct unit_devres *resources;
};

void *devres_alloc(void (*release)(struct device *dev, void *res), size_t size,
		   gfp_t gfp);
void devres_free(void *res);
void devres_add(struct device *dev, void *res);
int devres_release(struct device *dev,
		   void (*release)(struct device *dev, void *res),
		   int (*match)(struct device *dev, void *res, void *data),
		   void *data);
/* The driver is unbound. */
void unit_unbind(struct device *dev);

/* Of a resource, no more than claims ask. */
struct resource {
	phys_addr_t start;
	phys_addr_t end;
	unsigned long flags;
};

#define IORESOURCE_IO		0x100
#define IORESOURCE_MEM		0x200
#define IORESOURCE_DISABLED	0x10000000
#define IORESOURCE_UNSET	0x20000000
#define resource_type(res)	((res)->flags & (IORESOURCE_IO | IORESOURCE_MEM))
#define resource_size(res)	((res)->end - (res)->start + 1)
#define put_device(dev)			((void)(dev))

#define dev_name(dev)			((dev)->name)
#define dev_driver_string(dev)		((dev)->driver)

/* Runs on by a microsecond a call; tests may set it forward. */
extern u64 unit_now;
#define ktime_get_boot_fast_ns()	\
	__atomic_add_fetch(&unit_now, 1000, __ATOMIC_RELAXED)

/* === Call stacks: an address is an index into a table of symbols ======== */

typedef u32 depot_stack_handle_t;

#define UNIT_SYMBOLS		16
#define UNIT_STACK		8

/* As %pB would print them, NULL if there is no such kernel text. */
extern const char *unit_symbols[UNIT_SYMBOLS];
/* What the next holder's stack is, ended by 0. */
extern unsigned long unit_stack[UNIT_STACK];

unsigned int stack_trace_save(unsigned long *entries, unsigned int nr,
			      unsigned int skip);
/* Without an architecture only the above, as on some machines. */
void arch_stack_walk(bool (*consume)(void *cookie, unsigned long addr),
		     void *cookie, struct task_struct *task, void *regs);
/* How often the whole stack was saved. */
long unit_stacks(void);
int stack_depot_init(void);
depot_stack_handle_t stack_depot_save(unsigned long *entries, unsigned int nr,
				      gfp_t gfp);
unsigned int stack_depot_fetch(depot_stack_handle_t handle,
			       unsigned long **entries);
bool __kernel_text_address(unsigned long addr);

struct module {
	const char *name;
};

/* That of "[name]" in a symbol; of @data that of @name, of the kernel if NULL. */
const struct module *__module_address(unsigned long addr);
void unit_module_data(const void *data, const char *name);
/* That of the tests themselves, which call what drivers call; or NULL. */
extern const char *unit_text_module;

/* Knows %pB, of which the C library makes a pointer and a 'B'. */
int unit_snprintf(char *buf, size_t size, const char *format, ...);
#define snprintf		unit_snprintf
#define scnprintf		unit_scnprintf
/* Returns what was written. */
int unit_scnprintf(char *buf, size_t size, const char *format, ...);

/* === Static keys ======================================================== */

struct static_key_false {
	bool on;
};

#define DECLARE_STATIC_KEY_FALSE(name)	extern struct static_key_false name
#define DEFINE_STATIC_KEY_FALSE(name)	struct static_key_false name
extern bool unit_in_interrupt;
#define in_interrupt()	unit_in_interrupt
extern bool unit_irqs_disabled;
#define irqs_disabled()	unit_irqs_disabled

#define static_branch_unlikely(key)	\
	__atomic_load_n(&(key)->on, __ATOMIC_RELAXED)
#define static_branch_enable(key)	\
	__atomic_store_n(&(key)->on, true, __ATOMIC_RELAXED)
#define static_branch_disable(key)	\
	__atomic_store_n(&(key)->on, false, __ATOMIC_RELAXED)

/* === Kernel log ========================================================= */

#define pr_warn(...)		unit_log(__VA_ARGS__)
#define pr_err(...)		unit_log(__VA_ARGS__)

void unit_log(const char *format, ...);
/* All that was logged since the last call of unit_log_clear(). */
const char *unit_log_text(void);
void unit_log_clear(void);

/* === Files: seq_file, debugfs, sysfs ==================================== */

struct module;

struct inode {
	unsigned long i_ino;
};

struct file {
	void *private_data;
	const void *f_op;
	struct inode *inode;
};

#define file_inode(file)	((file)->inode)

struct seq_file {
	char *buf;
	size_t size;
	size_t count;
	void *private;
	const struct seq_operations *op;
	int (*single)(struct seq_file *m, void *v);
};

struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void (*stop)(struct seq_file *m, void *v);
	void *(*next)(struct seq_file *m, void *v, loff_t *pos);
	int (*show)(struct seq_file *m, void *v);
};

struct file_operations {
	struct module *owner;
	int (*open)(struct inode *inode, struct file *file);
	void (*read)(void);
	void (*llseek)(void);
	int (*release)(struct inode *inode, struct file *file);
};

#define SEQ_START_TOKEN		((void *)1)

/* Reading is done by unit_debugfs_read(). */
#define seq_read		NULL
#define seq_lseek		NULL
int seq_release_private(struct inode *inode, struct file *file);

#define ESCAPE_OCTAL		0x08
#define ESCAPE_NAP		0x80
#define ESCAPE_APPEND		0x100

int seq_open_private(struct file *file, const struct seq_operations *op,
		     int size);
int single_open(struct file *file, int (*show)(struct seq_file *m, void *v));
void seq_printf(struct seq_file *m, const char *format, ...);
void seq_puts(struct seq_file *m, const char *text);
void seq_putc(struct seq_file *m, char c);
/* Of the flags, the combination above is what it does. */
void seq_escape_mem(struct seq_file *m, const char *src, size_t len,
		    unsigned int flags, const char *more);

#define DEFINE_SHOW_ATTRIBUTE(name)					\
static int name##_open(struct inode *inode, struct file *file)		\
{									\
	(void)inode;							\
	return single_open(file, name##_show);				\
}									\
static const struct file_operations name##_fops = { .open = name##_open }

struct dentry;

struct dentry *debugfs_create_dir(const char *name, struct dentry *parent);
void debugfs_create_file(const char *name, unsigned int mode,
			 struct dentry *parent, void *data,
			 const struct file_operations *fops);

struct kobject;

struct attribute {
	const char *name;
	unsigned int mode;
};

struct attribute_group {
	const char *name;
	struct attribute **attrs;
};

struct kobj_attribute {
	struct attribute attr;
	ssize_t (*show)(struct kobject *kobj, struct kobj_attribute *attr,
			char *buf);
	ssize_t (*store)(struct kobject *kobj, struct kobj_attribute *attr,
			 const char *buf, size_t count);
};

#define __ATTR_RW(_name) {					\
	.attr = { .name = #_name, .mode = 0644 },		\
	.show = _name##_show,					\
	.store = _name##_store,					\
}
#define __ATTR_RO(_name) {					\
	.attr = { .name = #_name, .mode = 0444 },		\
	.show = _name##_show,					\
}

extern struct kobject *mm_kobj;

struct kobject *kobject_create_and_add(const char *name, struct kobject *parent);
int sysfs_create_groups(struct kobject *kobj,
			const struct attribute_group **groups);
#define sysfs_emit(buf, ...)	unit_snprintf(buf, PAGE_SIZE, __VA_ARGS__)

/*
 * The whole of a debugfs file, read @chunk bytes at a time; @between is called
 * after each read, when no lock is held.  To be freed by the caller.
 */
char *unit_debugfs_read(const char *name, size_t chunk,
			void (*between)(unsigned int nr));
/* "policy" or "kind/claim"; the buffer is a page. */
ssize_t unit_sysfs_show(const char *path, char *buf);
ssize_t unit_sysfs_store(const char *path, const char *text);

/* === Page table bits of an architecture of our own ====================== */

#define pgprot_val(prot)	((prot).pgprot)
#define __pgprot(bits)		((pgprot_t){ (bits) })

/* Bits that have nothing to do with caches, to see that they are ignored. */
#define UNIT_PROT_OTHER		0x63UL

#define PAGE_KERNEL		__pgprot(UNIT_PROT_OTHER)

/* What the helpers of a "generic" architecture add to PAGE_KERNEL. */
extern unsigned long unit_noncached_bits;
extern unsigned long unit_writecombine_bits;
extern unsigned long unit_device_bits;

#define pgprot_noncached(prot)	\
	__pgprot(pgprot_val(prot) | unit_noncached_bits)
#define pgprot_writecombine(prot)	\
	__pgprot(pgprot_val(prot) | unit_writecombine_bits)
#define pgprot_device(prot)	\
	__pgprot(pgprot_val(prot) | unit_device_bits)

/* x86: the kernel's names and its tables; slot 6 holds what nobody knows. */
enum page_cache_mode {
	_PAGE_CACHE_MODE_WB,
	_PAGE_CACHE_MODE_WC,
	_PAGE_CACHE_MODE_UC_MINUS,
	_PAGE_CACHE_MODE_UC,
	_PAGE_CACHE_MODE_WT,
	_PAGE_CACHE_MODE_WP,
};

#define UNIT_SLOT_BITS(slot)	\
	(((slot) & 3UL) << 3 | ((slot) & 4UL) << 5)
#define UNIT_SLOT_UNKNOWN	6

/* Slot by slot; a test may set them before it boots. */
extern enum page_cache_mode unit_cachemodes[8];
enum page_cache_mode pgprot2cachemode(pgprot_t prot);

/* Whether PAT is on; without it slot 1 is write-through, slot 5, too. */
extern bool unit_no_pat;
#define pat_enabled()		(!unit_no_pat)
extern char boot_command_line[];
#define cmdline_find_option_bool(line, option)	(!!strstr(line, option))

#define X86_VENDOR_AMD		2
#define INTEL_LUNARLAKE_M	0x6bd

extern struct unit_cpu {
	unsigned int x86_vendor;
	unsigned int x86;
	unsigned int x86_model;
	unsigned int x86_vfm;
} boot_cpu_data;

/* Virtually indexed caches, or not. */
extern bool unit_aliasing;
#define cpu_dcache_is_aliasing()	unit_aliasing
#define SHMLBA			0x4000UL

/* arm64: what is in MAIR_EL1; its last byte is of no known type. */
#define MT_NORMAL		0
#define MT_NORMAL_TAGGED	1
#define MT_NORMAL_NC		2
#define MT_DEVICE_nGnRnE	3
#define MT_DEVICE_nGnRE		4
#define UNIT_MT_UNKNOWN		7
#define PTE_ATTRINDX(type)	((unsigned long)(type) << 2)
#define read_sysreg(name)	0xbb0000040044f0ffULL

/* Entries are nothing but their bits. */
typedef struct {
	unsigned long pte;
} pte_t;

#define pfn_pte(pfn, prot)	((pte_t){ pgprot_val(prot) })
#define pte_write(entry)	((void)(entry), true)
#define pte_val(entry)		((entry).pte)
#define pte_pgprot(entry)	__pgprot((entry).pte)
/* Whose attribute stays: that of the entry as on x86, or not. */
#ifdef CONFIG_X86
#define pte_modify(entry, prot)	((void)(prot), (entry))
#else
pte_t pte_modify(pte_t entry, pgprot_t prot);
/* As T-Head's RISC-V does it, see there. */
extern bool unit_modify_thead;
#endif
/* What protection does to an area is for the tests to say. */
#define pgprot_modify(old, new)	((void)(new), (old))
#define vm_get_page_prot(flags)	PAGE_KERNEL

#endif /* _UNIT_CUSTOM_H */
