// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack policy: show or set what is done about conflicts. */

#include <string.h>

#include "main.h"
#include "print.h"
#include "source_kernel.h"
#include "util.h"

#define DEFAULT "default"

static const char *policy_word(size_t i)
{
	return policy_names[i];
}

static const char *kind_word(size_t i)
{
	return kind_names[i];
}

static bool in(const char *const *names, const char *word)
{
	for (; *names; names++)
		if (!strcmp(*names, word))
			return true;
	return false;
}

static int check_words(const char *kind, const char *policy)
{
	const char *near;

	if (kind && !in(kind_names, kind)) {
		near = nearest(kind, kind_word);
		return fail(RC_USAGE, "unknown kind '%s'%s%s%s; 'pfntrack policy' lists them", kind,
			    near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	}
	if (!policy || in(policy_names, policy) || (kind && !strcmp(policy, DEFAULT)))
		return 0;
	if (!strcmp(policy, DEFAULT))
		return fail(
			RC_USAGE,
			"'default' is what a kind may follow; say --kind KIND, or one of off, report, enforce, strict");
	near = nearest(policy, policy_word);
	return fail(RC_USAGE,
		    "unknown policy '%s'%s%s%s; it is one of off, report, enforce, strict%s",
		    policy, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "",
		    kind ? ", default" : "");
}

/**
 * cmd_policy() - "pfntrack policy [--kind KIND] [NEW]"
 * @argc: 0 or 1
 * @argv: the new policy
 *
 * Return: exit code.
 */
int cmd_policy(int argc, char **argv)
{
	const char *new = argc ? argv[0] : NULL;
	struct model m = { 0 };
	int rc;

	rc = check_words(opts.kind, new);
	if (!rc && new &&*opts.root)
		rc = fail(RC_USAGE, "the policy of a snapshot cannot be set; leave out --root");
	/* First: it says what is missing where there is no pfn_track. */
	if (!rc)
		rc = source_load(&m, LOAD_SYSFS);
	if (!rc && new) {
		model_free(&m);
		rc = policy_set(opts.kind, new);
		if (!rc)
			rc = source_load(&m, LOAD_SYSFS);
	}
	if (!rc)
		printer()->policy(&m);
	model_free(&m);
	return rc;
}
