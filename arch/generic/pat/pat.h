/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of arch/generic/pat: what one architecture's file hands to generic.c.
 *
 * The tables are plain data and are also compiled for user space; only the
 * decoders need the kernel's pgprot_t and stand under the architecture's own
 * CONFIG symbol.
 */
#ifndef _ARCH_GENERIC_PAT_H
#define _ARCH_GENERIC_PAT_H

#include <linux/pfn_track.h>

/**
 * struct pat_arch - one architecture
 * @name: as shown in sysfs and by pfntrack
 * @pairs: every unordered pair of different attributes that the architecture
 *	can express
 * @nr_pairs: length of @pairs
 * @decode: the attribute that page table bits ask for, %PFN_ATTR_UNKNOWN where
 *	they make no sense; NULL where generic.c compares with the
 *	architecture's own pgprot helpers
 * @from_large: bits of a huge entry as those of the smallest size; NULL where
 *	they are the same
 */
struct pat_arch {
	const char *name;
	const struct pfn_attr_pair *pairs;
	unsigned int nr_pairs;
	enum pfn_attr (*decode)(pgprot_t prot);
	pgprot_t (*from_large)(pgprot_t prot);
};

extern const struct pat_arch pat_x86;
extern const struct pat_arch pat_arm64;
extern const struct pat_arch pat_generic;

#if defined(CONFIG_X86)
#define PAT_NATIVE	(&pat_x86)
#elif defined(CONFIG_ARM64)
#define PAT_NATIVE	(&pat_arm64)
#else
#define PAT_NATIVE	(&pat_generic)
#endif

#define PAT_PAIR(_a, _b, _verdict, _why, _source) {	\
	.a = PFN_ATTR_##_a,				\
	.b = PFN_ATTR_##_b,				\
	.verdict = PFN_VERDICT_##_verdict,		\
	.why = _why,					\
	.source = _source,				\
}

#endif /* _ARCH_GENERIC_PAT_H */
