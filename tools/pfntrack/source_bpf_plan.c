// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: which BPF programs fit the running kernel.
 *
 * A program reads the arguments of one prototype.  Functions keep their names
 * while their arguments change, so a program is chosen by the prototype in the
 * kernel's BTF and by nothing else; there is no list of versions.
 */

#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "source_bpf_plan.h"
#include "util.h"

const char *const bpf_family_text[BPF_FAMILIES] = {
	[BPF_USER] = "mappings of processes",
	[BPF_INSERT] = "page frames that faults insert",
	[BPF_IOREMAP] = "ioremap()",
	[BPF_RESERVE] = "memory types that drivers reserve or set",
};

/* What a kernel with PAT has: others lack these functions, and nothing is missing. */
#define PAT "memtype_reserve"

/*
 * @program: the name behind the underscore in bpf/pfntrack.bpf.c; the function, and
 *	behind two underscores the variant, if there are several
 * @protos: those that the program reads right, separated by a bar; NULL: a path that
 *	no program follows
 * @part: of what the family needs; one function of each part has to be there, and
 *	each one that is there has to fit
 * @with: needed only in a kernel that has this function, too
 * @unless: this one covers it
 */
static const struct target {
	const char *program, *protos;
	enum bpf_family family;
	const char *part, *with, *unless;
} targets[] = {
	{ "remap_pfn_range", "i(Vlllg)", BPF_USER, "map", NULL, NULL },
	{ "remap_pfn_range_track", "i(Vlllg)", BPF_USER, "map", NULL, NULL },
	{ "remap_pfn_range_complete", NULL, BPF_USER, "map", NULL, "remap_pfn_range_track" },
	{ "unmap_page_range", "v(pVllp)", BPF_USER, "unmap", NULL, NULL },
	{ "__zap_vma_range", "v(pVllp)", BPF_USER, "unmap", NULL, NULL },
	{ "copy_page_range", "i(VV)", BPF_USER, "fork", NULL, NULL },
	{ "move_page_tables", "l(VlVllb)|l(VlVllbb)", BPF_USER, "move", NULL, NULL },
	{ "move_page_tables__control", "l(M)", BPF_USER, "move", NULL, NULL },
	{ "track_pfn_remap", "i(Vplll)", BPF_USER, "PAT", PAT, NULL },
	{ "pfnmap_track", "i(llp)", BPF_USER, "PAT", PAT, NULL },
	{ "pfnmap_setup_cachemode", "i(llp)", BPF_USER, "PAT", PAT, NULL },

	{ "vmf_insert_pfn", "i(Vll)", BPF_INSERT, "pfn", NULL, NULL },
	{ "vmf_insert_pfn_prot", "i(Vllg)", BPF_INSERT, "pfn", NULL, NULL },
	{ "vmf_insert_mixed", "i(Vls)|i(Vll)", BPF_INSERT, "mixed", NULL, NULL },
	{ "vmf_insert_mixed_prot", "i(Vlsg)|i(Vllg)", BPF_INSERT, "mixed", NULL, NULL },
	{ "vmf_insert_mixed_mkwrite", "i(Vls)|i(Vll)", BPF_INSERT, "mixed", NULL, NULL },
	{ "vmf_insert_pfn_pmd", "i(Fsb)|i(Flb)", BPF_INSERT, NULL, NULL, NULL },
	{ "vmf_insert_pfn_pud", "i(Fsb)|i(Flb)", BPF_INSERT, NULL, NULL, NULL },
	{ "vmf_insert_pfn_pmd_prot", "i(Fsgb)", BPF_INSERT, NULL, NULL, NULL },
	{ "vmf_insert_pfn_pud_prot", "i(Fsgb)", BPF_INSERT, NULL, NULL, NULL },
	{ "track_pfn_insert", "v(Vps)", BPF_INSERT, "PAT", "track_pfn_remap", NULL },

	{ "ioremap_page_range", "i(lllg)", BPF_IOREMAP, "map", NULL, NULL },
	{ "iounmap", "v(p)", BPF_IOREMAP, "unmap", NULL, NULL },
	{ "__ioremap_caller", "p(llipb)", BPF_IOREMAP, "PAT", PAT, NULL },

	{ "memtype_reserve", "i(llip)", BPF_RESERVE, "reserve", PAT, NULL },
	{ "memtype_free", "i(ll)", BPF_RESERVE, "free", PAT, NULL },
	{ "untrack_pfn", "v(Vll)|v(Vllb)", BPF_RESERVE, "unmap", PAT, NULL },
	{ "pfnmap_untrack", "v(ll)", BPF_RESERVE, "unmap", PAT, NULL },
};

