// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: audits and leaks as JSON. */

#include "json.h"
#include "main.h"
#include "print.h"
#include "util.h"

static struct json_object *finding(const struct model *m, const struct finding *f)
{
	const struct pci_bar *bar = find_bar(m, f->map.range.start);
	struct json_object *v = jneed(json_object_new_object());

	jput(v, "finding", jtext(f->type));
	jput(v, "found", jtext(f->found));
	jput_record(v, &f->map);
	jput(v, "resource", jtext_and_free(resource_path(m, f->map.range.start)));
	jput(v, "pci", jtext(bar ? bar->device : NULL));
	return v;
}

static struct json_object *numbers(const struct model *m, size_t first, size_t last)
{
	struct json_object *v = jneed(json_object_new_object());

	for (; first <= last; first++)
		jput(v, audit_names[first], audit_says(m, first) ? jnumber(m->audit[first]) : NULL);
	return v;
}

/**
 * json_audit() - print an audit
 * @m: the model, with an audit and the coverage
 */
void json_audit(const struct model *m)
{
	struct json_object *top = jdocument_of(m);
	struct json_object *all = jneed(json_object_new_array());
	struct json_object *walked = numbers(m, 0, AUDIT_uncovered);
	size_t i;

	jput(walked, "plain_pages",
	     audit_says(m, AUDIT_plain_pages) ? jnumber(m->audit[AUDIT_plain_pages]) : NULL);
	jput(walked, "entries",
	     audit_says(m, AUDIT_entries) ? jnumber(m->audit[AUDIT_entries]) : NULL);

	for (i = 0; i < m->nr_findings; i++)
		jpush(all, finding(m, &m->findings[i]));
	jput(top, "policy", jtext(m->policy));
	jput(top, "missing", jnumber(count_findings(m, AUDIT_missing)));
	jput(top, "stale", jnumber(count_findings(m, AUDIT_stale)));
	jput(top, "different", jnumber(count_findings(m, AUDIT_differs)));
	jput(top, "aliased", jnumber(count_findings(m, AUDIT_alias)));
	jput(top, "broken", jnumber(count_findings(m, AUDIT_broken)));
	jput(top, "findings", all);
	jput(top, "total", jnumber(m->audit[AUDIT_findings]));
	jput(top, "walked", walked);
	jput(top, "coverage", jcoverage(m));
	jput(top, "incomplete", jnumber(m->incomplete));
	jput(top, "late", jbool(m->late));
	jput_answer(top, summarize_audit(m));
	jemit(top);
}

static struct json_object *leak(const struct model *m, const struct leak *l)
{
	const struct pci_bar *bar = find_bar(m, l->map.range.start);
	struct json_object *v = jneed(json_object_new_object());
	struct json_object *gone = jneed(json_object_new_object());

	jput(gone, "how", jtext(l->gone));
	jput(gone, "name", jtext(l->name));
	jput(gone, "dev", jtext(l->dev));
	jput(v, "id", jnumber(l->id));
	jput(v, "time", jseconds(l->time));
	jput(v, "gone", gone);
	jput(v, "held", jrecord(&l->map));
	jput(v, "resource", jtext_and_free(resource_path(m, l->map.range.start)));
	jput(v, "pci", jtext(bar ? bar->device : NULL));
	return v;
}

/**
 * json_leaks() - print what drivers and modules left mapped
 * @m: the model, with leaks and the platform
 */
void json_leaks(const struct model *m)
{
	struct json_object *top = jdocument_of(m);
	struct json_object *all = jneed(json_object_new_array());
	size_t i;

	for (i = 0; i < m->nr_leaks; i++)
		jpush(all, leak(m, &m->leaks[i]));
	jput(top, "policy", jtext(m->policy));
	jput(top, "leaks", all);
	jput(top, "total", jnumber(m->leaks_total));
	jput(top, "history", jhistory(m, false, true));
	jput_answer(top, summarize_leaks(m));
	jemit(top);
}
