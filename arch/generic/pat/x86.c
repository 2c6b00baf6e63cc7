// SPDX-License-Identifier: GPL-2.0-only
/*
 * x86: the Page Attribute Table.
 *
 * SDM is Intel's "64 and IA-32 Architectures Software Developer's Manual",
 * volume 3A; its chapter on memory cache control is 12 in current editions,
 * 11 or 10 in older ones, so sections are named and not only numbered.
 */
#include "pat.h"

#define SDM_PAT		"Intel SDM 3A 12.12.4, Programming the PAT"
#define SDM_TYPES	"Intel SDM 3A 12.3, Methods of Caching Available"
#define SDM_EFFECT	"Intel SDM 3A 12.5.2.2, Selecting Memory Types with the PAT"
#define KERNEL_TABLE	"arch/x86/mm/init.c, __cachemode2pte_tbl[]"
#define TTM_THREAD	"dri-devel 2025-08-20, drm/ttm: disable changing the global caching flags on newer AMD CPUs v2"

#define WHY_WC_CACHED	"write-combining stores may not look into the caches, so a cached copy of the same line goes stale or overwrites them"
#define WHY_UC_CACHED	"a line cached, or fetched ahead, through the cacheable mapping hides what the uncached side and the device write"
#define WHY_WP_CACHED	"one side's writes bypass the cache in which the other side keeps the line"
#define WHY_WT_WB	"one side expects its memory to be up to date, but stores of the other side stay in the cache; Intel supports no two types of one page, and calls the outcome undefined"
#define WHY_WC_UC	"neither is cached, but write-combining stores may be merged and reordered where the uncached side expects program order"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, WC, INCOHERENT, WHY_WC_CACHED, SDM_PAT),
	PAT_PAIR(WT, WC, INCOHERENT, WHY_WC_CACHED, SDM_PAT),
	PAT_PAIR(WP, WC, INCOHERENT, WHY_WC_CACHED, SDM_PAT),

	PAT_PAIR(WB, UC_MINUS, INCOHERENT, WHY_UC_CACHED, SDM_PAT),
	PAT_PAIR(WT, UC_MINUS, INCOHERENT, WHY_UC_CACHED, SDM_PAT),
	PAT_PAIR(WP, UC_MINUS, INCOHERENT, WHY_UC_CACHED, SDM_PAT),
	PAT_PAIR(WB, UC, INCOHERENT, WHY_UC_CACHED, SDM_PAT),
	PAT_PAIR(WT, UC, INCOHERENT, WHY_UC_CACHED, SDM_PAT),
	PAT_PAIR(WP, UC, INCOHERENT, WHY_UC_CACHED, SDM_PAT),

	PAT_PAIR(WB, WP, INCOHERENT, WHY_WP_CACHED, SDM_PAT),
	PAT_PAIR(WT, WP, INCOHERENT, WHY_WP_CACHED, SDM_PAT),
	PAT_PAIR(WB, WT, INCOHERENT, WHY_WT_WB, SDM_PAT),

	PAT_PAIR(WC, UC_MINUS, ORDERING, WHY_WC_UC, SDM_TYPES),
	PAT_PAIR(WC, UC, ORDERING, WHY_WC_UC, SDM_TYPES),
	PAT_PAIR(UC_MINUS, UC, LEGAL,
		 "they differ only where an MTRR says write-combining", SDM_EFFECT),
};

#define WHY_CLEAN	"lines that are only fetched ahead stay clean, and clean lines are dropped, not written back, as long as nobody writes through the linear map"

/* Not by the manual, which wants the linear map changed: by what CPUs do. */
static const struct pfn_attr_pair cleaned[] = {
	PAT_PAIR(WB, WC, MAINTENANCE, WHY_CLEAN, TTM_THREAD),
	PAT_PAIR(WB, UC_MINUS, MAINTENANCE, WHY_CLEAN, TTM_THREAD),
	PAT_PAIR(WB, UC, MAINTENANCE, WHY_CLEAN, TTM_THREAD),
};

#define AMD_26698	"AMD publication 26698, Linux Kernel Issue with Systems Using AGP Graphics"

#define WHY_DIRTY	"a line is fetched ahead for writing and written back later although no store was made, over what the other side has written"
#define WHY_WRITES_CLEAN	"clean lines that were only fetched ahead are written back, over what the other side or a device has written"

static const struct pfn_attr_pair athlon[] = {
	PAT_PAIR(WB, WC, INCOHERENT, WHY_DIRTY, AMD_26698),
	PAT_PAIR(WB, UC_MINUS, INCOHERENT, WHY_DIRTY, AMD_26698),
	PAT_PAIR(WB, UC, INCOHERENT, WHY_DIRTY, AMD_26698),
};

