// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the model as JSON.  The manual page describes the keys.  Within
 * version 1 keys are added, never changed or removed.
 */

#include "columns.h"
#include "json.h"
#include "main.h"
#include "print.h"
#include "util.h"

/**
 * jalias() - page frames that are mapped more than once
 * @alias: the range
 */
struct json_object *jalias(const struct alias *alias)
{
	struct json_object *v = jneed(json_object_new_object());

	jput(v, "verdict", jtext(verdict_names[alias->verdict]));
	jput(v, "range", jspan_if_known(&alias->range));
	jput(v, "holders", jnumber(alias->holders));
	jput(v, "downgrade", jbool(alias->downgrade));
	jput(v, "why", jtext(alias->why));
	jput(v, "source", jtext(alias->source));
	jput(v, "one", jrecord(alias->a));
	jput(v, "other", jrecord(alias->b));
	return v;
}

/**
 * jaliases() - how many ranges are mapped more than once, by verdict
 * @m: the model, with aliases
 */
struct json_object *jaliases(const struct model *m)
{
	struct json_object *v = jneed(json_object_new_object());
	int verdict;

	jput(v, "total", jnumber(m->nr_aliases));
	for (verdict = 0; verdict < PFN_VERDICT_COUNT; verdict++)
		jput(v, verdict_names[verdict], jnumber(count_aliases(m, verdict)));
	jput(v, "downgraded", jnumber(count_downgraded(m)));
	return v;
}

/**
 * jput_answer() - add to a document whether there is a problem, and why that is not known
 * @object: the document
 * @s: the answer; its text is freed
 */
void jput_answer(struct json_object *object, struct summary s)
{
	jput(object, "healthy", s.healthy < 0 ? NULL : jbool(s.healthy));
	jput(object, "summary", jtext_and_free(s.text));
}

static struct json_object *conflict(const struct model *m, const struct conflict *c)
{
	const struct pci_bar *bar = find_bar(m, c->new.range.start);
	struct json_object *v = jneed(json_object_new_object());
	struct mapping new = c->new;

	/* The model has the conflicting part there; of older kernels that is all there is. */
	if (c->asked.known)
		new.range = c->asked;
	jput(v, "id", jnumber(c->id));
	jput(v, "count", jnumber(c->count));
	jput(v, "time", jseconds(c->new.time));
	jput(v, "verdict", jtext(c->verdict));
	jput(v, "result", jtext(c->result));
	jput(v, "policy", jtext(c->policy));
	jput(v, "range", jspan_if_known(&c->new.range));
	jput(v, "cause", jtext(c->cause));
	jput(v, "bytes", jnumber(c->bytes));
	jput(v, "asked", jspan_if_known(&c->asked));
	jput(v, "held_bytes", jnumber(c->held_bytes));
	jput(v, "further", jnumber(c->further));
	jput(v, "exact", jbool(c->exact));
	jput(v, "downgrade", jbool(c->downgrade));
	jput(v, "why", jtext(c->why));
	jput(v, "source", jtext(c->source));
	jput(v, "advice", jtext(advice(c)));
	jput(v, "new", jrecord(&new));
	jput(v, "held", c->has_held ? jrecord(&c->held) : NULL);
	jput(v, "resource", jtext_and_free(resource_path(m, c->new.range.start)));
	jput(v, "pci", jtext(bar ? bar->device : NULL));
	return v;
}

static struct json_object *kinds(const struct model *m)
{
	struct json_object *all = jneed(json_object_new_object());
	size_t i;

	for (i = 0; kind_names[i]; i++) {
		struct json_object *v = jneed(json_object_new_object());

		jput(v, "policy", jtext(m->kind_policy[i]));
		jput(v, "hook", jtext(hook_state(m, kind_names[i])));
		jput(v, "records", jnumber(count_kind(m, kind_names[i])));
		jput(all, kind_names[i], v);
	}
	return all;
}

static struct json_object *counts(const struct model *m, const char *const *names,
				  size_t (*count)(const struct model *m, const char *name))
{
	struct json_object *v = jneed(json_object_new_object());

	for (; *names; names++)
		jput(v, *names, jnumber(count(m, *names)));
	jput(v, "other", jnumber(count(m, NULL)));
	return v;
}

static void json_status(const struct model *m)
{
	struct json_object *top = jdocument_of(m);
	struct json_object *counters = jneed(json_object_new_object());
	struct json_object *seen = jneed(json_object_new_object());
	bool told = m->view == VIEW_KERNEL;
	size_t i;

	/* "late" is none: true or false, with the other keys of a document. */
	for (i = 0; i < COUNTER_COUNT; i++)
		if (i != COUNTER_late)
			jput(counters, counter_names[i],
			     !told || (i == COUNTER_leaks && !m->counts_leaks)
				     ? NULL
				     : jnumber(m->counters[i]));
	jput(seen, "total", jnumber(m->total));
	jput(seen, "listed", jnumber(m->nr_conflicts));
	jput(seen, "suppressed", jnumber(m->suppressed));
	jput(seen, "worst", jtext(worst_verdict(m)));
	jput(seen, "linear", jnumber(count_linear(m)));

	jput(top, "arch", jtext(m->arch));
	jput(top, "policy", jtext(m->policy));
	jput(top, "kinds", kinds(m));
	jput(top, "counters", counters);
	jput(top, "by_kind", counts(m, kind_names, count_kind));
	jput(top, "by_attribute", counts(m, attr_names, count_attr));
	jput(top, "conflicts", told ? seen : NULL);
	if (!told)
		json_object_put(seen);
	jput(top, "history", jhistory(m, true, true));
	jput(top, "aliases", jaliases(m));
	jput(top, "unplaced", jnumber(m->unplaced));
	jput(top, "coverage", jcoverage(m));
	jput(top, "incomplete", told ? jnumber(m->counters[COUNTER_incomplete]) : NULL);
	jput(top, "late", told ? jbool(m->counters[COUNTER_late]) : NULL);
	jput_answer(top, summarize(m));
	jemit(top);
}

