// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: which source of events serves the running kernel. */

#include <unistd.h>

#include "main.h"
#include "source_kernel.h"
#include "util.h"
#include "watch.h"

/**
 * watch_choose() - find the best source of events
 * @ops: the result
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int watch_choose(const struct watch_ops **ops)
{
	if (access(PFN_SYSFS, F_OK)) {
#ifdef HAVE_BPF
		*ops = &bpf_ops;
		return 0;
#else
		return fail(RC_UNSUPPORTED,
			    "this kernel has no pfn_track (" PFN_SYSFS
			    " is missing), and this pfntrack was built without BPF");
#endif
	}
	*ops = &events_ops;
	return 0;
}
