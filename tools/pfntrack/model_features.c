// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: questions about what a kernel offers, alike for every printer. */

#include <string.h>

#include "model.h"
#include "util.h"

/**
 * feature_is() - does the kernel offer it, and may we read it?
 * @m: the model, with features
 * @name: of the feature
 */
bool feature_is(const struct model *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->nr_features; i++)
		if (!strcmp(m->features[i].name, name))
			return !strcmp(m->features[i].state, "yes");
	return false;
}

/* Roads that this command knows of and the kernel does not watch. */
static size_t blind(const struct model *m)
{
	size_t n = 0, i;

	for (i = 0; kind_names[i]; i++) {
		const char *state = hook_state(m, kind_names[i]);

		n += !state || strcmp(state, "live");
	}
	return n;
}

/**
 * summarize_features() - what can this kernel tell?
 * @m: the model, with features and, if they can be read, hooks
 *
 * Return: healthy is 1 if it can tell something, -1 if nothing.
 */
struct summary summarize_features(const struct model *m)
{
	struct summary s = { .healthy = -1 };
	size_t n = blind(m);

	if (!feature_is(m, "pfn_track"))
		s.text = xstrdup(
			"This kernel has no pfn_track; boot one built with CONFIG_PFN_TRACK=y.");
	else if (!feature_is(m, "coverage"))
		s.text = xstrdup(
			"The counters can be read, who maps what cannot; see the states above.");
	else if (!watching(m))
		s.text = xstrdup("Nothing is watched; 'pfntrack policy report' switches it on.");
	else
		s.healthy = 1;
	if (s.healthy > 0 && n)
		s.text = xasprintf(
			"%zu kind%s of mappings %s not watched; other roads are not known.", n,
			n == 1 ? "" : "s", n == 1 ? "is" : "are");
	else if (s.healthy > 0)
		s.text = xstrdup(
			"All these kinds of mappings are watched; other roads are not known.");
	return s;
}
