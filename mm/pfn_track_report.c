// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track report: how the registry speaks.
 *
 * Conflicts go to the kernel log and into a short history; counters and policy
 * are in sysfs, one value a file; records, history and coverage are in debugfs,
 * in a versioned text that ends by saying how long it is.  Knows text, takes no
 * decisions.
 *
 * debugfs lines are a word followed by key=value.  In values everything but
 * printable ASCII, and space, '=' and '\' too, is escaped in octal; "-" means
 * not known.  Kernel addresses are not shown.
 */
#include "pfn_track_internal.h"
#include <linux/debugfs.h>
#include <linux/kallsyms.h>
#include <linux/kobject.h>
#include <linux/ratelimit.h>
#include <linux/seq_file.h>
#include <linux/string_helpers.h>
#include <linux/sysfs.h>

/* Different conflicts that are remembered, the newest ones; and leaks. */
#define PFT_HISTORY		64

/* Conflicts and leaks that are ever written to the log, and how many at a stretch. */
#define PFT_LOG_BUDGET		200
#define PFT_LOG_BURST		10

static const char * const pft_attr_text[] = { PFN_ATTR_TEXT };
static const char * const pft_verdict_text[] = { PFN_VERDICT_TEXT };
static const char * const pft_kind_text[] = { PFN_KIND_TEXT };
static const char * const pft_space_text[] = { PFN_SPACE_TEXT };
static const char * const pft_result_text[] = { PFN_RESULT_TEXT };
static const char * const pft_leak_text[] = { PFN_LEAK_TEXT };

