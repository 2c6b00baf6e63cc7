/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pfntrack: which BPF programs fit the running kernel, by the prototypes of its
 * functions.  Needs no kernel: the tests run it on recorded prototypes.
 */
#ifndef PFNTRACK_SOURCE_BPF_PLAN_H
#define PFNTRACK_SOURCE_BPF_PLAN_H

#include <stdbool.h>
#include <stddef.h>

struct btf;

/*
 * Programs that are of use only together.  A family with a gap is not loaded: a
 * mapping whose end is not seen would be reported as held for ever.
 */
enum bpf_family {
	BPF_USER,    /* mappings of processes; nothing works without it */
	BPF_INSERT,  /* page frames that faults insert */
	BPF_IOREMAP, /* ioremap() */
	BPF_RESERVE, /* ranges that PAT reserves without a mapping */
	BPF_FAMILIES
};

extern const char *const bpf_family_text[BPF_FAMILIES];

/* What /proc/kallsyms says of a function. */
enum bpf_symbol {
	BPF_SYMBOL_ABSENT,
	BPF_SYMBOL_PRESENT,
	BPF_SYMBOL_CLONED, /* only as a copy that the compiler made, "name.isra.0" */
};

#define BPF_MAX_TARGETS 64

struct bpf_plan {
	bool chosen[BPF_MAX_TARGETS];
	/* Why a family is not watched; NULL: it is, or this kernel has nothing of it. */
	char *gap[BPF_FAMILIES];
};

typedef enum bpf_symbol (*bpf_lookup)(const void *context, const char *function);

void bpf_plan_make(struct bpf_plan *plan, const struct btf *btf, bpf_lookup lookup,
		   const void *context);
void bpf_plan_free(struct bpf_plan *plan);
void bpf_plan_drop(struct bpf_plan *plan, enum bpf_family family, char *why);
bool bpf_plan_has(const struct bpf_plan *plan, const char *program);
bool bpf_plan_begins(const char *program);
bool bpf_plan_family(const char *program, enum bpf_family *family);

/* source_bpf_proto.c */
char *bpf_prototype(const struct btf *btf, const char *function);

#endif /* PFNTRACK_SOURCE_BPF_PLAN_H */
