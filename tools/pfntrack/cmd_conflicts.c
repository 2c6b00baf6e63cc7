// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack conflicts: mappings that disagreed, with both sides. */

#include "main.h"
#include "print.h"
#include "source_kernel.h"

/**
 * cmd_conflicts() - "pfntrack conflicts"
 * @argc: none
 * @argv: none
 *
 * Return: exit code.
 */
int cmd_conflicts(int argc, char **argv)
{
	struct model m = { 0 };
	int rc;

	(void)argc;
	(void)argv;
	rc = source_load(&m, LOAD_CONFLICTS | LOAD_PLATFORM);
	if (!rc) {
		printer()->conflicts(&m);
		/* The total counts those, too, that the history has forgotten. */
		rc = m.nr_conflicts || m.total ? RC_CONFLICT : RC_CLEAN;
	}
	model_free(&m);
	return rc;
}