/* The extra word is what a kind without a policy of its own shows. */
static const char * const pft_policy_text[] = {
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

/**
 * struct pft_site - a call site as text
 * @text: function+offset/size, or "-"
 * @module: name of the module, or "-" for the kernel itself
 */
struct pft_site {
	char text[96];
	char module[MODULE_NAME_LEN];
};

/* Wrappers that everybody goes through: the interesting caller is above them. */
static const char * const pft_wrappers[] = {
	"pft_", "pfn_track", "__pfn_track", "devm_pfn_track",
	"ioremap", "__ioremap", "generic_ioremap", "devm_ioremap",
	"__devm_ioremap", "devm_platform_ioremap", "of_iomap", "devm_of_iomap",
	"pci_iomap", "pcim_iomap", "pci_ioremap", "memremap", "devm_memremap",
	"arch_memremap", "remap_pfn_range", "vm_iomap_memory",
	"insert_pfn", "vmf_insert_", "__vm_insert_mixed", "vmap+", "vmap_pfn+",
	"dma_common_", "dma_alloc_", "dma_direct_", "dmam_alloc_", "iommu_dma_",
};

static bool pft_is_wrapper(const char *symbol)
{
	unsigned int i;

	/* "[module]": a driver may call its functions what it likes. */
	if (strchr(symbol, '['))
		return false;
	for (i = 0; i < ARRAY_SIZE(pft_wrappers); i++)
		if (str_has_prefix(symbol, pft_wrappers[i]))
			return true;
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
	unsigned int i, nr;

	if (site) {
		strscpy(buf, site, size);
		return true;
	}
	nr = holder->stack ? stack_depot_fetch(holder->stack, &entries) : 0;
	for (i = 0; i < nr; i++)
		if (pft_symbol(entries[i], buf, size) && !pft_is_wrapper(buf))
			return true;
	return holder->caller && pft_symbol(holder->caller, buf, size);
}

static void pft_get_site(const struct pft_holder *holder, struct pft_site *site)
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

/* === History ============================================================ */

/**
 * struct pft_event - a conflict, remembered
 * @conflict: both sides; owns references to the holders
 * @new: call site of the newcomer
 * @held: call site of the other side; text, because modules go
 * @id: counts from 1
 * @count: how often it was seen
 * @time: when it was seen first, in ns since boot
 */
struct pft_event {
	struct pft_conflict conflict;
	struct pft_site new;
	struct pft_site held;
	unsigned long id;
	unsigned long count;
	u64 time;
};

/* Ring; the event with @id lies at @id modulo its size. */
static struct pft_event *pft_history;
static unsigned long pft_last_id;
static DEFINE_SPINLOCK(pft_history_lock);

static bool pft_same_side(const struct pft_record *a, const struct pft_record *b)
{
	if (a->kind != b->kind || a->want != b->want || a->got != b->got)
		return false;
	if (!a->holder || !b->holder)
		return a->holder == b->holder;
	return a->holder->pid == b->holder->pid &&
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
		    (pft_reaches(a->last, b->pfn) &&
		     pft_reaches(b->last, a->pfn));

	return a->verdict == b->verdict && a->result == b->result && near &&
	       pft_same_side(&a->new, &b->new) &&
	       pft_same_side(&a->held, &b->held);
}

static struct pft_event *pft_find_event(const struct pft_conflict *c)
{
	unsigned int i;

	for (i = 0; i < PFT_HISTORY; i++)
		if (pft_history[i].count &&
		    pft_same_pair(&pft_history[i].conflict, c))
			return &pft_history[i];
	return NULL;
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
		slot->conflict.pfn = min(slot->conflict.pfn, c->pfn);
		slot->conflict.last = max(slot->conflict.last, c->last);
		spin_unlock(&pft_history_lock);
		return false;
	}

	event->id = ++pft_last_id;
	slot = &pft_history[event->id % PFT_HISTORY];
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

/* === Kernel log ========================================================= */

static const char *pft_why(const struct pft_conflict *c)
{
	if (c->rule)
		return c->rule->why;
	if (c->result == PFN_RESULT_REFUSED_ARCH)
		return "the architecture refused it, and nobody on record explains why";
	return "another attribute than asked for is slower or more weakly ordered";
}

static const char *pft_advice(const struct pft_conflict *c)
{
	if (c->result != PFN_RESULT_MAPPED)
		return "unmap the held mapping first, or ask for the attribute that it has";
	if (c->new.want != c->new.got)
		return "let the first mapping ask for what the later one needs";
	return "let both sides ask for the same attribute";
}

static void pft_log_side(const char *role, const char *verb,
			 const struct pft_record *rec,
			 const struct pft_site *site)
{
	const struct pft_holder *holder = rec->holder;

	if (!holder) {
		pr_warn("pfn_track:   %s nobody on record: mapped before the registry started, or decided by the platform\n",
			role);
		return;
	}
	/* A task may call itself anything, line breaks included. */
	pr_warn("pfn_track:   %s %*pE:%d %s at %s [%s] wants %s, %s %s%s%s\n",
		role, (int)strlen(holder->comm), holder->comm, holder->pid,
		pft_kind_text[rec->kind],
		site->text, site->module, pft_attr_text[rec->want], verb,
		rec->got == PFN_ATTR_NONE ? "nothing" : pft_attr_text[rec->got],
		holder->dev ? ", for " : "", holder->dev ?: "");
}

static void pft_log(const struct pft_event *event)
{
	const struct pft_conflict *c = &event->conflict;
	u64 start = PFN_PHYS(c->pfn), end = PFN_PHYS(c->last) + PAGE_SIZE - 1;

	pr_warn("pfn_track: conflict: %s: [mem %#010llx-%#010llx] wanted %s, held %s, %s (policy %s)\n",
		pft_verdict_text[c->verdict], start, end,
		pft_attr_text[c->new.want], pft_attr_text[c->held.got],
		pft_result_text[c->result], pft_policy_text[c->policy]);
	pft_log_side("asked by",
		     c->result == PFN_RESULT_REFUSED ? "would get" : "got",
		     &c->new, &event->new);
	pft_log_side("held by ", "has", &c->held, &event->held);
	pr_warn("pfn_track:   meaning: %s%s%s%s\n", pft_why(c),
		c->rule ? " (" : "", c->rule ? c->rule->source : "",
		c->rule ? ")" : "");
	pr_warn("pfn_track:   advice:  %s\n", pft_advice(c));
}

/* Neither a flood nor a slow drip may bury the log. */
static bool pft_may_log(void)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, PFT_LOG_BURST);
	static atomic_t budget = ATOMIC_INIT(PFT_LOG_BUDGET);

	ratelimit_set_flags(&limit, RATELIMIT_MSG_ON_RELEASE);
	return __ratelimit(&limit) && atomic_add_unless(&budget, -1, 0);
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
	if (pft_remember(&event) && pft_may_log())
		pft_log(&event);
	else
		pft_count(PFT_STAT_SUPPRESSED);
}

