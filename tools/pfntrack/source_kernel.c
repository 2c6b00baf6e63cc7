// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: fills the model from the sysfs and debugfs files of pfn_track. */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dump.h"
#include "main.h"
#include "pool.h"
#include "source_kernel.h"
#include "util.h"

#define DEBUGFS      "/sys/kernel/debug"

#define LOAD_DEBUGFS (LOAD_RECORDS | LOAD_CONFLICTS | LOAD_COVERAGE | LOAD_AUDIT | LOAD_LEAKS)

static const struct dump_field mapping_fields[] = {
	{ "range", DUMP_RANGE, offsetof(struct mapping, range) },
	{ "space", DUMP_TEXT, offsetof(struct mapping, space) },
	{ "kind", DUMP_TEXT, offsetof(struct mapping, kind) },
	{ "want", DUMP_TEXT, offsetof(struct mapping, want) },
	{ "got", DUMP_TEXT, offsetof(struct mapping, got) },
	{ "pid", DUMP_PID, offsetof(struct mapping, pid) },
	{ "comm", DUMP_TEXT, offsetof(struct mapping, comm) },
	{ "site", DUMP_TEXT, offsetof(struct mapping, site) },
	{ "module", DUMP_TEXT, offsetof(struct mapping, module) },
	{ "dev", DUMP_TEXT, offsetof(struct mapping, dev) },
	{ "driver", DUMP_TEXT, offsetof(struct mapping, driver) },
	{ "time", DUMP_TIME, offsetof(struct mapping, time) },
};

static const struct dump_field va_field = { "va", DUMP_SPAN, offsetof(struct mapping, va) };

/* The holder of a conflict may be nobody: then even its range is a dash. */
static const struct dump_field held_range_field = { "range", DUMP_SPAN,
						    offsetof(struct mapping, range) };

static const struct dump_field conflict_fields[] = {
	{ "id", DUMP_NUMBER, offsetof(struct conflict, id) },
	{ "count", DUMP_NUMBER, offsetof(struct conflict, count) },
	{ "verdict", DUMP_TEXT, offsetof(struct conflict, verdict) },
	{ "result", DUMP_TEXT, offsetof(struct conflict, result) },
	{ "policy", DUMP_TEXT, offsetof(struct conflict, policy) },
	{ "why", DUMP_TEXT, offsetof(struct conflict, why) },
	{ "source", DUMP_TEXT, offsetof(struct conflict, source) },
	{ "advice", DUMP_TEXT, offsetof(struct conflict, advice) },
	{ "bytes", DUMP_NUMBER, offsetof(struct conflict, bytes) },
	{ "asked.range", DUMP_RANGE, offsetof(struct conflict, asked) },
	{ "exact", DUMP_BOOL, offsetof(struct conflict, exact) },
	{ "downgrade", DUMP_BOOL, offsetof(struct conflict, downgrade) },
	{ "held.bytes", DUMP_NUMBER, offsetof(struct conflict, held_bytes) },
	{ "held.further", DUMP_NUMBER, offsetof(struct conflict, further) },
};

static const struct dump_field cause_field = { "cause", DUMP_TEXT,
					       offsetof(struct conflict, cause) };

static const struct dump_field impossible_fields[] = {
	{ "want", DUMP_TEXT, offsetof(struct impossible, want) },
	{ "got", DUMP_TEXT, offsetof(struct impossible, got) },
	{ "why", DUMP_TEXT, offsetof(struct impossible, why) },
};

static const struct dump_field hook_fields[] = {
	{ "kind", DUMP_TEXT, offsetof(struct hook, kind) },
	{ "state", DUMP_TEXT, offsetof(struct hook, state) },
};

static const struct dump_field road_fields[] = {
	{ "name", DUMP_TEXT, offsetof(struct road, name) },
	{ "state", DUMP_TEXT, offsetof(struct road, state) },
	{ "why", DUMP_TEXT, offsetof(struct road, why) },
};

static int record_line(void *ctx, struct dump_line *line)
{
	struct model *m = ctx;
	struct mapping *map = xappend(&m->records, &m->nr_records, sizeof(*map));
	int rc = dump_fields(line, mapping_fields, ARRAY_SIZE(mapping_fields), "", map);

	return rc ? rc : dump_fields(line, &va_field, 1, "", map);
}

/* What suffers is a part of what was asked for. */
static int check_extent(const struct dump_line *line, const struct conflict *c)
{
	const struct span *range = &c->new.range, *asked = &c->asked;

	if (range->start < asked->start || range->end > asked->end)
		return dump_malformed(line, "not all of it was asked for:", "range");
	/* Sizes may be 2^64, which is 0 here. */
	if (c->bytes - 1 > range->end - range->start)
		return dump_malformed(line, "more than its range, or none:", "bytes");
	if (c->held_bytes && c->held_bytes - 1 > asked->end - asked->start)
		return dump_malformed(line, "more than was asked for:", "held.bytes");
	return 0;
}

