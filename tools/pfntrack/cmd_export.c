// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack export: metrics for node_exporter's textfile collector. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main.h"
#include "metrics.h"
#include "print.h"
#include "source_kernel.h"
#include "util.h"

static int write_failed(const char *path, int err)
{
	return fail(err == EACCES || err == EPERM || err == EROFS ? RC_UNSUPPORTED : RC_INTERNAL,
		    "cannot write %s: %s; nothing was changed", path, strerror(err));
}

/*
 * Whoever is to read the file was given it before: owner and mode of one that is
 * there are kept.  A new one is for its owner only.
 */
static int take_over(int fd, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? 0 : write_failed(path, errno);
	if (!S_ISREG(st.st_mode))
		return fail(RC_USAGE, "%s is no file; give another name", path);
	if (fchown(fd, st.st_uid, st.st_gid) || fchmod(fd, st.st_mode & 0777))
		return write_failed(path, errno);
	return 0;
}

static int put(int fd, const char *text, size_t len)
{
	ssize_t n;

	for (; len; text += n, len -= n) {
		n = write(fd, text, len);
		if (n < 0)
			return -1;
	}
	return fsync(fd);
}

/* A reader sees the old file or the new one, never half of it. */
static int replace_file(const char *path, const char *text, size_t len)
{
	/* Its name must not end in .prom: collectors read all of those. */
	char *temporary = xasprintf("%s.XXXXXX", path);
	int fd = mkstemp(temporary), rc;

	if (fd < 0) {
		rc = write_failed(path, errno);
		free(temporary);
		return rc;
	}
	rc = take_over(fd, path);
	if (!rc && put(fd, text, len))
		rc = write_failed(path, errno);
	if (close(fd) && !rc)
		rc = write_failed(path, errno);
	if (!rc && rename(temporary, path))
		rc = write_failed(path, errno);
	if (rc)
		unlink(temporary);
	free(temporary);
	return rc;
}

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
	rc = replace_file(path, text, len);
	free(text);
	return rc;
}

/**
 * cmd_export() - "pfntrack export [FILE]"
 * @argc: number of operands
 * @argv: operands
 *
 * Return: exit code; what the numbers say is not its business.
 */
int cmd_export(int argc, char **argv)
{
	struct metrics metrics = { 0 };
	struct model m = { 0 };
	int rc;

	if (argc && !*argv[0])
		return fail(RC_USAGE, "the name of the file is empty; leave it out for the output");
	rc = source_load(&m, LOAD_SYSFS | LOAD_RECORDS | LOAD_ALIASES | LOAD_CONFLICTS |
				     LOAD_COVERAGE | LOAD_PLATFORM);
	if (!rc)
		metrics_gather(&m, &metrics);
	if (!rc && argc)
		rc = write_file(argv[0], &metrics);
	if (!rc && (!argc || opts.json))
		printer()->metrics(&m, &metrics);
	metrics_free(&metrics);
	model_free(&m);
	return rc;
}
