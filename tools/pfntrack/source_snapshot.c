// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: writes what it reads into a directory that --root reads.
 *
 * A mark stands in the directory from the first file to the last, so that a
 * capture that was killed is not taken for a whole one.
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard.h"
#include "main.h"
#include "source_kernel.h"
#include "util.h"

#define MARK    "/.unfinished"
#define PCI     "/sys/bus/pci/devices"
#define UIO     "/sys/class/uio"
#define DEPTH   4  /* no file lies deeper in the folders that are copied */
#define POINTER 16 /* hexadecimal digits */

/*
 * Replace by zeros what has 64 bits and the highest one set: on every
 * architecture the kernel's half.  The kernel hides its addresses in the same way.
 *
 * Return: how many there were.
 */
static uint64_t mask_pointers(char *text, size_t len)
{
	size_t i, run = 0;
	uint64_t n = 0;

	for (i = 0; i <= len; i++) {
		if (i < len && isxdigit((unsigned char)text[i])) {
			run++;
			continue;
		}
		if (run == POINTER && !memchr("01234567", text[i - POINTER], 8)) {
			memset(text + i - POINTER, '0', POINTER);
			n++;
		}
		run = 0;
	}
	return n;
}

/**
 * snapshot_put() - add a file to a snapshot
 * @s: the snapshot
 * @path: of the file, on the machine that is captured
 * @text: what is kept of it; kernel addresses in it are masked
 * @len: length of @text
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int snapshot_put(struct snapshot *s, const char *path, char *text, size_t len)
{
	int rc;

	s->count->masked += mask_pointers(text, len);
	rc = snapshot_dir_write(s, path, text, len);
	fprintf(s->list, "file: %zu %s\n", len, path);
	s->count->files++;
	s->count->bytes += len;
	return rc;
}

static int copy_file(const char *path, struct snapshot *s)
{
	char *from = source_path(path), *text = NULL;
	size_t len = 0;
	int err, rc;

	err = source_read(path, MAX_DUMP, &text, &len);
	/* Not every kernel and machine has them all; what is needed was read before. */
	if (err == ENOENT || err == EACCES || err == EPERM)
		rc = 0;
	else if (err)
		rc = source_open_failed(from, err);
	else
		rc = snapshot_put(s, path, text, len);
	if (!err)
		free(text);
	free(from);
	return rc;
}

/* All files of a folder and of those in it; sysfs and debugfs grow with the kernel. */
static int copy_folder(const char *path, unsigned int depth, struct snapshot *s)
{
	DIR *dir = source_opendir(path);
	struct dirent *entry;
	struct stat st;
	int rc = 0;
	char *name;

	while (dir && !rc && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		name = xasprintf("%s/%s", path, entry->d_name);
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			st.st_mode = 0;
		if (S_ISDIR(st.st_mode) && depth)
			rc = copy_folder(name, depth - 1, s);
		else if (S_ISREG(st.st_mode))
			rc = copy_file(name, s);
		free(name);
	}
	if (dir)
		closedir(dir);
	return rc;
}

/* The driver is where a link points to; only its name is of use. */
static int copy_driver(const char *device, struct snapshot *s)
{
	char *path = xasprintf(PCI "/%s/driver", device);
	char target[4096], *name, *slash;
	int rc = 0;

	if (source_readlink(path, target, sizeof(target))) {
		slash = strrchr(target, '/');
		name = xasprintf("../../drivers/%s", slash ? slash + 1 : target);
		rc = snapshot_dir_link(s, path, name);
		free(name);
	}
	free(path);
	return rc;
}

static int copy_pci(struct snapshot *s)
{
	DIR *dir = source_opendir(PCI);
	struct dirent *entry;
	int rc = 0;
	char *path;

	while (dir && !rc && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		path = xasprintf(PCI "/%s/resource", entry->d_name);
		rc = copy_file(path, s);
		free(path);
		if (!rc)
			rc = copy_driver(entry->d_name, s);
	}
	if (dir)
		closedir(dir);
	return rc;
}

