/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * pfn_track vocabulary: the words that the kernel, the BPF programs and the
 * pfntrack command share.
 *
 * Each enum is followed by the spelling of its words, the initialiser of an
 * array that the enum indexes.  The numbers appear in trace events; the
 * spellings appear in sysfs, debugfs, JSON and the kernel log.  New words are
 * appended, never inserted, but in enum pfn_verdict, whose order is meant.
 */
#ifndef _UAPI_LINUX_PFN_TRACK_H
#define _UAPI_LINUX_PFN_TRACK_H

/* Version of the debugfs files and of the event fields, see their "version:" line. */
#define PFN_TRACK_FORMAT_VERSION	1

/**
 * enum pfn_attr - what a mapping asks of the caches
 * @PFN_ATTR_UNKNOWN: the page table bits could not be decoded
 * @PFN_ATTR_NONE: cannot be expressed on this architecture
 * @PFN_ATTR_WB: write-back cacheable
 * @PFN_ATTR_WT: write-through cacheable
 * @PFN_ATTR_WP: write-protected (x86: reads cached, writes not)
 * @PFN_ATTR_WC: write-combining; Arm Normal Non-cacheable
 * @PFN_ATTR_UC_MINUS: uncached unless an MTRR says write-combining (x86)
 * @PFN_ATTR_UC: uncached, strongly ordered
 * @PFN_ATTR_DEVICE: device memory with posted writes (Arm Device-nGnRE)
 * @PFN_ATTR_DEVICE_STRICT: device memory without posted writes (Arm
 *	Device-nGnRnE)
 * @PFN_ATTR_COUNT: number of attributes
 */
enum pfn_attr {
	PFN_ATTR_UNKNOWN,
	PFN_ATTR_NONE,
	PFN_ATTR_WB,
	PFN_ATTR_WT,
	PFN_ATTR_WP,
	PFN_ATTR_WC,
	PFN_ATTR_UC_MINUS,
	PFN_ATTR_UC,
	PFN_ATTR_DEVICE,
	PFN_ATTR_DEVICE_STRICT,
	PFN_ATTR_COUNT,
};

#define PFN_ATTR_TEXT					\
	[PFN_ATTR_UNKNOWN] = "unknown",			\
	[PFN_ATTR_NONE] = "none",			\
	[PFN_ATTR_WB] = "write-back",			\
	[PFN_ATTR_WT] = "write-through",		\
	[PFN_ATTR_WP] = "write-protected",		\
	[PFN_ATTR_WC] = "write-combining",		\
	[PFN_ATTR_UC_MINUS] = "uncached-minus",		\
	[PFN_ATTR_UC] = "uncached",			\
	[PFN_ATTR_DEVICE] = "device",			\
	[PFN_ATTR_DEVICE_STRICT] = "device-strict",

/**
 * enum pfn_verdict - how bad it is that two mappings differ
 * @PFN_VERDICT_SAME: they do not differ
 * @PFN_VERDICT_LEGAL: they differ and the architecture does not mind
 * @PFN_VERDICT_UNKNOWN: one side could not be decoded; never called harmful
 * @PFN_VERDICT_MAINTENANCE: legal if the caches are cleaned by hand
 * @PFN_VERDICT_ORDERING: weaker order, or slower, than one side asked for
 * @PFN_VERDICT_INCOHERENT: data can be lost
 * @PFN_VERDICT_FATAL: machine check or checkstop
 * @PFN_VERDICT_COUNT: number of verdicts
 *
 * The numeric order is the order of harm.
 */
enum pfn_verdict {
	PFN_VERDICT_SAME,
	PFN_VERDICT_LEGAL,
	PFN_VERDICT_UNKNOWN,
	PFN_VERDICT_MAINTENANCE,
	PFN_VERDICT_ORDERING,
	PFN_VERDICT_INCOHERENT,
	PFN_VERDICT_FATAL,
	PFN_VERDICT_COUNT,
};

#define PFN_VERDICT_TEXT				\
	[PFN_VERDICT_SAME] = "same",			\
	[PFN_VERDICT_LEGAL] = "legal",			\
	[PFN_VERDICT_UNKNOWN] = "unknown",		\
	[PFN_VERDICT_MAINTENANCE] = "maintenance",	\
	[PFN_VERDICT_ORDERING] = "ordering",		\
	[PFN_VERDICT_INCOHERENT] = "incoherent",	\
	[PFN_VERDICT_FATAL] = "fatal",

/**
 * enum pfn_kind - by which road a mapping came to be
 * @PFN_KIND_IOREMAP: ioremap() and all that ends in ioremap_page_range()
 * @PFN_KIND_REMAP_PFN: remap_pfn_range() into a user address space
 * @PFN_KIND_CLAIM: pfn_track_claim(), a range reserved without a mapping
 * @PFN_KIND_INSERT: vmf_insert_pfn() and its kin, page by page by faults
 * @PFN_KIND_VMAP: vmap() and vmap_pfn(), of what is not write-back
 * @PFN_KIND_LINEAR: the kernel's linear map, only ever on the other side
 * @PFN_KIND_MEMREMAP: memremap_pages(), device memory with struct pages
 * @PFN_KIND_SET_MEMORY: set_memory_uc() and its kin, RAM whose caching state
 *	in the linear map was changed
 * @PFN_KIND_KMAP: a page mapped for a moment; judged, never on record
 * @PFN_KIND_RESERVATION: arch_io_reserve_memtype_wc(), a memory type that x86's
 *	PAT keeps for a range without a mapping
 * @PFN_KIND_COUNT: number of kinds
 */