static const struct pfn_attr_pair lunar_lake[] = {
	PAT_PAIR(WB, WC, INCOHERENT, WHY_WRITES_CLEAN, TTM_THREAD),
	PAT_PAIR(WB, UC_MINUS, INCOHERENT, WHY_WRITES_CLEAN, TTM_THREAD),
	PAT_PAIR(WB, UC, INCOHERENT, WHY_WRITES_CLEAN, TTM_THREAD),
};

enum { X86_ATHLON, X86_LUNAR_LAKE };

static const struct pat_erratum errata[] = {
	[X86_ATHLON] = {
		.name = "athlon",
		.when = "AMD Athlon and Duron of family 6, model 6 and above",
		.source = AMD_26698,
		PAT_LIST(pairs, athlon),
	},
	[X86_LUNAR_LAKE] = {
		.name = "lunar-lake",
		.when = "Intel Lunar Lake",
		.source = TTM_THREAD,
		PAT_LIST(pairs, lunar_lake),
	},
};

/* Memory types as the PAT MSR and MTRRs have them; 2 and 3 are reserved. */
static const struct pat_code types[] = {
	PAT_CODE(6, WB, "WB"),
	PAT_CODE(1, WC, "WC"),
	PAT_CODE(7, UC_MINUS, "UC-"),
	PAT_CODE(0, UC, "UC"),
	PAT_CODE(4, WT, "WT"),
	PAT_CODE(5, WP, "WP"),
};

#define WHY_NO_SLOT	"no PAT entry holds it, the kernel takes uncached-minus"

static const struct pat_change without_wt_wp[] = {
	PAT_CHANGE(WT, UC_MINUS, WHY_NO_SLOT, KERNEL_TABLE),
	PAT_CHANGE(WP, UC_MINUS, WHY_NO_SLOT, KERNEL_TABLE),
};

static const struct pat_change without_wc_wp[] = {
	PAT_CHANGE(WC, UC_MINUS, WHY_NO_SLOT, KERNEL_TABLE),
	PAT_CHANGE(WP, UC_MINUS, WHY_NO_SLOT, KERNEL_TABLE),
};

#define X86_FORMAT				\
	.mask = 7, .indexed = true, PAT_LIST(codes, types)

enum { X86_WHOLE, X86_LOWER, X86_NO_PAT, X86_XEN };

static const struct pat_format formats[] = {
	[X86_WHOLE] = {
		.name = "pat",
		.when = "PAT as the kernel programs it",
		.table = 0x0407050600070106,
		X86_FORMAT,
	},
	[X86_LOWER] = {
		.name = "pat-lower",
		.when = "Intel up to Pentium M and 4, whose upper PAT entries cannot be used",
		.table = 0x0007010600070106,
		X86_FORMAT,
		PAT_LIST(changes, without_wt_wp),
	},
	[X86_NO_PAT] = {
		.name = "no-pat",
		.when = "without PAT, or with \"nopat\"",
		.table = 0x0007040600070406,
		X86_FORMAT,
		PAT_LIST(changes, without_wc_wp),
	},
	[X86_XEN] = {
		.name = "xen-pv",
		.when = "Xen PV, where the hypervisor has programmed PAT",
		.table = 0x0000050100070406,
		X86_FORMAT,
	},
};

#define X86_PWT		BIT_ULL(3)
#define X86_PCD		BIT_ULL(4)
#define X86_PAT		BIT_ULL(7)
#define X86_PAT_LARGE	BIT_ULL(12)

static u64 x86_gather(u64 bits)
{
	return (bits & X86_PWT ? 1 : 0) | (bits & X86_PCD ? 2 : 0) |
	       (bits & X86_PAT ? 4 : 0);
}

static u64 x86_scatter(u64 slot)
{
	return (slot & 1 ? X86_PWT : 0) | (slot & 2 ? X86_PCD : 0) |
	       (slot & 4 ? X86_PAT : 0);
}

/* Where small entries have the PAT bit, huge ones have the bit that says so. */
static u64 x86_from_large(u64 bits)
{
	u64 pat = bits & X86_PAT_LARGE ? X86_PAT : 0;

	return (bits & ~(X86_PAT | X86_PAT_LARGE)) | pat;
}

/*
 * Intel SDM 3A 12.5.2.2, table "Effective Page-Level Memory Types for Pentium III
 * and More Recent Processor Families".  Note 3 there: older editions called some
 * combinations undefined, but all processors with PAT do as the table says.
 */
static enum pfn_attr x86_under(enum pfn_attr attr, enum pfn_attr mtrr)
{
	if (attr <= PFN_ATTR_NONE || attr == PFN_ATTR_UC || attr == PFN_ATTR_WC)
		return attr;
	switch (mtrr) {
	case PFN_ATTR_WB:
		return attr == PFN_ATTR_UC_MINUS ? PFN_ATTR_UC : attr;
	case PFN_ATTR_UC:
		return PFN_ATTR_UC;
	case PFN_ATTR_WC:
		if (attr == PFN_ATTR_WB || attr == PFN_ATTR_UC_MINUS)
			return PFN_ATTR_WC;
		return PFN_ATTR_UC;
	case PFN_ATTR_WT:
		if (attr == PFN_ATTR_UC_MINUS)
			return PFN_ATTR_UC;
		return attr == PFN_ATTR_WB ? PFN_ATTR_WT : attr;
	case PFN_ATTR_WP:
		if (attr == PFN_ATTR_UC_MINUS)
			return PFN_ATTR_WC;
		return attr == PFN_ATTR_WB ? PFN_ATTR_WP : attr;
	default:
		return PFN_ATTR_UNKNOWN;
	}
}

