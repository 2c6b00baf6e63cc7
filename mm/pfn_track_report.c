// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track report: how the registry speaks.
 *
 * Conflicts and leaks go to the kernel log and into a short history.  Knows
 * text, takes no decisions.
 */
#include "pfn_track_internal.h"
#include <linux/cred.h>
#include <linux/kallsyms.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/uidgid.h>

/* Different conflicts that are remembered; and leaks. */
#define PFT_HISTORY		64

const char * const pft_attr_text[] = { PFN_ATTR_TEXT };
const char * const pft_verdict_text[] = { PFN_VERDICT_TEXT };
const char * const pft_kind_text[] = { PFN_KIND_TEXT };
const char * const pft_space_text[] = { PFN_SPACE_TEXT };
const char * const pft_result_text[] = { PFN_RESULT_TEXT };
const char * const pft_cause_text[] = { PFN_CAUSE_TEXT };
const char * const pft_leak_text[] = { PFN_LEAK_TEXT };
static const char * const pft_advice_text[] = { PFN_ADVICE_TEXT };

/* The extra word is what a kind without a policy of its own shows. */
const char * const pft_policy_text[] = {
	PFN_POLICY_TEXT
	[PFT_POLICY_DEFAULT] = "default",
};

static int pft_match(const char * const *words, unsigned int nr,
		     const char *text, size_t len)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (strlen(words[i]) == len && !memcmp(words[i], text, len))
			return i;
	return -EINVAL;
}

/**
 * pft_policy_from_text - read the name of a policy
 * @text: the name, need not be terminated
 * @len: its length
 *
 * Return: enum pfn_policy, %PFT_POLICY_DEFAULT for "default", or -EINVAL.
 */
int pft_policy_from_text(const char *text, size_t len)
{
	return pft_match(pft_policy_text, ARRAY_SIZE(pft_policy_text), text,
			 len);
}

/**
 * pft_kind_from_text - read the name of a kind of mapping
 * @text: the name, need not be terminated
 * @len: its length
 *
 * Return: enum pfn_kind or -EINVAL.
 */
int pft_kind_from_text(const char *text, size_t len)
{
	return pft_match(pft_kind_text, ARRAY_SIZE(pft_kind_text), text, len);
}

/* === Call sites ========================================================= */

/* Functions of the kernel itself that map on behalf of their callers. */
static const char * const pft_wrappers[] = {
	"pft_", "pfn_track", "__pfn_track",
	"ioremap", "__ioremap", "generic_ioremap", "of_iomap",
	"of_io_request_and_map", "devm_", "__devm_", "pci_iomap", "pcim_",
	"pci_ioremap", "pci_map_rom", "pci_p2pdma_add", "acpi_os_map_",
	"memremap", "arch_memremap", "arch_io_", "memtype_", "untrack_pfn",
	"pagemap_range", "set_memory_", "set_pages_", "_set_pages_",
	"remap_pfn_range", "vm_iomap_memory", "insert_pfn", "vmf_insert_",
	"__vm_insert_mixed", "insert_page", "vm_insert_page", "vm_map_pages",
	"__vm_map_pages", "vm_map_ram", "vmap+", "vmap_pfn+",
	"dma_alloc_", "__dma_alloc_", "dma_buf_", "dma_common_", "dma_direct_",
	"__dma_direct_", "dma_map_", "dma_mmap_", "dma_pool_", "dma_vmap_",
	"dmam_", "pool_alloc_page", "iommu_dma_", "__iommu_dma_", "iommu_map",
	"__iommu_map",
	/* BPF programs call what they are attached to. */
	"bpf_trampoline_",
};

/**
 * struct pft_helper - a library of a subsystem that maps for its drivers
 * @prefix: what the names of its functions begin with
 * @modules: the modules that it may be built as, each between two commas
 */
struct pft_helper {
	const char *prefix;
	const char *modules;
};

#define PFT_DRM		",drm,drm_kms_helper,drm_shmem_helper,drm_dma_helper," \
			"drm_ttm_helper,drm_vram_helper,"
#define PFT_SOUND	",snd,snd_pcm,"
#define PFT_USB		",usbcore,udc_core,"
#define PFT_VIDEO	",videobuf2_common,videobuf2_v4l2,videobuf2_memops," \
			"videobuf2_vmalloc,videobuf2_dma_sg,videobuf2_dma_contig,"

static const struct pft_helper pft_helpers[] = {
	{ "drm_gem_", PFT_DRM }, { "__drm_gem_", PFT_DRM },
	{ "drm_fb_", PFT_DRM }, { "drm_fbdev_", PFT_DRM },
	{ "drm_client_", PFT_DRM }, { "drm_prime_", PFT_DRM },
	{ "ttm_", ",ttm," },
	{ "vb2_", PFT_VIDEO }, { "__vb2_", PFT_VIDEO },
	{ "snd_pcm_lib_", PFT_SOUND }, { "snd_pcm_mmap", PFT_SOUND },
	{ "snd_pcm_set_managed_buffer", PFT_SOUND }, { "snd_dma_", PFT_SOUND },
	{ "snd_devm_", PFT_SOUND }, { "do_alloc_pages+", PFT_SOUND },
	{ "preallocate_pages+", PFT_SOUND },
	{ "usb_alloc_coherent", PFT_USB }, { "hcd_buffer_alloc", PFT_USB },
	{ "usb_hcd_map_urb", PFT_USB }, { "usb_gadget_map_request", PFT_USB },
	{ "fb_mmap", ",fb," }, { "fb_io_mmap", ",fb,fb_io_fops," },
	{ "fb_deferred_io_", ",fb," },
	{ "uio_mmap", ",uio," }, { "uio_vma_fault", ",uio," },
	{ "devm_nvdimm_memremap", ",libnvdimm," },
};

