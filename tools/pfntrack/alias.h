/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: how two mappings of a page frame are judged; inside of model_alias.c and others. */
#ifndef PFNTRACK_ALIAS_H
#define PFNTRACK_ALIAS_H

#include "model.h"

struct pat_arch;
struct pfn_attr_pair;

/* What is judged of a mapping: what it asked for, and what it got. */
#define NR_ATTR_CLASSES (PFN_ATTR_COUNT * PFN_ATTR_COUNT)

/*
 * @rule: of what the page tables hold
 * @why: the consequence; that of @rule, or of the downgrade
 * @downgrade: the two are mapped alike, but one asked for something else
 */
struct judgement {
	const struct pfn_attr_pair *rule;
	const char *why;
	bool downgrade;
};

/*
 * How a mapping is compared with the linear map of RAM:
 * @LINEAR_NONE: not at all
 * @LINEAR_RULE: by the rule of the architecture
 * @LINEAR_CLEANED: the kernel accepted it, because the caches were cleaned
 * @LINEAR_REPORTED: the kernel reported a conflict with the linear map
 * @LINEAR_UNKNOWN: the verdict is not known
 */
enum linear_mode {
	LINEAR_NONE,
	LINEAR_RULE,
	LINEAR_CLEANED,
	LINEAR_REPORTED,
	LINEAR_UNKNOWN,
	LINEAR_COUNT,
};

/* model_linear.c */
void linear_load(struct model *m);
bool linear_changed(const struct mapping *map);
enum linear_mode linear_mode_of(struct model *m, const struct pat_arch *arch,
				const struct mapping *map);
void judge_linear(const struct pat_arch *arch, enum linear_mode mode, unsigned int class,
		  struct judgement *j);

/* model_judge.c */
const struct pat_arch *arch_of(const char *name);
unsigned int attr_class_of(const struct pat_arch *arch, const struct mapping *map);
enum pfn_attr attr_class_got(unsigned int class);
void judge_classes(const struct pat_arch *arch, unsigned int a, unsigned int b,
		   struct judgement *j);
unsigned int judgement_rank(const struct judgement *j);
void alias_set(struct alias *alias, const struct judgement *j, const struct mapping *a,
	       const struct mapping *b);

#endif /* PFNTRACK_ALIAS_H */
