/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of arch/generic/pat: what one architecture's file hands to the rest.
 *
 * Everything but native.c and linear.c is plain data and pure functions, and
 * is also compiled for user space: by tests/unit, against the values in the
 * architecture's own headers, and by the pfntrack command, which prints it for
 * every architecture.  Only what asks the running kernel for a fact stands
 * under the architecture's CONFIG symbol.
 */
#ifndef _ARCH_GENERIC_PAT_H
#define _ARCH_GENERIC_PAT_H

#include <linux/pfn_track.h>
#ifdef PAT_READER
/* The pfntrack command: <linux/pfn_track.h> is the vocabulary there. */
#include <stdbool.h>
#include <stddef.h>
#include <linux/pfn_attr.h>
#include <linux/types.h>

typedef __u64 u64;

#ifndef BIT
#define BIT(nr)		(1UL << (nr))
#define BIT_ULL(nr)	(1ULL << (nr))
#endif
#endif /* PAT_READER */

/**
 * struct pat_code - one value of a field and what it means
 * @value: the field, at bit 0
 * @attr: the attribute
 * @name: the architecture's own name for it
 */
struct pat_code {
	u64 value;
	enum pfn_attr attr;
	const char *name;
};

/**
 * struct pat_change - an attribute that the platform turns into another
 * @want: what a driver asks for
 * @got: what it gets
 * @why: in one sentence without capital and full stop
 * @source: where the fact comes from
 */
struct pat_change {
	enum pfn_attr want;
	enum pfn_attr got;
	const char *why;
	const char *source;
};

/**
 * struct pat_format - one way in which an architecture says attributes
 * @name: a word, as for pfntrack
 * @when: on which machines or kernels
 * @shift: lowest bit of the field in a page table entry
 * @mask: the field, shifted down to bit 0
 * @table: where the field is only an index: eight bytes that hold the values
 *	(x86: the PAT MSR; arm64: MAIR_EL1)
 * @indexed: whether @table is used
 * @codes: the values, the usual one of an attribute first; what is not among
 *	them is reserved or contradicts itself
 * @nr_codes: length of @codes
 * @changes: what does not come out as it was asked for
 * @nr_changes: length of @changes
 */
struct pat_format {
	const char *name;
	const char *when;
	unsigned int shift;
	u64 mask;
	u64 table;
	bool indexed;
	const struct pat_code *codes;
	unsigned int nr_codes;
	const struct pat_change *changes;
	unsigned int nr_changes;
};

/**
 * struct pat_erratum - machines on which other rules hold
 * @name: a word, as for pfntrack
 * @when: which machines
 * @source: where the fact comes from
 * @pairs: rules that replace those of &struct pat_arch.cleaned
 * @nr_pairs: length of @pairs
 */
struct pat_erratum {
	const char *name;
	const char *when;
	const char *source;
	const struct pfn_attr_pair *pairs;
	unsigned int nr_pairs;
};

/**
 * struct pat_colour - virtually indexed caches
 * @when: which machines
 * @rule: how the distance is known at which addresses meet again
 * @why: the consequence of two colours
 * @source: where the facts come from
 */
struct pat_colour {
	const char *when;
	const char *rule;
	const char *why;
	const char *source;
};

/**
 * enum pat_window - whether ioremap() goes past ioremap_page_range(), the hook
 * @PAT_WINDOW_NONE: never
 * @PAT_WINDOW_SOME: for some ranges
 * @PAT_WINDOW_ALL: always
 */
enum pat_window {
	PAT_WINDOW_NONE,
	PAT_WINDOW_SOME,
	PAT_WINDOW_ALL,
};

