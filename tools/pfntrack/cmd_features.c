// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack features: what this kernel offers, and which roads it watches. */

#include <stdlib.h>

#include "main.h"
#include "print.h"
#include "source_kernel.h"

/**
 * cmd_features() - "pfntrack features"
 * @argc: none
 * @argv: none
 *
 * Return: exit code.
 */
int cmd_features(int argc, char **argv)
{
	struct model m = { 0 };
	struct summary s;
	int rc;

	(void)argc;
	(void)argv;
	rc = features_load(&m);
	if (!rc) {
		printer()->features(&m);
		s = summarize_features(&m);
		rc = s.healthy < 0 ? RC_UNSUPPORTED : RC_CLEAN;
		free(s.text);
	}
	model_free(&m);
	return rc;
}
