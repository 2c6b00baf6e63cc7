// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: from where the data come, and what is not seen from there. */

#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "util.h"

const char *const view_names[] = {
	[VIEW_KERNEL] = "kernel",
	[VIEW_PROC] = "proc",
	[VIEW_COUNT] = NULL,
};

#define UNSEEN_NAME(name) #name,
const char *const unseen_names[] = { UNSEEN_LIST(UNSEEN_NAME) NULL };

/**
 * view_text() - the source, for people
 * @m: the model
 */
const char *view_text(const struct model *m)
{
	return m->view == VIEW_PROC ? "/proc and sysfs, without pfn_track"
				    : "a kernel with pfn_track";
}

/**
 * unseen_add() - note what the source does not see
 * @m: the model
 * @sort: of what sort it is
 * @count: how many there are of it
 * @what: allocated; the model owns it from here
 */
void unseen_add(struct model *m, enum unseen sort, uint64_t count, char *what)
{
	m->unseen_counts[sort] += count;
	m->unseen = xrealloc(m->unseen, m->nr_unseen + 1, sizeof(*m->unseen));
	m->unseen[m->nr_unseen++] = model_keep(m, what);
}

/**
 * unseen_from_coverage() - note what a kernel with pfn_track says it does not see
 * @m: the model, with coverage
 */
void unseen_from_coverage(struct model *m)
{
	size_t i;

	for (i = 0; i < m->nr_hooks; i++)
		if (strcmp(m->hooks[i].state, "live"))
			unseen_add(m, UNSEEN_kind, 1, xstrdup(m->hooks[i].kind));
		else if (m->policy && !policy_off(m->policy) && !kind_reported(m, m->hooks[i].kind))
			unseen_add(m, UNSEEN_policy, 1,
				   xasprintf("conflicts of %s (policy off)", m->hooks[i].kind));
	/* Roads that are off are so because their kind is: named already. */
	for (i = 0; i < m->nr_roads; i++)
		if (strcmp(m->roads[i].state, "live") && strcmp(m->roads[i].state, "off") &&
		    strcmp(m->roads[i].state, "absent"))
			unseen_add(m, UNSEEN_path, 1, xstrdup(m->roads[i].name));
	if (!m->nr_roads)
		unseen_add(m, UNSEEN_path_list, 1, xstrdup("roads that this kernel does not name"));
	if (m->late)
		unseen_add(m, UNSEEN_early, 1, xstrdup("what was mapped before tracking began"));
}

/**
 * unseen_text() - all that is not seen
 * @m: the model
 *
 * Return: a new string, words separated by commas.
 */
char *unseen_text(const struct model *m)
{
	char *text = NULL, *longer;
	size_t i;

	for (i = 0; i < m->nr_unseen; i++) {
		longer = xasprintf("%s%s%s", text ? text : "", text ? ", " : "", m->unseen[i]);
		free(text);
		text = longer;
	}
	return text ? text : xstrdup("nothing that it names");
}