/**
 * struct pat_arch - one architecture
 * @name: as shown in sysfs and by pfntrack
 * @note: what is special about it, in whole sentences, or NULL
 * @formats: how it says attributes; the first is the usual one.  None if it
 *	has to be learnt at run time
 * @nr_formats: length of @formats
 * @pairs: every unordered pair of different attributes that it can express
 * @nr_pairs: length of @pairs
 * @cleaned: rules for RAM beside its own linear map where caches are cleaned
 *	first and nobody touches the linear map meanwhile, as the DMA API does
 * @nr_cleaned: length of @cleaned
 * @errata: machines on which other rules hold
 * @nr_errata: length of @errata, at most 32
 * @colour: its virtually indexed caches, or NULL if it has none
 * @gather: the field of an entry whose bits are not side by side, or NULL
 * @scatter: the reverse of @gather
 * @from_large: bits of a huge entry as those of the smallest size; NULL where
 *	they are the same
 * @under: the effective attribute of a mapping whose physical range has an
 *	attribute, too (x86: that of an MTRR; RISC-V: the PMA, write-back for
 *	memory and uncached for I/O); %PFN_ATTR_UNKNOWN for impossible ones.
 *	NULL if physical ranges have no attributes
 * @machine: what gives physical ranges their attributes, for pfntrack
 * @machine_source: manual and section of the rules in @under
 * @linear_fixed: source of the fact that drivers cannot change attributes of
 *	the linear map.  Those that need uncached RAM have to clean the caches
 *	instead, so @cleaned applies to all RAM.  NULL where set_memory_uc() and
 *	similar functions exist, or where cleaning does not help
 * @offline_unmapped: source of the fact that PageOffline() sections of RAM that
 *	is online are not in the linear map, or NULL
 * @window: how ioremap() gives addresses that the hook does not see, a sentence
 *	without capital and full stop, or NULL; whether is in &struct pat_facts
 */
struct pat_arch {
	const char *name;
	const char *note;
	const struct pat_format *formats;
	unsigned int nr_formats;
	const struct pfn_attr_pair *pairs;
	unsigned int nr_pairs;
	const struct pfn_attr_pair *cleaned;
	unsigned int nr_cleaned;
	const struct pat_erratum *errata;
	unsigned int nr_errata;
	const struct pat_colour *colour;
	u64 (*gather)(u64 bits);
	u64 (*scatter)(u64 field);
	u64 (*from_large)(u64 bits);
	enum pfn_attr (*under)(enum pfn_attr attr, enum pfn_attr machine);
	const char *machine;
	const char *machine_source;
	const char *linear_fixed;
	const char *offline_unmapped;
	const char *window;
};

/**
 * struct pat_facts - what is known of one machine
 * @format: which of the formats is in force, or a copy with its own table
 * @errata: bit mask, BIT(index into &struct pat_arch.errata)
 * @colour: bytes after which the colours of its virtual addresses repeat, a
 *	power of two; 0 if no cache shows them
 * @window: whether &struct pat_arch.window applies
 */
struct pat_facts {
	struct pat_format format;
	unsigned int errata;
	unsigned long colour;
	enum pat_window window;
};

/**
 * pat_gather - the field that tells the attribute
 * @arch: the architecture
 * @format: the format that is in force there
 * @bits: an entry of the smallest size, or its protection bits
 *
 * Context: Any.  Pure.
 *
 * Return: the field, at bit 0.
 */
static inline u64 pat_gather(const struct pat_arch *arch,
			     const struct pat_format *format, u64 bits)
{
	return arch->gather ? arch->gather(bits) :
			      bits >> format->shift & format->mask;
}

enum pfn_attr pat_code_attr(const struct pat_format *format, u64 value);
enum pfn_attr pat_decode_field(const struct pat_format *format, u64 field);
enum pfn_attr pat_decode(const struct pat_arch *arch,
			 const struct pat_format *format, u64 bits);
bool pat_encode(const struct pat_arch *arch, const struct pat_format *format,
		enum pfn_attr attr, u64 *bits);
enum pfn_attr pat_effective(const struct pat_format *format,
			    enum pfn_attr want);
const char *pat_name(const struct pat_format *format, enum pfn_attr attr);
const struct pfn_attr_pair *pat_judge(const struct pat_arch *arch,
				      enum pfn_attr a, enum pfn_attr b);
const struct pfn_attr_pair *pat_judge_cleaned(const struct pat_arch *arch,
					      unsigned int errata,
					      enum pfn_attr attr);
const struct pfn_attr_pair *pat_judge_linear(const struct pat_arch *arch,
					     unsigned int errata,
					     enum pfn_attr attr,
					     enum pfn_attr linear,
					     bool cleaned);
