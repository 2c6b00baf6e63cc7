// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack list: every recorded mapping and its holder. */

#include "main.h"
#include "print.h"
#include "source_kernel.h"

/**
 * cmd_list() - "pfntrack list"
 * @argc: none
 * @argv: none
 *
 * Return: exit code; conflicts are not its business.
 */
int cmd_list(int argc, char **argv)
{
	struct model m = { 0 };
	int rc;

	(void)argc;
	(void)argv;
	rc = source_load(&m, LOAD_RECORDS | LOAD_PLATFORM);
	if (!rc)
		printer()->list(&m);
	model_free(&m);
	return rc;
}