/* Without the others, what a family reports is not known to be whole. */
static const unsigned int needs[BPF_FAMILIES] = {
	[BPF_INSERT] = 1u << BPF_USER,
	[BPF_RESERVE] = 1u << BPF_USER | 1u << BPF_IOREMAP,
};

/* === Prototypes ========================================================= */

static bool fits(const char *protos, const char *proto)
{
	size_t len = strlen(proto);

	while (protos) {
		if (!strncmp(protos, proto, len) && (!protos[len] || protos[len] == '|'))
			return true;
		protos = strchr(protos, '|');
		protos += !!protos;
	}
	return false;
}

/* === The plan =========================================================== */

/* A new string: without the variant. */
static char *function_of(const char *program)
{
	const char *end = strstr(program + 2, "__");

	return xasprintf("%.*s", end ? (int)(end - program) : (int)strlen(program), program);
}

static bool same_function(const struct target *a, const struct target *b)
{
	char *x = function_of(a->program), *y = function_of(b->program);
	bool same = !strcmp(x, y);

	free(x);
	free(y);
	return same;
}

static const struct target *target_of(const char *program)
{
	size_t i;

	/* "fe_", "fx_", "ke_" or "kx_" */
	if (strlen(program) < 4 || program[2] != '_')
		return NULL;
	for (i = 0; i < ARRAY_SIZE(targets); i++)
		if (targets[i].protos && !strcmp(targets[i].program, program + 3))
			return &targets[i];
	return NULL;
}

/* Take over @why; the first reason stays. */
static void set_gap(struct bpf_plan *plan, enum bpf_family family, char *why)
{
	if (plan->gap[family])
		free(why);
	else
		plan->gap[family] = why;
}

/**
 * bpf_plan_drop() - do without a family, and those that need it
 * @plan: the plan
 * @family: which one
 * @why: a new string, which the plan takes over
 */
void bpf_plan_drop(struct bpf_plan *plan, enum bpf_family family, char *why)
{
	size_t i;

	set_gap(plan, family, why);
	for (i = 0; i < BPF_FAMILIES; i++)
		if (needs[i] & 1u << family && !plan->gap[i])
			set_gap(plan, i, xstrdup(plan->gap[family]));
	for (i = 0; i < ARRAY_SIZE(targets); i++)
		if (plan->gap[targets[i].family])
			plan->chosen[i] = false;
}

/* Whether any other variant of the same function was chosen. */
static bool chosen_otherwise(const struct bpf_plan *plan, size_t target)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(targets); i++)
		if (plan->chosen[i] && same_function(&targets[i], &targets[target]))
			return true;
	return false;
}

/* Choose the program that fits; a function that none fits is chosen by none. */
static void choose(struct bpf_plan *plan, const struct btf *btf, const char *function,
		   size_t target)
{
	char *proto = bpf_prototype(btf, function);

	plan->chosen[target] = proto && fits(targets[target].protos, proto);
	free(proto);
}