/* Where the kernel calls a driver: no driver is further up the stack. */
static const char * const pft_callers[] = {
	"mmap_region", "__mmap_region", "do_mmap", "call_mmap", "mmap_file",
	"__do_fault", "do_fault", "do_read_fault", "do_shared_fault",
	"do_cow_fault", "do_pte_missing", "do_page_mkwrite", "do_wp_page",
	"__handle_mm_fault", "handle_mm_fault",
	"process_one_work", "kthread", "kthread_worker_fn", "irq_thread_fn",
	"vfs_ioctl", "__do_sys_ioctl", "__se_sys_ioctl", "vfs_write",
	"call_driver_probe", "really_probe", "local_pci_probe",
	"platform_probe", "ksys_write", "do_one_initcall",
};

/* Does the module of @symbol, "function+0x1/0x2 [module]", belong to @helper? */
static bool pft_helper_has(const struct pft_helper *helper, const char *module)
{
	size_t len = strcspn(module, "]");
	const char *at = helper->modules;

	while ((at = strchr(at, ',')) && *++at)
		if (!strncmp(at, module, len) && at[len] == ',')
			return true;
	return false;
}

static bool pft_is_wrapper(const char *symbol)
{
	const char *module = strchr(symbol, '[');
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pft_helpers); i++)
		if (str_has_prefix(symbol, pft_helpers[i].prefix) &&
		    (!module || pft_helper_has(&pft_helpers[i], module + 1)))
			return true;
	/* A driver may call its functions what it likes. */
	if (module)
		return false;
	for (i = 0; i < ARRAY_SIZE(pft_wrappers); i++)
		if (str_has_prefix(symbol, pft_wrappers[i]))
			return true;
	return false;
}

static bool pft_is_caller(const char *symbol)
{
	unsigned int i;

	if (strchr(symbol, '['))
		return false;
	for (i = 0; i < ARRAY_SIZE(pft_callers); i++) {
		size_t len = str_has_prefix(symbol, pft_callers[i]);

		/* Compilers append ".isra.0" and similar. */
		if (len && (symbol[len] == '+' || symbol[len] == '.'))
			return true;
	}
	return false;
}

/* Without a symbol the address would be printed, which nobody must see. */
static bool pft_symbol(unsigned long addr, char *buf, size_t size)
{
	if (!IS_ENABLED(CONFIG_KALLSYMS) || !__kernel_text_address(addr))
		return false;
	snprintf(buf, size, "%pB", (void *)addr);
	return true;
}

/**
 * pft_site_is_telling - whether a return address says who maps
 * @caller: return address
 *
 * Return: false if it lies in a function that all drivers go through, or is not
 * known: then only the stack tells.
 */
bool pft_site_is_telling(unsigned long caller)
{
	char symbol[KSYM_NAME_LEN];

	return pft_symbol(caller, symbol, sizeof(symbol)) &&
	       !pft_is_wrapper(symbol);
}

/*
 * The first function on a stack that is no wrapper.  If the kernel called a
 * library without a driver in between, the outermost function of the library.
 */
static bool pft_find_on_stack(const unsigned long *entries, unsigned int nr,
			      char *buf, size_t size)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (!pft_symbol(entries[i], buf, size))
			continue;
		if (pft_is_wrapper(buf))
			continue;
		return !i || !pft_is_caller(buf) ||
		       pft_symbol(entries[i - 1], buf, size);
	}
	return false;
}

/**
 * pft_find_site - the call site of a holder, as text
 * @holder: the holder
 * @buf: gets function+offset/size, and the module in brackets
 * @size: bytes of @buf
 *
 * Context: Any but interrupts.
 *
 * Return: false if it is not known.
 */
bool pft_find_site(const struct pft_holder *holder, char *buf, size_t size)
{
	const char *site = READ_ONCE(holder->site);
	unsigned long *entries;
	unsigned int nr;

	if (site) {
		strscpy(buf, site, size);
		return true;
	}
	nr = holder->stack ? stack_depot_fetch(holder->stack, &entries) : 0;
	if (pft_find_on_stack(entries, nr, buf, size))
		return true;
	if (holder->caller && pft_symbol(holder->caller, buf, size) &&
	    !pft_is_wrapper(buf))
		return true;
	/* The stack ends within a library: its last function is the nearest. */
	return (nr && pft_symbol(entries[nr - 1], buf, size)) ||
	       (holder->caller && pft_symbol(holder->caller, buf, size));
}

/**
 * pft_get_site - the call site of a holder, function and module apart
 * @holder: the holder, or NULL
 * @site: gets it
 *
 * Context: Any but interrupts.
 */
void pft_get_site(const struct pft_holder *holder, struct pft_site *site)
{
	char *module;

	strscpy(site->module, "-");
	if (!holder || !pft_find_site(holder, site->text, sizeof(site->text))) {
		strscpy(site->text, "-");
		return;
	}

	/* "function+0x1/0x2 [module]" */
	module = strstr(site->text, " [");
	if (!module)
		return;
	*module = '\0';
	module += strlen(" [");
	strscpy(site->module, module);
	strreplace(site->module, ']', '\0');
}

/* === Who causes reports ================================================= */

/* So that equal numbers of two kinds differ; 0 is "none". */
#define PFT_KEY_USER		1
#define PFT_KEY_PROCESS		2
#define PFT_KEY_SITE		3

static u64 pft_key(unsigned int kind, u32 value)
{
	return (u64)kind << 32 | value;
}