/* === Leaks ============================================================== */

/**
 * struct pft_leak_event - a leak, remembered
 * @leak: what, and whose; owns a reference to the holder
 * @site: call site; text, because modules go
 * @id: counts from 1
 * @time: when it was seen, in ns since boot
 */
struct pft_leak_event {
	struct pft_leak leak;
	struct pft_site site;
	unsigned long id;
	u64 time;
};

/* Ring like pft_history, under the same lock. */
static struct pft_leak_event *pft_leaks;
static unsigned long pft_last_leak;

static const char *pft_leak_advice(const struct pft_leak *leak)
{
	if (leak->how == PFN_LEAK_UNLOADED)
		return "give it back before the module's exit function returns";
	if (leak->rec.kind == PFN_KIND_CLAIM)
		return "release it in remove() and if probe() fails, or use devm_pfn_track_claim()";
	return "unmap it in remove() and if probe() fails, or map it with devm_ioremap()";
}

static void pft_log_leak(const struct pft_leak_event *event)
{
	static const char * const what[] = {
		[PFN_LEAK_UNBOUND] = "was unbound",
		[PFN_LEAK_NOT_BOUND] = "did not bind",
		[PFN_LEAK_UNLOADED] = "was unloaded",
	};
	const struct pft_leak *leak = &event->leak;
	const struct pft_record *rec = &leak->rec;
	u64 start = PFN_PHYS(rec->pfn), end = PFN_PHYS(rec->last) + PAGE_SIZE - 1;

	pr_warn("pfn_track: leak: %s%s%s %s and still %s [mem %#010llx-%#010llx] %s\n",
		leak->name, leak->dev[0] ? " of " : "", leak->dev,
		what[leak->how],
		rec->kind == PFN_KIND_CLAIM ? "claims" : "maps", start, end,
		pft_attr_text[rec->got]);
	pft_log_side("held by ", "has", rec, &event->site);
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
	struct pft_holder *old;

	pft_get_site(leak->rec.holder, &event.site);
	pft_holder_get(leak->rec.holder);

	spin_lock(&pft_history_lock);
	event.id = ++pft_last_leak;
	slot = &pft_leaks[event.id % PFT_HISTORY];
	old = slot->leak.rec.holder;
	*slot = event;
	spin_unlock(&pft_history_lock);

	pft_holder_put(old);
	if (pft_may_log())
		pft_log_leak(&event);
	else
		pft_count(PFT_STAT_SUPPRESSED);
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
	if (!pft_history)
		pft_history = kvcalloc(PFT_HISTORY, sizeof(*pft_history),
				       GFP_KERNEL);
	if (!pft_leaks)
		pft_leaks = kvcalloc(PFT_HISTORY, sizeof(*pft_leaks),
				     GFP_KERNEL);
	return pft_history && pft_leaks ? 0 : -ENOMEM;
}

/* === sysfs ============================================================== */

static ssize_t pft_policy_show(enum pfn_kind kind, char *buf)
{
	return sysfs_emit(buf, "%s\n", pft_policy_text[pft_get_policy(kind)]);
}

static ssize_t pft_policy_store(enum pfn_kind kind, const char *buf,
				size_t count)
{
	const char *end = strchrnul(buf, '\n');
	int policy = pft_policy_from_text(buf, end - buf);
	int ret;

	if (policy < 0 || (*end && end[1]))
		return -EINVAL;
	ret = pft_set_policy(kind, policy);
	return ret ?: count;
}

static ssize_t policy_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return pft_policy_show(PFT_KIND_ALL, buf);
}

static ssize_t policy_store(struct kobject *kobj, struct kobj_attribute *attr,
			    const char *buf, size_t count)
{
	return pft_policy_store(PFT_KIND_ALL, buf, count);
}

static struct kobj_attribute pft_policy_attr = __ATTR_RW(policy);

static ssize_t arch_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n", pfn_attr_arch());
}

static struct kobj_attribute pft_arch_attr = __ATTR_RO(arch);

