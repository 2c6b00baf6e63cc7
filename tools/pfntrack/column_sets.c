// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: what the rows of each table are, and the columns of a row as a whole. */

#include "columns.h"
#include "util.h"

/* A cell from a row of its own kind: a conflict, a finding or a leak. */
#define ROW_NUMBER(type, field)                                                               \
	static void type##_##field(struct cell *cell, const struct model *m, const void *row) \
	{                                                                                     \
		const struct type *r = row;                                                   \
                                                                                              \
		(void)m;                                                                      \
		put_number(cell, r->field);                                                   \
	}

#define ROW_TEXT(type, field)                                                                 \
	static void type##_##field(struct cell *cell, const struct model *m, const void *row) \
	{                                                                                     \
		const struct type *r = row;                                                   \
                                                                                              \
		(void)m;                                                                      \
		put_text(cell, r->field);                                                     \
	}

ROW_NUMBER(conflict, id)
ROW_NUMBER(conflict, count)
ROW_NUMBER(conflict, further)
ROW_TEXT(conflict, verdict)
ROW_TEXT(conflict, result)
ROW_TEXT(conflict, policy)
ROW_TEXT(conflict, why)
ROW_TEXT(conflict, source)
ROW_TEXT(conflict, advice)
ROW_TEXT(finding, type)
ROW_TEXT(finding, found)
ROW_NUMBER(leak, id)
ROW_TEXT(leak, gone)
ROW_TEXT(leak, name)
ROW_TEXT(leak, dev)
ROW_TEXT(leak, time)
ROW_NUMBER(alias, holders)
ROW_TEXT(alias, why)
ROW_TEXT(alias, source)

static void alias_downgrade(struct cell *cell, const struct model *m, const void *row)
{
	(void)m;
	put_text(cell, ((const struct alias *)row)->downgrade ? "yes" : "no");
}

static void alias_verdict(struct cell *cell, const struct model *m, const void *row)
{
	(void)m;
	put_text(cell, verdict_names[((const struct alias *)row)->verdict]);
}

static void alias_overlap(struct cell *cell, const struct model *m, const void *row)
{
	(void)m;
	put_range(cell, &((const struct alias *)row)->range);
}

static void conflict_asked(struct cell *cell, const struct model *m, const void *row)
{
	(void)m;
	put_range(cell, &((const struct conflict *)row)->asked);
}

static void conflict_suffers(struct cell *cell, const struct model *m, const void *row)
{
	(void)m;
	put_size(cell, ((const struct conflict *)row)->bytes);
}

static void conflict_downgrade(struct cell *cell, const struct model *m, const void *row)
{
	(void)m;
	put_text(cell, ((const struct conflict *)row)->downgrade ? "yes" : "no");
}

static const struct column conflict_columns[] = {
	{ "ID", "number of the conflict", true, false, NULL, conflict_id, SORT_TEXT },
	{ "COUNT", "how often it happened", true, false, NULL, conflict_count, SORT_TEXT },
	{ "VERDICT", "how bad it is", false, false, NULL, conflict_verdict, SORT_VERDICT },
	{ "RESULT", "what became of the newcomer", false, false, NULL, conflict_result, SORT_TEXT },
	{ "POLICY", "policy it was judged by", false, false, NULL, conflict_policy, SORT_TEXT },
	{ "WHY", "what it means", false, false, NULL, conflict_why, SORT_TEXT },
	{ "SOURCE", "where that is written", false, false, NULL, conflict_source, SORT_TEXT },
	{ "ADVICE", "what to do about it", false, false, NULL, conflict_advice, SORT_TEXT },
	{ "ASKED", "the whole range that the newcomer asked for", false, false, NULL,
	  conflict_asked, SORT_ADDRESS },
	{ "SUFFERS", "how much of it disagrees or was downgraded", true, false, NULL,
	  conflict_suffers, SORT_TEXT },
	{ "FURTHER", "mappings on the other side besides the holder", true, false, NULL,
	  conflict_further, SORT_TEXT },
	{ "DOWNGRADE", "the newcomer got another attribute than it asked for", false, false, NULL,
	  conflict_downgrade, SORT_TEXT },
};

static const struct column finding_columns[] = {
	{ "FINDING", "missing, stale, differs, alias or broken", false, false, NULL, finding_type,
	  SORT_TEXT },
	{ "FOUND", "attribute that is really mapped", false, false, NULL, finding_found,
	  SORT_TEXT },
};

