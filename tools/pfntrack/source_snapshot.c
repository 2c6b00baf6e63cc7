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
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main.h"
#include "source_kernel.h"
#include "util.h"

#define MARK    "/.unfinished"
#define PCI     "/sys/bus/pci/devices"
#define UIO     "/sys/class/uio"
#define DEPTH   4  /* no file lies deeper in the folders that are copied */
#define POINTER 16 /* hexadecimal digits */

static int write_failed(const char *path, int err)
{
	return fail(RC_INTERNAL, "cannot write %s: %s; the snapshot is removed", path,
		    strerror(err));
}

/* Make the folders that lead to a file below @dir, for root only. */
static int make_parents(char *path, size_t dir)
{
	char *slash = path + dir;
	int rc = 0;

	while (!rc && (slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			rc = write_failed(path, errno);
		*slash = '/';
	}
	return rc;
}

static int write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc = 0;
	ssize_t n;

	if (fd < 0)
		return write_failed(path, errno);
	for (; !rc && len; text += n, len -= n) {
		n = write(fd, text, len);
		if (n < 0) {
			rc = write_failed(path, errno);
			n = 0;
		}
	}
	if (close(fd) && !rc)
		rc = write_failed(path, errno);
	return rc;
}

/* 64 bits with the highest one set: on every architecture the kernel's half. */
static bool has_pointer(const char *text, size_t len)
{
	size_t i, run = 0;

	for (i = 0; i <= len; i++) {
		if (i < len && isxdigit((unsigned char)text[i])) {
			run++;
			continue;
		}
		if (run == POINTER && !memchr("01234567", text[i - POINTER], 8))
			return true;
		run = 0;
	}
	return false;
}

/**
 * snapshot_put() - add a file to a snapshot
 * @s: the snapshot
 * @path: of the file, on the machine that is captured
 * @text: what is kept of it
 * @len: length of @text
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int snapshot_put(struct snapshot *s, const char *path, const char *text, size_t len)
{
	char *to = xasprintf("%s%s", s->dir, path), *list;
	int rc;

	if (has_pointer(text, len))
		rc = fail(RC_INTERNAL,
			  "%s holds what looks like a kernel address; report it, nothing was kept",
			  path);
	else
		rc = make_parents(to, strlen(s->dir));
	if (!rc)
		rc = write_file(to, text, len);
	free(to);
	list = xasprintf("%sfile: %zu %s\n", s->list ? s->list : "", len, path);
	free(s->list);
	s->list = list;
	s->files++;
	s->bytes += len;
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
	char *to = xasprintf("%s%s", s->dir, path), *slash;
	char target[4096], *name;
	int rc = 0;

	if (source_readlink(path, target, sizeof(target))) {
		slash = strrchr(target, '/');
		name = xasprintf("../../drivers/%s", slash ? slash + 1 : target);
		rc = make_parents(to, strlen(s->dir));
		if (!rc && symlink(name, to))
			rc = write_failed(to, errno);
		free(name);
	}
	free(path);
	free(to);
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
	char *path = xasprintf(UIO "/%s/maps/%s/%s", device, map, name);
	char *from = source_path(path), *text;
	size_t len;
	int rc = 0;

	if (!source_read(from, MAX_WORD, &text, &len)) {
		if (!has_pointer(text, len))
			rc = snapshot_put(s, path, text, len);
		free(text);
	}
	free(from);
	free(path);
	return rc;
}

static int copy_uio_maps(const char *device, struct snapshot *s)
{
	char *path = xasprintf(UIO "/%s/maps", device), *full = source_path(path);
	struct dirent *entry;
	DIR *dir = opendir(full);
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
	free(full);
	free(path);
	return rc;
}

static int copy_uio(struct snapshot *s)
{
	char *full = source_path(UIO);
	struct dirent *entry;
	DIR *dir = opendir(full);
	int rc = 0;

	free(full);
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

/* What is in it, so that a loss shows. */
static int write_list(const struct snapshot *s)
{
	uint64_t page = *opts.root ? snapshot_page() : (uint64_t)sysconf(_SC_PAGESIZE);
	char *path = xasprintf("%s" SNAPSHOT_LIST, s->dir);
	char *size = page ? xasprintf("page: %llu\n", (unsigned long long)page) : xstrdup("");
	char *text = xasprintf("version: %d\npfntrack: %s\n%s%send: %llu\n", SNAPSHOT_VERSION,
			       PFNTRACK_VERSION, size, s->list ? s->list : "",
			       (unsigned long long)s->files);
	int rc = write_file(path, text, strlen(text));

	free(text);
	free(size);
	free(path);
	return rc;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	/* The directory itself may have been there before: it is kept, empty. */
	if (ftw->level)
		remove(path);
	return 0;
}

static int make_directory(const char *dir, bool *made)
{
	struct dirent *entry;
	DIR *open_dir;

	*made = !mkdir(dir, 0700);
	if (*made)
		return 0;
	if (errno != EEXIST)
		return fail(RC_USAGE, "cannot make %s: %s; give another directory", dir,
			    strerror(errno));
	open_dir = opendir(dir);
	if (!open_dir)
		return fail(RC_USAGE, "cannot use %s: %s; give another directory", dir,
			    strerror(errno));
	do
		entry = readdir(open_dir);
	while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
	closedir(open_dir);
	if (entry)
		return fail(RC_USAGE, "%s is not empty; give a new directory", dir);
	if (chmod(dir, 0700))
		return fail(RC_USAGE, "cannot make %s private: %s; give another directory", dir,
			    strerror(errno));
	return 0;
}

/**
 * snapshot_unfinished() - was the snapshot that --root names interrupted?
 */
bool snapshot_unfinished(void)
{
	struct stat st;

	return !source_stat(MARK, &st);
}

/**
 * snapshot_write() - capture the machine
 * @dir: a directory that is new or empty
 * @s: what was taken
 *
 * Return: 0, or an exit code after an error line was printed; then nothing is left.
 */
int snapshot_write(const char *dir, struct snapshot *s)
{
	char *mark = xasprintf("%s" MARK, dir);
	bool made = false;
	int rc;

	rc = make_directory(dir, &made);
	if (rc) {
		free(mark);
		return rc;
	}
	rc = write_file(mark, "", 0);
	if (!rc)
		rc = copy_all(s);
	if (!rc)
		rc = write_list(s);
	free(s->list);
	s->list = NULL;
	if (!rc && unlink(mark))
		rc = write_failed(mark, errno);
	if (rc) {
		nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		if (made)
			rmdir(dir);
	}
	free(mark);
	return rc;
}
