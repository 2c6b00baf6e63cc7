// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack map: the physical address space as a picture. */

#include "filter.h"
#include "main.h"
#include "map.h"
#include "print.h"
#include "replace.h"
#include "source_kernel.h"
#include "util.h"

static int show(const struct model *m)
{
	struct map map;
	int rc = RC_CLEAN;

	map_build(&map, m, opts.json || opts.output ? &map_fine : &map_coarse);
	if (opts.output)
		rc = map_write_html(&map, opts.output);
	if (!rc && opts.json)
		map_print_json(&map);
	else if (!rc && !opts.output)
		map_print_text(&map);
	if (!rc && !opts.json && !opts.output)
		text_unknown(summarize_live(m));
	map_free(&map);
	return rc;
}

/**
 * cmd_map() - "pfntrack map [-o FILE] [FILTER ...]"
 * @argc: number of filters
 * @argv: filters
 *
 * Return: exit code.  A picture does not judge, but it must not look clean where
 * that is not known.
 */
int cmd_map(int argc, char **argv)
{
	struct filter filter = { 0 };
	struct model m = { 0 };
	struct summary s;
	int rc;

	if (opts.json && opts.output && replace_is_stdout(opts.output))
		return fail(RC_USAGE,
			    "the page and JSON cannot both be standard output; give -o a file");
	rc = filter_parse(&filter, argc, argv);
	if (!rc)
		rc = source_load(&m, LOAD_SYSFS | LOAD_RECORDS | LOAD_ALIASES | LOAD_CONFLICTS |
					     LOAD_COVERAGE | LOAD_PLATFORM);
	if (!rc) {
		m.not_known = filter_unknown(&filter, &m, FILTER_RECORDS);
		filter_records(&filter, &m);
		filter_conflicts(&filter, &m);
		filter_aliases(&filter, &m);
		rc = show(&m);
	}
	if (!rc) {
		s = summarize_live(&m);
		rc = summary_rc(&s) == RC_UNSUPPORTED ? RC_UNSUPPORTED : RC_CLEAN;
	}
	model_free(&m);
	return rc;
}
