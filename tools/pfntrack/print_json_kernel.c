// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: what a kernel offers, its policy and history, and a snapshot, as JSON. */

#include <string.h>

#include "json.h"
#include "main.h"
#include "print.h"
#include "source_kernel.h"
#include "util.h"

/**
 * jhistory() - what happened since boot, since a time, or since it was acknowledged
 * @m: the model
 * @conflicts: with conflicts
 * @leaks: with leaks
 *
 * Return: the value, NULL (JSON's null) for a source without a history.
 */
struct json_object *jhistory(const struct model *m, bool conflicts, bool leaks)
{
	const struct history *h = &m->history;
	struct json_object *v;

	if (!h->since)
		return NULL;
	v = jneed(json_object_new_object());
	if (conflicts) {
		jput(v, "since", jtext(h->since));
		jput(v, "conflicts", jnumber(h->conflicts));
		jput(v, "refused", jnumber(h->refused));
		jput(v, "earlier", jnumber(h->hidden));
	}
	if (leaks) {
		jput(v, "leaks_since", jtext(h->leaks_since));
		jput(v, "leaks", jnumber(h->leaks));
	}
	return v;
}

/**
 * json_features() - print what the kernel offers
 * @m: the model, with features
 */
void json_features(const struct model *m)
{
	struct json_object *top = jdocument_of(m);
	struct json_object *all = jneed(json_object_new_array());
	struct summary s = summarize_features(m);
	size_t i;

	for (i = 0; i < m->nr_features; i++) {
		struct json_object *v = jneed(json_object_new_object());

		jput(v, "name", jtext(m->features[i].name));
		jput(v, "state", jtext(m->features[i].state));
		jput(v, "what", jtext(m->features[i].what));
		jpush(all, v);
	}
	jput(top, "release", jtext(m->release));
	jput(top, "arch", jtext(m->arch));
	jput(top, "policy", jtext(m->policy));
	jput(top, "lockdown", jtext(m->lockdown));
	jput(top, "features", all);
	jput(top, "coverage", jcoverage(m));
	jput(top, "summary", jtext_and_free(s.text));
	jemit(top);
}

/**
 * json_policy() - print the policy, or that of one kind
 * @m: the model, with sysfs
 */
void json_policy(const struct model *m)
{
	struct json_object *top = jdocument_of(m);
	struct json_object *all = jneed(json_object_new_object());
	size_t i;

	for (i = 0; kind_names[i]; i++) {
		struct json_object *v;

		if (opts.kind && strcmp(opts.kind, kind_names[i]))
			continue;
		v = jneed(json_object_new_object());
		jput(v, "policy", jtext(m->kind_policy[i]));
		jput(all, kind_names[i], v);
	}
	jput(top, "policy", jtext(m->policy));
	jput(top, "kinds", all);
	jput(top, "late", jbool(m->counters[COUNTER_late]));
	jemit(top);
}

/**
 * json_snapshot() - say where a snapshot is
 * @s: the snapshot
 */
void json_snapshot(const struct snapshot *s)
{
	struct json_object *top = jdocument();

	jput(top, "directory", jtext(s->dir));
	jput(top, "files", jnumber(s->count->files));
	jput(top, "bytes", jnumber(s->count->bytes));
	jput(top, "masked", jnumber(s->count->masked));
	jemit(top);
}
