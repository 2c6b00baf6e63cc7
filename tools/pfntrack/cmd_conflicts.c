// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack conflicts: mappings that disagreed, with both sides. */

#include "columns.h"
#include "filter.h"
#include "history.h"
#include "main.h"
#include "print.h"
#include "source_kernel.h"

/**
 * cmd_conflicts() - "pfntrack conflicts [FILTER ...]"
 * @argc: number of filters
 * @argv: filters
 *
 * Return: exit code.
 */
int cmd_conflicts(int argc, char **argv)
{
	struct acknowledged ack = { 0 };
	struct filter filter = { 0 };
	struct model m = { 0 };
	struct summary s;
	int rc, shown;

	rc = filter_parse(&filter, argc, argv);
	if (!rc && opts.clear)
		rc = history_may_clear(argc);
	if (!rc)
		rc = source_load(&m, LOAD_SYSFS | LOAD_CONFLICTS | LOAD_PLATFORM);
	if (!rc) {
		acknowledge_conflicts(&ack, &m);
		m.not_known = filter_unknown(&filter, &m, FILTER_REPORTS);
		filter_conflicts(&filter, &m);
		history_hide(&m);
		columns_sort(&conflicts_columns, &m);
		printer()->conflicts(&m);
		s = summarize_conflicts(&m);
		rc = summary_rc(&s);
		if (opts.clear) {
			shown = acknowledge(&ack);
			rc = shown ? shown : rc == RC_CONFLICT ? RC_CLEAN : rc;
		}
	}
	model_free(&m);
	return rc;
}
