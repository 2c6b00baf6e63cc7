// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track leaks: what a driver or a module leaves mapped when it goes.
 *
 * A mapping does not say for which device it was made, so two witnesses are
 * asked: its page frames lie in the device's own resources, and the driver is
 * found in the call stack.  In doubt nothing is said: right drivers are silent.
 */
#include "pfn_track_internal.h"
#include <linux/kallsyms.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/preempt.h>

#include <trace/events/pfn_track.h>

/*
 * Records that are looked at under one hold of pft_lock: symbols may be looked up
 * for each frame of the stack of each.
 */
#define PFT_LEAK_HOLD		4

/**
 * struct pft_leaver - who goes
 * @how: in what way
 * @name: name of the driver or module
 * @mod: the module; NULL for a driver that is built in
 * @init: only the init text of @mod goes, which is no leak of anything
 * @dev: the driver's device; NULL if all of @mod goes
 * @probe: the driver's probe function, if it is built in
 */
struct pft_leaver {
	enum pfn_leak how;
	const char *name;
	const struct module *mod;
	bool init;
	struct device *dev;
	unsigned long probe;
};

/* === Whose is it? ======================================================= */

static unsigned int pft_frames(struct pft_holder *holder,
			       unsigned long **entries)
{
	if (holder->stack)
		return stack_depot_fetch(holder->stack, entries);
	*entries = &holder->caller;
	return holder->caller ? 1 : 0;
}

/* Without CONFIG_MODULES there is no struct module to look into. */
static const char *pft_module_name(const struct module *mod)
{
	return module_name((struct module *)mod);
}

/*
 * A module is guilty if it, or a module that it calls, is the nearest on the
 * stack: behind others there is also who merely made the device known, or had
 * its driver probed.
 */
static bool pft_by_module(struct pft_holder *holder, const struct module *mod,
			  bool init)
{
	unsigned long *entries;
	unsigned int i, nr = pft_frames(holder, &entries);
	bool found = false, modules = false;

	/* Its addresses may be another module's by now. */
	if (holder->module)
		return !init && !strcmp(holder->module, pft_module_name(mod));

	preempt_disable();
	for (i = 0; i < nr && !found; i++) {
		const struct module *here = __module_address(entries[i]);

		if (modules && !here)
			break;
		modules = here;
		found = here == mod &&
			(!init || within_module_init(entries[i], mod));
	}
	preempt_enable();
	return found;
}

/* Without a module to look for, only what probe() itself maps is certain. */
static bool pft_by_probe(struct pft_holder *holder, unsigned long probe)
{
	unsigned long *entries, size, offset;
	unsigned int i, nr = pft_frames(holder, &entries);

	for (i = 0; i < nr; i++)
		/* A return address may lie behind the end of the function. */
		if (kallsyms_lookup_size_offset(entries[i] - 1, &size,
						&offset) &&
		    entries[i] - 1 - offset == probe)
			return true;
	return false;
}

static bool pft_within(const struct resource *res, const struct pft_record *rec)
{
	return resource_type(res) == IORESOURCE_MEM && resource_size(res) &&
	       rec->pfn >= PHYS_PFN(res->start) &&
	       rec->last <= PHYS_PFN(res->end);
}

/* Not the windows of a bridge, nor the BARs of virtual functions. */
static bool pft_in_device(struct device *dev, const struct pft_record *rec)
{
	const struct resource *res = NULL;
	unsigned int i, nr = 0;

	if (dev_is_pci(dev)) {
		res = to_pci_dev(dev)->resource;
		nr = PCI_ROM_RESOURCE + 1;
	} else if (dev_is_platform(dev)) {
		res = to_platform_device(dev)->resource;
		nr = to_platform_device(dev)->num_resources;
	}
	for (i = 0; i < nr; i++)
		if (pft_within(&res[i], rec))
			return true;
	return false;
}

static bool pft_same_name(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

static bool pft_by_driver(const struct pft_record *rec,
			  const struct pft_leaver *who)
{
	struct pft_holder *holder = rec->holder;

	if (rec->kind == PFN_KIND_CLAIM)
		return pft_same_name(holder->dev, dev_name(who->dev)) &&
		       pft_same_name(holder->driver, who->name);
	if (!pft_is_drivers(rec) || !pft_in_device(who->dev, rec))
		return false;
	if (!who->mod)
		return pft_by_probe(holder, who->probe);
	/* What module_init() mapped may stay as long as the module. */
	return !holder->module && pft_by_module(holder, who->mod, false) &&
	       !pft_by_module(holder, who->mod, true);
}

static bool pft_belongs(const struct pft_record *rec,
			const struct pft_leaver *who)
{
	if (who->dev)
		return pft_by_driver(rec, who);
	return pft_is_drivers(rec) &&
	       pft_by_module(rec->holder, who->mod, who->init);
}

/**
 * pft_device_of - the PCI device in whose memory a range lies
 * @rec: the range
 *
 * For interfaces that are not told the device.
 *
 * Context: Process context, may sleep.
 *
 * Return: the device with a reference for the caller, NULL if there is none.
 */
struct device *pft_device_of(const struct pft_record *rec)
{
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev)
		if (pft_in_device(&pdev->dev, rec))
			return &pdev->dev;
	return NULL;
}

/* === Looking ============================================================ */

/*
 * Look at some records from @place on.  What belongs to @who is copied to
 * @found, with a reference to the holder, which is NULL if nothing does.
 *
 * Return: false if these were the last.
 */
static bool pft_leak_next(struct pft_place *place, const struct pft_leaver *who,
			  struct pft_record *found)
{
	struct pft_record *rec;
	unsigned int nr = 0;