static int conflict_line(void *ctx, struct dump_line *line)
{
	struct model *m = ctx;
	struct conflict *c = xappend(&m->conflicts, &m->nr_conflicts, sizeof(*c));
	int rc;

	rc = dump_fields(line, conflict_fields, ARRAY_SIZE(conflict_fields), "", c);
	if (!rc && dump_has(line, cause_field.key))
		rc = dump_fields(line, &cause_field, 1, "", c);
	if (!rc)
		rc = dump_fields(line, mapping_fields, ARRAY_SIZE(mapping_fields), "", &c->new);
	if (!rc)
		rc = dump_fields(line, &held_range_field, 1, "held.", &c->held);
	if (!rc)
		rc = dump_fields(line, mapping_fields + 1, ARRAY_SIZE(mapping_fields) - 1, "held.",
				 &c->held);
	c->has_held = c->held.range.known;
	return rc ? rc : check_extent(line, c);
}

static int hook_line(struct model *m, struct dump_line *line)
{
	struct hook *hook = xappend(&m->hooks, &m->nr_hooks, sizeof(*hook));
	int rc;

	rc = dump_fields(line, hook_fields, ARRAY_SIZE(hook_fields), "", hook);
	if (!rc && (!hook->kind || !hook->state))
		rc = dump_malformed(line, "not known:", hook->kind ? "state" : "kind");
	return rc;
}

static int road_line(struct model *m, struct dump_line *line)
{
	struct road *road = xappend(&m->roads, &m->nr_roads, sizeof(*road));
	int rc;

	rc = dump_fields(line, road_fields, ARRAY_SIZE(road_fields), "", road);
	if (!rc && (!road->name || !road->state))
		rc = dump_malformed(line, "not known:", road->name ? "state" : "name");
	return rc;
}

static int impossible_line(struct model *m, struct dump_line *line)
{
	struct impossible *i = xappend(&m->impossible, &m->nr_impossible, sizeof(*i));

	return dump_fields(line, impossible_fields, ARRAY_SIZE(impossible_fields), "", i);
}

static int coverage_line(void *ctx, struct dump_line *line)
{
	if (!strcmp(line->word, "hook"))
		return hook_line(ctx, line);
	if (!strcmp(line->word, "road"))
		return road_line(ctx, line);
	if (!strcmp(line->word, "impossible"))
		return impossible_line(ctx, line);
	return dump_malformed(line, "unexpected word", line->word);
}

/**
 * source_header() - take a header line that several dumps have
 * @ctx: the model
 * @line: for messages
 * @name: before the colon
 * @value: behind it
 *
 * Headers that are not listed here are skipped: a newer kernel may say more.
 *
 * Return: 0 or an exit code.
 */
int source_header(void *ctx, const struct dump_line *line, char *name, char *value)
{
	struct model *m = ctx;
	const struct {
		const char *name;
		uint64_t *value;
	} numbers[] = {
		{ "incomplete", &m->incomplete },
		{ "late", &m->late },
		{ "total", &m->total },
		{ "suppressed", &m->suppressed },
	};
	size_t i;

	if (!strcmp(name, "policy"))
		m->policy = pool_text(line->pool, value);
	if (!strcmp(name, "arch"))
		m->arch = pool_text(line->pool, value);
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!strcmp(name, numbers[i].name) && !parse_number(value, 10, numbers[i].value))
			return dump_malformed(line, name, value);
	return 0;
}

static int take_line(void *ctx, char *line)
{
	return dump_take(ctx, line);
}

/**
 * source_dump() - read one of the files in debugfs
 * @m: the model
 * @name: of the file
 * @reader: takes its lines
 * @ctx: handed to the reader
 *
 * Return: 0 or an exit code.
 */
int source_dump(struct model *m, const char *name, const struct dump_reader *reader, void *ctx)
{
	char *on_machine = xasprintf(DEBUGFS "/pfn_track/%s", name);
	char *path = source_path(on_machine);
	struct dump *dump = xcalloc(1, sizeof(*dump));
	bool cut;
	int err, rc;

	dump->line.path = path;
	dump->line.pool = model_pool(m);
	dump->reader = reader;
	dump->ctx = ctx;
	err = source_lines(on_machine, MAX_DUMP, take_line, dump, &cut, &rc);
	if (err)
		rc = source_open_failed(path, err);
	else if (!rc)
		rc = dump_end(dump, cut);
	free(dump);
	free(on_machine);
	free(path);
	return rc;
}

static const struct dump_reader record_reader = { source_header, "record", record_line };
static const struct dump_reader conflict_reader = { source_header, "conflict", conflict_line };
static const struct dump_reader coverage_reader = { source_header, NULL, coverage_line };

