// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track files: what can be read of the registry, and the policy set.
 *
 * Counters and policy are in sysfs, one value a file; records, history, leaks,
 * audit and coverage are in debugfs, in a versioned text that ends by saying how
 * long it is.
 *
 * debugfs lines are a word followed by key=value.  In values everything but
 * printable ASCII, and space, '=' and '\' too, is escaped in octal; "-" means
 * not known.  Kernel addresses are not shown.
 */
#include "pfn_track_internal.h"
#include <linux/debugfs.h>
#include <linux/kobject.h>
#include <linux/seq_file.h>
#include <linux/string_helpers.h>
#include <linux/sysfs.h>

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

/* Counters, kinds and limits are made from their names by pft_sysfs_init(). */
static const char * const pft_log_text[] = {
	[PFT_LOG_INTERVAL] = "log_interval",
	[PFT_LOG_TOTAL] = "log_total",
	[PFT_LOG_USER] = "log_user",
	[PFT_LOG_PROCESS] = "log_process",
	[PFT_LOG_SITE] = "log_site",
};

static_assert(ARRAY_SIZE(pft_log_text) == PFT_LOG_COUNT);

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
	[PFT_STAT_MAX_STEPS] = "max_steps",
};

static_assert(ARRAY_SIZE(pft_stat_text) == PFT_STAT_COUNT);

static struct kobj_attribute pft_stat_attrs[PFT_STAT_COUNT];
static struct attribute *pft_stat_ptrs[PFT_STAT_COUNT + 1];
static struct kobj_attribute pft_kind_attrs[PFN_KIND_COUNT];
static struct attribute *pft_kind_ptrs[PFN_KIND_COUNT + 1];
static struct kobj_attribute pft_log_attrs[PFT_LOG_COUNT];
static struct attribute *pft_log_ptrs[PFT_LOG_COUNT + 1];

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

static ssize_t pft_log_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%u\n", pft_get_log_limit(attr - pft_log_attrs));
}

