// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack snapshot: capture this machine for a later --root DIR. */

#include "main.h"
#include "print.h"
#include "source_kernel.h"
#include "util.h"

#define READABLE (LOAD_SYSFS | LOAD_RECORDS | LOAD_CONFLICTS | LOAD_COVERAGE)

/**
 * cmd_snapshot() - "pfntrack snapshot DIR"
 * @argc: 1
 * @argv: the directory
 *
 * Return: exit code.
 */
int cmd_snapshot(int argc, char **argv)
{
	struct snapshot s = { .dir = argv[0] };
	struct model m = { 0 };
	int rc;

	(void)argc;
	if (!*argv[0])
		return fail(RC_USAGE, "the name of the directory is empty; give one that is new");
	/* Nothing is written where nothing can be read. */
	rc = source_load(&m, READABLE);
	model_free(&m);
	if (!rc)
		rc = snapshot_write(&s);
	if (!rc)
		printer()->snapshot(&s);
	return rc;
}
