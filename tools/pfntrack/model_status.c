// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: the answer of "status", alike for every printer. */

#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "util.h"

/* What keeps a clean result from being the whole truth; "" if nothing. */
static char *caveats(const struct model *m)
{
	char *text = xstrdup(""), *more;
	size_t i;

	for (i = 0; i < m->nr_hooks; i++) {
		if (!strcmp(m->hooks[i].state, "live"))
			continue;
		more = xasprintf("%s; %s is not watched", text, m->hooks[i].kind);
		free(text);
		text = more;
	}
	if (m->counters[COUNTER_incomplete]) {
		more = xasprintf("%s; %llu could not be stored", text,
				 (unsigned long long)m->counters[COUNTER_incomplete]);
		free(text);
		text = more;
	}
	if (m->counters[COUNTER_late]) {
		more = xasprintf("%s; tracking began after boot", text);
		free(text);
		text = more;
	}
	return text;
}

/* In words that need no manual page. */
static char *leaks_text(unsigned long long leaks)
{
	return xasprintf(
		"%llu leak%s: a driver or module went and left memory mapped; see 'pfntrack leaks'.",
		leaks, leaks == 1 ? "" : "s");
}

/* Conflicts, and leaks, if any. */
static char *trouble(const struct model *m, unsigned long long total)
{
	unsigned long long linear = count_linear(m), leaks = m->counters[COUNTER_leaks];
	const char *worst = worst_verdict(m);
	char *ram, *left, *all;

	if (total < m->nr_conflicts)
		total = m->nr_conflicts;
	ram = linear ? xasprintf(", %llu of RAM mapped otherwise than the linear map", linear)
		     : xstrdup("");
	left = leaks ? leaks_text(leaks) : xstrdup("");
	all = xasprintf("%llu conflict%s found, the worst is %s%s; see 'pfntrack conflicts'.%s%s",
			total, total == 1 ? "" : "s", worst ? worst : "not listed", ram,
			*left ? " " : "", left);
	free(ram);
	free(left);
	return all;
}

/* Ranges whose mappings disagree now; the worst is the first. */
static char *live_text(const struct model *m, size_t bad)
{
	const struct alias *worst = &m->aliases[0];

	return xasprintf(
		"%zu range%s mapped in ways that disagree, the worst is %s; see 'pfntrack aliases'.",
		bad, bad == 1 ? " is" : "s are",
		worst->downgrade ? "a downgrade" : verdict_names[worst->verdict]);
}

/* Ranges of which no verdict is known. */
static char *unknown_text(size_t unknown)
{
	return xasprintf(
		"Not known: %zu range%s more than one holder, and this source does not know how they map %s; see 'pfntrack aliases'.",
		unknown, unknown == 1 ? " has" : "s have", unknown == 1 ? "it" : "them");
}

/* A source without a history: what is mapped now is all that it can judge. */
static struct summary summarize_aliases(const struct model *m)
{
	struct summary s = { .healthy = 1 };
	size_t bad = count_harmful(m), unknown = count_aliases(m, PFN_VERDICT_UNKNOWN);

	if (bad) {
		s.healthy = 0;
		s.text = live_text(m, bad);
	} else if (unknown) {
		s.healthy = -1;
		s.text = unknown_text(unknown);
	} else {
		s.text = xstrdup(
			"No alias that harms among the mappings that this source sees, which are not all.");
	}
	return s;
}

/**
 * summarize() - the answer to "has this machine an alias problem?"
 * @m: the model, with everything that status loads
 */
struct summary summarize(const struct model *m)
{
	struct summary s = { .healthy = 0 };
	size_t bad = count_harmful(m), unknown = count_aliases(m, PFN_VERDICT_UNKNOWN);
	char *but, *live;

	if (m->view == VIEW_PROC)
		return summarize_aliases(m);
	live = bad ? live_text(m, bad) : NULL;
	if (m->total || m->nr_conflicts) {
		but = trouble(m, m->total);
		s.text = live ? xasprintf("%s %s", but, live) : xstrdup(but);
		free(but);
		free(live);
		return s;
	}
	if (live) {
		but = m->counters[COUNTER_leaks] ? leaks_text(m->counters[COUNTER_leaks])
						 : xstrdup("");
		s.text = xasprintf("%s%s%s", live, *but ? " " : "", but);
		free(but);
		free(live);
		return s;
	}
	if (m->counters[COUNTER_leaks]) {
		but = leaks_text(m->counters[COUNTER_leaks]);
		s.text = xasprintf("No conflict seen, but %s", but);
		free(but);
		return s;
	}
	if (!watching(m)) {
		s.healthy = -1;
		s.text = xstrdup("Not known: nothing is recorded while tracking is off.");
		return s;
	}
	if (unknown) {
		s.healthy = -1;
		s.text = unknown_text(unknown);
		return s;
	}
	s.healthy = 1;
	but = caveats(m);
	s.text = *but ? xasprintf("No conflict seen, but not everything was: %s.", but + 2)
		      : xstrdup("Clean: no conflict among the mappings that are watched.");
	free(but);
	return s;
}
