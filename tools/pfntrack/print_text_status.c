// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: the one screen of "status", as text for people. */

#include <stdio.h>
#include <stdlib.h>

#include "columns.h"
#include "main.h"
#include "print.h"
#include "table.h"
#include "util.h"

#define LABEL "%-12s "

static void put_line(const char *label, const char *text)
{
	printf(LABEL, label);
	text_put(cell_text(text));
	putchar('\n');
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void status_by_kind(const struct model *m)
{
	bool any = false;
	size_t i, n;

	printf(LABEL, "Kinds");
	for (i = 0; kind_names[i]; i++) {
		n = count_kind(m, kind_names[i]);
		if (n)
			printf("%s%s %zu", any ? ", " : "", kind_names[i], n);
		any |= n;
	}
	puts(any ? "" : "-");
}

static void status_attributes(const struct model *m)
{
	bool any = false;
	size_t i, n;

	printf(LABEL, "Attributes");
	for (i = 0; attr_names[i]; i++) {
		n = count_attr(m, attr_names[i]);
		if (n)
			printf("%s%s %zu", any ? ", " : "", attr_names[i], n);
		any |= n;
	}
	n = count_attr(m, NULL);
	if (n)
		printf("%sother %zu", any ? ", " : "", n);
	puts(any || n ? "" : "-");
}

static void status_kinds(const struct model *m)
{
	struct table *t;
	size_t i;

	/* Without hooks there are no more than the numbers. */
	if (m->view == VIEW_PROC)
		return;
	t = table_new();
	table_column(t, "KIND", false);
	table_column(t, "HOOK", false);
	table_column(t, "POLICY", false);
	table_column(t, "RECORDS", true);
	for (i = 0; kind_names[i]; i++) {
		const char *state = hook_state(m, kind_names[i]);

		table_cell(t, cell_text(kind_names[i]));
		table_cell(t, cell_text(state ? state : "not known"));
		table_cell(t, cell_text(m->kind_policy[i]));
		table_cell(t, xasprintf("%zu", count_kind(m, kind_names[i])));
	}
	putchar('\n');
	table_print(t);
	puts("What no live hook watches is not known; it is not called clean.");
}

/* What only a kernel with pfn_track counts. */
static void status_counters(const struct model *m)
{
	const char *worst = worst_verdict(m);
	const uint64_t *n = m->counters;

	printf(LABEL "%llu", "Conflicts", (unsigned long long)m->total);
	if (worst) {
		printf(", worst ");
		text_put(cell_text(worst));
	}
	printf("; %llu refused, %llu downgraded, %llu report%s suppressed\n",
	       (unsigned long long)n[COUNTER_refused], (unsigned long long)n[COUNTER_downgrades],
	       (unsigned long long)n[COUNTER_suppressed], plural(n[COUNTER_suppressed]));
	if (m->history.limited)
		printf(LABEL "%llu mapped, %llu refused, %s\n", "  counted",
		       (unsigned long long)m->history.conflicts,
		       (unsigned long long)m->history.refused, m->history.since);
	if (count_linear(m))
		printf(LABEL
		       "%llu: RAM that somebody maps otherwise than the kernel's own linear map\n",
		       "  linear map", (unsigned long long)count_linear(m));
	printf(LABEL, "Leaks");
	if (m->counts_leaks)
		printf("%llu%s\n", (unsigned long long)n[COUNTER_leaks],
		       n[COUNTER_leaks] ? ", left mapped by drivers or modules that went" : "");
	else
		puts("not known: this kernel does not count them");
	text_roads(m, "Coverage");
	text_impossible(m);
}

static void status_warnings(const struct model *m)
{
	const uint64_t *n = m->counters;

	if (n[COUNTER_incomplete])
		printf("Warning: %llu mapping%s could not be stored; the records are incomplete.\n",
		       (unsigned long long)n[COUNTER_incomplete], plural(n[COUNTER_incomplete]));
	if (n[COUNTER_late])
		puts("Warning: tracking began after boot; mappings made before are not known.");
}

static void status_records(const struct model *m)
{
	const uint64_t *n = m->counters;

	if (m->view == VIEW_KERNEL)
		printf(LABEL "%llu live, %llu mapped and %llu unmapped so far\n", "Records",
		       (unsigned long long)n[COUNTER_records], (unsigned long long)n[COUNTER_maps],
		       (unsigned long long)n[COUNTER_unmaps]);
	else
		printf(LABEL "%zu live; of %zu it is not known what they map\n", "Mappings",
		       m->nr_records, m->unplaced);
}

/**
 * text_status() - print the one screen, and the answer in its first line
 * @m: the model, with everything that status loads
 */
void text_status(const struct model *m)
{
	struct summary s = summarize(m);
	char *text;

	text_put(text_safe(s.text));
	putchar('\n');
	free(s.text);
	status_warnings(m);
	putchar('\n');
	put_line("Source", *opts.root ? opts.root : "the running kernel");
	put_line("  seen by", view_text(m));
	put_line("Architecture", m->arch);
	put_line("Policy", m->policy);
	status_records(m);
	if (m->view == VIEW_PROC)
		status_by_kind(m);
	status_attributes(m);
	text = aliases_text(m);
	put_line("Aliases", text);
	free(text);
	if (m->view == VIEW_KERNEL) {
		status_counters(m);
	} else {
		text = unseen_text(m);
		put_line("Conflicts", "not known: they are told by a kernel with pfn_track only");
		put_line("Not seen", text);
		free(text);
	}
	status_kinds(m);
}
