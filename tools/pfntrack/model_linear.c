// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: RAM against the kernel's linear map.
 *
 * The linear map has no record.  It maps RAM write-back, except where a record of
 * set_memory_*() or memremap_pages() shows that it was changed.  Whether a driver
 * cleaned the caches is not recorded either, but the kernel knew it when it judged
 * the mapping: it reported a conflict, or it accepted the mapping.  That judgement
 * is used where it is available.  Without it, the verdict is unknown.
 */

#include <stdlib.h>
#include <string.h>

#include "alias.h"
#include "model.h"
#include "util.h"

#define PAT_READER 1
#include "../../arch/generic/pat/pat.h"

#define WHY_NOT_KNOWN                                                                       \
	"the linear map has RAM write-back; whether the driver changed it, or cleaned the " \
	"caches, is not known"

static const struct pfn_attr_pair not_known = {
	.verdict = PFN_VERDICT_UNKNOWN,
	.why = WHY_NOT_KNOWN,
	.source = "-",
};

static bool alike(const char *a, const char *b)
{
	return a == b || (a && b && *a == *b && !strcmp(a, b));
}

static bool kind_is(const struct mapping *map, enum pfn_kind kind)
{
	return alike(map->kind, kind_names[kind]);
}

/**
 * linear_changed() - does a record show that the linear map was changed?
 * @map: the record
 *
 * Return: true for records that are a part of the linear map themselves.
 */
bool linear_changed(const struct mapping *map)
{
	return kind_is(map, PFN_KIND_SET_MEMORY) || kind_is(map, PFN_KIND_MEMREMAP);
}

/* Claims and reservations map nothing. */
static bool has_page_tables(const struct mapping *map)
{
	return kind_is(map, PFN_KIND_IOREMAP) || kind_is(map, PFN_KIND_REMAP_PFN) ||
	       kind_is(map, PFN_KIND_INSERT) || kind_is(map, PFN_KIND_VMAP);
}

/**
 * linear_load() - find what the linear map maps
 * @m: the model, with the platform
 *
 * /proc/iomem lists "no-map" memory as reserved, and not as System RAM.
 */
void linear_load(struct model *m)
{
	size_t i;

	for (i = 0; i < m->nr_resources; i++) {
		const struct resource *r = &m->resources[i];
		struct mapping *map;

		if (strncmp(r->name, "System RAM", strlen("System RAM")))
			continue;
		map = xappend(&m->linear, &m->nr_linear, sizeof(*map));
		map->range = (struct span){ true, r->start, r->end };
		map->space = "kernel";
		map->comm = "kernel";
		map->kind = kind_names[PFN_KIND_LINEAR];
		map->want = map->got = attr_names[PFN_ATTR_WB];
	}
	if (!m->nr_linear)
		unseen_add(m, UNSEEN_linear_map, 1,
			   xstrdup("the linear map (/proc/iomem lists no RAM)"));
}

/* Whether a conflict is about this mapping, as the newcomer. */
static bool conflict_of(const struct conflict *c, const struct mapping *map)
{
	const struct span *asked = c->asked.known ? &c->asked : &c->new.range;

	/* What differs most comes first. */
	if (!alike(c->new.pid, map->pid) || !alike(c->new.site, map->site) ||
	    !alike(c->new.kind, map->kind) || !alike(c->new.got, map->got) ||
	    !alike(c->new.module, map->module) || !alike(c->new.space, map->space) ||
	    conflict_refused(c))
		return false;
	/* The kernel merges conflicts of one call site with the linear map. */
	return c->count > 1 || (asked->start <= map->range.end && map->range.start <= asked->end);
}

/*
 * Whether the kernel would have listed a conflict with the linear map: it judges
 * the linear map, and no conflict has left its list.
 */
static bool find_silence(const struct model *m)
{
	uint64_t listed = 0;
	size_t i;

	for (i = 0; i < m->nr_conflicts; i++)
		listed += m->conflicts[i].count;
	return listed >= m->total && kind_reported(m, kind_names[PFN_KIND_LINEAR]);
}

/* It reports a conflict by the weaker of two policies: of the linear map, and of the kind. */
static bool silence_means_accepted(struct model *m, const struct mapping *map)
{
	enum pfn_kind kind = 0;

	while (kind_names[kind] && !kind_is(map, kind))
		kind++;
	if (!kind_names[kind])
		return false;
	if (!m->linear_silence[kind])
		m->linear_silence[kind] = find_silence(m) && kind_reported(m, map->kind) ? 1 : -1;
	return m->linear_silence[kind] > 0;
}

