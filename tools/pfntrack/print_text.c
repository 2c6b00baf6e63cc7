// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the model as text for people.  Everything that came from outside
 * passes cell_text() or text_safe() on its way to the terminal.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "filter.h"
#include "main.h"
#include "print.h"
#include "table.h"
#include "util.h"

/* Print a text and free it. */
void text_put(char *s)
{
	fputs(s, stdout);
	free(s);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* Nothing to be seen is no comfort where nobody looks. */
static const char *off_note(const struct model *m)
{
	return policy_off(m->policy) ? "; the policy is off" : "";
}

static void text_list(const struct model *m)
{
	bool table_only = opts.raw || opts.noheadings;

	if (m->nr_records)
		columns_print(&list_columns, m);
	if (table_only)
		return;
	if (!m->nr_records)
		printf("No mapping %s%s.\n", m->filtered ? "is like that" : "is recorded",
		       off_note(m));
	if (m->not_known)
		printf("Not known: %s.\n", m->not_known);
	if (m->incomplete)
		printf("Warning: %llu mapping%s could not be stored and are missing here.\n",
		       (unsigned long long)m->incomplete, plural(m->incomplete));
	if (m->late)
		puts("Warning: tracking began after boot; mappings made before are missing here.");
	text_source(m);
}

void text_side(const char *label, const struct mapping *map)
{
	printf("  %-9s ", label);
	text_put(cell_attr(map));
	fputs(", ", stdout);
	if (map->kind && !strcmp(map->kind, kind_names[PFN_KIND_RESERVATION]) && !map->comm &&
	    !map->site && !map->module)
		fputs("by an unknown reservation", stdout);
	else
		text_put(cell_text(map->kind));
	if (map->pid || map->comm) {
		fputs(" by ", stdout);
		text_put(cell_text(map->comm));
		fputs(" (pid ", stdout);
		text_put(cell_text(map->pid));
		putchar(')');
	}
	if (map->dev) {
		fputs(", device ", stdout);
		text_put(cell_text(map->dev));
		fputs(" driver ", stdout);
		text_put(cell_text(map->driver));
	}
	if (map->site) {
		fputs(", at ", stdout);
		text_put(cell_text(map->site));
	}
	if (map->module) {
		fputs(" [", stdout);
		text_put(cell_text(map->module));
		putchar(']');
	}
	if (map->file) {
		fputs(", file ", stdout);
		text_put(cell_text(map->file));
	}
	if (map->time) {
		fputs(", time ", stdout);
		text_put(cell_text(map->time));
	}
	putchar('\n');
}

void text_detail(const char *label, char *text)
{
	if (!text)
		return;
	printf("  %-9s ", label);
	text_put(cell_text(text));
	putchar('\n');
	free(text);
}

char *text_where(const struct model *m, uint64_t start)
{
	const struct pci_bar *bar = find_bar(m, start);
	char *path = resource_path(m, start), *both;

	if (!bar)
		return path;
	both = xasprintf("%s%sBAR %d of PCI device %s, driver %s", path ? path : "",
			 path ? ": " : "", bar->bar, bar->device,
			 bar->driver ? bar->driver : "none");
	free(path);
	return both;
}

/* "all", or how much it is. */
static char *part_text(uint64_t bytes, const struct span *of, bool exact)
{
	char *size, *part;

	if (bytes == span_size(of))
		return xstrdup("all");
	size = text_size(bytes);
	part = xasprintf("%s%s", exact ? "" : "at least ", size);
	free(size);
	return part;
}

/**
 * text_extent() - what was asked for, what of it suffers, and who holds it
 * @c: the conflict
 *
 * Return: a new string.
 */
char *text_extent(const struct conflict *c)
{
	char *range = cell_range(&c->asked), *size = text_size(span_size(&c->asked));
	char *suffers = part_text(c->bytes, &c->asked, c->exact);
	char *held = part_text(c->held_bytes, &c->asked, c->exact);
	const char *others = c->exact ? "" : "at least ";
	char *who, *extent;

	if (c->further)
		who = xasprintf("this and %s%llu more mapping%s", others,
				(unsigned long long)c->further, plural(c->further));
	else
		who = xstrdup(c->exact ? "this mapping" : "at least this mapping");
	if (!c->has_held)
		extent = xasprintf("%s (%s) asked for%s%s%s", range, size, c->downgrade ? ", " : "",
				   c->downgrade ? suffers : "",
				   c->downgrade ? " of it downgraded" : "");
	else if (c->downgrade)
		extent = xasprintf("%s (%s) asked for, %s of it %sdowngraded, %s of it held by %s",
				   range, size, suffers, conflict_refused(c) ? "to be " : "", held,
				   who);
	else
		extent = xasprintf("%s (%s) asked for, %s of it conflicts with %s", range, size,
				   suffers, who);
	free(range);
	free(size);
	free(suffers);
	free(held);
	free(who);
	return extent;
}

static void text_conflict(const struct model *m, const struct conflict *c)
{
	char *size = text_size(span_size(&c->new.range));

	printf("Conflict %llu: ", (unsigned long long)c->id);
	text_put(cell_text(c->verdict));
	fputs(c->downgrade ? " (downgrade), " : ", ", stdout);
	text_put(cell_text(c->result));
	fputs(", ", stdout);
	text_put(cell_range(&c->new.range));
	printf(" (%s), %llu time%s, policy ", size, (unsigned long long)c->count, plural(c->count));
	text_put(cell_text(c->policy));
	putchar('\n');
	free(size);

	text_detail("where", text_where(m, c->new.range.start));
	text_side("new", &c->new);
	if (c->has_held)
		text_side("held", &c->held);
	else if (c->cause)
		text_detail("cause", xstrdup(c->cause));
	else
		text_detail("held", xstrdup("by no recorded mapping: the platform itself decided"));
	text_detail("extent", text_extent(c));
	text_detail("means", xstrdup(consequence(c)));
	text_detail("source", c->source ? xstrdup(c->source) : NULL);
	text_detail("advice", xstrdup(advice(c)));
}

/* The answer, where it is not that of all of this boot. */
static char *counted_text(const struct model *m)
{
	return xasprintf("%llu conflict%s %s%s, and %llu refused.\n\n",
			 (unsigned long long)m->history.conflicts, plural(m->history.conflicts),
			 m->filtered ? "like that " : "", m->history.since,
			 (unsigned long long)m->history.refused);
}

/**
 * text_hidden() - say that earlier ones are not shown
 * @n: how many
 */
void text_hidden(size_t n)
{
	if (n)
		printf("%zu earlier one%s not shown; '--since boot' shows all.\n", n,
		       n == 1 ? " is" : "s are");
}

static void text_conflicts(const struct model *m)
{
	size_t i;

	/* Who asks for columns wants rows to work with, not prose. */
	if (columns_asked()) {
		columns_print(&conflicts_columns, m);
		return;
	}
	if (m->filtered || m->history.limited)
		text_put(counted_text(m));
	for (i = 0; i < m->nr_conflicts; i++) {
		text_conflict(m, &m->conflicts[i]);
		putchar('\n');
	}
	if (!m->nr_conflicts && (m->filtered || m->history.limited)) {
		printf("No such conflict is listed%s.\n", off_note(m));
	} else if (!m->total && !m->nr_conflicts) {
		printf("No conflict is recorded%s.\n", off_note(m));
	} else {
		printf("%llu conflict%s, %zu of them listed; %llu report%s suppressed.\n",
		       (unsigned long long)m->total, plural(m->total), m->nr_conflicts,
		       (unsigned long long)m->suppressed, plural(m->suppressed));
	}
	text_hidden(m->history.hidden);
	text_unknown(summarize_conflicts(m));
	text_source(m);
}

static void explain_range(const struct mapping *map)
{
	printf("  %-9s ", "range");
	text_put(cell_range(&map->range));
	if (map->va.known) {
		fputs(", at ", stdout);
		text_put(cell_text(map->space));
		fputs(" addresses ", stdout);
		text_put(cell_range(&map->va));
	}
	putchar('\n');
}

/* Where an address lies, or what a device has. */
static void explain_subject(const struct model *m, const struct explanation *e)
{
	char *place;
	size_t i;

	if (e->pid) {
		printf("Process %s\n", e->pid);
		return;
	}
	if (!e->device) {
		printf("Address 0x%llx\n", (unsigned long long)e->address);
		place = text_where(m, e->address);
		text_detail("where", place ? place : xstrdup("in no resource of /proc/iomem"));
		return;
	}
	fputs("Device ", stdout);
	text_put(text_safe(e->device));
	putchar('\n');
	for (i = 0; i < m->nr_bars; i++) {
		const struct pci_bar *bar = &m->bars[i];
		struct span span = { true, bar->start, bar->end };

		if (!same_device(e->device, bar->device))
			continue;
		place = cell_range(&span);
		text_detail("BAR", xasprintf("%d: %s, driver %s", bar->bar, place,
					     bar->driver ? bar->driver : "none"));
		free(place);
	}
}

static void text_explain(const struct model *m, const struct explanation *e)
{
	size_t i;

	explain_subject(m, e);
	for (i = 0; i < e->nr_holders; i++) {
		explain_range(e->holders[i]);
		text_side("held", e->holders[i]);
	}
	for (i = 0; i < e->nr_conflicts; i++) {
		putchar('\n');
		text_conflict(m, e->conflicts[i]);
	}
	if (e->aliased && (e->alias.downgrade || e->alias.verdict > PFN_VERDICT_LEGAL)) {
		putchar('\n');
		text_alias(m, &e->alias);
	}
	putchar('\n');
	text_put(text_safe(e->summary));
	putchar('\n');
	text_source(m);
}

static void text_version(void)
{
	printf("pfntrack %s (reads format version %d)\n", PFNTRACK_VERSION,
	       PFN_TRACK_FORMAT_VERSION);
}

static void text_help(void)
{
	const struct cmd *cmd;

	puts("Usage: pfntrack [OPTIONS] COMMAND\n\n"
	     "Shows which cache attributes physical memory is mapped with, who mapped it, and\n"
	     "which mappings disagree.  Reads a kernel that has pfn_track, as root; of any other,\n"
	     "what /proc and sysfs show.\n\n"
	     "Commands:");
	for (cmd = commands; cmd->name; cmd++)
		printf("  %-10s%-23s%s\n", cmd->name, cmd->args, cmd->summary);
	show_options(NULL);
	show_exit_codes();
	puts("\nExamples:\n"
	     "  pfntrack status                       has this machine a problem?\n"
	     "  pfntrack conflicts --json             both sides of each conflict, for scripts\n"
	     "  pfntrack explain 0xfebc0000           who maps this address, and as what?\n"
	     "  pfntrack --root snapshot list         the same for a captured tree\n\n"
	     "'pfntrack COMMAND --help' says more about one command; see also pfntrack(8).");
}

const struct printer text_printer = {
	.status = text_status,
	.list = text_list,
	.aliases = text_aliases,
	.metrics = text_metrics,
	.conflicts = text_conflicts,
	.explain = text_explain,
	.audit = text_audit,
	.leaks = text_leaks,
	.features = text_features,
	.policy = text_policy,
	.snapshot = text_snapshot,
	.version = text_version,
	.help = text_help,
};
