// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the model as JSON.  The manual page describes the keys.  Within
 * version 1 keys are added, never changed or removed.  What is not known is
 * null; an address is a string, since 64 bits do not fit into every reader's
 * numbers.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "columns.h"
#include "main.h"
#include "print.h"
#include "util.h"

#define JSON_VERSION 1

static struct json_object *need(struct json_object *v)
{
	if (!v)
		die_nomem();
	return v;
}

/* @v may be NULL: that is JSON's null. */
static void put(struct json_object *object, const char *key, struct json_object *v)
{
	if (json_object_object_add(object, key, v))
		die_nomem();
}

static void push(struct json_object *array, struct json_object *v)
{
	if (json_object_array_add(array, v))
		die_nomem();
}

static struct json_object *number(uint64_t n)
{
	return need(json_object_new_uint64(n));
}

static struct json_object *boolean(bool b)
{
	return need(json_object_new_boolean(b));
}

static struct json_object *text(const char *s)
{
	char *clean;
	struct json_object *v;

	if (!s)
		return NULL;
	clean = text_utf8(s);
	v = need(json_object_new_string(clean));
	free(clean);
	return v;
}

static struct json_object *text_and_free(char *s)
{
	struct json_object *v = text(s);

	free(s);
	return v;
}

/* The kernel's own digits: 12.345678 must not become 12.345678000000001. */
static struct json_object *seconds(const char *s)
{
	return s ? need(json_object_new_double_s(strtod(s, NULL), s)) : NULL;
}

static struct json_object *address(uint64_t a)
{
	return text_and_free(xasprintf("0x%llx", (unsigned long long)a));
}

static struct json_object *span(uint64_t start, uint64_t end, bool with_size)
{
	struct span s = { true, start, end };
	struct json_object *v = need(json_object_new_object());

	put(v, "start", address(start));
	put(v, "end", address(end));
	if (with_size)
		put(v, "size", number(span_size(&s)));
	return v;
}

static struct json_object *optional_span(const struct span *s, bool with_size)
{
	return s->known ? span(s->start, s->end, with_size) : NULL;
}

static void put_holder(struct json_object *v, const struct mapping *map)
{
	put(v, "kind", text(map->kind));
	put(v, "space", text(map->space));
	put(v, "want", text(map->want));
	put(v, "got", text(map->got));
	put(v, "pid", map->pid ? number(strtoull(map->pid, NULL, 10)) : NULL);
	put(v, "comm", text(map->comm));
	put(v, "site", text(map->site));
	put(v, "module", text(map->module));
	put(v, "dev", text(map->dev));
	put(v, "driver", text(map->driver));
}

static struct json_object *record(const struct mapping *map)
{
	struct json_object *v = need(json_object_new_object());

	put(v, "range", optional_span(&map->range, true));
	put(v, "va", optional_span(&map->va, false));
	put_holder(v, map);
	put(v, "time", seconds(map->time));
	return v;
}

static struct json_object *held(const struct mapping *map)
{
	struct json_object *v = need(json_object_new_object());

	put(v, "range", optional_span(&map->range, true));
	put_holder(v, map);
	put(v, "time", seconds(map->time));
	return v;
}

static struct json_object *conflict(const struct model *m, const struct conflict *c)
{
	const struct pci_bar *bar = find_bar(m, c->new.range.start);
	struct json_object *v = need(json_object_new_object());
	struct json_object *new = need(json_object_new_object());

	put(v, "id", number(c->id));
	put(v, "count", number(c->count));
	put(v, "time", seconds(c->new.time));
	put(v, "verdict", text(c->verdict));
	put(v, "result", text(c->result));
	put(v, "policy", text(c->policy));
	put(v, "range", optional_span(&c->new.range, true));
	put(v, "why", text(c->why));
	put(v, "source", text(c->source));
	put_holder(new, &c->new);
	put(v, "new", new);
	put(v, "held", c->has_held ? held(&c->held) : NULL);
	put(v, "resource", text_and_free(resource_path(m, c->new.range.start)));
	put(v, "pci", text(bar ? bar->device : NULL));
	return v;
}

static struct json_object *document(void)
{
	struct json_object *top = need(json_object_new_object());

	put(top, "version", number(JSON_VERSION));
	put(top, "source",
	    *opts.root ? text_and_free(xasprintf("root:%s", opts.root)) : text("kernel"));
	return top;
}

static void emit(struct json_object *top)
{
	const char *doc = json_object_to_json_string_ext(
		top, opts.pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					   JSON_C_TO_STRING_NOSLASHESCAPE
				 : JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!doc)
		die_nomem();
	puts(doc);
	json_object_put(top);
}

static struct json_object *kinds(const struct model *m)
{
	struct json_object *all = need(json_object_new_object());
	size_t i;

	for (i = 0; kind_names[i]; i++) {
		struct json_object *v = need(json_object_new_object());

		put(v, "policy", text(m->kind_policy[i]));
		put(v, "hook", text(hook_state(m, kind_names[i])));
		put(v, "records", number(count_kind(m, kind_names[i])));
		put(all, kind_names[i], v);
	}
	return all;
}

static struct json_object *counts(const struct model *m, const char *const *names,
				  size_t (*count)(const struct model *m, const char *name))
{
	struct json_object *v = need(json_object_new_object());

	for (; *names; names++)
		put(v, *names, number(count(m, *names)));
	put(v, "other", number(count(m, NULL)));
	return v;
}

