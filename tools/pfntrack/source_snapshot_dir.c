// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the directory that a snapshot is written into.
 *
 * Root may be given a directory in a place where others write.  It is opened
 * once, must belong to the caller and is closed to everyone else; after that
 * every file is made, and removed, below its descriptor and through no link.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main.h"
#include "source_kernel.h"
#include "util.h"

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static int write_failed(const struct snapshot *s, const char *path, int err)
{
	return fail(RC_INTERNAL, "cannot write %s%s: %s; the snapshot is removed", s->dir, path,
		    strerror(err));
}

static int cannot_use(const struct snapshot *s, const char *what, int err)
{
	return fail(RC_USAGE, "cannot %s %s: %s; give another directory", what, s->dir,
		    strerror(err));
}

/* A directory whose entries are to be read, apart from the position of @fd itself. */
static DIR *list(int fd)
{
	int again = openat(fd, ".", OPEN_DIR);
	DIR *dir;

	if (again < 0)
		return NULL;
	dir = fdopendir(again);
	if (!dir)
		die_nomem();
	return dir;
}

static struct dirent *next_entry(DIR *dir)
{
	struct dirent *entry;

	do
		entry = readdir(dir);
	while (entry && (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")));
	return entry;
}

static int check_empty(const struct snapshot *s)
{
	DIR *dir = list(s->fd);
	bool empty;

	if (!dir)
		return cannot_use(s, "use", errno);
	empty = !next_entry(dir);
	closedir(dir);
	return empty ? 0 : fail(RC_USAGE, "%s is not empty; give a new directory", s->dir);
}

/*
 * The owner of a directory can put links into it at any time, and open it again
 * after it was made private.
 */
static int take_directory(struct snapshot *s)
{
	struct stat st;
	int rc;

	if (fstat(s->fd, &st))
		return cannot_use(s, "use", errno);
	if (st.st_uid != geteuid())
		return fail(
			RC_USAGE,
			"%s belongs to user %u, who could change the snapshot; give a new directory",
			s->dir, st.st_uid);
	rc = check_empty(s);
	if (rc || !(st.st_mode & 077))
		return rc;
	if (fchmod(s->fd, 0700))
		return cannot_use(s, "make private", errno);
	s->mode = st.st_mode & 07777;
	/* Others could write until now. */
	return check_empty(s);
}

static int open_parent(struct snapshot *s)
{
	size_t len = strlen(s->dir);
	char *path;

	while (len > 1 && s->dir[len - 1] == '/')
		len--;
	path = strndup(s->dir, len);
	if (!path)
		die_nomem();
	while (len && path[len - 1] != '/')
		len--;
	s->name = xstrdup(path[len] ? path + len : ".");
	path[len] = '\0';
	s->parent = open(*path ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(path);
	return s->parent < 0 ? cannot_use(s, "make", errno) : 0;
}

static int open_directory(struct snapshot *s)
{
	struct stat st;

	s->made = !mkdirat(s->parent, s->name, 0700);
	if (!s->made && errno != EEXIST)
		return cannot_use(s, "make", errno);
	s->fd = openat(s->parent, s->name, OPEN_DIR);
	if (s->fd >= 0)
		return 0;
	if (errno == ENOTDIR && !fstatat(s->parent, s->name, &st, AT_SYMLINK_NOFOLLOW) &&
	    S_ISLNK(st.st_mode))
		return fail(RC_USAGE, "%s is a symbolic link; give the directory itself", s->dir);
	return cannot_use(s, "use", errno);
}

/* A directory that was there before is left as it was. */
static void give_back(const struct snapshot *s)
{
	if (s->mode && fchmod(s->fd, s->mode))
		fail(RC_INTERNAL, "cannot change the mode of %s back to %o: %s; do it yourself",
		     s->dir, s->mode, strerror(errno));
}

/**
 * snapshot_dir_open() - make the directory, or take an empty one
 * @s: the snapshot
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int snapshot_dir_open(struct snapshot *s)
{
	int rc;

	s->fd = s->parent = -1;
	rc = open_parent(s);
	if (!rc)
		rc = open_directory(s);
	if (!rc)
		rc = take_directory(s);
	/* Only if it is empty. */
	if (rc && s->made)
		unlinkat(s->parent, s->name, AT_REMOVEDIR);
	else if (rc)
		give_back(s);
	return rc;
}

/* Make the directories that lead to a file, and open the last.  Return: -1 with errno. */
static int open_below(const struct snapshot *s, const char *path, const char **name)
{
	int dir = s->fd, next, err;
	char *part;
	size_t len;

	for (path++; dir >= 0 && path[len = strcspn(path, "/")]; path += len + 1) {
		part = strndup(path, len);
		if (!part)
			die_nomem();
		next = mkdirat(dir, part, 0700) && errno != EEXIST ? -1
								   : openat(dir, part, OPEN_DIR);
		err = errno;
		free(part);
		if (dir != s->fd)
			close(dir);
		dir = next;
		errno = err;
	}
	*name = path;
	return dir;
}

/* Write and close.  Return: 0 or an errno. */
static int fill(int fd, const char *text, size_t len)
{
	int err = 0;
	ssize_t n;

	for (; !err && len; text += n, len -= n) {
		n = write(fd, text, len);
		if (n < 0) {
			err = errno == EINTR ? 0 : errno;
			n = 0;
		}
	}
	if (close(fd) && !err)
		err = errno;
	return err;
}

/**
 * snapshot_dir_write() - add a file
 * @s: the snapshot
 * @path: absolute, on the machine that is captured
 * @text: what it is to hold
 * @len: length of @text
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int snapshot_dir_write(const struct snapshot *s, const char *path, const char *text, size_t len)
{
	const char *name;
	int dir = open_below(s, path, &name), fd, err;

	if (dir < 0)
		return write_failed(s, path, errno);
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	err = fd < 0 ? errno : fill(fd, text, len);
	if (dir != s->fd)
		close(dir);
	return err ? write_failed(s, path, err) : 0;
}

/**
 * snapshot_dir_link() - add a symbolic link
 * @s: the snapshot
 * @path: absolute, on the machine that is captured
 * @target: where it points to
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int snapshot_dir_link(const struct snapshot *s, const char *path, const char *target)
{
	const char *name;
	int dir = open_below(s, path, &name), err = 0;

	if (dir < 0)
		return write_failed(s, path, errno);
	if (symlinkat(target, dir, name))
		err = errno;
	if (dir != s->fd)
		close(dir);
	return err ? write_failed(s, path, err) : 0;
}

/**
 * snapshot_dir_unlink() - remove a file again
 * @s: the snapshot
 * @path: absolute, of a file in the directory itself
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int snapshot_dir_unlink(const struct snapshot *s, const char *path)
{
	return unlinkat(s->fd, path + 1, 0) ? write_failed(s, path, errno) : 0;
}

static void remove_below(int fd)
{
	struct dirent *entry;
	DIR *dir = list(fd);
	int inner;

	while (dir && (entry = next_entry(dir))) {
		if (!unlinkat(fd, entry->d_name, 0) || errno != EISDIR)
			continue;
		inner = openat(fd, entry->d_name, OPEN_DIR);
		if (inner < 0)
			continue;
		remove_below(inner);
		close(inner);
		unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
}

/**
 * snapshot_dir_remove() - remove all that was written
 * @s: the snapshot
 *
 * A directory that was there before is kept, empty, and with the mode that it had.
 */
void snapshot_dir_remove(const struct snapshot *s)
{
	struct stat here, there;

	remove_below(s->fd);
	/* Its name may mean another directory by now. */
	if (s->made && !fstat(s->fd, &here) &&
	    !fstatat(s->parent, s->name, &there, AT_SYMLINK_NOFOLLOW) &&
	    here.st_dev == there.st_dev && here.st_ino == there.st_ino)
		unlinkat(s->parent, s->name, AT_REMOVEDIR);
	else
		give_back(s);
}

/**
 * snapshot_dir_close() - forget the directory, and leave it as it is
 * @s: the snapshot
 */
void snapshot_dir_close(struct snapshot *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->parent >= 0)
		close(s->parent);
	free(s->name);
}
