// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack list: every recorded mapping and its holder. */

#include "columns.h"
#include "filter.h"
#include "main.h"
#include "print.h"
#include "source_kernel.h"

/**
 * cmd_list() - "pfntrack list [FILTER ...]"
 * @argc: number of filters
 * @argv: filters
 *
 * Return: exit code.  A list does not judge what it shows.
 */
int cmd_list(int argc, char **argv)
{
	struct filter filter = { 0 };
	struct model m = { 0 };
	int rc;

	rc = filter_parse(&filter, argc, argv);
	if (!rc)
		rc = source_load(&m, LOAD_SYSFS | LOAD_RECORDS | LOAD_PLATFORM);
	if (!rc) {
		m.not_known = filter_unknown(&filter, &m, FILTER_RECORDS);
		if (m.incomplete)
			m.not_known = "some mappings could not be stored";
		if (m.view == VIEW_KERNEL && !recording(&m))
			m.not_known = "nothing is recorded while tracking is off";
		filter_records(&filter, &m);
		columns_sort(&list_columns, &m);
		printer()->list(&m);
		rc = m.not_known ? RC_UNSUPPORTED : RC_CLEAN;
	}
	model_free(&m);
	return rc;
}