/* FNV-1a, continued from @hash. */
static u32 pft_hash_text(u32 hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (u8)*text) * 16777619;
	return hash;
}

static u32 pft_hash_site(u32 hash, const struct pft_site *site)
{
	return pft_hash_text(pft_hash_text(hash, site->text), site->module);
}

/*
 * Set who is behind a report: the task that runs, which maps, or makes another do
 * it, but for what a worker finds or reports, or another task moves, the process
 * that has it mapped, or had it be mapped.  A user is charged for all processes,
 * as they cost it nothing.  Root is trusted with that, so its processes are
 * told apart; what the kernel maps for root belongs to the call sites alone.
 * The same call sites do not count as the same for two users, or one user could
 * spend the other's budget.
 */
static void pft_set_source(struct pft_source *source,
			   const struct pft_record *rec,
			   const struct pft_site *new,
			   const struct pft_site *held)
{
	const bool user = rec->space == PFN_SPACE_USER;
	const pid_t holder_pid = READ_ONCE(rec->holder->pid);
	const bool known = holder_pid &&
			   (user || current->flags & PF_WQ_WORKER);
	const pid_t pid = known ? holder_pid : task_tgid_nr(current);
	const u32 uid = __kuid_val(known ? rec->holder->uid : current_uid());
	u32 hash = pft_hash_site(2166136261u ^ uid, new);

	if (held)
		hash = pft_hash_site(hash, held);
	*source = (struct pft_source){ .site = pft_key(PFT_KEY_SITE, hash) };
	if (uid)
		source->user = pft_key(PFT_KEY_USER, uid);
	if (uid || user)
		source->process = pft_key(PFT_KEY_PROCESS, pid);
}

/* Whether one user, one process of root or one pair of sites has made both. */
static bool pft_same_source(const struct pft_source *a,
			    const struct pft_source *b)
{
	return a->site == b->site || (a->user && a->user == b->user) ||
	       (a->process && a->process == b->process);
}

/* === History ============================================================ */

/* The share of the history that one source may keep once it is full. */
#define PFT_HISTORY_SHARE	(PFT_HISTORY / 4)

/* In no order; an event that was never used has the id 0. */
static struct pft_event *pft_history;
static unsigned long pft_last_id;
static DEFINE_SPINLOCK(pft_history_lock);

static bool pft_same_side(const struct pft_record *a, const struct pft_record *b)
{
	if (a->kind != b->kind || a->want != b->want || a->got != b->got)
		return false;
	if (!a->holder || !b->holder)
		return a->holder == b->holder;
	return READ_ONCE(a->holder->pid) == READ_ONCE(b->holder->pid) &&
	       a->holder->stack == b->holder->stack &&
	       a->holder->caller == b->holder->caller;
}

/* Whether one range reaches up to where the other begins; last + 1 may wrap. */
static bool pft_reaches(unsigned long last, unsigned long pfn)
{
	return pfn <= last || pfn - last == 1;
}

/* The same two parties over the same or neighbouring pages. */
static bool pft_same_pair(const struct pft_conflict *a,
			  const struct pft_conflict *b)
{
	/* Pages of RAM lie anywhere; who maps them is what matters. */
	bool near = a->held.kind == PFN_KIND_LINEAR ||
		    a->cause == PFN_CAUSE_PAGE_TYPE ||
		    (pft_reaches(a->last, b->pfn) &&
		     pft_reaches(b->last, a->pfn));

	return a->verdict == b->verdict && a->result == b->result &&
	       a->cause == b->cause && a->downgrade == b->downgrade && near &&
	       pft_same_side(&a->new, &b->new) &&
	       pft_same_side(&a->held, &b->held);
}

static struct pft_event *pft_find_event(const struct pft_conflict *c)
{
	unsigned int i;

	for (i = 0; i < PFT_HISTORY; i++)
		if (pft_history[i].id &&
		    pft_same_pair(&pft_history[i].conflict, c))
			return &pft_history[i];
	return NULL;
}

/* Pages of two sightings of a conflict, @apart if none can be of both. */
static unsigned long pft_sum_pages(unsigned long a, unsigned long b, bool apart,
				   bool *exact)
{
	if (apart)
		return a + b;
	/* Some pages may be the same, and it is not known which. */
	if (a != b)
		*exact = false;
	return max(a, b);
}

/* A conflict that is remembered was seen again, there or nearby. */
static void pft_seen_again(struct pft_conflict *c,
			   const struct pft_conflict *more)
{
	const bool same = c->pfn == more->pfn && c->last == more->last;
	const bool apart = c->last < more->pfn || more->last < c->pfn;
	const bool near = pft_reaches(c->last, more->pfn) &&
			  pft_reaches(more->last, c->pfn);
	const bool whole = near && c->pages == c->last - c->pfn + 1 &&
			   more->pages == more->last - more->pfn + 1;
	const bool held = whole && c->held_pages == c->pages &&
			  more->held_pages == more->pages;
	bool exact = c->exact && more->exact;

	c->pfn = min(c->pfn, more->pfn);
	c->last = max(c->last, more->last);
	c->new.pfn = min(c->new.pfn, more->new.pfn);
	c->new.last = max(c->new.last, more->new.last);
	c->further = max(c->further, more->further);
	if (!same) {
		c->pages = whole ? c->last - c->pfn + 1 :
			   pft_sum_pages(c->pages, more->pages, apart, &exact);
		c->held_pages = held ? c->pages :
				pft_sum_pages(c->held_pages, more->held_pages,
					      apart, &exact);
	} else {
		c->pages = max(c->pages, more->pages);
		c->held_pages = max(c->held_pages, more->held_pages);
	}
	c->exact = exact;
}

