// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: questions that the data model answers, alike for every printer. */

#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "pool.h"
#include "util.h"

const char *const attr_names[] = { PFN_ATTR_TEXT NULL };
const char *const kind_names[] = { PFN_KIND_TEXT NULL };

const char *const verdict_names[] = { PFN_VERDICT_TEXT NULL };
const char *const policy_names[] = { PFN_POLICY_TEXT NULL };
static const char *const result_names[] = { PFN_RESULT_TEXT NULL };

#define COUNTER_NAME(name) #name,
const char *const counter_names[] = { COUNTER_LIST(COUNTER_NAME) NULL };

#define AUDIT_NAME(name) #name,
const char *const audit_names[] = { AUDIT_LIST(AUDIT_NAME) NULL };

struct chunk {
	struct chunk *next;
	char *text;
};

static bool same(const char *a, const char *b)
{
	/* Mostly they are of the pool, and one or two. */
	return a == b ? !!a : a && b && *a == *b && !strcmp(a, b);
}

static int word_of(const char *const *names, const char *word)
{
	int i;

	for (i = 0; names[i]; i++)
		if (same(names[i], word))
			return i;
	return -1;
}

/**
 * model_keep() - let the model own a text that its strings point into
 * @m: the model
 * @text: allocated
 *
 * Return: @text.
 */
char *model_keep(struct model *m, char *text)
{
	struct chunk *chunk = xcalloc(1, sizeof(*chunk));

	chunk->text = text;
	chunk->next = m->chunks;
	m->chunks = chunk;
	return text;
}

/**
 * model_pool() - the strings of the model's dumps
 * @m: the model
 */
struct pool *model_pool(struct model *m)
{
	if (!m->pool) {
		m->pool = pool_new();
		pool_seed(m->pool, attr_names);
		pool_seed(m->pool, kind_names);
		pool_seed(m->pool, policy_names);
		pool_seed(m->pool, verdict_names);
		pool_seed(m->pool, result_names);
	}
	return m->pool;
}

/**
 * model_free() - free what the model owns
 * @m: the model; may be partly filled
 */
void model_free(struct model *m)
{
	while (m->chunks) {
		struct chunk *next = m->chunks->next;

		free(m->chunks->text);
		free(m->chunks);
		m->chunks = next;
	}
	pool_free(m->pool);
	free(m->records);
	free(m->linear);
	free(m->aliases);
	free(m->unseen);
	free(m->conflicts);
	free(m->findings);
	free(m->leaks);
	free(m->features);
	free(m->hooks);
	free(m->roads);
	free(m->impossible);
	free(m->resources);
	free(m->bars);
	memset(m, 0, sizeof(*m));
}

/**
 * span_size() - bytes in a range
 * @s: the range; all 2^64 bytes count as one less, which 64 bits can hold
 */
uint64_t span_size(const struct span *s)
{
	uint64_t last = s->end - s->start;

	return last == UINT64_MAX ? last : last + 1;
}

/**
 * span_has() - is an address in a range?
 * @s: the range
 * @address: the address
 */
bool span_has(const struct span *s, uint64_t address)
{
	return s->known && s->start <= address && address <= s->end;
}

/**
 * mapping_downgraded() - did the mapping get another attribute than it asked for?
 * @map: the mapping
 */
bool mapping_downgraded(const struct mapping *map)
{
	return map->want && map->got && strcmp(map->want, map->got);
}

/**
 * verdict_of() - enum pfn_verdict of a word
 * @word: its spelling
 *
 * Return: the number, or -1 for a word this command does not know.
 */
int verdict_of(const char *word)
{
	return word_of(verdict_names, word);
}

static const char *worst_of(const struct model *m, bool all)
{
	const char *worst = NULL;
	unsigned int rank = 0;
	size_t i;

	for (i = 0; i < m->nr_conflicts; i++) {
		const char *word = m->conflicts[i].verdict;
		unsigned int r = verdict_of(word); /* -1 is the largest */

		if (!all && (m->conflicts[i].old || conflict_refused(&m->conflicts[i])))
			continue;
		if (!worst || r > rank) {
			worst = word;
			rank = r;
		}
	}
	return worst;
}

/**
 * worst_verdict() - the most harmful verdict among the listed conflicts
 * @m: the model
 *
 * A word that is not known here ranks above all: a newer kernel means something
 * by it, and it must not be played down.
 *
 * Return: its spelling, NULL without conflicts.
 */
