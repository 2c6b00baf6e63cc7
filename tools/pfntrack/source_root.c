// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: opens files of this machine, or of a captured tree below --root.
 *
 * A captured tree may come from anyone.  Its symbolic links are resolved inside
 * it, as chroot() would: by openat2(), or before Linux 5.6 not at all.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "main.h"
#include "source_kernel.h"
#include "util.h"

/* The kernel gives up when something is renamed while it resolves "..". */
#define TRIES 32

static int root_fd = -1;
static bool no_openat2;

static int open_inside(const char *path, int flags)
{
	struct open_how how = { .flags = flags, .resolve = RESOLVE_IN_ROOT };
	int fd, i;

	for (i = 0; i < TRIES; i++) {
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

/**
 * source_enter_root() - open the directory that --root names
 *
 * Return: false, with errno, if it cannot be opened.
 */
bool source_enter_root(void)
{
	int fd;

	root_fd = open(opts.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return false;
	fd = open_inside(".", O_PATH | O_CLOEXEC);
	/* Filters of containers refuse unknown system calls with EPERM. */
	no_openat2 = fd < 0;
	if (fd >= 0)
		close(fd);
	return true;
}

static bool is_link(int dir, const char *name)
{
	struct stat st;

	return !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode);
}

/* Open one component; a symbolic link fails with ELOOP. */
static int open_component(int dir, const char *name, int flags)
{
	int fd = -1;

	if (!strcmp(name, ".."))
		errno = ELOOP;
	else
		fd = openat(dir, name, flags | O_NOFOLLOW);
	if (fd < 0 && errno == ENOTDIR && is_link(dir, name))
		errno = ELOOP;
	return fd;
}

static char *next_component(char **rest)
{
	char *name;

	do
		name = strsep(rest, "/");
	while (name && !*name);
	return name;
}

static int open_by_component(const char *path, int flags)
{
	char *copy = xstrdup(path), *rest = copy, *name = next_component(&rest), *next;
	int dir = root_fd, fd, err;

	fd = name ? -1 : openat(root_fd, ".", flags);
	for (; name; name = next) {
		next = next_component(&rest);
		fd = open_component(dir, name, next ? O_PATH | O_DIRECTORY | O_CLOEXEC : flags);
		err = errno;
		if (dir != root_fd)
			close(dir);
		errno = err;
		if (fd < 0)
			break;
		dir = fd;
	}
	err = errno;
	free(copy);
	errno = err;
	return fd;
}

/**
 * source_open_file() - open a file of the machine that is looked at
 * @path: absolute, on that machine
 * @flags: as for open()
 *
 * Return: a descriptor, or -1 with errno.
 */
int source_open_file(const char *path, int flags)
{
	flags |= O_CLOEXEC;
	if (!*opts.root)
		return open(path, flags);
	return no_openat2 ? open_by_component(path, flags) : open_inside(path, flags);
}

/**
 * source_opendir() - opendir() of a directory of the machine that is looked at
 * @path: absolute, on that machine
 *
 * Return: NULL with errno if it cannot be opened.
 */
DIR *source_opendir(const char *path)
{
	int fd = source_open_file(path, O_RDONLY | O_DIRECTORY);
	DIR *dir;

	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (!dir)
		die_nomem();
	return dir;
}

/**
 * source_stat() - stat() of a file of the machine that is looked at
 * @path: absolute, on that machine
 * @st: the result
 *
 * Return: 0, or -1 with errno.
 */
int source_stat(const char *path, struct stat *st)
{
	int fd, rc;

	if (!*opts.root)
		return stat(path, st);
	fd = source_open_file(path, O_PATH);
	if (fd < 0)
		return -1;
	rc = fstat(fd, st);
	close(fd);
	return rc;
}

/**
 * source_readlink() - where a symbolic link of the machine points to
 * @path: absolute, on that machine
 * @target: the result, with a NUL after it
 * @size: of @target
 *
 * Return: false if there is no such link.
 */
bool source_readlink(const char *path, char *target, size_t size)
{
	int fd = source_open_file(path, O_PATH | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return false;
	n = readlinkat(fd, "", target, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	target[n] = '\0';
	return true;
}

/**
 * source_follows_links() - are symbolic links below --root resolved?
 */
bool source_follows_links(void)
{
	return !no_openat2;
}