static void json_status(const struct model *m)
{
	struct json_object *top = document();
	struct json_object *counters = need(json_object_new_object());
	struct json_object *seen = need(json_object_new_object());
	struct json_object *coverage = need(json_object_new_array());
	struct summary s = summarize(m);
	size_t i;

	for (i = 0; i < COUNTER_COUNT; i++)
		put(counters, counter_names[i], number(m->counters[i]));
	for (i = 0; i < m->nr_hooks; i++) {
		struct json_object *hook = need(json_object_new_object());

		put(hook, "kind", text(m->hooks[i].kind));
		put(hook, "state", text(m->hooks[i].state));
		push(coverage, hook);
	}
	put(seen, "total", number(m->total));
	put(seen, "listed", number(m->nr_conflicts));
	put(seen, "suppressed", number(m->suppressed));
	put(seen, "worst", text(worst_verdict(m)));

	put(top, "arch", text(m->arch));
	put(top, "policy", text(m->policy));
	put(top, "kinds", kinds(m));
	put(top, "counters", counters);
	put(top, "by_kind", counts(m, kind_names, count_kind));
	put(top, "by_attribute", counts(m, attr_names, count_attr));
	put(top, "conflicts", seen);
	put(top, "coverage", coverage);
	put(top, "incomplete", number(m->counters[COUNTER_incomplete]));
	put(top, "late", boolean(m->counters[COUNTER_late]));
	put(top, "healthy", s.healthy < 0 ? NULL : boolean(s.healthy));
	put(top, "summary", text_and_free(s.text));
	emit(top);
}

static void json_list(const struct model *m)
{
	struct json_object *top = document();
	struct json_object *records = need(json_object_new_array());
	size_t i;

	for (i = 0; i < m->nr_records; i++)
		push(records, record(&m->records[i]));
	put(top, "policy", text(m->policy));
	put(top, "records", records);
	put(top, "incomplete", number(m->incomplete));
	put(top, "late", boolean(m->late));
	emit(top);
}

static void json_conflicts(const struct model *m)
{
	struct json_object *top = document();
	struct json_object *all = need(json_object_new_array());
	size_t i;

	for (i = 0; i < m->nr_conflicts; i++)
		push(all, conflict(m, &m->conflicts[i]));
	put(top, "policy", text(m->policy));
	put(top, "conflicts", all);
	put(top, "total", number(m->total));
	put(top, "suppressed", number(m->suppressed));
	emit(top);
}

static struct json_object *pci(const struct pci_bar *bar)
{
	struct json_object *v;

	if (!bar)
		return NULL;
	v = need(json_object_new_object());
	put(v, "device", text(bar->device));
	put(v, "bar", number(bar->bar));
	put(v, "driver", text(bar->driver));
	put(v, "range", span(bar->start, bar->end, true));
	return v;
}

static void json_explain(const struct model *m, const struct explanation *e)
{
	struct json_object *top = document();
	struct json_object *holders = need(json_object_new_array());
	struct json_object *conflicts = need(json_object_new_array());
	size_t i;

	for (i = 0; i < e->nr_holders; i++)
		push(holders, record(e->holders[i]));
	for (i = 0; i < e->nr_conflicts; i++) {
		struct json_object *v = conflict(m, e->conflicts[i]);

		put(v, "consequence", text(consequence(e->conflicts[i])));
		put(v, "advice", text_and_free(advice(e->conflicts[i])));
		push(conflicts, v);
	}
	put(top, "address", address(e->address));
	put(top, "resource", text(e->resource));
	put(top, "pci", pci(e->bar));
	put(top, "holders", holders);
	put(top, "conflicts", conflicts);
	put(top, "summary", text(e->summary));
	emit(top);
}

static void json_version(void)
{
	struct json_object *top = need(json_object_new_object());

	put(top, "version", number(JSON_VERSION));
	put(top, "pfntrack", text(PFNTRACK_VERSION));
	put(top, "format", number(PFN_TRACK_FORMAT_VERSION));
	emit(top);
}

static struct json_object *option_names(const struct cmd *cmd)
{
	struct json_object *names = need(json_object_new_array());
	const struct opt *opt;

	for (opt = option_table; opt->name; opt++)
		if (!opt->table || cmd->columns)
			push(names, text_and_free(xasprintf("--%s", opt->name)));
	return names;
}

static void json_help(void)
{
	struct json_object *top = need(json_object_new_object());
	struct json_object *all = need(json_object_new_array());
	const struct cmd *cmd;
	size_t i;

	for (cmd = commands; cmd->name; cmd++) {
		struct json_object *v = need(json_object_new_object());
		struct json_object *columns = need(json_object_new_array());

		for (i = 0; cmd->columns && column_at(cmd->columns, i); i++)
			push(columns, text(column_at(cmd->columns, i)->name));
		put(v, "name", text(cmd->name));
		put(v, "args", text(cmd->args));
		put(v, "summary", text(cmd->summary));
		put(v, "options", option_names(cmd));
		put(v, "columns", columns);
		push(all, v);
	}
	put(top, "version", number(JSON_VERSION));
	put(top, "commands", all);
	emit(top);
}

const struct printer json_printer = {
	.status = json_status,
	.list = json_list,
	.conflicts = json_conflicts,
	.explain = json_explain,
	.version = json_version,
	.help = json_help,
};
