// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track holders: who maps.
 *
 * A holder is shared by all that one task maps by one call site.  The recent
 * ones are remembered, which saves most mappings a walk over the stack; that is
 * most of what a mapping would cost.
 */
#include "pfn_track_internal.h"

/*
 * Frames kept of a holder's stack.  A driver may be many wrappers away from its
 * kernel mapping (devm_memremap() takes seven frames), but calls
 * remap_pfn_range() almost directly, where each frame is dear.
 */
#define PFT_STACK_KERNEL	16
#define PFT_STACK_USER		8

#define PFT_RECENT_BITS		6
#define PFT_KNOWN_BITS		8

/* Stands in where no memory was left to say who it was. */
static struct pft_holder pft_nobody = {
	.ref = REFCOUNT_INIT(1),
	.comm = "?",
};

/* Of what nobody asked for. */
static struct pft_holder pft_kernel = {
	.ref = REFCOUNT_INIT(1),
	.comm = "kernel",
};

/* By hash; the later of two takes the place. */
static struct pft_holder __rcu *pft_recent[BIT(PFT_RECENT_BITS)];

static void pft_holder_free(struct rcu_head *rcu)
{
	struct pft_holder *holder = container_of(rcu, struct pft_holder, rcu);

	kfree_const(holder->dev);
	kfree_const(holder->driver);
	kfree_const(holder->module);
	kfree_const(holder->site);
	kfree(holder);
}

/**
 * pft_holder_put - drop a reference
 * @holder: may be NULL
 *
 * Context: Any; not under pft_lock, which is short.
 */
void pft_holder_put(struct pft_holder *holder)
{
	if (holder && refcount_dec_and_test(&holder->ref))
		call_rcu(&holder->rcu, pft_holder_free);
}

static depot_stack_handle_t pft_stack(enum pfn_space space, gfp_t gfp)
{
	unsigned long entries[PFT_STACK_KERNEL];
	unsigned int nr;

	nr = stack_trace_save(entries, space == PFN_SPACE_USER ?
			      PFT_STACK_USER : PFT_STACK_KERNEL, 2);
	return stack_depot_save(entries, nr, gfp);
}

/*
 * Return addresses of which it is known whether they tell who maps, by hash:
 * the address without its highest bit, which they have in common, and the
 * answer.  Symbols are too dear to be asked for each mapping.
 */
static unsigned long pft_known[BIT(PFT_KNOWN_BITS)];

static bool pft_telling(unsigned long caller)
{
	unsigned long *entry = &pft_known[hash_long(caller, PFT_KNOWN_BITS)];
	unsigned long known = READ_ONCE(*entry);

	if (!caller)
		return false;
	if (known >> 1 != caller << 1 >> 1) {
		known = caller << 1 | pft_site_is_telling(caller);
		WRITE_ONCE(*entry, known);
	}
	return known & 1;
}

#ifdef CONFIG_ARCH_STACKWALK
static bool pft_try_site(void *site, unsigned long addr)
{
	if (!pft_telling(addr))
		return true;
	*(unsigned long *)site = addr;
	return false;
}

/* The first on the stack that tells; 0 if there is none. */
static unsigned long pft_telling_site(void)
{
	unsigned long site = 0;

	arch_stack_walk(pft_try_site, &site, current, NULL);
	return site;
}
#else
static unsigned long pft_telling_site(void)
{
	return 0;
}
#endif

static bool pft_same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* As two words: a call of memcmp() would cost as much as all else here. */
static bool pft_same_comm(const char *a, const char *b)
{
	static_assert(TASK_COMM_LEN == 2 * sizeof(u64));

	return get_unaligned((const u64 *)a) == get_unaligned((const u64 *)b) &&
	       get_unaligned((const u64 *)(a + sizeof(u64))) ==
	       get_unaligned((const u64 *)(b + sizeof(u64)));
}

