// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track report: how the registry speaks.
 *
 * Conflicts and leaks go to the kernel log and into a short history.  Knows
 * text, takes no decisions.
 */
#include "pfn_track_internal.h"
#include <linux/kallsyms.h>
#include <linux/ratelimit.h>
#include <linux/seq_file.h>

/* Different conflicts that are remembered, the newest ones; and leaks. */
#define PFT_HISTORY		64

/* Conflicts and leaks that are ever written to the log, and how many at a stretch. */
#define PFT_LOG_BUDGET		200
#define PFT_LOG_BURST		10

const char * const pft_attr_text[] = { PFN_ATTR_TEXT };
const char * const pft_verdict_text[] = { PFN_VERDICT_TEXT };
const char * const pft_kind_text[] = { PFN_KIND_TEXT };
const char * const pft_space_text[] = { PFN_SPACE_TEXT };
const char * const pft_result_text[] = { PFN_RESULT_TEXT };
const char * const pft_cause_text[] = { PFN_CAUSE_TEXT };
const char * const pft_leak_text[] = { PFN_LEAK_TEXT };

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

/* Wrappers that everybody goes through: the interesting caller is above them. */
static const char * const pft_wrappers[] = {
	"pft_", "pfn_track", "__pfn_track", "devm_pfn_track",
	"arch_io_", "devm_arch_io_", "memtype_", "untrack_pfn",
	"ioremap", "__ioremap", "generic_ioremap", "devm_ioremap",
	"__devm_ioremap", "devm_platform_ioremap", "of_iomap", "devm_of_iomap",
	"pci_iomap", "pcim_iomap", "pci_ioremap", "memremap", "devm_memremap",
	"arch_memremap", "pagemap_range", "pci_p2pdma_add", "set_memory_",
	"set_pages_", "_set_pages_", "remap_pfn_range", "vm_iomap_memory",
	"insert_pfn", "vmf_insert_", "__vm_insert_mixed", "insert_page",
	"vm_insert_page", "vm_map_pages", "__vm_map_pages", "vmap+", "vmap_pfn+",
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

/* === History ============================================================ */

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
		    a->cause == PFN_CAUSE_PAGE_TYPE ||
		    (pft_reaches(a->last, b->pfn) &&
		     pft_reaches(b->last, a->pfn));

	return a->verdict == b->verdict && a->result == b->result &&
	       a->cause == b->cause && near &&
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

/**
 * struct pft_cause - how a decision without a rule is reported
 * @why: what decided, one sentence without capital and full stop
 * @advice: what a driver can do about it
 */
struct pft_cause {
	const char *why;
	const char *advice;
};

static const struct pft_cause pft_causes[PFN_CAUSE_COUNT] = {
	[PFN_CAUSE_HELD] = {
		"another attribute than asked for is slower or more weakly ordered",
		"let the first mapping ask for what the later one needs",
	},
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

/**
 * pft_why - the consequence of a conflict
 * @c: the conflict
 *
 * Return: one sentence, without capital and full stop.
 */
const char *pft_why(const struct pft_conflict *c)
{
	return c->rule ? c->rule->why : pft_causes[c->cause].why;
}

static const char *pft_advice(const struct pft_conflict *c)
{
	if (c->cause != PFN_CAUSE_HELD)
		return pft_causes[c->cause].advice;
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

	/* A task may call itself anything, line breaks included. */
	pr_warn("pfn_track:   %s %*pE:%d %s at %s [%s] wants %s, %s %s%s%s\n",
		role, (int)strlen(holder->comm), holder->comm, holder->pid,
		pft_kind_text[rec->kind],
		site->text, site->module, pft_attr_text[rec->want], verb,
		rec->got == PFN_ATTR_NONE ? "nothing" : pft_attr_text[rec->got],
		holder->dev ? ", for " : "", holder->dev ?: "");
}

/* Nothing is mapped, so there are no attributes to show. */
static void pft_log_free(const struct pft_event *event)
{
	const struct pft_conflict *c = &event->conflict;
	const struct pft_holder *holder = c->new.holder;

	pr_warn("pfn_track: invalid free: [mem %#010llx-%#010llx] by %*pE:%d at %s [%s]\n",
		(u64)PFN_PHYS(c->pfn), (u64)PFN_PHYS(c->last) + PAGE_SIZE - 1,
		(int)strlen(holder->comm), holder->comm, holder->pid,
		event->new.text, event->new.module);
	pr_warn("pfn_track:   meaning: %s\n", pft_why(c));
	pr_warn("pfn_track:   advice:  %s\n", pft_advice(c));
}

static void pft_log(const struct pft_event *event)
{
	const struct pft_conflict *c = &event->conflict;
	u64 start = PFN_PHYS(c->pfn), end = PFN_PHYS(c->last) + PAGE_SIZE - 1;

	if (c->cause == PFN_CAUSE_NOT_RESERVED) {
		pft_log_free(event);
		return;
	}
	pr_warn("pfn_track: conflict: %s: [mem %#010llx-%#010llx] wanted %s, %s%s, %s (policy %s)\n",
		pft_verdict_text[c->verdict], start, end,
		pft_attr_text[c->new.want],
		c->held.holder ? "held " : "cause ",
		c->held.holder ? pft_attr_text[c->held.got] :
				 pft_cause_text[c->cause],
		pft_result_text[c->result], pft_policy_text[c->policy]);
	pft_log_side("asked by",
		     c->result == PFN_RESULT_REFUSED ? "would get" : "got",
		     &c->new, &event->new);
	if (c->held.holder)
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

/* Ring like pft_history, under the same lock. */
static struct pft_leak_event *pft_leaks;
static unsigned long pft_last_leak;

static const char *pft_leak_advice(const struct pft_leak *leak)
{
	if (leak->how == PFN_LEAK_FREED)
		return "call set_memory_wb() or set_pages_array_wb() before the memory is freed";
	if (leak->how == PFN_LEAK_UNLOADED)
		return "give it back before the module's exit function returns";
	if (leak->rec.kind == PFN_KIND_RESERVATION)
		return "call arch_io_free_memtype_wc() in remove() and if probe() fails, or use devm_arch_io_reserve_memtype_wc()";
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
	u64 start = PFN_PHYS(rec->pfn), end = PFN_PHYS(rec->last) + PAGE_SIZE - 1;

	pr_warn("pfn_track: leak: %s%s%s %s and %s [mem %#010llx-%#010llx] %s\n",
		leak->name, leak->dev[0] ? " of " : "", leak->dev,
		what[leak->how], pft_leak_verb(leak), start, end,
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

/**
 * pft_show_history - write down the conflicts that are remembered
 * @m: where to
 * @show: writes one of them
 *
 * Context: Process context.
 *
 * Return: how many there were.
 */
unsigned long pft_show_history(struct seq_file *m,
			       void (*show)(struct seq_file *m,
					    const struct pft_event *event))
{
	unsigned long id, lines = 0;

	spin_lock(&pft_history_lock);
	id = pft_last_id > PFT_HISTORY ? pft_last_id - PFT_HISTORY + 1 : 1;
	for (; id <= pft_last_id; id++, lines++)
		show(m, &pft_history[id % PFT_HISTORY]);
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
	if (!pft_history)
		pft_history = kvcalloc(PFT_HISTORY, sizeof(*pft_history),
				       GFP_KERNEL);
	if (!pft_leaks)
		pft_leaks = kvcalloc(PFT_HISTORY, sizeof(*pft_leaks),
				     GFP_KERNEL);
	return pft_history && pft_leaks ? 0 : -ENOMEM;
}
