// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: what a snapshot keeps of /proc, and the list of what it holds.
 *
 * Of processes it keeps nothing but the areas that map page frames, of
 * vmallocinfo the areas of ioremap() without their addresses.
 *
 * The list is "version:", "pfntrack:", "page:" (bytes), a "file: SIZE PATH" for
 * each file and "end:" with their number.  A tree without one was put together
 * by hand, and is taken as it is.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "main.h"
#include "source_kernel.h"
#include "util.h"

#define NO_ADDRESSES "0x0000000000000000-0x0000000000000000"

static int keep_ioremaps(struct snapshot *s)
{
	struct model m = { 0 };
	char *text, *line, *out, *rest;
	int err, rc = 0;
	FILE *file;
	size_t len;

	rest = source_text(&m, PROC_VMALLOC, &err);
	file = rest ? open_memstream(&text, &len) : NULL;
	if (rest && !file)
		die_nomem();
	while ((line = strsep(&rest, "\n"))) {
		out = strchr(line, ' ');
		if (out && strstr(out, " phys=") && strstr(out, " ioremap"))
			fprintf(file, NO_ADDRESSES "%s\n", out);
	}
	if (file) {
		if (fclose(file))
			die_nomem();
		rc = snapshot_put(s, PROC_VMALLOC, text, len);
		free(text);
	}
	model_free(&m);
	return rc;
}

/* Kernels before 6.1 do not have the file; without it nobody could judge. */
static int keep_arch(struct snapshot *s)
{
	struct model m = { 0 };
	struct utsname name;
	char *text;
	int err, rc = 0;

	text = source_text(&m, PROC_ARCH, &err);
	if (text)
		text = xstrdup(text);
	else if (!*opts.root && !uname(&name))
		text = xasprintf("%s\n", name.machine);
	if (text)
		rc = snapshot_put(s, PROC_ARCH, text, strlen(text));
	free(text);
	model_free(&m);
	return rc;
}

static int keep_area(void *ctx, const struct area *area)
{
	fprintf(ctx, "%s\nKernelPageSize: %llu kB\nVmFlags:%s\n", area->head,
		(unsigned long long)area->page / 1024, area->flags);
	return 0;
}

static int keep_process(void *ctx, const char *pid)
{
	struct snapshot *s = ctx;
	struct model m = { 0 };
	char *text, *path, *comm;
	int err, rc = 0;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		die_nomem();
	err = proc_areas(pid, keep_area, file);
	if (fclose(file))
		die_nomem();
	if (err || !len)
		goto out;
	path = xasprintf("/proc/%s/smaps", pid);
	rc = snapshot_put(s, path, text, len);
	free(path);
	path = xasprintf("/proc/%s/comm", pid);
	comm = source_text(&m, path, &err);
	if (!rc && comm)
		rc = snapshot_put(s, path, comm, strlen(comm));
	free(path);
out:
	free(text);
	model_free(&m);
	return rc;
}

/**
 * snapshot_proc() - keep what source proc reads
 * @s: the snapshot
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int snapshot_proc(struct snapshot *s)
{
	int rc = keep_ioremaps(s);

	if (!rc)
		rc = keep_arch(s);
	return rc ? rc : proc_each_process(keep_process, s);
}

static char *read_list(int *err)
{
	char *text = NULL;
	size_t len;

	*err = source_read(SNAPSHOT_LIST, MAX_TABLE, &text, &len);
	if (*err == ENOMEM)
		die_nomem();
	return *err ? NULL : text;
}

static int spoilt(const char *what, const char *path)
{
	return fail(RC_INTERNAL, "the snapshot %s is truncated: %s%s; take it again", opts.root,
		    what, path);
}

/* "SIZE PATH" */
static int check_file(char *value)
{
	char *name = strchr(value, ' ');
	uint64_t size;
	struct stat st;
	int rc = 0;

	if (!name)
		return spoilt("its list has no path in ", value);
	*name++ = '\0';
	/* A file that may not be looked at fails when it is read. */
	if (source_stat(name, &st))
		rc = errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? spoilt("no ", name)
									   : 0;
	else if (!parse_number(value, 10, &size) || (uint64_t)st.st_size != size)
		rc = spoilt("another size of ", name);
	return rc;
}

static int check_version(const char *line)
{
	uint64_t version;

	if (!line || strncmp(line, "version: ", 9) || !parse_number(line + 9, 10, &version) ||
	    !version)
		return spoilt("no version in its list", "");
	if (version > SNAPSHOT_VERSION)
		return fail(
			RC_UNSUPPORTED,
			"the snapshot %s has version %s, this pfntrack reads %d; use a newer one",
			opts.root, line + 9, SNAPSHOT_VERSION);
	return 0;
}

/**
 * snapshot_check() - does the snapshot that --root names hold all that was captured?
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int snapshot_check(void)
{
	uint64_t files = 0, promised = 0;
	char *text, *rest, *line, *path;
	bool end = false;
	int err, rc;

	rest = text = read_list(&err);
	if (err == ENOENT || err == ENOTDIR)
		return 0;
	if (err) {
		path = source_path(SNAPSHOT_LIST);
		rc = source_open_failed(path, err);
		free(path);
		return rc;
	}
	rc = check_version(strsep(&rest, "\n"));
	while (!rc && !end && (line = strsep(&rest, "\n"))) {
		if (!strncmp(line, "file: ", 6)) {
			rc = check_file(line + 6);
			files++;
		}
		end = !strncmp(line, "end: ", 5) && parse_number(line + 5, 10, &promised);
	}
	if (!rc && (!end || !rest || promised != files))
		rc = spoilt("its list has no end", "");
	free(text);
	return rc;
}

/**
 * snapshot_page() - how large a page is in the snapshot that --root names
 *
 * Return: bytes, 0 if it does not say.
 */
uint64_t snapshot_page(void)
{
	int err;
	char *text = read_list(&err), *rest = text, *line;
	uint64_t page = 0;

	while (rest && (line = strsep(&rest, "\n")))
		if (!strncmp(line, "page: ", 6) &&
		    (!parse_number(line + 6, 10, &page) || page & (page - 1) || page > 1 << 24))
			page = 0;
	free(text);
	return page;
}