enum pfn_kind {
	PFN_KIND_IOREMAP,
	PFN_KIND_REMAP_PFN,
	PFN_KIND_CLAIM,
	PFN_KIND_INSERT,
	PFN_KIND_VMAP,
	PFN_KIND_LINEAR,
	PFN_KIND_MEMREMAP,
	PFN_KIND_SET_MEMORY,
	PFN_KIND_KMAP,
	PFN_KIND_RESERVATION,
	PFN_KIND_COUNT,
};

#define PFN_KIND_TEXT					\
	[PFN_KIND_IOREMAP] = "ioremap",			\
	[PFN_KIND_REMAP_PFN] = "remap_pfn",		\
	[PFN_KIND_CLAIM] = "claim",			\
	[PFN_KIND_INSERT] = "insert",			\
	[PFN_KIND_VMAP] = "vmap",			\
	[PFN_KIND_LINEAR] = "linear",			\
	[PFN_KIND_MEMREMAP] = "memremap",		\
	[PFN_KIND_SET_MEMORY] = "set_memory",		\
	[PFN_KIND_KMAP] = "kmap",			\
	[PFN_KIND_RESERVATION] = "reservation",

/**
 * enum pfn_space - whose addresses a mapping uses
 * @PFN_SPACE_KERNEL: kernel virtual addresses
 * @PFN_SPACE_USER: a user address space
 * @PFN_SPACE_NONE: no addresses, as for a claim
 * @PFN_SPACE_COUNT: number of spaces
 */
enum pfn_space {
	PFN_SPACE_KERNEL,
	PFN_SPACE_USER,
	PFN_SPACE_NONE,
	PFN_SPACE_COUNT,
};

#define PFN_SPACE_TEXT					\
	[PFN_SPACE_KERNEL] = "kernel",			\
	[PFN_SPACE_USER] = "user",			\
	[PFN_SPACE_NONE] = "none",

/**
 * enum pfn_policy - what happens when a mapping disagrees with what is held
 * @PFN_POLICY_OFF: nothing is recorded
 * @PFN_POLICY_REPORT: conflicts are reported, nothing is refused
 * @PFN_POLICY_ENFORCE: %PFN_VERDICT_INCOHERENT or worse, judged by what would
 *	really be mapped, is refused
 * @PFN_POLICY_STRICT: %PFN_VERDICT_ORDERING or worse is refused, and so is
 *	every mapping that would get another attribute than it asked for
 * @PFN_POLICY_COUNT: number of policies
 */
enum pfn_policy {
	PFN_POLICY_OFF,
	PFN_POLICY_REPORT,
	PFN_POLICY_ENFORCE,
	PFN_POLICY_STRICT,
	PFN_POLICY_COUNT,
};

#define PFN_POLICY_TEXT					\
	[PFN_POLICY_OFF] = "off",			\
	[PFN_POLICY_REPORT] = "report",			\
	[PFN_POLICY_ENFORCE] = "enforce",		\
	[PFN_POLICY_STRICT] = "strict",

/**
 * enum pfn_result - what became of a mapping that was in conflict
 * @PFN_RESULT_MAPPED: it exists
 * @PFN_RESULT_REFUSED: the policy refused it
 * @PFN_RESULT_REFUSED_ARCH: the architecture (x86: PAT) refused it
 * @PFN_RESULT_COUNT: number of results
 */
enum pfn_result {
	PFN_RESULT_MAPPED,
	PFN_RESULT_REFUSED,
	PFN_RESULT_REFUSED_ARCH,
	PFN_RESULT_COUNT,
};

#define PFN_RESULT_TEXT					\
	[PFN_RESULT_MAPPED] = "mapped",			\
	[PFN_RESULT_REFUSED] = "refused",		\
	[PFN_RESULT_REFUSED_ARCH] = "refused-by-arch",

/**
 * enum pfn_cause - what decided the attribute, or the refusal, of a conflict
 * @PFN_CAUSE_HELD: the other side that is recorded
 * @PFN_CAUSE_NO_RESERVATION: the architecture looked the range up and has no
 *	reservation for it (x86: PAT reserves only whole areas)
 * @PFN_CAUSE_MTRR: an MTRR that is not write-back covers the range
 * @PFN_CAUSE_PAGE_TYPE: RAM is mapped as set_memory_*() left it, by default
 *	write-back
 * @PFN_CAUSE_MIXED_TYPES: parts of the range have different memory types
 * @PFN_CAUSE_NOT_PLAIN: the RAM was given a memory type before, and has to be
 *	write-back again first
 * @PFN_CAUSE_UNRECORDED: the architecture has a reservation that no record
 *	explains
 * @PFN_CAUSE_IMPOSSIBLE: this machine cannot map the attribute
 * @PFN_CAUSE_NOT_RESERVED: the architecture was asked to free a range that is
 *	not reserved
 * @PFN_CAUSE_PLATFORM: the architecture, for a reason that is not known
 * @PFN_CAUSE_COUNT: number of causes
 */