/* How many events have the source of @event, and the oldest of them. */
static unsigned int pft_count_source(const struct pft_event *event,
				     struct pft_event **oldest)
{
	unsigned int i, nr = 0;

	*oldest = NULL;
	for (i = 0; i < PFT_HISTORY; i++) {
		struct pft_event *other = &pft_history[i];

		if (!other->id ||
		    !pft_same_source(&event->source, &other->source))
			continue;
		nr++;
		if (!*oldest || other->id < (*oldest)->id)
			*oldest = other;
	}
	return nr;
}

/*
 * Where @event is to be stored: where nothing is yet; else the source of @event
 * gives up its oldest one if it has its share; else the source that has most.
 */
static struct pft_event *pft_history_slot(const struct pft_event *event)
{
	struct pft_event *slot = NULL, *oldest;
	unsigned int i, nr, most = 0;

	for (i = 0; i < PFT_HISTORY; i++)
		if (!pft_history[i].id)
			return &pft_history[i];
	if (pft_count_source(event, &oldest) >= PFT_HISTORY_SHARE)
		return oldest;
	for (i = 0; i < PFT_HISTORY; i++) {
		nr = pft_count_source(&pft_history[i], &oldest);
		if (nr > most || (nr == most && oldest->id < slot->id)) {
			most = nr;
			slot = oldest;
		}
	}
	return slot;
}

/* Remember @event, or that it was seen again; true if it is new. */
static bool pft_remember(struct pft_event *event)
{
	struct pft_conflict *c = &event->conflict;
	struct pft_event *slot, old = { };

	spin_lock(&pft_history_lock);
	slot = pft_find_event(c);
	if (slot) {
		slot->count++;
		pft_seen_again(&slot->conflict, c);
		spin_unlock(&pft_history_lock);
		return false;
	}

	event->id = ++pft_last_id;
	slot = pft_history_slot(event);
	old.conflict.new.holder = slot->conflict.new.holder;
	old.conflict.held.holder = slot->conflict.held.holder;
	*slot = *event;
	refcount_inc(&c->new.holder->ref);
	if (c->held.holder)
		refcount_inc(&c->held.holder->ref);
	spin_unlock(&pft_history_lock);

	pft_holder_put(old.conflict.new.holder);
	pft_holder_put(old.conflict.held.holder);
	return true;
}

/* === The budget of the kernel log ======================================= */

/*
 * Four budgets, each of so many reports an interval, which come back evenly
 * over the interval: for all, for a user, for a process, and for a pair of call
 * sites.  A report needs all that apply.  The last quarter of the first one is
 * for sources that have not reported lately: a few noisy ones leave room for
 * those that follow.
 */
static unsigned int pft_log_limits[PFT_LOG_COUNT] = {
	[PFT_LOG_INTERVAL] = 3600,
	[PFT_LOG_TOTAL] = 200,
	[PFT_LOG_USER] = 20,
	[PFT_LOG_PROCESS] = 5,
	[PFT_LOG_SITE] = 20,
};

/*
 * Sources of each kind that have a budget of their own, more than can report in
 * an interval by default; all beyond share one.
 */
#define PFT_BUDGETS		256

/**
 * struct pft_budget - what one source has spent
 * @key: the source; 0 for one that is shared, or free
 * @back: when all of it will have come back, in ns since boot
 */
struct pft_budget {
	u64 key;
	u64 back;
};

static DEFINE_SPINLOCK(pft_log_lock);
static struct pft_budget pft_log_total;
/* Of each kind; the last one is for sources that find no place. */
static struct pft_budget pft_log_users[PFT_BUDGETS + 1];
static struct pft_budget pft_log_processes[PFT_BUDGETS + 1];
static struct pft_budget pft_log_sites[PFT_BUDGETS + 1];

/* All that was spent has come back after @interval ns from now. */
static void pft_log_hurry(u64 interval)
{
	const u64 back = ktime_get_boot_fast_ns() + interval;
	unsigned int i;

	spin_lock(&pft_log_lock);
	pft_log_total.back = min(pft_log_total.back, back);
	for (i = 0; i <= PFT_BUDGETS; i++) {
		pft_log_users[i].back = min(pft_log_users[i].back, back);
		pft_log_processes[i].back = min(pft_log_processes[i].back,
						back);
		pft_log_sites[i].back = min(pft_log_sites[i].back, back);
	}
	spin_unlock(&pft_log_lock);
}

/**
 * pft_set_log_limit - set one of the limits for the kernel log
 * @which: the limit
 * @value: seconds for %PFT_LOG_INTERVAL, else reports an interval
 *
 * What was spent stays spent, but comes back within the new interval.
 *
 * Context: Process context.
 *
 * Return: 0, or -EINVAL for a limit that there is not, an interval that is not
 * 1 to 86400 seconds, or more than 10000 reports.
 */
int pft_set_log_limit(enum pft_log_limit which, unsigned int value)
{
	if (which >= PFT_LOG_COUNT ||
	    (which == PFT_LOG_INTERVAL ? !value || value > PFT_LOG_MAX_SECONDS :
					 value > PFT_LOG_MAX_REPORTS))
		return -EINVAL;
	WRITE_ONCE(pft_log_limits[which], value);
	if (which == PFT_LOG_INTERVAL)
		pft_log_hurry(value * (u64)NSEC_PER_SEC);
	return 0;
}

/**
 * pft_get_log_limit - read one of the limits for the kernel log
 * @which: the limit
 *
 * Context: Any.
 *
 * Return: seconds for %PFT_LOG_INTERVAL, else reports an interval.
 */
