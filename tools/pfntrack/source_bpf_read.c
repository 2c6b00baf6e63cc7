// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: what the BPF programs tell, in words of ours. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "model.h"
#include "source_bpf.h"
#include "util.h"

#define PAT_READER 1
#include "../../arch/generic/pat/pat.h"

#if defined(__x86_64__)
#define BPF_ARCH pat_x86
#elif defined(__aarch64__)
#define BPF_ARCH pat_arm64
#else
#define BPF_ARCH pat_generic
#endif

const struct pat_arch *const bpf_arch = &BPF_ARCH;

/* In the order of x86's enum page_cache_mode. */
static const enum pfn_attr modes[] = {
	PFN_ATTR_WB, PFN_ATTR_WC, PFN_ATTR_UC_MINUS, PFN_ATTR_UC, PFN_ATTR_WT, PFN_ATTR_WP,
};

/* Functions that are on the way from who maps to what we trace. */
static const char *const on_the_way[] = {
	"remap_pfn_range",
	"io_remap_pfn_range",
	"vm_iomap_memory",
	"vmf_insert_",
	"__vm_insert_",
	"ioremap",
	"__ioremap",
	"pci_iomap",
	"pci_ioremap",
	"devm_ioremap",
	"__devm_ioremap",
	"devm_platform_ioremap",
	"devm_of_iomap",
	"memtype_reserve",
	"set_memory_",
	"_set_memory_",
	"set_pages_",
	"_set_pages_",
	"reserve_pfn_range",
	"track_pfn",
	"generic_ioremap",
	"arch_io_reserve",
	"io_reserve_memtype",
	"pcim_iomap",
	"of_iomap",
	"acpi_os_ioremap",
	/* ... and from there to the program. */
	"bpf_",
	"kretprobe_",
	"__kretprobe",
	"arch_rethook",
	"rethook_",
	"ftrace_",
	"trace_call_bpf",
	"kprobe_",
	"trampoline_",
	"perf_",
	"kretprobe_perf",
	"__bpf_",
};

static bool starts(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static bool is_on_the_way(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(on_the_way); i++)
		if (starts(name, on_the_way[i]))
			return true;
	return false;
}

/* BPF's own code is in no symbol, and is taken for the end of what lies before it. */
#define LARGEST_FUNCTION (64u << 10)

/* The innermost function that is not on the way; @lost: some have no name. */
static const struct symbol *site_of(struct reading *r, const struct pfntrack_event *event,
				    uint64_t *offset, bool *lost)
{
	unsigned int i;

	*lost = false;
	for (i = 0; i < event->depth && i < PFNTRACK_STACK; i++) {
		const struct symbol *symbol = symbols_find(&r->symbols, event->stack[i]);

		*offset = symbol ? event->stack[i] - symbol->address : UINT64_MAX;
		if (*offset > LARGEST_FUNCTION)
			*lost = true;
		else if (!is_on_the_way(symbol->name))
			return symbol;
	}
	return NULL;
}

static void name_site(struct reading *r, const struct pfntrack_event *event,
		      struct watch_side *side)
{
	const struct symbol *symbol;
	uint64_t offset;
	bool lost;

	symbol = site_of(r, event, &offset, &lost);
	/* What a module or BPF itself has brought since is read again, but not each time. */
	if (lost && (!r->fresh || event->time > r->fresh + 1000000000)) {
		r->fresh = event->time;
		symbols_load(&r->symbols);
		symbol = site_of(r, event, &offset, &lost);
	}
	if (!symbol)
		return;
	snprintf(side->site, sizeof(side->site), "%s+0x%llx%s%s%s", symbol->name,
		 (unsigned long long)offset, symbol->module ? " [" : "",
		 symbol->module ? symbol->module : "", symbol->module ? "]" : "");
}

static bool came_by(struct reading *r, const struct pfntrack_event *event, const char *prefix)
{
	unsigned int i;

	for (i = 0; i < event->depth && i < PFNTRACK_STACK; i++) {
		const struct symbol *symbol = symbols_find(&r->symbols, event->stack[i]);

		if (symbol && starts(symbol->name, prefix))
			return true;
	}
	return false;
}