/* One word of sysfs.  Return: 0, an exit code, or -ENOENT if it may be missing. */
static int load_word(struct model *m, const char *name, const char **word, bool optional)
{
	char *on_machine = xasprintf(PFN_SYSFS "/%s", name);
	char *path = source_path(on_machine), *text;
	size_t len;
	int err, rc = 0;

	err = source_read(on_machine, MAX_WORD, &text, &len);
	free(on_machine);
	if (err == ENOENT && optional) {
		rc = -ENOENT;
	} else if (err) {
		rc = source_open_failed(path, err);
	} else {
		model_keep(m, text);
		if (!len || strcspn(text, " \t\n") != len - 1 || text[len - 1] != '\n')
			rc = fail(RC_INTERNAL, "%s is not one word on a line; take it again", path);
		else
			text[len - 1] = '\0';
		*word = text;
	}
	free(path);
	return rc;
}

static int load_counter(struct model *m, enum counter i)
{
	const char *word = NULL;
	/* Kernels before this one do not count them: that is not zero. */
	int rc = load_word(m, counter_names[i], &word, i == COUNTER_leaks);

	if (i == COUNTER_leaks)
		m->counts_leaks = !rc;
	if (rc == -ENOENT)
		return 0;
	if (!rc && !parse_number(word, 10, &m->counters[i]))
		rc = fail(RC_INTERNAL, "%s" PFN_SYSFS "/%s is no number: '%s'; take it again",
			  opts.root, counter_names[i], word);
	return rc;
}

static int load_sysfs(struct model *m)
{
	char *name;
	size_t i;
	int rc;

	rc = load_word(m, "policy", &m->policy, false);
	if (!rc)
		rc = load_word(m, "arch", &m->arch, false);
	for (i = 0; !rc && i < COUNTER_COUNT; i++)
		rc = load_counter(m, i);
	for (i = 0; !rc && i < PFN_KIND_COUNT; i++) {
		name = xasprintf("kind/%s", kind_names[i]);
		rc = load_word(m, name, &m->kind_policy[i], true);
		free(name);
		if (rc == -ENOENT)
			rc = 0;
	}
	return rc;
}

static bool empty_or_missing(const char *path)
{
	struct dirent *entry;
	DIR *dir = source_opendir(path);

	if (!dir)
		return true;
	do
		entry = readdir(dir);
	while (entry && entry->d_name[0] == '.');
	closedir(dir);
	return !entry;
}

/**
 * source_debugfs_mounted() - is there anything where debugfs should be?
 */
bool source_debugfs_mounted(void)
{
	return !empty_or_missing(DEBUGFS);
}

/* Each reason why the files are missing has its own remedy. */
static int debugfs_missing(const char *dir)
{
	if (*opts.root)
		return fail(RC_UNSUPPORTED,
			    "the snapshot has no %s; capture it as root with debugfs mounted", dir);
	if (!source_debugfs_mounted())
		return fail(RC_UNSUPPORTED,
			    "debugfs is not mounted; as root: mount -t debugfs none " DEBUGFS);
	return fail(RC_UNSUPPORTED, "%s is missing; boot without debugfs=off", dir);
}

static int sysfs_missing(const char *dir)
{
	if (*opts.root)
		return fail(RC_UNSUPPORTED,
			    "the snapshot has no %s; capture a kernel that has pfn_track", dir);
	return fail(
		RC_UNSUPPORTED,
		"this kernel has no pfn_track (%s is missing); boot one built with CONFIG_PFN_TRACK=y",
		dir);
}

static int check_directory(const char *path, int (*missing)(const char *dir))
{
	struct stat st;
	char *dir;
	int rc;

	if (!source_stat(path, &st))
		return 0;
	rc = errno;
	dir = source_path(path);
	rc = rc == ENOENT ? missing(dir) : source_open_failed(dir, rc);
	free(dir);
	return rc;
}

/**
 * kernel_load() - fill the model from a kernel with pfn_track
 * @m: zeroed; to be freed by the caller in any case
 * @what: LOAD_ flags
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int kernel_load(struct model *m, unsigned int what)
{
	int rc = check_directory(PFN_SYSFS, sysfs_missing);

	if (!rc && (what & LOAD_DEBUGFS))
		rc = check_directory(DEBUGFS "/pfn_track", debugfs_missing);
	if (!rc && (what & LOAD_RECORDS))
		rc = source_dump(m, "records", &record_reader, m);
	if (!rc && (what & LOAD_CONFLICTS))
		rc = source_dump(m, "conflicts", &conflict_reader, m);
	/* With whatever is shown goes what is not seen. */
	if (!rc && (what & LOAD_DEBUGFS))
		rc = source_dump(m, "coverage", &coverage_reader, m);
	if (!rc && (what & LOAD_LEAKS))
		rc = leaks_load(m);
	if (!rc && (what & LOAD_AUDIT))
		rc = audit_load(m);
	/* Last: where a dump and sysfs disagree, sysfs is the later word. */
	if (!rc && (what & LOAD_SYSFS))
		rc = load_sysfs(m);
	if (m->incomplete < m->counters[COUNTER_incomplete])
		m->incomplete = m->counters[COUNTER_incomplete];
	m->late |= m->counters[COUNTER_late];
	if (!rc && (what & LOAD_PLATFORM))
		platform_load(m);
	if (!rc && (what & LOAD_DEBUGFS))
		unseen_from_coverage(m);
	return rc;
}
