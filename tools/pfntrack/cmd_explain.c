// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack explain: everything that is known about a physical address. */

#include <stdlib.h>
#include <string.h>

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

static char *explain_summary(const struct model *m, const struct explanation *e)
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

static void gather(const struct model *m, struct explanation *e)
{
	size_t i;

	e->resource = resource_path(m, e->address);
	e->bar = find_bar(m, e->address);
	e->holders = xcalloc(m->nr_records, sizeof(*e->holders));
	e->conflicts = xcalloc(m->nr_conflicts, sizeof(*e->conflicts));
	for (i = 0; i < m->nr_records; i++)
		if (span_has(&m->records[i].range, e->address))
			e->holders[e->nr_holders++] = &m->records[i];
	for (i = 0; i < m->nr_conflicts; i++)
		if (span_has(&m->conflicts[i].new.range, e->address))
			e->conflicts[e->nr_conflicts++] = &m->conflicts[i];
	for (i = 0; i < m->nr_aliases && !e->aliased; i++) {
		e->aliased = span_has(&m->aliases[i].range, e->address);
		e->alias = m->aliases[i];
	}
	e->summary = explain_summary(m, e);
}

static int explain(const struct model *m, uint64_t address)
{
	struct explanation e = { .address = address };
	uint64_t limit = phys_limit(m);
	int rc;

	if (address > limit)
		return fail(
			RC_USAGE,
			"0x%llx is above this machine's physical addresses, which end at 0x%llx",
			(unsigned long long)address, (unsigned long long)limit);
	gather(m, &e);
	printer()->explain(m, &e);
	rc = e.nr_conflicts || (e.aliased && verdict_harms(e.alias.verdict)) ? RC_CONFLICT
									     : RC_CLEAN;
	free(e.resource);
	free(e.holders);
	free(e.conflicts);
	free(e.summary);
	return rc;
}

/**
 * cmd_explain() - "pfntrack explain ADDRESS"
 * @argc: 1
 * @argv: the address
 *
 * Return: exit code.
 */
int cmd_explain(int argc, char **argv)
{
	struct model m = { 0 };
	uint64_t address = 0;
	int rc;

	(void)argc;
	rc = parse_address(argv[0], &address);
	if (!rc)
		rc = source_load(&m, LOAD_RECORDS | LOAD_ALIASES | LOAD_CONFLICTS | LOAD_COVERAGE |
					     LOAD_PLATFORM);
	if (!rc)
		rc = explain(&m, address);
	model_free(&m);
	return rc;
}