unsigned int pft_get_log_limit(enum pft_log_limit which)
{
	return READ_ONCE(pft_log_limits[which]);
}

/* The budget of @key: its own, one that is whole again, or the shared one. */
static struct pft_budget *pft_find_budget(struct pft_budget *all, u64 key,
					  u64 now)
{
	struct pft_budget *free = NULL;
	unsigned int i;

	for (i = 0; i < PFT_BUDGETS; i++) {
		if (all[i].key == key)
			return &all[i];
		/* A budget that is whole is as good as one never used. */
		if (!free && all[i].back <= now)
			free = &all[i];
	}
	if (!free)
		return &all[PFT_BUDGETS];
	*free = (struct pft_budget){ .key = key };
	return free;
}

/* ns in which one report comes back. */
static u64 pft_log_cost(u64 interval, enum pft_log_limit which)
{
	const unsigned int limit = pft_get_log_limit(which);

	return limit ? div_u64(interval, limit) : U64_MAX;
}

/* Until when all will have come back if one more is spent; 0 if there is none. */
static u64 pft_log_spend(const struct pft_budget *budget, u64 now, u64 interval,
			 u64 cost, u64 keep)
{
	const u64 back = max(budget->back, now);

	return cost <= interval && back + cost <= now + max(interval - keep, cost) ?
	       back + cost : 0;
}

/**
 * pft_may_log - whether a report may go to the log
 * @source: who causes it
 *
 * Neither a flood nor a slow drip may bury the log, nor may one source silence
 * the others.  Spends the budgets if it may.
 *
 * Context: Any but interrupts.
 *
 * Return: true if it may.
 */
static bool pft_may_log(const struct pft_source *source)
{
	const struct {
		u64 key;
		struct pft_budget *all;
		enum pft_log_limit limit;
	} parts[] = {
		{ source->user, pft_log_users, PFT_LOG_USER },
		{ source->process, pft_log_processes, PFT_LOG_PROCESS },
		{ source->site, pft_log_sites, PFT_LOG_SITE },
	};
	const u64 interval = (u64)pft_get_log_limit(PFT_LOG_INTERVAL) *
			     NSEC_PER_SEC;
	const u64 now = ktime_get_boot_fast_ns();
	struct pft_budget *budget[ARRAY_SIZE(parts)] = { };
	u64 back[ARRAY_SIZE(parts)] = { }, total;
	bool may = true, lately = false;
	unsigned int i;

	spin_lock(&pft_log_lock);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!parts[i].key)
			continue;
		budget[i] = pft_find_budget(parts[i].all, parts[i].key, now);
		lately |= budget[i]->back > now;
		back[i] = pft_log_spend(budget[i], now, interval,
					pft_log_cost(interval, parts[i].limit),
					0);
		may &= !!back[i];
	}
	total = pft_log_spend(&pft_log_total, now, interval,
			      pft_log_cost(interval, PFT_LOG_TOTAL),
			      lately ? interval / 4 : 0);
	if (may && total) {
		pft_log_total.back = total;
		for (i = 0; i < ARRAY_SIZE(parts); i++)
			if (budget[i])
				budget[i]->back = back[i];
	}
	spin_unlock(&pft_log_lock);
	return may && total;
}

/* === Kernel log ========================================================= */

/**
 * struct pft_cause - how a decision of the architecture is reported
 * @why: what decided, one sentence without capital and full stop
 * @advice: what a driver can do about it
 */
struct pft_cause {
	const char *why;
	const char *advice;
};

static const struct pft_cause pft_causes[PFN_CAUSE_COUNT] = {
	[PFN_CAUSE_NO_RESERVATION] = {
		"PAT reserves only whole areas; this part has no reservation, so it gets uncached-minus",
		"reserve first with arch_io_reserve_memtype_wc() or ioremap_wc(), or map the area in one call",
	},
	[PFN_CAUSE_MTRR] = {
		"an MTRR that is not write-back covers the range, so PAT makes a write-back mapping uncached-minus",
		"ask for uncached or write-combining; no cached mapping of this range is possible",
	},
	[PFN_CAUSE_PAGE_TYPE] = {
		"PAT maps RAM with the memory type that set_memory_*() gave it, which is write-back by default",
		"change the RAM with set_memory_wc() or set_memory_uc() before it is mapped",
	},
	[PFN_CAUSE_MIXED_TYPES] = {
		"parts of the range have different memory types in PAT, and one call can map only one",
		"map each part by itself, or reserve the whole range first",
	},
	[PFN_CAUSE_NOT_PLAIN] = {
		"PAT changes the memory type of RAM only while it is write-back, even to the same type",
		"call set_memory_wb() before the memory type is set again",
	},
	[PFN_CAUSE_UNRECORDED] = {
		"PAT holds a reservation that no record explains: it is older than the registry, or its mapping is gone",
		"boot with pfn_track=report to see who reserves the range; pat_memtype_list in debugfs shows its type",
	},
	[PFN_CAUSE_IMPOSSIBLE] = {
		"this machine cannot map the attribute that was asked for",
		"ask for the attribute that the machine maps instead",
	},
	[PFN_CAUSE_NOT_RESERVED] = {
		"PAT has no reservation of this range: it was freed before, or only a part of it is freed",
		"free exactly what was reserved, and once; unmap an area as a whole",
	},
	[PFN_CAUSE_PLATFORM] = {
		"the architecture decided, for a reason that is not known",
		"ask for the attribute that is mapped",
	},
};

/* Attributes that let lines into the cache. */
static bool pft_is_cached(enum pfn_attr attr)
{
	return attr == PFN_ATTR_WB || attr == PFN_ATTR_WT ||
	       attr == PFN_ATTR_WP;
}

