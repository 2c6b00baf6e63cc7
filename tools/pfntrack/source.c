// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: chooses the source: a kernel with pfn_track first, else /proc and sysfs. */

#include <string.h>

#include "history.h"
#include "main.h"
#include "source_kernel.h"
#include "util.h"

static bool there(const char *path)
{
	struct stat st;

	return !source_stat(path, &st);
}

static enum view choose(void)
{
	if (opts.source)
		return !strcmp(opts.source, view_names[VIEW_PROC]) ? VIEW_PROC : VIEW_KERNEL;
	if (!there(PFN_SYSFS) && there(PROC_VMALLOC))
		return VIEW_PROC;
	return VIEW_KERNEL;
}

/**
 * source_load() - fill the model
 * @m: zeroed; to be freed by the caller in any case
 * @what: LOAD_ flags
 *
 * What only a kernel with pfn_track has is asked for there, whatever else could
 * be read: its loader says best what is missing.
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int source_load(struct model *m, unsigned int what)
{
	int rc;

	m->view = choose();
	/* A kernel without a list of leaks has none to choose among. */
	if ((what & LOAD_CONFLICTS) && history_by_time() && there(PFN_DEBUGFS "/leaks"))
		what |= LOAD_LEAKS;
	if (m->view == VIEW_PROC && !(what & LOAD_RECORDS)) {
		if (opts.source)
			return fail(
				RC_UNSUPPORTED,
				"source proc knows of no such thing; leave out --source where the kernel has pfn_track");
		m->view = VIEW_KERNEL;
	}
	rc = m->view == VIEW_PROC ? proc_load(m, what) : kernel_load(m, what);
	if (!rc && (what & LOAD_ALIASES))
		aliases_find(m);
	if (!rc && m->view == VIEW_KERNEL && (what & (LOAD_CONFLICTS | LOAD_LEAKS)))
		rc = history_judge(m, what);
	return rc;
}
