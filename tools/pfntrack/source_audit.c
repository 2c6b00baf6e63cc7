// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: what the kernel says of audits and of leaks. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main.h"
#include "source_kernel.h"
#include "util.h"

static const struct dump_field finding_fields[] = {
	{ "space", DUMP_TEXT, offsetof(struct finding, map.space) },
	{ "pid", DUMP_PID, offsetof(struct finding, map.pid) },
	{ "comm", DUMP_TEXT, offsetof(struct finding, map.comm) },
	{ "range", DUMP_RANGE, offsetof(struct finding, map.range) },
	{ "va", DUMP_SPAN, offsetof(struct finding, map.va) },
	{ "kind", DUMP_TEXT, offsetof(struct finding, map.kind) },
	{ "got", DUMP_TEXT, offsetof(struct finding, map.got) },
	{ "found", DUMP_TEXT, offsetof(struct finding, found) },
	{ "file", DUMP_NEWER, offsetof(struct finding, map.file) },
	{ "module", DUMP_NEWER, offsetof(struct finding, map.module) },
};

static const struct dump_field leak_fields[] = {
	{ "id", DUMP_NUMBER, offsetof(struct leak, id) },
	{ "time", DUMP_TIME, offsetof(struct leak, time) },
	{ "range", DUMP_RANGE, offsetof(struct leak, map.range) },
	{ "gone", DUMP_TEXT, offsetof(struct leak, gone) },
	{ "gone.name", DUMP_TEXT, offsetof(struct leak, name) },
	{ "gone.dev", DUMP_TEXT, offsetof(struct leak, dev) },
	{ "held.space", DUMP_TEXT, offsetof(struct leak, map.space) },
	{ "held.kind", DUMP_TEXT, offsetof(struct leak, map.kind) },
	{ "held.want", DUMP_TEXT, offsetof(struct leak, map.want) },
	{ "held.got", DUMP_TEXT, offsetof(struct leak, map.got) },
	{ "held.pid", DUMP_PID, offsetof(struct leak, map.pid) },
	{ "held.comm", DUMP_TEXT, offsetof(struct leak, map.comm) },
	{ "held.site", DUMP_TEXT, offsetof(struct leak, map.site) },
	{ "held.module", DUMP_TEXT, offsetof(struct leak, map.module) },
	{ "held.dev", DUMP_TEXT, offsetof(struct leak, map.dev) },
	{ "held.driver", DUMP_TEXT, offsetof(struct leak, map.driver) },
	{ "held.time", DUMP_TIME, offsetof(struct leak, map.time) },
};

/* Which numbers of a head were there: one that is lost would read as none. */
struct head {
	struct model *m;
	bool total, policy;
};

/* Numbers that every kernel with an audit says. */
#define AUDIT_REQUIRED ((1u << AUDIT_plain_pages) - 1)

static int head_number(const struct dump_line *line, const char *name, const char *value,
		       uint64_t *number)
{
	return parse_number(value, 10, number) ? 0 : dump_malformed(line, name, value);
}

static int audit_header(void *ctx, const struct dump_line *line, char *name, char *value)
{
	struct head *head = ctx;
	size_t i;

	for (i = 0; i < AUDIT_COUNT; i++) {
		if (strcmp(name, audit_names[i]))
			continue;
		head->m->audit_seen |= 1u << i;
		return head_number(line, name, value, &head->m->audit[i]);
	}
	head->policy |= !strcmp(name, "policy");
	return source_header(head->m, line, name, value);
}

static int finding_line(void *ctx, struct dump_line *line)
{
	struct model *m = ((struct head *)ctx)->m;
	struct finding *f;
	size_t i;

	/* A word that is not known cannot be counted, nor can it be left out. */
	for (i = AUDIT_missing; i <= AUDIT_broken; i++)
		if (!strcmp(line->word, audit_names[i]))
			break;
	if (i > AUDIT_broken)
		return dump_malformed(line, "unexpected word", line->word);
	f = xappend(&m->findings, &m->nr_findings, sizeof(*f));
	f->type = audit_names[i];
	return dump_fields(line, finding_fields, ARRAY_SIZE(finding_fields), "", f);
}

static int leaks_header(void *ctx, const struct dump_line *line, char *name, char *value)
{
	struct head *head = ctx;

	if (strcmp(name, "total"))
		return source_header(head->m, line, name, value);
	head->total = true;
	return head_number(line, name, value, &head->m->leaks_total);
}

static int leak_line(void *ctx, struct dump_line *line)
{
	struct model *m = ((struct head *)ctx)->m;
	struct leak *leak = xappend(&m->leaks, &m->nr_leaks, sizeof(*leak));

	return dump_fields(line, leak_fields, ARRAY_SIZE(leak_fields), "", leak);
}

static const struct dump_reader audit_reader = { audit_header, NULL, finding_line };
static const struct dump_reader leak_reader = { leaks_header, "leak", leak_line };

/* Older kernels, and snapshots of them, have the other files but not this one. */
static int check_there(const char *name)
{
	char *path = xasprintf(PFN_DEBUGFS "/%s", name);
	struct stat st;
	int rc = RC_CLEAN;

	if (source_stat(path, &st) && errno == ENOENT)
		rc = fail(RC_UNSUPPORTED, "%s%s is missing; %s", opts.root, path,
			  *opts.root ? "capture it from a kernel that offers it"
				     : "boot a kernel whose pfn_track offers it");
	free(path);
	return rc;
}

/**
 * audit_notice() - tell who waits at a terminal what for
 */
void audit_notice(void)
{
	if (*opts.root || !isatty(STDERR_FILENO))
		return;
	fputs("pfntrack: the kernel walks its page tables, this may take a while; Ctrl-C ends it\n",
	      stderr);
}

/**
 * audit_load() - read the audit, which on a live kernel runs it
 * @m: the model
 *
 * No signal handler on purpose: the kernel ends an audit for a signal that
 * kills, and for no other.
 *
 * Return: 0 or an exit code.
 */
int audit_load(struct model *m)
{
	struct head head = { .m = m };
	int rc = check_there("audit");

	if (rc)
		return rc;
	audit_notice();
	rc = source_dump(m, "audit", &audit_reader, &head);
	if (rc)
		return rc;
	if (!head.policy || (m->audit_seen & AUDIT_REQUIRED) != AUDIT_REQUIRED)
		return fail(RC_INTERNAL,
			    "%s" PFN_DEBUGFS "/audit lacks a part of its head; take it again",
			    opts.root);
	if (m->audit[AUDIT_findings] < m->nr_findings)
		return fail(RC_INTERNAL,
			    "%s" PFN_DEBUGFS
			    "/audit lists more findings than it counts; take it again",
			    opts.root);
	return 0;
}

/**
 * leaks_load() - read what drivers and modules left mapped
 * @m: the model
 *
 * Return: 0 or an exit code.
 */
int leaks_load(struct model *m)
{
	struct head head = { .m = m };
	int rc = check_there("leaks");

	if (!rc)
		rc = source_dump(m, "leaks", &leak_reader, &head);
	if (!rc && !head.total)
		rc = fail(RC_INTERNAL, "%s" PFN_DEBUGFS "/leaks lacks its total; take it again",
			  opts.root);
	return rc;
}
