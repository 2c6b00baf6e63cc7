// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: the one place where this command changes something. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main.h"
#include "source_kernel.h"
#include "util.h"

static int refused(const char *path, const char *policy, int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
	case EROFS:
		return fail(RC_UNSUPPORTED, "only root may write %s; run this as root", path);
	case ENOENT:
		return fail(
			RC_UNSUPPORTED,
			"%s is missing; this kernel does not know the kind, 'pfntrack policy' lists those it does",
			path);
	case EINVAL:
		return fail(RC_UNSUPPORTED,
			    "this kernel does not know the policy %s; nothing was changed", policy);
	case ENOMEM:
		return fail(
			RC_INTERNAL,
			"the kernel has no memory to switch tracking on; free some and try again");
	}
	return fail(RC_INTERNAL, "cannot write %s: %s; nothing was changed", path, strerror(err));
}

/**
 * policy_set() - have the running kernel follow another policy
 * @kind: of which kind of mapping; NULL for all that follow none of their own
 * @policy: the new one
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int policy_set(const char *kind, const char *policy)
{
	char *path = kind ? xasprintf(PFN_SYSFS "/kind/%s", kind) : xstrdup(PFN_SYSFS "/policy");
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;
	char *line = xasprintf("%s\n", policy);
	size_t len = strlen(line);

	/* One write: sysfs takes each as a whole. */
	if (fd < 0 || write(fd, line, len) != (ssize_t)len)
		rc = refused(path, policy, errno);
	if (fd >= 0)
		close(fd);
	free(line);
	free(path);
	return rc;
}
