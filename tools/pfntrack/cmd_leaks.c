// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack leaks: what drivers and modules left mapped when they went. */

#include "columns.h"
#include "filter.h"
#include "history.h"
#include "main.h"
#include "print.h"
#include "source_kernel.h"

/**
 * cmd_leaks() - "pfntrack leaks [FILTER ...]"
 * @argc: number of filters
 * @argv: filters
 *
 * Return: exit code.
 */
int cmd_leaks(int argc, char **argv)
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
		rc = source_load(&m, LOAD_SYSFS | LOAD_LEAKS | LOAD_PLATFORM);
	if (!rc) {
		acknowledge_leaks(&ack, &m);
		m.not_known = filter_unknown(&filter, &m, FILTER_REPORTS);
		filter_leaks(&filter, &m);
		history_hide(&m);
		columns_sort(&leaks_columns, &m);
		printer()->leaks(&m);
		s = summarize_leaks(&m);
		rc = summary_rc(&s);
		if (opts.clear) {
			shown = acknowledge(&ack);
			rc = shown ? shown : rc == RC_CONFLICT ? RC_CLEAN : rc;
		}
	}
	model_free(&m);
	return rc;
}