/* What it means to get @got instead of @want, where nothing else is harmed. */
static const char *pft_why_downgrade(enum pfn_attr want, enum pfn_attr got)
{
	const struct pfn_attr_pair *rule = pfn_attr_judge(want, got);

	if (rule->verdict == PFN_VERDICT_LEGAL)
		return rule->why;
	if (pft_is_cached(want) && !pft_is_cached(got))
		return "uncached accesses are slower than the cached ones that were asked for";
	if (!pft_is_cached(want) && pft_is_cached(got))
		return "accesses are cached although uncached ones were asked for";
	if (want == PFN_ATTR_WC)
		return "uncached stores are slower than the write-combining ones that were asked for";
	if (got == PFN_ATTR_WC)
		return "write-combining stores may be merged and reordered, which was not asked for";
	return "another attribute than asked for is slower or more weakly ordered";
}

/**
 * pft_why - the consequence of a conflict
 * @c: the conflict
 *
 * Return: one sentence, without capital and full stop.
 */
const char *pft_why(const struct pft_conflict *c)
{
	if (c->rule)
		return c->rule->why;
	if (c->cause != PFN_CAUSE_HELD)
		return pft_causes[c->cause].why;
	return pft_why_downgrade(c->new.want, c->new.got);
}

/* Both sides are cached, and only the colour of their addresses differs. */
static bool pft_is_colour(const struct pft_conflict *c)
{
	return c->rule && c->rule->a == c->rule->b &&
	       c->rule->verdict > PFN_VERDICT_UNKNOWN;
}

/**
 * pft_advice - what to do about a conflict
 * @c: the conflict
 *
 * Return: one sentence, without capital and full stop.
 */
const char *pft_advice(const struct pft_conflict *c)
{
	if (c->cause != PFN_CAUSE_HELD)
		return pft_causes[c->cause].advice;
	if (c->held.kind == PFN_KIND_LINEAR)
		return pft_advice_text[PFN_ADVICE_LINEAR];
	if (pft_is_colour(c))
		return pft_advice_text[PFN_ADVICE_COLOUR];
	if (c->downgrade || c->result != PFN_RESULT_MAPPED)
		return pft_advice_text[PFN_ADVICE_RELEASE];
	return pft_advice_text[PFN_ADVICE_AGREE];
}

/* "64K": the largest unit that divides it. */
static void pft_size_text(struct pft_text *text, unsigned long pages)
{
	u64 size = (u64)pages << (PAGE_SHIFT - 10);
	unsigned int unit = 0;

	while (size && !(size & 1023) && unit < 3) {
		size >>= 10;
		unit++;
	}
	scnprintf(text->text, sizeof(text->text), "%llu%c", size, "KMGT"[unit]);
}

/* Page frames of a range that are looked at: its ends, and each of these. */
#define PFT_RAM_STEP		PHYS_PFN(SZ_2M)
/* Ranges of more steps are taken for RAM. */
#define PFT_RAM_STEPS		4096

/*
 * Holes may have a struct page.  That is reserved and not in the linear map;
 * pages that a process can have are not both.
 */
static bool pft_page_is_ram(unsigned long pfn)
{
	return pfn_attr_is_ram(pfn) &&
	       (!PageReserved(pfn_to_page(pfn)) ||
		pfn_attr_linear(pfn, pfn, NULL, NULL));
}

/*
 * Whether a part of a range is RAM.  By default every user may read the kernel
 * log, so it must not show the physical addresses of a process's RAM.
 */
static bool pft_is_ram(unsigned long pfn, unsigned long last)
{
	unsigned int step;

	if (pft_page_is_ram(last))
		return true;
	for (step = 0; step < PFT_RAM_STEPS; step++) {
		if (pft_page_is_ram(pfn))
			return true;
		if (last - pfn < PFT_RAM_STEP)
			return false;
		pfn = ALIGN_DOWN(pfn, PFT_RAM_STEP) + PFT_RAM_STEP;
	}
	return true;
}

/* A range as the log may have it: "[mem 0x...-0x...]", or "[RAM, 64K]". */
static void pft_range_text(struct pft_text *text, unsigned long pfn,
			   unsigned long last)
{
	u64 start = PFN_PHYS(pfn), end = PFN_PHYS(last) + PAGE_SIZE - 1;
	struct pft_text size;

	if (!pft_is_ram(pfn, last)) {
		scnprintf(text->text, sizeof(text->text), "[mem %#010llx-%#010llx]",
			  start, end);
		return;
	}
	pft_size_text(&size, last - pfn + 1);
	scnprintf(text->text, sizeof(text->text), "[RAM, %s]", size.text);
}

/* How much of the newcomer the other side holds: "", or "16K of it ". */
static void pft_part_text(struct pft_text *text, const struct pft_conflict *c)
{
	struct pft_text size;

	text->text[0] = '\0';
	if (!c->held_pages || c->held_pages == c->new.last - c->new.pfn + 1)
		return;
	pft_size_text(&size, c->held_pages);
	scnprintf(text->text, sizeof(text->text), "%s%s of it ",
		  c->exact ? "" : "at least ", size.text);
}

static void pft_log_side(const char *role, const char *verb,
			 const struct pft_record *rec,
			 const struct pft_site *site, const char *more)
{
	const struct pft_holder *holder = rec->holder;

	/* A task may call itself anything, line breaks included. */
	pr_warn("pfn_track:   %s %*pE:%d %s at %s [%s] wants %s, %s %s%s%s%s\n",
		role, (int)strlen(holder->comm), holder->comm,
		READ_ONCE(holder->pid), pft_kind_text[rec->kind],
		site->text, site->module, pft_attr_text[rec->want], verb,
		rec->got == PFN_ATTR_NONE ? "nothing" : pft_attr_text[rec->got],
		holder->dev ? ", for " : "", holder->dev ?: "", more);
}

