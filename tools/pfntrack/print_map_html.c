// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack map as one HTML file that needs nothing else.  The build puts map.html,
 * with map.css and map.js in it, into the command; what stands between @ signs in
 * a comment of map.html is written here.
 */

#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "html.h"
#include "main.h"
#include "print.h"
#include "replace.h"

#define MAX_LISTED 100 /* conflicts told at length */

static const char page[] = {
#include "map.html.inc"
};

static const char *machine(void)
{
	return *opts.root ? opts.root : "this machine";
}

static void write_title(FILE *out, const struct map *map)
{
	(void)map;
	html_printf(out, "pfntrack map: %s", machine());
}

static void write_facts(FILE *out, const struct map *map)
{
	const struct model *m = map->m;
	char *aliases = aliases_text(m);

	html_printf(out, "%s, architecture %s, policy %s. Source: %s. %zu mapping%s on record, ",
		    machine(), m->arch ? m->arch : "not known", m->policy ? m->policy : "not known",
		    view_text(m), m->nr_records, m->nr_records == 1 ? "" : "s");
	/* Only a kernel with pfn_track remembers. */
	if (m->view == VIEW_KERNEL)
		html_printf(out, "%llu conflict%s, ", (unsigned long long)m->total,
			    m->total == 1 ? "" : "s");
	html_printf(out, "stretches that are mapped more than once: %s.", aliases);
	free(aliases);
}

static bool uses(const struct map *map, const char *attr)
{
	size_t i, j;

	for (i = 1; i < map->nr_lanes; i++)
		for (j = 0; j < map->lanes[i].nr_boxes; j++)
			if (!strcmp(attr_class(map->lanes[i].boxes[j].got), attr) ||
			    (map->lanes[i].boxes[j].want &&
			     !strcmp(attr_class(map->lanes[i].boxes[j].want), attr)))
				return true;
	return false;
}

static void write_legend(FILE *out, const struct map *map)
{
	size_t i;

	for (i = 0; attr_names[i]; i++)
		if (uses(map, attr_names[i]))
			fprintf(out,
				"<button type=\"button\" aria-pressed=\"false\" data-attr=\"%s\">"
				"<svg class=\"key\" aria-hidden=\"true\"><g class=\"box %s\"><rect width=\"26\" "
				"height=\"16\" rx=\"2\"/><text x=\"5\" y=\"12\">%s</text></g></svg>%s</button>\n",
				attr_names[i], attr_names[i], map_attr_code(attr_names[i]),
				attr_names[i]);
}

static void write_line(FILE *out, const char *label, char *text)
{
	if (!text)
		return;
	fprintf(out, "<dt>%s</dt><dd>", label);
	html_text_and_free(out, text);
	fputs("</dd>", out);
}

static char *side(const struct mapping *r)
{
	return xasprintf("%s%s%s, %s by %s%s%s%s%s%s%s%s", r->want ? r->want : "-",
			 mapping_downgraded(r) ? ">" : "", mapping_downgraded(r) ? r->got : "",
			 r->kind ? r->kind : "-", r->comm ? r->comm : "-", r->pid ? " (pid " : "",
			 r->pid ? r->pid : "", r->pid ? ")" : "", r->site ? ", at " : "",
			 r->site ? r->site : "", r->dev ? ", device " : "", r->dev ? r->dev : "");
}

static void write_conflict(FILE *out, const struct model *m, const struct conflict *c)
{
	fprintf(out, "<article id=\"conflict-%llu\" class=\"%s\"><h3>", (unsigned long long)c->id,
		verdict_harmful(c->verdict) ? "harm" : "mild");
	html_printf(out, "Conflict %llu: %s%s, %s, ", (unsigned long long)c->id,
		    c->verdict ? c->verdict : "-", c->downgrade ? " (downgrade)" : "",
		    c->result ? c->result : "-");
	html_text_and_free(out, cell_range(&c->new.range));
	html_printf(out, ", %llu time%s", (unsigned long long)c->count, c->count == 1 ? "" : "s");
	fputs("</h3><dl>", out);
	write_line(out, "where", text_where(m, c->new.range.start));
	write_line(out, "new", side(&c->new));
	write_line(out, "held",
		   c->has_held ? side(&c->held)
			       : xstrdup("by no recorded mapping: the platform itself decided"));
	write_line(out, "extent", text_extent(c));
	write_line(out, "means", xstrdup(consequence(c)));
	write_line(out, "advice", xstrdup(advice(c)));
	fputs("</dl></article>\n", out);
}

