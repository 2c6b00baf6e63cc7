// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: questions about audits and leaks, alike for every printer. */

#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "util.h"

/**
 * count_findings() - listed findings of a type
 * @m: the model, with an audit
 * @type: the kernel's word
 */
size_t count_findings(const struct model *m, const char *type)
{
	size_t n = 0, i;

	for (i = 0; i < m->nr_findings; i++)
		n += !strcmp(m->findings[i].type, type);
	return n;
}

/**
 * summarize_audit() - the answer of an audit
 * @m: the model, with an audit
 *
 * Only the first findings are listed, and told apart; all are counted.
 */
struct summary summarize_audit(const struct model *m)
{
	unsigned long long all = m->audit[AUDIT_findings];
	struct summary s = { .healthy = !all };
	char *more;

	if (policy_off(m->policy)) {
		s.healthy = -1;
		s.text = xstrdup("audit: not known, nothing is compared while tracking is off");
		return s;
	}
	s.text = xasprintf("audit: %zu missing, %zu stale, %zu different",
			   count_findings(m, "missing"), count_findings(m, "stale"),
			   count_findings(m, "differs"));
	if (all > m->nr_findings) {
		more = xasprintf("%s, and %llu more that are not listed", s.text,
				 all - m->nr_findings);
		free(s.text);
		s.text = more;
	}
	return s;
}
