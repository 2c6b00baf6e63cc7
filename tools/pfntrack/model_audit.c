// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: questions about audits and leaks, alike for every printer. */

#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "util.h"

/**
 * audit_says() - whether the kernel's audit has a number in its head
 * @m: the model, with an audit
 * @number: which
 */
bool audit_says(const struct model *m, enum audit_number number)
{
	return m->audit_seen & 1u << number;
}

/**
 * count_findings() - findings of a type
 * @m: the model, with an audit
 * @type: which, from AUDIT_missing on
 *
 * Return: all of them, or those that are listed if the kernel does not count.
 */
uint64_t count_findings(const struct model *m, enum audit_number type)
{
	uint64_t n = 0;
	size_t i;

	if (audit_says(m, type))
		return m->audit[type];
	for (i = 0; i < m->nr_findings; i++)
		n += !strcmp(m->findings[i].type, audit_names[type]);
	return n;
}

/* Whether every finding is of a type that is counted. */
static bool all_counted(const struct model *m)
{
	uint64_t n = 0;
	size_t i;

	for (i = AUDIT_missing; i <= AUDIT_broken; i++)
		n += count_findings(m, i);
	return n >= m->audit[AUDIT_findings];
}

/* Append a number and a word to a text if it is not 0. */
static char *with_count(char *text, const char *before, uint64_t n, const char *word)
{
	char *more;

	if (!n)
		return text;
	more = xasprintf("%s, %s%llu %s", text, before, (unsigned long long)n, word);
	free(text);
	return more;
}

/**
 * summarize_audit() - the answer of an audit
 * @m: the model, with an audit
 *
 * Only the first findings are listed.
 */
struct summary summarize_audit(const struct model *m)
{
	uint64_t all = m->audit[AUDIT_findings];
	struct summary s = { .healthy = !all };

	if (policy_off(m->policy)) {
		s.healthy = -1;
		s.text = xstrdup("audit: not known, nothing is compared while tracking is off");
		return s;
	}
	s.text = xasprintf("audit: %llu missing, %llu stale, %llu different",
			   (unsigned long long)count_findings(m, AUDIT_missing),
			   (unsigned long long)count_findings(m, AUDIT_stale),
			   (unsigned long long)count_findings(m, AUDIT_differs));
	s.text = with_count(s.text, "", count_findings(m, AUDIT_alias), "aliased");
	s.text = with_count(s.text, "", count_findings(m, AUDIT_broken), "broken");
	if (all > m->nr_findings)
		s.text = with_count(s.text, "and ", all - m->nr_findings,
				    all_counted(m) ? "of these are not listed"
						   : "more that are not listed");
	return s;
}