static struct attribute *pft_attrs[] = {
	&pft_policy_attr.attr,
	&pft_arch_attr.attr,
	NULL
};

/* The counters and the kinds are made from their names by pft_sysfs_init(). */
static const char * const pft_stat_text[] = {
	[PFT_STAT_RECORDS] = "records",
	[PFT_STAT_MAPS] = "maps",
	[PFT_STAT_UNMAPS] = "unmaps",
	[PFT_STAT_CONFLICTS] = "conflicts",
	[PFT_STAT_REFUSED] = "refused",
	[PFT_STAT_DOWNGRADES] = "downgrades",
	[PFT_STAT_SUPPRESSED] = "suppressed",
	[PFT_STAT_INCOMPLETE] = "incomplete",
	[PFT_STAT_LATE] = "late",
	[PFT_STAT_LEAKS] = "leaks",
};

static_assert(ARRAY_SIZE(pft_stat_text) == PFT_STAT_COUNT);

static struct kobj_attribute pft_stat_attrs[PFT_STAT_COUNT];
static struct attribute *pft_stat_ptrs[PFT_STAT_COUNT + 1];
static struct kobj_attribute pft_kind_attrs[PFN_KIND_COUNT];
static struct attribute *pft_kind_ptrs[PFN_KIND_COUNT + 1];

static ssize_t pft_stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	unsigned int stat = attr - pft_stat_attrs;

	return sysfs_emit(buf, "%ld\n", atomic_long_read(&pft_stats[stat]));
}

static ssize_t pft_kind_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return pft_policy_show(attr - pft_kind_attrs, buf);
}

static ssize_t pft_kind_store(struct kobject *kobj, struct kobj_attribute *attr,
			      const char *buf, size_t count)
{
	return pft_policy_store(attr - pft_kind_attrs, buf, count);
}

static const struct attribute_group pft_attr_group = {
	.attrs = pft_attrs,
};

static const struct attribute_group pft_stat_group = {
	.attrs = pft_stat_ptrs,
};

static const struct attribute_group pft_kind_group = {
	.name = "kind",
	.attrs = pft_kind_ptrs,
};

static const struct attribute_group *pft_groups[] = {
	&pft_attr_group,
	&pft_stat_group,
	&pft_kind_group,
	NULL
};

static int __init pft_sysfs_init(void)
{
	struct kobject *kobj;
	unsigned int i;
	int ret;

	for (i = 0; i < PFT_STAT_COUNT; i++) {
		pft_stat_attrs[i] = (struct kobj_attribute){
			.attr = { .name = pft_stat_text[i], .mode = 0444 },
			.show = pft_stat_show,
		};
		sysfs_attr_init(&pft_stat_attrs[i].attr);
		pft_stat_ptrs[i] = &pft_stat_attrs[i].attr;
	}
	for (i = 0; i < PFN_KIND_COUNT; i++) {
		pft_kind_attrs[i] = (struct kobj_attribute){
			.attr = { .name = pft_kind_text[i], .mode = 0644 },
			.show = pft_kind_show,
			.store = pft_kind_store,
		};
		sysfs_attr_init(&pft_kind_attrs[i].attr);
		pft_kind_ptrs[i] = &pft_kind_attrs[i].attr;
	}

	kobj = kobject_create_and_add("pfn_track", mm_kobj);
	if (!kobj)
		return -ENOMEM;
	ret = sysfs_create_groups(kobj, pft_groups);
	if (ret)
		kobject_put(kobj);
	return ret;
}

/* === debugfs ============================================================ */

static void pft_show_text(struct seq_file *m, const char *prefix,
			  const char *key, const char *text)
{
	seq_printf(m, " %s%s=", prefix, key);
	if (!text || !*text)
		text = "-";
	seq_escape_mem(m, text, strlen(text),
		       ESCAPE_OCTAL | ESCAPE_NAP | ESCAPE_APPEND, " =\\");
}

static void pft_show_time(struct seq_file *m, const char *prefix, u64 ns)
{
	u32 us = do_div(ns, NSEC_PER_SEC);

	seq_printf(m, " %stime=%llu.%06u", prefix, ns,
		   us / (u32)NSEC_PER_USEC);
}