#define NOTE	"The type of an MTRR is combined with that of the page table: uncached-minus becomes write-combining where an MTRR says so, and everything but write-combining becomes uncached where an MTRR says uncached."

const struct pat_arch pat_x86 = {
	.name = "x86",
	.note = NOTE,
	PAT_LIST(formats, formats),
	PAT_LIST(pairs, pairs),
	PAT_LIST(cleaned, cleaned),
	PAT_LIST(errata, errata),
	.gather = x86_gather,
	.scatter = x86_scatter,
	.from_large = x86_from_large,
	.under = x86_under,
	.machine = "MTRR",
	.machine_source = SDM_EFFECT,
};

#ifdef CONFIG_X86
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/processor.h>
#include <asm/cmdline.h>
#include <asm/cpu_device_id.h>
#include <asm/intel-family.h>
#include <asm/memtype.h>
#include <asm/setup.h>

#define WHY_OPTION	"PAT is off, because \"nopat\" is on the kernel command line; the kernel takes uncached-minus"
#define WHY_NO_PAT	"PAT is off, because the CPU, its firmware or the kernel configuration lacks it; the kernel takes uncached-minus"

/* Attributes that no PAT entry of this boot holds. */
static struct pat_change x86_changes[3] __ro_after_init;

/* The type by which the PAT MSR would say what the kernel's tables say. */
static u64 __init x86_type(enum page_cache_mode mode)
{
	switch (mode) {
	case _PAGE_CACHE_MODE_WB:
		return 6;
	case _PAGE_CACHE_MODE_WC:
		return 1;
	case _PAGE_CACHE_MODE_UC_MINUS:
		return 7;
	case _PAGE_CACHE_MODE_UC:
		return 0;
	case _PAGE_CACHE_MODE_WT:
		return 4;
	case _PAGE_CACHE_MODE_WP:
		return 5;
	default:
		return 2;
	}
}

static const char * __init x86_why_not(void)
{
	if (pat_enabled())
		return WHY_NO_SLOT;
	return cmdline_find_option_bool(boot_command_line, "nopat") ?
	       WHY_OPTION : WHY_NO_PAT;
}

/* What no slot holds, __cachemode2pte_tbl[] maps uncached-minus. */
static void __init x86_find_changes(struct pat_format *format)
{
	static const enum pfn_attr attrs[] __initconst = {
		PFN_ATTR_WC, PFN_ATTR_WT, PFN_ATTR_WP
	};
	unsigned int i, nr = 0;
	u64 bits;

	for (i = 0; i < ARRAY_SIZE(attrs); i++) {
		if (pat_encode(&pat_x86, format, attrs[i], &bits))
			continue;
		x86_changes[nr++] = (struct pat_change){
			.want = attrs[i],
			.got = PFN_ATTR_UC_MINUS,
			.why = x86_why_not(),
			.source = KERNEL_TABLE,
		};
	}
	format->changes = x86_changes;
	format->nr_changes = nr;
}

/**
 * pat_x86_facts - what there is to know of this machine
 * @facts: gets it
 *
 * Asks the kernel's tables and not the MSR: they are right without PAT, too.
 *
 * Context: Boot, after pat_bp_init().
 */
void __init pat_x86_facts(struct pat_facts *facts)
{
	u64 slot, table = 0, bits;

	for (slot = 0; slot < 8; slot++)
		table |= x86_type(pgprot2cachemode(__pgprot(x86_scatter(slot))))
			 << slot * 8;
	facts->format = formats[X86_WHOLE];
	facts->format.table = table;
	/* What no slot holds becomes something else. */
	if (!pat_encode(&pat_x86, &facts->format, PFN_ATTR_WC, &bits))
		facts->format = formats[X86_NO_PAT];
	else if (!pat_encode(&pat_x86, &facts->format, PFN_ATTR_WT, &bits))
		facts->format = formats[X86_LOWER];
	facts->format.table = table;
	x86_find_changes(&facts->format);
	if (boot_cpu_data.x86_vendor == X86_VENDOR_AMD &&
	    boot_cpu_data.x86 == 6 && boot_cpu_data.x86_model >= 6)
		facts->errata |= BIT(X86_ATHLON);
	if (boot_cpu_data.x86_vfm == INTEL_LUNARLAKE_M)
		facts->errata |= BIT(X86_LUNAR_LAKE);
}
#endif