static ssize_t pft_log_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t count)
{
	unsigned int value;
	int ret = kstrtouint(buf, 10, &value);

	if (!ret)
		ret = pft_set_log_limit(attr - pft_log_attrs, value);
	return ret ?: count;
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

static const struct attribute_group pft_log_group = {
	.attrs = pft_log_ptrs,
};

static const struct attribute_group *pft_groups[] = {
	&pft_attr_group,
	&pft_log_group,
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
	for (i = 0; i < PFT_LOG_COUNT; i++) {
		pft_log_attrs[i] = (struct kobj_attribute){
			.attr = { .name = pft_log_text[i], .mode = 0644 },
			.show = pft_log_show,
			.store = pft_log_store,
		};
		sysfs_attr_init(&pft_log_attrs[i].attr);
		pft_log_ptrs[i] = &pft_log_attrs[i].attr;
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
	pft_show_pid(m, prefix, READ_ONCE(holder->pid));
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
 * @rec: copy of the record that is shown, with a reference to its holder
 * @shown: its address, only to compare with
 * @holder: whose call site is known, with a reference, or NULL
 * @site: the call site
 *
 * A cursor, not a position: pft_lock is held for one record at a time, because
 * looking up symbols takes long, and finding the place again costs one descent,
 * however long the list is.
 */
struct pft_listing {
	struct pft_place place;
	unsigned long lines;
	struct pft_record rec;
	const struct pft_record *shown;
	struct pft_holder *holder;
	struct pft_site site;
};

static void pft_show_record(struct seq_file *m, struct pft_listing *list)
{
	const struct pft_record *rec = &list->rec;

	/* Symbols are expensive, and neighbours often have a holder in common. */
	if (list->holder != rec->holder) {
		pft_holder_put(list->holder);
		list->holder = pft_holder_get(rec->holder);
		pft_get_site(rec->holder, &list->site);
	}
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

static void pft_listing_drop(struct pft_listing *list)
{
	pft_holder_put(list->rec.holder);
	list->rec.holder = NULL;
}

/* The record behind the one that was passed last. */
static struct pft_record *pft_listing_next(struct pft_listing *list)
{
	struct pft_record *rec;

	pft_listing_drop(list);
	spin_lock(&pft_lock);
	rec = pft_store_after(&list->place);
	if (rec) {
		pft_holder_pid(rec);
		list->rec = *rec;
		list->shown = rec;
		pft_holder_get(rec->holder);
	}
	spin_unlock(&pft_lock);
	return rec ? &list->rec : &pft_end;
}

static void *records_start(struct seq_file *m, loff_t *pos)
{
	struct pft_listing *list = m->private;

	if (!*pos) {
		pft_listing_drop(list);
		list->place = (struct pft_place){ };
		list->lines = 0;
		return SEQ_START_TOKEN;
	}
	/* Header, the records, the end line, and then nothing more. */
	if (*pos > list->lines + 1)
		return NULL;
	return pft_listing_next(list);
}

static void *records_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct pft_listing *list = m->private;

	++*pos;
	if (v == &pft_end)
		return NULL;
	if (v != SEQ_START_TOKEN) {
		list->place = (struct pft_place){
			.space = list->rec.space,
			.id = list->rec.id,
			.va = list->rec.va,
			.rec = list->shown,
		};
		list->lines++;
	}
	return pft_listing_next(list);
}

static void records_stop(struct seq_file *m, void *v)
{
	pft_listing_drop(m->private);
}

static int records_show(struct seq_file *m, void *v)
{
	struct pft_listing *list = m->private;

	if (v == SEQ_START_TOKEN) {
		pft_show_head(m);
		seq_printf(m, "incomplete: %ld\nlate: %ld\n",
			   atomic_long_read(&pft_stats[PFT_STAT_INCOMPLETE]),
			   atomic_long_read(&pft_stats[PFT_STAT_LATE]));
	} else if (v == &pft_end) {
		seq_printf(m, "end: %lu\n", list->lines);
	} else {
		pft_show_record(m, list);
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

static int records_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;
	struct pft_listing *list = m->private;

	pft_listing_drop(list);
	pft_holder_put(list->holder);
	return seq_release_private(inode, file);
}

static const struct file_operations records_fops = {
	.owner = THIS_MODULE,
	.open = records_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = records_release,
};

static void pft_show_event(struct seq_file *m, const struct pft_event *event)
{
	const struct pft_conflict *c = &event->conflict;

	seq_printf(m, "conflict id=%lu count=%lu", event->id, event->count);
	pft_show_time(m, "", event->time);
	pft_show_range(m, "", c->pfn, c->last);
	seq_printf(m, " bytes=%llu", (u64)c->pages << PAGE_SHIFT);
	pft_show_range(m, "asked.", c->new.pfn, c->new.last);
	seq_printf(m, " exact=%s downgrade=%s", c->exact ? "yes" : "no",
		   c->downgrade ? "yes" : "no");
	pft_show_text(m, "", "verdict", pft_verdict_text[c->verdict]);
	pft_show_text(m, "", "result", pft_result_text[c->result]);
	pft_show_text(m, "", "policy", pft_policy_text[c->policy]);
	pft_show_text(m, "", "cause", pft_cause_text[c->cause]);
	pft_show_text(m, "", "why", pft_why(c));
	pft_show_text(m, "", "source", c->rule ? c->rule->source : NULL);
	pft_show_text(m, "", "advice", pft_advice(c));
	pft_show_side(m, "", &c->new, &event->new);
	pft_show_side(m, "held.", &c->held, &event->held);
	seq_printf(m, " held.bytes=%llu held.further=%u",
		   (u64)c->held_pages << PAGE_SHIFT, c->further);
	if (c->held.holder) {
		pft_show_range(m, "held.", c->held.pfn, c->held.last);
		pft_show_time(m, "held.", c->held.time);
	} else {
		seq_puts(m, " held.range=- held.time=-");
	}
	seq_putc(m, '\n');
}

/*
 * range and bytes: what suffers of the range asked.range.  held.bytes: how much
 * of asked.range the holder, and held.further mappings like it, have.  All three
 * are lower bounds unless exact=yes.
 */
static int conflicts_show(struct seq_file *m, void *v)
{
	pft_show_head(m);
	seq_printf(m, "total: %ld\nsuppressed: %ld\n",
		   atomic_long_read(&pft_stats[PFT_STAT_CONFLICTS]),
		   atomic_long_read(&pft_stats[PFT_STAT_SUPPRESSED]));

	seq_printf(m, "end: %lu\n", pft_show_history(m, pft_show_event));
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
	pft_show_head(m);
	seq_printf(m, "total: %ld\n",
		   atomic_long_read(&pft_stats[PFT_STAT_LEAKS]));

	seq_printf(m, "end: %lu\n", pft_show_leaks(m, pft_show_leak));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(leaks);

/**
 * enum pft_cover - what the registry knows of a road
 * @PFT_COVER_LIVE: all that comes by it, unless the policy is "off"
 * @PFT_COVER_PARTLY: some of it, unless the policy is "off"; the rest is unknown
 * @PFT_COVER_UNCOVERED: nothing: what comes by it is unknown, not clean
 * @PFT_COVER_ABSENT: this kernel does not have it
 */
enum pft_cover {
	PFT_COVER_LIVE,
	PFT_COVER_PARTLY,
	PFT_COVER_UNCOVERED,
	PFT_COVER_ABSENT,
};

/**
 * struct pft_covered - a road by which page frames get mapped
 * @name: the function, or the folder, that it is known by
 * @cover: what the registry knows of it
 * @why: in what form it is known, or why not
 * @windows: it ends in ioremap(), which not every architecture does by page
 *	tables: see pfn_attr_window()
 */
struct pft_covered {
	const char *name;
	enum pft_cover cover;
	const char *why;
	bool windows;
};

#define PFT_COVER_IF(present, cover)	\
	((present) ? PFT_COVER_##cover : PFT_COVER_ABSENT)

static const struct pft_covered pft_roads[] = {
	{ "ioremap", PFT_COVER_LIVE,
	  "kind ioremap; memremap() of device memory and ACPI's tables, too",
	  .windows = true },
	{ "iotable_init", PFT_COVER_IF(IS_ENABLED(CONFIG_ARM), UNCOVERED),
	  "static mappings of devices, made while booting" },
	{ "pci_remap_iospace",
	  IS_ENABLED(CONFIG_X86) ? PFT_COVER_ABSENT :
				   PFT_COVER_IF(IS_ENABLED(CONFIG_PCI), LIVE),
	  "kind ioremap" },
	{ "vmap", PFT_COVER_LIVE,
	  "kind vmap; write-back only where somebody has it otherwise" },
	{ "vm_map_ram", PFT_COVER_UNCOVERED,
	  "always write-back, like the linear map; not judged where that was changed" },
	{ "vmap_page_range",
	  IS_ENABLED(CONFIG_X86) || IS_ENABLED(CONFIG_ARM64) ?
		  PFT_COVER_ABSENT : PFT_COVER_UNCOVERED,
	  "called by boot code of some architectures for the I/O port window" },
	{ "memremap_pages", PFT_COVER_IF(IS_ENABLED(CONFIG_ZONE_DEVICE), LIVE),
	  "kind memremap; in the linear map" },
	{ "set_memory", PFT_COVER_IF(IS_ENABLED(CONFIG_X86), LIVE),
	  "kind set_memory; with \"nopat\" memory that is freed in another state goes unseen" },
	{ "arch_io_reserve_memtype_wc", PFT_COVER_IF(IS_ENABLED(CONFIG_X86), LIVE),
	  "kind reservation; a memory type of PAT without a mapping" },
	{ "io_mapping", PFT_COVER_LIVE,
	  IS_ENABLED(CONFIG_HAVE_ATOMIC_IOMAP) ?
		  "kind claim, its pages kind kmap" : "kind ioremap",
	  .windows = !IS_ENABLED(CONFIG_HAVE_ATOMIC_IOMAP) },
	{ "io_mapping_map_user",
	  PFT_COVER_IF(IS_ENABLED(CONFIG_IO_MAPPING), UNCOVERED),
	  "an io_mapping in a process; no driver of the kernel does that" },
	{ "kmap_local", PFT_COVER_IF(IS_ENABLED(CONFIG_KMAP_LOCAL), LIVE),
	  "kind kmap; judged, not on record" },
	{ "early_ioremap", PFT_COVER_UNCOVERED,
	  "while booting, before the registry starts" },
	{ "fixmap", PFT_COVER_UNCOVERED,
	  "a few pages for ever, such as interrupt controllers and consoles" },
	{ "efi", PFT_COVER_IF(IS_ENABLED(CONFIG_EFI), UNCOVERED),
	  "page tables of its own, used while firmware runs" },
	{ "kexec", PFT_COVER_IF(IS_ENABLED(CONFIG_KEXEC_CORE), UNCOVERED),
	  "page tables of its own, used on the way to the next kernel" },
	{ "remap_pfn_range", PFT_COVER_LIVE, "kind remap_pfn" },
	{ "vmf_insert_pfn", PFT_COVER_LIVE,
	  "kind insert; all but pages of the kernel image" },
	{ "vm_insert_page", PFT_COVER_LIVE,
	  "kind insert; not write-back, or held otherwise by others; found by rmap if these come later" },
	{ "fault", PFT_COVER_LIVE,
	  "kind insert; pages that fault handlers return, as vm_insert_page" },
	{ "fault_around", PFT_COVER_LIVE,
	  "pages that others hold otherwise are left to a fault of their own" },
	{ "anonymous", PFT_COVER_UNCOVERED,
	  "RAM of a process's own, private copies too, as its area says" },
	{ "userfaultfd", PFT_COVER_IF(IS_ENABLED(CONFIG_USERFAULTFD), LIVE),
	  "kind insert; pages of files, as vm_insert_page" },
	{ "memory_hotplug", PFT_COVER_IF(IS_ENABLED(CONFIG_MEMORY_HOTPLUG), LIVE),
	  "kind linear; RAM that is added or goes online, compared with what others hold" },
	{ "hugetlb", PFT_COVER_IF(IS_ENABLED(CONFIG_HUGETLB_PAGE), UNCOVERED),
	  "RAM in huge pages, as its area says" },
	{ "i915", PFT_COVER_IF(IS_ENABLED(CONFIG_DRM_I915), LIVE),
	  "kind insert; entries that it writes itself" },
	{ "xen", PFT_COVER_IF(IS_ENABLED(CONFIG_XEN), UNCOVERED),
	  "entries that gntdev and privcmd write themselves" },
	{ "mprotect", PFT_COVER_LIVE,
	  "may change the attribute of what is mapped, which is judged anew" },
	{ "kvm", PFT_COVER_IF(IS_ENABLED(CONFIG_KVM), UNCOVERED),
	  "stage 2: what guests see, and with which attributes" },
	{ "dma", PFT_COVER_UNCOVERED, "what devices see" },
	{ "dma_remap",
	  PFT_COVER_IF(IS_ENABLED(CONFIG_ARM) || IS_ENABLED(CONFIG_OPENRISC),
		       UNCOVERED),
	  "the DMA API makes RAM uncached in the linear map; no hook sees it" },
	{ "iommu", PFT_COVER_IF(IS_ENABLED(CONFIG_IOMMU_API), UNCOVERED),
	  "what devices see" },
};

static void pft_show_road(struct seq_file *m, const struct pft_covered *road)
{
	static const char * const text[] = {
		[PFT_COVER_LIVE] = "live",
		[PFT_COVER_PARTLY] = "partly",
		[PFT_COVER_UNCOVERED] = "uncovered",
		[PFT_COVER_ABSENT] = "absent",
	};
	enum pft_cover cover = road->cover;
	const char *window, *why = road->why;
	bool all;

	window = road->windows ? pfn_attr_window(&all) : NULL;
	if (window) {
		cover = all ? PFT_COVER_UNCOVERED : PFT_COVER_PARTLY;
		why = window;
	}
	seq_puts(m, "road");
	pft_show_text(m, "", "name", road->name);
	pft_show_text(m, "", "state",
		      cover < PFT_COVER_UNCOVERED && !pfn_track_enabled() ?
		      "off" : text[cover]);
	pft_show_text(m, "", "why", why);
	seq_putc(m, '\n');
}

/* What a driver may ask for, but this machine maps otherwise. */
static unsigned int pft_show_impossible(struct seq_file *m)
{
	unsigned int attr, nr = 0;
	const char *why;

	for (attr = PFN_ATTR_NONE + 1; attr < PFN_ATTR_COUNT; attr++) {
		why = pfn_attr_why_not(attr);
		if (!why)
			continue;
		seq_puts(m, "impossible");
		pft_show_text(m, "", "want", pft_attr_text[attr]);
		pft_show_text(m, "", "got",
			      pft_attr_text[pfn_attr_effective(attr)]);
		pft_show_text(m, "", "why", why);
		seq_putc(m, '\n');
		nr++;
	}
	return nr;
}

static int coverage_show(struct seq_file *m, void *v)
{
	unsigned int kind, impossible, i;

	seq_printf(m, "version: %d\narch: %s\n", PFN_TRACK_FORMAT_VERSION,
		   pfn_attr_arch());
	for (kind = 0; kind < PFN_KIND_COUNT; kind++)
		seq_printf(m, "hook kind=%s state=%s\n", pft_kind_text[kind],
			   pfn_track_enabled() ? "live" : "off");
	for (i = 0; i < ARRAY_SIZE(pft_roads); i++)
		pft_show_road(m, &pft_roads[i]);
	impossible = pft_show_impossible(m);
	seq_printf(m, "end: %zu\n",
		   PFN_KIND_COUNT + ARRAY_SIZE(pft_roads) + impossible);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(coverage);

static const char * const pft_finding_text[PFT_FINDING_COUNT] = {
	[PFT_FINDING_MISSING] = "missing",
	[PFT_FINDING_STALE] = "stale",
	[PFT_FINDING_DIFFERS] = "differs",
	[PFT_FINDING_ALIAS] = "alias",
	[PFT_FINDING_BROKEN] = "broken",
};

static void pft_show_finding(struct seq_file *m, const struct pft_shown *shown)
{
	const struct pft_finding *f = &shown->finding;

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
	pft_show_text(m, "", "kind", f->kind == PFN_KIND_COUNT ?
				     NULL : pft_kind_text[f->kind]);
	pft_show_text(m, "", "got", f->got == PFN_ATTR_NONE ?
				    NULL : pft_attr_text[f->got]);
	pft_show_text(m, "", "found", f->found == PFN_ATTR_NONE ?
				      NULL : pft_attr_text[f->found]);
	pft_show_text(m, "", "file", shown->file);
	pft_show_text(m, "", "module", shown->module);
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
	unsigned long findings = 0;
	unsigned int i;

	for (i = 0; i < PFT_FINDING_COUNT; i++)
		findings += audit->found[i];
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
	seq_printf(m, "plain_pages: %lu\n", audit->plain_pages);
	seq_printf(m, "entries: %lu\n", audit->entries);
	for (i = 0; i < PFT_FINDING_COUNT; i++)
		seq_printf(m, "%s: %lu\n", pft_finding_text[i], audit->found[i]);
	seq_printf(m, "findings: %lu\n", findings);
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

static int __init pft_files_init(void)
{
	pft_debugfs_init();
	return pft_sysfs_init();
}
late_initcall(pft_files_init);