static enum pfn_kind kind_of(struct reading *r, const struct pfntrack_event *event)
{
	switch (event->road) {
	case PFNTRACK_IOREMAP:
		return PFN_KIND_IOREMAP;
	case PFNTRACK_REMAP:
		return PFN_KIND_REMAP_PFN;
	case PFNTRACK_INSERT:
		return PFN_KIND_INSERT;
	}
	return came_by(r, event, "set_memory_") || came_by(r, event, "set_pages_") ||
			       came_by(r, event, "_set_pages_") || came_by(r, event, "_set_memory_")
		       ? PFN_KIND_SET_MEMORY
		       : PFN_KIND_CLAIM;
}

/* Whether one of the words of a file is this one. */
static bool file_has(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char *line = NULL, *next, *save;
	bool found = false;
	size_t room = 0;

	while (file && !found && getline(&line, &room, file) > 0)
		for (next = strtok_r(line, " \n", &save); next && !found;
		     next = strtok_r(NULL, " \n", &save))
			found = !strcmp(next, word);
	free(line);
	if (file)
		fclose(file);
	return found;
}

/**
 * bpf_format() - how the running kernel says attributes in page table entries
 *
 * On x86 they are slots of a table, which Linux fills otherwise without PAT, and
 * which Xen fills for its paravirtual guests.
 */
const struct pat_format *bpf_format(void)
{
	const char *name = file_has("/sys/hypervisor/guest_type", "PV") ? "xen-pv"
			   : file_has("/proc/cmdline", "nopat")         ? "no-pat"
									: "";
	unsigned int i;

	for (i = 0; i < bpf_arch->nr_formats; i++)
		if (!strcmp(bpf_arch->formats[i].name, name))
			return &bpf_arch->formats[i];
	return bpf_arch->formats;
}

static uint64_t attr_of(const struct reading *r, uint64_t value, bool is_mode)
{
	if (is_mode)
		return value < ARRAY_SIZE(modes) ? modes[value] : PFN_ATTR_UNKNOWN;
	return pat_decode(bpf_arch, r->format, value);
}

static bool read_map(struct reading *r, const struct pfntrack_event *event)
{
	bool user = event->road == PFNTRACK_REMAP || event->road == PFNTRACK_INSERT;
	uint64_t size = event->road == PFNTRACK_INSERT && !event->size ? r->page : event->size;
	struct shadow_map map = {
		.mm = event->mm,
		.va = event->va,
		/* What overflows are the flags of a pfn_t. */
		.start = user ? event->phys * r->page : event->phys,
		.time = event->time,
		.mapped = event->road != PFNTRACK_MEMTYPE,
	};

	map.end = map.start + size - 1;
	if (!size || map.end < map.start)
		return true;
	map.by.kind = kind_of(r, event);
	map.by.want = attr_of(r, event->want, event->want_mode);
	map.by.got = attr_of(r, event->got, event->got_mode);
	map.by.pid = event->pid;
	memcpy(map.by.comm, event->comm, PFNTRACK_COMM);
	name_site(r, event, &map.by);
	return shadow_map(r->shadow, &map, event->ret);
}

/**
 * bpf_read() - take in what happened
 * @r: all that is known so far
 * @event: what happened
 *
 * Return: whether to go on.
 */
bool bpf_read(struct reading *r, const struct pfntrack_event *event)
{
	switch (event->what) {
	case PFNTRACK_MAP:
		return read_map(r, event);
	case PFNTRACK_UNMAP:
		return shadow_unmap(r->shadow, event->mm, event->va, event->size, event->time);
	case PFNTRACK_COPY:
		return shadow_copy(r->shadow, event->mm, event->other, event->va, event->size,
				   event->time);
	case PFNTRACK_MOVE:
		shadow_move(r->shadow, event->mm, event->va, event->other, event->size);
		return true;
	case PFNTRACK_FREE:
		if (!event->size)
			return true;
		return shadow_release(r->shadow, event->phys, event->phys + event->size - 1,
				      event->pid, event->time);
	}
	return true;
}