const char *worst_verdict(const struct model *m)
{
	return worst_of(m, true);
}

/**
 * worst_fresh() - the most harmful verdict among the listed conflicts that count
 * @m: the model
 *
 * Refused conflicts and those from before the time that is asked about do not count.
 *
 * Return: its spelling, NULL without any.
 */
const char *worst_fresh(const struct model *m)
{
	return worst_of(m, false);
}

/**
 * hook_state() - is this kind of mapping watched?
 * @m: the model, with coverage
 * @kind: its spelling
 *
 * Return: the kernel's word, or NULL if the coverage does not list the kind.
 */
const char *hook_state(const struct model *m, const char *kind)
{
	size_t i;

	for (i = 0; i < m->nr_hooks; i++)
		if (same(m->hooks[i].kind, kind))
			return m->hooks[i].state;
	return NULL;
}

/**
 * count_kind() - live records of a kind
 * @m: the model, with records
 * @kind: its spelling; NULL counts those whose kind is not in the vocabulary
 */
size_t count_kind(const struct model *m, const char *kind)
{
	size_t n = 0, i;

	for (i = 0; i < m->nr_records; i++)
		n += kind ? same(m->records[i].kind, kind)
			  : word_of(kind_names, m->records[i].kind) < 0;
	return n;
}

/**
 * count_attr() - live records that got an attribute
 * @m: the model, with records
 * @attr: its spelling; NULL counts those that are not in the vocabulary
 *
 * What the source does not know is unknown.
 */
size_t count_attr(const struct model *m, const char *attr)
{
	size_t n = 0, i;

	for (i = 0; i < m->nr_records; i++) {
		const char *got = m->records[i].got;

		if (!got)
			got = attr_names[PFN_ATTR_UNKNOWN];
		n += attr ? same(got, attr) : word_of(attr_names, got) < 0;
	}
	return n;
}

/**
 * count_linear() - conflicts with the kernel's own map of all RAM
 * @m: the model, with conflicts
 *
 * Return: how often they happened, of those that are listed.
 */
uint64_t count_linear(const struct model *m)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < m->nr_conflicts; i++)
		if (m->conflicts[i].has_held &&
		    same(m->conflicts[i].held.kind, kind_names[PFN_KIND_LINEAR]))
			n += m->conflicts[i].count;
	return n;
}

/**
 * policy_off() - is this the policy under which nothing is recorded?
 * @word: its spelling
 */
bool policy_off(const char *word)
{
	return same(word, policy_names[PFN_POLICY_OFF]);
}

/**
 * conflict_refused() - was the newcomer refused, by whomever?
 * @c: the conflict
 */
bool conflict_refused(const struct conflict *c)
{
	return word_of(result_names, c->result) > PFN_RESULT_MAPPED;
}

/**
 * resource_path() - where an address lies in the machine's resource tree
 * @m: the model, with the platform
 * @address: physical address
 *
 * Return: a new string, outermost first, as "PCI Bus 0000:00 / 0000:00:04.0";
 * NULL if no resource covers it.
 */
char *resource_path(const struct model *m, uint64_t address)
{
	unsigned int depth = 0;
	char *path = NULL;
	size_t i;

	for (i = 0; i < m->nr_resources; i++) {
		const struct resource *r = &m->resources[i];
		char *longer;

		if (r->depth != depth || address < r->start || address > r->end)
			continue;
		longer = xasprintf("%s%s%s", path ? path : "", path ? " / " : "", r->name);
		free(path);
		path = longer;
		depth++;
	}
	return path;
}

/**
 * find_bar() - the PCI BAR that an address belongs to
 * @m: the model, with the platform
 * @address: physical address
 */
const struct pci_bar *find_bar(const struct model *m, uint64_t address)
{
	size_t i;

	for (i = 0; i < m->nr_bars; i++)
		if (m->bars[i].start <= address && address <= m->bars[i].end)
			return &m->bars[i];
	return NULL;
}

/**
 * phys_limit() - the highest physical address the machine can have
 * @m: the model, with the platform
 *
 * x86 says it in /proc/cpuinfo.  Elsewhere 56 bits are what the widest of the
 * supported architectures can address.
 */
uint64_t phys_limit(const struct model *m)
{
	unsigned int bits = m->phys_bits ? m->phys_bits : 56;

	return UINT64_MAX >> (64 - bits);
}