static void write_alias(FILE *out, const struct model *m, const struct alias *alias)
{
	fprintf(out, "<article id=\"alias-0x%llx\" class=\"%s\"><h3>",
		(unsigned long long)alias->range.start,
		alias->verdict >= PFN_VERDICT_INCOHERENT ? "harm" : "mild");
	fputs("Now: ", out);
	html_text_and_free(out, alias_verdict_text(alias));
	fputs(", ", out);
	html_text_and_free(out, cell_range(&alias->range));
	html_printf(out, ", %zu holders", alias->holders);
	fputs("</h3><dl>", out);
	write_line(out, "where", text_where(m, alias->range.start));
	write_line(out, "one", side(alias->a));
	write_line(out, "other", side(alias->b));
	write_line(out, "means", alias->why ? xstrdup(alias->why) : NULL);
	write_line(out, "advice", xstrdup(alias_advice(alias)));
	fputs("</dl></article>\n", out);
}

static void write_conflicts(FILE *out, const struct map *map)
{
	const struct model *m = map->m;
	size_t i, n = 0;

	for (i = 0; i < m->nr_aliases; i++)
		if (alias_harms(&m->aliases[i]) && n++ < MAX_LISTED)
			write_alias(out, m, &m->aliases[i]);
	if (n > MAX_LISTED)
		html_printf(out, "%zu more are shown by 'pfntrack aliases'.", n - MAX_LISTED);
	for (i = 0; i < m->nr_conflicts && i < MAX_LISTED; i++)
		write_conflict(out, m, &m->conflicts[i]);
	if (i < m->nr_conflicts)
		html_printf(out, "%zu more are shown by 'pfntrack conflicts'.",
			    m->nr_conflicts - i);
	fputs("<p>", out);
	if (m->view != VIEW_KERNEL)
		html_printf(out, "Only a kernel with pfn_track remembers conflicts.");
	else if (!m->nr_conflicts)
		html_printf(out, "No conflict is recorded%s.",
			    policy_off(m->policy) ? "; the policy is off" : "");
	fputs("</p>", out);
}

static void write_notes(FILE *out, const struct map *map)
{
	const struct model *m = map->m;
	char *unseen = unseen_text(m);

	html_printf(out,
		    "The source does not see: %s. What is not seen is not known; it is not "
		    "called clean. ",
		    unseen);
	if (m->incomplete)
		html_printf(out, "%llu mappings could not be stored and are missing. ",
			    (unsigned long long)m->incomplete);
	html_printf(out, "Made by pfntrack %s.", PFNTRACK_VERSION);
	free(unseen);
}

static const struct {
	const char *name;
	void (*write)(FILE *out, const struct map *map);
} parts[] = {
	{ "<!--@TITLE@-->", write_title },         { "<!--@FACTS@-->", write_facts },
	{ "<!--@LEGEND@-->", write_legend },       { "<!--@AXIS@-->", map_write_axis },
	{ "<!--@NAMES@-->", map_write_names },     { "<!--@MAP@-->", map_write_svg },
	{ "<!--@CONFLICTS@-->", write_conflicts }, { "<!--@TABLE@-->", map_write_table },
	{ "<!--@NOTES@-->", write_notes },
};

/* Every part stands in the page once, in the order of the table. */
static void write_page(FILE *out, const struct map *map)
{
	const char *rest = page, *at;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		at = strstr(rest, parts[i].name);
		if (!at)
			continue;
		fwrite(rest, 1, at - rest, out);
		parts[i].write(out, map);
		rest = at + strlen(parts[i].name);
	}
	fputs(rest, out);
}

/**
 * map_write_html() - write the picture as a page
 * @map: the picture
 * @file: where to; "-" is standard output
 *
 * Return: exit code.
 */
int map_write_html(const struct map *map, const char *file)
{
	char *text, *safe;
	FILE *out;
	size_t len;
	int rc;

	if (replace_is_stdout(file)) {
		write_page(stdout, map);
		return RC_CLEAN;
	}
	out = open_memstream(&text, &len);
	if (!out)
		die_nomem();
	write_page(out, map);
	if (fclose(out))
		die_nomem();
	/* It holds addresses: for its owner only, even if others could read the old one. */
	rc = replace_file(file, text, len, false);
	free(text);
	if (!rc && !opts.json) {
		safe = text_safe(file);
		printf("Wrote %s: %zu lanes, %zu mappings, %zu marks.\n", safe, map->nr_lanes,
		       map->m->nr_records, map->nr_marks);
		free(safe);
	}
	return rc;
}