/* All that is ever shown of them is the same; a task may change its name. */
static bool pft_same_holder(const struct pft_holder *a,
			    const struct pft_holder *b)
{
	return a->pid == b->pid && uid_eq(a->uid, b->uid) &&
	       a->apart == b->apart &&
	       a->caller == b->caller && a->fops == b->fops &&
	       a->inode == b->inode && pft_same_text(a->dev, b->dev) &&
	       pft_same_text(a->driver, b->driver) &&
	       pft_same_comm(a->comm, b->comm);
}

static struct pft_holder __rcu **pft_recent_slot(const struct pft_holder *key)
{
	return &pft_recent[hash_long(key->caller ^ key->inode ^ key->apart ^
				     (unsigned long)key->fops ^ key->pid,
				     PFT_RECENT_BITS)];
}

/* A reference to the holder that is like @key, or NULL. */
static struct pft_holder *pft_recent_get(const struct pft_holder *key)
{
	struct pft_holder *holder;

	rcu_read_lock();
	holder = rcu_dereference(*pft_recent_slot(key));
	if (holder && (!pft_same_holder(holder, key) ||
		       !refcount_inc_not_zero(&holder->ref)))
		holder = NULL;
	rcu_read_unlock();
	return holder;
}

static void pft_recent_set(struct pft_holder __rcu **slot,
			   struct pft_holder *holder)
{
	pft_holder_put(unrcu_pointer(xchg(slot, RCU_INITIALIZER(holder))));
}

/**
 * pft_holder_forget - share no holder of the past with mappings to come
 *
 * Nor an answer about a return address: another module may be loaded there.
 *
 * Context: Process context.
 */
void pft_holder_forget(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pft_recent); i++)
		pft_recent_set(&pft_recent[i], NULL);
	for (i = 0; i < ARRAY_SIZE(pft_known); i++)
		WRITE_ONCE(pft_known[i], 0);
}

/*
 * The process whose address space it is, NULL if it is not known; under RCU.  May
 * be called under locks, and so does not look at all processes.
 */
static struct task_struct *pft_task_of(const struct mm_struct *mm)
{
#ifdef CONFIG_MEMCG
	return rcu_dereference(mm->owner);
#else
	struct task_struct *task;
	unsigned int nr = 0;

	for_each_process(task) {
		if (READ_ONCE(task->mm) == mm)
			return task;
		if (++nr == PFT_STEPS)
			break;
	}
	return NULL;
#endif
}

/*
 * Who asks, mostly the current task.  But pages are migrated, and faulted in for
 * a debugger, by tasks whose address space it is not.
 */
static void pft_holder_task(struct pft_holder *key, const struct mm_struct *mm)
{
	struct task_struct *task = current;

	rcu_read_lock();
	if (unlikely(mm && mm != READ_ONCE(task->mm)))
		task = pft_task_of(mm);
	if (likely(task)) {
		key->pid = task_tgid_nr(task);
		key->uid = task_uid(task);
		/* A name that is changed meanwhile ends with a zero all the same. */
		memcpy(key->comm, task->comm, TASK_COMM_LEN);
	} else {
		/* Better unknown than another's. */
		key->uid = INVALID_UID;
		strscpy(key->comm, pft_nobody.comm, TASK_COMM_LEN);
	}
	rcu_read_unlock();
}

/* All but the stack; the names are the device's own still. */
static void pft_holder_key(struct pft_holder *key, const struct pft_who *who)
{
	*key = (struct pft_holder){
		.ref = REFCOUNT_INIT(1),
		.caller = (unsigned long)who->caller,
	};
	pft_holder_task(key, who->mm);
	if (who->file) {
		key->fops = who->file->f_op;
		key->inode = file_inode(who->file)->i_ino;
	}
	if (who->dev) {
		key->dev = dev_name(who->dev);
		key->driver = dev_driver_string(who->dev);
	}
}

static struct pft_holder *pft_holder_make(const struct pft_holder *key,
					  gfp_t gfp)
{
	struct pft_holder *holder = kmemdup(key, sizeof(*key), gfp);

	if (!holder)
		return pft_holder_get(&pft_nobody);
	holder->dev = kstrdup_const(key->dev, gfp);
	holder->driver = kstrdup_const(key->driver, gfp);
	pft_recent_set(pft_recent_slot(key), pft_holder_get(holder));
	return holder;
}