/* The newcomer got another attribute: what, and because of what. */
static void pft_log_downgrade(const struct pft_conflict *c, const char *got)
{
	struct pft_text range, part;

	pft_range_text(&range, c->new.pfn, c->new.last);
	pft_part_text(&part, c);
	if (!c->held.holder)
		scnprintf(part.text, sizeof(part.text), ", cause %s",
			  pft_cause_text[c->cause]);
	pr_warn("pfn_track: conflict: downgrade: %s asked for %s, %s %s%s%s%s, %s (policy %s)\n",
		range.text, pft_attr_text[c->new.want], got,
		pft_attr_text[c->new.got], c->held.holder ? " because " : "",
		part.text[0] ? part.text : "it ",
		c->held.holder ? "is held so" : "",
		pft_result_text[c->result], pft_policy_text[c->policy]);
}

/* Two that differ.  Where the wish says nothing, what the newcomer got does. */
static void pft_log_alias(const struct pft_conflict *c, const char *got)
{
	const char *attr = c->new.got == PFN_ATTR_NONE ? "nothing" :
			   pft_attr_text[c->new.got];
	bool tell = c->new.got != PFN_ATTR_NONE ? c->new.got != c->new.want :
						  c->new.want == c->held.got;
	const bool held = c->held.holder;
	struct pft_text range, part;

	pft_range_text(&range, c->new.pfn, c->new.last);
	pft_part_text(&part, c);
	pr_warn("pfn_track: conflict: %s: %s wanted %s%s%s%s%s, %s%s %s%s, %s (policy %s)\n",
		pft_verdict_text[c->verdict], range.text,
		pft_attr_text[c->new.want], tell ? ", " : "", tell ? got : "",
		tell ? " " : "", tell ? attr : "", held ? part.text : "",
		held ? "held" : "cause",
		held ? pft_attr_text[c->held.got] : pft_cause_text[c->cause],
		pft_is_colour(c) ? " at another cache colour" : "",
		pft_result_text[c->result], pft_policy_text[c->policy]);
}

/* Nothing is mapped, so there are no attributes to show. */
static void pft_log_free(const struct pft_event *event)
{
	const struct pft_conflict *c = &event->conflict;
	const struct pft_holder *holder = c->new.holder;
	struct pft_text range;

	pft_range_text(&range, c->pfn, c->last);
	pr_warn("pfn_track: invalid free: %s by %*pE:%d at %s [%s]\n",
		range.text, (int)strlen(holder->comm), holder->comm,
		READ_ONCE(holder->pid), event->new.text, event->new.module);
	pr_warn("pfn_track:   meaning: %s\n", pft_why(c));
	pr_warn("pfn_track:   advice:  %s\n", pft_advice(c));
}

static void pft_log(const struct pft_event *event)
{
	const struct pft_conflict *c = &event->conflict;
	const char *got = c->result == PFN_RESULT_REFUSED ? "would get" : "got";
	struct pft_text more = { };

	if (c->cause == PFN_CAUSE_NOT_RESERVED) {
		pft_log_free(event);
		return;
	}
	if (c->downgrade)
		pft_log_downgrade(c, got);
	else
		pft_log_alias(c, got);
	if (c->further)
		scnprintf(more.text, sizeof(more.text), ", and %s%u more",
			  c->exact ? "" : "at least ", c->further);
	pft_log_side("asked by", got, &c->new, &event->new, "");
	if (c->held.holder)
		pft_log_side("held by ", "has", &c->held, &event->held,
			     more.text);
	pr_warn("pfn_track:   meaning: %s%s%s%s\n", pft_why(c),
		c->rule ? " (" : "", c->rule ? c->rule->source : "",
		c->rule ? ")" : "");
	pr_warn("pfn_track:   advice:  %s\n", pft_advice(c));
}

/**
 * pft_report_conflict - tell of a conflict, once per pair of parties
 * @conflict: both sides; the caller keeps its references
 *
 * Context: Any but interrupts; not under pft_lock.
 */
void pft_report_conflict(const struct pft_conflict *conflict)
{
	struct pft_event event = {
		.conflict = *conflict,
		.count = 1,
		.time = ktime_get_boot_fast_ns(),
	};

	pft_get_site(conflict->new.holder, &event.new);
	pft_get_site(conflict->held.holder, &event.held);
	pft_set_source(&event.source, &conflict->new, &event.new, &event.held);
	if (pft_remember(&event) && pft_may_log(&event.source))
		pft_log(&event);
	else
		pft_count(PFT_STAT_SUPPRESSED);
}

/* === Leaks ============================================================== */

/*
 * Ring: the event with @id lies at @id modulo its size.  Under the lock of the
 * history.  Drivers leak, not users, so that no share is kept for others.
 */
static struct pft_leak_event *pft_leaks;
static unsigned long pft_last_leak;

static const char *pft_leak_advice(const struct pft_leak *leak)
{
	if (leak->how == PFN_LEAK_FREED)
		return "call set_memory_wb() or set_pages_array_wb() before the memory is freed";
	if (leak->how == PFN_LEAK_UNLOADED)
		return "give it back before the module's exit function returns";
	if (leak->rec.kind == PFN_KIND_RESERVATION)
		return "call arch_io_free_memtype_wc() in remove() and if probe() fails";
	if (leak->rec.kind == PFN_KIND_CLAIM)
		return "release it in remove() and if probe() fails, or use devm_pfn_track_claim()";
	return "unmap it in remove() and if probe() fails, or map it with devm_ioremap()";
}

