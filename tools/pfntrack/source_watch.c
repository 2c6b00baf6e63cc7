// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: which source of events serves the running kernel. */

#include <string.h>
#include <unistd.h>

#include "main.h"
#include "source_kernel.h"
#include "util.h"
#include "watch.h"

/**
 * watch_known() - check the name of a source
 * @source: as it was given
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int watch_known(const char *source)
{
	if (!strcmp(source, "kernel") || !strcmp(source, "bpf"))
		return 0;
	return fail(RC_USAGE, "'watch' has no source '%s'; it is kernel or bpf", source);
}

/**
 * watch_choose() - find the best source of events
 * @ops: the result
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int watch_choose(const struct watch_ops **ops)
{
	bool tracked = !access(PFN_SYSFS, F_OK);

	if (opts.source ? !strcmp(opts.source, "kernel") : tracked) {
		*ops = &events_ops;
		if (tracked)
			return 0;
		return fail(RC_UNSUPPORTED, "this kernel has no pfn_track (" PFN_SYSFS
					    " is missing); leave out --source");
	}
#ifdef HAVE_BPF
	*ops = &bpf_ops;
	return 0;
#else
	return fail(RC_UNSUPPORTED,
		    "this kernel has no pfn_track, and this pfntrack was built without BPF; build "
		    "it with BPF=1");
#endif
}
