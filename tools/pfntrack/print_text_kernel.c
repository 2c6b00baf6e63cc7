// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: what a kernel offers, its policy, and a snapshot, as text for people. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "main.h"
#include "print.h"
#include "source_kernel.h"
#include "table.h"
#include "util.h"

static void line(const char *label, const char *text)
{
	printf("%-12s ", label);
	text_put(cell_text(text));
	putchar('\n');
}

/**
 * text_roads() - say which roads the kernel does not see; nothing if it names none
 * @m: the model, with coverage
 * @label: of the line
 */
void text_roads(const struct model *m, const char *label)
{
	char *roads;

	if (!m->nr_roads)
		return;
	roads = roads_text(m);
	line(label, roads);
	free(roads);
	if (count_uncovered(m))
		printf("%-12s (what comes by them is unknown, not clean)\n", "");
}

/**
 * text_impossible() - say which attributes cannot be had; nothing if all can
 * @m: the model, with coverage
 */
void text_impossible(const struct model *m)
{
	size_t i;

	for (i = 0; i < m->nr_impossible; i++) {
		const struct impossible *one = &m->impossible[i];
		char *text = xasprintf("%s cannot be had on this boot, %s is mapped: %s",
				       one->want ? one->want : "?", one->got ? one->got : "?",
				       one->why ? one->why : "not known why");

		line("Not possible", text);
		free(text);
	}
}

/* What is absent is of no use to people. */
static void roads_table(const struct model *m)
{
	struct table *t = table_new();
	bool any = false;
	size_t i;

	table_column(t, "ROAD", false);
	table_column(t, "STATE", false);
	table_column(t, "WHY", false);
	for (i = 0; i < m->nr_roads; i++) {
		if (!strcmp(m->roads[i].state, "absent"))
			continue;
		table_cell(t, cell_text(m->roads[i].name));
		table_cell(t, cell_text(m->roads[i].state));
		table_cell(t, cell_text(m->roads[i].why));
		any = true;
	}
	if (any)
		putchar('\n');
	table_print(t);
}

/**
 * text_features() - print what the kernel offers
 * @m: the model, with features
 */
void text_features(const struct model *m)
{
	struct summary s = summarize_features(m);
	struct table *t = table_new();
	size_t i;

	line("Kernel", m->release);
	line("Architecture", m->arch);
	line("Policy", m->policy);
	line("Lockdown", m->lockdown);
	putchar('\n');
	table_column(t, "FEATURE", false);
	table_column(t, "STATE", false);
	table_column(t, "WHAT", false);
	for (i = 0; i < m->nr_features; i++) {
		table_cell(t, cell_text(m->features[i].name));
		table_cell(t, cell_text(m->features[i].state));
		table_cell(t, cell_text(m->features[i].what));
	}
	table_print(t);
	putchar('\n');

	t = table_new();
	table_column(t, "KIND", false);
	table_column(t, "HOOK", false);
	for (i = 0; kind_names[i]; i++) {
		const char *state = hook_state(m, kind_names[i]);

		table_cell(t, cell_text(kind_names[i]));
		table_cell(t, cell_text(state ? state : "not known"));
	}
	table_print(t);
	roads_table(m);
	putchar('\n');
	text_impossible(m);
	text_put(text_safe(s.text));
	putchar('\n');
	free(s.text);
	/* One with pfn_track has just told its roads. */
	if (m->view == VIEW_PROC)
		text_source(m);
}

/**
 * text_policy() - print the policy, or that of one kind
 * @m: the model, with sysfs
 */
void text_policy(const struct model *m)
{
	struct table *t;
	size_t i;

	t = table_new();
	table_column(t, "KIND", false);
	table_column(t, "POLICY", false);
	if (!opts.kind) {
		table_cell(t, cell_text("all"));
		table_cell(t, cell_text(m->policy));
	}
	for (i = 0; kind_names[i]; i++) {
		if (opts.kind && strcmp(opts.kind, kind_names[i]))
			continue;
		table_cell(t, cell_text(kind_names[i]));
		table_cell(t, cell_text(m->kind_policy[i]));
	}
	table_print(t);
	if (m->counters[COUNTER_late])
		puts("Warning: tracking began after boot; mappings made before are not known.");
}

/**
 * text_snapshot() - say where a snapshot is
 * @s: the snapshot
 */
void text_snapshot(const struct snapshot *s)
{
	char *dir = text_safe(s->dir);

	printf("%llu files, %llu bytes; look at them with: pfntrack --root %s status\n",
	       (unsigned long long)s->count->files, (unsigned long long)s->count->bytes, dir);
	if (s->count->masked)
		printf("%llu kernel address%s replaced by zeros.\n",
		       (unsigned long long)s->count->masked,
		       s->count->masked == 1 ? " was" : "es were");
	free(dir);
}
