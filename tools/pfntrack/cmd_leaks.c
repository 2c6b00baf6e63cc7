// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack leaks: what drivers and modules left mapped when they went. */

#include "main.h"
#include "print.h"
#include "source_kernel.h"

/**
 * cmd_leaks() - "pfntrack leaks"
 * @argc: none
 * @argv: none
 *
 * Return: exit code.
 */
int cmd_leaks(int argc, char **argv)
{
	struct model m = { 0 };
	int rc;

	(void)argc;
	(void)argv;
	rc = source_load(&m, LOAD_LEAKS | LOAD_PLATFORM);
	if (!rc) {
		printer()->leaks(&m);
		/* The total counts those, too, that the history has forgotten. */
		rc = m.nr_leaks || m.leaks_total ? RC_CONFLICT : RC_CLEAN;
	}
	model_free(&m);
	return rc;
}
