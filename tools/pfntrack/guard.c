// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: a job that leaves nothing behind when a signal ends it.
 *
 * The job runs in a child without signal handlers: the kernel ends an audit
 * only for a signal that kills.  This process waits, and cleans up.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard.h"
#include "main.h"
#include "util.h"

static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

static void run_child(int (*job)(void *ctx), void *ctx, pid_t parent, const sigset_t *before)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(RC_INTERNAL);
	sigprocmask(SIG_SETMASK, before, NULL);
	_exit(job(ctx));
}

/* Wait for the child, and pass on to it what arrives here alone. */
static int wait_child(pid_t child, const sigset_t *waited)
{
	int status, sig;

	for (;;) {
		sig = sigwaitinfo(waited, NULL);
		if (sig > 0 && sig != SIGCHLD)
			kill(child, sig);
		if (waitpid(child, &status, WNOHANG) == child)
			return status;
	}
}

static bool ends_command(int sig)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends); i++)
		if (ends[i] == sig)
			return true;
	return false;
}

/* What a child that was killed leaves to say.  Does not return for a signal that ends. */
static int killed(int sig)
{
	sigset_t set;

	if (ends_command(sig)) {
		signal(sig, SIG_DFL);
		sigemptyset(&set);
		sigaddset(&set, sig);
		raise(sig);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
	}
	return fail(RC_INTERNAL, "it was killed by signal %d (%s); nothing was kept", sig,
		    strsignal(sig));
}

/**
 * guarded() - run a job in a child
 * @job: returns an exit code; what it changes in memory is lost
 * @undo: cleans up after a job that failed or was killed
 * @ctx: handed to both
 *
 * SIGINT and the like end this process by the same signal, after @undo.
 *
 * Return: what @job returned, or an exit code after an error line was printed.
 */
int guarded(int (*job)(void *ctx), void (*undo)(void *ctx), void *ctx)
{
	pid_t self = getpid(), child;
	sigset_t waited, before;
	int status, rc;
	size_t i;

	sigemptyset(&waited);
	for (i = 0; i < ARRAY_SIZE(ends); i++)
		sigaddset(&waited, ends[i]);
	sigaddset(&waited, SIGCHLD);
	sigprocmask(SIG_BLOCK, &waited, &before);
	/* Where it is ignored, the kernel forgets how a child ended. */
	signal(SIGCHLD, SIG_DFL);
	fflush(NULL);
	child = fork();
	if (!child)
		run_child(job, ctx, self, &before);
	if (child < 0) {
		rc = fail(RC_INTERNAL, "cannot start a process: %s; try again", strerror(errno));
		undo(ctx);
	} else {
		status = wait_child(child, &waited);
		rc = WIFEXITED(status) ? WEXITSTATUS(status) : RC_INTERNAL;
		if (rc)
			undo(ctx);
		if (WIFSIGNALED(status))
			rc = killed(WTERMSIG(status));
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}
