// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: questions about what a kernel offers, alike for every printer. */

#include <stdlib.h>
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

static bool road_is(const struct road *road, const char *state)
{
	return !strcmp(road->state, state);
}

/* A word that a newer kernel adds is no promise to see what comes by the road. */
static bool uncovered(const struct road *road)
{
	return !road_is(road, "live") && !road_is(road, "off") && !road_is(road, "absent");
}

/**
 * count_uncovered() - roads by which anything may come unseen
 * @m: the model, with coverage
 */
size_t count_uncovered(const struct model *m)
{
	size_t n = 0, i;

	for (i = 0; i < m->nr_roads; i++)
		n += uncovered(&m->roads[i]);
	return n;
}

/**
 * roads_text() - which roads does the kernel not see?
 * @m: the model, with coverage
 *
 * Return: a new string, part of a sentence; names are as the kernel wrote them.
 */
char *roads_text(const struct model *m)
{
	char *text = NULL, *more;
	size_t off = 0, i;

	if (!m->nr_roads)
		return xstrdup("other roads are not known");
	for (i = 0; i < m->nr_roads; i++) {
		off += road_is(&m->roads[i], "off");
		if (!uncovered(&m->roads[i]))
			continue;
		more = xasprintf("%s%s%s", text ? text : "not covered: ", m->roads[i].name,
				 road_is(&m->roads[i], "partly") ? " (in part)" : "");
		free(text);
		text = xasprintf("%s, ", more);
		free(more);
	}
	if (text)
		text[strlen(text) - 2] = '\0';
	else if (!off)
		text = xstrdup("no road that this kernel names is left out");
	if (!off)
		return text;
	more = xasprintf("%zu road%s off%s%s", off, off == 1 ? " is" : "s are", text ? "; " : "",
			 text ? text : "");
	free(text);
	return more;
}

/* Kinds that this command knows of and the kernel does not watch. */
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
	char *roads;

	if (m->view == VIEW_PROC) {
		s.healthy = 1;
		s.text = xstrdup(
			"This kernel has no pfn_track: mappings are seen in part, and no conflicts.");
		return s;
	}
	if (!feature_is(m, "pfn_track"))
		s.text = xstrdup(
			"This kernel has no pfn_track; boot one built with CONFIG_PFN_TRACK=y.");
	else if (!feature_is(m, "coverage"))
		s.text = xstrdup(
			"The counters can be read, who maps what cannot; see the states above.");
	else if (!recording(m))
		s.text = xstrdup("Nothing is watched; 'pfntrack policy report' switches it on.");
	else
		s.healthy = 1;
	if (s.healthy < 0)
		return s;
	roads = roads_text(m);
	if (n)
		s.text = xasprintf("%zu kind%s of mappings %s not watched; %s.", n,
				   n == 1 ? "" : "s", n == 1 ? "is" : "are", roads);
	else
		s.text = xasprintf("All these kinds of mappings are watched; %s.", roads);
	free(roads);
	return s;
}