/* Whether a function that is there is not followed; why not, as a new string. */
static char *misfit(const struct bpf_plan *plan, const struct btf *btf, size_t target,
		    bpf_lookup lookup, const void *context)
{
	const struct target *t = &targets[target];
	char *function = function_of(t->program), *proto = NULL, *why = NULL;
	enum bpf_symbol symbol = lookup(context, function);

	if (symbol == BPF_SYMBOL_CLONED)
		why = xasprintf("%s() was changed by the compiler and cannot be traced", function);
	else if (symbol == BPF_SYMBOL_PRESENT && !t->protos &&
		 (!t->unless || lookup(context, t->unless) != BPF_SYMBOL_PRESENT))
		why = xasprintf("no program follows %s()", function);
	else if (symbol == BPF_SYMBOL_PRESENT && t->protos && !chosen_otherwise(plan, target)) {
		proto = bpf_prototype(btf, function);
		why = proto ? xasprintf("%s() has a prototype that is not known here, %s", function,
					proto)
			    : xasprintf("the kernel's BTF does not describe %s()", function);
	}
	free(proto);
	free(function);
	return why;
}

/* Whether the kernel has any function of the same part. */
static bool part_is_there(const struct bpf_plan *plan, size_t target)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(targets); i++)
		if (plan->chosen[i] && targets[i].family == targets[target].family &&
		    targets[i].part && !strcmp(targets[i].part, targets[target].part))
			return true;
	return false;
}

/**
 * bpf_plan_make() - choose the programs that fit a kernel
 * @plan: the result
 * @btf: of the kernel
 * @lookup: says whether the kernel has a function
 * @context: for @lookup
 */
void bpf_plan_make(struct bpf_plan *plan, const struct btf *btf, bpf_lookup lookup,
		   const void *context)
{
	size_t i;

	_Static_assert(ARRAY_SIZE(targets) <= BPF_MAX_TARGETS, "a target is not in the plan");
	memset(plan, 0, sizeof(*plan));
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		char *function = function_of(targets[i].program);

		if (targets[i].protos && lookup(context, function) == BPF_SYMBOL_PRESENT)
			choose(plan, btf, function, i);
		free(function);
	}
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		const struct target *t = &targets[i];
		char *why = misfit(plan, btf, i, lookup, context);

		if (!why && t->protos && t->part && !part_is_there(plan, i) &&
		    !plan->gap[t->family] &&
		    (!t->with || lookup(context, t->with) != BPF_SYMBOL_ABSENT)) {
			char *function = function_of(t->program);

			why = xasprintf("this kernel has neither %s() nor what takes its place",
					function);
			free(function);
		}
		/* The programs stay chosen until all parts were looked at. */
		if (why)
			set_gap(plan, t->family, why);
	}
	for (i = 0; i < BPF_FAMILIES; i++)
		if (plan->gap[i])
			bpf_plan_drop(plan, i, NULL);
}

/**
 * bpf_plan_free() - forget it
 * @plan: zeroed or made
 */
void bpf_plan_free(struct bpf_plan *plan)
{
	size_t i;

	for (i = 0; i < BPF_FAMILIES; i++)
		free(plan->gap[i]);
	memset(plan, 0, sizeof(*plan));
}

/**
 * bpf_plan_has() - is a program to be loaded?
 * @plan: made
 * @program: its name in bpf/pfntrack.bpf.c
 */
bool bpf_plan_has(const struct bpf_plan *plan, const char *program)
{
	const struct target *t = target_of(program);

	return t && plan->chosen[t - targets];
}

/**
 * bpf_plan_begins() - does a program see the beginning of mappings?
 * @program: its name in bpf/pfntrack.bpf.c
 */
bool bpf_plan_begins(const char *program)
{
	static const char *const others[] = { "unmap", "fork", "move", "free", "PAT" };
	const struct target *t = target_of(program);
	size_t i;

	if (!t || program[1] != 'e')
		return false;
	for (i = 0; t->part && i < ARRAY_SIZE(others); i++)
		if (!strcmp(t->part, others[i]))
			return false;
	return true;
}

/**
 * bpf_plan_family() - what a program serves
 * @program: its name in bpf/pfntrack.bpf.c
 * @family: the result
 *
 * Return: false if there is no such program in the plan.
 */
bool bpf_plan_family(const char *program, enum bpf_family *family)
{
	const struct target *t = target_of(program);

	if (t)
		*family = t->family;
	return t;
}
