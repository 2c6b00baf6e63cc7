// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: reads files of /sys and /proc, or of a captured tree below --root. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main.h"
#include "source_kernel.h"
#include "util.h"

#define LINES_BUFFER (256 << 10)
#define LONGEST_LINE (4u << 20) /* no line of the kernel's is, by far */

/**
 * source_path() - the name of a file, for messages
 * @path: absolute, on the machine that is looked at
 *
 * Return: a new string.
 */
char *source_path(const char *path)
{
	return xasprintf("%s%s", opts.root, path);
}

/**
 * source_open_failed() - say why a file cannot be read
 * @path: the file as source_path() names it
 * @err: the errno
 *
 * Return: the exit code.
 */
int source_open_failed(const char *path, int err)
{
	switch (err) {
	case EACCES:
		return fail(RC_UNSUPPORTED, "only root may read %s; run this as root", path);
	case EPERM:
		return fail(RC_UNSUPPORTED, "the kernel is locked down and does not show %s", path);
	case ENOENT:
		return fail(RC_UNSUPPORTED,
			    "%s is missing; use the pfntrack that came with the kernel", path);
	case EFBIG:
		return fail(RC_INTERNAL, "%s is larger than any such file; take it again", path);
	case EMEDIUMTYPE:
		return fail(RC_INTERNAL, "%s is not a regular file; take it again", path);
	case EILSEQ:
		return fail(RC_INTERNAL,
			    "%s holds a NUL byte; the dump is malformed, take it again", path);
	case ELOOP:
		if (source_follows_links())
			break;
		return fail(
			RC_UNSUPPORTED,
			"%s has a symbolic link in it, which this kernel cannot resolve inside --root; use Linux 5.6 or newer",
			path);
	}
	return fail(RC_INTERNAL, "cannot read %s: %s; try again", path, strerror(err));
}

/* Check what can be known before the first byte is read.  Return: 0 or an errno. */
static int check_file(int fd, size_t max)
{
	struct stat st;

	if (fstat(fd, &st))
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (!S_ISREG(st.st_mode))
		return EMEDIUMTYPE;
	/* Each file of sysfs claims a page, which may be larger than a word can be. */
	return max >= MAX_TABLE && (uint64_t)st.st_size > max ? EFBIG : 0;
}

/* Read until the end.  Return: 0 or an errno; then nothing is allocated. */
static int read_all(int fd, size_t max, char **text, size_t *len)
{
	size_t size = 4096, used = 0;
	char *buf = xcalloc(1, size);
	ssize_t n = 1;
	int err = 0;

	while (n && !err) {
		if (used + 1 == size) {
			/* Room for one byte too many, and a NUL: never twice @max. */
			size = size > max / 2 ? max + 2 : size * 2;
			buf = xrealloc(buf, size, 1);
		}
		n = read(fd, buf + used, size - used - 1);
		if (n < 0) {
			err = errno == EINTR ? 0 : errno;
			continue;
		}
		/* All of these files are text: a stream of zeros ends here. */
		if (memchr(buf + used, '\0', n))
			err = EILSEQ;
		used += n;
		if (used > max)
			err = EFBIG;
	}
	if (err) {
		free(buf);
		return err;
	}
	buf[used] = '\0';
	*text = buf;
	*len = used;
	return 0;
}

/**
 * source_read() - read a whole file
 * @path: absolute, on the machine that is looked at
 * @max: a larger file is refused, so that it cannot fill the memory
 * @text: the contents, with a NUL after them; free() it
 * @len: their length
 *
 * Files of sysfs and debugfs do not know their size: read until the end.
 *
 * Return: 0 or an errno; nothing is printed.
 */
int source_read(const char *path, size_t max, char **text, size_t *len)
{
	int fd = source_open_file(path, O_RDONLY | O_NONBLOCK), err;

	if (fd < 0)
		return errno;
	err = check_file(fd, max);
	if (!err)
		err = read_all(fd, max, text, len);
	close(fd);
	return err;
}

/* Hand over the whole lines of what was read; move the rest to the front. */
static int hand_lines(char *buf, size_t *used, int (*take)(void *ctx, char *line), void *ctx)
{
	char *line = buf, *end = buf + *used, *newline;
	int rc = 0;

	while (!rc && (newline = memchr(line, '\n', end - line))) {
		*newline = '\0';
		rc = take(ctx, line);
		line = newline + 1;
	}
	*used = end - line;
	memmove(buf, line, *used);
	return rc;
}

static int read_lines(int fd, size_t max, int (*take)(void *ctx, char *line), void *ctx, bool *cut,
		      int *rc)
{
	size_t size = LINES_BUFFER, used = 0, all = 0;
	char *buf = xcalloc(1, size);
	ssize_t n = 1;
	int err = 0;

	while (n && !err && !*rc) {
		if (used == size) {
			if (size >= LONGEST_LINE) {
				err = EFBIG;
				continue;
			}
			size *= 2;
			buf = xrealloc(buf, size, 1);
		}
		n = read(fd, buf + used, size - used);
		if (n < 0) {
			err = errno == EINTR ? 0 : errno;
			continue;
		}
		all += n;
		if (all > max)
			err = EFBIG;
		else if (memchr(buf + used, '\0', n))
			err = EILSEQ;
		used += n;
		if (!err)
			*rc = hand_lines(buf, &used, take, ctx);
	}
	*cut = used;
	free(buf);
	return err;
}

/**
 * source_lines() - read a file line by line
 * @path: absolute, on the machine that is looked at
 * @max: a larger file is refused
 * @take: takes a line, which it may change, without its newline; not 0 ends it
 * @ctx: handed to @take
 * @cut: gets whether something stood behind the last newline
 * @rc: gets what @take returned last
 *
 * The file as a whole is never in memory.
 *
 * Return: 0 or an errno; nothing is printed.
 */
int source_lines(const char *path, size_t max, int (*take)(void *ctx, char *line), void *ctx,
		 bool *cut, int *rc)
{
	int fd = source_open_file(path, O_RDONLY | O_NONBLOCK), err;

	*cut = false;
	*rc = 0;
	if (fd < 0)
		return errno;
	err = check_file(fd, max);
	if (!err)
		err = read_lines(fd, max, take, ctx, cut, rc);
	close(fd);
	return err;
}