static const struct column leak_columns[] = {
	{ "ID", "number of the leak", true, false, NULL, leak_id, SORT_TEXT },
	{ "GONE", "how the driver or module went", false, false, NULL, leak_gone, SORT_TEXT },
	{ "NAME", "driver or module that went", false, false, NULL, leak_name, SORT_TEXT },
	{ "FROM", "device that it left", false, false, NULL, leak_dev, SORT_TEXT },
	{ "SINCE", "when it went, in seconds since boot", true, false, NULL, leak_time, SORT_TEXT },
};

static const struct column alias_columns[] = {
	{ "VERDICT", "how bad it is, of the worst two", false, false, NULL, alias_verdict,
	  SORT_VERDICT },
	{ "DOWNGRADE", "one of them asked for another attribute than both have", false, false, NULL,
	  alias_downgrade, SORT_TEXT },
	{ "OVERLAP", "what both of them map", false, false, NULL, alias_overlap, SORT_ADDRESS },
	{ "HOLDERS", "how many mappings it has", true, false, NULL, alias_holders, SORT_TEXT },
	{ "WHY", "what it means", false, false, NULL, alias_why, SORT_TEXT },
	{ "SOURCE", "where that is written", false, false, NULL, alias_source, SORT_TEXT },
};

static const struct mapping *record_mapping(const void *row, bool held)
{
	(void)held;
	return row;
}

static const struct mapping *conflict_mapping(const void *row, bool held)
{
	const struct conflict *c = row;

	return held ? &c->held : &c->new;
}

static const struct mapping *finding_mapping(const void *row, bool held)
{
	const struct finding *f = row;

	(void)held;
	return &f->map;
}

static const struct mapping *leak_mapping(const void *row, bool held)
{
	const struct leak *l = row;

	(void)held;
	return &l->map;
}

static const struct mapping *alias_mapping(const void *row, bool held)
{
	const struct alias *alias = row;

	return held ? alias->b : alias->a;
}

/* Where the rows are: an array of the model, and the number of its elements. */
#define ROWS(type, array)                                                                     \
	.rows = offsetof(struct model, array), .nr_rows = offsetof(struct model, nr_##array), \
	.row_size = sizeof(struct type), .mapping = type##_mapping

#define OWN(columns) .own = columns, .nr_own = ARRAY_SIZE(columns)

const struct column_set list_columns = {
	.defaults = "RANGE,SIZE,ATTR,KIND,PID,COMM,SITE",
	.by_address = true,
	.rows = offsetof(struct model, records),
	.nr_rows = offsetof(struct model, nr_records),
	.row_size = sizeof(struct mapping),
	.mapping = record_mapping,
};

const struct column_set conflicts_columns = {
	.defaults = "ID,VERDICT,RESULT,RANGE,ATTR,PID,COMM,HELD.ATTR,HELD.PID,HELD.COMM",
	.note = "Those from RANGE on tell of the newcomer; with HELD. before them, of the holder.",
	.held = true,
	OWN(conflict_columns),
	ROWS(conflict, conflicts),
};

const struct column_set audit_columns = {
	.defaults = "FINDING,RANGE,SIZE,GOT,FOUND,SPACE,VA,PID,COMM,MODULE,FILE",
	.note = "GOT and KIND are those on record, or of others; SPACE and VA are where it was found.",
	.brief = true,
	OWN(finding_columns),
	ROWS(finding, findings),
};

const struct column_set leaks_columns = {
	.defaults = "ID,GONE,NAME,FROM,RANGE,SIZE,ATTR,KIND,SITE",
	.note = "Those from RANGE on tell of the mapping that was left.",
	OWN(leak_columns),
	ROWS(leak, leaks),
};

const struct column_set aliases_columns = {
	.defaults = "VERDICT,DOWNGRADE,OVERLAP,HOLDERS,ATTR,PID,COMM,HELD.ATTR,HELD.PID,HELD.COMM",
	.note = "Those from RANGE on tell of one side; with HELD. before them, of the other.",
	.held = true,
	OWN(alias_columns),
	.rows = offsetof(struct model, aliases),
	.nr_rows = offsetof(struct model, nr_aliases),
	.row_size = sizeof(struct alias),
	.mapping = alias_mapping,
};
