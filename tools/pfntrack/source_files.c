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

/**
 * source_read() - read a whole file
 * @path: absolute, on the machine that is looked at
 * @max: what is larger is no such file, and would fill the memory
 * @text: the contents, with a NUL after them; free() it
 * @len: their length
 *
 * Files of sysfs and debugfs do not know their size: read until the end.
 *
 * Return: 0 or an errno; nothing is printed.
 */
int source_read(const char *path, size_t max, char **text, size_t *len)
{
	size_t size = 4096, used = 0;
	int fd, err = 0;
	ssize_t n = 1;
	char *buf;

	fd = source_open_file(path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return errno;
	buf = xcalloc(1, size);
	while (n) {
		if (used + 1 == size)
			buf = xrealloc(buf, size *= 2, 1);
		n = read(fd, buf + used, size - used - 1);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			err = errno;
			break;
		}
		used += n;
		if (used > max) {
			err = EFBIG;
			break;
		}
	}
	close(fd);
	if (err) {
		free(buf);
		return err;
	}
	buf[used] = '\0';
	*text = buf;
	*len = used;
	return 0;
}
