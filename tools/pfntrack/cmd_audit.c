// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack audit: do the live page tables say what the registry says? */

#include <stdlib.h>

#include "columns.h"
#include "main.h"
#include "print.h"
#include "source_kernel.h"

/**
 * cmd_audit() - "pfntrack audit"
 * @argc: none
 * @argv: none
 *
 * Return: exit code.  While the policy is off nothing is compared: not known is
 * not clean.
 */
int cmd_audit(int argc, char **argv)
{
	struct model m = { 0 };
	struct summary s;
	int rc;

	(void)argc;
	(void)argv;
	rc = source_load(&m, LOAD_AUDIT | LOAD_COVERAGE | LOAD_PLATFORM);
	if (!rc) {
		columns_sort(&audit_columns, &m);
		printer()->audit(&m);
		s = summarize_audit(&m);
		rc = s.healthy < 0 ? RC_UNSUPPORTED : s.healthy ? RC_CLEAN : RC_CONFLICT;
		free(s.text);
	}
	model_free(&m);
	return rc;
}
