// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack aliases: what is mapped more than once, and whether that harms. */

#include "columns.h"
#include "filter.h"
#include "main.h"
#include "print.h"
#include "source_kernel.h"

/**
 * cmd_aliases() - "pfntrack aliases [FILTER ...]"
 * @argc: number of filters
 * @argv: filters
 *
 * Return: exit code.  What could not be judged is not called harmful, nor clean.
 */
int cmd_aliases(int argc, char **argv)
{
	struct filter filter = { 0 };
	struct model m = { 0 };
	struct summary s;
	int rc;

	rc = filter_parse(&filter, argc, argv);
	if (!rc)
		rc = source_load(&m, LOAD_SYSFS | LOAD_RECORDS | LOAD_ALIASES | LOAD_CONFLICTS |
					     LOAD_COVERAGE | LOAD_PLATFORM);
	if (!rc) {
		m.not_known = filter_unknown(&filter, &m, FILTER_ALIASES);
		filter_aliases(&filter, &m);
		columns_sort(&aliases_columns, &m);
		printer()->aliases(&m);
		s = summarize_live(&m);
		rc = summary_rc(&s);
	}
	model_free(&m);
	return rc;
}
