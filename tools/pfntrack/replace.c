// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: writes a file that a user named, whole or not at all.
 *
 * The directory may be writable by others.  A temporary file is made in it, by
 * a name that did not exist, and renamed: nothing that others put there is
 * opened or followed.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main.h"
#include "replace.h"
#include "util.h"

#define TRIES 100

/* A file while it is replaced. */
struct target {
	const char *path, *name; /* the name is the last part of the path */
	int dir;                 /* where it is */
	char temporary[32];
	sigset_t ending, before; /* signals that wait, and the mask before */
};

static int write_failed(const char *path, int err)
{
	return fail(err == EACCES || err == EPERM || err == EROFS ? RC_UNSUPPORTED : RC_INTERNAL,
		    "cannot write %s: %s; nothing was changed%s", path, strerror(err),
		    err == EROFS   ? ", mount it writable"
		    : err == EFBIG ? ", raise the limit ('ulimit -f')"
				   : "");
}

static int open_directory(struct target *t)
{
	const char *slash = strrchr(t->path, '/');
	char *dir;

	t->name = slash ? slash + 1 : t->path;
	if (!*t->path)
		return fail(RC_USAGE,
			    "the name of the file is empty; give one, or - for standard output");
	if (!*t->name)
		return fail(RC_USAGE, "%s is a directory; give a file", t->path);
	dir = slash ? strndup(t->path, slash - t->path + 1) : xstrdup(".");
	if (!dir)
		die_nomem();
	t->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	return t->dir < 0 ? write_failed(t->path, errno) : 0;
}

/*
 * What is replaced, if anything: only a regular file.  A FIFO would hand the
 * text to its reader, and /dev/stdout itself would be replaced.
 */
static int check_old(const struct target *t, struct stat *old, bool *exists)
{
	*exists = !fstatat(t->dir, t->name, old, AT_SYMLINK_NOFOLLOW);
	if (!*exists)
		return errno == ENOENT ? 0 : write_failed(t->path, errno);
	if (S_ISDIR(old->st_mode))
		return fail(RC_USAGE, "%s is a directory; give a file", t->path);
	if (S_ISLNK(old->st_mode))
		return fail(RC_USAGE,
			    "%s is a symbolic link; give the file itself, or - for standard output",
			    t->path);
	if (!S_ISREG(old->st_mode))
		return fail(RC_USAGE,
			    "%s is not a regular file; give another name, or - for standard output",
			    t->path);
	return 0;
}

static int make_temporary(struct target *t)
{
	uint64_t number;
	int fd = -1, i;

	for (i = 0; i < TRIES && fd < 0; i++) {
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return -1;
		/* Collectors read every file whose name ends in .prom. */
		snprintf(t->temporary, sizeof(t->temporary), ".pfntrack.%016llx",
			 (unsigned long long)number);
		fd = openat(t->dir, t->temporary,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

static bool interrupted(const struct target *t)
{
	sigset_t pending;
	int sig;

	if (sigpending(&pending))
		return false;
	for (sig = 1; sig < NSIG; sig++)
		if (sigismember(&t->ending, sig) == 1 && sigismember(&pending, sig) == 1)
			return true;
	return false;
}

/* Write and close.  Return: 0 or an errno. */
static int fill(const struct target *t, int fd, const char *text, size_t len)
{
	ssize_t n;
	int err = 0;

	for (; len && !err; text += n, len -= n) {
		n = write(fd, text, len < 1 << 20 ? len : 1 << 20);
		if (n < 0) {
			err = errno == EINTR ? 0 : errno;
			n = 0;
		}
		if (interrupted(t))
			err = EINTR;
	}
	if (!err && fsync(fd))
		err = errno;
	if (close(fd) && !err)
		err = errno;
	return err;
}

/* SIGINT and the like wait for as long as there is a temporary file. */
static void hold_signals(struct target *t)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	struct sigaction action;
	size_t i;

	sigemptyset(&t->ending);
	/* One that is ignored, as by nohup, ends nothing. */
	for (i = 0; i < ARRAY_SIZE(ends); i++)
		if (!sigaction(ends[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(&t->ending, ends[i]);
	sigprocmask(SIG_BLOCK, &t->ending, &t->before);
}

static int write_new(struct target *t, const struct stat *old, const char *text, size_t len)
{
	int fd, err = 0;

	hold_signals(t);
	fd = make_temporary(t);
	if (fd < 0) {
		err = errno;
		goto out;
	}
	if (old && (fchown(fd, old->st_uid, old->st_gid) || fchmod(fd, old->st_mode & 0777))) {
		err = errno;
		close(fd);
	} else {
		err = fill(t, fd, text, len);
	}
	if (!err && interrupted(t))
		err = EINTR;
	if (!err && renameat(t->dir, t->temporary, t->dir, t->name))
		err = errno;
	if (err)
		unlinkat(t->dir, t->temporary, 0);
out:
	/* A signal that waited ends the command here. */
	sigprocmask(SIG_SETMASK, &t->before, NULL);
	return err ? write_failed(t->path, err) : 0;
}

/**
 * replace_file() - make a file, or replace one that is there
 * @path: the file; not standard output
 * @text: what it is to hold
 * @len: length of @text
 * @keep: an old file's owner and mode are kept; else, and for a new file, only
 *        the caller may read it
 *
 * A reader sees the old file or the new one, never a part of it.
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int replace_file(const char *path, const char *text, size_t len, bool keep)
{
	struct target t = { .path = path, .dir = -1 };
	struct stat old;
	bool exists;
	int rc;

	rc = open_directory(&t);
	if (rc)
		return rc;
	rc = check_old(&t, &old, &exists);
	if (!rc)
		rc = write_new(&t, keep && exists ? &old : NULL, text, len);
	close(t.dir);
	return rc;
}

/**
 * replace_is_stdout() - does this name stand for standard output?
 * @path: what the user gave
 */
bool replace_is_stdout(const char *path)
{
	return !strcmp(path, "-");
}
