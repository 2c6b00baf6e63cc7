// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack export: metrics for node_exporter's textfile collector. */

#include <stdio.h>
#include <stdlib.h>

#include "main.h"
#include "metrics.h"
#include "print.h"
#include "replace.h"
#include "source_kernel.h"
#include "util.h"

/* All of it in memory first: nothing is begun that cannot be ended. */
static int write_file(const char *path, const struct metrics *metrics)
{
	size_t len;
	char *text;
	FILE *file = open_memstream(&text, &len);
	int rc;

	if (!file)
		die_nomem();
	metrics_write(file, metrics);
	/* Memory is all that it can lack. */
	if (fclose(file))
		die_nomem();
	rc = replace_file(path, text, len, true);
	free(text);
	return rc;
}

/**
 * cmd_export() - "pfntrack export [FILE]"
 * @argc: number of operands
 * @argv: operands
 *
 * Return: exit code.  Numbers do not judge, but who reads them must learn that
 * they are not known.
 */
int cmd_export(int argc, char **argv)
{
	struct metrics metrics = { 0 };
	struct model m = { 0 };
	struct summary s;
	const char *file = argc && !replace_is_stdout(argv[0]) ? argv[0] : NULL;
	int rc;

	if (file && !*file)
		return fail(RC_USAGE, "the name of the file is empty; leave it out for the output");
	rc = source_load(&m, LOAD_SYSFS | LOAD_RECORDS | LOAD_ALIASES | LOAD_CONFLICTS |
				     LOAD_COVERAGE | LOAD_PLATFORM);
	if (!rc)
		metrics_gather(&m, &metrics);
	if (!rc && file)
		rc = write_file(file, &metrics);
	if (!rc && (!file || opts.json))
		printer()->metrics(&m, &metrics);
	if (!rc) {
		s = summarize(&m);
		rc = summary_rc(&s) == RC_UNSUPPORTED ? RC_UNSUPPORTED : RC_CLEAN;
	}
	metrics_free(&metrics);
	model_free(&m);
	return rc;
}