/**
 * pft_holder_find - the current task, by a call site
 * @who: on whose behalf
 *
 * The stack is walked only where nothing cheaper tells the call site, and then
 * no further than to the first function that does: behind ioremap() there are
 * wrappers that all drivers share, but a mapped file belongs to one driver.
 * Only the first of a call site has its whole stack kept.
 *
 * Context: Process context, under locks if @who->gfp says so.
 *
 * Return: a holder with a reference for the caller, never NULL.
 */
struct pft_holder *pft_holder_find(const struct pft_who *who)
{
	struct pft_holder key, *holder = NULL;
	unsigned long site;
	bool told;

	pft_holder_key(&key, who);
	told = who->file || pft_telling(key.caller);
	if (!told && !who->alone) {
		site = pft_telling_site();
		key.caller = site ?: key.caller;
		told = site;
	}
	if (told) {
		holder = pft_recent_get(&key);
		if (holder)
			return holder;
	}

	if (!who->alone)
		key.stack = pft_stack(who->space, who->gfp);
	if (!told) {
		key.apart = key.stack;
		holder = pft_recent_get(&key);
	}
	return holder ?: pft_holder_make(&key, who->gfp);
}

/**
 * pft_holder_is - whether pft_holder_find() would find a holder
 * @holder: the holder
 * @who: on whose behalf
 *
 * Context: Process context.
 *
 * Return: true if it would; false also where it is not easy to say.
 */
bool pft_holder_is(const struct pft_holder *holder, const struct pft_who *who)
{
	return who->file && !who->dev && !who->caller &&
	       READ_ONCE(holder->pid) == task_tgid_nr(current) &&
	       holder->fops == who->file->f_op &&
	       holder->inode == file_inode(who->file)->i_ino &&
	       !holder->caller && !holder->apart && !holder->dev &&
	       pft_same_comm(holder->comm, current->comm);
}

/**
 * pft_holder_fork - a child, by the call site of its parent
 * @parent: the parent
 *
 * The child has no process id yet, hence pid 0 until somebody asks.
 *
 * Context: Process context; locks of page tables may be held.
 *
 * Return: a holder with a reference for the caller, never NULL.
 */
struct pft_holder *pft_holder_fork(const struct pft_holder *parent)
{
	struct pft_holder key = {
		.ref = REFCOUNT_INIT(1),
		.uid = parent->uid,
		.stack = parent->stack,
		.apart = parent->apart,
		.caller = parent->caller,
		.fops = parent->fops,
		.inode = parent->inode,
	};
	struct pft_holder *holder;

	memcpy(key.comm, parent->comm, TASK_COMM_LEN);
	holder = kmemdup(&key, sizeof(key), PFT_GFP_NOWAIT);
	return holder ?: pft_holder_get(&pft_nobody);
}

/**
 * pft_holder_kernel - the kernel itself, who holds the linear map
 *
 * Return: a holder with a reference for the caller.
 */
struct pft_holder *pft_holder_kernel(void)
{
	return pft_holder_get(&pft_kernel);
}

/**
 * pft_holder_pid - the process that a record belongs to
 * @rec: a record that cannot go meanwhile
 *
 * A forked copy is recorded before the child has a process id; it is looked up
 * when somebody first asks.
 *
 * Context: pft_lock is held; takes the RCU read lock.  Once the policy is "off",
 * which is set under pft_lock, an address space may have gone without its records.
 *
 * Return: process id, 0 if it is not known.
 */
pid_t pft_holder_pid(const struct pft_record *rec)
{
	struct task_struct *task;
	pid_t pid = READ_ONCE(rec->holder->pid);

	if (pid || rec->space != PFN_SPACE_USER ||
	    rec->holder == &pft_nobody || !pft_on())
		return pid;

	rcu_read_lock();
	task = pft_task_of(rec->id);
	if (task) {
		pid = task_tgid_nr(task);
		/* Whoever else looks finds the same. */
		WRITE_ONCE(rec->holder->pid, pid);
	}
	rcu_read_unlock();
	return pid;
}
