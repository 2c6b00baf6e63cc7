// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack aliases: what is mapped more than once, and whether that harms. */

#include "main.h"
#include "print.h"
#include "source_kernel.h"

/**
 * cmd_aliases() - "pfntrack aliases"
 * @argc: none
 * @argv: none
 *
 * Return: exit code.  What could not be judged is not called harmful.
 */
int cmd_aliases(int argc, char **argv)
{
	struct model m = { 0 };
	int rc;

	(void)argc;
	(void)argv;
	rc = source_load(&m, LOAD_SYSFS | LOAD_RECORDS | LOAD_ALIASES | LOAD_CONFLICTS |
				     LOAD_COVERAGE | LOAD_PLATFORM);
	if (!rc) {
		printer()->aliases(&m);
		if (count_harmful(&m))
			rc = RC_CONFLICT;
	}
	model_free(&m);
	return rc;
}