enum pfn_cause {
	PFN_CAUSE_HELD,
	PFN_CAUSE_NO_RESERVATION,
	PFN_CAUSE_MTRR,
	PFN_CAUSE_PAGE_TYPE,
	PFN_CAUSE_MIXED_TYPES,
	PFN_CAUSE_NOT_PLAIN,
	PFN_CAUSE_UNRECORDED,
	PFN_CAUSE_IMPOSSIBLE,
	PFN_CAUSE_NOT_RESERVED,
	PFN_CAUSE_PLATFORM,
	PFN_CAUSE_COUNT,
};

#define PFN_CAUSE_TEXT					\
	[PFN_CAUSE_HELD] = "held",			\
	[PFN_CAUSE_NO_RESERVATION] = "no-reservation",	\
	[PFN_CAUSE_MTRR] = "mtrr",			\
	[PFN_CAUSE_PAGE_TYPE] = "page-type",		\
	[PFN_CAUSE_MIXED_TYPES] = "mixed-types",	\
	[PFN_CAUSE_NOT_PLAIN] = "not-plain",		\
	[PFN_CAUSE_UNRECORDED] = "unrecorded",		\
	[PFN_CAUSE_IMPOSSIBLE] = "impossible",		\
	[PFN_CAUSE_NOT_RESERVED] = "not-reserved",	\
	[PFN_CAUSE_PLATFORM] = "platform",

/**
 * enum pfn_leak - by what a mapping, or a claim, became a leak
 * @PFN_LEAK_UNBOUND: its driver was unbound from the device
 * @PFN_LEAK_NOT_BOUND: its driver's probe failed, or was deferred
 * @PFN_LEAK_UNLOADED: its module was unloaded
 * @PFN_LEAK_FREED: the memory was freed
 * @PFN_LEAK_COUNT: number of ways
 */
enum pfn_leak {
	PFN_LEAK_UNBOUND,
	PFN_LEAK_NOT_BOUND,
	PFN_LEAK_UNLOADED,
	PFN_LEAK_FREED,
	PFN_LEAK_COUNT,
};

#define PFN_LEAK_TEXT					\
	[PFN_LEAK_UNBOUND] = "unbound",			\
	[PFN_LEAK_NOT_BOUND] = "not-bound",		\
	[PFN_LEAK_UNLOADED] = "unloaded",		\
	[PFN_LEAK_FREED] = "freed",

/**
 * enum pfn_advice - what to do about two mappings that disagree
 * @PFN_ADVICE_NONE: nothing
 * @PFN_ADVICE_RELEASE: the newcomer was refused, or got another attribute,
 *	because of a mapping that is known
 * @PFN_ADVICE_AGREE: both are mapped, and disagree
 * @PFN_ADVICE_LINEAR: the other side is the kernel's linear map of all RAM
 * @PFN_ADVICE_COLOUR: both agree, but not on the colour of their addresses
 * @PFN_ADVICE_CLEAN: legal if the caches are cleaned
 * @PFN_ADVICE_UNKNOWN: what one of the two has is not known
 * @PFN_ADVICE_COUNT: number of them
 *
 * The kernel log, the conflicts file and the pfntrack command give the same.
 * Where a cause other than %PFN_CAUSE_HELD decided, it has an advice of its own.
 */
enum pfn_advice {
	PFN_ADVICE_NONE,
	PFN_ADVICE_RELEASE,
	PFN_ADVICE_AGREE,
	PFN_ADVICE_LINEAR,
	PFN_ADVICE_COLOUR,
	PFN_ADVICE_CLEAN,
	PFN_ADVICE_UNKNOWN,
	PFN_ADVICE_COUNT,
};

#define PFN_ADVICE_TEXT							\
	[PFN_ADVICE_NONE] = "nothing needs to be done",			\
	[PFN_ADVICE_RELEASE] =						\
		"release the held mapping first, or make both ask for the same attribute", \
	[PFN_ADVICE_AGREE] =						\
		"release one of the two mappings, then make both ask for the same attribute", \
	[PFN_ADVICE_LINEAR] =						\
		"allocate the memory with dma_alloc_coherent() or dma_alloc_wc(), or map it as the linear map does", \
	[PFN_ADVICE_COLOUR] =						\
		"map both at addresses of the same cache colour, or one of them read-only", \
	[PFN_ADVICE_CLEAN] =						\
		"clean the caches between accesses, or make both ask for the same attribute", \
	[PFN_ADVICE_UNKNOWN] =						\
		"find out which attributes the two have; a kernel with pfn_track knows both",

#endif /* _UAPI_LINUX_PFN_TRACK_H */
