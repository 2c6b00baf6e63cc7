// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack status: does this machine have a problem? */

#include "main.h"
#include "print.h"
#include "source_kernel.h"

/**
 * cmd_status() - "pfntrack status"
 * @argc: none
 * @argv: none
 *
 * Return: exit code.
 */
int cmd_status(int argc, char **argv)
{
	struct model m = { 0 };
	struct summary s;
	int rc;

	(void)argc;
	(void)argv;
	rc = source_load(&m, LOAD_SYSFS | LOAD_RECORDS | LOAD_ALIASES | LOAD_CONFLICTS |
				     LOAD_COVERAGE | LOAD_PLATFORM);
	if (!rc) {
		printer()->status(&m);
		s = summarize(&m);
		rc = summary_rc(&s);
	}
	model_free(&m);
	return rc;
}
