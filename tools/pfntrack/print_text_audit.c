// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: audits and leaks as text for people. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "main.h"
#include "print.h"
#include "util.h"

#define LABEL "%-12s "

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* A number and its noun. */
static void count(uint64_t n, const char *noun, const char *behind)
{
	printf("%llu %s%s%s", (unsigned long long)n, noun, plural(n), behind);
}

static void audit_walked(const struct model *m)
{
	const uint64_t *n = m->audit;

	printf(LABEL, "Walked");
	count(n[AUDIT_kernel_pages], "page", " of the kernel, ");
	count(n[AUDIT_user_pages], "page", " in ");
	count(n[AUDIT_user_areas], "area", " of ");
	count(n[AUDIT_user_spaces], "process address space", "\n");
	printf(LABEL, "Compared");
	count(n[AUDIT_records], "record", "");
	if (!audit_says(m, AUDIT_plain_pages)) {
		putchar('\n');
		printf(LABEL, "Left out");
		count(n[AUDIT_skipped], "area",
		      " that cannot hold page frames, plain RAM, the linear map,\n");
		printf(LABEL "fixmap and kernel image\n", "");
		return;
	}
	fputs(", and ", stdout);
	count(n[AUDIT_plain_pages], "page", " of write-back RAM with other holders\n");
	printf(LABEL, "Left out");
	if (n[AUDIT_skipped])
		count(n[AUDIT_skipped], "area", ", ");
	puts("the linear map, the fixmap, modules and the kernel image");
}

static void audit_coverage(const struct model *m)
{
	const uint64_t *n = m->audit;
	bool all = true;
	size_t i;

	printf(LABEL, "Coverage");
	count(n[AUDIT_uncovered], "page", " mapped by roads without a hook, ");
	count(n[AUDIT_unreached], "record", " out of reach (of no process)\n");
	text_roads(m, "");
	for (i = 0; i < m->nr_hooks; i++) {
		if (!strcmp(m->hooks[i].state, "live"))
			continue;
		printf(all ? LABEL : "%s, ", all ? "Not watched" : "");
		text_put(cell_text(m->hooks[i].kind));
		all = false;
	}
	if (!all)
		putchar('\n');
	if (m->incomplete)
		printf("Warning: %llu mapping%s could not be stored; they are missing.\n",
		       (unsigned long long)m->incomplete, plural(m->incomplete));
	if (m->late)
		puts("Warning: tracking began after boot; what was mapped before is missing.");
}

/**
 * text_audit() - print an audit
 * @m: the model, with an audit and the coverage
 */
void text_audit(const struct model *m)
{
	struct summary s;

	/* Who asks for columns wants rows to work with, not prose. */
	if (columns_asked()) {
		columns_print(&audit_columns, m);
		return;
	}
	s = summarize_audit(m);
	puts(s.text);
	free(s.text);
	if (policy_off(m->policy))
		return;
	audit_walked(m);
	audit_coverage(m);
	if (!m->nr_findings)
		return;
	putchar('\n');
	columns_print(&audit_columns, m);
	puts("\nmissing: mapped, but not on record; stale: on record, but not mapped, or not to\n"
	     "these page frames; differs: FOUND in the page tables, GOT on record.  A finding\n"
	     "is a road that pfn_track does not see, or page tables written behind its back:\n"
	     "'pfntrack explain' tells what else is known about an address.");
	if (count_findings(m, AUDIT_alias))
		puts("alias: RAM that is mapped as FOUND without a record, while others hold it as GOT.");
	if (count_findings(m, AUDIT_broken))
		puts("broken: the driver has lost the flags of its area (VM_PFNMAP or VM_MIXEDMAP), and\n"
		     "munmap() will print \"Bad page map\".  Report it to the authors of MODULE.");
}

static const char *leak_advice(const struct leak *leak)
{
	if (leak->gone && !strcmp(leak->gone, "unloaded"))
		return "Release it in the exit function of the module.";
	if (leak->map.kind && !strcmp(leak->map.kind, "reservation"))
		return "Call arch_io_free_memtype_wc() in remove() and where probe() fails.";
	if (leak->map.kind && !strcmp(leak->map.kind, "claim"))
		return "Release it in remove() and where probe() fails, or claim by devm.";
	return "Unmap it in remove() and where probe() fails, or map it by devm.";
}

static void text_leak(const struct model *m, const struct leak *leak)
{
	char *size = text_size(span_size(&leak->map.range));

	printf("Leak %llu: ", (unsigned long long)leak->id);
	text_put(cell_text(leak->name));
	if (leak->dev) {
		fputs(" of ", stdout);
		text_put(cell_text(leak->dev));
	}
	fputs(", ", stdout);
	text_put(cell_text(leak->gone));
	fputs(" at time ", stdout);
	text_put(cell_text(leak->time));
	fputs(", left ", stdout);
	text_put(cell_range(&leak->map.range));
	printf(" (%s)\n", size);
	free(size);
	text_detail("where", text_where(m, leak->map.range.start));
	text_side("held", &leak->map);
	text_detail("advice", xstrdup(leak_advice(leak)));
}

/**
 * text_leaks() - print what drivers and modules left mapped
 * @m: the model, with leaks and the platform
 */
void text_leaks(const struct model *m)
{
	size_t i;

	if (columns_asked()) {
		columns_print(&leaks_columns, m);
		return;
	}
	for (i = 0; i < m->nr_leaks; i++) {
		text_leak(m, &m->leaks[i]);
		putchar('\n');
	}
	if (m->filtered || m->history.limited)
		printf("%llu leak%s %s%s, %zu of them listed.\n",
		       (unsigned long long)m->history.leaks, plural(m->history.leaks),
		       m->filtered ? "like that " : "", m->history.leaks_since, m->nr_leaks);
	else if (m->leaks_total || m->nr_leaks)
		printf("%llu leak%s, %zu of them listed.\n", (unsigned long long)m->leaks_total,
		       plural(m->leaks_total), m->nr_leaks);
	else
		printf("No leak is recorded%s.\n",
		       policy_off(m->policy) ? "; the policy is off" : "");
	text_hidden(m->history.hidden_leaks);
	text_unknown(summarize_leaks(m));
}
