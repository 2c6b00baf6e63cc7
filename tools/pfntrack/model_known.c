// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: what the source knows, and what keeps an answer from being known.
 *
 * The kernel records every mapping while the global policy is on.  Which conflicts
 * it reports is decided by the policy of each kind.  An empty list of records says
 * that nothing is mapped only where mappings are recorded; an empty list of conflicts
 * says that nothing disagreed only where conflicts are reported.
 */

#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "util.h"

/* A kind that this command does not know follows the global policy. */
static const char *policy_of(const struct model *m, const char *kind)
{
	size_t i;

	for (i = 0; kind_names[i]; i++)
		if (!strcmp(kind_names[i], kind) && m->kind_policy[i] &&
		    strcmp(m->kind_policy[i], "default"))
			return m->kind_policy[i];
	return m->policy;
}

/**
 * kind_recorded() - does the kernel record mappings of a kind?
 * @m: the model, with sysfs and coverage
 * @kind: its spelling
 *
 * The policy of the kind does not matter: others are judged against it.
 */
bool kind_recorded(const struct model *m, const char *kind)
{
	const char *state = hook_state(m, kind);

	return state && !strcmp(state, "live") && !policy_off(m->policy);
}

/**
 * kind_reported() - does the kernel report conflicts and leaks of a kind?
 * @m: the model, with sysfs and coverage
 * @kind: its spelling
 */
bool kind_reported(const struct model *m, const char *kind)
{
	return kind_recorded(m, kind) && !policy_off(policy_of(m, kind));
}

/**
 * recording() - does the kernel record anything at all?
 * @m: the model, with sysfs and coverage
 *
 * Return: false if tracking is off or no hook is live; then an empty list of records
 * means nothing.
 */
bool recording(const struct model *m)
{
	size_t i;

	for (i = 0; i < m->nr_hooks; i++)
		if (kind_recorded(m, m->hooks[i].kind))
			return true;
	return false;
}

/**
 * reporting() - does the kernel report conflicts of any kind?
 * @m: the model, with sysfs and coverage
 *
 * Return: false if an empty list of conflicts means nothing.
 */
bool reporting(const struct model *m)
{
	size_t i;

	for (i = 0; i < m->nr_hooks; i++)
		if (kind_reported(m, m->hooks[i].kind))
			return true;
	return false;
}

/* Append a clause, which is freed. */
static char *clause(char *text, char *more)
{
	char *both = xasprintf("%s; %s", text, more);

	free(text);
	free(more);
	return both;
}

/**
 * caveats() - what keeps a clean result from being the whole truth
 * @m: the model, with sysfs and coverage
 *
 * Return: a new string, each clause behind "; ", or an empty one.
 */
char *caveats(const struct model *m)
{
	char *text = xstrdup("");
	size_t i;

	for (i = 0; i < m->nr_hooks; i++) {
		const char *kind = m->hooks[i].kind;

		if (strcmp(m->hooks[i].state, "live"))
			text = clause(text, xasprintf("%s is not watched", kind));
		else if (!kind_reported(m, kind))
			text = clause(
				text,
				xasprintf("conflicts of %s are not reported (policy off)", kind));
	}
	if (m->counters[COUNTER_late])
		text = clause(text, xstrdup("tracking began after boot"));
	return text;
}

/**
 * unknown_text() - why no answer is clean
 * @m: the model, with sysfs and coverage
 * @reports: the answer is about what the kernel reports, not about its records
 *
 * Return: a new string, a sentence; NULL if nothing is in the way.
 */
char *unknown_text(const struct model *m, bool reports)
{
	unsigned long long lost = m->incomplete;

	if (m->view == VIEW_KERNEL && !recording(m))
		return xstrdup("Not known: nothing is recorded while tracking is off.");
	if (reports && !reporting(m))
		return xstrdup(
			"Not known: the policy of every kind is off, so no conflict or leak is reported.");
	if (lost)
		return xasprintf("Not known: %llu mapping%s could not be stored.", lost,
				 lost == 1 ? "" : "s");
	if (m->not_known)
		return xasprintf("Not known: %s.", m->not_known);
	return NULL;
}

/**
 * missed_text() - that RAM was not compared with the linear map
 * @m: the model, with aliases
 *
 * Return: a new string, a sentence; NULL if all of it was that could disagree.
 */
char *missed_text(const struct model *m)
{
	if (!m->missed)
		return NULL;
	return xstrdup(
		"Not known: /proc/iomem lists no RAM, so RAM is not compared with the linear map.");
}

/**
 * unlisted_text() - that some of those asked for may have left the kernel's list
 * @n: how many count and are no longer listed
 * @what: their name, in the singular
 *
 * Return: a new string, a sentence; NULL if there are none.
 */
char *unlisted_text(uint64_t n, const char *what)
{
	if (!n)
		return NULL;
	return xasprintf("Not known: %llu more %s%s no longer listed; some may be like that.",
			 (unsigned long long)n, what, n == 1 ? " is" : "s are");
}
