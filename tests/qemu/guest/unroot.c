// SPDX-License-Identifier: GPL-2.0-only
/*
 * unroot: run a program as somebody with less power.
 *
 *   unroot PROGRAM [ARGUMENT ...]      as nobody
 *   unroot -c PROGRAM [ARGUMENT ...]   as root without a single capability
 */
#define _GNU_SOURCE
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

static bool become_nobody(void)
{
	return !setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) &&
	       !setresuid(NOBODY, NOBODY, NOBODY);
}

/* Nor shall exec() give them back to root. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	return !prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED) &&
	       !syscall(SYS_capset, &header, none);
}

int main(int argc, char **argv)
{
	bool stay = argc > 1 && !strcmp(argv[1], "-c");

	argv += 1 + stay;
	if (!*argv || !(stay ? drop_capabilities() : become_nobody())) {
		perror("unroot");
		return 126;
	}
	execvp(argv[0], argv);
	perror(argv[0]);
	return 127;
}