static void pft_show_range(struct seq_file *m, const char *prefix,
			   unsigned long pfn, unsigned long last)
{
	seq_printf(m, " %srange=0x%llx-0x%llx", prefix, (u64)PFN_PHYS(pfn),
		   (u64)PFN_PHYS(last) + PAGE_SIZE - 1);
}

static void pft_show_pid(struct seq_file *m, const char *prefix, pid_t pid)
{
	if (pid)
		seq_printf(m, " %spid=%d", prefix, pid);
	else
		pft_show_text(m, prefix, "pid", NULL);
}

/* A task may well be called "-", which must not read as not known. */
static void pft_show_comm(struct seq_file *m, const char *prefix,
			  const char *comm)
{
	if (strcmp(comm, "-"))
		pft_show_text(m, prefix, "comm", comm);
	else
		seq_printf(m, " %scomm=\\055", prefix);
}

/* One side; everything is "-" where no record explains it. */
static void pft_show_side(struct seq_file *m, const char *prefix,
			  const struct pft_record *rec,
			  const struct pft_site *site)
{
	static const struct pft_holder none;
	const struct pft_holder *holder = rec->holder ?: &none;
	bool known = rec->holder;

	pft_show_text(m, prefix, "space",
		      known ? pft_space_text[rec->space] : NULL);
	pft_show_text(m, prefix, "kind",
		      known ? pft_kind_text[rec->kind] : NULL);
	pft_show_text(m, prefix, "want",
		      known ? pft_attr_text[rec->want] : NULL);
	pft_show_text(m, prefix, "got",
		      known ? pft_attr_text[rec->got] : NULL);
	pft_show_pid(m, prefix, holder->pid);
	pft_show_comm(m, prefix, holder->comm);
	pft_show_text(m, prefix, "site", site->text);
	pft_show_text(m, prefix, "module", site->module);
	pft_show_text(m, prefix, "dev", holder->dev);
	pft_show_text(m, prefix, "driver", holder->driver);
}

static void pft_show_head(struct seq_file *m)
{
	seq_printf(m, "version: %d\n", PFN_TRACK_FORMAT_VERSION);
	seq_printf(m, "policy: %s\n",
		   pft_policy_text[pft_get_policy(PFT_KIND_ALL)]);
}

/**
 * struct pft_listing - where a reader of the records stands
 * @place: of the last record that was passed
 * @lines: records passed
 * @holder: whose call site is known; nobody's when the lock was dropped
 * @site: the call site
 *
 * A cursor, not a position: the lock is dropped whenever the buffer is full,
 * and finding the place again costs one descent, however long the list is.
 */
struct pft_listing {
	struct pft_place place;
	unsigned long lines;
	const struct pft_holder *holder;
	struct pft_site site;
};

static void pft_show_record(struct seq_file *m, const struct pft_record *rec)
{
	struct pft_listing *list = m->private;

	/* Symbols are dear, and neighbours often have a holder in common. */
	if (list->holder != rec->holder)
		pft_get_site(rec->holder, &list->site);
	list->holder = rec->holder;
	pft_holder_pid(rec);
	seq_puts(m, "record");
	pft_show_range(m, "", rec->pfn, rec->last);
	if (rec->space == PFN_SPACE_USER)
		seq_printf(m, " va=0x%lx-0x%lx", rec->va, pft_va_last(rec));
	else
		seq_puts(m, " va=-");
	pft_show_side(m, "", rec, &list->site);
	pft_show_time(m, "", rec->time);
	seq_putc(m, '\n');
}

/* Stands for the line after the last record. */
static struct pft_record pft_end;

static void *records_start(struct seq_file *m, loff_t *pos)
	__acquires(&pft_lock)
{
	struct pft_listing *list = m->private;

	spin_lock(&pft_lock);
	list->holder = NULL;
	if (!*pos) {
		*list = (struct pft_listing){ };
		return SEQ_START_TOKEN;
	}
	/* Header, the records, the end line, and then nothing more. */
	if (*pos > list->lines + 1)
		return NULL;
	return pft_store_after(&list->place) ?: &pft_end;
}