static struct json_object *record(const struct model *m, size_t i)
{
	return jrecord(&m->records[i]);
}

static void json_list(const struct model *m)
{
	bool told = m->view == VIEW_KERNEL;
	struct json_object *top = jdocument_of(m);
	struct json_object *tail = jneed(json_object_new_object());

	jput(top, "policy", jtext(m->policy));
	jput(tail, "not_known", jtext(m->not_known));
	jput(tail, "incomplete", told ? jnumber(m->incomplete) : NULL);
	jput(tail, "late", told ? jbool(m->late) : NULL);
	jemit_around(top, "records", record, m, m->nr_records, tail);
}

static struct json_object *alias(const struct model *m, size_t i)
{
	const struct alias *a = &m->aliases[i];
	const struct pci_bar *bar = find_bar(m, a->range.start);
	struct json_object *v = jalias(a);

	jput(v, "advice", jtext(alias_advice(a)));
	jput(v, "resource", jtext_and_free(resource_path(m, a->range.start)));
	jput(v, "pci", jtext(bar ? bar->device : NULL));
	return v;
}

static void json_aliases(const struct model *m)
{
	struct json_object *top = jdocument_of(m);
	struct json_object *tail = jneed(json_object_new_object());

	jput(top, "policy", jtext(m->policy));
	jput(tail, "by_verdict", jaliases(m));
	jput_answer(tail, summarize_live(m));
	jemit_around(top, "aliases", alias, m, m->nr_aliases, tail);
}

static void json_conflicts(const struct model *m)
{
	struct json_object *top = jdocument_of(m);
	struct json_object *all = jneed(json_object_new_array());
	size_t i;

	for (i = 0; i < m->nr_conflicts; i++)
		jpush(all, conflict(m, &m->conflicts[i]));
	jput(top, "policy", jtext(m->policy));
	jput(top, "conflicts", all);
	jput(top, "total", jnumber(m->total));
	jput(top, "suppressed", jnumber(m->suppressed));
	jput(top, "history", jhistory(m, true, false));
	jput_answer(top, summarize_conflicts(m));
	jemit(top);
}

static struct json_object *bar_value(const struct pci_bar *bar)
{
	struct json_object *v;

	if (!bar)
		return NULL;
	v = jneed(json_object_new_object());
	jput(v, "number", jnumber(bar->bar));
	jput(v, "driver", jtext(bar->driver));
	jput(v, "range", jspan(bar->start, bar->end));
	return v;
}

static void json_explain(const struct model *m, const struct explanation *e)
{
	struct json_object *top = jdocument_of(m);
	struct json_object *holders = jneed(json_object_new_array());
	struct json_object *conflicts = jneed(json_object_new_array());
	size_t i;

	for (i = 0; i < e->nr_holders; i++)
		jpush(holders, jrecord(e->holders[i]));
	for (i = 0; i < e->nr_conflicts; i++) {
		struct json_object *v = conflict(m, e->conflicts[i]);

		jput(v, "consequence", jtext(consequence(e->conflicts[i])));
		jpush(conflicts, v);
	}
	jput(top, "address", e->device || e->pid ? NULL : jaddress(e->address));
	jput(top, "device", jtext(e->device));
	jput(top, "pid", jdecimal(e->pid));
	jput(top, "resource", jtext(e->resource));
	jput(top, "pci", jtext(e->bar ? e->bar->device : NULL));
	jput(top, "bar", bar_value(e->bar));
	jput(top, "holders", holders);
	jput(top, "conflicts", conflicts);
	jput(top, "alias", e->aliased ? jalias(&e->alias) : NULL);
	jput(top, "healthy", e->healthy < 0 ? NULL : jbool(e->healthy));
	jput(top, "summary", jtext(e->summary));
	jemit(top);
}

static void json_version(void)
{
	struct json_object *top = jdocument_built_in();

	jput(top, "pfntrack", jtext(PFNTRACK_VERSION));
	jput(top, "format", jnumber(PFN_TRACK_FORMAT_VERSION));
	jemit(top);
}

const struct printer json_printer = {
	.status = json_status,
	.list = json_list,
	.aliases = json_aliases,
	.metrics = json_metrics,
	.conflicts = json_conflicts,
	.explain = json_explain,
	.audit = json_audit,
	.leaks = json_leaks,
	.features = json_features,
	.policy = json_policy,
	.snapshot = json_snapshot,
	.version = json_version,
	.help = json_help,
};