/* The architectures without high memory: there, the linear map has all RAM. */
static bool all_ram_is_linear(const struct model *m)
{
	return alike(m->arch, "arm64") || alike(m->arch, "riscv") || alike(m->arch, "loongarch") ||
	       alike(m->arch, "s390") || alike(m->arch, "parisc");
}

static enum linear_mode by_kernel(struct model *m, const struct mapping *map,
				  const struct pat_arch *arch, enum pfn_attr got)
{
	bool other = false;
	size_t i;

	for (i = 0; i < m->nr_conflicts; i++) {
		const struct conflict *c = &m->conflicts[i];

		if (!conflict_of(c, map))
			continue;
		if (c->has_held && kind_is(&c->held, PFN_KIND_LINEAR))
			return LINEAR_REPORTED;
		other = true;
	}
	if (pat_judge_linear(arch, 0, got, PFN_ATTR_WB, false)->verdict < PFN_VERDICT_ORDERING)
		return LINEAR_RULE;
	/* Of two conflicts that are as bad, the kernel reports that with a record. */
	if (other || !silence_means_accepted(m, map))
		return LINEAR_UNKNOWN;
	/* What cleaning cannot make legal is not mapped there: high memory, holes. */
	return pat_judge_cleaned(arch, 0, got)->verdict < PFN_VERDICT_ORDERING ? LINEAR_CLEANED
									       : LINEAR_NONE;
}

/**
 * linear_mode_of() - how a mapping is compared with the linear map
 * @m: the model, with conflicts if the kernel lists them
 * @arch: the rules
 * @map: a mapping; what of it is RAM does not matter here
 */
enum linear_mode linear_mode_of(struct model *m, const struct pat_arch *arch,
				const struct mapping *map)
{
	enum pfn_attr got = attr_class_got(attr_class_of(arch, map));

	if (!has_page_tables(map) || got == PFN_ATTR_WB)
		return LINEAR_NONE;
	if (m->view == VIEW_KERNEL)
		return got <= PFN_ATTR_NONE ? LINEAR_UNKNOWN : by_kernel(m, map, arch, got);
	/* PAT gives mappings of RAM the type that the linear map has. */
	if (arch == &pat_x86)
		return LINEAR_NONE;
	if (got <= PFN_ATTR_NONE)
		return LINEAR_UNKNOWN;
	if (pat_judge_linear(arch, 0, got, PFN_ATTR_WB, false)->verdict < PFN_VERDICT_ORDERING ||
	    all_ram_is_linear(m))
		return LINEAR_RULE;
	return LINEAR_UNKNOWN;
}

/**
 * judge_linear() - what it means that RAM is mapped, beside the linear map
 * @arch: the rules
 * @mode: how it is compared; not LINEAR_NONE
 * @class: of the mapping
 * @j: gets the judgement
 */
void judge_linear(const struct pat_arch *arch, enum linear_mode mode, unsigned int class,
		  struct judgement *j)
{
	enum pfn_attr got = attr_class_got(class);

	switch (mode) {
	case LINEAR_REPORTED:
		j->rule = pat_judge(arch, got, PFN_ATTR_WB);
		break;
	case LINEAR_RULE:
		j->rule = pat_judge_linear(arch, 0, got, PFN_ATTR_WB, false);
		break;
	case LINEAR_CLEANED:
		j->rule = pat_judge_cleaned(arch, 0, got);
		break;
	default:
		j->rule = &not_known;
	}
	j->why = j->rule->why;
	j->downgrade = false;
}

/**
 * linear_missed() - could a mapping disagree with RAM that the platform does not list?
 * @m: the model, with sysfs, and with conflicts if the kernel lists them
 * @map: the mapping
 *
 * Return: true only if /proc/iomem lists no RAM, and the mapping would be judged
 * harmful or unknown if it were of RAM.
 */
bool linear_missed(struct model *m, const struct mapping *map)
{
	const struct pat_arch *arch;
	struct judgement j;
	enum linear_mode mode;

	if (m->nr_linear)
		return false;
	arch = arch_of(m->arch);
	mode = linear_mode_of(m, arch, map);
	if (mode == LINEAR_NONE)
		return false;
	judge_linear(arch, mode, attr_class_of(arch, map), &j);
	return j.rule->verdict == PFN_VERDICT_UNKNOWN || j.rule->verdict >= PFN_VERDICT_ORDERING;
}