static void *records_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct pft_listing *list = m->private;
	const struct pft_record *rec = v;

	++*pos;
	if (rec == &pft_end)
		return NULL;
	if (v != SEQ_START_TOKEN) {
		list->place = (struct pft_place){
			.space = rec->space,
			.id = rec->id,
			.va = rec->va,
			.rec = rec,
		};
		list->lines++;
	}
	return pft_store_after(&list->place) ?: &pft_end;
}

static void records_stop(struct seq_file *m, void *v)
	__releases(&pft_lock)
{
	spin_unlock(&pft_lock);
}

static int records_show(struct seq_file *m, void *v)
{
	const struct pft_listing *list = m->private;

	if (v == SEQ_START_TOKEN) {
		pft_show_head(m);
		seq_printf(m, "incomplete: %ld\nlate: %ld\n",
			   atomic_long_read(&pft_stats[PFT_STAT_INCOMPLETE]),
			   atomic_long_read(&pft_stats[PFT_STAT_LATE]));
	} else if (v == &pft_end) {
		seq_printf(m, "end: %lu\n", list->lines);
	} else {
		pft_show_record(m, v);
	}
	return 0;
}

static const struct seq_operations records_sops = {
	.start = records_start,
	.next = records_next,
	.stop = records_stop,
	.show = records_show,
};

static int records_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &records_sops,
				sizeof(struct pft_listing));
}