enum pfn_verdict pfn_attr_colour_verdict(const struct pat_facts *facts,
					 unsigned long va_a, bool writes_a,
					 unsigned long va_b, bool writes_b);

/* Each asks the running kernel; in the file of its architecture. */
const struct pat_facts *pfn_attr_facts(void);
void pat_x86_facts(struct pat_facts *facts);
void pat_arm64_facts(struct pat_facts *facts);
void pat_riscv_facts(struct pat_facts *facts);
void pat_powerpc_facts(struct pat_facts *facts);
void pat_arm_facts(struct pat_facts *facts);
void pat_s390_facts(struct pat_facts *facts);
void pat_mips_facts(struct pat_facts *facts);
void pat_parisc_facts(struct pat_facts *facts);
void pat_loongarch_facts(struct pat_facts *facts);
void pat_sparc_facts(struct pat_facts *facts);

extern const struct pat_arch pat_x86;
extern const struct pat_arch pat_arm64;
extern const struct pat_arch pat_riscv;
extern const struct pat_arch pat_powerpc;
extern const struct pat_arch pat_arm;
extern const struct pat_arch pat_s390;
extern const struct pat_arch pat_mips;
extern const struct pat_arch pat_parisc;
extern const struct pat_arch pat_loongarch;
extern const struct pat_arch pat_sparc;
extern const struct pat_arch pat_generic;

/* Those with a file of their own, and last the one that stands for the rest. */
#define PAT_ARCHS {							\
	&pat_x86, &pat_arm64, &pat_arm, &pat_riscv, &pat_powerpc,	\
	&pat_s390, &pat_mips, &pat_parisc, &pat_loongarch, &pat_sparc,	\
	&pat_generic							\
}

#if defined(CONFIG_X86)
#define PAT_NATIVE		(&pat_x86)
#define pat_native_facts	pat_x86_facts
#elif defined(CONFIG_ARM64)
#define PAT_NATIVE		(&pat_arm64)
#define pat_native_facts	pat_arm64_facts
#elif defined(CONFIG_RISCV)
#define PAT_NATIVE		(&pat_riscv)
#define pat_native_facts	pat_riscv_facts
#elif defined(CONFIG_PPC)
#define PAT_NATIVE		(&pat_powerpc)
#define pat_native_facts	pat_powerpc_facts
#elif defined(CONFIG_ARM)
#define PAT_NATIVE		(&pat_arm)
#define pat_native_facts	pat_arm_facts
#elif defined(CONFIG_S390)
#define PAT_NATIVE		(&pat_s390)
#define pat_native_facts	pat_s390_facts
#elif defined(CONFIG_MIPS)
#define PAT_NATIVE		(&pat_mips)
#define pat_native_facts	pat_mips_facts
#elif defined(CONFIG_PARISC)
#define PAT_NATIVE		(&pat_parisc)
#define pat_native_facts	pat_parisc_facts
#elif defined(CONFIG_LOONGARCH)
#define PAT_NATIVE		(&pat_loongarch)
#define pat_native_facts	pat_loongarch_facts
#elif defined(CONFIG_SPARC)
#define PAT_NATIVE		(&pat_sparc)
#define pat_native_facts	pat_sparc_facts
#else
#define PAT_NATIVE		(&pat_generic)
#endif

#define PAT_LIST(member, array)			\
	.member = array,			\
	.nr_##member = sizeof(array) / sizeof((array)[0])

#define PAT_PAIR(_a, _b, _verdict, _why, _source) {	\
	.a = PFN_ATTR_##_a,				\
	.b = PFN_ATTR_##_b,				\
	.verdict = PFN_VERDICT_##_verdict,		\
	.why = _why,					\
	.source = _source,				\
}

#define PAT_CHANGE(_want, _got, _why, _source) {	\
	.want = PFN_ATTR_##_want,			\
	.got = PFN_ATTR_##_got,				\
	.why = _why,					\
	.source = _source,				\
}

#define PAT_CODE(_value, _attr, _name) {		\
	.value = _value,				\
	.attr = PFN_ATTR_##_attr,			\
	.name = _name,					\
}

#endif /* _ARCH_GENERIC_PAT_H */
