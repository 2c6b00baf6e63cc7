// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack explain: everything that is known about an address, a device or a process. */

#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "main.h"
#include "print.h"
#include "source_kernel.h"
#include "util.h"

static char *not_watched(const struct model *m)
{
	char *all = xstrdup("");
	size_t i;

	for (i = 0; i < m->nr_hooks; i++) {
		char *longer;

		if (!strcmp(m->hooks[i].state, "live"))
			continue;
		longer = xasprintf("%s%s%s", all, *all ? ", " : "", m->hooks[i].kind);
		free(all);
		all = longer;
	}
	return all;
}

static char *seen_text(const struct model *m, const struct explanation *e)
{
	char *blind, *s;
	bool differ = false;
	size_t i;

	for (i = 1; i < e->nr_holders; i++)
		differ |= e->holders[i]->got && e->holders[0]->got &&
			  strcmp(e->holders[i]->got, e->holders[0]->got);
	if (m->view == VIEW_PROC)
		return xasprintf("%zu mapping%s%s. Other mappings of it are not known.",
				 e->nr_holders, e->nr_holders == 1 ? "" : "s",
				 differ ? " with different attributes" : "");
	blind = not_watched(m);
	s = xasprintf(
		"%zu recorded mapping%s%s, %zu conflict%s. Other roads than those watched are not known%s%s%s.",
		e->nr_holders, e->nr_holders == 1 ? "" : "s",
		differ ? " with different attributes" : "", e->nr_conflicts,
		e->nr_conflicts == 1 ? "" : "s", *blind ? " (off: " : "", blind, *blind ? ")" : "");
	free(blind);
	return s;
}

/* Is a mapping of what is asked about? */
static bool of(const struct model *m, const struct explanation *e, const struct mapping *map)
{
	if (e->device)
		return maps_device(m, map, e->device);
	if (e->pid)
		return map->pid && !strcmp(map->pid, e->pid);
	return span_has(&map->range, e->address);
}

/* One that somebody asked about holds a part of it. */
static bool held(const struct explanation *e, const struct alias *alias)
{
	size_t i;

	if (!e->device && !e->pid)
		return span_has(&alias->range, e->address);
	for (i = 0; i < e->nr_holders; i++)
		if (e->holders[i]->range.known &&
		    e->holders[i]->range.start <= alias->range.start &&
		    alias->range.end <= e->holders[i]->range.end)
			return true;
	return false;
}

static void gather(const struct model *m, struct explanation *e)
{
	size_t i;

	if (!e->device && !e->pid) {
		e->resource = resource_path(m, e->address);
		e->bar = find_bar(m, e->address);
	}
	e->holders = xcalloc(m->nr_records, sizeof(*e->holders));
	e->conflicts = xcalloc(m->nr_conflicts, sizeof(*e->conflicts));
	for (i = 0; i < m->nr_records; i++)
		if (of(m, e, &m->records[i]))
			e->holders[e->nr_holders++] = &m->records[i];
	for (i = 0; i < m->nr_conflicts; i++)
		/* The overlap is the newcomer's range; a process may have been either. */
		if (of(m, e, &m->conflicts[i].new) || (e->pid && of(m, e, &m->conflicts[i].held)))
			e->conflicts[e->nr_conflicts++] = &m->conflicts[i];
	for (i = 0; i < m->nr_aliases && !e->aliased; i++) {
		e->aliased = held(e, &m->aliases[i]);
		e->alias = m->aliases[i];
	}
}

static int check(const struct model *m, const struct explanation *e)
{
	uint64_t limit = phys_limit(m);
	size_t i;

	if (e->address > limit)
		return fail(
			RC_USAGE,
			"0x%llx is above this machine's physical addresses, which end at 0x%llx",
			(unsigned long long)e->address, (unsigned long long)limit);
	for (i = 0; e->device && i < m->nr_bars; i++)
		if (same_device(e->device, m->bars[i].device))
			return 0;
	for (i = 0; e->device && i < m->nr_records; i++)
		if (same_device(e->device, m->records[i].dev))
			return 0;
	return e->device ? fail(RC_USAGE,
				"no PCI device '%s' with memory is known; lspci lists devices",
				e->device)
			 : 0;
}

static bool harms(const struct explanation *e)
{
	size_t i;

	/* What is shown is all of history; what was refused or acknowledged is no problem. */
	for (i = 0; i < e->nr_conflicts; i++)
		if (!conflict_refused(e->conflicts[i]) && !e->conflicts[i]->old)
			return true;
	return e->aliased && alias_harms(&e->alias);
}

/* Why it is not known whether anything harms; NULL if it is. */
static char *why_unknown(struct model *m, const struct explanation *e)
{
	bool known = !e->aliased || e->alias.verdict != PFN_VERDICT_UNKNOWN;
	char *text = unknown_text(m, false);
	size_t i;

	m->missed = 0;
	for (i = 0; i < e->nr_holders; i++) {
		known &= !!e->holders[i]->got;
		m->missed += linear_missed(m, e->holders[i]);
	}
	if (!text && !known)
		text = xstrdup("Not known: this source does not know how all of them map it.");
	if (!text)
		text = missed_text(m);
	if (!text)
		text = unlisted_text(m->history.unlisted, "conflict");
	return text;
}

static void judge(struct model *m, struct explanation *e)
{
	char *text = seen_text(m, e), *unknown;

	e->healthy = 0;
	if (harms(e)) {
		e->summary = text;
		return;
	}
	unknown = why_unknown(m, e);
	e->healthy = unknown ? -1 : 1;
	e->summary = unknown ? xasprintf("%s %s", unknown, text) : text;
	if (unknown)
		free(text);
	free(unknown);
}

static int explain(struct model *m, struct explanation *e)
{
	int rc = check(m, e);

	if (rc)
		return rc;
	gather(m, e);
	judge(m, e);
	printer()->explain(m, e);
	rc = e->healthy < 0 ? RC_UNSUPPORTED : e->healthy ? RC_CLEAN : RC_CONFLICT;
	free(e->resource);
	free(e->holders);
	free(e->conflicts);
	free(e->summary);
	return rc;
}

/* An address has no colon, and no word in front of it. */
static int parse(char *arg, struct explanation *e)
{
	struct filter f = { 0 };
	int rc;

	if (!strncmp(arg, "pid=", 4)) {
		rc = filter_parse(&f, 1, &arg);
		/* 007 is 7. */
		e->pid = arg + 4;
		while (e->pid[0] == '0' && e->pid[1])
			e->pid++;
		return rc;
	}
	if (strchr(arg, ':')) {
		e->device = arg;
		return 0;
	}
	return parse_address(arg, &e->address);
}

/**
 * cmd_explain() - "pfntrack explain ADDRESS|DEVICE|pid=PID"
 * @argc: 1
 * @argv: what to explain
 *
 * Return: exit code.
 */
int cmd_explain(int argc, char **argv)
{
	struct explanation e = { 0 };
	struct model m = { 0 };
	int rc;

	(void)argc;
	rc = parse(argv[0], &e);
	if (!rc)
		rc = source_load(&m, LOAD_SYSFS | LOAD_RECORDS | LOAD_ALIASES | LOAD_CONFLICTS |
					     LOAD_COVERAGE | LOAD_PLATFORM);
	if (!rc)
		rc = explain(&m, &e);
	model_free(&m);
	return rc;
}