static const struct file_operations records_fops = {
	.owner = THIS_MODULE,
	.open = records_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

static void pft_show_event(struct seq_file *m, const struct pft_event *event)
{
	const struct pft_conflict *c = &event->conflict;

	seq_printf(m, "conflict id=%lu count=%lu", event->id, event->count);
	pft_show_time(m, "", event->time);
	pft_show_range(m, "", c->pfn, c->last);
	pft_show_text(m, "", "verdict", pft_verdict_text[c->verdict]);
	pft_show_text(m, "", "result", pft_result_text[c->result]);
	pft_show_text(m, "", "policy", pft_policy_text[c->policy]);
	pft_show_text(m, "", "why", pft_why(c));
	pft_show_text(m, "", "source", c->rule ? c->rule->source : NULL);
	pft_show_side(m, "", &c->new, &event->new);
	pft_show_side(m, "held.", &c->held, &event->held);
	if (c->held.holder) {
		pft_show_range(m, "held.", c->held.pfn, c->held.last);
		pft_show_time(m, "held.", c->held.time);
	} else {
		seq_puts(m, " held.range=- held.time=-");
	}
	seq_putc(m, '\n');
}

static int conflicts_show(struct seq_file *m, void *v)
{
	unsigned long id, lines = 0;

	pft_show_head(m);
	seq_printf(m, "total: %ld\nsuppressed: %ld\n",
		   atomic_long_read(&pft_stats[PFT_STAT_CONFLICTS]),
		   atomic_long_read(&pft_stats[PFT_STAT_SUPPRESSED]));

	spin_lock(&pft_history_lock);
	id = pft_last_id > PFT_HISTORY ? pft_last_id - PFT_HISTORY + 1 : 1;
	for (; id <= pft_last_id; id++, lines++)
		pft_show_event(m, &pft_history[id % PFT_HISTORY]);
	spin_unlock(&pft_history_lock);

	seq_printf(m, "end: %lu\n", lines);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(conflicts);

static void pft_show_leak(struct seq_file *m, const struct pft_leak_event *event)
{
	const struct pft_leak *leak = &event->leak;

	seq_printf(m, "leak id=%lu", event->id);
	pft_show_time(m, "", event->time);
	pft_show_range(m, "", leak->rec.pfn, leak->rec.last);
	pft_show_text(m, "", "gone", pft_leak_text[leak->how]);
	pft_show_text(m, "gone.", "name", leak->name);
	pft_show_text(m, "gone.", "dev", leak->dev);
	pft_show_side(m, "held.", &leak->rec, &event->site);
	pft_show_time(m, "held.", leak->rec.time);
	seq_putc(m, '\n');
}

static int leaks_show(struct seq_file *m, void *v)
{
	unsigned long id, lines = 0;

	pft_show_head(m);
	seq_printf(m, "total: %ld\n",
		   atomic_long_read(&pft_stats[PFT_STAT_LEAKS]));

	spin_lock(&pft_history_lock);
	id = pft_last_leak > PFT_HISTORY ? pft_last_leak - PFT_HISTORY + 1 : 1;
	for (; id <= pft_last_leak; id++, lines++)
		pft_show_leak(m, &pft_leaks[id % PFT_HISTORY]);
	spin_unlock(&pft_history_lock);

	seq_printf(m, "end: %lu\n", lines);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(leaks);

static int coverage_show(struct seq_file *m, void *v)
{
	unsigned int kind;

	seq_printf(m, "version: %d\narch: %s\n", PFN_TRACK_FORMAT_VERSION,
		   pfn_attr_arch());
	for (kind = 0; kind < PFN_KIND_COUNT; kind++)
		seq_printf(m, "hook kind=%s state=%s\n", pft_kind_text[kind],
			   pfn_track_enabled() ? "live" : "off");
	seq_printf(m, "end: %d\n", PFN_KIND_COUNT);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(coverage);

static const char * const pft_finding_text[PFT_FINDING_COUNT] = {
	[PFT_FINDING_MISSING] = "missing",
	[PFT_FINDING_STALE] = "stale",
	[PFT_FINDING_DIFFERS] = "differs",
};

static void pft_show_finding(struct seq_file *m, const struct pft_finding *f)
{
	const bool missing = f->type == PFT_FINDING_MISSING;

	seq_puts(m, pft_finding_text[f->type]);
	pft_show_text(m, "", "space", pft_space_text[f->space]);
	pft_show_pid(m, "", f->pid);
	pft_show_comm(m, "", f->comm);
	pft_show_range(m, "", f->pfn, f->last);
	if (f->space == PFN_SPACE_USER)
		seq_printf(m, " va=0x%lx-0x%lx", f->va,
			   f->va + ((f->last - f->pfn + 1) << PAGE_SHIFT) - 1);
	else
		seq_puts(m, " va=-");
	pft_show_text(m, "", "kind", missing ? NULL : pft_kind_text[f->kind]);
	pft_show_text(m, "", "got", missing ? NULL : pft_attr_text[f->got]);
	pft_show_text(m, "", "found", f->found == PFN_ATTR_NONE ?
				      NULL : pft_attr_text[f->found]);
	seq_putc(m, '\n');
}

/**
 * pft_show_audit - write down what an audit has found
 * @m: where to
 * @audit: a complete audit
 *
 * Context: Process context.
 */
void pft_show_audit(struct seq_file *m, const struct pft_audit *audit)
{
	unsigned int i;

	pft_show_head(m);
	seq_printf(m, "incomplete: %ld\nlate: %ld\n",
		   atomic_long_read(&pft_stats[PFT_STAT_INCOMPLETE]),
		   atomic_long_read(&pft_stats[PFT_STAT_LATE]));
	seq_printf(m, "kernel_pages: %lu\n", audit->kernel_pages);
	seq_printf(m, "user_spaces: %lu\n", audit->spaces);
	seq_printf(m, "user_areas: %lu\n", audit->areas);
	seq_printf(m, "user_pages: %lu\n", audit->user_pages);
	seq_printf(m, "skipped: %lu\n", audit->skipped);
	seq_printf(m, "records: %lu\n", audit->records);
	seq_printf(m, "unreached: %lu\n", audit->unreached);
	seq_printf(m, "uncovered: %lu\n", audit->uncovered);
	seq_printf(m, "findings: %lu\n", audit->findings);
	for (i = 0; i < audit->nr_shown; i++)
		pft_show_finding(m, &audit->shown[i]);
	seq_printf(m, "end: %u\n", audit->nr_shown);
}

static void __init pft_debugfs_init(void)
{
	struct dentry *dir = debugfs_create_dir("pfn_track", NULL);

	debugfs_create_file("records", 0400, dir, NULL, &records_fops);
	debugfs_create_file("conflicts", 0400, dir, NULL, &conflicts_fops);
	debugfs_create_file("leaks", 0400, dir, NULL, &leaks_fops);
	debugfs_create_file("coverage", 0400, dir, NULL, &coverage_fops);
}

static int __init pft_report_init(void)
{
	pft_debugfs_init();
	return pft_sysfs_init();
}
late_initcall(pft_report_init);
