// SPDX-License-Identifier: GPL-2.0-only
/*
 * unroot: run a program as somebody with less power.
 *
 *   unroot PROGRAM [ARGUMENT ...]      as nobody
 *   unroot -c PROGRAM [ARGUMENT ...]   as root that may use no BPF
 */
#define _GNU_SOURCE
#include <grp.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NOBODY 65534

static bool become_nobody(void)
{
	return !setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) &&
	       !setresuid(NOBODY, NOBODY, NOBODY);
}

/* exec() gives root all but those that are not in its bounding set. */
static bool drop_bpf(void)
{
	return !prctl(PR_CAPBSET_DROP, CAP_BPF) && !prctl(PR_CAPBSET_DROP, CAP_PERFMON) &&
	       !prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN);
}

int main(int argc, char **argv)
{
	bool stay = argc > 1 && !strcmp(argv[1], "-c");

	argv += 1 + stay;
	if (!*argv || !(stay ? drop_bpf() : become_nobody())) {
		perror("unroot");
		return 126;
	}
	execvp(argv[0], argv);
	perror(argv[0]);
	return 127;
}