	found->holder = NULL;
	spin_lock(&pft_lock);
	while ((rec = pft_store_after(place)) && nr++ < PFT_LEAK_HOLD) {
		if (rec->space == PFN_SPACE_USER) {
			*place = (struct pft_place){ .space = PFN_SPACE_NONE };
			continue;
		}
		*place = (struct pft_place){
			.space = rec->space,
			.id = rec->id,
			.va = rec->va,
			.rec = rec,
		};
		if (!pft_belongs(rec, who))
			continue;
		*found = *rec;
		pft_holder_get(found->holder);
		if (!who->init)
			rec->leaked = true;
		break;
	}
	spin_unlock(&pft_lock);
	return rec;
}

/*
 * Keep the call site as text: its addresses will soon say nothing, or the
 * wrong thing.  What there is no memory for is not known later on.
 */
static void pft_pin(struct pft_holder *holder, const struct module *mod)
{
	const char *module, *site;
	char text[160];

	if (!pft_find_site(holder, text, sizeof(text)))
		strscpy(text, "-");
	module = kstrdup_const(pft_module_name(mod), GFP_KERNEL);
	site = kstrdup_const(text, GFP_KERNEL);

	spin_lock(&pft_lock);
	if (module && site && !holder->module) {
		holder->module = module;
		WRITE_ONCE(holder->site, site);
		module = NULL;
		site = NULL;
	}
	spin_unlock(&pft_lock);
	kfree_const(module);
	kfree_const(site);
}

/**
 * pft_tell_leak - count, trace and report a leak
 * @leak: what, and whose; the caller keeps its references
 *
 * A kind whose policy is "off" is not told.
 *
 * Context: Process context; not under pft_lock.
 */
void pft_tell_leak(const struct pft_leak *leak)
{
	if (pft_get_policy(leak->rec.kind) == PFN_POLICY_OFF)
		return;
	pft_count(PFT_STAT_LEAKS);
	trace_pfn_leak(leak);
	pft_report_leak(leak);
}

static void pft_tell_left(const struct pft_record *rec,
			  const struct pft_leaver *who)
{
	struct pft_leak leak = { .rec = *rec, .how = who->how };

	strscpy(leak.name, who->name);
	if (who->dev)
		strscpy(leak.dev, dev_name(who->dev));
	pft_tell_leak(&leak);
}

/* Whether a holder can be named only while the module is there. */
static bool pft_names(struct pft_holder *holder, const struct pft_leaver *who)
{
	bool found = false;

	/* Of a file that is mapped there is no call site but its handlers. */
	if (!who->init && !holder->module && !holder->caller && !holder->stack) {
		preempt_disable();
		found = __module_address((unsigned long)holder->fops) ==
			who->mod;
		preempt_enable();
	}
	return found || pft_by_module(holder, who->mod, who->init);
}

/*
 * What was refused has no record, and may be reported after the module has gone.
 *
 * Return: true if that is so of any.
 */
static bool pft_pin_sought(const struct pft_leaver *who)
{
	struct pft_holder *holders[PFT_SOUGHT_HOLDERS];
	unsigned int nr = pft_sought_holders(holders);
	bool any = false;

	while (nr--) {
		if (pft_names(holders[nr], who)) {
			pft_pin(holders[nr], who->mod);
			any = true;
		}
		pft_holder_put(holders[nr]);
	}
	return any;
}

static void pft_leave(const struct pft_leaver *who)
{
	struct pft_place place = { };
	struct pft_record rec;
	bool more, any = false;

	do {
		more = pft_leak_next(&place, who, &rec);
		if (rec.holder) {
			any = true;
			/* What unbind has told of is not told by unload again. */
			if (!who->init && !rec.leaked)
				pft_tell_left(&rec, who);
			if (!who->dev)
				pft_pin(rec.holder, who->mod);
			pft_holder_put(rec.holder);
		}
		cond_resched();
	} while (more);

	if (!who->dev) {
		any |= pft_pin_sought(who);
		/* Code goes: what is loaded there next is not what was there. */
		pft_page_forget();
	}

	/* The next one that maps from there must not be taken for the last. */
	if (any)
		pft_holder_forget();
}

/* === Who tells us ======================================================= */

static unsigned long pft_probe_of(const struct device *dev)
{
	const void *probe = dev->driver->probe;

	if (dev_is_pci(dev))
		probe = to_pci_driver(dev->driver)->probe;
	else if (dev_is_platform(dev))
		probe = to_platform_driver(dev->driver)->probe;
	return (unsigned long)dereference_symbol_descriptor((void *)probe);
}

void __pfn_track_unbound(struct device *dev)
{
	struct pft_leaver who = {
		.how = device_is_bound(dev) ? PFN_LEAK_UNBOUND :
					      PFN_LEAK_NOT_BOUND,
		.dev = dev,
	};

	if (!dev->driver)
		return;
	who.name = dev->driver->name;
	who.mod = dev->driver->owner;
	who.probe = pft_probe_of(dev);
	pft_leave(&who);
}

#ifdef CONFIG_MODULES
/* When a module goes, its exit function has returned and its text is there. */
static int pft_module_event(struct notifier_block *nb, unsigned long event,
			    void *data)
{
	const struct module *mod = data;
	const struct pft_leaver who = {
		.how = PFN_LEAK_UNLOADED,
		.name = pft_module_name(mod),
		.mod = mod,
		.init = event == MODULE_STATE_LIVE,
	};

	if (pfn_track_enabled() && (event == MODULE_STATE_LIVE ||
				    event == MODULE_STATE_GOING))
		pft_leave(&who);
	return NOTIFY_OK;
}

static struct notifier_block pft_module_block = {
	.notifier_call = pft_module_event,
};

static int __init pft_leak_init(void)
{
	return register_module_notifier(&pft_module_block);
}
late_initcall(pft_leak_init);
#endif /* CONFIG_MODULES */
