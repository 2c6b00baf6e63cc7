// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack list: every recorded mapping and its holder. */

#include "filter.h"
#include "main.h"
#include "print.h"
#include "source_kernel.h"

/**
 * cmd_list() - "pfntrack list [KEY=VALUE ...]"
 * @argc: number of filters
 * @argv: filters
 *
 * Return: exit code; conflicts are not its business.
 */
int cmd_list(int argc, char **argv)
{
	struct filter filter = { 0 };
	struct model m = { 0 };
	int rc;

	rc = filter_parse(&filter, argc, argv);
	if (!rc)
		rc = source_load(&m, LOAD_RECORDS | LOAD_PLATFORM);
	if (!rc) {
		filter_records(&filter, &m);
		printer()->list(&m);
	}
	model_free(&m);
	return rc;
}