static const char *pft_leak_verb(const struct pft_leak *leak)
{
	if (leak->how == PFN_LEAK_FREED)
		return "left";
	if (leak->rec.kind == PFN_KIND_RESERVATION)
		return "still reserves";
	return leak->rec.kind == PFN_KIND_CLAIM ? "still claims" : "still maps";
}

static void pft_log_leak(const struct pft_leak_event *event)
{
	static const char * const what[] = {
		[PFN_LEAK_UNBOUND] = "was unbound",
		[PFN_LEAK_NOT_BOUND] = "did not bind",
		[PFN_LEAK_UNLOADED] = "was unloaded",
		[PFN_LEAK_FREED] = "freed memory",
	};
	const struct pft_leak *leak = &event->leak;
	const struct pft_record *rec = &leak->rec;
	struct pft_text range;

	pft_range_text(&range, rec->pfn, rec->last);
	pr_warn("pfn_track: leak: %s%s%s %s and %s %s %s\n",
		leak->name, leak->dev[0] ? " of " : "", leak->dev,
		what[leak->how], pft_leak_verb(leak), range.text,
		pft_attr_text[rec->got]);
	pft_log_side("held by ", "has", rec, &event->site, "");
	pr_warn("pfn_track:   advice:  %s\n", pft_leak_advice(leak));
}

/**
 * pft_report_leak - tell of a leak; the caller sees to it that it is done once
 * @leak: what, and whose; the caller keeps its references
 *
 * Context: Any but interrupts; not under pft_lock.
 */
void pft_report_leak(const struct pft_leak *leak)
{
	struct pft_leak_event *slot, event = {
		.leak = *leak,
		.time = ktime_get_boot_fast_ns(),
	};
	struct pft_source source;
	struct pft_holder *old;

	pft_get_site(leak->rec.holder, &event.site);
	pft_set_source(&source, &leak->rec, &event.site, NULL);
	pft_holder_get(leak->rec.holder);

	spin_lock(&pft_history_lock);
	event.id = ++pft_last_leak;
	slot = &pft_leaks[event.id % PFT_HISTORY];
	old = slot->leak.rec.holder;
	*slot = event;
	spin_unlock(&pft_history_lock);

	pft_holder_put(old);
	if (pft_may_log(&source))
		pft_log_leak(&event);
	else
		pft_count(PFT_STAT_SUPPRESSED);
}

/**
 * pft_show_history - write down the conflicts that are remembered, by id
 * @m: where to
 * @show: writes one of them
 *
 * Context: Process context.  The policy may never have been other than "off",
 * and then there is nothing to remember conflicts in.
 *
 * Return: how many there were.
 */
unsigned long pft_show_history(struct seq_file *m,
			       void (*show)(struct seq_file *m,
					    const struct pft_event *event))
{
	unsigned long lines = 0, id = 0;

	spin_lock(&pft_history_lock);
	for (; pft_history; lines++) {
		const struct pft_event *next = NULL;
		unsigned int i;

		for (i = 0; i < PFT_HISTORY; i++) {
			const struct pft_event *event = &pft_history[i];

			if (event->id > id && (!next || event->id < next->id))
				next = event;
		}
		if (!next)
			break;
		id = next->id;
		show(m, next);
	}
	spin_unlock(&pft_history_lock);
	return lines;
}

/**
 * pft_show_leaks - write down the leaks that are remembered
 * @m: where to
 * @show: writes one of them
 *
 * Context: Process context.
 *
 * Return: how many there were.
 */
unsigned long pft_show_leaks(struct seq_file *m,
			     void (*show)(struct seq_file *m,
					  const struct pft_leak_event *event))
{
	unsigned long id, lines = 0;

	spin_lock(&pft_history_lock);
	id = pft_last_leak > PFT_HISTORY ? pft_last_leak - PFT_HISTORY + 1 : 1;
	for (; id <= pft_last_leak; id++, lines++)
		show(m, &pft_leaks[id % PFT_HISTORY]);
	spin_unlock(&pft_history_lock);
	return lines;
}

/* === The rest of what is told =========================================== */

/**
 * pft_report_misuse - tell of a driver's mistake
 * @what: what it does
 * @caller: return address of the call
 *
 * Context: Any but interrupts.
 */
void pft_report_misuse(const char *what, const void *caller)
{
	char symbol[KSYM_NAME_LEN];

	if (!pft_symbol((unsigned long)caller, symbol, sizeof(symbol)))
		strscpy(symbol, "-");
	pr_warn("pfn_track: misuse: %s %s\n", symbol, what);
}

/**
 * pft_report_start - get ready to report
 *
 * Context: Process context or boot; serialised by the caller.
 *
 * Return: 0 or -ENOMEM.
 */
int pft_report_start(void)
{
	struct pft_event *history;
	struct pft_leak_event *leaks;

	if (pft_history)
		return 0;

	history = kvcalloc(PFT_HISTORY, sizeof(*history), GFP_KERNEL);
	leaks = kvcalloc(PFT_HISTORY, sizeof(*leaks), GFP_KERNEL);
	if (!history || !leaks) {
		kvfree(history);
		kvfree(leaks);
		return -ENOMEM;
	}

	/* The files can be read meanwhile: what they find is zeroed. */
	spin_lock(&pft_history_lock);
	pft_history = history;
	pft_leaks = leaks;
	spin_unlock(&pft_history_lock);
	return 0;
}