/* Where a driver of uio gives memory of the kernel, the address is a pointer: left out. */
static int copy_uio_file(const char *device, const char *map, const char *name, struct snapshot *s)
{
	char *path = xasprintf(UIO "/%s/maps/%s/%s", device, map, name), *text;
	size_t len;
	int rc = 0;

	if (!source_read(path, MAX_WORD, &text, &len)) {
		if (!mask_pointers(text, len))
			rc = snapshot_put(s, path, text, len);
		free(text);
	}
	free(path);
	return rc;
}

static int copy_uio_maps(const char *device, struct snapshot *s)
{
	char *path = xasprintf(UIO "/%s/maps", device);
	struct dirent *entry;
	DIR *dir = source_opendir(path);
	int rc = 0;

	while (dir && !rc && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		rc = copy_uio_file(device, entry->d_name, "addr", s);
		if (!rc)
			rc = copy_uio_file(device, entry->d_name, "size", s);
	}
	if (dir)
		closedir(dir);
	free(path);
	return rc;
}

static int copy_uio(struct snapshot *s)
{
	struct dirent *entry;
	DIR *dir = source_opendir(UIO);
	int rc = 0;

	while (dir && !rc && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			rc = copy_uio_maps(entry->d_name, s);
	if (dir)
		closedir(dir);
	return rc;
}

static int copy_all(struct snapshot *s)
{
	static const char *const files[] = {
		"/proc/iomem",
		"/proc/cpuinfo",
		"/proc/sys/kernel/osrelease",
		"/sys/kernel/security/lockdown",
		"/sys/kernel/tracing/events/pfn_track/enable",
		PROC_MEMTYPE,
	};
	size_t i;
	int rc;

	audit_notice();
	rc = copy_folder(PFN_DEBUGFS, DEPTH, s);
	if (!rc)
		rc = copy_folder(PFN_SYSFS, DEPTH, s);
	for (i = 0; !rc && i < ARRAY_SIZE(files); i++)
		rc = copy_file(files[i], s);
	if (!rc)
		rc = copy_pci(s);
	if (!rc)
		rc = copy_uio(s);
	return rc ? rc : snapshot_proc(s);
}

/* All files, and the list of what is in it, so that a loss shows. */
static int copy_and_list(struct snapshot *s)
{
	uint64_t page = *opts.root ? snapshot_page() : (uint64_t)sysconf(_SC_PAGESIZE);
	char *text;
	size_t len;
	int rc;

	s->list = open_memstream(&text, &len);
	if (!s->list)
		die_nomem();
	fprintf(s->list, "version: %d\npfntrack: %s\n", SNAPSHOT_VERSION, PFNTRACK_VERSION);
	if (page)
		fprintf(s->list, "page: %llu\n", (unsigned long long)page);
	rc = copy_all(s);
	fprintf(s->list, "end: %llu\n", (unsigned long long)s->count->files);
	if (fclose(s->list))
		die_nomem();
	if (!rc)
		rc = snapshot_dir_write(s, SNAPSHOT_LIST, text, len);
	free(text);
	return rc;
}

/**
 * snapshot_unfinished() - was the snapshot that --root names interrupted?
 */
bool snapshot_unfinished(void)
{
	struct stat st;

	return !source_stat(MARK, &st);
}

static int capture(void *ctx)
{
	struct snapshot *s = ctx;
	int rc = snapshot_dir_write(s, MARK, "", 0);

	if (!rc)
		rc = copy_and_list(s);
	return rc ? rc : snapshot_dir_unlink(s, MARK);
}

static void undo(void *ctx)
{
	snapshot_dir_remove(ctx);
}

/**
 * snapshot_write() - capture the machine
 * @s: the snapshot, with the name of a directory that is new or empty
 *
 * Return: 0, or an exit code after an error line was printed; then nothing is left.
 */
int snapshot_write(struct snapshot *s)
{
	void *shared;
	int rc;

	shared = mmap(NULL, sizeof(*s->count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		die_nomem();
	s->count = shared;
	rc = snapshot_dir_open(s);
	if (!rc)
		rc = guarded(capture, undo, s);
	snapshot_dir_close(s);
	return rc;
}
